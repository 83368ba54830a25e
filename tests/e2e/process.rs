//! The process itself: panics, threads that can't be had, and what a crash would leave.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::support::{Program, Terminal, is_sane};

/// A program to which variables of `faults.c` do something.
pub fn with_faults(program: Program) -> Program {
    let library = program.folder.path().join("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/faults.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", source, "-ldl", "-o"]);
    let built = compiler.arg(&library).status().expect("a C compiler");
    assert!(built.success(), "faults.c could not be built");
    program.with("LD_PRELOAD", &library.display().to_string())
}

/// A program for which the system fails once there is this file.
fn with_fault(program: Program, variable: &str) -> (Program, PathBuf) {
    let due = program.folder.path().join("due");
    let program = with_faults(program).with(variable, &due.display().to_string());
    (program, due)
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_where_the_conversation_is() {
    let (program, due) = with_fault(Program::new(), "FAULT_CLOCK");
    let terminal = Terminal::chat(&program, &["--sandbox"], 100);
    terminal.run("what is kept", "3 in, 3 out");
    let device = terminal.device();
    fs::write(&due, "").unwrap();
    terminal.send("what is lost\r");
    let screen = terminal.wait_for("Please report it");
    assert!(!due.exists());
    assert!(
        screen.contains("`heroku-chat --sandbox --session "),
        "{screen}"
    );
    assert!(screen.contains("a fault of its own"), "{screen}");
    assert!(!screen.contains("thread 'main'"), "{screen}");
    assert_eq!(terminal.wait_for_end(), 1);
    assert!(is_sane(&device));
    let again = Terminal::chat(&program, &["--sandbox", "--continue"], 100);
    again.wait_for("what is kept");
}

#[test]
fn a_thread_that_cannot_be_had_is_an_error_and_the_chat_goes_on() {
    let (program, due) = with_fault(Program::new(), "FAULT_THREAD");
    fs::write(&due, "").unwrap();
    let run = program.run(&["ask", "--sandbox", "hi"]).expect_code(1);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert!(!due.exists());
    let terminal = Terminal::chat(&program, &["--sandbox", "--no-warm"], 100);
    fs::write(&due, "").unwrap();
    terminal.send("hello\r");
    terminal.wait_for("starting a thread failed");
    assert!(!due.exists());
    terminal.wait_until("the prompt again", |screen| {
        screen.trim_end().ends_with("\n> hello")
    });
    terminal.send("\r");
    terminal.wait_for("1 in, 1 out");
}

#[test]
fn a_crash_leaves_no_copy_of_the_memory() {
    let terminal = Terminal::chat(&Program::new(), &["--sandbox"], 80);
    let limits = fs::read_to_string(format!("/proc/{}/limits", terminal.process_id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let limit = core.and_then(|line| line.split_whitespace().nth(4));
    assert!(matches!(limit, Some("0" | "1")), "{core:?}");
}
