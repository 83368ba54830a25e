//! Where emphasis may begin and end: what the characters beside its marks are.

use super::style::char_width;

/// Whether a run of marks can open, and whether it can close, between these two characters
/// (CommonMark 6.2, with the amendment for CJK of markdown-cjk-friendly: those languages put no
/// space beside a word, so that their punctuation counts as letters, and they as punctuation).
pub fn flanks(mark: char, before: char, after: char) -> (bool, bool) {
    let is_mark = |character: char| is_punctuation(character) && !is_cjk(character);
    let is_edge =
        |character: char| character.is_whitespace() || is_mark(character) || is_cjk(character);
    let opens = !after.is_whitespace() && (!is_mark(after) || is_edge(before));
    let closes = !before.is_whitespace() && (!is_mark(before) || is_edge(after));
    if mark == '_' {
        return (
            opens && (!closes || is_punctuation(before)),
            closes && (!opens || is_punctuation(after)),
        );
    }
    (opens, closes)
}

/// Punctuation and symbols (categories P and S): what is no letter, no digit, no space, and no mark
/// that joins the character before it.
fn is_punctuation(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_punctuation();
    }
    !character.is_alphanumeric()
        && !character.is_whitespace()
        && !character.is_control()
        && char_width(character) > 0
        && !is_selector(character)
}

pub fn is_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Characters of East Asian width (wide, full, half) that are no emoji, and Hangul.
fn is_cjk(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{11ff}'
            | '\u{20a9}'
            | '\u{2329}'..='\u{232a}'
            | '\u{2630}'..='\u{2637}'
            | '\u{268a}'..='\u{268f}'
            | '\u{2e80}'..='\u{303e}'
            | '\u{3041}'..='\u{4dff}'
            | '\u{4e00}'..='\u{a4cf}'
            | '\u{a960}'..='\u{a97c}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe10}'..='\u{fe19}'
            | '\u{fe30}'..='\u{fe6b}'
            | '\u{ff01}'..='\u{ffee}'
            | '\u{16fe0}'..='\u{18dff}'
            | '\u{1aff0}'..='\u{1b2ff}'
            | '\u{1d300}'..='\u{1d376}'
            | '\u{1f200}'
            | '\u{1f202}'..='\u{1f219}'
            | '\u{1f21b}'..='\u{1f22e}'
            | '\u{1f230}'..='\u{1f231}'
            | '\u{1f237}'
            | '\u{1f23b}'
            | '\u{1f240}'..='\u{1f248}'
            | '\u{1f260}'..='\u{1f265}'
            | '\u{20000}'..='\u{3fffd}'
    )
}
