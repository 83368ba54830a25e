//! Turns: asked again, continued, taken back, forgotten.

use super::super::line::as_typed;
use super::super::{Flow, Repl};
use crate::chat::Chat;
use crate::conversation::Role;
use crate::error::Error;

pub fn retry(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if let Some(prompt) = repl.failed.take() {
        return repl.say(chat, &prompt);
    }
    match repl.turn(chat, Chat::say_again)? {
        true => Ok(Flow::Continue),
        false => repl.noted("there is no prompt to ask again"),
    }
}

pub fn go_on(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let last = chat.conversation.messages().last();
    if last.is_some_and(|last| last.role == Role::Assistant && !last.cut) {
        let note = "the last answer is complete; it is asked for more all the same";
        repl.screen().note(note);
    }
    match repl.turn(chat, Chat::go_on)? {
        true => Ok(Flow::Continue),
        false => repl.noted("there is no answer to go on with"),
    }
}

pub fn undo(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    repl.failed = None;
    let Some(turn) = chat.conversation.take_turn() else {
        return repl.noted("there is no turn to take back");
    };
    let prompt = turn.prompt().clone();
    let (question, had_facts) = repl.question(prompt.content);
    repl.offers_facts |= had_facts;
    repl.screen()
        .note("the last turn is taken back; here is its prompt");
    repl.attach(prompt.attachments);
    repl.list_attachments();
    Ok(Flow::Edit(as_typed(question)))
}

pub fn edit(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let last = chat.conversation.last_prompt();
    let last = last.map_or_else(String::new, |prompt| prompt.content.clone());
    let last = repl.failed.clone().unwrap_or_else(|| repl.question(last).0);
    let edited = repl.edit(&last);
    Ok(Flow::Edit(as_typed(edited)))
}

pub fn clear(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if !repl.saving.may_be_left(&mut repl.context.screen) {
        return Ok(Flow::Continue);
    }
    chat.conversation.clear();
    repl.failed = None;
    repl.attachments.clear();
    repl.forget_facts(chat);
    chat.costs.clear();
    let mut note = "a new conversation; system prompt and model stay".to_owned();
    if let Some(name) = repl.saving.begin_another()? {
        note += &format!("; the last one stays as {name}");
    }
    repl.noted(&note)
}

pub fn quit(_: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    Ok(Flow::Leave)
}
