//! Every shape of a failure that was seen, with the sentence in it and what it means.

use proptest::prelude::*;

use super::super::page::EXCERPT;
use super::*;
use crate::error::Error;

fn problem(status: u16, body: &str) -> ServiceProblem {
    let head = Head {
        status,
        ..Head::default()
    };
    read(&head, body, "host", Some("model"), SystemTime::UNIX_EPOCH)
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
        (
            r#"{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required","input":{"x":"y"}}]}"#,
            "messages.0.role: Field required",
        ),
        (r#"{"detail":"Not Found"}"#, "Not Found"),
        (
            r#"[{"error":{"code":400,"message":"Unknown name","status":"INVALID"}}]"#,
            "Unknown name",
        ),
        (
            r#"{"errors":[{"message":"one"},{"message":"two"},{"message":"one"}]}"#,
            "one; two",
        ),
        (r#"{"error":["one"]}"#, "one"),
        (
            r#"{"errors":{"stop":["is invalid","is long"],"n":"no"}}"#,
            "stop: is invalid; is long; n: no",
        ),
        (r#"{"error":true,"message":"what"}"#, "what"),
        (
            r#"{"type":"response.failed","response":{"error":{"message":"deep"}}}"#,
            "deep",
        ),
        (
            r#"{"error":{"issues":1,"errors":[{"path":["a",1],"message":"Required"}]}}"#,
            "a.1: Required",
        ),
        (
            r#"{"error":"[{\"message\":\"in a string\"}]"}"#,
            "in a string",
        ),
        (
            r#"{"error":{"message":"half \ud83d","x":1e999}}"#,
            "half \u{fffd}",
        ),
        (
            r#"{"Message":"User is not authorized"}"#,
            "User is not authorized",
        ),
        (
            r#"{"type":"about:blank","title":"Forbidden","detail":"why"}"#,
            "why",
        ),
        (
            r#"{"fault":{"faultstring":"Invalid ApiKey"}}"#,
            "Invalid ApiKey",
        ),
        (
            r#"{"base_resp":{"status_code":1004,"status_msg":"login fail"}}"#,
            "login fail",
        ),
        (
            r#"{"throttlingException":{"message":"slow down"}}"#,
            "slow down",
        ),
        (
            r#"{"error":{"type":"overloaded_error"}}"#,
            "overloaded_error",
        ),
        ("\u{feff} {\"error\":\"x\"}\n", "x"),
        (
            "<!-- a > b --><html><style>p{}</style><script>x()</script><p>Access <b>denied</b>",
            "Access denied",
        ),
        ("a < b and c > d", "a < b and c > d"),
        ("upstream connect error", "upstream connect error"),
        ("{\"unknown\":1}", "{\"unknown\":1}"),
        ("", ""),
    ];
    for (body, expected) in table {
        assert_eq!(Report::read(body).message, expected, "{body}");
    }
    assert_eq!(Report::read(&"x".repeat(10_000)).message.len(), EXCERPT);
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
        (401, "no key", ProblemKind::Unauthorized),
        (401, "<html>Gateway login", ProblemKind::Blocked),
        (
            403,
            r#"{"error":{"message":"you do not have access to that model"}}"#,
            ProblemKind::ModelNotCovered,
        ),
        (
            403,
            r#"{"error":"country not supported"}"#,
            ProblemKind::Rejected,
        ),
        (403, "<!DOCTYPE HTML>blocked", ProblemKind::Blocked),
        (
            403,
            "<!-- filter --><html>model access",
            ProblemKind::Blocked,
        ),
        (
            403,
            "Access to this model is blocked by policy",
            ProblemKind::Blocked,
        ),
        (403, r#"{"message":"Access denied"}"#, ProblemKind::Rejected),
        (403, "", ProblemKind::Blocked),
        (511, "<html>", ProblemKind::SignIn),
        (403, "<html>", ProblemKind::Blocked),
        (403, "<html>é", ProblemKind::Blocked),
        (404, "", ProblemKind::NoAddress),
        (404, "<html>no such model", ProblemKind::NoAddress),
        (404, r#"{"detail":"Not Found"}"#, ProblemKind::NoAddress),
        (
            404,
            r#"{"error":{"code":"model_not_found"}}"#,
            ProblemKind::NotFound,
        ),
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

#[test]
fn a_failure_inside_an_answer_means_what_it_says_of_itself() {
    let table = [
        (
            r#"{"error":{"code":429,"message":"m"}}"#,
            429,
            ProblemKind::RateLimited,
            None,
        ),
        (
            r#"{"error":{"code":"429","message":"m"}}"#,
            429,
            ProblemKind::RateLimited,
            None,
        ),
        (
            r#"{"error":"{\"code\":400,\"message\":\"m\",\"type\":\"invalid_request\"}"}"#,
            400,
            ProblemKind::Rejected,
            Some("invalid_request"),
        ),
        (
            r#"{"error":{"message":"m","type":"rate_limit_error"}}"#,
            200,
            ProblemKind::RateLimited,
            Some("rate_limit_error"),
        ),
        (
            r#"{"message":"m","__type":"ValidationException"}"#,
            200,
            ProblemKind::Rejected,
            Some("ValidationException"),
        ),
        (
            r#"{"throttlingException":{"message":"m"}}"#,
            200,
            ProblemKind::RateLimited,
            Some("throttlingException"),
        ),
        (
            r#"{"error":{"message":"m","type":"server_error","code":"overloaded"}}"#,
            200,
            ProblemKind::ServerFault,
            Some("server_error, overloaded"),
        ),
        (r#"{"error":"m"}"#, 200, ProblemKind::ServerFault, None),
    ];
    for (body, status, kind, label) in table {
        let problem = problem(200, body);
        let found = (problem.status, problem.kind, problem.label.as_deref());
        assert_eq!(found, (status, kind, label), "{body}");
        assert_eq!(
            (problem.message.as_str(), problem.may_pass),
            ("m", false),
            "{body}"
        );
    }
    assert_eq!(
        sentence(r#"{"error":{"code":502,"message":"m","type":"x"}}"#),
        "m (502, x)"
    );
}

#[test]
fn a_quota_is_no_limit_per_minute() {
    for body in [
        r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        r#"{"error":{"message":"You exceeded your current quota, check your plan"}}"#,
        r#"{"error":{"message":"monthly spend limit reached"}}"#,
    ] {
        let problem = problem(429, body);
        assert_eq!(
            (problem.kind, problem.may_pass),
            (ProblemKind::QuotaUsedUp, false),
            "{body}"
        );
    }
    for body in [
        "429 rate Limit: maximum tokens per minute reached. Quota: 800000",
        r#"{"error":{"message":"Rate limit reached","type":"tokens"}}"#,
    ] {
        let problem = problem(429, body);
        assert_eq!(
            (problem.kind, problem.may_pass),
            (ProblemKind::RateLimited, true),
            "{body}"
        );
    }
}

#[test]
fn only_what_says_something_is_a_failure() {
    let fails = |json| is_failure("error", &json::parse(json).unwrap());
    for json in [
        "null",
        "false",
        "0",
        "\"\"",
        "\" \"",
        "{}",
        "[]",
        r#"{"code":0,"message":""}"#,
    ] {
        assert!(!fails(json), "{json}");
    }
    for json in [
        "true",
        "\"x\"",
        "5",
        r#"{"message":"x"}"#,
        r#"["x"]"#,
        r#"{"code":500}"#,
    ] {
        assert!(fails(json), "{json}");
    }
    let reports = |json| is_report(&json::parse(json).unwrap());
    for json in [
        r#"{"id":"x","object":"chat.completion.chunk","created":1}"#,
        r#"{"type":"ping"}"#,
        r#"{"status":"processing","message":""}"#,
        r#"{"type":"message_start","message":{"role":"assistant"}}"#,
        r#"{"error":null,"success":true}"#,
    ] {
        assert!(!reports(json), "{json}");
    }
}

const PARTS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"error\":",
    "\"message\":",
    "\"detail\":",
    "\"code\":",
    "\"type\":",
    "\"status_code\":",
    "\"base_resp\":",
    "429",
    "1e999",
    "null",
    "true",
    "\"a sentence\"",
    "\"insufficient_quota\"",
    "\"{\\\"message\\\":\\\"é\\\"}\"",
    "\"\\ud83d\"",
    "<html>",
    "<title>403</title>",
    "</html>",
    "\n",
    " ",
    "é",
    "unrecognized request argument supplied: x",
    "{\"error\":{\"message\":\"no\"}}",
];

proptest! {
    #[test]
    fn any_body_of_any_status_is_told_within_limits(
        parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..30),
        status in 100_u16..1000,
        wait in "[0-9msh.-]{0,20}|.{0,10}",
        repeated in 1_usize..200,
    ) {
        let body = parts.concat().repeat(repeated);
        let headers = vec![("retry-after".to_owned(), wait)];
        let head = Head { status, headers };
        let problem = read(&head, &body, "host", Some("model"), SystemTime::UNIX_EPOCH);
        prop_assert!(problem.message.chars().count() <= SEVERAL * (SENTENCE + 2));
        prop_assert!(problem.retry_after.is_none_or(|wait| wait <= Duration::from_secs(3600)));
        prop_assert!(!crate::error::Error::Service(Box::new(problem)).explain().title.is_empty());
    }
}

#[test]
fn every_status_has_a_meaning_that_names_it_whatever_the_body() {
    for status in 300..=999 {
        for body in ["", "<html>", "{}", "[[[[", "\0", "null"] {
            let problem = problem(status, body);
            let told = Error::Service(Box::new(problem)).explain();
            let named = format!("(status {status})");
            assert!(
                told.title.ends_with(&named),
                "{status} {body}: {}",
                told.title
            );
            assert!(!told.hints.is_empty(), "{status} {body}");
        }
    }
}
