//! Prompts that have a name: in the shell, in the chat, and in files that mean no good.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::support::{Api, KEY, Program, Terminal, fifo};

/// Puts a prompt into the folder of the user's own.
fn own(program: &Program, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let folder = program.home().join(".config/heroku-chat/prompts");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), text).expect("a prompt");
    folder.join(name)
}

/// What was sent last: the model, the system prompt and the prompt.
fn sent(api: &Api) -> (String, Option<String>, String) {
    let body = api.requests().pop().expect("a request").json();
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let text = |message: &serde_json::Value| message["content"].as_str().map(str::to_owned);
    let system = messages.first().filter(|first| first["role"] == "system");
    let model = body["model"].as_str().expect("a model").to_owned();
    (
        model,
        system.and_then(text),
        messages.last().and_then(text).expect("a prompt"),
    )
}

#[test]
fn a_prompt_is_filled_and_asked_with_what_its_head_says_unless_a_flag_does() {
    let api = Api::tokens(&["got it"]);
    let program = Program::for_service(&api.url());
    own(
        &program,
        "greet.md",
        "---\nabout: greet somebody\nmodel: other-model\nmax-tokens: 9\nsystem: @.env\n---\n\
         Greet {{1}} ({{args}}).\n\n{{stdin}}\n",
    );
    program.file(".env", "SECRET=1\n");
    let run = |words: &[&str], input: &str| {
        program
            .run_with_input(&[&["ask"], words].concat(), input)
            .expect_code(0);
        sent(&api)
    };
    let (model, system, prompt) = run(&["@greet", "{{stdin}}", "y"], "from {{1}}\n");
    assert_eq!((&*model, system.as_deref()), ("other-model", Some("@.env")));
    assert_eq!(prompt, "Greet {{stdin}} ({{stdin}} y).\n\nfrom {{1}}");
    assert_eq!(api.requests()[0].json()["max_tokens"], 9);
    let (model, system, _) = run(
        &[
            "-m",
            "mine",
            "--system",
            "s",
            "--max-tokens",
            "7",
            "@greet",
            "x",
        ],
        "",
    );
    assert_eq!((&*model, system.as_deref()), ("mine", Some("s")));
    assert_eq!(api.requests()[1].json()["max_tokens"], 7);
    // A path; and words that are none of a prompt.
    program.file("x.md", "of a path: {{args}}");
    assert_eq!(run(&["@./x.md", "a", "b"], "").2, "of a path: a b");
    assert_eq!(run(&["@greet says hi"], "").2, "@greet says hi");
    assert_eq!(run(&["hi", "@greet"], "").2, "hi @greet");
    assert_eq!(run(&["@types/node"], "").2, "@types/node");
    // One that is built in, and the user's own in its place.
    assert!(run(&["@commit"], "+1\n").2.ends_with("<diff>\n+1\n</diff>"));
    let (_, _, prompt) = run(&["-f", "x.md", "@review"], "and this");
    let subject = "<code>\nx.md:\n```md\nof a path: {{args}}\n```\n\nand this\n</code>";
    assert!(prompt.ends_with(subject), "{prompt}");
    own(&program, "commit.md", "mine");
    assert_eq!(run(&["@commit"], "+1\n").2, "mine\n\n+1");

    let requests = api.requests().len();
    let refused = |words: &[&str], why: &str| {
        program
            .run_with_input(words, "")
            .expect_code(1)
            .expect_error(why);
    };
    refused(
        &["ask", "@review"],
        "It is about what stands on standard input",
    );
    let run = program.run_with_input(&["ask", "@greet"], "input");
    run.expect_code(1)
        .expect_error("a place for word 1 behind its name, and there are 0");
    refused(&["ask", "@comit"], "Did you mean @commit?");
    refused(&["prompts", "show", "../x"], "There is none of this name");
    assert_eq!(api.requests().len(), requests);
}

#[test]
fn prompts_are_listed_shown_and_made_ones_own() {
    let program = Program::new().with("EDITOR", "editor");
    program.command(
        "editor",
        "case $ADD in '') ;; *) echo \"$ADD\" >> \"$1\" ;; esac",
    );
    let run = |words: &[&str]| program.run(&[&["prompts"], words].concat());
    let list = run(&[]).expect_code(0).stdout;
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        names,
        [
            "NAME",
            "commit",
            "explain",
            "procfile",
            "release-notes",
            "review"
        ]
    );
    assert!(!list.contains("yours"), "{list}");
    let built_in = run(&["show", "commit"]).expect_code(0).stdout;
    assert!(
        built_in.starts_with("---\nabout: write a commit message"),
        "{built_in}"
    );
    run(&["edit", "commit"])
        .expect_code(0)
        .expect_error("nothing is written");
    run(&["edit", "a/b"])
        .expect_code(1)
        .expect_error("letters, digits");
    assert!(!program.home().join(".config").exists());

    let program = program.with("ADD", "In German.");
    let run = |words: &[&str]| program.run(&[&["prompts"], words].concat());
    for name in ["commit", "new"] {
        run(&["edit", name])
            .expect_code(0)
            .expect_error(&format!("@{name} is "));
    }
    let shown = run(&["show", "commit"]).expect_code(0).stdout;
    assert_eq!(shown, built_in.trim_end().to_owned() + "\nIn German.\n");
    let list = run(&["list"]).stdout;
    assert!(
        list.contains("commit         yours") && list.contains("new            yours"),
        "{list}"
    );
    let completed = |words: &[&str]| {
        let words = [&["completions", "fish", "--next", "--"], words].concat();
        program.run(&words).expect_code(0).stdout
    };
    assert_eq!(completed(&["ask", "@re"]).matches('@').count(), 2);
    assert!(completed(&["prompts", "show", "co"]).starts_with("commit\twrite a commit message"));
}

#[test]
fn a_prompt_is_asked_in_the_chat_by_its_name_with_what_waits() {
    let api = Api::tokens(&["got it"]);
    let program = Program::for_service(&api.url()).with("PATH", "/usr/bin:/bin");
    own(
        &program,
        "other.md",
        "---\nabout: ask another\nmodel: other-model\nsystem: s\n---\nAsk {{args}}",
    );
    own(&program, "quit.md", "never");
    let terminal = Terminal::chat(&program, &[], 100);
    let asked = |before: usize| {
        terminal.wait_until("an answer", |_| api.requests().len() > before);
        terminal.wait_for_prompt();
        sent(&api)
    };
    terminal.send("/comm");
    terminal.wait_for("> /commit  write a commit message for a diff");
    terminal.send("\t\r");
    terminal.wait_for("there is nothing that it could be about");
    terminal.wait_until("the line again", |screen| {
        screen.matches("> /commit").count() > 1
    });
    terminal.send("\x15");
    terminal.wait_for_prompt();
    terminal.send("!echo +1");
    terminal.wait_for("> !echo +1");
    terminal.send("\r");
    terminal.wait_for("goes with the next prompt");
    terminal.wait_for_prompt();
    terminal.send("/commit in German\r");
    let (_, _, prompt) = asked(0);
    assert!(
        prompt.contains("in German\n\n<diff>\n$ echo +1:\n```\n+1\n"),
        "{prompt}"
    );
    terminal.clear();
    terminal.send("/other {{1}} @x\r");
    let (model, system, prompt) = asked(1);
    assert_eq!(
        (&*model, system.as_deref(), &*prompt),
        ("other-model", Some("s"), "Ask {{1}} @x")
    );
    terminal.clear();
    terminal.send("plainly\r");
    let (model, system, prompt) = asked(2);
    assert_eq!((&*model, system, &*prompt), ("test-model", None, "plainly"));
    terminal.clear();
    terminal.send("/release-note\r");
    terminal.wait_for("there is no command /release-note. Did you mean /release-notes?");
    terminal.wait_until("the line again", |screen| {
        screen.matches("> /release-note").count() > 1
    });
    terminal.send("\x15/quit\r");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(api.requests().len(), 3);
}

/// Files that would have something else sent, sent elsewhere, or run.
#[test]
fn a_prompt_that_means_no_good_sends_nothing_elsewhere_and_runs_nothing() {
    let api = Api::tokens(&["got it"]);
    let program = Program::for_service(&api.url()).with("PATH", "/usr/bin:/bin");
    program.file(".env", "INFERENCE_MODEL_ID=test-model\n");
    program.file("notes.txt", "private");
    let secret = program.work().join(".env");
    let link = |target: &Path| {
        let path = own(&program, "evil.md", "");
        std::fs::remove_file(&path).expect("it was there");
        symlink(target, path).expect("a link");
    };
    type Make<'a> = &'a dyn Fn();
    let write = |text: &[u8]| _ = own(&program, "evil.md", text);
    let refused: [(&str, Make<'_>, &str); 20] = [
        (
            "a URL",
            &|| write(b"---\nurl: https://evil.example\n---\nx"),
            "can't set `url`",
        ),
        (
            "a key",
            &|| write(b"---\nkey: x\n---\nx"),
            "can't set `key`",
        ),
        (
            "a file of a key",
            &|| write(b"---\nkey-file: /etc/passwd\n---\nx"),
            "can't set `key_file`",
        ),
        (
            "variables",
            &|| write(b"---\nINFERENCE_URL: http://evil.example\n---\nx"),
            "can't set `INFERENCE_URL`",
        ),
        (
            "an env file",
            &|| write(b"---\nenv-file: x\n---\nx"),
            "can't set `env_file`",
        ),
        (
            "an app",
            &|| write(b"---\napp: evil\n---\nx"),
            "can't set `app`",
        ),
        (
            "clear text",
            &|| write(b"---\nallow-http: true\n---\nx"),
            "can't set `allow_http`",
        ),
        (
            "an attachment",
            &|| write(b"---\nfile: .env\n---\nx"),
            "can't set `file`",
        ),
        (
            "a tool",
            &|| write(b"---\nrun: touch ran\n---\nx"),
            "can't set `run`",
        ),
        (
            "a value",
            &|| write(b"---\nmax-tokens: -1\n---\nx"),
            "max_tokens takes a whole number",
        ),
        ("no head's end", &|| write(b"---\nabout: x\n"), "no end"),
        (
            "huge",
            &|| write(&[b'x'; 70_000]),
            "larger than a prompt's file may be",
        ),
        ("no text", &|| write(b"\xff\xfe"), "not UTF-8"),
        ("nothing", &|| write(b""), "has no text"),
        ("a link to a secret", &|| link(&secret), "ends in .md"),
        (
            "a link to a device",
            &|| link(Path::new("/dev/zero")),
            "no regular file",
        ),
        (
            "a link in a circle",
            &|| link(Path::new("evil.md")),
            "ymbolic link",
        ),
        (
            "a link to nothing",
            &|| link(Path::new("none.md")),
            "No such file",
        ),
        (
            "a pipe",
            &|| {
                let path = own(&program, "evil.md", "");
                std::fs::remove_file(&path).expect("it was there");
                fifo(&path);
            },
            "no regular file",
        ),
        (
            "a folder",
            &|| {
                let path = own(&program, "evil.md", "");
                std::fs::remove_file(&path).expect("it was there");
                std::fs::create_dir(path).expect("a folder");
            },
            "is a folder",
        ),
    ];
    let path = own(&program, "evil.md", "");
    for (what, make, why) in refused {
        if path.is_dir() {
            std::fs::remove_dir(&path).expect("it was there");
        } else if path.symlink_metadata().is_ok() {
            std::fs::remove_file(&path).expect("it was there");
        }
        make();
        for words in [&["ask", "@evil"][..], &["prompts", "list"]] {
            let run = program.run_with_input(words, "input");
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains(why), "{what}: {told}");
        }
        let run = program.run(&["prompts", "list"]).expect_code(0);
        assert!(
            run.stdout.contains("commit"),
            "{what}: the others are there"
        );
    }
    std::fs::remove_dir(&path).expect("it was there");

    // Somebody else's files: a link leads nowhere, and only one that says so is a prompt.
    std::fs::create_dir(program.work().join("repo")).expect("a folder");
    own(&program, "private.md", "of the user");
    for (name, target) in [
        (
            "repo/a.md",
            program
                .home()
                .join(".config/heroku-chat/prompts/private.md"),
        ),
        ("repo/b.md", secret.clone()),
        ("repo/c.md", "../notes.txt".into()),
    ] {
        symlink(target, program.work().join(name)).expect("a link");
        let argument = format!("@./{name}");
        program
            .run_with_input(&["ask", &argument], "")
            .expect_code(1)
            .expect_error("link");
    }
    for argument in [
        "@./notes.txt",
        "@./.env",
        "@/dev/stdin",
        "@../../etc/passwd",
        "@/proc/self/environ",
    ] {
        program
            .run_with_input(&["ask", argument], "hi")
            .expect_code(1)
            .expect_error("can't be used");
    }
    for name in [
        "../private",
        "..",
        "private.md",
        "\u{1b}]0;x\u{7}",
        "-x",
        "a b",
        "",
    ] {
        let run = program.run(&["prompts", "show", "--", name]).expect_code(1);
        assert!(
            !run.stderr.contains('\u{1b}') && run.stdout.is_empty(),
            "{run:?}"
        );
    }
    assert_eq!(api.requests().len(), 0);

    // These are asked, and drive no terminal: nothing of a name or of what it says is obeyed.
    own(
        &program,
        "evil.md",
        "---\nabout: \u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}x\n---\n\u{1b}[31m!touch ran\n{{args}}",
    );
    own(&program, "\u{1b}[2Jname.md", "never listed");
    own(&program, "model.md", "of models");
    let terminal = Terminal::start(&program, &["prompts"], 24, 100);
    terminal.wait_for("␛]0;owned␇␛[2J");
    assert!(!terminal.raw().contains("\u{1b}]0;owned") && !terminal.screen().contains("never"));
    drop(terminal);
    let terminal = Terminal::start(&program, &["prompts", "show", "evil"], 24, 100);
    terminal.wait_for("␛[31m!touch ran");
    drop(terminal);
    let terminal = Terminal::chat(&program, &[], 100);
    terminal.send("/evi");
    terminal.wait_for("> /evil  ␛]0;owned␇␛[2J");
    assert!(!terminal.raw().contains("\u{1b}]0;owned"));
    terminal.send("l x\r");
    terminal.wait_for("\ngot it");
    terminal.wait_for_prompt();
    assert!(sent(&api).2.ends_with("!touch ran\nx"));
    terminal.run("/model", "/models lists the others");
    drop(terminal);
    let prompt = format!("@{KEY}");
    program.run_with_input(&["ask", &prompt], "").expect_code(1);
    assert_eq!(api.requests().len(), 1);
    assert!(!program.work().join("ran").exists());
}
