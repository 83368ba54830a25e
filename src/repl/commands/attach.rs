//! Files and images to send with the next prompt.

use std::path::{Path, PathBuf};

use super::super::reader::Read;
use super::super::{Flow, Repl, mentions};
use crate::api::models;
use crate::chat::Chat;
use crate::conversation::Attachment;
use crate::error::Error;
use crate::files::input;
use crate::files::several::is_secret;

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

/// Attaches the files that the prompt mentions, all or none: those that were chosen with Tab, and
/// others if the user says so. Says whether they want the prompt sent.
pub fn mentioned(repl: &mut Repl<'_>, chat: &Chat) -> Result<bool, Error> {
    let (what, mut attachments) = ("the file", Vec::new());
    for (word, is_chosen) in std::mem::take(&mut repl.reader.mentions) {
        let Some(path) = mentions::file(&word) else {
            continue;
        };
        if is_secret(&path) {
            let note = format!("{} may hold secrets: /file attaches it", path.display());
            repl.screen().note(&note);
            continue;
        }
        let image = input::image_attachment(what, &path);
        let attachment = image.or_else(|_| input::text_attachment(what, &path))?;
        if attachment.is_image() && models::is_text_only(&chat.model) {
            return Err(Error::TextOnly {
                model: chat.model.clone(),
            });
        }
        if !is_chosen {
            // What was typed ahead is no answer to a question that nobody had seen.
            if repl.quiet.found().has_input() {
                continue;
            }
            let question = format!("attach {}? [Y/n] ", attachment.label());
            match repl.reader.ask(&question, repl.context)? {
                Read::Line { line, .. } if is_yes(&line) => {}
                Read::Line { .. } => continue,
                _ => return Ok(false),
            }
        }
        attachments.push(attachment);
    }
    for attachment in &attachments {
        let note = format!("with {}", attachment.label());
        repl.screen().note(&note);
    }
    repl.attach(attachments);
    Ok(true)
}

/// Whether an answer is yes, which Enter alone stands for.
fn is_yes(answer: &str) -> bool {
    ["", "y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}
