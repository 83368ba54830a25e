//! The `heroku` program: asked once for config vars, and what it prints read for its meaning.
//!
//! How it behaves in each state was measured with versions 8 to 11. What matters here: an unset variable is an empty
//! line with exit code 0; logged out with CLI 10 is exit code 0 and no output at all; `DEBUG` prints the key; a
//! helper it leaves behind may keep its pipes open for seconds. [`meaning`] is pure, [`config_vars`] runs it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use shared_child::SharedChild;

use crate::config::{HerokuAnswer, HerokuQuery};
use crate::error::HerokuFailure;

/// npm installs it on Windows as a command file, which has to be named in full to be found.
const PROGRAM: &str = if cfg!(windows) { "heroku.cmd" } else { "heroku" };

/// A server that accepts and never answers holds the CLI for 64 s; past this it waits for something else.
const LIMIT: Duration = Duration::from_secs(75);

/// How long pipes may stay open after the program has ended: a telemetry helper can hold them for 10 s.
const PIPE_GRACE: Duration = Duration::from_millis(300);

/// Asks for config vars in one call; the CLI needs about a second of CPU for each start.
///
/// `progress` is told every 100 ms how long it takes already.
///
/// # Errors
/// Says why there are no values.
pub fn config_vars(query: &HerokuQuery, progress: &mut dyn FnMut(Duration)) -> HerokuAnswer {
    let mut command = Command::new(PROGRAM);
    command.arg("config:get").args(&query.variables).arg("--shell");
    if let Some(app) = &query.app {
        command.args(["--app", app]);
    }
    if let Some(remote) = &query.remote {
        command.args(["--remote", remote]);
    }
    let printed = run(command, progress).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HerokuFailure::NotInstalled,
        io::ErrorKind::TimedOut => HerokuFailure::TimedOut(LIMIT),
        _ => HerokuFailure::Other { code: None, message: error.to_string() },
    })?;
    meaning(&printed, query)
}

/// What a finished run of the program left.
#[derive(Debug, Default)]
struct Printed {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(mut command: Command, progress: &mut dyn FnMut(Duration)) -> io::Result<Printed> {
    command
        // One line per error instead of a wrap at 80 columns in mid-sentence.
        .env("OCLIF_COLUMNS", "1000")
        .env("NO_COLOR", "1")
        .env("HEROKU_SKIP_NEW_VERSION_CHECK", "1")
        .env("HEROKU_DISABLE_AUTOUPDATE", "1")
        // With an open standard input it would wait for a key to be pressed.
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["DEBUG", "HEROKU_DEBUG", "HEROKU_DEBUG_HEADERS", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    let child = SharedChild::spawn(&mut command)?;
    let stdout = collect(child.take_stdout());
    let stderr = collect(child.take_stderr());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.wait_timeout(Duration::from_millis(100))? {
            break status;
        }
        if started.elapsed() >= LIMIT {
            child.kill()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        progress(started.elapsed());
    };
    let until = Instant::now() + PIPE_GRACE;
    Ok(Printed { code: status.code(), stdout: stdout(until), stderr: stderr(until) })
}

/// Reads a pipe in the background. The closure returned takes what came until the pipe ended, or until a time.
fn collect(pipe: Option<impl Read + Send + 'static>) -> impl FnOnce(Instant) -> String {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    if let Some(mut pipe) = pipe {
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
    }
    move |until| {
        let mut bytes = Vec::new();
        while let Ok(mut piece) = receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            bytes.append(&mut piece);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn meaning(printed: &Printed, query: &HerokuQuery) -> HerokuAnswer {
    let message = unwrapped(&printed.stderr);
    let logged_out = message.contains("Press any key to open up the browser");
    if printed.code != Some(0) || logged_out || printed.stdout.is_empty() {
        return Err(failure(printed, &message, query));
    }
    let values: BTreeMap<String, String> =
        printed.stdout.lines().filter_map(shell_assignment).filter(|(_, value)| !value.is_empty()).collect();
    if values.is_empty() {
        return Err(HerokuFailure::NotAttached(query.app.clone()));
    }
    Ok(values)
}

fn failure(printed: &Printed, message: &str, query: &HerokuQuery) -> HerokuFailure {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let own_words = || error_sentence(message);
    if says(&["Press any key to open up the browser"]) || (printed.code == Some(0) && printed.stdout.is_empty()) {
        HerokuFailure::NotLoggedIn
    } else if says(&["token provided to HEROKU_API_KEY is invalid", "Error ID: unauthorized"]) {
        HerokuFailure::InvalidToken
    } else if says(&["Missing required flag app"]) {
        HerokuFailure::NoApp
    } else if says(&["Multiple apps in git remotes"]) {
        HerokuFailure::SeveralApps(remotes(&printed.stderr))
    } else if says(&["not found in git remotes"]) {
        HerokuFailure::UnknownRemote(query.remote.clone().unwrap_or_default())
    } else if says(&["Error ID: not_found", "Couldn't find that app"]) {
        HerokuFailure::UnknownApp(query.app.clone())
    } else if says(&["Error ID:"]) {
        HerokuFailure::Refused(own_words())
    } else if says(&["CERT", "self-signed certificate", "unable to get local issuer certificate"]) {
        HerokuFailure::Certificate(own_words())
    } else if says(&[
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "Request timed out",
        "tunneling socket",
    ]) {
        HerokuFailure::Unreachable(own_words())
    } else {
        HerokuFailure::Other { code: printed.code, message: own_words() }
    }
}

/// The lines of standard error joined into one, without the `›` that the CLI puts before each.
fn unwrapped(stderr: &str) -> String {
    let words = stderr.lines().map(without_mark).flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

fn without_mark(line: &str) -> &str {
    line.trim_start().trim_start_matches(['›', '»']).trim()
}

/// The error without the warnings before it and the word that introduces it, short enough to show.
fn error_sentence(message: &str) -> String {
    let sentence = message.rfind("Error: ").map_or(message, |start| &message[start + "Error: ".len()..]);
    sentence.chars().take(300).collect()
}

/// The `app (remote)` lines the CLI prints where it finds several.
fn remotes(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().map(without_mark);
    lines
        .filter(|line| line.ends_with(')') && line.contains(" (") && !line.contains("http"))
        .map(str::to_owned)
        .collect()
}

/// A line of `--shell` output: `NAME=value`, `NAME='value'`, or `NAME="value"` with backslash escapes.
fn shell_assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let inside = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let value = if let Some(literal) = inside('\'') {
        literal.to_owned()
    } else if let Some(escaped) = inside('"') {
        unescaped(escaped)
    } else {
        value.to_owned()
    };
    Some((name.to_owned(), value))
}

fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let mut result = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => result.push('\n'),
                Some(other) => result.push(other),
                None => result.push('\\'),
            },
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> HerokuQuery {
        HerokuQuery {
            variables: ["INFERENCE_URL", "INFERENCE_KEY", "INFERENCE_MODEL_ID"].map(str::to_owned).to_vec(),
            app: Some("good".to_owned()),
            remote: None,
        }
    }

    fn answer(code: i32, stdout: &str, stderr: &str) -> HerokuAnswer {
        meaning(&Printed { code: Some(code), stdout: stdout.to_owned(), stderr: stderr.to_owned() }, &query())
    }

    #[test]
    fn values_are_read_in_every_quoting_of_the_cli() {
        let stdout =
            "INFERENCE_URL='https://us.inference.heroku.com'\nINFERENCE_KEY=inf-1\nINFERENCE_MODEL_ID=\"a\\\"b\\n\"\n";
        let values = answer(0, stdout, "").unwrap();
        assert_eq!(values["INFERENCE_URL"], "https://us.inference.heroku.com");
        assert_eq!(values["INFERENCE_KEY"], "inf-1");
        assert_eq!(values["INFERENCE_MODEL_ID"], "a\"b\n");
    }

    #[test]
    fn an_unset_variable_is_left_out() {
        let values = answer(0, "INFERENCE_URL='https://x'\nINFERENCE_KEY=inf-1\nINFERENCE_MODEL_ID=\n", "").unwrap();
        assert_eq!(values.get("INFERENCE_MODEL_ID"), None);
    }

    /// Each row is what a real version of the CLI printed.
    #[test]
    fn every_way_to_fail_has_its_meaning() {
        let refused = |text: &str| HerokuFailure::Refused(text.to_owned());
        let table = [
            (
                0,
                "INFERENCE_URL=\nINFERENCE_KEY=\nINFERENCE_MODEL_ID=\n",
                "",
                HerokuFailure::NotAttached(Some("good".into())),
            ),
            (0, "", "heroku: Press any key to open up the browser to login or q to exit: ", HerokuFailure::NotLoggedIn),
            (0, "", "", HerokuFailure::NotLoggedIn),
            (
                1,
                "",
                "heroku: Press any key to open up the browser to login or q to exit\n    TypeError: process.stdin.setRawMode is not a function\n",
                HerokuFailure::NotLoggedIn,
            ),
            (
                1,
                "",
                "    Error: The token provided to HEROKU_API_KEY is invalid. Please \n    double-check that you have the correct token\n",
                HerokuFailure::InvalidToken,
            ),
            (
                2,
                "",
                " ›   Error: The following error occurred:\n ›     Missing required flag app\n",
                HerokuFailure::NoApp,
            ),
            (
                2,
                "",
                " ›   Error: Multiple apps in git remotes\n ›     Usage: --remote heroku\n ›     good (heroku)\n ›     other (staging)\n ›\n ›     https://devcenter.heroku.com/articles/multiple-environments\n",
                HerokuFailure::SeveralApps(vec!["good (heroku)".into(), "other (staging)".into()]),
            ),
            (
                2,
                "",
                " ›   Error: remote nosuch not found in git remotes\n",
                HerokuFailure::UnknownRemote(String::new()),
            ),
            (
                2,
                "",
                " ›   Error: Couldn't find that app.\n ›\n ›   Error ID: not_found\n",
                HerokuFailure::UnknownApp(Some("good".into())),
            ),
            (
                2,
                "",
                " ›   Error: You do not have access to the app good.\n ›\n ›   Error ID: forbidden\n",
                refused("You do not have access to the app good. Error ID: forbidden"),
            ),
            (
                1,
                "",
                "    Error: getaddrinfo EAI_AGAIN api.heroku.com\n    Code: EAI_AGAIN\n",
                HerokuFailure::Unreachable("getaddrinfo EAI_AGAIN api.heroku.com Code: EAI_AGAIN".into()),
            ),
            (
                1,
                "",
                "    Error: self-signed certificate\n    Code: DEPTH_ZERO_SELF_SIGNED_CERT\n",
                HerokuFailure::Certificate("self-signed certificate Code: DEPTH_ZERO_SELF_SIGNED_CERT".into()),
            ),
            (
                1,
                "",
                "node:internal/modules\nError: Cannot find module '/nonexistent'\n",
                HerokuFailure::Other { code: Some(1), message: "Cannot find module '/nonexistent'".into() },
            ),
        ];
        for (code, stdout, stderr, expected) in table {
            assert_eq!(answer(code, stdout, stderr), Err(expected), "{stderr:?}");
        }
    }
}
