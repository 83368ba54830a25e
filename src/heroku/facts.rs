//! What Heroku tells of an app, and its log: asked for side by side, each with its own time limit.
//! What can't be had is said and left out, and the rest goes on.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::direct::ConfigVars;
use super::way::{Log, Way};
use crate::api::call::{Progress, TICK};
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure};
use crate::interrupt::Interrupts;
use crate::why::{Addon, App, Dyno, Facts, Filter, Reader};

/// What there is to judge by.
#[derive(Default)]
pub struct Told {
    pub facts: Facts,
    /// The log, if there is one.
    pub log: Option<Reader>,
    /// The config vars, with values that are for masking alone.
    pub vars: Option<ConfigVars>,
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

type Learned = Box<dyn FnOnce(&mut Told) + Send>;

/// A fact to be learned, by its name.
struct Job {
    name: &'static str,
    learn: Box<dyn FnOnce() -> Result<Learned, HerokuFailure> + Send>,
}

impl Job {
    fn new<T: Send + 'static>(
        way: &Way,
        name: &'static str,
        ask: impl FnOnce(&Way) -> Result<T, HerokuFailure> + Send + 'static,
        put: fn(&mut Told, T),
    ) -> Self {
        let way = way.clone();
        let learn = move || -> Result<Learned, HerokuFailure> {
            let it = ask(&way)?;
            Ok(Box::new(move |told| put(told, it)))
        };
        Job {
            name,
            learn: Box::new(learn),
        }
    }

    /// What only the API tells by itself, below the app's path.
    fn get<T: DeserializeOwned + Send + 'static>(
        way: &Way,
        name: &'static str,
        path: &'static str,
        put: fn(&mut Told, T),
    ) -> Self {
        Job::new(way, name, move |way| way.get(path, &[]), put)
    }
}

/// Asks for all there is. `given` is the log that comes from elsewhere, if there is one, and is
/// waited for. `tell` hears how it goes.
///
/// # Errors
/// Ctrl-C.
pub fn ask(
    mut way: Way,
    filter: Filter,
    given: impl FnOnce() -> Option<Reader> + Send + 'static,
    interrupts: &Interrupts,
    tell: &mut dyn FnMut(&str, &Progress),
) -> Result<Told, Error> {
    let (sender, debug) = mpsc::channel();
    way.told = Some(sender);
    let log = Job::new(
        &way,
        "log",
        move |way| match given() {
            Some(reader) => Ok(Log {
                reader,
                broken: None,
            }),
            None => way.log(Reader::new(filter)),
        },
        Told::keep_log,
    );
    let releases = Job::new(&way, "releases", Way::releases, |told, it| {
        told.facts.releases = Some(it)
    });
    let status = Job::new(&way, "Heroku's status", Way::status, Told::keep_status);
    let vars = |way: &Way| way.get("/config-vars", &["config", "--json"]);
    let vars = Job::new(&way, "config vars", vars, Told::keep_vars);
    let lanes = match way.is_cli() {
        true => {
            let info = |way: &Way| way.get("", &["apps:info", "--json"]);
            let info = Job::new(&way, "app, dynos, add-ons", info, Told::keep_info);
            // Each start costs a second of CPU: two at a time, and not for all.
            vec![vec![log, releases], vec![info, vars], vec![status]]
        }
        false => {
            let own = [
                Job::get(&way, "app", "", |told, it| told.facts.app = Some(it)),
                Job::get(&way, "dynos", "/dynos", |told, it| {
                    told.facts.dynos = Some(it)
                }),
                Job::get(&way, "formation", "/formation", |told, it| {
                    told.facts.formation = Some(it)
                }),
                Job::get(&way, "add-ons", "/addons", |told, it| {
                    told.facts.addons = Some(it)
                }),
            ];
            let jobs = own.into_iter().chain([log, releases, vars, status]);
            jobs.map(|job| vec![job]).collect()
        }
    };
    let mut told = learn(lanes, interrupts, &debug, tell)?;
    if way.is_cli() {
        let only_words = "Not known: formation: the Heroku CLI tells of it only in words";
        let no_failure = "Not known: dynos: the Heroku CLI lists none, as if it can't ask for them";
        let is_empty = told.facts.app.is_some() && told.facts.dynos.is_none();
        let unknown = [Some(only_words), Some(no_failure).filter(|_| is_empty)];
        let unknown = unknown.into_iter().flatten().map(str::to_owned);
        told.facts.missing.extend(unknown);
    }
    Ok(told)
}

impl Told {
    fn keep_vars(&mut self, vars: BTreeMap<String, Option<Secret>>) {
        self.facts.config_vars = Some(vars.keys().cloned().collect());
        let vars = vars.into_iter();
        let vars = vars.map(|(name, value)| (name, value.unwrap_or_default()));
        self.vars = Some(vars.collect());
    }

    fn keep_info(&mut self, info: Info) {
        (self.facts.app, self.facts.addons) = (Some(info.app), Some(info.addons));
        // The CLI takes a failure of this request for an empty list.
        self.facts.dynos = Some(info.dynos).filter(|it| !it.is_empty());
    }

    /// Why nothing can be said about the app, if neither it nor its log is known.
    pub fn prevented(&self) -> Option<&HerokuFailure> {
        let it = &self.facts;
        let knows_app = it.app.is_some() || it.releases.is_some();
        if self.log.is_some() || knows_app || it.dynos.is_some() || it.formation.is_some() {
            return None;
        }
        // Whatever keeps the app itself from being seen keeps the rest, too.
        let failure = self.failures.iter().find(|it| it.0.starts_with("app"));
        failure.map(|(_, failure)| failure)
    }

    fn keep_log(&mut self, log: Log) {
        self.log = Some(log.reader);
        let broken = log.broken.map(|it| ("the rest of the log", it));
        self.failures.extend(broken);
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
