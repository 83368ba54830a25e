//! A conversation with a real model: llama.cpp's own server, started by scripts/local-model. Nobody
//! here wrote its framing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::support::{Program, Terminal};

/// The model's server; ends with the test.
struct Model(Child);

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start() -> (Model, Program) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/local-model");
    let mut child = Command::new(script)
        .stdout(Stdio::piped())
        .spawn()
        .expect("scripts/local-model runs");
    let output = child.stdout.take().expect("a pipe");
    let model = Model(child);
    let mut program = Program::new();
    let lines: Vec<String> = BufReader::new(output)
        .lines()
        .take(3)
        .map_while(Result::ok)
        .collect();
    assert_eq!(lines.len(), 3, "scripts/local-model printed {lines:?}");
    for line in lines {
        let (name, value) = line
            .strip_prefix("export ")
            .and_then(|rest| rest.split_once('='))
            .expect("export NAME=value");
        program = program.with(name, value);
    }
    (model, program)
}

#[test]
fn three_turns_with_a_real_model_one_of_them_interrupted() {
    let (_model, program) = start();
    let terminal = Terminal::start(
        &program,
        // A long story, so that Ctrl-C comes before its end on a busy machine, too.
        &["--max-tokens", "1000", "--temperature", "0"],
        30,
        80,
    );
    terminal.wait_for_prompt();
    terminal.send("Say hello in one short sentence.\r");
    terminal.wait_for("smollm2-135m-instruct · ");
    terminal.wait_for_prompt();

    terminal.send("Write a long story about a dragon and a knight.\r");
    terminal.wait_until("words of the second answer", |screen| {
        let answer = screen
            .split_once("and a knight.\n")
            .map_or("", |(_, answer)| answer.trim());
        !answer.starts_with("Ctrl-C stops") && answer.len() > 20
    });
    terminal.send("\x03");
    terminal.wait_for("stopped; what came is kept");
    terminal.wait_for_prompt();

    terminal.send("Say goodbye in one short sentence.\r");
    terminal.wait_until("the third answer", |screen| {
        screen.matches("smollm2-135m-instruct · ").count() == 3
    });
    terminal.wait_for_prompt();
    // The model is too small to be asked what was said; the request tells.
    let messages = last_request(&terminal);
    let roles: Vec<&str> = messages
        .iter()
        .filter_map(|message| message["role"].as_str())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert!(messages.iter().all(|message| {
        !message["content"]
            .as_str()
            .unwrap_or_default()
            .trim()
            .is_empty()
    }));
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

/// The messages of the last request, from what `/show last` writes to the terminal.
fn last_request(terminal: &Terminal) -> Vec<Value> {
    let before = terminal.raw().len();
    terminal.send("/show last\r");
    terminal.wait_until("the end of the command", |screen| {
        screen.trim_end().ends_with("END\n>")
    });
    let raw = terminal.raw();
    let command = &raw[before..];
    let start = command.find("{\"model\"").expect("a body");
    let end = command.rfind("END").expect("the end of the body");
    let body = command[start..end].trim();
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    body["messages"].as_array().expect("messages").clone()
}
