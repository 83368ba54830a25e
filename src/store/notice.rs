//! What a user should know about a session, as a sentence.

use std::fmt;

/// Something about a session that its user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The last turn was being saved when the process ended.
    TurnInFlight,
    /// So many lines of the file can't be read.
    Unreadable(usize),
    /// Another process took the name between two looks at it.
    NameTaken { wanted: String, name: String },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::TurnInFlight => {
                f.write_str("the last turn was never saved whole, and is left out")
            }
            Notice::Unreadable(1) => {
                f.write_str("a line of the session's file can't be read; its turn is left out")
            }
            Notice::Unreadable(count) => write!(
                f,
                "{count} lines of the session's file can't be read; their turns are left out"
            ),
            Notice::NameTaken { wanted, name } => write!(
                f,
                "another chat has taken the name {wanted}; this one is saved as {name}"
            ),
        }
    }
}
