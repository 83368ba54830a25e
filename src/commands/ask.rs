//! `heroku-chat ask`: one prompt, one completion, for scripts and pipes.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::api::curl;
use crate::chat::Chat;
use crate::cli::AskArgs;
use crate::context::{Connection, Context};
use crate::conversation::{Attachment, Conversation, Message};
use crate::error::{Error, ExitStatus};
use crate::export::{Format, Subject, export, json};
use crate::following::{Show, follow};
use crate::input;
use crate::saving::{Start, Unnamed};

/// Answers one prompt.
///
/// # Errors
/// No prompt, settings that can't be used, and whatever befalls the turn.
pub fn run(args: &AskArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let mut earlier = Conversation::from_messages(earlier_messages(args.messages.as_deref())?);
    let attachments = attachments(&args.files, &args.images)?;
    let prompt = match prompt(&args.prompt)? {
        Some(prompt) => Message::prompt(prompt, attachments),
        // Earlier messages that end with a question are a prompt in themselves.
        None => match earlier.take_turn() {
            Some(turn) if turn.is_unanswered() => {
                let mut prompt = turn.prompt().clone();
                prompt.attachments.extend(attachments);
                prompt
            }
            _ => return Err(Error::NoPrompt),
        },
    };
    let system = super::system_prompt(&args.request)?;
    let mut start = Start::new(&args.session, Unnamed::NotSaved, context)?;
    let connection = context.connect(&args.connection)?;
    let Some(model) = start.model(
        args.connection.model.as_deref(),
        &connection,
        &mut context.ui,
    ) else {
        return Err(connection.no_model(&context.interrupts));
    };
    if args.messages.is_some() {
        start.restored.conversation = earlier;
    }
    let options = super::request_options(&args.request);
    let mut chat = Chat::new(
        connection.client.clone(),
        model,
        options,
        start.restored.conversation,
    );
    if system.is_some() {
        chat.conversation.set_system(system);
    }
    if let Some(format) = args.dry_run {
        chat.conversation.push(prompt);
        context.ui.print(&written_out(format, &chat, &connection))?;
        return Ok(ExitStatus::Done);
    }
    let show = if args.json {
        Show::Nothing
    } else {
        Show::Words
    };
    let saying = chat.say(prompt, &context.interrupts);
    let answer = follow(saying, show, &mut context.ui)?;
    start.saving.keep(&mut chat, &mut context.ui);
    if args.json {
        context.ui.print(&answer.completion.to_json())?;
    }
    answer
        .completion
        .remark()
        .iter()
        .for_each(|remark| context.ui.warning(remark));
    answer.cut.map_or(Ok(ExitStatus::Done), Err)
}

/// What would be sent, to the letter, as a curl command; or the conversation in a format.
fn written_out(format: Option<Format>, chat: &Chat, connection: &Connection) -> String {
    let Some(format) = format else {
        return curl::command(
            &chat.client.chat_endpoint(),
            &connection.variable("KEY"),
            &chat.request_body(),
        );
    };
    let prefix = &connection.settings.prefix;
    export(
        format,
        &Subject {
            conversation: &chat.conversation,
            model: &chat.model,
            options: &chat.options,
            prefix,
        },
    )
}

/// The prompt: the arguments, then what is piped in.
fn prompt(arguments: &[String]) -> Result<Option<String>, Error> {
    let mut parts = vec![arguments.join(" ")];
    if !io::stdin().is_terminal() {
        let piped = input::standard_input()?;
        parts.push(piped.trim_end_matches(['\n', '\r']).to_owned());
    }
    parts.retain(|part| !part.trim().is_empty());
    Ok((!parts.is_empty()).then(|| parts.join("\n\n")))
}

/// What is to go with the prompt: text files before images, each in the order they were given.
fn attachments(files: &[PathBuf], images: &[PathBuf]) -> Result<Vec<Attachment>, Error> {
    let files = files
        .iter()
        .map(|path| input::text_attachment("--file", path));
    files
        .chain(
            images
                .iter()
                .map(|path| input::image_attachment("--image", path)),
        )
        .collect()
}

fn earlier_messages(path: Option<&Path>) -> Result<Vec<Message>, Error> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let text = input::file("--messages", path)?;
    let unusable = |reason: String| Error::File {
        what: "--messages",
        path: path.to_owned(),
        reason,
    };
    let messages = json::read(&text).map_err(|error| {
        let form = "a JSON array of objects with role (system, user, assistant, tool) and content, or an object with such an \
                    array as messages";
        unusable(format!("It takes {form}: {error}"))
    })?;
    // The service's own words for this name an index, not a file.
    match messages.iter().position(Message::is_blank) {
        Some(index) => Err(unusable(format!(
            "messages[{index}] has no content, which the service refuses."
        ))),
        None => Ok(messages),
    }
}
