//! The process environment as a value, read once in `main` and handed to whoever decides by it.

use std::collections::BTreeMap;

/// A snapshot of the environment variables that are valid UTF-8.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the variables of this process.
    pub fn from_process() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment(std::env::vars_os().filter_map(utf8).collect())
    }

    /// The value of a variable; an empty one counts as unset, as it does for the Heroku CLI.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether a variable is there, be it empty: other libraries tell the difference.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
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
        Environment(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }
}
