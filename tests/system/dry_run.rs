//! What `ask --dry-run` prints, run as it is by a shell and curl.

use std::process::Command;

use super::support::{Api, KEY, Program};

#[test]
fn dry_run_prints_a_curl_command_that_works_and_sends_nothing() {
    let api = Api::tokens(&["ok"]);
    let program = Program::for_service(&api.url());
    let run = program
        .run(&[
            "ask",
            "--dry-run",
            "--system",
            "be brief",
            "it's \"quoted\" $HOME",
        ])
        .expect_code(0);
    assert!(api.requests().is_empty());
    assert!(run.stdout.contains("$INFERENCE_KEY"), "{}", run.stdout);
    let output = Command::new("bash")
        .args(["-c", &run.stdout])
        .env("INFERENCE_KEY", KEY)
        .output()
        .expect("a shell and curl");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("data:[DONE]"),
        "{output:?}"
    );
    let request = api.only_request();
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(
        request.json()["messages"][1]["content"],
        "it's \"quoted\" $HOME"
    );
}
