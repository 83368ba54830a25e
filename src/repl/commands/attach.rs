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
    if !matches!(paths, "" | "none") && models::takes_images(&chat.model) == Some(false) {
        return Err(Error::TextOnly { model: chat.model.clone() });
    }
    attach(repl, paths, |path| input::image_attachment("the image", path))
}

/// Takes all of the files or none, and says what goes with the next prompt.
fn attach(repl: &mut Repl<'_>, paths: &str, read: impl Fn(&Path) -> Result<Attachment, Error>) -> Result<Flow, Error> {
    if paths == "none" {
        repl.attachments.clear();
    } else {
        let attachments: Vec<Attachment> = split(paths)?.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        repl.attachments.extend(attachments);
    }
    if repl.attachments.is_empty() {
        repl.ui().note("nothing goes with the next prompt");
    }
    repl.list_attachments();
    Ok(Flow::Continue)
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
