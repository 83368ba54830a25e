//! The user's files: who owns them, who can read them, and how new ones are made. [`input`] and
//! [`named`] read what somebody named, [`replace`] replaces the content of an existing file.

pub mod input;
pub mod named;
pub mod replace;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder for data of the user's programs, as the XDG base directory specification has it, and
/// on Windows the one for roaming data.
///
/// # Errors
/// If there is no home.
pub fn data_home() -> io::Result<PathBuf> {
    let (variable, folder) = match cfg!(windows) {
        true => ("APPDATA", "AppData/Roaming"),
        false => ("XDG_DATA_HOME", ".local/share"),
    };
    // A path that isn't absolute has to be ignored.
    let given = std::env::var_os(variable).map(PathBuf::from);
    let home = || std::env::home_dir().filter(|home| home.is_absolute());
    given
        .filter(|path| path.is_absolute())
        .or_else(|| Some(home()?.join(folder)))
        .ok_or_else(|| io::Error::other("no home folder is known"))
}

/// A path with the home folder in place of `~`.
pub fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Writes a file that the user named, all of it or none; one that is there stays as it is.
///
/// # Errors
/// The system's, and one if the file exists already.
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

/// What opens files that only their owner can read.
#[cfg(unix)]
pub fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
pub fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// Makes a folder that only its owner can enter, and those above it.
pub fn private_folder(path: &Path) -> io::Result<()> {
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

/// Whether a folder can be written, or made if it doesn't exist, without writing anything. A
/// link that leads nowhere is in the way of a folder.
pub fn is_writable(folder: &Path) -> bool {
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
pub fn is_permitted(path: &Path, metadata: &fs::Metadata) -> bool {
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
pub fn is_permitted(_: &Path, metadata: &fs::Metadata) -> bool {
    !metadata.permissions().readonly()
}

/// Whether an open file has no name any more.
#[cfg(unix)]
pub fn is_deleted(file: &fs::File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
}

#[cfg(not(unix))]
pub fn is_deleted(_: &fs::File) -> bool {
    false
}

/// Whether a path is no longer that of this file, as when an editor wrote a new one.
#[cfg(unix)]
pub fn is_replaced(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(there)) => identity(ours) != identity(there),
        (_, Err(error)) => error.kind() == io::ErrorKind::NotFound,
        (Err(_), _) => false,
    }
}

#[cfg(not(unix))]
pub fn is_replaced(_: &fs::File, _: &Path) -> bool {
    false
}
