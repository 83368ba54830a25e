//! The chat for those who listen, byte for byte, the bell, and the line of an answer. What becomes
//! of Markdown is beside its code.

use std::sync::Mutex;
use std::sync::mpsc;

use super::support::{Api, Program, Terminal, event, is_sane, respond, sse_head};

const TABLE: &str = "Dynos come in *sizes*. Here they are.\n\n| Size | Memory |\n|---|---|\n\
                     | eco | 512 MB |\n| large | 14 GB |\n\n```sh\nheroku ps\n```\n";

/// Streams a text letter by letter.
fn stream(text: &str) -> String {
    let letters: String = text.chars().map(|it| event(&it.to_string())).collect();
    format!("{}{letters}event:done\ndata:[DONE]\n\n", sse_head())
}

/// Whether all that was ever written only goes forward.
fn assert_forward(terminal: &Terminal) {
    let raw = terminal.raw();
    assert!(!raw.contains('\u{1b}'), "a control sequence: {raw:?}");
    assert!(
        !raw.replace("\r\n", "").contains('\r'),
        "a row written over: {raw:?}"
    );
    let is_drawn = |it: char| ('\u{2500}'..='\u{259f}').contains(&it) || "✓✗›·".contains(it);
    assert!(!raw.contains(is_drawn), "a glyph: {raw:?}");
}

#[test]
fn a_chat_for_those_who_listen_is_whole_lines_each_written_once() {
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let attempts = Mutex::new(0);
    let models = r#"[{"model_id":"one-model","type":["text-to-text"]},{"model_id":"two-model","type":["text-to-text"]}]"#;
    let api = Api::serve(move |exchange| {
        if exchange.request.line.starts_with("GET") {
            return exchange.send(&respond(200, "", models));
        }
        let mut attempt = attempts.lock().expect("no panic while locked");
        *attempt += 1;
        match *attempt {
            1 => exchange.send(&respond(503, "", r#"{"error":"busy"}"#)),
            2 => {
                _ = released.lock().expect("no panic while locked").recv();
                exchange.send(&stream(TABLE));
            }
            _ => exchange.send(&stream("Second answer")),
        }
    });
    let program = Program::for_service(&api.url())
        .without("INFERENCE_MODEL_ID")
        .with("ACCESSIBLE", "1");
    let terminal = Terminal::start(&program, &[], 40, 80);
    terminal.wait_for("model>");
    terminal.send("2\r");
    terminal.wait_for("keep it");
    terminal.send("\r");
    terminal.wait_for("two-model at 127.0.0.1");
    terminal.wait_for_prompt();
    terminal.send("which sizes?\r");
    terminal.wait_for("trying again in ");
    terminal.wait_for("waiting for two-model, 5 s; Ctrl-C stops");
    release.send(()).expect("somebody waits");
    terminal.wait_for("end of the answer");
    terminal.wait_for_prompt();
    terminal.run("/usage", "tokens: all");
    // What is pasted is one prompt, and waits for an Enter of its own.
    terminal.send("pasted one\rpasted two\r");
    terminal.wait_for("Enter sends these lines");
    terminal.send("\r");
    terminal.wait_for("Second answer");
    terminal.wait_for_prompt();
    terminal.send("dropped\x03");
    terminal.wait_for("Ctrl-C again, or Ctrl-D, leaves");
    terminal.wait_for_prompt();
    assert_forward(&terminal);
    let raw = terminal.raw();
    for text in [
        "1  one-model",
        "which sizes?",
        "trying again",
        "5 s; Ctrl-C",
        "Dynos come in sizes.\r\nHere they are.\r\n\r\nSize: eco\r\nMemory: 512 MB\r\n\r\nSize: large\r\nMemory: 14 GB\r\n",
        "Code, sh:\r\nheroku ps\r\nEnd of code.",
        "pasted two",
        "Second answer\r\nend of the answer\r\n\u{7}",
    ] {
        assert_eq!(raw.matches(text).count(), 1, "{text:?} in {raw:?}");
    }
    let messages = api.requests().last().expect("a request").json()["messages"].clone();
    assert_eq!(messages[2]["content"], "pasted one\npasted two");
    let device = terminal.device();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(is_sane(&device));
}

#[test]
fn a_failure_for_those_who_listen_is_a_sentence_and_its_prompt_can_be_sent_again() {
    let api = Api::fixed(respond(400, "", r#"{"error":"no such thing"}"#));
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &["--accessible"], 80);
    terminal.send("hello\r");
    terminal.wait_for("no such thing");
    terminal.wait_until("the prompt with its text", |screen| {
        screen.trim_end().ends_with("\n> hello")
    });
    terminal.send("\r");
    terminal.wait_until("the same again", |screen| {
        screen.matches("no such thing").count() == 2
    });
    terminal.wait_until("the prompt with its text", |screen| {
        screen.trim_end().ends_with("\n> hello")
    });
    assert_eq!(api.requests().len(), 2);
    terminal.send("\x03");
    terminal.wait_for_prompt();
    terminal.send("\x03");
    terminal.wait_for("Ctrl-C again, or Ctrl-D, leaves");
    terminal.wait_for_prompt();
    assert_forward(&terminal);
    terminal.send("\x03");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn what_is_typed_during_an_answer_waits_unsent_for_those_who_listen() {
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let api = Api::serve(move |exchange| {
        exchange.send(&format!("{}{}", sse_head(), event("Begun. And more. ")));
        _ = released.lock().expect("no panic while locked").recv();
        exchange.send("event:done\ndata:[DONE]\n\n");
    });
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &["--accessible"], 80);
    terminal.send("go\r");
    // A sentence is said before its line is complete.
    terminal.wait_for("Begun.");
    terminal.wait_until_quiet();
    terminal.send("typed ahead\r");
    terminal.wait_until_typed(12);
    release.send(()).expect("somebody waits");
    terminal.wait_for("end of the answer");
    terminal.wait_for("> typed ahead");
    assert_eq!(api.requests().len(), 1, "it sent itself");
    assert_forward(&terminal);
}

#[test]
fn doctor_says_ok_and_failed_for_those_who_listen() {
    let program = Program::new();
    let run = program.run(&["doctor", "--sandbox", "--accessible"]);
    let out = run.expect_code(0).stdout;
    assert!(out.contains("ok: "), "{out}");
    assert!(!out.contains('✓'), "{out}");
}

#[test]
fn a_long_answer_rings_unless_a_key_was_pressed_or_the_bell_is_off() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let api = Api::serve(move |exchange| {
        // All wait for one, and then for nobody.
        _ = released.lock().expect("no panic while locked").recv();
        exchange.send(&stream("There it is"));
    });
    let bare = || Program::for_service(&api.url());
    let cases = [
        (bare(), &[][..], "", Some("\u{7}")),
        (
            bare().with("TERM_PROGRAM", "WezTerm"),
            &[],
            "",
            Some("\u{1b}]9;heroku-chat: the answer is there\u{7}"),
        ),
        (bare(), &[], "key", None),
        (bare(), &["--no-bell"], "", None),
    ];
    let chats = cases.each_ref().map(|(program, arguments, _, _)| {
        let terminal = Terminal::chat(program, arguments, 40);
        terminal.send("go\r");
        terminal
    });
    for (terminal, (_, _, keys, _)) in chats.iter().zip(&cases) {
        terminal.wait_for("stops · test-model, ");
        terminal.send(keys);
    }
    for terminal in &chats {
        terminal.wait_until("more than ten seconds", |screen| {
            (11..60).any(|seconds| screen.contains(&format!(", {seconds} s")))
        });
    }
    drop(release);
    for (terminal, (_, arguments, keys, call)) in chats.iter().zip(&cases) {
        terminal.wait_for("test-model · 1");
        let raw = terminal.raw();
        match call {
            Some(call) => assert_eq!(raw.matches(call).count(), 1, "{arguments:?} {raw:?}"),
            None => assert!(!raw.contains('\u{7}'), "{arguments:?} {keys:?} {raw:?}"),
        }
        assert!(
            !raw.contains("\u{1b}]0;") && !raw.contains("\u{1b}]2;"),
            "the title: {raw:?}"
        );
    }
}

#[test]
fn the_line_of_an_answer_fits_in_one_row_with_its_numbers_whole() {
    let usage = r#"data:{"choices":[],"usage":{"prompt_tokens":14523,"completion_tokens":1206}}"#;
    let end = format!("{usage}\n\nevent:done\ndata:[DONE]\n\n");
    let api = Api::fixed(format!("{}{}{end}", sse_head(), event("word")));
    let program = Program::for_service(&api.url());
    for (columns, expected) in [
        (
            80,
            "\nclaude-4-5-sonnet · tokens: 14523 in, 1206 out · context 7 % · ",
        ),
        (40, "\n14523 in, 1206 out · 7 % · "),
    ] {
        let terminal = Terminal::chat(&program, &["-m", "claude-4-5-sonnet"], columns);
        terminal.send("go\r");
        let screen = terminal.wait_for(expected);
        let line = screen
            .split(expected)
            .nth(1)
            .and_then(|rest| rest.lines().next());
        assert!(line.is_some_and(|line| line.ends_with(" s")), "{screen}");
    }
}
