//! Requests that tell whether key and model are accepted, and cost no token.

use super::{CHAT_PATH, Client, Tell};
use crate::error::{Error, ProblemKind};
use crate::interrupt::Interrupts;

impl Client {
    /// Asks for the list of MCP servers, which is free and wants the key. Whether the key was
    /// accepted; none if this service doesn't have that list, as servers other than Heroku's.
    ///
    /// Source: the path is read by Heroku's own plugin (heroku-cli-plugin-ai 2.0.2).
    ///
    /// # Errors
    /// Network failures, and a key that was refused.
    pub fn probe_key(&self, interrupts: &Interrupts, tell: Tell<'_>) -> Result<Option<()>, Error> {
        let request = self.request("/v1/mcp/servers", None);
        match self.fetch(&request, None, interrupts, tell) {
            Ok(_) => Ok(Some(())),
            Err(Error::Service(problem)) if problem.kind != ProblemKind::Unauthorized => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request without messages, which is refused before any model is called. Whether it
    /// was refused for just that; false if the server answered it all the same.
    ///
    /// # Errors
    /// Network failures, and any other refusal: of key, model, or rate.
    pub fn probe_request(
        &self,
        model: &str,
        interrupts: &Interrupts,
        tell: Tell<'_>,
    ) -> Result<bool, Error> {
        let body = serde_json::json!({"model": model}).to_string().into_bytes();
        let request = self.request(CHAT_PATH, Some(body));
        match self.fetch(&request, Some(model), interrupts, tell) {
            Err(Error::Service(problem))
                if problem.kind == ProblemKind::Rejected
                    && problem.message.contains("messages") =>
            {
                Ok(true)
            }
            other => other.map(|_| false),
        }
    }
}
