//! Markdown for somebody who listens: whole lines and sentences, each written once, marks as words
//! or left out, code as it is. A row of a table is a line for each of its cells.
//!
//! A screen reader reads a line anew if it grows, so a sentence is a line of its own.

use super::inline;
use super::links::Links;
use super::style::Style;
use super::table::{cells, header_cells};
use crate::markdown::{Container, Kind, Reader};

/// Ends of sentences, links and emphasis are looked for in so many bytes.
const REACH: usize = 2000;

/// Makes text of Markdown as it streams.
#[derive(Debug, Default)]
pub struct Spoken {
    /// Whether marks stay as they are.
    pub is_raw: bool,
    reader: Reader,
    /// What isn't a whole line or sentence yet.
    tail: String,
    table: Table,
    links: Links,
}

#[derive(Debug, Default)]
enum Table {
    #[default]
    None,
    /// What may be the header, as text and as it would be said.
    Header(String, String),
    /// The columns, and whether a row was said.
    Columns(Vec<String>, bool),
}

impl Spoken {
    /// Appends the lines and sentences that are complete with more text.
    pub fn push(&mut self, text: &str, out: &mut String) {
        let is_line = text.contains('\n');
        self.tail.push_str(text);
        if !is_line && self.tail.len() > REACH + text.len() {
            return;
        }
        let text = std::mem::take(&mut self.tail);
        let mut rest = text.as_str();
        loop {
            let line = rest.split('\n').next().unwrap_or_default();
            let end = match sentence_end(line).filter(|_| !self.reader.is_code()) {
                Some(end) => end,
                None if line.len() < rest.len() => line.len() + 1,
                None => break,
            };
            self.say(rest[..end].trim_end_matches('\n'), out);
            rest = &rest[end..];
        }
        self.tail = rest.to_owned();
    }

    /// Appends what is left. The next text is another one.
    pub fn end(&mut self, out: &mut String) {
        let mut spoken = std::mem::take(self);
        let tail = std::mem::take(&mut spoken.tail);
        if !tail.is_empty() {
            spoken.say(&tail, out);
        }
        spoken.end_table(out);
    }

    fn say(&mut self, line: &str, out: &mut String) {
        if self.is_raw {
            *out += &format!("{}\n", line.trim_end());
            return;
        }
        let line = self.reader.read(line);
        let marks = marks(self.reader.containers(), line.fresh);
        if let Kind::Text { text, .. } = line.kind
            && text.contains('|')
        {
            return self.row(text, marks, line.continues, out);
        }
        self.end_table(out);
        match line.kind {
            Kind::Rule | Kind::Underline { .. } => {}
            Kind::Blank => out.push('\n'),
            Kind::Heading { level, text } => {
                *out += &format!("{marks}Heading {level}: {}\n", self.plain(text));
            }
            Kind::Text { text, .. } => *out += &format!("{marks}{}\n", self.plain(text)),
            Kind::FenceStart { label: "" } => *out += &format!("{marks}Code:\n"),
            Kind::FenceStart { label } => *out += &format!("{marks}Code, {label}:\n"),
            Kind::FenceEnd => out.push_str("End of code.\n"),
            Kind::Fenced(code) | Kind::Indented(code) | Kind::Math(code) => {
                *out += &format!("{code}\n");
            }
        }
    }

    /// Says a line that may be one of a table.
    fn row(&mut self, text: &str, marks: String, continues: bool, out: &mut String) {
        let table = std::mem::take(&mut self.table);
        if let Table::Header(header, _) = &table
            && continues
            && let Some(columns) = header_cells(header, text)
        {
            let columns = columns.iter().map(|cell| self.plain(cell)).collect();
            self.table = Table::Columns(columns, false);
            return;
        }
        match table {
            Table::Columns(columns, is_more) if continues => {
                // An empty line between two rows.
                out.push_str(if is_more { "\n" } else { "" });
                for (column, cell) in columns.iter().zip(cells(text, columns.len())) {
                    match (column.as_str(), self.plain(&cell).as_str()) {
                        (_, "") => {}
                        ("", cell) => *out += &format!("{cell}\n"),
                        (column, cell) => *out += &format!("{column}: {cell}\n"),
                    }
                }
                self.table = Table::Columns(columns, true);
            }
            other => {
                self.table = other;
                self.end_table(out);
                let line = format!("{marks}{}\n", self.plain(text));
                self.table = Table::Header(text.to_owned(), line);
            }
        }
    }

    /// A line without its marks, and without glyphs that draw boxes.
    fn plain(&mut self, text: &str) -> String {
        let spans = inline::spans(text, Style::PLAIN, &mut self.links);
        let text: String = spans.iter().map(|span| &*span.text).collect();
        text.replace(|c| matches!(c, '\u{2500}'..='\u{259f}'), " ")
    }

    fn end_table(&mut self, out: &mut String) {
        if let Table::Header(_, line) = std::mem::take(&mut self.table) {
            out.push_str(&line);
        }
    }
}

/// What stands before a line: an indent, and what its fresh containers are in words.
fn marks(containers: &[Container], fresh: usize) -> String {
    let (old, fresh) = containers.split_at(containers.len() - fresh);
    let is_item = |it: &&Container| matches!(it, Container::Item(_));
    let mut marks = "  ".repeat(old.iter().filter(is_item).count());
    for container in fresh {
        marks += &match container {
            Container::Quote => "Quote: ".to_owned(),
            Container::Item(item) => match item.task {
                None => format!("{} ", item.mark),
                Some(true) => format!("{} done: ", item.mark),
                Some(false) => format!("{} to do: ", item.mark),
            },
        };
    }
    marks
}

/// The bytes of a sentence with which a line begins, and of the space behind it, if more follows.
/// It ends in no formula, table or code, and the rest begins with a letter, so that it is no mark.
fn sentence_end(line: &str) -> Option<usize> {
    let line = &line[..line.floor_char_boundary(REACH)];
    let ends = line.match_indices(['.', '!', '?', '。', '！', '？']);
    ends.filter_map(|(at, mark)| {
        let is_wide = mark.len() > 1;
        let rest = &line[at + mark.len()..];
        let behind = rest.trim_start_matches(['"', ')', '*', '_', '”', '’', '」']);
        let next = behind.trim_start_matches(' ');
        let is_apart = is_wide || next.len() < behind.len();
        let mut word = line[..at].chars().rev().filter(|c| !"\"*_)`”".contains(*c));
        let is_word = word.by_ref().take(2).filter(|c| c.is_alphabetic()).count() == 2;
        let is_new = next.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
        let end = line.len() - next.len();
        (is_apart && is_word && is_new && is_closed(&line[..end])).then_some(end)
    })
    .next()
}

/// Whether no mark is open at the end of a text that isn't indented like code.
fn is_closed(text: &str) -> bool {
    let count = |mark: char| text.matches(mark).count();
    let is_even = |mark: &char| count(*mark).is_multiple_of(2);
    !text.starts_with("    ")
        && ['`', '*', '$'].iter().all(is_even)
        && count('[') == count(']')
        && count('(') == count(')')
        && !text.contains(['|', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(pieces: impl Iterator<Item = impl AsRef<str>>) -> String {
        let (mut spoken, mut out) = (Spoken::default(), String::new());
        for piece in pieces {
            spoken.push(piece.as_ref(), &mut out);
            assert!(
                out.is_empty() || out.ends_with('\n'),
                "{out:?} is no whole line"
            );
        }
        spoken.end(&mut out);
        out
    }

    #[test]
    fn marks_are_words_or_left_out_whatever_the_pieces() {
        for (markdown, expected) in [
            (
                "One here. Two *are* here! See e.g. this",
                "One here.\nTwo are here!\nSee e.g. this\n",
            ),
            (
                "Wide text。漢字です。Next",
                "Wide text。\n漢字です。\nNext\n",
            ),
            (
                "1. First item. Second sentence\n2. Next",
                "1. First item.\n  Second sentence\n2. Next\n",
            ),
            (
                "Version 2. Then `a. B` and (a. B) and $5",
                "Version 2. Then a. B and (a. B) and $5\n",
            ),
            (
                "## A **bold** title\ntext\n===\n---\n",
                "Heading 2: A bold title\ntext\n",
            ),
            (
                "- [x] a\n  - [ ] b\n> said",
                "- done: a\n  - to do: b\nQuote: said\n",
            ),
            (
                "```sh\nls | wc. Then\n```\n2 * 3 * 4 a_b_c",
                "Code, sh:\nls | wc. Then\nEnd of code.\n2 * 3 * 4 a_b_c\n",
            ),
            (
                "[docs](https://a.b/_c_) \\*not\\*",
                "docs (https://a.b/_c_) *not*\n",
            ),
            (
                "***both*** ~~gone~~ __strong__ ** x",
                "both gone strong ** x\n",
            ),
            (
                "| A | `B` |\n|---|:-:|\n| 1 | x\\|y |\n|| *2* |\n\nend",
                "A: 1\nB: x|y\n\nB: 2\n\nend\n",
            ),
            ("a | b\nno table", "a | b\nno table\n"),
            ("┌─ box ─┐", "   box   \n"),
        ] {
            assert_eq!(spoken([markdown].iter()), expected, "{markdown}");
            let letters = markdown.chars().map(String::from);
            assert_eq!(spoken(letters), expected, "letter by letter: {markdown}");
        }
    }

    #[test]
    fn a_line_without_an_end_costs_no_more_than_its_length() {
        let words = std::iter::repeat_n("word ", 100_000);
        assert_eq!(spoken(words).len(), 500_000);
    }
}
