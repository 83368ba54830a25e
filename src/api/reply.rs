//! From the bytes of a response to the answer in it: push a piece, take what it yields. Pure, and
//! the same for a stream, for whole JSON if a stream was asked for, and the other way round.

use std::time::SystemTime;

use super::chunk::{self, Choice, Chunk, Count, Voice};
pub use super::completion::Completion;
use super::finish::Finish;
use super::json::{self, Json, Kind};
use super::page;
use super::problem;
use super::sse::{SseDecoder, SseEvent};
use super::text::Text;
use super::usual;
use crate::api::wait::Now;
use crate::conversation::Part;
use crate::error::Error;
use crate::net::Head;

/// The longest answer that is taken, in bytes: memory is finite, and no model says as much.
const LIMIT: usize = 64 * 1024 * 1024;

/// How much of a body is kept in case there is no answer in it.
const START: usize = 8 * 1024;

/// Reads one response.
#[derive(Debug)]
pub struct Reply {
    host: String,
    model: String,
    head: Head,
    form: Form,
    /// The first bytes of the body, without blanks before them.
    start: Vec<u8>,
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
    failure: Option<Error>,
    /// Whether the stream has ended, so that an event may be torn.
    ended: bool,
    /// How many bytes came since the last text.
    wordless: usize,
    limit: usize,
}

#[derive(Debug)]
enum Form {
    /// Nothing is known before the first bytes. What the response says of its type is no help:
    /// failures are sent as streams, and streams as JSON.
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
            start: Vec::new(),
            decoder: SseDecoder::default(),
            text: Text::default(),
            completion: Completion::default(),
            has_choice: false,
            has_event: false,
            is_streamed: false,
            done: false,
            failure: None,
            ended: false,
            wordless: 0,
            limit: LIMIT,
        }
    }

    /// Takes the head of the response.
    pub fn head(&mut self, head: Head) {
        self.form = match head.status {
            200..=299 => Form::Unknown,
            _ => Form::Whole(Vec::new()),
        };
        self.head = head;
    }

    /// Takes bytes of the body and hands over the parts of the answer in them. Returns whether more
    /// is wanted.
    pub fn push(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) -> bool {
        match &mut self.form {
            Form::Unknown => self.begin(bytes, deliver),
            Form::Whole(body) => {
                let room = self.limit.saturating_sub(body.len());
                body.extend_from_slice(&bytes[..bytes.len().min(room)]);
                if bytes.len() > room {
                    self.failure = Some(self.too_long());
                }
            }
            Form::Stream => self.stream(bytes, deliver),
        }
        !self.done && self.failure.is_none()
    }

    /// Takes the first bytes, which tell the form by the first that isn't blank: no line of a
    /// stream begins as JSON or a page does.
    fn begin(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let mut begun = std::mem::take(&mut self.start);
        begun.extend_from_slice(bytes);
        let mut rest = begun.trim_ascii_start();
        while let Some(more) = rest.strip_prefix(MARK) {
            rest = more.trim_ascii_start();
        }
        match rest.first() {
            _ if MARK.starts_with(rest) => self.start = rest.to_vec(),
            Some(b'{' | b'[' | b'"' | b'<') => {
                self.form = Form::Whole(Vec::new());
                self.push(rest, deliver);
            }
            _ => {
                self.form = Form::Stream;
                self.stream(rest, deliver);
            }
        }
    }

    fn stream(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) {
        if !self.has_event {
            let room = START.saturating_sub(self.start.len());
            self.start
                .extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        let before = self.text.length;
        // The decoder is taken out because what it yields changes the rest of the reply.
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.push(bytes, &mut |event| self.event(event, deliver));
        self.wordless = match self.text.length == before {
            true => self.wordless + bytes.len(),
            false => 0,
        };
        if self.wordless > self.limit && self.failure.is_none() {
            self.failure = Some(Error::BrokenAnswer {
                reason: format!("{} MiB came without a word in them", self.limit >> 20),
            });
        }
        if decoder.is_over_limit() && self.failure.is_none() {
            self.failure = Some(Error::BrokenAnswer {
                reason: "an event is longer than 16 MiB".to_owned(),
            });
        }
        self.decoder = decoder;
    }

    /// Ends the reply. The completion holds what came, also if it is not complete.
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
        self.text.end(&mut |part| keep(completion, part, deliver));
        completion.is_refused = self.text.is_refused;
        let result = match self.outcome() {
            Some(error) => Err(error),
            None => Ok(()),
        };
        (self.completion, result)
    }

    /// Why the answer isn't complete.
    fn outcome(&mut self) -> Option<Error> {
        if let Some(failure) = self.failure.take() {
            return Some(failure);
        }
        match &self.completion.finish_reason {
            Some(reason) if Finish::of(reason) == Finish::Failed => Some(Error::BrokenAnswer {
                reason: format!("the service ended it with the reason {reason:?}"),
            }),
            Some(_) => None,
            None if self.done => None,
            None if self.has_event || self.is_begun_stream() => Some(Error::Truncated),
            None if self.start.is_empty() => Some(self.unreadable("it sent nothing", "")),
            None => {
                let text = String::from_utf8_lossy(&self.start);
                Some(self.unreadable("what it sent holds no answer", &text))
            }
        }
    }

    /// Whether what came so far are lines of a stream, but no event: comments keep a connection.
    fn is_begun_stream(&self) -> bool {
        let lines: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];
        lines.iter().any(|line| self.start.starts_with(line))
    }

    /// Whether the service said that the answer is complete, so that whatever the connection does
    /// after is no matter.
    pub fn is_complete(&self) -> bool {
        let reason = self.completion.finish_reason.as_deref().map(Finish::of);
        self.failure.is_none() && reason != Some(Finish::Failed) && (self.done || reason.is_some())
    }

    fn event(&mut self, event: SseEvent<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
        if self.done || self.failure.is_some() {
            return;
        }
        self.has_event = true;
        let data = page::trimmed(event.data);
        if self.take_usual(&event, data, deliver) {
            return;
        }
        let name = event.name.to_ascii_lowercase();
        if data == "[DONE]" {
            self.done = true;
        } else if ["error", "exception", "failed"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            self.failure = Some(self.reported(data));
        } else {
            let is_known = matches!(name.as_str(), "" | "message" | "done");
            if let Err(error) = self.values(data, is_known, deliver) {
                self.take_unread(data, is_known, &error);
            }
            self.done |= name == "done";
        }
    }

    /// Takes a piece like most: text behind the first chunk, which has all there is to know
    /// besides.
    fn take_usual(
        &mut self,
        event: &SseEvent<'_>,
        data: &str,
        deliver: &mut dyn FnMut(Part<'_>),
    ) -> bool {
        let completion = &mut self.completion;
        let is_within = self.is_streamed && completion.finish_reason.is_none();
        if !is_within || completion.id.is_empty() || !matches!(event.name, "" | "message") {
            return false;
        }
        let Some(text) = usual::content(data) else {
            return false;
        };
        let bytes = text.as_bytes();
        self.text.push(Voice::Content, bytes, &mut |part| {
            keep(completion, part, deliver);
        });
        if self.text.length > self.limit {
            self.failure = Some(self.too_long());
        }
        true
    }

    /// Takes the data of an event that is no JSON.
    fn take_unread(&mut self, data: &str, is_known: bool, error: &serde_json::Error) {
        // Names unknown today may carry anything, the last event may be torn, and an answer that
        // was finished can't be undone by what nobody understands.
        if self.ended || !is_known || data.is_empty() || self.completion.finish_reason.is_some() {
            return;
        }
        self.failure = Some(if self.completion.content.is_empty() {
            self.unreadable(&format!("an event can't be read: {error}"), data)
        } else {
            Error::BrokenAnswer {
                reason: format!("an event can't be read: {}", page::excerpt(data)),
            }
        });
    }

    /// Takes each of the values in a text, and says how many there are.
    fn values(
        &mut self,
        text: &str,
        is_known: bool,
        deliver: &mut dyn FnMut(Part<'_>),
    ) -> Result<usize, serde_json::Error> {
        let mut count = 0;
        for value in Json::all(text) {
            match value {
                Ok(value) => self.value(value, is_known, deliver),
                // Only what is no JSON is looked at so closely.
                Err(error) if count == 0 => {
                    let mended = json::mended(text);
                    let value = Json::parse(&mended).map_err(|_| error)?;
                    self.value(value, is_known, deliver);
                    return Ok(1);
                }
                Err(error) => return Err(error),
            }
            count += 1;
        }
        Ok(count)
    }

    fn value(&mut self, value: Json<'_>, is_known: bool, deliver: &mut dyn FnMut(Part<'_>)) {
        match value.kind() {
            Kind::Object => self.object(value, is_known, deliver),
            Kind::List => value.items(|item| self.object(item, is_known, deliver)),
            // An object may stand in a string, as errors do.
            Kind::Text => {
                let inner = value.text();
                if let Ok(inner) = Json::parse(page::trimmed(&inner)) {
                    self.object(inner, is_known, deliver);
                }
            }
            Kind::Null | Kind::Bool | Kind::Number => {}
        }
    }

    fn object(&mut self, object: Json<'_>, is_known: bool, deliver: &mut dyn FnMut(Part<'_>)) {
        if self.failure.is_some() || object.kind() != Kind::Object {
            return;
        }
        let chunk = Chunk::read(object);
        let completion = &mut self.completion;
        if completion.id.is_empty() {
            completion.id = chunk::text(chunk.id).into_owned();
        }
        if completion.model.is_empty() {
            completion.model = chunk::text(chunk.model).into_owned();
        }
        if completion.created.is_none() {
            completion.created = chunk.created.and_then(|created| Count::read(created).0);
        }
        self.count(chunk.usage);
        let choice = chunk.choice();
        if let Some(choice) = &choice {
            self.choice(choice, deliver);
        }
        let is_report = || is_known && chunk.is_empty() && problem::is_report(object);
        // Its code and sentence may stand beside an error that is only named.
        let named = (chunk.error.is_some() || is_report()).then_some(object);
        if let Some(error) = named.or(choice.and_then(|choice| choice.error)) {
            self.failure = Some(self.reported(error.written()));
        }
    }

    /// Takes a usage object. One that counts nothing must not replace one that does.
    fn count(&mut self, usage: Option<Json<'_>>) {
        let Some(object) = usage.filter(|usage| usage.kind() == Kind::Object) else {
            return;
        };
        let (usage, completion) = (chunk::usage(object), &mut self.completion);
        if !usage.is_blank() || (completion.usage.is_none() && object.written() != "{}") {
            completion.usage = Some(usage);
            completion.counted = Some(object.written().to_owned());
        }
    }

    fn choice(&mut self, choice: &Choice<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
        self.has_choice = true;
        self.count(choice.usage);
        let completion = &mut self.completion;
        let before = self.text.length;
        let text = &mut self.text;
        self.is_streamed |= choice.added(&mut |voice, bytes| {
            text.push(voice, bytes, &mut |part| keep(completion, part, deliver));
        });
        self.repeated(choice, deliver);
        let reason = chunk::text(choice.finish_reason);
        if Finish::of(&reason) != Finish::Unfinished {
            self.completion.finish_reason = Some(reason.trim().to_owned());
        } else if self.text.length > before {
            // A reason that more of the answer follows was none: Open WebUI puts one on reasoning.
            self.completion.finish_reason = None;
        }
        if self.text.length > self.limit && self.failure.is_none() {
            self.failure = Some(self.too_long());
        }
    }

    /// Takes a message, of which all or some may have come before.
    fn repeated(&mut self, choice: &Choice<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
        let mut text = Text::default();
        let (mut content, mut reasoning) = (String::new(), String::new());
        let has_message = choice.whole(&mut |voice, bytes| {
            text.push(voice, bytes, &mut |part| match part {
                Part::Content(text) => content.push_str(text),
                Part::Reasoning(text) => reasoning.push_str(text),
            });
        });
        if !has_message {
            return;
        }
        self.text.length += text.length;
        self.text.is_refused |= text.is_refused;
        let completion = &mut self.completion;
        let thought_on = reasoning.starts_with(&completion.reasoning);
        if thought_on {
            let rest = &reasoning[completion.reasoning.len()..];
            keep(completion, Part::Reasoning(rest), deliver);
            self.text.reasoning = text.reasoning;
        }
        let said_on = content.starts_with(&completion.content);
        if said_on {
            let rest = &content[completion.content.len()..];
            keep(completion, Part::Content(rest), deliver);
            self.text.content = text.content;
            self.text.splitter = text.splitter;
        }
        // Else it is a piece, as in a stream of messages, or what came in pieces once more.
        if !(self.is_streamed || said_on && thought_on) {
            let text = &mut self.text;
            choice.whole(&mut |voice, bytes| {
                if !(if voice == Voice::Reasoning {
                    thought_on
                } else {
                    said_on
                }) {
                    text.push(voice, bytes, &mut |part| keep(completion, part, deliver));
                }
            });
        }
    }

    fn whole(&mut self, body: &[u8], now: SystemTime, deliver: &mut dyn FnMut(Part<'_>)) {
        if !(200..=299).contains(&self.head.status) {
            let problem = problem::read(&self.head, body, &self.host, Some(&self.model), now);
            self.failure = Some(Error::Service(Box::new(problem)));
            return;
        }
        if self.failure.is_some() {
            return;
        }
        let body = String::from_utf8_lossy(body);
        let text = page::trimmed(&body);
        match self.values(text, true, deliver) {
            _ if self.failure.is_some() => {}
            Ok(_) if !self.has_choice => {
                self.failure = Some(self.unreadable("the object holds no answer", text));
            }
            // Objects one behind the other are a stream, which needs an end.
            Ok(count) => {
                self.done = count == 1;
                self.has_event = true;
                self.completion.raw = (count == 1).then(|| text.to_owned());
            }
            Err(_) if page::is_html(text) => {
                self.failure = Some(self.unreadable("it sent a web page", text));
            }
            Err(_) if self.has_choice => self.has_event = true,
            Err(error) => {
                self.failure = Some(self.unreadable(&format!("it sent no JSON: {error}"), text));
            }
        }
    }

    /// A failure that stands in the answer itself.
    fn reported(&self, text: &str) -> Error {
        if self.text.length == 0 {
            let now = Now::read().date;
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
            reason: problem::sentence(text),
        }
    }

    fn too_long(&self) -> Error {
        Error::BrokenAnswer {
            reason: format!("it is longer than {} MiB", self.limit >> 20),
        }
    }

    fn unreadable(&self, reason: &str, text: &str) -> Error {
        Error::Unreadable {
            host: self.host.clone(),
            reason: reason.to_owned(),
            excerpt: page::excerpt(text),
        }
    }
}

fn keep(completion: &mut Completion, part: Part<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
    match part {
        Part::Content("") | Part::Reasoning("") => return,
        Part::Content(text) => completion.content.push_str(text),
        Part::Reasoning(text) => completion.reasoning.push_str(text),
    }
    deliver(part);
}

#[cfg(test)]
mod tests;
