//! Conversations on disk: named, listed, loaded.

use super::super::{Flow, Repl, recap};
use crate::app::listing::list_sessions;
use crate::app::saving::{Saving, last_model, refusal};
use crate::chat::Chat;
use crate::error::Error;
use crate::store::Sessions;

pub fn save(repl: &mut Repl<'_>, chat: &mut Chat, name: &str) -> Result<Flow, Error> {
    let before = repl.saving.name();
    let name = Some(name).filter(|name| !name.is_empty());
    if !repl.saving.save_as(name, chat, &mut repl.context.screen)? {
        return Ok(Flow::Continue);
    }
    let before = before.filter(|before| name.is_some_and(|name| name != before));
    let note = match repl.saving.name() {
        Some(name) if chat.conversation.messages().is_empty() => {
            format!("this conversation will be saved as {name}")
        }
        Some(name) => {
            let renamed = before.map_or_else(String::new, |before| format!(", {before} before"));
            let command = repl.command_for(&name);
            format!("this conversation is saved as {name}{renamed}; `{command}` goes on with it")
        }
        None => "this conversation is saved with its first turn, under a name made of the prompt"
            .to_owned(),
    };
    repl.noted(&note)
}

pub fn load(repl: &mut Repl<'_>, chat: &mut Chat, name: &str) -> Result<Flow, Error> {
    if name.is_empty() {
        repl.screen().note("/load NAME goes on with one of these:");
        return sessions(repl, chat, "");
    }
    let name = Sessions::in_data_folder()?.find(name)?;
    if repl.saving.name().as_deref() == Some(&name) {
        return repl.noted(&format!("{name} is this conversation"));
    }
    if !repl.saving.may_be_left(&mut repl.context.screen) {
        return Ok(Flow::Continue);
    }
    let screen = &mut repl.context.screen;
    // /save goes before what is set.
    let refusal = refusal(&repl.settings).filter(|_| !repl.saving.is_on);
    let (restored, saving) = Saving::open(&name, refusal, screen)?;
    repl.saving = saving;
    let now = Some(chat.model.clone());
    if let Some(model) = last_model(&restored, now, repl.connection, screen) {
        chat.model = model;
    }
    chat.conversation = restored.conversation;
    repl.failed = None;
    chat.costs = restored.costs;
    recap::show(chat, Some(&name), screen)?;
    Ok(Flow::Continue)
}

pub fn sessions(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    list_sessions(&Sessions::in_data_folder()?, false, repl.screen())?;
    Ok(Flow::Continue)
}
