//! What is typed while an answer comes, as it is shown below it: the text that the next prompt will
//! begin with, as far as keys alone tell.

use unicode_segmentation::UnicodeSegmentation;

/// The text that these keys make: one line, without what drives a terminal.
pub fn text(keys: &[u8]) -> String {
    let keys = String::from_utf8_lossy(keys);
    let (mut text, mut rest) = (String::new(), keys.chars());
    while let Some(key) = rest.next() {
        match key {
            '\x1b' => skip_sequence(&mut rest),
            '\x7f' | '\x08' => {
                let last = text.graphemes(true).next_back().map_or(0, str::len);
                text.truncate(text.len() - last);
            }
            // Ctrl-U and Ctrl-W.
            '\x15' => text.clear(),
            '\x17' => {
                let kept = text.trim_end().rfind(char::is_whitespace);
                text.truncate(kept.map_or(0, |at| at + 1));
            }
            '\r' | '\n' => text.push('⏎'),
            '\t' => text.push('⇥'),
            control if control.is_control() => {}
            other => text.push(other),
        }
    }
    text
}

/// Takes the rest of what begins with an escape: a control sequence, or Alt and a key.
fn skip_sequence(keys: &mut std::str::Chars<'_>) {
    match keys.next() {
        Some('[') => _ = keys.find(|key| ('@'..='~').contains(key)),
        Some('O') => _ = keys.next(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_the_text_that_they_make() {
        for (keys, expected) in [
            ("", ""),
            ("hello", "hello"),
            ("helx\x7flo", "hello"),
            ("one two\x17three", "one three"),
            ("one two \x17", "one "),
            ("gone\x15here", "here"),
            ("👩‍👩‍👧\x7fa\x7f\x7f", ""),
            ("\x1b[200~pasted\ntext\x1b[201~", "pasted⏎text"),
            ("a\x1b[Db\x1bOAc\x1bfd", "abcd"),
            ("next\t", "next⇥"),
            ("\x1b[20", ""),
            ("a\x04\x07", "a"),
        ] {
            assert_eq!(text(keys.as_bytes()), expected, "{keys:?}");
        }
        assert_eq!(text(b"half \xc3"), "half \u{fffd}");
    }
}
