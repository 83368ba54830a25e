//! Tables: cells, and columns that fit the terminal.

use super::draw::Frame;
use super::inline;
use super::rows::Rows;
use super::style::Style;
use super::wrap::Wrap;
use crate::markdown::code_length;
use crate::markdown::math::{self, Formula};

/// The narrowest column a table that is too wide is squeezed to.
const NARROWEST: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Center,
    Right,
}

/// The columns of a table, as they were measured.
#[derive(Debug, PartialEq, Eq)]
pub struct Columns {
    aligns: Vec<Align>,
    widths: Vec<usize>,
}

/// Whether the second line makes a table of the first.
pub fn is_header(header: &str, delimiter: &str) -> bool {
    aligns(delimiter).is_some_and(|aligns| split(header, aligns.len()).len() == aligns.len())
}

/// Whether a line can be one of a table.
pub fn is_row(line: &str) -> bool {
    line.contains('|')
}

impl Columns {
    /// Measures the rows for a table of at most `width` columns; the second row is the delimiter.
    /// `None` where they can't fit.
    pub fn measure<'a>(
        lines: impl Iterator<Item = &'a str> + Clone,
        base: Style,
        width: usize,
    ) -> Option<Self> {
        let aligns = aligns(lines.clone().nth(1)?)?;
        let mut widths = vec![1; aligns.len()];
        for (_, line) in lines.enumerate().filter(|(index, _)| *index != 1) {
            for (widest, cell) in widths.iter_mut().zip(cells(line, aligns.len())) {
                let rows = Wrap::whole(&inline::spans(&cell, base), usize::MAX);
                *widest = rows
                    .iter()
                    .map(|(_, width)| *width)
                    .fold(*widest, usize::max);
            }
        }
        let room = width.checked_sub(3 * (widths.len() - 1))?;
        squeeze(&mut widths, room).then_some(Columns { aligns, widths })
    }

    /// Draws a row of the table.
    pub fn draw_rows(&self, line: &str, base: Style, frame: &Frame, rows: &mut Rows) {
        let cells = cells(line, self.widths.len());
        let wrapped: Vec<_> = self
            .widths
            .iter()
            .zip(&cells)
            .map(|(width, cell)| Wrap::whole(&inline::spans(cell, base), *width))
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        let texts = (0..height).map(|row| self.join(wrapped.iter().map(|cell| cell.get(row))));
        frame.rows(texts, rows);
    }

    /// The line below the header.
    pub fn rule(&self) -> String {
        let parts: Vec<String> = self.widths.iter().map(|width| "─".repeat(*width)).collect();
        let mut rule = String::new();
        Style::DIM.write(&parts.join("─┼─"), &mut rule);
        rule
    }

    fn join<'a>(&self, cells: impl Iterator<Item = Option<&'a (String, usize)>>) -> String {
        let mut line = String::new();
        for (index, cell) in cells.enumerate() {
            let free = self.widths[index].saturating_sub(cell.map_or(0, |(_, width)| *width));
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
            if index + 1 < self.widths.len() {
                line.extend(std::iter::repeat_n(' ', free - left));
            }
        }
        line
    }
}

/// Gives narrow columns what they need, and the wide ones equal parts of the rest; false where that
/// is too little.
fn squeeze(widths: &mut [usize], room: usize) -> bool {
    let mut narrow: Vec<usize> = widths.to_vec();
    narrow.sort_unstable();
    let (mut left, mut limit) = (room, usize::MAX);
    for (index, width) in narrow.iter().enumerate() {
        let share = left / (narrow.len() - index);
        if *width > share {
            limit = share;
            break;
        }
        left -= width;
    }
    widths
        .iter_mut()
        .for_each(|width| *width = (*width).min(limit));
    limit >= NARROWEST
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
fn cells(line: &str, count: usize) -> Vec<String> {
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
