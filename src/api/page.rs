//! Bodies that are not JSON: pages of firewalls, proxies and sign-ins, and lines of text.

use crate::error::Error;

/// How much of a body that says nothing in a known shape is shown, in characters.
pub const EXCERPT: usize = 300;

/// A body without a byte order mark and space around it.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// That a host did not answer like this API, for this reason.
pub fn unreadable(host: &str, reason: impl Into<String>, text: &str) -> Error {
    Error::Unreadable {
        host: host.to_owned(),
        reason: reason.into(),
        excerpt: excerpt(text),
    }
}

/// What is said of a body that is compressed, which no request asks for.
pub fn packed(how: &str) -> String {
    format!("it is compressed ({how}), which was not asked for")
}

/// The start of a body, without tags and runs of space.
pub fn excerpt(text: &str) -> String {
    let text: String = trimmed(text).chars().take(20 * EXCERPT).collect();
    let plain = if text.starts_with('<') {
        without_tags(&text)
    } else {
        text
    };
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT).collect()
}

fn without_tags(mut page: &str) -> String {
    let mut plain = String::new();
    while let Some(at) = page.find('<') {
        plain.push_str(&page[..at]);
        plain.push(' ');
        page = &page[at..];
        let begins = |tag: &str| {
            let start = page.as_bytes().get(..tag.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
        };
        // What nobody sees on the page.
        let end = match () {
            () if begins("<!--") => "-->",
            () if begins("<script") => "</script>",
            () if begins("<style") => "</style>",
            () => ">",
        };
        page = page.find(end).map_or("", |at| &page[at + end.len()..]);
    }
    plain.push_str(page);
    plain
}

/// Whether a body is a web page, which no answer of this API is. Filters write comments or an XML
/// head before it, or leave its beginning out.
pub fn is_html(text: &str) -> bool {
    let start: String = trimmed(text)
        .chars()
        .take(2000)
        .collect::<String>()
        .to_lowercase();
    let tags = ["<!doctype html", "<html", "<head", "<body", "<title"];
    start.starts_with('<') && tags.iter().any(|tag| start.contains(tag))
}
