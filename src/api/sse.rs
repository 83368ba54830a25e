//! Server-sent events: push bytes, pull events. It knows the framing of the HTML standard and
//! nothing of chats.
//!
//! Heroku writes `data:{…}` without a space and with `event:` lines between; other servers write
//! `data: {…}` alone. Lines may end in LF, CRLF or CR, and a read may end anywhere, even within a
//! character.

use std::borrow::Cow;

/// Splits a byte stream into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// Whether the last byte was a CR, so that a LF now belongs to it.
    after_cr: bool,
    /// Whether a line was seen; before it, a byte order mark is no content.
    begun: bool,
    name: String,
    data: Option<String>,
    /// Whether the event is JSON without a field's name before it, over as many lines as it likes:
    /// servers that fail in mid-stream write their error body as it is.
    is_bare: bool,
    events: Vec<SseEvent>,
}

/// One event, as far as it matters here: `id` and `retry` are for reconnecting, which a chat never
/// does.
#[derive(Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// The event's name; empty if the stream gives none.
    pub name: String,
    /// Its data lines, joined by LF.
    pub data: String,
}

impl SseDecoder {
    /// Takes bytes. Returns the events that they complete.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<SseEvent> {
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            let is_cr = bytes[end] == b'\r';
            let ends_crlf = self.after_cr && end == 0 && !is_cr;
            self.after_cr = is_cr;
            if !ends_crlf && self.line.is_empty() {
                self.take_line(&bytes[..end]);
            } else if !ends_crlf {
                self.line.extend_from_slice(&bytes[..end]);
                self.take_kept_line();
            }
            bytes = &bytes[end + 1..];
        }
        self.after_cr &= bytes.is_empty();
        self.line.extend_from_slice(bytes);
        std::mem::take(&mut self.events)
    }

    /// Ends the stream. An event without its empty line counts, too: servers that cut the stream
    /// right after `data:[DONE]` meant it.
    pub fn end(&mut self) -> Vec<SseEvent> {
        if !self.line.is_empty() {
            self.take_kept_line();
        }
        self.dispatch();
        std::mem::take(&mut self.events)
    }

    fn take_kept_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        self.take_line(&line);
        // The allocation is used again.
        line.clear();
        self.line = line;
    }

    fn take_line(&mut self, bytes: &[u8]) {
        // A whole line can't end inside a character, so what is not UTF-8 here never will be.
        // That is the slow way to find out that it is.
        let text = std::str::from_utf8(bytes).map(Cow::Borrowed);
        let text = text.unwrap_or_else(|_| String::from_utf8_lossy(bytes));
        let mut line = &*text;
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let is_field = ["data:", "event:", ":"]
            .iter()
            .any(|name| line.starts_with(name));
        let begins_bare = !self.is_bare && line.starts_with(['{', '[']);
        if begins_bare || (self.is_bare && is_field) {
            self.dispatch();
            self.is_bare = begins_bare;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            _ if self.is_bare => self.take_data(line),
            "data" => self.take_data(value),
            "event" => self.name = value.to_owned(),
            _ => {}
        }
    }

    fn take_data(&mut self, value: &str) {
        match &mut self.data {
            Some(data) => data.extend(["\n", value]),
            None => self.data = Some(value.to_owned()),
        }
    }

    fn dispatch(&mut self) {
        let (name, data) = (std::mem::take(&mut self.name), self.data.take());
        self.is_bare = false;
        // Heroku's `event:done` may come without data, and means the end all the same.
        if data.is_some() || !name.is_empty() {
            let data = data.unwrap_or_default();
            self.events.push(SseEvent { name, data });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<SseEvent> {
        let mut decoder = SseDecoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            events.extend(decoder.push(piece));
        }
        events.extend(decoder.end());
        events
    }

    fn event(name: &str, data: &str) -> SseEvent {
        let (name, data) = (name.to_owned(), data.to_owned());
        SseEvent { name, data }
    }

    const HEROKU: &str = "event:message\ndata:{\"a\":\"é⬢\"}\n\n: beat\nevent:heartbeat\n\nevent:done\ndata:[DONE]\n\n";

    #[test]
    fn both_framings_and_all_line_ends_are_read_alike() {
        let expected = [event("", "{}"), event("", "[DONE]")];
        for text in [
            "data:{}\n\ndata:[DONE]\n\n",
            "data: {}\r\n\r\ndata: [DONE]\r\n\r\n",
            "data: {}\r\rdata: [DONE]\r\r",
            "\u{feff}data: {}\n\ndata: [DONE]\n\n",
            ": comment\ndata: {}\nid: 1\nretry: 5\n\n\n\ndata: [DONE]\n\n",
            "data: {}\n\ndata: [DONE]",
        ] {
            assert_eq!(decode([text.as_bytes()]), expected, "{text:?}");
        }
    }

    #[test]
    fn several_data_lines_are_joined_and_one_space_is_removed() {
        assert_eq!(
            decode([&b"data:  a\ndata\ndata: b\n\n"[..]]),
            [event("", " a\n\nb")]
        );
    }

    #[test]
    fn json_without_a_name_before_it_is_an_event() {
        for (text, data) in [
            ("{\"error\":1}\n\n", "{\"error\":1}"),
            ("{\n  \"data\": 1\n}\n\n", "{\n  \"data\": 1\n}"),
            ("[1]\n", "[1]"),
        ] {
            for (before, after) in [("data:a\n\n", "data:b\n\n"), ("data:a\n", "data:b\n\n")] {
                let stream = format!("{before}{text}{after}");
                let expected = [event("", "a"), event("", data), event("", "b")];
                for cut in 0..=stream.len() {
                    let (one, two) = stream.as_bytes().split_at(cut);
                    assert_eq!(decode([one, two]), expected, "{stream:?} cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn a_cut_at_any_byte_changes_nothing() {
        let expected = [
            event("message", "{\"a\":\"é⬢\"}"),
            event("heartbeat", ""),
            event("done", "[DONE]"),
        ];
        for text in [
            HEROKU.to_owned(),
            HEROKU.replace('\n', "\r\n"),
            HEROKU.replace('\n', "\r"),
        ] {
            for cut in 0..=text.len() {
                let (one, two) = text.as_bytes().split_at(cut);
                assert_eq!(decode([one, two]), expected, "cut at {cut}");
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_the_stream_goes_on() {
        assert_eq!(
            decode([&b"data:\xff\n\ndata:b\n\n"[..]]),
            [event("", "\u{fffd}"), event("", "b")]
        );
    }

    const PARTS: &[&[u8]] = &[
        b"data:",
        b"event:",
        b"\n",
        b"\r",
        b"\r\n",
        b" ",
        b":",
        b"{}",
        b"{",
        "é⬢".as_bytes(),
        b"\xff",
        b"x",
        b"\xef\xbb\xbf",
    ];

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_events(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..40),
            size in 1usize..9,
        ) {
            let bytes: Vec<u8> = parts.concat();
            prop_assert_eq!(decode(bytes.chunks(size)), decode([&bytes[..]]));
        }
    }
}
