//! Rows in columns without borders, so that grep can search them. If the terminal is too narrow,
//! the last column is cut, or the cells of a row stand below each other.

use unicode_width::UnicodeWidthStr;

use super::output::filled;
use super::row::cut;

/// What stands between two columns.
const GAP: &str = "  ";

/// What is left of a last column that is cut, at the least.
const NARROWEST: usize = 12;

/// What becomes of rows that are wider than the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The last column may be cut: it is a title or a line of a text.
    Cut,
    /// Everything in them is needed.
    Stack,
}

/// Lays rows out in columns, below their headings if there are any, within `width` columns if
/// that is limited.
pub fn lay_out<const COLUMNS: usize>(
    headings: Option<[&str; COLUMNS]>,
    rows: &[[String; COLUMNS]],
    width: Option<usize>,
    overflow: Overflow,
) -> String {
    let headings = headings.map(|headings| headings.map(str::to_owned));
    let all: Vec<&[String; COLUMNS]> = headings.iter().chain(rows).collect();
    let widest = |index: usize| all.iter().map(|row| row[index].width()).max();
    let columns: Vec<usize> = (0..COLUMNS).filter_map(widest).collect();
    let (last, others) = columns.split_last().unwrap_or((&0, &[]));
    let before: usize = others.iter().map(|column| column + GAP.len()).sum();
    let width = width.unwrap_or(usize::MAX);
    let fits = before + last <= width || overflow == Overflow::Cut && before + NARROWEST <= width;
    if !fits {
        let rows: Vec<String> = rows.iter().map(|row| stacked(row, width)).collect();
        return rows.join("\n");
    }
    let line = |row: &&[String; COLUMNS]| line(*row, &columns, width - before);
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A line for each cell, behind its heading, for somebody who listens; of rows without headings,
/// one line each.
pub fn in_words<const COLUMNS: usize>(
    headings: Option<[&str; COLUMNS]>,
    rows: &[[String; COLUMNS]],
) -> String {
    let Some(headings) = headings else {
        let rows = rows.iter().map(|row| row.join(": ") + "\n");
        return rows.collect();
    };
    let row = |row: &[String; COLUMNS]| {
        let cells = headings
            .iter()
            .zip(row)
            .filter(|(_, cell)| !cell.is_empty());
        let lines = cells.map(|(heading, cell)| format!("{}: {cell}\n", heading.to_lowercase()));
        lines.collect::<String>()
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// A row in these columns, the last one cut if it is wider than `room`.
fn line(row: &[String], columns: &[usize], room: usize) -> String {
    let Some((last, others)) = row.split_last() else {
        return String::new();
    };
    let padded = others.iter().zip(columns).map(|(cell, column)| {
        let padding = " ".repeat(column.saturating_sub(cell.width()));
        format!("{cell}{padding}{GAP}")
    });
    let line = padded.collect::<String>() + &cut(last, room);
    line.trim_end().to_owned()
}

/// The first cell, and the others below it.
fn stacked(row: &[String], width: usize) -> String {
    let Some((first, others)) = row.split_first() else {
        return String::new();
    };
    let first = filled(first, width, "", "");
    let mut others = others.to_vec();
    others.retain(|cell| !cell.is_empty());
    match others.is_empty() {
        true => first,
        false => format!("{first}\n{}", filled(&others.join(" · "), width, GAP, GAP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: Option<[&str; 3]> = Some(["NAME", "KIND", "ABOUT"]);

    fn rows() -> Vec<[String; 3]> {
        vec![
            ["a".into(), "漢字".into(), String::new()],
            ["long name".into(), "b".into(), "the rest of it".into()],
        ]
    }

    #[test]
    fn columns_line_up_below_their_headings() {
        let expected = "NAME       KIND  ABOUT\na          漢字\nlong name  b     the rest of it";
        for width in [None, Some(31)] {
            assert_eq!(lay_out(HEADINGS, &rows(), width, Overflow::Stack), expected);
        }
    }

    #[test]
    fn rows_in_words_are_a_line_for_each_cell() {
        let expected = "name: a\nkind: 漢字\n\nname: long name\nkind: b\nabout: the rest of it\n";
        assert_eq!(in_words(HEADINGS, &rows()), expected);
        let commands = [["/help".to_owned(), "list".to_owned()]];
        assert_eq!(in_words(None, &commands), "/help: list\n");
    }

    #[test]
    fn rows_that_are_too_wide_are_cut_or_stacked() {
        let cut = "NAME       KIND  ABOUT\na          漢字\nlong name  b     the rest of…";
        assert_eq!(lay_out(HEADINGS, &rows(), Some(30), Overflow::Cut), cut);
        let stacked = "a\n  漢字\nlong name\n  b · the rest of it";
        assert_eq!(
            lay_out(HEADINGS, &rows(), Some(30), Overflow::Stack),
            stacked
        );
        assert_eq!(lay_out(HEADINGS, &rows(), Some(20), Overflow::Cut), stacked);
    }
}
