//! From the bytes of a response to the answer in it: push a piece, take what it yields. Pure, and
//! the same for a stream, for whole JSON where a stream was asked for, and the other way round.

use std::time::SystemTime;

use serde::Serialize;

use super::chunk::{Choice, Chunk};
use super::http::Head;
use super::problem;
use super::sse::{SseDecoder, SseEvent};
use super::think::ThinkSplitter;
use crate::conversation::Usage;
use crate::error::Error;

/// The most that is read of a response which is no stream, in bytes.
const WHOLE_LIMIT: usize = 64 * 1024 * 1024;

/// A piece of an answer, as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// What the model says.
    Content(&'a str),
    /// What it thinks before.
    Reasoning(&'a str),
}

/// An answer, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub id: String,
    /// The model as the service names it.
    pub model: String,
    /// Seconds since 1970.
    pub created: Option<u64>,
    pub content: String,
    pub reasoning: String,
    /// `stop`, `length`, `tool_calls` or another word of the service's.
    pub finish_reason: Option<String>,
    pub usage: Option<Usage>,
    /// The response object as it came, where it came whole.
    pub raw: Option<String>,
}

/// Reads one response.
#[derive(Debug)]
pub struct Reply {
    host: String,
    model: String,
    head: Head,
    form: Form,
    decoder: SseDecoder,
    splitter: ThinkSplitter,
    completion: Completion,
    /// `[DONE]` or its event was seen.
    done: bool,
    failure: Option<Error>,
    /// Whether the stream has ended, so that an event may be torn.
    ended: bool,
}

#[derive(Debug)]
enum Form {
    /// Nothing is known before the first bytes.
    Unknown,
    Stream,
    Whole(Vec<u8>),
}

impl Reply {
    /// A reply of this host to a request for this model.
    pub fn new(host: &str, model: &str) -> Self {
        Reply {
            host: host.to_owned(),
            model: model.to_owned(),
            head: Head::default(),
            form: Form::Unknown,
            decoder: SseDecoder::default(),
            splitter: ThinkSplitter::default(),
            completion: Completion::default(),
            done: false,
            failure: None,
            ended: false,
        }
    }

    /// Takes the head of the response.
    pub fn head(&mut self, head: Head) {
        let content_type = head.header("content-type").unwrap_or_default();
        self.form = match (head.status, content_type) {
            (200..=299, kind) if kind.starts_with("text/event-stream") => Form::Stream,
            (200..=299, kind) if !kind.contains("json") && !kind.contains("html") => Form::Unknown,
            _ => Form::Whole(Vec::new()),
        };
        self.head = head;
    }

    /// Takes bytes of the body and hands over the parts of the answer in them. Returns whether more
    /// is wanted.
    pub fn push(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) -> bool {
        if matches!(self.form, Form::Unknown) {
            self.form = match bytes.trim_ascii_start().first() {
                Some(b'{' | b'<') => Form::Whole(Vec::new()),
                _ => Form::Stream,
            };
        }
        if let Form::Whole(body) = &mut self.form {
            let room = WHOLE_LIMIT - body.len();
            body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return bytes.len() < room;
        }
        // The decoder is taken out because what it yields changes the rest of the reply.
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.push(bytes, &mut |event| self.event(event, deliver));
        if decoder.is_over_limit() && self.failure.is_none() {
            self.failure = Some(Error::BrokenAnswer {
                reason: "an event is longer than 16 MiB".to_owned(),
            });
        }
        self.decoder = decoder;
        !self.done && self.failure.is_none()
    }

    /// Ends the reply. The completion holds what came, also where it is not complete.
    ///
    /// # Errors
    /// The service's failure, or that the answer is not complete.
    pub fn end(
        mut self,
        now: SystemTime,
        deliver: &mut dyn FnMut(Part<'_>),
    ) -> (Completion, Result<(), Error>) {
        match std::mem::replace(&mut self.form, Form::Unknown) {
            Form::Whole(body) => self.whole(&body, now, deliver),
            Form::Stream | Form::Unknown => {
                self.ended = true;
                let mut decoder = std::mem::take(&mut self.decoder);
                decoder.end(&mut |event| self.event(event, deliver));
            }
        }
        let completion = &mut self.completion;
        self.splitter
            .end(&mut |part| keep(completion, part, deliver));
        let complete = self.done || self.completion.finish_reason.is_some();
        let result = match self.failure {
            Some(error) => Err(error),
            None if complete => Ok(()),
            None => Err(Error::Truncated),
        };
        (self.completion, result)
    }

    /// Whether the service said that the answer is complete, so that whatever the connection does
    /// after is no matter.
    pub fn is_complete(&self) -> bool {
        self.failure.is_none() && (self.done || self.completion.finish_reason.is_some())
    }

    fn event(&mut self, event: SseEvent<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
        let data = event.data.trim();
        if self.done || self.failure.is_some() {
        } else if data == "[DONE]" || event.name == "done" {
            self.done = true;
        } else if self.completion.finish_reason.is_some() {
            // The answer is complete; only its usage may follow, and nothing else can undo it.
            if let Ok(Chunk {
                usage: Some(usage), ..
            }) = serde_json::from_str(data)
            {
                self.completion.usage = Some(usage);
            }
        } else if event.name == "error" {
            self.failure = Some(self.reported(data));
        } else if !data.is_empty() {
            match serde_json::from_str::<Chunk<'_>>(data) {
                Ok(chunk) => self.chunk(chunk, deliver),
                // Names unknown today may carry anything, and the last event may be torn.
                Err(_) if self.ended || !matches!(event.name, "" | "message") => {}
                Err(_) if !self.completion.content.is_empty() => {
                    let reason = format!("an event can't be read: {}", problem::excerpt(data));
                    self.failure = Some(Error::BrokenAnswer { reason });
                }
                Err(error) => {
                    self.failure =
                        Some(self.unreadable(&format!("an event can't be read: {error}"), data))
                }
            }
        }
    }

    fn chunk(&mut self, chunk: Chunk<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
        if let Some(error) = chunk
            .error
            .filter(|error| !matches!(error.get(), "null" | "\"\""))
        {
            self.failure = Some(self.reported(&format!("{{\"error\":{error}}}")));
            return;
        }
        let completion = &mut self.completion;
        if completion.id.is_empty() {
            completion.id = chunk.id.0.into_owned();
        }
        if completion.model.is_empty() {
            completion.model = chunk.model.0.into_owned();
        }
        completion.created = completion.created.or(chunk.created.0);
        // An empty usage object says nothing and must not replace one that does.
        completion.usage = chunk
            .usage
            .filter(|usage| !usage.is_blank())
            .or(completion.usage.take());
        for choice in chunk.choices.unwrap_or_default().into_iter().take(1) {
            self.choice(choice, deliver);
        }
    }

    fn choice(&mut self, choice: Choice<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
        let completion = &mut self.completion;
        if let Some(piece) = choice.delta.or(choice.message) {
            let reasoning = piece.any_reasoning();
            if !reasoning.is_empty() {
                keep(completion, Part::Reasoning(reasoning), deliver);
            }
            self.splitter.push(&piece.content.0, &mut |part| {
                keep(completion, part, deliver)
            });
        }
        let reason = choice.finish_reason.0.trim();
        if !reason.is_empty() {
            self.completion.finish_reason = Some(reason.to_owned());
        }
    }

    fn whole(&mut self, body: &[u8], now: SystemTime, deliver: &mut dyn FnMut(Part<'_>)) {
        let text = String::from_utf8_lossy(body);
        if !(200..=299).contains(&self.head.status) {
            let problem = problem::read(&self.head, body, &self.host, Some(&self.model), now);
            self.failure = Some(Error::Service(Box::new(problem)));
            return;
        }
        match serde_json::from_str::<Chunk<'_>>(&text) {
            Ok(chunk) => {
                let is_answer = chunk
                    .choices
                    .as_ref()
                    .is_some_and(|choices| !choices.is_empty());
                self.chunk(chunk, deliver);
                if !is_answer && self.failure.is_none() {
                    self.failure = Some(self.unreadable("the object holds no answer", &text));
                }
                self.done = true;
            }
            Err(_) if problem::is_html(&text) => {
                self.failure = Some(self.unreadable("it sent a web page", &text))
            }
            Err(error) => {
                self.failure = Some(self.unreadable(&format!("it sent no JSON: {error}"), &text))
            }
        }
        self.completion.raw = Some(text.trim().to_owned());
    }

    /// A failure that stands in the answer itself.
    fn reported(&self, text: &str) -> Error {
        if self.completion.content.is_empty() && self.completion.reasoning.is_empty() {
            let now = SystemTime::now();
            let problem = problem::read(
                &self.head,
                text.as_bytes(),
                &self.host,
                Some(&self.model),
                now,
            );
            return Error::Service(Box::new(problem));
        }
        Error::BrokenAnswer {
            reason: problem::message(text),
        }
    }

    fn unreadable(&self, reason: &str, text: &str) -> Error {
        Error::Unreadable {
            host: self.host.clone(),
            reason: reason.to_owned(),
            excerpt: problem::excerpt(text),
        }
    }
}

fn keep(completion: &mut Completion, part: Part<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
    match part {
        Part::Content(text) => completion.content.push_str(text),
        Part::Reasoning(text) => completion.reasoning.push_str(text),
    }
    deliver(part);
}

impl Completion {
    /// Whether there is nothing to read in it. The service refuses a message of white space alone.
    pub fn is_blank(&self) -> bool {
        self.content.trim().is_empty()
    }

    /// Whether it stopped at the limit of its length.
    pub fn is_at_limit(&self) -> bool {
        matches!(self.finish_reason.as_deref(), Some("length" | "max_tokens"))
    }

    /// A sentence about an answer that looks complete and is not.
    pub fn remark(&self) -> Option<String> {
        Some(match self.finish_reason.as_deref()? {
            _ if self.is_at_limit() => {
                "the answer stopped at the limit of its length (max_tokens)".to_owned()
            }
            "content_filter" => "the answer was stopped by a content filter".to_owned(),
            "stop" | "end_turn" | "stop_sequence" | "tool_calls" | "function_call" | "eos" => {
                return None;
            }
            other => format!("the answer ended with the reason {other:?}"),
        })
    }

    /// The response object: as it came, or put together from the stream in the same shape.
    pub fn to_json(&self) -> String {
        self.raw.clone().unwrap_or_else(|| {
            serde_json::to_string_pretty(&Assembled::from(self))
                .expect("strings and numbers always serialise")
        })
    }
}

/// The shape of a whole completion, in the order the service writes it.
#[derive(Serialize)]
struct Assembled<'a> {
    id: &'a str,
    object: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
    model: &'a str,
    choices: [AssembledChoice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
}

#[derive(Serialize)]
struct AssembledChoice<'a> {
    index: u32,
    message: AssembledMessage<'a>,
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct AssembledMessage<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<AssembledReasoning<'a>>,
}

#[derive(Serialize)]
struct AssembledReasoning<'a> {
    thinking: &'a str,
}

impl<'a> From<&'a Completion> for Assembled<'a> {
    fn from(completion: &'a Completion) -> Self {
        let reasoning = &completion.reasoning;
        let message = AssembledMessage {
            role: "assistant",
            content: &completion.content,
            reasoning: (!reasoning.is_empty()).then_some(AssembledReasoning {
                thinking: reasoning,
            }),
        };
        Assembled {
            id: &completion.id,
            object: "chat.completion",
            created: completion.created,
            model: &completion.model,
            choices: [AssembledChoice {
                index: 0,
                message,
                finish_reason: completion.finish_reason.as_deref(),
            }],
            usage: completion.usage.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests;
