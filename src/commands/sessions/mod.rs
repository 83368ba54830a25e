//! `heroku-chat sessions`: the saved conversations.

mod delete;
mod export;

use serde_json::{Value, json};

use crate::app::Context;
use crate::app::listing::{list_sessions, object};
use crate::cli::{SessionsArgs, SessionsCommand};
use crate::error::{Error, ExitStatus};
use crate::screen::Overflow;
use crate::store::{Found, Restored, Sessions, Shelf};

/// Runs the command that was given.
///
/// # Errors
/// A session that isn't there or can't be read.
pub fn run(args: &SessionsArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let sessions = Sessions::in_data_folder(Shelf::of(args.sandbox))?;
    let list = SessionsCommand::List { json: args.json };
    match args.command.as_ref().unwrap_or(&list) {
        SessionsCommand::List { json } => {
            list_sessions(&sessions, *json, &mut context.screen)?;
        }
        SessionsCommand::Search { words, json } => search(words, *json, &sessions, context)?,
        SessionsCommand::Show { name, json } => show(name, *json, &sessions, context)?,
        SessionsCommand::Export(args) => return export::run(args, &sessions, context),
        SessionsCommand::Delete(args) => return delete::run(args, &sessions, context),
    }
    Ok(ExitStatus::Done)
}

/// The session that is meant, by its full name, with a note of what could not be read of it.
fn load(
    typed: &str,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<(String, Restored), Error> {
    let name = sessions.find(typed)?;
    let restored = sessions.load(&name)?;
    for notice in &restored.notices {
        context.screen.note(&notice.to_string());
    }
    Ok((name, restored))
}

/// Prints what was said.
fn show(typed: &str, json: bool, sessions: &Sessions, context: &mut Context) -> Result<(), Error> {
    let (name, Restored { conversation, .. }) = load(typed, sessions, context)?;
    if json {
        let mut object = object(&sessions.summary(&name)?);
        object["system"] = json!(conversation.system());
        object["messages"] = json!(conversation.messages());
        return context.screen.print(&format!("{object:#}"));
    }
    if conversation.is_empty() {
        context.screen.note("it has no messages left");
        return Ok(());
    }
    context.screen.transcript(&conversation, None)
}

/// Prints the messages that have all of the words.
fn search(
    words: &[String],
    json: bool,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<(), Error> {
    let (found, screen) = (sessions.search(words)?.into_iter(), &mut context.screen);
    if json {
        let object = |it: Found| json!({"name": it.name, "role": it.role, "line": it.line});
        return screen.print(&format!("{:#}", found.map(object).collect::<Value>()));
    }
    if found.len() == 0 {
        screen.note("no message has all of these words");
        return Ok(());
    }
    let rows = found.map(|it| [it.name, it.role.word().to_owned(), it.line]);
    screen.table(Some(["NAME", "ROLE", "LINE"]), rows, Overflow::Cut)
}
