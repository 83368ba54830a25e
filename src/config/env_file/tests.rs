//! What is read of a line, and what is left of a file that is written again.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> EnvFile {
    EnvFile::parse(
        Path::new(".env"),
        text,
        &["INFERENCE_URL".to_owned(), "INFERENCE_KEY".to_owned()],
    )
}

fn get<'a>(file: &'a EnvFile, name: &str) -> Option<(&'a str, usize)> {
    file.get(name).map(|(value, line)| (value.expose(), line))
}

fn secrets(values: &[(&str, &str)]) -> Vec<(String, Secret)> {
    let secret = |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new(*value));
    values.iter().map(secret).collect()
}

#[test]
fn every_usual_way_to_write_a_line_is_read() {
    let table = [
        "INFERENCE_KEY=inf-1",
        "export INFERENCE_KEY=inf-1",
        "  INFERENCE_KEY = inf-1  ",
        "INFERENCE_KEY='inf-1'",
        "INFERENCE_KEY=\"inf-1\" # the key",
        "INFERENCE_KEY=inf-1\r",
        "\u{feff}INFERENCE_KEY=inf-1",
        "INFERENCE_KEY=other\nINFERENCE_KEY=inf-1",
        "OTHER='it's broken\nINFERENCE_KEY=inf-1",
        "{\"not\": \"env\"}\nINFERENCE_KEY=inf-1\n\n",
    ];
    for text in table {
        let file = parse(text);
        assert_eq!(
            get(&file, "INFERENCE_KEY").map(|(value, _)| value),
            Some("inf-1"),
            "{text:?}"
        );
        assert_eq!(file.warnings, Vec::<String>::new(), "{text:?}");
    }
}

/// What bash makes of each, with `set -a`.
#[test]
fn quotes_escapes_and_comments_mean_what_they_mean_to_a_shell() {
    let table = [
        ("a#b", "a#b"),
        ("#b", "#b"),
        ("'a#b'", "a#b"),
        ("a\t# b", "a"),
        ("'a'#b", "a#b"),
        ("'a' #b", "a"),
        ("a\\ #b", "a #b"),
        ("a\\nb", "anb"),
        ("\"a\\nb\"", "a\\nb"),
        ("\"a\\tb\"", "a\\tb"),
        ("'a\\nb'", "a\\nb"),
        ("'C:\\dir\\'", "C:\\dir\\"),
        ("\"a\\\"b\"", "a\"b"),
        ("\"a\\\\b\"", "a\\b"),
        ("'a'\"b\"c", "abc"),
        ("it\\'s", "it's"),
        ("'it'\\''s'", "it's"),
        ("a=b==", "a=b=="),
        ("a\\;b", "a;b"),
        ("'a b;c|d'", "a b;c|d"),
        ("{\"a\":1}", "{a:1}"),
        ("''", ""),
    ];
    for (line, expected) in table {
        let file = parse(&format!("INFERENCE_KEY={line}\n"));
        let values: Vec<&str> = file
            .variables
            .iter()
            .map(|(_, it, _)| it.expose())
            .collect();
        assert_eq!(values, [expected], "{line}: {:?}", file.warnings);
    }
}

#[test]
fn no_line_of_another_value_is_a_setting() {
    for text in [
        "NOTE=\"how:\nINFERENCE_KEY=a\n\"\n",
        "export NOTE='how:\r\nINFERENCE_KEY=a\r\n'\r\n",
        "NOTE=\"say \\\"x:\nINFERENCE_KEY=a\n'\"\n",
        "NOTE = 'a'\"\nINFERENCE_KEY=a\n\" # it's\n",
        "INFERENCE_URLS='\nINFERENCE_KEY=a'",
        "NOTE=see\"\nINFERENCE_KEY=a\"",
    ] {
        let file = parse(&format!("{text}\nINFERENCE_URL=b"));
        assert_eq!(file.variables.len(), 1, "{text:?}");
        assert_eq!(file.warnings, Vec::<String>::new(), "{text:?}");
        assert_eq!(
            get(&file, "INFERENCE_URL"),
            Some(("b", 2 + text.matches('\n').count()))
        );
    }
    // These are letters to most readers of env files, and open nothing.
    for text in [
        "NOTE=it's\n",
        "NOTE='open\n",
        "# don't\n",
        "A=1 # don't\n",
        "A=a\\'\n",
    ] {
        let file = parse(&format!("{text}INFERENCE_KEY=a\n# and so on\n"));
        assert_eq!(get(&file, "INFERENCE_KEY"), Some(("a", 2)), "{text:?}");
    }
}

#[test]
fn a_line_that_only_passes_on_sets_nothing() {
    for line in [
        "export INFERENCE_KEY",
        "export INFERENCE_URL INFERENCE_KEY",
        "set -a",
        "unset OTHER",
        "NOTE='see INFERENCE_KEY=x'",
    ] {
        let file = parse(&format!("INFERENCE_KEY=inf-1\n{line}\n"));
        assert_eq!(get(&file, "INFERENCE_KEY"), Some(("inf-1", 1)), "{line}");
        assert_eq!(file.warnings, Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_line_that_was_outdone_is_no_concern() {
    let file = parse("INFERENCE_KEY=$(get it)\nINFERENCE_KEY: x\nINFERENCE_KEY=inf-1\n");
    assert_eq!(file.warnings, Vec::<String>::new());
    assert_eq!(
        parse("INFERENCE_KEY=inf-1\nINFERENCE_KEY=$x\n")
            .warnings
            .len(),
        1
    );
}

#[test]
fn a_file_in_another_encoding_is_told_unless_it_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let names = ["INFERENCE_KEY".to_owned()];
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        EnvFile::read(&path, &names)
    };
    let text = "INFERENCE_KEY=inf-1\n";
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect();
    let (little, big): (Vec<u8>, Vec<u8>) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
    for bytes in [[&[0xff, 0xfe], &little[..]].concat(), little, big] {
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains("UTF-16"), "{error}");
    }
    let file = read(b"# caf\xe9\0\nINFERENCE_KEY=inf-1").unwrap();
    assert_eq!(get(&file, "INFERENCE_KEY"), Some(("inf-1", 2)));
    assert!(
        super::text(&path).is_err(),
        "it could not be written as it was"
    );
    assert_eq!(read(b"INFERENCE_KEY=caf\xe9").unwrap().warnings.len(), 1);
    assert_eq!(read(b"INFERENCE_KEY=a\0b").unwrap().warnings.len(), 1);
    assert!(read(&vec![b'#'; SIZE_LIMIT + 1]).is_err());
}

#[test]
fn a_line_that_cannot_be_read_is_named_by_number_and_not_by_content() {
    for line in [
        "INFERENCE_KEY",
        "INFERENCE_KEY: inf-secret",
        "INFERENCE_KEY=inf-secret b",
        "INFERENCE_KEY='inf-secret",
        "INFERENCE_KEY=`secret`",
        "INFERENCE_KEY=inf-secret;",
        "INFERENCE_KEY=<inf-secret>",
        "INFERENCE_KEY=inf-secret\\",
        "INFERENCE_KEY=inf-secret\rX=1",
        "A=1 INFERENCE_KEY=inf-secret",
        "export A=1 INFERENCE_KEY=inf-secret",
        "export A INFERENCE_KEY=inf-secret",
        "declare -x INFERENCE_KEY=\"inf-secret\"",
        "readonly INFERENCE_KEY=inf-secret",
        "INFERENCE_KEY+=inf-secret",
    ] {
        let file = parse(&format!(
            "# comment\n{line}\nINFERENCE_URL=https://example.com\n"
        ));
        assert_eq!(file.warnings.len(), 1, "{line}");
        assert!(
            file.warnings[0].starts_with("line 2 of .env "),
            "{:?}",
            file.warnings
        );
        assert!(!file.warnings[0].contains("secret"), "{:?}", file.warnings);
        assert_eq!(
            get(&file, "INFERENCE_URL"),
            Some(("https://example.com", 3))
        );
    }
}

#[test]
fn nothing_of_the_environment_gets_into_a_value() {
    for line in [
        "INFERENCE_KEY=$HOME",
        "INFERENCE_KEY=\"x${PATH}\"",
        "INFERENCE_URL=https://example.com/$PATH",
        "INFERENCE_KEY=a#$HOME",
        "INFERENCE_KEY='a'$HOME",
        "INFERENCE_KEY='a'#$HOME",
        "INFERENCE_KEY=\"a # $HOME\"",
        "INFERENCE_KEY=a\\ #$HOME",
        "INFERENCE_KEY='a\\'$HOME'",
    ] {
        let file = parse(line);
        assert_eq!(file.variables, vec![], "{line}");
        assert_eq!(file.warnings.len(), 1, "{line}");
    }
    assert_eq!(
        get(&parse("INFERENCE_KEY='a$b'"), "INFERENCE_KEY"),
        Some(("a$b", 1))
    );
    assert_eq!(
        get(&parse("INFERENCE_KEY=ab # costs $5"), "INFERENCE_KEY"),
        Some(("ab", 1))
    );
}

#[test]
fn other_variables_and_longer_names_are_left_alone() {
    let file = parse(
        "INFERENCE_KEYS=a\nMY_INFERENCE_KEY=b\nDATABASE_URL=$x\n# INFERENCE_KEY=c\nINFERENCE_KEY=\n",
    );
    assert_eq!(get(&file, "INFERENCE_KEY"), None);
    assert_eq!(file.warnings, Vec::<String>::new());
}

#[test]
fn values_replace_their_lines_and_leave_all_others_alone() {
    let values = secrets(&[("INFERENCE_URL", "https://new"), ("INFERENCE_KEY", "inf-2")]);
    let table = [
        ("", "INFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n"),
        (
            "A=1",
            "A=1\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n",
        ),
        (
            "# ours\nexport INFERENCE_KEY='inf-1' # old\n\nB='x\nINFERENCE_KEY=again\nINFERENCE_URL=https://old\r\nZ=9\n",
            "# ours\nexport INFERENCE_KEY=inf-2 # old\n\nB='x\nINFERENCE_URL=https://new\r\nZ=9\n",
        ),
        (
            "\u{feff}INFERENCE_KEY=x\r\nA=1",
            "\u{feff}INFERENCE_KEY=inf-2\r\nA=1\r\nINFERENCE_URL=https://new\r\n",
        ),
        (
            "#INFERENCE_URL=x\nINFERENCE_URL",
            "#INFERENCE_URL=x\nINFERENCE_URL\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n",
        ),
        (
            "A=1\nINFERENCE_URL=x\nINFERENCE_KEY=y\nexport INFERENCE_URL INFERENCE_KEY\n",
            "A=1\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\nexport INFERENCE_URL INFERENCE_KEY\n",
        ),
        (
            "NOTE=\"how:\nINFERENCE_KEY=here\n\"\nB='\nINFERENCE_URL=\n'\n",
            "NOTE=\"how:\nINFERENCE_KEY=here\n\"\nB='\nINFERENCE_URL=\n'\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n",
        ),
        (
            "INFERENCE_URL=x\nINFERENCE_KEY='a #b' # c\nINFERENCE_URL=$(get it)\n",
            "INFERENCE_KEY=inf-2 # c\nINFERENCE_URL=$(get it)\nINFERENCE_URL=https://new\n",
        ),
        (
            "export\tINFERENCE_URL = x\nA=1 INFERENCE_KEY=y\nINFERENCE_URL: z",
            "A=1 INFERENCE_KEY=y\nINFERENCE_URL: z\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n",
        ),
    ];
    for (before, after) in table {
        assert_eq!(with_values(before, &values), after, "{before:?}");
        assert_eq!(
            with_values(after, &values),
            after,
            "a second time: {after:?}"
        );
    }
}

#[test]
fn what_was_written_is_read_back() {
    for value in [
        "https://us.inference.heroku.com",
        "inf-0123",
        "a b",
        "pa$$word",
        "x#y",
    ] {
        let text = with_values("", &secrets(&[("INFERENCE_KEY", value)]));
        assert_eq!(
            get(&parse(&text), "INFERENCE_KEY"),
            Some((value, 1)),
            "{text:?}"
        );
    }
}

const PARTS: &[&str] = &[
    "INFERENCE_KEY",
    "INFERENCE_URL",
    "export ",
    "A",
    "=",
    "'",
    "\"",
    "\\",
    "#",
    " ",
    "\t",
    "\n",
    "\r\n",
    "$",
    "`",
    "inf-1",
    "https://x",
    ":",
    "+",
    ";",
    "é",
    "\u{feff}",
    "declare ",
    "\0",
];

proptest! {
    #[test]
    fn a_value_is_read_back_from_any_file_unless_a_quote_there_takes_it_in(
        parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..40),
        value in "[!-&(-~]([ -&(-~]{0,20}[!-&(-~])?",
    ) {
        let before = parts.concat();
        let values = secrets(&[("INFERENCE_KEY", &value)]);
        let after = with_values(&before, &values);
        if gives(&after, &values) {
            prop_assert_eq!(with_values(&after, &values), after);
        } else {
            prop_assert!(before.contains(['\'', '"', '\\']), "{:?}", after);
        }
        // Warnings hold nothing of a line.
        for warning in parse(&before).warnings {
            prop_assert!(!warning.contains("inf-1"), "{}", warning);
        }
    }
}
