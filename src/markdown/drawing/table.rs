//! Tables: cells, and columns that fit the terminal.

use super::draw::Frame;
use super::inline;
use super::links::Links;
use super::rows::Rows;
use super::style::{Span, Style, can_break, char_width};
use super::wrap::Wrap;
use crate::markdown::code_length;
use crate::markdown::math::{self, Formula};

/// Columns between two cells.
const GAP: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Center,
    Right,
}

/// The table that is being written, or a line that may be its header.
#[derive(Debug)]
pub struct Table {
    lines: Vec<(String, Frame)>,
    /// Its first row.
    pub top: usize,
    /// None before the second line made a table of it.
    columns: Option<Columns>,
}

/// The columns of a table, as they were measured.
#[derive(Debug, PartialEq, Eq)]
struct Columns {
    aligns: Vec<Align>,
    /// None if they have no room beside each other.
    widths: Option<Vec<usize>>,
    /// The cells of the header, and whether there are others.
    header: Vec<String>,
    has_rows: bool,
}

/// The cells of the first line, if the second makes a table of it.
pub fn header_cells(header: &str, delimiter: &str) -> Option<Vec<String>> {
    let columns = aligns(delimiter)?.len();
    Some(split(header, columns)).filter(|cells| cells.len() == columns)
}

/// Whether a line can be one of a table.
fn is_row(line: &str) -> bool {
    line.contains('|')
}

impl Table {
    /// A line that may be the header of a table, drawn from this row on.
    pub fn begin(text: &str, frame: Frame, top: usize) -> Option<Self> {
        is_row(text).then(|| Table {
            lines: vec![(text.to_owned(), frame)],
            top,
            columns: None,
        })
    }

    /// Whether this is its next line.
    pub fn takes(&self, text: &str, rows: &Rows) -> bool {
        match self.columns {
            None => header_cells(&self.lines[0].0, text).is_some() && !rows.is_frozen(self.top),
            Some(_) => is_row(text),
        }
    }

    /// Draws one more row in place of what is shown from `top` on, and all of them if they have
    /// other columns now; false if they don't fit.
    pub fn draw(&mut self, text: &str, frame: &Frame, top: usize, rows: &mut Rows) -> bool {
        if rows.is_frozen(self.top) {
            let Some(columns) = &self.columns else {
                return false;
            };
            rows.truncate(top);
            columns.draw_row(text, true, frame, rows);
            self.lines.truncate(1);
            return true;
        }
        self.lines.push((text.to_owned(), frame.clone()));
        // Its first row may have the mark of an item before it.
        let room = self.lines.iter().map(|(_, frame)| frame.room()).min();
        let lines: Vec<&str> = self.lines.iter().map(|(text, _)| text.as_str()).collect();
        let room = room.unwrap_or_default();
        let Some(columns) = Columns::measure(&lines, room, &mut rows.links) else {
            return false;
        };
        let is_same = self.columns.as_ref() == Some(&columns);
        let first = if is_same { self.lines.len() - 1 } else { 0 };
        rows.truncate(if is_same { top } else { self.top });
        for (index, (text, frame)) in self.lines.iter().enumerate().skip(first) {
            match index {
                0 => columns.draw_header(text, frame, rows),
                1 => frame.rows(columns.rule(), rows),
                _ => columns.draw_row(text, index > 2, frame, rows),
            }
        }
        self.columns = Some(columns);
        true
    }
}

impl Columns {
    /// Measures the rows for a table of at most `room` columns; the second row is the delimiter.
    pub fn measure(lines: &[&str], room: usize, links: &mut Links) -> Option<Self> {
        let aligns = aligns(lines.get(1)?)?;
        let mut needs = vec![Need::default(); aligns.len()];
        for (_, line) in lines.iter().enumerate().filter(|(index, _)| *index != 1) {
            for (need, cell) in needs.iter_mut().zip(cells(line, aligns.len())) {
                need.add(&inline::spans(&cell, Style::PLAIN, links));
            }
        }
        let room = room.saturating_sub(GAP * (aligns.len() - 1));
        Some(Columns {
            widths: fit(&needs, room),
            header: cells(lines[0], aligns.len()),
            has_rows: lines.len() > 2,
            aligns,
        })
    }

    /// Draws the header of the table, and what is below.
    pub fn draw_header(&self, line: &str, frame: &Frame, rows: &mut Rows) {
        match &self.widths {
            Some(widths) => self.draw_cells(line, Style::BOLD, widths, frame, rows),
            // It stands before each cell.
            None if self.has_rows && frame.is_bare() => {}
            None if self.has_rows => drop(frame.begin(0, rows)),
            None => {
                let spans = inline::spans(line, Style::BOLD, &mut rows.links);
                frame.spans(&spans, rows);
            }
        }
    }

    /// Draws a row of the table, which may follow another one.
    pub fn draw_row(&self, line: &str, follows: bool, frame: &Frame, rows: &mut Rows) {
        match &self.widths {
            Some(widths) => self.draw_cells(line, Style::PLAIN, widths, frame, rows),
            None => {
                frame.rows(follows.then(String::new), rows);
                self.draw_list(line, frame, rows);
            }
        }
    }

    /// Draws cells beside each other.
    fn draw_cells(
        &self,
        line: &str,
        base: Style,
        widths: &[usize],
        frame: &Frame,
        rows: &mut Rows,
    ) {
        let cells = cells(line, widths.len());
        let spans = cells
            .iter()
            .map(|cell| inline::spans(cell, base, &mut rows.links));
        let spans: Vec<_> = spans.collect();
        let wrapped = widths
            .iter()
            .zip(&spans)
            .map(|(width, cell)| Wrap::whole(cell, *width));
        let wrapped: Vec<_> = wrapped.collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        let texts =
            (0..height).map(|row| self.join(widths, wrapped.iter().map(|cell| cell.get(row))));
        frame.rows(texts, rows);
    }

    /// Draws cells below each other, each behind the header of its column.
    fn draw_list(&self, line: &str, frame: &Frame, rows: &mut Rows) {
        let cells = cells(line, self.header.len());
        let mut frame = frame.clone();
        for (header, cell) in self.header.iter().zip(&cells) {
            let mut spans = inline::spans(header, Style::BOLD, &mut rows.links);
            spans.push(Span::plain(
                if header.is_empty() { "" } else { ": " },
                Style::BOLD,
            ));
            spans.extend(inline::spans(cell, Style::PLAIN, &mut rows.links));
            frame.spans(&spans, rows);
            frame = frame.below();
        }
    }

    /// The line below the header.
    pub fn rule(&self) -> Option<String> {
        let widths = self.widths.as_ref()?.iter();
        let parts: Vec<String> = widths.map(|width| "─".repeat(*width)).collect();
        let mut rule = String::new();
        Style::DIM.write(&parts.join("─┼─"), &mut rule);
        Some(rule)
    }

    fn join<'a>(
        &self,
        widths: &[usize],
        cells: impl Iterator<Item = Option<&'a (String, usize)>>,
    ) -> String {
        let mut line = String::new();
        for (index, cell) in cells.enumerate() {
            let free = widths[index].saturating_sub(cell.map_or(0, |(_, width)| *width));
            let left = match self.aligns[index] {
                Align::Left => 0,
                Align::Center => free / 2,
                Align::Right => free,
            };
            if index > 0 {
                line.push(' ');
                Style::DIM.write("│", &mut line);
                line.push(' ');
            }
            line.extend(std::iter::repeat_n(' ', left));
            line.push_str(cell.map_or("", |(text, _)| text));
            if index + 1 < widths.len() {
                line.extend(std::iter::repeat_n(' ', free - left));
            }
        }
        line
    }
}

/// The columns that cells take.
#[derive(Clone, Debug)]
struct Need {
    /// With all of their lines whole.
    all: usize,
    /// With all of their words whole.
    least: usize,
}

impl Default for Need {
    fn default() -> Self {
        Need { all: 1, least: 1 }
    }
}

impl Need {
    fn add(&mut self, cell: &[Span<'_>]) {
        let (mut line, mut word, mut last) = (0, 0, (' ', Style::PLAIN));
        for (span, (character, _)) in cell
            .iter()
            .flat_map(|span| span.characters().map(move |at| (span, at)))
        {
            let is_space = matches!(character, ' ' | '\t') && !span.style.is_code();
            let next = (character, span.style);
            if character == '\n' {
                (line, word) = (0, 0);
            } else {
                let columns = char_width(character);
                line += columns;
                word = if is_space || can_break(last, next) {
                    0
                } else {
                    word
                };
                word += if is_space { 0 } else { columns };
            }
            self.all = self.all.max(line);
            self.least = self.least.max(word);
            last = next;
        }
    }
}

/// The widths of columns: what they need, or the same for all that need more than there is, but no
/// less than their longest word.
fn fit(needs: &[Need], room: usize) -> Option<Vec<usize>> {
    let widths = |limit: usize| {
        needs
            .iter()
            .map(move |need| need.all.min(limit).max(need.least))
    };
    let most = needs
        .iter()
        .map(|need| need.all)
        .max()
        .unwrap_or(1)
        .min(room);
    let limit = (1..=most)
        .rev()
        .find(|limit| widths(*limit).sum::<usize>() <= room)?;
    Some(widths(limit).collect())
}

fn aligns(line: &str) -> Option<Vec<Align>> {
    if !is_row(line) {
        return None;
    }
    split(line, 0).iter().map(|cell| align(cell)).collect()
}

fn align(cell: &str) -> Option<Align> {
    let dashes = cell.strip_prefix(':').unwrap_or(cell);
    let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
    if dashes.is_empty() || !dashes.bytes().all(|byte| byte == b'-') {
        return None;
    }
    Some(match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) => Align::Center,
        (false, true) => Align::Right,
        _ => Align::Left,
    })
}

/// The cells of a row of a table of so many columns. Those it has too few of are empty, and the
/// last one holds all that it has too many of, so that no text is lost.
pub fn cells(line: &str, count: usize) -> Vec<String> {
    let mut cells = split(line, count);
    if cells.len() > count {
        let last = cells.split_off(count.saturating_sub(1)).join(" | ");
        cells.push(last);
    }
    cells.resize(count, String::new());
    cells
}

/// The cells of a row; `\|` is no border. To GFM a `|` in code or in a formula is one; to those who
/// write it there, it is none. The count of columns tells which was meant.
fn split(line: &str, count: usize) -> Vec<String> {
    let cells = split_at_borders(line, false);
    if cells.len() == count {
        return cells;
    }
    split_at_borders(line, true)
}

fn split_at_borders(line: &str, knows_code: bool) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut at = 0;
    while let Some(character) = line[at..].chars().next() {
        let rest = &line[at..];
        let code = match (character, math::at(line, at)) {
            _ if !knows_code => 0,
            ('`', _) => code_length(rest),
            (_, Some(Formula::Whole(length))) => length,
            _ => 0,
        };
        at += code.max(character.len_utf8());
        match character {
            _ if code > 0 => cell.push_str(&rest[..code].replace("\\|", "|")),
            '\\' if rest[1..].starts_with('|') => {
                cell.push('|');
                at += 1;
            }
            '|' => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    if cells.is_empty() || !cell.trim().is_empty() {
        cells.push(cell);
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
