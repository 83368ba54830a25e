//! The process environment as a value, read once in `main` and passed to whoever needs it.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::config::secret::{Secret, redact_keys};

/// A snapshot of the environment variables. Any of them may be a key, so none is shown by `Debug`.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
    /// Names of variables that are set to what is not UTF-8, and so can't be used.
    unreadable: Vec<String>,
}

impl Environment {
    /// Reads the variables of this process.
    pub fn from_process() -> Self {
        Environment::from_system(std::env::vars_os())
    }

    fn from_system(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Environment::default();
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        for (name, value) in variables.filter_map(named) {
            match value.into_string() {
                Ok(value) => _ = environment.variables.insert(name, Secret::new(value)),
                Err(_) => environment.unreadable.push(name),
            }
        }
        environment
    }

    /// The value of a variable; an empty one counts as unset, as it does for the Heroku CLI.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(Secret::expose)
            .filter(|value| !value.is_empty())
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The names of variables that are set and can't be used, because they are not UTF-8.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }

    /// The names of variables that hold a key: of an attachment, whose URL stands beside it, of the
    /// user's account, or by the look of their value.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| {
            let prefix = name.strip_suffix("_KEY");
            let has_url = |prefix: &str| self.get(&format!("{prefix}_URL")).is_some();
            let value = self.get(name).unwrap_or_default();
            prefix.is_some_and(|it| matches!(it, "INFERENCE" | "HEROKU_API") || has_url(it))
                || redact_keys(value) != value
        })
    }

    /// What these variables hold.
    pub fn keys(&self) -> Vec<Secret> {
        let values = self.key_names().filter_map(|name| self.get(name));
        values.map(Secret::new).collect()
    }

    /// The first of several names that is set, for variables with an upper- and a lower-case
    /// spelling.
    pub fn first(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }
}

#[cfg(test)]
impl Environment {
    /// An environment of just these variables.
    pub fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        Environment::from_system(pairs.iter().map(pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_shown_by_debug() {
        let environment = Environment::from_pairs(&[("INFERENCE_KEY", "inf-0123")]);
        let shown = format!("{environment:?}");
        assert!(
            shown.contains("INFERENCE_KEY") && !shown.contains("0123"),
            "{shown}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_unset_and_named() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = OsString::from_vec(b"caf\xe9".to_vec());
        let variables = [("INFERENCE_KEY".into(), bytes), ("HOME".into(), "/".into())];
        let environment = Environment::from_system(variables.into_iter());
        assert_eq!(environment.get("INFERENCE_KEY"), None);
        assert_eq!(
            environment.unreadable().collect::<Vec<_>>(),
            ["INFERENCE_KEY"]
        );
    }
}
