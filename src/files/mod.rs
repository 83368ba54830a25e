//! The user's files: who owns them, who can read them, and how new ones are made. [`input`] and
//! [`named`] read what somebody named, [`replace`] replaces the content of an existing file,
//! [`walk`] finds them.

pub mod input;
pub mod lines;
pub mod named;
pub mod replace;
pub mod several;
pub mod walk;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder for data of the user's programs, as the XDG base directory specification has it, and
/// on Windows the one for roaming data.
///
/// # Errors
/// If there is no home.
pub fn data_home() -> io::Result<PathBuf> {
    xdg_folder("XDG_DATA_HOME", ".local/share")
}

/// The folder of the user's own settings; it need not exist.
///
/// # Errors
/// If there is no home.
pub fn config_folder() -> io::Result<PathBuf> {
    Ok(xdg_folder("XDG_CONFIG_HOME", ".config")?.join("heroku-chat"))
}

fn xdg_folder(variable: &str, folder: &str) -> io::Result<PathBuf> {
    let (variable, folder) = match cfg!(windows) {
        true => ("APPDATA", "AppData/Roaming"),
        false => (variable, folder),
    };
    // A path that isn't absolute has to be ignored.
    let absolute = |path: &PathBuf| path.is_absolute();
    let given = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(absolute);
    let home = || Some(std::env::home_dir().filter(absolute)?.join(folder));
    given
        .or_else(home)
        .ok_or_else(|| io::Error::other("no home folder is known"))
}

/// A path with the home folder in place of `~`.
pub fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// A path as it is shown, with `~` for the home folder.
pub fn with_tilde(path: &Path) -> String {
    let home = std::env::home_dir();
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
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

/// What is known of a regular file: only of that it is sure that reading it ends, and takes no keys
/// from the terminal.
///
/// # Errors
/// The system's; says what else it is.
pub fn regular(path: &Path) -> io::Result<fs::Metadata> {
    match path.metadata()? {
        folder if folder.is_dir() => Err(io::Error::other("It is a folder.")),
        file if file.is_file() => Ok(file),
        _ => Err(io::Error::other("It is no regular file.")),
    }
}

/// Who besides its owner can read a file, as `others` or `the group`.
#[cfg(unix)]
pub fn other_readers(path: &Path) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::PermissionsExt;
    Ok(match fs::metadata(path)?.permissions().mode() {
        mode if mode & 0o004 != 0 => Some("everybody on this machine"),
        mode if mode & 0o040 != 0 => Some("its group"),
        _ => None,
    })
}

#[cfg(not(unix))]
pub fn other_readers(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// The bits of a file that say who may do what with it, where there are any.
#[cfg(unix)]
pub fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
pub fn mode(_: &Path) -> Option<u32> {
    None
}

/// Says who may do what with a file.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
pub fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// What opens files to be added to, and has new ones readable by their owner only.
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder that only its owner can enter, and those above it.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path).map_err(|error| {
        let is_in_the_way = |path: &&Path| path.symlink_metadata().is_ok() && !path.is_dir();
        match path.ancestors().find(is_in_the_way) {
            Some(other) => {
                io::Error::new(error.kind(), format!("{} is no folder", other.display()))
            }
            None => error,
        }
    })
}

/// The folder of a file.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Whether a folder can be written, or made if it doesn't exist, without writing anything. A
/// link that leads nowhere is in the way of a folder.
pub fn is_writable(folder: &Path) -> bool {
    let mut folders = folder.ancestors();
    let existing = folders.find(|folder| folder.symlink_metadata().is_ok());
    existing.is_some_and(|folder| folder.is_dir() && is_permitted(folder))
}

/// Whether this user may read and write a file, or make others in a folder.
#[cfg(unix)]
pub fn is_permitted(path: &Path) -> bool {
    use rustix::fs::Access;
    let enter = match path.is_dir() {
        true => Access::EXEC_OK,
        false => Access::empty(),
    };
    rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK | enter).is_ok()
}

#[cfg(not(unix))]
pub fn is_permitted(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| !metadata.permissions().readonly())
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
