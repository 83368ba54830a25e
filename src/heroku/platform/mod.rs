//! Heroku's Platform API, asked without the Heroku CLI, which takes most of a second to start.
//!
//! Only with a login and a host that the CLI would use too: [`token`] and [`host`] say which.
//! Whatever is out of the ordinary is a failure, and the caller's business: the CLI knows second
//! factors, keychains and logins. Several threads may ask at once, each with a clone.

mod body;
mod host;
mod token;
mod variables;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeSeed;
use url::Url;

use crate::api::Tell;
use crate::api::call::{Progress, TICK};
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure, NetworkFailure, PlatformFailure};
use crate::interrupt::{Interrupts, Watch};
use crate::net::{Exchange, Head, Http, Limits, Request, Step};
pub use body::Body;
pub use host::Host;
pub use variables::Wanted;

/// The longest wait for an answer, all of it.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The most that is read of a failure, in bytes.
const FAILURE_LIMIT: usize = 64 * 1024;

/// The most that is read of anything else.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// The API at its host, with a login.
#[derive(Clone)]
pub struct Platform {
    http: Arc<Http>,
    base: Url,
    token: Secret,
    /// Whether the token may be that of `HEROKU_API_KEY`.
    has_variable: bool,
    watch: Watch,
}

/// One request: a GET, or a POST if there is a body.
#[derive(Clone, Debug)]
pub struct Question {
    /// Percent-encoded where it needs to be, as `/apps/example-app/releases`.
    pub path: String,
    /// As `("range", "version ..; max=10, order=desc")`, names in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// JSON.
    pub body: Option<Vec<u8>>,
    pub limit: Duration,
}

impl Question {
    /// A GET of this path, all of whose answer is to come within this time.
    pub fn get(path: impl Into<String>, limit: Duration) -> Self {
        Question {
            path: path.into(),
            headers: &[],
            body: None,
            limit,
        }
    }
}

impl Platform {
    /// The API, with the token that is at hand without starting anything; none if there is none, or
    /// if the host is one that gets no token.
    pub fn at_hand(environment: &Environment, interrupts: &Interrupts) -> Option<Self> {
        let host = Host::of(environment)?;
        let token = token::at_hand(environment, &host.machine)?;
        Some(Platform::new(host.base, token, environment, interrupts))
    }

    /// The API at this address, with this token.
    pub fn new(
        base: Url,
        token: Secret,
        environment: &Environment,
        interrupts: &Interrupts,
    ) -> Self {
        Platform {
            http: Arc::new(Http::new(environment.clone())),
            base,
            token,
            has_variable: environment.get("HEROKU_API_KEY").is_some(),
            watch: interrupts.watch(),
        }
    }

    /// The token, for whoever keeps secrets out of what is printed.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// Asks, once, and reads the JSON of the answer while it comes: `PhantomData::<T>` is the seed
    /// of any type. Of what the seed ignores nothing is kept. `tell` hears how it goes.
    ///
    /// # Errors
    /// [`Error::Platform`] if another answer comes than JSON of that form with a status of 200, 201
    /// or 206; Ctrl-C, and what the network did.
    pub fn ask<S: DeserializeSeed<'static>>(
        &self,
        question: Question,
        seed: S,
        tell: Tell<'_>,
    ) -> Result<S::Value, Error> {
        let mut url = self.base.clone();
        url.set_path(&question.path);
        let limits = Limits::with_first_byte(question.limit).at_most(question.limit);
        let request = Request {
            url,
            key: Some(self.token.clone()),
            accept: "application/vnd.heroku+json; version=3",
            headers: question.headers,
            silence: limits.silence(),
            body: question.body,
        };
        tell(&Progress::Sent(request.head_lines()));
        let mut exchange = Exchange::start(&self.http, request, limits.once(), self.watch.clone());
        let answer = self.answer(&mut exchange, seed, tell);
        tell(&Progress::End);
        answer
    }

    /// What a failure means for somebody who asked about an app.
    pub fn failure(&self, error: Error, app: &str) -> HerokuFailure {
        match error {
            Error::Platform(PlatformFailure::Refused { status: 401, .. }) => {
                match self.has_variable {
                    true => HerokuFailure::InvalidToken,
                    false => HerokuFailure::NotLoggedIn,
                }
            }
            Error::Platform(PlatformFailure::Refused { status: 404, .. }) => {
                HerokuFailure::UnknownApp(Some(app.to_owned()))
            }
            Error::Platform(failure) => HerokuFailure::Platform(failure),
            Error::Network(NetworkFailure::Certificate { .. }) => {
                HerokuFailure::Certificate(error.explain().title)
            }
            other => HerokuFailure::Unreachable(other.explain().title),
        }
    }

    fn answer<S: DeserializeSeed<'static>>(
        &self,
        exchange: &mut Exchange,
        seed: S,
        tell: Tell<'_>,
    ) -> Result<S::Value, Error> {
        let Head { status, .. } = head(exchange, tell)?;
        if matches!(status, 200 | 201 | 206) {
            let mut body = Body::of(exchange, ANSWER_LIMIT);
            return body
                .json(seed)
                .map_err(|reason| self.unread(status, reason));
        }
        /// What the API says of a failure.
        #[derive(Deserialize)]
        struct Refusal {
            id: String,
            message: String,
        }
        let seed = std::marker::PhantomData::<Refusal>;
        match Body::of(exchange, FAILURE_LIMIT).json(seed) {
            Ok(Refusal { id, message }) => Err(Error::Platform(PlatformFailure::Refused {
                status,
                id,
                // Some are of several lines.
                message: message.split_whitespace().collect::<Vec<_>>().join(" "),
            })),
            Err(reason) => Err(self.unread(status, reason)),
        }
    }

    fn unread(&self, status: u16, reason: body::Failure) -> Error {
        match reason {
            body::Failure::Network(error) => error,
            body::Failure::Content(reason) => Error::Platform(PlatformFailure::NotJson {
                status,
                host: self.base.host_str().unwrap_or_default().to_owned(),
                reason,
            }),
        }
    }
}

/// Waits for the head of the response.
fn head(exchange: &mut Exchange, tell: Tell<'_>) -> Result<Head, Error> {
    let started = Instant::now();
    loop {
        if let Step::Head(head) = exchange.next(Some(TICK))? {
            let after = started.elapsed();
            tell(&Progress::Head {
                head: head.clone(),
                after,
            });
            return Ok(head);
        }
        tell(&Progress::Waiting(started.elapsed()));
    }
}

#[cfg(test)]
mod tests;
