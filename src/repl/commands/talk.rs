//! Turns: asked again, continued, taken back, forgotten.

use super::super::line::as_typed;
use super::super::{Flow, Repl};
use crate::app::following::{Show, follow};
use crate::chat::Chat;
use crate::conversation::Role;
use crate::error::Error;

pub fn retry(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    match chat.say_again(&repl.context.interrupts) {
        Some(saying) => {
            let answer = follow(saying, Show::Words, &mut repl.context.screen);
            without_offer(repl.report(chat, answer))
        }
        None => {
            repl.screen().note("there is no prompt to ask again");
            Ok(Flow::Continue)
        }
    }
}

/// The command that failed need not be offered again: it is short, and what it works on is still
/// there.
fn without_offer(flow: Result<Flow, Error>) -> Result<Flow, Error> {
    flow.map(|flow| {
        if matches!(flow, Flow::Again) {
            Flow::Continue
        } else {
            flow
        }
    })
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
    match chat.go_on(&repl.context.interrupts) {
        Some(saying) => {
            let answer = follow(saying, Show::Words, &mut repl.context.screen);
            without_offer(repl.report(chat, answer))
        }
        None => {
            repl.screen().note("there is no answer to go on with");
            Ok(Flow::Continue)
        }
    }
}

pub fn undo(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    match chat.conversation.take_turn() {
        Some(turn) => {
            let prompt = turn.prompt().clone();
            repl.screen()
                .note("the last turn is taken back; here is its prompt");
            repl.attach(prompt.attachments);
            repl.list_attachments();
            Ok(Flow::Edit(as_typed(prompt.content)))
        }
        None => {
            repl.screen().note("there is no turn to take back");
            Ok(Flow::Continue)
        }
    }
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
    repl.screen().note(&format!(
        "a new conversation; system prompt and model stay{before}"
    ));
    Ok(Flow::Continue)
}

pub fn quit(_: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    Ok(Flow::Leave)
}
