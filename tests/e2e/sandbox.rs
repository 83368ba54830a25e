//! The sandbox as a server, and the list of models.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::Value;

use super::support::{Api, Program, respond};

/// What `heroku-chat sandbox` prints is all that another process needs.
#[test]
fn the_export_lines_of_the_server_make_another_run_work() {
    let program = Program::new();
    let mut command = program.process(&["sandbox"]);
    let mut server = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the sandbox starts");
    let lines = BufReader::new(server.stdout.take().expect("a pipe"))
        .lines()
        .take(3);
    let mut client = Program::new();
    for line in lines {
        let line = line.expect("an export line");
        let (name, value) = line
            .strip_prefix("export ")
            .and_then(|rest| rest.split_once('='))
            .expect("export NAME=value");
        client = client.with(name, value);
    }
    client
        .run(&["ask", "hello", "there"])
        .expect_code(0)
        .expect_output("hello there\n");
    client.run(&["models"]).expect_code(0);
    let no_stream = client.run(&["ask", "--no-stream", "hello"]);
    no_stream.expect_code(0).expect_output("hello\n");
    let wrong_key = client.with("INFERENCE_KEY", "inf-wrong");
    wrong_key
        .run(&["ask", "hello"])
        .expect_code(1)
        .expect_error("did not accept the key");
    server.kill().expect("it still runs");
    server.wait().expect("it ends");
}

#[test]
fn both_framings_are_on_the_wire_as_documented() {
    let program = Program::new();
    let mut command = program.process(&["sandbox"]);
    let mut server = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the sandbox starts");
    let mut first = String::new();
    BufReader::new(server.stdout.take().expect("a pipe"))
        .read_line(&mut first)
        .expect("the URL");
    let address = first
        .trim()
        .rsplit('/')
        .next()
        .expect("host and port")
        .to_owned();
    for (model, framing) in [
        ("sandbox-echo", "event:message\ndata:{"),
        ("sandbox-openai", "data: {"),
    ] {
        let body = format!(
            r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}],"stream":true}}"#
        );
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer inf-5a4db0c5-0000-4000-8000-000000000000\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(&address).expect("it listens");
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        let events = response
            .split("\r\n")
            .filter(|chunk| chunk.starts_with(framing))
            .count();
        assert!(events >= 3, "{response}");
    }
    server.kill().expect("it still runs");
    server.wait().expect("it ends");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    Program::new()
        .run(&["sandbox", "--port", &port])
        .expect_code(1)
        .expect_error(&port)
        .expect_error("in use");
}

#[test]
fn models_lists_chat_models_with_end_and_replacement() {
    let catalogue = r#"[{"model_id":"embed","type":["text-to-embedding"],"regions":["us"],"state":"active"},
        {"model_id":"old","type":["text-to-text"],"regions":["eu","us"],"state":"deprecated","eol_date":"2026-04-21T00:00:00Z","replacement_model":"new"},
        {"model_id":"new","type":["text-to-text"],"regions":["us"]}]"#;
    let api = Api::fixed(respond(200, "", catalogue));
    let program = Program::for_service(&api.url());
    let expected = "MODEL  STATE       REGIONS  END OF LIFE\nnew    active      us\nold    deprecated  eu,us    2026-04-21, then new\n";
    program
        .run(&["models"])
        .expect_code(0)
        .expect_output(expected);
    let all = program.run(&["models", "--all", "--json"]).expect_code(0);
    let models: Vec<Value> = serde_json::from_str(&all.stdout).expect("JSON");
    let ids: Vec<&str> = models
        .iter()
        .filter_map(|model| model["model_id"].as_str())
        .collect();
    assert_eq!(ids, ["new", "old", "embed"]);
}
