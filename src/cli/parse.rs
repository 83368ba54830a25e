//! Reads the command line, and words what clap refuses.

use std::env;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, Id};

use super::Args;
use super::help::in_form;
use super::kept::{self, Kept, was_given};
use super::offer::walk;
use super::spelling::Spelling;

impl Args {
    /// The definition with the opposite of each switch.
    pub fn definition() -> Command {
        kept::with_opposites(Args::command())
    }

    /// Reads the command line, with what is kept as defaults. Ends the process if it is not
    /// understood.
    pub fn from_command_line(spelling: &Spelling, keep: &Keep<'_>) -> (Self, Kept) {
        let words: Vec<OsString> = env::args_os().collect();
        read(&words, keep)
            .unwrap_or_else(|error| spelled(with_fitting_tips(error), spelling).exit())
    }
}

/// Gives what is kept for a command line that was understood, by its definition.
pub type Keep<'a> = dyn Fn(&ArgMatches, &Command) -> Kept + 'a;

/// Reads the words of a command line, the program's name first.
pub fn read(words: &[OsString], keep: &Keep<'_>) -> Result<(Args, Kept), clap::Error> {
    let error = match parsed(words, keep) {
        Ok(args) => return Ok(args),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp => parsed(&asked_for_help(words), keep),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand if path(words).is_empty() => {
            as_prompt(words, error, keep)
        }
        _ => Err(error),
    }
}

fn parsed(words: &[OsString], keep: &Keep<'_>) -> Result<(Args, Kept), clap::Error> {
    let mut definition = Args::command();
    // Opposites are rare, and to define them takes a tenth of the start.
    let matches = definition.try_get_matches_from_mut(words).or_else(|error| {
        if !may_be_opposite(&error) {
            return Err(error);
        }
        definition = Args::definition();
        definition.try_get_matches_from_mut(words)
    });
    let mut matches = matches?;
    if let Some(error) = misplaced_flag(&matches) {
        return Err(error);
    }
    let mut kept = keep(&matches, &definition);
    if let Some(definition) = kept.as_defaults(&matches, definition) {
        matches = definition.try_get_matches_from(words)?;
    }
    Ok((Args::from_arg_matches_mut(&mut matches)?, kept))
}

fn may_be_opposite(error: &clap::Error) -> bool {
    let typed = error.get(ContextKind::InvalidArg);
    matches!(typed, Some(ContextValue::String(typed)) if typed.starts_with("--"))
        && error.kind() == ErrorKind::UnknownArgument
}

/// What no command is named in is `ask`, if that understands it.
fn as_prompt(
    words: &[OsString],
    error: clap::Error,
    keep: &Keep<'_>,
) -> Result<(Args, Kept), clap::Error> {
    let (program, rest) = words.split_at(1);
    let ask = [program, &["ask".into()], rest].concat();
    match parsed(&ask, keep) {
        Ok((mut args, kept)) => {
            args.is_bare_prompt = true;
            Ok((args, kept))
        }
        Err(other) if other.kind() == ErrorKind::DisplayHelp => parsed(&asked_for_help(&ask), keep),
        Err(other) if other.kind() == error.kind() => Err(error),
        Err(other) => Err(other),
    }
}

/// The names of the commands on a command line.
fn path(words: &[OsString]) -> Vec<String> {
    let mut root = Args::command();
    root.build();
    let words = words.iter().skip(1);
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into()).collect();
    let path = walk(&root, &words).0.into_iter();
    path.map(|command| command.get_name().to_owned()).collect()
}

/// `config pull -h` as `help --short config pull`.
fn asked_for_help(words: &[OsString]) -> Vec<OsString> {
    let is_long = words.iter().any(|word| word == "--help");
    let begin = ["heroku-chat", "help", "--short"];
    let begin = &begin[..if is_long { 2 } else { 3 }];
    let begin = begin.iter().map(Into::into);
    begin
        .chain(path(words).into_iter().map(Into::into))
        .collect()
}

/// An error with its usage as commands are typed here.
fn spelled(mut error: clap::Error, spelling: &Spelling) -> clap::Error {
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = format!("Usage: {}", in_form(&usage.to_string(), spelling)).into();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    error
}

/// Flags of other programs, and what they are here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("-p", "to print one answer and end: heroku-chat ask PROMPT"),
    (
        "--print",
        "to print one answer and end: heroku-chat ask PROMPT",
    ),
    (
        "-x",
        "the first code block of an answer: heroku-chat ask --code PROMPT",
    ),
    (
        "--extract",
        "the first code block of an answer: heroku-chat ask --code PROMPT",
    ),
    (
        "-s",
        "the system prompt is --system, a conversation --session",
    ),
    ("--role", "the system prompt is --system"),
    (
        "-o",
        "each option has a flag of its own, such as --temperature",
    ),
    (
        "-C",
        "to go on with the last conversation: --continue, or -c",
    ),
    (
        "-l",
        "the lists are heroku-chat models and heroku-chat sessions",
    ),
    ("--list-models", "the list is heroku-chat models"),
];

/// Words with white space between them are a prompt and no flag, so no flag is proposed for them;
/// for flags of other programs, what they are here.
pub fn with_fitting_tips(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let is_prose = typed.contains(char::is_whitespace);
    let tip = match ELSEWHERE.iter().find(|(flag, _)| flag == typed) {
        Some((_, here)) => here,
        None if is_prose => "a prompt that begins with a dash goes behind '--', after all flags",
        None if !typed.starts_with('-') => "a question goes in quotes, or behind heroku-chat ask",
        None => return error,
    };
    error.remove(ContextKind::SuggestedArg);
    if is_prose {
        error.remove(ContextKind::Usage);
    }
    let tip = ContextValue::StyledStrs(vec![tip.into()]);
    error.insert(ContextKind::Suggested, tip);
    error
}

/// A flag of the chat before the name of another command would be read and not used.
pub fn misplaced_flag(matches: &ArgMatches) -> Option<clap::Error> {
    let command = matches.subcommand_name()?;
    let is_given = |id: &Id| was_given(matches, id.as_str());
    // To ask the definition costs as much as to read the command line.
    if !matches.ids().any(is_given) {
        return None;
    }
    let mut root = Args::definition();
    // What holds for all below that command was perhaps given there.
    let below = root.find_subcommand(command).into_iter();
    let below = below
        .flat_map(Command::get_arguments)
        .filter(|it| it.is_global_set());
    let below: Vec<Id> = below.map(|flag| flag.get_id().clone()).collect();
    let is_misplaced = |flag: &&Arg| {
        let id = flag.get_id();
        !flag.is_global_set() && is_given(id) && !below.contains(id)
    };
    let flag = root.get_arguments().find(is_misplaced)?.get_long()?;
    let message = format!("--{flag} belongs behind the command: heroku-chat {command} --{flag} …");
    Some(root.error(ErrorKind::ArgumentConflict, message))
}
