//! Text from files and from standard input, no more than anybody means to send.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;

/// The most that is read of a prompt, a file of messages or the like, in bytes. Models take a few megabytes at the most.
const LIMIT: u64 = 64 * 1024 * 1024;

/// The text of a file, without a byte order mark.
///
/// # Errors
/// The system's, text that isn't UTF-8, and more than 64 MiB; `what` names the flag in question.
pub fn file(what: &'static str, path: &Path) -> Result<String, Error> {
    File::open(path).and_then(text).map_err(|error| Error::unreadable(what, path, &error))
}

/// All of standard input.
///
/// # Errors
/// As [`file()`].
pub fn standard_input() -> Result<String, Error> {
    text(io::stdin().lock()).map_err(|error| Error::unreadable("the input", Path::new("on standard input"), &error))
}

fn text(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.take(LIMIT + 1).read_to_end(&mut bytes)?;
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    if bytes.len() as u64 > LIMIT {
        return Err(invalid("it is larger than 64 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8 text"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
