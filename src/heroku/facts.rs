//! What Heroku tells of an app, and its log: asked for side by side, each with its own time limit.
//! What can't be had is said and left out, and the rest goes on.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::HerokuCli;
use super::asking::Asker;
use super::way::Way;
use crate::api::call::Progress;
use crate::config::HerokuQuery;
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure};
use crate::interrupt::Interrupts;
use crate::why::{Addon, App, Dyno, Facts, Filter, Reader};

/// How often is told what is waited for.
const TICK: Duration = Duration::from_millis(100);

/// The CLI, which has to start first, is waited for so many times as long as an answer.
pub const CLI_PATIENCE: f32 = 1.5;

/// What is asked, of which app.
pub struct Question {
    pub filter: Filter,
    /// The log that comes from elsewhere, if it does. It is waited for.
    pub given: Box<dyn FnOnce() -> Result<Option<Reader>, HerokuFailure> + Send>,
}

/// What there is to judge by.
#[derive(Default)]
pub struct Told {
    pub facts: Facts,
    /// The log, if there is one.
    pub log: Option<Reader>,
    /// Of the config vars, for masking alone.
    pub values: Option<Vec<Secret>>,
    /// Why something is missing, by its name.
    pub failures: Vec<(&'static str, HerokuFailure)>,
}

/// What `apps:info` prints.
#[derive(Deserialize)]
struct Info {
    app: App,
    dynos: Vec<Dyno>,
    addons: Vec<Addon>,
}

/// Heroku's status page.
#[derive(Deserialize)]
pub struct Status {
    incidents: Vec<Incident>,
}

#[derive(Deserialize)]
struct Incident {
    title: String,
}

/// A log, and what broke it off, if anything.
pub type Log = (Reader, Option<HerokuFailure>);

type Learned = Box<dyn FnOnce(&mut Told) + Send>;

/// A fact to be learned, by its name.
struct Job {
    name: &'static str,
    learn: Box<dyn FnOnce() -> Result<Learned, HerokuFailure> + Send>,
}

impl Job {
    fn new<T: Send + 'static>(
        name: &'static str,
        ask: impl FnOnce() -> Result<T, HerokuFailure> + Send + 'static,
        put: fn(&mut Told, T),
    ) -> Self {
        let learn = move || -> Result<Learned, HerokuFailure> {
            let it = ask()?;
            Ok(Box::new(move |told| put(told, it)))
        };
        Job {
            name,
            learn: Box::new(learn),
        }
    }
}

/// Asks for all there is. `tell` hears how it goes.
///
/// # Errors
/// Ctrl-C.
pub fn ask(
    mut way: Way,
    question: Question,
    interrupts: &Interrupts,
    tell: &mut dyn FnMut(&str, &Progress),
) -> Result<Told, Error> {
    let (sender, told) = mpsc::channel();
    way.asker().told = Some(sender);
    let lanes = match &way {
        Way::Direct(asker) => directly(asker, question),
        Way::Cli(cli, asker) => by_cli(cli, asker, question),
    };
    let mut told = learn(lanes, interrupts, &told, tell)?;
    if matches!(way, Way::Cli(..)) {
        let only_words = "Not known: formation: the Heroku CLI tells of it only in words";
        let no_failure = "Not known: dynos: the Heroku CLI lists none, as if it can't ask for them";
        let is_empty = told.facts.app.is_some() && told.facts.dynos.is_none();
        let unknown = [Some(only_words), Some(no_failure).filter(|_| is_empty)];
        let unknown = unknown.into_iter().flatten().map(str::to_owned);
        told.facts.missing.extend(unknown);
    }
    Ok(told)
}

/// Everything at once.
fn directly(asker: &Asker, question: Question) -> Vec<Vec<Job>> {
    fn job<T: DeserializeOwned + Send + 'static>(
        asker: &Asker,
        (name, path): (&'static str, &'static str),
        put: fn(&mut Told, T),
    ) -> Job {
        let asker = asker.clone();
        Job::new(name, move || asker.get(path), put)
    }
    let log = {
        let asker = asker.clone();
        move || match (question.given)()? {
            Some(log) => Ok((log, None)),
            None => asker.log(Reader::new(question.filter)),
        }
    };
    let jobs = [
        job(asker, ("app", ""), |told, it| told.facts.app = Some(it)),
        job(asker, ("releases", "/releases"), |told, it| {
            told.facts.releases = Some(it)
        }),
        job(asker, ("dynos", "/dynos"), |told, it| {
            told.facts.dynos = Some(it)
        }),
        job(asker, ("formation", "/formation"), |told, it| {
            told.facts.formation = Some(it)
        }),
        job(asker, ("add-ons", "/addons"), |told, it| {
            told.facts.addons = Some(it)
        }),
        job(asker, ("config vars", "/config-vars"), Told::keep_vars),
        status(asker),
        Job::new("log", log, Told::keep_log),
    ];
    jobs.map(|job| vec![job]).into()
}

/// By commands of the CLI, each of which costs a second of CPU: two at a time, and not for all.
fn by_cli(cli: &HerokuCli, asker: &Asker, question: Question) -> Vec<Vec<Job>> {
    let limit = asker.limit.mul_f32(CLI_PATIENCE);
    let query = asker.query();
    fn job<T: DeserializeOwned + Send + 'static>(
        (cli, query, limit): (&HerokuCli, &HerokuQuery, Duration),
        (name, arguments): (&'static str, &'static [&'static str]),
        put: fn(&mut Told, T),
    ) -> Job {
        let (cli, query) = (cli.clone(), query.clone());
        Job::new(
            name,
            move || super::json(&cli, arguments, &query, limit),
            put,
        )
    }
    let with = (cli, &query, limit);
    let log = {
        let (cli, query) = (cli.clone(), query.clone());
        move || match (question.given)()? {
            Some(log) => Ok((log, None)),
            None => super::logs(&cli, &query, limit, Reader::new(question.filter)),
        }
    };
    let releases = ("releases", &["releases", "--json", "-n", "10"][..]);
    let info = ("app, dynos, add-ons", &["apps:info", "--json"][..]);
    let vars = ("config vars", &["config", "--json"][..]);
    vec![
        vec![
            Job::new("log", log, Told::keep_log),
            job(with, releases, |told, it| told.facts.releases = Some(it)),
        ],
        vec![
            job(with, info, Told::keep_info),
            job(with, vars, Told::keep_vars),
        ],
        vec![status(asker)],
    ]
}

fn status(asker: &Asker) -> Job {
    let asker = asker.clone();
    Job::new("Heroku's status", move || asker.status(), Told::keep_status)
}

impl Told {
    /// Keeps the names, and the values for masking alone.
    fn keep_vars(&mut self, vars: BTreeMap<String, Option<Secret>>) {
        let (names, values): (_, Vec<_>) = vars.into_iter().unzip();
        self.facts.config_vars = Some(names);
        self.values = Some(values.into_iter().flatten().collect());
    }

    fn keep_info(&mut self, info: Info) {
        (self.facts.app, self.facts.addons) = (Some(info.app), Some(info.addons));
        // The CLI takes a failure of this request for an empty list.
        self.facts.dynos = Some(info.dynos).filter(|it| !it.is_empty());
    }

    /// Why nothing can be said about the app, if neither it nor its log is known.
    pub fn prevented(&self) -> Option<&HerokuFailure> {
        use HerokuFailure::{InvalidToken, NotInstalled, NotLoggedIn, OnDyno, UnknownApp};
        let Facts {
            app,
            releases,
            dynos,
            formation,
            ..
        } = &self.facts;
        let is_known = [
            app.is_some(),
            releases.is_some(),
            dynos.is_some(),
            formation.is_some(),
        ];
        if self.log.is_some() || is_known.contains(&true) {
            return None;
        }
        let mut failures = self.failures.iter().map(|(_, failure)| failure);
        let first = failures.clone().next();
        let telling = failures.find(|it| {
            matches!(
                it,
                InvalidToken | NotInstalled | NotLoggedIn | OnDyno | UnknownApp(_)
            )
        });
        telling.or(first)
    }

    fn keep_log(&mut self, (log, broken): Log) {
        self.log = Some(log);
        self.failures
            .extend(broken.map(|it| ("the rest of the log", it)));
    }

    fn keep_status(&mut self, status: Status) {
        let titles = status.incidents.into_iter().map(|it| it.title);
        self.facts.incidents = Some(titles.collect());
    }
}

/// Learns all there is, on threads of its own: a lane of jobs after the other. `tell` hears what is
/// still waited for.
///
/// # Errors
/// Ctrl-C.
fn learn(
    lanes: Vec<Vec<Job>>,
    interrupts: &Interrupts,
    debug: &Receiver<Progress>,
    tell: &mut dyn FnMut(&str, &Progress),
) -> Result<Told, Error> {
    let started = Instant::now();
    let (sender, receiver) = mpsc::channel();
    let watch = interrupts.watch();
    let wake = sender.clone();
    let _awake = watch.wake(move || _ = wake.send(None));
    let mut pending: Vec<&'static str> = lanes.iter().flatten().map(|job| job.name).collect();
    for lane in lanes {
        let sender = sender.clone();
        let work = move || {
            for Job { name, learn } in lane {
                // A fault of ours costs this fact alone, and not the end of the others' wait.
                let learned = panic::catch_unwind(AssertUnwindSafe(learn));
                let learned = learned.unwrap_or_else(|_| Err(fault()));
                // Nobody may wait any more.
                _ = sender.send(Some((name, learned)));
            }
        };
        std::thread::Builder::new()
            .spawn(work)
            .map_err(|error| Error::System {
                what: "starting a thread",
                reason: error.to_string(),
            })?;
    }
    let mut told = Told::default();
    while !pending.is_empty() {
        let came = receiver.recv_timeout(TICK);
        if watch.is_interrupted() {
            return Err(Error::Interrupted);
        }
        if let Ok(Some((name, learned))) = came {
            pending.retain(|it| *it != name);
            match learned {
                Ok(put) => put(&mut told),
                Err(failure) => told.failures.push((name, failure)),
            }
        }
        debug.try_iter().for_each(|it| tell("", &it));
        tell(&pending.join(", "), &Progress::Waiting(started.elapsed()));
    }
    tell("", &Progress::End);
    told.facts.missing = missing(&told.failures);
    Ok(told)
}

fn fault() -> HerokuFailure {
    HerokuFailure::Other {
        code: Some(0),
        message: "a fault of heroku-chat".to_owned(),
    }
}

/// What couldn't be had, a sentence for each reason.
fn missing(failures: &[(&'static str, HerokuFailure)]) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, failure) in failures {
        let words = failure.explain();
        let detail = words
            .detail
            .map_or_else(String::new, |it| format!(" ({it})"));
        let reason = format!("{}{detail}", words.title);
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let sentence =
        |(reason, names): (String, Vec<&str>)| format!("Not known: {}: {reason}", names.join(", "));
    reasons.into_iter().map(sentence).collect()
}
