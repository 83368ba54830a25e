//! `doctor` and `config pull` beside the real git and the real Heroku CLI: a table of broken
//! setups, each with the check that has to notice and what it has to say.

use std::process::Command;

use super::support::{
    Answer, Case, KEY, Platform, Program, RECORDED_ACCOUNT, SERVICE, Setup, Terminal, check_part,
    env_file, git, in_time, report, with_heroku, with_model, with_recordings,
};

fn in_git(program: Program) -> Program {
    git(&program.work(), &["init", "-q"]);
    program.with("PATH", "/usr/local/bin:/usr/bin:/bin")
}

fn heroku(set_up: impl FnOnce(&Platform), change: impl FnOnce(Program) -> Program) -> Setup {
    // Not called, if the CLI finds no app to ask about.
    let platform = Platform::stand_by();
    set_up(&platform);
    let program = change(with_recordings(&platform));
    Setup(program, vec![Box::new(platform)])
}

fn login(change: impl FnOnce(Program) -> Program) -> Setup {
    let change = |program: Program| change(program.without(RECORDED_ACCOUNT));
    heroku(|_| {}, change)
}

fn in_git_with_heroku(program: Program) -> Program {
    git(&program.work(), &["init", "-q"]);
    program
}

fn two_remotes(program: Program) -> Program {
    let program = in_git_with_heroku(program);
    for name in ["one", "two"] {
        git(
            &program.work(),
            &[
                "remote",
                "add",
                name,
                &format!("https://git.heroku.com/{name}.git"),
            ],
        );
    }
    program
}

const CASES: &[Case] = &[
    Case {
        name: ".env that git would commit",
        set_up: || in_git(env_file("URL\nKEY\n")).into(),
        flags: &[],
        check: "env-git",
        status: "fail",
        says: "echo /.env >> .gitignore",
    },
    Case {
        name: ".env that git tracks",
        set_up: || {
            let program = in_git(env_file("URL\nKEY\n"));
            git(&program.work(), &["add", ".env"]);
            program.into()
        },
        flags: &[],
        check: "env-git",
        status: "fail",
        says: "git rm --cached .env",
    },
    Case {
        name: "logged out of Heroku",
        set_up: || login(|program| program.without("HEROKU_API_KEY")),
        flags: &["-a", "good"],
        check: "heroku-login",
        status: "fail",
        says: "heroku login",
    },
    Case {
        name: "a bad HEROKU_API_KEY",
        set_up: || login(|program| program.with("HEROKU_API_KEY", "expired")),
        flags: &["-a", "good"],
        check: "heroku-login",
        status: "fail",
        says: "unset HEROKU_API_KEY",
    },
    Case {
        name: "an unknown app",
        set_up: || heroku(|_| {}, |program| program),
        flags: &["-a", "nosuch"],
        check: "heroku-app",
        status: "fail",
        says: "the account is dev@example.com",
    },
    Case {
        name: "an app of another account",
        set_up: || {
            heroku(
                |platform| platform.answer("closed", Answer::Forbidden),
                |program| program,
            )
        },
        flags: &["-a", "closed"],
        check: "heroku-app",
        status: "fail",
        says: "You do not have access to the app closed",
    },
    Case {
        name: "no app",
        set_up: || heroku(|_| {}, |program| program),
        flags: &[],
        check: "heroku-app",
        status: "fail",
        says: "heroku git:remote -a example-app",
    },
    Case {
        name: "an unknown remote",
        set_up: || heroku(|_| {}, in_git_with_heroku),
        flags: &["-r", "nosuch"],
        check: "heroku-app",
        status: "fail",
        says: "git knows no remote",
    },
    Case {
        name: "several remotes",
        set_up: || heroku(|_| {}, two_remotes),
        flags: &[],
        check: "heroku-app",
        status: "fail",
        says: "--remote one",
    },
    Case {
        name: "no add-on",
        set_up: || {
            heroku(
                |platform| platform.app("bare", &[("PORT", "1")]),
                |program| program,
            )
        },
        flags: &["-a", "bare"],
        check: "heroku-addon",
        status: "fail",
        says: "heroku addons:create heroku-inference:standard -a bare",
    },
    Case {
        name: "the add-on under another name",
        set_up: || {
            heroku(
                |platform| platform.app("good", &[("MY_AI_URL", SERVICE), ("MY_AI_KEY", KEY)]),
                |program| program,
            )
        },
        flags: &["-a", "good"],
        check: "heroku-addon",
        status: "fail",
        says: "heroku-chat doctor --app good --as MY_AI",
    },
    Case {
        name: "a sign-in page before Heroku's API",
        set_up: || {
            heroku(
                |platform| platform.answer("good", Answer::Html200),
                |program| program,
            )
        },
        flags: &["-a", "good"],
        check: "heroku-addon",
        status: "fail",
        says: "not Heroku's API",
    },
    Case {
        name: "a link to a file that git tracks",
        set_up: || {
            let program = in_git(env_file("URL\nKEY\n"));
            let work = program.work();
            std::fs::rename(work.join(".env"), work.join("app.env")).unwrap();
            std::os::unix::fs::symlink("app.env", work.join(".env")).unwrap();
            program.file(".gitignore", "/.env\n");
            git(&work, &["add", "app.env"]);
            program.into()
        },
        flags: &[],
        check: "env-git",
        status: "fail",
        says: "git rm --cached app.env",
    },
    Case {
        name: "a link out of the repository",
        set_up: || {
            let program = in_git(env_file("URL\nKEY\n"));
            let (inside, outside) = (program.work().join(".env"), program.home().join("app.env"));
            std::fs::rename(&inside, &outside).unwrap();
            std::os::unix::fs::symlink(outside, inside).unwrap();
            program.into()
        },
        flags: &[],
        check: "env-git",
        status: "pass",
        says: "no git repository",
    },
    Case {
        name: "a reference in the place of the key, committed",
        set_up: || {
            let program = in_git(Program::for_service(SERVICE));
            program.file(".env", "INFERENCE_KEY=op://dev/heroku/key\n");
            git(&program.work(), &["add", ".env"]);
            program.into()
        },
        flags: &[],
        check: "env-git",
        status: "pass",
        says: "a reference",
    },
];

#[test]
fn every_broken_setup_is_noticed_part_1() {
    check_part(CASES, 0, 2);
}

#[test]
fn every_broken_setup_is_noticed_part_2() {
    check_part(CASES, 1, 2);
}

#[test]
fn settings_of_the_real_heroku_cli_are_checked_to_the_end() {
    let Setup(program, servers) = with_model("test-model");
    let url = program.variables()["INFERENCE_URL"].clone();
    let platform = Platform::start();
    platform.app(
        "good",
        &[
            ("INFERENCE_URL", &url),
            ("INFERENCE_KEY", KEY),
            ("INFERENCE_MODEL_ID", "test-model"),
        ],
    );
    let program = with_heroku(&platform);
    let run = in_time(|| program.run(&["doctor", "-a", "good"])).expect_code(0);
    for words in [
        "Heroku account: dev@example.com",
        "on a plan of one model",
        "both from the Heroku app good",
        "key accepted: yes",
    ] {
        assert!(run.stdout.contains(words), "{words}:\n{}", run.stdout);
    }
    drop(servers);
}

#[test]
fn pull_follows_a_link_and_names_the_rule_that_works() {
    let platform = Platform::start();
    platform.app(
        "good",
        &[("INFERENCE_URL", SERVICE), ("INFERENCE_KEY", KEY)],
    );
    let program = in_git_with_heroku(with_heroku(&platform));
    std::fs::create_dir(program.work().join("real")).unwrap();
    std::fs::write(program.work().join("real/.env"), "A=1\n").unwrap();
    std::os::unix::fs::symlink("real/.env", program.work().join(".env")).unwrap();
    program
        .run(&["config", "pull", "-a", "good"])
        .expect_code(0);
    assert!(program.work().join(".env").is_symlink());
    assert!(
        std::fs::read_to_string(program.work().join("real/.env"))
            .unwrap()
            .contains(KEY)
    );
    // The rule that is named does what it says.
    std::fs::remove_file(program.work().join(".env")).unwrap();
    let report_now = report(&program, &["--env-file", "./real/.env"]);
    let entry = report_now.entry("env-git");
    assert_eq!(entry["status"], "fail", "{entry:#}");
    let command = entry["commands"][0].as_str().expect("a command").to_owned();
    assert!(
        Command::new("sh")
            .args(["-c", &command])
            .current_dir(program.work())
            .status()
            .unwrap()
            .success()
    );
    let report_now = report(&program, &["--env-file", "./real/.env"]);
    let entry = report_now.entry("env-git");
    assert_eq!(entry["status"], "pass", "{entry:#}");
}

#[test]
fn pull_writes_the_variables_and_nothing_else() {
    let platform = Platform::start();
    platform.app(
        "good",
        &[("INFERENCE_URL", SERVICE), ("INFERENCE_KEY", KEY)],
    );
    let program = in_git_with_heroku(with_heroku(&platform));
    let before = "# mine\nDATABASE_URL='postgres://x'\nINFERENCE_KEY=old\n";
    let path = program.file(".env", before);
    let dry = program
        .run(&["config", "pull", "-a", "good", "--dry-run"])
        .expect_code(0);
    assert_eq!(
        dry.stdout,
        "Would write INFERENCE_URL, INFERENCE_KEY to .env\n"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);

    let run = program
        .run(&["config", "pull", "-a", "good"])
        .expect_code(0);
    assert_eq!(
        run.stdout,
        "Wrote INFERENCE_URL, INFERENCE_KEY to .env, readable by you only\n"
    );
    assert!(
        run.stderr.contains("echo /.env >> .gitignore"),
        "{}",
        run.stderr
    );
    let after = format!(
        "# mine\nDATABASE_URL='postgres://x'\nINFERENCE_KEY={KEY}\nINFERENCE_URL={SERVICE}\n"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    program
        .run(&["config", "pull", "-a", "good", "--gitignore"])
        .expect_code(0)
        .expect_error(".env is in .gitignore now");
    assert_eq!(
        std::fs::read_to_string(program.work().join(".gitignore")).unwrap(),
        "/.env\n"
    );
    let config = program.run(&["config"]).expect_code(0);
    assert!(
        config.stdout.contains("(from .env line 4)"),
        "{}",
        config.stdout
    );
    program
        .run(&["config", "pull", "-a", "nosuch"])
        .expect_code(1)
        .expect_error("there is no app \"nosuch\"");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
}

#[test]
fn pull_asks_on_a_terminal_before_it_touches_gitignore() {
    let platform = Platform::start();
    platform.app(
        "good",
        &[("INFERENCE_URL", SERVICE), ("INFERENCE_KEY", KEY)],
    );
    let program = in_git_with_heroku(with_heroku(&platform));
    let terminal = Terminal::start(&program, &["config", "pull", "-a", "good"], 24, 80);
    terminal.wait_for("Add it to .gitignore? [y/N]");
    terminal.send("y\r");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(
        std::fs::read_to_string(program.work().join(".gitignore")).unwrap(),
        "/.env\n"
    );
}
