//! What is on the screen for what people and models write.

use super::Markdown;
use super::tests::shown;

#[test]
fn what_is_drawn() {
    let table = [
        ("**b** *i* _i_ `c` ~~s~~ \\*", "b i i c s *"),
        (
            "[text](https://a.b \"title\")",
            "text (https://a.b \"title\")",
        ),
        ("[https://a.b](https://a.b)", "https://a.b"),
        ("- a\n  * b\n    + c", "• a\n  • b\n    • c"),
        ("- [ ] a\n- [x] b", "☐ a\n☑ b"),
        ("1. a\n   - b\n2) c", "1. a\n   • b\n2) c"),
        ("> a\n> > b", "│ a\n│ │ b"),
        ("> > > > a", "│ │ │ > a"),
        ("### a ##", "a"),
        ("---", "────────────────────────────────────────"),
        ("~~~ruby\n*x*\n~~~\ny", "ruby\n*x*\n\ny"),
        ("snake_case_name 2*3*4", "snake_case_name 234"),
        ("a \\\nb", "a\nb"),
        ("<b>*x*</b>", "<b>x</b>"),
        ("a *b", "a *b"),
        (
            "| a | b |\n|--:|---|\n| 123 | c |",
            "  a │ b\n────┼──\n123 │ c",
        ),
        ("| a | b |\n| c | d |", "| a | b |\n| c | d |"),
        ("> a\nb", "│ a\n│ b"),
        ("- > a\n  > - b\n- c", "• │ a\n  │ • b\n• c"),
        ("- - a\n  - b", "• • a\n  • b"),
        ("1. a\n\n        - b\n        - c", "1. a\n\n   • b\n   • c"),
        ("- a\n\n      *b*", "• a\n\n  *b*"),
        ("- a\n-", "• a\n• "),
        (
            "[a](b c d) [a](<b c>) [a](b\\)c) [a](b",
            "[a](b c d) a (b c) a (b)c) [a](b",
        ),
        ("C:\\", "C:\\"),
        (
            "<https://a.b/_c_d> <mailto:a@b> <std::x y>",
            "https://a.b/_c_d mailto:a@b <std::x y>",
        ),
        ("end<br>", "end"),
        ("Setext\n===\nand", "Setext\nand"),
        (
            "of *two\nlines*\n-\n\n- a\n---",
            "of two\nlines\n\n• a\n────────────────────────────────────────",
        ),
        ("*two\nlines* **and", "two\nlines **and"),
        ("*a\nb* **c  \nd** e\\", "a\nb c\nd e\\"),
        (
            "&lt;b&gt; &amp; &copy;&#33; `&amp;` &no; *&ast;*",
            "<b> & ©! &amp; &no; *",
        ),
        ("&#42;a&#42; &#27;[31m b", "*a* ␛[31m b"),
        ("~~a~~ ~b~ ~~~c~~~ ~d~~", "a b ~~~c~~~ ~d~~"),
        ("H~2~O, ~5 or ~6", "H~2~O, ~5 or ~6"),
        ("1. [x] a\n   b\n2. [ ] c", "1. ☑ a\n     b\n2. ☐ c"),
        (
            "ああああああああああああああああああ、`b c d`。",
            "ああああああああああああああああああ、\nb c d。",
        ),
        (
            "a line that is just as long as this <br/> and",
            "a line that is just as long as this\nand",
        ),
        (
            "[a]: /b 'c'\n[D e]:\n<f>\ng [A], [h][a] [i][ D  E] ![a][] [j]",
            "a: /b 'c'\nD e:\nf\ng A (/b), h (/b) i (f) a (/b) [j]",
        ),
        ("[a]: b c\n[a]", "[a]: b c\n[a]"),
        ("a\n[a]: b\n[a]", "a\n[a]: b\n[a]"),
        ("[a]\n\n[a]: b\n\n[a]", "[a]\n\na: b\n\na (b)"),
        ("[*a](b) c* [d [e](f)](g)", "*a (b) c* [d e (f)](g)"),
        (
            "a[^1] [^note] [^a-z]\n[^1]: b\n  c\n[^note]: d",
            "a[1] [^note] [^a-z]\n[1] b\n    c\n[^note] d",
        ),
        ("1. a\n7. b\n   10) c", "1. a\n7. b\n   10) c"),
        (
            "<a href=\"*b*>\">*c*</a> <d@e.f> <g *h*>",
            "<a href=\"*b*>\">c</a> d@e.f <g *h*>",
        ),
        (
            "one<br>two<BR />three `<br>` <bra>",
            "one\ntwo\nthree <br> <bra>",
        ),
        (
            "- one two three four five six seven eight nine",
            "• one two three four five six seven\n  eight nine",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(shown(text, 40), expected, "{text}");
    }
}

#[test]
fn a_narrow_table_keeps_its_words() {
    let table = "| Setting | What it does |\n|---|---|\n\
                 | `--max-tokens` | limits the answer to some |\n| m | n |";
    assert_eq!(
        shown(table, 30),
        "Setting      │ What it does\n\
         ─────────────┼────────────────\n\
         --max-tokens │ limits the\n             \
         │ answer to some\n\
         m            │ n"
    );
    assert_eq!(
        shown(table, 20),
        "Setting:\n--max-tokens\n\
         What it does: limits\n\
         the answer to some\n\n\
         Setting: m\n\
         What it does: n"
    );
    assert_eq!(
        shown(
            "> - | a | b |\n>   |---|---|\n>   | `c d e f g h` | `i j k l m` |",
            22
        ),
        "│ • \n│   a: c d e f g h\n│   b: i j k l m"
    );
}

/// What is copied from a terminal has the line ends of its rows, and no others.
#[test]
fn no_line_end_of_ours_is_inside_code() {
    let command = "heroku ai:models:create -a my-app claude-4-sonnet --as CLAUDE";
    for width in [20, 40, 60] {
        let text = format!(
            "In a shell, run `{command}` and then **`{command}`**, or:\n\n- `{command}` in a list\n\n\
             ```sh\n{command}\n```\n> ~~~\n> {command}\n"
        );
        let rows = Markdown::new(width, 24).whole(&text);
        let whole = rows.lines().filter(|row| row.contains(command));
        assert_eq!(whole.count(), 5, "{rows}");
    }
}

#[test]
fn a_fence_may_open_on_the_line_of_an_item() {
    let table = [
        ("1. ```sh\n   # *c*\n   ```\n\n*d*", "1. sh\n   # *c*\n\nd"),
        ("- ~~~\n  *c*\n  ~~~\n- *d*", "•\n  *c*\n\n• d"),
        ("10) ````\n    ```\n    ````\n*d*", "10)\n    ```\n\nd"),
        (
            "- 1. ```\n     *c*\n     ```\n  2. *d*",
            "• 1.\n     *c*\n\n  2. d",
        ),
        ("> - ```\n>   *c*\n>   ```\n> *d*", "│ •\n│   *c*\n│\n│ d"),
        ("- > ```\n  > *c*\n  > ```\n  *d*", "• │\n  │ *c*\n\n  d"),
        ("> ```\n> *c*\n*d*", "│ *c*\n\nd"),
        ("-\t```\n\t*c*\n\t```\n*d*", "•\n  *c*\n\nd"),
        ("- [ ] ```\n  *c*\n  ```\n*d*", "☐\n  *c*\n\nd"),
        // The indent is forgotten.
        ("1. ```\n*c*\n```\n*d*", "1.\n   *c*\n\nd"),
        // Four columns or more open and close nothing.
        ("a\n    ```\n*d*", "a\n    ```\nd"),
        ("- a\n      ```\n*d*", "• a\n  ```\n  d"),
        ("-     ```\n\n*d*", "• ```\n\nd"),
        ("```\n    ```\n*c*", "    ```\n*c*"),
    ];
    for (text, expected) in table {
        let trimmed: Vec<String> = shown(text, 40)
            .lines()
            .map(|row| row.trim_end().to_owned())
            .collect();
        assert_eq!(trimmed.join("\n"), expected, "{text}");
    }
}

#[test]
fn a_formula_stays_as_it_is() {
    let same = [
        "Let \\(\\{1,2\\}\\) and $\\forall\\, x_i*y_i*z$ be",
        "$$\na = b \\\\\n- c\n+ e\n\n1. # of\n> *x*\n$$",
        "\\[\nE = mc^2\n    - 1\n\\]",
        "so \\(a *b*\n- c*d*\\) it is",
        "$\\alpha *a*\n+ \\beta$ it is",
        "$$a *b*\n- c$$",
        "where \\[a\\\\",
    ];
    for text in same {
        assert_eq!(shown(text, 60), text, "{text}");
    }
    let table = [
        ("*$5* and **$10**", "$5 and $10"),
        ("`$` *a* and `$` *b*", "$ a and $ b"),
        ("\\(a\n*b*\\) *c*\n- d", "\\(a\n*b*\\) c\n• d"),
        ("\\(a\n\n- *b*", "\\(a\n\n• b"),
        ("- $$\n  - c\n  $$\n- *d*", "• $$\n  - c\n  $$\n• d"),
        ("> \\[\n> - c\n> \\]\n\n*d*", "│ \\[\n│ - c\n│ \\]\n\nd"),
        ("echo $$ *a*\n- b", "echo $$ a\n• b"),
    ];
    for (text, expected) in table {
        assert_eq!(shown(text, 60), expected, "{text}");
    }
}

#[test]
fn a_row_keeps_all_its_text() {
    let table = [
        ("`a || b` | or", "a || b │ or"),
        ("`ls | wc` | count", "ls | wc │ count"),
        ("``a | ` | b`` | c", "a | ` | b │ c"),
        ("`a \\| b` | c", "a | b │ c"),
        ("` | `", "`   │ `"),
        ("$|x|$ | abs", "$|x|$ │ abs"),
        ("$5 | $6", "$5  │ $6"),
        ("1 | 2 | more | `x`", "1   │ 2 | more | x"),
        ("one<br>two | a<br/>b", "one │ a\ntwo │ b"),
        ("C:\\ | 2", "C:\\ │ 2"),
        ("1", "1   │"),
    ];
    for (row, expected) in table {
        let drawn = shown(&format!("| a1 | b |\n|---|---|\n| {row} |"), 60);
        let cell = |line: &str| {
            line.split('│')
                .map(|cell| cell.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let rows: Vec<_> = drawn.lines().skip(2).map(cell).collect();
        let expected: Vec<_> = expected.lines().map(cell).collect();
        assert_eq!(rows, expected, "{row}");
    }
    assert_eq!(
        shown("| `a|b` | c |\n|---|---|\n| 1 | 2 |", 40)
            .lines()
            .count(),
        3
    );
    assert_eq!(
        shown("- | a | b |\n  |---|---|\n  | 1 | 2 |", 40),
        "• a │ b\n  ──┼──\n  1 │ 2"
    );
}
