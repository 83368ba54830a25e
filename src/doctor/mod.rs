//! From "it doesn't work" to the line that fixes it: facts, then verdicts, then one report.
//!
//! Nothing is written, and no token is spent without `--live`. Each step has its own time limit, so
//! that the whole takes at most 30 s even if every server is silent. Ctrl-C ends it with the report
//! so far.

mod checks;
mod report;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::api::Client;
use crate::api::call::Progress;
use crate::api::models::Catalogue;
use crate::app::following::tell;
use crate::app::{Context, sandbox_settings, start_sandbox};
use crate::chat::Answer;
use crate::cli::{ConnectionArgs, HerokuArgs};
use crate::config::env_file::EnvFile;
use crate::config::{self, Gathered, HerokuAnswer, HerokuQuery, Settings};
use crate::error::shell;
use crate::error::{Error, HerokuFailure, seconds};
use crate::heroku::{self, HerokuCli, Patience};
use crate::interrupt::Interrupts;
use crate::net::Limits;
use crate::net::proxy::Proxy;
use crate::sandbox::Sandbox;
use crate::screen::Screen;
use checks::{CHECKS, Check};
pub use report::{Entry, Report, Status, Verdict};

/// The longest wait of one network step.
const STEP_LIMIT: Duration = Duration::from_secs(4);

/// After this no further step over the network is begun, so that with the longest step all ends
/// within 30 s.
const BUDGET: Duration = Duration::from_secs(25);

/// The longest wait for the Heroku CLI, whose commands run side by side.
const HEROKU_LIMIT: Duration = Duration::from_secs(10);

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
    pub heroku: Option<HerokuFacts>,
    /// The settings, if they can be used.
    pub settings: Option<Settings>,
    /// The proxy in use.
    pub proxy: Option<Proxy>,
    pub addresses: Vec<std::net::SocketAddr>,
    pub catalogue: Catalogue,
    pub answer: Option<Box<Answer>>,
}

/// What the Heroku CLI said.
#[derive(Debug)]
pub struct HerokuFacts {
    pub version: Result<String, HerokuFailure>,
    pub account: Result<String, HerokuFailure>,
    pub variables: HerokuAnswer,
    /// All variables of the app, looked at only if ours are not among them.
    pub all: Option<HerokuAnswer>,
    /// Other attachments of the add-on, from these.
    pub others: Vec<String>,
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
        if report.interrupted {
            let Check { id, title, .. } = *check;
            report.add(Entry::interrupted(id, title));
            continue;
        }
        let started = Instant::now();
        probe.context.screen.checking(check.title);
        let verdict = match passed_over(check, &report, began.elapsed()) {
            Some(verdict) => Ok(verdict),
            None => (check.run)(probe),
        };
        probe.context.screen.clear_status();
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(Error::Interrupted) => {
                report.interrupted = true;
                Verdict::skip("not checked: interrupted")
            }
            Err(error) => Verdict::failed_by(&error),
        };
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A server, a proxy or the Heroku CLI may have echoed the key.
        let screen = &mut probe.context.screen;
        let entry = Entry::of(check.id, check.title, verdict, milliseconds)
            .cleaned(|text| screen.clean(text));
        show(screen, &entry)?;
        report.add(entry);
        report.interrupted |= watch.is_interrupted();
    }
    report.finish();
    Ok(report)
}

/// Why a check is not made, if it isn't.
fn passed_over(check: &Check, report: &Report, elapsed: Duration) -> Option<Verdict> {
    if let Some(id) = check.needs.iter().find(|id| !report.holds(id)) {
        let found = format!("not checked: needs {}", checks::title(id));
        return Some(Verdict::skip(found));
    }
    // What needs nothing else takes no time. A setup of which a part wasn't seen is not in order.
    (!check.needs.is_empty() && elapsed > BUDGET).then(|| {
        Verdict::fail("not checked: the steps before took too long")
            .hint("Fix the slow ones, or try again")
    })
}

impl<'a> Probe<'a> {
    /// Finds the settings that need nobody to be asked.
    ///
    /// # Errors
    /// Names that break Heroku's rules, and a sandbox that can't be started.
    pub fn new(
        context: &'a mut Context,
        args: &'a ConnectionArgs,
        live: bool,
    ) -> Result<Self, Error> {
        let sandbox = start_sandbox(args)?;
        let env_path = args
            .env_file
            .clone()
            .unwrap_or_else(|| PathBuf::from(".env"));
        // Read once, because it may be a pipe, and with a limit, because nobody may write to that.
        let (path, names) = (env_path.clone(), HerokuQuery::of(&args.heroku)?.variables);
        let read = context
            .interrupts
            .run(STEP_LIMIT, move || EnvFile::read(&path, &names))?;
        let env_file = read.unwrap_or_else(|| {
            let reason = format!("nobody wrote to it for {}", seconds(STEP_LIMIT));
            Err(io::Error::new(io::ErrorKind::TimedOut, reason))
        });
        let nobody = |_: &HerokuQuery| Err(HerokuFailure::NoApp);
        let gathered =
            config::gather_from(args, &context.environment, env_file.as_ref().ok(), nobody)?;
        let settings = sandbox
            .as_ref()
            .map(|sandbox| sandbox_settings(sandbox, args));
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

    /// Whether the Heroku CLI has to be asked: something is missing that it may know.
    pub fn needs_heroku(&self) -> bool {
        self.sandbox.is_none() && (self.gathered.url.is_none() || self.gathered.key.is_none())
    }

    /// Asks the Heroku CLI for its version, its account and the variables, side by side.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn ask_heroku(&mut self) -> Result<&HerokuFacts, Error> {
        let query = HerokuQuery::of(&self.args.heroku)?;
        let cli = HerokuCli::find(&self.context.environment);
        let facts = self
            .context
            .interrupts
            .run(HEROKU_LIMIT + Duration::from_secs(2), move || {
                facts(&cli, &query)
            })?;
        let facts = facts.unwrap_or_else(silent);
        if let Ok(values) = &facts.variables {
            self.gathered.add_heroku(values);
            self.keep_secret();
        }
        Ok(self.heroku.insert(facts))
    }

    /// A client with little patience.
    ///
    /// # Panics
    /// Never if the checks of the settings passed, which all callers need.
    pub fn client(&self) -> Client {
        let settings = self
            .settings
            .as_ref()
            .expect("the checks before made sure of it");
        let client = self.context.client(
            self.args,
            settings.url.value.clone(),
            Some(settings.key.value.clone()),
        );
        client.with_limits(
            Limits::with_first_byte(STEP_LIMIT)
                .at_most(STEP_LIMIT)
                .once(),
        )
    }

    /// Asks the service a question, with a word about how it goes.
    pub fn ask<T>(
        &mut self,
        question: impl FnOnce(&Client, &Interrupts, &mut dyn FnMut(&Progress)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let client = self.client();
        let Context {
            screen, interrupts, ..
        } = &mut *self.context;
        question(&client, interrupts, &mut |progress| {
            tell(screen, "the service", progress)
        })
    }

    fn keep_secret(&mut self) {
        // If URL and key are swapped, the URL is no secret and the report has to name it.
        if let Some(key) = self
            .gathered
            .key
            .as_ref()
            .filter(|key| !config::is_rather_a_url(&key.value))
        {
            self.context.screen.keep_secret(&key.value);
        }
    }

    /// The command that runs the doctor for another attachment of the same app.
    pub fn command_for(&self, attachment: &str) -> String {
        let HerokuArgs { app, remote, .. } = &self.args.heroku;
        let flag = |name: &str, value: &Option<String>| {
            value
                .as_ref()
                .map(|value| format!(" --{name} {}", shell::quoted(value)))
        };
        let flags = [flag("app", app), flag("remote", remote)]
            .into_iter()
            .flatten()
            .collect::<String>();
        format!(
            "heroku-chat doctor{flags} --as {}",
            shell::quoted(attachment)
        )
    }
}

fn facts(cli: &HerokuCli, query: &HerokuQuery) -> HerokuFacts {
    fn patience(quiet: &mut dyn FnMut(Duration)) -> Patience<'_> {
        Patience {
            limit: HEROKU_LIMIT,
            progress: quiet,
        }
    }
    let started = Instant::now();
    let (version, account, variables, all) = std::thread::scope(|scope| {
        let start = |ask: fn(&HerokuCli, Patience<'_>) -> Result<String, HerokuFailure>| {
            std::thread::Builder::new().spawn_scoped(scope, move || ask(cli, patience(&mut |_| {})))
        };
        let (version, account) = (start(heroku::version), start(heroku::account));
        let variables = heroku::config_vars(cli, query, patience(&mut |_| {}));
        // All of them together keep to the one limit.
        let left = Patience {
            limit: HEROKU_LIMIT.saturating_sub(started.elapsed()),
            progress: &mut |_| {},
        };
        let is_missing = matches!(variables, Err(HerokuFailure::NotAttached(_)));
        let all = is_missing.then(|| heroku::all_config_vars(cli, query, left));
        let ended = |asked: io::Result<std::thread::ScopedJoinHandle<'_, _>>| {
            asked.map_or_else(
                |error| {
                    Err(HerokuFailure::Other {
                        code: None,
                        message: error.to_string(),
                    })
                },
                |thread| {
                    thread
                        .join()
                        .unwrap_or(Err(HerokuFailure::TimedOut(HEROKU_LIMIT)))
                },
            )
        };
        (ended(version), ended(account), variables, all)
    });
    let others = all
        .as_ref()
        .and_then(|all| all.as_ref().ok())
        .map(config::attachments)
        .unwrap_or_default();
    HerokuFacts {
        version,
        account,
        variables,
        all,
        others,
    }
}

fn silent() -> HerokuFacts {
    let late = HerokuFailure::TimedOut(HEROKU_LIMIT);
    let (version, account, variables) = (Err(late.clone()), Err(late.clone()), Err(late));
    HerokuFacts {
        version,
        account,
        variables,
        all: None,
        others: Vec::new(),
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
            let verdict = Verdict::pass("fine");
            report.add(Entry::of(id, id, verdict, 0));
        }
        assert_eq!(passed_over(check, &report, BUDGET), None);
        let late = passed_over(check, &report, BUDGET + Duration::from_secs(1)).expect("too late");
        report.add(Entry::of(check.id, check.title, late, 0));
        report.finish();
        assert!(!report.ok);
    }
}
