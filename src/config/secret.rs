//! A value that must not be seen: it prints as `(redacted)`, and can remove itself from other text.

use std::fmt;

use serde::Deserialize;

/// An API key, or what may be one.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

const REDACTED: &str = "(redacted)";

/// So many characters of a key are taken out too, if the text was cut in the middle of it.
const TELLING: usize = 10;

/// Has a crash leave no copy of the memory, which holds the key. A limit of one byte, because Linux
/// hands a dump to the program in `core_pattern` even with a limit of 0, and not with 1
/// (`fs/coredump.c`). Programs started by this one inherit it: they were given the key, too.
#[cfg(unix)]
pub fn stay_out_of_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let current = Some(maximum.map_or(1, |maximum| maximum.min(1)));
    // It can be lowered by anybody.
    _ = setrlimit(Resource::Core, Rlimit { current, maximum });
}

#[cfg(not(unix))]
pub fn stay_out_of_core_dumps() {}

impl Secret {
    /// Wraps a value that was already checked.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The value itself. Each call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same without blanks round it.
    pub fn trimmed(&self) -> Self {
        Secret::new(self.expose().trim())
    }

    /// What a text has to hold to be taken for this secret. What is shorter would tear ordinary
    /// words apart.
    fn beginning(&self) -> Option<String> {
        let beginning: String = self.0.chars().take(TELLING).collect();
        (beginning.len() >= 4).then_some(beginning)
    }

    /// How much of the beginning of a text is this secret, in bytes.
    fn length_in(&self, text: &str) -> usize {
        let pairs = self.0.chars().zip(text.chars());
        let same = pairs.take_while(|(one, other)| one == other);
        same.map(|(one, _)| one.len_utf8()).sum()
    }
}

/// The text without these secrets, or the beginning of one, if a server or a proxy echoed
/// it.
pub fn redact(secrets: &[Secret], text: &str) -> String {
    let beginnings: Vec<String> = secrets.iter().filter_map(Secret::beginning).collect();
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = beginnings
        .iter()
        .filter_map(|it| rest.find(it.as_str()))
        .min()
    {
        let (before, found) = rest.split_at(at);
        result = result + before + REDACTED;
        // Of two that begin alike it is the one that goes on as the text does.
        let lengths = secrets.iter().map(|secret| secret.length_in(found));
        rest = &found[lengths.max().unwrap_or_default()..];
    }
    result + rest
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
    while let Some((before, tail)) = rest.split_once("inf-") {
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let (word, after) = tail.split_at(end.unwrap_or(tail.len()));
        let is_key = word.len() >= 8 && word.contains(|c: char| c.is_ascii_digit());
        result += before;
        result += &if is_key {
            REDACTED.to_owned()
        } else {
            format!("inf-{word}")
        };
        rest = after;
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
        let redact = |secret: &Secret, text: &str| redact(std::slice::from_ref(secret), text);
        let secret = Secret::new("inf-123");
        assert_eq!(redact(&secret, "bad key inf-123!"), "bad key (redacted)!");
        let long = Secret::new("inf-0123456789abcdef");
        assert_eq!(
            redact(&long, "inf-0123456789abcdef, cut: inf-01234567"),
            "(redacted), cut: (redacted)"
        );
        assert_eq!(redact(&long, "inf-0123 é"), "inf-0123 é");
        assert_eq!(
            redact(&Secret::new("inf-01234é"), "inf-01234ä inf-01234é"),
            "inf-01234ä (redacted)"
        );
        assert_eq!(
            redact(&Secret::new("äääääääääéé"), "x äääääääääéä"),
            "x (redacted)ä"
        );
    }

    #[test]
    fn every_key_is_taken_out_also_of_those_that_begin_alike() {
        let keys = [
            "sk-0123456789-one",
            "sk-0123456789-other",
            "another-key",
            "x",
        ]
        .map(Secret::new);
        for key in &keys[..3] {
            let text = format!("x: {} and {}.", key.expose(), key.expose());
            assert_eq!(redact(&keys, &text), "x: (redacted) and (redacted).");
        }
    }
}
