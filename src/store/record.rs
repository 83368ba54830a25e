//! Everything that happened in a conversation, as the lines of a session file. Each is a JSON
//! object, known by its members:
//!
//! ```text
//! {"heroku-chat":2,"started":"2026-11-23T02:15:07Z"}      the first line: the version of the format
//! {"system":"be brief"}                                   empty if there is none any more
//! {"time":"2026-11-23T02:15:09Z","messages":[…]}          a turn: its prompt, and all that followed
//! {"taken_back":1,"time":"…","messages":[…]}              a turn in place of the last one
//! {"taken_back":2}                                        the last two turns are taken back
//! {"model":"claude-4-5-haiku"}                            who answers from here on
//! {"spent":[{"model":"…","usage":{…}}]}                   what attempts without an answer took
//! ```
//! A message has the members of [`Message`], which are those of the service's, and what its answer
//! took. Lines are added and never changed: members and lines of a later program stay as they are.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::clock;
use super::reading::Reading;
use crate::conversation::{Conversation, Cost, Message, Role, title};

/// The version of the format. It changes when this program would misread a file.
pub const VERSION: u32 = 2;

/// The lines of a session file, whether there is a file or not.
#[derive(Debug, Default)]
pub struct Record {
    /// Each with its end.
    pub(super) lines: Vec<u8>,
    /// The turns that were not taken back, and whether each can be read: who takes turns back
    /// doesn't see the others, and they have to be counted.
    pub(super) turns: Vec<bool>,
    /// Made of the first prompt; empty before it.
    pub(super) title: String,
    /// The model that was named last.
    model: Option<String>,
}

/// A line as it is read. A member that is not known is no reason to misread the others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Line {
    #[serde(rename = "heroku-chat")]
    pub version: Option<u32>,
    pub started: Option<String>,
    pub time: Option<String>,
    pub system: Option<String>,
    pub model: Option<String>,
    pub taken_back: usize,
    pub spent: Vec<Cost>,
    pub messages: Option<Vec<Message>>,
}

/// A turn as it is written.
#[derive(Serialize)]
struct TurnLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back: Option<usize>,
    time: Option<String>,
    messages: &'a [Message],
}

impl Line {
    /// None if it can't be read.
    pub fn read(text: &str) -> Option<Self> {
        // serde takes an array for an object, too.
        text.trim_start().strip_prefix('{')?;
        let line: Line = serde_json::from_str(text).ok()?;
        line.messages.as_deref().is_none_or(is_turn).then_some(line)
    }
}

/// Whether it is a prompt, and what followed it.
fn is_turn(messages: &[Message]) -> bool {
    let follows = |message: &Message| matches!(message.role, Role::Assistant | Role::Tool);
    let [prompt, rest @ ..] = messages else {
        return false;
    };
    prompt.role == Role::User && !rest.is_empty() && rest.iter().all(follows)
}

impl Record {
    /// What is good of a file, with an end to its last line.
    pub fn of_file(bytes: &[u8], reading: &Reading) -> Self {
        let mut lines = bytes[..reading.length].to_vec();
        if !matches!(lines.last(), None | Some(b'\n')) {
            lines.push(b'\n');
        }
        Record {
            lines,
            turns: reading.turns.iter().map(Option::is_some).collect(),
            title: reading.title.clone(),
            model: reading.model.clone(),
        }
    }

    /// Adds what happened in the conversation, and the model if it is another.
    pub fn add(&mut self, conversation: &mut Conversation, model: &str, now: SystemTime) {
        let changes = conversation.changes();
        if let Some(text) = changes.system {
            self.write(&json!({"system": text}), now);
        }
        if !changes.spent.is_empty() {
            self.write(&json!({"spent": changes.spent}), now);
        }
        let mut taken_back = self.take_back(changes.taken_back);
        for messages in changes.turns {
            // In one line with the turn that replaces it: no kill can leave neither of them.
            let turn = TurnLine {
                taken_back: taken_back.take(),
                time: clock::rfc3339(now),
                messages,
            };
            self.write(&turn, now);
            self.turns.push(true);
            if self.title.is_empty() {
                self.title = title(&messages[0].content);
            }
            let answered = messages.iter().rev().find_map(|it| it.cost.as_ref());
            self.model = answered
                .map(|cost| cost.model.clone())
                .or(self.model.take());
        }
        if let Some(count) = taken_back {
            self.write(&json!({"taken_back": count}), now);
        }
        if self.model.as_ref().is_some_and(|known| known != model) {
            self.write(&json!({"model": model}), now);
            self.model = Some(model.to_owned());
        }
    }

    /// How many turns of the file go with the last `count` that can be read.
    fn take_back(&mut self, count: usize) -> Option<usize> {
        let before = self.turns.len();
        for _ in 0..count {
            let last = self.turns.iter().rposition(|is_readable| *is_readable);
            self.turns.truncate(last.unwrap_or_default());
        }
        Some(before - self.turns.len()).filter(|count| *count > 0)
    }

    fn write(&mut self, line: &impl Serialize, now: SystemTime) {
        if self.lines.is_empty() {
            // Objects are written in the order of the alphabet, which puts the version first.
            let header = json!({"heroku-chat": VERSION, "started": clock::rfc3339(now)});
            self.lines.extend(format!("{header}\n").bytes());
        }
        serde_json::to_writer(&mut self.lines, line).expect("strings and numbers always serialise");
        self.lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::reading::read;

    /// A turn of a model, in which a tool was called.
    fn turn(model: &str) -> Vec<Message> {
        let usage = json!({"prompt_tokens": 14, "details": {"cached": 2}});
        let cost = Cost {
            model: model.into(),
            usage: serde_json::from_value(usage).unwrap(),
        };
        let result = Message {
            call_id: Some("c".into()),
            ..Message::new(Role::Tool, "up")
        };
        let answer = Message {
            cut: true,
            cost: Some(cost),
            ..Message::new(Role::Assistant, "é\0\u{2028}\n")
        };
        vec![Message::prompt("why?", Vec::new()), result, answer]
    }

    #[test]
    fn lines_look_as_documented_and_are_added_only_when_something_happened() {
        let mut record = Record::default();
        let mut conversation = Conversation::default();
        let mut written = 0;
        let mut add = |conversation: &mut Conversation, model| {
            record.add(conversation, model, SystemTime::UNIX_EPOCH);
            let new = String::from_utf8(record.lines[written..].to_vec()).unwrap();
            written = record.lines.len();
            new
        };
        assert_eq!(add(&mut conversation, "m"), "");
        conversation.set_system(Some("s".into()));
        let header = "{\"heroku-chat\":2,\"started\":\"1970-01-01T00:00:00Z\"}\n";
        assert_eq!(
            add(&mut conversation, "m"),
            format!("{header}{{\"system\":\"s\"}}\n")
        );
        let line = "\"time\":\"1970-01-01T00:00:00Z\",\"messages\":[\
                    {\"role\":\"user\",\"content\":\"why?\"},\
                    {\"role\":\"tool\",\"content\":\"up\",\"tool_call_id\":\"c\"},\
                    {\"role\":\"assistant\",\"content\":\"é\\u0000\u{2028}\\n\",\"cut\":true,\
                    \"model\":\"m\",\"usage\":{\"prompt_tokens\":14,\"details\":{\"cached\":2}}}]}\n";
        conversation.extend(turn("m"));
        assert_eq!(add(&mut conversation, "m"), format!("{{{line}"));
        assert_eq!(add(&mut conversation, "m"), "");
        conversation.take_turn();
        conversation.extend(turn("m"));
        assert_eq!(
            add(&mut conversation, "m"),
            format!("{{\"taken_back\":1,{line}")
        );
        conversation.extend(turn("m"));
        add(&mut conversation, "m");
        drop((conversation.take_turn(), conversation.take_turn()));
        conversation.set_system(None);
        let expected = "{\"system\":\"\"}\n{\"taken_back\":2}\n{\"model\":\"n\"}\n";
        assert_eq!(add(&mut conversation, "n"), expected);
    }

    #[test]
    fn the_documentation_shows_lines_that_are_read_and_written() {
        let page = include_str!("../../docs/sessions.md");
        let block = page.split("```json\n{\"heroku-chat\"").nth(1);
        let block = block.expect("an example in docs/sessions.md");
        let block = format!("{{\"heroku-chat\"{}", block.split("```").next().unwrap());
        let reading = read(block.as_bytes()).unwrap();
        let known = (reading.started.is_some(), reading.unreadable);
        assert_eq!((known, reading.turns.len()), ((true, 0), 0));
        assert!(reading.costs.iter().all(|cost| !cost.usage.is_blank()));
        let lines = block
            .lines()
            .filter_map(|line| Some((line, Line::read(line)?.messages?)));
        let turns: Vec<_> = lines.collect();
        assert!(!turns.is_empty());
        for (line, messages) in turns {
            let written = serde_json::to_string(&messages).unwrap();
            assert!(line.contains(&format!("\"messages\":{written}")), "{line}");
        }
    }
}
