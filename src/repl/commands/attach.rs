//! Files and images to send with the next prompt.

use std::path::{Path, PathBuf};

use super::super::{Flow, Repl};
use crate::api::models;
use crate::chat::Chat;
use crate::conversation::Attachment;
use crate::error::Error;
use crate::files::input;

pub fn file(repl: &mut Repl<'_>, _: &mut Chat, paths: &str) -> Result<Flow, Error> {
    attach(repl, paths, "the file", false, input::text_attachment)
}

pub fn image(repl: &mut Repl<'_>, chat: &mut Chat, paths: &str) -> Result<Flow, Error> {
    if !matches!(paths, "" | "none") && models::is_text_only(&chat.model) {
        return Err(Error::TextOnly {
            model: chat.model.clone(),
        });
    }
    attach(repl, paths, "the image", true, input::image_attachment)
}

/// Takes all of the files or none, and says what goes with the next prompt.
fn attach(
    repl: &mut Repl<'_>,
    paths: &str,
    what: &'static str,
    is_image: bool,
    read: fn(&'static str, &Path) -> Result<Attachment, Error>,
) -> Result<Flow, Error> {
    if paths == "none" {
        repl.attachments.retain(|it| it.is_image() != is_image);
    } else {
        let read = |path: &PathBuf| input::regular(what, path).and_then(|path| read(what, path));
        let attachments: Result<_, _> = input::paths(paths)?.iter().map(read).collect();
        repl.attach(attachments?);
    }
    if repl.attachments.is_empty() {
        repl.screen().note("nothing goes with the next prompt");
    }
    repl.list_attachments();
    Ok(Flow::Continue)
}
