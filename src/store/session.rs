//! A session that is open: the file a conversation is written to, turn by turn, and nobody else's
//! while it is.
//!
//! The file only grows. A save is one write of what was added to the record, so that a process that
//! is killed loses the turn in flight at the most; what a failed write left behind is cut off by
//! the next. Nothing is synchronised with the disk: a power cut may cost the last seconds, and
//! leaves a torn line, which is repaired like any other.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::notice::Notice;
use super::record::Record;
use super::{clock, name};
use crate::error::Error;
use crate::files::{is_replaced, private_file, private_folder};

/// An open session. Its file is made with the first turn.
#[derive(Debug, Default)]
pub struct Session {
    folder: PathBuf,
    /// None if it will be made of the first prompt.
    name: Option<String>,
    /// Locked while it is open.
    file: Option<Locked>,
    /// How much of the record is in the file, in bytes.
    written: usize,
    /// Where in the file that ends. It is further on if another process added to it and files
    /// have no locks.
    end: u64,
    /// Whether there may be a torn line behind what is good.
    is_torn: bool,
    notices: Vec<Notice>,
}

impl Session {
    /// A session that is yet to be made, under the first of this name, name-2 and so on that is
    /// free.
    pub(super) fn wanted(folder: PathBuf, name: Option<String>) -> Self {
        Session {
            folder,
            name,
            ..Session::default()
        }
    }

    /// A session whose file was locked, and read to its `length`. It may lack the end of its last
    /// line, or have a torn one more than the record.
    pub(super) fn opened(self, file: Locked, length: usize, record: &Record) -> Self {
        let good = record.lines.len();
        let written = good.min(length);
        Session {
            file: Some(file),
            written,
            end: written as u64,
            is_torn: good < length,
            ..self
        }
    }

    /// Its name; none if that will be made of its first prompt.
    pub fn name(&self) -> Option<String> {
        self.name.clone()
    }

    /// Whether there is a file.
    pub fn is_written(&self) -> bool {
        self.file.is_some()
    }

    /// What the last save has to tell, once.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Writes what was added to the record since the last save. Nothing is written before the first
    /// turn.
    ///
    /// # Errors
    /// The system's, and a file that another program changed. Nothing is lost then: the next save
    /// writes what this one didn't, and [`Session::rename`] has all of it written anew.
    pub fn save(&mut self, record: &Record) -> io::Result<()> {
        if !self.is_written() {
            if record.turns.is_empty() {
                return Ok(());
            }
            self.make(&record.title)?;
        }
        if let Some(reason) = self.lost() {
            return Err(io::Error::other(reason));
        }
        let lines = &record.lines[self.written..];
        let Some(file) = self.file.as_mut().filter(|_| !lines.is_empty()) else {
            return Ok(());
        };
        if self.is_torn {
            file.set_len(self.end)?;
        }
        let length = file.metadata()?.len();
        if let Err(error) = file.write_all(lines) {
            self.is_torn = file.set_len(length).is_err();
            return Err(error);
        }
        self.is_torn = false;
        self.end = length + lines.len() as u64;
        self.written += lines.len();
        Ok(())
    }

    /// Gives it another name. If its file was lost, all of it is written anew under this one.
    ///
    /// # Errors
    /// A name that breaks the rule or is another session's; the system's.
    pub fn rename(&mut self, new: &str) -> Result<(), Error> {
        name::check(new)?;
        if self.lost().is_some() {
            *self = Session::wanted(self.folder.clone(), None);
        }
        if self.name.as_deref() == Some(new) {
            return Ok(());
        }
        let path = file_of(&self.folder, new);
        let failed = |error: io::Error| Error::of_file("the session", &path, &error);
        match self.name.as_ref().filter(|_| self.is_written()) {
            None if path.exists() => return Err(Error::SessionExists(new.to_owned())),
            None => {}
            Some(name) => {
                // The empty file holds the name until ours is put in its place.
                let Some(_placeholder) = claim(&path).map_err(failed)? else {
                    return Err(Error::SessionExists(new.to_owned()));
                };
                let renamed = fs::rename(file_of(&self.folder, name), &path);
                renamed
                    .inspect_err(|_| drop(fs::remove_file(&path)))
                    .map_err(failed)?;
            }
        }
        self.name = Some(new.to_owned());
        Ok(())
    }

    /// Why its file is no place for a turn any more: another program deleted it, cut it, left its
    /// last line unfinished, or put another in its place. Whole lines that were added are another
    /// chat's, if files have no locks; what a failed write of our own left behind is cut off.
    pub fn lost(&self) -> Option<&'static str> {
        let (Some(file), Some(name)) = (&self.file, &self.name) else {
            return None;
        };
        let path = file_of(&self.folder, name);
        let is_broken = || -> io::Result<bool> {
            let (length, end) = (file.metadata()?.len(), self.end);
            Ok(length < end || length > end && !self.is_torn && !ends_line(file, length)?)
        };
        let is_lost = is_replaced(file, &path) || is_broken().unwrap_or(false);
        is_lost.then(|| match path.exists() {
            true => "another program changed its file",
            false => "its file was deleted",
        })
    }

    /// Makes the file, under a name nobody has.
    fn make(&mut self, title: &str) -> io::Result<()> {
        let made = || name::from_prompt(&clock::stamp(SystemTime::now()), title);
        let base = self.name.clone().unwrap_or_else(made);
        private_folder(&self.folder)?;
        for name in (1..).map(|number| name::numbered(&base, number)) {
            self.file = claim(&file_of(&self.folder, &name))?;
            if self.file.is_some() {
                let wanted = self.name.replace(name.clone());
                let taken = wanted.filter(|wanted| *wanted != name);
                self.notices
                    .extend(taken.map(|wanted| Notice::NameTaken { wanted, name }));
                break;
            }
        }
        Ok(())
    }
}

/// Whether the last byte of a file ends a line.
fn ends_line(mut file: &File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The file of a session.
pub(super) fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.jsonl"))
}

/// Makes a file and locks it; none if there is a session of that name. A file of no bytes is
/// none: it is left when a process ended before its first write.
fn claim(path: &Path) -> io::Result<Option<Locked>> {
    // Not even for a moment is a session locked that only has the name.
    if path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(None);
    }
    let file = private_file().read(true).create(true).open(path)?;
    Ok(match lock(file)? {
        Some(file) if file.metadata()?.len() == 0 => Some(file),
        _ => None,
    })
}

/// A file that is locked for as long as this lives.
#[derive(Debug)]
pub(super) struct Locked(File);

/// Locks a file; none if another has it. Some network file systems have no locks, and are used
/// without.
pub(super) fn lock(file: File) -> io::Result<Option<Locked>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(Locked(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => Err(error),
        Err(TryLockError::Error(_)) => Ok(Some(Locked(file))),
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // A child that is being started has the descriptor, and with it the lock, until it runs.
        let _ = self.0.unlock();
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_that_a_child_has_for_a_moment_keeps_no_lock() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let open = || File::open(&path).unwrap();
        let locked = lock(open()).unwrap().unwrap();
        let of_child = locked.try_clone().unwrap();
        assert!(lock(open()).unwrap().is_none());
        drop(locked);
        assert!(lock(open()).unwrap().is_some());
        drop(of_child);
    }
}
