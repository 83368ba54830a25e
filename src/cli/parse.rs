//! Reads the command line, and words what clap refuses.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Id};

use super::Args;
use super::spelling::Spelling;

impl Args {
    /// Reads the command line. Ends the process if it is not understood, or asks for help.
    pub fn from_command_line(spelling: &Spelling) -> Self {
        let mut matches = spelling
            .of_help(Args::command())
            .try_get_matches()
            .unwrap_or_else(|error| without_false_tips(error).exit());
        if let Some(error) = misplaced_flag(&matches) {
            error.exit();
        }
        Args::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
    }
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
