//! Programs that are started from here, and the one rule for all of them: only the Heroku CLI,
//! where keys come from, is given a key.

use std::ffi::OsStr;
use std::io::{self, Write};
pub use std::process::Command;
use std::process::{ExitStatus, Stdio};

use crate::config::environment::Environment;

/// A program that gets this process's environment without the keys in it.
pub fn without_keys(program: impl AsRef<OsStr>, environment: &Environment) -> Command {
    let mut command = Command::new(program);
    for name in environment.key_names() {
        command.env_remove(name);
    }
    command
}

/// Where a program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Terminal,
    Nowhere,
}

/// Runs a command line with a text as its standard input, without the keys in its environment.
///
/// # Errors
/// If it can't be started.
pub fn feed(
    command: &str,
    text: &str,
    output: Output,
    environment: &Environment,
) -> io::Result<ExitStatus> {
    let words =
        shlex::split(command).ok_or_else(|| io::Error::other("a quote in it is not closed"))?;
    let (program, arguments) = words.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut command = without_keys(program, environment);
    command.args(arguments).stdin(Stdio::piped());
    if output == Output::Nowhere {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    if environment.get("LESS").is_none() {
        // As git has it: colours are shown, and the text stays on the screen.
        command.env("LESS", "FRX");
    }
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A pager may be left before it has read everything.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait()
}

/// The Heroku CLI, which gets the environment as it is.
pub fn with_keys(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_handed_on_whatever_its_name() {
        let environment = Environment::from_pairs(&[
            ("INFERENCE_KEY", "of-another-form"),
            ("MY_MODEL_URL", "https://us.inference.heroku.com"),
            ("MY_MODEL_KEY", "sk-1"),
            ("OTHER", "Bearer inf-01234567-89ab-cdef-0123-456789abcdef"),
            ("SORT_KEY", "name"),
            ("EDITOR", "vi"),
            ("HEROKU_API_KEY", "a-token"),
        ]);
        let command = without_keys("git", &environment);
        let removed: Vec<_> = command
            .get_envs()
            .map(|(name, value)| (name.to_str(), value))
            .collect();
        let expected = ["HEROKU_API_KEY", "INFERENCE_KEY", "MY_MODEL_KEY", "OTHER"]
            .map(|name| (Some(name), None));
        assert_eq!(removed, expected);
        assert_eq!(with_keys("heroku").get_envs().count(), 0);
    }
}
