//! Breaks text into rows at spaces while it comes: the word that is open moves to the next row as
//! it grows. What can't be broken and is longer than a row is left to the terminal.

use super::rows::{End, Row, Rows};
use super::style::{Span, Style, can_break, char_width, tab_width};

/// Places text in the last row, and in those that it begins.
#[derive(Debug, Default)]
pub struct Wrap {
    /// What stands before the text in rows that it begins, and the columns of that.
    frame: String,
    indent: usize,
    /// Whether a word without room is broken here, and not by the terminal.
    breaks_words: bool,
    /// Spaces that are written only if a word follows in the same row.
    gap: usize,
    gap_style: Style,
    word: Vec<(char, Style)>,
    /// Where the word begins: in its row before the gap, and in its source.
    before: End,
    at: usize,
    /// Whether the next word begins a row.
    wants_row: bool,
}

impl Wrap {
    pub fn new(frame: &str, indent: usize) -> Self {
        Wrap {
            frame: frame.to_owned(),
            indent,
            ..Wrap::default()
        }
    }

    /// Breaks spans into rows of at most so many columns, and gives them with their columns.
    pub fn whole(spans: &[Span<'_>], width: usize) -> Vec<(String, usize)> {
        let width = width.max(2);
        let mut rows = Rows::new(width, usize::MAX);
        rows.push(Row::new("", 0, 0));
        let mut wrap = Wrap {
            breaks_words: true,
            ..Wrap::default()
        };
        wrap.spans(spans, &mut rows);
        rows.into_texts()
    }

    pub fn spans(&mut self, spans: &[Span<'_>], rows: &mut Rows) {
        for span in spans {
            for (character, at) in span.characters() {
                self.put(character, span.style, at, rows);
            }
        }
    }

    /// Spaces that wait for a word.
    pub fn gap(&self) -> (usize, Style) {
        (self.gap, self.gap_style)
    }

    /// Begins again behind such a gap.
    pub fn restart(&mut self, (gap, style): (usize, Style)) {
        self.word.clear();
        (self.gap, self.gap_style) = (gap, style);
        self.wants_row = false;
    }

    /// Whether this character begins a word without a space before it.
    pub fn begins_word(&self, next: char, style: Style) -> bool {
        let last = self.word.last();
        last.is_some_and(|last| can_break(*last, (next, style)))
    }

    pub fn end_word(&mut self) {
        self.word.clear();
    }

    /// Has the next word begin a row.
    pub fn end_row(&mut self) {
        self.wants_row = true;
    }

    /// Places a character of the source, where spaces are places to break.
    pub fn put(&mut self, character: char, style: Style, at: usize, rows: &mut Rows) {
        match character {
            // No line end of ours is inside of code: copied, it would be two commands.
            ' ' | '\t' if !style.is_code() => {
                self.end_word();
                let column = rows.last().map_or(0, |row| row.end.column) + self.gap;
                self.gap += if character == ' ' {
                    1
                } else {
                    tab_width(column)
                };
                self.gap_style = style;
            }
            _ => {
                if self.begins_word(character, style) {
                    self.end_word();
                }
                self.put_in_word(character, style, at, rows);
            }
        }
    }

    /// Places a character that belongs to the word before it, also if it is a space.
    pub fn put_in_word(&mut self, character: char, style: Style, at: usize, rows: &mut Rows) {
        if character == '\n' {
            self.end_word();
            // The mark of the break may have begun a row of its own before it was known as one.
            self.wants_row |= !rows.last().is_some_and(Row::is_bare);
            return;
        }
        if character == '\t' {
            let column = rows.last().map_or(0, |row| row.end.column);
            (0..tab_width(column)).for_each(|_| self.put_in_word(' ', style, at, rows));
            return;
        }
        let columns = char_width(character);
        if self.word.is_empty() {
            self.begin_word(columns, at, rows);
        }
        let is_full = |rows: &Rows| {
            let column = rows.last().map_or(0, |row| row.end.column);
            column + columns > rows.width
        };
        let last = rows.count() - 1;
        if is_full(rows) && !self.begins_row(self.before) && !rows.is_frozen(last) {
            rows.get(last).cut(self.before);
            self.begin_row(self.at, rows);
            self.word
                .iter()
                .for_each(|(character, style)| rows.put(*character, *style));
        }
        if self.breaks_words && is_full(rows) && !self.word.is_empty() {
            self.word.clear();
            self.begin_row(at, rows);
        }
        rows.put(character, style);
        self.word.push((character, style));
    }

    fn begin_word(&mut self, columns: usize, at: usize, rows: &mut Rows) {
        self.at = at;
        let end = rows.last().map(|row| row.end).unwrap_or_default();
        let is_full = end.column + self.gap + columns > rows.width;
        if self.wants_row || rows.count() == 0 || is_full && !self.begins_row(end) {
            self.begin_row(at, rows);
        } else {
            self.before = end;
            // What stood before them may have been marks.
            self.gap *= usize::from(!rows.last().is_some_and(Row::is_bare));
            (0..self.gap).for_each(|_| rows.put(' ', self.gap_style));
        }
        self.gap = 0;
    }

    fn begin_row(&mut self, at: usize, rows: &mut Rows) {
        let row = Row::new(&self.frame, self.indent, at);
        self.before = row.end;
        self.wants_row = false;
        rows.push(row);
    }

    /// Whether nothing but a frame stands before this place in its row.
    fn begins_row(&self, place: End) -> bool {
        place.is_first_row() && place.column <= self.indent
    }
}
