//! Reads a session file, whatever a crash, a full disk or an editor made of it. Pure: it skips and
//! counts what can't be read, knows what is torn at the end, and changes nothing.

use std::borrow::Cow;

use serde::Deserialize;

use super::record::{Line, VERSION};
use crate::conversation::{Cost, Message, Role, title};

/// What a file says.
#[derive(Debug)]
pub struct Reading {
    /// When it was begun, in RFC 3339.
    pub started: Option<String>,
    /// Made of the first prompt that was ever said.
    pub title: Option<String>,
    /// The model that was named last.
    pub model: Option<String>,
    pub system: Option<String>,
    /// The turns that were not taken back; none for one that can't be read.
    pub turns: Vec<Option<Vec<Message>>>,
    /// What each answer took, those that were taken back included.
    pub costs: Vec<Cost>,
    /// How many lines can't be read, apart from a torn one at the end.
    pub unreadable: usize,
    /// Whether it ends in mid-line: the process was killed, or the disk was full. A last line that
    /// is whole but for its end is not torn.
    pub is_torn: bool,
    /// Bytes up to the end of the last line that is whole.
    pub length: usize,
}

/// How much of a turn is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Everything,
    /// Not what was said, which is most of a file.
    Outline,
}

/// A message without what was said.
#[derive(Deserialize)]
struct Outline<'a> {
    role: Role,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
}

const NO_SESSION: &str = "It is no conversation that was saved by heroku-chat.";

/// Reads a file.
///
/// # Errors
/// Says why this is no session that can be read.
pub fn read(bytes: &[u8], detail: Detail) -> Result<Reading, String> {
    let mut reading = Reading {
        started: None,
        title: None,
        model: None,
        system: None,
        turns: Vec::new(),
        costs: Vec::new(),
        unreadable: 0,
        is_torn: false,
        length: 0,
    };
    let mut readable = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let has_end = line.ends_with(b"\n");
        if !(line.trim_ascii().is_empty() && has_end) {
            // A byte that is no UTF-8 costs a character, not the line.
            let text = String::from_utf8_lossy(line);
            let known = Line::read(&text);
            if let Some(line) = known.as_ref().filter(|_| reading.length == 0) {
                check_header(line)?;
            }
            match known.and_then(|line| reading.take(line, detail)) {
                Some(()) => readable += 1,
                None if !has_end => {
                    reading.is_torn = true;
                    break;
                }
                None => reading.skip(&text),
            }
        }
        reading.length += line.len();
    }
    if readable == 0 && reading.unreadable > 0 {
        return Err(NO_SESSION.to_owned());
    }
    Ok(reading)
}

fn check_header(line: &Line<'_>) -> Result<(), String> {
    let (version, which) = match line.version {
        Some(VERSION) => return Ok(()),
        Some(version) if version > VERSION => (version, "a newer"),
        Some(version) => (version, "an early"),
        None => return Err(NO_SESSION.to_owned()),
    };
    Err(format!(
        "It was written by {which} heroku-chat, in version {version} of the format; this one \
         reads version {VERSION}."
    ))
}

impl Reading {
    /// Whether nothing was ever written: the process ended between making the file and writing to
    /// it.
    pub fn is_blank(&self) -> bool {
        self.length == 0
    }

    /// None if the line holds a turn that can't be read; then nothing of it is taken.
    fn take(&mut self, line: Line<'_>, detail: Detail) -> Option<()> {
        let turn = match line.messages {
            // A title needs the first prompt in any case.
            Some(messages) if self.title.is_none() => {
                Some(turn(messages.get(), Detail::Everything)?)
            }
            Some(messages) => Some(turn(messages.get(), detail)?),
            None => None,
        };
        self.started = self.started.take().or(line.started);
        self.costs.extend(line.spent);
        if let Some(text) = line.system {
            self.system = Some(text).filter(|text| !text.is_empty());
        }
        let left = self.turns.len().saturating_sub(line.taken_back);
        self.turns.truncate(left);
        if let Some(messages) = turn {
            self.title
                .get_or_insert_with(|| title(&messages[0].content));
            let costs = messages.iter().filter_map(|it| it.cost.clone());
            let before = self.costs.len();
            self.costs.extend(costs);
            let answered = self.costs[before..].last().map(|cost| cost.model.clone());
            self.model = answered.or(self.model.take());
            self.turns.push(Some(messages));
        }
        self.model = line.model.or(self.model.take());
        Some(())
    }

    /// A line that can't be read was most likely a turn, and counts as one for what is taken back
    /// later.
    fn skip(&mut self, line: &str) {
        self.unreadable += 1;
        let is_other = [
            "{\"heroku-chat\"",
            "{\"taken_back\"",
            "{\"model\"",
            "{\"spent\"",
            "{\"system\"",
        ];
        if line.contains("\"messages\"") || !is_other.iter().any(|start| line.starts_with(start)) {
            self.turns.push(None);
        }
    }
}

/// The messages of a turn: a prompt, and what followed it.
fn turn(text: &str, detail: Detail) -> Option<Vec<Message>> {
    let messages: Vec<Message> = match detail {
        Detail::Everything => serde_json::from_str(text).ok()?,
        Detail::Outline => {
            let outlines: Vec<Outline<'_>> = serde_json::from_str(text).ok()?;
            outlines.into_iter().map(Message::from).collect()
        }
    };
    let (first, rest) = messages.split_first()?;
    let follows = |message: &Message| matches!(message.role, Role::Assistant | Role::Tool);
    let is_turn = first.role == Role::User && !rest.is_empty() && rest.iter().all(follows);
    is_turn.then_some(messages)
}

impl From<Outline<'_>> for Message {
    fn from(Outline { role, model }: Outline<'_>) -> Self {
        Message {
            cost: model.map(|model| Cost {
                model: model.into_owned(),
                ..Cost::default()
            }),
            ..Message::new(role, "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "{\"heroku-chat\":2,\"started\":\"T\"}\n";
    const TURN: &str = "{\"time\":\"T\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},\
                        {\"role\":\"assistant\",\"content\":\"b\",\"model\":\"m\"}]}\n";

    fn outline(text: &str) -> Reading {
        read(text.as_bytes(), Detail::Outline).unwrap()
    }

    fn turns(reading: &Reading) -> String {
        let letter = |turn: &Option<_>| if turn.is_some() { 't' } else { 'x' };
        reading.turns.iter().map(letter).collect()
    }

    #[test]
    fn other_formats_and_other_files_are_refused() {
        let table = [
            (
                "{\"heroku-chat\":3,\"started\":\"T\"}\n",
                "a newer heroku-chat, in version 3",
            ),
            (
                "{\"heroku-chat\":1,\"started\":\"T\"}\n{\"role\":\"user\"}\n",
                "an early heroku-chat, in version 1 of the format; this one reads version 2.",
            ),
            ("{\"heroku-chat\":0}\n", "version 0"),
            (TURN, "no conversation"),
            ("{}\n", "no conversation"),
            ("some\ntext\n", "no conversation"),
        ];
        for (text, reason) in table {
            let error = read(text.as_bytes(), Detail::Outline).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_of_no_bytes_or_half_a_header_is_blank() {
        for end in 0..HEADER.len() - 1 {
            let reading = outline(&HEADER[..end]);
            assert!(reading.is_blank(), "{end}");
            assert_eq!(reading.is_torn, end > 0, "{end}");
        }
        let reading = outline(HEADER);
        assert!(!reading.is_blank());
        let whole = (Some("T"), false);
        assert_eq!((reading.started.as_deref(), reading.is_torn), whole);
    }

    #[test]
    fn turns_are_added_and_taken_back() {
        let again = TURN.replacen('{', "{\"taken_back\":1,", 1);
        let table = [
            (vec![TURN, TURN], "tt", 2),
            (vec![TURN, "{\"taken_back\":1}\n", TURN], "t", 2),
            (vec![TURN, TURN, &again], "tt", 3),
            (vec![TURN, "{\"taken_back\":9}\n"], "", 1),
            (
                vec!["{\"taken_back\":18446744073709551615}\n", TURN],
                "t",
                1,
            ),
        ];
        for (lines, left, costs) in table {
            let reading = outline(&[HEADER, &lines.concat()].concat());
            assert_eq!(
                (turns(&reading).as_str(), reading.costs.len()),
                (left, costs)
            );
            assert_eq!(reading.model.as_deref(), Some("m"), "{lines:?}");
        }
    }

    #[test]
    fn an_unreadable_line_is_skipped_counted_and_keeps_its_place() {
        let messages = |roles: &[&str]| {
            let messages = roles.iter().map(|role| format!("{{\"role\":\"{role}\"}}"));
            let messages = messages.collect::<Vec<_>>().join(",");
            format!("{{\"messages\":[{messages}]}}\n")
        };
        let damaged = [
            "{\"time\":\"T\",\"mess\n".to_owned(),
            "{\"taken_back\":1,\"messages\":[\n".to_owned(),
            "\0\0\0\n".to_owned(),
            "[1]\n".to_owned(),
            "{\"messages\":7}\n".to_owned(),
            messages(&[]),
            messages(&["user"]),
            messages(&["assistant", "user"]),
            messages(&["user", "user"]),
            messages(&["user", "robot"]),
        ];
        for line in damaged {
            let reading = outline(&[HEADER, TURN, &line, TURN].concat());
            assert_eq!(
                (reading.unreadable, turns(&reading).as_str()),
                (1, "txt"),
                "{line}"
            );
            let lines = [HEADER, TURN, &line, TURN, "{\"taken_back\":2}\n", TURN];
            assert_eq!(turns(&outline(&lines.concat())), "tt", "{line}");
        }
        // A damaged header, model or taking back was no turn.
        let others = [
            "{\"heroku-chat\":\n",
            TURN,
            "{\"taken_back\":\n",
            "{\"model\":\n",
        ];
        let reading = outline(&others.concat());
        assert_eq!((reading.unreadable, turns(&reading).as_str()), (3, "t"));
    }

    #[test]
    fn a_stray_byte_costs_a_character() {
        let mut bytes = [HEADER, TURN].concat().into_bytes();
        let place = bytes.iter().rposition(|byte| *byte == b'b').unwrap();
        bytes[place] = 0xff;
        let reading = read(&bytes, Detail::Everything).unwrap();
        let turn = reading.turns[0].as_ref().unwrap();
        assert_eq!(turn[1].content, "\u{fffd}");
    }

    #[test]
    fn what_a_later_program_writes_blank_lines_and_crlf_are_no_damage() {
        let later = TURN.replace("\"time\"", "\"mood\":{\"a\":[1]},\"time\"");
        let later = later.replace("\"content\"", "\"mood\":\"fine\",\"content\"");
        let text = [HEADER, "\n  \r\n", &later, "{\"mood\":\"fine\"}\n"];
        let text = text.concat().replace('\n', "\r\n");
        let reading = outline(&text);
        let whole = (0, false, text.len());
        assert_eq!((reading.unreadable, reading.is_torn, reading.length), whole);
        assert_eq!(turns(&reading), "t");
    }

    #[test]
    fn a_last_line_without_its_end_is_read_if_it_is_whole() {
        let text = [HEADER, TURN.trim_end()].concat();
        let reading = outline(&text);
        assert_eq!((reading.is_torn, reading.length), (false, text.len()));
        assert_eq!(turns(&reading), "t");
    }

    #[test]
    fn an_outline_counts_what_the_whole_reading_has() {
        let system = "{\"role\":\"system\",\"content\":\"x\"}";
        let odd = TURN.replace(
            "{\"role\":\"assistant\"",
            &format!("{system},{{\"role\":\"tool\""),
        );
        let text = [HEADER, TURN, &odd, TURN].concat();
        let whole = read(text.as_bytes(), Detail::Everything).unwrap();
        assert_eq!(turns(&outline(&text)), turns(&whole));
    }
}
