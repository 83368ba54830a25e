//! `ask`: prompts in, answers out, exit codes, and the promises of Heroku's Ruby quick start.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::{Value, json};

use super::support::{Api, KEY, Program, Signal, event, fifo, respond, signal, sse_head};

const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Because of its dynos.","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":14,"completion_tokens":5,"total_tokens":19}}"#;

/// Heroku's Ruby quick start for chat completions, example and all.
#[test]
fn quick_start_example_is_sent_as_the_quick_start_sends_it() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let program = Program::for_service(&api.url());
    let turns = json!([
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hi there! How can I assist you today?"},
    ]);
    program.file("turns.json", &turns.to_string());
    let flags = [
        "--messages",
        "turns.json",
        "--temperature",
        "0.5",
        "--max-tokens",
        "100",
        "--no-stream",
    ];
    let arguments: Vec<&str> = ["ask"]
        .into_iter()
        .chain(flags)
        .chain(["Why is Heroku so awesome?"])
        .collect();
    program
        .run(&arguments)
        .expect_code(0)
        .expect_output("Because of its dynos.\n");

    let request = api.only_request();
    assert_eq!(request.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(
        request
            .header("user-agent")
            .is_some_and(|agent| agent.starts_with("heroku-chat/"))
    );
    let expected = json!({
        "model": "test-model",
        "messages": [
            {"role": "user", "content": "Hello!"},
            {"role": "assistant", "content": "Hi there! How can I assist you today?"},
            {"role": "user", "content": "Why is Heroku so awesome?"},
        ],
        "temperature": 0.5,
        "max_tokens": 100,
        "stream": false,
    });
    assert_eq!(request.json(), expected);
}

#[test]
fn quick_start_reports_each_missing_variable_with_its_export_line() {
    for name in ["INFERENCE_URL", "INFERENCE_KEY"] {
        let program = Program::for_service("https://us.inference.heroku.com").without(name);
        program
            .run(&["ask", "hi"])
            .expect_code(1)
            .expect_output("")
            .expect_error(&format!("{name} is not set"))
            .expect_error(&format!(
                "export {name}=$(heroku config:get {name} -a example-app)"
            ));
    }
    let catalogue = r#"[{"model_id":"claude-4-5-haiku","type":["text-to-text"]},{"model_id":"embed","type":["text-to-embedding"]}]"#;
    let api = Api::fixed(respond(200, "", catalogue));
    let program = Program::for_service(&api.url()).without("INFERENCE_MODEL_ID");
    program
        .run(&["ask", "-a", "good-app", "hi"])
        .expect_code(1)
        .expect_error("INFERENCE_MODEL_ID is not set")
        .expect_error("Models: claude-4-5-haiku\n")
        .expect_error(
            "export INFERENCE_MODEL_ID=$(heroku config:get INFERENCE_MODEL_ID -a good-app)",
        );
    assert_eq!(api.only_request().line, "GET /available-models HTTP/1.1");
    assert_eq!(api.only_request().header("authorization"), None);
}

#[test]
fn quick_start_shows_status_and_body_of_a_failure() {
    let api = Api::fixed(respond(
        400,
        "",
        r#"{"error":{"code":400,"message":"max_tokens: too large"}}"#,
    ));
    let run = Program::for_service(&api.url()).run(&["ask", "--max-tokens", "9", "hi"]);
    run.expect_code(1)
        .expect_output("")
        .expect_error("status 400")
        .expect_error("max_tokens: too large");
}

#[test]
fn the_prompt_is_arguments_then_input() {
    let table = [
        (&["ask", "one", "two"][..], "", "one two"),
        (&["ask"], "from a pipe\n", "from a pipe"),
        (
            &["ask", "Explain:"],
            "line 1\nline 2\n",
            "Explain:\n\nline 1\nline 2",
        ),
        (&["ask", "--", "--not-a-flag"], "", "--not-a-flag"),
    ];
    for (arguments, input, prompt) in table {
        let api = Api::tokens(&["ok"]);
        Program::for_service(&api.url())
            .run_with_input(arguments, input)
            .expect_code(0)
            .expect_output("ok\n");
        assert_eq!(
            api.only_request().json()["messages"],
            json!([{"role": "user", "content": prompt}]),
            "{arguments:?}"
        );
    }
}

#[test]
fn no_prompt_is_a_usage_error() {
    Program::new()
        .run(&["ask"])
        .expect_code(2)
        .expect_error("there is no prompt");
    Program::new()
        .run_with_input(&["ask", " "], "\n")
        .expect_code(2)
        .expect_error("there is no prompt");
}

#[test]
fn piped_output_is_byte_exact_and_ends_with_a_newline() {
    let api = Api::tokens(&["a\x1b[31m", "\tb\r\n", "é⬢"]);
    Program::for_service(&api.url())
        .run(&["ask", "hi"])
        .expect_code(0)
        .expect_output("a\x1b[31m\tb\r\né⬢\n");
    let api = Api::tokens(&["ends\n"]);
    Program::for_service(&api.url())
        .run(&["ask", "hi"])
        .expect_code(0)
        .expect_output("ends\n");
}

#[test]
fn nothing_but_the_answer_is_on_standard_output() {
    let run = Program::new().run(&[
        "ask",
        "--sandbox",
        "-m",
        "sandbox-thinking",
        "--debug",
        "hello",
    ]);
    run.expect_code(0)
        .expect_output("hello\n")
        .expect_error("authorization: Bearer (redacted)");
}

#[test]
fn json_is_the_response_object_streamed_or_not() {
    let api = Api::fixed(respond(200, "", ANSWER));
    let run = Program::for_service(&api.url())
        .run(&["ask", "--json", "--no-stream", "hi"])
        .expect_code(0);
    assert_eq!(run.stdout.trim(), ANSWER);
    let run = Program::new()
        .run(&["ask", "--json", "--sandbox", "-m", "sandbox-thinking", "hi"])
        .expect_code(0);
    let object: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(object["choices"][0]["message"]["content"], "hi");
    assert_eq!(object["choices"][0]["finish_reason"], "stop");
    assert!(object["choices"][0]["message"]["reasoning"]["thinking"].is_string());
    assert!(object["usage"]["total_tokens"].is_number());
}

#[test]
fn every_failure_of_the_service_has_its_exit_code() {
    let table = [
        ("sandbox-400", 1, "status 400"),
        ("sandbox-401", 1, "did not accept the key"),
        ("sandbox-403", 1, "the key is not valid for sandbox-403"),
        ("sandbox-blocked", 1, "a firewall or filter"),
        ("sandbox-404", 1, "heroku-chat models"),
        ("sandbox-redirect", 1, "elsewhere.example.com"),
        ("sandbox-cut", 3, "broke"),
        ("sandbox-error", 3, "overloaded"),
        ("sandbox-garbage", 3, "can't be read"),
        ("sandbox-html", 3, "a web page"),
        ("sandbox-empty", 3, "has no text"),
    ];
    for (model, code, words) in table {
        Program::new()
            .run(&["ask", "--sandbox", "-m", model, "hi"])
            .expect_code(code)
            .expect_error(words);
    }
}

#[test]
fn what_came_before_a_failure_is_printed() {
    for (model, text) in [
        ("sandbox-cut", "This answer is cut\n"),
        ("sandbox-error", "Half an\n"),
    ] {
        Program::new()
            .run(&["ask", "--sandbox", "-m", model, "hi"])
            .expect_code(3)
            .expect_output(text);
    }
}

#[test]
fn an_answer_cut_by_max_tokens_is_told_as_such() {
    let run = Program::new().run(&["ask", "--sandbox", "--max-tokens", "2", "one two three"]);
    run.expect_code(0)
        .expect_output("one two \n")
        .expect_error("stopped at the limit of its length (max_tokens)");
}

#[test]
fn a_busy_service_is_asked_again_and_the_user_is_told() {
    let run = Program::new().run(&["ask", "--sandbox", "-m", "sandbox-busy", "hello"]);
    run.expect_code(0)
        .expect_output("hello\n")
        .expect_error("trying again in ");
}

#[test]
fn a_refused_parameter_is_left_out_once_with_a_word_about_it() {
    let run = Program::new().run(&[
        "ask",
        "--sandbox",
        "-m",
        "sandbox-picky",
        "--temperature",
        "0.1",
        "hello",
    ]);
    run.expect_code(0)
        .expect_output("hello\n")
        .expect_error("does not know temperature");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let api = Api::serve(|exchange| {
        exchange.send(sse_head());
        for _ in 0..100_000 {
            exchange.send(&event("some words "));
        }
    });
    let program = Program::for_service(&api.url());
    let mut command = program.process(&["ask", "hi"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = [0; 20];
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_exact(&mut first)
        .expect("the answer begins");
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).as_ref()
        ),
        (Some(0), "")
    );
}

#[test]
fn bad_values_are_named_with_what_to_do() {
    let program = Program::for_service("https://us.inference.heroku.com");
    program
        .run(&["ask", "--temperature", "1.5", "hi"])
        .expect_code(2)
        .expect_error("a number from 0 to 1");
    program
        .run(&["ask", "--thinking=5", "hi"])
        .expect_code(2)
        .expect_error("a whole number from 1024");
    program
        .run(&["ask", "--messages", "nosuch.json", "hi"])
        .expect_code(1)
        .expect_error("nosuch.json can't be used");
    program.file("bad.json", r#"[{"role":"robot","content":"a"}]"#);
    program
        .run(&["ask", "--messages", "bad.json", "hi"])
        .expect_code(1)
        .expect_error("unknown variant `robot`");
    program.file("empty.json", r#"[{"role":"user","content":" "}]"#);
    program
        .run(&["ask", "--messages", "empty.json", "hi"])
        .expect_code(1)
        .expect_error("messages[0] has no content");
    program
        .run(&["ask", "--system", "@nosuch", "hi"])
        .expect_code(1)
        .expect_error("nosuch");
}

#[test]
fn ctrl_c_while_models_are_fetched_is_no_missing_model() {
    let api = Api::serve(|exchange| exchange.wait_for_close());
    let program = Program::for_service(&api.url()).without("INFERENCE_MODEL_ID");
    let mut child = program
        .process(&["ask", "hi"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    api.wait_for_request();
    signal(child.id(), Signal::INT);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn ctrl_c_twice_ends_it_even_while_nobody_reads_the_output() {
    let api = Api::serve(|exchange| {
        exchange.send(sse_head());
        for _ in 0..100_000 {
            exchange.send(&event("some words "));
        }
        exchange.wait_for_close();
    });
    let program = Program::for_service(&api.url());
    let mut child = program
        .process(&["ask", "hi"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    api.wait_for_request();
    while child.try_wait().expect("it can be asked").is_none() {
        signal(child.id(), Signal::INT);
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn flags_before_the_command_are_used_or_refused() {
    Program::new()
        .run(&["--debug", "ask", "--sandbox", "hi"])
        .expect_code(0)
        .expect_error("POST http://127.0.0.1");
    let run = Program::new().run(&["-m", "x", "ask", "--sandbox", "hi"]);
    run.expect_code(2)
        .expect_error("--model belongs behind the command: heroku-chat ask --model");
}

#[test]
fn a_key_in_the_wrong_place_is_not_shown() {
    let program = Program::for_service("https://us.inference.heroku.com");
    program
        .run(&["ask", "--key-file", KEY, "hi"])
        .expect_code(1)
        .expect_error("--key-file (not shown) can't be used");
    program.file("key", &format!("INFERENCE_KEY={KEY}"));
    program
        .run(&["ask", "--key-file", "key", "hi"])
        .expect_code(1)
        .expect_error("holds its name, too");
}

#[test]
fn more_input_than_anybody_means_is_refused() {
    let program = Program::new();
    program
        .run(&["ask", "--sandbox", "--messages", "/dev/zero", "hi"])
        .expect_code(1)
        .expect_error("larger than 64 MiB");
}

#[test]
fn standard_input_is_sent_once_by_whatever_name() {
    let program = Program::new();
    program.file("in.txt", "UNIQUE\n");
    std::os::unix::fs::symlink("/dev/stdin", program.work().join("link")).unwrap();
    let ask = |options: &[&str]| {
        let mut process = program.process(&[&["ask", "--sandbox"], options, &["Look"]].concat());
        // A redirected file, which could be opened a second time.
        process.stdin(std::fs::File::open(program.work().join("in.txt")).unwrap());
        process.output().expect("it runs")
    };
    for options in [
        &["--file", "/dev/stdin"][..],
        &["--file", "link"],
        &["-f", "/dev/fd/0"],
        &[],
    ] {
        let output = ask(options);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said.matches("UNIQUE").count(), 1, "{options:?}: {output:?}");
    }
    let output = ask(&["--system", "@/dev/stdin"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "Look\n",
        "no part of the prompt"
    );
    let output = ask(&["--file", "/dev/stdin", "--messages", "link"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--file reads it already"), "{said}");
}

#[test]
fn a_key_on_standard_input_is_no_part_of_the_prompt() {
    let options = [
        "ask",
        "--url",
        "https://example.com",
        "-m",
        "m",
        "--key-file",
        "/dev/stdin",
    ];
    let arguments = [&options[..], &["--dry-run", "hi"]].concat();
    let run = Program::new()
        .run_with_input(&arguments, &format!("{KEY}\n"))
        .expect_code(0);
    assert!(run.stdout.contains(r#""content":"hi""#), "{}", run.stdout);
}

#[test]
fn a_pipe_that_nobody_writes_to_is_no_file_to_send() {
    let program = Program::new();
    fifo(&program.work().join("pipe"));
    program
        .run(&["ask", "--sandbox", "--file", "pipe", "hi"])
        .expect_code(1)
        .expect_error("Nobody wrote to it");
}

#[test]
fn dry_run_says_where_its_command_reads_the_key() {
    let file = |program: &Program| {
        program.file(
            ".env",
            &format!("INFERENCE_URL=https://example.com\nINFERENCE_KEY={KEY}\n"),
        )
    };
    let arguments = ["ask", "-m", "m", "--dry-run", "hi"];
    let program = Program::new();
    file(&program);
    let run = program.run(&arguments).expect_code(0);
    run.expect_error("reads $INFERENCE_KEY from the environment, which is not set there")
        .expect_error("set -a; . ./.env; set +a");
    let run = Program::for_service("https://example.com").run(&arguments);
    assert_eq!(run.expect_code(0).stderr, "");
    let program = Program::new();
    program.command(
        "heroku",
        &format!("echo INFERENCE_URL=https://example.com; echo INFERENCE_KEY={KEY}"),
    );
    let run = program.run(&[&arguments[..], &["-a", "good"]].concat());
    run.expect_code(0)
        .expect_error("export INFERENCE_KEY=$(heroku config:get INFERENCE_KEY -a good)");
}

#[test]
fn ask_says_what_it_waits_for_where_standard_input_says_nothing() {
    let program = Program::new();
    let mut process = program.process(&["ask", "--sandbox", "hi"]);
    process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = process.spawn().expect("the program starts");
    let input = child.stdin.take();
    let mut told = String::new();
    let errors = child.stderr.take().expect("a pipe");
    BufReader::new(errors).read_line(&mut told).expect("a line");
    assert!(
        told.contains("standard input") && told.contains("--no-stdin"),
        "{told}"
    );
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n");
}

#[test]
fn without_a_model_it_is_the_connection_that_is_told_if_there_is_none() {
    let program = Program::for_service("http://127.0.0.1:1").without("INFERENCE_MODEL_ID");
    let run = program.run(&["ask", "hi"]).expect_code(3);
    run.expect_error("127.0.0.1:1");
}
