//! Requests about an app, and what comes of them: an answer, or why there is none. What is open to
//! whoever knows its address, a log session and Heroku's status page, gets no token.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::facts::Log;
use super::log;
use super::platform::{Body, Platform, Question};
use crate::api::call::Progress;
use crate::config::HerokuQuery;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure, PlatformFailure};
use crate::interrupt::{Interrupts, Watch};
use crate::net::{Exchange, Http, Limits, Request, Step};
use crate::why::Reader;

/// The last ten; without a range the oldest come first.
const RELEASES: &[(&str, &str)] = &[("range", "version ..; max=10, order=desc")];

/// What there is of the log, and no more of it.
const LINES: &str = r#"{"lines": 1500, "tail": false}"#;

/// More than this is no status page, in bytes.
const STATUS_LIMIT: usize = 1024 * 1024;

/// Asks about one app.
#[derive(Clone)]
pub struct Asker {
    pub app: String,
    /// Or why it can't be asked.
    pub platform: Result<Platform, HerokuFailure>,
    /// Whether its token is that of `HEROKU_API_KEY`.
    pub has_variable: bool,
    pub http: Arc<Http>,
    /// The address of Heroku's status page.
    pub status: String,
    /// For each request.
    pub limit: Duration,
    pub watch: Watch,
    /// Hears of requests and responses.
    pub told: Option<Sender<Progress>>,
}

#[derive(Deserialize)]
struct Session {
    /// A secret, as whoever has it can read the log.
    logplex_url: Secret,
}

impl Asker {
    /// Asks about this app, once it has a platform to ask.
    ///
    /// # Errors
    /// If there can be no app of that name, which becomes part of a path.
    pub fn of(
        app: &str,
        limit: Duration,
        environment: &Environment,
        interrupts: &Interrupts,
    ) -> Result<Self, HerokuFailure> {
        let is_part = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
        if app.is_empty() || !app.bytes().all(is_part) {
            return Err(HerokuFailure::UnknownApp(Some(app.to_owned())));
        }
        // As the Heroku CLI has it.
        let status = environment
            .get("HEROKU_STATUS_HOST")
            .unwrap_or("https://status.heroku.com");
        Ok(Asker {
            app: app.to_owned(),
            platform: Err(HerokuFailure::NotLoggedIn),
            has_variable: environment.get("HEROKU_API_KEY").is_some(),
            http: Arc::new(Http::new(environment.clone())),
            status: status.to_owned(),
            limit,
            watch: interrupts.watch(),
            told: None,
        })
    }

    /// The app, for the CLI.
    pub fn query(&self) -> HerokuQuery {
        HerokuQuery {
            app: Some(self.app.clone()),
            ..HerokuQuery::default()
        }
    }

    /// What there is below the app's path.
    pub fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, HerokuFailure> {
        self.ask(what, None)
    }

    /// The log, by a session.
    pub fn log(&self, reader: Reader) -> Result<Log, HerokuFailure> {
        let session = |body| self.ask::<Session>("/log-sessions", Some(body));
        let session = match session(LINES) {
            // Apps of the Fir generation know no number of lines.
            Err(HerokuFailure::Refused(_)) => session("{}")?,
            other => other?,
        };
        self.stream(session.logplex_url.expose(), reader)
    }

    /// What Heroku's status page has.
    pub fn status<T: DeserializeOwned>(&self) -> Result<T, HerokuFailure> {
        let url = format!(
            "{}/api/v4/current-status",
            self.status.trim_end_matches('/')
        );
        let (mut exchange, _) = self.open(&url, "application/json")?;
        let answer = Body::of(&mut exchange, STATUS_LIMIT).json(PhantomData);
        answer.map_err(|_| unreachable("its status page sent something else"))
    }

    fn ask<T: DeserializeOwned>(&self, what: &str, body: Option<&str>) -> Result<T, HerokuFailure> {
        let question = Question {
            headers: if what == "/releases" { RELEASES } else { &[] },
            body: body.map(|it| it.as_bytes().to_vec()),
            limit: self.limit,
            ..Question::get(format!("/apps/{}{what}", self.app))
        };
        let mut tell = |progress: &Progress| {
            let told = match progress {
                Progress::Sent(lines) => Progress::Sent(lines.clone()),
                Progress::Head { head, after } => Progress::Head {
                    head: head.clone(),
                    after: *after,
                },
                _ => return,
            };
            _ = self.told.as_ref().map(|it| it.send(told));
        };
        let platform = self.platform.as_ref().map_err(Clone::clone)?;
        let answer = platform.ask(question, PhantomData, &mut tell);
        answer.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: Error) -> HerokuFailure {
        match error {
            Error::Platform(PlatformFailure::Refused { status: 401, .. }) => {
                match self.has_variable {
                    true => HerokuFailure::InvalidToken,
                    false => HerokuFailure::NotLoggedIn,
                }
            }
            Error::Platform(PlatformFailure::Refused { status: 404, .. }) => {
                HerokuFailure::UnknownApp(Some(self.app.clone()))
            }
            Error::Platform(PlatformFailure::Refused { message, .. }) => {
                HerokuFailure::Refused(message)
            }
            other => unreachable(&other.explain().title),
        }
    }

    fn stream(&self, url: &str, mut reader: Reader) -> Result<Log, HerokuFailure> {
        let (mut exchange, kind) = self.open(url, "text/event-stream")?;
        if kind.contains("html") {
            return Err(unreachable("a web page came"));
        }
        let has_events = kind.contains("event-stream");
        let next = |wait| log::of_exchange(&mut exchange, wait);
        let broken = log::read(next, self.limit, has_events, &mut reader)?;
        Ok((reader, broken))
    }

    /// The body behind an address, and of what type it is. The address is told nobody.
    fn open(&self, url: &str, accept: &'static str) -> Result<(Exchange, String), HerokuFailure> {
        let limits = Limits::with_first_byte(self.limit)
            .at_most(self.limit)
            .once();
        let request = Request {
            url: Url::parse(url).map_err(|error| unreachable(&error.to_string()))?,
            key: None,
            accept,
            headers: &[],
            silence: limits.silence(),
            body: None,
        };
        let mut exchange = Exchange::start(&self.http, request, limits, self.watch.clone());
        match exchange.next(None) {
            Ok(Step::Head(head)) if head.status == 200 => {
                let kind = head.header("content-type").unwrap_or_default().to_owned();
                Ok((exchange, kind))
            }
            Ok(Step::Head(head)) => Err(unreachable(&format!("status {}", head.status))),
            Ok(_) => Err(unreachable("no answer came")),
            Err(error) => Err(unreachable(&error.explain().title)),
        }
    }
}

fn unreachable(reason: &str) -> HerokuFailure {
    HerokuFailure::Unreachable(reason.to_owned())
}
