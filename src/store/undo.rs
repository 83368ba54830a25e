//! What `doctor --fix` changed in the user's files, kept so that it can be taken back: a file for
//! each run in the data folder, private as what it holds, which may be a key.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{data_folder, replace_privately};
use crate::files::{self, private_folder};

/// Runs that can be taken back.
const MOST: usize = 5;

/// A change of a file.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Change {
    pub path: PathBuf,
    /// Who may read it is changed too: to nobody but its owner. It was this before.
    pub mode: Option<u32>,
    /// What was in it; none if there was no such file.
    pub before: Option<String>,
    /// What comes in its place; the same if the content isn't touched. In a file that isn't private
    /// it stands behind what was.
    pub after: String,
    pub is_private: bool,
}

impl Change {
    /// Makes it. Nothing is lost, whenever it is broken off.
    ///
    /// # Errors
    /// The system's, and what somebody else has written meanwhile.
    pub fn make(&self) -> io::Result<()> {
        let before = self.before.as_deref().unwrap_or_default();
        if self.is_private && before == self.after {
            return files::set_mode(&self.path, 0o600);
        }
        if self.is_private {
            return replace_privately(&self.path, before, &self.after);
        }
        let mut options = OpenOptions::new();
        let mut file = (options.append(true).create(true)).open(&self.path)?;
        match self.has(before) {
            true => file.write_all(&self.after.as_bytes()[before.len()..]),
            false => Err(changed()),
        }
    }

    /// Takes it back, if it was made.
    ///
    /// # Errors
    /// As [`Change::make`].
    fn take_back(&self) -> io::Result<()> {
        let before = self.before.as_deref().unwrap_or_default();
        match (self.has(before), self.has(&self.after), &self.before) {
            (true, ..) => {}
            _ if before == self.after => {}
            (false, false, _) => return Err(changed()),
            _ if self.is_private => replace_privately(&self.path, &self.after, before)?,
            (.., None) => return fs::remove_file(&self.path),
            (.., Some(_)) => {
                let file = OpenOptions::new().write(true).open(&self.path)?;
                file.set_len(before.len() as u64)?;
            }
        }
        self.mode
            .map_or(Ok(()), |mode| files::set_mode(&self.path, mode))
    }

    /// Whether this is in the file.
    fn has(&self, text: &str) -> bool {
        match fs::read(&self.path) {
            Ok(bytes) => bytes == text.as_bytes(),
            Err(error) => error.kind() == NotFound && text.is_empty(),
        }
    }
}

fn changed() -> io::Error {
    io::Error::other("It was changed meanwhile.")
}

/// The changes of one run.
#[derive(Debug)]
pub struct Undo {
    path: PathBuf,
    changes: Vec<Change>,
    /// What the file holds.
    written: String,
}

impl Undo {
    /// Begins with none. The oldest runs are forgotten.
    ///
    /// # Errors
    /// If there is no home or it can't be written.
    pub fn begin() -> io::Result<Self> {
        let folder = folder()?;
        private_folder(&folder)?;
        let runs = runs(&folder)?;
        for (_, path) in runs.iter().rev().skip(MOST - 1) {
            fs::remove_file(path)?;
        }
        let number = runs.last().map_or(1, |(number, _)| number + 1);
        Ok(Undo {
            path: folder.join(format!("{number}.json")),
            changes: Vec::new(),
            written: String::new(),
        })
    }

    /// Keeps what a change needs to be taken back, and makes it then.
    ///
    /// # Errors
    /// The system's; without what was kept, nothing is changed.
    pub fn make(&mut self, change: Change) -> io::Result<()> {
        self.changes.push(change.clone());
        let made = self.write().and_then(|()| change.make());
        made.inspect_err(|_| {
            self.changes.pop();
            // What is kept too much is taken back without an effect.
            drop(self.write());
        })
    }

    fn write(&mut self) -> io::Result<()> {
        if self.changes.is_empty() {
            self.written.clear();
            return fs::remove_file(&self.path);
        }
        let text = serde_json::to_string(&self.changes).map_err(io::Error::other)?;
        replace_privately(&self.path, &self.written, &text)?;
        self.written = text;
        Ok(())
    }

    /// The last run that changed something, if there is one.
    ///
    /// # Errors
    /// The system's, and what can't be read.
    pub fn last() -> io::Result<Option<Self>> {
        let mut runs = match runs(&folder()?) {
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Vec::new(),
            runs => runs?,
        };
        let Some((_, path)) = runs.pop() else {
            return Ok(None);
        };
        let written = fs::read_to_string(&path)?;
        let changes = serde_json::from_str(&written).map_err(io::Error::other)?;
        Ok(Some(Undo {
            path,
            changes,
            written,
        }))
    }

    /// Takes the changes back, the last one first, and forgets those. The files that are as they
    /// were, and the first that could not be made so; what was changed in that before stays, too.
    pub fn take_back(mut self) -> (Vec<PathBuf>, Option<(PathBuf, io::Error)>) {
        let (mut done, mut failed) = (Vec::new(), None);
        for at in (0..self.changes.len()).rev() {
            let path = self.changes[at].path.clone();
            if self.changes[at + 1..].iter().any(|it| it.path == path) {
                continue;
            }
            if let Err(error) = self.changes[at].take_back() {
                failed.get_or_insert((path, error));
                continue;
            }
            self.changes.remove(at);
            // Once more it would have no effect.
            drop(self.write());
            if !done.contains(&path) {
                done.push(path);
            }
        }
        done.retain(|path| self.changes.iter().all(|it| it.path != *path));
        (done, failed)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

fn folder() -> io::Result<PathBuf> {
    Ok(data_folder()?.join("undo"))
}

/// All runs that are kept, the oldest first.
fn runs(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let numbered = |path: PathBuf| Some((path.file_stem()?.to_str()?.parse().ok()?, path));
    let paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut runs: Vec<_> = paths.filter_map(numbered).collect();
    runs.sort();
    Ok(runs)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_back_to_the_byte_and_nothing_that_came_later_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let private = |before: &str, after: &str| Change {
            path: path.clone(),
            mode: Some(0o644),
            before: Some(before.to_owned()),
            after: after.to_owned(),
            is_private: true,
        };
        let added = |before: Option<&str>| Change {
            mode: None,
            before: before.map(str::to_owned),
            after: format!("{}more\n", before.unwrap_or_default()),
            is_private: false,
            ..private("", "")
        };
        for change in [
            private("\u{feff}a\r\nb", "a\n"),
            added(Some("x\n")),
            added(None),
        ] {
            let there = || fs::read_to_string(&path).ok();
            drop(fs::remove_file(&path));
            if let Some(before) = &change.before {
                fs::write(&path, before).unwrap();
                files::set_mode(&path, 0o644).unwrap();
            }
            change.take_back().unwrap();
            assert_eq!(there(), change.before, "before it was made");
            change.make().unwrap();
            assert_eq!(there().as_ref(), Some(&change.after));
            if change.is_private {
                assert_eq!(files::mode(&path), Some(0o600));
            }
            change.take_back().unwrap();
            assert_eq!(there(), change.before);
            if change.before.is_some() {
                assert_eq!(files::mode(&path), Some(0o644));
            }
            fs::write(&path, "later").unwrap();
            assert!(change.take_back().is_err() && change.make().is_err());
            assert_eq!(there().as_deref(), Some("later"));
        }
        // Who may read it has nothing to do with what is in it.
        files::set_mode(&path, 0o644).unwrap();
        let mode = private("", "");
        mode.make().unwrap();
        assert_eq!(files::mode(&path), Some(0o600));
        mode.take_back().unwrap();
        assert_eq!(files::mode(&path), Some(0o644));
        assert_eq!(fs::read_to_string(&path).unwrap(), "later");
    }
}
