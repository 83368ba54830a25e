//! `heroku-chat` and `heroku-chat chat`: the REPL on a terminal, a prompt per line from a pipe.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use crate::chat::Chat;
use crate::cli::ChatArgs;
use crate::context::Context;
use crate::conversation::Message;
use crate::error::{Error, ExitStatus};
use crate::following::{Show, follow};
use crate::repl::Repl;
use crate::saving::{Saving, Start, Unnamed};
use crate::store::Restored;

/// Opens the chat.
///
/// # Errors
/// Settings that can't be used, and in a pipe the first turn that fails.
pub fn run(args: &ChatArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let system = super::system_prompt(&args.request)?;
    let is_terminal = io::stdin().is_terminal();
    // Scripts leave nothing behind but what they ask for.
    let unnamed = if is_terminal {
        Unnamed::Saved
    } else {
        Unnamed::NotSaved
    };
    let settings = context.settings(&args.request.settings)?;
    let start = Start::new(&args.session, &settings, unnamed, context)?;
    let connection = context.connect(&args.connection)?;
    let model = start.model(
        args.connection.model.as_deref(),
        &connection,
        &mut context.ui,
    );
    let Start {
        restored:
            Restored {
                mut conversation,
                costs,
                ..
            },
        saving,
    } = start;
    if system.is_some() {
        conversation.set_system(system);
    }
    let options = settings.values().request.clone();
    let chat = |model| {
        let mut chat = Chat::new(connection.client.clone(), model, options, conversation);
        chat.costs = costs;
        chat
    };

    if is_terminal {
        let mut repl = Repl::new(&connection, context)?;
        let Some(model) = repl.choose_model(model)? else {
            return Ok(ExitStatus::Done);
        };
        return repl.run(chat(model), settings, saving);
    }
    match model {
        Some(model) => script(chat(model), saving, context),
        None => Err(connection.no_model(context)),
    }
}

/// A turn per line, in one conversation; stops at the first that fails.
fn script(mut chat: Chat, mut saving: Saving, context: &mut Context) -> Result<ExitStatus, Error> {
    for line in io::stdin().lock().lines() {
        let line = line
            .map_err(|error| Error::of_file("the input", Path::new("on standard input"), &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let saying = chat.say(Message::prompt(line, Vec::new()), &context.interrupts);
        let answer = follow(saying, Show::Words, &mut context.ui)?;
        saving.keep(&mut chat, &mut context.ui);
        answer
            .completion
            .remark()
            .iter()
            .for_each(|remark| context.ui.warning(remark));
        if let Some(cut) = answer.cut {
            return Err(cut);
        }
    }
    Ok(ExitStatus::Done)
}
