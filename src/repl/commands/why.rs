//! `/why`: examines an app, and offers its facts to the model.

use super::super::{Flow, Repl};
use crate::chat::Chat;
use crate::error::Error;

pub fn why(repl: &mut Repl<'_>, chat: &mut Chat, app: &str) -> Result<Flow, Error> {
    if app == "none" {
        repl.forget_facts(chat);
        return repl.noted("no facts go with the next prompt");
    }
    let set = repl.connection.settings.app.as_deref();
    let app = Some(app).filter(|app| !app.is_empty()).or(set);
    let (mut examined, verdict) = (repl.examine)(app, repl.context)?;
    let facts = examined.brief(&verdict);
    repl.offer(chat, facts);
    Ok(Flow::Continue)
}
