//! Texts that have to stand in one row: numbers and hints stay whole, names give way.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns to which a name may be shortened before another line is better.
const LEAST: usize = 8;

/// The first of these lines that fits, each a name between two texts that stay whole. If none
/// does, the last is cut.
pub fn fitting<Text: AsRef<str>>(lines: &[[Text; 3]], room: usize) -> String {
    for [before, name, after] in lines {
        let [before, name, after] = [before, name, after].map(AsRef::as_ref);
        let left = room.checked_sub(before.width() + after.width());
        if let Some(left) = left.filter(|left| *left >= name.width().min(LEAST)) {
            return format!("{before}{}{after}", shortened(name, left));
        }
    }
    let last = lines.last().into_iter().flatten();
    cut(&last.map(AsRef::as_ref).collect::<String>(), room)
}

/// The text in so many columns, cut between characters as people count them.
pub fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let start = within(text.graphemes(true), room.saturating_sub(1));
    text[..start].trim_end().to_owned() + "…"
}

/// The end of a text in so many columns.
pub fn end_of(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let end = within(text.graphemes(true).rev(), room.saturating_sub(1));
    format!("…{}", &text[text.len() - end..])
}

/// The column behind a text that a terminal of this width wraps where it must.
pub fn column_behind(text: &str, column: usize, width: usize) -> usize {
    let characters = text.graphemes(true);
    characters.fold(column, |column, character| match character {
        "\n" | "\r\n" => 0,
        "\t" => (column / 8 + 1) * 8,
        _ if column + character.width() > width => character.width(),
        _ => column + character.width(),
    })
}

/// The name in so many columns: models and hosts differ at both ends.
fn shortened(name: &str, room: usize) -> String {
    if name.width() <= room {
        return name.to_owned();
    }
    let room = room.saturating_sub(1);
    let start = within(name.graphemes(true), room.div_ceil(2));
    let rest = room - name[..start].width();
    let end = within(name[start..].graphemes(true).rev(), rest);
    format!("{}…{}", &name[..start], &name[name.len() - end..])
}

/// Bytes of the first characters that fit.
fn within<'a>(characters: impl Iterator<Item = &'a str>, room: usize) -> usize {
    let sum = characters.scan((0, 0), |(columns, bytes), character| {
        *columns += character.width();
        *bytes += character.len();
        (*columns <= room).then_some(*bytes)
    });
    sum.last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_between_characters_as_people_count_them() {
        assert_eq!(cut("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 5), "👩‍👩‍👧👩‍👩‍👧…");
        assert_eq!(cut("four", 4), "four");
    }

    #[test]
    fn the_cursor_is_followed_over_rows() {
        for (text, column) in [
            ("", 3),
            ("ab", 5),
            ("a\nb", 1),
            ("1234567", 10),
            ("12345678", 1),
            ("漢字漢字", 2),
            ("\t", 8),
        ] {
            assert_eq!(column_behind(text, 3, 10), column, "{text:?}");
        }
    }

    #[test]
    fn numbers_stay_whole_and_names_give_way() {
        let lines = [
            ["wait for ", "claude-4-5-sonnet", ", 12 s"],
            ["", "wait", ", 12 s"],
        ];
        let table = [
            (32, "wait for claude-4-5-sonnet, 12 s"),
            (25, "wait for claud…nnet, 12 s"),
            (23, "wait for clau…net, 12 s"),
            (22, "wait, 12 s"),
            (10, "wait, 12 s"),
            (6, "wait,…"),
        ];
        for (room, expected) in table {
            assert_eq!(fitting(&lines, room), expected, "{room}");
        }
        let wide = [["", "漢字漢字漢字漢字", " s"]];
        assert_eq!(
            fitting(&wide, 12),
            "漢字…字漢字 s".replace("字漢字", "漢字")
        );
        for room in 0..40 {
            assert!(fitting(&lines, room).width() <= room.max(1), "{room}");
            assert!(fitting(&wide, room).width() <= room.max(1), "{room}");
        }
    }
}
