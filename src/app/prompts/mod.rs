//! Prompts that have a name: the user's own, each a file in a folder of theirs, and some that are
//! built in.

mod file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::Error;
use crate::error::nearest::nearest;
use crate::files::{config_folder, expand_home, folder_of, named, regular};
use crate::screen::for_terminal;
use crate::store;
pub use file::PromptFile;

/// Those that come with the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("commit", include_str!("commit.md")),
    ("explain", include_str!("explain.md")),
    ("procfile", include_str!("procfile.md")),
    ("release-notes", include_str!("release-notes.md")),
    ("review", include_str!("review.md")),
];

/// How a file ends whose name, without that, is a prompt's.
const ENDING: &str = "md";

/// The most that a file may have, in bytes, and how many of a folder are looked at.
const LIMIT: usize = 64 * 1024;
const MOST_FILES: usize = 1_000;

/// What goes in front of a new prompt's text.
const NEW: &str = "---\nabout: \n---\n\n{{args}}\n\n{{stdin}}\n";

/// A prompt for a list.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub about: String,
    pub is_own: bool,
}

/// All of them, by name; the user's own in place of one that is built in.
pub fn list() -> Vec<Listed> {
    let mut all: BTreeMap<String, bool> = BUILT_IN
        .iter()
        .map(|(name, _)| ((*name).to_owned(), false))
        .collect();
    let files = folder().and_then(fs::read_dir).into_iter().flatten();
    for entry in files.flatten().take(MOST_FILES) {
        let path = PathBuf::from(entry.file_name());
        if let (Some(name), Some(ENDING)) = (
            path.file_stem().and_then(|name| name.to_str()),
            path.extension().and_then(|ending| ending.to_str()),
        ) && is_name(name)
        {
            all.insert(name.to_owned(), true);
        }
    }
    let listed = |(name, is_own): (String, bool)| {
        let about = match find(&name) {
            Ok(found) => found.unwrap_or_default().about,
            Err(error) => {
                let words = error.explain();
                let reason = words.detail.unwrap_or(words.title);
                for_terminal(&format!("can't be used: {reason}")).into_owned()
            }
        };
        Listed {
            name,
            about,
            is_own,
        }
    };
    all.into_iter().map(listed).collect()
}

/// The prompt of this name, if there is one.
///
/// # Errors
/// Why a file of the user's own can't be used, even if one of its name is built in.
pub fn find(name: &str) -> Result<Option<PromptFile>, Error> {
    let Some(text) = text_of(name)? else {
        return Ok(None);
    };
    let parsed = PromptFile::parse(&format!("@{name}"), &text);
    parsed
        .map(Some)
        .map_err(|reason| unusable(&shown(name), reason))
}

/// What stands in the prompt of this name, head and all, if there is one.
///
/// # Errors
/// As [`find`], but for the head.
pub fn text_of(name: &str) -> Result<Option<String>, Error> {
    if !is_name(name) {
        return Ok(None);
    }
    // Without a home there are no files.
    if let Ok(path) = path_of(name)
        && path.symlink_metadata().is_ok()
    {
        return read(&path, None)
            .map(Some)
            .map_err(|error| unusable(&path, error.to_string()));
    }
    let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    Ok(built_in.map(|(_, text)| (*text).to_owned()))
}

/// The prompt that the first argument of `ask` means: `@NAME`, or `@` and the path of a file that
/// says by `./` or the like that it is one. Others are text.
///
/// # Errors
/// There is no such prompt, or it can't be used.
pub fn meant(argument: &str) -> Result<Option<PromptFile>, Error> {
    let Some(name) = argument.strip_prefix('@') else {
        return Ok(None);
    };
    let is_path = |start: &&str| name.starts_with(*start);
    if ["./", "../", "~/", "/"].iter().any(is_path) {
        let path = expand_home(name);
        let text = read(&path, Some(folder_of(&path))).map_err(|error| error.to_string());
        let parsed = text.and_then(|text| PromptFile::parse(argument, &text));
        return parsed.map(Some).map_err(|reason| unusable(&path, reason));
    }
    match is_name(name) {
        true => known(name).map(Some),
        false => Ok(None),
    }
}

/// The prompt of this name.
///
/// # Errors
/// As [`find`], and that there is none.
pub fn known(name: &str) -> Result<PromptFile, Error> {
    find(name)?.ok_or_else(|| no_prompt(name))
}

/// The failure of a name that no prompt has.
pub fn no_prompt(name: &str) -> Error {
    let names = list();
    let meant = nearest(name, names.iter().map(|it| &*it.name));
    let meant = meant.map_or_else(String::new, |name| format!(" Did you mean @{name}?"));
    let reason = format!(
        "There is none of this name.{meant} `heroku-chat prompts` lists them; a text that begins \
         with @ stands in quotes with its other words."
    );
    unusable(&shown(name), reason)
}

/// Has the user's own prompt of this name be this text, and says where it is.
///
/// # Errors
/// The system's, and what else is in its place.
pub fn save(name: &str, text: &str) -> Result<PathBuf, Error> {
    let path = path_of(name).map_err(|error| unusable(&shown(name), error.to_string()))?;
    let before = fs::read_to_string(&path).unwrap_or_default();
    let saved = store::write_settings(&path, &before, text);
    saved.map_err(|error| unusable(&path, error.to_string()))?;
    Ok(path)
}

/// What to begin with in an editor for the prompt of this name.
///
/// # Errors
/// A name that none can have, or a file that can't be read.
pub fn to_edit(name: &str) -> Result<String, Error> {
    if !is_name(name) {
        let reason = "A name has letters, digits, - and _ alone, 64 at most.".to_owned();
        return Err(unusable(&shown(name), reason));
    }
    Ok(text_of(name)?.unwrap_or_else(|| NEW.to_owned()))
}

/// Whether a prompt may have this name: no path does, and no name that means something to a
/// terminal or a shell.
pub fn is_name(name: &str) -> bool {
    let is_in = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(is_in) && !name.starts_with('-')
}

fn folder() -> io::Result<PathBuf> {
    Ok(config_folder()?.join("prompts"))
}

fn path_of(name: &str) -> io::Result<PathBuf> {
    Ok(folder()?.join(name).with_extension(ENDING))
}

/// The text of a prompt's file. A link to something that is none could have it sent anything, as
/// could one that leads out of the folder of somebody else's file.
fn read(path: &Path, within: Option<&Path>) -> io::Result<String> {
    let refused = |reason: &str| Err(io::Error::other(reason));
    regular(path)?;
    let real = path.canonicalize()?;
    let within = within.map(Path::canonicalize).transpose()?;
    let is_other = |path: &Path| path.extension() != Some(ENDING.as_ref());
    if is_other(path) || is_other(&real) {
        return refused("A prompt's file ends in .md, and so does what a link leads to.");
    }
    if within.is_some_and(|folder| !real.starts_with(folder)) {
        return refused("It is a link that leads out of its folder.");
    }
    let bytes = named::read(&real, LIMIT)?;
    if bytes.len() > LIMIT {
        return refused("It is larger than a prompt's file may be, 64 KiB.");
    }
    String::from_utf8(bytes).or_else(|_| refused("It is not UTF-8 text."))
}

fn shown(name: &str) -> PathBuf {
    PathBuf::from(format!("@{name}"))
}

/// A prompt that can't be used, and why.
pub fn unusable(path: &Path, reason: String) -> Error {
    Error::File {
        what: "the prompt",
        path: path.to_owned(),
        reason,
    }
}
