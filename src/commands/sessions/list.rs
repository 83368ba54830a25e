//! `sessions list` and `sessions search`: tables of sessions, and of lines found in them.

use serde_json::{Value, json};

use super::as_json;
use crate::api::wait::Now;
use crate::app::Context;
use crate::cli::{SessionsListArgs, SessionsSearchArgs};
use crate::error::{Error, ExitStatus};
use crate::screen::Overflow;
use crate::store::{Found, Sessions, Summary, clock};

/// Prints the sessions, the newest first.
pub fn list(
    args: &SessionsListArgs,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let listing = sessions.list()?;
    let now = Now::read().date;
    let rows: Vec<[String; 5]> = listing
        .sessions
        .iter()
        .map(|summary| summary.row(now))
        .collect();
    if args.json {
        context
            .screen
            .print(&as_json(&listing.sessions.iter().map(object).collect()))?;
    } else if rows.is_empty() {
        context.screen.note("no conversation is saved");
    } else {
        context
            .screen
            .table(Some(Summary::HEADS), &rows, Overflow::Cut)?;
    }
    if !listing.unreadable.is_empty() {
        let names = listing.unreadable.join(", ");
        context.screen.warning(&format!(
            "not readable, so left out: {names}. `heroku-chat sessions show` says why"
        ));
    }
    Ok(ExitStatus::Done)
}

/// A session without what was said.
pub fn object(summary: &Summary) -> Value {
    json!({
        "name": summary.name,
        "title": summary.title,
        "turns": summary.turns,
        "model": summary.model,
        "started": summary.started,
        "changed": clock::rfc3339(summary.changed),
        "bytes": summary.bytes,
    })
}

/// Prints the messages that have all of the words.
///
/// # Errors
/// As [`list`].
pub fn search(
    args: &SessionsSearchArgs,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let found = sessions.search(&args.words)?;
    if args.json {
        let object =
            |found: &Found| json!({"name": found.name, "role": found.role, "line": found.line});
        context
            .screen
            .print(&as_json(&found.iter().map(object).collect()))?;
    } else if found.is_empty() {
        context.screen.note("no message has all of these words");
    } else {
        let row = |found: Found| [found.name, found.role.word().to_owned(), found.line];
        let rows: Vec<[String; 3]> = found.into_iter().map(row).collect();
        context
            .screen
            .table(Some(["NAME", "ROLE", "LINE"]), &rows, Overflow::Cut)?;
    }
    Ok(ExitStatus::Done)
}
