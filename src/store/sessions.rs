//! The saved conversations as a whole: finds them by name or age, lists, searches, opens and
//! deletes them.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use super::reading::{self, Restored};
use super::session::{Locked, Session, file_of, lock};
use super::summary::Summary;
use super::{Shelf, data_folder, name};
use crate::conversation::{Cost, Role};
use crate::error::Error;
use crate::error::nearest::nearest;
use crate::files::regular;

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

/// What answers took.
#[derive(Debug, Default)]
pub struct Spent {
    /// Each with its day in UTC, such as 2026-11-23.
    pub costs: Vec<(String, Cost)>,
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
    /// The sessions of this user, on this shelf.
    ///
    /// # Errors
    /// If there is no home to have a data folder in.
    pub fn in_data_folder(shelf: Shelf) -> Result<Self, Error> {
        let none = |error: io::Error| Error::System {
            what: "finding the data folder",
            reason: error.to_string(),
        };
        let name = match shelf {
            Shelf::Service => super::SESSIONS_FOLDER,
            Shelf::Sandbox => super::SANDBOX_FOLDER,
        };
        Ok(Sessions {
            folder: data_folder().map_err(none)?.join(name),
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
        let wanted = Session::wanted(self.folder.clone(), Some(name.to_owned()));
        let mut file = match self.lock(name, OpenOptions::new().append(true)) {
            // If there is no folder to have it in, saving will report that.
            Err(Error::NoSession { .. }) => {
                return Ok(Opened {
                    session: wanted,
                    restored: Restored::default(),
                });
            }
            other => other?,
        };
        let mut bytes = Vec::new();
        let unusable = |error| self.unusable(name, error);
        file.read_to_end(&mut bytes).map_err(unusable)?;
        let restored = Restored::read(&bytes).map_err(unusable)?;
        Ok(Opened {
            session: wanted.opened(file, bytes.len(), &restored.record),
            restored,
        })
    }

    /// What was said in a session, which is left as it is.
    ///
    /// # Errors
    /// As [`Sessions::open`], and if there is none of this name.
    pub fn load(&self, name: &str) -> Result<Restored, Error> {
        name::check(name)?;
        let bytes = fs::read(file_of(&self.folder, name));
        bytes
            .and_then(|bytes| Restored::read(&bytes))
            .map_err(|error| self.unusable(name, error))
    }

    /// A session's line in the list.
    ///
    /// # Errors
    /// As [`Sessions::load`].
    pub fn summary(&self, name: &str) -> Result<Summary, Error> {
        let empty = || self.unusable(name, io::Error::other("It is empty."));
        self.written(name)?.ok_or_else(empty)
    }

    /// The name of the session that was written to last.
    pub fn latest(&self) -> Result<String, Error> {
        let is_session = |name: &String| matches!(self.written(name), Ok(Some(_)));
        let latest = self.names()?.into_iter().find(is_session);
        latest.ok_or(Error::NothingToContinue)
    }

    /// All sessions, the newest first.
    pub fn list(&self) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        for name in self.names()? {
            match self.written(&name) {
                Ok(summary) => listing.sessions.extend(summary),
                Err(_) => listing.unreadable.push(name),
            }
        }
        Ok(listing)
    }

    /// What was spent in all sessions.
    ///
    /// # Errors
    /// The system's, if the folder can't be read.
    pub fn spent(&self) -> Result<Spent, Error> {
        let mut spent = Spent::default();
        for name in self.names()? {
            let bytes = fs::read(file_of(&self.folder, &name));
            match bytes.and_then(|bytes| reading::spent(&bytes)) {
                Ok(costs) => spent.costs.extend(costs),
                Err(_) => spent.unreadable.push(name),
            }
        }
        Ok(spent)
    }

    /// The names of all files, also of those that can't be read; the newest first.
    ///
    /// # Errors
    /// The system's, if the folder can't be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let folder = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other
                .map_err(|error| Error::of_file("the sessions' folder", &self.folder, &error))?,
        };
        let dated = folder.flatten().filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let name = file
                .strip_suffix(".jsonl")
                .filter(|name| name::is_valid(name))?;
            let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
            Some((metadata.modified().ok()?, name.to_owned()))
        });
        let mut dated: Vec<_> = dated.collect();
        dated.sort_unstable();
        Ok(dated.into_iter().rev().map(|(_, name)| name).collect())
    }

    /// The session of exactly this name.
    pub fn exact(&self, name: &str) -> Result<String, Error> {
        match self.find(name)? {
            found if found == name => Ok(found),
            found => Err(no_session(name, Some(found))),
        }
    }

    /// The session that is meant by a name or the beginning of one.
    ///
    /// # Errors
    /// If no session has this name, or several begin with it.
    pub fn find(&self, typed: &str) -> Result<String, Error> {
        let names = self.names()?;
        if names.iter().any(|name| name == typed) {
            return Ok(typed.to_owned());
        }
        let begins = |name: &&String| name.starts_with(typed);
        let mut beginning: Vec<String> = names.iter().filter(begins).cloned().collect();
        match beginning.len() {
            0 => {
                let nearest = nearest(typed, names.iter().map(String::as_str));
                Err(no_session(typed, nearest.map(str::to_owned)))
            }
            1 => Ok(beginning.remove(0)),
            _ => Err(Error::SeveralSessions {
                typed: typed.to_owned(),
                names: beginning,
            }),
        }
    }

    /// Deletes a session.
    ///
    /// # Errors
    /// If there is none of this name, or another process has it open; the system's.
    pub fn delete(&self, name: &str) -> Result<(), Error> {
        let _locked = self.lock(name, &mut OpenOptions::new())?;
        fs::remove_file(file_of(&self.folder, name)).map_err(|error| self.unusable(name, error))
    }

    /// The messages in which all of these words occur, in whatever case, of the newest session
    /// first.
    ///
    /// # Errors
    /// The system's, if the folder can't be read. Sessions that can't be read are left out.
    pub fn search(&self, words: &[String]) -> Result<Vec<Found>, Error> {
        let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let mut found = Vec::new();
        for name in self.names()? {
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

    /// None for a file to which nothing was ever written.
    fn written(&self, name: &str) -> Result<Option<Summary>, Error> {
        Summary::read(name, &file_of(&self.folder, name))
            .map_err(|error| self.unusable(name, error))
    }

    /// Opens the file of a session and locks it before anything is read, so that nobody writes in
    /// between.
    fn lock(&self, name: &str, options: &mut OpenOptions) -> Result<Locked, Error> {
        name::check(name)?;
        let path = file_of(&self.folder, name);
        let unusable = |error| self.unusable(name, error);
        // A pipe or a device may never end.
        regular(&path).map_err(unusable)?;
        let file = options.read(true).open(&path).map_err(unusable)?;
        let locked = lock(file).map_err(unusable)?;
        locked.ok_or_else(|| Error::SessionInUse(name.to_owned()))
    }

    fn unusable(&self, name: &str, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => no_session(name, None),
            _ => Error::of_file("the session", &file_of(&self.folder, name), &error),
        }
    }
}

fn no_session(name: &str, nearest: Option<String>) -> Error {
    Error::NoSession {
        name: name.to_owned(),
        nearest,
    }
}

/// The line with the most of the words, if all of them occur in the text.
fn line_with(words: &[String], text: &str) -> Option<String> {
    let count = |text: &str| {
        let lower = text.to_lowercase();
        words.iter().filter(|word| lower.contains(*word)).count()
    };
    if count(text) < words.len() {
        return None;
    }
    // The first of several, which `max_by_key` would leave for the last.
    let line = text.lines().rev().max_by_key(|line| count(line))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests;
