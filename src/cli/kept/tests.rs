//! Lines that hold, lines that don't, and how lines are written.

use super::*;
use crate::cli::Args;

const FILE: &str = "# mine\n--model=first\n--no-markdown\n--app\tshop\n-m second\n\
    --stop END\n--stop 'a b'\n[app shop]\n--markdown\n[app other]\n--model of-other\n";

fn kept(text: &[u8]) -> Kept {
    let file = |name: &str| match name {
        "here.md" => Ok("/config/here.md".to_owned()),
        _ => Err("elsewhere".to_owned()),
    };
    Kept::read(text, "config", &Args::definition(), file)
}

fn shown(kept: &Kept, id: &str) -> String {
    let value = kept.value(id);
    value.map_or(String::new(), |it| {
        format!("{} {}", it.texts.join("|"), it.source)
    })
}

#[test]
fn later_lines_and_those_of_the_app_win_and_lists_grow() {
    let mut of_shop = kept(FILE.as_bytes());
    assert_eq!((of_shop.app(), of_shop.has_apps()), (Some("shop"), true));
    of_shop.choose(Some("shop"), |_| false);
    assert_eq!(shown(&of_shop, "model"), "second config:5");
    assert_eq!(shown(&of_shop, "markdown"), "on config:9");
    assert_eq!(shown(&of_shop, "stop"), "END|a b config:7");
    assert_eq!(shown(&of_shop, "app"), "shop config:4");
    let mut of_nobody = kept(FILE.as_bytes());
    of_nobody.choose(None, |name| name == "HEROKU_APP");
    assert_eq!(shown(&of_nobody, "markdown"), "off config:3");
    assert_eq!(shown(&of_nobody, "app"), "");
    assert!(of_shop.problems.is_empty(), "{:?}", of_shop.problems);
}

#[test]
fn a_line_that_holds_nothing_is_named_without_its_words() {
    let table: [(&[u8], &str); 24] = [
        (
            b"--url=https://inf-1.example",
            "--url is not taken from a file: URL and key",
        ),
        (b"--key-file inf-1", "--key-file is not taken"),
        (b"--env-file /inf-1", "--env-file is not taken"),
        (
            b"INFERENCE_KEY=inf-1",
            "URL and key stand in the environment",
        ),
        (b"export MY_MODEL_URL=https://inf-1", "URL and key stand"),
        (b"key inf-1", "URL and key stand"),
        (
            b"--yes",
            "--yes is not taken from a file: it is said each time",
        ),
        (b"--explain", "--explain is not taken"),
        (b"--allow-http", "--allow-http is not taken"),
        (
            b"--ALLOW-mixed-sources",
            "--allow-mixed-sources is not taken",
        ),
        (b"--file=inf-1", "--file is not taken"),
        (b"--all", "--all is not taken"),
        (b"ask inf-1", "this is no flag"),
        (b"inf-1", "this is no flag"),
        (b"--inf-1", "this is no flag"),
        (b"--help", "--help is not taken"),
        (b"--system 'inf-1", "a quote in it is not closed"),
        (b"--system \x1b]0;inf-1\x07", "a control character is in it"),
        (b"--model a\0inf-1", "a control character is in it"),
        (b"--model \xff inf-1", "this is not UTF-8 text"),
        (b"--json --debug", "a line holds one flag"),
        (
            b"--temperature inf-1",
            "--temperature takes a number from 0 to 1",
        ),
        (b"--model", "--model takes a value"),
        (b"[app", "no part of the file begins so"),
    ];
    for (line, words) in table {
        let text = [b"\xef\xbb\xbf--json\r\n  ", line, b"\n--debug\n"].concat();
        let mut kept = kept(&text);
        kept.choose(None, |_| false);
        let problem = kept.problems.concat();
        assert!(
            problem.starts_with(&format!("config:2: {words}")),
            "{words}: {problem}"
        );
        assert!(!problem.contains("inf-1"), "{problem}");
        // A part that nobody can name is nobody's.
        let below = if line[0] == b'[' { "" } else { "on config:3" };
        assert_eq!(
            (shown(&kept, "json"), shown(&kept, "debug")),
            ("on config:1".into(), below.into())
        );
    }
    let circle = kept(b"[app shop]\n--app other\n--remote inf-1\n");
    assert_eq!(circle.problems.len(), 2, "{:?}", circle.problems);
    let many = kept("x\n".repeat(100).as_bytes());
    assert_eq!(many.problems.len(), MOST_PROBLEMS + 1);
    assert_eq!(
        many.problems[MOST_PROBLEMS],
        "config: and 95 such lines more"
    );
}

#[test]
fn a_system_prompt_is_read_from_beside_the_file_only() {
    let mut kept = kept(b"--system @here.md\n--system=@/etc/passwd\n");
    kept.choose(None, |_| false);
    assert_eq!(shown(&kept, "system"), "@/config/here.md config:1");
    assert_eq!(kept.problems, ["config:2: elsewhere"]);
}

#[test]
fn flags_beat_what_is_kept_whatever_their_spelling() {
    let parsed = |text: &str, words: &[&str]| {
        let mut kept = kept(text.as_bytes());
        kept.choose(None, |_| false);
        let words = [&["heroku-chat", "ask"], words].concat();
        let mut root = Args::definition();
        let mut matches = root.try_get_matches_from_mut(&words).unwrap();
        if let Some(definition) = kept.as_defaults(&matches, root) {
            matches = definition.try_get_matches_from(words).unwrap();
        }
        let ask = matches.subcommand().unwrap().1.clone();
        let names = kept.others().map(|it| it.name.clone());
        (ask, names.collect::<Vec<_>>().join(" "))
    };
    let json = |(ask, names): (ArgMatches, String)| (ask.get_flag("json"), names);
    assert_eq!(json(parsed("--json", &[])), (true, "json".into()));
    assert_eq!(json(parsed("--json", &["--no-json"])), (false, "".into()));
    assert_eq!(
        json(parsed("--json\n--no-json", &[])),
        (false, "json".into())
    );
    assert_eq!(json(parsed("--no-json", &["--json"])), (true, "".into()));
    assert_eq!(json(parsed("--json", &["--code"])), (false, "".into()));
    assert_eq!(json(parsed("--code\n--json", &[])), (true, "json".into()));
    assert_eq!(
        json(parsed("--json\n--no-code", &[])),
        (true, "code json".into())
    );
    let app = |(ask, names): (ArgMatches, String)| (ask.get_one::<String>("app").cloned(), names);
    let shop = Some("shop".to_owned());
    assert_eq!(app(parsed("--app shop", &[])), (shop, "app".into()));
    assert_eq!(app(parsed("--app shop", &["-r", "x"])), (None, "".into()));
    assert_eq!(app(parsed("--app shop\n--remote y", &[])).0, None);
    let direct = |(ask, _): (ArgMatches, String)| ask.get_flag("direct");
    assert!(!direct(parsed("--no-direct", &[])));
    assert!(direct(parsed("--no-direct", &["--direct"])));
    let session = |(ask, _): (ArgMatches, String)| ask.contains_id("session");
    assert!(session(parsed("--session x", &[])));
    assert!(!session(parsed("--session x", &["--continue"])));
    assert!(!session(parsed("--session x\n--continue", &[])));
    assert!(session(parsed("--session x\n--no-continue", &[])));
    let (ask, _) = parsed("--timeout 7", &[]);
    assert_eq!(ask.get_one::<u64>("timeout"), Some(&7));
}

#[test]
fn what_is_written_leaves_all_other_lines_as_they_are() {
    let root = Args::definition();
    let set = |text: &str, name: &str, value: Option<&str>, app: Option<&str>| {
        let (line, flag) = line(name, value, app, &root).unwrap();
        edited(text, &flag, Some(&line), &root)
    };
    let table = [
        ("", "model", Some("m"), None, "--model=m\n"),
        ("# a", "stream", Some("off"), None, "# a\n--no-stream\n"),
        ("", "no-stream", None, None, "--no-stream\n"),
        ("", "--no_stream", Some("off"), None, "--stream\n"),
        (
            "",
            "system",
            Some("two words"),
            None,
            "--system='two words'\n",
        ),
        (
            "",
            "model",
            Some("m"),
            Some("shop"),
            "[app shop]\n--model=m\n",
        ),
        (
            "-m x # old\n\n# b\n",
            "model",
            Some("m"),
            None,
            "--model=m\n\n# b\n",
        ),
        (
            "junk \r\n\n[app shop]\n-m x\n",
            "json",
            None,
            None,
            "junk \r\n--json\n\n[app shop]\n-m x\n",
        ),
        (
            "-m x\n[app shop]\n-m y\n[app z]\n",
            "model",
            Some("m"),
            Some("shop"),
            "-m x\n[app shop]\n--model=m\n[app z]\n",
        ),
        (
            "-m x",
            "model",
            Some("m"),
            Some("shop"),
            "-m x\n\n[app shop]\n--model=m\n",
        ),
        ("[app", "json", None, None, "--json\n[app"),
    ];
    for (text, name, value, app, expected) in table {
        assert_eq!(set(text, name, value, app), expected, "{text:?}");
    }
    let flag = flag_to_unset("markdown", None, &root).unwrap();
    let text = "--markdown\n#\n--no-markdown\n[app shop]\n--markdown\n";
    assert_eq!(
        edited(text, &flag, None, &root),
        "#\n[app shop]\n--markdown\n"
    );
    for (name, value) in [
        ("url", Some("https://x")),
        ("yes", None),
        ("model", None),
        ("nosuch", Some("x")),
        ("temperature", Some("2")),
        ("markdown", Some("maybe")),
        ("model", Some("a\nb")),
    ] {
        assert!(line(name, value, None, &root).is_err(), "{name}");
    }
    assert!(line("app", Some("x"), Some("shop"), &root).is_err());
}
