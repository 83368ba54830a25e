//! Draws a line that was read: behind the bars of its quotes and below the text of its items.

use std::borrow::Cow;

use super::entity::literal;
use super::inline;
use super::recap::columns;
use super::rows::{Row, Rows};
use super::style::{Span, Style, tab_width, text_width};
use super::wrap::Wrap;
use crate::markdown::{Container, Item, Kind};

/// What stands before the rows of a line, which is no wider than half of the terminal.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Before the first row: with the marks of the items that begin in it.
    first: String,
    /// Before the other rows.
    other: String,
    /// Marks that have no room there, so that they go before the text.
    marks: String,
    /// Columns that are taken.
    indent: usize,
    width: usize,
    has_mark: bool,
}

impl Frame {
    /// For a line in these containers, the innermost `fresh` of which begin with it.
    pub fn new(containers: &[Container], fresh: usize, width: usize) -> Self {
        let mut frame = Frame {
            width,
            ..Frame::default()
        };
        for (index, container) in containers.iter().enumerate() {
            let is_fresh = index + fresh >= containers.len();
            match container {
                Container::Quote => frame.quote(),
                Container::Item(item) => frame.item(&mark(item), is_fresh),
            }
        }
        frame
    }

    /// For a gap before a line in these containers, the innermost `fresh` of which begin with it.
    pub fn around(containers: &[Container], fresh: usize, width: usize) -> Self {
        Frame::new(&containers[..containers.len() - fresh], 0, width)
    }

    fn quote(&mut self) {
        if self.indent + 2 <= self.width / 2 {
            Style::DIM.write("│ ", &mut self.first);
            Style::DIM.write("│ ", &mut self.other);
            self.indent += 2;
        }
    }

    fn item(&mut self, mark: &str, is_fresh: bool) {
        let mark = format!("{mark} ");
        let room = (self.width / 2).saturating_sub(self.indent);
        let columns = text_width(&mark);
        self.has_mark |= is_fresh;
        if is_fresh && (columns > room || !self.marks.is_empty()) {
            self.marks.push_str(&mark);
            return;
        }
        let space = " ".repeat(columns.min(room));
        self.first.push_str(if is_fresh { &mark } else { &space });
        self.other.push_str(&space);
        self.indent += space.len();
    }

    /// With so many columns of space before the text, if that is the only indent.
    pub fn indented(&self, columns: usize) -> Self {
        let columns = if self.indent == 0 {
            columns.min(self.width / 2)
        } else {
            0
        };
        let space = " ".repeat(columns);
        Frame {
            first: format!("{}{space}", self.first),
            other: format!("{}{space}", self.other),
            indent: self.indent + columns,
            ..self.clone()
        }
    }

    /// Whether no item begins with it.
    pub fn is_bare(&self) -> bool {
        !self.has_mark
    }

    /// For the rows below it.
    pub fn below(&self) -> Self {
        Frame {
            first: self.other.clone(),
            marks: String::new(),
            has_mark: false,
            ..self.clone()
        }
    }

    /// Columns before the text.
    pub fn indent(&self) -> usize {
        self.indent
    }

    /// Columns that are left for text.
    pub fn room(&self) -> usize {
        self.width - self.indent
    }

    /// Begins text in a row of its own.
    pub fn begin(&self, at: usize, rows: &mut Rows) -> Wrap {
        rows.push(Row::new(&self.first, self.indent, at));
        let mut wrap = Wrap::new(&self.other, self.indent);
        for mark in self.marks.chars() {
            wrap.put(mark, Style::PLAIN, at, rows);
        }
        wrap
    }

    /// Draws rows behind it, below the marks that have no room in it.
    pub fn rows(&self, texts: impl IntoIterator<Item = String>, rows: &mut Rows) {
        let (mut texts, mut frame) = (texts.into_iter().peekable(), &self.first);
        if !self.marks.is_empty() && texts.peek().is_some() {
            self.begin(0, rows);
            frame = &self.other;
        }
        for text in texts {
            let column = self.indent + columns(&text);
            rows.push(Row::new(&format!("{frame}{text}"), column, 0));
            frame = &self.other;
        }
    }

    /// Draws spans, wrapped.
    pub fn spans(&self, spans: &[Span<'_>], rows: &mut Rows) {
        self.begin(0, rows).spans(spans, rows);
    }

    /// Draws a line as it is. It is not wrapped: what is copied from the terminal has to be it.
    fn verbatim(&self, line: &str, style: Style, rows: &mut Rows) {
        self.begin(0, rows);
        for character in line.chars() {
            verbatim(character, style, self.indent, rows);
        }
    }

    /// Draws a line: nothing if it is only a mark.
    pub fn draw(&self, kind: &Kind<'_>, rows: &mut Rows) {
        match kind {
            Kind::Blank if self.first.trim().is_empty() && self.marks.is_empty() => {
                rows.push(Row::new("", 0, 0));
            }
            Kind::Blank => _ = self.begin(0, rows),
            Kind::Rule => {
                let room = self.room().saturating_sub(text_width(&self.marks));
                let rule = "─".repeat(room.max(1));
                self.spans(&[Span::plain(&rule, Style::DIM)], rows);
            }
            Kind::Heading { level, text } => {
                let spans = inline::spans(text, heading(*level), &mut rows.links);
                self.spans(&spans, rows);
            }
            Kind::Text { text, .. } | Kind::Underline { text, .. } => {
                let spans = inline::spans(text, Style::PLAIN, &mut rows.links);
                self.spans(&spans, rows);
            }
            Kind::FenceStart { label } if label.is_empty() && !self.has_mark => {}
            Kind::FenceStart { label } => {
                let parts = literal(label).into_iter();
                let spans = parts.map(|(at, text)| Span {
                    text,
                    style: Style::DIM,
                    at,
                });
                self.spans(&spans.collect::<Vec<_>>(), rows);
            }
            Kind::FenceEnd => {}
            Kind::Fenced(code) | Kind::Indented(code) => self.verbatim(code, Style::CODE, rows),
            Kind::Math(formula) => self.verbatim(formula, Style::PLAIN, rows),
        }
    }
}

/// How the mark of an item looks: numbers are those of their author.
fn mark(item: &Item) -> Cow<'_, str> {
    let note = item
        .mark
        .strip_prefix("[^")
        .and_then(|mark| mark.strip_suffix("]:"));
    match (item.task, item.mark.as_str(), note) {
        (Some(is_done), mark, _) => {
            let number = mark.trim_matches(['-', '*', '+']);
            let task = if is_done { "☑" } else { "☐" };
            format!("{number} {task}").trim_start().to_owned().into()
        }
        (None, "-" | "*" | "+", _) => "•".into(),
        (None, mark, None) => mark.into(),
        (None, _, Some(note)) if note.bytes().all(|digit| digit.is_ascii_digit()) => {
            format!("[{note}]").into()
        }
        (None, _, Some(name)) => format!("[^{name}]").into(),
    }
}

/// How a heading looks.
pub fn heading(level: usize) -> Style {
    match level {
        1 => Style::BOLD.and(Style::UNDERLINE),
        _ => Style::BOLD,
    }
}

/// Appends a character of a line that is not wrapped.
pub fn verbatim(character: char, style: Style, indent: usize, rows: &mut Rows) {
    if character == '\t' {
        let column = rows.last().map_or(0, |row| row.end.column);
        let width = tab_width(column.saturating_sub(indent));
        (0..width).for_each(|_| rows.put(' ', style));
    } else {
        rows.put(character, style);
    }
}
