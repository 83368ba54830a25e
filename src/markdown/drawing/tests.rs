//! The same final screen for every chunking, at every size, on a terminal emulator; nothing of the
//! text lost.

use proptest::prelude::*;

use super::Markdown;

/// The sample of the sandbox, and what models like to send.
const SAMPLES: [&str; 17] = [
    include_str!("../../sandbox/sample.md"),
    "Plain text that stays as it is.\nAnd a second line, which is a good deal longer than most terminals of the test are \
     wide, so that it has to be wrapped between its words.\n\n\nA_word_with_underscores, 2 * 3 * 4, and the end",
    "- one\n  - two is **bold and goes on for long enough to be wrapped**\n    - three\n      * four\n        + five with \
     many words in it\n          - six\n- [ ] to do\n- [x] done\n10. ten\n    continued here, below the text of the item\n\
     \n    and after a gap\n\nback",
    "你好，世界。这是一个很长的句子，没有空格，所以它必须在任何地方断行。**粗体文字**和`代码`。\n- 日本語のリスト項目はとても長いので折り返されます\n👩‍👩‍👧 family 🇩🇪 flag ⚠️ warning 1️⃣ \
     keycap 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉 e\u{301}te\u{301}\n",
    "| 名前 | emoji | a `|` b |\n|:--|:-:|--:|\n| 你好世界 | 🎉 | **x** |\n| a\\|b | | 12345 | extra |\n| short |\nafter\n",
    "> | a | b |\n> |---|---|\n> | 1 | 2 |\n\n1. item\n\n   | a | b |\n   |---|---|\n   | 1 | 2 |\n\na | b\n--|--\nc | \
     d\n\nnot | a table\nbut | text\n",
    "| column one | column two | column three |\n| --- | --- | --- |\n| a cell with so much text in it that it has to be \
     wrapped in every terminal | short | another cell of many words, **bold ones** too |\n| x | y | z |",
    "unclosed **bold and *italic and `code\nnext ~~line [link](nowhere\n*a**b* ***both*** **a*b*c** ~~gone~~ __init__ \
     \\*no\\* `` a`b `` ![image](x.png) [https://a.b](https://a.b) <b class=\"_x_\"> https://x.y/a_b_c*d*, **https://z.q**\n",
    "```markdown\n# no heading\n**no bold** [x](y)\n| a | b |\n|---|---|\n\n\tindented with a tab and then rather long so that it takes \
     more than one row of any of the terminals here, yes\n~~~\n````\nout\n\n~~~\nunclosed ```\n| a |",
    "1. First:\n\n   ```sh\n   heroku create\n\n     --deep\n   ```\n\n2. Second:\n   ```\n   x\n   ```\n- > no quote\n> quote \
     of many words which is wrapped\n> > inner quote of many words, too\n> ```c\n> int x;\n> ```\n> end\n> ```\nout\n",
    "## Heading with `code` and **bold** that is rather long ##\n####### none\n#none\n# \n***\n* * *\n___\nSetext\n===\n    \
     no code\n\n    code *here*\n\ttab\n\ntext\ta\tb\nbreak  \nbreak\\\nend\n",
    "exactly twenty chars\nexactly twenty chars of forty, isn't it?\n**exactly twenty chrs**\n12345678901234567890123456789012345678901234567890123456789\
     0123456789012345678901234567890\nx\n",
    "```",
    "  leading\n\n\n",
    "<details>\n<summary>**x**</summary>\n\n&nbsp;text\n</details>\n\na line with a trailing pipe |",
    "Text right above\n```python\n@app.route('/')\ndef index(name: str = \"a \\\" b\") -> None:\n    \"\"\"Two\n    lines.\"\"\"\n    \
     return f'{name}' + 1_000.5  # of many words that need more than one row of any of the terminals here\n```\nand below\n\
     ```diff\n--- a/b\n+++ a/b\n@@ -1 +1 @@\n-old\n+new\n same\n```\n\n```rb\n=begin\nend\n=end\nx = <<~SQL\n  select 'it\n  SQL\nend\n```",
    "> text\n> ```yaml\n> web: bundle exec\n> \"a b\": ${X} # c\n> ```\n> - x\n>   ```console\n>   $ echo \"$HOME\" 'don\n>   't\n>   ```\n\
     1. a\n2. ```rust\n   /* a /* b */ c */ let r = r#\"x\"#; 'a' 'b\n   ```\n3. <!-- x -->\n```html\n<!-- a\n--><a href=\"x\n\" b>it's</a>\n",
];

const WIDTHS: [u16; 5] = [80, 60, 40, 23, 20];

fn render<'a>(pieces: impl IntoIterator<Item = &'a str>, width: usize, height: usize) -> String {
    let (mut markdown, mut out) = (Markdown::new(width, height), String::new());
    pieces
        .into_iter()
        .for_each(|piece| markdown.push(piece, &mut out));
    markdown.end(&mut out);
    out
}

pub fn render_linked<'a>(
    pieces: impl IntoIterator<Item = &'a str>,
    width: usize,
    height: usize,
) -> String {
    let mut markdown = Markdown::new(width, height).with_links(true);
    let mut out = String::new();
    pieces
        .into_iter()
        .for_each(|piece| markdown.push(piece, &mut out));
    markdown.end(&mut out);
    out
}

/// The rows of a terminal, with their colours, and those that left it at the top.
pub fn screen(bytes: &str, width: u16, height: u16) -> (String, Vec<String>, (u16, u16)) {
    let mut parser = terminal(width, height);
    parser.process(bytes.replace('\n', "\r\n").as_bytes());
    let cursor = parser.screen().cursor_position();
    parser.screen_mut().set_scrollback(usize::MAX);
    let mut rows = Vec::new();
    let mut contents = String::new();
    for offset in (0..=parser.screen().scrollback()).rev() {
        parser.screen_mut().set_scrollback(offset);
        let all = parser.screen().rows_formatted(0, width);
        rows.extend(all.take(if offset == 0 { usize::from(height) } else { 1 }));
        if offset == 0 {
            contents = parser.screen().contents();
        }
    }
    (contents, rows, cursor)
}

fn terminal(width: u16, height: u16) -> vt100::Parser {
    let size = |length| std::num::NonZero::new(length).expect("a size");
    vt100::Parser::new(size(height), size(width), 3_000)
}

fn chars(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|_| true)
}

pub fn shown(text: &str, width: u16) -> String {
    screen(&render([text], width.into(), 200), width, 200).0
}

#[test]
fn the_screen_is_the_same_in_one_piece_and_character_by_character() {
    for (number, sample) in SAMPLES.iter().enumerate() {
        for width in WIDTHS {
            for height in [200, 24, 8] {
                let whole = screen(
                    &render([*sample], width.into(), height.into()),
                    width,
                    height,
                );
                let single = screen(
                    &render(chars(sample), width.into(), height.into()),
                    width,
                    height,
                );
                assert_eq!(whole, single, "sample {number} at {width}x{height}");
            }
        }
    }
}

proptest! {
    #[test]
    fn the_screen_is_the_same_in_any_pieces(
        sample in proptest::sample::select(&SAMPLES[..]),
        width in proptest::sample::select(&WIDTHS[..]),
        height in proptest::sample::select(&[200_u16, 24, 8][..]),
        lengths in proptest::collection::vec(1_usize..40, 1..20),
    ) {
        let whole = screen(&render([sample], width.into(), height.into()), width, height);
        prop_assert_eq!(whole, screen(&render(cut(sample, &lengths), width.into(), height.into()), width, height));
    }

    #[test]
    fn marks_in_any_order_are_no_problem(
        text in "([-*_`~#>|\\[\\]()! \n\t]|[a-c1 ]|\\| a |---\\||```|  - |你|🎉|\u{fe0f}|\u{301}){0,120}",
        width in 20_u16..50,
        height in 4_u16..30,
        lengths in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let whole = screen(&render([text.as_str()], width.into(), height.into()), width, height);
        prop_assert_eq!(whole, screen(&render(cut(&text, &lengths), width.into(), height.into()), width, height));
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

/// Whether these are the letters of a text: a table may say its header more than once.
fn are_letters_of(shown: &[char], text: &str, width: u16) -> bool {
    let all = letters(text, width);
    if !text.contains("--|") {
        return shown == all;
    }
    let mut shown = shown.iter();
    all.iter().all(|letter| shown.any(|shown| shown == letter))
}

/// The rows as [`screen`] has them, without empty ones at the end: how far the terminal has
/// scrolled depends on what was shown on the way.
fn rows(bytes: &str, width: u16, height: u16) -> Vec<String> {
    let (_, mut rows, _) = screen(bytes, width, height);
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

/// The letters of a text that a terminal of so many columns has room for.
fn letters(text: &str, width: u16) -> Vec<char> {
    let has_room = |letter: &char| super::style::char_width(*letter) <= width.into();
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    let mut letters: Vec<char> = letters.filter(has_room).collect();
    letters.sort_unstable();
    letters
}

/// All that is on a terminal, and all that left it at the top.
fn written(bytes: &str, width: u16, height: u16) -> String {
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

pub fn cut<'a>(text: &'a str, lengths: &[usize]) -> Vec<&'a str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    if text.is_empty() {
        return pieces;
    }
    for length in lengths.iter().cycle() {
        let end = rest
            .char_indices()
            .nth(*length)
            .map_or(rest.len(), |(index, _)| index);
        pieces.push(&rest[..end]);
        rest = &rest[end..];
        if rest.is_empty() {
            return pieces;
        }
    }
    pieces
}

#[test]
fn text_shows_as_it_comes() {
    let (mut markdown, mut out) = (Markdown::new(40, 24), String::new());
    markdown.push("Hel", &mut out);
    markdown.push("lo **wor", &mut out);
    assert_eq!(out, "Hello **wor");
    markdown.push("ld**\n", &mut out);
    assert_eq!(out, "Hello **wor\r\x1b[JHello \x1b[1mworld\x1b[0m");
}

#[test]
fn a_line_that_stays_as_it_is_is_not_erased() {
    assert_eq!(render(chars("Hello you.\n"), 40, 24), "Hello you.\n");
    assert_eq!(
        render(["Hello ", "**you**\n"], 40, 24),
        "Hello \x1b[1myou\x1b[0m\n"
    );
    assert!(!render(chars("```\nlet x;\n```\n"), 40, 24).contains("let x;\x1b[0m\r"));
}

#[test]
fn the_output_ends_with_a_line_feed_if_there_was_any() {
    assert_eq!(render([""], 40, 24), "");
    assert_eq!(render(["a"], 40, 24), "a\n");
    assert_eq!(render(["a\n"], 40, 24), "a\n");
    assert!(render(["| a |"], 40, 24).ends_with("| a |\n"));
    assert_eq!(render(["```"], 40, 24), "");
}

#[test]
fn nothing_of_the_text_is_lost() {
    let visible = |text: &str| text.split_whitespace().collect::<String>();
    for sample in [SAMPLES[1], SAMPLES[13], SAMPLES[14]] {
        for width in WIDTHS {
            assert_eq!(
                visible(&shown(sample, width)),
                visible(&sample.replace("**", "").replace("&nbsp;", "")),
                "{width}"
            );
        }
    }
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
        let (mut markdown, mut parser) = (Markdown::new(width.into(), height.into()), terminal(width, height));
        let all = words(&text);
        for (index, piece) in text.char_indices() {
            let mut out = String::new();
            markdown.push(&text[index..index + piece.len_utf8()], &mut out);
            parser.process(out.replace('\n', "\r\n").as_bytes());
            let came = words(&text[..index + 1]);
            for row in parser.screen().rows(0, width) {
                for word in words(&row) {
                    prop_assert!(all.contains(&word) || came.last() == Some(&word), "{word:?} at {index} of {text:?}: {row:?}");
                }
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
            let (mut markdown, mut out) = (Markdown::new(widths.0.into(), height.into()), String::new());
            let mut parser = terminal(widths.0, height);
            before.into_iter().for_each(|piece| markdown.push(piece, &mut out));
            parser.process(out.replace('\n', "\r\n").as_bytes());
            markdown.resize(widths.1.into(), height.into());
            parser.screen_mut().set_size(std::num::NonZero::new(height).expect("a size"), std::num::NonZero::new(widths.1).expect("a size"));
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
        } else if !text.contains("--|") {
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
                prop_assert!(link.starts_with("id=") && links.next().is_some_and(is_end), "{row:?}");
            }
            prop_assert!(!row.replace("\x1b]8;", "").contains("\x1b]"), "{row:?}");
        }
    }
}

#[test]
fn a_line_taller_than_the_screen_is_drawn_like_others() {
    let text = format!("before\n{}\n**after**\n", "**word** ".repeat(200));
    let (_, rows, _) = screen(&render(chars(&text), 40, 10), 40, 10);
    assert_eq!(rows.iter().filter(|row| row.contains("before")).count(), 1);
    assert_eq!(rows.concat().matches("word").count(), 200);
    assert!(
        rows.iter()
            .any(|row| row.contains("after") && !row.contains("**"))
    );
}

#[test]
fn a_table_longer_than_the_screen_is_drawn_as_it_comes() {
    let text = format!(
        "| a | b |\n|---|---|\n{}\nend\n",
        "| cell | other |\n".repeat(50)
    );
    let (_, rows, _) = screen(&render(chars(&text), 40, 10), 40, 10);
    assert_eq!(
        rows.iter()
            .filter(|row| row.contains("cell") && row.contains("│"))
            .count(),
        50
    );
    assert!(rows.iter().all(|row| !row.contains('|')));
}

#[test]
fn a_target_is_not_shown_while_it_comes() {
    let text =
        "See [the docs](https://devcenter.heroku.com/articles/heroku-inference \"t\") on it.\n";
    for (index, _) in text.char_indices().skip(20) {
        let mut out = String::new();
        let mut markdown = Markdown::new(40, 24).with_links(true);
        markdown.push(&text[..index], &mut out);
        assert!(
            !out.contains("devcenter\x1b") && !out.contains("(h"),
            "{out:?}"
        );
    }
    let row = "See \x1b[4m\x1b]8;id=1;https://devcenter.heroku.com/articles/heroku-inference\x1b\\the \
               docs\x1b[0m\x1b]8;;\x1b\\ on it.\n";
    let markdown = Markdown::new(40, 24).with_links(true);
    assert_eq!(markdown.whole(text), row);
    // What is no link in the end is there.
    for text in [
        "[a](b c) d\n",
        "[a](b\n",
        "[a](b 'c\nd\n",
        "[a](<b c\n",
        "# [a](b\n",
    ] {
        let out = render_linked(chars(text), 40, 24);
        assert_eq!(
            written(&out, 40, 24).trim_end(),
            text.trim_start_matches("# ").trim_end()
        );
        let (mut markdown, mut out) = (Markdown::new(40, 24).with_links(true), String::new());
        markdown.push(&text[..5], &mut out);
        markdown.resize(50, 24);
        markdown.push(&text[5..], &mut out);
        markdown.end(&mut out);
        let letters_of = |text: &str| letters(text, 40);
        assert_eq!(
            letters_of(&written(&out, 50, 24)),
            letters_of(text),
            "{text}"
        );
    }
}
