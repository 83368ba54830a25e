//! `sessions delete`: asks before it deletes what was not named in full.

use crate::app::Context;
use crate::cli::SessionsDeleteArgs;
use crate::error::{Error, ExitStatus};
use crate::store::Sessions;

/// Deletes sessions; none of them if one of the names has no session.
///
/// # Errors
/// A name that is nobody's; a deletion that nobody confirmed; a session that another process has
/// open.
pub fn run(
    args: &SessionsDeleteArgs,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let names = names(args, sessions)?;
    let is_exact = !args.all && names.iter().all(|name| args.names.contains(name));
    if names.is_empty() {
        context.screen.note("no conversation is saved");
        return Ok(ExitStatus::Done);
    }
    if !is_exact && !args.yes {
        let what = match &names[..] {
            [name] => format!("deleting {name}"),
            names => format!("deleting {} conversations", names.len()),
        };
        if !context
            .screen
            .confirm(&format!("{what} can't be undone; continue?"))
        {
            return Err(Error::Unconfirmed { what });
        }
    }
    let mut failure = None;
    for name in &names {
        match sessions.delete(name) {
            Ok(()) => context.screen.note(&format!("deleted {name}")),
            // The others go all the same; the last failure is explained in full.
            Err(error) => {
                context.screen.note(&format!("left {name}"));
                failure = Some(error);
            }
        }
    }
    failure.map_or(Ok(ExitStatus::Done), Err)
}

/// The sessions that are meant, each once.
fn names(args: &SessionsDeleteArgs, sessions: &Sessions) -> Result<Vec<String>, Error> {
    if args.all {
        return sessions.names();
    }
    let mut names = Vec::new();
    for typed in &args.names {
        // Without a question, only what is named in full is meant.
        let name = match args.yes {
            true => sessions.exact(typed)?,
            false => sessions.find(typed)?,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
