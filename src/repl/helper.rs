//! What rustyline asks while a line is typed: completions, and what the line looks like.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::commands::{COMMANDS, Command, Completes};
use crate::api::models::Model;
use crate::error::Error;

/// Completes commands, and what may follow them.
pub struct LineHelper {
    fetch: Box<dyn Fn() -> Result<Vec<Model>, Error>>,
    /// Fetched with the first Tab that wants them, not on the way to the prompt.
    models: OnceCell<Vec<Model>>,
    /// Whether the prompt asks for a model and not for a line of the chat.
    pub choosing_model: Cell<bool>,
    /// Whether the line was empty when it was last looked at, which Ctrl-C alone doesn't tell.
    pub line_is_empty: Cell<bool>,
    color: bool,
}

impl LineHelper {
    /// A helper that gets the catalogue from `fetch`, until it has it.
    pub fn new(fetch: impl Fn() -> Result<Vec<Model>, Error> + 'static, color: bool) -> Self {
        LineHelper {
            fetch: Box::new(fetch),
            models: OnceCell::new(),
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
        models.into_iter().filter(Model::is_chat).map(|model| model.id).collect()
    }

    /// Where the word to complete begins, and all it could be.
    fn candidates(&self, line: &str) -> (usize, Vec<String>) {
        if self.choosing_model.get() {
            return (0, self.model_ids());
        }
        let Some(command) = line.strip_prefix('/') else { return (line.len(), Vec::new()) };
        let Some((name, argument)) = command.split_once(' ') else {
            return (
                0,
                COMMANDS.iter().map(|command| format!("/{}{}", command.name, space_before_argument(command))).collect(),
            );
        };
        let start = line.len() - argument.len();
        match COMMANDS.iter().find(|command| command.name == name).map(|command| command.completes) {
            Some(Completes::Models) => (start, self.model_ids()),
            Some(Completes::Words(words)) => (start, words.iter().map(|word| (*word).to_owned()).collect()),
            Some(Completes::Nothing) | None => (line.len(), Vec::new()),
        }
    }
}

/// A completed command is ready for what may follow it.
fn space_before_argument(command: &Command) -> &'static str {
    if command.arguments.is_empty() { "" } else { " " }
}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let line = &line[..position];
        let (start, candidates) = self.candidates(line);
        let typed = &line[start..];
        let pair = |text: String| Pair { display: text.trim_end().to_owned(), replacement: text };
        Ok((start, candidates.into_iter().filter(|text| text.starts_with(typed)).map(pair).collect()))
    }
}

impl Hinter for LineHelper {
    type Hint = String;

    /// The rest of the only command that fits, with what may follow it.
    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<String> {
        self.line_is_empty.set(line.is_empty());
        let typed = line.strip_prefix('/').filter(|typed| position == line.len() && !typed.is_empty())?;
        let mut fitting = COMMANDS.iter().filter(|command| command.name.starts_with(typed));
        let (command, None) = (fitting.next()?, fitting.next()) else { return None };
        let rest = &command.name[typed.len()..];
        Some(format!("{rest} {}", command.arguments).trim_end().to_owned()).filter(|hint| !hint.is_empty())
    }
}

impl Highlighter for LineHelper {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.color { Cow::Owned(format!("\x1b[2m{hint}\x1b[0m")) } else { Cow::Borrowed(hint) }
    }
}

impl Helper for LineHelper {}

impl Validator for LineHelper {
    /// Enter in an unfinished prompt starts another line.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let is_unfinished = is_unfinished(context.input()) && !self.choosing_model.get();
        Ok(if is_unfinished { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// Whether a prompt goes on: a code fence is open, or the last line ends in a backslash.
fn is_unfinished(text: &str) -> bool {
    let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    fences % 2 == 1 || text.ends_with('\\') && !text.ends_with("\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_fence_and_a_last_backslash_go_on() {
        for (text, goes_on) in [
            ("hello", false),
            ("hello \\", true),
            ("C:\\\\", false),
            ("```ruby\nputs 1", true),
            ("```ruby\nputs 1\n```", false),
            ("", false),
        ] {
            assert_eq!(is_unfinished(text), goes_on, "{text:?}");
        }
    }
}
