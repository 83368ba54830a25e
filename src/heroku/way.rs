//! How Heroku is asked about an app: by its Platform API, if there is a login for that and the user
//! allows it, else by the commands of its CLI. What is open to whoever knows its address, a log
//! session and Heroku's status page, gets no token.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::platform::{Body, Host, Platform, Question};
use super::{HerokuCli, direct, log};
use crate::api::call::Progress;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::config::{HerokuQuery, is_loopback};
use crate::error::{Error, HerokuFailure, PlatformFailure};
use crate::interrupt::{Interrupts, Watch};
use crate::net::{Exchange, Http, Limits, Request, Step};
use crate::why::{Reader, Release};

/// The CLI, which has to start first, is waited for so many times as long as an answer.
const CLI_PATIENCE: f32 = 1.5;

/// The last ten; without a range the oldest come first.
const LAST_RELEASES: &[(&str, &str)] = &[("range", "version ..; max=10, order=desc")];

/// What there is of the log, and no more of it.
const LINES: &str = r#"{"lines": 1500, "tail": false}"#;

/// More than this is no status page, in bytes.
const STATUS_LIMIT: usize = 1024 * 1024;

/// Which app is asked about, and from where.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// A name that [`crate::config::is_app_name`] takes, as it becomes part of a path.
    pub app: &'a str,
    /// For each answer.
    pub limit: Duration,
    pub environment: &'a Environment,
    pub interrupts: &'a Interrupts,
}

/// How Heroku is asked about an app.
#[derive(Clone)]
pub struct Way {
    app: String,
    by: By,
    http: Arc<Http>,
    /// The address of Heroku's status page.
    status: String,
    /// For each answer.
    limit: Duration,
    watch: Watch,
    /// Hears of requests with the token, and of their responses.
    pub told: Option<Sender<Progress>>,
}

#[derive(Clone)]
enum By {
    Platform(Platform),
    Cli(HerokuCli),
    /// Nobody can be asked, for this reason.
    Nobody(HerokuFailure),
}

/// A log that was read.
pub struct Log {
    pub reader: Reader,
    /// What broke it off, if anything.
    pub broken: Option<HerokuFailure>,
}

#[derive(Deserialize)]
struct Session {
    /// A secret, as whoever has it can read the log.
    logplex_url: Secret,
}

impl Way {
    /// The way that is open. `waiting` is told if the CLI has to be asked for its login, which takes
    /// it a second.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn find(
        asking: Asking<'_>,
        query: &HerokuQuery,
        waiting: impl FnOnce(),
    ) -> Result<Self, Error> {
        let Asking {
            environment,
            interrupts,
            ..
        } = asking;
        let cli = HerokuCli::find(environment);
        let host = Host::of(environment).filter(|_| direct::is_allowed(query, environment));
        let Some(host) = host else {
            return Ok(Way::of(asking, By::Cli(cli)));
        };
        let by = match Platform::at_hand(environment, interrupts) {
            Some(platform) => By::Platform(platform),
            None => {
                waiting();
                let limit = asking.limit.mul_f32(CLI_PATIENCE);
                let token = interrupts.run(limit * 2, move || super::token(&cli, limit))?;
                match token.unwrap_or(Err(HerokuFailure::TimedOut(limit))) {
                    Ok(token) => {
                        By::Platform(Platform::new(host.base, token, environment, interrupts))
                    }
                    Err(failure) => By::Nobody(failure),
                }
            }
        };
        Ok(Way::of(asking, by))
    }

    /// A server of the same API and of the status page on this machine, with this token.
    pub fn to(asking: Asking<'_>, url: Url, token: Secret) -> Self {
        let status = url.to_string();
        let platform = Platform::new(url, token, asking.environment, asking.interrupts);
        Way {
            status,
            ..Way::of(asking, By::Platform(platform))
        }
    }

    fn of(asking: Asking<'_>, by: By) -> Self {
        // As the Heroku CLI has it.
        let status = asking.environment.get("HEROKU_STATUS_HOST");
        Way {
            app: asking.app.to_owned(),
            by,
            http: Arc::new(Http::new(asking.environment.clone())),
            status: status.unwrap_or("https://status.heroku.com").to_owned(),
            limit: asking.limit,
            watch: asking.interrupts.watch(),
            told: None,
        }
    }

    /// The token, which nobody is to see.
    pub fn token(&self) -> Option<&Secret> {
        match &self.by {
            By::Platform(platform) => Some(platform.token()),
            By::Cli(_) | By::Nobody(_) => None,
        }
    }

    /// Whether the CLI is asked.
    pub fn is_cli(&self) -> bool {
        matches!(self.by, By::Cli(_))
    }

    /// What there is below the app's path; by the CLI, the JSON that this command prints, if there
    /// is one for it.
    pub fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        command: &[&str],
    ) -> Result<T, HerokuFailure> {
        self.ask(self.question(what), command)
    }

    /// The last ten releases.
    pub fn releases(&self) -> Result<Vec<Release>, HerokuFailure> {
        let question = Question {
            headers: LAST_RELEASES,
            ..self.question("/releases")
        };
        self.ask(question, &["releases", "--json", "-n", "10"])
    }

    /// One release.
    pub fn release(&self, version: u32) -> Result<Release, HerokuFailure> {
        let name = format!("v{version}");
        let command = ["releases:info", &name, "--json"];
        self.get(&format!("/releases/{version}"), &command)
    }

    /// The log.
    pub fn log(&self, reader: Reader) -> Result<Log, HerokuFailure> {
        if let By::Cli(cli) = &self.by {
            return super::logs(cli, &self.query(), self.cli_limit(), reader);
        }
        let session = |body: &str| {
            let question = Question {
                body: Some(body.as_bytes().to_vec()),
                ..self.question("/log-sessions")
            };
            self.ask::<Session>(question, &[])
        };
        let session = match session(LINES) {
            // Apps of the Fir generation know no number of lines.
            Err(HerokuFailure::Platform(PlatformFailure::Refused {
                status: 400 | 422, ..
            })) => session("{}")?,
            other => other?,
        };
        self.stream(session.logplex_url.expose(), reader)
    }

    /// What Heroku's status page has.
    pub fn status<T: DeserializeOwned>(&self) -> Result<T, HerokuFailure> {
        let page = self.status.trim_end_matches('/');
        let page = format!("{page}/api/v4/current-status");
        let (mut exchange, _) = self.open(&page, "application/json")?;
        let answer = Body::of(&mut exchange, STATUS_LIMIT).json(PhantomData);
        answer.map_err(|_| unreachable("its status page sent something else"))
    }

    /// The app, for the CLI.
    fn query(&self) -> HerokuQuery {
        HerokuQuery {
            app: Some(self.app.clone()),
            ..HerokuQuery::default()
        }
    }

    fn cli_limit(&self) -> Duration {
        self.limit.mul_f32(CLI_PATIENCE)
    }

    fn question(&self, what: &str) -> Question {
        Question::get(format!("/apps/{}{what}", self.app), self.limit)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        question: Question,
        command: &[&str],
    ) -> Result<T, HerokuFailure> {
        let platform = match &self.by {
            By::Platform(platform) => platform,
            By::Nobody(failure) => return Err(failure.clone()),
            By::Cli(cli) => return super::json(cli, command, &self.query(), self.cli_limit()),
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
        let answer = platform.ask(question, PhantomData, &mut tell);
        answer.map_err(|error| platform.failure(error, &self.app))
    }

    fn stream(&self, url: &str, mut reader: Reader) -> Result<Log, HerokuFailure> {
        let (mut exchange, kind) = self.open(url, "text/event-stream")?;
        if kind.contains("html") {
            return Err(unreachable("a web page came"));
        }
        let has_events = kind.contains("event-stream");
        let next = |wait| log::of_exchange(&mut exchange, wait);
        let broken = log::read(next, self.limit, has_events, &mut reader)?;
        Ok(Log { reader, broken })
    }

    /// The body behind an address, and of what type it is. The address is told nobody.
    fn open(&self, url: &str, accept: &'static str) -> Result<(Exchange, String), HerokuFailure> {
        let url = Url::parse(url).map_err(|error| unreachable(&error.to_string()))?;
        // A log in clear text is everybody's.
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(unreachable("its address has no https"));
        }
        let limits = Limits::with_first_byte(self.limit).at_most(self.limit);
        let request = Request {
            url,
            key: None,
            accept,
            headers: &[],
            silence: limits.silence(),
            body: None,
        };
        let mut exchange = Exchange::start(&self.http, request, limits.once(), self.watch.clone());
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
