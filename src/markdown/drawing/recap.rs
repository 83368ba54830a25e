//! The end of what was printed to a terminal, for somebody who comes back to it.

use super::style::char_width;

/// The last rows of what was written, and whether there are more before them. Lines are longer than
/// a row if they are code, which isn't wrapped here.
pub fn last_rows(written: &str, width: usize, most: usize) -> (String, bool) {
    let lines: Vec<&str> = written.lines().collect();
    let (mut first, mut left) = (lines.len(), most);
    while first > 0 && left > 0 {
        let rows = columns(lines[first - 1]).div_ceil(width).max(1);
        if rows > left && left < most {
            break;
        }
        left = left.saturating_sub(rows);
        first -= 1;
    }
    let mut kept = lines[first..].iter();
    let mut text = String::new();
    // A line that is too long for the rows by itself begins in its middle.
    if let Some(line) = kept.next() {
        text.push_str(&line_end(line, width * most));
        text.push('\n');
    }
    kept.for_each(|line| text.extend([line, "\n"]));
    let is_cut = first > 0
        || lines
            .first()
            .is_some_and(|line| columns(line) > width * most);
    (text, is_cut)
}

/// The last columns of a line, with the styles that it opened before.
fn line_end(line: &str, most: usize) -> String {
    let mut before = columns(line).saturating_sub(most);
    let mut end = String::new();
    for (character, is_code) in characters(line) {
        let width = char_width(character);
        if is_code || before == 0 {
            end.push(character);
        } else {
            before = before.saturating_sub(width);
        }
    }
    end
}

/// The columns of a line, less its escape codes.
pub fn columns(line: &str) -> usize {
    let shown = characters(line).filter(|(_, is_code)| !is_code);
    shown.map(|(character, _)| char_width(character)).sum()
}

/// The characters of a line, and whether each belongs to an escape code: of a style, which ends in
/// `m`, or of a link, which begins with `]` and ends in a backslash behind an escape.
fn characters(line: &str) -> impl Iterator<Item = (char, bool)> {
    let (mut code, mut last) = (String::new(), ' ');
    line.chars().map(move |character| {
        let is_code = !code.is_empty() || character == '\x1b';
        if is_code {
            code.push(character);
        }
        let ends = match code.starts_with("\x1b]") {
            true => last == '\x1b' && character == '\\',
            false => character == 'm',
        };
        last = character;
        if ends {
            code.clear();
        }
        (character, is_code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rows_are_counted_by_their_width() {
        for (written, rows) in [
            ("", ("", false)),
            ("a\nb\n", ("a\nb\n", false)),
            ("a\nb\nc\n", ("b\nc\n", true)),
            ("a\n12345\n", ("12345\n", true)),
            (
                "a\n\x1b[1m1234\x1b[0m\nb\n",
                ("\x1b[1m1234\x1b[0m\nb\n", true),
            ),
            (
                "\x1b[36m1234567890\x1b[0m\n",
                ("\x1b[36m34567890\x1b[0m\n", true),
            ),
            (
                "a\n\x1b]8;id=1;https://m.n\x1b\\1234\x1b]8;;\x1b\\\nb\n",
                ("\x1b]8;id=1;https://m.n\x1b\\1234\x1b]8;;\x1b\\\nb\n", true),
            ),
            ("12345\n", ("12345\n", false)),
        ] {
            assert_eq!(
                last_rows(written, 4, 2),
                (rows.0.to_owned(), rows.1),
                "{written:?}"
            );
        }
    }
}
