//! The real Heroku CLI, pinned in tests/heroku-cli and installed by scripts/heroku-cli, against a
//! local stand-in for Heroku's Platform API.

use super::support::{Answer, NOBODY_LISTENS, Platform, Program, Run, git, heroku, with_heroku};

const VARIABLES: [(&str, &str); 3] = [
    ("INFERENCE_URL", "https://us.inference.heroku.com"),
    ("INFERENCE_KEY", super::support::KEY),
    ("INFERENCE_MODEL_ID", "claude-4-5-haiku"),
];

fn config(program: &Program, arguments: &[&str]) -> Run {
    let all: Vec<&str> = ["config"].iter().chain(arguments).copied().collect();
    program.run(&all)
}

#[test]
fn values_of_an_app_are_used() {
    let platform = Platform::start();
    platform.app("good", &VARIABLES);
    platform.app("standard", &VARIABLES[..2]);
    let run = config(&with_heroku(&platform), &["-a", "good"]).expect_code(0);
    assert!(
        run.stdout
            .contains("claude-4-5-haiku  (from the Heroku app good)"),
        "{}",
        run.stdout
    );
    let run = config(&with_heroku(&platform), &["-a", "standard"]).expect_code(0);
    assert!(
        run.stdout.contains("INFERENCE_MODEL_ID: not set"),
        "{}",
        run.stdout
    );
    assert_eq!(
        platform.requests(),
        [
            "GET /apps/good/config-vars",
            "GET /apps/standard/config-vars"
        ]
    );
}

#[test]
fn an_account_that_is_missing_or_wrong_is_told() {
    let platform = Platform::start();
    platform.app("good", &VARIABLES);
    let logged_out = with_heroku(&platform).without("HEROKU_API_KEY");
    config(&logged_out, &["-a", "good"])
        .expect_code(1)
        .expect_error("it is not logged in")
        .expect_error("heroku login");
    let bad_token = with_heroku(&platform).with("HEROKU_API_KEY", "expired");
    config(&bad_token, &["-a", "good"])
        .expect_code(1)
        .expect_error("HEROKU_API_KEY is set and was refused");
}

#[test]
fn an_app_that_is_unknown_or_closed_is_told() {
    let platform = Platform::start();
    platform.answer("closed", Answer::Forbidden);
    platform.answer("busy", Answer::RateLimited);
    platform.app("bare", &[]);
    let program = with_heroku(&platform);
    config(&program, &["-a", "nosuch"])
        .expect_code(1)
        .expect_error("there is no app \"nosuch\"");
    config(&program, &["-a", "closed"])
        .expect_code(1)
        .expect_error("You do not have access to the app closed");
    config(&program, &["-a", "busy"])
        .expect_code(1)
        .expect_error("Your account reached the API rate limit");
    config(&program, &["-a", "bare"])
        .expect_code(1)
        .expect_error("the app \"bare\" has no such variables");
}

#[test]
fn git_remotes_name_the_app() {
    let platform = Platform::start();
    platform.app("good", &VARIABLES);
    platform.app("standard", &VARIABLES[..2]);
    let program = with_heroku(&platform);
    config(&program, &[])
        .expect_code(1)
        .expect_error("no app was named");
    git(&program.work(), &["init", "-q"]);
    git(
        &program.work(),
        &["remote", "add", "heroku", "https://git.heroku.com/good.git"],
    );
    config(&program, &[]).expect_code(0);
    git(
        &program.work(),
        &[
            "remote",
            "add",
            "staging",
            "https://git.heroku.com/standard.git",
        ],
    );
    config(&program, &[])
        .expect_code(1)
        .expect_error("several apps")
        .expect_error("good (heroku), standard (staging)")
        .expect_error("--remote heroku");
    config(&program, &["-r", "staging"]).expect_code(0);
    // The CLI itself would prefer the variable to the flag.
    let program = program.with("HEROKU_APP", "nosuch");
    config(&program, &["-r", "staging"]).expect_code(0);
    let program = program.without("HEROKU_APP");
    config(&program, &["-r", "nosuch"])
        .expect_code(1)
        .expect_error("git knows no remote \"nosuch\"");
}

#[test]
fn an_api_that_is_down_is_told() {
    let platform = Platform::stand_by();
    let program = with_heroku(&platform)
        .with("HEROKU_HOST", NOBODY_LISTENS)
        .with("HEROKU_PARTICLEBOARD_URL", NOBODY_LISTENS);
    std::thread::scope(|scope| {
        // What doctor asks. Each gives up after seven seconds.
        let whoami = program.process_of(heroku(), &["auth:whoami"]);
        let account = scope.spawn(|| Run::of(whoami, ""));
        config(&program, &["-a", "good"])
            .expect_code(1)
            .expect_error("it could not reach Heroku")
            .expect_error("ECONNREFUSED");
        let account = account.join().expect("it ends");
        account.expect_code(1).expect_error("connect ECONNREFUSED");
    });
}
