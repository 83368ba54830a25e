//! A value that must not be seen: it prints as `(redacted)`, and it can take itself out of other
//! text.

use std::fmt;

use serde::Deserialize;

/// An API key, or what may be one.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

const REDACTED: &str = "(redacted)";

/// So many characters of a key are taken out too, where the text was cut in the middle of it.
const TELLING: usize = 10;

impl Secret {
    /// Wraps a value that was already checked.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The value itself. Each call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text without this secret, or the beginning of it, should a server or a proxy have echoed
    /// it.
    pub fn redact(&self, text: &str) -> String {
        // What is shorter would tear ordinary words apart.
        let beginning: String = self.0.chars().take(TELLING).collect();
        if beginning.len() < 4 {
            return text.to_owned();
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(&beginning) {
            let same = self
                .0
                .chars()
                .zip(rest[at..].chars())
                .take_while(|(one, other)| one == other);
            let same: usize = same.map(|(one, _)| one.len_utf8()).sum();
            result.push_str(&rest[..at]);
            result.push_str(REDACTED);
            rest = &rest[at + same..];
        }
        result + rest
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The text without whatever looks like a key of the service, be it ours or not: other programs
/// print them, too.
pub fn redact_keys(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("inf-") {
        let tail = &rest[at + "inf-".len()..];
        let length = tail
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(tail.len());
        let is_key = length >= 8 && tail[..length].contains(|c: char| c.is_ascii_digit());
        result.push_str(&rest[..at]);
        result.push_str(if is_key {
            REDACTED
        } else {
            &rest[at..at + "inf-".len() + length]
        });
        rest = &tail[length..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_display_nor_debug_shows_it() {
        let secret = Secret::new("inf-123");
        assert_eq!(format!("{secret} {secret:?}"), "(redacted) (redacted)");
    }

    #[test]
    fn a_strange_key_is_taken_out_too() {
        let table = [
            ("key inf-01234567-89ab-cdef, no", "key (redacted), no"),
            ("inf-01234567", "(redacted)"),
            (
                "it looks like inf- and a UUID",
                "it looks like inf- and a UUID",
            ),
            ("an inf-initely long word", "an inf-initely long word"),
        ];
        for (text, expected) in table {
            assert_eq!(redact_keys(text), expected);
        }
    }

    #[test]
    fn an_echoed_key_is_taken_out_of_text() {
        let secret = Secret::new("inf-123");
        assert_eq!(secret.redact("bad key inf-123!"), "bad key (redacted)!");
        let long = Secret::new("inf-0123456789abcdef");
        assert_eq!(
            long.redact("inf-0123456789abcdef, cut: inf-01234567"),
            "(redacted), cut: (redacted)"
        );
        assert_eq!(long.redact("inf-0123 é"), "inf-0123 é");
        assert_eq!(
            Secret::new("inf-01234é").redact("inf-01234ä inf-01234é"),
            "inf-01234ä (redacted)"
        );
        assert_eq!(
            Secret::new("äääääääääéé").redact("x äääääääääéä"),
            "x (redacted)ä"
        );
    }
}
