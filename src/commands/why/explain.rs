//! What comes after a verdict: a model is asked about the facts, if the user wants that.

use std::io::{self, IsTerminal};

use crate::app::Context;
use crate::app::explaining::{doubt, instruct, prompt};
use crate::app::following::{Show, follow};
use crate::cli::{ChatArgs, WhyArgs};
use crate::commands::open;
use crate::conversation::Message;
use crate::error::{Error, ExitStatus};
use crate::repl::{Repl, footer};
use crate::why::Brief;

/// Does what flags and terminal ask for, behind a verdict with this exit code.
///
/// # Errors
/// Ctrl-C, and failures of the outputs.
pub fn explain(
    facts: Brief,
    verdict: ExitStatus,
    args: &WhyArgs,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let mut chat = args.chat.clone();
    chat.connection.heroku.has_other_use = true;
    let (done, failed) = match args.explain {
        true => (ask(&facts, &chat, context), ExitStatus::Service),
        false if !io::stdin().is_terminal() || !context.screen.is_interactive() => {
            return Ok(verdict);
        }
        false => (offer(facts, &chat, context), verdict),
    };
    match done {
        Ok(()) => Ok(verdict),
        Err(error @ (Error::Interrupted | Error::ReaderGone | Error::Output(_))) => Err(error),
        Err(error) => {
            context.screen.explain(&error);
            Ok(failed)
        }
    }
}

/// Sends the facts once.
fn ask(facts: &Brief, args: &ChatArgs, context: &mut Context) -> Result<(), Error> {
    let (mut chat, mut saving, connection, _) = open(args, false, context)?;
    if chat.model.is_empty() {
        return Err(connection.no_model(context));
    }
    let screen = &mut context.screen;
    screen.print("")?;
    instruct(&mut chat.conversation);
    let message = Message::prompt(prompt(facts, ""), Vec::new());
    let answer = follow(chat.say(message, &context.interrupts), Show::Words, screen)?;
    saving.save(&mut chat, screen);
    let remarks = [answer.completion.remark(), doubt(&chat)];
    remarks.iter().flatten().for_each(|it| screen.warning(it));
    screen.footer(&footer(&chat, &answer));
    answer.cut.map_or(Ok(()), Err)
}

/// Opens a chat that Enter begins, if there is a service.
fn offer(facts: Brief, args: &ChatArgs, context: &mut Context) -> Result<(), Error> {
    let (mut chat, saving, connection, settings) = match open(args, true, context) {
        Err(error @ Error::MissingVariables(_)) => {
            let reason = error.explain().title;
            let app = args.connection.heroku.app.as_ref();
            let app = app.map_or_else(String::new, |app| format!(" -a {app}"));
            let advice = format!("see `heroku-chat doctor{app}`");
            context
                .screen
                .note(&format!("no model can be asked: {reason}; {advice}"));
            return Ok(());
        }
        opened => opened?,
    };
    let mut repl = Repl::new(&connection, context, settings, saving, super::show)?;
    if repl.choose_model(&mut chat)? {
        repl.offer(&mut chat, facts);
        repl.run(chat, None)?;
    }
    Ok(())
}
