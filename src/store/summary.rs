//! A session in a list.

use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

use super::{clock, reading};

/// A session, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub name: String,
    /// The first prompt, shortened.
    pub title: String,
    pub turns: usize,
    /// The model that was used last.
    pub model: Option<String>,
    /// In RFC 3339, UTC.
    pub started: Option<String>,
    /// When it was written to last.
    pub changed: SystemTime,
    /// Size of its file.
    pub bytes: usize,
}

impl Summary {
    /// The heads of the columns of [`Summary::row`].
    pub const HEADS: [&str; 5] = ["NAME", "LAST", "TURNS", "MODEL", "TITLE"];

    /// A row of the list.
    pub fn row(&self, now: SystemTime) -> [String; 5] {
        [
            self.name.clone(),
            clock::age(self.changed, now),
            self.turns.to_string(),
            self.model.clone().unwrap_or_default(),
            self.title.clone(),
        ]
    }

    /// Reads a file; none if nothing was ever written to it.
    ///
    /// # Errors
    /// The system's; says why this is no session that can be read.
    pub fn read(name: &str, path: &Path) -> io::Result<Option<Self>> {
        let bytes = fs::read(path)?;
        let reading = reading::read(&bytes)?;
        let changed = path.metadata()?.modified()?;
        Ok((reading.length > 0).then(|| Summary {
            name: name.to_owned(),
            title: reading.title,
            turns: reading.turns.iter().flatten().count(),
            model: reading.model,
            started: reading.started,
            changed,
            bytes: bytes.len(),
        }))
    }
}
