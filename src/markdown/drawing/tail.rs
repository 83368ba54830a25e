//! The unfinished line: what of it is shown, and the rows that takes.

use super::wrap::{Style, char_width, tab_width};

/// A line longer than this is not parsed.
const LONGEST: usize = 16 * 1024;

#[derive(Debug)]
pub struct Tail {
    width: usize,
    /// Rows that can be erased.
    reach: usize,
    line: String,
    /// The line as it is shown: tabs as spaces, and a line feed where a row is full.
    raw: String,
    /// Bytes of `raw` that are shown.
    shown: usize,
    /// Full rows before the cursor in what is shown.
    shown_row: usize,
    row: usize,
    /// Columns taken in the row, and since the start of the line.
    column: usize,
    columns: usize,
    /// Whether the line has become too long to be erased and drawn. It stays as it is then.
    is_endless: bool,
}

impl Tail {
    pub fn new(width: usize, reach: usize) -> Self {
        Tail {
            width,
            reach,
            line: String::new(),
            raw: String::new(),
            shown: 0,
            shown_row: 0,
            row: 0,
            column: 0,
            columns: 0,
            is_endless: false,
        }
    }

    pub fn add(&mut self, text: &str) {
        for character in text.chars() {
            if character == '\t' {
                (0..tab_width(self.columns)).for_each(|_| self.put(' '));
            } else {
                self.put(character);
            }
            if !self.is_endless {
                self.line.push(character);
                self.is_endless = self.row >= self.reach || self.line.len() > LONGEST;
            }
        }
    }

    fn put(&mut self, character: char) {
        let width = char_width(character);
        if self.column + width > self.width {
            self.raw.push('\n');
            self.row += 1;
            self.column = 0;
        }
        self.raw.push(character);
        self.column += width;
        self.columns += width;
    }

    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub fn is_shown(&self) -> bool {
        self.shown > 0
    }

    pub fn is_endless(&self) -> bool {
        self.is_endless
    }

    pub fn line(&self) -> &str {
        &self.line
    }

    pub fn rows(&self) -> usize {
        self.row + 1
    }

    /// Shows the rest of what came.
    pub fn show(&mut self, style: Style, out: &mut String) {
        if self.shown < self.raw.len() {
            style.write(&self.raw[self.shown..], out);
            self.shown = self.raw.len();
            self.shown_row = self.row;
        }
        if self.is_endless {
            // Nothing of it is needed again.
            self.raw.clear();
            self.shown = 0;
        }
    }

    /// Erases what is shown, and `above` rows before it.
    pub fn erase(&mut self, above: usize, out: &mut String) {
        let up = above + self.shown_row;
        if self.shown > 0 || above > 0 {
            out.push('\r');
            if up > 0 {
                out.push_str(&format!("\x1b[{up}A"));
            }
            out.push_str("\x1b[J");
        }
        (self.shown, self.shown_row) = (0, 0);
    }

    /// Writes the drawn line in place of what is shown in `style`, or just its rest if it starts
    /// like that.
    pub fn replace(&mut self, drawn: &str, style: Style, out: &mut String) {
        let mut start = String::new();
        style.open(&mut start);
        let opened = start.len();
        start.push_str(&self.raw[..self.shown]);
        match drawn.strip_prefix(&start) {
            Some(rest) if self.shown > 0 => {
                // The style was ended with what is shown, and goes on.
                out.push_str(&start[..opened]);
                out.push_str(rest);
            }
            _ => {
                self.erase(0, out);
                out.push_str(drawn);
            }
        }
        self.clear();
    }

    /// Takes how the complete line is shown, and the rows of that.
    pub fn take(&mut self) -> (String, usize) {
        let (mut raw, rows) = (std::mem::take(&mut self.raw), self.rows());
        raw.push('\n');
        self.clear();
        (raw, rows)
    }

    pub fn clear(&mut self) {
        self.line.clear();
        self.raw.clear();
        (
            self.shown,
            self.shown_row,
            self.row,
            self.column,
            self.columns,
        ) = (0, 0, 0, 0, 0);
        self.is_endless = false;
    }
}
