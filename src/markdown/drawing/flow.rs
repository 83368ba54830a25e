//! The paragraph that is being written. Its words are placed as they come; marks are shown until
//! their partner has come, and take their effect then, in rows that stay where they are.

use super::draw::Frame;
use super::inline::{self, Place};
use super::rows::{Row, Rows};
use super::style::{Span, Style, tab_width};
use super::wrap::Wrap;

/// What can still change is no longer than this.
const LONGEST: usize = 4096;

/// Definitions of that length are done with: the next one may be read without them.
const DEFINITIONS: usize = 1024;

#[derive(Debug)]
pub struct Flow {
    base: Style,
    /// The text in which a mark may still find its partner.
    source: String,
    /// Whether that begins where the paragraph does, and may still be definitions.
    is_start: bool,
    defines: bool,
    /// Where its current line begins.
    line: usize,
    /// The row in which it begins, and spaces before it.
    first: usize,
    gap: (usize, Style),
    /// The first row of the paragraph.
    top: usize,
    wrap: Wrap,
    /// Whether a mark in it waits for its partner.
    is_open: bool,
    /// Where code begins that has no end yet.
    code: Option<usize>,
    /// From where on it isn't shown: it will be the target of a link.
    held: Option<usize>,
    /// Whether the last character may be a mark, or a part of one.
    was_mark: bool,
}

impl Flow {
    /// A paragraph that begins with a row of its own.
    pub fn new(frame: &Frame, base: Style, rows: &mut Rows) -> Self {
        let mut flow = Flow {
            base,
            source: String::new(),
            is_start: false,
            defines: false,
            line: 0,
            first: 0,
            gap: (0, base),
            top: rows.count(),
            wrap: Wrap::default(),
            is_open: false,
            code: None,
            held: None,
            was_mark: false,
        };
        flow.begin_line(frame, rows);
        flow.is_start = true;
        flow
    }

    /// Goes on in a new line.
    pub fn begin_line(&mut self, frame: &Frame, rows: &mut Rows) {
        self.wrap = frame.begin(self.source.len(), rows);
        self.line = self.source.len();
        if !self.is_open || self.defines && self.source.len() > DEFINITIONS {
            self.source.clear();
            self.settle(rows);
        }
    }

    pub fn push(&mut self, character: char, rows: &mut Rows) {
        let is_mark = "\\`*_~[]()<>$&;".contains(character);
        let is_text = !is_mark && !self.was_mark && self.code.is_none();
        if is_text && self.wrap.begins_word(character, self.base) {
            self.wrap.end_word();
            self.settle_if_long(false, rows);
        }
        let at = self.source.len();
        // Nothing is decided inside a word of a target.
        let goes_on = self.held.is_some() && is_inert(character) && self.source.ends_with(is_inert);
        self.source.push(character);
        if goes_on {
            return;
        }
        let has_news = self.was_mark && !is_mark || self.held.is_some();
        if has_news && self.judge_held(rows) {
            // It was placed with all the rest.
        } else if self.code.is_some() {
            self.wrap.put_in_word(character, self.base, at, rows);
        } else {
            self.wrap.put(character, self.base, at, rows);
        }
        self.was_mark = is_mark;
        if character == ' ' {
            self.settle_if_long(self.code.is_some(), rows);
        }
    }

    /// Ends the line.
    pub fn end_line(&mut self, rows: &mut Rows) {
        self.source.push('\n');
        if self.was_mark || self.defines || self.held.is_some() {
            self.judge_held(rows);
        }
        self.was_mark = self.source.ends_with("\\\n");
        // It was no code: its words are to be broken as others are.
        if let Some(code) = self.code.take() {
            let holds = |row: &usize| rows.is_frozen(*row) || rows.start(*row) <= code;
            let row = (self.first..rows.count()).rev().find(holds);
            if let Some(row) = row.filter(|row| !rows.is_frozen(*row)) {
                rows.truncate(row + 1);
                self.line = self.source.len();
                self.judge(rows);
            }
        }
    }

    /// The first row that may change.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Has the next word begin a row.
    pub fn end_row(&mut self) {
        self.wrap.end_row();
    }

    /// The line below made a heading of it.
    pub fn emphasize(&self, style: Style, rows: &mut Rows) {
        for row in self.top..rows.count() {
            if !rows.is_frozen(row) {
                rows.get(row).restyle(style);
            }
        }
    }

    fn settle_if_long(&mut self, is_code: bool, rows: &mut Rows) {
        let is_done = !self.is_open && !is_code;
        if is_done || self.source.len() > LONGEST && self.held.is_none() {
            self.settle(rows);
        }
    }

    /// What stands here stays as it is.
    fn settle(&mut self, rows: &mut Rows) {
        self.first = rows.count() - 1;
        self.gap = self.wrap.gap();
        // What stands before a mark tells what it may be.
        if let Some(last) = self.source.pop() {
            self.source.clear();
            self.source.extend(['x', last]);
        }
        rows.get(self.first).settle(self.source.len());
        self.is_start &= self.defines && self.source.is_empty();
        self.line = 0;
        (self.is_open, self.code) = (false, None);
    }

    /// As [`Flow::judge`]; if the row can't be drawn again, what was held is placed behind it.
    fn judge_held(&mut self, rows: &mut Rows) -> bool {
        let held = self.held.take();
        if self.judge(rows) {
            return true;
        }
        let Some(held) = held else {
            return false;
        };
        for (index, character) in self.source[held..].char_indices() {
            self.wrap.put(character, self.base, held + index, rows);
        }
        true
    }

    /// Finds out which marks have a partner by now, and says whether it could draw the open row.
    fn judge(&mut self, rows: &mut Rows) -> bool {
        let place = if self.is_start {
            Place::Start
        } else {
            Place::Middle
        };
        let view = inline::read(&self.source, self.base, place, &mut rows.links);
        (self.is_open, self.defines) = (view.is_open, view.defines);
        self.code = view.code.filter(|code| *code >= self.line);
        let last = rows.count() - 1;
        for row in self.first..last {
            if !rows.is_frozen(row) {
                let (start, end) = (rows.start(row), rows.start(row + 1));
                let gap = if row == self.first { self.gap.0 } else { 0 };
                let width = rows.width;
                rows.redraw(row, |row| draw(row, &view.spans, (start, end), gap, width));
            }
        }
        if rows.is_frozen(last) {
            return false;
        }
        self.held = view.held;
        let gap = if last == self.first {
            self.gap
        } else {
            (0, self.base)
        };
        self.wrap.restart(gap);
        let start = rows.start(last);
        let was = rows.get(last).begin_again();
        let code = self.code.unwrap_or(usize::MAX);
        for (character, style, at) in characters(&view.spans, (start, usize::MAX)) {
            if at > code {
                self.wrap.put_in_word(character, style, at, rows);
            } else {
                self.wrap.put(character, style, at, rows);
            }
        }
        rows.get(last).compare(&was);
        true
    }
}

fn is_inert(character: char) -> bool {
    character.is_ascii_alphanumeric() || "/.-:=?%+,#@".contains(character)
}

/// The characters of a part of a source.
fn characters<'a>(
    spans: &'a [Span<'_>],
    (start, end): (usize, usize),
) -> impl Iterator<Item = (char, Style, usize)> + 'a {
    let all = spans.iter().flat_map(|span| {
        let characters = span.characters();
        characters.map(|(character, at)| (character, span.style, at))
    });
    all.filter(move |(_, _, at)| (start..end).contains(at))
}

/// Draws a row that is complete: it ends where it ended.
fn draw(row: &mut Row, spans: &[Span<'_>], part: (usize, usize), mut gap: usize, width: usize) {
    for (character, style, _) in characters(spans, part) {
        match character {
            '\n' => {}
            ' ' if !style.is_code() => gap += 1,
            '\t' if !style.is_code() => gap += tab_width(row.end.column + gap),
            _ => {
                gap *= usize::from(!row.is_bare());
                (0..std::mem::take(&mut gap)).for_each(|_| row.put(' ', style, width));
                let (shown, count) = match character {
                    '\t' => (' ', tab_width(row.end.column)),
                    _ => (character, 1),
                };
                (0..count).for_each(|_| row.put(shown, style, width));
            }
        }
    }
}
