//! Files of the user's own: the input history in the XDG data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// First line of a history file, so that rustyline takes the escapes in it for what they are.
const HISTORY_HEADER: &[u8] = b"#V2\n";

/// The history file, made ready: in a folder only its owner can enter, readable by its owner only.
///
/// It is made here rather than by rustyline, where two sessions that make it at once lose a line.
///
/// # Errors
/// Where there is no home or it can't be written.
pub fn history_file() -> io::Result<PathBuf> {
    let base = etcetera::choose_base_strategy().map_err(io::Error::other)?;
    let folder = base.data_dir().join("heroku-chat");
    private_folder(&folder)?;
    let path = folder.join("history");
    match private_file().write(true).create_new(true).open(&path) {
        Ok(mut file) => file.write_all(HISTORY_HEADER)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(path)
}

/// Puts a history that can't be read aside, so that the next one works, and says where.
///
/// # Errors
/// The system's.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = path.with_extension("bad");
    fs::rename(path, &aside)?;
    private_file().write(true).create_new(true).open(path)?.write_all(HISTORY_HEADER)?;
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
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
