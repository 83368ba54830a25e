//! `sessions show`: what was said, as text or as JSON.

use serde_json::json;

use super::{as_json, list};
use crate::app::Context;
use crate::cli::SessionsShowArgs;
use crate::error::{Error, ExitStatus};
use crate::store::Sessions;

/// Prints a session.
///
/// # Errors
/// A name that no session or several have, a file that can't be read.
pub fn run(
    args: &SessionsShowArgs,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let name = sessions.find(&args.name)?;
    let restored = sessions.load(&name)?;
    restored
        .notices
        .iter()
        .for_each(|notice| context.screen.note(&notice.to_string()));
    if args.json {
        let mut object = list::object(&sessions.summary(&name)?);
        object["system"] = json!(restored.conversation.system());
        object["messages"] = json!(restored.conversation.messages());
        context.screen.print(&as_json(&object))?;
        return Ok(ExitStatus::Done);
    }
    match restored.conversation.transcript() {
        text if text.is_empty() => context.screen.note("it has no messages left"),
        text => context.screen.print(&text)?,
    }
    Ok(ExitStatus::Done)
}
