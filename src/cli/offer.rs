//! What can follow on an unfinished command line, from clap's definition of it. Pure.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use super::help::{takes_value, text};

/// What a shell can offer for the word under the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// One of these: each with a few words about it. None for a text that only its author knows,
    /// or a file.
    Words(Vec<(String, String)>),
    /// A model of the service, behind this text.
    Models(String),
    /// A saved conversation, behind this text.
    Sessions(String),
    /// A prompt that has a name, behind this text.
    Prompts(&'static str),
}

/// What fits the last of the words typed behind the program's name. It is unfinished, or empty.
pub fn offer(root: &Command, typed: &[String]) -> Offer {
    let Some((word, before)) = typed.split_last() else {
        return Offer::Words(Vec::new());
    };
    let (path, pending, is_behind_dashes) = walk(root, before);
    let command = path.last().copied().unwrap_or(root);
    let is_prompt = |argument: &Arg| argument.get_id() == "prompt";
    let is_prompt = command.get_positionals().any(is_prompt);
    let mut offer = match (pending, word.split_once('=')) {
        (Some(flag), _) => values(Some(flag), ""),
        (None, Some((name, _))) if name.starts_with("--") => {
            values(flag(command, name), &format!("{name}="))
        }
        _ if is_behind_dashes => values(None, ""),
        _ if word.starts_with('-') => Offer::Words(flags(command)),
        _ if command.has_subcommands() => Offer::Words(commands(command)),
        _ if is_prompt && word.starts_with('@') => Offer::Prompts("@"),
        _ => values(command.get_positionals().next(), ""),
    };
    if let Offer::Words(words) = &mut offer {
        words.retain(|(text, _)| text.starts_with(word));
    }
    offer
}

/// The commands on a line below the root, the flag whose value is next, and whether `--` stands
/// there.
pub fn walk<'a>(root: &'a Command, typed: &[String]) -> (Vec<&'a Command>, Option<&'a Arg>, bool) {
    let (mut path, mut pending, mut is_behind_dashes) = (Vec::new(), None, false);
    // Behind a word that is no command there is none.
    let mut has_words = false;
    for word in typed {
        let command = path.last().copied().unwrap_or(root);
        if pending.take().is_some() || is_behind_dashes {
            continue;
        } else if word == "--" {
            is_behind_dashes = true;
        } else if word.starts_with('-') {
            pending = flag(command, word).filter(|flag| is_followed_by_value(flag));
        } else if !has_words {
            let below = command.find_subcommand(word);
            has_words = below.is_none();
            // What can follow there are commands, as without it.
            path.extend(below.filter(|_| word != "help"));
        }
    }
    (path, pending, is_behind_dashes)
}

/// The flag `--long` or `-s`.
fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|flag| {
        let short = flag.get_short().map(String::from);
        word.strip_prefix("--")
            .is_some_and(|long| flag.get_long() == Some(long))
            || word
                .strip_prefix('-')
                .is_some_and(|word| short.as_deref() == Some(word))
    })
}

fn is_followed_by_value(flag: &Arg) -> bool {
    takes_value(flag) && !flag.is_require_equals_set()
}

fn flags(command: &Command) -> Vec<(String, String)> {
    let visible = command.get_arguments().filter(|flag| !flag.is_hide_set());
    visible
        .filter_map(|flag| Some((format!("--{}", flag.get_long()?), text(flag.get_help()))))
        .collect()
}

fn commands(command: &Command) -> Vec<(String, String)> {
    let visible = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let described = |command: &Command| (command.get_name().to_owned(), text(command.get_about()));
    visible.map(described).collect()
}

fn values(argument: Option<&Arg>, before: &str) -> Offer {
    match argument.map(|argument| argument.get_id().as_str()) {
        Some("model") => return Offer::Models(before.to_owned()),
        Some("session" | "saved") => return Offer::Sessions(before.to_owned()),
        Some("named") => return Offer::Prompts(""),
        _ => {}
    }
    let possible = argument.map(Arg::get_possible_values).unwrap_or_default();
    let word =
        |value: &PossibleValue| (before.to_owned() + value.get_name(), text(value.get_help()));
    Offer::Words(possible.iter().map(word).collect())
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
        assert_eq!(texts(&["help", "config", "p"]), ["pull"]);
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
            &["ask", "--no-stream", "-m", "c"],
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
    fn a_prompt_that_has_a_name_is_offered_behind_its_sign() {
        assert_eq!(offered(&["ask", "@co"]), Offer::Prompts("@"));
        assert_eq!(offered(&["prompts", "show", ""]), Offer::Prompts(""));
        assert_eq!(offered(&["chat", "@co"]), Offer::Words(Vec::new()));
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
            assert_eq!(offered(words), Offer::Words(Vec::new()), "{words:?}");
        }
    }
}
