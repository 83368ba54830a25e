//! Reads a session file, whatever a crash, a full disk or an editor made of it. Pure: it skips and
//! counts what can't be read, knows what is torn at the end, and changes nothing. Makes a
//! conversation to continue of what it says.

use std::io;

use super::notice::Notice;
use super::record::{Line, Record, VERSION};
use crate::conversation::{Conversation, Cost, Message, title};

/// What a file says.
#[derive(Debug, Default)]
pub struct Reading {
    /// When it was begun, in RFC 3339.
    pub started: Option<String>,
    /// Made of the first prompt that was ever said.
    pub title: String,
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
    /// Bytes up to the end of the last line that is whole. If there are none, the process ended
    /// between making the file and writing to it.
    pub length: usize,
}

const NO_SESSION: &str = "It is no conversation that was saved by heroku-chat.";

/// Reads a file.
///
/// # Errors
/// Says why this is no session that can be read.
pub fn read(bytes: &[u8]) -> io::Result<Reading> {
    let mut reading = Reading::default();
    let mut is_session = false;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        // A byte that is no UTF-8 costs a character, not the line.
        let text = String::from_utf8_lossy(line);
        match Line::read(&text) {
            Some(line) => {
                if reading.length == 0 {
                    check_header(&line).map_err(io::Error::other)?;
                }
                reading.take(line);
                is_session = true;
            }
            None if !text.ends_with('\n') => {
                reading.is_torn = true;
                break;
            }
            None if text.trim().is_empty() => {}
            None => reading.skip(&text),
        }
        reading.length += line.len();
    }
    match is_session || reading.unreadable == 0 {
        true => Ok(reading),
        false => Err(io::Error::other(NO_SESSION)),
    }
}

/// What was spent in a file, each with its day in UTC, that of the turn before if it has none.
///
/// # Errors
/// As [`read`].
pub fn spent(bytes: &[u8]) -> io::Result<Vec<(String, Cost)>> {
    read(bytes)?;
    let (mut spent, mut day) = (Vec::new(), String::new());
    for line in String::from_utf8_lossy(bytes)
        .lines()
        .filter_map(Line::read)
    {
        if let Some(time) = line.time.or(line.started) {
            day = time.chars().take("2026-11-23".len()).collect();
        }
        let messages = line.messages.into_iter().flatten();
        let costs = messages.filter_map(|message| message.cost);
        spent.extend(costs.chain(line.spent).map(|cost| (day.clone(), cost)));
    }
    Ok(spent)
}

fn check_header(line: &Line) -> Result<(), String> {
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
    fn take(&mut self, line: Line) {
        self.started = self.started.take().or(line.started);
        self.costs.extend(line.spent);
        if let Some(text) = line.system {
            self.system = Some(text).filter(|text| !text.is_empty());
        }
        let left = self.turns.len().saturating_sub(line.taken_back);
        self.turns.truncate(left);
        if let Some(messages) = line.messages {
            if self.title.is_empty() {
                self.title = title(&messages[0].content);
            }
            let costs = messages.iter().filter_map(|message| message.cost.clone());
            for cost in costs {
                self.model = Some(cost.model.clone());
                self.costs.push(cost);
            }
            self.turns.push(Some(messages));
        }
        self.model = line.model.or(self.model.take());
    }

    /// A line that can't be read was most likely a turn, and counts as one for what is taken back
    /// later.
    fn skip(&mut self, line: &str) {
        self.unreadable += 1;
        let first = line
            .strip_prefix("{\"")
            .and_then(|rest| rest.split('"').next());
        let others = ["heroku-chat", "taken_back", "model", "spent", "system"];
        if line.contains("\"messages\"") || !first.is_some_and(|it| others.contains(&it)) {
            self.turns.push(None);
        }
    }
}

/// What was said in a session.
#[derive(Debug, Default)]
pub struct Restored {
    pub conversation: Conversation,
    /// The model that was used last.
    pub model: Option<String>,
    /// What each answer took, those that were taken back included: they were paid for.
    pub costs: Vec<Cost>,
    /// What is to be told about the reading.
    pub notices: Vec<Notice>,
    /// The lines of the file, to add to.
    pub record: Record,
}

impl Restored {
    /// Reads a file, to the last message.
    ///
    /// # Errors
    /// Says why this is no session that can be read.
    pub fn read(bytes: &[u8]) -> io::Result<Self> {
        let reading = read(bytes)?;
        let unreadable = (reading.unreadable > 0).then_some(Notice::Unreadable(reading.unreadable));
        let torn = reading.is_torn.then_some(Notice::TurnInFlight);
        let record = Record::of_file(bytes, &reading);
        let messages = reading.turns.into_iter().flatten().flatten().collect();
        Ok(Restored {
            conversation: Conversation::recorded(reading.system, messages),
            model: reading.model,
            costs: reading.costs,
            notices: unreadable.into_iter().chain(torn).collect(),
            record,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "{\"heroku-chat\":2,\"started\":\"T\"}\n";
    const TURN: &str = "{\"time\":\"T\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},\
                        {\"role\":\"assistant\",\"content\":\"b\",\"model\":\"m\"}]}\n";

    fn parsed(text: &str) -> Reading {
        read(text.as_bytes()).unwrap()
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
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_of_no_bytes_or_half_a_header_is_blank() {
        for end in 0..HEADER.len() - 1 {
            let reading = parsed(&HEADER[..end]);
            assert_eq!(reading.length, 0, "{end}");
            assert_eq!(reading.is_torn, end > 0, "{end}");
        }
        let reading = parsed(HEADER);
        assert!(reading.length > 0);
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
            let reading = parsed(&[HEADER, &lines.concat()].concat());
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
            let reading = parsed(&[HEADER, TURN, &line, TURN].concat());
            assert_eq!(
                (reading.unreadable, turns(&reading).as_str()),
                (1, "txt"),
                "{line}"
            );
            let lines = [HEADER, TURN, &line, TURN, "{\"taken_back\":2}\n", TURN];
            assert_eq!(turns(&parsed(&lines.concat())), "tt", "{line}");
        }
        // A damaged header, model or taking back was no turn.
        let others = [
            "{\"heroku-chat\":\n",
            TURN,
            "{\"taken_back\":\n",
            "{\"model\":\n",
        ];
        let reading = parsed(&others.concat());
        assert_eq!((reading.unreadable, turns(&reading).as_str()), (3, "t"));
    }

    #[test]
    fn a_stray_byte_costs_a_character() {
        let mut bytes = [HEADER, TURN].concat().into_bytes();
        let place = bytes.iter().rposition(|byte| *byte == b'b').unwrap();
        bytes[place] = 0xff;
        let reading = read(&bytes).unwrap();
        let turn = reading.turns[0].as_ref().unwrap();
        assert_eq!(turn[1].content, "\u{fffd}");
    }

    #[test]
    fn what_a_later_program_writes_blank_lines_and_crlf_are_no_damage() {
        let later = TURN.replace("\"time\"", "\"mood\":{\"a\":[1]},\"time\"");
        let later = later.replace("\"content\"", "\"mood\":\"fine\",\"content\"");
        let text = [HEADER, "\n  \r\n", &later, "{\"mood\":\"fine\"}\n"];
        let text = text.concat().replace('\n', "\r\n");
        let reading = parsed(&text);
        let whole = (0, false, text.len());
        assert_eq!((reading.unreadable, reading.is_torn, reading.length), whole);
        assert_eq!(turns(&reading), "t");
    }

    #[test]
    fn a_last_line_without_its_end_is_read_if_it_is_whole() {
        let text = [HEADER, TURN.trim_end()].concat();
        let reading = parsed(&text);
        assert_eq!((reading.is_torn, reading.length), (false, text.len()));
        assert_eq!(turns(&reading), "t");
    }

    const PARTS: &[&str] = &[
        HEADER,
        TURN,
        "{\"taken_back\":1}\n",
        "{\"taken_back\":9999999999}\n",
        "{\"system\":\"s\"}\n",
        "{\"model\":\"m\"}\n",
        "{\"spent\":[{\"model\":\"m\",\"usage\":{}}]}\n",
        "{\"messages\":[]}\n",
        "\n",
        "\r\n",
        " ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\u{fffd}",
        "é",
        "\0",
        "{\"heroku-chat\":",
        "{\"system\":7,\"messages\"",
    ];

    proptest! {
        #[test]
        fn what_is_good_of_any_file_is_read_alike_without_the_rest(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..20),
            has_header in any::<bool>(),
            cut in 0_usize..400,
        ) {
            let text = if has_header { HEADER.to_owned() } else { String::new() } + &parts.concat();
            let bytes = &text.as_bytes()[..cut.min(text.len())];
            if let Ok(whole) = read(bytes) {
                let good = read(&bytes[..whole.length]).unwrap();
                prop_assert!(!good.is_torn && good.length == whole.length);
                let all = |reading: &Reading| {
                    let Reading { title, model, system, turns, costs, .. } = reading;
                    format!("{title:?} {model:?} {system:?} {turns:?} {costs:?} {}", reading.unreadable)
                };
                prop_assert_eq!(all(&good), all(&whole));
                let restored = Restored::read(bytes).unwrap();
                let again = Restored::read(&restored.record.lines).unwrap();
                prop_assert_eq!(again.conversation.messages(), restored.conversation.messages());
            }
        }
    }
}
