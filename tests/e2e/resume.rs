//! Conversations that outlive the process, in the REPL: continued, named, loaded, killed. Their
//! files, and the commands outside the REPL, are in `sessions`.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{Api, Program, Signal, Terminal, event, signal, sse_head};

fn leave(terminal: Terminal) {
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

/// What `sessions show --json` says of a session.
fn saved(program: &Program, name: &str) -> Value {
    let run = program
        .run(&["sessions", "show", "--json", name])
        .expect_code(0);
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn contents(session: &Value) -> Vec<&str> {
    let messages = session["messages"].as_array().expect("messages");
    messages
        .iter()
        .filter_map(|message| message["content"].as_str())
        .collect()
}

#[test]
fn continue_shows_the_last_lines_and_sends_all_that_was_said() {
    for columns in [80, 40] {
        let api = Api::tokens(&["All ", "right."]);
        let program = Program::for_service(&api.url());
        let terminal = Terminal::chat(&program, &["--system", "be brief"], columns);
        terminal.run("first", "All right.");
        terminal.run("second", "second");
        terminal.wait_until("two answers", |screen| {
            screen.matches("All right.").count() == 2
        });
        terminal.wait_for_prompt();
        leave(terminal);

        let again = Terminal::start(&program, &["--continue"], 40, columns);
        let screen = again.wait_for_prompt();
        assert!(screen.contains("2 turns so far"), "{screen}");
        assert!(screen.contains("> second\nAll right.\n>"), "{screen}");
        again.run("third", "third");
        again.wait_until("the third answer", |screen| {
            screen.matches("All right.").count() == 2
        });
        leave(again);
        let messages = api.requests().last().expect("a request").json()["messages"].clone();
        let said: Vec<&str> = messages
            .as_array()
            .expect("messages")
            .iter()
            .filter_map(|message| message["content"].as_str())
            .collect();
        assert_eq!(
            said,
            [
                "be brief",
                "first",
                "All right.",
                "second",
                "All right.",
                "third"
            ]
        );
    }
}

#[test]
fn the_end_of_an_answer_is_shown_as_it_was_whatever_it_cuts() {
    let many = |line: &str| -> String {
        let numbers = 10..40;
        numbers
            .map(|number| line.replace("NN", &number.to_string()))
            .collect()
    };
    let blocks = [
        format!("1. a\n{}", many("    - step **NN**\n")),
        format!("- ```sh\n{}  ```\n", many("  # NN *x*\n")),
        format!("| a | b |\n|---|--:|\n{}", many("| *NN* | a\\|b |\n")),
        format!("$$\n{}$$\n", many("- a_NN * b_NN\n")),
        many("> quote *NN*\n"),
        many("the word **NN** and a good deal more "),
    ];
    for block in blocks {
        let answer = format!("Look:\n\n{block}\nThat **is** all.");
        let api = Api::serve(move |exchange| {
            exchange.send(sse_head());
            exchange.send(&event(&answer));
            exchange.send("event:done\ndata:[DONE]\n\n");
        });
        let program = Program::for_service(&api.url());
        let end_of = |screen: &str| -> Vec<String> {
            let rows = screen.lines().take_while(|row| *row != "That is all.");
            let mut rows: Vec<String> = rows.map(str::to_owned).collect();
            rows.split_off(rows.len().saturating_sub(8))
        };
        let terminal = Terminal::chat(&program, &[], 60);
        let came = end_of(&terminal.run("go", "That is all."));
        terminal.wait_for_prompt();
        leave(terminal);
        let again = Terminal::start(&program, &["--continue"], 40, 60);
        let screen = again.wait_for_prompt();
        assert!(screen.contains("> go\n…\n"), "{screen}");
        assert_eq!(end_of(&screen), came);
        leave(again);
    }
}

#[test]
fn conversations_are_named_listed_and_loaded() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.run("/save early bird", "is not valid");
    terminal.run("about dynos", "out ·");
    terminal.run("/save dynos", "is saved as dynos");
    terminal.run("/clear", "the last one stays as dynos");
    terminal.run("about buildpacks", "about buildpacks\nabout buildpacks");
    terminal.run("/save dynos", "there is already a session dynos");
    let list = terminal.run("/sessions", "TITLE");
    assert!(
        list.contains("dynos") && list.contains("about dynos"),
        "{list}"
    );
    terminal.send("/load dy\t");
    terminal.wait_for("> /load dynos");
    terminal.send("\r");
    terminal.wait_for("dynos, one turn so far, with sandbox-echo:\n> about dynos\nabout dynos\n>");
    terminal.wait_for_prompt();
    terminal.run("more of them", "tokens: 7 in");
    leave(terminal);
    assert_eq!(
        contents(&saved(&program, "dynos")),
        ["about dynos", "about dynos", "more of them", "more of them"]
    );
    assert_eq!(program.run(&["sessions", "list"]).stdout.lines().count(), 3);
}

#[test]
fn undo_and_retry_hold_in_the_saved_conversation() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    terminal.run("one", "out ·");
    terminal.run("two", "tokens: 3 in");
    terminal.send("/undo\r");
    terminal.wait_until("the prompt", |screen| screen.trim_end().ends_with("> two"));
    terminal.send("\x15three\r");
    terminal.wait_until("the third answer", |screen| {
        screen.matches("tokens: 3 in").count() == 2
    });
    terminal.wait_for_prompt();
    terminal.send("/retry\r");
    terminal.wait_until("the same again", |screen| {
        screen.matches("tokens: 3 in").count() == 3
    });
    terminal.wait_for_prompt();
    leave(terminal);
    assert_eq!(
        contents(&saved(&program, "work")),
        ["one", "one", "three", "three"]
    );
    let again = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    let usage = again.run("/usage", "all  ");
    assert!(
        usage.contains("3       3   1"),
        "what was taken back was paid for:\n{usage}"
    );
}

#[test]
fn two_chats_in_one_session_do_not_disturb_each_other() {
    let program = Program::new().of_sandbox();
    let first = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    first.run("one", "out ·");
    let second = Terminal::start(&program, &["--sandbox", "--session", "work"], 40, 80);
    second.wait_for("the session work is open in a chat");
    assert_eq!(second.wait_for_end(), 1);
    let second = Terminal::chat(&program, &["--sandbox", "--session", "other"], 80);
    second.run("two", "out ·");
    second.run("/load work", "the session work is open in a chat");
    first.run("three", "tokens: 3 in");
    second.run("four", "tokens: 3 in");
    leave(first);
    second.run("/load work", "2 turns so far");
    second.run("five", "tokens: 5 in");
    leave(second);
    assert_eq!(
        contents(&saved(&program, "work")),
        ["one", "one", "three", "three", "five", "five"]
    );
    assert_eq!(
        contents(&saved(&program, "other")),
        ["two", "two", "four", "four"]
    );
}

#[test]
fn a_name_stays_where_nothing_was_said_yet() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    terminal.run("/clear", "a new conversation; system prompt and model stay");
    terminal.run("one", "out ·");
    program
        .run(&["sessions", "delete", "--all", "--yes"])
        .expect_code(1)
        .expect_error("work is open in a chat");
    program
        .run(&["ask", "--sandbox", "--session", "other", "hi"])
        .expect_code(0);
    let run = program
        .run(&["sessions", "delete", "--all", "--yes"])
        .expect_code(1);
    run.expect_error("deleted other").expect_error("left work");
    leave(terminal);
    assert_eq!(contents(&saved(&program, "work")), ["one", "one"]);
}

#[test]
fn nothing_is_saved_where_that_is_not_wanted() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--no-save"], 80);
    terminal.run("secret", "out ·");
    assert!(
        !program
            .home()
            .join(".local/share/heroku-chat/sandbox")
            .exists()
    );
    terminal.run(
        "/set save on",
        "all that was said in this conversation is saved",
    );
    terminal.run("open", "tokens: 3 in");
    terminal.run("/set save off", "save is off, from /set");
    terminal.run("secret again", "tokens: 6 in");
    leave(terminal);
    let name = program
        .run(&["sessions"])
        .stdout
        .lines()
        .nth(1)
        .expect("a session")
        .to_owned();
    let name = name.split_whitespace().next().expect("a name").to_owned();
    assert_eq!(
        contents(&saved(&program, &name)),
        ["secret", "secret", "open", "open"]
    );
}

#[test]
fn what_is_not_to_be_saved_is_nowhere() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    terminal.run("open", "out ·");
    leave(terminal);
    let private = Terminal::chat(&program, &["--sandbox", "--no-save"], 80);
    private.run("hush hush", "out ·");
    private.run("/load work", "work is read, and nothing is saved");
    private.run("hush again", "tokens: 4 in");
    private.run("/clear", "a new conversation; system");
    private.run("hush hush hush", "tokens: 3 in");
    leave(private);
    assert_eq!(contents(&saved(&program, "work")), ["open", "open"]);
    assert_eq!(program.run(&["sessions"]).stdout.lines().count(), 2);
    let history = std::fs::read_to_string(program.home().join(".local/share/heroku-chat/history"))
        .expect("a history");
    assert!(
        history.contains("open") && !history.contains("hush"),
        "{history}"
    );
}

#[test]
fn what_was_saved_all_the_same_is_followed_by_what_is_saved() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    terminal.run("open", "out ·");
    leave(terminal);
    let terminal = Terminal::chat(&program, &["--sandbox", "--no-save"], 80);
    terminal.run("/save other", "will be saved as other");
    terminal.run("/load work", "work, one turn so far");
    terminal.run("more", "tokens: 3 in");
    leave(terminal);
    assert_eq!(
        contents(&saved(&program, "work")),
        ["open", "open", "more", "more"]
    );
}

#[test]
fn a_pause_of_saving_ends_in_the_same_session() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    terminal.run("one", "out ·");
    terminal.run("/set save off", "save is off, from /set");
    terminal.run("two", "tokens: 3 in");
    assert_eq!(contents(&saved(&program, "work")), ["one", "one"]);
    terminal.run(
        "/set save on",
        "all that was said in this conversation is saved",
    );
    terminal.run("three", "tokens: 5 in");
    leave(terminal);
    assert_eq!(contents(&saved(&program, "work")).len(), 6);
    let again = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    again.run("/set save off", "save is off, from /set");
    again.run("hush", "tokens: 7 in");
    again.run("/clear", "a new conversation; system");
    again.run("/set save on", "save is on, from /set");
    again.run("open", "tokens: 1 in");
    leave(again);
    let history = std::fs::read_to_string(program.home().join(".local/share/heroku-chat/history"))
        .expect("a history");
    assert!(
        history.ends_with("open\n") && !history.contains("hush"),
        "{history}"
    );
}

#[test]
fn save_says_that_it_is_saved_only_when_it_is() {
    let program = Program::new().of_sandbox();
    let first = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    first.run("one", "out ·");
    let file = |name: &str| {
        let folder = program.home().join(".local/share/heroku-chat/sandbox");
        folder.join(format!("{name}.jsonl"))
    };
    first.run("/save", "is saved as work");
    first.run("/save snap", "is saved as snap, work before");
    assert_eq!(contents(&saved(&program, "snap")), ["one", "one"]);
    // Somebody deletes the file of an open chat, or empties it.
    std::fs::remove_file(file("snap")).expect("a file");
    first.run("two", "its file was deleted; /save NAME");
    first.run("/save again", "saved as again");
    assert_eq!(
        contents(&saved(&program, "again")),
        ["one", "one", "two", "two"]
    );
    std::fs::write(file("again"), "").expect("a file");
    first.run("three", "another program changed its");
    first.run("/clear", "the same command again drops it");
    first.send("\x04");
    first.wait_for("the last of this conversation is not saved");
    assert_eq!(first.wait_for_end(), 0);
}

#[test]
fn what_is_typed_ahead_never_reaches_the_shell() {
    let api = Api::serve(|exchange| {
        exchange.send(&format!("{}{}", sse_head(), event("beginning")));
        exchange.wait_for_close();
    });
    let program = Program::for_service(&api.url());
    let terminal = Terminal::in_shell(&program);
    terminal.send("go\r");
    terminal.wait_for("beginning");
    let typed = ": > \"$HOME/leaked\"\r";
    terminal.send(typed);
    terminal.wait_for("leaked\"⏎");
    terminal.send("\x1a");
    terminal.wait_for("Stopped");
    terminal.send("fg\r");
    terminal.wait_until("it goes on", |screen| {
        screen
            .rsplit_once("fg\n")
            .is_some_and(|(_, below)| below.contains("heroku-chat"))
    });
    terminal.wait_until_quiet();
    terminal.send("\x03");
    terminal.wait_until("the typed text", |screen| {
        screen.trim_end().ends_with("> : > \"$HOME/leaked\"")
    });
    assert!(!program.home().join("leaked").exists(), "the shell ran it");
}

#[test]
fn a_signal_in_mid_answer_keeps_what_came() {
    for (name, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let api = Api::serve(|exchange| {
            exchange.send(&format!("{}{}", sse_head(), event("half an answer")));
            exchange.wait_for_close();
        });
        let program = Program::for_service(&api.url());
        let terminal = Terminal::chat(&program, &["--session", "work"], 80);
        terminal.send("go\r");
        terminal.wait_for("half an answer");
        signal(terminal.process_id(), name);
        assert_eq!(terminal.wait_for_end(), code);
        let session = saved(&program, "work");
        assert_eq!(contents(&session), ["go", "half an answer"]);
        assert_eq!(session["messages"][1]["cut"], json!(true));
        let again = Terminal::start(&program, &["--continue"], 40, 80);
        again.wait_for("this answer was cut. /continue goes on, /retry asks again");
    }
}

#[test]
fn a_terminal_that_goes_away_in_mid_answer_takes_nothing_with_it() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let api = Api::serve(move |exchange| {
        exchange.send(&format!("{}{}", sse_head(), event("half an answer")));
        let _ = receiver.lock().unwrap().recv();
        exchange.send(&event(" and more"));
        exchange.wait_for_close();
    });
    let program = Program::for_service(&api.url());
    // A terminal of its own, which is gone once this end of it is closed.
    let (mut pty, pts) = pty_process::blocking::open().expect("a pseudo terminal");
    pty.resize(pty_process::Size::new(40, 80))
        .expect("its size");
    let mut child =
        pty_process::blocking::Command::new(assert_cmd::cargo::cargo_bin!("heroku-chat"))
            .args(["--session", "work"])
            .env_clear()
            .env("TERM", "xterm-256color")
            .envs(program.variables())
            .current_dir(program.work())
            .spawn(pts)
            .expect("the program starts");
    // Pastes are bracketed from when the line editor has the keyboard.
    wait_for(&mut pty, "\x1b[?2004h");
    pty.write_all(b"go\r").expect("the terminal takes keys");
    wait_for(&mut pty, "half an answer");
    drop(pty);
    drop(sender);
    let deadline = Instant::now() + Duration::from_secs(20);
    let said = loop {
        let run = program.run(&["sessions", "show", "--json", "work"]);
        if run.code == 0 {
            let session: Value = serde_json::from_str(&run.stdout).expect("JSON");
            break contents(&session).join(": ");
        }
        assert!(
            Instant::now() < deadline,
            "nothing was saved: {}",
            run.stderr
        );
        std::thread::yield_now();
    };
    assert!(said.starts_with("go: half an answer"), "{said}");
    let _ = child.kill();
    child.wait().expect("it ended");
}

/// Reads until these words have come.
fn wait_for(mut terminal: impl Read, words: &str) {
    let (mut seen, mut piece) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&seen).contains(words) {
        let length = terminal.read(&mut piece).expect("more to come");
        seen.extend_from_slice(&piece[..length]);
    }
}

#[test]
fn a_chat_that_is_killed_is_continued_with_every_turn_that_was_completed() {
    let program = Program::new().of_sandbox();
    let mut turns = 0;
    // Each round kills at another moment: at the prompt, right after Enter, in mid-answer.
    for round in 0..12 {
        let arguments = ["--sandbox", "-m", "sandbox-echo", "--session", "work"];
        let terminal = Terminal::start(&program, &arguments, 40, 80);
        let screen = terminal.wait_for_prompt();
        if turns > 0 {
            let count = if turns == 1 {
                "one turn so far".to_owned()
            } else {
                format!("{turns} turns so far")
            };
            assert!(
                screen.contains(&count),
                "round {round}, {turns} turns:\n{screen}"
            );
        }
        terminal.run(&format!("prompt {round}"), "out ·");
        turns += 1;
        match round % 3 {
            0 => {}
            1 => terminal.send("typed and not sent"),
            _ => {
                terminal.send("/model sandbox-slow\r");
                terminal.wait_for("now talking to");
                terminal.wait_for_prompt();
                terminal.send("count\r");
                terminal.wait_for("\n1 2 3");
            }
        }
        signal(terminal.process_id(), Signal::KILL);
        drop(terminal);
        assert_eq!(
            saved(&program, "work")["turns"],
            json!(turns),
            "round {round}"
        );
    }
}

#[test]
fn a_saved_conversation_is_exported() {
    let program = Program::new().of_sandbox();
    let terminal = Terminal::chat(&program, &["--sandbox", "--session", "work"], 80);
    terminal.run("hello there", "out ·");
    leave(terminal);
    let document = program.run(&["sessions", "export", "work"]).expect_code(0);
    assert_eq!(
        document.stdout,
        "# hello there\n\n## You\n\nhello there\n\n## sandbox-echo\n\nhello there\n"
    );
    program
        .run(&["sessions", "export", "work", "--output", "ask.py"])
        .expect_code(0)
        .expect_error("Python");
    let code = std::fs::read_to_string(program.work().join("ask.py")).expect("code");
    assert!(
        code.contains("urllib") && code.contains("hello there"),
        "{code}"
    );
    program
        .run(&["sessions", "export", "work", "-o", "ask.py"])
        .expect_code(1)
        .expect_error("It is there already");
    program
        .run(&["sessions", "export", "work", "-o", "ask.txt"])
        .expect_code(1)
        .expect_error("ends in .md");
    let json = program
        .run(&["sessions", "export", "work", "--format", "json"])
        .expect_code(0);
    assert!(serde_json::from_str::<Value>(&json.stdout).is_ok());
}

/// Waits for these words and the picker's question, empty: a key before it would be typed ahead.
fn wait_for_question(terminal: &Terminal, words: &str) -> String {
    terminal.wait_until(words, |screen| {
        screen.contains(words) && screen.trim_end().ends_with("\nsession>")
    })
}

#[test]
fn a_conversation_is_picked_by_number_or_by_words() {
    let api = Api::tokens(&["All right."]);
    let program = Program::for_service(&api.url());
    for prompt in ["Why is dyno web.1 slow?", "Name a colour", "Name a fruit"] {
        let terminal = Terminal::chat(&program, &[], 80);
        terminal.run(prompt, "All right.");
        leave(terminal);
    }
    let picking = |arguments: &[&str]| {
        let terminal = Terminal::start(&program, arguments, 40, 80);
        wait_for_question(&terminal, "session>");
        terminal
    };
    let terminal = picking(&["--resume", "--system", "be brief", "-m", "other-model"]);
    let screen = terminal.screen();
    for row in [
        "  1  now  test-model  Name a fruit",
        "  3  now  test-model  Why is",
    ] {
        assert!(screen.contains(row), "{row}:\n{screen}");
    }
    terminal.send("nothing like it\r");
    wait_for_question(&terminal, "no saved conversation has");
    terminal.send("NAME\r");
    let narrowed = terminal.wait_until("a shorter list", |screen| {
        screen.matches("Name a colour").count() == 2 && screen.trim_end().ends_with("\nsession>")
    });
    assert_eq!(narrowed.matches("Why is").count(), 1, "{narrowed}");
    terminal.send("2\r");
    terminal.wait_for("> Name a colour");
    terminal.wait_for_prompt();
    terminal.send("And another?\r");
    terminal.wait_until("an answer", |screen| {
        screen.matches("All right.").count() == 2
    });
    terminal.wait_for_prompt();
    let request = api.requests().last().expect("a request").json();
    assert_eq!(request["model"], "other-model");
    let said = request["messages"].as_array().expect("messages");
    let said: Vec<_> = said.iter().map(|message| &message["content"]).collect();
    assert_eq!(
        said,
        ["be brief", "Name a colour", "All right.", "And another?"]
    );

    terminal.clear();
    terminal.send("/load\r");
    wait_for_question(&terminal, "session>");
    terminal.send("\x03");
    terminal.wait_for_prompt();
    terminal.send("/load\r");
    wait_for_question(&terminal, "session>");
    terminal.send("3\r");
    terminal.wait_for("> Why is dyno web.1 slow?");
    terminal.wait_for_prompt();
    leave(terminal);

    for key in ["\x03", "\x04"] {
        let terminal = picking(&["chat", "--resume"]);
        terminal.send(key);
        assert_eq!(terminal.wait_for_end(), 0);
    }
}

#[test]
fn resume_has_nobody_to_ask_in_a_pipe_and_begins_where_nothing_is_saved() {
    let program = Program::new().of_sandbox();
    let run = program.run_with_input(&["--resume", "--sandbox"], "hi");
    assert!(run.expect_code(1).stderr.contains("heroku-chat sessions"));
    program.run(&["ask", "--resume", "hi"]).expect_code(2);
    let terminal = Terminal::chat(&program, &["--resume", "--sandbox"], 80);
    terminal.wait_for("no conversation is saved");
    leave(terminal);
}

#[test]
fn a_thousand_conversations_are_listed_by_the_page() {
    let program = Program::new().of_sandbox();
    let folder = program.home().join(".local/share/heroku-chat/sandbox");
    let first = program.run(&["ask", "--sandbox", "--session", "old", "hello"]);
    first.expect_code(0);
    for number in 0..1_000 {
        let copy = folder.join(format!("copy-{number:03}.jsonl"));
        std::fs::copy(folder.join("old.jsonl"), copy).expect("a copy");
    }
    let terminal = Terminal::start(&program, &["--resume", "--sandbox"], 12, 80);
    wait_for_question(&terminal, "1 to 8 of 1001");
    terminal.send("\r");
    wait_for_question(&terminal, "9 to 16 of 1001");
    terminal.send("copy-07\r");
    wait_for_question(&terminal, "1 to 8 of 10;");
    terminal.send("copy-077\r");
    terminal.wait_for("copy-077, one turn so far");
    terminal.wait_for_prompt();
    leave(terminal);
}
