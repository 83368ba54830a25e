//! The `heroku` program: asks it for config vars, its version and its account, and reads what it
//! prints. [`platform`] asks Heroku without it, [`direct`] for config vars; [`way`] is the better
//! of both for an app.
//!
//! How it behaves in each state was measured with versions 8 to 11. What matters here: an unset
//! variable is an empty line with exit code 0; logged out with CLI 10 is exit code 0 and no output
//! at all; `DEBUG` prints the key; a helper it leaves behind may keep its pipes open for seconds.
//! [`parse`] is pure, this file runs the program.

pub mod direct;
pub mod facts;
mod log;
mod parse;
pub mod platform;
pub mod remote;
pub mod way;

use std::io::{self, Read};
use std::iter;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use shared_child::SharedChild;

use crate::config::child;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::config::{HerokuAnswer, HerokuQuery};
use crate::error::HerokuFailure;
use crate::why::Reader;
use parse::Printed;

/// npm installs it on Windows as a command file, which has to be named in full to be found.
const PROGRAM: &str = if cfg!(windows) {
    "heroku.cmd"
} else {
    "heroku"
};

/// A server that accepts and never answers holds the CLI for 64 s; past this it waits for something
/// else.
pub const LIMIT: Duration = Duration::from_secs(75);

/// What the program prints beyond this is no answer, in bytes.
const OUTPUT_LIMIT: usize = 1024 * 1024;

/// How long pipes may stay open after the program has ended: a telemetry helper can hold them for
/// 10 s.
const PIPE_GRACE: Duration = Duration::from_millis(300);

/// The program to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HerokuCli {
    /// With the arguments that come before all others.
    words: Vec<String>,
    is_on_dyno: bool,
}

impl HerokuCli {
    /// The CLI whose plugin started this program, which need not be on PATH; else the one on PATH.
    pub fn find(environment: &Environment) -> Self {
        let file = |name| (environment.get(name)).filter(|path| Path::new(path).is_file());
        let words = match (file("HEROKU_CLI_NODE"), file("HEROKU_CLI_BIN")) {
            // Without the flag, which is on the CLI's first line, Node.js would warn of the CLI's
            // own dependencies.
            (Some(node), Some(script)) => vec![node, "--no-deprecation", script],
            _ => vec![PROGRAM],
        };
        HerokuCli {
            words: words.into_iter().map(str::to_owned).collect(),
            is_on_dyno: environment.get("DYNO").is_some(),
        }
    }
}

/// Asks for config vars in one call; the CLI needs about a second of CPU for each start. `progress`
/// is told every 100 ms how long it takes already.
pub fn config_vars(
    cli: &HerokuCli,
    query: &HerokuQuery,
    limit: Duration,
    progress: impl FnMut(Duration),
) -> HerokuAnswer {
    let names = query.variables.iter().map(String::as_str);
    let arguments: Vec<_> = iter::once("config:get")
        .chain(names)
        .chain(["--shell"])
        .collect();
    parse::variables(&run(cli, &arguments, query, limit, progress)?, query)
}

/// The names of all config vars of the app with their values, which tells an app without the add-on
/// from a network that answers with a page of its own.
pub fn all_config_vars(cli: &HerokuCli, query: &HerokuQuery, limit: Duration) -> HerokuAnswer {
    json(cli, &["config", "--json"], query, limit)
}

/// What a command prints as JSON.
fn json<T: DeserializeOwned>(
    cli: &HerokuCli,
    arguments: &[&str],
    query: &HerokuQuery,
    limit: Duration,
) -> Result<T, HerokuFailure> {
    parse::json(&run(cli, arguments, query, limit, |_| ())?, query)
}

/// The log of an app, for as long as it says something.
fn logs(
    cli: &HerokuCli,
    query: &HerokuQuery,
    limit: Duration,
    mut reader: Reader,
) -> Result<way::Log, HerokuFailure> {
    let mut command = command(cli, &["logs", "-n", "1500"], query);
    // Else it takes the blanks before a line away (CLI 11).
    let command = command.env("HEROKU_LOGS_COLOR", "0");
    let child = SharedChild::spawn(command).map_err(|error| not_started(cli, limit, &error))?;
    let lines = pieces(child.take_stdout(), usize::MAX);
    let errors = collect(child.take_stderr());
    let next = |wait| match lines.recv_timeout(wait) {
        Ok(bytes) => Ok(bytes),
        Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
        Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
    };
    let read = log::read(next, limit, false, &mut reader);
    let ended = child.wait_timeout(PIPE_GRACE).ok().flatten();
    // It stays for three seconds after its last line.
    _ = child.kill();
    match (read, ended) {
        (Ok(broken), None) => Ok(way::Log { reader, broken }),
        (Ok(broken), Some(status)) if status.success() => Ok(way::Log { reader, broken }),
        (Err(failure), None) => Err(failure),
        (_, Some(status)) => Err(parse::failure(
            &Printed {
                code: status.code(),
                stdout: Secret::new(""),
                stderr: errors(Instant::now() + PIPE_GRACE),
            },
            query,
        )),
    }
}

/// The version, such as `11.10.0`.
pub fn version(cli: &HerokuCli, limit: Duration) -> Result<String, HerokuFailure> {
    parse::version(&ask(cli, "--version", limit)?)
}

/// The account that is logged in. `auth:whoami` never prompts.
pub fn account(cli: &HerokuCli, limit: Duration) -> Result<String, HerokuFailure> {
    parse::account(&ask(cli, "auth:whoami", limit)?)
}

/// The token that it logs in with, which only it finds in a keychain.
pub fn token(cli: &HerokuCli, limit: Duration) -> Result<Secret, HerokuFailure> {
    // Logged out it ends as `auth:whoami` does.
    parse::account(&ask(cli, "auth:token", limit)?).map(Secret::new)
}

/// Asks for what is of no app.
fn ask(cli: &HerokuCli, argument: &str, limit: Duration) -> Result<Printed, HerokuFailure> {
    run(cli, &[argument], &HerokuQuery::default(), limit, |_| ())
}

fn run(
    cli: &HerokuCli,
    arguments: &[&str],
    query: &HerokuQuery,
    limit: Duration,
    progress: impl FnMut(Duration),
) -> Result<Printed, HerokuFailure> {
    let printed = start_and_wait(cli, arguments, query, limit, progress);
    printed.map_err(|error| not_started(cli, limit, &error))
}

fn not_started(cli: &HerokuCli, limit: Duration, error: &io::Error) -> HerokuFailure {
    match error.kind() {
        io::ErrorKind::NotFound if cli.is_on_dyno => HerokuFailure::OnDyno,
        io::ErrorKind::NotFound => HerokuFailure::NotInstalled,
        io::ErrorKind::TimedOut => HerokuFailure::TimedOut(limit),
        _ => HerokuFailure::NotStarted(error.to_string()),
    }
}

/// A command of the CLI that asks nobody anything.
fn command(cli: &HerokuCli, arguments: &[&str], query: &HerokuQuery) -> child::Command {
    let mut command = child::with_keys(&cli.words[0]);
    command
        .args(&cli.words[1..])
        .args(arguments)
        // One line per error instead of a wrap at 80 columns in mid-sentence.
        .env("OCLIF_COLUMNS", "1000")
        .env("NO_COLOR", "1")
        .env("HEROKU_SKIP_NEW_VERSION_CHECK", "1")
        .env("HEROKU_DISABLE_AUTOUPDATE", "1")
        .env_remove("DEBUG")
        .env_remove("HEROKU_DEBUG")
        .env_remove("HEROKU_DEBUG_HEADERS")
        .env_remove("FORCE_COLOR")
        // With an open standard input it would wait for a key to be pressed.
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(app) = &query.app {
        command.args(["--app", app]);
    }
    if let Some(remote) = &query.remote {
        // The CLI prefers the variable to the flag (`flags/app.js` of its version 11), which is not
        // what the user meant.
        command.args(["--remote", remote]).env_remove("HEROKU_APP");
    }
    command
}

fn start_and_wait(
    cli: &HerokuCli,
    arguments: &[&str],
    query: &HerokuQuery,
    limit: Duration,
    mut progress: impl FnMut(Duration),
) -> io::Result<Printed> {
    let mut command = command(cli, arguments, query);
    let child = SharedChild::spawn(&mut command)?;
    let stdout = collect(child.take_stdout());
    let (errors, mut stderr) = (pieces(child.take_stderr(), OUTPUT_LIMIT), Vec::new());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.wait_timeout(Duration::from_millis(100))? {
            break status;
        }
        stderr.extend(errors.try_iter().flatten());
        if parse::asks_for_factor(&String::from_utf8_lossy(&stderr)) {
            child.kill()?;
            break child.wait()?;
        }
        if started.elapsed() >= limit {
            child.kill()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        progress(started.elapsed());
    };
    let until = Instant::now() + PIPE_GRACE;
    drain(&errors, &mut stderr, until);
    Ok(Printed {
        code: status.code(),
        stdout: stdout(until),
        stderr: Secret::new(String::from_utf8_lossy(&stderr)),
    })
}

/// Reads a pipe in the background, and hands on so much of it.
fn pieces(pipe: Option<impl Read + Send + 'static>, mut left: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut pipe) = pipe {
        // Without a thread the pipe is closed, and nothing comes from it.
        _ = std::thread::Builder::new().spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                // Reads on past the limit, or the program would wait for ever.
                let kept = count.min(left);
                left -= kept;
                if sender.send(buffer[..kept].to_vec()).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// Reads a pipe in the background. The closure returned takes what came until the pipe ended, or
/// until a time.
fn collect(pipe: Option<impl Read + Send + 'static>) -> impl FnOnce(Instant) -> Secret {
    let receiver = pieces(pipe, OUTPUT_LIMIT);
    move |until| {
        let mut bytes = Vec::new();
        drain(&receiver, &mut bytes, until);
        Secret::new(String::from_utf8_lossy(&bytes))
    }
}

/// Takes what comes until the pipe ends, or until a time.
fn drain(pieces: &Receiver<Vec<u8>>, bytes: &mut Vec<u8>, until: Instant) {
    let left = || until.saturating_duration_since(Instant::now());
    while let Ok(mut piece) = pieces.recv_timeout(left()) {
        bytes.append(&mut piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cli_that_started_us_is_asked_if_its_files_are_there() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let found = |node, script| {
            HerokuCli::find(&Environment::from_pairs(&[
                ("HEROKU_CLI_NODE", node),
                ("HEROKU_CLI_BIN", script),
            ]))
            .words
        };
        assert_eq!(found(here, here), [here, "--no-deprecation", here]);
        assert_eq!(found(here, "/nonexistent/heroku"), [PROGRAM]);
        assert_eq!(found("", here), [PROGRAM]);
        assert_eq!(HerokuCli::find(&Environment::default()).words, [PROGRAM]);
    }
}
