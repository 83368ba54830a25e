//! What a line typed at the prompt means.

use super::commands::{COMMANDS, Command};
use crate::nearest::nearest;

/// A line, read for its meaning.
#[derive(Debug)]
pub enum Line<'a> {
    /// Nothing to do.
    Empty,
    /// Something to say to the model.
    Prompt(&'a str),
    /// A slash command and what follows it.
    Command(&'static Command, &'a str),
    /// A slash and a word that is no command, with the command that was probably meant.
    Unknown {
        name: &'a str,
        nearest: Option<&'static str>,
    },
}

impl<'a> Line<'a> {
    /// Reads a line. Two slashes at the start stand for one that begins a prompt.
    pub fn parse(text: &'a str) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Line::Empty;
        }
        let Some(rest) = trimmed.strip_prefix('/') else {
            return Line::Prompt(text.trim_end());
        };
        if rest.starts_with('/') {
            return Line::Prompt(rest);
        }
        let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match Command::named(name) {
            Some(command) => Line::Command(command, argument.trim()),
            None => Line::Unknown {
                name,
                nearest: nearest(name, COMMANDS.iter().map(|command| command.name)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_prompts_unless_they_begin_with_a_slash() {
        assert!(matches!(Line::parse("  \n"), Line::Empty));
        assert!(matches!(Line::parse("a /help"), Line::Prompt("a /help")));
        assert!(matches!(
            Line::parse("//etc/hosts?"),
            Line::Prompt("/etc/hosts?")
        ));
        assert!(
            matches!(Line::parse("/model  x y "), Line::Command(command, "x y") if command.name == "model")
        );
        assert!(
            matches!(Line::parse("/exit"), Line::Command(command, "") if command.name == "quit")
        );
        assert!(
            matches!(Line::parse("/help"), Line::Command(command, "") if command.name == "help")
        );
    }

    #[test]
    fn an_unknown_command_proposes_the_nearest() {
        for (typed, meant) in [
            ("/hlep", Some("help")),
            ("/edti", Some("edit")),
            ("/modle", Some("model")),
            ("/xyz", None),
        ] {
            match Line::parse(typed) {
                Line::Unknown { nearest, .. } => assert_eq!(nearest, meant, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
    }
}
