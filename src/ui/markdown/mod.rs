//! Markdown as it streams. Text shows the moment it comes, as it is; when its line is complete the
//! rows it took are erased and the line is written in its styles. Finished lines are never touched
//! again, so the cost is linear, and the screen ends up the same whatever the pieces were.
//!
//! Writes nothing itself and asks the terminal nothing: it only has to know its size. It breaks
//! unfinished lines itself, so that the count of their rows is right where a terminal sees fewer
//! columns in a character.

mod block;
mod inline;
mod table;
mod tail;
#[cfg(test)]
mod tests;
mod wrap;

use block::{Blocks, Place};
pub use block::{code_blocks, open_fence};
use table::Columns;
use tail::Tail;
use wrap::Style;

/// Terminals narrower or lower than this get what would suit this one.
const SMALLEST: (usize, usize) = (20, 4);

/// Renders Markdown as it streams.
#[derive(Debug)]
pub struct Markdown {
    width: usize,
    /// Rows above the cursor that can surely be erased.
    reach: usize,
    blocks: Blocks,
    tail: Tail,
    /// Lines that may be a table: its header, or all of it until its end.
    held: Vec<Held>,
    place: Place,
    /// The columns of a table too long to be held, whose first rows are drawn.
    columns: Option<Columns>,
}

/// A complete line that isn't drawn yet.
#[derive(Debug)]
struct Held {
    line: String,
    /// The line as it comes, with its line end.
    raw: String,
    rows: usize,
    is_written: bool,
}

impl Markdown {
    /// For a terminal of this many columns and rows, with the cursor at the start of a line.
    pub fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width.max(SMALLEST.0), height.max(SMALLEST.1));
        Markdown {
            width,
            reach: height - 2,
            blocks: Blocks::default(),
            tail: Tail::new(width, height - 2),
            held: Vec::new(),
            place: Place::default(),
            columns: None,
        }
    }

    /// Appends what to write now for more text, which has to be free of control characters but line
    /// feed and tab.
    pub fn push(&mut self, text: &str, out: &mut String) {
        for piece in text.split_inclusive('\n') {
            match piece.strip_suffix('\n') {
                Some(rest) => {
                    self.tail.add(rest);
                    self.finish_line(out);
                }
                None => self.tail.add(piece),
            }
        }
        self.show(out);
    }

    /// Finishes the last line. What was shown ends with a line feed.
    pub fn end(&mut self, out: &mut String) {
        if !self.tail.is_empty() {
            self.finish_line(out);
        }
        self.draw_held(out);
        self.blocks = Blocks::default();
        self.columns = None;
    }

    /// Shows what came and isn't shown yet, as it is.
    fn show(&mut self, out: &mut String) {
        if self.tail.is_endless() {
            self.draw_held(out);
        }
        // What could not be erased all together waits for its line end.
        let held = self.held_rows();
        if held > self.reach {
            return;
        }
        for held in self.held.iter_mut().filter(|held| !held.is_written) {
            out.push_str(&held.raw);
            held.is_written = true;
        }
        if held == 0 || held + self.tail.rows() <= self.reach {
            self.tail.show(self.raw_style(), out);
        }
    }

    fn held_rows(&self) -> usize {
        self.held.iter().map(|held| held.rows).sum()
    }

    fn raw_style(&self) -> Style {
        if self.blocks.is_code() {
            Style::CODE
        } else {
            Style::PLAIN
        }
    }

    fn finish_line(&mut self, out: &mut String) {
        if self.tail.is_endless() {
            self.draw_held(out);
            self.columns = None;
            self.tail.show(self.raw_style(), out);
            out.push('\n');
            self.tail.clear();
            return;
        }
        let place = self.blocks.table_place(self.tail.line());
        if place.is_none_or(|place| place != self.place) || !self.continues_table() {
            self.draw_held(out);
            self.columns = None;
        }
        match (place, &self.columns) {
            (Some(place), None) => self.hold(place, out),
            (Some(_), Some(columns)) => {
                let mut drawn = String::new();
                self.blocks
                    .draw_row(self.place, columns, self.tail.line(), &mut drawn);
                self.tail.replace(&drawn, Style::PLAIN, out);
            }
            (None, _) => {
                let style = self.raw_style();
                let mut drawn = String::new();
                self.blocks.draw(self.tail.line(), self.width, &mut drawn);
                self.tail.replace(&drawn, style, out);
            }
        }
    }

    /// Whether the complete line, which is like one of a table, is one of the table that is open.
    fn continues_table(&self) -> bool {
        match self.held.as_slice() {
            [header] => block::is_header(&header.line, self.tail.line()),
            _ => true,
        }
    }

    fn hold(&mut self, place: Place, out: &mut String) {
        self.place = place;
        let rows = self.held_rows() + self.tail.rows();
        let is_written = self.tail.is_shown() && rows <= self.reach;
        if is_written {
            self.tail.show(Style::PLAIN, out);
            out.push('\n');
        } else if self.tail.is_shown() {
            self.erase_held(out);
        }
        let (line, raw, line_rows) = self.tail.take();
        self.held.push(Held {
            line,
            raw,
            rows: line_rows,
            is_written,
        });
        // A long table is drawn when half the screen is full of it, so that there is room for its
        // next line.
        if self.held.len() >= 3 && rows > self.reach / 2 {
            self.draw_held(out);
        }
    }

    /// Erases what is shown of the held lines and of the unfinished line.
    fn erase_held(&mut self, out: &mut String) {
        let written = self.held.iter_mut().filter(|held| held.is_written);
        let rows = written.map(|held| {
            held.is_written = false;
            held.rows
        });
        self.tail.erase(rows.sum(), out);
    }

    /// Draws the held lines in place of what is shown of them and of the unfinished line.
    fn draw_held(&mut self, out: &mut String) {
        if self.held.is_empty() {
            return;
        }
        self.erase_held(out);
        let held = std::mem::take(&mut self.held);
        let lines: Vec<&str> = held.iter().map(|held| held.line.as_str()).collect();
        if let [line] = lines.as_slice() {
            self.blocks.draw(line, self.width, out);
        } else {
            self.columns = self.blocks.draw_table(self.place, &lines, self.width, out);
        }
    }
}
