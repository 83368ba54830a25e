//! What was said and sent, to be looked at or taken away.

use super::super::{Flow, Repl, numbered, tokens};
use crate::app::listing::write_export;
use crate::chat::Chat;
use crate::conversation::Message;
use crate::error::Error;
use crate::export::{self, Format};
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
        ("last", "") => chat.last_request.clone(),
        _ => {
            return repl.warned(&format!(
                "/show takes nothing, `last`, or `request` and a prompt; not {what:?}"
            ));
        }
    };
    match body {
        Some(body) => {
            let command = chat.curl(&repl.variable("KEY"), &body);
            repl.screen().print(&command)?;
        }
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
    let text = chat.export(format, &repl.connection.settings.prefix);
    write_export("the file to export to", path, format, &text, repl.screen())?;
    Ok(Flow::Continue)
}

pub fn copy(repl: &mut Repl<'_>, chat: &mut Chat, number: &str) -> Result<Flow, Error> {
    let Some(answer) = chat.conversation.last_answer() else {
        return repl.noted("there is no answer to copy");
    };
    let blocks = code_blocks(&answer.content);
    let (text, what) = match (numbered(&blocks, number), blocks.len()) {
        _ if number.is_empty() => (answer.content.trim_end(), "the answer".to_owned()),
        (Some(block), _) => (block.as_str(), format!("code block {number}")),
        (None, 0) => return repl.warned("the last answer has no code block"),
        (None, count) => {
            let rule = format!("the last answer has code blocks 1 to {count}; not {number:?}");
            return repl.warned(&rule);
        }
    };
    if !repl.screen().copy(text) {
        return repl.warned("this terminal has no clipboard that a program can reach");
    }
    repl.noted(&format!(
        "copied {what}, {} characters; where the clipboard stays empty, the terminal doesn't \
         allow OSC 52",
        text.chars().count()
    ))
}

pub fn usage(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if chat.costs.is_empty() {
        return repl.noted("nothing was answered yet");
    }
    let usages = chat.costs.iter().map(|cost| &cost.usage);
    let counts = usages.map(|usage| (usage.prompt_tokens(), usage.completion_tokens()));
    let counts: Vec<(Option<u64>, Option<u64>)> = counts.collect();
    let all = counts
        .iter()
        .fold((0u64, 0u64), |(prompts, answers), (prompt, answer)| {
            let sum = |sum: u64, count: &Option<u64>| sum.saturating_add(count.unwrap_or_default());
            (sum(prompts, prompt), sum(answers, answer))
        });
    let models = chat.costs.iter().map(|cost| cost.model.clone());
    let rows = counts
        .iter()
        .zip(models)
        .zip(1..)
        .map(|(((prompt, answer), model), number)| {
            [number.to_string(), tokens(*prompt), tokens(*answer), model]
        });
    let last = [
        "all".to_owned(),
        all.0.to_string(),
        all.1.to_string(),
        String::new(),
    ];
    let heads = ["TOKENS", "IN", "OUT", "MODEL"];
    repl.screen()
        .table(Some(heads), rows.chain([last]), Overflow::Stack)?;
    if counts
        .iter()
        .any(|(prompt, answer)| prompt.is_none() || answer.is_none())
    {
        let note = "the service didn't count the tokens of every answer (?)";
        repl.screen().note(note);
    }
    Ok(Flow::Continue)
}

pub fn debug(repl: &mut Repl<'_>, _: &mut Chat, word: &str) -> Result<Flow, Error> {
    let on = match word {
        "" => !repl.screen().is_debugging,
        "on" => true,
        "off" => false,
        other => return repl.warned(&format!("/debug takes on or off, not {other:?}")),
    };
    repl.screen().is_debugging = on;
    repl.noted(if on {
        "heads of requests and responses are shown, the key redacted"
    } else {
        "debug is off"
    })
}
