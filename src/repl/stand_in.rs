//! Characters that stand for those that a terminal would obey, while a line is edited: rustyline
//! writes a line as it is and counts no column for a control character. Pure.
//!
//! They are of a private plane and one column wide. On the screen they are pictures (`␛`), and what
//! is sent has the characters that they stand for. The history keeps the stand-ins.

use std::borrow::Cow;

use crate::screen::for_terminal;

/// The stand-ins begin here, near the end of plane 16, where no font has icons.
const BASE: u32 = 0x10_ff00;

/// The bidirectional controls stand behind those for U+0000 to U+009F.
const BIDI: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// What stands for a character; none if it can be shown.
pub fn of(character: char) -> Option<char> {
    let offset = match character {
        '\n' | '\t' => return None,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => character as u32,
        _ => 0xa0 + BIDI.iter().position(|bidi| *bidi == character)? as u32,
    };
    char::from_u32(BASE + offset)
}

/// What a character stands for, if it stands for one.
fn meant(character: char) -> Option<char> {
    match (character as u32).checked_sub(BASE)? {
        offset @ 0..0xa0 => char::from_u32(offset).filter(|meant| meant.is_control()),
        offset => BIDI.get(offset as usize - 0xa0).copied(),
    }
}

/// A text as it is edited.
pub fn shown(text: &str) -> Cow<'_, str> {
    map(text, of)
}

/// A text that was edited, as it was meant.
pub fn read(line: &str) -> Cow<'_, str> {
    map(line, meant)
}

/// What is drawn of a character of a line.
pub fn picture(character: char) -> char {
    let Some(meant) = meant(character) else {
        return character;
    };
    let mut buffer = [0; 4];
    let shown = for_terminal(meant.encode_utf8(&mut buffer)).chars().next();
    // A carriage return, which no other output shows.
    shown.unwrap_or('\u{240d}')
}

fn map(text: &str, replacement: fn(char) -> Option<char>) -> Cow<'_, str> {
    if text
        .chars()
        .all(|character| replacement(character).is_none())
    {
        return Cow::Borrowed(text);
    }
    let replaced = |character| replacement(character).unwrap_or(character);
    Cow::Owned(text.chars().map(replaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_character_is_edited_as_a_picture_and_sent_as_it_is() {
        let all: String = ('\0'..='\u{ffff}').chain(['\u{10ff7e}', '👩']).collect();
        let edited = shown(&all);
        assert_eq!(read(&edited), all);
        let drawn: String = edited.chars().map(picture).collect();
        let is_obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!edited.contains(is_obeyed) && !drawn.contains(is_obeyed));
        assert!(!drawn.contains(|c| BIDI.contains(&c)));
        assert_eq!(drawn.chars().count(), all.chars().count());
        assert!(matches!(shown("é ⬢\n\t"), Cow::Borrowed(_)));
    }
}
