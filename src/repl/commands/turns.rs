//! Turns: asked again, continued, taken back, forgotten.

use super::super::line::as_typed;
use super::super::{Flow, Repl};
use crate::app::following::{Show, follow};
use crate::chat::Chat;
use crate::conversation::Role;
use crate::error::Error;

pub fn retry(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let Some(saying) = chat.say_again(&repl.context.interrupts) else {
        return repl.noted("there is no prompt to ask again");
    };
    let answer = follow(saying, Show::Words, &mut repl.context.screen);
    without_offer(repl.report(chat, answer))
}

/// The command that failed need not be offered again: it is short, and what it works on is still
/// there.
fn without_offer(flow: Result<Flow, Error>) -> Result<Flow, Error> {
    match flow? {
        Flow::Again => Ok(Flow::Continue),
        flow => Ok(flow),
    }
}

pub fn go_on(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if chat
        .conversation
        .messages()
        .last()
        .is_some_and(|last| last.role == Role::Assistant && !last.cut)
    {
        repl.screen()
            .note("the last answer is complete; it is asked for more all the same");
    }
    let Some(saying) = chat.go_on(&repl.context.interrupts) else {
        return repl.noted("there is no answer to go on with");
    };
    let answer = follow(saying, Show::Words, &mut repl.context.screen);
    without_offer(repl.report(chat, answer))
}

pub fn undo(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let Some(turn) = chat.conversation.take_turn() else {
        return repl.noted("there is no turn to take back");
    };
    let prompt = turn.prompt().clone();
    repl.screen()
        .note("the last turn is taken back; here is its prompt");
    repl.attach(prompt.attachments);
    repl.list_attachments();
    Ok(Flow::Edit(as_typed(prompt.content)))
}

pub fn edit(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let last = chat.conversation.last_prompt();
    let last = last.map_or_else(String::new, |prompt| prompt.content.clone());
    let edited = repl.edit(&last);
    Ok(Flow::Edit(as_typed(edited)))
}

pub fn clear(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if !repl.saving.may_be_left(&mut repl.context.screen) {
        return Ok(Flow::Continue);
    }
    chat.conversation.clear();
    chat.costs.clear();
    let left = repl.saving.begin_another()?;
    let before = left
        .map(|name| format!("; the last one stays as {name}"))
        .unwrap_or_default();
    repl.noted(&format!(
        "a new conversation; system prompt and model stay{before}"
    ))
}

pub fn quit(_: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    Ok(Flow::Leave)
}
