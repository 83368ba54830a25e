//! What a line is, given the lines before it: heading, list item, quote, code. Draws one line at a
//! time.

use super::inline;
use super::table::{self, Columns};
use super::wrap::{Style, tab_width, text_width, wrap};

/// Quotes inside each other; the marks of more are text, so that the narrowest terminal has room
/// for some.
const DEEPEST: usize = 3;

/// What is open at the start of a line.
#[derive(Debug, Default)]
pub struct Blocks {
    fence: Option<Fence>,
    lists: Vec<List>,
    /// Whether an indented line here is code: after a blank line or such code.
    after_gap: bool,
}

#[derive(Debug)]
struct Fence {
    mark: char,
    length: usize,
    /// Columns before it in the source, taken from each of its lines.
    indent: usize,
    place: Place,
}

/// A level of a list.
#[derive(Clone, Copy, Debug)]
struct List {
    /// Column of the mark in the source.
    mark: usize,
    /// Column of the text as it is drawn.
    text: usize,
}

/// Where a line stands: behind the bars of quotes and an indent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    quotes: usize,
    indent: usize,
}

enum Kind<'a> {
    Blank,
    Rule,
    Heading {
        level: usize,
        text: &'a str,
    },
    Item {
        mark: &'a str,
        text: &'a str,
    },
    Fence {
        mark: char,
        length: usize,
        label: &'a str,
    },
    Text(&'a str),
}

/// A line of a text, as far as fences go.
enum Code<'a> {
    /// A fence is opened.
    Opens,
    /// A line in it, without the marks of quotes and the indent of the fence. Tabs stay, unlike in
    /// what is drawn.
    Line(&'a str),
}

/// The code in the fences of a text, each without the marks around it, with a line end after each
/// line.
pub fn code_blocks(text: &str) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    read_fences(text, |code| match (code, codes.last_mut()) {
        (Code::Line(line), Some(code)) => {
            code.push_str(line);
            code.push('\n');
        }
        _ => codes.push(String::new()),
    });
    codes
}

/// The line that opens the fence that a text leaves open.
pub fn open_fence(text: &str) -> Option<&str> {
    read_fences(text, |_| {})
}

/// Goes through the fences of a text, and returns the line that opens the one it leaves open.
fn read_fences<'a>(text: &'a str, mut visit: impl FnMut(Code<'a>)) -> Option<&'a str> {
    let mut open: Option<(Fence, &str)> = None;
    for line in text.lines() {
        if let Some((fence, _)) = &open {
            let (quotes, rest) = unquote(line, fence.place.quotes);
            let is_inside = quotes == fence.place.quotes;
            if is_inside && !fence.is_closed_by(rest) {
                let outer = rest
                    .bytes()
                    .take(fence.indent)
                    .take_while(|byte| *byte == b' ')
                    .count();
                visit(Code::Line(&rest[outer..]));
                continue;
            }
            open = None;
            if is_inside {
                continue;
            }
        }
        let (quotes, rest) = unquote(line, DEEPEST);
        let (indent, text) = unindent(rest);
        if let Kind::Fence { mark, length, .. } = Kind::of(text) {
            visit(Code::Opens);
            open = Some((
                Fence {
                    mark,
                    length,
                    indent,
                    place: Place { quotes, indent: 0 },
                },
                line,
            ));
        }
    }
    open.map(|(_, line)| line)
}

/// Whether the second line makes a table of the first.
pub fn is_header(header: &str, delimiter: &str) -> bool {
    table::is_header(unquoted(header), unquoted(delimiter))
}

impl Blocks {
    /// Whether code is open, so that the next line is most likely code.
    pub fn is_code(&self) -> bool {
        self.fence.is_some()
    }

    /// Where the line stands if it can be one of a table.
    pub fn table_place(&self, line: &str) -> Option<Place> {
        if self.is_code() || !table::is_row(line) {
            return None;
        }
        let (quotes, rest) = unquote(line, DEEPEST);
        let (indent, text) = unindent(rest);
        match Kind::of(text) {
            Kind::Text(_) if !self.is_indented_code(indent) => {
                let level = self.lists.iter().rev().find(|list| indent >= list.mark + 2);
                Some(Place {
                    quotes,
                    indent: level.map_or(indent.min(3), |list| list.text),
                })
            }
            _ => None,
        }
    }

    /// Draws a line that is complete, with its line ends: none where the line is only a mark.
    pub fn draw(&mut self, line: &str, width: usize, out: &mut String) {
        if let Some(fence) = &self.fence {
            let (quotes, rest) = unquote(line, fence.place.quotes);
            if quotes == fence.place.quotes {
                if fence.is_closed_by(rest) {
                    self.fence = None;
                } else {
                    draw_code(fence.place, &expand(rest, fence.indent), out);
                }
                return;
            }
            // A quote ends what is open in it.
            self.fence = None;
        }
        let (quotes, rest) = unquote(line, DEEPEST);
        let (indent, text) = unindent(rest);
        let is_code = !text.is_empty() && self.is_indented_code(indent);
        self.after_gap = text.is_empty() || is_code;
        if is_code {
            return draw_code(Place { quotes, indent: 0 }, &expand(rest, 0), out);
        }
        self.draw_text(quotes, indent, text, width, out);
    }

    /// Draws rows of a table with its first two, or as text where it does not fit. The columns are
    /// for more rows.
    pub fn draw_table(
        &mut self,
        place: Place,
        lines: &[&str],
        width: usize,
        out: &mut String,
    ) -> Option<Columns> {
        let columns = Columns::measure(lines.iter().map(|line| unquoted(line)), place.room(width));
        let Some(columns) = columns else {
            lines.iter().for_each(|line| self.draw(line, width, out));
            return None;
        };
        for (index, line) in lines.iter().enumerate() {
            match index {
                0 => place.rows(&columns.draw(unquoted(line), Style::BOLD), out),
                1 => place.rows(&[columns.rule()], out),
                _ => self.draw_row(place, &columns, line, out),
            }
        }
        self.after_gap = false;
        Some(columns)
    }

    /// Draws one more row of a table.
    pub fn draw_row(&self, place: Place, columns: &Columns, line: &str, out: &mut String) {
        place.rows(&columns.draw(unquoted(line), Style::PLAIN), out);
    }

    fn is_indented_code(&self, indent: usize) -> bool {
        indent >= 4 && self.lists.is_empty() && self.after_gap
    }

    fn draw_text(
        &mut self,
        quotes: usize,
        indent: usize,
        text: &str,
        width: usize,
        out: &mut String,
    ) {
        let kind = Kind::of(text);
        if !matches!(kind, Kind::Blank) {
            self.lists.retain(|list| indent >= list.mark + 2);
        }
        let level = self.lists.last().map(|list| list.text);
        let place = Place {
            quotes,
            indent: level.unwrap_or_default(),
        };
        match kind {
            Kind::Blank => place.blank(out),
            Kind::Rule => {
                let mut rule = String::new();
                Style::DIM.write(&"─".repeat(place.room(width)), &mut rule);
                place.rows(&[rule], out);
            }
            Kind::Heading { level, text } => {
                let style = if level == 1 {
                    Style::BOLD.and(Style::UNDERLINE)
                } else {
                    Style::BOLD
                };
                place.wrapped("", text, style, width, out);
            }
            Kind::Item { mark, text } => self.draw_item(place, indent, mark, text, width, out),
            Kind::Fence {
                mark,
                length,
                label,
            } => {
                if !label.is_empty() {
                    place.wrapped("", label, Style::DIM, width, out);
                }
                self.fence = Some(Fence {
                    mark,
                    length,
                    indent,
                    place,
                });
            }
            Kind::Text(text) => {
                let place = Place {
                    indent: level.unwrap_or(indent.min(width / 2)),
                    ..place
                };
                place.wrapped(
                    "",
                    text.strip_suffix('\\').unwrap_or(text),
                    Style::PLAIN,
                    width,
                    out,
                );
            }
        }
    }

    fn draw_item(
        &mut self,
        place: Place,
        indent: usize,
        mark: &str,
        text: &str,
        width: usize,
        out: &mut String,
    ) {
        let (mark, text) = match (mark, text.split_at_checked(4)) {
            ("-" | "*" | "+", Some(("[ ] ", text))) => ("☐", text),
            ("-" | "*" | "+", Some(("[x] " | "[X] ", text))) => ("☑", text),
            ("-" | "*" | "+", _) => ("•", text),
            _ => (mark, text),
        };
        let column = place.indent + text_width(mark) + 1;
        // Deep levels on a narrow terminal keep half of it for the text.
        self.lists.push(List {
            mark: indent,
            text: column.min(width / 2),
        });
        place.wrapped(
            &format!("{mark} "),
            text.trim_start(),
            Style::PLAIN,
            width,
            out,
        );
    }
}

impl Fence {
    fn is_closed_by(&self, line: &str) -> bool {
        let (indent, text) = unindent(line);
        let text = text.trim_end();
        indent < self.indent + 4
            && text.len() >= self.length
            && text.chars().all(|mark| mark == self.mark)
    }
}

impl Place {
    /// Columns that are left for text.
    fn room(self, width: usize) -> usize {
        width.saturating_sub(2 * self.quotes + self.indent).max(4)
    }

    fn start(self, out: &mut String) {
        (0..self.quotes).for_each(|_| Style::DIM.write("│ ", out));
        out.extend(std::iter::repeat_n(' ', self.indent));
    }

    fn blank(self, out: &mut String) {
        (0..self.quotes).for_each(|_| Style::DIM.write("│ ", out));
        out.push('\n');
    }

    fn rows(self, rows: &[String], out: &mut String) {
        for row in rows {
            self.start(out);
            out.push_str(row);
            out.push('\n');
        }
    }

    /// Text behind a mark, its later rows below the text.
    fn wrapped(self, mark: &str, text: &str, style: Style, width: usize, out: &mut String) {
        let hang = text_width(mark);
        let spans = inline::spans(text, style);
        for (index, row) in wrap(&spans, self.room(width).saturating_sub(hang))
            .iter()
            .enumerate()
        {
            self.start(out);
            if index == 0 {
                out.push_str(mark);
            } else {
                out.extend(std::iter::repeat_n(' ', hang));
            }
            out.push_str(&row.text);
            out.push('\n');
        }
    }
}

impl<'a> Kind<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim_end();
        if text.is_empty() {
            return Kind::Blank;
        }
        if is_rule(text) {
            return Kind::Rule;
        }
        heading(text)
            .or_else(|| item(text))
            .or_else(|| fence(text))
            .unwrap_or(Kind::Text(text))
    }
}

fn is_rule(text: &str) -> bool {
    let mark = text.chars().next().unwrap_or(' ');
    let is_made_of = |character: char| character == mark || character == ' ' || character == '\t';
    "-*_".contains(mark) && text.chars().all(is_made_of) && text.matches(mark).count() >= 3
}

fn heading(text: &str) -> Option<Kind<'_>> {
    let rest = text.trim_start_matches('#');
    let level = text.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    let bare = rest.trim_end_matches('#');
    let title = if bare.is_empty() || bare.ends_with([' ', '\t']) {
        bare
    } else {
        rest
    };
    is_heading.then(|| Kind::Heading {
        level,
        text: title.trim(),
    })
}

fn item(text: &str) -> Option<Kind<'_>> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marks: &[char] = if digits == 0 {
        &['-', '*', '+']
    } else {
        &['.', ')']
    };
    let rest = text[digits..].strip_prefix(marks)?;
    let is_item = digits <= 9 && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_item.then(|| Kind::Item {
        mark: &text[..=digits],
        text: rest.trim_start(),
    })
}

fn fence(text: &str) -> Option<Kind<'_>> {
    let mark = text
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let label = text.trim_start_matches(mark);
    let length = text.len() - label.len();
    let is_fence = length >= 3 && !(mark == '`' && label.contains('`'));
    is_fence.then(|| Kind::Fence {
        mark,
        length,
        label: label.trim(),
    })
}

/// Takes the marks of up to `most` quotes.
fn unquote(line: &str, most: usize) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while depth < most {
        let (indent, text) = unindent(rest);
        let Some(inside) = text.strip_prefix('>').filter(|_| indent < 4) else {
            break;
        };
        rest = inside.strip_prefix(' ').unwrap_or(inside);
        depth += 1;
    }
    (depth, rest)
}

fn unquoted(line: &str) -> &str {
    unquote(line, DEEPEST).1
}

/// Columns of white space, and the rest.
fn unindent(line: &str) -> (usize, &str) {
    let text = line.trim_start_matches([' ', '\t']);
    let space = &line[..line.len() - text.len()];
    let columns = space.chars().fold(0, |column, character| {
        column
            + if character == '\t' {
                tab_width(column)
            } else {
                1
            }
    });
    (columns, text)
}

/// The line with its tabs as spaces, without up to `indent` columns of space before it.
fn expand(line: &str, indent: usize) -> String {
    let (mut text, mut column) = (String::with_capacity(line.len()), 0);
    for character in line.chars() {
        let width = if character == '\t' {
            tab_width(column)
        } else {
            super::wrap::char_width(character)
        };
        match character {
            '\t' => text.extend(std::iter::repeat_n(' ', width)),
            _ => text.push(character),
        }
        column += width;
    }
    let space = text.bytes().take_while(|byte| *byte == b' ').count();
    text.split_off(space.min(indent))
}

/// Code is not wrapped: what is copied from the terminal has to be the line.
fn draw_code(place: Place, code: &str, out: &mut String) {
    if code.is_empty() {
        return place.blank(out);
    }
    place.start(out);
    Style::CODE.write(code, out);
    out.push('\n');
}
