//! One call of the service, whichever endpoint: sent, waited for, and sent again if that may help.
//! Pure: it says what it needs, and is given the outcome and the time.
//!
//! A body arrives in pieces. [`Call::collect`] collects all of them; a streamed answer is read
//! piece by piece.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::wait::{Attempts, Now};
use super::{Tell, page, problem};
use crate::error::Error;
use crate::net::{Head, Step};

/// How often a call that waits wants to hear that time has passed.
pub const TICK: Duration = Duration::from_millis(500);

/// How often the wait before another attempt is counted down.
const COUNTDOWN: Duration = Duration::from_secs(1);

/// The most that is read of the body of a failure, in bytes.
const FAILURE_LIMIT: usize = 64 * 1024;

/// The longest wait for the rest of it: its status says most.
const FAILURE_WAIT: Duration = Duration::from_secs(2);

/// A call that is under way, or about to be.
#[derive(Debug)]
pub struct Call {
    host: String,
    /// For the words of a failure.
    model: Option<String>,
    attempts: Attempts,
    state: State,
    told: VecDeque<Progress>,
}

#[derive(Debug)]
enum State {
    Ready,
    Sent {
        since: Instant,
        /// The head of a failure, what came of its body, and since when.
        refusal: Option<(Head, Vec<u8>, Instant)>,
        /// Whether a successful response has begun.
        has_begun: bool,
    },
    Paused {
        until: Instant,
        reason: String,
    },
    Over,
}

/// What a call needs from whoever drives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Have the request sent.
    Send,
    /// Hand in the next step of the exchange; [`Step::Tick`] if there is none within [`TICK`].
    Step,
    /// Wait for so long, then hand in [`Step::Tick`].
    Sleep(Duration),
}

/// What became of a need.
#[derive(Debug)]
pub enum Satisfied {
    /// The request goes out; with the lines of its head, the key redacted.
    Sent(Vec<String>),
    /// What came, for [`Call::take`].
    Came(Result<Step, Error>),
}

/// What becomes of a call.
#[derive(Debug)]
pub enum Progress {
    /// The request goes out; with the lines of its head, the key redacted. Told by whoever sends
    /// it.
    Sent(Vec<String>),
    /// Nothing came yet, for so long.
    Waiting(Duration),
    /// A response began, after so long. The body of a failure is not handed on.
    Head { head: Head, after: Duration },
    /// Bytes of the body of a success, at least one.
    Body(Vec<u8>),
    /// The body is complete as far as HTTP can tell.
    End,
    /// The same request will be sent again in so long, because of this.
    Retrying {
        reason: String,
        left: Duration,
        /// Whether this is the first word about this wait.
        is_new: bool,
    },
    /// It is over. Once a successful response has begun, its reader decides by
    /// [`Call::try_again`] whether another attempt may help.
    Failed(Error),
}

/// A need, or something to tell.
#[derive(Debug)]
pub enum Next<Told> {
    Need(Need),
    Tell(Told),
}

impl Call {
    /// A call of this host, about this model.
    pub fn new(host: &str, model: Option<&str>, attempts: Attempts) -> Self {
        Call {
            host: host.to_owned(),
            model: model.map(str::to_owned),
            attempts,
            state: State::Ready,
            told: VecDeque::new(),
        }
    }

    /// What comes next. After [`Progress::Failed`] and [`Progress::End`] nothing does, unless the
    /// request is sent again.
    pub fn next(&mut self, now: Instant) -> Next<Progress> {
        if let Some(progress) = self.told.pop_front() {
            return Next::Tell(progress);
        }
        match self.state {
            State::Paused { until, .. } if until > now => {
                Next::Need(Need::Sleep((until - now).min(COUNTDOWN)))
            }
            State::Ready | State::Paused { .. } => {
                self.state = State::Sent {
                    since: now,
                    refusal: None,
                    has_begun: false,
                };
                Next::Need(Need::Send)
            }
            State::Sent { .. } => Next::Need(Need::Step),
            State::Over => Next::Tell(Progress::End),
        }
    }

    /// Takes what came of a need.
    pub fn take(&mut self, came: Result<Step, Error>, at: Now) {
        let now = at.instant;
        let (since, refusal, has_begun) = match &mut self.state {
            State::Sent {
                since,
                refusal,
                has_begun,
            } => (*since, refusal, has_begun),
            State::Paused { until, reason } => {
                let left = until.saturating_duration_since(now);
                let (reason, is_new) = (reason.clone(), false);
                return match came {
                    Err(error) => self.fail(error),
                    Ok(_) if left.is_zero() => {}
                    Ok(_) => self.told.push_back(Progress::Retrying {
                        reason,
                        left,
                        is_new,
                    }),
                };
            }
            State::Ready | State::Over => return,
        };
        match came {
            Ok(Step::Head(head)) => {
                *has_begun = (200..=299).contains(&head.status);
                *refusal = (!*has_begun).then(|| (head.clone(), Vec::new(), now));
                let after = now - since;
                let packed = head.packing().filter(|_| *has_begun).map(page::packed);
                self.told.push_back(Progress::Head { head, after });
                if let Some(reason) = packed {
                    self.fail(page::unreadable(&self.host, reason, ""));
                }
            }
            Ok(Step::Body(bytes)) => match refusal {
                None => self.told.push_back(Progress::Body(bytes)),
                Some((_, body, since)) => {
                    body.extend_from_slice(&bytes);
                    if body.len() >= FAILURE_LIMIT || now - *since >= FAILURE_WAIT {
                        self.refuse(at);
                    }
                }
            },
            Ok(Step::Tick)
                if refusal
                    .as_ref()
                    .is_some_and(|it| now - it.2 >= FAILURE_WAIT) =>
            {
                self.refuse(at);
            }
            Ok(Step::Tick) => self.told.push_back(Progress::Waiting(now - since)),
            Err(Error::Interrupted) => self.fail(Error::Interrupted),
            // What the connection does after the service has refused is no matter.
            Ok(Step::End) | Err(_) if refusal.is_some() => self.refuse(at),
            Ok(Step::End) => {
                self.state = State::Over;
                self.told.push_back(Progress::End);
            }
            Err(error) if *has_begun => self.fail(error),
            Err(error) => self.try_again(error, now),
        }
    }

    /// Sends the request again after a wait if this failure may pass by itself; else the call has
    /// failed with it.
    pub fn try_again(&mut self, error: Error, now: Instant) {
        let Some(left) = self.attempts.wait_after(&error) else {
            return self.fail(error);
        };
        let (until, reason) = (now + left, error.explain().title);
        self.told.push_back(Progress::Retrying {
            reason: reason.clone(),
            left,
            is_new: true,
        });
        self.state = State::Paused { until, reason };
    }

    /// Has another request sent at once, as after a repair.
    pub fn send_anew(&mut self) {
        self.state = State::Ready;
    }

    /// The whole body of a success, or its first bytes, more than `limit`, of a longer one, by way
    /// of `satisfy`, which does what the call needs. `tell` hears of everything but the body.
    ///
    /// # Errors
    /// Ctrl-C, a time limit, the network's failures, and every status but a success.
    pub fn collect(
        mut self,
        limit: usize,
        mut satisfy: impl FnMut(Need) -> Satisfied,
        tell: Tell<'_>,
    ) -> Result<(Head, Vec<u8>), Error> {
        let (mut head, mut body) = (Head::default(), Vec::new());
        let mut has_begun = false;
        loop {
            match self.next(Now::read().instant) {
                Next::Need(need) => match satisfy(need) {
                    Satisfied::Sent(lines) => tell(&Progress::Sent(lines)),
                    Satisfied::Came(came) => self.take(came, Now::read()),
                },
                Next::Tell(Progress::Body(bytes)) => {
                    body.extend(bytes);
                    if body.len() > limit {
                        return Ok((head, body));
                    }
                }
                Next::Tell(Progress::End) => return Ok((head, body)),
                // Nobody has seen what came, so another attempt is always allowed.
                Next::Tell(Progress::Failed(error)) if std::mem::take(&mut has_begun) => {
                    body.clear();
                    self.try_again(error, Now::read().instant);
                }
                Next::Tell(Progress::Failed(error)) => return Err(error),
                Next::Tell(progress) => {
                    tell(&progress);
                    if let Progress::Head { head: received, .. } = progress {
                        has_begun = true;
                        head = received;
                    }
                }
            }
        }
    }

    fn refuse(&mut self, at: Now) {
        let State::Sent { refusal, .. } = &mut self.state else {
            return;
        };
        let Some((head, mut body, _)) = refusal.take() else {
            return;
        };
        if head.packing().is_some() {
            body.clear();
        }
        let body = String::from_utf8_lossy(&body);
        let problem = problem::read(&head, &body, &self.host, self.model.as_deref(), at.date);
        self.try_again(Error::Service(Box::new(problem)), at.instant);
    }

    fn fail(&mut self, error: Error) {
        self.state = State::Over;
        self.told.push_back(Progress::Failed(error));
    }
}
