//! The service: what is sent, what comes back, and how failures read. Only [`http`] touches the network.

pub mod chat;
mod chunk;
pub mod curl;
mod exchange;
mod http;
pub mod models;
mod problem;
mod proxy;
pub mod reply;
pub mod retry;
mod sse;
mod think;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

pub use exchange::{Exchange, Step};
use http::{Http, Request};

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
    first_byte_limit: Duration,
}

impl Client {
    /// A client for a checked base URL. Without a key only the catalogue can be read.
    pub fn new(base: Url, key: Option<Secret>, first_byte_limit: Duration, environment: Environment) -> Self {
        Client { http: Arc::new(Http::new(environment)), base, key, first_byte_limit }
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
        let request = Request { url: self.chat_endpoint(), key: self.key.clone(), accept, body: Some(body) };
        request.head_lines().iter().for_each(|line| report(line));
        Exchange::start(&self.http, request, self.first_byte_limit, interrupts)
    }

    /// The catalogue. The key isn't sent: it isn't needed.
    ///
    /// # Errors
    /// Network and service failures, and an answer that is no catalogue.
    pub fn models(&self, interrupts: &Interrupts) -> Result<Vec<models::Model>, Error> {
        let request =
            Request { url: self.endpoint("/available-models"), key: None, accept: "application/json", body: None };
        let exchange = Exchange::start(&self.http, request, CATALOGUE_WAIT.min(self.first_byte_limit), interrupts);
        let (head, body) = exchange.collect(CATALOGUE_LIMIT)?;
        if head.status != 200 {
            let problem = problem::read(&head, &body, self.host(), None, SystemTime::now());
            return Err(Error::Service(Box::new(problem)));
        }
        models::parse(&body).map_err(|reason| Error::Unreadable {
            host: self.host().to_owned(),
            reason,
            excerpt: problem::excerpt(&String::from_utf8_lossy(&body)),
        })
    }

    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}
