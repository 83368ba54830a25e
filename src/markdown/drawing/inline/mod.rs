//! Marks inside a line: emphasis, code, links. A mark without a partner stays as it is.

mod brackets;
mod emphasis;
mod tags;

use std::borrow::Cow;

use super::entity::{entity, is_escape, literal};
use super::links::Links;
use super::style::{Span, Style};
use crate::markdown::code_length;
use crate::markdown::math::{self, Formula};
use brackets::Bracket;
use emphasis::Run;

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

    fn entity(&mut self) -> bool {
        match entity(self.rest()) {
            Some((meant, length)) => self.take(length, meant, Style::PLAIN),
            None => false,
        }
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
            let whole = code_length(rest);
            if whole > length {
                let code = &rest[length..whole - length];
                let padded = code
                    .strip_prefix(' ')
                    .and_then(|code| code.strip_suffix(' '));
                let bare = padded.filter(|code| !code.trim().is_empty());
                let shown = if self.links.is_colorless {
                    &rest[..whole]
                } else {
                    bare.unwrap_or(code)
                };
                return self.take(whole, shown, Style::CODE);
            }
            self.missing.push(length);
        }
        self.unclosed.get_or_insert(self.at);
        self.take(length, &rest[..length], Style::PLAIN)
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

/// Where a part of a text stands in it.
fn offset(text: &str, part: &str) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (at < text.len()).then_some(at)
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
