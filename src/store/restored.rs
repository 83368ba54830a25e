//! What a session file says, made into a conversation to go on with.

use super::reading::{self, Ending, Reading};
use super::record::Detail;
use super::session::{Held, HeldMessage, Notice};
use super::timeline::Said;
use crate::conversation::{Conversation, Cost};

/// What was said in a session.
#[derive(Debug, Default)]
pub struct Restored {
    /// Marked as saved.
    pub conversation: Conversation,
    /// The model that was used last.
    pub model: Option<String>,
    /// What each answer took, those that were taken back included: they were paid for.
    pub costs: Vec<Cost>,
    /// What is to be told about the reading.
    pub notices: Vec<Notice>,
}

/// A file that was read.
#[derive(Debug)]
pub struct File {
    pub restored: Restored,
    /// What it says, to write only what changes.
    pub held: Held,
    /// Bytes that are good.
    pub length: usize,
    pub ending: Ending,
}

/// Reads a file, to the last message.
///
/// # Errors
/// Says why this is no session that can be read.
pub fn read(bytes: &[u8]) -> Result<File, String> {
    let reading = reading::read(bytes, Detail::Everything)?;
    let notices = notices(&reading);
    let Reading {
        model,
        system,
        timeline,
        costs,
        ending,
        length,
        ..
    } = reading;
    let mut held = Held {
        next_place: timeline.next_place(),
        system,
        model: model.clone(),
        ..Held::default()
    };
    let mut messages = Vec::new();
    for (place, Said { message, hash }) in timeline.into_turns() {
        held.messages.push(HeldMessage { place, hash });
        messages.push(message);
    }
    let mut conversation = Conversation::from_messages(messages);
    conversation.set_system(held.system.clone());
    conversation.mark_saved();
    Ok(File {
        restored: Restored {
            conversation,
            model,
            costs,
            notices,
        },
        held,
        length,
        ending,
    })
}

fn notices(reading: &Reading) -> Vec<Notice> {
    let mut notices = Vec::new();
    if reading.unreadable > 0 {
        notices.push(Notice::Unreadable(reading.unreadable));
    }
    if reading.timeline.ends_with_prompt() || reading.ending == Ending::Torn {
        notices.push(Notice::TurnInFlight);
    }
    notices
}
