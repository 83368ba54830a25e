//! Marks inside a line: emphasis, code, links. A mark without a partner stays as it is.

use std::borrow::Cow;

use super::entity::{entity, is_escape, literal, plain};
use super::flanks::{flanks, is_selector};
use super::link::{self, Definition, Link, TARGET};
use super::links::Links;
use super::style::{Span, Style};
use crate::markdown::math::{self, Formula};

/// How far back a closing mark looks for its partner; keeps a line of nothing but marks cheap.
const REACH: usize = 64;

/// A text in its styles.
pub struct View<'a> {
    pub spans: Vec<Span<'a>>,
    /// Whether more text may give a mark its partner.
    pub is_open: bool,
    /// Where the marks of code stand that has no end.
    pub code: Option<usize>,
    /// Whether all of it is definitions so far.
    pub defines: bool,
    /// Where the end of it begins that isn't shown.
    pub held: Option<usize>,
}

/// What a text is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The start of a paragraph, which may have definitions.
    Start,
    /// Another part of a paragraph.
    Middle,
    /// A line or a cell, which is whole.
    Whole,
}

/// A text in its styles, each added to `base`.
pub fn spans<'a>(text: &'a str, base: Style, links: &mut Links) -> Vec<Span<'a>> {
    read(text, base, Place::Whole, links).spans
}

/// A text in its styles, each added to `base`, and what is open at its end.
pub fn read<'a>(text: &'a str, base: Style, place: Place, links: &mut Links) -> View<'a> {
    let mut parser = Parser::new(text, base, links);
    while place == Place::Start && parser.definition() {}
    parser.may_hold = place != Place::Whole;
    let defines = parser.is_open || parser.at > 0 && parser.at == text.len();
    while let Some(character) = text[parser.at..].chars().next() {
        let known = match character {
            '\\' => parser.formula() || parser.escape(),
            '$' => parser.formula(),
            '`' => parser.code(),
            '*' | '_' | '~' => parser.mark(character),
            '&' => parser.entity(),
            '!' if text[parser.at..].starts_with("![") => parser.open_bracket(2),
            '[' => parser.note() || parser.open_bracket(1),
            ']' => parser.close_bracket(),
            '<' => parser.tag(),
            'h' => parser.address(),
            _ => false,
        };
        if !known {
            parser.at += character.len_utf8();
        }
    }
    parser.flush();
    parser.is_open |= defines || parser.unclosed.is_some() || !parser.brackets.is_empty();
    parser.is_open |= parser.pair_from(0);
    View {
        is_open: parser.is_open,
        code: parser.unclosed,
        defines,
        held: parser.held,
        spans: parser.into_spans(),
    }
}

struct Parser<'a, 'l> {
    text: &'a str,
    base: Style,
    links: &'l mut Links,
    at: usize,
    /// Where the ordinary text before `at` starts that is no piece yet.
    pending: usize,
    pieces: Vec<Piece<'a>>,
    /// Marks that have no partner yet.
    runs: Vec<Run>,
    brackets: Vec<Bracket>,
    /// Lengths of backtick runs that have no partner in the rest, and where the first stands.
    missing: Vec<usize>,
    unclosed: Option<usize>,
    /// Where the target begins that isn't shown before it is whole, if that may be.
    held: Option<usize>,
    may_hold: bool,
    /// Whether a formula, a tag or a definition may have its end in more text.
    is_open: bool,
}

/// A bracket that is open.
struct Bracket {
    piece: usize,
    /// Where its label begins, and how many marks stand before that.
    start: usize,
    runs: usize,
    is_image: bool,
    /// A link around another link is none.
    is_dead: bool,
}

/// A part of the text, and the emphasis that ends before and starts after it.
#[derive(Default)]
struct Piece<'a> {
    text: Cow<'a, str>,
    /// Where that stands in the source which it is shown for.
    at: usize,
    style: Style,
    ends: [usize; KINDS.len()],
    starts: [usize; KINDS.len()],
}

const KINDS: [Style; 3] = [Style::ITALIC, Style::BOLD, Style::STRIKE];

/// A row of equal marks that may open or close emphasis.
struct Run {
    piece: usize,
    mark: char,
    length: usize,
    left: usize,
    can_open: bool,
    can_close: bool,
}

impl<'a, 'l> Parser<'a, 'l> {
    fn new(text: &'a str, base: Style, links: &'l mut Links) -> Self {
        Parser {
            text,
            base,
            links,
            at: 0,
            pending: 0,
            pieces: Vec::new(),
            runs: Vec::new(),
            brackets: Vec::new(),
            missing: Vec::new(),
            unclosed: None,
            held: None,
            may_hold: false,
            is_open: false,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn flush(&mut self) {
        if self.pending < self.at {
            let text = &self.text[self.pending..self.at];
            self.show(text, self.pending, Style::PLAIN);
        }
        self.pending = self.at;
    }

    /// Shows a text for what stands here in the source.
    fn show(&mut self, text: impl Into<Cow<'a, str>>, at: usize, style: Style) {
        self.pieces.push(Piece {
            text: text.into(),
            at,
            style: self.base.and(style),
            ..Piece::default()
        });
    }

    /// Shows a part of the source in which only entities and escapes are read.
    fn show_literal(&mut self, text: &'a str, style: Style) {
        let start = offset(self.text, text).unwrap_or(self.at);
        for (at, part) in literal(text) {
            self.show(part, start + at, style);
        }
    }

    /// Ends the ordinary text here and takes `length` bytes, for which `text` is shown.
    fn take(&mut self, length: usize, text: impl Into<Cow<'a, str>>, style: Style) -> bool {
        self.flush();
        let text = text.into();
        let at = offset(self.text, &text).unwrap_or(self.at);
        self.show(text, at, style);
        self.skip(length)
    }

    /// Takes so many bytes for which all is shown.
    fn skip(&mut self, length: usize) -> bool {
        self.at += length;
        self.pending = self.at;
        true
    }

    /// A definition stays to be seen: it may be for a link that came before.
    fn definition(&mut self) -> bool {
        let (label, link, length) = match link::definition(self.rest()) {
            Some(Definition::Whole {
                label,
                link,
                length,
            }) => (label, link, length),
            open => {
                self.is_open = open.is_some();
                return false;
            }
        };
        let target = plain(link.target);
        self.links.define(label, &target);
        let style = self.link_style(&target).unwrap_or(Style::DIM);
        self.show_literal(label, Style::DIM);
        let behind = self.at + 1 + label.len();
        self.show(": ", behind, Style::DIM);
        self.show_literal(link.target, style);
        if !link.title.is_empty() {
            let start = offset(self.text, link.title).unwrap_or(behind);
            self.show(" ", start - 1, Style::DIM);
            self.show_literal(link.title, Style::DIM);
        }
        let end = self.at + length - 1;
        self.show(&self.text[end..=end], end, Style::PLAIN);
        self.skip(length)
    }

    /// How the label of a link looks that the terminal can open.
    fn link_style(&mut self, target: &str) -> Option<Style> {
        let number = self.links.number(target)?;
        Some(Style::UNDERLINE.linked(number))
    }

    fn entity(&mut self) -> bool {
        match entity(self.rest()) {
            Some((meant, length)) => self.take(length, meant, Style::PLAIN),
            None => false,
        }
    }

    /// The number of a footnote. A word is the name of one only if it is attached to another:
    /// `[^abc]` by itself is a pattern.
    fn note(&mut self) -> bool {
        let rest = self.rest();
        let label = rest
            .strip_prefix("[^")
            .and_then(|rest| Some(rest.split_once(']')?.0));
        let Some(label) = label.filter(|label| !label.is_empty()) else {
            return false;
        };
        let is_attached = self.text[..self.at].ends_with(|last: char| !last.is_whitespace());
        let is_part = |part: char| part.is_ascii_digit() || is_attached && part.is_alphanumeric();
        if !label.chars().all(is_part) {
            return false;
        }
        self.take(2, &rest[..1], Style::DIM);
        self.take(label.len() + 1, &rest[2..label.len() + 3], Style::DIM)
    }

    fn formula(&mut self) -> bool {
        let rest = self.rest();
        let formula = math::at(self.text, self.at);
        self.is_open |= match formula {
            Some(Formula::Whole(_)) => false,
            Some(Formula::Open(_)) => true,
            None => rest.starts_with('$'),
        };
        match formula {
            Some(Formula::Whole(length)) => self.take(length, &rest[..length], Style::PLAIN),
            Some(Formula::Open(_)) => self.take(rest.len(), rest, Style::PLAIN),
            None => false,
        }
    }

    fn escape(&mut self) -> bool {
        match self.rest().as_bytes().get(1) {
            // A hard break, but not at the end; that of a Windows path is none.
            Some(b'\n') if !self.text[..self.at].ends_with(':') => {
                let goes_on = self.at + 2 < self.text.len();
                self.is_open |= !goes_on;
                goes_on && self.take(1, "", Style::PLAIN)
            }
            Some(_) if is_escape(self.rest()) => self.take(2, &self.rest()[1..2], Style::PLAIN),
            _ => false,
        }
    }

    fn code(&mut self) -> bool {
        let rest = self.rest();
        let length = run_length(rest, '`');
        if !self.missing.contains(&length) {
            let mut from = length;
            while let Some(found) = rest[from..].find('`') {
                let closing = run_length(&rest[from + found..], '`');
                if closing == length {
                    let code = &rest[length..from + found];
                    let padded = code
                        .strip_prefix(' ')
                        .and_then(|code| code.strip_suffix(' '));
                    let code = padded
                        .filter(|code| !code.trim().is_empty())
                        .unwrap_or(code);
                    return self.take(from + found + length, code, Style::CODE);
                }
                from += found + closing;
            }
            self.missing.push(length);
        }
        self.unclosed.get_or_insert(self.at);
        self.take(length, &rest[..length], Style::PLAIN)
    }

    fn mark(&mut self, mark: char) -> bool {
        let rest = self.rest();
        let length = run_length(rest, mark);
        // A variation selector belongs to the character before it.
        let mut before = self.text[..self.at].chars().rev();
        let before = before.find(|before| !is_selector(*before)).unwrap_or(' ');
        let after = rest[length..].chars().next().unwrap_or(' ');
        let (can_open, can_close) = flanks(mark, before, after);
        self.take(length, &rest[..length], Style::PLAIN);
        if mark != '~' || length <= 2 {
            self.runs.push(Run {
                piece: self.pieces.len() - 1,
                mark,
                length,
                left: length,
                can_open,
                can_close,
            });
        }
        true
    }

    /// Gives the marks from this one on their partners, and says whether one may find it later.
    fn pair_from(&mut self, first: usize) -> bool {
        let mut openers = Vec::new();
        for run in self.runs.split_off(first) {
            self.pair(run, &mut openers);
        }
        !openers.is_empty()
    }

    fn pair(&mut self, mut run: Run, openers: &mut Vec<Run>) {
        while run.can_close && run.left > 0 {
            let mut candidates = openers.iter().enumerate().rev().take(REACH);
            let Some((index, _)) = candidates.find(|(_, opener)| opener.fits(&run)) else {
                break;
            };
            openers.truncate(index + 1);
            let Some(mut opener) = openers.pop() else {
                break;
            };
            let used = opener.left.min(run.left).min(2);
            let kind = if run.mark == '~' { 2 } else { used - 1 };
            let (from, to) = (&mut opener, &mut run);
            from.left -= used;
            to.left -= used;
            self.pieces[from.piece].starts[kind] += 1;
            self.pieces[to.piece].ends[kind] += 1;
            for piece in [from.piece, to.piece] {
                self.pieces[piece].shorten(used);
            }
            if opener.left > 0 {
                openers.push(opener);
            }
        }
        if run.can_open && run.left > 0 {
            openers.push(run);
        }
    }

    fn open_bracket(&mut self, length: usize) -> bool {
        self.take(length, &self.rest()[..length], Style::PLAIN);
        self.brackets.push(Bracket {
            piece: self.pieces.len() - 1,
            start: self.at,
            runs: self.runs.len(),
            is_image: length == 2,
            is_dead: false,
        });
        true
    }

    fn close_bracket(&mut self) -> bool {
        let Some(bracket) = self.brackets.pop().filter(|bracket| !bracket.is_dead) else {
            return false;
        };
        let label = &self.text[bracket.start..self.at];
        self.flush();
        if let Some((link, length)) = self.target() {
            let target = plain(link.target);
            if self.label(&bracket, &target) {
                self.show_target(link);
            }
            self.skip(length + 1);
        } else if self.may_hold && link::is_open(&self.rest()[1..]) {
            self.pair_from(bracket.runs);
            self.pieces[bracket.piece].text = "".into();
            self.held = Some(self.at);
            self.is_open = true;
            self.skip(self.rest().len());
        } else if let Some((target, length)) = self.reference(label) {
            if self.label(&bracket, &target) {
                self.show(" (", self.at, Style::DIM);
                self.show(target, self.at + 1, Style::DIM);
                self.show(")", self.at + 1, Style::DIM);
            }
            self.skip(length + 1);
        } else {
            return false;
        }
        if !bracket.is_image {
            let links = self.brackets.iter_mut().filter(|outer| !outer.is_image);
            links.for_each(|outer| outer.is_dead = true);
        }
        true
    }

    /// The target that stands behind a label.
    fn target(&mut self) -> Option<(Link<'a>, usize)> {
        let inside = self.rest()[1..].strip_prefix('(')?;
        let found = link::link(inside);
        self.is_open |= found.is_none() && !inside.contains(')');
        found.map(|(link, length)| (link, length + 1))
    }

    /// Where a label leads by a definition that came before, and the bytes of the label of that.
    fn reference(&self, label: &str) -> Option<(String, usize)> {
        let behind = &self.rest()[1..];
        let (label, length) = match link::label(behind) {
            Some(other) => (other, other.len() + 2),
            None if behind.starts_with("[]") => (label, 2),
            None => (label, 0),
        };
        let target = self
            .links
            .defined(label)
            .filter(|_| link::is_label(label))?;
        Some((target, length))
    }

    /// Makes the label of a link of what stands behind this bracket, and says whether its target is
    /// to be shown, too: it isn't if the terminal opens it, or if it is the label.
    fn label(&mut self, bracket: &Bracket, target: &str) -> bool {
        self.pair_from(bracket.runs);
        self.pieces[bracket.piece].text = "".into();
        let text = self.pieces[bracket.piece + 1..]
            .iter()
            .map(|piece| &*piece.text);
        let text: String = text.collect();
        // Who reads an address has to be led there.
        let misleads = text != target && (text.contains("://") || text.starts_with("www."));
        if text.trim().is_empty() || misleads {
            return true;
        }
        let Some(style) = self.link_style(target) else {
            return text != target;
        };
        for piece in &mut self.pieces[bracket.piece + 1..] {
            piece.style = style.and(piece.style.linked(0));
        }
        false
    }

    fn show_target(&mut self, link: Link<'a>) {
        if link == Link::default() {
            return;
        }
        self.show(" (", self.at, Style::DIM);
        self.show_literal(link.target, Style::DIM);
        if !link.title.is_empty() {
            let start = offset(self.text, link.title).unwrap_or(self.at);
            let space = if link.target.is_empty() { "" } else { " " };
            self.show(space, start - 1, Style::DIM);
            self.show_literal(link.title, Style::DIM);
        }
        let end = [link.title, link.target]
            .into_iter()
            .find(|text| !text.is_empty());
        let end = end.and_then(|text| Some(offset(self.text, text)? + text.len()));
        self.show(")", end.unwrap_or(self.at), Style::DIM);
    }

    /// HTML is left as it is, with the marks inside; but `<br>` breaks the line. The address in
    /// `<https://…>` needs no marks around it.
    fn tag(&mut self) -> bool {
        let rest = self.rest();
        let end = rest.bytes().take(TARGET).position(|byte| byte == b'>');
        if let Some(end) = end {
            let inside = &rest[1..end];
            if is_break(inside) {
                return self.take(end + 1, "\n", Style::PLAIN);
            }
            if is_address(inside) || is_letter_box(inside) {
                let scheme = if is_address(inside) { "" } else { "mailto:" };
                let style = self.link_style(&format!("{scheme}{inside}"));
                return self.take(end + 1, inside, style.unwrap_or_default());
            }
        }
        match tag_length(rest) {
            Some(length) => self.take(length, &rest[..length], Style::PLAIN),
            None => {
                self.is_open |= end.is_none() && begins_tag(rest);
                false
            }
        }
    }

    /// A bare address, whose underscores and stars are no marks.
    fn address(&mut self) -> bool {
        let rest = self.rest();
        let is_inside_word = self.text[..self.at].ends_with(char::is_alphanumeric);
        if is_inside_word || !(rest.starts_with("https://") || rest.starts_with("http://")) {
            return false;
        }
        let end = rest
            .find(|end: char| end.is_whitespace() || "<>`)]|\"".contains(end))
            .unwrap_or(rest.len());
        let address = rest[..end].trim_end_matches(|last: char| "?!.,:;*_~'".contains(last));
        self.take(address.len(), address, Style::PLAIN)
    }

    fn into_spans(self) -> Vec<Span<'a>> {
        let mut depth = [0_usize; KINDS.len()];
        let mut spans = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces {
            for (depth, ends) in depth.iter_mut().zip(piece.ends) {
                *depth = depth.saturating_sub(ends);
            }
            if !piece.text.is_empty() {
                let active = KINDS.iter().zip(depth).filter(|(_, depth)| *depth > 0);
                let style = active.fold(piece.style, |style, (kind, _)| style.and(*kind));
                spans.push(Span {
                    text: piece.text,
                    style,
                    at: piece.at,
                });
            }
            for (depth, starts) in depth.iter_mut().zip(piece.starts) {
                *depth += starts;
            }
        }
        spans
    }
}

impl Piece<'_> {
    /// Takes so many of its marks away.
    fn shorten(&mut self, marks: usize) {
        if let Cow::Borrowed(text) = &mut self.text {
            *text = &text[marks..];
            self.at += marks;
        }
    }
}

/// Where a part of a text stands in it.
fn offset(text: &str, part: &str) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (at < text.len()).then_some(at)
}

impl Run {
    /// Whether this run and a later one hold emphasis between them. The rule of three is
    /// CommonMark's: it keeps the `**` in `*a**b*` from closing the first star.
    fn fits(&self, closer: &Run) -> bool {
        let is_ambiguous = self.can_close || closer.can_open;
        let is_three = |length: usize| length.is_multiple_of(3);
        let is_split = is_ambiguous
            && is_three(self.length + closer.length)
            && !(is_three(self.length) && is_three(closer.length));
        let is_equal = self.mark != '~' || self.length == closer.length;
        self.mark == closer.mark && is_equal && !is_split
    }
}

/// Whether a text begins with a scheme and is one word (CommonMark 6.5).
fn is_address(text: &str) -> bool {
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    (2..=32).contains(&scheme.len())
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(is_scheme)
        && !text.contains(|character: char| character.is_whitespace() || character == '<')
}

/// Whether a text is the address of somebody's mail (CommonMark 6.5).
fn is_letter_box(text: &str) -> bool {
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    text.split_once('@').is_some_and(|(name, host)| {
        let is_whole = !name.is_empty() && host.starts_with(|first: char| first.is_alphanumeric());
        is_whole && name.bytes().all(is_name) && host.bytes().all(is_host)
    })
}

fn is_break(tag: &str) -> bool {
    let name = tag.strip_suffix('/').unwrap_or(tag);
    name.trim_end().eq_ignore_ascii_case("br")
}

fn begins_tag(text: &str) -> bool {
    let first = text[1..].chars().next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?'))
}

/// The bytes of the tag that begins here (CommonMark 6.6, but lenient with attributes).
fn tag_length(text: &str) -> Option<usize> {
    for (start, end) in [
        ("<!--", "-->"),
        ("<?", "?>"),
        ("<![CDATA[", "]]>"),
        ("<!", ">"),
    ] {
        if text.starts_with(start) {
            return text[2..].find(end).map(|at| at + 2 + end.len());
        }
    }
    let name = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let rest = name.trim_start_matches(|part: char| part.is_ascii_alphanumeric() || part == '-');
    let is_tag = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && rest.starts_with(|next: char| next.is_whitespace() || "/>".contains(next));
    let mut quote = None;
    let end = rest.bytes().take(TARGET).position(|byte| {
        match (byte, quote) {
            (b'>', None) => return true,
            (b'"' | b'\'', None) => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            _ => {}
        }
        false
    });
    Some(text.len() - rest.len() + end.filter(|_| is_tag)? + 1)
}

fn run_length(text: &str, mark: char) -> usize {
    text.bytes()
        .take_while(|byte| char::from(*byte) == mark)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with its bold parts in brackets.
    fn bold(text: &str) -> String {
        let mut links = Links::default();
        let spans = spans(text, Style::PLAIN, &mut links);
        let marked = spans.iter().map(|span| match span.style {
            Style::BOLD => format!("[{}]", span.text),
            _ => span.text.to_string(),
        });
        marked.collect::<String>().replace("][", "")
    }

    #[test]
    fn stars_beside_cjk_punctuation_mark_what_was_meant() {
        for (text, expected) in [
            ("**重要。**次の文です", "[重要。]次の文です"),
            ("これは**「用語」**です", "これは[「用語」]です"),
            ("这是**“取出并重置”**模式", "这是[“取出并重置”]模式"),
            ("**注意：**请看**（这里）**。", "[注意：]请看[（这里）]。"),
            ("**한국어(Korean)**입니다", "[한국어(Korean)]입니다"),
            ("先**(a)**后", "先[(a)]后"),
            ("**重要。**Next and **「a」**b", "[重要。]Next and [「a」]b"),
            ("**A.**次 **a**b", "[A.]次 [a]b"),
            ("文**$**字", "文[$]字"),
            ("**ｱ｡**ｲ", "[ｱ｡]ｲ"),
            ("a**.b**c", "a**.b**c"),
            ("a**“b”**c", "a**“b”**c"),
            ("a**€b**c", "a**€b**c"),
            ("** a** 「** b", "** a** 「** b"),
            ("中__「a」__文", "中__「a」__文"),
        ] {
            assert_eq!(bold(text), expected, "{text}");
        }
    }
}
