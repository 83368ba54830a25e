//! The real Heroku CLI, pinned in tests/heroku-cli and installed by scripts/heroku-cli, against a local stand-in for
//! Heroku's Platform API.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::support::{Answer, NOBODY_LISTENS, Platform, Program, Run, TOKEN, script};

const VARIABLES: [(&str, &str); 3] = [
    ("INFERENCE_URL", "https://us.inference.heroku.com"),
    ("INFERENCE_KEY", super::support::KEY),
    ("INFERENCE_MODEL_ID", "claude-4-5-haiku"),
];

/// A logged-in CLI whose API is this one.
fn program(platform: &Platform) -> Program {
    static HEROKU: OnceLock<PathBuf> = OnceLock::new();
    let heroku = HEROKU.get_or_init(|| PathBuf::from(script("heroku-cli")));
    let folder = heroku.parent().expect("a file stands in a folder").display().to_string();
    let node = which("node").parent().expect("a file stands in a folder").display().to_string();
    let mut program =
        Program::new().with("PATH", &format!("{folder}:{node}:/usr/bin:/bin")).with("HEROKU_API_KEY", TOKEN);
    for (name, value) in platform.env() {
        program = program.with(name, &value);
    }
    program
}

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists()).expect("it is on PATH")
}

fn config(program: &Program, arguments: &[&str]) -> Run {
    let all: Vec<&str> = ["config"].iter().chain(arguments).copied().collect();
    program.run(&all)
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").args(arguments).current_dir(folder).status().expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}

#[test]
fn values_of_an_app_are_used() {
    let platform = Platform::start();
    platform.app("good", &VARIABLES);
    platform.app("standard", &VARIABLES[..2]);
    let run = config(&program(&platform), &["-a", "good"]).expect_code(0);
    assert!(run.stdout.contains("claude-4-5-haiku  (from the Heroku app good)"), "{}", run.stdout);
    let run = config(&program(&platform), &["-a", "standard"]).expect_code(0);
    assert!(run.stdout.contains("INFERENCE_MODEL_ID: not set"), "{}", run.stdout);
    assert_eq!(platform.requests(), ["GET /apps/good/config-vars", "GET /apps/standard/config-vars"]);
}

#[test]
fn an_account_that_is_missing_or_wrong_is_told() {
    let platform = Platform::start();
    platform.app("good", &VARIABLES);
    let logged_out = program(&platform).without("HEROKU_API_KEY");
    config(&logged_out, &["-a", "good"])
        .expect_code(1)
        .expect_error("it is not logged in")
        .expect_error("heroku login");
    let bad_token = program(&platform).with("HEROKU_API_KEY", "expired");
    config(&bad_token, &["-a", "good"]).expect_code(1).expect_error("HEROKU_API_KEY is set and was refused");
}

#[test]
fn an_app_that_is_unknown_or_closed_is_told() {
    let platform = Platform::start();
    platform.answer("closed", Answer::Forbidden);
    platform.answer("busy", Answer::RateLimited);
    platform.app("bare", &[]);
    let program = program(&platform);
    config(&program, &["-a", "nosuch"]).expect_code(1).expect_error("there is no app \"nosuch\"");
    config(&program, &["-a", "closed"]).expect_code(1).expect_error("You do not have access to the app closed");
    config(&program, &["-a", "busy"]).expect_code(1).expect_error("Your account reached the API rate limit");
    config(&program, &["-a", "bare"]).expect_code(1).expect_error("the app \"bare\" has no such variables");
}

#[test]
fn git_remotes_name_the_app() {
    let platform = Platform::start();
    platform.app("good", &VARIABLES);
    platform.app("standard", &VARIABLES[..2]);
    let program = program(&platform);
    config(&program, &[]).expect_code(1).expect_error("no app was named");
    git(&program.work(), &["init", "-q"]);
    git(&program.work(), &["remote", "add", "heroku", "https://git.heroku.com/good.git"]);
    config(&program, &[]).expect_code(0);
    git(&program.work(), &["remote", "add", "staging", "https://git.heroku.com/standard.git"]);
    config(&program, &[])
        .expect_code(1)
        .expect_error("several apps")
        .expect_error("good (heroku), standard (staging)")
        .expect_error("--remote heroku");
    config(&program, &["-r", "staging"]).expect_code(0);
    config(&program, &["-r", "nosuch"]).expect_code(1).expect_error("git knows no remote \"nosuch\"");
}

#[test]
fn an_api_that_is_down_is_told() {
    let platform = Platform::start();
    let program = program(&platform).with("HEROKU_HOST", NOBODY_LISTENS);
    config(&program, &["-a", "good"])
        .expect_code(1)
        .expect_error("it could not reach Heroku")
        .expect_error("ECONNREFUSED");
}
