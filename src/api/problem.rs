//! Makes a [`ServiceProblem`] of a failure and its body, in every shape that was seen.
//!
//! The status decides what it means; the body has the words. `error` may be an object, a sentence,
//! a list, or JSON in a string (recorded in July 2025, github.com/crmne/ruby_llm/issues/278); the
//! edge answers in HTML. A failure inside an answer means what its own code or type says.

use std::time::{Duration, SystemTime};

use super::json::{Json, Kind};
use super::page::{excerpt, is_html, trimmed};
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
pub struct Told {
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
    body: &[u8],
    host: &str,
    model: Option<&str>,
    now: SystemTime,
) -> ServiceProblem {
    let text = String::from_utf8_lossy(body);
    let told = Told::read(&text);
    let wait = wait::wanted_wait(head, now).map(|wait| wait.min(Duration::from_secs(3600)));
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
        ProblemKind::RateLimited if is_quota(&told, wait) => ProblemKind::QuotaUsedUp,
        kind => kind,
    };
    ServiceProblem {
        // Once an answer has begun, the same request may have been paid for.
        may_pass: !is_answer && wait::may_pass(head, kind == ProblemKind::QuotaUsedUp),
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
        401 if !is_html(text) => ProblemKind::Unauthorized,
        // A gateway that wants a login of its own.
        401 => ProblemKind::Blocked,
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
    ["model", "key", " plan"]
        .iter()
        .any(|word| message.contains(word))
}

/// Whether more than a minute's share is used up. Heroku writes "Quota" for that, too, and Google
/// the words of a quota, with the time to wait.
fn is_quota(told: &Told, wait: Option<Duration>) -> bool {
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
    let is_about_money = message_says.iter().any(|word| message.contains(word));
    label_says.iter().any(|word| labels.contains(word))
        || (is_about_money && wait.is_none() && !message.contains("per minute"))
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
            "object" | "type" | "status" => {
                let ends = ["error", "failed", "failure"];
                ends.iter()
                    .any(|end| text.to_ascii_lowercase().ends_with(end))
            }
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
        let said =
            named
                .chain(exceptions)
                .find_map(|(name, value)| match self.look(*value, depth) {
                    None if name == "errors" => self.look_at_each(*value, depth),
                    said => said,
                })?;
        Some(match place {
            Some(place) => format!("{place}: {said}"),
            None => said,
        })
    }

    /// The sentences of an object whose names are the fields that were wrong, as Rails has it.
    fn look_at_each(&mut self, object: Json<'_>, depth: usize) -> Option<String> {
        let mut said: Vec<String> = Vec::new();
        object.fields(|name, value| {
            if let Some(sentence) = (said.len() < SEVERAL)
                .then(|| self.look(value, depth))
                .flatten()
            {
                said.push(format!("{name}: {sentence}"));
            }
        });
        (!said.is_empty()).then(|| said.join("; "))
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
