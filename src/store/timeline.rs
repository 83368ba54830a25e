//! Which of the messages that a session file ever held are still said. Counts messages by their
//! place in the file, also those that can't be read any more, so that a later `keep` means what it
//! meant when it was written.

use crate::conversation::{Message, Role};

/// The messages that were not taken back, in order; none for a line that can't be read.
#[derive(Debug, Default)]
pub struct Timeline {
    slots: Vec<Option<Said>>,
}

/// A message, and what its line is known by.
#[derive(Debug)]
pub struct Said {
    pub message: Message,
    pub hash: u64,
}

impl Timeline {
    pub fn say(&mut self, said: Said) {
        self.slots.push(Some(said));
    }

    pub fn lose(&mut self) {
        self.slots.push(None);
    }

    pub fn keep(&mut self, count: usize) {
        self.slots.truncate(count);
    }

    /// The place of the next message.
    pub fn next_place(&self) -> usize {
        self.slots.len()
    }

    /// Whether the last message is a prompt: its answer never came.
    pub fn ends_with_prompt(&self) -> bool {
        self.slots.last().is_some_and(|slot| {
            slot.as_ref()
                .is_some_and(|said| said.message.role == Role::User)
        })
    }

    /// The prompts that have an answer, each followed by it, with their places. A service refuses a
    /// conversation of anything else.
    pub fn into_turns(self) -> Vec<(usize, Said)> {
        let mut turns = Vec::with_capacity(self.slots.len());
        let mut prompt = None;
        for (place, slot) in self.slots.into_iter().enumerate() {
            let asked = prompt.take();
            let Some(said) = slot else { continue };
            match (said.message.role, asked) {
                (Role::Assistant, Some(asked)) => turns.extend([asked, (place, said)]),
                (Role::User, _) => prompt = Some((place, said)),
                _ => {}
            }
        }
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: Role) -> Said {
        Said {
            message: Message::new(role, ""),
            hash: 0,
        }
    }

    /// `u` and `a` are messages, `x` is a lost one, a digit keeps so many.
    fn places(events: &str) -> Vec<usize> {
        let mut timeline = Timeline::default();
        for event in events.chars() {
            match event {
                'u' => timeline.say(said(Role::User)),
                'a' => timeline.say(said(Role::Assistant)),
                'x' => timeline.lose(),
                count => timeline.keep(count.to_digit(10).unwrap() as usize),
            }
        }
        timeline
            .into_turns()
            .iter()
            .map(|(place, _)| *place)
            .collect()
    }

    #[test]
    fn only_whole_turns_are_left() {
        let table: [(&str, &[usize]); 9] = [
            ("", &[]),
            ("uaua", &[0, 1, 2, 3]),
            ("uau", &[0, 1]),
            ("uauua", &[0, 1, 3, 4]),
            ("uaxaua", &[0, 1, 4, 5]),
            ("uxua", &[2, 3]),
            ("uaua2ua", &[0, 1, 2, 3]),
            // The lost message counts: it is what was taken back.
            ("uaxa2ua", &[0, 1, 2, 3]),
            ("ua9ua0", &[]),
        ];
        for (events, expected) in table {
            assert_eq!(places(events), expected, "{events}");
        }
    }
}
