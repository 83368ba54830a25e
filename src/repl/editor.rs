//! The user's own text editor, as `$VISUAL` and `$EDITOR` name it.

use std::io::{self, Write};

use crate::config::child;
use crate::config::environment::Environment;
use crate::error::Error;

/// What is started if neither variable is set; every Unix has it.
const DEFAULT_EDITOR: &str = "vi";

/// Has the user edit a text, in a file with this suffix, by which editors know what it is, and
/// returns it when the editor has ended.
///
/// # Errors
/// If the editor can't be started, ends with a failure, or leaves no text; the text is unchanged
/// then.
pub fn edit(text: &str, suffix: &str, environment: &Environment) -> Result<String, Error> {
    let (_, command) = environment
        .first(&["VISUAL", "EDITOR"])
        .unwrap_or(("", DEFAULT_EDITOR));
    let failed = |reason: String| Error::System {
        what: "editing with $VISUAL or $EDITOR",
        reason,
    };
    let edited = run(text, suffix, command, environment);
    edited.map_err(|error| failed(format!("{command}: {error}")))
}

fn run(text: &str, suffix: &str, command: &str, environment: &Environment) -> io::Result<String> {
    // It is readable by its owner only.
    let mut file = tempfile::Builder::new()
        .prefix("heroku-chat-")
        .suffix(suffix)
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    // The variable may hold flags and quotes, as in `emacsclient -a ""`.
    let words =
        shlex::split(command).ok_or_else(|| io::Error::other("a quote in it is not closed"))?;
    let mut words = words.iter();
    let program = words.next().map_or(DEFAULT_EDITOR, String::as_str);
    let status = child::without_keys(program, environment)
        .args(words)
        .arg(file.path())
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("it ended with {status}")));
    }
    // Editors may have put another file in its place, so it is read by its name.
    std::fs::read_to_string(file.path())
}
