//! The `git` program, asked whether a file could be committed by accident.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell;

/// What git makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// The folder belongs to no repository.
    NoRepository,
    /// There seems to be a repository, and git doesn't answer for it.
    Unknown,
    /// A rule of .gitignore or the like keeps it out.
    Ignored,
    /// The next `git add .` takes it.
    Unignored,
    /// It is committed already, or about to be.
    Tracked,
}

/// How git treats a file.
pub fn tracking(path: &Path) -> Tracking {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Tracking::NoRepository;
    };
    let succeeds = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let command = command.arg("-C").arg(folder).args(arguments);
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !succeeds(&["rev-parse", "--is-inside-work-tree"]) {
        let from = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let has_repository = from.ancestors().any(|folder| folder.join(".git").exists());
        if has_repository {
            Tracking::Unknown
        } else {
            Tracking::NoRepository
        }
    } else if succeeds(&["ls-files", "--error-unmatch", "--", name]) {
        Tracking::Tracked
    } else if succeeds(&["check-ignore", "--quiet", "--", name]) {
        Tracking::Ignored
    } else {
        Tracking::Unignored
    }
}

/// The command that has git ignore a file: a rule in the folder of the file, for this file only.
pub fn ignore_command(path: &Path) -> String {
    format!(
        "echo {} >> {}",
        shell::quoted(&rule(path)),
        quoted(&path.with_file_name(".gitignore"))
    )
}

/// A path as a word of a shell's command.
pub fn quoted(path: &Path) -> String {
    shell::quoted(&path.display().to_string())
}

/// The rule for a file in the .gitignore beside it. The slash keeps it to this folder.
fn rule(path: &Path) -> String {
    format!(
        "/{}",
        path.file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default()
    )
}

/// Adds a file to the .gitignore of its folder.
///
/// # Errors
/// The system's.
pub fn ignore(path: &Path) -> io::Result<()> {
    let file = path.with_file_name(".gitignore");
    let before = match fs::read_to_string(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        other => other.unwrap_or_default(),
    };
    let separator = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?;
    file.write_all(format!("{separator}{}\n", rule(path)).as_bytes())
}
