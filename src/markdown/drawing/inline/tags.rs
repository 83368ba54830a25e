//! HTML, which is text to us, and addresses between its marks.

use super::Parser;
use crate::markdown::drawing::link::TARGET;
use crate::markdown::drawing::style::Style;

impl Parser<'_, '_> {
    /// HTML is left as it is, with the marks inside; but `<br>` breaks the line. The address in
    /// `<https://…>` needs no marks around it.
    pub fn tag(&mut self) -> bool {
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
