//! One turn of a chat: makes an answer of what a call brings, and retries or repairs what that may
//! fix. Pure: it knows no screen, no network and no clock of its own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::event::{Answer, Event};
use crate::api::call::{Call, Need, Next, Progress, TICK};
use crate::api::reply::Reply;
use crate::api::request::{self, Quirks, Repair, RequestOptions};
use crate::api::wait::{Attempts, Now};
use crate::conversation::Part;
use crate::conversation::{Conversation, Usage};
use crate::error::{Error, NetworkFailure, ProblemKind, Waiting};
use crate::net::{Head, Step};

/// How long after its end an answer is still read, for what it cost. [`TICK`] is the longest time
/// until the next look at the clock, so that it ends within a second.
const AFTERMATH: Duration = Duration::from_millis(500);

/// How long heartbeats are listened to without a word.
const SILENCE: Duration = Duration::from_secs(15 * 60);

/// A turn that is under way.
#[derive(Debug)]
pub struct Turn {
    host: String,
    model: String,
    options: RequestOptions,
    /// What the model turned out not to take, this turn included.
    pub quirks: Quirks,
    call: Call,
    /// Reads the response of the attempt that is being made.
    reply: Option<Reply>,
    events: VecDeque<Event>,
    started: Instant,
    first_word: Option<Duration>,
    reads: usize,
    /// When the answer turned out to be final.
    ended: Option<Instant>,
    /// When the last words came, or the attempt began.
    heard: Instant,
    /// When it was last told that nothing came.
    told: Instant,
    head: Head,
    /// What the service counted, attempt by attempt: it was paid for, whatever came of it.
    pub usages: Vec<Usage>,
}

impl Turn {
    /// A turn with a model of this host. The quirks are those that are known already.
    pub fn new(
        host: &str,
        model: &str,
        options: RequestOptions,
        quirks: Quirks,
        attempts: Attempts,
        now: Instant,
    ) -> Self {
        Turn {
            host: host.to_owned(),
            model: model.to_owned(),
            options,
            quirks,
            call: Call::new(host, Some(model), attempts),
            reply: None,
            events: VecDeque::new(),
            started: now,
            first_word: None,
            reads: 0,
            ended: None,
            heard: now,
            told: now,
            head: Head::default(),
            usages: Vec::new(),
        }
    }

    /// The body of the request, for this conversation.
    pub fn request_body(&self, conversation: &Conversation) -> Vec<u8> {
        request::body(&self.model, conversation, &self.options, &self.quirks)
    }

    /// What comes next: something to do, or something to tell. [`Event::Done`] is the last.
    pub fn next(&mut self, now: Now) -> Next<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Next::Tell(event);
            }
            match self.call.next(now.instant) {
                Next::Need(need) => {
                    if need == Need::Send {
                        self.begin(now.instant);
                    }
                    return Next::Need(need);
                }
                Next::Tell(progress) => self.handle(progress, now),
            }
        }
    }

    /// Takes what came of a need.
    pub fn take(&mut self, came: Result<Step, Error>, now: Now) {
        self.call.take(came, now);
    }

    /// Ends the turn at once, for instance because nobody can see the answer any more. It has what
    /// came until now.
    pub fn stop(&mut self, error: Error, now: Now) -> Result<Box<Answer>, Error> {
        non_blank(self.answer(Some(error), now))
    }

    fn begin(&mut self, now: Instant) {
        self.reply = Some(Reply::new(&self.host, &self.model));
        self.reads = 0;
        self.ended = None;
        (self.heard, self.told) = (now, now);
        self.head = Head::default();
    }

    fn handle(&mut self, progress: Progress, now: Now) {
        match progress {
            Progress::Waiting(_) if self.first_word.is_some() => {
                self.events.push_back(Event::Call(progress));
                self.judge(now);
            }
            Progress::Body(bytes) => self.read(&bytes, now),
            Progress::End => self.finish(None, now),
            Progress::Failed(error) => self.finish(Some(error), now),
            Progress::Sent(_) | Progress::Waiting(_) | Progress::Retrying { .. } => {
                self.events.push_back(Event::Call(progress));
            }
            Progress::Head { ref head, .. } => {
                self.head = head.clone();
                self.events.push_back(Event::Call(progress));
            }
        }
    }

    fn read(&mut self, bytes: &[u8], now: Now) {
        let Some(reply) = &mut self.reply else { return };
        let mut words = Vec::new();
        let wants_more = reply.push(bytes, &mut |part| add(&mut words, part));
        self.reads += usize::from(!words.is_empty());
        let is_final = reply.is_final();
        if !words.is_empty() {
            self.heard = now.instant;
        }
        self.ended = is_final.then(|| self.ended.unwrap_or(now.instant));
        self.tell(words, now);
        match wants_more {
            true => self.judge(now),
            false => self.finish(None, now),
        }
    }

    /// Ends an answer that is final, or of which there is no word.
    fn judge(&mut self, now: Now) {
        let since = |then: Instant| now.instant.saturating_duration_since(then);
        if self.ended.is_some_and(|end| since(end) >= AFTERMATH) {
            self.finish(None, now);
        } else if since(self.heard) >= SILENCE {
            let (waiting, limit) = (Waiting::NextByte, SILENCE);
            let silence = NetworkFailure::TimedOut { waiting, limit };
            self.finish(Some(Error::Network(silence)), now);
        } else if self.first_word.is_none() && since(self.told) >= TICK {
            self.told = now.instant;
            let waiting = Progress::Waiting(since(self.started));
            self.events.push_back(Event::Call(waiting));
        }
    }

    fn tell(&mut self, words: Vec<Event>, now: Now) {
        if !words.is_empty() {
            let waited = now.instant - self.started;
            self.first_word.get_or_insert(waited);
        }
        self.events.extend(words);
    }

    /// Ends the turn before anything is sent.
    pub fn refuse(&mut self, error: Error) {
        self.events.push_back(Event::Done(Err(error)));
    }

    /// Ends the attempt. The turn goes on if the request can be repaired or is tried again, which
    /// only happens as long as nobody saw a word.
    fn finish(&mut self, error: Option<Error>, now: Now) {
        // The attempt is over already, and there is no other.
        if self.reply.is_none() {
            return error.into_iter().for_each(|error| self.refuse(error));
        }
        let mut answer = self.answer(error, now);
        match answer.cut.take() {
            Some(error) if self.first_word.is_none() => match self.repair(&error) {
                Some(repair) => {
                    self.events.push_back(Event::Repaired(repair));
                    self.call.send_anew();
                }
                None => self.call.try_again(error, now.instant),
            },
            cut => {
                answer.cut = cut;
                self.events.push_back(Event::Done(non_blank(answer)));
            }
        }
    }

    /// What came, told to the last word, with the reason if it isn't all.
    fn answer(&mut self, error: Option<Error>, now: Now) -> Answer {
        let reply = self.reply.take();
        let reply = reply.unwrap_or_else(|| Reply::new(&self.host, &self.model));
        let mut words = Vec::new();
        let (completion, result) = reply.end(&mut |part| add(&mut words, part));
        self.tell(words, now);
        if self.first_word.is_some() || completion.usage.is_some() {
            let usage = completion.usage.clone();
            self.usages.push(usage.unwrap_or_default());
        }
        Answer {
            completion,
            // What the connection does after the service said that the answer is complete is no
            // matter.
            cut: result.err().map(|reason| error.unwrap_or(reason)),
            first_word: self.first_word,
            total: now.instant - self.started,
            reads: self.reads,
            head: std::mem::take(&mut self.head),
        }
    }

    /// Adapts to a refused field, once for each.
    fn repair(&mut self, error: &Error) -> Option<Repair> {
        let Error::Service(problem) = error else {
            return None;
        };
        let wants_newer = request::wants_the_newer_name(&problem.message);
        let refused = match &problem.kind {
            ProblemKind::UnknownParameter(name) => name.as_str(),
            ProblemKind::Rejected if wants_newer => "max_tokens",
            _ => return None,
        };
        self.quirks.learn(refused, &self.options)
    }
}

/// Adds to text that came with one read, in as few events as its order allows.
fn add(words: &mut Vec<Event>, part: Part<'_>) {
    match (words.last_mut(), part) {
        (Some(Event::Content(text)), Part::Content(more))
        | (Some(Event::Reasoning(text)), Part::Reasoning(more)) => text.push_str(more),
        (_, Part::Content(text)) => words.push(Event::Content(text.to_owned())),
        (_, Part::Reasoning(text)) => words.push(Event::Reasoning(text.to_owned())),
    }
}

/// An answer without a word is none.
fn non_blank(answer: Answer) -> Result<Box<Answer>, Error> {
    if !answer.completion.is_blank() {
        return Ok(Box::new(answer));
    }
    Err(answer.cut.unwrap_or(Error::EmptyAnswer {
        finish_reason: answer.completion.why_empty(),
    }))
}

#[cfg(test)]
mod tests;
