//! What is coloured in code, and that nothing of it is lost.

use proptest::prelude::*;

use super::Markdown;
use super::code::Code;
use super::languages::{COMMENT, KEYWORD, NAME, STRING};
use super::style::Style;

/// Code with its styles: `K` keywords and numbers, `S` strings, `C` comments, `N` names, `R` red,
/// `B` bold; the others as they are.
fn marked(label: &str, text: &str) -> String {
    let marks = [
        (KEYWORD, 'K'),
        (STRING, 'S'),
        (COMMENT, 'C'),
        (NAME, 'N'),
        (Style::RED, 'R'),
        (Style::BOLD, 'B'),
    ];
    let (mut out, mut space, mut last) = (String::new(), String::new(), None);
    for (text, style) in spans(label, text) {
        if text.trim().is_empty() {
            space.push_str(&text);
            continue;
        }
        let mark = marks.iter().find(|(known, _)| *known == style);
        let mark = mark.map(|(_, mark)| *mark);
        if mark != last {
            out.extend(last.map(|_| ']'));
            out.push_str(&std::mem::take(&mut space));
            out.extend(mark.into_iter().flat_map(|mark| [mark, '[']));
            last = mark;
        }
        out.extend([std::mem::take(&mut space), text]);
    }
    out.extend(last.map(|_| ']'));
    out + &space
}

fn spans(label: &str, text: &str) -> Vec<(String, Style)> {
    let (mut code, mut spans) = (Code::new(label), Vec::new());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            spans.push(("\n".to_owned(), Style::PLAIN));
        }
        code.read_line(line, |text, style| spans.push((text.to_owned(), style)));
    }
    spans
}

#[test]
fn what_is_coloured() {
    let table = [
        (
            "ruby",
            "def x # a\n  @a = :b, {c: 1} \"#{d}\" if A::B.class",
            "K[def] x C[# a]\n  N[@a] = N[:b], {N[c]: K[1]} S[\"#{d}\"] K[if] A::B.class",
        ),
        (
            "rb",
            "x = <<~SQL, 1\n  end\n  SQL\nend",
            "x = S[<<~SQL], K[1]\n  S[end\n  SQL]\nK[end]",
        ),
        (
            "Ruby title=\"x\"",
            "=begin\na\n=end b\n'it\\'s' c'd",
            "C[=begin\na\n=end] b\nS['it\\'s'] c'd",
        ),
        (
            "py",
            "@app.get('/')\nasync def f(): return f'{x}' + 1_0.5 # é",
            "N[@app].get(S['/'])\nK[async def] f(): K[return] fS['{x}'] + K[1_0.5] C[# é]",
        ),
        (
            "python",
            "\"\"\"a\n\"b\" in\"\"\" in ''",
            "S[\"\"\"a\n\"b\" in\"\"\"] K[in] S['']",
        ),
        (
            "js",
            "const a = `b\n${c}` / 2 // d\n/* e\n*/f('g",
            "K[const] a = S[`b\n${c}`] / K[2] C[// d\n/* e\n*/]f(S['g]",
        ),
        (
            "tsx",
            "let iffy: string = \"\\\"if\"",
            "K[let] iffy: K[string] = S[\"\\\"if\"]",
        ),
        (
            "go",
            "func a() { b := `c\\` + 'd' }",
            "K[func] a() { b := S[`c\\`] + S['d'] }",
        ),
        (
            "java",
            "@A public int b = 0x1F; \"\"\"\n\" c\"\"\"",
            "N[@A] K[public int] b = K[0x1F]; S[\"\"\"\n\" c\"\"\"]",
        ),
        (
            "php",
            "<?php echo \"a $b[1]\" . $c->d; // e",
            "<?K[php echo] S[\"a] N[$b]S[[1]\"] . N[$c]->d; C[// e]",
        ),
        (
            "scala",
            "/* a /* b */ c */ val d = 'e' + 'f",
            "C[/* a /* b */ c */] K[val] d = S['e'] + 'f",
        ),
        (
            "clj",
            "(defn a-b? [x] :c/d \"e\n\") ; f",
            "(K[defn] a-b? [x] N[:c/d] S[\"e\n\"]) C[; f]",
        ),
        (
            "rs",
            "fn f<'a>(x: &'a str) { r#\"\"b\"\\\"# 'c' '\\'' }",
            "K[fn] f<'a>(x: &'a K[str]) { S[r#\"\"b\"\\\"# 'c' '\\''] }",
        ),
        (
            "sh",
            "if [ $# -gt 1 ]; then echo \"a $B ${C:-d}\" 'e\nf' # g'\nfi",
            "K[if] [ N[$#] -gt 1 ]; K[then] echo S[\"a] N[$B ${C:-d}]S[\" 'e\nf'] C[# g']\nK[fi]",
        ),
        (
            "bash",
            "cat <<'EOF' > a#b\nif $x\nEOFX\nEOF\ndone",
            "cat S[<<'EOF'] > a#b\nS[if $x\nEOFX\nEOF]\nK[done]",
        ),
        (
            "console",
            "$ heroku run --if\nwe don't $PORT",
            "$ heroku run --if\nwe don't N[$PORT]",
        ),
        (
            "sql",
            "Select * from a where b = 'c''d' -- e\n",
            "K[Select] * K[from] a K[where] b = S['c''d'] C[-- e]\n",
        ),
        (
            "yml",
            "- a-b: c # d\n  \"e f\": 'g' # h\nurl: http://x:1 true",
            "- N[a-b]: c C[# d]\n  N[\"e f\"]: S['g'] C[# h]\nN[url]: http://x:K[1 true]",
        ),
        (
            "json",
            "{\"a \\\" b\" : [\"c\", -1.5, null]}",
            "{N[\"a \\\" b\"] : [S[\"c\"], -K[1.5], K[null]]}",
        ),
        (
            "toml",
            "[a.b] # c\nd-e = 'f\\' # g\n\"h\"=1",
            "N[[a.b] # c\nd-e] = S['f\\'] C[# g]\nN[\"h\"]=K[1]",
        ),
        (
            "html",
            "<!-- a\n--><a b-c=\"d\n>\">it's if</a>",
            "C[<!-- a\n-->]K[<a] N[b-c]=S[\"d\n>\"]>it's if</a>"
                .replace("</a>", "K[</a]>")
                .leak(),
        ),
        (
            "css",
            "a.b:hover { color: #fff; width: 10px } /* c */ @media",
            "a.b:hover { N[color]: N[#fff]; N[width]: K[10px] } C[/* c */] K[@media]",
        ),
        (
            "dockerfile",
            "FROM a AS b\nrun c run $D && \\\n  x",
            "K[FROM] a AS b\nK[run] c run N[$D] && \\\n  x",
        ),
        (
            "Procfile",
            "web: bin/x -p $PORT\nrelease: rake db:x",
            "N[web]: bin/x -p N[$PORT\nrelease]: rake db:x",
        ),
        (
            "diff",
            "--- a\n+++ b\n@@ -1 @@\n-c\n+d\n e\n",
            "B[--- a\n+++ b]\nN[@@ -1 @@]\nR[-c]\nS[+d]\n e\n",
        ),
        ("text", "if 1", "N[if 1]"),
        ("", "if 1", "N[if 1]"),
    ];
    let differ = table
        .iter()
        .filter(|(label, code, expected)| marked(label, code) != *expected);
    let differ = differ
        .map(|(label, code, expected)| format!("{label}\n{}\n{expected}\n", marked(label, code)));
    assert_eq!(differ.collect::<String>(), "");
}

#[test]
fn code_is_set_apart_but_nothing_is_added_to_it() {
    for (text, expected) in [
        ("a\n```sh\nls\n```\nb", "a\n\n\x1b[2msh\x1b[0m\nls\n\nb\n"),
        (
            "a\n\n```\nls\n\n```\n\nb",
            "a\n\n\x1b[36mls\x1b[0m\n\nb\n"
                .replace("\n\nb", "\n\n\nb")
                .leak(),
        ),
        ("```a```\nb", "\x1b[36ma\x1b[0m\nb\n"),
        (
            "- a\n  ```\n  b\n  ```\n- c",
            "• a\n\n  \x1b[36mb\x1b[0m\n\n• c\n",
        ),
        (
            "```\na\n```\n```\nb\n```",
            "\x1b[36ma\x1b[0m\n\n\x1b[36mb\x1b[0m\n",
        ),
    ] {
        assert_eq!(Markdown::new(40, 24).whole(text), expected, "{text}");
    }
}

#[test]
fn without_colours_all_the_rest_is_as_before() {
    let text =
        "# *a* `b`\n**c** `` e`f `` ~~d~~\n\n| `g` |\n|---|\n| 1 |\n```rb\nif 1\n```\n> [h](i)";
    let expected = "\x1b[1;3;4ma\x1b[0m\x1b[1;4m \x1b[0m\x1b[1;4m`b`\x1b[0m\n\x1b[1mc\x1b[0m `` e`f `` \x1b[9md\x1b[0m\n\n";
    let out = Markdown::new(40, 24).without_colors().whole(text);
    assert!(out.starts_with(expected), "{out:?}");
    assert!(out.contains("\nif 1") && out.contains("`g`"), "{out:?}");
    for code in ["[2m", ";2", "[3", ";3m", "[36m"] {
        assert!(!out.replace("[1;3;4m", "").contains(code), "{out:?}");
    }
}

/// What was decided before isn't decided again.
#[test]
fn a_line_without_end_takes_linear_time() {
    for unit in ["x", "\"", "a.b ", "/*", "${", "'", "<<A", "1.", "\\"] {
        for label in ["rb", "json", "rs", "sh", "html", "yaml"] {
            let (mut markdown, mut out) = (Markdown::new(200, 50), String::new());
            let text = format!("```{label}\n{}", unit.repeat(30_000 / unit.len()));
            for piece in text.as_bytes().chunks(4) {
                markdown.push(std::str::from_utf8(piece).expect("ASCII"), &mut out);
            }
            markdown.end(&mut out);
            assert!(out.len() < 20 * text.len(), "{unit} {label} {}", out.len());
        }
    }
}

proptest! {
    #[test]
    fn the_text_of_the_spans_is_the_code(
        label in proptest::sample::select(&["rb", "py", "ts", "go", "java", "php", "scala", "clj", "rs", "sh",
            "console", "sql", "yaml", "json", "toml", "html", "css", "dockerfile", "procfile", "diff", "x"][..]),
        code in "([-#'\"`/*\\\\<>{}$:=@+.;!?%\\[\\]()| \n\t]|[a-cA-C1_]|if|end|<<A|\"\"\"|'''|<!--|-->|r#\"|你|é|\u{301}){0,80}",
    ) {
        let spans = spans(label, &code);
        prop_assert_eq!(spans.into_iter().map(|(text, _)| text).collect::<String>(), code);
    }
}
