//! The files below a folder, to choose one from.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

/// How many entries are looked at: a home folder may have millions.
const LIMIT: usize = 10_000;

/// The files below a folder, as paths from there; the nearest first. Hidden ones are left out, and
/// no link to a folder is followed.
pub fn below(root: &Path) -> Vec<String> {
    let (mut folders, mut found, mut left) = (VecDeque::from([root.to_owned()]), Vec::new(), LIMIT);
    while let Some(folder) = folders.pop_front() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.take(left) {
            left -= 1;
            let path = entry.path();
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_hidden => folders.push_back(path),
                Ok(kind) if !kind.is_dir() && !is_hidden => {
                    let name = path.strip_prefix(root).ok().and_then(Path::to_str);
                    found.extend(name.map(str::to_owned));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_and_hidden_ones_are_not_and_no_folder_is_endless() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a", "a/b", ".hidden"] {
            fs::create_dir(path(name)).unwrap();
        }
        for name in ["a/b/far.rs", "near.rs", ".env", ".hidden/x"] {
            fs::write(path(name), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("..", path("a/circle")).unwrap();
        let found = below(folder.path());
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found.first(), Some(&"near.rs"));
        assert_eq!(found.last(), Some(&"a/b/far.rs"));
        assert!(
            !found
                .iter()
                .any(|name| name.contains("hidden") || name.contains(".env"))
        );
        for number in 0..LIMIT {
            fs::write(path(&format!("a/{number}")), "").unwrap();
        }
        assert!(below(folder.path()).len() <= LIMIT);
    }
}
