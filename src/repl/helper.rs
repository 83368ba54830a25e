//! What rustyline asks while you type: completions, and how the line looks.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::Validator;
use rustyline::{Context, Helper};
use unicode_width::UnicodeWidthStr;

use super::commands::{COMMANDS, Command, Tab};
use super::keys::Keys;
use super::mentions;
use super::stand_in;
use super::window::Rows;
use crate::api::models::Model;
use crate::app::chat_ids;
use crate::cli::settings;
use crate::error::Error;
use crate::screen::{for_terminal, terminal};
use crate::store::Sessions;

/// Completes commands, and what may follow them.
pub struct LineHelper {
    fetch: Box<dyn Fn() -> Result<Vec<Model>, Error>>,
    /// Fetched with the first Tab that wants them, not on the way to the prompt.
    models: OnceCell<Vec<Model>>,
    files: FilenameCompleter,
    /// Lists the files that a prompt may mention.
    mentionable: Box<dyn Fn() -> Vec<String>>,
    /// The mentions that were chosen with Tab.
    pub chosen: RefCell<Vec<String>>,
    keys: Keys,
    /// Whether the prompt asks for a model and not for a line of the chat.
    pub choosing_model: Cell<bool>,
    /// Whether the line was empty when it was last looked at, which Ctrl-C alone doesn't tell.
    pub line_is_empty: Cell<bool>,
    color: bool,
    /// Columns of the prompt that was drawn last.
    prompt_width: Cell<usize>,
}

impl LineHelper {
    /// A helper that gets the catalogue from `fetch`, until it has it.
    pub fn new(
        fetch: impl Fn() -> Result<Vec<Model>, Error> + 'static,
        mentionable: impl Fn() -> Vec<String> + 'static,
        keys: Keys,
        color: bool,
    ) -> Self {
        LineHelper {
            fetch: Box::new(fetch),
            models: OnceCell::new(),
            files: FilenameCompleter::new(),
            mentionable: Box::new(mentionable),
            chosen: RefCell::default(),
            keys,
            choosing_model: Cell::new(false),
            line_is_empty: Cell::new(true),
            color,
            prompt_width: Cell::new(0),
        }
    }

    /// The catalogue.
    pub fn models(&self) -> Result<Vec<Model>, Error> {
        if let Some(models) = self.models.get() {
            return Ok(models.clone());
        }
        let models = (self.fetch)()?;
        self.set_models(models.clone());
        Ok(models)
    }

    /// Takes a catalogue that was fetched already.
    pub fn set_models(&self, models: Vec<Model>) {
        // Set once; a second time it would be the same list.
        let _ = self.models.set(models);
    }

    fn model_ids(&self) -> Vec<String> {
        chat_ids(self.models().unwrap_or_default())
    }

    /// Where the word to complete begins, and all it could be.
    fn candidates(&self, line: &str) -> (usize, Vec<String>) {
        if self.choosing_model.get() {
            return (0, self.model_ids());
        }
        let Some(command) = line.strip_prefix('/') else {
            return (line.len(), Vec::new());
        };
        let Some((name, argument)) = command.split_once(' ') else {
            return (0, COMMANDS.iter().map(completed).collect());
        };
        let start = line.len() - argument.len();
        let words = match Command::named(name).map_or(Tab::Nothing, Command::tab) {
            Tab::Models => self.model_ids(),
            Tab::Words(words) => words.iter().map(|&word| word.to_owned()).collect(),
            Tab::Sessions => session_names(),
            Tab::Settings => match argument.split_once(' ') {
                None => settings::names()
                    .iter()
                    .map(|name| format!("{name} "))
                    .collect(),
                // The values of the one that was named.
                Some((name, value)) => return (line.len() - value.len(), settings::words(name)),
            },
            Tab::Nothing | Tab::Files => Vec::new(),
        };
        (start, words)
    }

    /// Where the word to complete begins, and what fits the beginning of it.
    fn fitting(&self, line: &str, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let command = line.strip_prefix('/').and_then(|line| line.split_once(' '));
        let command = command.and_then(|(name, _)| Command::named(name));
        if command.is_some_and(|command| command.tab() == Tab::Files) {
            return self.files.complete(line, line.len(), context);
        }
        if !line.starts_with('/')
            && let Some((start, words)) = mentions::completions(line, &self.mentionable)
        {
            return Ok((start, self.mentions(&line[start..], words)));
        }
        let (start, mut candidates) = self.candidates(line);
        candidates.retain(|text| text.starts_with(&line[start..]));
        let pair = |text: String| Pair {
            display: text.trim_end().to_owned(),
            replacement: text,
        };
        Ok((start, candidates.into_iter().map(pair).collect()))
    }

    /// What Tab offers for a mention that is begun; the only one that fits is chosen with it.
    fn mentions(&self, typed: &str, words: Vec<String>) -> Vec<Pair> {
        if let [chosen] = words.as_slice()
            && self.keys.is_here()
        {
            self.chosen.borrow_mut().push(chosen.trim_end().to_owned());
        }
        // The editor types what all of them begin with, which must not undo what was typed.
        let go_on = words.len() == 1 || words.iter().all(|word| word.starts_with(typed));
        let pair = |word: String| Pair {
            display: word.trim_end().to_owned(),
            replacement: if go_on { word } else { typed.to_owned() },
        };
        words.into_iter().map(pair).collect()
    }

    fn rows(&self, line: &str, position: usize) -> Rows {
        Rows::new(self.prompt_width.get(), line, position, terminal::width())
    }
}

/// Where the names can't be had, /load will say why.
fn session_names() -> Vec<String> {
    let names = Sessions::in_data_folder().and_then(|sessions| sessions.names());
    names.unwrap_or_default()
}

/// A completed command is ready for what may follow it.
fn completed(command: &Command) -> String {
    let space = if command.arguments().is_empty() {
        ""
    } else {
        " "
    };
    format!("/{}{space}", command.name())
}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, pairs) = self.fitting(&line[..position], context)?;
        // Only a list of several has a pager, and only after one is the line looked at again.
        self.keys.set_completing(pairs.len() > 1);
        // Names of files and models may hold anything.
        let shown = |pair: Pair| Pair {
            display: for_terminal(&pair.display.replace('\n', "\u{240a}")).into_owned(),
            replacement: stand_in::shown(&pair.replacement).into_owned(),
        };
        Ok((start, pairs.into_iter().map(shown).collect()))
    }
}

impl Hinter for LineHelper {
    type Hint = LineHint;

    /// The rest of the only command that fits, with what may follow it.
    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<LineHint> {
        self.line_is_empty.set(line.is_empty());
        self.keys.set_completing(false);
        if line.ends_with('\n') && position == line.len() && !self.keys.is_sending() {
            let note = || LineHint {
                text: FENCE_NOTE.to_owned(),
                is_rest: false,
            };
            return self.keys.has_open_fence(line).then(note);
        }
        let typed = line
            .strip_prefix('/')
            .filter(|typed| position == line.len() && !typed.is_empty())?;
        if self.keys.is_sending() {
            return None;
        }
        let mut fitting = COMMANDS
            .iter()
            .filter(|command| command.name().starts_with(typed));
        // A command that is typed in full fits before longer ones do.
        let (command, other) = (fitting.next()?, fitting.next());
        if other.is_some() && command.name() != typed {
            return None;
        }
        let rest = format!("{} {}", &command.name()[typed.len()..], command.arguments());
        let text = rest.trim_end().to_owned();
        (!text.is_empty()).then_some(LineHint {
            text,
            is_rest: true,
        })
    }
}

/// What is shown behind a line: the rest of it, or a word about it.
pub struct LineHint {
    text: String,
    is_rest: bool,
}

/// Why Enter only made a new line, and what sends it.
const FENCE_NOTE: &str = "the code fence is open: close it, or press Enter on a third empty line";

impl Hint for LineHint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.is_rest.then_some(&self.text)
    }
}

impl LineHelper {
    /// Whether what is drawn of a line is the line: a glance at a short one, which needs no layout.
    fn is_itself(&self, line: &str) -> bool {
        let rows = Rows::at_most(self.prompt_width.get(), line, terminal::width());
        rows <= terminal::height() && !line.contains(|c| c == '\t' || stand_in::picture(c) != c)
    }
}

impl Highlighter for LineHelper {
    fn highlight<'l>(&self, line: &'l str, position: usize) -> Cow<'l, str> {
        if self.is_itself(line) {
            return Cow::Borrowed(line);
        }
        let (rows, height) = (self.rows(line, position), terminal::height());
        if rows.count() <= height || self.keys.is_sending() {
            return Cow::Owned(rows.all());
        }
        match rows.window(height) {
            // The prompt stands before the first row only.
            (text, true) => Cow::Owned(format!("\r\x1b[K{text}")),
            (text, false) => Cow::Owned(text.to_owned()),
        }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.keys.begin();
        let shown: String = prompt.chars().map(stand_in::picture).collect();
        self.prompt_width.set(shown.width());
        Cow::Owned(shown)
    }

    /// rustyline writes a single character, and moves the cursor, without drawing the line, which
    /// is wrong if what is drawn isn't the line.
    fn highlight_char(&self, line: &str, _: usize, _: CmdKind) -> bool {
        !self.is_itself(line)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        match self.color {
            true => format!("\x1b[2m{hint}\x1b[0m").into(),
            false => hint.into(),
        }
    }
}

impl Helper for LineHelper {}

/// Whether a prompt is complete is decided with the key, in [`Keys`].
impl Validator for LineHelper {}
