//! From a failure and its body, in every shape that was seen, to a [`ServiceProblem`].
//!
//! The status decides what it means; the body gives the words. `error` may be an object, a
//! sentence, a list, or JSON in a string (recorded in July 2025,
//! github.com/crmne/ruby_llm/issues/278); the edge answers in HTML. A failure inside an answer
//! means what its own code or type says.

use std::time::{Duration, SystemTime};

use super::http::Head;
use super::json::{Json, Kind};
use super::retry;
use crate::error::{ProblemKind, ServiceProblem};

/// How much of a body that says nothing in a known shape is shown, in characters.
const EXCERPT: usize = 300;

/// How much of a service's own sentence is shown, in characters.
const SENTENCE: usize = 2000;

/// How deep a sentence may stand; JSON in strings counts, too.
const DEPTH: usize = 8;

/// How many failures of a list are told.
const SEVERAL: usize = 3;

/// Where the sentence stands, the first that has one, in lower case and without `_`. FastAPI writes
/// `detail` and `msg`, AWS `Message`, Lambda `errorMessage`, OAuth `error_description`, problem+json
/// `title`, Apigee `fault`, MiniMax `status_msg`.
const SENTENCES: &[&str] = &[
    "message",
    "msg",
    "detail",
    "errors",
    "errormessage",
    "errormsg",
    "errordescription",
    "statusmsg",
    "faultstring",
    "fault",
    "baseresp",
    "error",
    "details",
    "description",
    "reason",
    "title",
];

/// What a failure says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its sentence; its code or type where it has none.
    pub message: String,
    /// The HTTP status it names.
    status: Option<u16>,
    /// Code and type, in the service's words.
    labels: Vec<String>,
}

/// What a failed response means, or a failure inside an answer.
pub fn read(
    head: &Head,
    body: &[u8],
    host: &str,
    model: Option<&str>,
    now: SystemTime,
) -> ServiceProblem {
    let text = String::from_utf8_lossy(body);
    let told = Told::read(&text);
    let wait = retry::wanted_wait(head, now).map(|wait| wait.min(Duration::from_secs(3600)));
    let is_answer = (200..=299).contains(&head.status);
    let status = if is_answer {
        told.status.unwrap_or(head.status)
    } else {
        head.status
    };
    let kind = match status {
        200..=299 => meaning(&told.labels),
        _ => kind(status, head, &text, &told),
    };
    let kind = match kind {
        ProblemKind::RateLimited if wait.is_none() && is_quota(&told) => ProblemKind::QuotaUsedUp,
        kind => kind,
    };
    ServiceProblem {
        // Once an answer has begun, the same request may have been paid for.
        may_pass: !is_answer && retry::may_pass(head, kind == ProblemKind::QuotaUsedUp),
        kind,
        status,
        label: told.label(Some(status)),
        message: told.message,
        host: host.to_owned(),
        model: model.map(str::to_owned),
        retry_after: wait,
    }
}

fn kind(status: u16, head: &Head, text: &str, told: &Told) -> ProblemKind {
    match status {
        300..=399 => ProblemKind::Redirect(
            head.header("location")
                .unwrap_or("another address")
                .to_owned(),
        ),
        400 | 422 => match unknown_parameter(&told.message) {
            Some(name) => ProblemKind::UnknownParameter(name),
            None => ProblemKind::Rejected,
        },
        401 => ProblemKind::Unauthorized,
        403 if Json::parse(trimmed(text)).is_err() => ProblemKind::Blocked,
        403 if is_about_access(told) => ProblemKind::ModelNotCovered,
        404 => ProblemKind::NotFound,
        429 => ProblemKind::RateLimited,
        511 => ProblemKind::SignIn,
        408 | 500.. => ProblemKind::ServerFault,
        _ => ProblemKind::Rejected,
    }
}

/// What a failure means that names no status, by its type.
fn meaning(labels: &[String]) -> ProblemKind {
    let labels: Vec<String> = labels.iter().map(|label| plain(label)).collect();
    let says = |words: &[&str]| {
        labels
            .iter()
            .any(|label| words.iter().any(|word| label.contains(word)))
    };
    if says(&["authentication", "unauthorized", "invalidapikey"]) {
        ProblemKind::Unauthorized
    } else if says(&[
        "ratelimit",
        "throttl",
        "quota",
        "resourceexhausted",
        "toomanyrequests",
    ]) {
        ProblemKind::RateLimited
    } else if says(&["invalid", "validation", "badrequest"]) {
        ProblemKind::Rejected
    } else {
        ProblemKind::ServerFault
    }
}

/// Whether a 403 says that the key is the matter.
fn is_about_access(told: &Told) -> bool {
    let message = told.message.to_lowercase();
    ["model", "key", "access", "permission", "authoriz", "plan"]
        .iter()
        .any(|word| message.contains(word))
}

/// Whether more than a minute's share is used up. Heroku writes "Quota" for that, too.
fn is_quota(told: &Told) -> bool {
    let labels: String = told.labels.iter().map(|label| plain(label)).collect();
    let message = told.message.to_lowercase();
    let label_says = [
        "insufficient",
        "billing",
        "spend",
        "quotaexceeded",
        "payment",
    ];
    let message_says = [
        "current quota",
        "billing",
        "spend limit",
        "spending limit",
        "credit balance",
        "insufficient balance",
        "insufficient credit",
    ];
    !message.contains("per minute")
        && (label_says.iter().any(|word| labels.contains(word))
            || message_says.iter().any(|word| message.contains(word)))
}

/// The sentence of a failure in an answer, with code and type.
pub fn sentence(text: &str) -> String {
    let told = Told::read(text);
    match told.label(None) {
        Some(label) => format!("{} ({label})", told.message),
        None => told.message,
    }
}

/// Whether a field that is named for failures tells of one; many servers send it in every answer,
/// empty.
pub fn is_failure(name: &str, value: Json<'_>) -> bool {
    if plain(name) == "baseresp" {
        let code = value.field("status_code").and_then(Json::number);
        return code.is_some_and(|code| code != 0.0);
    }
    match value.kind() {
        Kind::Null => false,
        Kind::Bool => value.written() == "true",
        Kind::Number => value.number() != Some(0.0),
        Kind::Text => !matches!(plain(&value.text()).trim(), "" | "null" | "none"),
        Kind::List => {
            let mut any = false;
            value.items(|item| any |= is_failure("", item));
            any
        }
        Kind::Object => {
            let mut any = false;
            value.fields(|_, field| any |= is_failure("", field));
            any
        }
    }
}

/// Whether an object that holds no answer tells of a failure: vLLM's `"object": "error"`, AWS's and
/// API gateways' `message` alone, Bedrock's exception as the name of a field, FastAPI's `detail`.
pub fn is_report(object: Json<'_>) -> bool {
    let mut is_report = false;
    object.fields(|name, value| {
        let (name, text) = (plain(name), value.text());
        let is_said = matches!(value.kind(), Kind::Text | Kind::List) && is_failure("", value);
        is_report |= match name.as_str() {
            "object" | "type" | "status" => matches!(&*text, "error" | "failed" | "failure"),
            "success" | "ok" => value.written() == "false",
            "baseresp" => is_failure(&name, value),
            "message" | "msg" | "detail" | "errormessage" | "faultstring" => is_said,
            name => is_exception(name) && is_failure(name, value),
        };
    });
    is_report
}

fn is_exception(plain_name: &str) -> bool {
    ["error", "errors", "exception", "fault"]
        .iter()
        .any(|end| plain_name.ends_with(end))
}

/// A name without its manner of writing.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| !matches!(character, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

impl Told {
    /// What a body says, or the data of an event.
    fn read(text: &str) -> Self {
        let mut told = Told::default();
        let said = Json::parse(trimmed(text))
            .ok()
            .and_then(|json| told.look(json, DEPTH));
        told.message = match said {
            Some(said) => said.chars().take(SENTENCE).collect(),
            None if !told.labels.is_empty() => told.labels.remove(0),
            None => excerpt(text),
        };
        told
    }

    /// The sentence in a value. Notes code and type on the way to it.
    fn look(&mut self, json: Json<'_>, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match json.kind() {
            Kind::Text => {
                let text = json.text();
                match Json::parse(text.trim()) {
                    Ok(inner) if matches!(inner.kind(), Kind::Object | Kind::List) => {
                        self.look(inner, depth)
                    }
                    _ => Some(text.into_owned()).filter(|text| !text.trim().is_empty()),
                }
            }
            Kind::List => {
                let mut said: Vec<String> = Vec::new();
                json.items(|item| {
                    let sentence = (said.len() < SEVERAL)
                        .then(|| self.look(item, depth))
                        .flatten();
                    said.extend(sentence.filter(|sentence| !said.contains(sentence)));
                });
                (!said.is_empty()).then(|| said.join("; "))
            }
            Kind::Object => self.look_into(json, depth),
            Kind::Null | Kind::Bool | Kind::Number => None,
        }
    }

    fn look_into(&mut self, object: Json<'_>, depth: usize) -> Option<String> {
        let mut fields: Vec<(String, Json<'_>)> = Vec::new();
        object.fields(|name, value| {
            let plain = plain(name);
            // Bedrock names the failure there.
            if !SENTENCES.contains(&plain.as_str()) && is_exception(&plain) && is_failure("", value)
            {
                self.label_with(name);
            }
            fields.push((plain, value));
        });
        let place = fields
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "loc" | "path"))
            .find_map(|(_, path)| place(*path));
        // What was sent wrong is named by its place; its type is the checker's, not the service's.
        for (name, value) in fields.iter().filter(|_| place.is_none()) {
            self.note(name, *value);
        }
        let field = |name: &str| fields.iter().find(|(other, _)| other == name);
        // {"error": "Bad Request", "message": "what was bad"} says more in its second field.
        let is_inner = |(_, value): &&(String, Json<'_>)| {
            value.kind() != Kind::Text || value.text().trim_start().starts_with('{')
        };
        let error = field("error").filter(is_inner);
        let named = error
            .into_iter()
            .chain(SENTENCES.iter().filter_map(|name| field(name)));
        let exceptions = fields.iter().filter(|(name, _)| is_exception(name));
        let said = named
            .chain(exceptions)
            .find_map(|(_, value)| self.look(*value, depth))?;
        Some(match place {
            Some(place) => format!("{place}: {said}"),
            None => said,
        })
    }

    /// Notes a field that is a code or a type.
    fn note(&mut self, name: &str, value: Json<'_>) {
        const CODES: &[&str] = &[
            "code",
            "status",
            "statuscode",
            "httpcode",
            "httpstatus",
            "errorcode",
            "type",
            "errortype",
            "name",
        ];
        if !CODES.contains(&name) {
            return;
        }
        match value.number() {
            Some(number) if (400.0..600.0).contains(&number) => self.status = Some(number as u16),
            Some(0.0) => {}
            Some(_) => self.label_with(value.written().trim_matches('"')),
            None => self.label_with(&value.text()),
        }
    }

    fn label_with(&mut self, label: &str) {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '#');
        let is_label = !label.is_empty() && label.len() <= 64 && label.chars().all(is_word);
        let says_nothing = ["error", "failed", "failure"].contains(&label.to_lowercase().as_str());
        if is_label && !says_nothing && !self.labels.iter().any(|other| other == label) {
            self.labels.push(label.to_owned());
        }
    }

    /// Code and type in a phrase, with the status unless it is told already.
    fn label(&self, known: Option<u16>) -> Option<String> {
        let status = self.status.filter(|status| known != Some(*status));
        let labels = self
            .labels
            .iter()
            .filter(|label| !self.message.contains(label.as_str()));
        let parts: Vec<String> = status
            .map(|status| status.to_string())
            .into_iter()
            .chain(labels.cloned())
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The field that a path of FastAPI's or Zod's leads to.
fn place(path: Json<'_>) -> Option<String> {
    let mut steps: Vec<String> = Vec::new();
    path.items(|step| {
        steps.push(match step.kind() {
            Kind::Text => step.text().into_owned(),
            _ => step.written().to_owned(),
        });
    });
    steps.retain(|step| step != "body");
    (!steps.is_empty()).then(|| steps.join("."))
}

/// A body without a byte order mark and space around it.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// The start of a body, without tags and runs of space.
pub fn excerpt(text: &str) -> String {
    let text: String = trimmed(text).chars().take(20 * EXCERPT).collect();
    let plain = if text.starts_with('<') {
        without_tags(&text)
    } else {
        text
    };
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT).collect()
}

fn without_tags(mut page: &str) -> String {
    let mut plain = String::new();
    while let Some(at) = page.find('<') {
        plain.push_str(&page[..at]);
        plain.push(' ');
        page = &page[at..];
        let begins = |tag: &str| {
            let start = page.as_bytes().get(..tag.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
        };
        // What nobody sees on the page.
        let end = match () {
            () if begins("<!--") => "-->",
            () if begins("<script") => "</script>",
            () if begins("<style") => "</style>",
            () => ">",
        };
        page = page.find(end).map_or("", |at| &page[at + end.len()..]);
    }
    plain.push_str(page);
    plain
}

/// Whether a body is a web page, which no answer of this API is. Filters write comments or an XML
/// head before it, or leave its beginning out.
pub fn is_html(text: &str) -> bool {
    let start: String = trimmed(text)
        .chars()
        .take(2000)
        .collect::<String>()
        .to_lowercase();
    let tags = ["<!doctype html", "<html", "<head", "<body", "<title"];
    start.starts_with('<') && tags.iter().any(|tag| start.contains(tag))
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
            assert_eq!(Told::read(body).message, expected, "{body}");
        }
        assert_eq!(Told::read(&"x".repeat(10_000)).message.len(), EXCERPT);
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
            (403, "", ProblemKind::Blocked),
            (511, "<html>", ProblemKind::SignIn),
            (403, "<html>", ProblemKind::Blocked),
            (403, "<html>é", ProblemKind::Blocked),
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
        let fails = |json| is_failure("error", Json::parse(json).unwrap());
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
        let reports = |json| is_report(Json::parse(json).unwrap());
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
}
