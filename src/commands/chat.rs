//! `heroku-chat` and `heroku-chat chat`: the REPL on a terminal; from a pipe one prompt, or one a
//! line.

use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use crate::app::Context;
use crate::app::following::{Show, follow};
use crate::app::saving::Saving;
use crate::chat::Chat;
use crate::cli::{AskArgs, ReplArgs};
use crate::conversation::Message;
use crate::error::{Error, ExitStatus};
use crate::files::input;
use crate::repl::Repl;
use crate::sandbox::Sandbox;

/// Opens the chat.
///
/// # Errors
/// Settings that can't be used, and in a pipe the first turn that fails.
pub fn run(
    args: &ReplArgs,
    prompt: Vec<String>,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let is_terminal = io::stdin().is_terminal();
    if args.resume && !is_terminal {
        return Err(Error::NobodyToAsk);
    }
    if !is_terminal && !args.lines {
        return super::ask::run(&AskArgs::new(prompt, args.chat.clone()), context);
    }
    let prompt = Some(prompt.join(" ")).filter(|prompt| !prompt.trim().is_empty());
    // Scripts leave nothing behind but what they ask for.
    let (mut chat, saving, connection, settings) = super::open(&args.chat, is_terminal, context)?;
    if is_terminal {
        // Whoever looks around for the first time is shown around.
        let connected = &args.chat.connection;
        let is_new = chat.conversation.messages().is_empty() && connected.model.is_none();
        if connection.sandbox.is_some() && is_new {
            Sandbox::TOUR_MODEL.clone_into(&mut chat.model);
        }
        let mut repl = Repl::new(&connection, context, settings, saving, super::why::show)?;
        if args.resume && !repl.resume(&mut chat, &args.chat)? {
            return Ok(ExitStatus::Done);
        }
        return match repl.choose_model(&mut chat)? {
            true => repl.run(chat, prompt),
            false => Ok(ExitStatus::Done),
        };
    }
    match chat.model.is_empty() {
        true => Err(connection.no_model(context)),
        false => script(chat, saving, prompt, context),
    }
}

/// A turn per line, in one conversation; stops at the first that fails.
fn script(
    mut chat: Chat,
    mut saving: Saving,
    mut first: Option<String>,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let mut lines = io::stdin().lock();
    let unreadable = |error| Error::of_file("the input", Path::new("on standard input"), &error);
    let mut next = || match first.take() {
        Some(prompt) => Ok(Some(prompt)),
        None => next_line(&mut lines),
    };
    while let Some(line) = next().map_err(unreadable)? {
        if line.trim().is_empty() {
            continue;
        }
        let saying = chat.say(Message::prompt(line, Vec::new()), &context.interrupts);
        let answer = follow(saying, Show::Words, &mut context.screen)?;
        saving.save(&mut chat, &mut context.screen);
        if let Some(remark) = answer.completion.remark() {
            context.screen.warning(&remark);
        }
        if let Some(cut) = answer.cut {
            return Err(cut);
        }
    }
    Ok(ExitStatus::Done)
}

/// The next line without its end; none behind the last.
fn next_line(source: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if source.take(input::LIMIT as u64 + 1).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if line.len() > input::LIMIT {
        return Err(input::too_large("a line of it"));
    }
    let end = line.trim_end_matches('\n').trim_end_matches('\r').len();
    line.truncate(end);
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_end_and_are_as_long_as_a_prompt_at_most() {
        let mut source = io::Cursor::new("a\r\n\nb");
        let mut next = || next_line(&mut source).unwrap();
        assert_eq!(next().as_deref(), Some("a"));
        assert_eq!(next().as_deref(), Some(""));
        assert_eq!(next().as_deref(), Some("b"));
        assert_eq!(next(), None);
        let endless = io::repeat(b'x');
        let error = next_line(&mut io::BufReader::new(endless)).unwrap_err();
        assert_eq!(error.to_string(), "a line of it is larger than 64 MiB");
    }
}
