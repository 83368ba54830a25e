//! Draws a line of code, token by token, while it comes.

use super::Code;
use crate::markdown::drawing::draw::verbatim;
use crate::markdown::drawing::rows::{End, Rows};
use crate::markdown::drawing::style::Style;

/// Draws a line of code while it comes.
#[derive(Debug)]
pub struct Painter {
    code: Code,
    indent: usize,
    /// Where the token begins that is pending.
    start: End,
    /// Bytes of it that are drawn, and their style.
    drawn: usize,
    style: Style,
}

impl Painter {
    /// Begins where the last row ends.
    pub fn new(code: Code, indent: usize, rows: &Rows) -> Self {
        Painter {
            code,
            indent,
            start: rows.last().map(|row| row.end).unwrap_or_default(),
            drawn: 0,
            style: Style::PLAIN,
        }
    }

    pub fn push(&mut self, character: char, rows: &mut Rows) {
        self.code.pending.push(character);
        self.draw(false, rows);
    }

    /// Ends the line, and gives the code for the next one.
    pub fn end(mut self, line: &str, rows: &mut Rows) -> Code {
        self.draw(true, rows);
        self.code.end_line(line);
        self.code
    }

    fn draw(&mut self, is_end: bool, rows: &mut Rows) {
        while let (Some(token), is_open) = self.code.token(is_end) {
            let length = if is_open {
                self.code.pending.len()
            } else {
                token.0
            };
            self.paint(length, token.1, rows);
            if is_open {
                return;
            }
            self.code.take(token);
            self.drawn -= length;
            self.start = rows.last().map(|row| row.end).unwrap_or_default();
        }
    }

    /// Draws so many bytes of what is pending in a style, if they can be drawn again.
    fn paint(&mut self, length: usize, style: Style, rows: &mut Rows) {
        let last = rows.count() - 1;
        let is_same = style == self.style && self.drawn <= length;
        if self.drawn > 0 && !is_same && !rows.is_frozen(last) {
            rows.get(last).cut(self.start);
            self.drawn = 0;
        }
        if self.drawn == 0 {
            self.style = style;
        }
        for character in self.code.pending[self.drawn.min(length)..length].chars() {
            verbatim(character, self.style, self.indent, rows);
        }
        self.drawn = self.drawn.max(length);
    }
}
