//! `heroku-chat completions`: a few lines for each shell, which ask this program what can follow.
//! Somebody is waiting at the prompt, so an answer takes at most two seconds, and failures are
//! silent.
//!
//! clap_complete's scripts would make the program 0.2 MB larger, and know no models.

use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};

use crate::api::Client;
use crate::app::{Context, chat_ids, prompts, start_sandbox};
use crate::cli::offer::{Offer, offer};
use crate::cli::{Args, CompletionsArgs, ConnectionArgs, Shell};
use crate::error::{Error, ExitStatus};
use crate::files::input;
use crate::net::Limits;
use crate::store::{Sessions, Shelf};

/// The longest wait for the catalogue.
const LIMIT: Duration = Duration::from_secs(2);

/// What PowerShell puts before the unfinished word, which may be empty.
const MARK: &str = "word:";

/// Prints the script, or for it what can follow.
pub fn run(args: &CompletionsArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    if args.next {
        let words = match (args.shell, args.typed.as_slice()) {
            (Shell::Bash, [line, piece]) => bash_words(line, piece, context),
            (_, typed) => next_words(typed, context),
        };
        for (word, about) in words {
            context.screen.print(&line(args.shell, &word, &about))?;
        }
    } else {
        context.screen.print(script(args.shell))?;
    }
    Ok(ExitStatus::Done)
}

fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("heroku-chat.bash"),
        Shell::Zsh => include_str!("heroku-chat.zsh"),
        Shell::Fish => include_str!("heroku-chat.fish"),
        Shell::Powershell => include_str!("heroku-chat.ps1"),
        Shell::Elvish => include_str!("heroku-chat.elv"),
    }
}

/// A word as the shell's script reads it.
fn line(shell: Shell, word: &str, about: &str) -> String {
    match shell {
        Shell::Zsh => format!("{}:{about}", word.replace(':', "\\:")),
        Shell::Fish | Shell::Powershell if !about.is_empty() => format!("{word}\t{about}"),
        _ => word.to_owned(),
    }
}

/// What can follow on a line of bash, which replaces no more than the last piece of a word: what
/// stands behind a colon or an equals sign.
fn bash_words(line: &str, piece: &str, context: &Context) -> Vec<(String, String)> {
    let typed = behind_program(line);
    let kept = kept_by_bash(typed.last().map_or("", String::as_str), piece).to_owned();
    let piece = |(word, about): (String, String)| Some((word.strip_prefix(&kept)?.into(), about));
    next_words(&typed, context)
        .into_iter()
        .filter_map(piece)
        .collect()
}

/// The words behind the program's name, which may stand behind variables.
fn behind_program(line: &str) -> Vec<String> {
    let words = input::unfinished_words(line).into_iter();
    let variable = |word: &String| word.split_once('=').is_some_and(|(name, _)| is_name(name));
    words.skip_while(variable).skip(1).collect()
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What of the unfinished word stays as it is, if bash says that it replaces this piece.
fn kept_by_bash<'a>(word: &'a str, piece: &str) -> &'a str {
    let piece = piece.trim_start_matches(['\'', '"']);
    match piece {
        "=" | ":" => word,
        _ => word.strip_suffix(piece).unwrap_or_default(),
    }
}

fn next_words(typed: &[String], context: &Context) -> Vec<(String, String)> {
    let mut typed = typed.to_vec();
    if let Some(last) = typed.last_mut().filter(|last| last.starts_with(MARK)) {
        last.drain(..MARK.len());
    }
    let mut root = Args::command();
    root.build();
    let (before, names) = match offer(&root, &typed) {
        Offer::Words(words) => return words,
        Offer::Models(before) => (before, models(&typed, context)),
        Offer::Prompts(sign) => {
            let word = typed.last().map(String::as_str).unwrap_or_default();
            let prompts = prompts::list().into_iter();
            let words = prompts.map(|it| (format!("{sign}{}", it.name), it.about));
            return words.filter(|(text, _)| text.starts_with(word)).collect();
        }
        Offer::Sessions(before) => {
            let shelf = Shelf::of(typed.iter().any(|word| word == "--sandbox"));
            (
                before,
                Sessions::in_data_folder(shelf).and_then(|it| it.names()),
            )
        }
    };
    let word = typed.last().map(String::as_str).unwrap_or_default();
    let mut names = names.unwrap_or_default();
    names.retain(|name| is_plain(name));
    let words = names.into_iter().map(|name| before.clone() + &name);
    let fitting = words.filter(|text| text.starts_with(word));
    fitting.map(|word| (word, String::new())).collect()
}

/// Whether a word means nothing else to any shell: it comes from a server and lands on a command
/// line.
fn is_plain(id: &str) -> bool {
    id.chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./:@+".contains(c))
}

/// The chat models of the service that the words mean.
fn models(typed: &[String], context: &Context) -> Result<Vec<String>, Error> {
    let args = connection(typed);
    let sandbox = start_sandbox(args.sandbox)?;
    let (environment, interrupts) = (context.environment.clone(), context.interrupts.clone());
    let models = context.interrupts.run(LIMIT, move || {
        let url = match &sandbox {
            Some(sandbox) => sandbox.url(),
            None => super::models::url_without_heroku(&args, &environment)?,
        };
        let limits = Limits::with_first_byte(LIMIT).at_most(LIMIT).once();
        Client::new(url, None, limits, environment).models(&interrupts, &mut |_| ())
    })?;
    models.unwrap_or(Ok(Vec::new())).map(chat_ids)
}

/// Which service an unfinished command line means. The Heroku CLI is too slow to be asked for it.
fn connection(typed: &[String]) -> ConnectionArgs {
    let read = |words: &[String]| {
        let command = Args::command().no_binary_name(true).ignore_errors(true);
        let matches = command.try_get_matches_from(words).ok()?;
        let below = matches.subcommand().map(|(_, matches)| matches);
        ConnectionArgs::from_arg_matches(below.unwrap_or(&matches)).ok()
    };
    let words = match typed {
        [words @ .., flag, _] if matches!(flag.as_str(), "-m" | "--model") => words,
        [words @ .., _] => words,
        [] => &[],
    };
    let args = read(words).or_else(|| read(&[]));
    let mut args = args.expect("every flag of it is optional");
    (args.heroku.app, args.heroku.remote) = (None, None);
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_names_its_service() {
        let connection = |words: &[&str]| {
            connection(
                &words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert!(connection(&["ask", "--sandbox", "-m", ""]).sandbox);
        assert!(connection(&["--sandbox", "--model=x"]).sandbox);
        assert_eq!(
            connection(&["ask", "--url", "http://x", "-m", "c"])
                .url
                .as_deref(),
            Some("http://x")
        );
        assert!(!connection(&["ask", "--bogus", "-m", ""]).sandbox);
        assert_eq!(
            connection(&["models", "-a", "app", "-m", ""]).heroku.app,
            None
        );
    }

    #[test]
    fn a_line_of_bash_is_cut_at_spaces_alone_and_its_last_piece_replaced() {
        for (line, typed) in [
            (
                "heroku-chat ask -m llama3.1:8",
                vec!["ask", "-m", "llama3.1:8"],
            ),
            ("heroku-chat --model=a:", vec!["--model=a:"]),
            (
                "A=b heroku-chat ask --env-file 'my env' ",
                vec!["ask", "--env-file", "my env", ""],
            ),
            (
                "heroku-chat ask --url http://x:1 -m 'me",
                vec!["ask", "--url", "http://x:1", "-m", "me"],
            ),
            ("heroku-chat ask my\\ env", vec!["ask", "my env"]),
        ] {
            assert_eq!(behind_program(line), typed, "{line}");
        }
        for (word, piece, kept) in [
            ("llama3.1:8", "8", "llama3.1:"),
            ("llama3.1:", ":", "llama3.1:"),
            ("llama3.1:", "", "llama3.1:"),
            ("--model=a:b", "b", "--model=a:"),
            ("--model=", "=", "--model="),
            ("cl", "cl", ""),
            ("cl", "'cl", ""),
        ] {
            assert_eq!(kept_by_bash(word, piece), kept, "{word} {piece}");
        }
    }

    #[test]
    fn a_model_that_means_something_to_a_shell_is_not_offered() {
        assert!(is_plain("claude-4-5-haiku") && is_plain("meta/llama-3.1:8b"));
        for id in [
            "$(reboot)",
            "a b",
            "`x`",
            "x;y",
            "a\u{1b}[31m",
            "x'y",
            "a\nb",
        ] {
            assert!(!is_plain(id), "{id:?}");
        }
    }

    #[test]
    fn every_script_asks_for_what_follows_in_its_own_form() {
        for (shell, name) in [
            (Shell::Bash, "bash"),
            (Shell::Zsh, "zsh"),
            (Shell::Fish, "fish"),
            (Shell::Powershell, "powershell"),
            (Shell::Elvish, "elvish"),
        ] {
            assert!(
                script(shell).contains(&format!("heroku-chat completions {name} --next -- ")),
                "{name}"
            );
        }
    }
}
