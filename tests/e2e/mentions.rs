//! `@` and a file's name in a prompt: what is attached, and what stays text.

use super::support::{Api, Program, Terminal};

/// A chat in a folder with some files, with a service that answers everything.
fn chat() -> (Api, Program, Terminal) {
    let api = Api::tokens(&["got it"]);
    let program = Program::for_service(&api.url());
    program.file("notes.md", "of the notes\n");
    program.file("app.py", "of the app\n");
    program.file("my list.txt", "of the list\n");
    program.file(".env", "SECRET=1\n");
    let terminal = Terminal::chat(&program, &[], 80);
    (api, program, terminal)
}

/// Waits for the request behind so many others, and returns its prompt.
fn prompt(api: &Api, terminal: &Terminal, before: usize) -> String {
    terminal.wait_until("a request", |_| api.requests().len() > before);
    let body = api.requests()[before].json();
    let last = body["messages"].as_array().and_then(|all| all.last());
    let content = last.map(|last| last["content"].as_str().expect("a text").to_owned());
    terminal.wait_for_prompt();
    content.expect("a prompt")
}

#[test]
fn a_file_that_is_chosen_with_tab_is_attached_and_one_that_is_typed_is_asked_for() {
    let (api, _program, terminal) = chat();
    terminal.send("what of @NOT\t");
    terminal.wait_for("> what of @notes.md");
    terminal.send("and @lst\t");
    terminal.wait_for("@\"my list.txt\"");
    terminal.send("?\r");
    terminal.wait_for("with notes.md (13 bytes)");
    let sent = prompt(&api, &terminal, 0);
    assert!(
        sent.contains("of the notes") && sent.contains("of the list"),
        "{sent}"
    );
    assert!(
        sent.ends_with("what of @notes.md and @\"my list.txt\" ?"),
        "{sent}"
    );

    for (answer, is_attached) in [("n", false), ("", true)] {
        terminal.clear();
        let before = api.requests().len();
        terminal.send("read @apx");
        terminal.wait_for("@apx");
        terminal.send("\x7fp.py, please\r");
        terminal.wait_for("attach app.py (11 bytes)? [Y/n]");
        assert_eq!(api.requests().len(), before);
        terminal.send(&format!("{answer}\r"));
        let sent = prompt(&api, &terminal, before);
        assert_eq!(sent.contains("of the app"), is_attached, "{sent}");
        assert!(sent.ends_with("read @app.py, please"), "{sent}");
    }

    // What is taken back goes as it is the next time.
    terminal.clear();
    let before = api.requests().len();
    terminal.send("once more @app.py\r");
    terminal.wait_for("attach app.py");
    terminal.send("\x03");
    terminal.wait_until("the prompt again", |screen| {
        screen.trim_end().ends_with("\n> once more @app.py")
    });
    terminal.send("\r");
    assert_eq!(prompt(&api, &terminal, before), "once more @app.py");

    terminal.clear();
    let before = api.requests().len();
    terminal.send("mail@app.py and @.env and @none\r");
    terminal.wait_for(".env may hold secrets: /file attaches it");
    assert_eq!(
        prompt(&api, &terminal, before),
        "mail@app.py and @.env and @none"
    );
}

#[test]
fn a_mention_that_was_not_typed_at_the_prompt_is_text() {
    let (api, _program, terminal) = chat();
    let text = "import @app.py\nand @notes.md here";
    // Pasted, recalled, and found in the history.
    let keys = [
        format!("\x1b[200~{text}\x1b[201~"),
        "\x1b[A".to_owned(),
        "\x12impor".to_owned(),
        "x\x1b[A".to_owned(),
    ];
    for (before, keys) in keys.iter().enumerate() {
        terminal.send(keys);
        terminal.wait_for("@notes.md here");
        terminal.send("\r");
        assert_eq!(prompt(&api, &terminal, before), text, "{keys:?}");
        terminal.clear();
    }
    // Beside a paste, one that is typed is asked for.
    terminal.send("\x1b[200~see @app.py\x1b[201~");
    terminal.wait_for("see @app.py");
    terminal.send(" and @notes.md\r");
    terminal.wait_for("attach notes.md");
    terminal.send("\r");
    let sent = prompt(&api, &terminal, 4);
    assert!(
        sent.contains("of the notes") && !sent.contains("of the app"),
        "{sent}"
    );
}

#[test]
fn a_mention_that_was_typed_before_the_prompt_came_is_text() {
    let (api, sender) = Api::serve_halves("beginning", " and end");
    let program = Program::for_service(&api.url());
    program.file("app.py", "of the app\n");
    let terminal = Terminal::chat(&program, &[], 80);
    terminal.send("go\r");
    terminal.wait_for("beginning");
    terminal.send("see @app.py\tread @app.py");
    terminal.wait_for("> see @app.py⇥read @app.py");
    // The first is queued, and the other waits for more.
    (0..3).for_each(|_| sender.send(()).unwrap());
    terminal.wait_for("> read @app.py");
    terminal.send(" please\r");
    for (number, sent) in [(1, "see @app.py"), (2, "read @app.py please")] {
        assert_eq!(prompt(&api, &terminal, number), sent);
    }
}

#[test]
fn a_mention_is_followed_over_another_width_and_in_the_manner_of_vi() {
    let (api, _program, terminal) = chat();
    terminal.send("read @app");
    terminal.wait_for("> read @app");
    terminal.resize(40, 60);
    terminal.send(".p");
    terminal.wait_for("> read @app.p");
    terminal.send("y\r");
    terminal.wait_for("attach app.py");
    terminal.send("\r");
    assert!(prompt(&api, &terminal, 0).contains("of the app"));

    terminal.clear();
    terminal.run("/set editmode vi", "editmode is vi");
    terminal.send("see @notes.md\r");
    terminal.wait_for("attach notes.md");
    terminal.send("\r");
    assert!(prompt(&api, &terminal, 1).contains("of the notes"));
    terminal.send("\x1b");
    terminal.wait_until_quiet();
    terminal.send("k");
    terminal.wait_until("the last prompt", |screen| {
        screen.matches("> see @notes.md").count() == 2
    });
    terminal.send("\r");
    assert_eq!(prompt(&api, &terminal, 2), "see @notes.md");
}
