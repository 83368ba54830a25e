//! Text from files and from standard input, no more than anybody means to send.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::conversation::{Attachment, IMAGE_LIMIT, TEXT_LIMIT};
use crate::error::Error;
use crate::file as named_file;
use crate::store;

/// The most that is read of a prompt, a file of messages or the like, in bytes. Models take a few
/// megabytes at the most.
const LIMIT: usize = 64 * 1024 * 1024;

/// The text of a file, without a byte order mark.
///
/// # Errors
/// The system's, text that isn't UTF-8, and more than 64 MiB; `what` names the flag in question.
pub fn file(what: &'static str, path: &Path) -> Result<String, Error> {
    named_file::read(path, LIMIT)
        .and_then(text)
        .map_err(|error| Error::of_file(what, path, &error))
}

/// All of standard input.
///
/// # Errors
/// As [`file()`].
pub fn standard_input() -> Result<String, Error> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut bytes);
    read.and_then(|_| text(bytes))
        .map_err(|error| Error::of_file("the input", Path::new("on standard input"), &error))
}

/// A text file that goes with a prompt, under its path as given.
///
/// # Errors
/// The system's, and why the file is no text that can be sent; `what` names the flag or command in
/// question.
pub fn text_attachment(what: &'static str, path: &Path) -> Result<Attachment, Error> {
    let content = bytes(what, path, TEXT_LIMIT)?;
    Attachment::text(&path.display().to_string(), content)
        .map_err(|reason| unusable(what, path, reason))
}

/// An image that goes with a prompt.
///
/// # Errors
/// As [`text_attachment`].
pub fn image_attachment(what: &'static str, path: &Path) -> Result<Attachment, Error> {
    let content = bytes(what, path, IMAGE_LIMIT)?;
    Attachment::image(&path.display().to_string(), &content)
        .map_err(|reason| unusable(what, path, reason))
}

/// A path that is a regular file's: only of that it is sure that reading it ends, and takes no keys
/// from the terminal.
///
/// # Errors
/// Says what it is instead.
pub fn regular<'a>(what: &'static str, path: &'a Path) -> Result<&'a Path, Error> {
    let reason = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => "It is a folder.".to_owned(),
        Ok(metadata) if !metadata.is_file() => "It is no regular file.".to_owned(),
        Ok(_) => return Ok(path),
        Err(error) => error.to_string(),
    };
    Err(unusable(what, path, reason))
}

/// Paths in the shell's manner: apart by spaces, with quotes and backslashes, and `~` for the home
/// folder.
///
/// # Errors
/// A quote that isn't closed.
pub fn paths(text: &str) -> Result<Vec<PathBuf>, Error> {
    let words = shlex::split(text).ok_or_else(|| Error::InvalidValue {
        what: "the list of paths".to_owned(),
        value: text.to_owned(),
        rule: "paths apart by spaces, with every quote closed".to_owned(),
    })?;
    Ok(words.iter().map(|word| store::expand_home(word)).collect())
}

fn bytes(what: &'static str, path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    named_file::read(path, limit).map_err(|error| Error::of_file(what, path, &error))
}

fn unusable(what: &'static str, path: &Path, reason: String) -> Error {
    Error::File {
        what,
        path: path.to_owned(),
        reason,
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    if bytes.len() > LIMIT {
        return Err(invalid("it is larger than 64 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8 text"))?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}
