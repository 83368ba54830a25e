//! From the bytes of a successful response to the answer in it: push a piece, take what it yields.
//! Pure, and the same for a stream, for whole JSON if a stream was asked for, and the other way
//! round.

use std::time::SystemTime;

use serde_json::Value;

use super::chunk::{Chunk, Said, Voice};
pub use super::completion::Completion;
use super::finish::Finish;
use super::json;
use super::page;
use super::problem;
use super::sse::{SseDecoder, SseEvent};
use super::text::Text;
use super::usual;
use crate::conversation::{Part, Usage};
use crate::error::Error;
use crate::net::Head;

/// The longest response that is taken, in bytes: memory is finite, and no model says as much, even
/// with 250 bytes for each token of a stream.
const LIMIT: usize = 64 * 1024 * 1024;

/// Reads one response.
#[derive(Debug, Default)]
pub struct Reply {
    host: String,
    model: String,
    form: Form,
    /// The body without blanks before it; of a stream until its first event, in case there is no
    /// answer in it.
    body: Vec<u8>,
    decoder: SseDecoder,
    text: Text,
    completion: Completion,
    /// Whether there was a choice, or an event at all.
    has_choice: bool,
    has_event: bool,
    /// Whether any of the answer came in a `delta`.
    is_streamed: bool,
    /// `[DONE]` or its event was seen.
    done: bool,
    /// Whether text followed a finish reason, which was none: then no other is trusted.
    is_resumed: bool,
    failure: Option<Error>,
    /// Whether the stream has ended, so that an event may be torn.
    ended: bool,
    length: usize,
    limit: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum Form {
    /// Nothing is known before the first bytes. What the response says of its type is no help:
    /// failures are sent as streams, and streams as JSON.
    #[default]
    Unknown,
    Stream,
    Whole,
}

impl Reply {
    /// A reply of this host to a request for this model.
    pub fn new(host: &str, model: &str) -> Self {
        Reply {
            host: host.to_owned(),
            model: model.to_owned(),
            limit: LIMIT,
            ..Reply::default()
        }
    }

    /// Takes bytes of the body and hands over the parts of the answer in them. Returns whether more
    /// is wanted.
    pub fn push(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) -> bool {
        self.length += bytes.len();
        match self.form {
            Form::Unknown => self.begin(bytes, deliver),
            Form::Whole => self.body.extend_from_slice(bytes),
            Form::Stream => self.stream(bytes, deliver),
        }
        if self.length > self.limit {
            let reason = format!("it is longer than {} MiB", self.limit >> 20);
            self.fail(Error::BrokenAnswer { reason });
        }
        !self.done && self.failure.is_none()
    }

    /// Takes the first bytes, which tell the form by the first that isn't blank: no line of a
    /// stream begins as JSON or a page does.
    fn begin(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        self.body.extend_from_slice(bytes);
        let mut rest = self.body.trim_ascii_start();
        while let Some(more) = rest.strip_prefix(MARK) {
            rest = more.trim_ascii_start();
        }
        let rest = rest.to_vec();
        match rest.first() {
            _ if MARK.starts_with(&rest) => self.body = rest,
            Some(0x1f) => self.fail(page::unreadable(&self.host, page::packed("gzip"), "")),
            Some(b'{' | b'[' | b'"' | b'<') => {
                self.form = Form::Whole;
                self.body = rest;
            }
            _ => {
                self.form = Form::Stream;
                self.body.clear();
                self.stream(&rest, deliver);
            }
        }
    }

    fn stream(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) {
        if !self.has_event {
            self.body.extend_from_slice(bytes);
        }
        for event in self.decoder.push(bytes) {
            self.hand_over(deliver, |reply| reply.event(&event));
        }
    }

    /// Hands over what is new in the completion afterwards.
    fn hand_over(&mut self, deliver: &mut dyn FnMut(Part<'_>), read: impl FnOnce(&mut Self)) {
        let Completion {
            reasoning, content, ..
        } = &self.completion;
        let (thought, said) = (reasoning.len(), content.len());
        read(self);
        let Completion {
            reasoning, content, ..
        } = &self.completion;
        if reasoning.len() > thought {
            deliver(Part::Reasoning(&reasoning[thought..]));
        }
        if content.len() > said {
            deliver(Part::Content(&content[said..]));
        }
    }

    /// Ends the reply. The completion holds what came, also if it is not complete.
    ///
    /// # Errors
    /// The service's failure, or that the answer is not complete.
    pub fn end(mut self, deliver: &mut dyn FnMut(Part<'_>)) -> (Completion, Result<(), Error>) {
        self.ended = true;
        self.hand_over(deliver, |reply| {
            match reply.form {
                Form::Whole => reply.whole(),
                Form::Stream | Form::Unknown => {
                    let events = reply.decoder.end();
                    events.iter().for_each(|event| reply.event(event));
                }
            }
            reply.text.end(&mut reply.completion);
        });
        let result = self.outcome();
        (self.completion, result)
    }

    /// Why the answer isn't complete.
    fn outcome(&mut self) -> Result<(), Error> {
        if self.is_complete() {
            return Ok(());
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if let Some(reason) = &self.completion.finish_reason {
            let reason = format!("the service ended it with the reason {reason:?}");
            return Err(Error::BrokenAnswer { reason });
        }
        if self.has_event || self.is_begun_stream() {
            return Err(Error::Truncated);
        }
        let reason = match self.body.is_empty() {
            true => "it sent nothing",
            false => "what it sent holds no answer",
        };
        let text = String::from_utf8_lossy(&self.body);
        Err(page::unreadable(&self.host, reason, &text))
    }

    /// Whether what came so far are lines of a stream, but no event: comments keep a connection.
    fn is_begun_stream(&self) -> bool {
        let lines: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];
        lines.iter().any(|line| self.body.starts_with(line))
    }

    /// Whether the service said that the answer is complete, so that whatever the connection does
    /// after is no matter.
    pub fn is_complete(&self) -> bool {
        let reason = self.completion.finish_reason.as_deref().map(Finish::of);
        self.failure.is_none() && reason != Some(Finish::Failed) && (self.done || reason.is_some())
    }

    /// Whether the service said that the answer is complete, and nothing speaks against it. One
    /// without text may still begin.
    pub fn is_final(&self) -> bool {
        self.is_complete() && !self.is_resumed && !self.completion.is_blank()
    }

    /// A reason that more of the answer follows was none: Open WebUI puts one on reasoning.
    fn resume(&mut self) {
        self.is_resumed |= self.completion.finish_reason.take().is_some();
    }

    fn event(&mut self, event: &SseEvent) {
        if self.done || self.failure.is_some() {
            return;
        }
        self.has_event = true;
        let data = page::trimmed(&event.data);
        let name = event.name.to_ascii_lowercase();
        if data == "[DONE]" {
            self.done = true;
        } else if problem::ends_in_any(&name, &["error", "exception", "failed"]) {
            self.report(data);
        } else {
            let is_known = matches!(name.as_str(), "" | "message" | "done");
            // The first chunk tells more than its text.
            if self.is_streamed
                && is_known
                && let Some(text) = usual::content(data)
            {
                if !text.is_empty() {
                    self.resume();
                }
                self.text.push(Voice::Content, &text, &mut self.completion);
                self.done |= name == "done";
                return;
            }
            let (values, end) = json::values(data);
            values.iter().for_each(|value| self.value(value, is_known));
            // Names unknown today may carry anything, the last event may be torn, and an answer
            // that was finished can't be undone by what nobody understands.
            let is_needed = is_known && !self.ended && self.completion.finish_reason.is_none();
            if let Err(error) = end
                && is_needed
            {
                self.fail(if self.completion.content.is_empty() {
                    page::unreadable(&self.host, format!("an event can't be read: {error}"), data)
                } else {
                    let reason = format!("an event can't be read: {}", page::excerpt(data));
                    Error::BrokenAnswer { reason }
                });
            }
            self.done |= name == "done";
        }
    }

    fn value(&mut self, value: &Value, is_known: bool) {
        match value {
            Value::Object(_) => self.object(value, is_known),
            Value::Array(items) => items.iter().for_each(|item| self.value(item, is_known)),
            // An object may stand in a string, as errors do.
            Value::String(text) => {
                let (values, _) = json::values(page::trimmed(text));
                values.iter().for_each(|value| self.value(value, is_known));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, object: &Value, is_known: bool) {
        if self.failure.is_some() {
            return;
        }
        let chunk = Chunk::read(object, is_known);
        let completion = &mut self.completion;
        if completion.id.is_empty() {
            completion.id = json::joined(chunk.id);
        }
        if completion.model.is_empty() {
            completion.model = json::joined(chunk.model);
        }
        completion.created = completion.created.or(chunk.created);
        for object in chunk.usages {
            let usage = Usage::from(object.clone());
            // One that counts nothing must not replace one that does.
            if !usage.is_blank() || (completion.usage.is_none() && !object.is_empty()) {
                completion.usage = Some(usage);
            }
        }
        self.has_choice |= chunk.has_choice;
        self.is_streamed |= !chunk.added.is_empty();
        for (voice, text) in &chunk.added {
            self.text.push(*voice, text, &mut self.completion);
        }
        self.repeated(&chunk.message);
        if Finish::of(chunk.finish_reason) != Finish::Unfinished {
            self.completion.finish_reason = Some(chunk.finish_reason.trim().to_owned());
        } else if !(chunk.added.is_empty() && chunk.message.is_empty()) {
            self.resume();
        }
        if let Some(error) = chunk.error {
            self.report(&error.to_string());
        }
    }

    /// Takes a message, of which all or some may have come before.
    fn repeated(&mut self, message: &Said<'_>) {
        if message.is_empty() {
            return;
        }
        let (mut text, mut all) = (Text::default(), Completion::default());
        for (voice, piece) in message {
            text.push(*voice, piece, &mut all);
        }
        let completion = &mut self.completion;
        completion.is_refused |= all.is_refused;
        let thought_on = all.reasoning.starts_with(&completion.reasoning);
        let said_on = all.content.starts_with(&completion.content);
        // Else it is a piece, as in a stream of messages, or what came in pieces once more.
        for (voice, piece) in message.iter().filter(|_| !self.is_streamed) {
            let goes_on = match voice {
                Voice::Reasoning => thought_on,
                Voice::Content | Voice::Refusal => said_on,
            };
            if !goes_on {
                self.text.push(*voice, piece, completion);
            }
        }
        if thought_on {
            completion.reasoning = all.reasoning;
            self.text.reasoning = text.reasoning;
        }
        if said_on {
            completion.content = all.content;
            self.text.content = text.content;
            self.text.splitter = text.splitter;
        }
    }

    fn whole(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let body = String::from_utf8_lossy(&std::mem::take(&mut self.body)).into_owned();
        let text = page::trimmed(&body);
        let (values, end) = json::values(text);
        values.iter().for_each(|value| self.value(value, true));
        let reason = match end {
            Ok(()) if !self.has_choice => "the object holds no answer".to_owned(),
            // Objects one behind the other are a stream, which needs an end.
            Ok(()) => {
                self.done = values.len() == 1;
                self.has_event = true;
                self.completion.raw = self.done.then(|| text.to_owned());
                return;
            }
            Err(_) if page::is_html(text) => "it sent a web page".to_owned(),
            Err(_) if self.has_choice => {
                self.has_event = true;
                return;
            }
            Err(error) => format!("it sent no JSON: {error}"),
        };
        self.fail(page::unreadable(&self.host, reason, text));
    }

    /// Fails, unless it has failed before.
    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// Fails for what stands in the answer itself.
    fn report(&mut self, text: &str) {
        let completion = &self.completion;
        let is_begun = !(completion.content.is_empty() && completion.reasoning.is_empty());
        self.fail(if is_begun {
            let reason = problem::sentence(text);
            Error::BrokenAnswer { reason }
        } else {
            // The headers of an answer say nothing of a failure in it.
            let (status, headers) = (200, Vec::new());
            let (head, now) = (Head { status, headers }, SystemTime::UNIX_EPOCH);
            let problem = problem::read(&head, text, &self.host, Some(&self.model), now);
            Error::Service(Box::new(problem))
        });
    }
}

#[cfg(test)]
mod tests;
