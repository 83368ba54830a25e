//! What keyboards, terminals and other people's text send to the prompt. What a turn does with it
//! is not here.

use super::support::{Api, Program, Terminal, is_sane};

/// A chat with a service that answers everything, on a terminal of this size.
fn chat(rows: u16, columns: u16) -> (Api, Program, Terminal) {
    let api = Api::tokens(&["got it"]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::start(&program, &[], rows, columns);
    terminal.wait_for_prompt();
    (api, program, terminal)
}

/// Presses Enter and returns what the service was sent as the prompt.
fn sent(api: &Api, terminal: &Terminal) -> String {
    let before = api.requests().len();
    terminal.send("\r");
    terminal.wait_until("an answer", |_| api.requests().len() > before);
    let body = api.requests()[before].json();
    let messages = body["messages"].as_array().expect("messages");
    let last = messages.last().expect("a prompt");
    last["content"].as_str().expect("a text").to_owned()
}

#[test]
fn keys_that_nobody_bound_type_nothing_and_shift_enter_begins_a_line() {
    let (api, _program, terminal) = chat(24, 80);
    for keys in [
        "a",
        "\x1b[<64;10;20M",
        "\x1b]11;rgb:ff/ff/ff\x1b\\",
        "\x1b[127;5u",
        "b",
    ] {
        terminal.send(keys);
    }
    terminal.wait_for("> ab");
    for shift_enter in ["\x1b[27;2;13~", "\x1b[13;2u"] {
        terminal.send(shift_enter);
        terminal.send("c");
    }
    terminal.wait_for("> ab\nc\nc");
    assert_eq!(sent(&api, &terminal), "ab\nc\nc");
}

#[test]
fn keys_that_want_more_keys_get_them_and_typing_goes_on() {
    let (api, _program, terminal) = chat(24, 80);
    terminal.send("first of all");
    assert_eq!(sent(&api, &terminal), "first of all");
    terminal.wait_for_prompt();
    terminal.send("z\x15\x12");
    terminal.wait_for("(reverse-i-search)");
    for keys in ["f", "\x1b[<64;10;20M", "i", "q", "\x7f", "r"] {
        terminal.send(keys);
    }
    terminal.wait_for("(reverse-i-search)`fir': first of all");
    assert_eq!(sent(&api, &terminal), "first of all");
    terminal.wait_for_prompt();
    for keys in [
        "\x16", "\x1b", "\x1b5", "x", "\x18", "\x15", "y", "\x7f", "é",
    ] {
        terminal.send(keys);
    }
    terminal.wait_for("> ␛é");
    assert_eq!(sent(&api, &terminal), "\x1bé");
    terminal.wait_for_prompt();
    terminal.send("/set editmode vi\r");
    terminal.wait_for("editmode is vi");
    terminal.send("one two");
    terminal.wait_for("> one two");
    terminal.send("\x1b");
    terminal.wait_until_quiet();
    for keys in ["0", "d", "w", "2", "x", "A", "p"] {
        terminal.send(keys);
    }
    terminal.wait_for("> op");
    assert_eq!(sent(&api, &terminal), "op");
}

#[test]
fn ctrl_z_at_the_prompt_leaves_a_sane_terminal_and_the_line_goes_on() {
    let api = Api::tokens(&["got it"]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::in_shell(&program);
    terminal.send("half");
    terminal.wait_for("> half");
    terminal.send("\x1a");
    terminal.wait_for("Stopped");
    assert!(is_sane(&terminal.device()));
    terminal.send("fg\r");
    terminal.wait_until("the line", |screen| {
        let below = screen.rsplit_once("fg\n").map(|(_, below)| below);
        below.is_some_and(|below| below.trim_end().ends_with("> half"))
    });
    terminal.send(" a line");
    terminal.wait_for("> half a line");
    assert_eq!(sent(&api, &terminal), "half a line");
}

#[test]
fn a_paste_that_ends_in_mid_sequence_is_text_and_enter_sends_it() {
    let (api, _program, terminal) = chat(24, 80);
    terminal.send("\x1b[200~log \x1b[3\x1b[201~");
    terminal.wait_for("> log ␛[3");
    terminal.send(" hello");
    terminal.wait_for("[3 hello");
    assert_eq!(sent(&api, &terminal), "log \x1b[3 hello");
}

#[test]
fn a_pasted_comment_and_an_open_fence_are_sent_as_they_are() {
    let (api, _program, terminal) = chat(24, 80);
    for text in [
        "//go:build linux",
        "/* why */ int x;",
        "/usr is\nfull",
        "Why?\n```\ncut log",
    ] {
        terminal.send(&format!("\x1b[200~{text}\x1b[201~"));
        terminal.wait_for(text);
        assert_eq!(sent(&api, &terminal), text);
        terminal.wait_for_prompt();
    }
}

#[test]
fn enter_in_an_open_fence_says_what_sends_it() {
    let (api, _program, terminal) = chat(24, 80);
    terminal.send("```");
    terminal.wait_for("> ```");
    terminal.send("\r");
    terminal.wait_for("the code fence is open");
    // By hand: Enter that has more behind it is part of a paste.
    for empty_lines in [2, 3] {
        terminal.send("\x1b\r");
        let above = "\n".repeat(empty_lines);
        terminal.wait_until("another line", |screen| {
            screen.contains(&format!("```{above}the code"))
        });
    }
    assert_eq!(sent(&api, &terminal), "```");
}

#[test]
fn what_is_edited_drives_no_terminal() {
    let (api, _program, terminal) = chat(24, 80);
    let text = "a\u{9b}31m\x07\x08\x1b]0;x\x07b";
    terminal.send(&format!("\x1b[200~{text}\x1b[201~"));
    terminal.wait_for("␛]0;x␇b");
    assert_eq!(sent(&api, &terminal), text);
    terminal.wait_for_prompt();
    terminal.send("\x1b[A");
    terminal.wait_until("the history", |screen| {
        screen.matches("␛]0;x␇b").count() == 2
    });
    terminal.send("\x05\x15/undo\r");
    terminal.wait_until("the prompt again", |screen| {
        screen.contains("here is its prompt\n") && screen.matches("␛]0;x␇b").count() == 2
    });
    let raw = terminal.raw();
    assert!(!raw.contains("\x1b]0") && !raw.contains('\x07') && !raw.contains('\u{9b}'));
}

#[test]
fn a_prompt_taller_than_the_terminal_shows_the_line_that_is_edited() {
    let (api, _program, terminal) = chat(8, 40);
    let lines: Vec<String> = (1..=20).map(|line| format!("line {line:02}.")).collect();
    terminal.send(&format!("\x1b[200~{}\x1b[201~", lines.join("\n")));
    terminal.wait_for("line 20.");
    for line in (10..20).rev() {
        terminal.send("\x1b[A");
        terminal.wait_for(&format!("line {line}."));
    }
    terminal.send("X");
    terminal.wait_for("line 10.X");
    assert!(sent(&api, &terminal).contains("line 09.\nline 10.X\nline 11."));
    terminal.wait_for_prompt();
    let raw = terminal.raw();
    assert!(
        raw.contains("line 01.\r\nline 02."),
        "all of it stays when it is sent"
    );
}

#[test]
fn another_width_erases_nothing_above_the_prompt() {
    let (_api, _program, terminal) = chat(24, 30);
    terminal.send("hello\r");
    terminal.wait_for("got it");
    terminal.wait_for_prompt();
    terminal.send(&"word ".repeat(30));
    terminal.wait_until("the draft", |screen| {
        screen.replace('\n', "").matches("word").count() == 30
    });
    for (columns, key) in [(100, "first"), (24, "second"), (60, "third")] {
        terminal.resize(24, columns);
        terminal.send(key);
        // This terminal doesn't wrap anew, so that some of the old rows may stay.
        let screen = terminal.wait_until(key, |screen| screen.replace('\n', "").contains(key));
        assert!(screen.contains("got it"), "{columns}:\n{screen}");
    }
}

#[test]
fn what_is_typed_while_an_answer_comes_stands_below_it() {
    let (api, sender) = Api::serve_halves("The **beginning** of it", " and its end. ");
    let program = Program::for_service(&api.url());
    let terminal = Terminal::start(&program, &[], 8, 40);
    terminal.wait_for_prompt();
    terminal.send("go\r");
    terminal.wait_for("beginning of it");
    terminal.send("next onx\x7fe\tx\x7f");
    // A stalled answer shows it, too.
    terminal.wait_for("The beginning of it\n> next one⇥");
    _ = sender.send(());
    // Tab has queued it, and behind it the next answer streams.
    terminal.wait_for("and its end.");
    terminal.wait_for("> next one\n");
    terminal.send("half");
    terminal.wait_for("> half");
    terminal.send("\x03");
    terminal.wait_until("the rest in the prompt", |screen| {
        screen.trim_end().ends_with("\n> half") && screen.contains("stopped")
    });
    assert_eq!(terminal.screen().matches("half").count(), 1, "it is moved");
    assert_eq!(api.requests().len(), 2);
}
