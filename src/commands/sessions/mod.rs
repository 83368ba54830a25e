//! `heroku-chat sessions`: the saved conversations.

mod delete;
mod export;
mod list;
mod show;

use serde_json::Value;

use crate::app::Context;
use crate::cli::{SessionsArgs, SessionsCommand};
use crate::error::{Error, ExitStatus};
use crate::store::Sessions;

/// Runs the command that was given.
///
/// # Errors
/// A session that isn't there or can't be read.
pub fn run(args: &SessionsArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let sessions = Sessions::in_data_folder()?;
    match &args.command {
        None => list::list(&args.list, &sessions, context),
        Some(SessionsCommand::List(args)) => list::list(args, &sessions, context),
        Some(SessionsCommand::Search(args)) => list::search(args, &sessions, context),
        Some(SessionsCommand::Show(args)) => show::run(args, &sessions, context),
        Some(SessionsCommand::Export(args)) => export::run(args, &sessions, context),
        Some(SessionsCommand::Delete(args)) => delete::run(args, &sessions, context),
    }
}

fn as_json(value: &Value) -> String {
    format!("{value:#}")
}
