//! `why` with a log from a pipe: what is printed where, and the exit code. With an app: why_app.

use std::fs;
use std::path::Path;

use super::support::{NOBODY_LISTENS, Program, Run};

fn log(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/why")
        .join(name);
    fs::read_to_string(path).expect("a log of tests/why")
}

fn why(flags: &[&str], log: &str) -> Run {
    let arguments: Vec<&str> = ["why"].iter().chain(flags).copied().collect();
    let program = Program::new().with("HEROKU_STATUS_HOST", NOBODY_LISTENS);
    program.run_with_input(&arguments, log)
}

#[test]
fn a_cause_comes_with_its_proof_and_its_command() {
    let log = log("rails-missing-config.log");
    assert_eq!(why(&[], &log).expect_code(1).stderr, "");
    let run = why(&["-a", "shop"], &log).expect_code(1);
    for words in [
        "✗ web crashes as it starts, since v43 (6 times): the config var STRIPE_SECRET_KEY is not set",
        "since 2026-11-26 02:42:07 UTC",
        "https://devcenter.heroku.com/articles/config-vars",
        "\n      heroku config:set STRIPE_SECRET_KEY=VALUE -a shop\n",
        "app[web.1] ×6: ! Unable to load application: KeyError: key not found",
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.stdout);
    }
}

#[test]
fn a_healthy_app_is_code_0_and_no_log_is_code_3() {
    let run = why(&[], &log("healthy-scanned.log")).expect_code(0);
    assert!(
        run.stdout.starts_with("✓ no rule finds anything wrong"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("scanners"), "{}", run.stdout);
    for nothing in ["", "no log at all\n"] {
        why(&[], nothing)
            .expect_code(3)
            .expect_error("there is no log");
        let run = why(&["--json"], nothing).expect_code(3);
        assert!(
            run.stdout.contains("\"status\": \"unknown\""),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn json_has_all_that_was_found() {
    let run = why(&["--json"], &log("two-causes.log")).expect_code(1);
    let verdict: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(verdict["status"], "failing");
    assert_eq!(verdict["causes"][0]["id"], "missing-config");
    assert_eq!(
        verdict["causes"][0]["command"],
        "heroku config:set BROKER_URL=VALUE -a APP"
    );
    assert_eq!(verdict["causes"][1]["id"], "H13");
}

#[test]
fn facts_are_the_message_and_nothing_else() {
    let run = why(&["--facts"], &log("java-slow-path.log")).expect_code(1);
    assert!(
        run.stdout
            .starts_with("What rules found:\nThe app is failing.\n- requests take")
    );
    assert!(
        run.stdout.ends_with("\n````\n") && run.stdout.contains("H12 503 POST /reports/:id/export")
    );
    assert!(!run.stdout.contains("planted"), "{}", run.stdout);
}

#[test]
fn the_log_is_looked_at_from_a_time_on_and_by_process() {
    let log = log("two-causes.log");
    let run = why(&["--process", "web"], &log).expect_code(1);
    assert!(!run.stdout.contains("BROKER_URL"), "{}", run.stdout);
    why(&["--since", "2026-11-26T15:30:00Z"], &log).expect_code(3);
    why(&["--since", "1d"], &log.replace("2026-", "2001-")).expect_code(3);
    why(&["--since", "yesterday"], &log)
        .expect_code(3)
        .expect_error("30m, 2h or 1d");
}

#[test]
fn bytes_of_any_kind_and_lines_of_any_length_are_read() {
    let secret = "tok3n".repeat(20_000);
    let long = format!(
        "2026-11-26T10:00:00+00:00 app[web.1]: Error: {} password={secret}\n",
        "x ".repeat(100)
    );
    let run = Program::new();
    let path = run.file("log", "");
    fs::write(
        &path,
        [b"\xff\xfe\0\x1b[2J\r\n".as_slice(), long.as_bytes()].concat(),
    )
    .expect("a file");
    let mut command = run.process(&["why", "--facts"]);
    command.stdin(fs::File::open(&path).expect("the file"));
    let output = command.output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        text.contains("Error: x x") && !text.contains("tok3n") && !text.contains('\x1b'),
        "{text}"
    );
}
