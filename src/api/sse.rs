//! Server-sent events: push bytes, pull events. It knows the framing of the HTML standard and
//! nothing of chats.
//!
//! Heroku writes `data:{…}` without a space and with `event:` lines between; other servers write
//! `data: {…}` alone. Lines may end in LF, CRLF or CR, and a read may end anywhere, even within a
//! character.

/// A stream with a longer event is given up: no chunk of a chat comes near it, and memory is
/// finite.
const EVENT_LIMIT: usize = 16 * 1024 * 1024;

/// Splits a byte stream into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// Whether the last line ended in CR, so that a LF now belongs to it.
    after_cr: bool,
    /// Whether a byte was seen; before it, a byte order mark is no content.
    begun: bool,
    event: String,
    data: String,
    has_data: bool,
    /// Whether the event is JSON without a field's name before it, over as many lines as it likes:
    /// servers that fail in mid-stream write their error body as it is.
    is_bare: bool,
    /// Whether an event was too long, after which nothing is handed over any more.
    is_over_limit: bool,
}

/// One event, as far as it matters here: `id` and `retry` are for reconnecting, which a chat never
/// does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The event's name; empty if the stream gives none.
    pub name: &'a str,
    /// Its data lines, joined by LF.
    pub data: &'a str,
}

impl SseDecoder {
    /// Takes bytes and hands over each event that they complete.
    pub fn push(&mut self, mut bytes: &[u8], deliver: &mut impl FnMut(SseEvent<'_>)) {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            if self.line.is_empty() {
                self.take_line(&bytes[..end], deliver);
            } else {
                self.keep(&bytes[..end]);
                let mut line = std::mem::take(&mut self.line);
                self.take_line(&line, deliver);
                // The allocation is used again.
                line.clear();
                self.line = line;
            }
            let ended_in_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if ended_in_cr {
                self.after_cr = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.keep(bytes);
    }

    /// Whether an event was too long to be kept, so that the stream can't be read on.
    pub fn is_over_limit(&self) -> bool {
        self.is_over_limit
    }

    /// Keeps the beginning of a line.
    fn keep(&mut self, bytes: &[u8]) {
        self.is_over_limit |= self.line.len() + bytes.len() > EVENT_LIMIT;
        if !self.is_over_limit {
            self.line.extend_from_slice(bytes);
        }
    }

    /// Ends the stream. An event without its empty line is handed over too: servers that cut the
    /// stream right after `data:[DONE]` meant it.
    pub fn end(&mut self, deliver: &mut impl FnMut(SseEvent<'_>)) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, deliver);
        }
        self.dispatch(deliver);
    }

    fn take_line(&mut self, line: &[u8], deliver: &mut impl FnMut(SseEvent<'_>)) {
        let line = if self.begun {
            line
        } else {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        self.begun = true;
        if line.is_empty() {
            self.dispatch(deliver);
            return;
        }
        let is_field = [&b"data:"[..], b"event:", b":"]
            .iter()
            .any(|name| line.starts_with(name));
        let begins_bare = !self.is_bare && matches!(line.first(), Some(b'{' | b'['));
        if begins_bare || (self.is_bare && is_field) {
            self.dispatch(deliver);
            self.is_bare = begins_bare;
        }
        if self.is_bare {
            self.take_data(line);
            return;
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.take_data(value),
            b"event" => {
                self.event.clear();
                push_lossy(&mut self.event, value);
            }
            _ => {}
        }
    }

    fn take_data(&mut self, value: &[u8]) {
        if self.data.len() + value.len() >= EVENT_LIMIT {
            self.is_over_limit = true;
            return;
        }
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        push_lossy(&mut self.data, value);
    }

    fn dispatch(&mut self, deliver: &mut impl FnMut(SseEvent<'_>)) {
        // Heroku's `event:done` may come without data, and means the end all the same.
        if (self.has_data || !self.event.is_empty()) && !self.is_over_limit {
            deliver(SseEvent {
                name: &self.event,
                data: &self.data,
            });
        }
        self.event.clear();
        self.data.clear();
        self.has_data = false;
        self.is_bare = false;
    }
}

/// A whole line can't end inside a character, so what is not UTF-8 here never will be.
fn push_lossy(text: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(valid) => text.push_str(valid),
        Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, String)> {
        let mut decoder = SseDecoder::default();
        let mut events = Vec::new();
        let mut deliver =
            |event: SseEvent<'_>| events.push((event.name.to_owned(), event.data.to_owned()));
        for piece in pieces {
            decoder.push(piece, &mut deliver);
        }
        decoder.end(&mut deliver);
        events
    }

    fn event(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
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

    #[test]
    fn nothing_of_a_stream_is_handed_over_after_an_event_over_the_limit() {
        let half = vec![b'x'; EVENT_LIMIT / 2];
        assert_eq!(
            decode([
                &b"data:a\n\ndata:"[..],
                &half,
                &half,
                b"y",
                b"\n\ndata:b\n\n"
            ]),
            [event("", "a")]
        );
        let mut decoder = SseDecoder::default();
        let lines = b"data:\n".repeat(1000);
        for _ in 0..EVENT_LIMIT / 500 {
            decoder.push(&lines, &mut |_| {});
        }
        assert!(decoder.data.len() <= EVENT_LIMIT && decoder.is_over_limit());
    }

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
