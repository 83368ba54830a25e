//! `sessions delete`: asks before it deletes what was not named in full.

use std::collections::BTreeSet;

use crate::app::Context;
use crate::cli::SessionsDeleteArgs;
use crate::error::{Error, ExitStatus};
use crate::store::Sessions;

/// Deletes sessions; none of them if one of the names has no session.
///
/// # Errors
/// A name that no session has; a deletion that nobody confirmed; a session that another process has
/// open.
pub fn run(
    args: &SessionsDeleteArgs,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    // Without a question, only what is named in full is meant.
    let meant = |typed: &String| match args.yes {
        true => sessions.exact(typed),
        false => sessions.find(typed),
    };
    let names: BTreeSet<String> = match args.all {
        true => sessions.names()?.into_iter().collect(),
        false => args.names.iter().map(meant).collect::<Result<_, _>>()?,
    };
    let is_exact = !args.all && names.iter().all(|name| args.names.contains(name));
    if names.is_empty() {
        context.screen.note("no conversation is saved");
        return Ok(ExitStatus::Done);
    }
    if !is_exact && !args.yes {
        let what = match (names.first(), names.len()) {
            (Some(name), 1) => format!("deleting {name}"),
            (_, count) => format!("deleting {count} conversations"),
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
            // The others are deleted all the same; the last failure is explained in full.
            Err(error) => {
                context.screen.note(&format!("left {name}"));
                failure = Some(error);
            }
        }
    }
    failure.map_or(Ok(ExitStatus::Done), Err)
}
