//! Words without a command are a prompt, which is paid for. What was most likely meant as a command
//! is none: a word alone, unless it names a prompt by `@`, and words of which the first is nearly a
//! command's name. Pure.

use clap::{Command, CommandFactory};

use crate::cli::Args;
use crate::error::Error;

/// Commands of other programs, and ours for them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("auth", "config pull"),
    ("init", "config pull"),
    ("keys", "config pull"),
    ("login", "config pull"),
    ("setup", "config pull"),
    ("conversations", "sessions"),
    ("history", "sessions"),
    ("logs", "sessions"),
    ("ls", "sessions"),
    ("settings", "config"),
    ("serve", "sandbox"),
    ("status", "doctor"),
    ("generate", "ask"),
    ("prompt", "ask"),
    ("run", "ask"),
    ("repl", "chat"),
    ("version", "--version"),
];

/// A word of [`ELSEWHERE`] begins a command, and no prompt, if at most as many words are there.
const SHORT: usize = 3;

/// Whether words are a prompt.
///
/// # Errors
/// The command that was probably meant, and how to ask it nevertheless.
pub fn check(words: &[String]) -> Result<(), Error> {
    let Some(first) = words
        .first()
        .filter(|word| is_like_a_name(word) && !word.starts_with('@'))
    else {
        return Ok(());
    };
    let elsewhere = || {
        let mut known = ELSEWHERE.iter().filter(|_| words.len() <= SHORT);
        let (_, here) = known.find(|(word, _)| word == first)?;
        Some((*here).to_owned())
    };
    let meant = elsewhere().or_else(|| command_like(first));
    if meant.is_none() && words.len() > 1 {
        return Ok(());
    }
    Err(Error::NoCommand {
        typed: first.clone(),
        nearest: meant.map(|name| format!("heroku-chat {name}")),
        prompt: Some(words.join(" ")),
    })
}

/// Whether a word could name a command or a file, as no question does.
fn is_like_a_name(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_:./\\@~".contains(c);
    !word.is_empty() && word.chars().all(is_part)
}

/// The command whose name this nearly is; `config:pull` as the Heroku CLI spells it.
fn command_like(word: &str) -> Option<String> {
    let root = Args::command();
    let word = word.to_ascii_lowercase();
    let word = word.strip_prefix("ai:").unwrap_or(&word);
    let (first, rest) = word.split_once(':').unwrap_or((word, ""));
    let mut commands = root.get_subcommands();
    let command = commands.find(|it| is_nearly(first, it.get_name()))?;
    let below = command.find_subcommand(rest).map(Command::get_name);
    let name = [Some(command.get_name()), below];
    Some(name.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// Whether a name was probably meant: with the right first letter, because `what` is no `chat`, and
/// a slip, or two in a long one. In a short one a letter may be missing, doubled or out of order,
/// but no other one, because `who` is no `why`.
fn is_nearly(typed: &str, name: &str) -> bool {
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    let has_other_letter = typed.len() == name.len() && sorted(typed) != sorted(name);
    typed.starts_with(&name[..1])
        && strsim::osa_distance(typed, name) <= (name.len() / 4).max(1)
        && !(name.len() <= 4 && has_other_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_no_paid_prompt_and_a_question_is_one() {
        for line in [
            "what is a dyno",
            "who made Heroku",
            "how do I scale",
            "can you explain dynos",
            "compare dynos with lambdas",
            "docker or slugs, which is better",
            "do I need a Procfile",
            "list all ways to scale a worker",
            "run a worker beside the web process, how?",
            "describe the router",
            "configure SSL on Heroku",
            "show me a Procfile",
            "'a quoted sentence'",
            "dyno?",
            "@commit",
            "hi!",
            "''",
            "ダイノとは何ですか",
        ] {
            let words = shlex::split(line).unwrap();
            assert!(check(&words).is_ok(), "{line}");
        }
        for (line, meant) in [
            ("modles", Some("models")),
            ("model", Some("models")),
            ("Models:list", Some("models")),
            ("sesions list", Some("sessions")),
            ("session list", Some("sessions")),
            ("config:pull", Some("config pull")),
            ("confg pull -a x", Some("config")),
            ("docter", Some("doctor")),
            ("chta", Some("chat")),
            ("aks what is a dyno", Some("ask")),
            ("wyh", Some("why")),
            ("hlep me", Some("help")),
            ("completion bash", Some("completions")),
            ("ai:sesions:show", Some("sessions show")),
            ("keys set openai", Some("config pull")),
            ("login", Some("config pull")),
            ("logs list", Some("sessions")),
            ("version", Some("--version")),
            ("hello", None),
            ("notes.md", None),
            ("./src", None),
        ] {
            let words = shlex::split(line).unwrap();
            let Err(Error::NoCommand { nearest, .. }) = check(&words) else {
                panic!("{line}");
            };
            let expected = meant.map(|name| format!("heroku-chat {name}"));
            assert_eq!(nearest, expected, "{line}");
        }
    }
}
