//! The service: what is sent, what comes back, and how failures read. Only [`http`] touches the
//! network.

mod certificate;
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
pub mod tunnel;

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

const CHAT_PATH: &str = "/v1/chat/completions";

/// The catalogue is some ten kilobytes; more than this is something else.
const FETCH_LIMIT: usize = 4 * 1024 * 1024;

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
        Client {
            http: Arc::new(Http::new(environment)),
            base,
            key,
            limits,
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

    /// Sends a chat request. `report` gets the lines of its head.
    pub fn chat(
        &self,
        body: Vec<u8>,
        stream: bool,
        interrupts: &Interrupts,
        report: impl Fn(&str),
    ) -> Exchange {
        let mut request = self.request(CHAT_PATH, Some(body));
        if stream {
            request.accept = "text/event-stream, application/json";
        }
        request.head_lines().iter().for_each(|line| report(line));
        Exchange::start(&self.http, request, self.limits, interrupts)
    }

    /// The catalogue; `report` gets the heads of request and response. The key isn't sent: it isn't needed.
    ///
    /// # Errors
    /// Network and service failures, and an answer that is no catalogue.
    pub fn catalogue(
        &self,
        interrupts: &Interrupts,
        report: &dyn Fn(&str),
    ) -> Result<Catalogue, Error> {
        let client = self.with_limits(self.limits.at_most(CATALOGUE_WAIT));
        let request = Request {
            key: None,
            ..client.request("/available-models", None)
        };
        let (head, body) = client.fetch(request, None, interrupts, report)?;
        let models = models::parse(&body).map_err(|reason| self.unreadable(reason, &body))?;
        let date = head
            .header("date")
            .and_then(|date| httpdate::parse_http_date(date).ok());
        Ok(Catalogue { models, date })
    }

    /// The models of the catalogue.
    ///
    /// # Errors
    /// As [`Client::catalogue`].
    pub fn models(
        &self,
        interrupts: &Interrupts,
        report: &dyn Fn(&str),
    ) -> Result<Vec<Model>, Error> {
        Ok(self.catalogue(interrupts, report)?.models)
    }

    /// A request of this client's: a POST with a body, a GET without.
    fn request(&self, path: &str, body: Option<Vec<u8>>) -> Request {
        Request {
            url: self.endpoint(path),
            key: self.key.clone(),
            accept: "application/json",
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
        request: Request,
        model: Option<&str>,
        interrupts: &Interrupts,
        report: &dyn Fn(&str),
    ) -> Result<(Head, Vec<u8>), Error> {
        let lines = request.head_lines();
        lines.iter().for_each(|line| report(&format!("> {line}")));
        let exchange = Exchange::start(&self.http, request, self.limits, interrupts);
        let (head, body) = exchange.collect(FETCH_LIMIT)?;
        report(&format!("< {}", head.status));
        let headers = head.headers.iter();
        headers.for_each(|(name, value)| report(&format!("< {name}: {value}")));
        match head.status {
            200..=299 if problem::is_html(&String::from_utf8_lossy(&body)) => {
                Err(self.unreadable("it sent a web page".to_owned(), &body))
            }
            200..=299 => Ok((head, body)),
            _ => {
                let problem = problem::read(&head, &body, self.host(), model, SystemTime::now());
                Err(Error::Service(Box::new(problem)))
            }
        }
    }

    fn unreadable(&self, reason: String, body: &[u8]) -> Error {
        let excerpt = problem::excerpt(&String::from_utf8_lossy(body));
        Error::Unreadable {
            host: self.host().to_owned(),
            reason,
            excerpt,
        }
    }

    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}
