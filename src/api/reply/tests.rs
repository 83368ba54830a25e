//! Whole responses in every framing and with every end, cut at every byte.

use std::time::SystemTime;

use proptest::prelude::*;

use super::*;

/// What a reply comes to: content, reasoning, finish reason, and how it ended.
type Outcome = (String, String, Option<String>, &'static str);

fn read<'a>(
    status: u16,
    content_type: &str,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut reply = Reply::new("host", "model");
    reply.head(Head {
        status,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
    });
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
    let (completion, result) = reply.end(SystemTime::UNIX_EPOCH, &mut deliver);
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

const SSE: &str = "text/event-stream";

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
                read(200, SSE, [one, two]),
                outcome("Héllo", "hm", Some("stop"), "complete"),
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn a_stream_that_ends_early_is_complete_only_with_a_finish_reason() {
    let finished = STREAM.find("event:done").unwrap();
    assert_eq!(
        read(200, SSE, [&STREAM.as_bytes()[..finished]]).3,
        "complete"
    );
    let unfinished = STREAM.find("finish_reason\":\"stop").unwrap();
    assert_eq!(
        read(200, SSE, [&STREAM.as_bytes()[..unfinished]]).3,
        "truncated"
    );
    let between = STREAM.find("event:heartbeat").unwrap();
    assert_eq!(
        read(200, SSE, [&STREAM.as_bytes()[..between]]),
        outcome("Hél", "", None, "truncated")
    );
    let torn = STREAM.find("chat.completion.chunk").unwrap();
    assert_eq!(read(200, SSE, [&STREAM.as_bytes()[..torn]]).3, "truncated");
    assert_eq!(read(200, SSE, [&b""[..]]).3, "truncated");
}

#[test]
fn nothing_undoes_an_answer_that_was_finished() {
    let answer = r#"data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    for rest in [
        "",
        "data: {\"usage\":{\"prom",
        "data: oops\n\n",
        "event: error\ndata: {\"error\":\"late\"}\n\n",
        "data: {\"error\":\"late\"}\n\n",
    ] {
        let text = format!("{answer}\n\n{rest}");
        assert_eq!(
            read(200, SSE, [text.as_bytes()]),
            outcome("Hi", "", Some("stop"), "complete"),
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
        let found = read(200, SSE, [text.as_bytes()]);
        assert_eq!((found.0.as_str(), found.3), ("Hi", ended), "{end:?}");
    }
}

#[test]
fn whole_json_is_read_whatever_was_asked_for() {
    let body = r#"{"id":"chatcmpl-1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"<think>hm</think>Paris","refusal":null},"finish_reason":"length"}],"usage":{"prompt_tokens":1}}"#;
    let expected = outcome("Paris", "hm", Some("length"), "complete");
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "",
        "text/plain",
    ] {
        assert_eq!(
            read(200, content_type, [body.as_bytes()]),
            expected,
            "{content_type:?}"
        );
    }
}

#[test]
fn failures_and_foreign_pages_are_no_answers() {
    let table = [
        (
            401,
            "application/json",
            r#"{"error":{"message":"no"}}"#,
            "refused",
        ),
        (503, "text/html", "<html>", "refused"),
        (429, SSE, "", "refused"),
        (302, "", "", "refused"),
        (200, "text/html", "<!DOCTYPE html><p>Sign in", "unreadable"),
        (200, "application/json", "{\"choices\":[]}", "unreadable"),
        (
            200,
            "application/json",
            "{\"error\":{\"message\":\"no\"}}",
            "refused",
        ),
        (
            200,
            SSE,
            "data: {\"error\":{\"code\":429,\"message\":\"no\"}}\n\n",
            "refused",
        ),
        (200, SSE, "event: error\n\n", "refused"),
        (200, "application/json", "{\"cho", "unreadable"),
    ];
    for (status, content_type, body, ended) in table {
        assert_eq!(
            read(status, content_type, [body.as_bytes()]).3,
            ended,
            "{status} {body}"
        );
    }
}

#[test]
fn the_object_of_a_stream_looks_like_a_whole_one() {
    let mut reply = Reply::new("host", "model");
    reply.head(Head {
        status: 200,
        headers: vec![("content-type".to_owned(), SSE.to_owned())],
    });
    reply.push(STREAM.as_bytes(), &mut |_| {});
    let (completion, _) = reply.end(SystemTime::UNIX_EPOCH, &mut |_| {});
    let object: serde_json::Value = serde_json::from_str(&completion.to_json()).unwrap();
    let expected = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "claude-4-5-sonnet",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Héllo", "reasoning": {"thinking": "hm"}}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    });
    assert_eq!(object, expected);
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
    b"\xff",
    "é".as_bytes(),
];

proptest! {
    #[test]
    fn no_bytes_at_all_make_it_panic(
        parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..30),
        size in 1usize..7,
        status in 100u16..600,
    ) {
        let bytes: Vec<u8> = parts.concat();
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        for content_type in [SSE, "application/json", ""] {
            read(status, content_type, pieces.iter().copied());
        }
    }
}
