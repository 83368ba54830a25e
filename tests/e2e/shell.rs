//! `!command` in the chat: what it sends, and everything that must not run one.

use super::support::{Api, KEY, Program, Terminal};

fn program(api: &Api) -> Program {
    Program::for_service(&api.url()).with("PATH", "/usr/bin:/bin")
}

/// Types a line as people do: Enter comes by itself.
fn by_hand(terminal: &Terminal, line: &str) {
    terminal.send(line);
    terminal.wait_for(&format!("> {line}"));
    terminal.send("\r");
}

/// The prompts that were sent.
fn prompts(api: &Api) -> Vec<String> {
    let last = |body: serde_json::Value| {
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        let last = messages.last().map(|last| last["content"].clone());
        last.and_then(|it| Some(it.as_str()?.to_owned()))
            .expect("a prompt")
    };
    api.requests().iter().map(|it| last(it.json())).collect()
}

fn ask(api: &Api, terminal: &Terminal, prompt: &str) -> String {
    let before = api.requests().len();
    by_hand(terminal, prompt);
    terminal.wait_until("an answer", |_| api.requests().len() > before);
    terminal.wait_for_prompt();
    prompts(api).pop().expect("a prompt")
}

#[test]
fn what_a_command_prints_goes_with_the_next_prompt_masked() {
    let api = Api::tokens(&["got it"]);
    let program = program(&api)
        .with("OTHER_TOKEN", "no-key")
        .with("DB_PASSWORD", "hunter22hunter");
    let terminal = Terminal::chat(&program, &[], 100);
    // Standard input is empty, and our key isn't there.
    by_hand(
        &terminal,
        "!cat; env | grep -c KEY; env | grep PASS; echo oops >&2; exit 3",
    );
    let screen = terminal.wait_for("exit status: 3; $ cat; env");
    assert!(
        screen.contains("DB_PASSWORD=hunter22hunter\noops"),
        "{screen}"
    );
    terminal.wait_for_prompt();
    by_hand(&terminal, "!!echo for me alone");
    terminal.wait_for("\nfor me alone");
    terminal.wait_for_prompt();
    // On the screen it is in base64, as some log might have it.
    program.file("key", KEY);
    by_hand(&terminal, "!base64 -w0 < key; printf '\\033[1mend'");
    terminal.wait_for("$ base64 -w0");
    terminal.wait_for_prompt();
    let sent = ask(&api, &terminal, "why is that?");
    assert!(
        sent.starts_with("$ cat; env | grep -c KEY; env | grep PASS; echo oops >&2; exit 3:\n```"),
        "{sent}"
    );
    assert!(
        sent.contains("0\nDB_PASSWORD=<secret-1>\noops\n[exit status: 3]\n```"),
        "{sent}"
    );
    assert!(
        sent.contains("end\n[exit status: 0]\n```") && !sent.contains('\u{1b}'),
        "{sent}"
    );
    assert!(
        sent.contains("<config-1>") && !sent.contains("aW5mLTd"),
        "{sent}"
    );
    assert!(!sent.contains("for me alone"), "{sent}");
    assert!(sent.ends_with("\n\nwhy is that?"), "{sent}");
    assert_eq!(ask(&api, &terminal, "and now?"), "and now?");

    by_hand(&terminal, "!echo forgotten");
    terminal.wait_for("$ echo forgotten (26 bytes) goes");
    terminal.wait_for_prompt();
    terminal.run("/clear", "a new conversation");
    assert_eq!(ask(&api, &terminal, "once more"), "once more");
}

#[test]
fn a_long_output_is_cut_and_a_command_that_goes_on_keeps_nobody() {
    let api = Api::tokens(&["got it"]);
    let program = program(&api);
    let terminal = Terminal::chat(&program, &[], 80);
    by_hand(&terminal, "!seq 100000; sleep 600 & echo $! > job");
    terminal.wait_for("(31.9 kB) goes");
    terminal.wait_for_prompt();
    let sent = ask(&api, &terminal, "so?");
    assert!(
        sent.contains("```\n1\n2\n") && sent.contains("\n100000\n[exit status: 0]"),
        "{sent}"
    );
    assert!(sent.contains("\n[556"), "{sent}");
    for (line, presses, told) in [
        // A shell that has yet to start its last command may let that go on.
        (
            "!echo up; exec sleep 600",
            1,
            "signal: 2 (SIGINT); $ echo up",
        ),
        (
            "!trap '' INT; echo on; while :; do sleep 1; done",
            2,
            "signal: 9 (SIGKILL)",
        ),
    ] {
        by_hand(&terminal, line);
        terminal.wait_for(if presses > 1 { "\non" } else { "\nup" });
        // The terminal is as the user had it.
        terminal.wait_until("it runs", |_| super::support::is_sane(&terminal.device()));
        for press in 1..=presses {
            terminal.send("\x03");
            if press < presses {
                terminal.wait_for("Ctrl-C again ends it");
            }
        }
        terminal.wait_for(told);
        terminal.wait_for_prompt();
    }
    // A program that draws leaves another screen behind if it is killed.
    by_hand(
        &terminal,
        "!!printf '\\033[?47h\\033[2J\\033[3;5rdrawn'; kill -9 $$",
    );
    terminal.wait_for("signal: 9");
    terminal.wait_until("the first screen", |screen| screen.contains("Ctrl-C again"));
    terminal.wait_for_prompt();
    by_hand(&terminal, "!cd /");
    terminal.wait_for("a shell of its own");
    terminal.wait_for_prompt();
    let job = std::fs::read_to_string(program.work().join("job")).expect("a job");
    by_hand(&terminal, &format!("!!kill {} && echo ended", job.trim()));
    terminal.wait_for("\nended");
    terminal.wait_for_prompt();
    ask(&api, &terminal, "still there?");
}

/// Each of these has `!touch ran` in a line, with nobody's hand alone behind it.
#[test]
fn nothing_runs_that_was_not_typed_or_recalled_and_sent_by_enter() {
    let api = Api::tokens(&["got it"]);
    let program = program(&api).with("EDITOR", "editor");
    program.command("editor", "echo '!touch ran' > \"$1\"");
    let path = format!(
        "{}:/usr/bin:/bin",
        program.folder.path().join("bin").display()
    );
    let program = program.with("PATH", &path);
    let terminal = Terminal::chat(&program, &[], 80);
    let ran = || program.work().join("ran").exists();
    let (paste, refused) = ("\x1b[200~!touch ran\x1b[201~", "! runs only what you type");
    for (keys, last, told) in [
        ("!\x1b[200~touch ran\x1b[201~", "\r", refused),
        ("!touch\x1b[200~ ran\x1b[201~", "\r", refused),
        // At once, as a terminal pastes that marks nothing.
        ("", "!touch ran\r", refused),
        // Killed and brought back; taken back.
        ("\x1b[200~touch ran\x1b[201~\x15!\x19", "\r", refused),
        ("!touch ran\x15\x19", "\r", refused),
        (
            "\x1b[200~ !touch ran\x1b[201~\x15!\x1f\x1f",
            "\r",
            "\ngot it",
        ),
        (paste, "\r", "\ngot it"),
        // The user's own editor, and a prompt that comes back.
        ("\x0f", "\r", refused),
        ("\\!touch ran", "\r", "\ngot it"),
    ] {
        terminal.send(keys);
        if !keys.is_empty() {
            terminal.wait_until("the line", |screen| {
                screen.trim_end().ends_with("touch ran")
            });
        }
        terminal.send(last);
        terminal.wait_for(told);
        assert!(!ran(), "{keys:?}");
        if told == refused {
            terminal.wait_until("the line again", |screen| {
                screen.trim_end().ends_with("touch ran")
            });
            terminal.send("\x15");
        }
        terminal.wait_for_prompt();
        terminal.clear();
    }
    terminal.send("/undo\r");
    terminal.wait_until("the prompt again", |screen| {
        screen.trim_end().ends_with("> \\!touch ran")
    });
    terminal.send("\x1b[H\x1b[3~");
    terminal.wait_until("another line", |screen| {
        screen.trim_end().ends_with("> !touch ran")
    });
    terminal.send("\r");
    terminal.wait_for(refused);
    assert!(!ran());
    // Recalled, it runs; so it does if the line was cleared before.
    terminal.wait_until("the line again", |screen| {
        screen.matches("> !touch ran").count() > 1
    });
    terminal.send("\x15");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("\x1b[A");
    terminal.wait_for("> !touch ran");
    terminal.send("\r");
    terminal.wait_for("$ touch ran (");
    assert!(ran());
    terminal.wait_for_prompt();
    std::fs::remove_file(program.work().join("ran")).expect("it ran");
    terminal.send("\x1b[200~words\x1b[201~\x15");
    terminal.clear();
    by_hand(&terminal, "!touch ran");
    terminal.wait_for("$ touch ran (");
    assert!(ran());
}

#[test]
fn nothing_runs_that_was_typed_before_the_prompt_came_or_stands_in_a_pipe() {
    let mut programs = Vec::new();
    // Queued with Tab, and waiting in the line.
    for (ahead, shown, last) in [
        ("!touch ran\t", "> !touch ran⇥", ""),
        ("!touch ran", "> !touch ran", "\r"),
    ] {
        let (api, sender) = Api::serve_halves("beginning", " and end");
        let program = program(&api);
        let terminal = Terminal::chat(&program, &[], 80);
        terminal.send("go\r");
        terminal.wait_for("beginning");
        terminal.send(ahead);
        terminal.wait_for(shown);
        (0..2).for_each(|_| sender.send(()).unwrap());
        // Until the figures stand there, the line is only shown below the answer.
        terminal.wait_for("test-model ·");
        terminal.wait_until("the line", |screen| {
            screen.trim_end().ends_with("\n> !touch ran")
        });
        terminal.send(last);
        terminal.wait_for("! runs only what you type");
        programs.push(program);
    }

    let piped = Api::tokens(&["got it"]);
    let other = Program::for_service(&piped.url()).with("PATH", "/usr/bin:/bin");
    other
        .run_with_input(&["chat"], "!touch ran\n")
        .expect_code(0);
    assert_eq!(prompts(&piped), ["!touch ran"]);
    programs.push(other);
    for program in programs {
        assert!(!program.work().join("ran").exists());
    }
}

#[test]
fn a_terminal_that_marks_no_paste_is_asked_and_facts_of_an_app_stand_alone() {
    let program = Program::new()
        .with("PATH", "/usr/bin:/bin")
        .with("ACCESSIBLE", "1");
    let ran = program.work().join("ran");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    for (answer, runs) in [("", false), ("y", true)] {
        terminal.send("!touch ran\r");
        terminal.wait_until("a question", |screen| {
            screen.trim_end().ends_with("run `touch ran`? [y/N]")
        });
        terminal.send(&format!("{answer}\r"));
        match runs {
            true => _ = terminal.wait_for("goes with the next prompt"),
            // The line is offered again.
            false => {
                terminal.wait_for("Enter sends what stands here");
                terminal.send("\x03");
                terminal.wait_for_prompt();
            }
        }
        assert_eq!(ran.exists(), runs);
    }
    std::fs::remove_file(&ran).expect("it ran");

    let program = Program::new().with("PATH", "/usr/bin:/bin");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.send("/why\r");
    terminal.wait_for("about these facts");
    terminal.wait_for_prompt();
    by_hand(&terminal, "!touch ran");
    terminal.wait_for("! runs only what you type");
    assert!(!program.work().join("ran").exists());
}
