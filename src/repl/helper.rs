//! What rustyline asks while a line is typed: completions, and what the line looks like.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::commands::{COMMANDS, Command, Completes};
use super::keys::Keys;
use crate::api::models::Model;
use crate::cli::settings;
use crate::error::Error;
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
        }
    }

    /// The catalogue.
    ///
    /// # Errors
    /// Why it can't be had.
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
                    .map(|command| completed(command.name, command))
                    .collect(),
            );
        };
        let start = line.len() - argument.len();
        match Command::named(name).map(|command| command.completes) {
            Some(Completes::Models) => (start, self.model_ids()),
            Some(Completes::Words(words)) => (start, owned(words)),
            Some(Completes::Sessions) => (start, session_names()),
            Some(Completes::Settings) => setting(start, argument),
            Some(Completes::Nothing | Completes::Files) | None => (line.len(), Vec::new()),
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

/// Where the names can't be had, /load will say why.
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
    if command.arguments.is_empty() {
        format!("/{name}")
    } else {
        format!("/{name} ")
    }
}

impl LineHelper {
    /// Where the word to complete begins, and what fits the beginning of it.
    fn fitting(&self, line: &str, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let command = line.strip_prefix('/').and_then(|line| line.split_once(' '));
        if command
            .and_then(|(name, _)| Command::named(name))
            .is_some_and(|found| found.completes == Completes::Files)
        {
            return self.files.complete(line, line.len(), context);
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
        Ok((start, pairs))
    }
}

impl Hinter for LineHelper {
    type Hint = String;

    /// The rest of the only command that fits, with what may follow it.
    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<String> {
        self.line_is_empty.set(line.is_empty());
        self.keys.set_completing(false);
        let typed = line
            .strip_prefix('/')
            .filter(|typed| position == line.len() && !typed.is_empty())?;
        if self.keys.is_sending() {
            return None;
        }
        let mut fitting = COMMANDS
            .iter()
            .filter(|command| command.name.starts_with(typed));
        // A command that is typed in full fits before longer ones do.
        let (command, rest) = (fitting.next()?, fitting.next());
        if rest.is_some() && command.name != typed {
            return None;
        }
        let rest = &command.name[typed.len()..];
        Some(
            format!("{rest} {}", command.arguments)
                .trim_end()
                .to_owned(),
        )
        .filter(|hint| !hint.is_empty())
    }
}

impl Highlighter for LineHelper {
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
