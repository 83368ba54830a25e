//! `doctor --report`: each cause is told, and nothing of whose setup it is.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::advice::cases::{CASES, OLD_KEY};
use super::doctor;
use super::support::{Case, KEY, Program, Setup, Terminal};

/// What must be in no report, whatever the setup.
const FORBIDDEN: &[&str] = &[
    "5ec4e7c0de",
    "01dba5e0",
    "sk-1234",
    "janedoe",
    "corp.example",
    "hunter2",
    "example.com",
    "example.org",
    "/home",
    "/tmp",
    "rcgen",
];

/// The setup of somebody with a name, behind a proxy whose values are in no use here.
fn somebodys(program: Program) -> Program {
    program
        .with("USER", "janedoe")
        .with("LOGNAME", "janedoe")
        .with("HOSTNAME", "janes-box.corp.example")
        .with(
            "all_proxy",
            "http://janedoe:hunter2@proxy.corp.example:8080",
        )
        .with("no_proxy", "*")
        .with("SHELL", "/home/janedoe/bin/fish")
        .with("LANG", "en_GB.UTF-8")
        .with("COLORTERM", "truecolor")
}

/// What the words of a failure may have lost by being masked.
fn without_names(says: &str) -> bool {
    ![
        "example",
        "invalid",
        "Models",
        "export",
        "heroku ",
        "heroku-chat ",
        "chmod",
        "/sessions",
        "rcgen",
    ]
    .iter()
    .any(|it| says.contains(it))
}

#[test]
fn the_reports_of_broken_setups_name_the_cause_and_nobody() {
    let (next, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some(case) = doctor::CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    told.fetch_add(usize::from(check(case)), Ordering::Relaxed);
                }
            });
        }
    });
    let told = told.into_inner();
    assert!(told >= 35, "of {told} the words were looked for");
}

/// Looks at a setup's report. Whether the cause has words that can't be masked.
fn check(case: &Case) -> bool {
    let name = case.name;
    let Setup(program, _servers) = (case.set_up)();
    let has_proxy = program.variables().keys().any(|it| it.ends_with("_proxy"));
    let program = if has_proxy {
        program
    } else {
        somebodys(program)
    };
    let run = program.run(&[&["doctor", "--report"], case.flags].concat());
    let has_failed = run.stdout.contains("| fail |");
    assert_eq!(run.code, i32::from(has_failed), "{name}: {}", run.stdout);
    for word in FORBIDDEN {
        assert!(!run.stdout.contains(word), "{name}: {word}\n{}", run.stdout);
    }
    let row = format!("| {} | {} |", case.check, case.status);
    assert!(run.stdout.contains(&row), "{name}: {}", run.stdout);
    let is_told = without_names(case.says);
    assert!(
        !is_told || run.stdout.contains(case.says),
        "{name}: {}\n{}",
        case.says,
        run.stdout
    );
    is_told
}

#[test]
fn reports_of_what_heroku_says_name_no_app_and_no_account() {
    for case in CASES {
        let Setup(program, _servers) = (case.set_up)();
        let program = somebodys(program).without("all_proxy");
        let run = program.run(&[&["doctor", "--report"], case.flags].concat());
        for word in FORBIDDEN
            .iter()
            .chain(&[KEY, OLD_KEY, "nosuch", " goof", "good", "production"])
        {
            let is_flag = *word == "nosuch" && case.name == "an unknown remote";
            assert!(
                is_flag || !run.stdout.contains(word),
                "{}: {word}\n{}",
                case.name,
                run.stdout
            );
        }
    }
}

#[test]
fn equal_names_have_equal_placeholders_and_the_cause_stays() {
    let program = Program::new()
        .with("HOME", "/home/janedoe")
        .with("HEROKU_APP", "acme-shop")
        .with("INFERENCE_URL", "http://llm.acme.internal:8080/v2")
        .with("INFERENCE_KEY", KEY)
        .with("SSL_CERT_FILE", "/home/janedoe/acme/ca.pem")
        .with("https_proxy", "http://joe:hunter2@gate:3128");
    let program = somebodys(program);
    let run = program.run(&["doctor", "--report"]).expect_code(1);
    assert!(run.stdout.contains("http://host-1:8080"), "{}", run.stdout);
    assert!(
        run.stdout.contains("https://, or pass --allow-http"),
        "{}",
        run.stdout
    );
    for line in [
        "- shell: path-1\n",
        "- locale: en_GB.UTF-8\n",
        "SSL_CERT_FILE",
        "| url | fail | 0 |",
        "### heroku-chat doctor --report",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    for word in ["acme", "gate", "joe", "janedoe", "hunter2", "v2"] {
        assert!(!run.stdout.contains(word), "{word}\n{}", run.stdout);
    }
}

#[test]
fn names_in_paths_and_variables_are_masked() {
    let folder = "My Clients/Acme";
    let program = Program::new();
    fs::create_dir_all(program.work().join(folder)).unwrap();
    let file = format!("{folder}/.env");
    program.file(&file, "");
    let arguments = [
        "doctor",
        "--report",
        "--as",
        "acme-llm",
        "--env-file",
        &file,
    ];
    let run = program.run(&arguments).expect_code(1);
    for word in ["Clients", "Acme", "ACME", "acme"] {
        assert!(!run.stdout.contains(word), "{word}\n{}", run.stdout);
    }
    assert!(
        run.stdout.contains("attachment-1_URL is not set"),
        "{}",
        run.stdout
    );
}

#[test]
fn nothing_of_a_server_leaves_the_fence() {
    use super::support::{Api, respond};
    let api = Api::fixed(respond(
        503,
        "",
        "{\"error\":\"down\\n````\\n# <script>host evil.corp.example, mail a@corp.example\"}",
    ));
    let run = Program::for_service(&api.url()).run(&["doctor", "--report"]);
    let text = run.stdout;
    assert!(text.contains("status 503"), "{text}");
    assert!(!text.contains("corp.example"), "{text}");
    let fences = text.lines().filter(|line| line.starts_with("`````"));
    assert_eq!(fences.count(), 2, "longer than any in it\n{text}");
}

#[test]
fn a_terminal_is_described() {
    let Setup(program, _) = Program::new().into();
    let terminal = Terminal::start(&program, &["doctor", "--report"], 60, 100);
    terminal.wait_for("columns and rows: (100 × 60)");
    terminal.wait_for("input, output, errors: a terminal, a terminal, a terminal");
    assert_eq!(terminal.wait_for_end(), 1);
    assert!(fs::read_dir(program.work()).unwrap().next().is_none());
}
