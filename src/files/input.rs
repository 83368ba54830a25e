//! Text from files and from standard input, up to a size that somebody may mean to send.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::conversation::{Attachment, IMAGE_LIMIT, TEXT_LIMIT};
use crate::error::Error;
use crate::files;
use crate::files::named as named_file;

/// The most that is read of a prompt, a file of messages or the like, in bytes. Models take a few
/// megabytes at the most.
pub const LIMIT: usize = 64 * 1024 * 1024;

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
    let Words { words, is_closed } = words(text);
    if !is_closed {
        return Err(Error::InvalidValue {
            what: "the list of paths".to_owned(),
            value: text.to_owned(),
            rule: "paths apart by spaces, with every quote closed".to_owned(),
        });
    }
    let path = |word: Word| match word.is_plain {
        true => files::expand_home(&word.text),
        false => PathBuf::from(word.text),
    };
    Ok(words.into_iter().map(path).collect())
}

/// The words of a line that is still typed, as a shell reads it; the last is the unfinished one,
/// and empty behind a space.
pub fn unfinished_words(line: &str) -> Vec<String> {
    let split = words(line);
    let is_between = split.is_closed && line.ends_with(char::is_whitespace);
    let words = split.words.into_iter().map(|word| word.text);
    words.chain(is_between.then(String::new)).collect()
}

/// Words as the shell's quotes and backslashes make them.
#[derive(Default)]
struct Words {
    words: Vec<Word>,
    /// Whether every quote is closed, and every backslash followed.
    is_closed: bool,
}

/// A word, and whether it begins without a quote or a backslash, so that its `~` is the home
/// folder.
struct Word {
    text: String,
    is_plain: bool,
}

/// Splits a line. A file may have any name, so nothing begins a comment.
fn words(line: &str) -> Words {
    let mut split = Words::default();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    split.is_closed = true;
    while let Some(character) = characters.next() {
        if quote.is_none() && character.is_ascii_whitespace() {
            split.words.extend(word.take());
            continue;
        }
        let is_plain = !matches!(character, '\'' | '"' | '\\');
        let text = String::new();
        let text = &mut word.get_or_insert(Word { text, is_plain }).text;
        match (character, quote) {
            (end, Some(open)) if end == open => quote = None,
            (open @ ('\'' | '"'), None) => quote = Some(open),
            // Within double quotes it escapes these only.
            ('\\', Some('"')) => {
                let escaped = characters.next_if(|next| "\"\\$`".contains(*next));
                text.push(escaped.unwrap_or('\\'));
            }
            ('\\', None) => match characters.next() {
                Some(escaped) => text.push(escaped),
                None => split.is_closed = false,
            },
            (other, _) => text.push(other),
        }
    }
    split.words.extend(word);
    split.is_closed &= quote.is_none();
    split
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

/// The failure of something larger than [`LIMIT`].
pub fn too_large(what: &str) -> io::Error {
    let reason = format!("{what} is larger than 64 MiB");
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    if bytes.len() > LIMIT {
        return Err(too_large("it"));
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8 text"))?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_of_a_shell_and_never_comments() {
        let home = files::expand_home("~/n");
        for (typed, read) in [
            ("#notes.md", vec!["#notes.md"]),
            ("a #b # c", vec!["a", "#b", "#", "c"]),
            ("a\\ b 'c d' \"e \\\"f\\x\"", vec!["a b", "c d", "e \"f\\x"]),
            ("'it'\\''s' '' x", vec!["it's", "", "x"]),
            ("'two\nlines' b\tc", vec!["two\nlines", "b", "c"]),
            ("'~/n' \\~/n a~/n", vec!["~/n", "~/n", "a~/n"]),
            ("~/n", vec![home.to_str().unwrap()]),
            ("", vec![]),
        ] {
            let read: Vec<PathBuf> = read.into_iter().map(PathBuf::from).collect();
            assert_eq!(paths(typed).unwrap(), read, "{typed}");
        }
        for unclosed in ["'a", "\"a", "a\\", "\"a\\\""] {
            assert!(paths(unclosed).is_err(), "{unclosed}");
        }
    }
}
