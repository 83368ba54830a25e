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
    let sessions = Sessions::in_data_folder(repl.connection.shelf())?;
    let name = match name {
        "" => match sessions.list()?.sessions {
            all if all.is_empty() => return repl.noted("no conversation is saved"),
            all => repl.choose_session(&all)?,
        },
        typed => Some(sessions.find(typed)?),
    };
    let Some(name) = name else {
        return Ok(Flow::Continue);
    };
    if repl.saving.name().as_deref() == Some(&name) {
        return repl.noted(&format!("{name} is this conversation"));
    }
    if repl.saving.may_be_left(&mut repl.context.screen) {
        go_on_with(repl, chat, &name)?;
        recap::show(chat, Some(&name), repl.screen())?;
    }
    Ok(Flow::Continue)
}

/// Puts a saved conversation in place of this one.
pub fn go_on_with(repl: &mut Repl<'_>, chat: &mut Chat, name: &str) -> Result<(), Error> {
    let screen = &mut repl.context.screen;
    // /save goes before what is set.
    let refusal = refusal(&repl.settings).filter(|_| !repl.saving.is_on);
    let (restored, saving) = Saving::open(name, repl.connection.shelf(), refusal, screen)?;
    repl.saving = saving;
    (repl.facts, repl.offers_facts) = (None, false);
    let now = Some(chat.model.clone());
    if let Some(model) = last_model(&restored, now, repl.connection, screen) {
        chat.model = model;
    }
    chat.conversation = restored.conversation;
    repl.failed = None;
    repl.attachments.clear();
    chat.costs = restored.costs;
    Ok(())
}

pub fn sessions(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    let sessions = Sessions::in_data_folder(repl.connection.shelf())?;
    list_sessions(&sessions, false, repl.screen())?;
    Ok(Flow::Continue)
}
