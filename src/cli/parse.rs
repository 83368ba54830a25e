//! Reads the command line, and words what clap refuses.

use std::env;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Id, Parser};

use super::Args;
use super::help::in_form;
use super::offer::walk;
use super::spelling::Spelling;

impl Args {
    /// Reads the command line. Ends the process if it is not understood.
    pub fn from_command_line(spelling: &Spelling) -> Self {
        let args = Args::command().try_get_matches().and_then(|mut matches| {
            match misplaced_flag(&matches) {
                Some(error) => Err(error),
                None => Args::from_arg_matches_mut(&mut matches),
            }
        });
        let args = args.or_else(|error| match error.kind() {
            ErrorKind::DisplayHelp => Args::try_parse_from(asked_for_help(env::args())),
            _ => Err(error),
        });
        args.unwrap_or_else(|error| spelled(without_false_tips(error), spelling).exit())
    }
}

/// `config pull -h` as `help --short config pull`.
fn asked_for_help(words: impl Iterator<Item = String>) -> Vec<String> {
    let (mut root, words) = (Args::command(), words.skip(1).collect::<Vec<_>>());
    root.build();
    let is_long = words.iter().any(|word| word == "--help");
    let begin = [root.get_name(), "help", "--short"];
    let begin = &begin[..if is_long { 2 } else { 3 }];
    let path = walk(&root, &words).0;
    let names = path.iter().map(|command| command.get_name());
    let words = begin.iter().copied().chain(names);
    words.map(str::to_owned).collect()
}

/// An error with its usage as commands are typed here.
fn spelled(mut error: clap::Error, spelling: &Spelling) -> clap::Error {
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = format!("Usage: {}", in_form(&usage.to_string(), spelling)).into();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    error
}

/// Words with white space between them are a prompt and no flag, so no flag is proposed for them.
pub fn without_false_tips(mut error: clap::Error) -> clap::Error {
    let is_prose = matches!(
        error.get(ContextKind::InvalidArg),
        Some(ContextValue::String(text)) if text.contains(char::is_whitespace)
    );
    if is_prose && error.kind() == ErrorKind::UnknownArgument {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Usage);
        let tip = "a prompt that begins with a dash goes behind '--', after all flags".into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// A flag of the chat before the name of another command would be read and not used.
pub fn misplaced_flag(matches: &ArgMatches) -> Option<clap::Error> {
    let command = matches.subcommand_name()?;
    let is_given = |id: &Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    // To ask the definition costs as much as to read the command line.
    if !matches.ids().any(is_given) {
        return None;
    }
    let mut root = Args::command();
    let is_misplaced = |flag: &&Arg| !flag.is_global_set() && is_given(flag.get_id());
    let flag = root.get_arguments().find(is_misplaced)?.get_long()?;
    let message = format!("--{flag} belongs behind the command: heroku-chat {command} --{flag} …");
    Some(root.error(ErrorKind::ArgumentConflict, message))
}
