//! What a conversation is about, in a line: the first of its first prompt.

use unicode_segmentation::UnicodeSegmentation;

/// Characters of a title, as people count them.
const LONGEST: usize = 60;

/// A prompt's first line, short enough for a list, without what would drive a terminal.
pub fn title(prompt: &str) -> String {
    let line = prompt
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let words: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let line = words.join(" ");
    let mut characters = line.graphemes(true);
    let start: String = characters.by_ref().take(LONGEST - 1).collect();
    let rest: String = characters.by_ref().take(2).collect();
    if rest.graphemes(true).count() > 1 {
        start.trim_end().to_owned() + "…"
    } else {
        start + &rest
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
