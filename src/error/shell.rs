//! Commands that are printed to be copied. A word in them may come from a server, a file name or a
//! URL, and must stay one word of the shell it is pasted into.

/// A text as one word of a shell.
pub fn quoted(text: &str) -> String {
    let quoter = shlex::Quoter::new().allow_nul(true);
    // It fails for NUL alone, which is allowed; nothing is better than something unquoted.
    quoter.quote(text).map(Into::into).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_holds_is_one_word_and_nothing_runs() {
        for text in [
            "",
            "plain-4.5",
            "a$(id)",
            "`id`",
            "a b",
            "it's",
            "\"$HOME\"",
            "https://h/';id;'",
            "a;b&c|d>e<f",
            "~/x",
            "!!",
            "line\nline",
            "ä",
        ] {
            let word = quoted(text);
            assert_eq!(shlex::split(&word), Some(vec![text.to_owned()]), "{word}");
        }
        assert_eq!(quoted("claude-4-5-haiku"), "claude-4-5-haiku");
        // Double quotes would let the shell expand what is in them.
        assert!(!quoted("a$(id)").contains('"'));
    }
}
