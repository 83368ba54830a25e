//! Marks inside a line: emphasis, code, links. A mark without a partner stays as it is.

use std::borrow::Cow;

use super::flanks::{flanks, is_selector};
use super::link::{TARGET, link};
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
}

/// A text in its styles, each added to `base`.
pub fn spans(text: &str, base: Style) -> Vec<Span<'_>> {
    read(text, base).spans
}

/// A text in its styles, each added to `base`, and what is open at its end.
pub fn read(text: &str, base: Style) -> View<'_> {
    let mut parser = Parser {
        text,
        base,
        ..Parser::default()
    };
    while let Some(character) = text[parser.at..].chars().next() {
        let known = match character {
            '\\' => parser.formula() || parser.escape(),
            '$' => parser.formula(),
            '`' => parser.code(),
            '*' | '_' | '~' => parser.mark(character),
            '!' if text[parser.at..].starts_with("![") => parser.open_bracket(2),
            '[' => parser.open_bracket(1),
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
    let is_open = parser.is_open
        || parser.unclosed.is_some()
        || !(parser.openers.is_empty() && parser.brackets.is_empty());
    View {
        is_open,
        code: parser.unclosed,
        spans: parser.into_spans(),
    }
}

#[derive(Default)]
struct Parser<'a> {
    text: &'a str,
    base: Style,
    at: usize,
    /// Where the ordinary text before `at` starts that is no piece yet.
    pending: usize,
    pieces: Vec<Piece<'a>>,
    openers: Vec<Run>,
    /// Pieces that are opening brackets.
    brackets: Vec<usize>,
    /// Lengths of backtick runs that have no partner in the rest, and where the first stands.
    missing: Vec<usize>,
    unclosed: Option<usize>,
    /// Whether a formula or a tag may have its end in more text.
    is_open: bool,
}

/// A part of the text, and the emphasis that ends before and starts after it.
#[derive(Default)]
struct Piece<'a> {
    text: &'a str,
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

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn flush(&mut self) {
        if self.pending < self.at {
            let text = &self.text[self.pending..self.at];
            self.pieces.push(Piece {
                text,
                at: self.pending,
                style: self.base,
                ..Piece::default()
            });
        }
        self.pending = self.at;
    }

    /// Ends the ordinary text here and takes `length` bytes, of which `text` is shown.
    fn take(&mut self, length: usize, text: &'a str, style: Style) -> bool {
        self.flush();
        self.pieces.push(Piece {
            text,
            at: self.at,
            style: self.base.and(style),
            ..Piece::default()
        });
        self.at += length;
        self.pending = self.at;
        true
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
            // A hard break; the end of a Windows path is none.
            Some(b'\n') if !self.text[..self.at].ends_with(':') => self.take(1, "", Style::PLAIN),
            Some(byte) if byte.is_ascii_punctuation() => {
                self.take(2, &self.rest()[1..2], Style::PLAIN)
            }
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
                    let marked = &rest[..from + found + length];
                    let shown = if self.base.is_marked() { marked } else { code };
                    return self.take(marked.len(), shown, Style::CODE);
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
        if mark != '~' || length == 2 {
            let piece = self.pieces.len() - 1;
            self.pair(Run {
                piece,
                mark,
                length,
                left: length,
                can_open,
                can_close,
            });
        }
        true
    }

    fn pair(&mut self, mut run: Run) {
        while run.can_close && run.left > 0 {
            let mut candidates = self.openers.iter().enumerate().rev().take(REACH);
            let Some((index, _)) = candidates.find(|(_, opener)| opener.fits(&run)) else {
                break;
            };
            self.openers.truncate(index + 1);
            let Some(mut opener) = self.openers.pop() else {
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
                self.pieces[piece].text = &self.pieces[piece].text[used..];
            }
            if opener.left > 0 {
                self.openers.push(opener);
            }
        }
        if run.can_open && run.left > 0 {
            self.openers.push(run);
        }
    }

    fn open_bracket(&mut self, length: usize) -> bool {
        self.take(length, &self.rest()[..length], Style::PLAIN);
        self.brackets.push(self.pieces.len() - 1);
        true
    }

    fn close_bracket(&mut self) -> bool {
        let rest = self.rest();
        let (Some(bracket), Some(inside)) = (self.brackets.pop(), rest[1..].strip_prefix('('))
        else {
            return false;
        };
        let Some((link, length)) = link(inside) else {
            self.is_open |= !inside.contains(')');
            return false;
        };
        self.flush();
        self.pieces[bracket].text = "";
        let label = &self.pieces[bracket + 1..];
        let is_label = matches!(label, [label] if label.text == link.target);
        let mut at = self.at;
        self.at += length + 2;
        self.pending = self.at;
        let target = if is_label { "" } else { link.target };
        let space = if target.is_empty() || link.title.is_empty() {
            ""
        } else {
            " "
        };
        if !target.is_empty() || !link.title.is_empty() {
            for text in [" (", target, space, link.title, ")"] {
                at = offset(self.text, text).unwrap_or(at);
                self.pieces.push(Piece {
                    text,
                    at,
                    style: self.base.and(Style::DIM),
                    ..Piece::default()
                });
                at += text.len();
            }
        }
        true
    }

    /// HTML is left as it is, with the marks inside; but `<br>` breaks the line. The address in
    /// `<https://…>` needs no marks around it.
    fn tag(&mut self) -> bool {
        let rest = self.rest();
        let is_tag = rest[1..]
            .starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!'));
        match rest.bytes().take(TARGET).position(|byte| byte == b'>') {
            Some(end) if is_break(&rest[..=end]) => self.take(end + 1, "\n", Style::PLAIN),
            Some(end) if is_address(&rest[1..end]) => {
                self.take(end + 1, &rest[1..end], Style::PLAIN)
            }
            Some(end) if is_tag => self.take(end + 1, &rest[..=end], Style::PLAIN),
            end => {
                self.is_open |= end.is_none() && is_tag;
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
                    text: Cow::Borrowed(piece.text),
                    style,
                    at: offset(self.text, piece.text).unwrap_or(piece.at),
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

impl Run {
    /// Whether this run and a later one hold emphasis between them. The rule of three is
    /// CommonMark's: it keeps the `**` in `*a**b*` from closing the first star.
    fn fits(&self, closer: &Run) -> bool {
        let is_ambiguous = self.can_close || closer.can_open;
        let is_three = |length: usize| length.is_multiple_of(3);
        let is_split = is_ambiguous
            && is_three(self.length + closer.length)
            && !(is_three(self.length) && is_three(closer.length));
        self.mark == closer.mark && !is_split
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

fn is_break(tag: &str) -> bool {
    let name = tag.trim_start_matches('<').trim_end_matches('>');
    let name = name.strip_suffix('/').unwrap_or(name);
    name.trim_end().eq_ignore_ascii_case("br")
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
        let spans = spans(text, Style::PLAIN);
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
