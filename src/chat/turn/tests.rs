//! Turns driven over scripts of what an exchange yields, without a socket.

use super::*;
use crate::error::NetworkFailure;

/// What an exchange yields, attempt by attempt, without a socket.
type Script = Vec<Vec<Result<Step, Error>>>;

fn head(status: u16) -> Result<Step, Error> {
    let kind = if status == 200 {
        "text/event-stream"
    } else {
        "application/json"
    };
    Ok(Step::Head(Head {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
    }))
}

fn body(text: &str) -> Result<Step, Error> {
    Ok(Step::Body(text.as_bytes().to_vec()))
}

fn word(text: &str) -> Result<Step, Error> {
    body(&format!(
        "data: {}\n\n",
        serde_json::json!({"choices": [{"delta": {"content": text}}]})
    ))
}

fn lost() -> Error {
    Error::Network(NetworkFailure::Lost {
        host: "host".to_owned(),
        reason: "it was reset".to_owned(),
    })
}

fn done() -> Result<Step, Error> {
    body("data: [DONE]\n\n")
}

fn refused(status: u16, message: &str) -> Vec<Result<Step, Error>> {
    let error = serde_json::json!({"error": {"message": message}});
    vec![head(status), body(&error.to_string()), Ok(Step::End)]
}

/// Drives a turn over a script. What was told stands in the lines, the time that was slept in
/// seconds behind them.
fn drive(script: Script, options: &RequestOptions) -> (Vec<String>, u64) {
    let start = Now::read();
    let mut now = start;
    let mut script = script.into_iter();
    let mut steps = Vec::new().into_iter();
    let quirks = Quirks::default();
    let mut turn = Turn::new(
        "host",
        "m",
        options.clone(),
        quirks,
        Attempts::usual(0.0),
        now.instant,
    );
    let mut told = Vec::new();
    let mut slept = Duration::ZERO;
    loop {
        match turn.next(now) {
            Next::Need(Need::Send) => {
                steps = script.next().expect("another attempt").into_iter();
            }
            Next::Need(Need::Step) => {
                now.instant += Duration::from_millis(100);
                turn.take(steps.next().expect("another step"), now);
            }
            Next::Need(Need::Sleep(wait)) => {
                (now.instant, slept) = (now.instant + wait, slept + wait);
                turn.take(Ok(Step::Tick), now);
            }
            Next::Tell(event) => {
                let is_last = matches!(event, Event::Done(_));
                told.extend(line(&event));
                if is_last {
                    assert!(script.next().is_none(), "an attempt was not made: {told:?}");
                    return (told, slept.as_secs());
                }
            }
        }
    }
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Content(text) => text.clone(),
        Event::Reasoning(text) => format!("({text})"),
        Event::Repaired(repair) => format!("{repair:?}"),
        Event::Call(Progress::Retrying { is_new: true, .. }) => "retrying".to_owned(),
        Event::Call(_) => return None,
        Event::Done(Ok(answer)) => match &answer.cut {
            None => format!("whole: {}", answer.completion.content),
            Some(error) => format!("cut: {}", error.explain().title),
        },
        Event::Done(Err(error)) => format!("failed: {}", error.explain().title),
    })
}

fn told(script: Script) -> Vec<String> {
    drive(script, &RequestOptions::default()).0
}

#[test]
fn an_answer_is_told_as_it_comes_and_given_whole() {
    let script = vec![vec![head(200), word("Hel"), word("lo"), done()]];
    assert_eq!(told(script), ["Hel", "lo", "whole: Hello"]);
}

#[test]
fn what_may_pass_by_itself_is_tried_again_with_growing_waits() {
    let answer = vec![head(200), word("Hi"), done()];
    let broken = || vec![Err(lost())];
    let script = vec![refused(503, "busy"), broken(), broken(), answer];
    let (told, slept) = drive(script, &RequestOptions::default());
    let expected = ["retrying", "retrying", "retrying", "Hi", "whole: Hi"];
    assert_eq!(told, expected);
    assert_eq!(slept, 1 + 2 + 4);
}

#[test]
fn the_fourth_failure_is_final() {
    let told = told((0..4).map(|_| refused(503, "busy")).collect());
    assert_eq!(told.len(), 4);
    assert_eq!(told[3], "failed: host failed (status 503)");
}

#[test]
fn nothing_is_tried_again_once_a_word_was_told() {
    let script = vec![vec![head(200), word("Hi"), Ok(Step::End)]];
    assert_eq!(
        told(script),
        ["Hi", "cut: the stream ended before the answer was complete"]
    );
}

#[test]
fn what_the_connection_does_after_the_end_is_no_matter() {
    let end = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let script = vec![vec![
        head(200),
        word("Hi"),
        body(&format!("{end}\n\n")),
        Err(lost()),
    ]];
    assert_eq!(told(script), ["Hi", "whole: Hi"]);
}

#[test]
fn a_refused_field_is_left_out_and_asked_for_at_once() {
    let options = RequestOptions {
        top_p: Some(0.5),
        ..RequestOptions::default()
    };
    let refusal = "unrecognized request argument supplied: top_p";
    let answer = vec![head(200), word("Hi"), done()];
    let (told, slept) = drive(vec![refused(400, refusal), answer], &options);
    assert_eq!(told, ["Dropped(\"top_p\")", "Hi", "whole: Hi"]);
    assert_eq!(slept, 0);
}

#[test]
fn an_interrupt_keeps_what_came_and_is_never_tried_again() {
    let interrupted = || Err(Error::Interrupted);
    let mid = vec![vec![head(200), word("Hi"), interrupted()]];
    assert_eq!(told(mid)[0], "Hi");
    for script in [
        vec![interrupted()],
        vec![head(200), interrupted()],
        vec![head(503), interrupted()],
    ] {
        assert_eq!(told(vec![script]).len(), 1, "it fails at once");
    }
}

#[test]
fn a_turn_that_is_stopped_has_what_came() {
    let now = Now::read();
    let quirks = Quirks::default();
    let options = RequestOptions::default();
    let attempts = Attempts::single();
    let mut turn = Turn::new("host", "m", options, quirks, attempts, now.instant);
    assert!(matches!(turn.next(now), Next::Need(Need::Send)));
    for step in [head(200), word("Hi")] {
        assert!(matches!(turn.next(now), Next::Need(Need::Step)));
        turn.take(step, now);
        assert!(matches!(turn.next(now), Next::Tell(_)));
    }
    let answer = turn.stop(Error::ReaderGone, now).unwrap();
    assert_eq!(answer.completion.content, "Hi");
    assert!(matches!(answer.cut, Some(Error::ReaderGone)));
}

fn finish() -> Result<Step, Error> {
    body("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")
}

fn repeated(step: fn() -> Result<Step, Error>, count: usize) -> Vec<Result<Step, Error>> {
    std::iter::repeat_with(step).take(count).collect()
}

fn tick() -> Result<Step, Error> {
    Ok(Step::Tick)
}

fn heartbeat() -> Result<Step, Error> {
    body(": alive\n\n")
}

#[test]
fn a_final_answer_ends_its_turn_whatever_the_connection_does() {
    for aftermath in [tick, heartbeat] {
        let mut script = vec![head(200), word("Hi"), finish()];
        script.extend(repeated(aftermath, 5));
        assert_eq!(told(vec![script]), ["Hi", "whole: Hi"]);
    }
}

#[test]
fn a_finish_that_text_followed_is_not_trusted_and_nor_is_the_next() {
    let mut script = vec![head(200), finish()];
    script.extend(repeated(tick, 20));
    script.extend([word("Hel"), finish()]);
    script.extend(repeated(tick, 20));
    script.extend([word("lo"), done()]);
    assert_eq!(told(vec![script]), ["Hel", "lo", "whole: Hello"]);
}

#[test]
fn heartbeats_without_a_word_are_given_up_in_the_end() {
    // 100 ms each, from the head on.
    let mut script = vec![head(200)];
    script.extend(repeated(heartbeat, 15 * 60 * 10 - 1));
    let expected = ["failed: waited 900 s for more of the answer"];
    assert_eq!(told(vec![script]), expected);
}
