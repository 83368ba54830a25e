//! Makes a [`ServiceProblem`] of a failure and its body, in every shape that was seen.
//!
//! The status decides what it means; the body has the words. `error` may be an object, a sentence,
//! a list, or JSON in a string (recorded in July 2025, github.com/crmne/ruby_llm/issues/278); the
//! edge answers in HTML. A failure inside an answer means what its own code or type says.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::json::{self, number};
use super::page::{excerpt, is_html};
use super::wait;
use crate::error::{ProblemKind, ServiceProblem};
use crate::net::Head;

/// How much of a service's own sentence is shown, in characters.
const SENTENCE: usize = 2000;

/// How deep a sentence may stand; JSON in strings counts, too.
const DEPTH: usize = 8;

/// How many failures of a list are told.
const SEVERAL: usize = 3;

/// Where the sentence stands, the first that has one, in lower case and without `_`. FastAPI writes
/// `detail` and `msg`, AWS `Message`, Lambda `errorMessage`, OAuth `error_description`,
/// problem+json `title`, Apigee `fault`, MiniMax `status_msg`.
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
    "response",
];

/// What a failure says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its sentence; its code or type if it has none.
    pub message: String,
    /// The HTTP status it names.
    status: Option<u16>,
    /// Code and type, in the service's words.
    labels: Vec<String>,
}

/// What a failed response means, or a failure inside an answer.
pub fn read(
    head: &Head,
    body: &str,
    host: &str,
    model: Option<&str>,
    now: SystemTime,
) -> ServiceProblem {
    let report = Report::read(body);
    let wait = wait::wanted_wait(head, now).map(|wait| wait.min(Duration::from_secs(3600)));
    let is_answer = (200..=299).contains(&head.status);
    let named = report.status.filter(|_| is_answer);
    let status = named.unwrap_or(head.status);
    let kind = match status {
        200..=299 => kind_of(&report.plain_labels()),
        _ => kind(status, head, body, &report),
    };
    let kind = match kind {
        ProblemKind::RateLimited if is_quota(&report, wait) => ProblemKind::QuotaUsedUp,
        kind => kind,
    };
    ServiceProblem {
        // Once an answer has begun, the same request may have been paid for.
        may_pass: !is_answer && wait::may_pass(head, kind == ProblemKind::QuotaUsedUp),
        kind,
        status,
        label: report.label(Some(status)),
        message: report.message,
        host: host.to_owned(),
        model: model.map(str::to_owned),
        retry_after: wait,
    }
}

fn kind(status: u16, head: &Head, text: &str, report: &Report) -> ProblemKind {
    let message = report.message.to_lowercase();
    match status {
        300..=399 => ProblemKind::Redirect(
            head.header("location")
                .unwrap_or("another address")
                .to_owned(),
        ),
        400 | 422 => match unknown_parameter(&report.message) {
            Some(name) => ProblemKind::UnknownParameter(name),
            None => ProblemKind::Rejected,
        },
        401 if !is_html(text) => ProblemKind::Unauthorized,
        // A gateway that wants a login of its own.
        401 => ProblemKind::Blocked,
        403 if json::parse(text).is_err() => ProblemKind::Blocked,
        // The key is the matter.
        403 if contains_any(&message, &["model", "key", " plan"]) => ProblemKind::ModelNotCovered,
        // Routers and frameworks answer so, too, and know nothing of models.
        404 if is_about_model(text) => ProblemKind::NotFound,
        404 => ProblemKind::NoAddress,
        429 => ProblemKind::RateLimited,
        511 => ProblemKind::SignIn,
        408 | 500.. => ProblemKind::ServerFault,
        _ => ProblemKind::Rejected,
    }
}

/// Whether a failure is about the model, in its sentence or by its code.
fn is_about_model(text: &str) -> bool {
    json::parse(text).is_ok() && text.to_lowercase().contains("model")
}

/// What a failure means that names no status, by its code and type.
fn kind_of(labels: &str) -> ProblemKind {
    let says = |words: &[&str]| contains_any(labels, words);
    if says(&["authentication", "unauthorized", "invalidapikey"]) {
        ProblemKind::Unauthorized
    } else if says(&["ratelimit", "throttl", "quota", "exhausted", "toomany"]) {
        ProblemKind::RateLimited
    } else if says(&["invalid", "validation", "badrequest"]) {
        ProblemKind::Rejected
    } else {
        ProblemKind::ServerFault
    }
}

/// Whether more than a minute's share is used up. Heroku writes "Quota" for that, too, and Google
/// the words of a quota, with the time to wait.
fn is_quota(report: &Report, wait: Option<Duration>) -> bool {
    let labels = report.plain_labels();
    let message = report.message.to_lowercase();
    let is_about_money = contains_any(&message, &["billing", "spend", "credit", "insufficient"])
        || message.contains("current quota");
    contains_any(
        &labels,
        &[
            "insufficient",
            "billing",
            "spend",
            "payment",
            "quotaexceeded",
        ],
    ) || (is_about_money && wait.is_none() && !message.contains("per minute"))
}

/// The sentence of a failure in an answer, with code and type.
pub fn sentence(text: &str) -> String {
    let report = Report::read(text);
    match report.label(None) {
        Some(label) => format!("{} ({label})", report.message),
        None => report.message,
    }
}

/// Whether a field that is named for failures tells of one; many servers send it in every answer,
/// empty.
pub fn is_failure(name: &str, value: &Value) -> bool {
    if plain(name) == "baseresp" {
        return number(&value["status_code"]).is_some_and(|code| code != 0.0);
    }
    match value {
        Value::Null => false,
        Value::Bool(is_one) => *is_one,
        Value::Number(_) => number(value) != Some(0.0),
        Value::String(text) => !matches!(plain(text).trim(), "" | "null" | "none"),
        Value::Array(items) => items.iter().any(|item| is_failure("", item)),
        Value::Object(fields) => fields.values().any(|field| is_failure("", field)),
    }
}

/// Whether an object that holds no answer tells of a failure: vLLM's `"object": "error"`, AWS's and
/// API gateways' `message` alone, Bedrock's exception as the name of a field, FastAPI's `detail`.
pub fn is_report(object: &Value) -> bool {
    let mut fields = object.as_object().into_iter().flatten();
    fields.any(|(name, value)| match plain(name).as_str() {
        "object" | "type" | "status" => {
            let text = value.as_str().unwrap_or_default().to_ascii_lowercase();
            ends_in_any(&text, &["error", "failed", "failure"])
        }
        "success" | "ok" => *value == false,
        "message" | "msg" | "detail" | "errormessage" | "faultstring" => {
            (value.is_string() || value.is_array()) && is_failure("", value)
        }
        name => (name == "baseresp" || is_exception(name)) && is_failure(name, value),
    })
}

fn is_exception(plain_name: &str) -> bool {
    ends_in_any(plain_name, &["error", "errors", "exception", "fault"])
}

pub fn contains_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

pub fn ends_in_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.ends_with(word))
}

/// A name without its manner of writing.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| !matches!(character, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

impl Report {
    /// What a body says, or the data of an event.
    fn read(text: &str) -> Self {
        let mut report = Report::default();
        let said = json::parse(text)
            .ok()
            .and_then(|json| report.sentence_in(&json, DEPTH));
        report.message = match said {
            Some(said) => json::joined(&said).chars().take(SENTENCE).collect(),
            None if !report.labels.is_empty() => report.labels.remove(0),
            None => excerpt(text),
        };
        report
    }

    /// The sentence in a value. Notes code and type on the way to it.
    fn sentence_in(&mut self, json: &Value, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match json {
            Value::String(text) => match json::parse(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => self.sentence_in(&inner, depth),
                _ => (!text.trim().is_empty()).then(|| text.clone()),
            },
            Value::Array(items) => several(
                items
                    .iter()
                    .filter_map(|item| self.sentence_in(item, depth)),
            ),
            Value::Object(fields) => self.sentence_of(fields, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn sentence_of(&mut self, object: &Map<String, Value>, depth: usize) -> Option<String> {
        let named = object
            .iter()
            .map(|(name, value)| (name, plain(name), value));
        let fields: Vec<_> = named.filter(|(.., value)| !value.is_null()).collect();
        let field = |wanted: &str| fields.iter().find(|(_, name, _)| name == wanted);
        let is_exception = |name: &str| is_exception(name) && !SENTENCES.contains(&name);
        let place = ["loc", "path"]
            .iter()
            .find_map(|name| place(field(name)?.2));
        for (name, plain, value) in &fields {
            // Bedrock names the failure there.
            if is_exception(plain) && is_failure("", value) {
                self.label_with(name);
            }
            // What was sent wrong is named by its place; its type is the checker's, not the
            // service's.
            if place.is_none() {
                self.note_code(plain, value);
            }
        }
        // {"error": "Bad Request", "message": "what was bad"} says more in its second field.
        let error = field("error").filter(|(.., value)| {
            value
                .as_str()
                .is_none_or(|text| text.trim_start().starts_with('{'))
        });
        let sentences = SENTENCES.iter().filter_map(|name| field(name));
        let exceptions = fields.iter().filter(|(_, name, _)| is_exception(name));
        let mut places = error.into_iter().chain(sentences).chain(exceptions);
        let said = places.find_map(|(_, name, value)| {
            self.sentence_in(value, depth).or_else(|| {
                // The names are those of the fields that were wrong, as Rails has it.
                let fields = value.as_object().filter(|_| name == "errors")?.iter();
                several(fields.filter_map(|(name, value)| {
                    Some(format!("{name}: {}", self.sentence_in(value, depth)?))
                }))
            })
        })?;
        Some(place.map_or_else(|| said.clone(), |place| format!("{place}: {said}")))
    }

    fn note_code(&mut self, name: &str, value: &Value) {
        if !(name == "name" || ends_in_any(name, &["code", "status", "type"])) {
            return;
        }
        match number(value) {
            Some(code) if (400.0..600.0).contains(&code) => self.status = Some(code as u16),
            Some(0.0) => {}
            _ => self.label_with(&written(value)),
        }
    }

    fn label_with(&mut self, label: &str) {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '#');
        let is_label = (1..=64).contains(&label.len()) && label.chars().all(is_word);
        let says_nothing = matches!(
            &*label.to_lowercase(),
            "error" | "failed" | "failure" | "true" | "false"
        );
        if is_label && !says_nothing && !self.labels.iter().any(|other| other == label) {
            self.labels.push(label.to_owned());
        }
    }

    /// Code and type without their manner of writing.
    fn plain_labels(&self) -> String {
        plain(&self.labels.join(","))
    }

    /// Code and type in a phrase, with the status unless it is told already.
    fn label(&self, known: Option<u16>) -> Option<String> {
        let status = self.status.filter(|status| known != Some(*status));
        let labels = self
            .labels
            .iter()
            .filter(|label| !self.message.contains(*label));
        let parts = status.map(|status| status.to_string()).into_iter();
        let parts: Vec<String> = parts.chain(labels.cloned()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The first of several sentences, each once.
fn several(sentences: impl Iterator<Item = String>) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for sentence in sentences {
        if !said.contains(&sentence) {
            said.push(sentence);
        }
        if said.len() == SEVERAL {
            break;
        }
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// The field that a path of FastAPI's or Zod's leads to.
fn place(path: &Value) -> Option<String> {
    let steps = path.as_array()?.iter().map(written);
    let steps: Vec<String> = steps.filter(|step| step != "body").collect();
    (!steps.is_empty()).then(|| steps.join("."))
}

fn written(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
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
mod tests;
