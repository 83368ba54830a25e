//! What a line typed at the prompt asks for.

use super::commands::{COMMANDS, Command};
use crate::error::nearest::nearest;

/// A line, parsed.
#[derive(Debug)]
pub enum Line<'a> {
    /// Nothing to do.
    Empty,
    /// Something to say to the model.
    Prompt(&'a str),
    /// A slash command and what follows it.
    Command(&'static Command, &'a str),
    /// A command of the user's shell: what follows the `!`.
    Shell(&'a str),
    /// A slash and a word that is no command, but may be a prompt's name, with what follows it and
    /// the command that was probably meant.
    Unknown {
        name: &'a str,
        argument: &'a str,
        nearest: Option<&'static str>,
    },
}

impl<'a> Line<'a> {
    /// Reads a line, and whether its beginning was pasted. Two slashes at the start stand for one
    /// if a command or a path was typed behind them. Code often begins with a comment, so a line
    /// that was pasted, has several lines, or can't be a command is taken as it is. A backslash
    /// that was typed before `!` goes, and an image's `![` is text.
    pub fn parse(text: &'a str, is_pasted: bool) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Line::Empty;
        }
        let as_it_is = Line::Prompt(text.trim_end());
        let is_text = is_pasted || trimmed.contains('\n');
        if !is_text && trimmed.trim_start_matches('\\').starts_with('!') {
            return match trimmed.strip_prefix('\\') {
                Some(prompt) => Line::Prompt(prompt),
                None if trimmed.starts_with("![") => as_it_is,
                None => Line::Shell(trimmed[1..].trim()),
            };
        }
        let Some(rest) = trimmed.strip_prefix('/') else {
            return as_it_is;
        };
        if let Some(escaped) = rest.strip_prefix('/') {
            let is_escape = match is_text {
                true => !is_pasted && Command::named(first_word(escaped).0).is_some(),
                false => escaped.starts_with(|c: char| c.is_alphanumeric() || "~._".contains(c)),
            };
            return if is_escape {
                Line::Prompt(rest)
            } else {
                as_it_is
            };
        }
        let (name, argument) = first_word(rest);
        match Command::named(name) {
            Some(command) => Line::Command(command, argument.trim()),
            None if is_text || !is_word(name) => as_it_is,
            None => Line::Unknown {
                name,
                argument: argument.trim(),
                nearest: nearest(name, COMMANDS.iter().map(|command| command.name())),
            },
        }
    }
}

/// Whether somebody may have meant a name, and no path.
fn is_word(name: &str) -> bool {
    name.starts_with(char::is_alphanumeric)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "-_".contains(c))
}

/// The first word of a line, and what follows it.
fn first_word(line: &str) -> (&str, &str) {
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

/// A prompt as it has to be typed.
pub fn as_typed(prompt: String) -> String {
    let sent = prompt.trim_end();
    let is_it = |typed: &str| matches!(Line::parse(typed, false), Line::Prompt(it) if it == sent);
    let has_slash = prompt.starts_with('/');
    let escaped = format!("{}{prompt}", if has_slash { "/" } else { "\\" });
    match is_it(&escaped) && (has_slash || !is_it(&prompt)) {
        true => escaped,
        false => prompt,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_prompts_unless_they_begin_with_a_slash() {
        assert!(matches!(Line::parse("  \n", false), Line::Empty));
        assert!(matches!(
            Line::parse(" ! ls -l", false),
            Line::Shell("ls -l")
        ));
        assert!(matches!(
            Line::parse("a /help", false),
            Line::Prompt("a /help")
        ));
        assert!(matches!(
            Line::parse("//etc/hosts?", false),
            Line::Prompt("/etc/hosts?")
        ));
        assert!(
            matches!(Line::parse("/model  x y ", false), Line::Command(command, "x y") if command.name() == "model")
        );
        assert!(
            matches!(Line::parse("/exit", false), Line::Command(command, "") if command.name() == "quit")
        );
        assert!(
            matches!(Line::parse("/help", false), Line::Command(command, "") if command.name() == "help")
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
            match Line::parse(typed, false) {
                Line::Unknown { nearest, .. } => assert_eq!(nearest, meant, "{typed}"),
                other => panic!("{typed}: {other:?}"),
            }
        }
    }

    #[test]
    fn code_and_paths_are_no_commands() {
        for (text, is_pasted, sent) in [
            ("// main.go\npackage main", true, "// main.go\npackage main"),
            ("// typed", false, "// typed"),
            (
                "/// Adds one.\nfn add() {}",
                false,
                "/// Adds one.\nfn add() {}",
            ),
            ("//go:build linux\n", true, "//go:build linux"),
            (
                "//go:build linux\n\npackage main",
                false,
                "//go:build linux\n\npackage main",
            ),
            ("/* why */ int x;", false, "/* why */ int x;"),
            ("/etc/hosts is\nempty", true, "/etc/hosts is\nempty"),
            ("/etc is\nfull", false, "/etc is\nfull"),
            ("/etc/hosts?", false, "/etc/hosts?"),
            ("//etc/hosts?", false, "/etc/hosts?"),
            ("//model x\ny", false, "/model x\ny"),
            ("/usr text", true, "/usr text"),
            ("!ls", true, "!ls"),
            ("\\!ls", false, "!ls"),
            ("\\!ls", true, "\\!ls"),
            ("![a](b.png)", false, "![a](b.png)"),
            ("a !ls", false, "a !ls"),
        ] {
            match Line::parse(text, is_pasted) {
                Line::Prompt(prompt) => assert_eq!(prompt, sent, "{text:?}"),
                other => panic!("{text:?}: {other:?}"),
            }
        }
        assert!(matches!(
            Line::parse("/system be\nbrief", true),
            Line::Command(..)
        ));
    }

    #[test]
    fn a_prompt_that_is_offered_again_is_sent_as_it_was() {
        for prompt in [
            "a",
            "/etc",
            "/model x",
            "/a\nb",
            "/model x\ny",
            "// a",
            "/* b */",
            "!ls",
            "\\!ls",
            "\\\\!ls",
            "![a](b)",
            "\\![a](b)",
            "!ls\n-l",
            "\\a!",
        ] {
            match Line::parse(&as_typed(prompt.to_owned()), false) {
                Line::Prompt(sent) => assert_eq!(sent, prompt),
                other => panic!("{prompt:?}: {other:?}"),
            }
        }
    }

    const PARTS: &[&str] = &[
        "/", "\\", "!", "[", "help", "model", "x", "é", " ", "\n", "\t", ".", "~", "_", "*", "7",
    ];

    proptest! {
        #[test]
        fn any_prompt_that_can_be_typed_is_offered_as_it_was(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..12),
            end in ".{0,6}",
        ) {
            let typed = parts.concat() + &end;
            Line::parse(&typed, true);
            if let Line::Prompt(prompt) = Line::parse(&typed, false) {
                let again = as_typed(prompt.to_owned());
                let sent = Line::parse(&again, false);
                prop_assert!(matches!(sent, Line::Prompt(it) if it == prompt), "{typed:?}: {sent:?}");
            }
        }
    }
}
