//! The commands that a verdict may end in. They are ours, and printed, never run; from a log there
//! is nothing in them but numbers and names that were checked.

use crate::error::shell;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Words of our own.
    Fixed(&'static str),
    Rollback(u32),
    SetConfig(String),
    Scale(u32),
    /// A type of process, and the size of its dynos.
    Size(&'static str, &'static str),
    ReleaseOutput(u32),
}

impl Command {
    /// The command for this app, a word to be replaced if it isn't known.
    pub fn text(&self, app: Option<&str>) -> String {
        let words = match self {
            // The whole of Heroku's.
            Command::Fixed("status") => return "heroku status".to_owned(),
            Command::Fixed(words) => (*words).to_owned(),
            Command::Rollback(version) => format!("rollback v{version}"),
            Command::SetConfig(name) => format!("config:set {name}=VALUE"),
            Command::Scale(count) => format!("ps:scale web={count}"),
            Command::Size(kind, size) => format!("ps:type {kind}={size}"),
            Command::ReleaseOutput(version) => format!("releases:output v{version}"),
        };
        format!("heroku {words} -a {}", shell::quoted(app.unwrap_or("APP")))
    }
}
