//! Text from files and from standard input, up to a size that somebody may mean to send.

use std::io;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

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
        .and_then(|bytes| text(bytes, ""))
        .map_err(|error| Error::of_file(what, path, &error))
}

/// All of standard input; `is_lossy` takes what isn't UTF-8, with a mark in its place.
///
/// # Errors
/// As [`file()`].
pub fn standard_input(is_lossy: bool) -> Result<String, Error> {
    let lossy = |bytes: Vec<u8>| match is_lossy {
        true => String::from_utf8_lossy(&bytes).into_owned().into_bytes(),
        false => bytes,
    };
    let remedy = " --lossy takes it, with a mark in its place.";
    named_file::read_to_end(io::stdin().lock(), LIMIT)
        .and_then(|bytes| text(lossy(bytes), remedy))
        .map_err(|error| Error::of_file("the input", Path::new("on standard input"), &error))
}

/// A text file that goes with a prompt, under its path as given.
///
/// # Errors
/// The system's, and why the file is no text that can be sent; `what` names the flag or command in
/// question.
pub fn text_attachment(what: &'static str, path: &Path) -> Result<Attachment, Error> {
    attachment(what, path, TEXT_LIMIT, Attachment::text)
}

/// An image that goes with a prompt.
///
/// # Errors
/// As [`text_attachment`].
pub fn image_attachment(what: &'static str, path: &Path) -> Result<Attachment, Error> {
    attachment(what, path, IMAGE_LIMIT, |name, bytes| {
        Attachment::image(name, &bytes)
    })
}

fn attachment(
    what: &'static str,
    path: &Path,
    limit: usize,
    make: fn(&str, Vec<u8>) -> Result<Attachment, String>,
) -> Result<Attachment, Error> {
    let name = match named_file::is_dash(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    };
    named_file::read(path, limit)
        .and_then(|bytes| make(&name, bytes).map_err(io::Error::other))
        .map_err(|error| Error::of_file(what, path, &error))
}

/// A path that is a regular file's.
pub fn regular<'a>(what: &'static str, path: &'a Path) -> Result<&'a Path, Error> {
    let regular = files::regular(path).map(|_| path);
    regular.map_err(|error| Error::of_file(what, path, &error))
}

/// Paths in the shell's manner: apart by spaces, with quotes and backslashes, and `~` for the home
/// folder.
///
/// # Errors
/// A quote that isn't closed.
pub fn paths(text: &str) -> Result<Vec<PathBuf>, Error> {
    let (words, is_closed) = words(text);
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
    let (words, is_closed) = words(line);
    let is_between = is_closed && line.ends_with(char::is_whitespace);
    let words = words.into_iter().map(|word| word.text);
    words.chain(is_between.then(String::new)).collect()
}

/// A word, and whether it begins without a quote or a backslash, so that its `~` is the home
/// folder.
struct Word {
    text: String,
    is_plain: bool,
}

/// The words of a line as the shell's quotes and backslashes make them, and whether every quote is
/// closed and every backslash followed. A file may have any name, so nothing begins a comment.
fn words(line: &str) -> (Vec<Word>, bool) {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let (mut quote, mut is_followed) = (None, true);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if quote.is_none() && character.is_ascii_whitespace() {
            words.extend(word.take());
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
                None => is_followed = false,
            },
            (other, _) => text.push(other),
        }
    }
    words.extend(word);
    (words, is_followed && quote.is_none())
}

/// The failure of something larger than [`LIMIT`].
pub fn too_large(what: &str) -> io::Error {
    io::Error::other(format!("{what} is larger than 64 MiB"))
}

fn text(bytes: Vec<u8>, remedy: &str) -> io::Result<String> {
    if bytes.len() > LIMIT {
        return Err(too_large("it"));
    }
    let text =
        String::from_utf8(bytes).map_err(|error| io::Error::other(misfit(&error) + remedy))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Which byte is no UTF-8, and where.
fn misfit(error: &FromUtf8Error) -> String {
    let place = error.utf8_error().valid_up_to();
    let (before, rest) = error.as_bytes().split_at(place);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let byte = rest.first().copied().unwrap_or_default();
    format!("It is not UTF-8 text: byte {place}, {byte:#04x} in line {line}, does not fit.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_does_not_fit_is_named_with_its_place() {
        let error = text(b"ol\xc3\xa9\ncaf\xe9\n".to_vec(), "").unwrap_err();
        assert!(
            error.to_string().contains("byte 8, 0xe9 in line 2"),
            "{error}"
        );
        assert_eq!(text(b"\xef\xbb\xbfa".to_vec(), "").unwrap(), "a");
    }

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
