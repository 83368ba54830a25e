//! The command line as people type it: help, what they type with other tools, and what isn't
//! understood.

use super::support::{Api, Program, Terminal};

#[test]
fn help_is_there_under_each_of_its_names() {
    let program = Program::new();
    let shown = |words: &[&str]| program.run(words).expect_code(0).stdout;
    let long = shown(&["help", "config", "pull"]);
    assert!(
        long.starts_with(
            "write the variables of an app into .env\n\nUSAGE\n  $ heroku-chat config pull [FLAGS]\n"
        ),
        "{long}"
    );
    assert_eq!(shown(&["config", "pull", "--help"]), long);
    assert_eq!(shown(&["--help"]), shown(&["help"]));
    assert_eq!(shown(&["help", "-h"]), shown(&["-h"]));
    let short = shown(&["ask", "-f", "pull", "-jh"]);
    assert!(
        short.contains("--file=<path>") && !short.contains("--timeout"),
        "{short}"
    );
    assert_eq!(shown(&["ask", "-h"]), short);
    let plugin = Program::new().with("HEROKU_CHAT_TOPIC", "ai");
    let page = plugin.run(&["config", "--help"]).expect_code(0).stdout;
    assert!(
        page.contains("  $ heroku ai:config [FLAGS]\n\nCOMMANDS\n  ai:config:pull "),
        "{page}"
    );
    program
        .run(&["help", "config", "pul"])
        .expect_code(2)
        .expect_error("Did you mean `heroku-chat config pull`?");
    program
        .run(&["help", "zebra"])
        .expect_code(2)
        .expect_error("there is no command \"zebra\"");
    program
        .run(&["ask", "--modle", "x"])
        .expect_code(2)
        .expect_error("'--model'")
        .expect_error("Usage: heroku-chat ask");
}

/// What comes of a command line.
enum Outcome {
    /// One prompt is sent, and this is in it.
    Asks(&'static str),
    /// Nothing is sent; the code, and words of what is told.
    Tells(i32, &'static str),
}
use Outcome::{Asks, Tells};

/// What people type with other tools, with `heroku-chat` for their name, and what is piped in.
const TYPED: &[(&str, &str, Outcome)] = &[
    // llm
    (
        "'Ten fun names for a pelican'",
        "",
        Asks("Ten fun names for a pelican"),
    ),
    ("-m other 'hi there'", "", Asks("hi there")),
    (
        "-s 'Explain this code'",
        "puts 1",
        Tells(2, "system prompt is --system"),
    ),
    ("chat", "hi", Asks("hi")),
    ("-c 'more detail'", "", Tells(1, "no saved conversation")),
    ("logs list", "", Tells(2, "`heroku-chat sessions`")),
    ("models list", "", Tells(2, "Usage: heroku-chat models")),
    ("keys set openai", "", Tells(2, "`heroku-chat config pull`")),
    ("-x 'a function'", "", Tells(2, "heroku-chat ask --code")),
    (
        "-o temperature 0.5 'hi there'",
        "",
        Tells(2, "--temperature"),
    ),
    ("prompt 'hi there'", "", Tells(2, "`heroku-chat ask`")),
    // aichat
    ("tell me a joke", "", Asks("tell me a joke")),
    (
        "-f main.rb explain",
        "",
        Asks("main.rb:\n```rb\nputs 1\n```\n\nexplain"),
    ),
    (
        "'write a commit message'",
        "diff",
        Asks("write a commit message\n\ndiff"),
    ),
    ("-s work hello", "", Tells(2, "a conversation --session")),
    (
        "--role coder 'hi there'",
        "",
        Tells(2, "system prompt is --system"),
    ),
    ("--list-models", "", Tells(2, "heroku-chat models")),
    ("--serve", "", Tells(2, "'--serve'")),
    // mods
    ("", "all of it", Asks("all of it")),
    ("'list the issues'", "code", Asks("list the issues\n\ncode")),
    ("-C 'and more'", "", Tells(2, "--continue, or -c")),
    ("-l", "", Tells(2, "heroku-chat sessions")),
    // claude
    ("explain", "", Tells(2, "heroku-chat ask explain")),
    ("-p 'query here'", "", Tells(2, "heroku-chat ask PROMPT")),
    (
        "--print 'query here'",
        "log",
        Tells(2, "heroku-chat ask PROMPT"),
    ),
    ("-c", "", Tells(2, "there is no prompt")),
    ("--resume", "", Tells(1, "--resume")),
    ("update", "", Tells(2, "no command \"update\"")),
    ("mcp list", "", Asks("mcp list")),
    // gh models
    (
        "models run gpt 'why is the sky blue?'",
        "",
        Tells(2, "behind heroku-chat ask"),
    ),
    (
        "run gpt 'why is the sky blue?'",
        "",
        Tells(2, "`heroku-chat ask`"),
    ),
    // heroku
    ("ai:models", "", Tells(2, "`heroku-chat models`")),
    ("ai:ask 'hi there'", "", Tells(2, "`heroku-chat ask`")),
    ("login", "", Tells(2, "`heroku-chat config pull`")),
    (
        "config:get INFERENCE_URL",
        "",
        Tells(2, "`heroku-chat config`"),
    ),
    ("config:pull", "", Tells(2, "`heroku-chat config pull`")),
    ("apps:info", "", Tells(2, "no command \"apps:info\"")),
    ("ps", "", Tells(2, "no command \"ps\"")),
    (
        "help models",
        "",
        Tells(0, "list the models of the service"),
    ),
    ("version", "", Tells(2, "`heroku-chat --version`")),
    // slips
    ("modles", "", Tells(2, "`heroku-chat models`")),
    ("sesions list", "", Tells(2, "`heroku-chat sessions`")),
    (
        "why is my app slow",
        "",
        Tells(2, "a question goes in quotes"),
    ),
    ("", "", Tells(2, "there is no prompt")),
];

#[test]
fn what_people_type_with_other_tools_is_answered_or_corrected() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    program.file("main.rb", "puts 1\n");
    for (line, input, outcome) in TYPED {
        let words = shlex::split(line).expect("closed quotes");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before = api.requests().len();
        let run = program.run_with_input(&words, input);
        let sent: Vec<_> = api.requests().split_off(before);
        match outcome {
            Asks(prompt) => {
                assert_eq!((run.code, sent.len()), (0, 1), "{line}: {run:?}");
                let said = sent[0].json()["messages"][0]["content"].clone();
                assert_eq!(said, *prompt, "{line}");
                assert_eq!(run.stdout, "fine\n", "{line}");
            }
            Tells(code, words) => {
                assert_eq!((run.code, sent.len()), (*code, 0), "{line}: {run:?}");
                let told = run.stderr + &run.stdout;
                assert!(told.contains(words), "{line}: {told}");
            }
        }
    }
}

#[test]
fn a_chat_may_begin_with_a_prompt_which_is_no_command_of_it() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    let terminal = Terminal::chat(&program, &["chat", "/help", "@main.rb"], 80);
    terminal.wait_for("fine");
    terminal.wait_for_prompt();
    let sent = api.only_request().json()["messages"].clone();
    assert_eq!(sent[0]["content"], "/help @main.rb");
}

#[test]
fn a_pipe_is_one_prompt_and_with_lines_one_a_line() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    let count = |words: &[&str]| {
        let before = api.requests().len();
        program.run_with_input(words, "one\ntwo\n").expect_code(0);
        api.requests().len() - before
    };
    assert_eq!(count(&[]), 1);
    assert_eq!(count(&["chat"]), 1);
    assert_eq!(count(&["chat", "--lines"]), 2);
    assert_eq!(count(&["--lines"]), 2);
    assert_eq!(count(&["chat", "--lines", "zero"]), 3);
    assert_eq!(count(&["ask", "--no-stdin", "alone"]), 1);
    let last = api.requests().pop().expect("a request").json();
    assert_eq!(last["messages"][0]["content"], "alone");
    let plugin = Program::for_service(&api.url()).with("HEROKU_CHAT_TOPIC", "ai");
    let before = api.requests().len();
    plugin
        .run_with_input(&["chat"], "one\ntwo\n")
        .expect_code(0);
    assert_eq!(api.requests().len() - before, 1);
}

#[test]
fn code_is_the_first_block_alone() {
    let api = Api::tokens(&["Here:\n\n```sh\nls", " -l\n```\nand\n```\nmore\n```\n"]);
    let ask = |api: &Api| Program::for_service(&api.url()).run(&["ask", "--code", "list"]);
    ask(&api).expect_code(0).expect_output("ls -l\n");
    let prose = Api::tokens(&["Use ls."]);
    ask(&prose)
        .expect_code(1)
        .expect_output("")
        .expect_error("Use ls.")
        .expect_error("has no code block");
}

#[test]
fn files_that_were_not_named_one_by_one_are_shown_and_secrets_stay() {
    let api = Api::tokens(&["fine"]);
    let program = Program::for_service(&api.url());
    std::fs::create_dir(program.work().join("lib")).expect("a folder");
    for name in ["a.rb", "lib/b.rb", "lib/server.key", ".env"] {
        program.file(name, "# text\n");
    }
    std::fs::write(program.work().join("lib/data.rb"), b"\0").expect("a file");
    let sent = |words: &[&str], input: &str| {
        let run = program
            .run_with_input(&[&["ask"], words].concat(), input)
            .expect_code(0);
        let last = api.requests().pop().expect("a request").json();
        (run.stderr, last["messages"][0]["content"].to_string())
    };
    let (told, prompt) = sent(&["-f", "lib", "right?"], "");
    for words in [
        "with lib/b.rb (7 bytes)",
        "without 1 of lib: may hold secrets",
        "without 1 of lib: no text or empty",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(
        prompt.contains("lib/b.rb:") && !prompt.contains("server.key"),
        "{prompt}"
    );
    let (told, prompt) = sent(&["-f", "*.rb", "-f", ".env", "right?"], "");
    assert!(
        prompt.contains("a.rb:") && prompt.contains(".env:"),
        "{prompt}"
    );
    assert!(!told.contains(".env"), "{told}");
    let (_, prompt) = sent(&["-f", "-", "right?"], "piped\n");
    assert!(prompt.contains("standard input:"), "{prompt}");
    let refused = |words: &[&str], told: &str| {
        let run = program.run(&[&["ask"], words].concat());
        run.expect_code(1).expect_error(told);
    };
    let before = api.requests().len();
    refused(&["-f", "*.py", "hi"], "There is no file that it means.");
    refused(&["-f", ".env*", "hi"], "name them in full");
    refused(&["-f", "a.rb", "lib/b.rb", "right?"], "--file '*.rb'");
    assert_eq!(api.requests().len(), before);
}

#[test]
fn a_byte_that_is_no_text_is_named_and_may_be_taken() {
    use std::io::Write;
    use std::process::Stdio;
    let program = Program::new();
    let run = |words: &[&str]| {
        let mut child = program
            .process(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(b"ol\xc3\xa9\ncaf\xe9\n").expect("it reads");
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let (_, told) = run(&["ask", "--sandbox"]);
    assert!(told.contains("byte 8, 0xe9 in line 2"), "{told}");
    assert!(told.contains("--lossy"), "{told}");
    let (answer, _) = run(&["ask", "--sandbox", "--lossy"]);
    assert_eq!(answer, "olé\ncaf\u{fffd}\n");
}
