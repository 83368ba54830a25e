//! Draws a line that was read: behind the bars of its quotes and below the text of its items.

use super::inline;
use super::wrap::{Span, Style, char_width, tab_width, text_width, wrap};
use crate::markdown::{Container, Kind};

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
    has_quote: bool,
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
                Container::Item(item) => {
                    let mark = match (item.task, item.mark.as_str()) {
                        (Some(false), _) => "☐",
                        (Some(true), _) => "☑",
                        (None, "-" | "*" | "+") => "•",
                        (None, number) => number,
                    };
                    frame.item(mark, is_fresh);
                }
            }
        }
        frame
    }

    fn quote(&mut self) {
        if self.indent + 2 <= self.width / 2 {
            Style::DIM.write("│ ", &mut self.first);
            Style::DIM.write("│ ", &mut self.other);
            self.indent += 2;
            self.has_quote = true;
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

    /// With so many columns of space before the text.
    fn indented(&self, columns: usize) -> Self {
        let columns = columns.min((self.width / 2).saturating_sub(self.indent));
        let space = " ".repeat(columns);
        Frame {
            first: format!("{}{space}", self.first),
            other: format!("{}{space}", self.other),
            indent: self.indent + columns,
            ..self.clone()
        }
    }

    /// Columns that are left for text.
    pub fn room(&self) -> usize {
        self.width - self.indent
    }

    /// Writes rows behind it.
    pub fn rows<'a>(&self, rows: impl IntoIterator<Item = &'a str>, out: &mut String) {
        let mut before = &self.first;
        for row in rows {
            out.push_str(before);
            out.push_str(row);
            out.push('\n');
            before = &self.other;
        }
    }

    /// Writes spans, wrapped.
    fn spans(&self, spans: Vec<Span<'_>>, out: &mut String) {
        let marks = Span {
            text: &self.marks,
            style: Style::PLAIN,
        };
        let spans: Vec<Span<'_>> = [marks].into_iter().chain(spans).collect();
        let rows = wrap(&spans, self.room());
        self.rows(rows.iter().map(|row| row.text.as_str()), out);
    }

    /// Writes a line as it is. It is not wrapped: what is copied from the terminal has to be it.
    fn verbatim(&self, line: &str, style: Style, out: &mut String) {
        if line.is_empty() {
            return self.blank(out);
        }
        let mut row = self.marks.clone();
        style.write(&without_tabs(line), &mut row);
        self.rows([row.as_str()], out);
    }

    fn blank(&self, out: &mut String) {
        if self.has_mark {
            self.rows([self.marks.as_str()], out);
        } else if self.has_quote {
            self.rows([""], out);
        } else {
            out.push('\n');
        }
    }

    /// Draws text.
    pub fn text(&self, text: &str, out: &mut String) {
        self.spans(inline::spans(text, Style::PLAIN), out);
    }

    /// Draws a line with its line ends: none if it is only a mark.
    pub fn draw(&self, kind: &Kind<'_>, out: &mut String) {
        match kind {
            Kind::Blank => self.blank(out),
            Kind::Rule => {
                let rule = Span {
                    text: &"─".repeat(self.room().saturating_sub(text_width(&self.marks)).max(1)),
                    style: Style::DIM,
                };
                self.spans(vec![rule], out);
            }
            Kind::Heading { level, text } => {
                let style = if *level == 1 {
                    Style::BOLD.and(Style::UNDERLINE)
                } else {
                    Style::BOLD
                };
                self.spans(inline::spans(text, style), out);
            }
            Kind::Text {
                text,
                indent,
                verbatim,
            } => {
                // Without containers, the author's indent is the only one.
                let indent = if self.indent == 0 { *indent } else { 0 };
                let formula = Span {
                    text: &text[..*verbatim],
                    style: Style::PLAIN,
                };
                let rest = inline::spans(&text[*verbatim..], Style::PLAIN);
                self.indented(indent)
                    .spans([formula].into_iter().chain(rest).collect(), out);
            }
            Kind::FenceStart { label } if label.is_empty() && !self.has_mark => {}
            Kind::FenceStart { label } => {
                let label = Span {
                    text: label,
                    style: Style::DIM,
                };
                self.spans(vec![label], out);
            }
            Kind::FenceEnd => {}
            Kind::Fenced(code) | Kind::Indented(code) => self.verbatim(code, Style::CODE, out),
            Kind::Math(formula) => self.verbatim(formula, Style::PLAIN, out),
        }
    }
}

/// The line with its tabs as spaces.
fn without_tabs(line: &str) -> String {
    let (mut text, mut column) = (String::with_capacity(line.len()), 0);
    for character in line.chars() {
        if character == '\t' {
            let width = tab_width(column);
            text.extend(std::iter::repeat_n(' ', width));
            column += width;
        } else {
            text.push(character);
            column += char_width(character);
        }
    }
    text
}
