//! How an answer that streams may be wrong.

use std::thread::sleep;
use std::time::Duration;

use super::super::support::{Exchange, event};
use super::run::{DONE, Fault, choice, for_ever, stream, write};

const STOP: &str = r#"{"delta":{},"finish_reason":"stop"}"#;

/// Sends these events, and stays.
fn and_stays(events: String) -> impl Fn(&mut Exchange) + Send + Sync + 'static {
    move |exchange| {
        exchange.send(&stream(&events));
        exchange.wait_for_close();
    }
}

/// Sends these events, then more of these for ever.
fn and_more(events: String, more: String) -> impl Fn(&mut Exchange) + Send + Sync + 'static {
    move |exchange| {
        exchange.send(&stream(&events));
        for_ever(exchange, &more);
    }
}

pub fn faults() -> Vec<Fault> {
    let hello = || event("Hello");
    let said = |data: &str| stream(&format!("data: {data}\n\n{}{DONE}", hello()));
    let content = |text: &str| choice(&format!(r#"{{"delta":{{"content":"{text}"}}}}"#));
    let mut invalid = stream(&content("Hel\u{1}lo")).into_bytes();
    invalid
        .iter_mut()
        .filter(|it| **it == 1)
        .for_each(|it| *it = 0xff);
    invalid.extend(DONE.as_bytes());
    let padding = "x".repeat(16 << 10);
    // Of few words, which no terminal takes long to draw.
    let padded =
        |choice: &str| format!("data: {{\"id\":\"{padding}\",\"choices\":[{choice}]}}\n\n");
    let empty = padded(r#"{"index":0,"delta":{"content":""}}"#);
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    let finished = || format!("{}{}", hello(), choice(STOP));
    let cut = "the stream ended before the answer was complete";
    vec![
        Fault::acts(
            "an answer without an end",
            and_more(hello(), padded(r#"{"delta":{"content":"a "}}"#)),
            3,
            "Hello",
            "it is longer than 64 MiB",
        )
        .with_any_text(),
        Fault::sends("an end without a word", stream(&hello()), 3, "Hello", cut),
        Fault::sends("only a comment", stream(": alive\n\n"), 3, "", cut),
        Fault::acts(
            "a finish, and an open connection",
            and_stays(finished()),
            0,
            "Hello",
            "",
        ),
        Fault::acts(
            "a finish with the text, and an open connection",
            and_stays(choice(
                r#"{"delta":{"content":"Hello"},"finish_reason":"stop"}"#,
            )),
            0,
            "Hello",
            "",
        ),
        Fault::acts(
            "a finish, and usage for ever",
            and_more(finished(), usage.to_owned()),
            0,
            "Hello",
            "",
        ),
        Fault::acts(
            "a finish, and heartbeats for ever",
            and_more(finished(), ": alive\n\n".repeat(1000)),
            0,
            "Hello",
            "",
        ),
        Fault::acts(
            "a finish before the text",
            |exchange| {
                exchange.send(&stream(&choice(STOP)));
                sleep(Duration::from_millis(1500));
                exchange.send(&event("Hel"));
                exchange.send(&choice(STOP));
                sleep(Duration::from_millis(1500));
                exchange.send(&event("lo"));
                exchange.send(DONE);
            },
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a finish of a broken kind",
            stream(&format!(
                "{}{}",
                hello(),
                choice(r#"{"delta":{},"finish_reason":"error"}"#)
            )),
            3,
            "Hello",
            "the service ended it with the reason",
        ),
        Fault::sends(
            "the limit in other words",
            stream(&format!(
                "{}{}{DONE}",
                hello(),
                choice(r#"{"delta":{},"finish_reason":"MAX_TOKENS"}"#)
            )),
            0,
            "Hello",
            "the answer stopped at the limit of its length",
        ),
        Fault::sends(
            "a refusal",
            stream(&format!(
                "{}{}{DONE}",
                choice(r#"{"delta":{"refusal":"Hello"}}"#),
                choice(STOP)
            )),
            0,
            "Hello",
            "the model refused to answer",
        ),
        Fault::sends(
            "a tool call",
            stream(&format!(
                "{}{DONE}",
                choice(r#"{"delta":{"tool_calls":[]},"finish_reason":"tool_calls"}"#)
            )),
            3,
            "",
            "the answer is a tool call",
        ),
        Fault::sends(
            "no text",
            stream(&format!("{}{DONE}", choice(STOP))),
            3,
            "",
            "the answer has no text",
        ),
        Fault::sends(
            "an error event",
            stream(&format!("{}event: error\ndata: it says no\n\n", hello())),
            3,
            "Hello",
            "the answer broke off: it says no",
        ),
        Fault::sends(
            "an error in the stream, at once",
            stream("data: {\"error\":{\"code\":400,\"message\":\"it says no\"}}\n\n"),
            1,
            "",
            "it says no",
        ),
        Fault::sends(
            "a failure's body in the stream",
            stream(&format!(
                "{}{{\"error\":{{\"message\":\"it says no\"}}}}\n\n",
                hello()
            )),
            3,
            "Hello",
            "the answer broke off: it says no",
        ),
        Fault::sends(
            "events that are no objects",
            stream(&format!(
                "data: 42\n\ndata: null\n\ndata: \"x\"\n\ndata: [1]\n\ndata: true\n\n{}{DONE}",
                hello()
            )),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "an event that is no JSON",
            stream(&format!("{}data: {{\"choices\":\n\n{}", hello(), hello())),
            3,
            "Hello",
            "an event can't be read",
        ),
        Fault::sends(
            "an event of a name unknown",
            stream(&format!("event: x\ndata: <x\n\n{}{DONE}", hello())),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a number out of range",
            said(r#"{"created":1e999,"choices":[]}"#),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a number that is none",
            said(r#"{"created":NaN,"choices":[]}"#),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "fields twice",
            said(r#"{"id":"a","id":"b","choices":[],"choices":[{"delta":{},"delta":{}}]}"#),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "fields of other kinds",
            said(r#"{"id":7,"model":[],"created":{},"usage":"x","choices":[7,{"delta":[]}]}"#),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "content that is a number",
            stream(&format!("{}{DONE}", choice(r#"{"delta":{"content":42}}"#))),
            0,
            "42",
            "",
        ),
        Fault::sends(
            "NUL",
            stream(&format!(
                "{}{}{DONE}",
                content("Hel\0"),
                content("lo\\u0000")
            )),
            0,
            "Hel",
            "",
        )
        .with_any_text(),
        Fault::sends("invalid UTF-8", invalid, 0, "Hel\u{fffd}lo", ""),
        Fault::sends(
            "half a character",
            stream(&format!("{}{}{DONE}", content("Hel\\ud83d"), content("lo"))),
            0,
            "Hel\u{fffd}lo",
            "",
        ),
        Fault::sends(
            "a character in halves",
            stream(&format!(
                "{}{}{DONE}",
                content("\\ud83d"),
                content("\\ude00")
            )),
            0,
            "😀",
            "",
        ),
        Fault::sends(
            "lines that end in CR",
            stream(&format!("{}{DONE}", hello()).replace('\n', "\r")),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "lines that end in CR LF",
            stream(&format!("{}{DONE}", hello()).replace('\n', "\r\n")),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a byte order mark",
            stream(&format!("\u{feff}{}{DONE}", hello())),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a line of 50 MB",
            stream(&format!(":{}\n{}{DONE}", "x".repeat(50 << 20), hello())),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "an event of 50 MB",
            said(&format!(
                r#"{{"x":"{}","choices":[]}}"#,
                "x".repeat(50 << 20)
            )),
            0,
            "Hello",
            "",
        ),
        Fault::acts(
            "an event without an end",
            and_more(hello() + "data:", "x".repeat(1 << 20)),
            3,
            "Hello",
            "it is longer than 64 MiB",
        ),
        Fault::acts(
            "lines of an event without an end",
            and_more(hello(), format!("data: {padding}\n")),
            3,
            "Hello",
            "it is longer than 64 MiB",
        ),
        Fault::acts(
            "comments without an end",
            and_more(hello(), format!(": {padding}\n\n")),
            3,
            "Hello",
            "it is longer than 64 MiB",
        ),
        Fault::acts(
            "comments without an end, and no word",
            and_more(String::new(), format!(": {padding}\n\n")),
            3,
            "",
            "it is longer than 64 MiB",
        ),
        Fault::acts(
            "empty pieces without an end",
            and_more(hello(), empty),
            3,
            "Hello",
            "it is longer than 64 MiB",
        ),
        Fault::acts(
            "reasoning without an end",
            and_more(
                hello(),
                padded(r#"{"delta":{"reasoning":{"thinking":"a "}}}"#),
            ),
            3,
            "Hello",
            "it is longer than 64 MiB",
        ),
        Fault::acts(
            "a byte every 5 ms",
            |exchange| {
                exchange.send(&stream(""));
                for byte in format!("{}{DONE}", event("Hello")).as_bytes() {
                    sleep(Duration::from_millis(5));
                    write(exchange, &[*byte]);
                }
            },
            0,
            "Hello",
            "",
        ),
    ]
}
