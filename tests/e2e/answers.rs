//! What counts as an answer and what as a failure, whatever the server calls it: exit codes, what
//! is printed, and how often the service is asked. Shapes of answers are tested beside their code.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Api, Program, Run, Terminal, event, respond, sse_head};

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// A server that gives these responses, one after the other, and the last for all that follow.
fn answering(responses: Vec<String>) -> Api {
    let count = AtomicUsize::new(0);
    Api::serve(move |exchange| {
        let number = count
            .fetch_add(1, Ordering::SeqCst)
            .min(responses.len() - 1);
        exchange.send(&responses[number]);
    })
}

fn ask(api: &Api, arguments: &[&str]) -> Run {
    let arguments: Vec<&str> = ["ask"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    Program::for_service(&api.url()).run(&arguments)
}

fn stream(text: &str) -> String {
    format!("{}{text}", sse_head())
}

#[test]
fn what_failed_in_an_answer_ends_with_3_and_the_services_own_sentence() {
    for failure in [
        "data: {\"object\":\"error\",\"message\":\"it broke\",\"code\":500}\n\n",
        "data: {\"choices\":[{\"index\":0,\"error\":{\"message\":\"it broke\"}}]}\n\n",
        "{\"error\":{\"message\":\"it broke\"}}\n\n",
        "{\n  \"error\": {\n    \"message\": \"it broke\"\n  }\n}\n\n",
        "event: error\ndata: it broke\n\n",
        "event: error\ndata: \"{\\\"message\\\":\\\"it broke\\\"}\"\n\n",
        "event: done\ndata: {\"error\":\"it broke\"}\n\n",
    ] {
        let body = format!("{}{failure}data: [DONE]\n\n", event("Hello"));
        let api = Api::fixed(stream(&body));
        ask(&api, &["hi"])
            .expect_code(3)
            .expect_output("Hello\n")
            .expect_error("the answer broke off: it broke");
        ask(&api, &["--json", "hi"]).expect_code(3);
        assert_eq!(api.requests().len(), 2, "{failure}");
    }
}

#[test]
fn a_failure_in_place_of_an_answer_has_its_own_code_and_type() {
    let table = [
        (
            r#"{"error":{"code":400,"message":"no such model","type":"invalid_request"}}"#,
            1,
        ),
        (r#"{"code":400,"message":"no such model"}"#, 1),
        (r#"[{"error":{"message":"no such model","code":"429"}}]"#, 3),
        (
            r#"{"error":{"message":"no such model","type":"server_error"}}"#,
            3,
        ),
    ];
    for (body, code) in table {
        for response in [
            respond(200, "", body),
            stream(body),
            stream(&format!("\r\n {body}\n")),
            stream(&format!("data: {body}\n\ndata: [DONE]\n\n")),
        ] {
            let api = Api::fixed(response);
            let run = ask(&api, &["hi"]);
            assert!(!run.stderr.contains("status 500"), "{}", run.stderr);
            assert!(!run.stderr.contains("status 200"), "{}", run.stderr);
            run.expect_code(code).expect_error("no such model");
            api.only_request();
        }
    }
    let api = Api::fixed(stream(&format!("data: {}\n\n", table[0].0)));
    ask(&api, &["hi"])
        .expect_error("(status 400)")
        .expect_error("no such model (invalid_request)");
}

#[test]
fn a_response_without_an_answer_is_asked_for_once_and_told_as_what_it_is() {
    let table = [
        (stream(""), "it sent nothing"),
        (stream("Service is down\n"), "It begins: Service is down"),
        (stream("  \n"), "it sent nothing"),
        (
            stream(": still here\n\n"),
            "the stream ended before the answer was complete",
        ),
        (
            respond(200, "", " \n{\"ok\":1}"),
            "the object holds no answer",
        ),
        (stream("<html><body>Sign in</body>"), "it sent a web page"),
    ];
    for (response, words) in table {
        let api = Api::fixed(response);
        ask(&api, &["hi"]).expect_code(3).expect_error(words);
        api.only_request();
    }
}

#[test]
fn what_may_pass_is_tried_again_until_an_answer_comes() {
    for status in [408, 409, 425, 429, 500, 502, 529] {
        let busy = respond(
            status,
            "Retry-After: 0\r\n",
            r#"{"error":{"message":"busy"}}"#,
        );
        let api = answering(vec![busy, stream(&format!("{}{STOP}", event("Hello")))]);
        ask(&api, &["hi"]).expect_code(0).expect_output("Hello\n");
        assert_eq!(api.requests().len(), 2, "{status}");
    }
}

#[test]
fn the_service_says_whether_it_may_be_asked_again() {
    let no = "Retry-After: 0\r\nx-should-retry: false\r\n";
    for status in [429, 500, 503] {
        let api = Api::fixed(respond(status, no, r#"{"error":{"message":"busy"}}"#));
        ask(&api, &["hi"]).expect_code(3).expect_error("busy");
        api.only_request();
    }
    let yes = "Retry-After: 0\r\nx-should-retry: true\r\n";
    let answer = stream(&format!("{}{STOP}", event("Hello")));
    let api = answering(vec![respond(404, yes, "{}"), answer]);
    ask(&api, &["hi"]).expect_code(0).expect_output("Hello\n");
}

#[test]
fn a_quota_that_is_used_up_is_not_waited_for() {
    let body =
        r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}"#;
    let api = Api::fixed(respond(429, "", body));
    let run = ask(&api, &["hi"]);
    assert!(!run.stderr.contains("Wait a minute"), "{}", run.stderr);
    run.expect_code(3)
        .expect_error("the quota for test-model is used up")
        .expect_error("You exceeded your current quota");
    api.only_request();
}

#[test]
fn a_page_that_blocks_says_nothing_of_keys() {
    for (status, kind, body, words) in [
        (
            403,
            "text/plain",
            "Blocked by company policy",
            "Blocked by company policy",
        ),
        (
            403,
            "text/html",
            "<!-- f -->\n<html><p>Access denied</p></html>",
            "Access denied",
        ),
        (
            403,
            "text/html",
            "<head><title>Access denied</title></head>",
            "Access denied",
        ),
        (511, "text/html", "<html>Sign in</html>", "wants a sign-in"),
    ] {
        let length = body.len();
        let api = Api::fixed(format!(
            "HTTP/1.1 {status} No\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        let run = ask(&api, &["hi"]);
        for wrong in ["key", "status.heroku.com"] {
            assert!(!run.stderr.contains(wrong), "{}", run.stderr);
        }
        run.expect_code(1).expect_error(words);
        api.only_request();
    }
}

#[test]
fn a_limit_that_is_too_high_is_no_unknown_parameter() {
    let body = r#"{"error":{"message":"max_completion_tokens is too large: 200000"}}"#;
    let api = Api::fixed(respond(400, "", body));
    let run = ask(&api, &["--max-tokens", "200000", "hi"]);
    assert!(!run.stderr.contains("does not know"), "{}", run.stderr);
    run.expect_code(1)
        .expect_error("is too large: 200000")
        .expect_error("Lower --max-tokens");
    api.only_request();
}

#[test]
fn a_refusal_is_printed_and_told_as_one() {
    let body =
        r#"{"choices":[{"message":{"content":null,"refusal":"I can't."},"finish_reason":"stop"}]}"#;
    let api = Api::fixed(respond(200, "", body));
    ask(&api, &["--no-stream", "hi"])
        .expect_code(0)
        .expect_output("I can't.\n")
        .expect_error("the model refused to answer");
}

#[test]
fn a_chat_in_a_pipe_stops_at_the_turn_that_failed() {
    let failure = "data: {\"message\":\"it broke\",\"code\":500}\n\ndata: [DONE]\n\n";
    let api = Api::fixed(stream(&format!("{}{failure}", event("Hello"))));
    let run = Program::for_service(&api.url()).run_with_input(&["chat", "--lines"], "one\ntwo\n");
    run.expect_code(3).expect_output("Hello\n");
    api.only_request();
}

#[test]
fn what_was_paid_for_is_counted_whatever_came_of_it() {
    let usage = r#"data: {"choices":[{"index":0,"delta":{"content":"  "},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":34}}"#;
    let api = Api::fixed(stream(&format!("{usage}\n\ndata: [DONE]\n\n")));
    let program = Program::for_service(&api.url());
    let terminal = Terminal::start(&program, &[], 24, 80);
    terminal.wait_for_prompt();
    // The prompt is offered again.
    terminal.send("hi\r");
    terminal.wait_for("the answer has no text");
    terminal.wait_until("the prompt, below what went wrong", |screen| {
        screen.trim_end().ends_with("\n> hi")
    });
    terminal.send("\x15/usage\r");
    terminal.wait_until("the sum", |screen| {
        let mut lines = screen.lines();
        lines.any(|line| line.starts_with("all ") && line.contains("34"))
    });
}
