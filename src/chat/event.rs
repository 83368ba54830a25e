//! What a turn tells whoever drives it, and its result.

use std::time::Duration;

use crate::api::call::Progress;
use crate::api::reply::Completion;
use crate::api::request::Repair;
use crate::error::Error;
use crate::net::Head;

/// What happened in a turn.
#[derive(Debug)]
pub enum Event {
    /// The call is made, waits, has a response, or will be made again.
    Call(Progress),
    /// The model does not take a part of the request, which is sent again at once without it.
    Repaired(Repair),
    /// More of what the model thinks before it answers.
    Reasoning(String),
    /// More of the answer.
    Content(String),
    /// The turn is over, and the conversation is as it is from now on. An answer that broke off is
    /// no error but marked as cut.
    Done(Result<Box<Answer>, Error>),
}

/// What a turn brought.
#[derive(Debug)]
pub struct Answer {
    pub completion: Completion,
    /// Why it isn't all of the answer, if it isn't.
    pub cut: Option<Error>,
    /// From the beginning of the turn to the first word, and to the last, waits between attempts
    /// included.
    pub first_word: Option<Duration>,
    pub total: Duration,
    /// In how many reads words came: one alone, and nothing was streamed.
    pub reads: usize,
    /// The head of the response; empty if there was none.
    pub head: Head,
}

impl Answer {
    /// Whether it ended before its end: broken off, or at the limit of its length.
    pub fn is_cut(&self) -> bool {
        self.cut.is_some() || self.completion.is_at_limit()
    }
}
