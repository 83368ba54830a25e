//! New content for an existing file, such as a `.env`: the old content is never lost, and only
//! regular files are replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::files::{folder_of, private_folder, regular};

/// Whether a file may take this one's place: only another regular file that can be written has what
/// is lost with it in its content.
///
/// # Errors
/// Says what stands there instead, which the system does not always do.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    match regular(path) {
        Ok(file) if file.permissions().readonly() => Err(io::Error::other("It is read-only.")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map(drop),
    }
}

/// Replaces a regular file as a whole, readable by its owner only. It is never half-written; if
/// no other file can be put in its place, as in that of one that is mounted alone, its content is
/// overwritten. `before` is what the new content was made of; none is the same as nothing in it.
///
/// It is written in the data folder first, so that a process that is killed leaves nothing beside
/// it; and only if that is on another file system, in the folder where it belongs.
///
/// # Errors
/// The system's, what is no regular file, and what somebody else has written meanwhile; what was
/// there is there still.
pub fn replace_privately(
    path: &Path,
    before: &str,
    content: &str,
    data_folder: Option<&Path>,
) -> io::Result<()> {
    check_replaceable(path)?;
    let by_data =
        |data| private_folder(data).and_then(|()| put_in_place(data, path, before, content));
    if data_folder.map(by_data).is_some_and(|done| done.is_ok()) {
        return Ok(());
    }
    let folder = folder_of(path);
    let Err(error) = put_in_place(folder, path, before, content) else {
        return Ok(());
    };
    let shown = folder.display();
    // Whether it was the place of the file that was refused, and not its content.
    let reason = match error.kind() {
        io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => "It is mounted".to_owned(),
        io::ErrorKind::NotFound => format!("Its folder {shown} is not there"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("Its folder {shown} can't be written")
        }
        _ => return Err(error),
    };
    if !path.exists() {
        return Err(io::Error::new(error.kind(), format!("{reason}.")));
    }
    overwrite(path, before, content.as_bytes()).map_err(|second| {
        let reason = format!("{reason} ({error}), and so can't the file itself: {second}");
        io::Error::new(second.kind(), reason)
    })
}

/// Fails if what was read is not what was expected.
fn check_unchanged(read: &[u8], before: &str) -> io::Result<()> {
    match read == before.as_bytes() {
        true => Ok(()),
        false => Err(io::Error::other("It was changed meanwhile.")),
    }
}

fn put_in_place(folder: &Path, path: &Path, before: &str, content: &str) -> io::Result<()> {
    // Two processes take turns, if the system locks folders.
    let _turn = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    let aside = Aside::below(folder)?;
    // tempfile makes its files readable by their owner only.
    // Its name in an error would only puzzle.
    let mut file =
        tempfile::NamedTempFile::new_in(&aside.0).map_err(|error| io::Error::from(error.kind()))?;
    file.as_file_mut().write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => check_unchanged(b"", before)?,
        read => check_unchanged(&read?, before)?,
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The folder in which a file is written before it takes its place. A process that is killed leaves
/// it behind: git ignores what is in it, and the next one removes it.
struct Aside(PathBuf);

/// It is there before any other file of the folder, and goes after all of them.
const RULES: &str = ".gitignore";

impl Aside {
    fn below(folder: &Path) -> io::Result<Self> {
        let path = folder.join(".heroku-chat.new");
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // A link, as a foreign repository may have it, leads to what is others'.
                if !path.symlink_metadata()?.is_dir() {
                    let reason = format!("{} is in the way.", path.display());
                    return Err(io::Error::other(reason));
                }
                Aside::clear(&path)?;
            }
            made => made?,
        }
        let mut rules = File::create_new(path.join(RULES))?;
        rules.write_all(b"*\n")?;
        Ok(Aside(path))
    }

    /// Removes what an earlier process left.
    fn clear(path: &Path) -> io::Result<()> {
        let rules = path.join(RULES);
        for entry in fs::read_dir(path)? {
            let left = entry?.path();
            if left != rules {
                fs::remove_file(left)?;
            }
        }
        match fs::remove_file(rules) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What can't be removed now is by the next one.
        drop(fs::remove_file(self.0.join(RULES)).and_then(|()| fs::remove_dir(&self.0)));
    }
}

/// Writes over the content of a file. What needs room is written first, behind the old content,
/// which is whole again if there is none.
fn overwrite(path: &Path, expected: &str, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut before = Vec::new();
    file.read_to_end(&mut before)?;
    check_unchanged(&before, expected)?;
    let (head, tail) = content.split_at(content.len().min(before.len()));
    let written = file
        .write_all(tail)
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            file.rewind()?;
            file.write_all(head)?;
            file.set_len(content.len() as u64)?;
            file.sync_all()
        });
    written.inspect_err(|_| {
        // The room for it was there, so that this can't fail for want of it.
        let restored = file.rewind().and_then(|()| file.write_all(&before));
        drop(restored.and_then(|()| file.set_len(before.len() as u64)));
    })?;
    // It may be another user's, and then stays as it is.
    #[cfg(unix)]
    drop(file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)));
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        let metadata = fs::metadata(path).expect("a file");
        metadata.permissions().mode() & 0o777
    }

    #[test]
    fn only_a_regular_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        replace_privately(&path("file"), "", "new", Some(&path("data"))).unwrap();
        fs::write(path("file"), "a longer old one").unwrap();
        assert!(replace_privately(&path("file"), "new", "newer", None).is_err());
        fs::set_permissions(path("file"), fs::Permissions::from_mode(0o644)).unwrap();
        replace_privately(&path("file"), "a longer old one", "new", None).unwrap();
        assert_eq!(fs::read_to_string(path("file")).unwrap(), "new");
        assert_eq!(mode(&path("file")), 0o600);

        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        fs::create_dir(path("folder")).unwrap();
        fs::write(path("read-only"), "old").unwrap();
        fs::set_permissions(path("read-only"), fs::Permissions::from_mode(0o400)).unwrap();
        symlink("socket", path("link")).unwrap();
        for name in ["socket", "folder", "read-only", "link", "none/file"] {
            let error = replace_privately(&path(name), "", "new", None)
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("It"), "{name}: {error}");
        }
        assert!(
            fs::metadata(path("socket"))
                .unwrap()
                .file_type()
                .is_socket()
        );
        assert!(path("link").is_symlink());
        assert_eq!(fs::read_to_string(path("read-only")).unwrap(), "old");
    }

    #[test]
    fn git_ignores_what_a_process_that_is_killed_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let aside = Aside::below(folder.path()).unwrap();
        fs::write(aside.0.join("left"), "secret").unwrap();
        std::mem::forget(aside);
        let aside = Aside::below(folder.path()).unwrap();
        let left: Vec<_> = fs::read_dir(&aside.0).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(fs::read_to_string(aside.0.join(RULES)).unwrap(), "*\n");
        drop(aside);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn what_a_link_in_its_place_leads_to_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("theirs")).unwrap();
        fs::write(path("theirs/file"), "kept").unwrap();
        symlink("theirs", path(".heroku-chat.new")).unwrap();
        assert!(replace_privately(&path(".env"), "", "new", None).is_err());
        fs::remove_file(path(".heroku-chat.new")).unwrap();
        fs::create_dir(path(".heroku-chat.new")).unwrap();
        symlink("../theirs/file", path(".heroku-chat.new").join(RULES)).unwrap();
        replace_privately(&path(".env"), "", "new", None).unwrap();
        assert_eq!(fs::read_to_string(path("theirs/file")).unwrap(), "kept");
    }

    #[test]
    fn what_is_overwritten_is_as_long_as_what_was_written_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (before, after) in [
            ("", "new"),
            ("a longer one", "new"),
            ("old", "a longer one"),
        ] {
            fs::write(&path, before).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(overwrite(&path, "other", after.as_bytes()).is_err());
            overwrite(&path, before, after.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
            assert_eq!(mode(&path), 0o600);
        }
    }
}
