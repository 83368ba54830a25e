//! What a conversation is about, in a line: the first of its first prompt.

use unicode_segmentation::UnicodeSegmentation;

/// Characters of a title, as people count them.
const LONGEST: usize = 60;

/// A prompt's first line, short enough for a list, without what would drive a terminal.
pub fn title(prompt: &str) -> String {
    let mut lines = prompt.lines();
    let line = lines
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let words = line.split(|c: char| c.is_control() || c.is_whitespace());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let characters: Vec<&str> = line.graphemes(true).take(LONGEST + 1).collect();
    match characters.len() > LONGEST {
        true => characters[..LONGEST - 1].concat().trim_end().to_owned() + "…",
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_cut_between_characters() {
        assert_eq!(title("\n  Explain\tdynos  \nand more"), "Explain dynos");
        assert_eq!(title("red\x1b[31m\x07"), "red [31m");
        assert_eq!(title(" \n"), "");
        let family = "👩‍👩‍👧";
        assert_eq!(title(&family.repeat(60)), family.repeat(60));
        assert_eq!(title(&family.repeat(61)), family.repeat(59) + "…");
    }
}
