//! Files of the user's own, in the XDG data folder: the input history, and below it a file for each
//! session.

pub mod clock;
mod name;
mod notice;
mod reading;
mod record;
mod replace;
mod restored;
mod session;
mod sessions;
mod summary;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

pub use record::Record;
pub use replace::{check_replaceable, replace_privately};
pub use restored::Restored;
pub use session::Session;
pub use sessions::{Found, Sessions};
pub use summary::Summary;

/// The folder of saved conversations, in the data folder.
const SESSIONS_FOLDER: &str = "sessions";

/// First line of a history file, so that rustyline takes the escapes in it for what they are.
const HISTORY_HEADER: &[u8] = b"#V2\n";

/// The history file, made ready: in a folder only its owner can enter, readable by its owner only.
///
/// It is made here rather than by rustyline, where two sessions that make it at once lose a line.
///
/// # Errors
/// Where there is no home or it can't be written.
pub fn history_file() -> io::Result<PathBuf> {
    let folder = data_folder()?;
    private_folder(&folder)?;
    let path = folder.join("history");
    match private_file().write(true).create_new(true).open(&path) {
        Ok(mut file) => file.write_all(HISTORY_HEADER)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(path)
}

/// The folder of the user's own data; it need not exist yet.
///
/// # Errors
/// Where there is no home.
pub fn data_folder() -> io::Result<PathBuf> {
    let base = etcetera::choose_base_strategy().map_err(io::Error::other)?;
    Ok(base.data_dir().join("heroku-chat"))
}

/// A path with the home folder in place of `~`.
pub fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// The first of the places in which history and conversations are kept that can't be used, if any;
/// finds out without writing anything.
pub fn unusable_place(data_folder: &Path) -> Option<PathBuf> {
    let history = data_folder.join("history");
    let is_usable = |path: &Path| match fs::metadata(path) {
        Ok(metadata) => metadata.is_file() && is_permitted(path, &metadata),
        Err(_) => fs::symlink_metadata(path).is_err(),
    };
    let folders = [data_folder.to_owned(), data_folder.join(SESSIONS_FOLDER)];
    let folder = folders.into_iter().find(|folder| !is_writable(folder));
    folder.or_else(|| (!is_usable(&history)).then_some(history))
}

/// Whether a folder can be written, or made where it doesn't exist, without writing anything. A
/// link that leads nowhere is in the way of a folder.
fn is_writable(folder: &Path) -> bool {
    let existing = folder
        .ancestors()
        .find(|folder| folder.symlink_metadata().is_ok());
    existing.is_some_and(|folder| {
        fs::metadata(folder)
            .is_ok_and(|metadata| metadata.is_dir() && is_permitted(folder, &metadata))
    })
}

/// Whether this user may read and write a file, or make others in a folder.
#[cfg(unix)]
fn is_permitted(path: &Path, metadata: &fs::Metadata) -> bool {
    use rustix::fs::Access;
    let all = Access::READ_OK | Access::WRITE_OK;
    let access = if metadata.is_dir() {
        all | Access::EXEC_OK
    } else {
        all
    };
    rustix::fs::access(path, access).is_ok()
}

#[cfg(not(unix))]
fn is_permitted(_: &Path, metadata: &fs::Metadata) -> bool {
    !metadata.permissions().readonly()
}

/// Writes a file that the user named, all of it or none; one that is there stays as it is.
///
/// # Errors
/// The system's, also where there is one.
pub fn write_new(path: &Path, content: &str) -> io::Result<()> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = created.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            io::Error::new(error.kind(), "It is there already; choose another name.")
        }
        _ => error,
    })?;
    // What was made just now and can't be filled is of no use to anybody.
    file.write_all(content.as_bytes())
        .inspect_err(|_| drop(fs::remove_file(path)))
}

/// Whether an open file has no name any more.
#[cfg(unix)]
fn is_deleted(file: &fs::File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
}

#[cfg(not(unix))]
fn is_deleted(_: &fs::File) -> bool {
    false
}

/// Whether a path is no longer that of this file, as where an editor wrote a new one.
#[cfg(unix)]
fn is_replaced(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(there)) => identity(ours) != identity(there),
        (_, Err(error)) => error.kind() == io::ErrorKind::NotFound,
        (Err(_), _) => false,
    }
}

#[cfg(not(unix))]
fn is_replaced(_: &fs::File, _: &Path) -> bool {
    false
}

/// Who besides its owner can read a file, as `others` or `the group`.
#[cfg(unix)]
pub fn other_readers(path: &Path) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    Ok(match mode {
        mode if mode & 0o004 != 0 => Some("everybody on this machine"),
        mode if mode & 0o040 != 0 => Some("its group"),
        _ => None,
    })
}

#[cfg(not(unix))]
pub fn other_readers(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// Puts a history that can't be read aside, so that the next one works, and says where.
///
/// # Errors
/// The system's.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let numbered = (1..).map(|number| path.with_extension(format!("bad{number}")));
    let aside = std::iter::once(path.with_extension("bad"))
        .chain(numbered)
        .find(|aside| !aside.exists());
    let aside = aside.expect("numbers don't end");
    fs::rename(path, &aside)?;
    private_file()
        .write(true)
        .create_new(true)
        .open(path)?
        .write_all(HISTORY_HEADER)?;
    Ok(aside)
}

#[cfg(unix)]
fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// Makes a folder that only its owner can enter, and those above it.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path).map_err(|error| {
        let in_the_way = path
            .ancestors()
            .find(|folder| folder.symlink_metadata().is_ok() && !folder.is_dir());
        match in_the_way {
            Some(folder) if folder.is_symlink() => io::Error::new(
                error.kind(),
                format!("{} is a link that leads to no folder", folder.display()),
            ),
            Some(folder) => {
                io::Error::new(error.kind(), format!("{} is no folder", folder.display()))
            }
            None => error,
        }
    })
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
