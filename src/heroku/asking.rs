//! Requests about an app, and what comes of them: an answer, or why there is none.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::log;
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure};
use crate::interrupt::Watch;
use crate::net::{Exchange, Head, Http, Limits, Request, Step};
use crate::why::Reader;

/// More than this is no answer, in bytes.
const LIMIT: usize = 8 * 1024 * 1024;

const VERSION: &str = "application/vnd.heroku+json; version=3";

/// The last ten; without a range the oldest come first.
const RELEASES: &str = "version ..; max=10, order=desc";

/// What there is of the log, and no more of it.
const LINES: &str = r#"{"lines": 1500, "tail": false}"#;

/// Asks about one app.
#[derive(Clone)]
pub struct Asker {
    pub http: Arc<Http>,
    pub base: Url,
    /// Heroku's status page, which gets no token.
    pub status: Url,
    pub app: String,
    pub token: Secret,
    /// For each request.
    pub limit: Duration,
    pub watch: Watch,
}

/// Heroku's error object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    id: String,
    message: String,
}

#[derive(Deserialize)]
struct Session {
    /// A secret, as whoever has it can read the log.
    logplex_url: Secret,
}

impl Asker {
    /// What there is below the app's path.
    pub fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, HerokuFailure> {
        self.json(self.request(what, None)?)
    }

    /// The log, by a session.
    pub fn log(&self, reader: Reader) -> Result<Reader, HerokuFailure> {
        let session = |body: &str| -> Result<Session, HerokuFailure> {
            self.json(self.request("/log-sessions", Some(body.as_bytes().to_vec()))?)
        };
        let session = match session(LINES) {
            // Apps of the Fir generation know no number of lines.
            Err(HerokuFailure::Refused(_)) => session("{}")?,
            other => other?,
        };
        let url = Url::parse(session.logplex_url.expose());
        self.stream(
            url.map_err(|error| self.unreachable(error.to_string()))?,
            reader,
        )
    }

    /// What Heroku's status page has.
    pub fn status<T: DeserializeOwned>(&self) -> Result<T, HerokuFailure> {
        let url = self.status.join("/api/v4/current-status");
        let url = url.map_err(|error| self.unreachable(error.to_string()))?;
        self.json(self.foreign(url, "application/json")?)
    }

    fn stream(&self, url: Url, mut reader: Reader) -> Result<Reader, HerokuFailure> {
        let (head, mut exchange) = self.send(self.foreign(url, "text/event-stream")?)?;
        let kind = head.header("content-type").unwrap_or_default();
        if head.status != 200 || kind.contains("html") {
            return Err(self.refused(false, &head, ""));
        }
        let has_events = kind.contains("event-stream");
        let next = |wait| log::of_exchange(&mut exchange, wait);
        log::read(next, self.limit, has_events, &mut reader)
            .map(|()| reader)
            .map_err(|error| self.unreachable(error.to_string()))
    }

    /// A request to somebody else, without the token.
    fn foreign(&self, url: Url, accept: &'static str) -> Result<Request, HerokuFailure> {
        let request = self.request("", None)?;
        Ok(Request {
            url,
            key: None,
            accept,
            ..request
        })
    }

    fn request(&self, what: &str, body: Option<Vec<u8>>) -> Result<Request, HerokuFailure> {
        let url = self.base.join(&format!("/apps/{}{what}", self.app));
        Ok(Request {
            url: url.map_err(|error| self.unreachable(error.to_string()))?,
            key: Some(self.token.clone()),
            accept: VERSION,
            range: (what == "/releases").then_some(RELEASES),
            silence: self.limits().silence(),
            body,
        })
    }

    fn limits(&self) -> Limits {
        Limits::with_first_byte(self.limit)
            .at_most(self.limit)
            .once()
    }

    /// The head of the answer, and what brings the rest.
    fn send(&self, request: Request) -> Result<(Head, Exchange), HerokuFailure> {
        let mut exchange = Exchange::start(&self.http, request, self.limits(), self.watch.clone());
        match exchange.next(None) {
            Ok(Step::Head(head)) => Ok((head, exchange)),
            Ok(_) => Err(self.unreachable("no answer came".to_owned())),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, HerokuFailure> {
        let is_ours = request.key.is_some();
        let (head, mut exchange) = self.send(request)?;
        let mut body = Vec::new();
        loop {
            match exchange.next(None) {
                Ok(Step::Body(bytes)) if body.len() < LIMIT => body.extend(bytes),
                Ok(Step::Head(_) | Step::Tick) => {}
                Ok(Step::Body(_) | Step::End) => break,
                Err(error) => return Err(self.failed(&error)),
            }
        }
        let text = String::from_utf8_lossy(&body);
        match (head.status, serde_json::from_str(&text)) {
            (200 | 201 | 206, Ok(answer)) => Ok(answer),
            _ => Err(self.refused(is_ours, &head, &text)),
        }
    }

    fn refused(&self, is_ours: bool, head: &Head, body: &str) -> HerokuFailure {
        let problem: Problem = serde_json::from_str(body).unwrap_or_default();
        match head.status {
            401 if is_ours => HerokuFailure::InvalidToken,
            404 if is_ours && problem.id == "not_found" => {
                HerokuFailure::UnknownApp(Some(self.app.clone()))
            }
            200..=299 => HerokuFailure::Refused("it sent a web page".to_owned()),
            status if problem.message.is_empty() => {
                HerokuFailure::Refused(format!("status {status}"))
            }
            _ => HerokuFailure::Refused(problem.message),
        }
    }

    fn failed(&self, error: &Error) -> HerokuFailure {
        self.unreachable(error.explain().title)
    }

    fn unreachable(&self, reason: String) -> HerokuFailure {
        HerokuFailure::Unreachable(reason)
    }
}
