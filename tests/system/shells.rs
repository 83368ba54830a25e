//! Completion in real shells, and what scripts/install puts where they look.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{Api, KEY, NOBODY_LISTENS, Program, Run, Terminal, output, respond, script};

const SHELLS: [(&str, &[&str], &str); 3] = [
    (
        "bash",
        &["--norc", "-i"],
        "source <(heroku-chat completions bash)",
    ),
    (
        "zsh",
        &["-f", "-i"],
        "autoload -Uz compinit && compinit -D -u && source <(heroku-chat completions zsh)",
    ),
    (
        "fish",
        &["--no-config", "-i"],
        "heroku-chat completions fish | source",
    ),
];

/// A program with the shells and itself on its PATH, that finds the service at this URL.
fn program(url: &str) -> Program {
    let program = Program::for_service(url);
    let bin = program.folder.path().join("bin");
    symlink(
        assert_cmd::cargo::cargo_bin!("heroku-chat"),
        bin.join("heroku-chat"),
    )
    .expect("a link to the program");
    program.with("PATH", &format!("{}:/usr/bin:/bin", bin.display()))
}

/// A shell that has run a line.
fn shell(program: &Program, name: &str, arguments: &[&str], line: &str) -> Terminal {
    let terminal = Terminal::start_program(program, &format!("/usr/bin/{name}"), arguments, 24, 80);
    terminal.send(&format!("{line}; echo re''ady\r"));
    terminal.wait_for("\nready");
    terminal
}

fn catalogue(ids: &[&str]) -> Api {
    let models: Vec<_> = ids
        .iter()
        .map(|id| serde_json::json!({ "model_id": id, "type": ["text-to-text"] }))
        .collect();
    Api::fixed(respond(200, "", &serde_json::json!(models).to_string()))
}

#[test]
fn models_of_the_service_are_completed() {
    for (name, arguments, line) in SHELLS {
        let api = catalogue(&["alpha-model", "beta-model", "alarm$(touch evil)"]);
        let program = program(&api.url());
        let terminal = shell(&program, name, arguments, line);
        terminal.send("heroku-chat ask -m al\t");
        terminal.wait_for("ask -m alpha-model");
        terminal.send("--no-str\t");
        terminal.wait_for("alpha-model --no-stream");
        assert!(
            !program.work().join("evil").exists(),
            "{name} ran what a server named"
        );
        assert_eq!(api.only_request().header("authorization"), None);
    }
}

#[test]
fn the_sandbox_and_commands_are_completed() {
    for (name, arguments, line) in SHELLS {
        let program = program(NOBODY_LISTENS);
        let terminal = shell(&program, name, arguments, line);
        terminal.send("heroku-chat ask --sandbox --model=sandbox-ec\t");
        terminal.wait_for("--model=sandbox-echo");
        terminal.send("\x15heroku-chat conf\t");
        terminal.wait_for("heroku-chat config ");
        terminal.send("pu\t");
        terminal.wait_for("heroku-chat config pull");
    }
}

#[test]
fn saved_conversations_are_completed() {
    for (name, arguments, line) in SHELLS {
        let program = program(NOBODY_LISTENS);
        program
            .run(&["ask", "--sandbox", "--session", "release-notes", "hi"])
            .expect_code(0);
        let terminal = shell(&program, name, arguments, line);
        terminal.send("heroku-chat sessions show --sandbox rel\t");
        terminal.wait_for("--sandbox release-notes");
        terminal.send("\x15heroku-chat --sandbox --session=re\t");
        terminal.wait_for("--session=release-notes");
    }
}

#[test]
fn a_service_that_is_not_there_or_says_nothing_leaves_the_line_alone() {
    let silent = Api::serve(|exchange| exchange.wait_for_close());
    let silence = silent.url();
    for url in [NOBODY_LISTENS, &silence] {
        for (name, arguments, line) in SHELLS {
            let program = program(url);
            let terminal = shell(&program, name, arguments, line);
            terminal.send("heroku-chat ask -m \tzzz");
            let screen = terminal.wait_for("heroku-chat ask -m zzz");
            assert!(!screen.to_lowercase().contains("error"), "{name}: {screen}");
        }
    }
}

/// Files and links below a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let list = Command::new("find")
        .args([".", "!", "-type", "d"])
        .current_dir(folder)
        .output()
        .expect("find");
    String::from_utf8_lossy(&list.stdout)
        .lines()
        .map(PathBuf::from)
        .collect()
}

/// Runs scripts/install for this HOME, with the toolchain of the real one.
fn install(program: &Program, arguments: &[&str]) -> String {
    let mut command = script("install");
    let home = std::env::var("HOME").expect("a HOME");
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(name).is_none() {
            command.env(name, format!("{home}/{folder}"));
        }
    }
    command
        .args(arguments)
        .env("HOME", program.home())
        .env_remove("XDG_DATA_HOME");
    output(command)
}

#[test]
fn an_installed_program_is_found_by_shells_and_man_and_goes_without_a_trace() {
    let program = Program::new();
    // Else fish's first start reads all man pages in the background, ours among them, and writes
    // into this folder at some time after the end.
    let generated = ".local/share/fish/generated_completions";
    std::fs::create_dir_all(program.home().join(generated)).expect("a folder of fish's");
    let before = files(&program.home());
    let binary = assert_cmd::cargo::cargo_bin!("heroku-chat")
        .display()
        .to_string();
    let said = install(&program, &["--binary", &binary]);
    assert!(
        said.contains("is not on PATH") && said.contains("fpath+=("),
        "{said}"
    );

    let bin = program.home().join(".local/bin").display().to_string();
    let program = program.with("PATH", &format!("{bin}:/usr/bin:/bin"));
    let zsh =
        "fpath+=(~/.local/share/zsh/site-functions) && autoload -Uz compinit && compinit -D -u";
    for (name, arguments, line) in [
        (
            "bash",
            &["--norc", "-i"] as &[_],
            "source /usr/share/bash-completion/bash_completion",
        ),
        ("zsh", &["-f", "-i"], zsh),
        ("fish", &["-i"], "true"),
    ] {
        let terminal = shell(&program, name, arguments, line);
        terminal.send("heroku-chat doc\t");
        terminal.wait_for("heroku-chat doctor");
    }
    for page in ["heroku-chat", "heroku-chat-config-pull"] {
        let man = program
            .process_of(Path::new("man"), &["-w", page])
            .output()
            .expect("man runs");
        assert!(man.status.success(), "man does not find {page}");
    }

    install(&program, &["--uninstall"]);
    let left: Vec<_> = files(&program.home())
        .difference(&before)
        .cloned()
        .collect();
    // fish keeps files of its own from its first start on.
    assert!(
        left.iter()
            .all(|file| file.to_string_lossy().contains("/fish/")),
        "{left:?}"
    );
    assert!(
        !left
            .iter()
            .any(|file| file.to_string_lossy().contains("heroku")),
        "{left:?}"
    );
}

#[test]
fn bash_completes_behind_colons_and_quotes() {
    let api = catalogue(&["alpha:8b", "beta-model"]);
    let program = program(NOBODY_LISTENS);
    program.file(
        "my env",
        &format!("INFERENCE_URL={}\nINFERENCE_KEY={KEY}\n", api.url()),
    );
    let (name, arguments, line) = SHELLS[0];
    let program = program.without("INFERENCE_URL").without("INFERENCE_KEY");
    let terminal = shell(&program, name, arguments, line);
    for (typed, completed) in [
        (format!("--url {} -m al", api.url()), "-m alpha:8b"),
        ("--env-file 'my env' -m be".to_owned(), "-m beta-model"),
        ("--env-file 'my env' -m alpha:".to_owned(), "-m alpha:8b"),
        (
            "--env-file my\\ env --model=alpha:8".to_owned(),
            "--model=alpha:8b",
        ),
    ] {
        terminal.send(&format!("\x15heroku-chat ask {typed}\t"));
        let completed = format!("{completed} ");
        terminal.wait_until(&completed, |screen| {
            let line = screen.rsplit("heroku-chat ask").next().unwrap_or_default();
            format!("{} ", line.replace('\n', "").trim_end()).contains(&completed)
        });
        terminal.send("\x15echo cle''ar\r");
        terminal.wait_for("\nclear");
        terminal.send("\x0c");
    }
}

#[test]
fn without_cargo_it_is_said_what_to_do_and_an_empty_home_is_empty_again() {
    let program = Program::new();
    let installer = script("install").get_program().to_owned();
    let run = |arguments: &[&str]| {
        let mut install = program.process_of(Path::new(&installer), arguments);
        install.env("PATH", "/usr/bin:/bin");
        Run::of(install, "")
    };
    run(&[])
        .expect_code(1)
        .expect_error("cargo is needed")
        .expect_error("--binary PATH");
    let left = || std::fs::read_dir(program.home()).expect("a home").count();
    assert_eq!(left(), 0);
    let binary = assert_cmd::cargo::cargo_bin!("heroku-chat");
    run(&["--binary", binary.to_str().expect("UTF-8")]).expect_code(0);
    assert_ne!(left(), 0);
    run(&["--uninstall"]).expect_code(0);
    assert_eq!(left(), 0);
}
