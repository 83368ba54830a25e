//! The files that one path means: those of a folder, and those that fit a pattern. What keeps
//! secrets is taken only if it is named in full.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::named;
use crate::conversation::{Attachment, TEXT_LIMIT};

/// How many files a folder or a pattern may mean.
const LIMIT: usize = 100;

/// Names of files or folders that keep secrets, and ends of such names.
const SECRET_NAMES: &str = ".netrc .ssh .aws .git .git-credentials .gnupg .kube .docker .pgpass \
    .htpasswd .npmrc .pypirc id_dsa id_rsa id_ecdsa id_ed25519 secrets.yml credentials.json";
const SECRET_START: &str = ".env";
const SECRET_ENDS: &str = ".env .pem .key .p12 .pfx .jks .ppk .keystore .tfstate";

/// The files that a path means, and how many more that may hold secrets, if `list` gives those
/// below a folder. None if it means what it names.
///
/// # Errors
/// A pattern that is none, and one that nothing fits.
pub fn meant(
    path: &Path,
    list: impl Fn(&Path) -> Vec<String>,
) -> io::Result<Option<(Vec<PathBuf>, usize)>> {
    let pattern = path.to_string_lossy();
    let mut found: Vec<PathBuf> = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            let here = path.strip_prefix(".").unwrap_or(path);
            list(path).iter().map(|name| here.join(name)).collect()
        }
        Err(_) if !named::is_standard_input(path) && pattern.contains(['*', '?', '[']) => {
            let found = glob::glob(&pattern).map_err(io::Error::other)?;
            // As shells have it: a star means no hidden file.
            let wanted = hidden_parts(path);
            found
                .flatten()
                .filter(|it| hidden_parts(it) <= wanted)
                .collect()
        }
        _ => return Ok(None),
    };
    // A link may lead to what nobody meant.
    found.retain(|path| path.symlink_metadata().is_ok_and(|it| it.is_file()));
    let all = found.len();
    found.retain(|path| !is_secret(path));
    let secret = all - found.len();
    match (found.len(), secret) {
        (0, 0) => Err(io::Error::other("There is no file that it means.")),
        (0, _) => Err(io::Error::other(
            "It means nothing but files that may hold secrets: name them in full.",
        )),
        (count, _) if count > LIMIT => Err(io::Error::other(format!(
            "It means {count} files, and {LIMIT} are the most."
        ))),
        _ => Ok(Some((found, secret))),
    }
}

/// How many names in a path make it a hidden one.
fn hidden_parts(path: &Path) -> usize {
    let is_hidden = |part: &Component<'_>| match part {
        Component::Normal(name) => name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    };
    path.components().filter(is_hidden).count()
}

/// The text files among several, and how many are none.
///
/// # Errors
/// The system's, and more than one file may have.
pub fn texts(files: &[PathBuf]) -> io::Result<(Vec<Attachment>, usize)> {
    let (mut texts, mut total) = (Vec::new(), 0);
    for path in files {
        let unreadable = |error| io::Error::other(format!("{}: {error}", path.display()));
        let bytes = named::read(path, TEXT_LIMIT).map_err(unreadable)?;
        let size = bytes.len();
        if let Ok(text) = Attachment::text(&path.display().to_string(), bytes) {
            texts.push(text);
            total += size;
        }
        if total > TEXT_LIMIT {
            return Err(io::Error::other(
                "The files that it means have more than 1 MB.",
            ));
        }
    }
    let others = files.len() - texts.len();
    Ok((texts, others))
}

/// Whether a file may hold a secret, by its path as given or behind links.
pub fn is_secret(path: &Path) -> bool {
    let behind = path.canonicalize().unwrap_or_default();
    let mut parts = path.components().chain(behind.components());
    parts.any(|part| {
        let name = part.as_os_str().to_string_lossy().to_lowercase();
        SECRET_NAMES.split(' ').any(|secret| secret == name)
            || name.starts_with(SECRET_START)
            || SECRET_ENDS.split(' ').any(|end| name.ends_with(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::walk;
    use std::fs;

    #[test]
    fn a_folder_and_a_pattern_mean_files_and_no_secrets() {
        let folder = tempfile::tempdir().unwrap();
        // The folders of the system may have any name.
        let root = folder.path().canonicalize().unwrap();
        let path = |name: &str| root.join(name);
        fs::create_dir(path("sub")).unwrap();
        for name in ["a.rb", "b.rb", ".env.rb", "my.key", "sub/c.rb", "odd[1].rb"] {
            fs::write(path(name), "x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hosts", path("link.rb")).unwrap();
        let meant = |name: &str| meant(&path(name), walk::below);
        let several =
            |names: &[&str], secret| Some((names.iter().map(|name| path(name)).collect(), secret));
        assert_eq!(meant("?.rb").unwrap(), several(&["a.rb", "b.rb"], 0));
        assert_eq!(meant("**/c.*").unwrap(), several(&["sub/c.rb"], 0));
        assert_eq!(meant("sub").unwrap(), several(&["sub/c.rb"], 0));
        let (files, secret) = meant("").unwrap().expect("a folder means several");
        assert_eq!((files.len(), secret), (4, 1));
        for one in ["a.rb", ".env.rb", "my.key", "none", "odd[1].rb"] {
            assert_eq!(meant(one).unwrap(), None, "{one}");
        }
        for (none, told) in [
            ("*.py", "no file"),
            (".env*", "name them in full"),
            ("*.key", "name them in full"),
            ("a**b", "recursive"),
        ] {
            let error = meant(none).unwrap_err().to_string();
            assert!(error.contains(told), "{none}: {error}");
        }
    }

    #[test]
    fn what_is_no_text_is_counted_and_there_is_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "text").unwrap();
        fs::write(path("b"), "\0").unwrap();
        let (found, others) = texts(&[path("a"), path("b")]).unwrap();
        assert_eq!((found.len(), others), (1, 1));
        let error = texts(&[path("none")]).unwrap_err().to_string();
        assert!(error.contains("none: "), "{error}");
        let many: Vec<String> = (0..=LIMIT).map(|it| format!("many/{it}")).collect();
        fs::create_dir(path("many")).unwrap();
        many.iter().for_each(|it| fs::write(path(it), "x").unwrap());
        assert!(meant(&path("many"), walk::below).is_err());
        fs::remove_file(path(&many[0])).unwrap();
        let most = meant(&path("many"), walk::below).unwrap();
        assert_eq!(most.map(|(most, _)| most.len()), Some(LIMIT));
        fs::write(path("c"), "x".repeat(TEXT_LIMIT)).unwrap();
        assert!(texts(&[path("a"), path("c")]).is_err());
    }
}
