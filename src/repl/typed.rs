//! What the keyboard sends, before the line editor sees it. Pure.
//!
//! rustyline 19 drops a control sequence that it doesn't know halfway, and types the rest;
//! within a paste it takes the end mark for a part of a sequence that was cut. So every sequence is
//! read whole here, what nobody bound is left out, and a paste arrives as text alone. Enter with
//! more behind it is part of a paste from a terminal that doesn't mark pastes; such a paste becomes
//! one prompt and is never sent by itself.

use std::time::Duration;

use super::stand_in;

const PASTE_BEGINS: &str = "\x1b[200~";
const PASTE_ENDS: &str = "\x1b[201~";
const NEW_LINE: &str = "\x1b\r";

/// What the editor reads for a Tab that was typed before the prompt came: a key that no keyboard
/// has.
const QUEUE_KEY: &str = "\x1b[1;8w";

/// No sequence of a terminal is longer, but for a clipboard's.
const SEQUENCE_LIMIT: usize = 64;
const STRING_LIMIT: usize = 1 << 20;

/// Reads what is typed, and writes what the line editor should read.
#[derive(Default)]
pub struct Typed {
    state: State,
    /// The beginning of a character.
    partial: Vec<u8>,
    /// Whether the escape key is one by itself, and not the beginning of another.
    pub is_vi: bool,
    /// Whether what comes first was typed before the prompt came, so that Tab ends a prompt.
    pub is_ahead: bool,
    /// Whether Enter may be for a list on the screen, and is no part of a text.
    pub is_paging: bool,
    out: String,
    /// What was pasted since somebody took it.
    pub pasted: Vec<String>,
    /// What of it came between a terminal's marks. Without them a paste is a guess: several lines
    /// that somebody typed ahead come at once, too.
    pub marked: Vec<String>,
    /// Whether Enter came at once with something else, which no hand does.
    pub is_rushed: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Typing,
    /// Behind Ctrl-V, which takes any key for text.
    Quoting,
    Escape,
    Csi(String),
    Ss3,
    /// A report in a string (OSC, DCS and the like): its first character, its length, and whether
    /// its last one was an escape.
    Report(char, usize, bool),
    /// So many characters belong to a sequence that is over otherwise.
    Skip(u8),
    /// A paste that is marked.
    Paste(String),
    /// A paste that isn't, which ends with a silence.
    Gather(String),
}

impl Typed {
    /// Takes what was typed, and whether more waits already; returns what the editor should read.
    pub fn push(&mut self, bytes: &[u8], has_more: bool) -> String {
        let characters = self.decode(bytes);
        let mut index = 0;
        while let Some(&character) = characters.get(index) {
            let rest = &characters[index + 1..];
            let is_alone = characters.len() == 1;
            index += 1;
            if character == '\r' && rest == ['\n'] && !has_more && self.is_typing() {
                // Some send two characters for one line end.
                index += 1;
                self.out.push('\r');
            } else {
                let next = rest.first().copied().or(has_more.then_some(' '));
                self.take(character, next, is_alone);
            }
        }
        self.is_ahead = false;
        self.is_rushed |= self.out.contains('\r') && self.out != "\r";
        std::mem::take(&mut self.out)
    }

    /// How long to wait for what belongs to what came; none if it may take as long as it likes.
    pub fn patience(&self) -> Option<Duration> {
        let milliseconds = match self.state {
            State::Typing | State::Quoting => return None,
            State::Escape if !self.is_vi => return None,
            State::Escape => 50,
            State::Gather(_) => 250,
            State::Csi(_) | State::Ss3 | State::Report(..) | State::Skip(_) => 200,
            State::Paste(_) => 1_000,
        };
        Some(Duration::from_millis(milliseconds))
    }

    /// Ends what nothing came for in time.
    pub fn silence(&mut self) -> String {
        match std::mem::take(&mut self.state) {
            State::Escape => self.out.push('\x1b'),
            // Alt and a letter.
            State::Report(first, 0, false) => self.out.extend(['\x1b', first]),
            State::Paste(text) => self.marked_paste(&text),
            State::Gather(text) => self.paste(&text),
            _ => {}
        }
        std::mem::take(&mut self.out)
    }

    /// Whether nothing is in the middle of anything.
    pub fn is_typing(&self) -> bool {
        matches!(self.state, State::Typing)
    }

    fn take(&mut self, character: char, next: Option<char>, is_alone: bool) {
        match std::mem::take(&mut self.state) {
            State::Typing => self.typed(character, next),
            State::Quoting => self.out.push(stand_in::of(character).unwrap_or(character)),
            State::Escape => self.escaped(character, next),
            State::Csi(parameters) => self.csi(parameters, character, next),
            State::Ss3 => match character {
                'A'..='D' | 'F' | 'H' => self.out.extend(['\x1b', 'O', character]),
                'M' => self.out.push('\r'),
                '0'..='9' | ';' => self.state = State::Ss3,
                _ if character.is_control() => self.typed(character, next),
                _ => {}
            },
            State::Report(first, length, was_escape) => match character {
                '\x07' | '\u{9c}' | '\x18' | '\x1a' => {}
                '\\' if was_escape => {}
                '\x03' | '\x04' => self.typed(character, next),
                _ if was_escape => self.escaped(character, next),
                _ if length >= STRING_LIMIT => {}
                _ => self.state = State::Report(first, length + 1, character == '\x1b'),
            },
            State::Skip(_) if character.is_control() => self.typed(character, next),
            State::Skip(count) if count > 1 => self.state = State::Skip(count - 1),
            State::Skip(_) => {}
            // A key by itself, at a terminal that never ended its paste.
            State::Paste(text) | State::Gather(text)
                if is_alone && matches!(character, '\x03' | '\x04') =>
            {
                self.paste(&text);
                self.out.push(character);
            }
            State::Paste(mut text) => {
                text.push(character);
                match text.strip_suffix(PASTE_ENDS) {
                    Some(text) => self.marked_paste(text),
                    None => self.state = State::Paste(text),
                }
            }
            State::Gather(mut text) => {
                text.push(character);
                self.state = match text.strip_suffix(PASTE_BEGINS) {
                    Some(before) => State::Paste(before.to_owned()),
                    None => State::Gather(text),
                }
            }
        }
    }

    fn typed(&mut self, character: char, next: Option<char>) {
        match character {
            '\x1b' => self.state = State::Escape,
            '\r' | '\n' if !self.is_paging && next.is_some_and(is_text) => {
                self.state = State::Gather(character.into());
            }
            '\x11' | '\x16' => {
                self.state = State::Quoting;
                self.out.push(character);
            }
            '\u{80}'..='\u{9f}' => {}
            '\t' if self.is_ahead => self.out.push_str(QUEUE_KEY),
            control if control.is_control() => self.out.push(control),
            other => self.out.push(stand_in::of(other).unwrap_or(other)),
        }
    }

    fn escaped(&mut self, character: char, next: Option<char>) {
        match character {
            '[' => self.state = State::Csi(String::new()),
            'O' => self.state = State::Ss3,
            ']' | 'P' | '_' | '^' | 'X' => self.state = State::Report(character, 0, false),
            '\x1b' => self.state = State::Escape,
            '\x03' | '\x04' => self.typed(character, next),
            _ => self.out.extend(['\x1b', character]),
        }
    }

    fn csi(&mut self, mut parameters: String, character: char, next: Option<char>) {
        match character {
            ' '..='?' if parameters.len() < SEQUENCE_LIMIT => {
                parameters.push(character);
                self.state = State::Csi(parameters);
            }
            // A function key of the Linux console, and a click in the old manner.
            '[' if parameters.is_empty() => self.state = State::Skip(1),
            'M' if parameters.is_empty() => self.state = State::Skip(3),
            '~' if parameters == "200" => self.state = State::Paste(String::new()),
            '@'..='~' => self.sequence(&parameters, character),
            _ if character.is_control() => self.typed(character, next),
            _ => {}
        }
    }

    /// Hands on what the line editor knows, in the form in which it does.
    fn sequence(&mut self, parameters: &str, end: char) {
        let mut fields = parameters.split(';');
        let first = fields.next().unwrap_or_default();
        let Some(modifiers) = modifiers(fields.next().unwrap_or_default()) else {
            return;
        };
        match (first, end) {
            (_, 'u') => self.key(first, modifiers),
            ("27", '~') => self.key(fields.next().unwrap_or_default(), modifiers),
            ("" | "1", 'A'..='D' | 'F' | 'H') if modifiers == 0 => {
                self.out.extend(['\x1b', '[', end]);
            }
            ("1", 'A'..='D' | 'F' | 'H') => {
                self.out.push_str(&format!("\x1b[1;{}{end}", modifiers + 1));
            }
            ("", 'Z') => self.out.push_str("\x1b[Z"),
            ("2" | "3" | "5" | "6", '~') if modifiers > 0 => {
                self.out
                    .push_str(&format!("\x1b[{first};{}~", modifiers + 1));
            }
            ("1" | "2" | "3" | "4" | "5" | "6" | "7" | "8", '~') => {
                self.out.push_str(&format!("\x1b[{first}~"));
            }
            _ => {}
        }
    }

    /// A key by its code, as kitty's protocol and xterm's modifyOtherKeys name it.
    fn key(&mut self, codes: &str, modifiers: u8) {
        let mut codes = codes.split(':').map(|code| code.parse::<u32>().ok());
        let code = codes.next().flatten().and_then(char::from_u32);
        let shifted = codes.next().flatten().and_then(char::from_u32);
        match (code, modifiers) {
            (Some('\r'), 0) => self.out.push('\r'),
            // Esc and Enter at once would be the same keys, which send in the manner of vi.
            (Some('\r'), _) if self.is_vi => self.out.push('\n'),
            (Some('\r'), _) => self.out.push_str(NEW_LINE),
            (Some('\t'), 0) => self.out.push('\t'),
            (Some('\t'), SHIFT) => self.out.push_str("\x1b[Z"),
            (Some('\x1b'), 0) if self.is_vi => self.out.push('\x1b'),
            (Some('\x7f' | '\x08'), 0 | SHIFT) => self.out.push('\x7f'),
            (Some('\x7f' | '\x08'), ALT) => self.out.push_str("\x1b\x7f"),
            (Some(letter @ ('a'..='z' | 'A'..='Z')), CTRL) => {
                self.out.push(char::from(letter as u8 & 0x1f));
            }
            // Its protocol's own names for keys without a character.
            (Some('\u{e000}'..='\u{f8ff}'), _) => {}
            (Some(character), 0 | SHIFT) if !character.is_control() => {
                let upper = || character.to_uppercase().next();
                let shifted = shifted
                    .filter(|shifted| !shifted.is_control())
                    .or_else(upper);
                let typed = if modifiers == SHIFT { shifted } else { None };
                self.out.push(typed.unwrap_or(character));
            }
            (Some(character), ALT) if !character.is_control() && !"[O".contains(character) => {
                self.out.extend(['\x1b', character]);
            }
            _ => {}
        }
    }

    /// Hands on a text as a paste in which nothing is a control character but tab and line feed.
    fn paste(&mut self, text: &str) {
        let text = stand_in::shown(&text.replace("\r\n", "\n").replace('\r', "\n")).into_owned();
        self.out.extend([PASTE_BEGINS, &text, PASTE_ENDS]);
        self.pasted.push(text);
    }

    /// The same for a paste that the terminal has marked as one, so that it is known to be whole.
    fn marked_paste(&mut self, text: &str) {
        self.paste(text);
        self.marked.extend(self.pasted.last().cloned());
    }

    /// The characters of these bytes and those before; what is no UTF-8 is U+FFFD.
    fn decode(&mut self, bytes: &[u8]) -> Vec<char> {
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        let mut characters = Vec::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            characters.extend(chunk.valid().chars());
            let is_cut = chunks.peek().is_none()
                && std::str::from_utf8(chunk.invalid())
                    .is_err_and(|error| error.error_len().is_none());
            if is_cut {
                self.partial = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                characters.push(char::REPLACEMENT_CHARACTER);
            }
        }
        characters
    }
}

const SHIFT: u8 = 1;
const ALT: u8 = 2;
const CTRL: u8 = 4;

/// The modifiers of a sequence, without those of locks; none if the key is released.
fn modifiers(field: &str) -> Option<u8> {
    let (modifiers, event) = field.split_once(':').unwrap_or((field, ""));
    let bits = modifiers
        .parse::<u16>()
        .map_or(0, |number| number.saturating_sub(1));
    // Super, hyper and meta have no meaning at a prompt; kitty counts them with 8, 16 and 32.
    (event != "3" && bits & 0b11_1000 == 0).then_some((bits & 0b111) as u8)
}

/// Whether a character behind a line end makes both part of a paste: no key does.
fn is_text(character: char) -> bool {
    !character.is_control() || matches!(character, '\r' | '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the editor reads of keys that come at once, and after a silence.
    fn read(keys: &str) -> String {
        let mut typed = Typed::default();
        let mut read = typed.push(keys.as_bytes(), false);
        if typed.patience().is_some() {
            read += &typed.silence();
        }
        read
    }

    #[test]
    fn keys_that_nobody_bound_type_nothing_and_eat_nothing() {
        for key in [
            "\x1b[99;6u",
            "\x1b[127;5u",
            "\x1b[57441u",
            "\x1b[97;5:3u",
            "\x1b[27u",
            "\x1b[97;9u",
            "\x1b[<64;10;20M",
            "\x1b[<0;1;1m",
            "\x1b[M !!",
            "\x1b[32;10;20M",
            "\x1b[I",
            "\x1b[O",
            "\x1b[?62;22c",
            "\x1b[>0;276;0c",
            "\x1b[24;80R",
            "\x1b[?997;1n",
            "\x1b[?2004;2$y",
            "\x1b[8;24;80t",
            "\x1b[E",
            "\x1b[15~",
            "\x1b[24;5~",
            "\x1b[29~",
            "\x1b[1;5P",
            "\x1b[201~",
            "\x1b[[A",
            "\x1bOP",
            "\x1bO5P",
            "\x1bOp",
            "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
            "\x1b]52;c;YQ==\x07",
            "\x1bP1+r544e=787465\x1b\\",
            "\x1b_Gi=1;OK\x1b\\",
            "\x1b^x\x1b\\",
            "\x1bXx\x1b\\",
            "\x1b]0;x\u{9c}",
            "\u{9b}",
            "\x1b[27;6;99~",
        ] {
            assert_eq!(read(&format!("ab{key}Z")), "abZ", "{key:?}");
        }
    }

    #[test]
    fn keys_of_newer_protocols_are_what_older_ones_send() {
        for (key, sent) in [
            ("\x1b[27;2;13~", "\x1b\r"),
            ("\x1b[13;2u", "\x1b\r"),
            ("\x1b[13;5u", "\x1b\r"),
            ("\x1b[13;2:1u", "\x1b\r"),
            ("\x1b[13;2:3u", ""),
            ("\x1b[13u", "\r"),
            ("\x1b[13;129u", "\r"),
            ("\x1bOM", "\r"),
            ("\x1b[99;5u", "\x03"),
            ("\x1b[100;5u", "\x04"),
            ("\x1b[27;5;99~", "\x03"),
            ("\x1b[97;2u", "A"),
            ("\x1b[49:33;2u", "!"),
            ("\x1b[228u", "ä"),
            ("\x1b[98;3u", "\x1bb"),
            ("\x1b[127u", "\x7f"),
            ("\x1b[9;2u", "\x1b[Z"),
            ("\x1b[1;1A", "\x1b[A"),
            ("\x1b[1;5D", "\x1b[1;5D"),
            ("\x1b[1;5:2D", "\x1b[1;5D"),
            ("\x1b[1;133D", "\x1b[1;5D"),
            ("\x1b[A", "\x1b[A"),
            ("\x1bOH", "\x1bOH"),
            ("\x1b[3~", "\x1b[3~"),
            ("\x1b[3;5~", "\x1b[3;5~"),
            ("\x1b\x1b[A", "\x1b[A"),
            ("\x1bb", "\x1bb"),
            ("\x1b\r", "\x1b\r"),
            ("\x1bP", "\x1bP"),
            ("\x16\x1b", "\x16\u{10ff1b}"),
        ] {
            assert_eq!(read(key), sent, "{key:?}");
        }
    }

    #[test]
    fn ctrl_c_and_ctrl_d_are_heard_in_the_middle_of_anything() {
        for begun in [
            "",
            "\x1b",
            "\x1b[",
            "\x1b[3",
            "\x1b[38;5",
            "\x1bO",
            "\x1b]11;rgb",
            "\x1bP1",
            "\x1b]x\x1b",
            "\x1b[M",
            "\x1b[M!",
            "\x1b[[",
            "\x1b[200~",
            "\x1b[200~x\x1b[3",
            "a\rb",
        ] {
            for key in ["\x03", "\x04"] {
                let mut typed = Typed::default();
                let read = typed.push(begun.as_bytes(), false) + &typed.push(key.as_bytes(), false);
                assert!(read.ends_with(key), "{begun:?}: {read:?}");
                assert!(typed.is_typing(), "{begun:?}");
            }
        }
    }

    #[test]
    fn a_paste_ends_at_its_mark_whatever_stands_before() {
        for (pasted, shown) in [
            ("plain", "plain"),
            ("trail\x1b", "trail\u{10ff1b}"),
            ("log \x1b[3", "log \u{10ff1b}[3"),
            ("\x1b[38;5", "\u{10ff1b}[38;5"),
            ("x\x1bO", "x\u{10ff1b}O"),
            ("\x1b]0;x", "\u{10ff1b}]0;x"),
            ("a\r\nb\rc\n\td", "a\nb\nc\n\td"),
            ("\u{9b}31m\x07\x08", "\u{10ff9b}31m\u{10ff07}\u{10ff08}"),
            ("\u{202e}x", "\u{10ffa4}x"),
            ("", ""),
            ("\x03\x04", "\u{10ff03}\u{10ff04}"),
        ] {
            let keys = format!("\x1b[200~{pasted}\x1b[201~");
            let sent = format!("{PASTE_BEGINS}{shown}{PASTE_ENDS}");
            assert_eq!(
                read(&(keys.clone() + "!\r")),
                format!("{sent}!\r"),
                "{pasted:?}"
            );
            for cut in 0..keys.len() {
                let mut typed = Typed::default();
                let (first, second) = keys.as_bytes().split_at(cut);
                let read = typed.push(first, true) + &typed.push(second, false);
                assert_eq!(read, sent, "{pasted:?} cut at {cut}");
            }
        }
        assert_eq!(
            read("\x1b[200~never ended"),
            "\x1b[200~never ended\x1b[201~"
        );
    }

    #[test]
    fn enter_with_more_behind_it_is_part_of_a_paste() {
        for (keys, sent) in [
            ("hello\r", "hello\r"),
            ("hello\r\n", "hello\r"),
            ("a\n", "a\n"),
            ("a\rb\r", "a\x1b[200~\nb\n\x1b[201~"),
            ("a\r\nb", "a\x1b[200~\nb\x1b[201~"),
            ("a\nb\n", "a\x1b[200~\nb\n\x1b[201~"),
            ("a\r\x1b[A", "a\r\x1b[A"),
            ("a\r\x03", "a\r\x03"),
            ("a\rb\x1b[200~c\x1b[201~", "a\x1b[200~\nbc\x1b[201~"),
            ("a\r\tb", "a\x1b[200~\n\tb\x1b[201~"),
        ] {
            assert_eq!(read(keys), sent, "{keys:?}");
        }
        let mut typed = Typed::default();
        assert_eq!(typed.push(b"a\r", true), "a", "the rest is on its way");
        assert_eq!(
            typed.push(b"b", false) + &typed.silence(),
            "\x1b[200~\nb\x1b[201~"
        );
    }

    #[test]
    fn tab_before_the_prompt_ends_a_prompt_and_is_text_in_a_paste() {
        let mut typed = Typed {
            is_ahead: true,
            ..Typed::default()
        };
        let keys = "a\x1b[200~b\tc\x1b[201~\td";
        assert_eq!(
            typed.push(keys.as_bytes(), false),
            format!("a{PASTE_BEGINS}b\tc{PASTE_ENDS}{QUEUE_KEY}d")
        );
        assert_eq!(typed.push(b"\t", false), "\t");
    }

    #[test]
    fn what_is_no_utf_8_is_shown_and_characters_may_come_in_pieces() {
        let mut typed = Typed::default();
        assert_eq!(typed.push(b"a\xffb\xe2\x82", false), "a\u{fffd}b");
        assert_eq!(typed.push(b"\xac\xe2", false), "€");
        assert_eq!(typed.push(b"z", false), "\u{fffd}z");
    }
}
