//! Saved conversations: continued, listed, searched, deleted, and whole after every kill.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::support::{Api, KEY, Program, Run, Terminal, respond};

fn folder(program: &Program) -> PathBuf {
    let is_of_sandbox = program.variables().contains_key("XDG_CONFIG_HOME");
    let name = if is_of_sandbox { "sandbox" } else { "sessions" };
    program.home().join(".local/share/heroku-chat").join(name)
}

#[test]
fn conversations_with_the_sandbox_are_not_among_the_real_ones() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    program
        .run(&["ask", "--session", "real", "hi"])
        .expect_code(0);
    program
        .run(&["ask", "--sandbox", "--continue", "hi"])
        .expect_code(1)
        .expect_error("there is no saved conversation to continue");
    say(&program, "played", "one");
    let continued = ["ask", "--sandbox", "--continue", "two"];
    program
        .run(&continued)
        .expect_code(0)
        .expect_output("two\n");
    let names = |flags: &[&str]| {
        let run = program.run(&[&["sessions", "list", "--json"], flags].concat());
        let list: Value = serde_json::from_str(&run.stdout).expect("JSON");
        list[0]["name"].as_str().map(str::to_owned)
    };
    assert_eq!(names(&[]).as_deref(), Some("real"));
    assert_eq!(names(&["--sandbox"]).as_deref(), Some("played"));
    program.run(&["sessions", "show", "played"]).expect_code(1);
    // What is not known of a service stays unknown to it.
    program.run(&["ask", "--continue", "again"]).expect_code(0);
    assert_eq!(api.requests().len(), 2);
}

/// All files below a folder, with what is in them.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
            found.push((path, text));
        }
    }
    found
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}

/// Runs a turn in a session, with the sandbox.
fn say(program: &Program, session: &str, prompt: &str) -> Run {
    program
        .run(&["ask", "--sandbox", "--session", session, prompt])
        .expect_code(0)
}

fn shown(program: &Program, session: &str) -> Value {
    let run = program
        .run(&["sessions", "show", session, "--json"])
        .expect_code(0);
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// The prompts of a session, each checked to have its own words as the answer.
fn echoed_prompts(program: &Program, session: &str) -> Vec<String> {
    let object = shown(program, session);
    let messages = object["messages"].as_array().expect("messages");
    let text = |message: &Value| message["content"].as_str().expect("text").to_owned();
    let turns = messages.chunks(2).map(|turn| {
        assert_eq!(
            (&turn[0]["role"], &turn[1]["role"]),
            (&json!("user"), &json!("assistant"))
        );
        assert_eq!(text(&turn[0]), text(&turn[1]));
        text(&turn[0])
    });
    turns.collect()
}

#[test]
fn files_are_their_owners_alone_and_hold_no_key() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    program
        .run_with_input(&["chat", "--session", "k"], "one\n")
        .expect_code(0);
    program
        .run(&["ask", "--continue", "--debug", "two"])
        .expect_code(0);
    assert_eq!(mode(&folder(&program).join("k.jsonl")), 0o600);
    assert_eq!(mode(&folder(&program)), 0o700);
    assert_eq!(
        mode(folder(&program).parent().expect("the data folder")),
        0o700
    );
    let files = files(&program.home());
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(
        files.iter().all(|(_, text)| !text.contains(KEY)),
        "{files:?}"
    );
}

#[test]
fn earlier_turns_go_with_the_next_request() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    program
        .run_with_input(
            &["chat", "--lines", "--session", "k", "--system", "be brief"],
            "one\ntwo\n",
        )
        .expect_code(0);
    program
        .run(&["ask", "--continue", "three"])
        .expect_code(0)
        .expect_output("fine\n");
    program
        .run(&["ask", "--session", "k", "--system", "be long", "four"])
        .expect_code(0);
    program
        .run_with_input(&["chat", "--continue", "--system", ""], "five\n")
        .expect_code(0);
    let messages = |index: usize| {
        let body = api.requests()[index].json();
        let messages = body["messages"].as_array().expect("messages").clone();
        let said: Vec<String> = messages
            .iter()
            .map(|message| message["content"].as_str().expect("text").to_owned())
            .collect();
        said.join(" ")
    };
    assert_eq!(messages(2), "be brief one fine two fine three");
    assert_eq!(messages(3), "be long one fine two fine three fine four");
    assert_eq!(messages(4), "one fine two fine three fine four fine five");
}

#[test]
fn scripts_leave_nothing_behind_unasked() {
    let program = Program::new().of_sandbox();
    program.run(&["ask", "--sandbox", "one"]).expect_code(0);
    program
        .run_with_input(&["chat", "--sandbox"], "one\n")
        .expect_code(0);
    // A turn that fails is no session, either.
    program
        .run(&[
            "ask",
            "--sandbox",
            "-m",
            "sandbox-401",
            "--session",
            "k",
            "one",
        ])
        .expect_code(1);
    program
        .run(&["ask", "--sandbox", "--session", "k", "--dry-run", "one"])
        .expect_code(0);
    assert_eq!(files(&program.home()), []);
    let run = program
        .run(&["ask", "--sandbox", "--continue", "two"])
        .expect_code(1)
        .expect_output("");
    run.expect_error("there is no saved conversation to continue");
}

#[test]
fn nothing_is_written_where_nothing_may_be() {
    let never = Program::new().of_sandbox().with("HEROKU_CHAT_SAVE", "off");
    never
        .run(&["ask", "--sandbox", "--session", "k", "one"])
        .expect_code(0)
        .expect_error("HEROKU_CHAT_SAVE is off");
    assert_eq!(files(&never.home()), []);
    let terminal = Terminal::start(&never, &["--sandbox"], 24, 80);
    terminal.wait_for_prompt();
    terminal.send("hello\r");
    terminal.wait_for("tokens:");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(!folder(&never).exists());

    let program = never.with("HEROKU_CHAT_SAVE", "on");
    say(&program, "k", "one");
    let before = files(&program.home());
    let run = program
        .run(&["ask", "--sandbox", "--continue", "--no-save", "two"])
        .expect_code(0);
    run.expect_output("two\n")
        .expect_error("k is read, and nothing is saved: --no-save");
    assert_eq!(files(&program.home()), before);

    let unclear = program.with("HEROKU_CHAT_SAVE", "never").run(&[
        "ask",
        "--sandbox",
        "--session",
        "k",
        "two",
    ]);
    unclear
        .expect_code(1)
        .expect_error("HEROKU_CHAT_SAVE \"never\" is not valid")
        .expect_error("It takes on or off.");
}

#[test]
fn the_list_is_a_table_and_json() {
    let program = Program::new().of_sandbox();
    program
        .run(&["sessions"])
        .expect_code(0)
        .expect_output("")
        .expect_error("no conversation is saved");
    program
        .run(&["sessions", "--json"])
        .expect_code(0)
        .expect_output("[]\n");
    say(&program, "first", "What is a dyno?");
    say(&program, "second", "Hello");
    say(&program, "second", "again");
    let table = "NAME    LAST  TURNS  MODEL         TITLE\n\
                 second  now   2      sandbox-echo  Hello\n\
                 first   now   1      sandbox-echo  What is a dyno?\n";
    program
        .run(&["sessions"])
        .expect_code(0)
        .expect_output(table);
    program
        .run(&["sessions", "list"])
        .expect_code(0)
        .expect_output(table);
    let run = program.run(&["sessions", "list", "-j"]).expect_code(0);
    let sessions: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(sessions[1]["name"], "first");
    assert_eq!(sessions[1]["title"], "What is a dyno?");
    assert_eq!(sessions[0]["turns"], 2);
    for field in ["started", "changed"] {
        assert!(
            sessions[0][field]
                .as_str()
                .is_some_and(|time| time.ends_with('Z')),
            "{}",
            sessions[0]
        );
    }
    // A file that is no session is named, and stops nothing.
    fs::write(
        folder(&program).join("other.jsonl"),
        "{\"heroku-chat\":99}\n",
    )
    .expect("a file");
    program
        .run(&["sessions"])
        .expect_code(0)
        .expect_output(table)
        .expect_error("left out: other");
    program
        .run(&["sessions", "show", "other"])
        .expect_code(1)
        .expect_error("newer heroku-chat");
    program
        .run(&["ask", "--sandbox", "--session", "other", "hi"])
        .expect_code(1)
        .expect_error("newer heroku-chat");
}

#[test]
fn a_list_on_a_terminal_fits_it() {
    let program = Program::new().of_sandbox();
    say(&program, "k", &"word ".repeat(30));
    let terminal = Terminal::start(&program, &["sessions"], 10, 60);
    let screen = terminal.wait_for("…");
    assert_eq!(screen.trim_end().lines().count(), 2, "{screen}");
    assert!(
        screen
            .lines()
            .nth(1)
            .is_some_and(|row| row.starts_with("k ") && row.ends_with("w…")),
        "{screen}"
    );
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn a_session_is_shown_as_text_and_json() {
    let program = Program::new().of_sandbox();
    program
        .run(&[
            "ask",
            "--sandbox",
            "--session",
            "k",
            "--system",
            "be brief",
            "one",
        ])
        .expect_code(0);
    program
        .run(&[
            "ask",
            "--sandbox",
            "--session",
            "k",
            "-m",
            "sandbox-cut",
            "two",
        ])
        .expect_code(3);
    let text = "[system]\nbe brief\n\n[user]\none\n\n[assistant]\none\n\n[user]\ntwo\n\n[assistant, cut off]\nThis answer is cut\n";
    program
        .run(&["sessions", "show", "k"])
        .expect_code(0)
        .expect_output(text);
    let object = shown(&program, "k");
    assert_eq!(
        (&object["system"], &object["model"]),
        (&json!("be brief"), &json!("sandbox-cut"))
    );
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4});
    assert_eq!(
        object["messages"][1],
        json!({"role": "assistant", "content": "one", "model": "sandbox-echo", "usage": usage})
    );
    assert_eq!(object["messages"][3]["cut"], true);
}

#[test]
fn names_may_be_begun_and_slips_are_mended() {
    let program = Program::new().of_sandbox();
    say(&program, "release-notes", "one");
    say(&program, "release-plan", "two");
    program
        .run(&["sessions", "show", "release-n"])
        .expect_code(0)
        .expect_output("[user]\none\n\n[assistant]\none\n");
    let run = program.run(&["sessions", "show", "release"]).expect_code(1);
    run.expect_error("names of 2 sessions begin with \"release\"")
        .expect_error("Type more of the name.");
    program
        .run(&["sessions", "show", "relaese-plan"])
        .expect_code(1)
        .expect_error("Did you mean release-plan?");
    let run = program
        .run(&["ask", "--sandbox", "--session", "../escape", "x"])
        .expect_code(1);
    run.expect_error("the session name \"../escape\" is not valid")
        .expect_error("It takes letters, digits");
}

#[test]
fn words_are_found_wherever_they_were_said() {
    let program = Program::new().of_sandbox();
    say(&program, "k", "a line\nwith Dyno memory\nand more");
    say(&program, "other", "memory alone");
    let found = "NAME  ROLE       LINE\nk     user       with Dyno memory\nk     assistant  with Dyno memory\n";
    program
        .run(&["sessions", "search", "MEMORY", "dyno"])
        .expect_code(0)
        .expect_output(found);
    let run = program
        .run(&["sessions", "search", "--json", "alone"])
        .expect_code(0);
    let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        found[0],
        json!({"name": "other", "role": "user", "line": "memory alone"})
    );
    program
        .run(&["sessions", "search", "zebra"])
        .expect_code(0)
        .expect_output("")
        .expect_error("no message has all");
}

#[test]
fn only_what_was_named_in_full_is_deleted_unasked() {
    let program = Program::new().of_sandbox();
    for name in ["one", "two", "three-a", "three-b"] {
        say(&program, name, "hi");
    }
    let left = |program: &Program| {
        let mut names: Vec<String> = files(&folder(program))
            .iter()
            .filter_map(|(path, _)| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        names.join(" ")
    };
    program
        .run(&["sessions", "delete", "one", "nosuch"])
        .expect_code(1)
        .expect_error("no session \"nosuch\"");
    program
        .run(&["sessions", "delete", "tw"])
        .expect_code(1)
        .expect_error("you have not confirmed it")
        .expect_error("--yes");
    program
        .run(&["sessions", "delete", "--all"])
        .expect_code(1)
        .expect_error("deleting 4 conversations");
    assert_eq!(
        left(&program),
        "one three-a three-b two",
        "all that are named or none"
    );
    program
        .run(&["sessions", "delete", "one", "one"])
        .expect_code(0)
        .expect_error("deleted one");
    program
        .run(&["sessions", "delete", "tw", "--yes"])
        .expect_code(1)
        .expect_error("Did you mean two?");
    program
        .run(&["sessions", "delete", "two", "--yes"])
        .expect_code(0)
        .expect_error("deleted two");
    assert_eq!(left(&program), "three-a three-b");
    for (answer, code, names) in [("n\r", 1, "three-a three-b"), ("y\r", 0, "")] {
        let terminal = Terminal::start(&program, &["sessions", "delete", "--all"], 10, 80);
        terminal.wait_for("deleting 2 conversations can't be undone; continue? [y/N]");
        terminal.send(answer);
        assert_eq!(
            (terminal.wait_for_end(), left(&program).as_str()),
            (code, names)
        );
    }
    program.run(&["sessions", "delete"]).expect_code(2);
}

#[test]
fn the_model_of_a_conversation_holds_where_the_service_has_it() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    let models = |run: Run| {
        run.expect_code(0);
        api.requests().last().expect("a request").json()["model"]
            .as_str()
            .expect("a model")
            .to_owned()
    };
    assert_eq!(
        models(program.run(&["ask", "--session", "k", "-m", "first", "hi"])),
        "first"
    );
    assert_eq!(
        models(program.run(&["ask", "--session", "k", "hi"])),
        "first"
    );
    assert_eq!(
        models(program.run(&["ask", "--session", "k", "-m", "second", "hi"])),
        "second"
    );
    assert_eq!(
        models(program.run_with_input(&["chat", "--continue"], "hi")),
        "second"
    );
    let scripted = ["ask", "--session", "k", "-m", "sandbox-echo", "hi"];
    program.run(&scripted).expect_code(0);
    // The model that is set is none of the sandbox's, so the service on this machine isn't one.
    assert_eq!(
        models(program.run(&["ask", "--session", "k", "hi"])),
        "test-model"
    );
    program.run(&scripted).expect_code(0);
    // This machine may have a sandbox.
    let program = program.without("INFERENCE_MODEL_ID");
    assert_eq!(
        models(program.run(&["ask", "--session", "k", "hi"])),
        "sandbox-echo"
    );
    let program = program.with("INFERENCE_MODEL_ID", "test-model");
    let elsewhere = program.with("INFERENCE_URL", "https://inference.invalid");
    let run = elsewhere
        .run(&["ask", "--continue", "--dry-run", "hi"])
        .expect_code(0);
    let told = "this conversation was with sandbox-echo, and that is a model of the sandbox; going on with test-model";
    assert!(run.stdout.contains("\"test-model\""), "{}", run.stdout);
    run.expect_error(told);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let program = Program::new().of_sandbox();
    for arguments in [
        &["chat", "--continue", "--session", "k"][..],
        &["ask", "--continue", "--messages", "m.json", "hi"],
        &["ask", "--session", "k", "--messages", "m.json", "hi"],
    ] {
        program
            .run(arguments)
            .expect_code(2)
            .expect_error("cannot be used with");
    }
}

#[test]
fn a_conversation_that_cannot_be_saved_goes_on_and_tells_it_once() {
    let program = Program::new().of_sandbox();
    let data = program.home().join(".local/share");
    fs::create_dir_all(&data).expect("a folder");
    fs::write(data.join("heroku-chat"), "in the way").expect("a file");
    let run = program.run_with_input(
        &["chat", "--lines", "--sandbox", "--session", "k"],
        "one\ntwo\nthree\n",
    );
    let run = run.expect_code(0).expect_output("one\ntwo\nthree\n");
    assert_eq!(
        run.stderr
            .matches("this conversation can't be saved")
            .count(),
        1,
        "{}",
        run.stderr
    );
    program
        .run(&["sessions"])
        .expect_code(1)
        .expect_error("can't be used");
}

#[test]
fn a_full_disk_costs_no_more_than_what_it_has_no_room_for() {
    let program = Program::new().of_sandbox();
    let arguments = [
        "chat",
        "--lines",
        "--sandbox",
        "-m",
        "sandbox-openai",
        "--session",
        "k",
    ];
    // The limit on the size of a file stands for the disk's: the write that reaches it is cut
    // short.
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let mut command = Command::new("/bin/sh");
    command.args([
        "-c",
        limited,
        assert_cmd::cargo::cargo_bin!("heroku-chat")
            .to_str()
            .expect("UTF-8"),
    ]);
    command
        .args(arguments)
        .env_clear()
        .envs(program.variables())
        .current_dir(program.work());
    let long = "x".repeat(10_000);
    let mut command = assert_cmd::Command::from_std(command);
    let output = command
        .write_stdin(format!("one\n{long}\nthree\n"))
        .output()
        .expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), told.matches("can't be saved").count()),
        (Some(0), 1),
        "{told}"
    );
    let file = folder(&program).join("k.jsonl");
    assert!(
        fs::read_to_string(&file).expect("a file").ends_with("}\n"),
        "half a line was left"
    );
    program.run_with_input(&arguments, "four\n").expect_code(0);
    assert_eq!(echoed_prompts(&program, "k"), ["one", "four"]);
}

#[test]
fn a_second_process_is_refused_and_can_read() {
    let program = Program::new().of_sandbox();
    let mut first = Talk::start(&program, "k");
    first.ask("one");
    // Its second answer says that the first was saved.
    first.ask("two");
    for arguments in [
        &["chat", "--sandbox", "--session", "k"][..],
        &["ask", "--sandbox", "--continue"],
    ] {
        program
            .run_with_input(arguments, "three\n")
            .expect_code(1)
            .expect_output("")
            .expect_error("the session k is open in a chat")
            .expect_error("Leave that chat first. This only reads it:")
            .expect_error("heroku-chat sessions show k");
    }
    program
        .run(&["ask", "--sandbox", "--session", "k", "--no-save", "three"])
        .expect_code(0)
        .expect_output("three\n");
    first.ask("four");
    program
        .run(&["sessions", "delete", "k"])
        .expect_code(1)
        .expect_error("the session k is open in a chat");
    first.leave();
    assert_eq!(echoed_prompts(&program, "k"), ["one", "two", "four"]);
    say(&program, "k", "five");
    assert_eq!(
        echoed_prompts(&program, "k"),
        ["one", "two", "four", "five"]
    );
}

#[test]
fn calls_and_their_results_stay_where_they_were() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    let call = json!({"id": "c", "type": "function",
        "function": {"name": "ps", "arguments": "{}"}});
    let earlier = json!([
        {"role": "user", "content": "Up?"},
        {"role": "assistant", "content": "I'll look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "web.1 up"},
        {"role": "assistant", "content": "Yes.", "model": "m", "usage": {"total_tokens": 9}},
    ]);
    // A session in which a tool was called, as a version that calls tools writes it.
    say(&program, "k", "first");
    let path = folder(&program).join("k.jsonl");
    fs::rename(folder(&program).with_file_name("sandbox"), folder(&program)).expect("a folder");
    let mut lines = fs::read_to_string(&path).expect("a file");
    lines.push_str(&format!(
        "{}\n",
        json!({"messages": earlier, "mood": "fine"})
    ));
    fs::write(&path, &lines).expect("a file");
    program
        .run(&["ask", "--session", "k", "-m", "m", "again"])
        .expect_code(0);
    let sent = api.requests()[0].json()["messages"].clone();
    let plain = json!({"role": "assistant", "content": "Yes."});
    let expected = [&earlier[0], &earlier[1], &earlier[2], &plain];
    let sent = sent.as_array().expect("messages");
    assert_eq!(sent[2..6].iter().collect::<Vec<_>>(), expected);
    let saved = shown(&program, "k");
    assert_eq!(
        (&saved["turns"], &saved["messages"][5]),
        (&json!(3), &earlier[3])
    );
    let now = fs::read_to_string(&path).expect("a file");
    assert!(now.starts_with(&lines), "{now}");
    program
        .run(&["sessions", "search", "web.1"])
        .expect_code(0)
        .expect_output("NAME  ROLE  LINE\nk     tool  web.1 up\n");
    program
        .run(&["sessions", "show", "k"])
        .expect_code(0)
        .expect_output(
            "[user]\nfirst\n\n[assistant]\nfirst\n\n[user]\nUp?\n\n[assistant]\nI'll look.\n\
             [call c] ps {}\n\n[tool c]\nweb.1 up\n\n[assistant]\nYes.\n\n[user]\nagain\n\n\
             [assistant]\nfine\n",
        );
}

#[test]
fn what_a_service_says_of_the_key_is_not_saved() {
    let api = Api::fixed(respond(
        401,
        "",
        &format!("{{\"error\":{{\"message\":\"bad key {KEY}\"}}}}"),
    ));
    let program = Program::for_service(&api.url());
    program.run(&["ask", "--session", "k", "hi"]).expect_code(1);
    assert_eq!(files(&program.home()), []);
}

/// A script that waits for each answer before its next prompt.
struct Talk {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Talk {
    fn start(program: &Program, session: &str) -> Self {
        let mut command = program.process(&[
            "chat",
            "--lines",
            "--sandbox",
            "-m",
            "sandbox-echo",
            "--session",
            session,
        ]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (input, output) = (
            child.stdin.take().expect("a pipe"),
            child.stdout.take().expect("a pipe"),
        );
        Talk {
            child,
            input,
            output,
        }
    }

    fn send(&mut self, prompt: &str) {
        self.input
            .write_all(format!("{prompt}\n").as_bytes())
            .expect("it reads");
    }

    fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        self.output.read_exact(&mut read).expect("an answer");
        read
    }

    /// A turn. What was said before it is saved by its end.
    fn ask(&mut self, prompt: &str) {
        self.send(prompt);
        assert_eq!(
            String::from_utf8_lossy(&self.read(prompt.len() + 1)),
            format!("{prompt}\n")
        );
    }

    fn leave(mut self) {
        drop(self.input);
        assert!(self.child.wait().expect("it ends").success());
    }

    fn kill(mut self) {
        self.child.kill().expect("it still runs");
        self.child.wait().expect("it ends");
    }
}

/// Prompts of a few words, and now and then one that takes a while to be written.
fn some_prompt(random: &mut fastrand::Rng, number: usize) -> String {
    match random.u8(..8) {
        0 => format!("{number}-{}", "x".repeat(random.usize(1_000..50_000))),
        1 => format!("{number} é⬢ \"quoted\" \\ words"),
        _ => format!("{number} word"),
    }
}

#[test]
fn a_kill_at_any_moment_loses_at_most_the_turn_in_flight() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut program = Program::new().of_sandbox();
    let mut expected: Vec<String> = Vec::new();
    for round in 0..100 {
        if round % 10 == 0 {
            (program, expected) = (Program::new().of_sandbox(), Vec::new());
        }
        let before = expected.len();
        let mut talk = Talk::start(&program, "k");
        for _ in 0..random.usize(..3) {
            let prompt = some_prompt(&mut random, expected.len());
            talk.ask(&prompt);
            expected.push(prompt);
        }
        // The turn before the one in flight is saved as soon as this one's answer begins. With no
        // byte of it read, that turn may be in flight, too.
        let last = some_prompt(&mut random, expected.len());
        // In every other round all of it is read, and the kill falls into the saving.
        let read = if round % 2 == 0 {
            last.len() + 1
        } else {
            random.usize(..=last.len() + 1)
        };
        talk.send(&last);
        talk.read(read);
        for _ in 0..random.u32(..20_000) {
            std::hint::spin_loop();
        }
        talk.kill();

        let saved = if folder(&program)
            .join("k.jsonl")
            .metadata()
            .is_ok_and(|file| file.len() > 0)
        {
            echoed_prompts(&program, "k")
        } else {
            Vec::new()
        };
        let certain = if read > 0 {
            expected.len()
        } else {
            before.max(expected.len().saturating_sub(1))
        };
        expected.push(last);
        let is_whole = saved.len() >= certain
            && saved.len() <= expected.len()
            && saved == expected[..saved.len()];
        assert!(
            is_whole,
            "seed {seed}, round {round}: {} of {} turns, {certain} for certain",
            saved.len(),
            expected.len()
        );
        expected = saved;
    }
    let run = program
        .run(&["ask", "--sandbox", "--session", "k", "at last"])
        .expect_code(0);
    run.expect_output("at last\n");
    expected.push("at last".to_owned());
    assert_eq!(echoed_prompts(&program, "k"), expected, "seed {seed}");
}
