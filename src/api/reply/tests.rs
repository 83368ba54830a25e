//! Whole responses in every framing and with every end, cut at every byte.

use proptest::prelude::*;

use super::*;

/// What a reply comes to: content, reasoning, finish reason, and how it ended.
type Outcome = (String, String, Option<String>, &'static str);

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut reply = Reply::new("host", "model");
    let (mut content, mut reasoning) = (String::new(), String::new());
    let mut deliver = |part: Part<'_>| match part {
        Part::Content(text) => content.push_str(text),
        Part::Reasoning(text) => reasoning.push_str(text),
    };
    for piece in pieces {
        if !reply.push(piece, &mut deliver) {
            break;
        }
    }
    let (completion, result) = reply.end(&mut deliver);
    assert_eq!(
        (&completion.content, &completion.reasoning),
        (&content, &reasoning),
        "shown and kept differ"
    );
    let ended = match result {
        Ok(()) => "complete",
        Err(Error::Truncated) => "truncated",
        Err(Error::BrokenAnswer { .. }) => "broken",
        Err(Error::Unreadable { .. }) => "unreadable",
        Err(Error::Service(_)) => "refused",
        Err(other) => panic!("{other:?}"),
    };
    (content, reasoning, completion.finish_reason, ended)
}

/// Composed from Heroku's documented framing and its reference app's type of a chunk.
const STREAM: &str = r#"event:message
data:{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"claude-4-5-sonnet","choices":[{"index":0,"delta":{"role":"assistant","content":"Hél"},"finish_reason":null}]}

: a comment
event:heartbeat

event:message
data:{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"reasoning":{"thinking":"hm"},"content":"lo"},"finish_reason":""}]}

event:message
data:{"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

event:message
data:{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}

event:done
data:[DONE]

"#;

fn outcome(content: &str, reasoning: &str, finish: Option<&str>, ended: &'static str) -> Outcome {
    (
        content.to_owned(),
        reasoning.to_owned(),
        finish.map(str::to_owned),
        ended,
    )
}

#[test]
fn a_stream_cut_into_two_at_any_byte_gives_the_same_answer() {
    for text in [
        STREAM.to_owned(),
        STREAM.replace("data:", "data: "),
        STREAM.replace('\n', "\r\n"),
    ] {
        for cut in 0..=text.len() {
            let (one, two) = text.as_bytes().split_at(cut);
            assert_eq!(
                read([one, two]),
                outcome("Héllo", "hm", Some("stop"), "complete"),
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn a_stream_that_ends_early_is_complete_only_with_a_finish_reason() {
    let finished = STREAM.find("event:done").unwrap();
    assert_eq!(read([&STREAM.as_bytes()[..finished]]).3, "complete");
    let unfinished = STREAM.find("finish_reason\":\"stop").unwrap();
    assert_eq!(read([&STREAM.as_bytes()[..unfinished]]).3, "truncated");
    let between = STREAM.find("event:heartbeat").unwrap();
    assert_eq!(
        read([&STREAM.as_bytes()[..between]]),
        outcome("Hél", "", None, "truncated")
    );
    let torn = STREAM.find("chat.completion.chunk").unwrap();
    assert_eq!(read([&STREAM.as_bytes()[..torn]]).3, "truncated");
    assert_eq!(read([&b": ping\n\n"[..]]).3, "truncated");
}

#[test]
fn an_answer_that_was_finished_is_undone_by_a_failure_only() {
    let answer = r#"data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    for (rest, ended) in [
        ("", "complete"),
        ("data: {\"usage\":{\"prom", "complete"),
        ("data: oops\n\n", "complete"),
        ("event: ping\ndata: {\"message\":\"x\"}\n\n", "complete"),
        ("event: error\ndata: {\"error\":\"late\"}\n\n", "broken"),
        ("data: {\"error\":\"late\"}\n\n", "broken"),
    ] {
        let text = format!("{answer}\n\n{rest}");
        assert_eq!(
            read([text.as_bytes()]),
            outcome("Hi", "", Some("stop"), ended),
            "{rest:?}"
        );
    }
}

#[test]
fn every_other_end_of_a_stream_is_told_apart() {
    let hello = r#"data: {"choices":[{"delta":{"content":"Hi"}}]}"#;
    let table = [
        ("data: [DONE]\n\n", "complete"),
        ("event: done\n\n", "complete"),
        (
            "event: error\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n",
            "broken",
        ),
        ("data: {\"error\":\"overloaded\"}\n\n", "broken"),
        (
            "data: {\"error\":null,\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n",
            "complete",
        ),
        ("data: {oops\n\n", "broken"),
        ("event: ping\ndata: oops\n\ndata: [DONE]\n\n", "complete"),
    ];
    for (end, ended) in table {
        let text = format!("{hello}\n\n{end}");
        let found = read([text.as_bytes()]);
        assert_eq!((found.0.as_str(), found.3), ("Hi", ended), "{end:?}");
    }
}

#[test]
fn whole_json_is_read_whatever_was_asked_for() {
    let body = r#"{"id":"chatcmpl-1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"<think>hm</think>Paris","refusal":null},"finish_reason":"length"}],"usage":{"prompt_tokens":1}}"#;
    let expected = outcome("Paris", "hm", Some("length"), "complete");
    assert_eq!(read([body.as_bytes()]), expected);
}

/// What a stream of these events comes to, which is the same wherever it is cut.
fn stream(events: &[&str]) -> Outcome {
    let text: String = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    let expected = read([text.as_bytes()]);
    for cut in 0..=text.len() {
        let (one, two) = text.as_bytes().split_at(cut);
        assert_eq!(read([one, two]), expected, "{text} cut at {cut}");
    }
    expected
}

const HELLO: &str = r#"{"choices":[{"index":0,"delta":{"content":"Hello"}}]}"#;
const THERE: &str = r#"{"choices":[{"index":0,"delta":{"content":" there"}}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

#[test]
fn what_is_not_needed_costs_no_answer() {
    for event in [
        r#"{"usage":"","choices":[{"delta":{"content":""}}]}"#,
        r#"{"usage":0}"#,
        r#"{"usage":{"prompt_tokens":"many"},"created":1e999,"id":7,"model":{}}"#,
        r#"{"choices":[{"delta":""}]}"#,
        r#"{"choices":[{"delta":{"content":null,"content":"","role":5,"tool_calls":{}}}]}"#,
        r#"{"choices":[null]}"#,
        r#"{"choices":""}"#,
        r#"{"choices":[{"finish_reason":{}}]}"#,
        r#"{"error":null,"error":"","choices":[]}"#,
        r#"{"error":{"code":0,"message":""},"base_resp":{"status_code":0,"status_msg":"ok"}}"#,
        r#"{"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":"2","delta":{"content":"other"}}]}"#,
        r#"{"choices":[],"prompt_filter_results":[{"x":"\ud83d"}]}"#,
        r#"{"choices":[{"delta":{"content":""},"logprobs":{"content":[{"logprob":NaN}]}}]}"#,
        "5",
        "null",
        "[]",
        "\"x\"",
        "\u{feff}{}",
    ] {
        let expected = outcome("Hello there", "", Some("stop"), "complete");
        assert_eq!(
            stream(&[HELLO, event, THERE, STOP, "[DONE]"]),
            expected,
            "{event}"
        );
    }
}

#[test]
fn a_reason_that_is_not_final_ends_nothing() {
    let table: [(&[&str], Outcome); 5] = [
        (
            &[
                r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"null"}]}"#,
                r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}"#,
            ],
            outcome("ab", "", Some("stop"), "complete"),
        ),
        (
            &[
                r#"{"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":"stop"}]}"#,
                HELLO,
                STOP,
            ],
            outcome("Hello", "hm", Some("stop"), "complete"),
        ),
        (
            &[
                r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
                r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}"#,
            ],
            outcome("ab", "", Some("stop"), "complete"),
        ),
        (
            &[
                r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
                r#"{"choices":[{"delta":{"content":"b"}}]}"#,
            ],
            outcome("ab", "", None, "truncated"),
        ),
        (
            &[STOP, r#"{"choices":[{"delta":{"content":""}}]}"#],
            outcome("", "", Some("stop"), "complete"),
        ),
    ];
    for (events, expected) in table {
        assert_eq!(stream(events), expected, "{events:?}");
    }
}

#[test]
fn an_answer_is_taken_once_wherever_it_stands() {
    let message = |content: &str| {
        format!(r#"{{"choices":[{{"message":{{"content":{content:?}}},"finish_reason":"stop"}}]}}"#)
    };
    let whole = message("Hello there");
    let table: [(&[&str], &str, &str); 16] = [
        (&[HELLO, THERE, &whole], "Hello there", ""),
        (&[HELLO, &whole], "Hello there", ""),
        (&[r#"{"choices":{"delta":{"content":"a"}}}"#], "a", ""),
        (&[r#"{"choices":[{"output_text":"a"}]}"#], "a", ""),
        (
            &[r#"{"output_text":"a"}"#, r#"{"content":"b","stop":true}"#],
            "ab",
            "",
        ),
        (&[&whole], "Hello there", ""),
        (&[&message("Hello"), &whole, &whole], "Hello there", ""),
        (&[&message("a"), &message("b")], "ab", ""),
        (
            &[&message("<thi"), &message("<think>hm</think>a")],
            "a",
            "hm",
        ),
        (
            &[HELLO, THERE, &message("Something else")],
            "Hello there",
            "",
        ),
        (
            &[
                r#"{"choices":[{"text":"a"}]}"#,
                r#"{"choices":[{"text":"b"}]}"#,
            ],
            "ab",
            "",
        ),
        (
            &[r#"{"choices":[{"delta":{"content":"a"},"text":"a","message":{"content":"a"}}]}"#],
            "a",
            "",
        ),
        (&[r#"{"choices":[{"delta":"a"}]}"#], "a", ""),
        (&[r#"{"choices":[{"delta":{"content":42}}]}"#], "42", ""),
        (
            &[r#"{"choices":[{"delta":{"content":{"sum":42}}}]}"#],
            "{\"sum\":42}",
            "",
        ),
        (
            &[
                r#"{"message":{"content":"a"}}"#,
                r#"{"message":{"content":"b"},"done":true}"#,
            ],
            "ab",
            "",
        ),
    ];
    for (events, content, reasoning) in table {
        let events: Vec<&str> = events.iter().copied().chain(["[DONE]"]).collect();
        let found = stream(&events);
        assert_eq!(
            (&*found.0, &*found.1, found.3),
            (content, reasoning, "complete"),
            "{events:?}"
        );
    }
}

#[test]
fn a_failure_is_one_wherever_it_stands() {
    for event in [
        r#"{"error":{"code":502,"message":"it broke"}}"#,
        r#"{"error":"{\"message\":\"it broke\"}"}"#,
        r#""{\"error\":{\"message\":\"it broke\"}}""#,
        r#"[{"error":{"message":"it broke"}}]"#,
        r#"{"object":"error","message":"it broke","code":500}"#,
        r#"{"message":"it broke","__type":"ModelStreamErrorException"}"#,
        r#"{"message":"it broke"}"#,
        r#"{"throttlingException":{"message":"it broke"}}"#,
        r#"{"detail":[{"loc":["body"],"msg":"it broke"}]}"#,
        r#"{"choices":[],"error":{"message":"it broke"}}"#,
        r#"{"choices":null,"base_resp":{"status_code":1004,"status_msg":"it broke"}}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"error","error":{"message":"it broke"}}]}"#,
        r#"{"error":true,"message":"it broke","code":500}"#,
        r#"{"choices":[{"delta":{"error":{"message":"it broke"}}}]}"#,
        r#"{"type":"response.failed","response":{"error":{"message":"it broke"}}}"#,
        r#"{"success":false,"errors":[{"code":7003,"message":"it broke"}]}"#,
    ] {
        let kept = stream(&[HELLO, event, "[DONE]"]);
        assert_eq!((&*kept.0, kept.3), ("Hello", "broken"), "{event}");
        assert_eq!(stream(&[event, "[DONE]"]).3, "refused", "{event}");
        let whole = read([event.as_bytes()]);
        assert_eq!(whole.3, "refused", "{event}");
        assert!(reason(&[HELLO, event]).contains("it broke"), "{event}");
        let bare = format!("data: {HELLO}\n\n{event}\n\n");
        if !event.starts_with('"') {
            assert_eq!(read([bare.as_bytes()]).3, "broken", "{event}");
        }
    }
    for reason in ["error", "network_error", "abort"] {
        let last = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":{reason:?}}}]}}"#);
        assert_eq!(stream(&[HELLO, &last, "[DONE]"]).3, "broken", "{reason}");
        let told = stream(&[HELLO, &last, r#"{"error":{"message":"why"}}"#]);
        assert_eq!(told.3, "broken", "{reason}");
    }
}

/// How a stream of these events is told to have failed.
fn reason(events: &[&str]) -> String {
    let mut reply = Reply::new("host", "model");
    for event in events {
        reply.push(format!("data: {event}\n\n").as_bytes(), &mut |_| {});
    }
    let (_, result) = reply.end(&mut |_| {});
    result.unwrap_err().explain().title
}

#[test]
fn characters_torn_between_events_are_joined() {
    let table: [(&[&str], &str, &str); 3] = [
        (
            &[
                r#"{"choices":[{"delta":{"content":"a\ud83d"}}]}"#,
                r#"{"choices":[{"delta":{"content":"\ude00b"}}]}"#,
            ],
            "a😀b",
            "",
        ),
        (
            &[r#"{"choices":[{"delta":{"content":"a\ud83d"}}]}"#],
            "a\u{fffd}",
            "",
        ),
        (
            &[
                r#"{"choices":[{"delta":{"reasoning":"\ud83d"}}]}"#,
                r#"{"choices":[{"delta":{"reasoning":"\ude00","content":"\ude00"}}]}"#,
            ],
            "\u{fffd}",
            "😀",
        ),
    ];
    for (events, content, reasoning) in table {
        let events: Vec<&str> = events.iter().copied().chain(["[DONE]"]).collect();
        let expected = outcome(content, reasoning, None, "complete");
        assert_eq!(stream(&events), expected, "{events:?}");
    }
}

#[test]
fn a_refusal_is_the_answer_and_told_as_one() {
    let mut reply = Reply::new("host", "model");
    for piece in ["I can't ", "do that."] {
        let event = format!(r#"{{"choices":[{{"delta":{{"refusal":{piece:?}}}}}]}}"#);
        reply.push(format!("data: {event}\n\n").as_bytes(), &mut |_| {});
    }
    reply.push(format!("data: {STOP}\n\n").as_bytes(), &mut |_| {});
    let (completion, result) = reply.end(&mut |_| {});
    assert!(result.is_ok());
    assert_eq!(completion.content, "I can't do that.");
    assert!(completion.remark().unwrap().contains("refused"));
    let object: serde_json::Value = serde_json::from_str(&completion.to_json()).unwrap();
    let message = &object["choices"][0]["message"];
    assert_eq!(message["refusal"], "I can't do that.");
    assert!(message["content"].is_null());
}

#[test]
fn a_stream_is_cut_at_the_limit_of_memory() {
    let mut reply = Reply::new("host", "model");
    reply.limit = 70;
    let thought = r#"{"choices":[{"delta":{"reasoning":"0123456789"}}]}"#;
    assert!(reply.push(format!("data: {thought}\n\n").as_bytes(), &mut |_| {}));
    assert!(!reply.push(format!("data: {HELLO}\n\n").as_bytes(), &mut |_| {}));
    let (completion, result) = reply.end(&mut |_| {});
    assert_eq!(
        (&*completion.reasoning, &*completion.content),
        ("0123456789", "Hello")
    );
    assert!(matches!(result, Err(Error::BrokenAnswer { .. })));
}

#[test]
fn a_stream_without_words_ends_at_the_limit_too() {
    for endless in [
        ": beat\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n",
    ] {
        let mut reply = Reply::new("host", "model");
        reply.limit = 1000;
        assert!(reply.push(format!("data: {HELLO}\n\n").as_bytes(), &mut |_| {}));
        let pushed = (0..1000).take_while(|_| reply.push(endless.as_bytes(), &mut |_| {}));
        assert!(pushed.count() < 200);
        let (completion, result) = reply.end(&mut |_| {});
        assert_eq!(completion.content, "Hello");
        assert!(matches!(result, Err(Error::BrokenAnswer { .. })));
    }
}

#[test]
fn the_first_byte_tells_what_a_body_is() {
    let whole = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    let lines = format!("data: {HELLO}\n\ndata: [DONE]\n\n");
    let objects = format!("{HELLO}\n{THERE}\n{STOP}\n");
    for (body, expected) in [
        (whole, "Hello"),
        (&format!("\u{feff} \r\n{whole}"), "Hello"),
        (&lines, "Hello"),
        (&format!("\n\u{feff}{lines}"), "Hello"),
        (&objects, "Hello there"),
    ] {
        for cut in 0..=body.len() {
            let (one, two) = body.as_bytes().split_at(cut);
            let found = read([one, two]);
            assert_eq!(
                (&*found.0, found.3),
                (expected, "complete"),
                "{body} cut at {cut}"
            );
        }
    }
    for body in [
        "",
        " \n",
        "Internal Server Error",
        "<p>no</p>",
        "\"no\"",
        "{}",
        "[]",
        "null",
    ] {
        assert_eq!(read([body.as_bytes()]).3, "unreadable", "{body:?}");
    }
}

#[test]
fn failures_and_foreign_pages_are_no_answers() {
    let table = [
        ("<!DOCTYPE html><p>Sign in", "unreadable"),
        ("{\"choices\":[]}", "unreadable"),
        ("{\"error\":{\"message\":\"no\"}}", "refused"),
        (
            "data: {\"error\":{\"code\":429,\"message\":\"no\"}}\n\n",
            "refused",
        ),
        ("event: error\n\n", "refused"),
        ("{\"cho", "unreadable"),
    ];
    for (body, ended) in table {
        assert_eq!(read([body.as_bytes()]).3, ended, "{body}");
    }
}

#[test]
fn the_object_of_a_stream_looks_like_a_whole_one() {
    let mut reply = Reply::new("host", "model");
    reply.push(STREAM.as_bytes(), &mut |_| {});
    let (completion, _) = reply.end(&mut |_| {});
    let object: serde_json::Value = serde_json::from_str(&completion.to_json()).unwrap();
    let expected = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "claude-4-5-sonnet",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Héllo", "reasoning": {"thinking": "hm"}}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    });
    assert_eq!(object, expected);
}

#[test]
fn the_object_of_a_stream_has_all_that_was_counted_and_nothing_else() {
    let table = [
        (
            r#"{"choices":[],"usage":{"prompt_tokens":30,"prompt_tokens_details":{"cached_tokens":20}}}"#,
            r#"{"prompt_tokens":30,"prompt_tokens_details":{"cached_tokens":20}}"#,
        ),
        (
            r#"{"usage":{"cached_input_tokens":4}}"#,
            r#"{"cached_input_tokens":4}"#,
        ),
        (
            r#"{"choices":[{"delta":{},"usage":{"total_tokens":4}}]}"#,
            r#"{"total_tokens":4}"#,
        ),
        (r#"{"usage":{}}"#, "null"),
    ];
    for (event, usage) in table {
        let mut reply = Reply::new("host", "model");
        for event in [HELLO, event, r#"{"usage":{}}"#] {
            reply.push(format!("data: {event}\n\n").as_bytes(), &mut |_| {});
        }
        let (completion, _) = reply.end(&mut |_| {});
        let object: serde_json::Value = serde_json::from_str(&completion.to_json()).unwrap();
        assert_eq!(object["usage"].to_string(), usage, "{event}");
    }
}

const PARTS: &[&[u8]] = &[
    b"data:",
    b"event:error",
    b"\n",
    b"\r\n",
    b" ",
    b"{\"choices\":[{\"delta\":{\"content\":\"<think>",
    b"</think>",
    b"\"}}]}",
    b"{\"error\":",
    b"[DONE]",
    b"\"x\"}",
    b"\n\ndata:",
    b"{\"choices\":[{\"delta\":{\"content\":\"",
    b"{\"choices\":[{\"message\":{\"content\":\"",
    b"\\ud83d",
    b"\\ude00",
    b"Hello ",
    b"\"},\"finish_reason\":\"stop\"}]}",
    b"\xef\xbb\xbf",
    b"<",
    b"[",
    b": ",
    b"\xff",
    "é".as_bytes(),
];

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_come_to_the_same(
        parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..30),
        size in 1usize..7,
    ) {
        let bytes: Vec<u8> = parts.concat();
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        prop_assert_eq!(read(pieces.iter().copied()), read([&bytes[..]]));
    }
}
