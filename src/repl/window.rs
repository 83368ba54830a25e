//! What is drawn of a line: pictures in place of control characters, and as many rows as the
//! terminal has. Pure.
//!
//! rustyline 19 writes all rows of a line and then goes up to the cursor's, which a terminal can't
//! follow above its first row. In a line with more rows than the terminal the cursor's row is
//! therefore among the last that fit, or it is drawn first, where going up has to end.

use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;

use super::stand_in;

const TAB_STOP: usize = 8;

/// A line as it is drawn behind its prompt.
pub struct Rows {
    text: String,
    /// Where each row begins in the text.
    starts: Vec<usize>,
    /// The row of the cursor.
    pub cursor: usize,
    /// Whether the last row is an empty one behind a full one, for which rustyline writes a line
    /// feed.
    is_full: bool,
}

impl Rows {
    /// Lays a line out as rustyline does: this many columns behind a prompt of so many.
    pub fn new(prompt: usize, line: &str, position: usize, columns: usize) -> Self {
        let mode = GraphemeClusterMode::from_env();
        let (mut text, mut starts) = (String::with_capacity(line.len()), vec![0]);
        let (mut column, mut cursor) = (prompt, None);
        for (index, grapheme) in line.grapheme_indices(true) {
            if index >= position && cursor.is_none() {
                cursor = Some(starts.len() - 1 + usize::from(column >= columns));
            }
            if grapheme == "\n" {
                text.push('\n');
                starts.push(text.len());
                column = 0;
                continue;
            }
            let width = match grapheme {
                "\t" => TAB_STOP - column % TAB_STOP,
                _ => usize::from(mode.width(grapheme)),
            };
            if column + width > columns {
                if grapheme == "\t" {
                    text.extend(std::iter::repeat_n(' ', columns - column));
                }
                starts.push(text.len());
                column = 0;
            }
            column += width;
            match grapheme {
                "\t" => text.extend(std::iter::repeat_n(' ', width)),
                _ => text.extend(grapheme.chars().map(stand_in::picture)),
            }
        }
        let is_full = column >= columns;
        if is_full {
            starts.push(text.len());
        }
        let cursor = cursor.unwrap_or(starts.len() - 1);
        Rows {
            text,
            starts,
            cursor,
            is_full,
        }
    }

    /// No less than there would be of a line without tabs, at less cost than all of them: a
    /// character has no more columns than bytes, and a full row lacks one of its columns at most.
    pub fn at_most(prompt: usize, line: &str, columns: usize) -> usize {
        1 + line.matches('\n').count() + (prompt + line.len()) / columns.saturating_sub(1).max(1)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// All of them.
    pub fn all(self) -> String {
        self.text
    }

    /// As many as a terminal of this height shows, with the cursor's among them, and whether the
    /// first isn't.
    pub fn window(&self, height: usize) -> (&str, bool) {
        let first = self.cursor.min(self.count().saturating_sub(height));
        let mut behind = first + height;
        if behind < self.count() && self.is_full {
            behind -= 1;
        }
        let end = self.starts.get(behind).copied().unwrap_or(self.text.len());
        let text = &self.text[self.starts[first]..end];
        let is_cut = behind < self.count();
        let text = if is_cut {
            text.strip_suffix('\n').unwrap_or(text)
        } else {
            text
        };
        (text, first > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_editor() {
        for (line, position, rows, cursor, drawn) in [
            ("", 0, 1, 0, ""),
            ("12345678", 8, 2, 1, "12345678"),
            ("123456789", 9, 2, 1, "123456789"),
            ("a\nb", 1, 2, 0, "a\nb"),
            ("a\nb", 2, 2, 1, "a\nb"),
            ("1234567界", 0, 2, 0, "1234567界"),
            ("a\tb", 3, 1, 0, "a     b"),
            ("123456\tb", 8, 2, 1, "123456          b"),
            ("\u{10ff1b}[m", 7, 1, 0, "␛[m"),
        ] {
            let laid = Rows::new(2, line, position, 10);
            assert_eq!((laid.count(), laid.cursor), (rows, cursor), "{line:?}");
            assert!(
                line.contains('\t') || rows <= Rows::at_most(2, line, 10),
                "{line:?}"
            );
            assert_eq!(laid.all().trim_end(), drawn.trim_end(), "{line:?}");
        }
    }

    #[test]
    fn the_row_of_the_cursor_is_in_the_window() {
        let line: Vec<String> = (0..30).map(|row| format!("row {row}")).collect();
        let line = line.join("\n");
        for row in 0..30 {
            let position = line.find(&format!("row {row}")).unwrap();
            let rows = Rows::new(2, &line, position, 40);
            let (text, is_scrolled) = rows.window(10);
            let shown: Vec<&str> = text.split('\n').collect();
            assert!(
                shown.contains(&format!("row {row}").as_str()),
                "{row}: {shown:?}"
            );
            assert_eq!((shown.len(), is_scrolled), (10, row > 0), "{row}");
            // Going up ends at the first row, or stops at the cursor's.
            let up = (rows.count() - 1 - row).min(9);
            assert_eq!(shown[9 - up], format!("row {row}"));
        }
    }
}
