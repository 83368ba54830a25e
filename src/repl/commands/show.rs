//! What was said and sent, to be looked at or taken away.

use super::super::{Flow, Repl};
use crate::api::curl;
use crate::chat::Chat;
use crate::conversation::{Cost, Message};
use crate::error::Error;
use crate::export::{self, Format, Subject};
use crate::files;
use crate::files::input;
use crate::markdown::code_blocks;
use crate::screen::Overflow;

/// Stands for the prompt in a request that has none yet.
const PROMPT_TO_COME: &str = "YOUR PROMPT";

pub fn show(repl: &mut Repl<'_>, chat: &mut Chat, what: &str) -> Result<Flow, Error> {
    let (what, rest) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
    let body = match (what, rest) {
        ("", _) => {
            match chat.conversation.transcript() {
                text if text.is_empty() => repl.screen().print("Nothing was said yet.")?,
                text => repl.screen().print(&text)?,
            }
            return Ok(Flow::Continue);
        }
        ("request", prompt) => Some(next_request(repl, chat, prompt.trim())),
        ("last", "") => chat.last_request().map(<[u8]>::to_vec),
        _ => {
            return repl.warned(&format!(
                "/show takes nothing, `last`, or `request` and a prompt; not {what:?}"
            ));
        }
    };
    let variable = repl.variable("KEY");
    match body {
        Some(body) => repl.screen().print(&curl::command(
            &chat.client.chat_endpoint(),
            &variable,
            &body,
        ))?,
        None => repl.screen().note("nothing was sent yet"),
    }
    Ok(Flow::Continue)
}

/// The request that this prompt would send.
fn next_request(repl: &Repl<'_>, chat: &mut Chat, prompt: &str) -> Vec<u8> {
    let prompt = if prompt.is_empty() {
        PROMPT_TO_COME
    } else {
        prompt
    };
    chat.conversation
        .push(Message::prompt(prompt, repl.attachments.clone()));
    let body = chat.request_body();
    drop(chat.conversation.take_turn());
    body
}

pub fn export(repl: &mut Repl<'_>, chat: &mut Chat, file: &str) -> Result<Flow, Error> {
    let invalid = |rule: &str| Error::InvalidValue {
        what: "the file to export to".to_owned(),
        value: file.to_owned(),
        rule: rule.to_owned(),
    };
    let [path] = &input::paths(file)?[..] else {
        return Err(invalid("the path of one file"));
    };
    let format = Format::of(path).ok_or_else(|| invalid(&export::extensions()))?;
    if chat.conversation.turns() == 0 {
        return repl.noted("nothing was said yet");
    }
    let prefix = &repl.connection.settings.prefix;
    let subject = Subject {
        conversation: &chat.conversation,
        model: &chat.model,
        options: &chat.options,
        prefix,
    };
    files::write_new(path, &export::export(format, &subject))
        .map_err(|error| Error::of_file("the file to export to", path, &error))?;
    repl.noted(&format!(
        "written to {}: {}",
        path.display(),
        format.row().about
    ))
}

pub fn copy(repl: &mut Repl<'_>, chat: &mut Chat, number: &str) -> Result<Flow, Error> {
    let Some(answer) = chat.conversation.last_answer() else {
        return repl.noted("there is no answer to copy");
    };
    if number.is_empty() {
        let text = answer.content.trim_end().to_owned();
        repl.copy(&text, "the answer");
        return Ok(Flow::Continue);
    }
    let blocks = code_blocks(&answer.content);
    let chosen = number
        .parse::<usize>()
        .ok()
        .and_then(|number| blocks.get(number.checked_sub(1)?));
    match chosen {
        Some(block) => repl.copy(block, &format!("code block {number}")),
        None => repl.screen().warning(&match blocks.len() {
            0 => "the last answer has no code block".to_owned(),
            1 => format!("the last answer has one code block, number 1; not {number:?}"),
            count => format!("the last answer has code blocks 1 to {count}; not {number:?}"),
        }),
    }
    Ok(Flow::Continue)
}

pub fn usage(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if chat.costs.is_empty() {
        return repl.noted("nothing was answered yet");
    }
    let count =
        |tokens: Option<u64>| tokens.map_or_else(|| "?".to_owned(), |tokens| tokens.to_string());
    let row = |(index, cost): (usize, &Cost)| {
        [
            (index + 1).to_string(),
            count(cost.usage.prompt_tokens()),
            count(cost.usage.completion_tokens()),
            cost.model.clone(),
        ]
    };
    let mut rows: Vec<[String; 4]> = chat.costs.iter().enumerate().map(row).collect();
    let sum = |tokens: fn(&Cost) -> Option<u64>| {
        chat.costs
            .iter()
            .filter_map(tokens)
            .fold(0, u64::saturating_add)
            .to_string()
    };
    rows.push([
        "all".to_owned(),
        sum(|cost| cost.usage.prompt_tokens()),
        sum(|cost| cost.usage.completion_tokens()),
        String::new(),
    ]);
    repl.screen().table(
        Some(["TOKENS", "IN", "OUT", "MODEL"]),
        &rows,
        Overflow::Stack,
    )?;
    let unknown = chat
        .costs
        .iter()
        .map(|cost| &cost.usage)
        .any(|usage| usage.prompt_tokens().is_none() || usage.completion_tokens().is_none());
    if unknown {
        repl.screen()
            .note("the service didn't count the tokens of every answer (?)");
    }
    Ok(Flow::Continue)
}

pub fn debug(repl: &mut Repl<'_>, _: &mut Chat, word: &str) -> Result<Flow, Error> {
    let on = match word {
        "" => !repl.screen().is_debugging(),
        "on" => true,
        "off" => false,
        other => {
            return repl.warned(&format!("/debug takes on or off, not {other:?}"));
        }
    };
    repl.screen().set_debug(on);
    repl.noted(if on {
        "heads of requests and responses are shown, the key redacted"
    } else {
        "debug is off"
    })
}
