//! Config vars by one request of Heroku's Platform API, beside a script in the place of the Heroku
//! CLI that keeps how it was started.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::support::{Answer, KEY, Platform, Program, Run, Signal, TOKEN, git, report, signal};

const URL: &str = "https://us.inference.heroku.com";
const BY_CLI: &str = "https://eu.inference.heroku.com";
const CLI: &str = "config:get INFERENCE_URL INFERENCE_KEY INFERENCE_MODEL_ID --shell";

/// What git does here must not depend on this machine.
const GIT: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program with git and a CLI that gives other values, and nobody logged in.
fn program(platform: &Platform) -> Program {
    let mut program = Program::new();
    for (name, value) in platform.env() {
        program = program.with(name, &value);
    }
    program.command(
        "heroku",
        &format!(
            "echo \"$*\" >> \"$HOME/asked\"; echo INFERENCE_URL={BY_CLI}; echo INFERENCE_KEY=inf-1"
        ),
    );
    let path = format!("{}:{GIT}", program.variables()["PATH"]);
    program.with("PATH", &path)
}

fn logged_in(platform: &Platform) -> Program {
    program(platform).with("HEROKU_API_KEY", TOKEN)
}

/// An API with the app `good`, and with variables that are nobody's business.
fn platform() -> Platform {
    let platform = Platform::start();
    let ours = [
        ("INFERENCE_URL", URL),
        ("INFERENCE_KEY", KEY),
        ("SECRET", "0ther-s3cret"),
    ];
    platform.app("good", &ours);
    platform
}

/// How the CLI was started.
fn starts(program: &Program) -> Vec<String> {
    let asked = fs::read_to_string(program.home().join("asked")).unwrap_or_default();
    asked.lines().map(str::to_owned).collect()
}

/// What `config` shows, with all heads of requests; the token must turn up nowhere.
fn config(program: &Program, arguments: &[&str]) -> Run {
    let all: Vec<&str> = ["config", "--debug"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let run = program.run(&all);
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(TOKEN) && !text.contains("0ther"), "{text}");
    }
    run
}

fn is_direct(program: &Program, arguments: &[&str]) {
    let run = config(program, arguments).expect_code(0);
    assert!(run.stdout.contains(URL), "{}", run.stdout);
    assert_eq!(starts(program), Vec::<String>::new(), "{}", run.stderr);
}

fn is_by_cli(program: &Program, arguments: &[&str], started: &str) {
    let run = config(program, arguments).expect_code(0);
    assert!(run.stdout.contains(BY_CLI), "{}", run.stdout);
    assert_eq!(
        starts(program),
        [format!("{CLI}{started}")],
        "{}",
        run.stderr
    );
    let why = run
        .stderr
        .lines()
        .filter(|line| line.contains("* asking the Heroku CLI"));
    assert_eq!(why.count(), 1, "{}", run.stderr);
    fs::remove_file(program.home().join("asked")).expect("it was asked");
}

#[test]
fn one_request_and_no_start_give_the_values() {
    let platform = platform();
    is_direct(&logged_in(&platform), &["-a", "good"]);
    let by_netrc = program(&platform);
    with_netrc(&by_netrc);
    is_direct(&by_netrc, &["-a", "good"]);
    let by_variable = logged_in(&platform).with("HEROKU_APP", "good");
    is_direct(&by_variable, &[]);
    assert_eq!(platform.requests(), ["GET /apps/good/config-vars"; 3]);
}

#[test]
fn an_app_without_the_add_on_needs_no_cli_either() {
    let platform = Platform::start();
    platform.app("bare", &[("INFERENCE_URL", ""), ("PORT", "1")]);
    let program = logged_in(&platform);
    config(&program, &["-a", "bare"])
        .expect_code(1)
        .expect_error("the app \"bare\" has no such variables");
    assert_eq!(starts(&program).len(), 0);
    assert_eq!(platform.requests().len(), 1);
}

#[test]
fn whatever_is_out_of_the_ordinary_is_the_clis_once() {
    let platform = platform();
    let answers = [
        Answer::Forbidden,
        Answer::RateLimited,
        Answer::Refused(
            403,
            "two_factor",
            "A second authentication factor is required.",
        ),
        Answer::Refused(402, "delinquent", "Pay."),
        Answer::ServerErrorHtml,
        Answer::Html200,
        Answer::HangUp,
    ];
    let program = logged_in(&platform);
    for (count, answer) in answers.into_iter().enumerate() {
        platform.answer("odd", answer);
        is_by_cli(&program, &["-a", "odd"], " --app odd");
        assert_eq!(platform.requests().len(), count + 1);
    }
    let count = platform.requests().len();
    is_by_cli(&program, &["-a", "nosuch"], " --app nosuch");
    let expired = program.with("HEROKU_API_KEY", "expired");
    is_by_cli(&expired, &["-a", "good"], " --app good");
    assert_eq!(platform.requests().len(), count + 2);
}

#[test]
fn without_a_cli_the_words_are_herokus() {
    let platform = platform();
    platform.answer("closed", Answer::Forbidden);
    let program = logged_in(&platform);
    fs::remove_file(program.folder.path().join("bin/heroku")).expect("the script");
    is_direct(&program, &["-a", "good"]);
    let words = [
        ("nosuch", "there is no app \"nosuch\""),
        ("closed", "You do not have access to the app closed"),
    ];
    for (app, words) in words {
        config(&program, &["-a", app])
            .expect_code(1)
            .expect_error(words);
    }
    platform.answer("page", Answer::Html200);
    let run = config(&program, &["-a", "page"]).expect_code(3);
    run.expect_error("did not answer like Heroku's Platform API");
}

#[test]
fn without_a_token_or_a_host_for_it_nothing_is_asked() {
    let platform = Platform::stand_by();
    let cases: [fn(Program) -> Program; 8] = [
        |it| it.without("HEROKU_API_KEY"),
        |it| it.with("HEROKU_HOST", "http://localhost.evil.example"),
        |it| it.with("HEROKU_HOST", "localhost"),
        |it| it.with("HEROKU_HEADERS", "{}"),
        |it| it.with("HEROKU_CHAT_DIRECT", "off"),
        |it| it.with("HEROKU_CHAT_DIRECT", "0"),
        // An encrypted netrc, and a login that may be in a keychain.
        |it| {
            fs::write(with_netrc(&it).with_added_extension("gpg"), "x").expect("a file");
            it.without("HEROKU_API_KEY")
        },
        |it| {
            let data = with_netrc(&it).with_file_name("data");
            fs::create_dir(&data).expect("a folder");
            fs::write(data.join("login.json"), "{}").expect("a file");
            it.without("HEROKU_API_KEY")
                .with("HEROKU_DATA_DIR", &data.display().to_string())
        },
    ];
    for change in cases {
        let program = change(logged_in(&platform));
        is_by_cli(&program, &["-a", "good"], " --app good");
    }
    let program = logged_in(&platform);
    is_by_cli(&program, &["-a", "good", "--no-direct"], " --app good");
    assert_eq!(platform.requests(), Vec::<String>::new());
}

/// A netrc with the token for this program's API.
fn with_netrc(program: &Program) -> PathBuf {
    let host = program.variables()["HEROKU_HOST"].replace("http://", "");
    let path = program.home().join(".netrc");
    let text = format!("machine {host}\n  password {TOKEN}\n");
    fs::write(&path, text).expect("a netrc");
    path
}

#[test]
fn the_git_remote_names_the_app() {
    let platform = platform();
    let program = logged_in(&platform);
    let work = program.work();
    is_by_cli(&program, &[], "");
    git(&work, &["init", "-q"]);
    is_by_cli(&program, &[], "");
    let add = |name: &str, app: &str| {
        let url = format!("https://git.heroku.com/{app}.git");
        git(&work, &["remote", "add", name, &url]);
    };
    git(
        &work,
        &["remote", "add", "origin", "https://github.com/me/good.git"],
    );
    add("heroku", "good");
    is_direct(&program, &[]);
    add("staging", "nosuch");
    is_by_cli(&program, &[], "");
    is_direct(&program, &["-r", "heroku"]);
    is_by_cli(&program, &["-r", "none"], " --remote none");
    git(&work, &["config", "heroku.remote", "heroku"]);
    is_direct(&program, &[]);
    let below = work.join("a/b");
    fs::create_dir_all(&below).expect("folders");
    let mut process = program.process(&["config"]);
    process.current_dir(below);
    Run::of(process, "").expect_code(0);
    assert_eq!(starts(&program).len(), 0);
    assert_eq!(platform.requests(), ["GET /apps/good/config-vars"; 4]);
}

#[test]
fn no_program_but_the_cli_is_given_the_token() {
    let platform = platform();
    let program = logged_in(&platform);
    let tell = "printf '%s\\n' \"$*\" >> \"$HOME/git\"; env >> \"$HOME/git\"; exit 1";
    program.command("git", tell);
    is_by_cli(&program, &[], "");
    let seen = fs::read_to_string(program.home().join("git")).expect("it ran");
    assert!(
        seen.contains("remote -v") && !seen.contains(TOKEN),
        "{seen}"
    );
    is_direct(&program, &["-a", "good"]);
}

#[test]
fn ctrl_c_ends_the_wait_and_starts_no_cli() {
    let platform = platform();
    platform.answer("slow", Answer::Silent);
    let program = logged_in(&platform);
    let child = program
        .process(&["config", "-a", "slow"])
        .spawn()
        .expect("it starts");
    while platform.requests().is_empty() {
        std::thread::yield_now();
    }
    signal(child.id(), Signal::INT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(starts(&program).len(), 0);
}

#[test]
fn doctor_learns_of_another_attachment_and_of_a_page_without_asking_again() {
    let platform = Platform::start();
    platform.app("other", &[("EMBEDDING_URL", URL), ("EMBEDDING_KEY", KEY)]);
    platform.answer("page", Answer::Html200);
    let program = logged_in(&platform);
    // What the CLI makes of the page is an app without variables.
    let asked = "echo \"$*\" >> \"$HOME/asked\"; case $1 in --version) echo heroku/11.10.0;; \
        auth:whoami) echo dev@example.com;; config:get) echo INFERENCE_URL=;; *) exit 1;; esac";
    program.command("heroku", asked);
    let entry =
        |app: &str, check: &str| -> Value { report(&program, &["-a", app]).entry(check).clone() };
    let addon = entry("other", "heroku-addon");
    assert!(addon.to_string().contains("--as EMBEDDING"), "{addon:#}");
    let mut asked = starts(&program);
    asked.sort();
    assert_eq!(asked, ["--version", "auth:whoami"]);
    assert_eq!(platform.requests().len(), 1);
    let addon = entry("page", "heroku-addon");
    assert!(addon.to_string().contains("not Heroku's API"), "{addon:#}");
    assert!(
        !starts(&program)
            .iter()
            .any(|it| it.starts_with("config --json"))
    );
    assert_eq!(platform.requests().len(), 2);
}

#[test]
fn doctor_is_content_without_the_cli_if_heroku_gives_all() {
    let platform = platform();
    let program = logged_in(&platform);
    fs::remove_file(program.folder.path().join("bin/heroku")).expect("the script");
    let report = report(&program, &["-a", "good"]);
    for check in ["heroku-cli", "heroku-login", "heroku-app", "heroku-addon"] {
        assert_eq!(
            report.entry(check)["status"],
            "pass",
            "{check}: {:#}",
            report.entry(check)
        );
    }
}
