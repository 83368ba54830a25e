//! `/NAME`: asks with a prompt that has a name.

use std::mem;

use super::super::{Flow, Repl};
use super::attach;
use crate::app::prompts::PromptFile;
use crate::chat::Chat;
use crate::conversation::Attachment;
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
    let is_subject = |it: &Attachment| file.takes_input() && !it.is_image();
    let (waiting, others): (Vec<_>, Vec<_>) =
        repl.attachments.clone().into_iter().partition(is_subject);
    let has_subject = !(argument.is_empty() && repl.attachments.is_empty());
    if file.takes_input() && !has_subject && chat.conversation.turns() == 0 {
        repl.screen().warning(
            "there is nothing yet that it could be about: /file attaches one, and `!command` what \
             that prints",
        );
        return Ok(Flow::Edit(typed.to_owned()));
    }
    let subject: Vec<String> = waiting.iter().filter_map(Attachment::quoted).collect();
    let words = input::unfinished_words(argument);
    let text = file.fill(&words, argument, &subject.join("\n\n"))?;
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
