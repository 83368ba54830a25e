//! Rows in columns without borders, to be searched with grep; on a terminal that is too narrow, each row below itself.

use textwrap::{Options, WordSplitter};
use unicode_width::UnicodeWidthStr;

/// What stands between two columns.
const GAP: &str = "  ";

/// Lays rows out in columns, below their headings where there are any, within `width` columns where that is limited.
pub fn lay_out<const COLUMNS: usize>(
    headings: Option<[&str; COLUMNS]>,
    rows: &[[String; COLUMNS]],
    width: Option<usize>,
) -> String {
    let headings = headings.map(|headings| headings.map(str::to_owned));
    let all: Vec<&[String; COLUMNS]> = headings.iter().chain(rows).collect();
    let column = |index: usize| all.iter().map(|row| row[index].width()).max().unwrap_or_default();
    let columns: Vec<usize> = (0..COLUMNS).map(column).collect();
    let total = columns.iter().sum::<usize>() + GAP.len() * COLUMNS.saturating_sub(1);
    let lines: Vec<String> = match width.filter(|width| total > *width) {
        Some(width) => rows.iter().map(|row| stacked(row, width)).collect(),
        None => all.iter().map(|row| line(*row, &columns)).collect(),
    };
    lines.join("\n")
}

fn line(row: &[String], columns: &[usize]) -> String {
    let pad = |(cell, column): (&String, &usize)| format!("{cell}{}", " ".repeat(column - cell.width()));
    let cells: Vec<String> = row.iter().zip(columns).map(pad).collect();
    cells.join(GAP).trim_end().to_owned()
}

/// The first cell, and the others below it.
fn stacked(row: &[String], width: usize) -> String {
    let Some((first, others)) = row.split_first() else { return String::new() };
    let others: Vec<&str> = others.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
    // Half of an id can't be copied.
    let options = Options::new(width.max(20)).word_splitter(WordSplitter::NoHyphenation);
    let first = textwrap::fill(first, options.clone());
    if others.is_empty() {
        return first;
    }
    let options = options.initial_indent(GAP).subsequent_indent(GAP);
    format!("{first}\n{}", textwrap::fill(&others.join(" · "), options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<[String; 3]> {
        vec![["a".into(), "漢字".into(), String::new()], ["long name".into(), "b".into(), "the rest of it".into()]]
    }

    #[test]
    fn columns_line_up_below_their_headings() {
        let expected = "NAME       KIND  ABOUT\na          漢字\nlong name  b     the rest of it";
        assert_eq!(lay_out(Some(["NAME", "KIND", "ABOUT"]), &rows(), None), expected);
        assert_eq!(lay_out(Some(["NAME", "KIND", "ABOUT"]), &rows(), Some(31)), expected);
    }

    #[test]
    fn rows_that_are_too_wide_are_stacked() {
        let expected = "a\n  漢字\nlong name\n  b · the rest of it";
        assert_eq!(lay_out(None, &rows(), Some(20)), expected);
    }
}
