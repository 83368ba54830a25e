//! Markdown as it streams. Text shows the moment it comes, as it is; when its line is complete the
//! rows it took are erased and the line is written in its styles. Finished lines are never touched
//! again, so the cost is linear, and the screen ends up the same whatever the pieces were.
//!
//! Writes nothing itself and asks the terminal nothing: it only has to know its size. It breaks
//! unfinished lines itself, so that the count of their rows is right even if a terminal sees fewer
//! columns in a character.

mod draw;
#[cfg(test)]
mod drawn_tests;
mod flanks;
mod inline;
mod link;
mod recap;
mod table;
mod tail;
#[cfg(test)]
mod tests;
mod wrap;

use crate::markdown::{Kind, Reader};
use draw::Frame;
pub use recap::last_rows;
use table::Columns;
use tail::Tail;
use wrap::Style;

/// On terminals narrower than this, all stays as it comes: there is no room for marks, and a wide
/// character may take a row of its own, so that rows couldn't be counted.
const NARROWEST: usize = 8;

/// Renders Markdown as it streams.
#[derive(Debug)]
pub struct Markdown {
    width: usize,
    /// Rows above the cursor that can surely be erased.
    reach: usize,
    reader: Reader,
    tail: Tail,
    /// Lines that may be a table: its header, or all of it until its end.
    held: Vec<Held>,
    /// The columns of a table too long to be held, whose first rows are drawn.
    columns: Option<Columns>,
}

/// A complete line that isn't drawn yet.
#[derive(Debug)]
struct Held {
    text: String,
    frame: Frame,
    /// The line as it comes, with its line end.
    raw: String,
    rows: usize,
    is_written: bool,
}

impl Markdown {
    /// For a terminal of this many columns and rows, with the cursor at the start of a line.
    pub fn new(width: usize, height: usize) -> Self {
        let reach = if width < NARROWEST {
            0
        } else {
            height.saturating_sub(2)
        };
        Markdown {
            width,
            reach,
            reader: Reader::default(),
            tail: Tail::new(width, reach),
            held: Vec::new(),
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
        self.reader = Reader::default();
        self.columns = None;
    }

    /// A whole text as it is on the screen once it came.
    pub fn whole(mut self, text: &str) -> String {
        let mut out = String::new();
        // Line by line, so that nothing is shown that would be erased again.
        for line in text.lines() {
            self.tail.add(line);
            self.finish_line(&mut out);
        }
        self.draw_held(&mut out);
        out
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
        if self.reader.is_code() {
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
            // What it opens is open, though it isn't drawn.
            self.reader.read(self.tail.line());
            self.tail.clear();
            return;
        }
        let (source, style) = (self.tail.line().to_owned(), self.raw_style());
        let line = self.reader.read(&source);
        let frame = Frame::new(self.reader.containers(), line.fresh, self.width);
        match line.kind {
            Kind::Text {
                text, verbatim: 0, ..
            } if table::is_row(text) => self.finish_row(text, frame, line.continues, out),
            kind => {
                self.draw_held(out);
                self.columns = None;
                let mut drawn = String::new();
                frame.draw(&kind, &mut drawn);
                self.tail.replace(&drawn, style, out);
            }
        }
    }

    /// Finishes a line that can be one of a table.
    fn finish_row(&mut self, text: &str, frame: Frame, continues: bool, out: &mut String) {
        let is_next = match self.held.as_slice() {
            [header] => continues && table::is_header(&header.text, text),
            _ => continues,
        };
        if !is_next {
            self.draw_held(out);
            self.columns = None;
        }
        if let Some(columns) = &self.columns {
            let mut drawn = String::new();
            columns.draw_rows(text, Style::PLAIN, &frame, &mut drawn);
            self.tail.replace(&drawn, Style::PLAIN, out);
        } else {
            self.hold(text, frame, out);
        }
    }

    fn hold(&mut self, text: &str, frame: Frame, out: &mut String) {
        let rows = self.held_rows() + self.tail.rows();
        let is_written = self.tail.is_shown() && rows <= self.reach;
        if is_written {
            self.tail.show(Style::PLAIN, out);
            out.push('\n');
        } else if self.tail.is_shown() {
            self.erase_held(out);
        }
        let (raw, line_rows) = self.tail.take();
        self.held.push(Held {
            text: text.to_owned(),
            frame,
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
        if held.len() > 1 {
            self.columns = draw_table(&held, out);
        }
        if self.columns.is_none() {
            for line in &held {
                line.frame.text(&line.text, out);
            }
        }
    }
}

/// Draws a table, if it fits. The columns are for more rows.
fn draw_table(lines: &[Held], out: &mut String) -> Option<Columns> {
    // Its first row may have the mark of an item before it.
    let room = lines.iter().map(|line| line.frame.room()).min()?;
    let columns = Columns::measure(lines.iter().map(|line| line.text.as_str()), room)?;
    for (index, line) in lines.iter().enumerate() {
        match index {
            0 => columns.draw_rows(&line.text, Style::BOLD, &line.frame, out),
            1 => line.frame.rows([columns.rule().as_str()], out),
            _ => columns.draw_rows(&line.text, Style::PLAIN, &line.frame, out),
        }
    }
    Some(columns)
}
