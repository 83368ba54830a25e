//! What rustyline asks while you type: completions, and how the line looks.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

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
use crate::api::Client;
use crate::api::models::Model;
use crate::app::prompts::Listed;
use crate::app::{Connection, chat_ids, prompts};
use crate::cli::settings;
use crate::error::Error;
use crate::export;
use crate::interrupt::Interrupts;
use crate::net::Limits;
use crate::screen::{for_terminal, terminal};
use crate::store::{Sessions, Shelf};

/// The longest wait for the catalogue that Tab and /model want.
const TAB_LIMIT: Duration = Duration::from_secs(2);

/// Completes commands, and what may follow them.
pub struct LineHelper {
    client: Client,
    /// Where its conversations stand.
    shelf: Shelf,
    interrupts: Interrupts,
    /// Fetched with the first Tab that wants them, not on the way to the prompt.
    models: OnceCell<Vec<Model>>,
    files: FilenameCompleter,
    /// Lists the files that a prompt may mention.
    mentionable: Box<dyn Fn() -> Vec<String>>,
    /// Prompts that have a name and no command's; read with the first `/`.
    prompts: OnceCell<Vec<Listed>>,
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
    /// A helper that completes models of this service, and gives up soon: Ctrl-C is a key while Tab
    /// waits; and the files that a prompt may mention.
    pub fn new(
        connection: &Connection,
        interrupts: Interrupts,
        mentionable: impl Fn() -> Vec<String> + 'static,
        keys: Keys,
        color: bool,
    ) -> Self {
        let limits = Limits::with_first_byte(TAB_LIMIT).at_most(TAB_LIMIT);
        LineHelper {
            client: connection.client.with_limits(limits.once()),
            shelf: connection.shelf(),
            interrupts,
            models: OnceCell::new(),
            files: FilenameCompleter::new(),
            mentionable: Box::new(mentionable),
            prompts: OnceCell::new(),
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
        // A line of --debug would tear the prompt that is being edited.
        let models = self.client.models(&self.interrupts, &mut |_| ())?;
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
            let prompts = self.prompts().iter().map(|it| format!("/{} ", it.name));
            return (0, COMMANDS.iter().map(completed).chain(prompts).collect());
        };
        let start = line.len() - argument.len();
        let words = match Command::named(name).map_or(Tab::Nothing, |command| command.tab) {
            Tab::Models => self.model_ids(),
            Tab::Words(words) => words.iter().map(|&word| word.to_owned()).collect(),
            Tab::Sessions => session_names(self.shelf),
            Tab::Settings => match argument.split_once(' ') {
                None => settings::names()
                    .into_iter()
                    .map(|name| name + " ")
                    .collect(),
                // The values of the one that was named.
                Some((name, value)) => return (line.len() - value.len(), settings::words(name)),
            },
            Tab::System => vec!["none".to_owned()],
            Tab::Nothing | Tab::Files | Tab::Exports => Vec::new(),
        };
        (start, words)
    }

    /// Where the word to complete begins, and what fits the beginning of it.
    fn fitting(&self, line: &str, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let command = line.strip_prefix('/').and_then(|line| line.split_once(' '));
        let (tab, rest) = command
            .and_then(|(name, rest)| Some((Command::named(name)?.tab, rest)))
            .unwrap_or((Tab::Nothing, ""));
        let (takes_files, path) = match tab {
            Tab::System => (rest.starts_with('@'), rest.trim_start_matches('@')),
            tab => (matches!(tab, Tab::Files | Tab::Exports), rest),
        };
        if takes_files && path == "~" {
            return Ok((line.len() - 1, vec![pair("~/".to_owned())]));
        }
        if takes_files {
            let (start, mut pairs) = self.files.complete(line, line.len(), context)?;
            if tab == Tab::Exports {
                let mut new = with_endings(&line[start..]);
                new.retain(|new| pairs.iter().all(|it| it.replacement != *new));
                pairs.extend(new.into_iter().map(pair));
            }
            return Ok((start, pairs));
        }
        if !line.starts_with('/')
            && let Some((start, words)) = mentions::completions(line, &self.mentionable)
        {
            return Ok((start, self.mentions(&line[start..], words)));
        }
        let (start, mut candidates) = self.candidates(line);
        candidates.retain(|text| text.starts_with(&line[start..]));
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

    fn prompts(&self) -> &[Listed] {
        self.prompts.get_or_init(|| {
            let mut prompts = prompts::list();
            prompts.retain(|it| Command::named(&it.name).is_none());
            prompts
        })
    }

    fn rows(&self, line: &str, position: usize) -> Rows {
        Rows::new(self.prompt_width.get(), line, position, terminal::width())
    }
}

fn pair(text: String) -> Pair {
    Pair {
        display: text.trim_end().to_owned(),
        replacement: text,
    }
}

/// What is typed of a file's name, with each ending that it may get.
fn with_endings(typed: &str) -> Vec<String> {
    let endings = |stem: &str| -> Vec<String> {
        let is_name = !stem.is_empty() && !stem.ends_with(['/', '.', '~']);
        let endings = export::usual_extensions().filter(|_| is_name);
        endings.map(|ending| format!("{stem}.{ending}")).collect()
    };
    let (stem, _) = typed.rsplit_once('.').unwrap_or((typed, ""));
    let mut begun = endings(stem);
    begun.retain(|name| name.starts_with(typed));
    match begun.is_empty() {
        true => endings(typed),
        false => begun,
    }
}

/// If the names can't be had, /load will say why.
fn session_names(shelf: Shelf) -> Vec<String> {
    let names = Sessions::in_data_folder(shelf).and_then(|sessions| sessions.names());
    names.unwrap_or_default()
}

/// A completed command is ready for what may follow it.
fn completed(command: &Command) -> String {
    match (command.name(), command.arguments) {
        (name, "") => format!("/{name}"),
        (name, _) => format!("/{name} "),
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

    /// The rest of the only command that fits, with what may follow it and what it does; of
    /// several, their names.
    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<LineHint> {
        self.line_is_empty.set(line.is_empty());
        self.keys.set_completing(false);
        if line.ends_with('\n') && position == line.len() && !self.keys.is_sending() {
            let note = || LineHint {
                text: FENCE_NOTE.to_owned(),
                rest: 0,
            };
            return self.keys.has_open_fence(line).then(note);
        }
        let typed = line
            .strip_prefix('/')
            .filter(|_| position == line.len() && !self.keys.is_sending())?;
        let room = terminal::width().saturating_sub(self.prompt_width.get() + line.width() + 1);
        command_hint(typed, self.prompts(), room)
    }
}

/// What is shown behind a line: the rest of it, or a word about it.
#[derive(Debug, PartialEq)]
pub struct LineHint {
    text: String,
    /// How much of it is the rest, in bytes.
    rest: usize,
}

/// What fits behind the beginning of a command, in one row with so many columns left.
fn command_hint(typed: &str, prompts: &[Listed], room: usize) -> Option<LineHint> {
    let commands = COMMANDS
        .iter()
        .map(|it| (it.name(), it.arguments, it.about));
    let prompts = prompts.iter().map(|it| (&*it.name, "", &*it.about));
    let named = commands.chain(prompts);
    let fitting: Vec<_> = named.filter(|(name, ..)| name.starts_with(typed)).collect();
    // A command that is typed in full fits before longer ones do.
    let (rest, about) = match fitting[..] {
        [] => return None,
        [(name, arguments, about), ..] if fitting.len() == 1 || name == typed => {
            let rest = format!("{} {arguments}", &name[typed.len()..]);
            (rest.trim_end().to_owned(), format!("  {about}"))
        }
        _ => {
            let names: String = fitting
                .iter()
                .map(|(name, ..)| format!("  /{name}"))
                .collect();
            (String::new(), names)
        }
    };
    let mut text = format!("{rest}{about}");
    if text.width() > room {
        // Half a name would be another one.
        while text.width() + 2 > room && !text.is_empty() {
            text.truncate(text.trim_end().rfind(' ').unwrap_or_default());
        }
        text = text.trim_end().to_owned() + " …";
    }
    let rest = if text.starts_with(&rest) {
        rest.len()
    } else {
        0
    };
    (text.width() <= room).then_some(LineHint { text, rest })
}

/// Why Enter only made a new line, and what sends it.
const FENCE_NOTE: &str = "the code fence is open: close it, or press Enter on a third empty line";

impl Hint for LineHint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        (self.rest > 0).then(|| &self.text[..self.rest])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_slash_the_commands_that_fit_are_told_in_one_row() {
        for (typed, room, text, rest) in [
            (
                "und",
                80,
                "o  take the last turn back and edit its prompt",
                "o",
            ),
            (
                "set",
                80,
                " [SETTING [VALUE]]  list, show or change the settings",
                " [SETTING [VALUE]]",
            ),
            (
                "set",
                30,
                " [SETTING [VALUE]]  list, …",
                " [SETTING [VALUE]]",
            ),
            ("set", 14, " [SETTING …", ""),
            ("mo", 80, "  /model  /models", ""),
            ("e", 14, "  /edit …", ""),
            (
                "model",
                80,
                " [MODEL]  show or change the model",
                " [MODEL]",
            ),
            ("", 20, "  /help  /model …", ""),
        ] {
            let hint = command_hint(typed, &[], room).unwrap();
            assert!(hint.text.width() <= room, "{hint:?}");
            let shown = (hint.text.as_str(), hint.completion().unwrap_or_default());
            assert_eq!(shown, (text, rest), "{typed:?}");
        }
        assert_eq!(command_hint("xyz", &[], 80), None);
        assert_eq!(command_hint("und", &[], 0), None);
    }

    #[test]
    fn a_name_gets_the_endings_of_exports() {
        for (typed, names) in [
            ("chat", "chat.md chat.json chat.sh chat.rb chat.py chat.js"),
            (
                "a/chat.",
                "a/chat.md a/chat.json a/chat.sh a/chat.rb a/chat.py a/chat.js",
            ),
            ("chat.j", "chat.json chat.js"),
            ("v1.2", "v1.2.md v1.2.json v1.2.sh v1.2.rb v1.2.py v1.2.js"),
            ("", ""),
            ("a/", ""),
        ] {
            assert_eq!(with_endings(typed).join(" "), names, "{typed:?}");
        }
    }
}
