//! One request and what comes back, received so that Ctrl-C and the clock are never behind a
//! blocked read.
//!
//! A worker thread does the whole call, from DNS to the last byte. The owner waits on one bounded
//! channel that carries what the worker gets and the wake-up of Ctrl-C; an exchange that is dropped
//! abandons its worker.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::http::{CONNECT_LIMIT, Head, Http, Received, Request};
use crate::error::{Error, NetworkFailure, Waiting};
use crate::interrupt::{Interrupts, Listening};

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// DNS, TCP and TLS together.
    pub connection: Duration,
    /// From the request's last byte to the response's first.
    pub first_byte: Duration,
    /// Between two reads of a response that has begun.
    pub idle: Duration,
    /// For all of it, where it is something small; an answer of a model may take as long as it
    /// likes.
    pub total: Option<Duration>,
}

impl Limits {
    /// The usual limits, with this one for the first byte: models may think for long before they
    /// say anything.
    pub fn with_first_byte(first_byte: Duration) -> Self {
        Limits {
            connection: CONNECT_LIMIT,
            first_byte,
            idle: Duration::from_secs(90),
            total: None,
        }
    }

    /// Longer than any wait of the caller's, for the socket itself.
    pub fn silence(self) -> Duration {
        self.first_byte.max(self.idle) + Duration::from_secs(30)
    }

    /// No longer than this, for all of it.
    pub fn at_most(self, limit: Duration) -> Self {
        let Limits {
            connection,
            first_byte,
            idle,
            total,
        } = self;
        let [connection, first_byte, idle] =
            [connection, first_byte, idle].map(|wait| wait.min(limit));
        Limits {
            connection,
            first_byte,
            idle,
            total: Some(total.unwrap_or(limit).min(limit)),
        }
    }
}

/// What may lie in the channel unread: some hundred KB, after which the worker waits for the
/// terminal.
const CHANNEL_SIZE: usize = 256;

/// A step is handed over when it holds this much.
const STEP_SIZE: usize = 64 * 1024;

/// A request under way.
pub struct Exchange {
    events: Receiver<Event>,
    /// Taken from the channel while looking for more of the body.
    next_event: Option<Event>,
    interrupts: Interrupts,
    _listening: Listening,
    waiting: Waiting,
    since: Instant,
    started: Instant,
    limits: Limits,
}

enum Event {
    Received(Received),
    Woken,
}

/// What happened next.
#[derive(Debug)]
pub enum Step {
    /// The response began.
    Head(Head),
    /// Bytes of its body, at least one.
    Body(Vec<u8>),
    /// The body is complete as far as HTTP can tell.
    End,
    /// Nothing, for as long as the caller wanted to wait.
    Tick,
}

impl Exchange {
    /// Starts a worker.
    pub fn start(
        http: &Arc<Http>,
        request: Request,
        limits: Limits,
        interrupts: &Interrupts,
    ) -> Self {
        let (sender, events) = mpsc::sync_channel(CHANNEL_SIZE);
        let wake = sender.clone();
        // A full channel is being read, and its reader looks at the flag first.
        let listening = interrupts.listen(move || drop(wake.try_send(Event::Woken)));
        // Nobody can see the connection of a GET being made, so it gets the time of both.
        let waiting = if request.body.is_some() {
            Waiting::Connection
        } else {
            Waiting::FirstByte
        };
        let http = Arc::clone(http);
        let work = move || {
            http.send(request, &mut |received| {
                sender.send(Event::Received(received)).is_ok()
            });
        };
        let started = std::thread::Builder::new().spawn(work);
        let failed = |error: std::io::Error| {
            Event::Received(Received::Failed(Error::System {
                what: "starting a thread",
                reason: error.to_string(),
            }))
        };
        Exchange {
            events,
            next_event: started.err().map(failed),
            interrupts: interrupts.clone(),
            _listening: listening,
            waiting,
            since: Instant::now(),
            started: Instant::now(),
            limits,
        }
    }

    /// Waits for the next step, for `tick` at most where one is given.
    ///
    /// # Errors
    /// Ctrl-C, a time limit, or what the network did.
    pub fn next(&mut self, tick: Option<Duration>) -> Result<Step, Error> {
        loop {
            let left = self.limit().saturating_sub(self.since.elapsed());
            let event = match self.next_event.take() {
                Some(event) => Ok(event),
                None => self
                    .events
                    .recv_timeout(tick.map_or(left, |tick| tick.min(left))),
            };
            if self.interrupts.take() {
                return Err(Error::Interrupted);
            }
            if let Some(total) = self
                .limits
                .total
                .filter(|total| self.started.elapsed() > *total)
            {
                let failure = NetworkFailure::TimedOut {
                    waiting: self.waiting,
                    limit: total,
                };
                return Err(Error::Network(failure));
            }
            match event {
                Ok(Event::Woken) => {}
                Ok(Event::Received(Received::Connected)) => self.proceed(Waiting::FirstByte),
                Ok(Event::Received(Received::Head(head))) => {
                    self.proceed(Waiting::FirstByte);
                    return Ok(Step::Head(head));
                }
                Ok(Event::Received(Received::Body(bytes))) => {
                    self.proceed(Waiting::NextByte);
                    return Ok(Step::Body(self.with_what_came_since(bytes)));
                }
                Ok(Event::Received(Received::End)) => return Ok(Step::End),
                Ok(Event::Received(Received::Failed(error))) => return Err(error),
                Err(RecvTimeoutError::Timeout) if self.since.elapsed() < self.limit() => {
                    return Ok(Step::Tick);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let failure = NetworkFailure::TimedOut {
                        waiting: self.waiting,
                        limit: self.limit(),
                    };
                    return Err(Error::Network(failure));
                }
                // The worker always says how it ended, so its end alone says nothing.
                Err(RecvTimeoutError::Disconnected) => return Ok(Step::End),
            }
        }
    }

    /// Adds what lies in the channel already: attohttpc never reads over the end of a chunk, and
    /// the service sends a chunk for every token, which would be a write to the terminal each.
    fn with_what_came_since(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        while bytes.len() < STEP_SIZE {
            match self.events.try_recv() {
                Ok(Event::Received(Received::Body(more))) => bytes.extend_from_slice(&more),
                other => {
                    self.next_event = other.ok();
                    break;
                }
            }
        }
        bytes
    }

    /// The whole body of a response, `limit` bytes at most.
    ///
    /// # Errors
    /// As [`Exchange::next`].
    pub fn collect(mut self, limit: usize) -> Result<(Head, Vec<u8>), Error> {
        let mut head = Head::default();
        let mut body = Vec::new();
        loop {
            match self.next(None)? {
                Step::Head(received) => head = received,
                Step::Body(mut bytes) if body.len() < limit => body.append(&mut bytes),
                Step::Body(_) | Step::End => return Ok((head, body)),
                Step::Tick => {}
            }
        }
    }

    fn limit(&self) -> Duration {
        match self.waiting {
            Waiting::Connection => self.limits.connection,
            Waiting::FirstByte => self.limits.first_byte,
            Waiting::NextByte => self.limits.idle,
        }
    }

    /// Goes on to wait for something else; a wait that goes on keeps its clock.
    fn proceed(&mut self, waiting: Waiting) {
        if waiting != self.waiting || waiting == Waiting::NextByte {
            self.waiting = waiting;
            self.since = Instant::now();
        }
    }
}
