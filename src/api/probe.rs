//! Questions that tell whether key and model are accepted and cost no token.

use std::time::SystemTime;

use super::http::Request;
use super::{CATALOGUE_LIMIT, Client, Exchange, problem};
use crate::error::{Error, ProblemKind, ServiceProblem};
use crate::interrupt::Interrupts;

impl Client {
    /// Asks for the list of MCP servers, which is free and wants the key. Whether the key was accepted; none where this
    /// service doesn't have that list, as servers other than Heroku's.
    ///
    /// Source: the path is read by Heroku's own plugin (heroku-cli-plugin-ai 2.0.2).
    ///
    /// # Errors
    /// Network failures, and a key that was refused.
    pub fn probe_key(&self, interrupts: &Interrupts) -> Result<Option<()>, Error> {
        let accept = "application/json";
        let request = Request {
            url: self.endpoint("/v1/mcp/servers"),
            key: self.key.clone(),
            accept,
            silence: self.limits.silence(),
            body: None,
        };
        match self.ask(request, None, interrupts) {
            Ok(()) => Ok(Some(())),
            Err(Error::Service(problem)) if problem.kind != ProblemKind::Unauthorized => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request without messages, which is refused before any model is called. Fine where it is refused for
    /// just that.
    ///
    /// # Errors
    /// Network failures, and any other refusal: of key, model, or rate.
    pub fn probe_request(&self, model: &str, interrupts: &Interrupts) -> Result<(), Error> {
        let body = serde_json::json!({"model": model}).to_string().into_bytes();
        let accept = "application/json";
        let request = Request {
            url: self.chat_endpoint(),
            key: self.key.clone(),
            accept,
            silence: self.limits.silence(),
            body: Some(body),
        };
        match self.ask(request, Some(model), interrupts) {
            Err(Error::Service(problem)) if is_about_messages(&problem) => Ok(()),
            other => other,
        }
    }

    fn ask(&self, request: Request, model: Option<&str>, interrupts: &Interrupts) -> Result<(), Error> {
        let exchange = Exchange::start(&self.http, request, self.limits, interrupts);
        let (head, body) = exchange.collect(CATALOGUE_LIMIT)?;
        let text = String::from_utf8_lossy(&body);
        match head.status {
            200..=299 if problem::is_html(&text) => Err(Error::Unreadable {
                host: self.host().to_owned(),
                reason: "it sent a web page".to_owned(),
                excerpt: problem::excerpt(&text),
            }),
            200..=299 => Ok(()),
            _ => {
                let problem = problem::read(&head, &body, self.host(), model, SystemTime::now());
                Err(Error::Service(Box::new(problem)))
            }
        }
    }
}

fn is_about_messages(problem: &ServiceProblem) -> bool {
    problem.kind == ProblemKind::Rejected && problem.message.contains("messages")
}
