//! What was said and sent, to be looked at or taken away.

use super::super::picker::numbered;
use super::super::{Flow, Repl, clipboard};
use crate::app::listing::write_export;
use crate::chat::Chat;
use crate::conversation::price::{self, Sum, counted};
use crate::error::Error;
use crate::export::{self, Format};
use crate::files::input;
use crate::markdown::code_blocks;
use crate::screen::Overflow;

pub fn show(repl: &mut Repl<'_>, chat: &mut Chat, what: &str) -> Result<Flow, Error> {
    let (what, rest) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
    let body = match (what, rest) {
        ("", _) => {
            if chat.conversation.is_empty() {
                repl.screen().print("Nothing was said yet.")?;
                return Ok(Flow::Continue);
            }
            let shown = repl.with_terminal(|context| {
                let environment = &context.environment;
                let pager = environment.get("PAGER").map(|pager| (pager, environment));
                context.screen.transcript(&chat.conversation, pager)
            });
            return shown.map(|()| Flow::Continue);
        }
        ("request", prompt) => Some(next_request(repl, chat, prompt.trim())),
        ("last", "") => chat.last_request.clone(),
        _ => {
            return repl.warned(&format!(
                "/show takes nothing, `last`, or `request` and a prompt; not {what:?}"
            ));
        }
    };
    let Some(body) = body else {
        return repl.noted("nothing was sent yet");
    };
    let command = chat.curl(&repl.connection.variable("KEY"), &body);
    repl.screen().print(&command)?;
    Ok(Flow::Continue)
}

/// The request that this prompt would send.
fn next_request(repl: &Repl<'_>, chat: &mut Chat, prompt: &str) -> Vec<u8> {
    let prompt = Some(prompt)
        .filter(|prompt| !prompt.is_empty())
        .unwrap_or("YOUR PROMPT");
    let message = repl.message(prompt);
    chat.conversation.push(message);
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
    // Also to the terminal, which may be at the other end of SSH.
    let is_sent = repl.screen().copy(text);
    let environment = &repl.context.environment;
    let is_known = clipboard::is_terminals(environment) && is_sent;
    let is_copied = is_known || clipboard::copy(text, environment);
    let doubt = match (is_copied, is_sent) {
        (true, _) => "",
        (false, true) => "; if the clipboard stays empty, the terminal doesn't allow OSC 52",
        (false, false) => return repl.warned("no clipboard can be reached from this terminal"),
    };
    let count = text.chars().count();
    repl.noted(&format!("copied {what}, {count} characters{doubt}"))
}

pub fn usage(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    if chat.costs.is_empty() {
        return repl.noted("nothing was answered yet");
    }
    let own = &chat.spending.price;
    let is_priced = chat.costs.iter().any(|cost| cost.dollars(own).is_some());
    let sum = Sum::of(&chat.costs, own);
    let rows = chat.costs.iter().zip(1..).map(|(cost, number)| {
        let counts = [cost.usage.prompt_tokens(), cost.usage.completion_tokens()];
        let [input, output] = counts.map(counted);
        let dollars = Sum::of([cost], own).shown();
        let (number, model) = (number.to_string(), cost.model.clone());
        [number, input, output, dollars, model]
    });
    let [input, output] = [sum.input, sum.output].map(|it| it.to_string());
    let all = ["all".to_owned(), input, output, sum.shown(), String::new()];
    let heads = ["TOKENS", "IN", "OUT", "COST", "MODEL"];
    let rows = rows.chain([all]);
    repl.screen().table(Some(heads), rows, Overflow::Stack)?;
    if is_priced {
        repl.screen().note(&price::origin(own));
    }
    if !sum.is_counted {
        return repl.noted("the service didn't count the tokens of every answer (?)");
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
    repl.noted(match on {
        true => "heads of requests and responses are shown, the key redacted",
        false => "debug is off",
    })
}
