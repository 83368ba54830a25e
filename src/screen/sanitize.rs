//! Text from outside made safe for a terminal. A model, a server or a file may hold escape
//! sequences that would move the cursor, change the window's title, write to the clipboard, or make
//! text read other than it is.

use std::borrow::Cow;

/// The text with every control character but line feed and tab, and every bidirectional override,
/// made visible or left out. Character by character, so that a sequence in two pieces is no way
/// around it.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if text
        .chars()
        .all(|character| replacement(character) == Some(character))
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter_map(replacement).collect())
}

fn replacement(character: char) -> Option<char> {
    match character {
        '\n' | '\t' => Some(character),
        // Part of a CRLF, or an attempt to write over the line.
        '\r' => None,
        // Unicode's pictures of the control characters.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + character as u32),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' => Some('\u{fffd}'),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some('\u{fffd}'),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_left_alone_without_a_copy() {
        assert!(matches!(for_terminal("é ⬢\n\t👩‍👩‍👧 שלום"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_control_character_gets_through() {
        let all: String = ('\0'..='\u{ffff}').collect();
        for character in for_terminal(&all)
            .chars()
            .filter(|c| !matches!(c, '\n' | '\t'))
        {
            assert!(!character.is_control(), "{character:?}");
            assert!(
                !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'),
                "{character:?}"
            );
        }
        assert_eq!(for_terminal("\x1b]0;x\x07a\r\nb\rc"), "␛]0;x␇a\nbc");
    }
}
