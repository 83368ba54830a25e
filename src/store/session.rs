//! A session that is open: the file a conversation is written to, turn by turn, and nobody else's
//! while it is.
//!
//! The file only grows. A save is one write of what changed, so that a process that is killed loses
//! the turn in flight at the most; what a failed write left behind is cut off by the next. Nothing
//! is synchronised with the disk: a power cut may cost the last seconds, and leaves a torn line,
//! which is mended like any other.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::reading::hash;
use super::{clock, is_deleted, is_replaced, name, private_file, private_folder, record};
use crate::conversation::{Conversation, Message};
use crate::error::Error;

/// What should be told about a session, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The last turn was being saved when the process ended.
    TurnInFlight,
    /// So many lines of the file can't be read.
    Unreadable(usize),
    /// It can't be written by this process, and is continued in a copy.
    Copied {
        name: String,
        copy: String,
        reason: CopyReason,
    },
    /// Another process took the name between two looks at it.
    NameTaken { wanted: String, name: String },
}

/// Why a session is continued in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyReason {
    /// Another process has it open.
    InUse,
    /// Its file can be read and not be written.
    ReadOnly,
}

/// An open session. Its file is made with the first message.
#[derive(Debug)]
pub struct Session {
    folder: PathBuf,
    target: Target,
    /// What goes before the next line that is written: a header, all of a file that is copied, a
    /// missing line end.
    prelude: Vec<u8>,
    /// What of the file is good. There may be a torn line behind it.
    length: u64,
    is_torn: bool,
    /// Whether it is to be written even where it says nothing new.
    must_exist: bool,
    held: Held,
    notices: Vec<Notice>,
}

/// Where it is written.
#[derive(Debug)]
enum Target {
    /// Nowhere yet. The number is that of the first name to try.
    Wanted { base: Option<String>, number: usize },
    /// A file, locked while it is open.
    Open { file: File, name: String },
}

/// What the file says, to write only what changed.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub messages: Vec<HeldMessage>,
    /// How many messages the file counts.
    pub next_place: usize,
    pub system: Option<String>,
    pub model: Option<String>,
}

/// A message of the conversation that the file holds.
#[derive(Clone, Copy, Debug)]
pub struct HeldMessage {
    pub place: usize,
    /// Of its line, to know it again.
    pub hash: u64,
}

impl Session {
    /// A session that is yet to be made: under the first of this name, name-2 and so on that is
    /// free, or under one that is made of its first prompt.
    pub(super) fn wanted(folder: PathBuf, base: Option<String>, number: usize) -> Self {
        let target = Target::Wanted { base, number };
        let (prelude, held, notices) = (Vec::new(), Held::default(), Vec::new());
        Session {
            folder,
            target,
            prelude,
            length: 0,
            is_torn: false,
            must_exist: false,
            held,
            notices,
        }
    }

    /// A session whose file was locked and read, up to `length`.
    pub(super) fn opened(
        folder: PathBuf,
        name: String,
        file: File,
        length: u64,
        is_torn: bool,
    ) -> Self {
        let target = Target::Open { file, name };
        let (prelude, held, notices) = (Vec::new(), Held::default(), Vec::new());
        Session {
            folder,
            target,
            prelude,
            length,
            is_torn,
            must_exist: false,
            held,
            notices,
        }
    }

    /// As it is where the file, or the prelude, says this already.
    pub(super) fn holding(self, held: Held, prelude: Vec<u8>) -> Self {
        Session {
            held,
            prelude,
            ..self
        }
    }

    /// Its name; none where that will be made of its first prompt.
    pub fn name(&self) -> Option<String> {
        match &self.target {
            Target::Open { name, .. } => Some(name.clone()),
            Target::Wanted { base, number } => {
                base.as_ref().map(|base| name::numbered(base, *number))
            }
        }
    }

    /// Has the next save write it, also where it says nothing new.
    pub fn insist(&mut self) {
        self.must_exist = true;
    }

    /// Whether there is a file.
    pub fn is_written(&self) -> bool {
        matches!(self.target, Target::Open { .. })
    }

    /// Whether nothing was ever written in it: it has no file, and is no copy of one.
    pub fn is_blank(&self) -> bool {
        !self.is_written() && self.prelude.is_empty()
    }

    /// What the last save has to tell, once.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Writes what changed since the last save. Nothing is written before the first message.
    ///
    /// # Errors
    /// The system's. Nothing is lost then: the next save writes what this one didn't.
    pub fn save(&mut self, conversation: &mut Conversation, model: &str) -> io::Result<()> {
        let is_new = matches!(self.target, Target::Wanted { .. });
        if is_new && conversation.messages().is_empty() {
            return Ok(());
        }
        if self.is_deleted() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "its file was deleted; /save NAME writes all of it again",
            ));
        }
        if self.is_changed() {
            return Err(io::Error::other(
                "another program changed its file; /save NAME writes all of it again",
            ));
        }
        let (lines, held) = changes(&self.held, conversation, model);
        if !lines.is_empty() || self.must_exist {
            if is_new {
                self.make(conversation.messages().first())?;
            }
            self.append(lines)?;
            self.held = held;
            self.must_exist = false;
        }
        conversation.mark_saved();
        Ok(())
    }

    /// Gives it another name. One whose file was deleted is written anew under it.
    ///
    /// # Errors
    /// A name that breaks the rule or is another session's; the system's.
    pub fn rename(&mut self, new: &str) -> Result<(), Error> {
        name::check(new)?;
        if self.is_deleted() || self.is_changed() {
            *self = Session {
                must_exist: self.must_exist,
                ..Session::wanted(self.folder.clone(), None, 1)
            };
        }
        if self.name().is_some_and(|name| name == new) {
            return Ok(());
        }
        let path = file_of(&self.folder, new);
        let failed = |error: io::Error| Error::of_file("the session", &path, &error);
        match &mut self.target {
            Target::Wanted { .. } if path.exists() => {
                return Err(Error::SessionExists(new.to_owned()));
            }
            Target::Wanted { base, number } => {
                (*base, *number) = (Some(new.to_owned()), 1);
            }
            Target::Open { name, .. } => {
                // The empty file holds the name until ours is put in its place.
                let Some(_placeholder) = claim(&path).map_err(failed)? else {
                    return Err(Error::SessionExists(new.to_owned()));
                };
                let renamed = fs::rename(file_of(&self.folder, name), &path);
                renamed
                    .inspect_err(|_| drop(fs::remove_file(&path)))
                    .map_err(failed)?;
                new.clone_into(name);
            }
        }
        Ok(())
    }

    /// Whether somebody deleted the file while it is open.
    fn is_deleted(&self) -> bool {
        matches!(&self.target, Target::Open { file, .. } if is_deleted(file))
    }

    /// Whether another program cut the file, left its last line unfinished, or put another in its
    /// place. Whole lines that were added are another chat's, where files have no locks; what a
    /// failed write of our own left behind is cut off.
    fn is_changed(&self) -> bool {
        let Target::Open { file, name } = &self.target else {
            return false;
        };
        let is_broken = || -> io::Result<bool> {
            let length = file.metadata()?.len();
            Ok(length < self.length || length > self.length && !ends_line(file, length)?)
        };
        !self.is_torn && is_broken().unwrap_or(false)
            || is_replaced(file, &file_of(&self.folder, name))
    }

    /// Makes the file, under a name nobody has.
    fn make(&mut self, first: Option<&Message>) -> io::Result<()> {
        let Target::Wanted { base, number } = &self.target else {
            return Ok(());
        };
        let wanted = self.name();
        let now = SystemTime::now();
        let prompt = first.map_or("", |message| &message.content);
        let base = base
            .clone()
            .unwrap_or_else(|| name::from_prompt(&clock::stamp(now), prompt));
        private_folder(&self.folder)?;
        for name in (*number..).map(|number| name::numbered(&base, number)) {
            let Some(file) = claim(&file_of(&self.folder, &name))? else {
                continue;
            };
            if let Some(wanted) = wanted.filter(|wanted| *wanted != name) {
                self.notices.push(Notice::NameTaken {
                    wanted,
                    name: name.clone(),
                });
            }
            self.target = Target::Open { file, name };
            break;
        }
        Ok(())
    }

    /// Writes at the end of what is good.
    fn append(&mut self, mut lines: Vec<u8>) -> io::Result<()> {
        let Target::Open { file, .. } = &mut self.target else {
            return Ok(());
        };
        if self.length == 0 && self.prelude.is_empty() {
            self.prelude = record::header(clock::rfc3339(SystemTime::now()));
        }
        if self.is_torn {
            file.set_len(self.length)?;
        }
        lines.splice(0..0, self.prelude.iter().copied());
        if let Err(error) = file.write_all(&lines) {
            self.is_torn = file.set_len(self.length).is_err();
            return Err(error);
        }
        self.is_torn = false;
        self.length += lines.len() as u64;
        self.prelude.clear();
        Ok(())
    }
}

/// The lines that turn what the file says into what was said, and what it says with them.
fn changes(held: &Held, conversation: &Conversation, model: &str) -> (Vec<u8>, Held) {
    let messages = conversation.messages();
    let mut kept = conversation
        .saved()
        .min(held.messages.len())
        .min(messages.len());
    // A turn that was taken out and put back is in the file already, and paid for once.
    let is_held = |index: usize| {
        let line = messages.get(index).map(record::message);
        line.zip(held.messages.get(index))
            .is_some_and(|(line, held)| hash(&line) == held.hash)
    };
    while is_held(kept) {
        kept += 1;
    }
    let (mut lines, mut after) = (Vec::new(), held.clone());
    if let Some(cut) = held.messages.get(kept) {
        lines.extend(record::keep(cut.place));
        after.messages.truncate(kept);
        after.next_place = cut.place;
    }
    if held.system.as_deref() != conversation.system() {
        lines.extend(record::system(conversation.system()));
        after.system = conversation.system().map(str::to_owned);
    }
    for message in &messages[kept..] {
        if let Some(cost) = &message.cost {
            after.name_model(&cost.model, &mut lines);
        }
        let start = lines.len();
        record::write_message(message, &mut lines);
        after.messages.push(HeldMessage {
            place: after.next_place,
            hash: hash(&lines[start..]),
        });
        after.next_place += 1;
    }
    after.name_model(model, &mut lines);
    (lines, after)
}

impl Held {
    fn name_model(&mut self, model: &str, lines: &mut Vec<u8>) {
        if self.model.as_deref() != Some(model) {
            lines.extend(record::model(model));
            self.model = Some(model.to_owned());
        }
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

/// Makes a file and locks it; none where there is a session of that name. A file of no bytes is
/// none: it is left where a process ended before its first write.
fn claim(path: &Path) -> io::Result<Option<File>> {
    // Not even for a moment is a session locked that only has the name.
    if path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(None);
    }
    let file = private_file()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    Ok((lock(&file)? && file.metadata()?.len() == 0).then_some(file))
}

/// Locks a file for as long as it is open; false where another has it. Some network file systems
/// have no locks, and are used without.
pub(super) fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => Err(error),
        Err(TryLockError::Error(_)) => Ok(true),
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Notice::TurnInFlight => {
                f.write_str("the last turn was never saved whole, and is left out")
            }
            Notice::Unreadable(1) => {
                f.write_str("a line of the session's file can't be read; its turn is left out")
            }
            Notice::Unreadable(count) => {
                write!(
                    f,
                    "{count} lines of the session's file can't be read; their turns are left out"
                )
            }
            Notice::Copied {
                name,
                copy,
                reason: CopyReason::InUse,
            } => {
                write!(
                    f,
                    "{name} is open in another chat; this one goes on in a copy, {copy}"
                )
            }
            Notice::Copied {
                name,
                copy,
                reason: CopyReason::ReadOnly,
            } => {
                write!(
                    f,
                    "{name} can't be written; this chat goes on in a copy, {copy}"
                )
            }
            Notice::NameTaken { wanted, name } => {
                write!(
                    f,
                    "another chat has taken the name {wanted}; this one is saved as {name}"
                )
            }
        }
    }
}
