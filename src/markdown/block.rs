//! Nested quotes and list items, and what a line is inside them. CommonMark's rules, but one line
//! at a time, and more lenient where models are careless.

use super::cursor::Cursor;
use super::math::{self, Close};

/// Quotes inside each other, and items. The marks of more are text: enough for every writer, and
/// the cost of a line of nothing but marks stays small.
const DEEPEST: (usize, usize) = (3, 16);

/// Reads the lines of a text, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    containers: Vec<Container>,
    leaf: Leaf,
}

/// What holds other blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Container {
    Quote,
    Item(Item),
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// As it was written: `-`, `10.`, and `[^1]:` of a footnote.
    pub mark: String,
    /// Whether it is done, if it is a task.
    pub task: Option<bool>,
    /// The least indent of a line that belongs to it. CommonMark wants that of its text; models
    /// indent by two also what belongs to `1.`.
    least: usize,
    /// The indent of its text.
    content: usize,
}

/// The block that the next line may belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Leaf {
    #[default]
    None,
    Paragraph,
    /// Code that has no marks but its indent.
    Indented,
    Fence(Fence),
    /// A formula, until this mark, and whether a blank line belongs to it.
    Math(Close, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fence {
    mark: char,
    length: usize,
    /// Columns before it, taken from each of its lines.
    indent: usize,
}

/// A line as it was read.
#[derive(Debug)]
pub struct Line<'a> {
    pub kind: Kind<'a>,
    /// How many of the innermost containers begin with this line.
    pub fresh: usize,
    /// Whether it stands where the line before it stands.
    pub continues: bool,
}

/// What a line is, inside of its containers.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    Blank,
    Rule,
    Heading {
        level: usize,
        text: &'a str,
    },
    Text {
        text: &'a str,
        indent: usize,
    },
    /// What makes a heading of the paragraph above.
    Underline {
        level: usize,
        text: &'a str,
    },
    /// The line that opens a fence, with the language.
    FenceStart {
        label: &'a str,
    },
    FenceEnd,
    /// Code in a fence. Tabs stay.
    Fenced(String),
    /// Code that has no marks but its indent.
    Indented(String),
    /// A line of nothing but a formula.
    Math(String),
}

impl Reader {
    /// What holds the line that was read last, from the outermost on.
    pub fn containers(&self) -> &[Container] {
        &self.containers
    }

    /// Whether a fence is open, so that the next line is most likely code.
    pub fn is_code(&self) -> bool {
        matches!(self.leaf, Leaf::Fence(_))
    }

    /// The line that closes the fence that is open.
    pub fn closing_line(&self) -> Option<String> {
        let Leaf::Fence(fence) = self.leaf else {
            return None;
        };
        let mut line = String::new();
        for container in &self.containers {
            match container {
                Container::Quote => line.push_str("> "),
                Container::Item(item) => line.extend(std::iter::repeat_n(' ', item.content)),
            }
        }
        line.extend(std::iter::repeat_n(' ', fence.indent));
        line.extend(std::iter::repeat_n(fence.mark, fence.length));
        Some(line)
    }

    /// Reads the next line, which has no line end.
    pub fn read<'a>(&mut self, line: &'a str) -> Line<'a> {
        let mut cursor = Cursor::new(line);
        let kept = self.keep(&mut cursor);
        let is_inside = kept == self.containers.len();
        if is_inside && let Some(kind) = self.go_on(cursor) {
            return Line {
                kind,
                fresh: 0,
                continues: true,
            };
        }
        let was = std::mem::take(&mut self.leaf);
        let mut beginning = Beginning {
            outer: &self.containers[..kept],
            fresh: Vec::new(),
            is_text: was.is_text(),
            is_code: is_inside && was == Leaf::Indented,
            is_inside,
        };
        let (kind, leaf) = beginning.read(cursor);
        let fresh = beginning.fresh;
        let (count, is_text) = (fresh.len(), matches!(kind, Kind::Text { .. }));
        // A paragraph goes on without the marks of the quotes and the indent of the items around
        // it.
        let is_lazy = is_text && was.is_text() && count == 0;
        if !is_lazy {
            self.containers.truncate(kept);
            self.containers.extend(fresh);
        }
        self.leaf = match leaf {
            Leaf::None if kind == Kind::Blank && is_inside && was == Leaf::Indented => was,
            leaf => leaf,
        };
        Line {
            kind,
            fresh: count,
            continues: count == 0 && (is_inside || is_lazy),
        }
    }

    /// Takes the marks and indents of the containers that the line belongs to, and counts them.
    fn keep(&self, cursor: &mut Cursor<'_>) -> usize {
        let is_verbatim = matches!(self.leaf, Leaf::Fence(_) | Leaf::Math(_, true));
        let belongs = |container: &&Container| match container {
            Container::Quote => take_quote(cursor),
            // Models forget the indent in code, but they don't forget to close it.
            Container::Item(item) => {
                let is_in =
                    is_verbatim || cursor.text().is_empty() || cursor.indent() >= item.least;
                if is_in {
                    cursor.skip(item.content);
                }
                is_in
            }
        };
        self.containers.iter().take_while(belongs).count()
    }

    /// Reads a line of the fence or formula that is open, or the end of a paragraph that it makes a
    /// heading of.
    fn go_on<'a>(&mut self, cursor: Cursor<'a>) -> Option<Kind<'a>> {
        match self.leaf {
            Leaf::Fence(fence) if fence.is_closed_by(cursor) => {
                self.leaf = Leaf::None;
                Some(Kind::FenceEnd)
            }
            Leaf::Fence(fence) => {
                let mut code = cursor;
                code.skip(fence.indent);
                Some(Kind::Fenced(code.verbatim()))
            }
            Leaf::Math(_, false) if cursor.text().is_empty() => None,
            Leaf::Math(close, _) => {
                let text = cursor.text();
                let Some(verbatim) = math::end(text, close) else {
                    return Some(Kind::Math(cursor.verbatim()));
                };
                self.leaf = text_leaf(&text[verbatim..]);
                Some(if verbatim == text.len() {
                    Kind::Math(cursor.verbatim())
                } else {
                    Kind::Text {
                        text,
                        indent: cursor.indent(),
                    }
                })
            }
            Leaf::Paragraph => {
                let kind = underline(cursor)?;
                self.leaf = Leaf::None;
                Some(kind)
            }
            Leaf::None | Leaf::Indented => None,
        }
    }
}

/// A line that belongs to no fence and no formula.
struct Beginning<'a> {
    /// The containers it belongs to, and those that begin with it.
    outer: &'a [Container],
    fresh: Vec<Container>,
    /// Whether the line before is text, or code without marks.
    is_text: bool,
    is_code: bool,
    /// Whether all that was open goes on.
    is_inside: bool,
}

impl Beginning<'_> {
    fn read<'a>(&mut self, mut cursor: Cursor<'a>) -> (Kind<'a>, Leaf) {
        loop {
            let (indent, text) = (cursor.indent(), cursor.text());
            let follows_text = self.is_text && self.fresh.is_empty();
            if text.is_empty() {
                return (Kind::Blank, Leaf::None);
            }
            if indent < 4 {
                if text.starts_with('>') && self.has_room(&Container::Quote) {
                    take_quote(&mut cursor);
                    self.fresh.push(Container::Quote);
                    continue;
                }
                if let Some(found) = leaf(text, indent) {
                    return found;
                }
            }
            let item = item(text, indent).filter(|item| {
                // Deep levels of a list are indented in all kinds of ways.
                let may_be_far = follows_text || self.is_in_list();
                let is_code = self.is_code && self.fresh.is_empty();
                let is_bare = item.mark.len() == text.len() && follows_text && self.is_inside;
                (indent < 4 || may_be_far && !is_code) && !is_bare
            });
            if let Some(mut item) = item
                && self.has_room(&Container::Item(item.clone()))
            {
                cursor.take(item.mark.len());
                item.enter(&mut cursor);
                self.fresh.push(Container::Item(item));
                continue;
            }
            if indent >= 4 && !follows_text {
                cursor.skip(4);
                return (Kind::Indented(cursor.verbatim()), Leaf::Indented);
            }
            return paragraph(cursor);
        }
    }

    fn has_room(&self, next: &Container) -> bool {
        let is_quote = |container: &&Container| **container == Container::Quote;
        let all = || self.outer.iter().chain(&self.fresh);
        let quotes = all().filter(is_quote).count();
        match next {
            Container::Quote => quotes < DEEPEST.0,
            Container::Item(_) => all().count() - quotes < DEEPEST.1,
        }
    }

    fn is_in_list(&self) -> bool {
        let innermost = self.fresh.last().or(self.outer.last());
        matches!(innermost, Some(Container::Item(_)))
    }
}

impl Leaf {
    /// Whether a line may go on with it that has no marks.
    fn is_text(&self) -> bool {
        matches!(self, Leaf::Paragraph | Leaf::Math(_, false))
    }
}

impl Item {
    /// Takes the space behind the mark, and the box of a task.
    fn enter(&mut self, cursor: &mut Cursor<'_>) {
        let space = cursor.indent();
        let is_blank = cursor.text().is_empty();
        // More space than that is the indent of code.
        let taken = if is_blank || space > 4 { 1 } else { space };
        cursor.skip(taken);
        // A footnote has no text to stand below.
        self.content = if self.mark.starts_with('[') {
            self.least + 2
        } else {
            self.content + taken.max(1)
        };
        if !self.mark.starts_with('[') && space <= 4 {
            self.task = task(cursor.text());
        }
        if self.task.is_some() {
            cursor.take(3);
            cursor.skip(usize::MAX);
        }
    }
}

impl Fence {
    fn is_closed_by(self, cursor: Cursor<'_>) -> bool {
        let text = cursor.text();
        cursor.indent() < 4
            && text.len() >= self.length
            && text.chars().all(|mark| mark == self.mark)
    }
}

/// Takes the mark of a quote if there is one, and the space behind it.
fn take_quote(cursor: &mut Cursor<'_>) -> bool {
    let is_quote = cursor.indent() < 4 && cursor.text().starts_with('>');
    if is_quote {
        cursor.take(1);
        cursor.skip(1);
    }
    is_quote
}

/// A line that is a block, or the start of one, whatever stands before it.
fn leaf(text: &str, indent: usize) -> Option<(Kind<'_>, Leaf)> {
    if is_rule(text) {
        return Some((Kind::Rule, Leaf::None));
    }
    if let Some(heading) = heading(text) {
        return Some((heading, Leaf::None));
    }
    if let Some((fence, label)) = fence(text, indent) {
        return Some((Kind::FenceStart { label }, Leaf::Fence(fence)));
    }
    let close = math::opens_block(text)?;
    Some((Kind::Math(text.to_owned()), Leaf::Math(close, true)))
}

fn paragraph(cursor: Cursor<'_>) -> (Kind<'_>, Leaf) {
    let (text, indent) = (cursor.text(), cursor.indent());
    let leaf = text_leaf(text);
    let kind = Kind::Text { text, indent };
    (kind, leaf)
}

/// What a line of a paragraph leaves open.
fn text_leaf(text: &str) -> Leaf {
    math::open_at_end(text).map_or(Leaf::Paragraph, |close| Leaf::Math(close, false))
}

fn underline(cursor: Cursor<'_>) -> Option<Kind<'_>> {
    let text = cursor.text();
    let level = match text.chars().next()? {
        '=' => 1,
        '-' => 2,
        _ => return None,
    };
    let is_line = text.bytes().all(|byte| byte == text.as_bytes()[0]);
    (is_line && cursor.indent() < 4).then_some(Kind::Underline { level, text })
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

/// The item that a line begins, whose text isn't found yet.
fn item(text: &str, indent: usize) -> Option<Item> {
    let mark = note(text).or_else(|| list_mark(text))?;
    Some(Item {
        mark: mark.to_owned(),
        task: None,
        least: indent + 2,
        content: indent + mark.len(),
    })
}

/// The mark of the item of a list that a text is.
fn list_mark(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marks: &[char] = if digits == 0 {
        &['-', '*', '+']
    } else {
        &['.', ')']
    };
    let rest = text[digits..].strip_prefix(marks)?;
    let is_item = digits <= 9 && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_item.then(|| &text[..=digits])
}

/// The mark of the footnote that a text is.
fn note(text: &str) -> Option<&str> {
    let label = text.strip_prefix("[^")?;
    let end = label.find([']', '[', ' ', '\t']).filter(|end| *end > 0)?;
    let rest = label[end..].strip_prefix("]:")?;
    let is_note = rest.is_empty() || rest.starts_with([' ', '\t']);
    is_note.then(|| &text[..text.len() - rest.len()])
}

/// Whether the task that a text is, if it is one, is done.
fn task(text: &str) -> Option<bool> {
    let boxes = [("[ ]", false), ("[x]", true), ("[X]", true)];
    let mut found = boxes.into_iter().filter(|(mark, _)| {
        let rest = text.strip_prefix(mark);
        rest.is_some_and(|rest| rest.starts_with([' ', '\t']))
    });
    found.next().map(|(_, is_done)| is_done)
}

fn fence(text: &str, indent: usize) -> Option<(Fence, &str)> {
    let mark = text
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let label = text.trim_start_matches(mark);
    let length = text.len() - label.len();
    let is_fence = length >= 3 && !(mark == '`' && label.contains('`'));
    let fence = Fence {
        mark,
        length,
        indent,
    };
    is_fence.then(|| (fence, label.trim()))
}
