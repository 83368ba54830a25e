//! Files and images that go with the next prompt.

use std::path::{Path, PathBuf};

use super::super::{Flow, Repl};
use crate::api::models;
use crate::conversation::Attachment;
use crate::error::Error;
use crate::input;
use crate::store;
use crate::turn::Chat;

pub fn file(repl: &mut Repl<'_>, _: &mut Chat, paths: &str) -> Result<Flow, Error> {
    attach(repl, paths, |path| input::text_attachment("the file", path))
}

pub fn image(repl: &mut Repl<'_>, chat: &mut Chat, paths: &str) -> Result<Flow, Error> {
    if !matches!(paths, "" | "none") && models::is_text_only(&chat.model) {
        return Err(Error::TextOnly { model: chat.model.clone() });
    }
    attach(repl, paths, |path| input::image_attachment("the image", path))
}

/// Takes all of the files or none, and says what goes with the next prompt.
fn attach(repl: &mut Repl<'_>, paths: &str, read: impl Fn(&Path) -> Result<Attachment, Error>) -> Result<Flow, Error> {
    if paths == "none" {
        repl.attachments.clear();
    } else {
        let read = |path: &PathBuf| regular(path).and_then(&read);
        let attachments: Vec<Attachment> = split(paths)?.iter().map(read).collect::<Result<_, _>>()?;
        repl.attach(attachments);
    }
    if repl.attachments.is_empty() {
        repl.ui().note("nothing goes with the next prompt");
    }
    repl.list_attachments();
    Ok(Flow::Continue)
}

/// Only of a regular file it is sure that reading it ends, and doesn't take keys from the terminal.
pub fn regular(path: &Path) -> Result<&Path, Error> {
    let reason = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => "It is a folder.".to_owned(),
        Ok(metadata) if !metadata.is_file() => "It is no regular file.".to_owned(),
        Ok(_) => return Ok(path),
        Err(error) => error.to_string(),
    };
    Err(Error::File { what: "the file", path: path.to_owned(), reason })
}

/// Paths in the shell's manner: apart by spaces, with quotes and backslashes, and `~` for the home folder.
pub fn split(paths: &str) -> Result<Vec<PathBuf>, Error> {
    let words = shlex::split(paths).ok_or_else(|| Error::InvalidValue {
        what: "the list of paths".to_owned(),
        value: paths.to_owned(),
        rule: "paths apart by spaces, with every quote closed".to_owned(),
    })?;
    Ok(words.into_iter().map(|word| store::expand_home(&word)).collect())
}
