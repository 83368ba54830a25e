//! One request and what comes back, received so that Ctrl-C and the clock are never behind a blocked read.
//!
//! A worker thread does the whole call, from DNS to the last byte. The owner waits on one bounded channel that carries
//! what the worker gets and the wake-up of Ctrl-C; an exchange that is dropped abandons its worker.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::http::{CONNECT_LIMIT, Head, Http, Received, Request};
use crate::error::{Error, NetworkFailure, Waiting};
use crate::interrupt::{Interrupts, Listening};

/// How long a stream may be silent once it has begun.
const IDLE_LIMIT: Duration = Duration::from_secs(90);

/// What may lie in the channel unread: some hundred KB, after which the worker waits for the terminal.
const CHANNEL_SIZE: usize = 32;

/// A request under way.
pub struct Exchange {
    events: Receiver<Event>,
    interrupts: Interrupts,
    _listening: Listening,
    waiting: Waiting,
    since: Instant,
    first_byte_limit: Duration,
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
    /// Starts a worker. `first_byte_limit` counts from the moment the request is written.
    pub fn start(http: &Arc<Http>, request: Request, first_byte_limit: Duration, interrupts: &Interrupts) -> Self {
        let (sender, events) = mpsc::sync_channel(CHANNEL_SIZE);
        let wake = sender.clone();
        // A full channel is being read, and its reader looks at the flag first.
        let listening = interrupts.listen(move || drop(wake.try_send(Event::Woken)));
        // Nobody can see the connection of a GET being made, so it gets the time of both.
        let waiting = if request.body.is_some() { Waiting::Connection } else { Waiting::FirstByte };
        let http = Arc::clone(http);
        std::thread::spawn(move || {
            http.send(request, &mut |received| sender.send(Event::Received(received)).is_ok());
        });
        Exchange {
            events,
            interrupts: interrupts.clone(),
            _listening: listening,
            waiting,
            since: Instant::now(),
            first_byte_limit,
        }
    }

    /// Waits for the next step, for `tick` at most where one is given.
    ///
    /// # Errors
    /// Ctrl-C, a time limit, or what the network did.
    pub fn next(&mut self, tick: Option<Duration>) -> Result<Step, Error> {
        loop {
            let left = self.limit().saturating_sub(self.since.elapsed());
            let event = self.events.recv_timeout(tick.map_or(left, |tick| tick.min(left)));
            if self.interrupts.take() {
                return Err(Error::Interrupted);
            }
            match event {
                Ok(Event::Woken | Event::Received(Received::Connected)) => self.proceed(Waiting::FirstByte),
                Ok(Event::Received(Received::Head(head))) => {
                    self.proceed(Waiting::FirstByte);
                    return Ok(Step::Head(head));
                }
                Ok(Event::Received(Received::Body(bytes))) => {
                    self.proceed(Waiting::NextByte);
                    return Ok(Step::Body(bytes));
                }
                Ok(Event::Received(Received::End)) => return Ok(Step::End),
                Ok(Event::Received(Received::Failed(error))) => return Err(error),
                Err(RecvTimeoutError::Timeout) if self.since.elapsed() < self.limit() => return Ok(Step::Tick),
                Err(RecvTimeoutError::Timeout) => {
                    let failure = NetworkFailure::TimedOut { waiting: self.waiting, limit: self.limit() };
                    return Err(Error::Network(failure));
                }
                // The worker always says how it ended, so its end alone says nothing.
                Err(RecvTimeoutError::Disconnected) => return Ok(Step::End),
            }
        }
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
            Waiting::Connection => CONNECT_LIMIT,
            Waiting::FirstByte => self.first_byte_limit,
            Waiting::NextByte => IDLE_LIMIT,
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
