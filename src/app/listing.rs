//! Saved conversations as a table or as JSON, and exports as files.

use std::path::Path;

use serde_json::{Value, json};

use crate::api::wait::Now;
use crate::error::Error;
use crate::export::Format;
use crate::files;
use crate::screen::{Overflow, Screen};
use crate::store::{Sessions, Summary, clock};

/// Prints the sessions, the newest first.
pub fn list_sessions(sessions: &Sessions, json: bool, screen: &mut Screen) -> Result<(), Error> {
    let listing = sessions.list()?;
    let (summaries, now) = (listing.sessions.iter(), Now::read().date);
    if json {
        screen.print(&format!("{:#}", summaries.map(object).collect::<Value>()))?;
    } else if listing.sessions.is_empty() {
        screen.note("no conversation is saved");
    } else {
        let rows = summaries.map(|summary| summary.row(now));
        screen.table(Some(Summary::HEADS), rows, Overflow::Cut)?;
    }
    warn_of_unreadable(&listing.unreadable, screen);
    Ok(())
}

/// Names the sessions that can't be read.
pub fn warn_of_unreadable(names: &[String], screen: &mut Screen) {
    if !names.is_empty() {
        let names = names.join(", ");
        screen.warning(&format!(
            "not readable, so left out: {names}. `heroku-chat sessions show` says why"
        ));
    }
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

/// Writes an exported conversation to a file that isn't there yet.
pub fn write_export(
    what: &'static str,
    path: &Path,
    format: Format,
    text: &str,
    screen: &mut Screen,
) -> Result<(), Error> {
    files::write_new(path, text).map_err(|error| Error::of_file(what, path, &error))?;
    let (path, about) = (path.display(), format.row().about);
    screen.note(&format!("written to {path}: {about}"));
    Ok(())
}
