//! A value that must not be seen: it prints as `(redacted)`, and it can take itself out of other text.

use std::fmt;

/// An API key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const REDACTED: &str = "(redacted)";

impl Secret {
    /// Wraps a value that was already checked.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The value itself. Each call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text without this secret, should a server or a proxy have echoed it.
    pub fn redact(&self, text: &str) -> String {
        // A key this short would tear ordinary words apart and is none anyway.
        if self.0.len() < 4 {
            return text.to_owned();
        }
        text.replace(&self.0, REDACTED)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_display_nor_debug_shows_it() {
        let secret = Secret::new("inf-123");
        assert_eq!(format!("{secret} {secret:?}"), "(redacted) (redacted)");
    }

    #[test]
    fn an_echoed_key_is_taken_out_of_text() {
        let secret = Secret::new("inf-123");
        assert_eq!(secret.redact("bad key inf-123!"), "bad key (redacted)!");
    }
}
