//! From a failure status and its body, in every shape that was seen, to a [`ServiceProblem`].
//!
//! The status decides what it means; the body only gives the words. `error` may be an object, a
//! sentence, or JSON in a string (recorded in July 2025, github.com/crmne/ruby_llm/issues/278); the
//! edge answers in HTML.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::http::Head;
use super::retry;
use crate::error::{ProblemKind, ServiceProblem};

/// How much of a body that says nothing in a known shape is shown, in characters.
const EXCERPT: usize = 300;

/// How much of a service's own sentence is shown, in characters.
const SENTENCE: usize = 2000;

/// What a failed response means.
pub fn read(
    head: &Head,
    body: &[u8],
    host: &str,
    model: Option<&str>,
    now: SystemTime,
) -> ServiceProblem {
    // The status of a failure inside an answer is the one it names itself.
    let head = &Head {
        status: if is_success(head.status) {
            inner_status(body)
        } else {
            head.status
        },
        ..head.clone()
    };
    let text = String::from_utf8_lossy(body);
    let message = message(&text);
    ServiceProblem {
        kind: kind(head, &text, &message),
        status: head.status,
        host: host.to_owned(),
        model: model.map(str::to_owned),
        retry_after: retry::wanted_wait(head, now).map(|wait| wait.min(Duration::from_secs(3600))),
        message,
    }
}

fn is_success(status: u16) -> bool {
    (200..=299).contains(&status)
}

/// The code in an error object, where it is a failure status; else 500.
fn inner_status(body: &[u8]) -> u16 {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = value["error"]["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    code.filter(|code| (400..600).contains(code)).unwrap_or(500)
}

fn kind(head: &Head, text: &str, message: &str) -> ProblemKind {
    match head.status {
        300..=399 => ProblemKind::Redirect(
            head.header("location")
                .unwrap_or("another address")
                .to_owned(),
        ),
        400 => match unknown_parameter(message) {
            Some(name) => ProblemKind::UnknownParameter(name),
            None => ProblemKind::Rejected,
        },
        401 => ProblemKind::Unauthorized,
        403 if is_html(text) => ProblemKind::ContentBlocked,
        403 => ProblemKind::ModelNotCovered,
        404 => ProblemKind::NotFound,
        429 => ProblemKind::RateLimited,
        408 | 500.. => ProblemKind::ServerFault,
        _ => ProblemKind::Rejected,
    }
}

/// The sentence in an error body, or the start of the body.
pub fn message(text: &str) -> String {
    let found = serde_json::from_str(text)
        .ok()
        .and_then(|value| sentence(&value));
    found.map_or_else(
        || excerpt(text),
        |sentence| sentence.chars().take(SENTENCE).collect(),
    )
}

fn sentence(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => sentence(&inner),
            _ => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        },
        Value::Object(fields) => {
            // {"error": "Bad Request", "message": "what was bad"} says more in its second field.
            let both = matches!(fields.get("error"), Some(Value::String(text)) if !text.trim_start().starts_with('{'));
            let order = if both {
                ["message", "error", "detail"]
            } else {
                ["error", "message", "detail"]
            };
            order
                .iter()
                .find_map(|name| fields.get(*name).and_then(sentence))
        }
        _ => None,
    }
}

/// The start of a body, without tags and runs of space.
pub fn excerpt(text: &str) -> String {
    let mut plain = String::new();
    let mut in_tag = false;
    for character in text.chars().take(20 * EXCERPT) {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            _ if !in_tag => plain.push(character),
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT).collect()
}

/// Whether a body is a web page, which no answer of this API is.
pub fn is_html(text: &str) -> bool {
    let begins = |with: &str| {
        let start = text.trim_start().as_bytes().get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    begins("<!doctype") || begins("<html")
}

/// The field that a 400 names, as in `unrecognized request argument supplied: stream_options`.
fn unknown_parameter(message: &str) -> Option<String> {
    // OpenAI writes it with a capital.
    let rest = message
        .split("nrecognized request argument supplied:")
        .nth(1)?;
    let name = rest
        .split_whitespace()
        .next()?
        .trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, body: &str) -> ServiceProblem {
        let head = Head {
            status,
            ..Head::default()
        };
        read(
            &head,
            body.as_bytes(),
            "host",
            Some("model"),
            SystemTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn every_seen_shape_of_a_body_gives_its_sentence() {
        let table = [
            (
                r#"{"error":"{\"code\":400,\"message\":\"messages[1]: content is required\",\"type\":\"invalid_request\"}"}"#,
                "messages[1]: content is required",
            ),
            (
                r#"{"error":{"code":401,"message":"Invalid API key provided","type":"authentication_error"}}"#,
                "Invalid API key provided",
            ),
            (
                r#"{"error":{"message":"no","type":"x","code":"string"}}"#,
                "no",
            ),
            (
                r#"{"error":"Internal Server Error"}"#,
                "Internal Server Error",
            ),
            (
                r#"{"error":"Bad Request","message":"prompt is empty"}"#,
                "prompt is empty",
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded","message":"Overloaded"}}"#,
                "Overloaded",
            ),
            (
                "<!DOCTYPE HTML><html><head><title>403</title></head><body>Request\n blocked.</body>",
                "403 Request blocked.",
            ),
            ("upstream connect error", "upstream connect error"),
            ("{\"unknown\":1}", "{\"unknown\":1}"),
            ("", ""),
        ];
        for (body, expected) in table {
            assert_eq!(message(body), expected, "{body}");
        }
        assert_eq!(message(&"x".repeat(10_000)).len(), EXCERPT);
    }

    #[test]
    fn the_status_decides_the_meaning() {
        let unknown = r#"{"error":"{\"code\":400,\"message\":\"unrecognized request argument supplied: stream_options\"}"}"#;
        let table = [
            (
                400,
                unknown,
                ProblemKind::UnknownParameter("stream_options".to_owned()),
            ),
            (400, "{}", ProblemKind::Rejected),
            (401, "{}", ProblemKind::Unauthorized),
            (
                403,
                r#"{"error":{"message":"you do not have access to that model"}}"#,
                ProblemKind::ModelNotCovered,
            ),
            (403, "<!DOCTYPE HTML>blocked", ProblemKind::ContentBlocked),
            (403, "<html>", ProblemKind::ContentBlocked),
            (403, "<html>é", ProblemKind::ContentBlocked),
            (404, "", ProblemKind::NotFound),
            (408, "", ProblemKind::ServerFault),
            (422, "", ProblemKind::Rejected),
            (429, "", ProblemKind::RateLimited),
            (503, "<html>", ProblemKind::ServerFault),
            (302, "", ProblemKind::Redirect("another address".to_owned())),
        ];
        for (status, body, expected) in table {
            assert_eq!(problem(status, body).kind, expected, "{status} {body}");
        }
    }
}
