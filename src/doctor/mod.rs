//! From "it doesn't work" to the line that fixes it: facts, then verdicts, then one report.
//!
//! Nothing is written, and no token is spent without `--live`. Each step has its own time limit, so
//! that the whole takes at most 30 s even if every server is silent. Ctrl-C ends it with the report
//! so far.

mod checks;
pub mod fix;
pub mod issue;
pub mod mend;
mod report;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::api::Client;
use crate::api::call::Progress;
use crate::api::models::Catalogue;
use crate::app::following::tell;
use crate::app::{Context, sandbox_settings, start_sandbox};
use crate::chat::Answer;
use crate::cli::ConnectionArgs;
use crate::config::env_file::EnvFile;
use crate::config::{self, Gathered, HerokuQuery, Settings};
use crate::error::{Error, HerokuFailure, seconds, shell, words};
use crate::interrupt::Interrupts;
use crate::net::Limits;
use crate::net::proxy::Proxy;
use crate::sandbox::Sandbox;
use crate::screen::Screen;
use Status::{Fail, Skip};
use checks::{CHECKS, Check, Facts};
pub use report::{Entry, Report, Status, Verdict};

/// The longest wait of one network step.
const STEP_LIMIT: Duration = Duration::from_secs(4);

/// After this no further step over the network is begun, so that with the longest step all ends
/// within 30 s.
const BUDGET: Duration = Duration::from_secs(25);

/// The facts that checks judge, found out as they are needed.
pub struct Probe<'a> {
    pub context: &'a mut Context,
    pub args: &'a ConnectionArgs,
    /// Whether tokens may be spent.
    pub live: bool,
    pub sandbox: Option<Sandbox>,
    /// The env file in question, and what came of reading it.
    pub env_path: PathBuf,
    pub env_file: io::Result<EnvFile>,
    /// All settings that were found, Heroku's among them.
    pub gathered: Gathered,
    /// What the Heroku CLI said, if it was needed.
    pub heroku: Option<Facts>,
    /// The settings, if they can be used.
    pub settings: Option<Settings>,
    /// The proxy in use.
    pub proxy: Option<Proxy>,
    pub addresses: Vec<SocketAddr>,
    pub catalogue: Catalogue,
    pub answer: Option<Box<Answer>>,
}

/// Runs all checks and has each shown as soon as it is done.
pub fn examine(
    probe: &mut Probe<'_>,
    show: impl Fn(&mut Screen, &Entry) -> Result<(), Error>,
) -> Result<Report, Error> {
    let began = Instant::now();
    // Ctrl-C between two steps ends the run with the report so far, not at once.
    let watch = probe.context.interrupts.watch();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        ..Report::default()
    };
    for check in CHECKS {
        let started = Instant::now();
        let verdict = match passed_over(check, &report, began.elapsed()) {
            _ if report.interrupted => Err(Error::Interrupted),
            Some(verdict) => Ok(verdict),
            None => {
                probe.context.screen.checking(check.title);
                let verdict = (check.run)(probe);
                probe.context.screen.clear_status();
                verdict.map(|verdict| probe.behind_names(check, verdict))
            }
        };
        report.interrupted |= matches!(verdict, Err(Error::Interrupted));
        let verdict = verdict.unwrap_or_else(|error| match error {
            Error::Interrupted => Skip.found("not checked: interrupted"),
            error => Fail.found(error.explain()),
        });
        // A server, a proxy or the Heroku CLI may have echoed the key.
        let screen = &mut probe.context.screen;
        let entry = Entry::of(check, verdict, started.elapsed(), |text| screen.clean(text));
        show(screen, &entry)?;
        report.checks.push(entry);
        report.interrupted |= watch.is_interrupted();
    }
    report.finish();
    Ok(report)
}

/// Why a check is not made, if it isn't.
fn passed_over(check: &Check, report: &Report, elapsed: Duration) -> Option<Verdict> {
    if let Some(id) = check.needs.iter().find(|id| !report.holds(id)) {
        let needed = CHECKS.iter().find(|check| check.id == *id)?.title;
        return Some(Skip.found(format!("not checked: needs {needed}")));
    }
    // Checks that need no other take no time. A setup that was seen only in part is not in order.
    (!check.needs.is_empty() && elapsed > BUDGET)
        .then(|| Fail.found(words!("doctor::passed_over late")))
}

impl<'a> Probe<'a> {
    /// Finds the settings without asking the Heroku CLI.
    ///
    /// # Errors
    /// Names that break Heroku's rules, and a sandbox that can't be started.
    pub fn new(
        context: &'a mut Context,
        args: &'a ConnectionArgs,
        live: bool,
    ) -> Result<Self, Error> {
        let sandbox = start_sandbox(args.sandbox)?;
        let env_path = args
            .env_file
            .clone()
            .unwrap_or_else(|| PathBuf::from(".env"));
        // Read once, because it may be a pipe, and with a limit, because nobody may write to that.
        let (path, names) = (env_path.clone(), HerokuQuery::of(&args.heroku)?.variables);
        let read = (context.interrupts).run(STEP_LIMIT, move || EnvFile::read(&path, &names))?;
        let env_file = read.unwrap_or_else(|| {
            let reason = format!("nobody wrote to it for {}", seconds(STEP_LIMIT));
            Err(io::Error::new(io::ErrorKind::TimedOut, reason))
        });
        let nobody = |_: &HerokuQuery| Err(HerokuFailure::NoApp);
        let mut named = args.clone();
        named.heroku.has_other_use |= context.kept.names_app();
        let mut gathered =
            config::gather_from(&named, &context.environment, env_file.as_ref().ok(), nobody)?;
        gathered.add_kept(context.kept.value("model"));
        let settings = (sandbox.as_ref()).map(|sandbox| sandbox_settings(sandbox, args));
        let mut probe = Probe {
            context,
            args,
            live,
            sandbox,
            env_path,
            env_file,
            gathered,
            heroku: None,
            settings,
            proxy: None,
            addresses: Vec::new(),
            catalogue: Catalogue::default(),
            answer: None,
        };
        probe.keep_secret();
        Ok(probe)
    }

    /// A client with little patience.
    ///
    /// # Panics
    /// Never if the checks of the settings passed, which all callers need.
    pub fn client(&self, limit: Duration) -> Client {
        let settings = self.settings.as_ref();
        let Settings { url, key, .. } = settings.expect("the checks before made sure of it");
        let limits = Limits::with_first_byte(limit).at_most(limit).once();
        (self.context)
            .client(self.args, url.value.clone(), Some(key.value.clone()))
            .with_limits(limits)
    }

    /// Asks the service a question, with a word about how it goes.
    pub fn ask<T>(
        &mut self,
        question: impl FnOnce(&Client, &Interrupts, &mut dyn FnMut(&Progress)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let client = self.client(STEP_LIMIT);
        let Context {
            screen, interrupts, ..
        } = &mut *self.context;
        question(&client, interrupts, &mut |progress| {
            tell(screen, "the service", progress)
        })
    }

    /// The verdict of a check; what Heroku can't tell is of no interest if all that is missing is
    /// set under a name nearly right.
    fn behind_names(&self, check: &Check, verdict: Verdict) -> Verdict {
        let Gathered {
            url, key, nearly, ..
        } = &self.gathered;
        let missing = usize::from(url.is_none()) + usize::from(key.is_none());
        let is_mended_so = check.id.starts_with("heroku-") && missing == nearly.len();
        match verdict.status {
            Fail if is_mended_so => Skip.found(verdict.words.title),
            _ => verdict,
        }
    }

    fn keep_secret(&mut self) {
        // If URL and key are swapped, the URL is no secret and the report has to name it.
        let key = self.gathered.key.as_ref();
        if let Some(key) = key.filter(|key| !config::is_rather_a_url(&key.value)) {
            self.context.screen.keep_secret(&key.value);
        }
    }

    /// The command that runs the doctor for another attachment of the same app.
    pub fn command_for(&self, attachment: &str) -> String {
        let heroku = &self.args.heroku;
        let mut command = "heroku-chat doctor".to_owned();
        let flags = [
            ("app", heroku.app.as_deref()),
            ("remote", heroku.remote.as_deref()),
            ("as", Some(attachment)),
        ];
        for (flag, value) in flags {
            let value = value.map(|value| format!(" --{flag} {}", shell::quoted(value)));
            command.extend(value);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_all_that_is_to_be_seen_is_not_ok() {
        let check = CHECKS.iter().find(|check| check.id == "same-source");
        let check = check.expect("a check that needs others");
        let mut report = Report::default();
        for id in check.needs {
            let needed = CHECKS.iter().find(|check| check.id == *id).unwrap();
            let verdict = Status::Pass.found("fine");
            let entry = Entry::of(needed, verdict, Duration::ZERO, str::to_owned);
            report.checks.push(entry);
        }
        assert_eq!(passed_over(check, &report, BUDGET), None);
        let late = passed_over(check, &report, BUDGET + Duration::from_secs(1)).expect("too late");
        let entry = Entry::of(check, late, Duration::ZERO, str::to_owned);
        report.checks.push(entry);
        report.finish();
        assert!(!report.ok);
    }
}
