//! Files of the user's own, in the XDG data folder: the input history, and below it a file for each
//! session.

pub mod clock;
mod name;
mod notice;
mod reading;
mod record;
mod restored;
mod session;
mod sessions;
mod summary;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

pub use record::Record;
pub use restored::Restored;
pub use session::Session;
pub use sessions::{Found, Sessions};
pub use summary::Summary;

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

/// Whether a folder can be written, or made where it doesn't exist, without writing anything.
#[cfg(unix)]
pub fn is_writable(folder: &Path) -> bool {
    let existing = folder.ancestors().find(|folder| folder.exists());
    existing.is_some_and(|folder| {
        folder.is_dir() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
    })
}

#[cfg(not(unix))]
pub fn is_writable(folder: &Path) -> bool {
    let existing = folder.ancestors().find_map(|folder| folder.metadata().ok());
    existing.is_some_and(|metadata| metadata.is_dir() && !metadata.permissions().readonly())
}

/// Replaces a file as a whole, readable by its owner only. It is never half-written.
///
/// # Errors
/// The system's.
pub fn replace_privately(path: &Path, content: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // tempfile makes its files readable by their owner only.
    // Its name in an error would only puzzle.
    let mut file =
        tempfile::NamedTempFile::new_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
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

#[cfg(unix)]
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
