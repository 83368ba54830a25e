//! What is kept in the XDG data folder: the input history, and below it a file for each session.

pub mod clock;
mod name;
mod notice;
mod reading;
mod record;
mod session;
mod sessions;
mod summary;
mod undo;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::files::named::behind_links;
use crate::files::{
    data_home, folder_of, is_permitted, is_writable, private_file, private_folder, replace,
};
pub use reading::Restored;
pub use record::Record;
pub use session::Session;
pub use sessions::{Found, Sessions, Spent};
pub use summary::Summary;
pub use undo::{Change, Undo};

/// The folder of saved conversations, in the data folder.
const SESSIONS_FOLDER: &str = "sessions";

/// That of conversations with scripted models.
const SANDBOX_FOLDER: &str = "sandbox";

/// Whose conversations are meant: those with the sandbox are not among the real ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    #[default]
    Service,
    Sandbox,
}

impl Shelf {
    pub fn of(is_sandbox: bool) -> Self {
        match is_sandbox {
            true => Shelf::Sandbox,
            false => Shelf::Service,
        }
    }
}

/// First line of a history file, so that rustyline takes the escapes in it for what they are.
const HISTORY_HEADER: &[u8] = b"#V2\n";

/// The history file, made ready: in a folder only its owner can enter, readable by its owner only.
///
/// It is made here rather than by rustyline, where two sessions that make it at once lose a line.
///
/// # Errors
/// If there is no home or it can't be written.
pub fn history_file() -> io::Result<PathBuf> {
    let folder = data_folder()?;
    private_folder(&folder)?;
    let path = folder.join("history");
    match private_file().create_new(true).open(&path) {
        Ok(mut file) => file.write_all(HISTORY_HEADER)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(path)
}

/// Replaces a file as [`replace::replace_privately`] does, with the data folder to write it in.
///
/// # Errors
/// The same.
pub fn replace_privately(path: &Path, before: &str, content: &str) -> io::Result<()> {
    let data = data_folder().ok();
    replace::replace_privately(path, before, content, data.as_deref())
}

/// Writes a file of the user's settings, which had this text, in a folder that is made for it.
///
/// # Errors
/// As [`replace_privately`].
pub fn write_settings(path: &Path, before: &str, text: &str) -> io::Result<()> {
    private_folder(folder_of(path))?;
    replace_privately(&behind_links(path)?, before, text)
}

/// The folder of the user's own data; it need not exist yet.
///
/// # Errors
/// If there is no home.
pub fn data_folder() -> io::Result<PathBuf> {
    Ok(data_home()?.join("heroku-chat"))
}

/// The first of the places in which history and conversations are kept that can't be used, if any;
/// finds out without writing anything.
pub fn unusable_place(data_folder: &Path) -> Option<PathBuf> {
    let history = data_folder.join("history");
    let is_usable = match history.metadata() {
        Ok(metadata) => metadata.is_file() && is_permitted(&history),
        Err(_) => history.symlink_metadata().is_err(),
    };
    let folders = [data_folder.to_owned(), data_folder.join(SESSIONS_FOLDER)];
    let folder = folders.into_iter().find(|folder| !is_writable(folder));
    folder.or((!is_usable).then_some(history))
}

/// Puts a history that can't be read aside, so that the next one works, and says where.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let names = (1..).map(|number| path.with_extension(format!("bad{number}")));
    let mut free = names.filter(|aside| !aside.exists());
    let aside = free.next().expect("numbers don't end");
    fs::rename(path, &aside)?;
    history_file()?;
    Ok(aside)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_place_of_the_data_folder_has_to_be_usable() {
        let file = |path: &Path| fs::write(path, "").unwrap();
        let dangling = |path: &Path| symlink("/nonexistent/x", path).unwrap();
        let folder = |path: &Path| fs::create_dir(path).unwrap();
        type Make<'a> = &'a dyn Fn(&Path);
        let table: [(&str, Make<'_>, bool); 9] = [
            ("", &file, false),
            ("", &dangling, false),
            ("", &folder, true),
            ("sessions", &file, false),
            ("sessions", &dangling, false),
            ("sessions", &folder, true),
            ("history", &folder, false),
            ("history", &dangling, false),
            ("history", &file, true),
        ];
        for (index, (name, make, is_usable)) in table.into_iter().enumerate() {
            let home = tempfile::tempdir().unwrap();
            let data = home.path().join("data");
            let place = if name.is_empty() {
                data.clone()
            } else {
                fs::create_dir(&data).unwrap();
                data.join(name)
            };
            make(&place);
            assert_eq!(
                unusable_place(&data),
                (!is_usable).then_some(place),
                "row {index}"
            );
            if !is_usable && name.is_empty() {
                let error = private_folder(&data.join("sessions"))
                    .unwrap_err()
                    .to_string();
                assert!(error.starts_with(&data.display().to_string()), "{error}");
            }
        }
        assert_eq!(
            unusable_place(Path::new("/nonexistent/a")).is_some(),
            !is_writable(Path::new("/"))
        );
    }
}
