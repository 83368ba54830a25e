//! Estimated costs: below an answer, of saved conversations, and as a limit.

use serde_json::Value;

use super::support::{Api, Program, respond};

/// A service that counts 1,000 tokens in and 100 out for each answer.
fn counting() -> Api {
    Api::serve(|exchange| {
        let answer = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},
            "finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100}}"#;
        exchange.send(&respond(200, "Content-Type: application/json\r\n", answer));
    })
}

fn program(api: &Api) -> Program {
    Program::for_service(&api.url()).with("INFERENCE_MODEL_ID", "claude-4-5-haiku")
}

#[test]
fn the_figures_of_an_answer_have_an_estimate_if_the_price_is_known() {
    let api = counting();
    let program = program(&api);
    for (flags, words) in [
        (
            &["--stats"][..],
            "claude-4-5-haiku · tokens: 1000 in, 100 out · ",
        ),
        (&["--stats"], "≈ $0.0015 (≈ by list prices of"),
        (
            &["--stats", "--price", "claude-4-5-haiku=2/10"],
            "≈ $0.0030",
        ),
    ] {
        let run = program.run(&[&["ask", "hi"][..], flags].concat());
        run.expect_code(0).expect_output("Hi\n").expect_error(words);
    }
    let unknown = program.run(&["ask", "hi", "--stats", "-m", "qwen3-235b"]);
    assert!(!unknown.stderr.contains('≈'), "{}", unknown.stderr);
}

#[test]
fn a_budget_stops_before_the_request_that_could_pass_it() {
    let api = counting();
    let program = program(&api);
    let ask = |more: &[&str]| program.run(&[&["ask", "hi", "--session", "s"][..], more].concat());
    ask(&["--budget", "1"])
        .expect_code(1)
        .expect_error("--max-tokens");
    ask(&["--budget", "1", "--max-tokens", "100", "-m", "qwen3-235b"])
        .expect_code(1)
        .expect_error("--price qwen3-235b=IN/OUT");
    ask(&["--budget", "x"]).expect_code(2).expect_error("0.50");
    // At most ≈ $0.0006 by estimate, and $0.0015 by the count.
    ask(&["--budget", "0.002", "--max-tokens", "100"]).expect_code(0);
    ask(&["--budget", "0.002", "--max-tokens", "100"])
        .expect_code(1)
        .expect_error("the budget of $0.002: ≈ $0.0015 is spent, and it may take ≈ $0.0005 more");
    assert_eq!(api.requests().len(), 1);
    ask(&["--budget", "0.002", "--max-tokens", "50"]).expect_code(0);
}

#[test]
fn saved_conversations_are_summed_up_by_day_and_model() {
    let api = counting();
    let program = program(&api);
    program
        .run(&["usage"])
        .expect_code(0)
        .expect_error("no answer is saved");
    for (session, model) in [
        ("one", "claude-4-5-haiku"),
        ("two", "claude-4-5-haiku"),
        ("two", "qwen3-235b"),
    ] {
        let run = program.run(&["ask", "hi", "--session", session, "-m", model]);
        run.expect_code(0);
    }
    let run = program.run(&["usage", "--json"]).expect_code(0);
    let sums: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let row = |index: usize| {
        let sum = &sums[index];
        let dollars = sum["estimated_dollars"].clone();
        let count = |name: &str| sum[name].as_u64().unwrap();
        let model = sum["model"].as_str().unwrap().to_owned();
        (model, count("answers"), count("prompt_tokens"), dollars)
    };
    assert_eq!(
        row(0),
        ("qwen3-235b".to_owned(), 1, 1_000, Value::Null),
        "{sums}"
    );
    assert_eq!(
        row(1),
        ("claude-4-5-haiku".to_owned(), 2, 2_000, 0.003.into()),
        "{sums}"
    );
    let run = program.run(&["usage"]).expect_code(0);
    let all = run.stdout.lines().last().unwrap();
    let words: Vec<&str> = all.split_whitespace().collect();
    // What isn't known of one isn't of all.
    assert_eq!(words, ["all", "3", "3000", "300"], "{}", run.stdout);
    let run = program.run(&["usage", "--price", "qwen3-235b=1/1"]);
    run.expect_code(0)
        .expect_error("by your prices and list prices");
}
