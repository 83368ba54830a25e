//! A session file read from its bytes, whatever a crash, a full disk or an editor made of it. Pure:
//! what can't be read is skipped and counted, what is torn at the end is known, and nothing is
//! changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::record::{self, Detail, Record, VERSION};
use super::timeline::{Said, Timeline};
use crate::conversation::{Cost, Role, title};

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
    /// Without what was said, where only an outline was wanted.
    pub timeline: Timeline,
    /// What each answer took, those that were taken back included.
    pub costs: Vec<Cost>,
    /// How many lines can't be read, apart from a torn one at the end.
    pub unreadable: usize,
    pub ending: Ending,
    /// Bytes up to the end of the last line that is whole.
    pub length: usize,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// The last line is whole but for its end.
    NoLineEnd,
    /// In mid-line: the process was killed, or the disk was full.
    Torn,
}

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
        timeline: Timeline::default(),
        costs: Vec::new(),
        unreadable: 0,
        ending: Ending::Whole,
        length: 0,
    };
    let mut readable = 0;
    for (start, line) in lines(bytes) {
        let has_end = line.ends_with(b"\n");
        if line.trim_ascii().is_empty() && has_end {
            reading.length = start + line.len();
            continue;
        }
        // A title needs the first prompt in any case.
        let detail = if reading.title.is_none() {
            Detail::Everything
        } else {
            detail
        };
        match record::read(line, reading.model.as_deref(), detail) {
            None if !has_end => {
                reading.ending = Ending::Torn;
                break;
            }
            None => reading.skip(line),
            Some(record) => {
                if start == 0 {
                    check_header(&record)?;
                }
                readable += 1;
                reading.take(record, line);
            }
        }
        reading.length = start + line.len();
        if !has_end {
            reading.ending = Ending::NoLineEnd;
        }
    }
    if readable == 0 && reading.unreadable > 0 {
        return Err(NO_SESSION.to_owned());
    }
    Ok(reading)
}

const NO_SESSION: &str = "It is no conversation that was saved by heroku-chat.";

fn check_header(record: &Record) -> Result<(), String> {
    match record {
        Record::Header {
            version: 1..=VERSION,
            ..
        } => Ok(()),
        Record::Header { version, .. } => Err(format!(
            "It was written by a newer heroku-chat, in version {version} of the format; this one reads {VERSION}."
        )),
        _ => Err(NO_SESSION.to_owned()),
    }
}

/// Of a line, to know it again within this process.
pub fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

impl Reading {
    /// Whether nothing was ever written: the process ended between making the file and writing to
    /// it.
    pub fn is_blank(&self) -> bool {
        self.length == 0
    }

    fn take(&mut self, record: Record, line: &[u8]) {
        match record {
            Record::Header { started, .. } => self.started = self.started.take().or(started),
            Record::Model(id) => self.model = Some(id),
            Record::System(text) => self.system = Some(text).filter(|text| !text.is_empty()),
            Record::Message(message) => {
                if self.title.is_none() && message.role == Role::User {
                    self.title = Some(title(&message.content));
                }
                self.costs.extend(message.cost.clone());
                self.timeline.say(Said {
                    message,
                    hash: hash(line),
                });
            }
            Record::Keep(count) => self.timeline.keep(count),
            Record::Unknown => {}
        }
    }

    /// A line that can't be read was most likely a message, and counts as one for what is taken
    /// back later.
    fn skip(&mut self, line: &[u8]) {
        self.unreadable += 1;
        let is_other = [
            &b"{\"heroku-chat\""[..],
            b"{\"keep\"",
            b"{\"model\"",
            b"{\"system\"",
        ];
        if !is_other.iter().any(|start| line.starts_with(start)) {
            self.timeline.lose();
        }
    }
}

/// The lines with their line ends, each with where it begins.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        start += length;
        Some((start - length, &rest[..length]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    const HEADER: &str = "{\"heroku-chat\":1,\"started\":\"T\"}\n";
    const TURN: &str =
        "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"assistant\",\"content\":\"b\"}\n";

    fn outline(text: &str) -> Reading {
        read(text.as_bytes(), Detail::Outline).unwrap()
    }

    #[test]
    fn a_newer_format_and_other_files_are_refused() {
        let table = [
            (
                "{\"heroku-chat\":2,\"started\":\"T\"}\n",
                "newer heroku-chat, in version 2",
            ),
            ("{\"heroku-chat\":0}\n", "version 0"),
            ("{\"role\":\"user\",\"content\":\"a\"}\n", "no conversation"),
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
            assert_eq!(
                reading.ending,
                if end == 0 {
                    Ending::Whole
                } else {
                    Ending::Torn
                }
            );
        }
        let reading = outline(HEADER);
        assert!(!reading.is_blank());
        assert_eq!(
            (reading.started.as_deref(), reading.ending),
            (Some("T"), Ending::Whole)
        );
    }

    #[test]
    fn an_unreadable_line_is_skipped_counted_and_keeps_its_place() {
        let damaged = "{\"role\":\"user\",\"conte\n";
        let reading = outline(&[HEADER, TURN, damaged, TURN, "{\"keep\":2}\n", TURN].concat());
        assert_eq!(reading.unreadable, 1);
        assert_eq!(reading.timeline.into_turns().len(), 4);
        // A damaged header, model or keep was no message.
        let reading =
            outline(&["{\"heroku-chat\":\n", TURN, "{\"keep\":\n", "{\"model\":\n"].concat());
        assert_eq!((reading.unreadable, reading.timeline.next_place()), (3, 2));
    }

    #[test]
    fn records_of_a_later_program_blank_lines_and_crlf_are_no_damage() {
        let text = [HEADER, "\n  \r\n", TURN, "{\"mood\":\"fine\"}\n"]
            .concat()
            .replace('\n', "\r\n");
        let reading = outline(&text);
        assert_eq!(
            (reading.unreadable, reading.ending, reading.length),
            (0, Ending::Whole, text.len())
        );
        assert_eq!(reading.timeline.into_turns().len(), 2);
    }

    #[test]
    fn a_last_line_without_its_end_is_read_where_it_is_whole() {
        let text = [HEADER, TURN.trim_end()].concat();
        let reading = outline(&text);
        assert_eq!(
            (reading.ending, reading.length),
            (Ending::NoLineEnd, text.len())
        );
        assert_eq!(reading.timeline.into_turns().len(), 2);
    }
}
