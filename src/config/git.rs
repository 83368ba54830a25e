//! Asks `git` whether a file could be committed by accident.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::config::child;
use crate::config::environment::Environment;
use crate::error::shell;
use crate::files::{folder_of, walk};

/// What git makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// The folder belongs to no repository.
    NoRepository,
    /// Git commits nothing from there: a pipe or a device, a folder without a work tree.
    NeverCommitted,
    /// There seems to be a repository, and git doesn't answer for it.
    Unknown,
    /// A rule of .gitignore or the like keeps it out.
    Ignored,
    /// The next `git add .` takes it.
    Unignored,
    /// It is committed already, or about to be.
    Tracked,
    /// It is committed through a filter such as git-crypt's, which may well encrypt it.
    Filtered,
}

/// Variables with which git finds itself and the user's own rules. All others of its own, as hooks
/// and aliases have them, would point it to another repository than that of the file's folder.
const GIT_VARIABLES: &str = "GIT_CEILING_DIRECTORIES GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM \
    GIT_CONFIG_SYSTEM GIT_DISCOVERY_ACROSS_FILESYSTEM GIT_EXEC_PATH";

/// How git treats a file. Behind a link that is the file itself, in the repository of its own
/// folder: of a link git commits no more than where it leads.
pub fn tracking(path: &Path, environment: &Environment) -> Tracking {
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Tracking::NeverCommitted;
    }
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (Ok(folder), Some(name)) = (folder_of(&path).canonicalize(), path.file_name()) else {
        return Tracking::NoRepository;
    };
    // A colon at the start would be more than a name.
    let name = Path::new(".").join(name);
    // What it prints of the file, if it says yes.
    let ask = |arguments: &[&str]| {
        let mut command = git(&folder, environment);
        let answer = command.args(arguments).arg("--").arg(&name).output().ok()?;
        answer.status.success().then_some(answer.stdout)
    };
    let Some(is_inside) = ask(&["rev-parse", "--is-inside-work-tree"]) else {
        let mut folders = folder.ancestors();
        return match folders.any(|folder| folder.join(".git").exists()) {
            true => Tracking::Unknown,
            false => Tracking::NoRepository,
        };
    };
    // The status is 0 in a bare repository and inside of .git, too.
    if !is_inside.starts_with(b"true") {
        return Tracking::NeverCommitted;
    }
    // A name with a star in it is a name, which check-ignore knows by itself.
    if ask(&["--literal-pathspecs", "ls-files", "--error-unmatch"]).is_some() {
        let answer = ask(&["check-attr", "filter"]).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer);
        // LFS stores the same content, in another place.
        return match answer.trim().rsplit(": ").next() {
            None | Some("" | "unspecified" | "unset" | "set" | "lfs") => Tracking::Tracked,
            Some(_) => Tracking::Filtered,
        };
    }
    match ask(&["check-ignore", "--quiet"]) {
        Some(_) => Tracking::Ignored,
        None => Tracking::Unignored,
    }
}

/// The files below a folder that git has or would take, as paths from there; none where git has no
/// work tree.
fn files(folder: &Path, environment: &Environment) -> Option<Vec<String>> {
    let mut command = git(folder, environment);
    // A repository's own settings may name a program to be run for this.
    command.args(["-c", "core.fsmonitor=false", "ls-files", "-coz"]);
    let answer = command.arg("--exclude-standard").output().ok()?;
    let names = answer.stdout.split(|byte| *byte == 0);
    let names = names.filter_map(|name| String::from_utf8(name.to_vec()).ok());
    let names = names.filter(|name| !name.is_empty()).collect();
    answer.status.success().then_some(names)
}

/// As [`files`], or all that aren't hidden.
pub fn files_or_all(folder: &Path, environment: &Environment) -> Vec<String> {
    files(folder, environment).unwrap_or_else(|| walk::below(folder))
}

fn git(folder: &Path, environment: &Environment) -> Command {
    let mut command = child::without_keys("git", environment);
    let is_known = |name: &str| GIT_VARIABLES.split(' ').any(|known| known == name);
    for name in environment
        .names()
        .filter(|name| name.starts_with("GIT_") && !is_known(name))
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).arg("-C").arg(folder);
    command
}

/// The command that has git ignore a file: a rule in the folder of the file, for this file only.
pub fn ignore_command(path: &Path) -> String {
    let file = path.with_file_name(".gitignore");
    // Behind a line without an end the rule would be a part of that.
    let begun = fs::read(&file).is_ok_and(|text| !matches!(text.last(), None | Some(b'\n')));
    let print = if begun { r"printf '\n%s\n'" } else { "echo" };
    format!(
        "{print} {} >> {}",
        shell::quoted(&rule(path)),
        quoted(&file)
    )
}

/// The command that takes a file out of git, in the repository of its folder.
pub fn untrack_command(path: &Path) -> String {
    let (folder, name) = (folder_of(path), path.file_name().unwrap_or_default());
    let place = match folder.to_str() {
        Some(".") => String::new(),
        _ => format!(" -C {}", quoted(folder)),
    };
    format!("git{place} rm --cached {}", quoted(Path::new(name)))
}

/// A path as a word of a shell's command.
pub fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    // A name that begins with a dash is a flag to the command.
    let dot = if path.starts_with('-') { "./" } else { "" };
    shell::quoted(&format!("{dot}{path}"))
}

/// The rule for a file in the .gitignore beside it. The slash keeps it to this folder.
fn rule(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let character = |c: char| match c {
        '*' | '?' | '[' | '\\' | ' ' => format!("\\{c}"),
        _ => c.to_string(),
    };
    format!("/{}", name.chars().map(character).collect::<String>())
}

/// Adds a file to the .gitignore of its folder.
///
/// # Errors
/// The system's, and what stands in the place of a .gitignore that git would not read.
pub fn ignore(path: &Path) -> io::Result<()> {
    let file = path.with_file_name(".gitignore");
    if file
        .symlink_metadata()
        .is_ok_and(|metadata| !metadata.is_file())
    {
        return Err(io::Error::other(
            "It is no regular file, and git reads no other.",
        ));
    }
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).read(true).append(true).open(file)?;
    let mut before = Vec::new();
    file.read_to_end(&mut before)?;
    file.write_all(line_behind(&before, path).as_bytes())
}

/// What has git ignore a file, behind what its .gitignore holds.
pub fn line_behind(before: &[u8], path: &Path) -> String {
    let separator = if matches!(before.last(), None | Some(b'\n')) {
        ""
    } else {
        "\n"
    };
    format!("{separator}{}\n", rule(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Folder(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.0.path().join(name)
        }

        fn git(&self, arguments: &[&str]) {
            let mut command = git(self.0.path(), &Environment::from_process());
            let user = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
            let output = command.args(user).args(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn tracking(&self, name: &str) -> Tracking {
            tracking(&self.path(name), &Environment::from_process())
        }
    }

    /// Whether there is a git to ask; without one these rules can't be tried.
    fn has_git() -> bool {
        Command::new("git").arg("--version").output().is_ok()
    }

    #[test]
    fn the_files_of_a_work_tree_are_those_that_git_has_or_would_take() {
        if !has_git() {
            return;
        }
        let folder = Folder::new();
        let environment = Environment::from_process();
        assert_eq!(files(&folder.path(""), &environment), None);
        folder.git(&["init", "-q"]);
        // A program that a repository names is not run.
        folder.git(&["config", "core.fsmonitor", "touch ran; false"]);
        for name in ["a/had.rs", "a/new.rs", "a/b/ö c.md", "out/built", "top.rs"] {
            folder.write(name, "");
        }
        folder.write(".gitignore", "out\n");
        folder.git(&["-c", "core.fsmonitor=false", "add", "a/had.rs"]);
        let listed = |name: &str| {
            let mut all = files(&folder.path(name), &environment).unwrap();
            all.sort();
            all.join(" | ")
        };
        assert_eq!(listed("a"), "b/ö c.md | had.rs | new.rs");
        let all = ".gitignore | a/b/ö c.md | a/had.rs | a/new.rs | top.rs";
        assert_eq!(listed("."), all);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_behind_a_link_is_judged_where_it_lies() {
        use std::os::unix::fs::symlink;
        if !has_git() {
            return;
        }
        let folder = Folder::new();
        for (name, text) in [
            ("committed/a", ""),
            ("ignored/a", ""),
            ("plain/a", ""),
            ("outside", ""),
        ] {
            folder.write(name, text);
        }
        folder.write("repository/ours/committed", "");
        folder.write("repository/ours/seen", "");
        folder.write("repository/ours/kept-out", "");
        folder.write("repository/.gitignore", "/link*\nkept-out\n");
        folder.git(&["init", "-q", "repository"]);
        folder.git(&["-C", "repository", "add", "ours/committed"]);
        folder.git(&["init", "-q", "repository/other"]);
        folder.write("repository/other/seen", "");
        folder.write(
            "repository/.gitattributes",
            "encrypted filter=git-crypt\nlarge filter=lfs\n",
        );
        for name in ["encrypted", "large"] {
            folder.write(&format!("repository/{name}"), "");
            folder.git(&["-C", "repository", "add", name]);
        }
        folder.git(&["init", "-q", "--bare", "bare.git"]);
        folder.write("bare.git/.env", "");
        let table = [
            ("ours/committed", Tracking::Tracked),
            ("encrypted", Tracking::Filtered),
            ("large", Tracking::Tracked),
            ("ours/seen", Tracking::Unignored),
            ("ours/kept-out", Tracking::Ignored),
            ("other/seen", Tracking::Unignored),
            ("../outside", Tracking::NoRepository),
            ("../bare.git/.env", Tracking::NeverCommitted),
            (".git/config", Tracking::NeverCommitted),
            ("/dev/null", Tracking::NeverCommitted),
        ];
        for (index, (target, expected)) in table.into_iter().enumerate() {
            let (link, chain) = (
                format!("repository/link{index}"),
                format!("repository/link-of{index}"),
            );
            symlink(target, folder.path(&link)).unwrap();
            symlink(format!("link{index}"), folder.path(&chain)).unwrap();
            let direct = folder.path("repository").join(target).display().to_string();
            for name in [direct, link, chain] {
                assert_eq!(folder.tracking(&name), expected, "{name} of {target}");
            }
        }
    }

    #[test]
    fn a_repository_of_the_environment_is_not_asked() {
        if !has_git() {
            return;
        }
        let folder = Folder::new();
        folder.git(&["init", "-q", "asked"]);
        folder.git(&["init", "-q", "other"]);
        folder.write("asked/.env", "");
        folder.write("asked/.gitignore", ".env\n");
        let other = folder.path("other");
        let (work, git) = (
            other.display().to_string(),
            other.join(".git").display().to_string(),
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let environment = Environment::from_pairs(&[
            ("PATH", &path),
            ("GIT_DIR", &git),
            ("GIT_WORK_TREE", &work),
            ("GIT_INDEX_FILE", "/nonexistent"),
            ("GIT_CEILING_DIRECTORIES", "/"),
        ]);
        let command = super::git(&folder.path("asked"), &environment);
        let removed: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| value.is_none().then_some(name.to_str()?))
            .collect();
        assert_eq!(removed, ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"]);
        assert_eq!(
            tracking(&folder.path("asked/.env"), &environment),
            Tracking::Ignored
        );
    }

    #[test]
    fn a_rule_keeps_out_the_file_that_it_names_and_no_other() {
        if !has_git() {
            return;
        }
        let folder = Folder::new();
        folder.git(&["init", "-q"]);
        for name in [".env", "#env", "!env", "a*b [c]", "*", "end "] {
            folder.write(name, "");
            folder.write(".gitignore", "# no line end");
            ignore(&folder.path(name)).unwrap();
            assert_eq!(folder.tracking(name), Tracking::Ignored, "{name:?}");
            folder.write("another", "");
            assert_eq!(folder.tracking("another"), Tracking::Unignored, "{name:?}");
        }
        fs::remove_file(folder.path(".gitignore")).unwrap();
        fs::create_dir(folder.path(".gitignore")).unwrap();
        assert!(ignore(&folder.path(".env")).is_err());
    }
}
