//! What the slash commands of the REPL do: settings, files, copies, continued answers. How lines
//! are typed and answers shown is in `repl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::support::{Api, Program, Terminal, event, sse_head};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and some more bytes";

/// A server that answers with these texts in turn, the last one for ever; each with a finish
/// reason.
fn answering(answers: &'static [(&'static str, &'static str)]) -> Api {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Api::serve(move |exchange| {
        let index = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let (text, reason) = answers[index.min(answers.len() - 1)];
        let end = json!({"choices": [{"delta": {}, "finish_reason": reason}], "usage": {"prompt_tokens": 150_000, "completion_tokens": 20_000}});
        exchange.send(&format!(
            "{}{}data: {end}\n\ndata: [DONE]\n\n",
            sse_head(),
            event(text)
        ));
    })
}

fn messages(api: &Api) -> Value {
    api.requests().last().expect("a request").json()["messages"].clone()
}

#[test]
fn files_and_images_go_with_the_next_prompt_and_come_back_with_it() {
    let api = Api::tokens(&["seen"]);
    let program = Program::for_service(&api.url());
    program.file("main.rb", "puts 1\n");
    program.file("two words.txt", "hello\n");
    std::fs::write(program.work().join("tiny.png"), PNG).expect("a picture");
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.run(
        "/file main.rb 'two words.txt'",
        "main.rb (7 bytes) goes with the next prompt",
    );
    terminal.run("/image tiny.png", "tiny.png (28 bytes) goes");
    terminal.run("what is this?", "seen");
    let sent = json!([{"role": "user", "content": [
        {"type": "text", "text": "main.rb:\n```rb\nputs 1\n```\n\ntwo words.txt:\n```txt\nhello\n```\n\nwhat is this?"},
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", BASE64.encode(PNG))}},
    ]}]);
    assert_eq!(messages(&api), sent);
    terminal.send("/undo\r");
    terminal.wait_until("the prompt", |screen| {
        screen.trim_end().ends_with("> what is this?")
    });
    terminal.send("\r");
    terminal.wait_until("another answer", |screen| {
        screen.matches("\nseen").count() == 2
    });
    terminal.wait_for_prompt();
    assert_eq!(messages(&api), sent, "the files came back with the prompt");
    terminal.run("and now?", "and now?");
    terminal.wait_until("a third answer", |screen| {
        screen.matches("\nseen").count() == 3
    });
    assert_eq!(
        messages(&api)[2],
        json!({"role": "user", "content": "and now?"})
    );
}

#[test]
fn what_can_not_be_sent_is_refused_with_the_reason() {
    let program = Program::new();
    std::fs::write(program.work().join("tiny.png"), PNG).expect("a picture");
    program.file("no.png", "no picture");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.run("/file nosuch", "the file nosuch can't be used");
    terminal.run("/file tiny.png", "It is an image (image/png), not text");
    terminal.run("/image no.png", "no PNG, JPEG, GIF or WebP");
    terminal.run("/file 'open", "every quote closed");
    terminal.run("/file /dev/tty", "It is no regular file");
    terminal.run("/system @.", "It is a folder");
    terminal.run("/image", "nothing goes with the next prompt");
    terminal.run("/image tiny.png", "tiny.png (28 bytes) goes");
    terminal.send("look\r");
    terminal.wait_for("doesn't support the");
    terminal.wait_until("the prompt again", |screen| {
        screen.trim_end().ends_with("> look")
    });
    terminal.send("\x15");
    terminal.wait_for_prompt();
    terminal.run("/model sandbox-vision", "now talking to sandbox-vision");
    terminal.run("look", "I see: image/png of 28 bytes.");
}

#[test]
fn a_text_only_model_gets_no_image() {
    let program = Program::for_service("http://127.0.0.1:9");
    std::fs::write(program.work().join("tiny.png"), PNG).expect("a picture");
    let terminal = Terminal::chat(&program, &["-m", "gpt-oss-120b"], 80);
    terminal.run("/image tiny.png", "gpt-oss-120b takes text only, no images");
    program
        .run(&["ask", "-m", "kimi-k2-5", "--image", "tiny.png", "look"])
        .expect_code(1)
        .expect_error("text only");
    let seen = program.run(&[
        "ask",
        "--sandbox",
        "-m",
        "sandbox-vision",
        "--image",
        "tiny.png",
        "look",
    ]);
    seen.expect_code(0)
        .expect_output("I see: image/png of 28 bytes.\n");
}

#[test]
fn ask_sends_files_with_their_names() {
    let program = Program::new();
    program.file("a.txt", "one");
    program.file("b.txt", "two");
    let run = program.run(&[
        "ask",
        "--sandbox",
        "-f",
        "a.txt",
        "--file",
        "b.txt",
        "compare",
    ]);
    run.expect_code(0)
        .expect_output("a.txt:\n```txt\none\n```\n\nb.txt:\n```txt\ntwo\n```\n\ncompare\n");
    std::fs::write(program.work().join("binary"), b"ab\0").expect("a file");
    program
        .run(&["ask", "--sandbox", "-f", "binary", "hm"])
        .expect_code(1)
        .expect_error("--file binary can't be used");
}

#[test]
fn settings_are_listed_changed_and_sent() {
    for columns in [80, 40] {
        let api = Api::tokens(&["fine"]);
        let program = Program::for_service(&api.url()).with("HEROKU_CHAT_CONTEXT", "7");
        let terminal = Terminal::start(&program, &["--max-tokens", "99"], 60, columns);
        terminal.wait_for_prompt();
        terminal.run("/set temperature 0.5", "temperature is 0.5, from /set");
        terminal.run("/set temperature 2", "or default; not \"2\"");
        terminal.run("/set tempe", "Did you mean temperature?");
        terminal.run("/set top_p 0.5", "top_p is 0.5");
        terminal.run("/set top_p default", "top_p is not sent, from default");
        let list = terminal.run("/clear", "a new conversation; system");
        assert!(!list.contains("SETTING"), "{list}");
        let list = terminal.run("/set", "or vi");
        for row in [
            ["temperature", "0.5", "/set"],
            ["max_tokens", "99", "--max-tokens"],
            ["context", "7", "HEROKU_CHAT_CONTEXT"],
        ] {
            // A narrow terminal has each setting's name on a line of its own.
            let [name, value, source] = row;
            let found = list
                .lines()
                .any(|line| line.split_whitespace().take(3).eq(row))
                || list.contains(&format!("{name}\n  {value} · {source} · "));
            assert!(found, "{row:?} at {columns}:\n{list}");
        }
        terminal.run("go", "fine");
        let body = api.only_request().json();
        assert_eq!(
            (&body["temperature"], &body["max_tokens"], body.get("top_p")),
            (&json!(0.5), &json!(99), None)
        );
    }
}

#[test]
fn default_goes_back_to_what_flags_and_environment_said() {
    let program = Program::new().with("HEROKU_CHAT_CONTEXT", "7");
    let terminal = Terminal::chat(
        &program,
        &["--sandbox", "--temperature", "0.2", "--no-save"],
        80,
    );
    terminal.run("/set temperature 0.9", "temperature is 0.9, from /set");
    terminal.run(
        "/set temperature default",
        "temperature is 0.2, from --temperature",
    );
    terminal.run("/set context all", "context is all");
    terminal.run(
        "/set context default",
        "context is 7, from HEROKU_CHAT_CONTEXT",
    );
    terminal.run("private", "out ·");
    terminal.run("/set save default", "save is off");
    assert!(
        !program
            .home()
            .join(".local/share/heroku-chat/sandbox")
            .exists()
    );
}

#[test]
fn a_setting_of_the_environment_that_is_wrong_is_named() {
    let program = Program::new().with("HEROKU_CHAT_EDITMODE", "nano");
    let terminal = Terminal::start(&program, &["--sandbox"], 24, 80);
    terminal.wait_for("HEROKU_CHAT_EDITMODE \"nano\" is not valid");
    terminal.wait_for("It takes emacs or vi.");
    assert_eq!(terminal.wait_for_end(), 1);
}

#[test]
fn vi_keys_edit_where_they_are_wanted() {
    let program = Program::new().with("HEROKU_CHAT_EDITMODE", "vi");
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.send("xhello");
    terminal.wait_for("> xhello");
    terminal.send("\x1b");
    terminal.send("0x");
    terminal.wait_until("the first letter gone", |screen| {
        screen.trim_end().ends_with("> hello")
    });
    terminal.send("\r");
    terminal.wait_for("\nhello\n");
    terminal.wait_for_prompt();
    terminal.run("/set editmode emacs", "editmode is emacs, from /set");
    terminal.send("hullo\x01\x06\x04e\r");
    terminal.wait_for("\nhello\nsandbox-echo · tokens");
}

#[test]
fn only_the_latest_turns_are_sent_where_that_is_set() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.run("one", "fine");
    terminal.run("/set context 1", "context is 1");
    terminal.run("two", "the last 1 of 2 turns were sent");
    assert_eq!(messages(&api), json!([{"role": "user", "content": "two"}]));
    terminal.run("/set context all", "context is all");
    terminal.run("three", "three");
    terminal.wait_until("the third answer", |screen| {
        screen.matches("\nfine").count() == 3
    });
    assert_eq!(
        messages(&api).as_array().map(Vec::len),
        Some(5),
        "nothing was lost"
    );
}

#[test]
fn a_cut_answer_is_continued_and_stays_one_message() {
    let api = answering(&[
        ("The answer is", "length"),
        (" forty-two.", "stop"),
        ("Because.", "stop"),
    ]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.run("/continue", "there is no answer to go on with");
    terminal.run("what is it?", "/continue goes on");
    terminal.run("/continue", "forty-two.");
    let asked = messages(&api);
    assert_eq!(
        asked[1],
        json!({"role": "assistant", "content": "The answer is"})
    );
    assert!(
        asked[2]["content"]
            .as_str()
            .is_some_and(|text| text.contains("Go on exactly")),
        "{asked}"
    );
    terminal.run("why?", "Because.");
    let expected = json!([
        {"role": "user", "content": "what is it?"},
        {"role": "assistant", "content": "The answer is forty-two."},
        {"role": "user", "content": "why?"},
    ]);
    assert_eq!(messages(&api), expected);
    terminal.run("/set context 1", "context is 1");
    terminal.send("/continue\r");
    terminal.wait_for("it is asked for more all the same");
    terminal.wait_until("more of it", |screen| {
        screen.matches("Because.").count() == 2
    });
    assert_eq!(
        messages(&api).as_array().map(Vec::len),
        Some(3),
        "the request for more is no turn of its own"
    );
}

#[test]
fn a_context_window_that_fills_up_is_told_and_usage_counts_every_answer() {
    let api = answering(&[("fine", "stop")]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &["-m", "claude-4-5-haiku"], 80);
    terminal.run("one", "170000 of the 200000 tokens");
    terminal.send("/undo\r");
    terminal.wait_until("the prompt", |screen| screen.trim_end().ends_with("> one"));
    terminal.send("\x15/usage\r");
    let table = terminal.wait_for("all     150000  20000");
    assert!(
        table.contains("1       150000  20000  ≈ $0.2500  claude-4-5-haiku"),
        "{table}"
    );
}

#[test]
fn a_conversation_that_is_too_long_is_told_what_to_do() {
    let program = Program::new();
    let terminal = Terminal::chat(&program, &["--sandbox", "-m", "sandbox-small"], 80);
    terminal.run(&"word ".repeat(30), "30 out");
    terminal.send(&"more ".repeat(30));
    terminal.send("\r");
    let screen = terminal.wait_for("Input is too long for requested model.");
    terminal.wait_for("/set context");
    assert!(screen.contains("too long"), "{screen}");
}

#[test]
fn the_last_answer_or_one_of_its_code_blocks_is_copied() {
    let api = answering(&[(
        "One:\n\n```sh\nls\n```\n\nTwo:\n\n~~~\n\ttab\n~~~\n",
        "stop",
    )]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.run("/copy", "there is no answer to copy");
    terminal.run("go", "out ·");
    let copied = |text: &str| format!("\x1b]52;c;{}\x07", BASE64.encode(text));
    terminal.run("/copy", "copied the answer");
    assert!(
        terminal
            .raw()
            .contains(&copied("One:\n\n```sh\nls\n```\n\nTwo:\n\n~~~\n\ttab\n~~~"))
    );
    terminal.run("/copy 2", "copied code block 2");
    assert!(terminal.raw().contains(&copied("\ttab\n")));
    terminal.run("/copy 3", "has code blocks 1 to 2; not \"3\"");
}

#[test]
fn markdown_and_debug_are_switched_in_the_chat() {
    let program = Program::new();
    let terminal = Terminal::chat(&program, &["--sandbox", "-m", "sandbox-markdown"], 80);
    terminal.run("/set markdown off", "markdown is off");
    terminal.run("go", "| standard | all |");
    terminal.run("/debug", "heads of requests and responses are shown");
    terminal.send("again\r");
    terminal.wait_for("> authorization: Bearer (redacted)");
}

#[test]
fn models_are_listed_with_their_ends() {
    let program = Program::new();
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    let list = terminal.run("/models", "sandbox-old");
    assert!(list.contains("2026-04-21, then sandbox-echo"), "{list}");
}

#[test]
fn a_conversation_is_exported_in_the_form_that_the_file_name_says() {
    let program = Program::new();
    let terminal = Terminal::chat(&program, &["--sandbox"], 80);
    terminal.run("/export early.md", "nothing was said yet");
    terminal.run("hello there", "out ·");
    terminal.run("/export 'my chat.rb'", "written to my chat.rb");
    let ruby = std::fs::read_to_string(program.work().join("my chat.rb")).expect("an export");
    assert!(
        ruby.contains("net/http") && ruby.contains("hello there"),
        "{ruby}"
    );
    terminal.run("/export chat.txt", "a name that ends in .md");
    terminal.run("/export 'my chat.rb'", "It is there already");
    terminal.run("/export chat.md", "written to chat.md");
    let document = std::fs::read_to_string(program.work().join("chat.md")).expect("an export");
    assert_eq!(
        document,
        "# hello there\n\n## You\n\nhello there\n\n## sandbox-echo\n\nhello there\n"
    );
}

#[test]
fn files_are_found_by_any_name_that_can_be_typed() {
    let program = Program::new();
    for name in ["#notes.md", "two words.md", "it's.md"] {
        program.file(name, "be brief");
    }
    std::fs::write(program.home().join("at-home.md"), "be brief").expect("a file at home");
    let terminal = Terminal::chat(&program, &["--sandbox"], 100);
    for (keys, label) in [
        ("#n\t", "#notes.md"),
        ("tw\t", "two words.md"),
        ("it\t", "it's.md"),
        ("~/at\t", "at-home.md"),
    ] {
        terminal.send(&format!("/file {keys}"));
        terminal.wait_until(label, |screen| screen.trim_end().ends_with(".md"));
        terminal.run("", &format!("{label} (8 bytes) goes"));
        terminal.run("/file none", "nothing goes");
        terminal.clear();
    }
    for typed in [
        "#notes.md",
        "two words.md",
        "'two words.md'",
        "it\\'s.md",
        "~/at-home.md",
    ] {
        terminal.run(&format!("/system @{typed}"), "the system prompt is set");
        terminal.run("/system none", "is removed");
        terminal.clear();
    }
}
