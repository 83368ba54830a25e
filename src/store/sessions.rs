//! The saved conversations as a whole: finds them by name or age, lists, searches, opens and
//! deletes them.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use super::restored::Restored;
use super::session::{Session, file_of, lock};
use super::summary::{Entry, Summary};
use super::{data_folder, name, private_file};
use crate::conversation::Role;
use crate::error::Error;
use crate::error::nearest::nearest;

/// The folder of the sessions. It is made with the first of them.
#[derive(Clone, Debug)]
pub struct Sessions {
    folder: PathBuf,
}

/// A session that is open, and what was said in it.
#[derive(Debug)]
pub struct Opened {
    pub session: Session,
    pub restored: Restored,
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Listing {
    /// The newest first.
    pub sessions: Vec<Summary>,
    /// Names of files that can't be read.
    pub unreadable: Vec<String>,
}

/// A message that was searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub role: Role,
    /// The line with the most of the words.
    pub line: String,
}

impl Sessions {
    /// The sessions of this user.
    ///
    /// # Errors
    /// If there is no home to have a data folder in.
    pub fn in_data_folder() -> Result<Self, Error> {
        let none = |error: io::Error| Error::System {
            what: "finding the data folder",
            reason: error.to_string(),
        };
        Ok(Sessions {
            folder: data_folder().map_err(none)?.join(super::SESSIONS_FOLDER),
        })
    }

    /// A session without a name, made with its first message.
    pub fn create(&self) -> Session {
        Session::wanted(self.folder.clone(), None)
    }

    /// Opens a session, or one that is yet to be made if there is none of this name.
    ///
    /// # Errors
    /// A name that breaks the rule, a session that another process has open, a file that is no
    /// session of this version or can't be written, the system's.
    pub fn open(&self, name: &str) -> Result<Opened, Error> {
        name::check(name)?;
        let path = file_of(&self.folder, name);
        let unusable = |error: io::Error| self.unusable(name, error.to_string());
        // A pipe or a device may never end.
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(self.unusable(name, "It is no regular file.".to_owned()));
        }
        let mut file = match private_file().read(true).append(true).open(&path) {
            // A file in the folder's place is reported when saving fails.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Opened {
                    session: Session::wanted(self.folder.clone(), Some(name.to_owned())),
                    restored: Restored::default(),
                });
            }
            other => other.map_err(unusable)?,
        };
        // Locked before it is read, so that nobody writes in between.
        if !lock(&file).map_err(unusable)? {
            return Err(Error::SessionInUse(name.to_owned()));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unusable)?;
        let restored = Restored::read(&bytes).map_err(|reason| self.unusable(name, reason))?;
        let (folder, name) = (self.folder.clone(), name.to_owned());
        Ok(Opened {
            session: Session::opened(folder, name, file, bytes.len(), &restored.record),
            restored,
        })
    }

    /// What was said in a session, which is left as it is.
    ///
    /// # Errors
    /// As [`Sessions::open`], and if there is none of this name.
    pub fn load(&self, name: &str) -> Result<Restored, Error> {
        name::check(name)?;
        Restored::read(&self.bytes(name)?).map_err(|reason| self.unusable(name, reason))
    }

    /// A session's line in the list.
    ///
    /// # Errors
    /// As [`Sessions::load`].
    pub fn summary(&self, name: &str) -> Result<Summary, Error> {
        let metadata = file_of(&self.folder, name).metadata();
        let metadata = metadata.map_err(|error| self.unusable(name, error.to_string()))?;
        let changed = metadata
            .modified()
            .map_err(|error| self.unusable(name, error.to_string()))?;
        let entry = Entry {
            name: name.to_owned(),
            changed,
            bytes: metadata.len(),
        };
        let summary = self.summarise(&entry)?;
        summary.ok_or_else(|| self.unusable(name, "It is empty.".to_owned()))
    }

    /// The name of the session that was written to last.
    pub fn latest(&self) -> Result<String, Error> {
        let entries = self.entries()?;
        let is_session = |entry: &&Entry| matches!(self.summarise(entry), Ok(Some(_)));
        entries
            .iter()
            .find(is_session)
            .map(|entry| entry.name.clone())
            .ok_or(Error::NothingToContinue)
    }

    /// All sessions, the newest first.
    pub fn list(&self) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        for entry in self.entries()? {
            match self.summarise(&entry) {
                Ok(Some(summary)) => listing.sessions.push(summary),
                Ok(None) => {}
                Err(_) => listing.unreadable.push(entry.name),
            }
        }
        Ok(listing)
    }

    /// The names of all files, also of those that can't be read.
    ///
    /// # Errors
    /// As [`Sessions::list`].
    pub fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self
            .entries()?
            .into_iter()
            .map(|entry| entry.name)
            .collect())
    }

    /// The session of exactly this name.
    pub fn exact(&self, name: &str) -> Result<String, Error> {
        let found = self.find(name)?;
        if found == name {
            Ok(found)
        } else {
            Err(Error::NoSession {
                name: name.to_owned(),
                nearest: Some(found),
            })
        }
    }

    /// The session that is meant by a name or the beginning of one.
    ///
    /// # Errors
    /// If no session has this name, or several begin with it.
    pub fn find(&self, typed: &str) -> Result<String, Error> {
        let names = self.names()?;
        if let Some(name) = names.iter().find(|name| *name == typed) {
            return Ok(name.clone());
        }
        let beginning: Vec<&String> = names
            .iter()
            .filter(|name| name.starts_with(typed))
            .collect();
        match beginning[..] {
            [name] => Ok(name.clone()),
            [] => {
                let nearest = nearest(typed, names.iter().map(String::as_str)).map(str::to_owned);
                Err(Error::NoSession {
                    name: typed.to_owned(),
                    nearest,
                })
            }
            _ => Err(Error::SeveralSessions {
                typed: typed.to_owned(),
                names: beginning.into_iter().cloned().collect(),
            }),
        }
    }

    /// Deletes a session.
    ///
    /// # Errors
    /// If there is none of this name, or another process has it open; the system's.
    pub fn delete(&self, name: &str) -> Result<(), Error> {
        name::check(name)?;
        let path = file_of(&self.folder, name);
        let unusable = |error: io::Error| self.unusable(name, error.to_string());
        let file = match private_file().read(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::NoSession {
                    name: name.to_owned(),
                    nearest: None,
                });
            }
            other => other.map_err(unusable)?,
        };
        if !lock(&file).map_err(unusable)? {
            return Err(Error::SessionInUse(name.to_owned()));
        }
        fs::remove_file(&path).map_err(unusable)
    }

    /// The messages in which all of these words occur, in whatever case, of the newest session
    /// first.
    ///
    /// # Errors
    /// The system's, if the folder can't be read. Sessions that can't be read are left out.
    pub fn search(&self, words: &[String]) -> Result<Vec<Found>, Error> {
        let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let mut found = Vec::new();
        for Entry { name, .. } in self.entries()? {
            let Ok(restored) = self.load(&name) else {
                continue;
            };
            for message in restored.conversation.messages() {
                let line = line_with(&words, &message.content);
                found.extend(line.map(|line| Found {
                    name: name.clone(),
                    role: message.role,
                    line,
                }));
            }
        }
        Ok(found)
    }

    /// The files of sessions, the newest first.
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let folder = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other
                .map_err(|error| Error::of_file("the sessions' folder", &self.folder, &error))?,
        };
        let mut entries: Vec<Entry> = folder
            .flatten()
            .filter_map(|entry| Entry::of(&entry))
            .collect();
        entries.sort_unstable_by(|one, other| {
            other
                .changed
                .cmp(&one.changed)
                .then_with(|| other.name.cmp(&one.name))
        });
        Ok(entries)
    }

    /// None for a file to which nothing was ever written.
    fn summarise(&self, entry: &Entry) -> Result<Option<Summary>, Error> {
        let bytes = self.bytes(&entry.name)?;
        Summary::of(entry, &bytes).map_err(|reason| self.unusable(&entry.name, reason))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        fs::read(file_of(&self.folder, name)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::NoSession {
                name: name.to_owned(),
                nearest: None,
            },
            _ => self.unusable(name, error.to_string()),
        })
    }

    fn unusable(&self, name: &str, reason: String) -> Error {
        Error::File {
            what: "the session",
            path: file_of(&self.folder, name),
            reason,
        }
    }
}

/// The line with the most of the words, if all of them occur in the text.
fn line_with(words: &[String], text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if !words.iter().all(|word| lower.contains(word)) {
        return None;
    }
    let count = |line: &&str| {
        words
            .iter()
            .filter(|word| line.to_lowercase().contains(*word))
            .count()
    };
    // The first of several, which `max_by_key` would leave for the last.
    text.lines()
        .rev()
        .max_by_key(count)
        .map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests;
