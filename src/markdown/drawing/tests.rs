//! The same final screen for every chunking, at every size, on a terminal emulator; nothing of the
//! text lost.

use super::Markdown;
use super::properties::{letters, written};

/// The sample of the sandbox, and what models like to send.
pub const SAMPLES: [&str; 17] = [
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

pub const WIDTHS: [u16; 5] = [80, 60, 40, 23, 20];

pub fn render<'a>(
    pieces: impl IntoIterator<Item = &'a str>,
    width: usize,
    height: usize,
) -> String {
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

pub fn terminal(width: u16, height: u16) -> vt100::Parser {
    vt100::Parser::new(size(height), size(width), 3_000)
}

pub fn size(length: u16) -> std::num::NonZeroU16 {
    std::num::NonZero::new(length).expect("a size")
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
