//! `/NAME`: asks with a prompt that has a name.

use std::mem;

use super::super::{Flow, Repl};
use super::attach;
use crate::app::prompts::PromptFile;
use crate::chat::Chat;
use crate::error::Error;
use crate::files::input;

/// Says it, with what waits for the next prompt in the place of standard input. What its head sets
/// holds for this turn.
pub fn prompt(
    repl: &mut Repl<'_>,
    chat: &mut Chat,
    file: &PromptFile,
    typed: &str,
    argument: &str,
) -> Result<Flow, Error> {
    if !attach::mentioned(repl, chat)? {
        return Ok(Flow::Edit(typed.to_owned()));
    }
    let has_subject = !(argument.is_empty() && repl.attachments.is_empty());
    // As on a command line, nothing is paid for an empty place.
    if file.takes_input() && !has_subject {
        repl.screen().warning(
            "there is nothing that it could be about: /file attaches one, and `!command` what \
             that prints",
        );
        return Ok(Flow::Edit(typed.to_owned()));
    }
    let (subject, others) = file.subject(repl.attachments.clone());
    let words = input::unfinished_words(argument);
    let text = file.fill(&words, argument, &subject)?;
    let settings = file.settings(&repl.settings)?;
    let system = chat.conversation.system().map(str::to_owned);
    let model = file.model.clone().unwrap_or_else(|| chat.model.clone());
    let model = mem::replace(&mut chat.model, model);
    let options = mem::replace(&mut chat.options, settings.values.request);
    if file.system.is_some() {
        chat.conversation.set_system(file.system.clone());
    }
    let attachments = mem::replace(&mut repl.attachments, others);
    let said = repl.say(chat, &text);
    if said.is_err() {
        repl.attachments = attachments;
    }
    (chat.model, chat.options) = (model, options);
    if file.system.is_some() {
        chat.conversation.set_system(system);
    }
    said
}
