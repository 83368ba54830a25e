//! From "it doesn't work" to the line that mends it: facts, then verdicts, then one report.
//!
//! Nothing is written and no token is spent, but for `--live`. Each step has a time limit of its own, so that the whole
//! takes 30 s at the most with every server silent, and Ctrl-C ends it with the report so far.

mod checks;
mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use url::Url;

use crate::api::models::Catalogue;
use crate::api::{Client, Limits};
use crate::cli::ConnectionArgs;
use crate::config::env_file::EnvFile;
use crate::config::{self, Gathered, HerokuAnswer, HerokuQuery, Settings};
use crate::context::{Context, sandbox_settings, start_sandbox};
use crate::error::{Error, HerokuFailure};
use crate::heroku::{self, Patience};
use crate::sandbox::Sandbox;
use crate::turn::Answer;
use crate::ui::Ui;
use checks::CHECKS;
pub use report::{Entry, Report, Status, Verdict};

/// The longest wait of one network step.
const STEP_LIMIT: Duration = Duration::from_secs(4);

/// The longest wait for the Heroku CLI, whose commands run side by side.
const HEROKU_LIMIT: Duration = Duration::from_secs(10);

/// The facts that checks judge, found out as they are needed.
pub struct Probe<'a> {
    pub context: &'a mut Context,
    pub args: &'a ConnectionArgs,
    /// Whether tokens may be spent.
    pub live: bool,
    pub sandbox: Option<Sandbox>,
    /// The env file in question, read or not.
    pub env_path: PathBuf,
    pub env_file: Option<EnvFile>,
    /// All settings that were found, Heroku's among them.
    pub gathered: Gathered,
    /// What the Heroku CLI said, where it was needed.
    pub heroku: Option<HerokuFacts>,
    /// The settings where they can be used.
    pub settings: Option<Settings>,
    /// The proxy in use, with the variable that names it.
    pub proxy: Option<(&'static str, Url)>,
    pub addresses: Vec<std::net::SocketAddr>,
    pub catalogue: Catalogue,
    pub answer: Option<Answer>,
}

/// What the Heroku CLI said.
#[derive(Debug)]
pub struct HerokuFacts {
    pub version: Result<String, HerokuFailure>,
    pub account: Result<String, HerokuFailure>,
    pub variables: HerokuAnswer,
    /// All variables of the app, looked at only where ours are not among them.
    pub all: Option<HerokuAnswer>,
    /// Other attachments of the add-on, from these.
    pub others: Vec<String>,
}

/// Runs all checks, showing each as it is done where `show` says so.
pub fn examine(probe: &mut Probe<'_>, show: impl Fn(&mut Ui, &Entry) -> Result<(), Error>) -> Result<Report, Error> {
    let mut report = Report { version: env!("CARGO_PKG_VERSION"), ..Report::default() };
    for check in CHECKS {
        let started = Instant::now();
        let missing = check.needs.iter().find(|id| !report.holds(id));
        let verdict = match missing {
            Some(id) => Ok(Verdict::skip(format!("not looked at: needs {}", checks::title(id)))),
            None => (check.run)(probe),
        };
        probe.context.ui.clear_status();
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(Error::Interrupted) => {
                report.interrupted = true;
                break;
            }
            Err(error) => Verdict::failed_by(&error),
        };
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Verdict { status, found, hint, commands, source } = verdict;
        let entry = Entry { id: check.id, title: check.title, status, found, hint, commands, source, milliseconds };
        show(&mut probe.context.ui, &entry)?;
        report.add(entry);
        if probe.context.interrupts.take() {
            report.interrupted = true;
            break;
        }
    }
    report.finish();
    Ok(report)
}

impl<'a> Probe<'a> {
    /// Finds the settings that need nobody to be asked.
    ///
    /// # Errors
    /// Names that break Heroku's rules, and a sandbox that can't be started.
    pub fn new(context: &'a mut Context, args: &'a ConnectionArgs, live: bool) -> Result<Self, Error> {
        let sandbox = if args.sandbox { Some(start_sandbox()?) } else { None };
        let env_path = args.env_file.clone().unwrap_or_else(|| PathBuf::from(".env"));
        // The checks tell of an env file that can't be read, better than this error would.
        let readable = ConnectionArgs { env_file: args.env_file.clone().filter(|path| path.is_file()), ..args.clone() };
        let nobody = |_: &HerokuQuery| Err(HerokuFailure::NoApp);
        let gathered = config::gather(&readable, &context.environment, nobody)?;
        let settings = sandbox.as_ref().map(|sandbox| sandbox_settings(sandbox, args));
        let mut probe = Probe {
            context,
            args,
            live,
            sandbox,
            env_path,
            env_file: None,
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
        self.context.ui.asking_heroku(HEROKU_LIMIT);
        let facts = self.context.interrupts.run(HEROKU_LIMIT * 2, move || facts(&query))?;
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
    /// Never where the checks of the settings passed, which all its callers need.
    pub fn client(&self) -> Client {
        let settings = self.settings.as_ref().expect("the checks before made sure of it");
        let client = self.context.client(self.args, settings.url.value.clone(), Some(settings.key.value.clone()));
        client.with_limits(Limits::with_first_byte(STEP_LIMIT).at_most(STEP_LIMIT))
    }

    fn keep_secret(&mut self) {
        if let Some(key) = &self.gathered.key {
            self.context.ui.keep_secret(&key.value);
        }
    }
}

fn facts(query: &HerokuQuery) -> HerokuFacts {
    fn patience(quiet: &mut dyn FnMut(Duration)) -> Patience<'_> {
        Patience { limit: HEROKU_LIMIT, progress: quiet }
    }
    let (version, account, variables) = std::thread::scope(|scope| {
        let version = scope.spawn(|| heroku::version(patience(&mut |_| {})));
        let account = scope.spawn(|| heroku::account(patience(&mut |_| {})));
        let variables = heroku::config_vars(query, patience(&mut |_| {}));
        let ended = |result: std::thread::Result<_>| result.unwrap_or(Err(HerokuFailure::TimedOut(HEROKU_LIMIT)));
        (ended(version.join()), ended(account.join()), variables)
    });
    let all = matches!(variables, Err(HerokuFailure::NotAttached(_)))
        .then(|| heroku::all_config_vars(query, patience(&mut |_| {})));
    let others = all.as_ref().and_then(|all| all.as_ref().ok()).map(HerokuFacts::attachments).unwrap_or_default();
    HerokuFacts { version, account, variables, all, others }
}

fn silent() -> HerokuFacts {
    let late = HerokuFailure::TimedOut(HEROKU_LIMIT);
    let (version, account, variables) = (Err(late.clone()), Err(late.clone()), Err(late));
    HerokuFacts { version, account, variables, all: None, others: Vec::new() }
}
