//! Colours code while it comes. A token is in the style that it would have if the code ended with
//! it, and gets another one only while its row can be written over.

mod painter;

use std::cell::Cell;
use std::sync::Arc;

use super::languages::{COMMENT, KEYWORD, Language, NAME, NUMBER, Quote, STRING, language};
use super::style::Style;
pub use painter::Painter;

/// What isn't known to be a token when it is longer than this is taken as it seems to be.
const LONGEST: usize = 64;

/// Code of a language that is read piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Code {
    language: Option<&'static Language>,
    /// In order.
    keywords: Arc<[&'static str]>,
    state: State,
    /// The line that will end the text below this line.
    heredoc: Option<String>,
    /// The character before, and whether nothing but space stands before what comes.
    before: Option<char>,
    is_indent: bool,
    /// What may be a part of a token.
    pending: String,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Code,
    /// Between the marks of a tag.
    Tag,
    /// To the end of the line.
    Line(Style),
    /// In so many comments, one in the other.
    Comment(usize),
    String(&'static Quote),
    Heredoc,
}

/// A part of the code: its length, its style, and what follows.
#[derive(Clone, Copy)]
struct Token(usize, Style, State);

impl Code {
    /// Of the language that a fence names, if it is known.
    pub fn new(label: &str) -> Self {
        let language = language(label);
        let keywords = language.map_or("", |language| language.keywords);
        let mut keywords: Vec<&str> = keywords.split_whitespace().collect();
        keywords.sort_unstable();
        Code {
            language,
            keywords: keywords.into(),
            state: language.map_or(State::Line(Style::CODE), |_| State::Code),
            is_indent: true,
            ..Code::default()
        }
    }

    /// Reads a line, and tells its parts with their styles.
    pub fn read_line(&mut self, line: &str, mut tell: impl FnMut(&str, Style)) {
        self.pending.push_str(line);
        while let (Some(token), _) = self.token(true) {
            tell(&self.pending[..token.0], token.1);
            self.take(token);
        }
        self.end_line(line);
    }

    fn end_line(&mut self, line: &str) {
        let Some(language) = self.language else {
            return;
        };
        let is_end = |end: &String| {
            let rest = line.trim_start().strip_prefix(end.as_str());
            rest.is_some_and(|rest| !rest.starts_with(|next| language.is_word(next)))
        };
        self.state = match self.state {
            State::Heredoc if self.heredoc.as_ref().is_some_and(is_end) => {
                self.heredoc = None;
                State::Code
            }
            State::String(quote) if !quote.spans_lines => State::Code,
            State::Line(_) => State::Code,
            state => state,
        };
        if matches!(self.state, State::Code) && self.heredoc.is_some() {
            self.state = State::Heredoc;
        }
        (self.before, self.is_indent) = (None, true);
    }

    /// The next token, and whether more code may make another one of it.
    fn token(&self, is_end: bool) -> (Option<Token>, bool) {
        let Some(first) = self.pending.chars().next() else {
            return (None, false);
        };
        let look = Look::new(&self.pending);
        let found = self.language.and_then(|language| match self.state {
            State::Code | State::Tag => self.in_code(language, &look, first),
            State::Comment(depth) => in_comment(language, depth, &look),
            State::String(quote) => in_string(language, quote, &look, first),
            State::Line(_) | State::Heredoc => None,
        });
        let style = match self.state {
            State::Code | State::Tag => Style::PLAIN,
            State::Line(style) => style,
            State::Comment(_) => COMMENT,
            State::String(_) | State::Heredoc => STRING,
        };
        let is_open = look.is_open.get() && !is_end && self.pending.len() <= LONGEST;
        let token = found.unwrap_or(Token(first.len_utf8(), style, self.state));
        (Some(token), is_open)
    }

    /// Takes a token as it is now.
    fn take(&mut self, Token(length, style, next): Token) {
        let text = &self.pending[..length];
        if style == STRING && text.starts_with("<<") && matches!(self.state, State::Code) {
            self.heredoc = Look::new(text).heredoc().map(|(_, end)| end);
        }
        self.is_indent &= text.trim().is_empty();
        self.before = text.chars().next_back();
        self.state = next;
        self.pending.drain(..length);
    }

    fn in_code(&self, language: &Language, look: &Look<'_>, first: char) -> Option<Token> {
        let is_tag = matches!(self.state, State::Tag);
        let follows_word = self
            .before
            .is_some_and(|last| last.is_alphanumeric() || last == '_');
        if first.is_whitespace() {
            return None;
        }
        if self.before.is_none() {
            let mut lines = language.lines.iter();
            if let Some((_, style)) = lines.find(|(start, _)| look.starts(start)) {
                return Some(Token(first.len_utf8(), *style, State::Line(*style)));
            }
        }
        // No mark is a letter but this one, of `r"…"`.
        if !first.is_alphanumeric() || first == 'r' {
            let marked = self.comment(language, look, first);
            let marked = marked.or_else(|| string(language, look, follows_word, is_tag));
            if marked.is_some() {
                return marked;
            }
        }
        if language.has_tags {
            return look.tag(language, first, is_tag);
        }
        if language.sigils.contains(first) && self.before != Some(first) {
            let length = if first == '$' {
                look.variable()
            } else {
                look.symbol(language)
            };
            if length > 1 && (first == '$' || !follows_word) {
                return Some(Token(length, NAME, State::Code));
            }
        }
        if first.is_ascii_digit() && language.has_numbers && !follows_word {
            return Some(Token(look.number(), NUMBER, State::Code));
        }
        let length = look.word(0, language);
        let style = if look.is_key(length, language.key) {
            NAME
        } else if self.is_keyword(language, &look.text[..length]) {
            KEYWORD
        } else {
            Style::PLAIN
        };
        (length > 0).then_some(Token(length, style, State::Code))
    }

    /// The mark that begins a comment.
    fn comment(&self, language: &Language, look: &Look<'_>, first: char) -> Option<Token> {
        let is_inside = first == '#' && self.before.is_some_and(|last| !last.is_whitespace());
        let mut comments = language.comments.iter();
        if let Some(start) = comments.find(|start| !is_inside && look.starts(start)) {
            return Some(Token(start.len(), COMMENT, State::Line(COMMENT)));
        }
        let (start, _) = language.block.filter(|(start, _)| look.starts(start))?;
        Some(Token(start.len(), COMMENT, State::Comment(1)))
    }

    fn is_keyword(&self, language: &Language, word: &str) -> bool {
        let is_place = !language.has_instructions || self.is_indent;
        // A member, or the rest of a word that was too long.
        let is_part = |last: char| last == '.' || language.is_word(last);
        is_place
            && !self.before.is_some_and(is_part)
            && match language.ignores_case {
                true => self
                    .keywords
                    .binary_search(&word.to_ascii_lowercase().as_str()),
                false => self.keywords.binary_search(&word),
            }
            .is_ok()
    }
}

fn in_comment(language: &Language, depth: usize, look: &Look<'_>) -> Option<Token> {
    let (open, close) = language.block?;
    let (length, depth) = if look.starts(close) {
        (close.len(), depth - 1)
    } else if language.nests && look.starts(open) {
        (open.len(), depth + 1)
    } else {
        return None;
    };
    let next = if depth == 0 {
        State::Code
    } else {
        State::Comment(depth)
    };
    Some(Token(length, COMMENT, next))
}

fn in_string(
    language: &Language,
    quote: &'static Quote,
    look: &Look<'_>,
    first: char,
) -> Option<Token> {
    let inside = State::String(quote);
    if quote.escapes && first == '\\' {
        return Some(Token(1 + look.next(1)?.len_utf8(), STRING, inside));
    }
    if look.starts(quote.close) {
        let next = if language.has_tags {
            State::Tag
        } else {
            State::Code
        };
        return Some(Token(quote.close.len(), STRING, next));
    }
    let variable = if quote.expands { look.variable() } else { 0 };
    (variable > 1).then_some(Token(variable, NAME, inside))
}

/// The mark that begins a string, or a string that is a key.
fn string(language: &Language, look: &Look<'_>, follows_word: bool, is_tag: bool) -> Option<Token> {
    if language.has_heredocs
        && let Some((length, _)) = look.heredoc()
    {
        return Some(Token(length, STRING, State::Code));
    }
    let is_joined = follows_word && !language.joins_strings && !look.text.starts_with('"');
    if is_joined || language.has_tags && !is_tag {
        return None;
    }
    let mut quotes = language.strings.iter();
    let quote = quotes.find(|quote| look.starts(quote.open) && look.is_string(quote))?;
    let key = language.key.and_then(|key| look.string_key(quote, key));
    let string = Token(quote.open.len(), STRING, State::String(quote));
    Some(key.map_or(string, |length| Token(length, NAME, State::Code)))
}

/// Code that is looked at, and whether its end was seen: more of it may tell something else.
struct Look<'a> {
    text: &'a str,
    is_open: Cell<bool>,
}

impl<'a> Look<'a> {
    fn new(text: &'a str) -> Self {
        let is_open = Cell::new(false);
        Look { text, is_open }
    }

    fn starts(&self, start: &str) -> bool {
        if start.len() > self.text.len() && start.starts_with(self.text) {
            self.is_open.set(true);
        }
        self.text.starts_with(start)
    }

    /// Where a run of characters ends.
    fn run(&self, from: usize, mut is_in: impl FnMut(char) -> bool) -> usize {
        let end = self.text[from..].find(|next| !is_in(next));
        self.is_open.set(self.is_open.get() || end.is_none());
        end.map_or(self.text.len(), |end| from + end)
    }

    fn word(&self, from: usize, language: &Language) -> usize {
        self.run(from, |next| language.is_word(next))
    }

    fn next(&self, at: usize) -> Option<char> {
        let next = self.text[at..].chars().next();
        self.is_open.set(self.is_open.get() || next.is_none());
        next
    }

    /// Whether one character stands between the quotes, if there may be only one.
    fn is_string(&self, quote: &Quote) -> bool {
        let is_one = |inside: char| {
            inside == '\\'
                || self
                    .next(1 + inside.len_utf8())
                    .is_some_and(|close| close == '\'')
        };
        !quote.is_character || self.next(1).is_some_and(is_one)
    }

    /// The length of a string that is a key.
    fn string_key(&self, quote: &Quote, key: char) -> Option<usize> {
        let mut is_escaped = false;
        let end = self.run(quote.open.len(), |next| {
            let ends = !is_escaped && quote.close.starts_with(next);
            is_escaped = quote.escapes && !is_escaped && next == '\\';
            !ends
        });
        let end = end + quote.close.len();
        let behind = self.text.get(end..)?.trim_start();
        self.is_open.set(self.is_open.get() || behind.is_empty());
        behind.starts_with(key).then_some(end)
    }

    /// Whether what stands behind a word makes a key of it.
    fn is_key(&self, end: usize, key: Option<char>) -> bool {
        match key {
            Some('=') => self.next(self.run(end, |next| next == ' ')) == Some('='),
            Some(key) if self.next(end) == Some(key) => {
                self.next(end + 1).is_none_or(char::is_whitespace)
            }
            _ => false,
        }
    }

    /// The mark of a text that begins below this line, and the line that ends it.
    fn heredoc(&self) -> Option<(usize, String)> {
        if !self.starts("<<") {
            return None;
        }
        let start = self.run(2, |next| "<-~'\"".contains(next));
        let end = self.run(start, |next| next.is_ascii_uppercase() || next == '_');
        let quoted = self.run(end, |next| "'\"".contains(next));
        (end > start).then(|| (quoted, self.text[start..end].to_owned()))
    }

    /// What opens or closes a tag, or an attribute.
    fn tag(&self, language: &Language, first: char, is_tag: bool) -> Option<Token> {
        let start = if first == '<' {
            self.run(1, |next| "/!?%".contains(next))
        } else {
            0
        };
        let end = self.word(start, language);
        match first {
            '<' if end > start => Some(Token(end, KEYWORD, State::Tag)),
            '>' if is_tag => Some(Token(1, Style::PLAIN, State::Code)),
            _ => (is_tag && end > 0 && first != '<').then_some(Token(end, NAME, State::Tag)),
        }
    }

    /// The length of a variable of the shell.
    fn variable(&self) -> usize {
        if !self.text.starts_with('$') {
            return 0;
        }
        match self.next(1) {
            Some('{') => {
                let end = self.run(2, |next| next != '}' && next != '"');
                end + usize::from(self.text[end..].starts_with('}'))
            }
            Some(first) if "@*#?!0123456789".contains(first) => 2,
            _ => self.run(1, |next| next.is_alphanumeric() || next == '_'),
        }
    }

    /// The length of a word with the mark before it.
    fn symbol(&self, language: &Language) -> usize {
        let is_word = |first: char| first.is_alphabetic() || first == '_';
        let is_word = self.next(1).is_some_and(is_word);
        if is_word { self.word(1, language) } else { 0 }
    }

    fn number(&self) -> usize {
        let part = |from| self.run(from, |next| next.is_ascii_alphanumeric() || next == '_');
        let end = part(0);
        let is_point = self.text[end..].starts_with('.');
        let has_more = is_point && self.next(end + 1).is_some_and(|next| next.is_ascii_digit());
        if has_more { part(end + 1) } else { end }
    }
}
