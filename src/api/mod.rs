//! The service: requests, answers, failures, and one kind of call for every endpoint. It opens no
//! socket; [`crate::net`] does.

pub mod call;
mod chunk;
mod completion;
pub mod curl;
mod finish;
mod json;
pub mod models;
mod page;
pub mod probe;
mod problem;
pub mod reply;
pub mod request;
mod sse;
mod text;
mod think;
mod usual;
pub mod wait;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use call::{Call, Need, Progress, Satisfied, TICK};
use chunk::Chunk;
use models::{Catalogue, Model};
use wait::{Attempts, Now};

use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::Error;
use crate::interrupt::{Interrupts, Watch};
use crate::net::{self, Exchange, Head, Http, Limits, Request, Step, Warm};

const CHAT_PATH: &str = "/v1/chat/completions";

/// The catalogue is some ten kilobytes; more than this is something else.
const FETCH_LIMIT: usize = 4 * 1024 * 1024;

/// The longest wait for the catalogue.
const CATALOGUE_WAIT: Duration = Duration::from_secs(15);

/// What one call after another goes over: a connection for each, and what hears Ctrl-C.
pub struct Line {
    client: Client,
    watch: Watch,
    exchange: Option<Exchange>,
}

/// Hears how a call goes.
pub type Tell<'t> = &'t mut dyn FnMut(&Progress);

/// A service at its address, with the key for it.
#[derive(Clone)]
pub struct Client {
    http: Arc<Http>,
    base: Url,
    key: Option<Secret>,
    limits: Limits,
    /// The connection of the next chat request.
    pub warm: Warm,
}

impl Client {
    /// A client for a checked base URL. Without a key only the catalogue can be read.
    pub fn new(base: Url, key: Option<Secret>, limits: Limits, environment: Environment) -> Self {
        Client {
            http: Arc::new(Http::new(environment)),
            base,
            key,
            limits,
            warm: Warm::default(),
        }
    }

    /// The same service, asked with less patience or more.
    pub fn with_limits(&self, limits: Limits) -> Self {
        Client {
            limits,
            ..self.clone()
        }
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// The address of chat completions.
    pub fn chat_endpoint(&self) -> Url {
        self.endpoint(CHAT_PATH)
    }

    /// A chat request with this body.
    pub fn chat_request(&self, body: Vec<u8>, stream: bool) -> Request {
        let mut request = self.request(CHAT_PATH, Some(body));
        if stream {
            request.accept = "text/event-stream, application/json";
        }
        request
    }

    /// Makes the connection of a chat request which is expected to become a little longer, with the
    /// next key or at once.
    pub fn expect(&self, body: Vec<u8>, stream: bool, at_once: bool) {
        let request = self.chat_request(body, stream);
        self.warm.expect(&self.http, Some(request), at_once);
    }

    /// Keeps no connection for the next request.
    pub fn expect_nothing(&self) {
        self.warm.expect(&self.http, None, false);
    }

    /// What a call of this client goes over. Ctrl-C ends it.
    pub fn line(&self, interrupts: &Interrupts) -> Line {
        Line {
            client: self.clone(),
            watch: interrupts.watch(),
            exchange: None,
        }
    }

    /// How often a call of this client is made.
    pub fn attempts(&self) -> Attempts {
        // From 0 to 1, another one for each process: the hasher's keys are random.
        let random = RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
        match self.limits.retries {
            true => Attempts::usual(random),
            false => Attempts::single(),
        }
    }

    /// The catalogue; `tell` hears how the call goes. The key isn't sent: it isn't
    /// needed.
    ///
    /// # Errors
    /// Network and service failures, and an answer that is no catalogue.
    pub fn catalogue(&self, interrupts: &Interrupts, tell: Tell<'_>) -> Result<Catalogue, Error> {
        let client = self.with_limits(self.limits.at_most(CATALOGUE_WAIT));
        let request = Request {
            key: None,
            ..client.request("/available-models", None)
        };
        let (head, body) = client.fetch(&request, None, interrupts, tell)?;
        let models =
            models::parse(&body).map_err(|reason| page::unreadable(self.host(), reason, &body))?;
        let date = head
            .header("date")
            .and_then(|date| httpdate::parse_http_date(date).ok());
        Ok(Catalogue { models, date })
    }

    /// The models of the catalogue.
    ///
    /// # Errors
    /// As [`Client::catalogue`].
    pub fn models(&self, interrupts: &Interrupts, tell: Tell<'_>) -> Result<Vec<Model>, Error> {
        Ok(self.catalogue(interrupts, tell)?.models)
    }

    /// A request of this client's: a POST with a body, a GET without.
    fn request(&self, path: &str, body: Option<Vec<u8>>) -> Request {
        Request {
            url: self.endpoint(path),
            key: self.key.clone(),
            accept: "application/json",
            headers: &[],
            silence: self.limits.silence(),
            body,
        }
    }

    /// The whole of a successful response.
    ///
    /// # Errors
    /// Network failures, every other status, and a page where an answer belongs.
    fn fetch(
        &self,
        request: &Request,
        model: Option<&str>,
        interrupts: &Interrupts,
        tell: Tell<'_>,
    ) -> Result<(Head, String), Error> {
        let host = self.host();
        let mut line = self.line(interrupts);
        let call = Call::new(host, model, self.attempts());
        let satisfy = |need| line.satisfy(need, || request.clone());
        let (head, body) = call.collect(FETCH_LIMIT, satisfy, tell)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        if page::is_html(&text) {
            return Err(page::unreadable(host, "it sent a web page", &text));
        }
        if body.len() > FETCH_LIMIT {
            let reason = format!("it sent more than {} MiB", FETCH_LIMIT >> 20);
            return Err(page::unreadable(host, reason, &text));
        }
        // Whatever the status says.
        if json::parse(&text).is_ok_and(|json| Chunk::read(&json, true).error.is_some()) {
            let problem = problem::read(&head, &text, host, model, Now::read().date);
            return Err(Error::Service(Box::new(problem)));
        }
        Ok((head, text))
    }

    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}

impl Line {
    /// Does what a call needs; `request` makes the request, if one is to be sent.
    pub fn satisfy(&mut self, need: Need, request: impl FnOnce() -> Request) -> Satisfied {
        match (need, &mut self.exchange) {
            (Need::Sleep(wait), _) => Satisfied::Came(self.watch.sleep(wait).map(|()| Step::Tick)),
            (Need::Step, Some(exchange)) => match exchange.next(Some(TICK)) {
                Err(error) if exchange.was_stale(&error) => self.send(request()),
                came => Satisfied::Came(came),
            },
            (Need::Send | Need::Step, _) => self.send(request()),
        }
    }

    fn send(&mut self, request: Request) -> Satisfied {
        let (limits, watch) = (self.client.limits, self.watch.clone());
        let mut lines;
        let connection;
        self.exchange = Some(match self.client.warm.take(&request) {
            Some(ready) => {
                (lines, connection) = (ready.request.head_lines(), "warm");
                Exchange::resume(ready, limits, watch)
            }
            None => {
                (lines, connection) = (request.head_lines(), "cold");
                Exchange::start(&self.client.http, request, limits, watch)
            }
        });
        let note = net::cannot_stop().map(|why| format!("; stopped, the request goes on: {why}"));
        lines.push(format!(
            "({connection} connection{})",
            note.unwrap_or_default()
        ));
        Satisfied::Sent(lines)
    }
}
