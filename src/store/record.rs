//! The lines of a session file, each a JSON object that is known by its fields:
//!
//! ```text
//! {"heroku-chat":1,"started":"2026-11-23T02:15:07Z"}     the first line: the version of the format
//! {"system":"be brief"}                                  empty where there is none any more
//! {"role":"user","content":"Explain dynos"}              attachments, where there are any
//! {"model":"claude-4-5-haiku"}                           who answers from here on
//! {"role":"assistant","content":"…","tokens":[14,5]}     cut, where it was; tokens of request and answer
//! {"keep":2}                                             only the first two messages are left
//! ```
//! A line without any of these fields is of a kind that a later program of the same version writes,
//! and is skipped.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::conversation::{Attachment, Cost, Message, Role};

/// The version of the format. It changes when this program would misread a file.
pub const VERSION: u32 = 1;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Header {
        version: u32,
        started: Option<String>,
    },
    Model(String),
    System(String),
    Message(Message),
    /// How many messages are left.
    Keep(usize),
    Unknown,
}

/// How much of a message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Everything,
    /// Not what was said, which is most of a file.
    Outline,
}

/// A line as it is read. What is long stays as it is until it is wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(rename = "heroku-chat")]
    version: Option<u32>,
    started: Option<String>,
    role: Option<Role>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    attachments: Option<&'a RawValue>,
    cut: bool,
    tokens: Option<[Option<u64>; 2]>,
    keep: Option<usize>,
    system: Option<String>,
    model: Option<String>,
}

/// A message as it is written. What it took is in `tokens`, by the model that was named last.
#[derive(Serialize)]
struct MessageLine<'a> {
    role: Role,
    content: &'a str,
    #[serde(skip_serializing_if = "<[Attachment]>::is_empty")]
    attachments: &'a [Attachment],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<[Option<u64>; 2]>,
}

/// Reads a line, where `model` was named last; none where it can't be read.
///
/// A byte that is no UTF-8 costs a character, not the line.
pub fn read(line: &[u8], model: Option<&str>, detail: Detail) -> Option<Record> {
    let text = String::from_utf8_lossy(line);
    // serde takes an array for an object, too.
    text.trim_start().strip_prefix('{')?;
    let line: Line<'_> = serde_json::from_str(&text).ok()?;
    Some(match line {
        Line {
            role: Some(role), ..
        } => Record::Message(line.message(role, model, detail)?),
        Line {
            keep: Some(count), ..
        } => Record::Keep(count),
        Line {
            system: Some(system),
            ..
        } => Record::System(system),
        Line {
            model: Some(model), ..
        } => Record::Model(model),
        Line {
            version: Some(version),
            started,
            ..
        } => Record::Header { version, started },
        _ => Record::Unknown,
    })
}

impl Line<'_> {
    fn message(&self, role: Role, model: Option<&str>, detail: Detail) -> Option<Message> {
        let mut message = Message {
            cut: self.cut,
            ..Message::new(role, "")
        };
        if let (Some([prompt_tokens, completion_tokens]), Some(model)) = (self.tokens, model) {
            message.cost = Some(Cost {
                model: model.to_owned(),
                prompt_tokens,
                completion_tokens,
            });
        }
        if detail == Detail::Everything {
            message.content = serde_json::from_str(self.content?.get()).ok()?;
            if let Some(attachments) = self.attachments {
                message.attachments = serde_json::from_str(attachments.get()).ok()?;
            }
        }
        Some(message)
    }
}

/// The line of a message, with its end.
pub fn message(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message(message, &mut bytes);
    bytes
}

/// Adds the line of a message, with its end. An answer may have megabytes, which are not copied
/// once more.
pub fn write_message(message: &Message, bytes: &mut Vec<u8>) {
    let Message {
        role,
        content,
        attachments,
        cut,
        cost,
    } = message;
    let tokens = cost
        .as_ref()
        .map(|cost| [cost.prompt_tokens, cost.completion_tokens]);
    let line = MessageLine {
        role: *role,
        content,
        attachments,
        cut: *cut,
        tokens,
    };
    serde_json::to_writer(&mut *bytes, &line).expect("strings and numbers always serialise");
    bytes.push(b'\n');
}

/// The first line.
pub fn header(started: Option<String>) -> Vec<u8> {
    // Objects are written in the order of the alphabet, which puts the version first.
    line(&json!({"heroku-chat": VERSION, "started": started}))
}

pub fn model(id: &str) -> Vec<u8> {
    line(&json!({"model": id}))
}

pub fn system(text: Option<&str>) -> Vec<u8> {
    line(&json!({"system": text.unwrap_or_default()}))
}

pub fn keep(count: usize) -> Vec<u8> {
    line(&json!({"keep": count}))
}

fn line(value: &serde_json::Value) -> Vec<u8> {
    format!("{value}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(line: &[u8]) -> Option<Record> {
        read(line, Some("m"), Detail::Everything)
    }

    #[test]
    fn what_is_written_is_read() {
        let file = Attachment::text("a.rb", b"puts 1".to_vec()).unwrap();
        let image = Attachment::image("a.gif", b"GIF89a..").unwrap();
        let cost = Cost {
            model: "m".into(),
            prompt_tokens: Some(14),
            completion_tokens: None,
        };
        let prompt = Message::prompt("two\nlines \u{2028} \"\\", vec![file, image]);
        let answer = Message {
            cut: true,
            cost: Some(cost),
            ..Message::new(Role::Assistant, "é\0")
        };
        for original in [prompt, answer] {
            let line = message(&original);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(read_all(&line), Some(Record::Message(original.clone())));
            let outline = Message {
                content: String::new(),
                attachments: Vec::new(),
                ..original
            };
            assert_eq!(
                read(&line, Some("m"), Detail::Outline),
                Some(Record::Message(outline))
            );
        }
        let started = Some("2026-11-23T02:15:07Z".to_owned());
        assert_eq!(
            read_all(&header(started.clone())),
            Some(Record::Header {
                version: VERSION,
                started
            })
        );
        assert_eq!(read_all(&model("m")), Some(Record::Model("m".into())));
        assert_eq!(read_all(&system(None)), Some(Record::System(String::new())));
        assert_eq!(read_all(&keep(7)), Some(Record::Keep(7)));
    }

    #[test]
    fn lines_look_as_documented() {
        let text = |line: Vec<u8>| String::from_utf8(line).unwrap();
        assert_eq!(
            text(header(Some("T".into()))),
            "{\"heroku-chat\":1,\"started\":\"T\"}\n"
        );
        let cost = Cost {
            model: "m".into(),
            prompt_tokens: Some(14),
            completion_tokens: Some(5),
        };
        let answer = Message {
            cost: Some(cost),
            ..Message::new(Role::Assistant, "hi")
        };
        assert_eq!(
            text(message(&answer)),
            "{\"role\":\"assistant\",\"content\":\"hi\",\"tokens\":[14,5]}\n"
        );
        assert_eq!(
            text(keep(2)) + &text(system(Some("s"))),
            "{\"keep\":2}\n{\"system\":\"s\"}\n"
        );
    }

    #[test]
    fn readme_shows_lines_that_are_read() {
        let readme = include_str!("../../README.md");
        let block = readme
            .split("```json\n{\"heroku-chat\"")
            .nth(1)
            .expect("an example in README.md");
        let block = format!("{{\"heroku-chat\"{}", block.split("```").next().unwrap());
        let records: Vec<_> = block
            .lines()
            .map(|line| read_all(line.as_bytes()).unwrap())
            .collect();
        assert!(
            matches!(
                records[0],
                Record::Header {
                    version: VERSION,
                    started: Some(_)
                }
            ),
            "{:?}",
            records[0]
        );
        assert!(
            records.len() > 3 && !records.contains(&Record::Unknown),
            "{records:?}"
        );
        let mut again = records.iter().filter_map(|record| match record {
            Record::Message(said) => String::from_utf8(message(said)).ok(),
            _ => None,
        });
        assert!(again.all(|line| block.contains(&line)), "{block}");
    }

    #[test]
    fn a_stray_byte_costs_a_character_and_nonsense_the_line() {
        let line = b"{\"role\":\"user\",\"content\":\"a\xffb\"}\n";
        assert_eq!(
            read_all(line),
            Some(Record::Message(Message::new(Role::User, "a\u{fffd}b")))
        );
        for nonsense in [
            &b"{\"role\":\"user\",\"cont"[..],
            b"\0\0\0",
            b"[1]",
            b"{\"role\":\"robot\"}",
            b"\xff\xfe",
        ] {
            assert_eq!(read_all(nonsense), None, "{nonsense:?}");
        }
        assert_eq!(read_all(b"{\"mood\":\"fine\"}"), Some(Record::Unknown));
    }
}
