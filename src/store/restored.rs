//! Makes a conversation to continue from what a session file says.

use std::io;

use super::notice::Notice;
use super::reading;
use super::record::Record;
use crate::conversation::{Conversation, Cost};

/// What was said in a session.
#[derive(Debug, Default)]
pub struct Restored {
    pub conversation: Conversation,
    /// The model that was used last.
    pub model: Option<String>,
    /// What each answer took, those that were taken back included: they were paid for.
    pub costs: Vec<Cost>,
    /// What is to be told about the reading.
    pub notices: Vec<Notice>,
    /// The lines of the file, to add to.
    pub record: Record,
}

impl Restored {
    /// Reads a file, to the last message.
    ///
    /// # Errors
    /// Says why this is no session that can be read.
    pub fn read(bytes: &[u8]) -> io::Result<Self> {
        let reading = reading::read(bytes)?;
        let unreadable = (reading.unreadable > 0).then_some(Notice::Unreadable(reading.unreadable));
        let torn = reading.is_torn.then_some(Notice::TurnInFlight);
        let record = Record::of_file(bytes, &reading);
        let messages = reading.turns.into_iter().flatten().flatten().collect();
        Ok(Restored {
            conversation: Conversation::recorded(reading.system, messages),
            model: reading.model,
            costs: reading.costs,
            notices: unreadable.into_iter().chain(torn).collect(),
            record,
        })
    }
}
