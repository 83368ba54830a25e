//! The service: what is sent, what comes back, and how failures read. Only [`http`] touches the network.

pub mod chat;
mod chunk;
pub mod curl;
mod exchange;
mod http;
pub mod models;
pub mod probe;
mod problem;
pub mod proxy;
pub mod reach;
pub mod reply;
pub mod retry;
mod sse;
mod think;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

pub use exchange::{Exchange, Limits, Step};
pub use http::Head;
use http::{Http, Request};

use models::{Catalogue, Model};

use crate::environment::Environment;
use crate::error::Error;
use crate::interrupt::Interrupts;
use crate::secret::Secret;

/// The catalogue is some ten kilobytes; more than this is something else.
const CATALOGUE_LIMIT: usize = 4 * 1024 * 1024;

/// The longest wait for the catalogue.
const CATALOGUE_WAIT: Duration = Duration::from_secs(15);

/// A service at its address, with the key for it.
#[derive(Clone)]
pub struct Client {
    http: Arc<Http>,
    base: Url,
    key: Option<Secret>,
    limits: Limits,
}

impl Client {
    /// A client for a checked base URL. Without a key only the catalogue can be read.
    pub fn new(base: Url, key: Option<Secret>, limits: Limits, environment: Environment) -> Self {
        Client { http: Arc::new(Http::new(environment)), base, key, limits }
    }

    /// The same service, asked with less patience or more.
    pub fn with_limits(&self, limits: Limits) -> Self {
        Client { limits, ..self.clone() }
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// The address of chat completions.
    pub fn chat_endpoint(&self) -> Url {
        self.endpoint("/v1/chat/completions")
    }

    /// Sends a chat request. `report` gets the lines of its head.
    pub fn chat(&self, body: Vec<u8>, stream: bool, interrupts: &Interrupts, report: impl Fn(&str)) -> Exchange {
        let accept = if stream { "text/event-stream, application/json" } else { "application/json" };
        let request = Request {
            url: self.chat_endpoint(),
            key: self.key.clone(),
            accept,
            silence: self.limits.silence(),
            body: Some(body),
        };
        request.head_lines().iter().for_each(|line| report(line));
        Exchange::start(&self.http, request, self.limits, interrupts)
    }

    /// The catalogue. The key isn't sent: it isn't needed.
    ///
    /// # Errors
    /// Network and service failures, and an answer that is no catalogue.
    pub fn catalogue(&self, interrupts: &Interrupts) -> Result<Catalogue, Error> {
        let request = Request {
            url: self.endpoint("/available-models"),
            key: None,
            accept: "application/json",
            silence: self.limits.silence(),
            body: None,
        };
        let exchange = Exchange::start(&self.http, request, self.limits.at_most(CATALOGUE_WAIT), interrupts);
        let (head, body) = exchange.collect(CATALOGUE_LIMIT)?;
        if head.status != 200 {
            let problem = problem::read(&head, &body, self.host(), None, SystemTime::now());
            return Err(Error::Service(Box::new(problem)));
        }
        let date = head.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let text = String::from_utf8_lossy(&body);
        let models = if problem::is_html(&text) { Err("it sent a web page".to_owned()) } else { models::parse(&body) };
        let unreadable =
            |reason| Error::Unreadable { host: self.host().to_owned(), reason, excerpt: problem::excerpt(&text) };
        Ok(Catalogue { models: models.map_err(unreadable)?, date })
    }

    /// The models of the catalogue.
    ///
    /// # Errors
    /// As [`Client::catalogue`].
    pub fn models(&self, interrupts: &Interrupts) -> Result<Vec<Model>, Error> {
        Ok(self.catalogue(interrupts)?.models)
    }

    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}
