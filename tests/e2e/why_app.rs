//! `why` with an app: what Heroku tells of it, over real sockets, and what happens if it doesn't.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{
    Answer, App, Platform, Program, Run, SECRETS, Signal, git, log_path, signal, which,
};

/// A time limit for each fact that a busy machine keeps to, and tests can wait for.
const WAIT: &str = "2";

fn logged_in(platform: &Platform) -> Program {
    let mut program = Program::new().with("HEROKU_API_KEY", "good-token");
    for (name, value) in platform.env() {
        program = program.with(name, &value);
    }
    program
}

/// Where the log of a session is.
const LOG: &str = "/sessions/5e551on-10gplex/shop";

/// Runs `why`, whose output must hold nothing that only Heroku may know.
fn why(platform: &Platform, flags: &[&str]) -> Run {
    let arguments: Vec<&str> = ["why", "-a", "shop", "--wait", WAIT]
        .iter()
        .chain(flags)
        .copied()
        .collect();
    let run = logged_in(platform).run(&arguments);
    for secret in SECRETS.iter().chain(&["good-token"]) {
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains(secret), "{secret} was shown:\n{all}");
    }
    run
}

fn verdict(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

fn ids(verdict: &Value) -> Vec<&str> {
    let causes = verdict["causes"].as_array().expect("causes");
    causes.iter().filter_map(|it| it["id"].as_str()).collect()
}

#[test]
fn every_outage_has_the_verdict_of_its_files() {
    let table: &[(&str, i32, &[&str])] = &[
        ("rails-missing-config", 1, &["missing-config"]),
        ("node-missing-module", 1, &["missing-module"]),
        ("python-wrong-module", 1, &["missing-module"]),
        ("go-port-not-bound", 1, &["boot-timeout"]),
        ("worker-leak", 1, &["R15"]),
        ("java-slow-path", 1, &["H12"]),
        ("scaled-to-zero", 1, &["scaled-to-zero"]),
        ("django-release-phase", 1, &["release-phase"]),
        ("rails-connections", 1, &["database-connections"]),
        ("php-suspended-addon", 1, &["addon"]),
        ("maintenance", 1, &["maintenance"]),
        ("two-causes", 1, &["missing-config", "H13"]),
        ("none-fits", 1, &["app-errors"]),
        ("healthy-idle-eco", 0, &[]),
        ("healthy-scanned", 0, &[]),
    ];
    for (name, code, causes) in table {
        let platform = Platform::start();
        platform.play("shop", App::outage("shop", name));
        let run = why(&platform, &["--json"]).expect_code(*code);
        let verdict = verdict(&run);
        assert_eq!(ids(&verdict), *causes, "{name}: {verdict:#}");
        assert_eq!(verdict["missing"], json!([]), "{name}");
        let mut requests = platform.requests();
        requests.sort();
        let log = format!("GET {LOG}");
        assert_eq!(LOG, log_path("shop"));
        let expected = [
            "GET /api/v4/current-status",
            "GET /apps/shop",
            "GET /apps/shop/addons",
            "GET /apps/shop/config-vars",
            "GET /apps/shop/dynos",
            "GET /apps/shop/formation",
            "GET /apps/shop/releases",
            &log,
            "POST /apps/shop/log-sessions",
        ];
        assert_eq!(requests, expected, "{name}");
    }
}

/// What Heroku is asked, and how it is called.
const ASKED: [(&str, &str); 9] = [
    ("/apps/shop", "app"),
    ("/apps/shop/releases", "releases"),
    ("/apps/shop/dynos", "dynos"),
    ("/apps/shop/formation", "formation"),
    ("/apps/shop/addons", "add-ons"),
    ("/apps/shop/config-vars", "config vars"),
    ("/apps/shop/log-sessions", "log"),
    (LOG, "log"),
    ("/api/v4/current-status", "Heroku's status"),
];

/// Has one thing fail that Heroku is asked, which must be said in one of these words.
fn fail((path, name): (&str, &str), answer: &Answer, words: &[&str]) {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "php-suspended-addon"));
    platform.answer_at(path, answer.clone());
    let started = Instant::now();
    let run = why(&platform, &["--json"]);
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{path} {answer:?}"
    );
    let verdict = verdict(&run);
    let missing = verdict["missing"].as_array().expect("a list");
    let [Value::String(missing)] = &missing[..] else {
        panic!("{path} {answer:?}: {missing:?}");
    };
    let is_said = words.iter().any(|words| missing.contains(words));
    assert!(is_said, "{path} {answer:?}: {missing}");
    assert!(
        missing.starts_with(&format!("Not known: {name}: ")),
        "{missing}"
    );
    // Without the add-ons the log still tells of the database.
    assert_eq!(run.code, 1, "{path} {answer:?}: {verdict:#}");
    assert!(!ids(&verdict).is_empty(), "{path} {answer:?}");
}

#[test]
fn what_fails_is_said_and_the_rest_is_there() {
    // The server of a log is not the API, and has no words of Heroku's.
    let faults = [
        (Answer::ServerErrorHtml, &["503"][..]),
        (
            Answer::Refused(500, "internal", "Something broke."),
            &["Something broke.", "500"],
        ),
        (
            Answer::Forbidden,
            &["You do not have access to the app", "403"],
        ),
        (Answer::RateLimited, &["rate limit", "429"]),
        (Answer::Html200, &["no JSON", "something else", "web page"]),
        (Answer::HangUp, &["connection"]),
    ];
    for asked in ASKED {
        std::thread::scope(|scope| {
            for (answer, words) in &faults {
                scope.spawn(move || fail(asked, answer, words));
            }
        });
    }
}

#[test]
fn what_is_silent_is_given_up_and_the_rest_is_there() {
    std::thread::scope(|scope| {
        for asked in ASKED {
            scope.spawn(move || fail(asked, &Answer::Silent, &[" 2 s"]));
        }
    });
}

#[test]
fn what_prevents_judging_is_code_3_with_advice() {
    let platform = Platform::start();
    why(&platform, &[])
        .expect_code(3)
        .expect_error("there is no app \"shop\"")
        .expect_error("heroku apps");
    let platform = Platform::start();
    let program = logged_in(&platform).with("HEROKU_API_KEY", "expired");
    program
        .run(&["why", "-a", "shop"])
        .expect_code(3)
        .expect_error("refused");
    let nobody = Program::new();
    nobody
        .run(&["why", "-a", "shop"])
        .expect_code(3)
        .expect_error("the heroku program is not on PATH");
}

/// What Heroku answers to everything about an app, the words for it, and what to do.
const REFUSALS: [(Answer, &str, &str); 12] = [
    (
        Answer::Refused(401, "unauthorized", "Invalid credentials provided."),
        "HEROKU_API_KEY is set and was refused",
        "unset HEROKU_API_KEY",
    ),
    (
        Answer::Refused(402, "delinquent", "The account is delinquent."),
        "Heroku wants a payment first, with status 402 (delinquent): The account is delinquent",
        "https://dashboard.heroku.com/account/billing",
    ),
    (
        Answer::Forbidden,
        "Heroku refuses, with status 403 (forbidden): You do not have access to the app shop",
        "heroku auth:whoami",
    ),
    (
        Answer::Refused(
            403,
            "two_factor",
            "A second authentication factor is required.",
        ),
        "A second authentication factor is required",
        "heroku login",
    ),
    (
        Answer::Refused(404, "not_found", "Couldn't find that app."),
        "there is no app \"shop\", or this account can't see it",
        "heroku apps",
    ),
    (
        Answer::Refused(418, "teapot", "Short and stout."),
        "Heroku refuses, with status 418 (teapot): Short and stout",
        "heroku apps:info",
    ),
    (
        Answer::Refused(422, "invalid_params", "No such thing."),
        "Heroku refuses, with status 422 (invalid_params): No such thing",
        "heroku apps:info",
    ),
    (
        Answer::RateLimited,
        "Heroku's limit of requests is reached, status 429 (rate_limit): Your account",
        "Wait a few minutes",
    ),
    (
        Answer::ServerErrorHtml,
        "127.0.0.1 failed: it is no JSON (status 503)",
        "Try again in a while",
    ),
    (
        Answer::Refused(503, "maintenance", "The API is down."),
        "Heroku failed, with status 503 (maintenance): The API is down",
        "https://status.heroku.com",
    ),
    (
        Answer::Html200,
        "it is no JSON (status 200)",
        "sign-in page",
    ),
    (
        Answer::Silent,
        "waited 2 s for the first byte",
        "Check the network",
    ),
];

#[test]
fn whatever_heroku_refuses_is_code_3_with_a_sentence_to_act_on() {
    std::thread::scope(|scope| {
        for (answer, words, advice) in &REFUSALS {
            scope.spawn(move || {
                let platform = Platform::start();
                platform.play("shop", App::outage("shop", "maintenance"));
                for (path, _) in ASKED.iter().filter(|(path, _)| path.starts_with("/apps")) {
                    platform.answer_at(path, answer.clone());
                }
                let run = why(&platform, &[]).expect_code(3);
                let run = run.expect_error(words).expect_error(advice);
                let is_unknown = run.stderr.contains("there is no app");
                assert_eq!(is_unknown, words.starts_with("there is no app"), "{run:?}");
                let sessions = platform.requests();
                let sessions = sessions.iter().filter(|it| it.starts_with("POST"));
                // Only a refusal of what was asked is asked again, for an app of the Fir generation.
                let is_params = words.contains("422");
                assert_eq!(
                    sessions.count(),
                    if is_params { 2 } else { 1 },
                    "{answer:?}"
                );
            });
        }
    });
}

#[test]
fn nothing_is_asked_in_clear_text_beyond_this_machine() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "maintenance"));
    let program = logged_in(&platform).with("HEROKU_STATUS_HOST", "http://status.example");
    let run = program.run(&["why", "-a", "shop"]).expect_code(1);
    run.expect_error(
        "Not known: Heroku's status: Heroku could not be reached (its address has no https)",
    );
}

#[test]
fn facts_without_a_log_call_no_app_healthy() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "healthy-scanned"));
    platform.answer_at("/apps/shop/log-sessions", Answer::ServerErrorHtml);
    let run = why(&platform, &[]).expect_code(3);
    assert!(run.stdout.contains("its log is missing"), "{run:?}");
}

#[test]
fn a_log_that_does_not_end_is_read_until_it_is_quiet_or_its_time_is_up() {
    for answer in [Answer::StaysOpen, Answer::Endless] {
        let platform = Platform::start();
        platform.play("shop", App::outage("shop", "rails-missing-config"));
        platform.answer_at(LOG, answer.clone());
        let verdict = verdict(&why(&platform, &["--json"]).expect_code(1));
        assert_eq!(ids(&verdict), ["missing-config"], "{answer:?}");
        assert_eq!(verdict["missing"], json!([]), "{answer:?}");
    }
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "rails-missing-config").fir());
    let verdict = verdict(&why(&platform, &["--json"]).expect_code(1));
    assert_eq!(ids(&verdict), ["missing-config"], "Fir");
}

#[test]
fn values_of_config_vars_are_masked_and_shown_nowhere() {
    const PASSWORD: &str = "tidemarble204x";
    let platform = Platform::start();
    let line =
        format!("2026-11-26T10:00:00.0+00:00 app[web.1]: Error: login as {PASSWORD} failed\n");
    let vars = [("DATABASE_PASSWORD", PASSWORD), ("LOG_LEVEL", "info")];
    platform.play("shop", App::new("shop", &vars).log(&line));
    for flag in ["--facts", "--json", "--debug"] {
        let run = why(&platform, &[flag]);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(
            !all.contains(PASSWORD) && !all.contains("tidemarble"),
            "{flag}: {all}"
        );
        assert!(all.contains("<config-1> failed"), "{flag}: {all}");
    }
    let facts = why(&platform, &["--facts"]).stdout;
    assert!(
        facts.contains(r#"["DATABASE_PASSWORD","LOG_LEVEL"]"#),
        "{facts}"
    );
}

#[test]
fn a_log_on_the_pipe_is_judged_beside_what_heroku_tells() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "php-suspended-addon"));
    let program = logged_in(&platform);
    let log = "2026-11-26T10:00:00.0+00:00 heroku[web.1]: State changed from starting to up\n";
    let run = program.run_with_input(&["why", "-a", "shop", "--json"], log);
    let verdict = verdict(&run.expect_code(1));
    assert_eq!(
        (ids(&verdict), verdict["lines"].as_u64()),
        (vec!["addon"], Some(1))
    );
    let asked = platform.requests();
    assert!(
        !asked.iter().any(|it| it.contains("log-sessions")),
        "{asked:?}"
    );
}

#[test]
fn an_app_that_is_named_wins_over_a_pipe_that_is_silent_or_cannot_be_read() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "rails-missing-config"));
    let program = logged_in(&platform);
    let mut command = program.process(&["why", "-a", "shop", "--wait", "1", "--json"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    // Open until it has ended.
    let silent = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    drop(silent);
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(ids(&verdict), ["missing-config"]);
    let mut command = program.process(&["why", "-a", "shop", "--json"]);
    let folder = std::fs::File::open(program.work()).expect("a folder");
    let output = command.stdin(folder).output().expect("it ends");
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(ids(&verdict), ["missing-config"]);
    assert_eq!(verdict["missing"], json!([]));
}

#[test]
fn debug_shows_what_is_asked_without_the_token() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "maintenance"));
    let run = why(&platform, &["--debug"]).expect_code(1);
    for words in [
        "/apps/shop/releases\n",
        "> range: version ..; max=10, order=desc",
        "> authorization: Bearer (redacted)",
        "< 206 after ",
        "> POST ",
    ] {
        assert!(run.stderr.contains(words), "{words}\n{}", run.stderr);
    }
}

#[test]
fn ctrl_c_ends_every_wait() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "maintenance"));
    let silent = ["/apps/shop/dynos", "/apps/shop/releases/42"];
    silent
        .iter()
        .for_each(|path| platform.answer_at(path, Answer::Silent));
    let program = logged_in(&platform);
    let ends = |program: &Program, flags: &[&str], is_waiting: &dyn Fn() -> bool| {
        let arguments = [&["why", "-a", "shop", "--wait", "60"], flags].concat();
        let mut child = program.process(&arguments).spawn().expect("it runs");
        while !is_waiting() {
            std::thread::yield_now();
        }
        signal(child.id(), Signal::INT);
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
    };
    let asked = |path: &str| platform.requests().iter().any(|it| it.ends_with(path));
    ends(&program, &[], &|| asked("/dynos"));
    ends(&program, &["--release", "42"], &|| asked("/releases/42"));
    let program = program.without("HEROKU_API_KEY");
    // It ends by itself once nobody reads what it says.
    program.command(
        "heroku",
        "echo \"$*\" > \"$HOME/asked\"; while echo; do :; done",
    );
    ends(&program, &[], &|| program.home().join("asked").exists());
}

#[test]
fn the_app_is_that_of_the_variable_or_of_the_git_remote() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "maintenance"));
    let program = logged_in(&platform).with("HEROKU_APP", "shop");
    program.run(&["why"]).expect_code(1);
    let git_folder = which("git")
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    let program = program.without("HEROKU_APP").with("PATH", &git_folder);
    program
        .run(&["why"])
        .expect_code(3)
        .expect_error("Name the app");
    git(&program.work(), &["init", "-q"]);
    let address = "https://git.heroku.com/shop.git";
    git(&program.work(), &["remote", "add", "heroku", address]);
    program.run(&["why"]).expect_code(1);
    program.run(&["why", "-r", "heroku"]).expect_code(1);
    // A log on the pipe is all that is meant, if nothing was named.
    let asked = platform.requests().len();
    let line = "2026-11-26T10:00:00.0+00:00 heroku[web.1]: State changed from starting to up\n";
    program.run_with_input(&["why"], line).expect_code(0);
    assert_eq!(platform.requests().len(), asked);
}

#[test]
fn the_minutes_round_a_release_are_looked_at_alone() {
    let release = |version: u32, minute: u32| {
        json!({"version": version, "status": "succeeded", "description": "Deploy 1a2b3c4d",
            "created_at": format!("2026-11-26T10:{minute:02}:00Z"), "user": {"email": "dev@example.com"}})
    };
    let line = |time: &str, text: &str| format!("2026-11-26T{time}.0+00:00 app[web.1]: {text}\n");
    let log = line("09:00:00", "Error: long before") + &line("10:42:00", "Error: just after");
    let platform = Platform::start();
    let app = App::new("shop", &[]).log(&log);
    platform.play(
        "shop",
        app.fact("releases", json!([release(41, 0), release(42, 40)])),
    );
    let run = why(&platform, &["--release", "v42", "--facts"]);
    assert!(run.stdout.contains("just after"), "{run:?}");
    assert!(!run.stdout.contains("long before"), "{run:?}");
    let run = why(&platform, &["--release", "42"]);
    assert!(
        run.stderr.contains("v42") && run.stderr.contains("Deploy 1a2b3c4d"),
        "{run:?}"
    );
    let run = why(&platform, &["--release", "41"]).expect_code(3);
    assert!(
        run.stdout.contains("its log has no lines of that time"),
        "{run:?}"
    );
    why(&platform, &["--release", "43"])
        .expect_code(3)
        .expect_error("It takes a release");
    why(&platform, &["--release", "newest"])
        .expect_code(3)
        .expect_error("It takes a release");
}

#[test]
fn the_sandbox_shows_a_verdict_without_an_account() {
    let run = Program::new().run(&["why", "--sandbox"]).expect_code(1);
    assert_eq!(run.stderr, "");
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(&run.stdout),
        "not in the README:\n{}",
        run.stdout
    );
    let run = Program::new().run(&["why", "--sandbox", "--facts"]);
    assert!(!run.stdout.contains("tide-marble"), "{}", run.stdout);
}

#[test]
fn a_process_that_the_app_does_not_have_is_named() {
    Program::new()
        .run(&["why", "--sandbox", "--process", "nope"])
        .expect_code(3)
        .expect_error("It takes a process of sandbox-shop: web.");
}
