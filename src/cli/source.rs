//! Where a value comes from: a flag, a variable, a file, an app.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// Where a value comes from, as a phrase that goes after "from".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command line, with its dashes.
    Flag(Cow<'static, str>),
    /// The process environment, under the name that the value has everywhere.
    Environment,
    /// The process environment, under this name.
    Variable(String),
    /// A line of an env file.
    EnvFile(PathBuf, usize),
    /// A line of the file of flags, whose path is shown like this.
    Kept(String, usize),
    /// Heroku, for this app or for the one of the git remote.
    Heroku(Option<String>),
    /// The sandbox inside this process.
    Sandbox,
    /// `/set`, in the chat.
    Chat,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag(flag) => f.write_str(flag),
            Source::Environment => f.write_str("the environment"),
            Source::Variable(name) => f.write_str(name),
            Source::EnvFile(path, line) => write!(f, "{} line {line}", path.display()),
            Source::Kept(place, line) => write!(f, "{place}:{line}"),
            Source::Heroku(Some(app)) => write!(f, "the Heroku app {app}"),
            Source::Heroku(None) => f.write_str("the Heroku app of this folder"),
            Source::Sandbox => f.write_str("the sandbox"),
            Source::Chat => f.write_str("/set"),
            Source::Default => f.write_str("default"),
        }
    }
}

impl Source {
    /// Whether two values stand in the same place, be it on different lines of it.
    pub fn is_same_place(&self, other: &Source) -> bool {
        match (self, other) {
            (Source::EnvFile(one, _), Source::EnvFile(another, _)) => one == another,
            _ => self == other,
        }
    }
}
