//! Files that somebody named, whatever they are: no read or wait is endless, and standard input is
//! read once, under whatever name.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::error::seconds;
use crate::files::folder_of;

/// How long a pipe may have nobody at its other end.
const OPEN_LIMIT: Duration = Duration::from_secs(5);

/// How long a program at the other end may say nothing; it may well have to work first.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);

/// The bytes of a file, and one more than `limit` if it has more: enough to say so.
///
/// # Errors
/// The system's, for folders, and for pipes to which nobody writes.
pub fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read_patiently(path, limit, SILENCE_LIMIT)
}

/// As [`read`], of what other programs hold ready, as password managers do with a `.env`.
///
/// # Errors
/// As [`read`].
pub fn read_at_once(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read_patiently(path, limit, OPEN_LIMIT)
}

fn read_patiently(path: &Path, limit: usize, silence: Duration) -> io::Result<Vec<u8>> {
    if is_standard_input(path) {
        // Opened by its name, a redirected file would be read from its beginning once more.
        return read_to_end(io::stdin().lock(), limit);
    }
    let metadata = path.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::other("It is a folder."));
    }
    if metadata.is_file() {
        return read_to_end(File::open(path)?, limit);
    }
    let mut bytes = Vec::new();
    let pieces = pieces(path.to_owned())?;
    let mut wait = OPEN_LIMIT;
    loop {
        match pieces.recv_timeout(wait) {
            Ok(piece) => bytes.extend(piece?),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(bytes),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let reason = format!("Nobody wrote to it for {}.", seconds(wait));
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
        }
        if bytes.len() > limit {
            bytes.truncate(limit + 1);
            return Ok(bytes);
        }
        wait = silence;
    }
}

/// The bytes of a reader, and one more than `limit` if it has more.
pub fn read_to_end(reader: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What comes from a pipe or a device, with an empty piece once it is open. A thread of its own
/// waits for it, because opening a pipe may take for ever.
fn pieces(path: PathBuf) -> io::Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let send_all = move || -> Option<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return sender.send(Err(error)).ok(),
        };
        sender.send(Ok(Vec::new())).ok()?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => sender.send(Ok(buffer[..count].to_vec())).ok()?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return sender.send(Err(error)).ok(),
            }
        }
    };
    std::thread::Builder::new().spawn(move || _ = send_all())?;
    Ok(receiver)
}

/// Whether a path is `-`, which stands for standard input.
pub fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether a path is a name of standard input, or a link to one.
pub fn is_standard_input(path: &Path) -> bool {
    if is_dash(path) {
        return true;
    }
    const NAMES: &str = "/dev/stdin /dev/fd/0 /proc/self/fd/0 /proc/thread-self/fd/0";
    let is_name = |path: PathBuf| NAMES.split(' ').any(|name| Path::new(name) == path);
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut links = std::iter::successors(Some(path), |path| target(path)).take(LINK_LIMIT);
    links.any(is_name)
}

/// As many links may lead from one to the next as the system follows.
const LINK_LIMIT: usize = 40;

/// Where a link leads, if the path is one.
fn target(path: &Path) -> Option<PathBuf> {
    let target = path.read_link().ok()?;
    Some(path.parent().unwrap_or(Path::new("")).join(target))
}

/// The file that a path leads to over all links, be it there or not.
///
/// # Errors
/// Links that lead in a circle.
pub fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let next = |path: &PathBuf| Some(without_steps_back(&target(path)?));
    let mut links = std::iter::successors(Some(path.to_owned()), next).take(LINK_LIMIT);
    links
        .find(|path| target(path).is_none())
        .ok_or_else(|| io::Error::other("It is a link that leads in a circle."))
}

/// A path as people would write it, if that surely leads to the same file.
fn without_steps_back(path: &Path) -> PathBuf {
    let has_steps = path.components().any(|part| part == Component::ParentDir);
    let folder = folder_of(path).canonicalize().ok().filter(|_| has_steps);
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.components().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn whatever_was_named_is_read_to_an_end_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "12345").unwrap();
        assert_eq!(read(&path("file"), 9).unwrap(), b"12345");
        assert_eq!(read(&path("file"), 3).unwrap(), b"1234");
        assert_eq!(read(Path::new("/dev/null"), 3).unwrap(), b"");
        assert_eq!(
            read(Path::new("/dev/zero"), 300_000).unwrap().len(),
            300_001
        );
        let error = read(folder.path(), 3).unwrap_err();
        assert_eq!(error.to_string(), "It is a folder.");
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        assert!(read(&path("socket"), 3).is_err());
        assert_eq!(
            read(&path("none"), 3).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[cfg(unix)]
    #[test]
    fn every_name_of_standard_input_is_known() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink("/dev/stdin", path("link")).unwrap();
        symlink("link", path("chain")).unwrap();
        symlink("circle", path("circle")).unwrap();
        for name in [
            "-",
            "/dev/stdin",
            "/dev/./stdin",
            "/dev/fd/0",
            "/proc/self/fd/0",
        ] {
            assert!(is_standard_input(Path::new(name)), "{name}");
        }
        assert!(is_standard_input(&path("chain")));
        for other in [
            path("circle"),
            path("none"),
            "/dev/fd/1".into(),
            "stdin".into(),
        ] {
            assert!(!is_standard_input(&other), "{other:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_to_its_end() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let path = |name: &str| root.join(name);
        std::fs::create_dir(path("sub")).unwrap();
        for (target, name) in [
            ("sub/b", "a"),
            ("../c", "sub/b"),
            ("one", "two"),
            ("two", "one"),
        ] {
            symlink(target, path(name)).unwrap();
        }
        assert_eq!(behind_links(&path("a")).unwrap(), path("c"), "it dangles");
        std::fs::write(path("c"), "").unwrap();
        assert_eq!(behind_links(&path("a")).unwrap(), path("c"));
        assert_eq!(behind_links(Path::new("./x")).unwrap(), Path::new("./x"));
        assert!(behind_links(&path("one")).is_err());
    }
}
