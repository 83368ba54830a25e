//! `heroku-chat` and `heroku-chat chat`: the REPL on a terminal, a prompt per line from a pipe.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use crate::cli::ChatArgs;
use crate::context::Context;
use crate::conversation::{Conversation, Message};
use crate::error::{Error, ExitStatus};
use crate::repl::Repl;
use crate::turn::{Chat, Show};

/// Opens the chat.
///
/// # Errors
/// Settings that can't be used, and in a pipe the first turn that fails.
pub fn run(args: &ChatArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let system = super::system_prompt(&args.request)?;
    let connection = context.connect(&args.connection)?;
    let mut conversation = Conversation::default();
    conversation.set_system(system);
    let options = super::request_options(&args.request);
    let model = connection.settings.model.as_ref().map(|setting| setting.value.clone());
    let chat = |model| Chat::new(connection.client.clone(), model, options, conversation);

    if io::stdin().is_terminal() {
        let mut repl = Repl::new(&connection, context)?;
        let Some(model) = repl.choose_model(model)? else { return Ok(ExitStatus::Done) };
        return repl.run(chat(model));
    }
    match model {
        Some(model) => script(chat(model), context),
        None => Err(connection.no_model(&context.interrupts)),
    }
}

/// A turn per line, in one conversation; stops at the first that fails.
fn script(mut chat: Chat, context: &mut Context) -> Result<ExitStatus, Error> {
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Error::unreadable("the input", Path::new("on standard input"), &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = chat.say(Message::prompt(line, Vec::new()), Show::Words, &mut context.ui, &context.interrupts)?;
        answer.completion.remark().iter().for_each(|remark| context.ui.warning(remark));
        if let Some(cut) = answer.cut {
            return Err(cut);
        }
    }
    Ok(ExitStatus::Done)
}
