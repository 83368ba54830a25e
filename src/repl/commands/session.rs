//! Conversations on disk: named, listed, loaded.

use super::super::{Flow, Repl, recap};
use crate::api::wait::Now;
use crate::app::saving::last_model;
use crate::chat::Chat;
use crate::error::Error;
use crate::screen::Overflow;
use crate::store::{Sessions, Summary};

pub fn save(repl: &mut Repl<'_>, chat: &mut Chat, name: &str) -> Result<Flow, Error> {
    let before = repl.saving.name();
    let name = Some(name).filter(|name| !name.is_empty());
    if !repl.saving.keep_as(name, chat, &mut repl.context.screen)? {
        return Ok(Flow::Continue);
    }
    let renamed = match (before, name) {
        (Some(before), Some(name)) if before != name => format!(", {before} before"),
        _ => String::new(),
    };
    let note = match repl.saving.name() {
        Some(name) if chat.conversation.messages().is_empty() => {
            format!("this conversation will be saved as {name}")
        }
        Some(name) => format!(
            "this conversation is saved as {name}{renamed}; --session {} goes on with it",
            crate::error::shell::quoted(&name)
        ),
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
    let restored = repl.saving.open(&name, &mut repl.context.screen)?;
    let now = Some(chat.model.clone());
    if let Some(model) = last_model(&restored, now, repl.connection, &mut repl.context.screen) {
        chat.model = model;
    }
    chat.conversation = restored.conversation;
    chat.costs = restored.costs;
    recap::show(chat, Some(&name), &mut repl.context.screen)?;
    Ok(Flow::Continue)
}

pub fn sessions(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    let listing = Sessions::in_data_folder()?.list()?;
    if !listing.unreadable.is_empty() {
        repl.screen().warning(&format!(
            "not readable, and left out: {}",
            listing.unreadable.join(", ")
        ));
    }
    if listing.sessions.is_empty() {
        return repl.noted("no conversation is saved");
    }
    let now = Now::read().date;
    let rows: Vec<[String; 5]> = listing
        .sessions
        .iter()
        .map(|summary| summary.row(now))
        .collect();
    repl.screen()
        .table(Some(Summary::HEADS), &rows, Overflow::Cut)?;
    Ok(Flow::Continue)
}
