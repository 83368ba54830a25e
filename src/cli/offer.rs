//! What can follow on an unfinished command line, from clap's definition of it. Pure.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};

/// What a shell can offer for the word under the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// One of these: each with a few words about it.
    Words(Vec<(String, String)>),
    /// A model of the service, behind this text.
    Models(String),
    /// A saved conversation, behind this text.
    Sessions(String),
    /// A text that only its author knows, or a file.
    Anything,
}

/// What fits the last of the words typed behind the program's name. It is unfinished, or empty.
pub fn offer(root: &Command, typed: &[String]) -> Offer {
    let Some((word, before)) = typed.split_last() else {
        return Offer::Anything;
    };
    let line = Line::read(root, before);
    match (line.pending, word.split_once('=')) {
        (Some(flag), _) => values(flag, ""),
        (None, Some((name, _))) if name.starts_with("--") => match line.flag(name) {
            Some(flag) => values(flag, &format!("{name}=")),
            None => Offer::Anything,
        },
        _ if line.is_behind_dashes => Offer::Anything,
        _ if word.starts_with('-') => Offer::Words(flags(line.command)),
        _ => line.words(),
    }
    .starting_with(word)
}

impl Offer {
    fn starting_with(self, word: &str) -> Self {
        match self {
            Offer::Words(words) => Offer::Words(
                words
                    .into_iter()
                    .filter(|(text, _)| text.starts_with(word))
                    .collect(),
            ),
            other => other,
        }
    }
}

/// What the finished words say.
struct Line<'a> {
    command: &'a Command,
    /// A flag whose value comes next.
    pending: Option<&'a Arg>,
    is_behind_dashes: bool,
}

impl<'a> Line<'a> {
    fn read(root: &'a Command, words: &[String]) -> Self {
        let mut line = Line {
            command: root,
            pending: None,
            is_behind_dashes: false,
        };
        for word in words {
            if line.pending.take().is_none() && !line.is_behind_dashes {
                line.take(word);
            }
        }
        line
    }

    fn take(&mut self, word: &str) {
        if word == "--" {
            self.is_behind_dashes = true;
        } else if word.starts_with('-') {
            self.pending = self.flag(word).filter(|flag| is_followed_by_value(flag));
        } else if let Some(command) = self.command.find_subcommand(word) {
            self.command = command;
        }
    }

    /// The flag `--long` or `-s`.
    fn flag(&self, word: &str) -> Option<&'a Arg> {
        let is_it = |flag: &&Arg| {
            let long = flag
                .get_long()
                .is_some_and(|long| word.strip_prefix("--") == Some(long));
            long || flag
                .get_short()
                .is_some_and(|short| word.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])))
        };
        self.command.get_arguments().find(is_it)
    }

    fn words(&self) -> Offer {
        let visible = self
            .command
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        let commands: Vec<_> = visible
            .map(|command| (command.get_name().to_owned(), text(command.get_about())))
            .collect();
        match self.command.get_positionals().next() {
            Some(argument) if commands.is_empty() => values(argument, ""),
            _ if commands.is_empty() => Offer::Anything,
            _ => Offer::Words(commands),
        }
    }
}

fn is_followed_by_value(flag: &Arg) -> bool {
    let is_switch = matches!(
        flag.get_action(),
        ArgAction::SetTrue | ArgAction::Help | ArgAction::Version
    );
    !is_switch && !flag.is_require_equals_set()
}

fn flags(command: &Command) -> Vec<(String, String)> {
    let visible = command.get_arguments().filter(|flag| !flag.is_hide_set());
    visible
        .filter_map(|flag| Some((format!("--{}", flag.get_long()?), text(flag.get_help()))))
        .collect()
}

fn values(argument: &Arg, before: &str) -> Offer {
    match argument.get_id().as_str() {
        "model" => return Offer::Models(before.to_owned()),
        "session" | "saved" => return Offer::Sessions(before.to_owned()),
        _ => {}
    }
    let possible = argument.get_possible_values();
    let word = |value: &PossibleValue| {
        (
            format!("{before}{}", value.get_name()),
            text(value.get_help()),
        )
    };
    if possible.is_empty() {
        Offer::Anything
    } else {
        Offer::Words(possible.iter().map(word).collect())
    }
}

fn text(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Args;
    use clap::CommandFactory;

    fn offered(words: &[&str]) -> Offer {
        let mut root = Args::command();
        root.build();
        offer(
            &root,
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    fn texts(words: &[&str]) -> Vec<String> {
        match offered(words) {
            Offer::Words(words) => words.into_iter().map(|(text, _)| text).collect(),
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn commands_come_first() {
        assert!(texts(&[""]).contains(&"doctor".to_owned()));
        assert_eq!(texts(&["do"]), ["doctor"]);
        assert_eq!(texts(&["--debug", "config", "p"]), ["pull"]);
        assert!(!texts(&[""]).contains(&"help".to_owned()));
    }

    #[test]
    fn flags_are_those_of_the_command() {
        assert_eq!(texts(&["ask", "--dr"]), ["--dry-run"]);
        assert_eq!(texts(&["sandbox", "--p"]), ["--port"]);
        assert_eq!(texts(&["config", "pull", "--env"]), ["--env-file"]);
        assert!(
            texts(&["ask", "--"]).contains(&"--debug".to_owned()),
            "global flags are everywhere"
        );
        assert!(
            !texts(&["completions", "--"]).contains(&"--next".to_owned()),
            "hidden flags are nowhere"
        );
    }

    #[test]
    fn values_are_those_of_the_flag() {
        assert_eq!(texts(&["ask", "--color", ""]), ["auto", "always", "never"]);
        assert_eq!(texts(&["ask", "--color=al"]), ["--color=always"]);
        assert_eq!(texts(&["ask", "--dry-run=ru"]), ["--dry-run=ruby"]);
        assert_eq!(texts(&["completions", "z"]), ["zsh"]);
    }

    #[test]
    fn a_model_is_asked_of_the_service() {
        for words in [
            &["ask", "-m", ""] as &[_],
            &["--model", "cl"],
            &["chat", "-a", "app", "-m", "c"],
        ] {
            assert_eq!(offered(words), Offer::Models(String::new()), "{words:?}");
        }
        assert_eq!(
            offered(&["--model=cl"]),
            Offer::Models("--model=".to_owned())
        );
    }

    #[test]
    fn a_saved_conversation_is_offered_where_one_is_named() {
        for words in [
            &["--session", ""] as &[_],
            &["ask", "--session", "w"],
            &["sessions", "show", ""],
        ] {
            assert_eq!(offered(words), Offer::Sessions(String::new()), "{words:?}");
        }
        assert_eq!(
            offered(&["sessions", "delete", "one", "t"]),
            Offer::Sessions(String::new())
        );
    }

    #[test]
    fn a_free_text_is_left_to_the_shell() {
        for words in [
            &["ask", "Explain"] as &[_],
            &["ask", "--file", ""],
            &["ask", "--", "-m", ""],
            &["ask", "-m", "x", "y"],
            &[],
        ] {
            assert_eq!(offered(words), Offer::Anything, "{words:?}");
        }
    }
}
