//! A file per subcommand.

mod ask;
mod chat;
mod completions;
mod config;
mod doctor;
mod models;
mod sandbox;
mod sessions;

use crate::app::{Context, text_or_file};
use crate::cli::{Args, Command, RequestArgs};
use crate::error::{Error, ExitStatus};

/// Runs the command that was given.
pub fn run(args: Args, context: &mut Context) -> Result<ExitStatus, Error> {
    match args.command.unwrap_or(Command::Chat(args.chat)) {
        Command::Chat(args) => chat::run(&args, context),
        Command::Ask(args) => ask::run(&args, context),
        Command::Config(args) => config::run(&args, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Models(args) => models::run(&args, context),
        Command::Sessions(args) => sessions::run(&args, context),
        Command::Sandbox(args) => sandbox::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
    }
}

/// The system prompt that the flags give.
fn system_prompt(args: &RequestArgs) -> Result<Option<String>, Error> {
    args.system.as_deref().map(text_or_file).transpose()
}
