//! What rustyline asks while you type: completions, and how the line looks.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::Validator;
use rustyline::{Context, Helper};
use unicode_width::UnicodeWidthStr;

use super::commands::{COMMANDS, Command, Takes};
use super::keys::Keys;
use super::stand_in;
use super::window::Rows;
use crate::api::models::Model;
use crate::cli::settings;
use crate::error::Error;
use crate::files;
use crate::screen::{for_terminal, terminal};
use crate::store::Sessions;

/// Completes commands, and what may follow them.
pub struct LineHelper {
    fetch: Box<dyn Fn() -> Result<Vec<Model>, Error>>,
    /// Fetched with the first Tab that wants them, not on the way to the prompt.
    models: OnceCell<Vec<Model>>,
    files: FilenameCompleter,
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
        keys: Keys,
        color: bool,
    ) -> Self {
        LineHelper {
            fetch: Box::new(fetch),
            models: OnceCell::new(),
            files: FilenameCompleter::new(),
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
        let models = self.models().unwrap_or_default();
        models
            .into_iter()
            .filter(Model::is_chat)
            .map(|model| model.id)
            .collect()
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
            return (
                0,
                COMMANDS
                    .iter()
                    .map(|command| completed(command.name(), command))
                    .collect(),
            );
        };
        let start = line.len() - argument.len();
        match Command::named(name).map(|command| command.takes) {
            Some(Takes::Models(_)) => (start, self.model_ids()),
            Some(Takes::Words(_, words)) => (start, owned(words)),
            Some(Takes::Sessions(_)) => (start, session_names()),
            Some(Takes::Settings(_)) => setting(start, argument),
            Some(Takes::Nothing | Takes::Text(_) | Takes::Files(_)) | None => {
                (line.len(), Vec::new())
            }
        }
    }
}

/// Names of settings, then the values of the one that was named.
fn setting(start: usize, argument: &str) -> (usize, Vec<String>) {
    match argument.split_once(' ') {
        None => (
            start,
            settings::names()
                .into_iter()
                .map(|name| format!("{name} "))
                .collect(),
        ),
        Some((name, value)) => {
            let words = settings::words(name);
            (start + argument.len() - value.len(), words)
        }
    }
}

/// If the names can't be had, /load will say why.
fn session_names() -> Vec<String> {
    Sessions::in_data_folder()
        .and_then(|sessions| sessions.names())
        .unwrap_or_default()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A completed command is ready for what may follow it.
fn completed(name: &str, command: &Command) -> String {
    if command.takes == Takes::Nothing {
        format!("/{name}")
    } else {
        format!("/{name} ")
    }
}

impl LineHelper {
    /// Names of files, also in the home folder, for which rustyline has no `~`.
    fn file_names(
        &self,
        line: &str,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let home = files::expand_home("~/").display().to_string();
        let home = home.trim_end_matches('/');
        let Some((before, rest)) = line.rsplit_once(" ~/") else {
            return self.files.complete(line, line.len(), context);
        };
        let expanded = format!("{before} {home}/{rest}");
        let (start, mut pairs) = self.files.complete(&expanded, expanded.len(), context)?;
        if start != before.len() + 1 {
            return self.files.complete(line, line.len(), context);
        }
        for pair in &mut pairs {
            if let Some(name) = pair.replacement.strip_prefix(home) {
                pair.replacement = format!("~{name}");
            }
        }
        Ok((start, pairs))
    }

    /// Where the word to complete begins, and what fits the beginning of it.
    fn fitting(&self, line: &str, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let command = line.strip_prefix('/').and_then(|line| line.split_once(' '));
        if command
            .and_then(|(name, _)| Command::named(name))
            .is_some_and(|found| matches!(found.takes, Takes::Files(_)))
        {
            return self.file_names(line, context);
        }
        let (start, candidates) = self.candidates(line);
        let typed = &line[start..];
        let pair = |text: String| Pair {
            display: text.trim_end().to_owned(),
            replacement: text,
        };
        Ok((
            start,
            candidates
                .into_iter()
                .filter(|text| text.starts_with(typed))
                .map(pair)
                .collect(),
        ))
    }
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
            return self
                .keys
                .has_open_fence(line)
                .then_some(LineHint::Note(FENCE_NOTE));
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
        let (command, rest) = (fitting.next()?, fitting.next());
        if rest.is_some() && command.name() != typed {
            return None;
        }
        let rest = &command.name()[typed.len()..];
        Some(
            format!("{rest} {}", command.arguments())
                .trim_end()
                .to_owned(),
        )
        .filter(|hint| !hint.is_empty())
        .map(LineHint::Rest)
    }
}

/// What is shown behind a line.
pub enum LineHint {
    /// The rest of it.
    Rest(String),
    /// A word about it.
    Note(&'static str),
}

/// Why Enter only made a new line, and what sends it.
const FENCE_NOTE: &str = "the code fence is open: close it, or press Enter on a third empty line";

impl Hint for LineHint {
    fn display(&self) -> &str {
        match self {
            LineHint::Rest(text) => text,
            LineHint::Note(text) => text,
        }
    }

    fn completion(&self) -> Option<&str> {
        match self {
            LineHint::Rest(text) => Some(text),
            LineHint::Note(_) => None,
        }
    }
}

impl LineHelper {
    /// Whether what is drawn of a line is the line: a glance at a short one, which needs no layout.
    fn is_itself(&self, line: &str) -> bool {
        let rows = Rows::at_most(self.prompt_width.get(), line, terminal::width());
        rows <= terminal::height() && !line.contains(|c| c == '\t' || stand_in::picture(c) != c)
    }

    fn rows(&self, line: &str, position: usize) -> Rows {
        Rows::new(self.prompt_width.get(), line, position, terminal::width())
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
        if self.color {
            Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
        } else {
            Cow::Borrowed(hint)
        }
    }
}

impl Helper for LineHelper {}

/// Whether a prompt is complete is decided with the key, in [`Keys`].
impl Validator for LineHelper {}
