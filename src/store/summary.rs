//! A session in a list. It is read without its text, because there may be a thousand.

use std::fs::{DirEntry, Metadata};
use std::time::SystemTime;

use super::reading::{self, Detail};
use super::{clock, name};

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
    pub bytes: u64,
}

/// A file of the folder.
#[derive(Debug)]
pub struct Entry {
    pub name: String,
    pub changed: SystemTime,
    pub bytes: u64,
}

impl Entry {
    /// None for what is no session.
    pub fn of(entry: &DirEntry) -> Option<Self> {
        let file = entry.file_name().into_string().ok()?;
        let name = file
            .strip_suffix(".jsonl")
            .filter(|name| name::is_valid(name))?
            .to_owned();
        let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
        Some(Entry {
            name,
            changed: metadata.modified().ok()?,
            bytes: metadata.len(),
        })
    }
}

impl Summary {
    /// The heads of the columns of [`Summary::row`].
    pub const HEADS: [&str; 5] = ["NAME", "LAST", "TURNS", "MODEL", "TITLE"];

    /// A row of the list.
    pub fn row(&self, now: SystemTime) -> [String; 5] {
        let model = self.model.clone().unwrap_or_default();
        [
            self.name.clone(),
            clock::age(self.changed, now),
            self.turns.to_string(),
            model,
            self.title.clone(),
        ]
    }

    /// Reads a file; none if nothing was ever written to it.
    ///
    /// # Errors
    /// Says why this is no session that can be read.
    pub fn of(entry: &Entry, bytes: &[u8]) -> Result<Option<Self>, String> {
        let reading = reading::read(bytes, Detail::Outline)?;
        Ok((!reading.is_blank()).then(|| Summary {
            name: entry.name.clone(),
            title: reading.title.unwrap_or_default(),
            turns: reading.turns.iter().flatten().count(),
            model: reading.model,
            started: reading.started,
            changed: entry.changed,
            bytes: entry.bytes,
        }))
    }
}
