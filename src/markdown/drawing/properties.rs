//! What holds for any text, however it was cut, at any size of the terminal.

use proptest::prelude::*;

use super::Markdown;
use super::tests::{SAMPLES, WIDTHS, cut, render, render_linked, screen, size, terminal};

/// Marks in any order.
const MARKS: &str = "([-*_`~#>|\\[\\]()! \n\t]|[a-c1 ]|\\| a |---\\||```|  - |你|🎉|\u{fe0f}|\u{301})\
    {0,120}";

proptest! {
    #[test]
    fn the_screen_is_the_same_in_any_pieces(
        sample in proptest::sample::select(&SAMPLES[..]),
        width in proptest::sample::select(&WIDTHS[..]),
        height in proptest::sample::select(&[200_u16, 24, 8][..]),
        lengths in proptest::collection::vec(1_usize..40, 1..20),
    ) {
        let whole = screen(&render([sample], width.into(), height.into()), width, height);
        let pieces = render(cut(sample, &lengths), width.into(), height.into());
        prop_assert_eq!(whole, screen(&pieces, width, height));
    }

    #[test]
    fn marks_in_any_order_are_no_problem(
        text in MARKS,
        width in 20_u16..50,
        height in 4_u16..30,
        lengths in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let whole = screen(&render([text.as_str()], width.into(), height.into()), width, height);
        let pieces = render(cut(&text, &lengths), width.into(), height.into());
        prop_assert_eq!(whole, screen(&pieces, width, height));
    }
}

proptest! {
    #[test]
    fn every_letter_is_on_the_screen_once(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60),
        width in 1_u16..60,
        height in 1_u16..30,
        lengths in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let text: String = pieces.concat();
        let pieces = cut(&text, &lengths);
        let out = render(pieces, width.into(), height.into());
        let shown = letters(&written(&out, width, height), width);
        prop_assert!(are_letters_of(&shown, &text, width), "{:?} {} {}", text, height, out);
    }

    #[test]
    fn the_screen_is_the_same_for_all_that_is_written(
        text in all_pieces(),
        width in 1_u16..60,
        height in 1_u16..30,
        lengths in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let whole = rows(&render([text.as_str()], width.into(), height.into()), width, height);
        let cut = rows(&render(cut(&text, &lengths), width.into(), height.into()), width, height);
        prop_assert_eq!(whole, cut, "{:?}", text);
    }

    #[test]
    fn a_text_that_came_before_is_written_as_it_was(
        text in all_pieces(),
        width in 1_u16..60,
        height in 1_u16..30,
    ) {
        let (wide, tall) = (width.into(), height.into());
        let again = Markdown::new(wide, tall).whole(&text);
        let came = rows(&render([text.as_str()], wide, tall), width, height);
        prop_assert_eq!(came, rows(&again, width, height));
    }
}

/// What Markdown is made of. The letters of labels and targets differ, for a label that is its
/// target is shown once; `x` is the mark of a task, and `<br>` no text.
const PIECES: &[&str] = &[
    "a",
    "你好",
    "。",
    "「ア」",
    "🎉",
    "bc",
    "def ",
    " ",
    " ",
    "\n",
    "\n",
    "\n\n",
    "    ",
    "  ",
    "\t",
    "- ",
    "* ",
    "+ ",
    "1. ",
    "10) ",
    "- [ ] ",
    "> ",
    ">",
    "# ",
    "### ",
    " ##",
    "---",
    "***",
    "```",
    "```sh\n",
    "```ruby\n",
    "~~~json\n",
    "```diff\n",
    "```html\n",
    "\"",
    "'",
    "\"\"\"",
    "# ",
    "/* ",
    "*/",
    "//",
    "-- ",
    "<<EOF\n",
    "\nEOF\n",
    "${b",
    "if ",
    "end",
    ": ",
    "\n```\n",
    "~~~",
    "\n   ```\n",
    "`",
    "``",
    "*",
    "**",
    "_",
    "__",
    "~~",
    "[",
    "]",
    "](n)",
    "](<n n> \"t\")",
    "![",
    "](n 'n' n)",
    "<",
    ">",
    "<b>",
    "</b>",
    "|",
    " | ",
    "\n|---|---|\n",
    "\n--|:-:\n",
    "\\",
    "\\|",
    "\\(",
    "\\)",
    "\n\\[\n",
    "\n\\]\n",
    "$",
    "$$",
    "\n$$\n",
    "$5",
    "&",
    "[^1]",
    "[^1]: ",
    "[-]: /-/ \"-\"\n",
    "\n\n[-]:\n/-/\n",
    "[-]",
    "][-]",
    "![-]",
    "https://a.bc/d_e_f*",
    ".",
    "(n",
    ")",
    "===\n",
    "…",
    "é",
];

/// Marks with letters of their own, which aren't shown, or more than once.
const NAMES: &[&str] = &[
    "&amp;",
    "&copy;",
    "&#35;",
    "&#x1b;",
    "&nbsp;",
    "&Tab;",
    "[f]: https://f.g/h?i=1&amp;j \"k\"\n",
    "\n\n[l&#42;]:\n<m n>\n'o\np'\n",
    "[f]",
    "[q][f]",
    "![r][]",
    "[l&#42;][]",
    "[^s]: ",
    "t[^s]",
    "Setext\n===\n",
    "two\nlines\n---\n",
    "<https://u.v/w>",
    "<x@y.z>",
    "[https://a.b](https://c.d)",
    "<br>",
    "`code of words`",
];

fn all_pieces() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select([PIECES, NAMES].concat());
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Whether these are the letters of a text: a table may say its header more than once, and a link
/// says where the definition of its label leads in place of the label.
fn are_letters_of(shown: &[char], text: &str, width: u16) -> bool {
    let all = letters(text, width);
    if may_define(text) {
        return true;
    }
    if !text.contains("--|") {
        return shown == all;
    }
    let mut shown = shown.iter();
    all.iter().all(|letter| shown.any(|shown| shown == letter))
}

/// Whether there may be the definition of a link in a text. A footnote's is none.
fn may_define(text: &str) -> bool {
    text.replace("[^1]:", "").contains("]:")
}

/// The rows as [`screen`] has them, without empty ones at the end: how far the terminal has
/// scrolled depends on what was shown on the way.
pub fn rows(bytes: &str, width: u16, height: u16) -> Vec<String> {
    let (_, mut rows, _) = screen(bytes, width, height);
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

/// The letters of a text that a terminal of so many columns has room for.
pub fn letters(text: &str, width: u16) -> Vec<char> {
    let has_room = |letter: &char| super::style::char_width(*letter) <= width.into();
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    let mut letters: Vec<char> = letters.filter(has_room).collect();
    letters.sort_unstable();
    letters
}

/// All that is on a terminal, and all that left it at the top.
pub fn written(bytes: &str, width: u16, height: u16) -> String {
    let mut parser = terminal(width, height);
    parser.process(bytes.replace('\n', "\r\n").as_bytes());
    all_of(&mut parser, width, height)
}

/// All that is on a terminal, and all that left it at the top.
fn all_of(parser: &mut vt100::Parser, width: u16, height: u16) -> String {
    parser.screen_mut().set_scrollback(usize::MAX);
    let mut text = String::new();
    for offset in (0..=parser.screen().scrollback()).rev() {
        parser.screen_mut().set_scrollback(offset);
        let rows = parser.screen().rows(0, width);
        rows.take(if offset == 0 { usize::from(height) } else { 1 })
            .for_each(|row| text.extend([row.as_str(), "\n"]));
    }
    text
}

/// Words that stand in no other one, with the marks that stand around words.
const WORDS: [&str; 14] = [
    "alpha ",
    "**beta** ",
    "gamma ",
    "*delta ",
    "epsilon* ",
    "`zeta` ",
    "eta ",
    "[theta](iota) ",
    "kappa, ",
    "~~lambda~~\n",
    "__mu\nnu__ ",
    "xi.\n\n",
    "- omicron ",
    "> pi ",
];

/// Runs of letters, without the last one if it may go on.
fn words(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}

proptest! {
    #[test]
    fn no_word_is_broken_at_any_moment(
        pieces in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..40),
        width in 20_u16..60,
        height in 5_u16..30,
    ) {
        let text: String = pieces.concat();
        let mut markdown = Markdown::new(width.into(), height.into());
        let mut parser = terminal(width, height);
        let all = words(&text);
        for (index, piece) in text.char_indices() {
            let mut out = String::new();
            markdown.push(&text[index..index + piece.len_utf8()], &mut out);
            parser.process(out.replace('\n', "\r\n").as_bytes());
            let came = words(&text[..index + 1]);
            for row in parser.screen().rows(0, width) {
                for word in words(&row) {
                    let is_whole = all.contains(&word) || came.last() == Some(&word);
                    prop_assert!(is_whole, "{word:?} at {index} of {text:?}: {row:?}");
                }
            }
        }
    }

    #[test]
    fn a_cursor_that_is_sure_is_where_the_terminal_has_it(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..40),
        width in 20_u16..60,
        height in 5_u16..30,
    ) {
        let text: String = pieces.concat();
        let mut markdown = Markdown::new(width.into(), height.into());
        let mut parser = terminal(width, height);
        for (index, piece) in text.char_indices() {
            let mut out = String::new();
            markdown.push(&text[index..index + piece.len_utf8()], &mut out);
            parser.process(out.replace('\n', "\r\n").as_bytes());
            if let Some(column) = markdown.cursor() {
                let (_, there) = parser.screen().cursor_position();
                prop_assert_eq!(column, usize::from(there), "at {} of {:?}", index, text);
            }
        }
    }

    #[test]
    fn a_resize_shows_nothing_twice_and_loses_nothing(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..60),
        widths in (20_u16..60, 20_u16..60),
        height in 5_u16..30,
        place in 0_usize..200,
        lengths in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let text: String = pieces.concat();
        let place = text.floor_char_boundary(place.min(text.len()));
        let resized = |before: Vec<&str>, after: Vec<&str>| {
            let mut markdown = Markdown::new(widths.0.into(), height.into());
            let mut out = String::new();
            let mut parser = terminal(widths.0, height);
            before.into_iter().for_each(|piece| markdown.push(piece, &mut out));
            parser.process(out.replace('\n', "\r\n").as_bytes());
            markdown.resize(widths.1.into(), height.into());
            parser.screen_mut().set_size(size(height), size(widths.1));
            out.clear();
            after.into_iter().for_each(|piece| markdown.push(piece, &mut out));
            markdown.end(&mut out);
            parser.process(out.replace('\n', "\r\n").as_bytes());
            all_of(&mut parser, widths.1, height)
        };
        let whole = resized(vec![&text[..place]], vec![&text[place..]]);
        let shown = letters(&whole, widths.1);
        if widths.0 <= widths.1 {
            prop_assert!(are_letters_of(&shown, &text, widths.1), "{:?}", text);
        } else if !text.contains("--|") && !may_define(&text) {
            // This emulator cuts off what has no room in a narrower window.
            prop_assert!(shown.len() <= letters(&text, widths.1).len(), "{:?}", text);
        }
        let pieces = resized(cut(&text[..place], &lengths), cut(&text[place..], &lengths));
        prop_assert_eq!(whole.trim_end(), pieces.trim_end(), "{:?}", text);
    }
}

proptest! {
    #[test]
    fn links_that_the_terminal_opens_end_with_their_row(
        text in all_pieces(),
        width in 8_u16..60,
        height in 3_u16..30,
        lengths in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let (wide, tall) = (width.into(), height.into());
        let out = render_linked(cut(&text, &lengths), wide, tall);
        let whole = render_linked([text.as_str()], wide, tall);
        prop_assert_eq!(rows(&out, width, height), rows(&whole, width, height), "{:?}", text);
        for row in out.split('\n') {
            let mut links = row.split("\x1b]8;").skip(1);
            let is_end = |code: &str| code.starts_with(";\x1b\\");
            while let Some(link) = links.next() {
                let is_ended = links.next().is_some_and(is_end);
                prop_assert!(link.starts_with("id=") && is_ended, "{row:?}");
            }
            prop_assert!(!row.replace("\x1b]8;", "").contains("\x1b]"), "{row:?}");
        }
    }
}
