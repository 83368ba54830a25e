//! Programs that are started from here, and the one rule for all of them: only the Heroku CLI,
//! where keys come from, is given a key.

use std::ffi::OsStr;
use std::process::Command;

use crate::config::environment::Environment;

/// A program that gets this process's environment without the keys in it.
pub fn without_keys(program: impl AsRef<OsStr>, environment: &Environment) -> Command {
    let mut command = Command::new(program);
    for name in environment.key_names() {
        command.env_remove(name);
    }
    command
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
        ]);
        let command = without_keys("git", &environment);
        let removed: Vec<_> = command
            .get_envs()
            .map(|(name, value)| (name.to_str(), value))
            .collect();
        let expected = ["INFERENCE_KEY", "MY_MODEL_KEY", "OTHER"].map(|name| (Some(name), None));
        assert_eq!(removed, expected);
        assert_eq!(with_keys("heroku").get_envs().count(), 0);
    }
}
