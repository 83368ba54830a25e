//! What is on the screen for what people and models write.

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
            "[a](b c d) a (b c) a (b\\)c) [a](b",
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
