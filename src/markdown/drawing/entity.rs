//! Characters that are written by their name or number, and those behind a backslash.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The names that HTML knows (html.spec.whatwg.org, named character references), sorted, each with
/// what it stands for. As text, because a table of strings takes the loader 50 µs at each start.
const NAMES: &str = include_str!("entities.txt");

/// The longest name, `CounterClockwiseContourIntegral`.
const LONGEST: usize = 31;

/// What an entity that begins here stands for, and its bytes.
pub fn entity(text: &str) -> Option<(String, usize)> {
    let inside = text.strip_prefix('&')?;
    let length = inside
        .bytes()
        .take(LONGEST + 1)
        .position(|byte| byte == b';')?;
    let name = &inside[..length];
    let meant = match name.strip_prefix('#') {
        Some(number) => numbered(number)?.to_string(),
        None => named(name)?.to_owned(),
    };
    Some((meant.chars().map(safe).collect(), length + 2))
}

/// What a name stands for, found by halving.
fn named(name: &str) -> Option<&'static str> {
    let (mut from, mut to) = (0, NAMES.len());
    while from < to {
        let middle = NAMES.floor_char_boundary(usize::midpoint(from, to));
        let start = NAMES[..middle].rfind('\n').map_or(0, |end| end + 1);
        let line = NAMES[start..].lines().next()?;
        let (known, meant) = line.split_once(' ')?;
        match known.cmp(name) {
            Ordering::Equal => return Some(meant),
            Ordering::Less => from = start + line.len() + 1,
            Ordering::Greater => to = start,
        }
    }
    None
}

/// The character of a number (CommonMark 6.2).
fn numbered(number: &str) -> Option<char> {
    let (digits, radix, most) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 6),
        None => (number, 10, 7),
    };
    let is_number =
        (1..=most).contains(&digits.len()) && digits.chars().all(|digit| digit.is_digit(radix));
    let code = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| is_number)?;
    Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// Text that came was made safe for the terminal; here a control character, or one that changes the
/// direction of text, would come in again.
fn safe(character: char) -> char {
    match character {
        '\n' | '\t' => ' ',
        // As what came with the text: Unicode's pictures of them.
        '\u{1}'..='\u{1f}' => char::from_u32(0x2400 + character as u32).unwrap_or(' '),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

/// A text of which only entities and escapes are read, in parts, and where each stands.
pub fn literal(text: &str) -> Vec<(usize, Cow<'_, str>)> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = text[at..].find(['\\', '&']) {
        at += found;
        let rest = &text[at..];
        let (part, length) = match entity(rest) {
            Some((meant, length)) => (Some((at, Cow::Owned(meant))), length),
            None if is_escape(rest) => (Some((at + 1, Cow::Borrowed(&rest[1..2]))), 2),
            None => (None, 1),
        };
        if let Some(part) = part {
            parts.extend([(from, Cow::Borrowed(&text[from..at])), part]);
            from = at + length;
        }
        at += length;
    }
    parts.push((from, Cow::Borrowed(&text[from..])));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// A text of which only entities and escapes are read.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(['\\', '&']) {
        let parts = literal(text).into_iter();
        Cow::Owned(parts.map(|(_, part)| part).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a backslash here takes its meaning from the mark behind it.
pub fn is_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [b'\\', mark, ..] if mark.is_ascii_punctuation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_stand_for_characters() {
        for (text, expected) in [
            ("&amp; &copy; &#35; &#x23; &auml;", "& © # # ä"),
            ("&CounterClockwiseContourIntegral;", "∳"),
            (
                "&amp &nothing; &#; &#x; &#12345678; &#x1234567; &;",
                "&amp &nothing; &#; &#x; &#12345678; &#x1234567; &;",
            ),
            ("&amp;lt; \\&lt; \\a", "&lt; &lt; \\a"),
            ("&#0;&#xd800;&#x110000;", "���"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn every_name_of_html_is_known() {
        for (name, meant) in html_escape::NAMED_ENTITIES {
            let name = std::str::from_utf8(name).expect("a name");
            assert_eq!(named(name), Some(meant.replace(['\n', '\t'], " ").as_str()));
        }
        assert_eq!(named("z"), None);
        assert_eq!(named(""), None);
    }

    #[test]
    fn no_control_character_comes_out_of_a_number() {
        for code in (0..0x300).chain(0x2000..0x2070) {
            let (shown, _) = entity(&format!("&#{code};")).expect("a number");
            let is_unsafe = |character: char| {
                character.is_control()
                    || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!shown.contains(is_unsafe), "{code}");
        }
        assert_eq!(plain("&Tab;&NewLine;"), "  ");
    }
}
