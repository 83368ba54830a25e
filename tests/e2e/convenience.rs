//! What the chat does for those who type in it: prompts that aren't lost, lines that come back,
//! completions, hints, the pager and the clipboard. The commands themselves are in `commands`.

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::{Api, Program, Signal, Terminal, event, respond, signal, sse_head};

/// Waits until the line that is typed is this one.
fn wait_for_line(terminal: &Terminal, line: &str) {
    terminal.wait_until(line, |screen| {
        screen.trim_end().ends_with(&format!("> {line}"))
    });
}

fn prompts(api: &Api) -> Vec<String> {
    let requests = api.requests();
    let last = requests.iter().map(|request| {
        let messages = request.json()["messages"].as_array().cloned();
        let content =
            messages.and_then(|messages| messages.last()?["content"].as_str().map(str::to_owned));
        content.unwrap_or_default()
    });
    last.collect()
}

#[test]
fn retry_and_edit_have_the_prompt_of_a_turn_that_failed() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let api =
        Api::serve(
            move |exchange| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                1 | 2 => exchange.send(&respond(400, "", r#"{"error":"not that"}"#)),
                _ => exchange.send(&format!(
                    "{}{}event:done\ndata:[DONE]\n\n",
                    sse_head(),
                    event("fine")
                )),
            },
        );
    let program = Program::for_service(&api.url());
    program.command("my-editor", "printf ' again' >> \"$1\"");
    let program = program.with("EDITOR", "my-editor");
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.run("one", "fine");
    terminal.send("two\r");
    terminal.wait_for("not that");
    wait_for_line(&terminal, "two");
    terminal.send("\x15/retry\r");
    terminal.wait_until("the second failure", |screen| {
        screen.matches("not that").count() == 2
    });
    terminal.wait_for_prompt();
    terminal.send("/edit\r");
    wait_for_line(&terminal, "two again");
    terminal.send("\x15/retry\r");
    terminal.wait_until("the second answer", |screen| {
        screen.matches("\nfine").count() == 2
    });
    terminal.wait_for_prompt();
    terminal.send("/retry\r");
    terminal.wait_until("the third answer", |screen| {
        screen.matches("\nfine").count() == 3
    });
    assert_eq!(prompts(&api), ["one", "two", "two", "two", "two"]);
}

#[test]
fn a_line_that_is_no_command_and_no_prompt_comes_back() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &[], 80);
    for (line, words) in [
        (
            "/clear the cache of the app",
            "/clear takes nothing after it",
        ),
        ("!ls -l", "! runs only what you type"),
    ] {
        terminal.send(&format!("{line}\r"));
        terminal.wait_for(words);
        wait_for_line(&terminal, line);
        terminal.send("\x15");
    }
    for prompt in ["\\!ls", "\x1b[200~!pasted\x1b[201~", "![alt](a.png)"] {
        terminal.send(&format!("{prompt}\r"));
        terminal.wait_for("fine\n");
        terminal.wait_for_prompt();
        terminal.clear();
    }
    assert_eq!(prompts(&api), ["!ls", "!pasted", "![alt](a.png)"]);
    terminal.send("\\!ls\r");
    terminal.wait_for("fine\n");
    terminal.wait_for_prompt();
    terminal.send("/undo\r");
    wait_for_line(&terminal, "\\!ls");
}

#[test]
fn none_takes_back_its_own_kind() {
    let program = Program::new();
    program.file("a.rb", "puts 1\n");
    std::fs::write(program.work().join("b.png"), b"\x89PNG\r\n\x1a\nx").expect("a picture");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.run("/file a.rb", "a.rb (7 bytes) goes");
    terminal.run("/image b.png", "b.png (9 bytes) goes");
    terminal.clear();
    terminal.run("/image none", "a.rb (7 bytes) goes");
    assert!(
        !terminal.screen().contains("b.png"),
        "{}",
        terminal.screen()
    );
    terminal.run("/file none", "nothing goes with the next prompt");
    terminal.run("/image b.png", "b.png (9 bytes) goes");
    terminal.clear();
    terminal.run("/file none", "b.png (9 bytes) goes");
}

#[test]
fn in_vi_mode_escape_and_enter_send_and_the_cursor_shows_the_mode() {
    const BAR: &str = "\x1b[6 q";
    const BLOCK: &str = "\x1b[2 q";
    const DEFAULT: &str = "\x1b[0 q";
    let shapes = |terminal: &Terminal| {
        let raw = terminal.raw();
        let ends = raw.match_indices(" q").map(|(at, _)| &raw[at - 3..at + 2]);
        let mut shapes: Vec<String> = ends.map(str::to_owned).collect();
        shapes.dedup();
        shapes
    };
    let program = Program::new().with("HEROKU_CHAT_EDITMODE", "vi");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.send("at once");
    wait_for_line(&terminal, "at once");
    terminal.send("\x1b\r");
    terminal.wait_for("\nat once\n");
    terminal.wait_for_prompt();
    terminal.send("two\x1b[13;2ulines");
    wait_for_line(&terminal, "two\nlines");
    terminal.send("\x1b");
    wait_for_shape(&terminal, BLOCK);
    terminal.send("I_");
    wait_for_line(&terminal, "two\n_lines");
    assert_eq!(shapes(&terminal), [BAR, DEFAULT, BAR, BLOCK, BAR]);
    terminal.send("\x1b\r");
    terminal.wait_for("\ntwo\n_lines\n");
    terminal.wait_for_prompt();
    // Also if it is ended in the middle of a line.
    terminal.send("half");
    wait_for_line(&terminal, "half");
    assert!(signal(terminal.process_id(), Signal::TERM));
    wait_for_shape(&terminal, DEFAULT);
}

/// Waits until the cursor has this shape, which no character on the screen tells.
fn wait_for_shape(terminal: &Terminal, shape: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !terminal
        .raw()
        .rsplit_once(" q")
        .is_some_and(|(before, _)| before.ends_with(shape.trim_end_matches(" q")))
    {
        assert!(Instant::now() < deadline, "no {shape:?} came");
        std::thread::yield_now();
    }
}

#[test]
fn emacs_mode_leaves_the_cursor_as_it_is() {
    let terminal = Terminal::chat(&Program::new(), &["--sandbox"], 80);
    terminal.run("hello", "tokens:");
    assert!(!terminal.raw().contains(" q"), "{:?}", terminal.raw());
}

#[test]
fn leaving_says_how_to_go_on_with_what_is_saved() {
    let program = Program::new();
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.run("first words", "tokens:");
    terminal.run("/save two-words", "is saved as two-words");
    terminal.send("\x04");
    let screen = terminal.wait_for("goes on with this conversation");
    let command = "heroku-chat --sandbox --session two-words";
    assert_eq!(screen.matches(command).count(), 2, "{screen}");
    assert_eq!(terminal.wait_for_end(), 0);
    let terminal = Terminal::shell(&program, 24);
    for (flags, lines) in [("", "/quit\r"), ("--no-save", "not saved\r")] {
        terminal.send(&format!("heroku-chat --sandbox {flags}\r"));
        terminal.wait_for("/help for help");
        terminal.wait_for_prompt();
        terminal.send(lines);
        if !flags.is_empty() {
            terminal.wait_for("tokens:");
            terminal.wait_for_prompt();
            terminal.send("\x04");
        }
        let screen = terminal.wait_until("the shell", |it| it.trim_end().ends_with("\n$"));
        assert!(!screen.contains("goes on"), "{screen}");
        terminal.send("clear() { printf '\\033[2J\\033[H'; }; clear\r");
        terminal.wait_until("a clear screen", |it| it.trim() == "$");
    }
}

#[test]
fn a_failure_in_the_chat_speaks_of_the_chats_commands() {
    let error = r#"{"error":"max_tokens: 300000 is above the maximum"}"#;
    let api = Api::fixed(respond(400, "", error));
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.send("go\r");
    terminal.wait_for("Lower max_tokens (/set) to what the service allows");
    program
        .run(&["ask", "go"])
        .expect_error("Lower --max-tokens to what the service allows");
}

#[test]
fn an_answer_goes_on_in_its_word_and_in_its_code() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let api = Api::serve(move |exchange| {
        let index = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let (text, reason) = [
            ("The inter", "length"),
            ("national law.\n```rb\n# **a**\nputs", "length"),
            ("```ruby\nputs 1\n# **b**\n```\nDone.", "stop"),
        ][index];
        let end = json!({"choices": [{"delta": {}, "finish_reason": reason}]});
        let pieces: String = text.split_inclusive(' ').map(event).collect();
        exchange.send(&format!(
            "{}{pieces}data: {end}\n\ndata: [DONE]\n\n",
            sse_head()
        ));
    });
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.run("go", "/continue goes on");
    terminal.run("/continue", "\ninternational law.");
    terminal.send("/continue\r");
    terminal.wait_for("\nDone.");
    let screen = terminal.wait_for_prompt();
    assert!(
        screen.contains("puts 1\n") && screen.contains("# **b**\n"),
        "{screen}"
    );
    assert!(!screen.contains("```"), "{screen}");
    terminal.run("/set markdown off", "markdown is off");
    let whole = "The international law.\n```rb\n# **a**\nputs 1\n# **b**\n```\nDone.\n";
    terminal.run("/show", whole);
}

#[test]
fn show_draws_answers_and_pages_what_is_taller_than_the_screen() {
    let program = Program::for_service("http://127.0.0.1:9").with("PAGER", "my-pager -x 'a b'");
    program.command(
        "my-pager",
        "echo \"paged $1 $2 $LESS ${INFERENCE_KEY-no key}\"; /bin/cat; echo end of pager",
    );
    let terminal = Terminal::start(&program, &["--sandbox", "-m", "sandbox-markdown"], 60, 80);
    terminal.wait_for_prompt();
    terminal.run("go", "tokens:");
    terminal.clear();
    let screen = terminal.run("/show", "\nA sample\n");
    assert!(screen.contains("[user]\ngo\n\n[assistant]\n"), "{screen}");
    assert!(
        !screen.contains("**") && !screen.contains("paged"),
        "{screen}"
    );
    terminal.resize(12, 80);
    terminal.send("\x0c");
    terminal.run("/set temperature 1", "temperature is 1");
    terminal.run("/show", "end of pager");
    let raw = terminal.raw();
    assert!(
        raw.contains("paged -x a b FRX no key\r\n[user]\r\ngo"),
        "{raw}"
    );
    assert!(!raw.rsplit("paged").next().unwrap().contains("**"), "{raw}");
}

#[test]
fn a_pager_that_is_not_there_is_done_without() {
    let program = Program::new().with("PAGER", "no-such-pager");
    let terminal = Terminal::start(&program, &["--sandbox"], 6, 80);
    terminal.wait_for_prompt();
    terminal.run("one", "tokens:");
    terminal.run("two", "tokens: 3");
    terminal.send("/show\r");
    terminal.wait_until("the end", |it| {
        it.trim_end().ends_with("[assistant]\ntwo\n>")
    });
}

#[test]
fn copy_reaches_the_clipboard_of_the_machine() {
    type Variables = &'static [(&'static str, &'static str)];
    let table: [(Variables, &str, &str); 4] = [
        (&[("WAYLAND_DISPLAY", "w"), ("DISPLAY", ":0")], "wl", ""),
        (&[("DISPLAY", ":0")], "xclip -selection clipboard", ""),
        (&[], "", "; if the clipboard stays empty"),
        (&[("DISPLAY", ":0"), ("TERM", "xterm-kitty")], "", ""),
    ];
    for (variables, tool, doubt) in table {
        let set = |program: Program, (name, value): &(&str, &str)| program.with(name, value);
        let program = variables
            .iter()
            .fold(Program::for_service("http://127.0.0.1:9"), set);
        let keep = "read -r text; echo \"$* $text ${INFERENCE_KEY-no key}\" > copied";
        program.command("wl-copy", &format!("set wl; {keep}"));
        program.command("xclip", &format!("set xclip \"$@\"; {keep}"));
        let terminal = Terminal::chat(&program, &["--sandbox"], 100);
        terminal.run("hello", "tokens:");
        terminal.run("/copy", &format!("copied the answer, 5 characters{doubt}"));
        assert!(terminal.raw().contains("\x1b]52;c;aGVsbG8=\x07"));
        let copied = std::fs::read_to_string(program.work().join("copied")).unwrap_or_default();
        let expected = match tool {
            "" => String::new(),
            _ => format!("{tool} hello no key\n"),
        };
        assert_eq!(copied, expected);
    }
}

#[test]
fn tab_completes_files_of_system_the_home_and_endings_of_exports() {
    let program = Program::new();
    program.file("be brief.txt", "Be brief.");
    std::fs::write(program.home().join("notes.txt"), "text").expect("a file");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.send("/system n\t");
    wait_for_line(&terminal, "/system none");
    terminal.send("\x15/system @be\t\r");
    terminal.wait_for("the system prompt is set");
    terminal.wait_for_prompt();
    terminal.send("/system\r");
    terminal.wait_for("\nBe brief.\n");
    terminal.wait_for_prompt();
    terminal.send("/file ~\t");
    wait_for_line(&terminal, "/file ~/");
    terminal.send("no\t\r");
    terminal.wait_for("notes.txt (4 bytes) goes");
    terminal.wait_for_prompt();
    terminal.send("/export talk.m\t");
    wait_for_line(&terminal, "/export talk.md");
    terminal.send("\x15/export talk\t");
    terminal.wait_for("talk.rb");
}

#[test]
fn behind_a_slash_the_commands_are_offered_and_never_sent() {
    let program = Program::new();
    let terminal = Terminal::chat(&program, &["--sandbox"], 40);
    terminal.send("/");
    terminal.wait_for("> /  /help  /model  /models  /system …");
    terminal.send("und");
    terminal.wait_for("> /undo  take the last turn back and …");
    terminal.send("\r");
    terminal.wait_for("there is no command /und.");
    wait_for_line(&terminal, "/undo  take the last turn back and …");
    terminal.send("o\r");
    terminal.wait_for("there is no turn to take back");
    let screen = terminal.wait_for_prompt();
    assert!(!screen.contains("take the last turn"), "{screen}");
}
