//! The file of flags: what stays, what goes before it, and what nobody can do to a user with it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::support::{Api, Program, Terminal, fifo, respond};

fn config(program: &Program) -> PathBuf {
    let folder = program.home().join(".config/heroku-chat");
    fs::create_dir_all(&folder).expect("a folder");
    folder.join("config")
}

fn keep(program: &Program, text: impl AsRef<[u8]>) {
    fs::write(config(program), text).expect("a file of flags");
}

#[test]
fn what_is_kept_holds_where_nothing_else_says_it() {
    let api = Api::tokens(&["an answer"]);
    let program = Program::for_service(&api.url());
    let text = "--temperature=0.3\n--json\n--top-p 0.5\n--model kept\n--system 'Be brief'\n--all\n";
    keep(&program, text);
    let program = program.with("HEROKU_CHAT_TOP_P", "0.7");
    let run = program.run(&["ask", "--no-json", "hi"]).expect_code(0);
    let run = run
        .expect_output("an answer\n")
        .expect_error("config:6: --all is not taken");
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    let body = api.only_request().json();
    assert_eq!(
        (&body["temperature"], &body["top_p"]),
        (&0.3.into(), &0.7.into())
    );
    // The variable of the environment.
    assert_eq!(body["model"], "test-model");
    assert_eq!(body["messages"][0]["content"], "Be brief");
    let program = program.without("INFERENCE_MODEL_ID");
    let shown = |flags: &[&str]| {
        program
            .run(&[&["config"], flags].concat())
            .expect_code(0)
            .stdout
    };
    let model = |text: &str| text.lines().nth(2).map(str::to_owned).unwrap_or_default();
    let place = "~/.config/heroku-chat/config";
    let from = format!("INFERENCE_MODEL_ID: kept  (from {place}:4)");
    let all = shown(&["--no-json"]);
    assert_eq!(model(&all), from);
    assert!(
        all.contains(&format!("temperature:        0.3  (from {place}:1)\n")),
        "{all}"
    );
    assert!(
        all.contains(&format!("system:             Be brief  (from {place}:5)\n")),
        "{all}"
    );
    program.file(".env", "INFERENCE_MODEL_ID=of-file\n");
    assert!(model(&shown(&["--no-json"])).ends_with("of-file  (from .env line 1)"));
    let bare = shown(&["--no-config"]);
    assert!(
        bare.contains("temperature:        not sent  (from default)"),
        "{bare}"
    );
    // For an app, it goes before .env.
    keep(&program, "[app shop]\n--model of-shop\n--no-stream\n");
    assert!(
        model(&shown(&["-a", "shop"])).ends_with("of-shop  (from ~/.config/heroku-chat/config:2)")
    );
    assert!(model(&shown(&["-a", "other"])).ends_with("of-file  (from .env line 1)"));
    let shop = program.with("HEROKU_APP", "shop");
    let text = shop.run(&["config", "--stream"]).expect_code(0).stdout;
    assert!(model(&text).contains("of-shop"), "{text}");
    assert!(
        text.contains("stream:             on  (from --stream)"),
        "{text}"
    );
}

#[test]
fn what_is_kept_stands_in_the_way_of_nothing_that_is_typed() {
    let program = Program::new();
    keep(
        &program,
        "--json\n--session x\n--app shop\n--budget 1\n--max-tokens 9\n",
    );
    for words in [
        &["ask", "--sandbox", "--code", "hi"][..],
        &["doctor", "--undo"],
        &["doctor", "--report", "--sandbox"],
        &["why", "--facts", "--sandbox"],
        &["ask", "--continue", "--sandbox", "hi"],
        &["ask", "--remote", "heroku", "--sandbox", "hi"],
        &["--sandbox", "two words"],
    ] {
        let run = program.run(words);
        assert!(run.code != 2, "{words:?}: {}", run.stderr);
        assert!(!run.stderr.contains("budget"), "{words:?}: {}", run.stderr);
    }
    let code = program.run(&["ask", "--sandbox", "--code", "hi"]);
    code.expect_error("no code block");
}

#[test]
fn doctor_says_what_the_chat_would_do_with_what_is_kept() {
    let program = Program::for_service("http://127.0.0.1:9");
    keep(&program, "--app shop\n");
    let run = program.run(&["doctor"]);
    let said = run.stdout + &run.stderr;
    assert!(!said.contains("was not used"), "{said}");
    // Heroku's model goes before one that is kept for all apps.
    let program = Program::new();
    let values = "echo INFERENCE_URL=http://127.0.0.1:9; echo INFERENCE_KEY=inf-1; \
        echo INFERENCE_MODEL_ID=of-heroku";
    program.command("heroku", values);
    let model = |command: &str| {
        let run = program.run(&[command, "-a", "shop"]);
        let said = run.stdout + &run.stderr;
        (said.contains("of-heroku"), said.contains("of-file"))
    };
    keep(&program, "--model of-file\n");
    assert_eq!(model("config"), (true, false));
    assert!(!model("doctor").1);
    keep(&program, "[app shop]\n--model of-file\n");
    assert_eq!(model("config"), (false, true));
    assert!(!model("doctor").0);
}

/// Each is tried with a question to the user's own service, while another one listens.
#[test]
fn a_hostile_file_sends_nothing_elsewhere_and_runs_nothing() {
    let service = Api::tokens(&["safe"]);
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    elsewhere.set_nonblocking(true).expect("a look");
    let url = format!("http://{}", elsewhere.local_addr().expect("an address"));
    let program = Program::for_service(&service.url());
    program.command("run", "echo ran > \"$HOME/ran\"");
    let outside = program.file("outside", "OUTSIDE");
    let work = program.work();
    let beside = work.file_name().expect("a name").display();
    let key = program.file("key", "inf-01234567-0000-4000-8000-000000000000");
    let env = program.file(
        "env",
        &format!("INFERENCE_URL={url}\nINFERENCE_KEY=inf-1\n"),
    );
    let show = |path: &PathBuf| path.display().to_string();
    let lines: Vec<(String, &str)> = vec![
        (format!("--url {url}"), "--url is not taken"),
        (format!("INFERENCE_URL={url}"), "URL and key stand"),
        (
            format!("export INFERENCE_KEY=inf-1\nurl {url}"),
            "URL and key stand",
        ),
        (
            format!("--key-file {}", show(&key)),
            "--key-file is not taken",
        ),
        (
            format!("--env-file={}", show(&env)),
            "--env-file is not taken",
        ),
        ("--allow-http".into(), "--allow-http is not taken"),
        (
            "--allow-mixed-sources".into(),
            "--allow-mixed-sources is not taken",
        ),
        ("--yes".into(), "--yes is not taken"),
        ("--fix".into(), "--fix is not taken"),
        ("--explain".into(), "--explain is not taken"),
        ("sessions delete --all".into(), "this is no flag"),
        ("--model $(run)`run`;run|run".into(), ""),
        ("run".into(), "this is no flag"),
        ("!run".into(), "this is no flag"),
        ("--system @/dev/stdin".into(), "the file that it names"),
        (
            format!("--system @{}", show(&outside)),
            "in another folder than this one",
        ),
        (
            format!("--system @../../../{beside}/outside"),
            "in another folder than this one",
        ),
        ("--system @link".into(), "in another folder than this one"),
        ("--system @config/../../x".into(), "can't be read"),
        (format!("--file {}", show(&outside)), "--file is not taken"),
        ("--session ../../escape".into(), ""),
        ("--system '".into(), "a quote in it is not closed"),
        (
            "--model '\x1b]52;c;cnVu\x07'".into(),
            "a control character is in it",
        ),
        ("[app \u{202e}pohs]\n--sandbox".into(), ""),
        ("[app".into(), "no part of the file begins so"),
        ("[app]\n--sandbox".into(), "no part of the file begins so"),
        ("--model a\0b".into(), "a control character is in it"),
        ("@config".into(), "this is no flag"),
    ];
    let count = lines.len();
    for (line, words) in lines {
        keep(&program, &line);
        let link = config(&program).with_file_name("link");
        _ = symlink(&outside, link);
        let run = program.run(&["ask", "hi"]);
        assert!(run.stderr.contains(words), "{line:?}: {}", run.stderr);
        assert!(
            !run.stderr.contains(['\x1b', '\x07', '\u{202e}']),
            "{line:?}: {:?}",
            run.stderr
        );
        // A name that no session can have is refused, as on the command line.
        let code = i32::from(line.contains("escape"));
        assert_eq!(run.code, code, "{line:?}: {}", run.stderr);
    }
    type Make<'a> = &'a dyn Fn(&PathBuf);
    let files: [(Make<'_>, &str); 7] = [
        (&|path| fifo(path), "was not read: It is no regular file."),
        (
            &|path| fs::create_dir(path).unwrap(),
            "was not read: It is a folder.",
        ),
        (&|path| symlink(path, path).unwrap(), "was not read: "),
        (
            &|path| symlink("/dev/zero", path).unwrap(),
            "was not read: It is no regular file.",
        ),
        (
            &|path| fs::write(path, vec![b'x'; 1 << 24]).unwrap(),
            "was not read: It is larger",
        ),
        (
            &|path| fs::write(path, b"--model caf\xe9\n\xff\n").unwrap(),
            "config:1: this is not UTF-8",
        ),
        (
            &|path| fs::write(path, "--\n".repeat(9999)).unwrap(),
            "and 9994 such lines more",
        ),
    ];
    for (make, words) in files {
        let path = config(&program);
        _ = fs::remove_file(&path);
        make(&path);
        let run = program
            .run(&["ask", "hi"])
            .expect_code(0)
            .expect_output("safe\n");
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    let refused = elsewhere.accept().expect_err("nobody called").kind();
    assert_eq!(refused, std::io::ErrorKind::WouldBlock);
    assert!(!program.home().join("ran").exists());
    assert_eq!(service.requests().len(), count + 7 - 1);
    for request in service.requests() {
        let body = String::from_utf8_lossy(&request.body);
        assert!(!body.contains("OUTSIDE"), "{body}");
    }
    // A project's folder says nothing.
    program.file("config", "--sandbox\n");
    fs::create_dir_all(program.work().join(".config/heroku-chat")).expect("a folder");
    program.file(".config/heroku-chat/config", "--sandbox\n");
    program
        .run(&["ask", "hi"])
        .expect_code(0)
        .expect_output("safe\n");
}

#[test]
fn config_sets_unsets_and_edits() {
    let program = Program::new();
    let text = || fs::read_to_string(config(&program)).expect("a file");
    let run = program
        .run(&["config", "set", "model", "claude-4-5-haiku"])
        .expect_code(0);
    run.expect_error("--model=claude-4-5-haiku is in ~/.config/heroku-chat/config now");
    let set = ["config", "set", "max_tokens", "100", "-a", "shop"];
    program
        .run(&set)
        .expect_code(0)
        .expect_error("now, for the app shop");
    assert_eq!(
        text(),
        "--model=claude-4-5-haiku\n\n[app shop]\n--max-tokens=100\n"
    );
    for (arguments, words) in [
        (
            &["set", "url", "https://x"][..],
            "--url is not taken from a file",
        ),
        (&["set", "nosuch"], "no flag of any command"),
        (&["set", "temperature", "9"], "a number from 0 to 1"),
        (
            &["set", "model", "x", "--app", "../x"],
            "No app can have the name",
        ),
        (&["unset", "nosuch"], "no flag of any command"),
    ] {
        program
            .run(&[&["config"], arguments].concat())
            .expect_code(1)
            .expect_error(words);
    }
    let unset = program.run(&["config", "unset", "model"]).expect_code(0);
    unset.expect_error("model is no longer in ~/.config");
    program
        .run(&["config", "unset", "model"])
        .expect_code(0)
        .expect_error("is not in ~/.config");
    assert_eq!(text(), "\n[app shop]\n--max-tokens=100\n");
    let program = program.with("EDITOR", "edit");
    program.command("edit", "echo '--nosuch' >> \"$1\"");
    program
        .run(&["config", "edit"])
        .expect_code(0)
        .expect_error("config:4: this is no flag");
    let text = fs::read_to_string(config(&program)).expect("a file");
    assert_eq!(text, "\n[app shop]\n--max-tokens=100\n--nosuch\n");
    let program = program.with("XDG_CONFIG_HOME", "/dev/null/x");
    program
        .run(&["config", "set", "json"])
        .expect_code(1)
        .expect_error("/dev/null");
}

#[test]
fn a_model_that_was_picked_is_kept_if_the_user_says_so() {
    let catalogue = r#"[{"model_id":"first","type":["text-to-text"]},
        {"model_id":"second","type":["text-to-text"]}]"#;
    let api = Api::fixed(respond(200, "", catalogue));
    let program = Program::for_service(&api.url()).without("INFERENCE_MODEL_ID");
    let program = program.with("HEROKU_APP", "shop");
    for (answer, kept) in [("", None), ("y", Some("[app shop]\n--model=second\n"))] {
        let terminal = Terminal::start(&program, &[], 24, 80);
        terminal.wait_for("model>");
        terminal.send("2\r");
        terminal.wait_for("Keep second for the app shop, in ~/.config/heroku-chat/config?");
        terminal.wait_for("keep it [y/N]>");
        terminal.send(&format!("{answer}\r"));
        terminal.wait_for("second at 127.0.0.1");
        terminal.wait_for_prompt();
        terminal.send("\x04");
        assert_eq!(terminal.wait_for_end(), 0);
        assert_eq!(fs::read_to_string(config(&program)).ok().as_deref(), kept);
    }
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.wait_for("second at 127.0.0.1");
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}
