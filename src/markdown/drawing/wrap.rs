//! Styled text broken into rows of a terminal.

use unicode_width::UnicodeWidthChar;

pub use crate::markdown::tab_width;

/// How a character looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style(u8);

impl Style {
    pub const PLAIN: Self = Self(0);
    pub const BOLD: Self = Self(1);
    pub const DIM: Self = Self(2);
    pub const ITALIC: Self = Self(4);
    pub const UNDERLINE: Self = Self(8);
    pub const STRIKE: Self = Self(16);
    pub const CODE: Self = Self(32);

    /// Both looks together.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Appends the text in this style, and ends the style.
    pub fn write(self, text: &str, out: &mut String) {
        self.open(out);
        out.push_str(text);
        self.close(out);
    }

    /// Starts the style.
    pub fn open(self, out: &mut String) {
        const CODES: [(Style, &str); 6] = [
            (Style::BOLD, "1"),
            (Style::DIM, "2"),
            (Style::ITALIC, "3"),
            (Style::UNDERLINE, "4"),
            (Style::STRIKE, "9"),
            (Style::CODE, "36"),
        ];
        let mut separator = "\x1b[";
        for (style, code) in CODES {
            if self.0 & style.0 != 0 {
                out.push_str(separator);
                out.push_str(code);
                separator = ";";
            }
        }
        if self != Self::PLAIN {
            out.push('m');
        }
    }

    fn close(self, out: &mut String) {
        if self != Self::PLAIN {
            out.push_str("\x1b[0m");
        }
    }
}

/// Text in one style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    pub text: &'a str,
    pub style: Style,
}

/// A row as it is written, without a line end.
#[derive(Debug, Default)]
pub struct Row {
    pub text: String,
    /// Columns it takes.
    pub width: usize,
}

/// Columns a character takes at most. Terminals disagree on sequences: many give each part of one
/// its own columns, and some make a character wide that is followed by the emoji selector.
pub fn char_width(character: char) -> usize {
    if character == '\u{fe0f}' {
        1
    } else {
        character.width().unwrap_or(0)
    }
}

/// Columns a text takes at most.
pub fn text_width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Breaks spans into rows at line feeds, at spaces and between wide characters, and words that are
/// too long anywhere. There is always one row, and no row ends in a space that was a place to
/// break.
pub fn wrap(spans: &[Span<'_>], width: usize) -> Vec<Row> {
    let mut wrapper = Wrapper {
        width: width.max(2),
        ..Wrapper::default()
    };
    for span in spans {
        for character in span.text.chars() {
            wrapper.add(character, span.style);
        }
    }
    wrapper.end()
}

#[derive(Default)]
struct Wrapper {
    width: usize,
    rows: Vec<Row>,
    row: Row,
    /// The style that is open in the row.
    style: Style,
    /// Spaces that are written only if a word follows in the same row.
    gap: Vec<(char, Style)>,
    word: Vec<(char, Style)>,
    word_width: usize,
}

impl Wrapper {
    fn add(&mut self, character: char, style: Style) {
        match character {
            '\n' => {
                self.place_word();
                self.gap.clear();
                self.end_row();
            }
            ' ' | '\t' => {
                self.place_word();
                let count = if character == ' ' {
                    1
                } else {
                    tab_width(self.row.width + self.gap.len())
                };
                self.gap.extend(std::iter::repeat_n((' ', style), count));
            }
            _ => {
                if self
                    .word
                    .last()
                    .is_some_and(|(last, _)| can_break(*last, character))
                {
                    self.place_word();
                }
                self.word.push((character, style));
                self.word_width += char_width(character);
            }
        }
    }

    fn place_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let (gap, word) = (
            std::mem::take(&mut self.gap),
            std::mem::take(&mut self.word),
        );
        if self.row.width == 0 {
            // Spaces before the first word are the caller's indent.
        } else if self.row.width + gap.len() + self.word_width > self.width {
            self.end_row();
        } else {
            gap.iter()
                .for_each(|(character, style)| self.write(*character, *style));
        }
        self.word_width = 0;
        for (character, style) in word {
            if self.row.width > 0 && self.row.width + char_width(character) > self.width {
                self.end_row();
            }
            self.write(character, style);
        }
    }

    fn write(&mut self, character: char, style: Style) {
        if style != self.style {
            self.style.close(&mut self.row.text);
            style.open(&mut self.row.text);
            self.style = style;
        }
        self.row.text.push(character);
        self.row.width += char_width(character);
    }

    fn end_row(&mut self) {
        self.style.close(&mut self.row.text);
        self.style = Style::PLAIN;
        self.rows.push(std::mem::take(&mut self.row));
    }

    fn end(mut self) -> Vec<Row> {
        self.place_word();
        // A line feed at the end ends its row, and begins none.
        if self.rows.is_empty() || !self.row.text.is_empty() {
            self.end_row();
        }
        self.rows
    }
}

/// Whether a row may end between two characters that aren't spaces: beside a wide one, but not
/// before a mark that belongs to the text before it.
fn can_break(before: char, after: char) -> bool {
    const ATTACHED: &str = "、。，．！？：；）」』】》〉”’,.!?:;)]}";
    let is_joined = before == '\u{200d}'
        || matches!(after, '\u{1f3fb}'..='\u{1f3ff}')
        || char_width(after) == 0;
    let is_beside_wide = char_width(before) == 2 || char_width(after) == 2;
    is_beside_wide && !is_joined && after != '\u{fe0f}' && !ATTACHED.contains(after)
}
