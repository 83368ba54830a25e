//! How characters look, and the columns they take.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

pub use crate::markdown::tab_width;

use super::links;

/// How a character looks, and in the upper half the number of the link it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style(u32);

impl Style {
    pub const PLAIN: Self = Self(0);
    pub const BOLD: Self = Self(1);
    pub const DIM: Self = Self(2);
    pub const ITALIC: Self = Self(4);
    pub const UNDERLINE: Self = Self(8);
    pub const STRIKE: Self = Self(16);
    /// The colour of code inside a line.
    pub const CODE: Self = Self(32);
    pub const GREEN: Self = Self(64);
    pub const MAGENTA: Self = Self(128);
    pub const RED: Self = Self(256);

    /// Both looks together.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// As a part of this link, and of no other.
    pub fn linked(self, number: u16) -> Self {
        Self(self.0 & 0xffff | u32::from(number) << 16)
    }

    fn link(self) -> u32 {
        self.0 >> 16
    }

    pub fn is_code(self) -> bool {
        self.0 & Self::CODE.0 != 0
    }

    /// Appends the text in this style, and ends the style.
    pub fn write(self, text: &str, out: &mut String) {
        self.open(out);
        out.push_str(text);
        self.close(out);
    }

    /// Starts the style.
    pub fn open(self, out: &mut String) {
        const CODES: [(Style, &str); 9] = [
            (Style::BOLD, "1"),
            (Style::DIM, "2"),
            (Style::ITALIC, "3"),
            (Style::UNDERLINE, "4"),
            (Style::STRIKE, "9"),
            (Style::CODE, "36"),
            (Style::GREEN, "32"),
            (Style::MAGENTA, "35"),
            (Style::RED, "31"),
        ];
        let mut separator = "\x1b[";
        for (style, code) in CODES {
            if self.0 & style.0 != 0 {
                out.push_str(separator);
                out.push_str(code);
                separator = ";";
            }
        }
        if separator == ";" {
            out.push('m');
        }
        if self.link() > 0 {
            out.extend([links::START, &self.link().to_string(), links::END]);
        }
    }

    pub fn close(self, out: &mut String) {
        if self.0 & 0xffff != 0 {
            out.push_str("\x1b[0m");
        }
        if self.link() > 0 {
            out.extend([links::START, links::END]);
        }
    }
}

/// Takes what is no weight, slant or line out of the styles that were written from here on, none of
/// which is open at their end.
pub fn take_colors(out: &mut String, from: usize) {
    let written = out.split_off(from);
    let mut parts = written.split("\x1b[");
    out.push_str(parts.next().unwrap_or_default());
    let mut is_open = false;
    for part in parts {
        let (codes, rest) = part.split_once('m').unwrap_or(("-", part));
        let is_code = |code: &&str| is_open && *code == "0" || ["1", "3", "4", "9"].contains(code);
        let kept: Vec<&str> = codes.split(';').filter(is_code).collect();
        if !codes
            .bytes()
            .all(|byte| byte == b';' || byte.is_ascii_digit())
        {
            out.extend(["\x1b[", part]);
        } else if kept.is_empty() {
            out.push_str(rest);
        } else {
            is_open = kept != ["0"];
            out.extend(["\x1b[", &kept.join(";"), "m", rest]);
        }
    }
}

/// Text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    pub text: Cow<'a, str>,
    pub style: Style,
    /// Where it stands in its source, or where that stands which it is shown for.
    pub at: usize,
}

impl<'a> Span<'a> {
    /// Text that stands for itself.
    pub fn plain(text: &'a str, style: Style) -> Self {
        Span {
            text: Cow::Borrowed(text),
            style,
            at: 0,
        }
    }

    /// Its characters, and where each stands in the source. What isn't written there stands in one
    /// place.
    pub fn characters(&self) -> impl Iterator<Item = (char, usize)> {
        let is_written = matches!(self.text, Cow::Borrowed(_));
        let characters = self.text.char_indices();
        characters.map(move |(index, character)| {
            (character, self.at + if is_written { index } else { 0 })
        })
    }
}

/// Columns a character takes at most. Terminals disagree on sequences: many give each part of one
/// its own columns, and some make a character wide that is followed by the emoji selector.
pub fn char_width(character: char) -> usize {
    if matches!(character, ' '..='~' | '\u{fe0f}') {
        1
    } else {
        character.width().unwrap_or(0)
    }
}

/// Columns a text takes at most.
pub fn text_width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Whether a row may end between two characters that aren't spaces: beside a wide one, but not
/// before a mark that belongs to the text before it, and not inside of code.
pub fn can_break((before, was): (char, Style), (after, style): (char, Style)) -> bool {
    const ATTACHED: &str = "、。，．！？：；）」』】》〉”’,.!?:;)]}";
    let is_joined = before == '\u{200d}'
        || matches!(after, '\u{1f3fb}'..='\u{1f3ff}')
        || char_width(after) == 0;
    let is_beside_wide = char_width(before) == 2 || char_width(after) == 2;
    let is_in_code = was.is_code() && style.is_code();
    is_beside_wide && !is_in_code && !is_joined && after != '\u{fe0f}' && !ATTACHED.contains(after)
}
