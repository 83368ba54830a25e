//! Reads the command line, and words what clap refuses.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, Id};

use super::Args;
use super::kept::{self, Kept, was_given};
use super::spelling::Spelling;

impl Args {
    /// The definition with the opposite of each switch.
    pub fn definition() -> Command {
        kept::with_opposites(Args::command())
    }

    /// Reads the command line, with what is kept as defaults. Ends the process if it is not
    /// understood, or asks for help.
    pub fn from_command_line(
        definition: Command,
        words: &[String],
        spelling: &Spelling,
        kept: &mut Kept,
    ) -> Self {
        let read = |definition| {
            let definition = kept.in_definition(definition, words);
            spelling.of_help(definition).try_get_matches()
        };
        // Opposites are rare, and to define them takes a tenth of the start.
        let matches = read(definition).or_else(|error| match error.kind() {
            ErrorKind::UnknownArgument => read(Args::definition()),
            _ => Err(error),
        });
        let mut matches = matches.unwrap_or_else(|error| without_false_tips(error).exit());
        if let Some(error) = misplaced_flag(&matches) {
            error.exit();
        }
        kept.retain_in_force(&matches);
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
