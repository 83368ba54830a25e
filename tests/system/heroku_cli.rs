//! The real Heroku CLI, pinned in tests/heroku-cli and installed by scripts/heroku-cli, against a
//! local stand-in for Heroku's Platform API.

use std::fs;
use std::path::Path;

use super::support::{
    Answer, App, NOBODY_LISTENS, Platform, Program, Run, SECRETS, TOKEN, clis, git, heroku,
    with_heroku, without_heroku,
};

const VARIABLES: [(&str, &str); 3] = [
    ("INFERENCE_URL", "https://us.inference.heroku.com"),
    ("INFERENCE_KEY", super::support::KEY),
    ("INFERENCE_MODEL_ID", "claude-4-5-haiku"),
];

/// `config`, for which the CLI is asked.
fn config(program: &Program, arguments: &[&str]) -> Run {
    let all = [&["config", "--no-direct"], arguments].concat();
    program.run(&all)
}

/// A program that finds this CLI, whose starts are kept.
fn with_cli(platform: &Platform, cli: &Path) -> Program {
    // Without it versions before 11 wait for a host on the internet.
    let program = without_heroku(platform).with("HEROKU_SKIP_ANALYTICS", "1");
    let body = format!(
        "echo \"$*\" >> \"$HOME/asked\"; exec '{}' \"$@\"",
        cli.display()
    );
    program.command("heroku", &body);
    let bin = program.folder.path().join("bin");
    let path = format!("{}:{}", bin.display(), program.variables()["PATH"]);
    program.with("PATH", &path)
}

/// Logged in by netrc.
fn by_netrc(program: Program, platform: &Platform, token: &str) -> Program {
    fs::write(program.home().join(".netrc"), platform.netrc(token)).expect("a netrc");
    program.without("HEROKU_API_KEY")
}

/// What a run printed, and how many requests and starts of the CLI it took.
fn asked(
    program: &Program,
    platform: &Platform,
    arguments: &[&str],
) -> ((i32, String, String), [usize; 2]) {
    let (before, log) = (platform.requests().len(), program.home().join("asked"));
    let Run {
        code,
        stdout,
        stderr,
    } = program.run(arguments);
    let starts = fs::read_to_string(&log).unwrap_or_default();
    _ = fs::remove_file(log);
    let requests = platform.requests().len() - before;
    ((code, stdout, stderr), [requests, starts.lines().count()])
}

/// How a program becomes one of a case.
type Change = fn(Program, &Platform) -> Program;

/// The app, how it is set up, the exit code; what the direct way takes, and the CLI's.
type Case = (&'static [&'static str], Change, i32, [usize; 2], [usize; 2]);

#[test]
fn heroku_asked_directly_says_what_its_cli_says() {
    let usual: Change = |program, _| program;
    let in_git: Change = |program, _| {
        git(&program.work(), &["init", "-q"]);
        let url = "https://git.heroku.com/good.git";
        git(&program.work(), &["remote", "add", "heroku", url]);
        program
    };
    let two_remotes: Change = |program, _| {
        git(&program.work(), &["init", "-q"]);
        for app in ["good", "standard"] {
            let url = format!("https://git.heroku.com/{app}.git");
            git(&program.work(), &["remote", "add", app, &url]);
        }
        program
    };
    let by_netrc: Change = |program, platform| by_netrc(program, platform, TOKEN);
    let expired: Change = |program, _| program.with("HEROKU_API_KEY", "expired");
    let cases: [Case; 8] = [
        (&["-a", "good"], usual, 0, [1, 0], [1, 1]),
        (&["-a", "good"], by_netrc, 0, [1, 0], [1, 1]),
        (&[], in_git, 0, [1, 0], [1, 1]),
        (&[], two_remotes, 1, [0, 1], [0, 1]),
        // The CLI is asked again, for the names of all.
        (&["-a", "bare"], usual, 1, [1, 0], [2, 2]),
        (&["-a", "nosuch"], usual, 1, [2, 1], [1, 1]),
        (&["-a", "closed"], usual, 1, [2, 1], [1, 1]),
        (&["-a", "good"], expired, 1, [2, 1], [1, 1]),
    ];
    for cli in clis() {
        std::thread::scope(|scope| {
            for case in cases {
                let cli = &cli;
                scope.spawn(move || check_both_ways(cli, case));
            }
        });
    }
}

fn check_both_ways(cli: &Path, (arguments, change, code, direct, by_cli): Case) {
    // Not called, if the CLI finds no app to ask about.
    let platform = Platform::stand_by();
    platform.app("good", &VARIABLES);
    platform.app("standard", &VARIABLES[..2]);
    platform.app("bare", &[]);
    platform.answer("closed", Answer::Forbidden);
    let program = change(with_cli(&platform, cli), &platform);
    let ask = |more: &[&str]| {
        asked(
            &program,
            &platform,
            &[&["config"], arguments, more].concat(),
        )
    };
    let (one, other) = (ask(&[]), ask(&["--no-direct"]));
    let case = format!("{}: {arguments:?}", cli.display());
    assert_eq!(one.0, other.0, "{case}");
    assert_eq!(
        (one.1, other.1, one.0.0),
        (direct, by_cli, code),
        "{case}: {one:?}"
    );
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
        .expect_error("nobody is logged in")
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
        .expect_code(3)
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
            .expect_code(3)
            .expect_error("Heroku could not be reached")
            .expect_error("ECONNREFUSED");
        let account = account.join().expect("it ends");
        account.expect_code(1).expect_error("connect ECONNREFUSED");
    });
}

/// A program whose PATH has the real CLI, which notes each of its starts in a file.
fn counted(platform: &Platform) -> Program {
    let program = with_heroku(platform);
    let real = heroku().display();
    program.command(
        "heroku",
        &format!("echo \"$@\" >> \"$HOME/starts\"\nexec '{real}' \"$@\""),
    );
    let bin = program.folder.path().join("bin").display().to_string();
    let path = format!("{bin}:{}", program.variables()["PATH"]);
    program.with("PATH", &path).without("HEROKU_API_KEY")
}

fn starts(program: &Program) -> Vec<String> {
    let starts = std::fs::read_to_string(program.home().join("starts")).unwrap_or_default();
    starts.lines().map(str::to_owned).collect()
}

fn log_in(program: &Program, platform: &Platform) {
    use std::os::unix::fs::PermissionsExt;
    let netrc = program.home().join(".netrc");
    std::fs::write(&netrc, platform.netrc("good-token")).expect("a netrc");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(netrc, private).expect("a private file");
}

/// The first cause that `why` finds, and what it couldn't have.
fn cause(run: &Run) -> (String, usize) {
    let all = format!("{}{}", run.stdout, run.stderr);
    for secret in SECRETS.iter().chain(&["good-token"]) {
        assert!(!all.contains(secret), "{secret} was shown:\n{all}");
    }
    let verdict: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let missing = verdict["missing"].as_array().expect("a list").len();
    (verdict["causes"][0]["id"].to_string(), missing)
}

const WHY: [&str; 6] = ["why", "-a", "shop", "--json", "--wait", "20"];

#[test]
fn the_cli_is_started_for_the_facts_of_an_app_only_if_it_alone_knows_the_login() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "rails-missing-config"));
    let expected = ("\"missing-config\"".to_owned(), 0);

    let program = counted(&platform).with("HEROKU_API_KEY", "good-token");
    assert_eq!(cause(&program.run(&WHY).expect_code(1)), expected);
    assert_eq!(starts(&program), [""; 0]);

    let program = counted(&platform);
    log_in(&program, &platform);
    assert_eq!(cause(&program.run(&WHY).expect_code(1)), expected);
    assert_eq!(starts(&program), [""; 0]);

    // Beside this file a netrc may be of another account.
    let login = program.home().join(".local/share/heroku/login.json");
    std::fs::create_dir_all(login.parent().expect("a folder")).expect("a folder");
    std::fs::write(login, "{\"account\": \"dev@example.com\"}").expect("a file");
    let program = program.with("HEROKU_NETRC_WRITE", "false");
    let run = program.run(&WHY);
    assert_eq!(starts(&program), ["auth:token"], "{run:?}");
    assert_eq!(cause(&run.expect_code(1)), expected);

    let nobody = counted(&platform);
    let run = nobody.run(&["why", "-a", "shop", "--wait", "20"]);
    run.expect_code(3).expect_error("heroku login");
    assert_eq!(starts(&nobody), ["auth:token"]);
}

#[test]
fn what_heroku_may_not_be_asked_directly_the_cli_is_asked() {
    let platform = Platform::start();
    platform.play("shop", App::outage("shop", "php-suspended-addon"));
    let program = counted(&platform).with("HEROKU_HEADERS", "{\"x-test\": \"1\"}");
    log_in(&program, &platform);
    let run = program.run(&WHY).expect_code(1);
    assert_eq!(cause(&run), ("\"addon\"".to_owned(), 1));
    assert!(
        run.stdout.contains("Not known: formation"),
        "{}",
        run.stdout
    );
    let mut starts = starts(&program);
    starts.sort();
    let expected = [
        "apps:info --json --app shop",
        "config --json --app shop",
        "logs -n 1500 --app shop",
        "releases --json -n 10 --app shop",
    ];
    assert_eq!(starts, expected);
}
