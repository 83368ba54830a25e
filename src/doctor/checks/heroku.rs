//! What Heroku and its CLI can tell; they are asked only if URL or key is missing.

use std::io;
use std::thread::{Builder, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::config::{self, HerokuAnswer, HerokuQuery, Source};
use crate::doctor::Status::{Fail, Pass, Skip};
use crate::doctor::{Probe, Verdict};
use crate::error::{Error, HerokuFailure, INSTALL, PlatformFailure, words};
use crate::heroku::direct::{self, Direct};
use crate::heroku::{self, HerokuCli};

/// The oldest version whose output is known.
const OLDEST: u32 = 8;

/// The longest wait for the Heroku CLI, whose commands run side by side.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The longest wait for Heroku itself, before its CLI is asked in its place.
const DIRECT_LIMIT: Duration = Duration::from_secs(3);

/// What the Heroku CLI said, or Heroku itself.
#[derive(Debug)]
pub struct Facts {
    pub version: Result<String, HerokuFailure>,
    account: Result<String, HerokuFailure>,
    pub variables: HerokuAnswer,
    /// All variables of the app, if Heroku was asked directly, or if ours are not among them.
    all: Option<HerokuAnswer>,
}

impl Facts {
    /// Asks for version, account and variables.
    fn of(cli: &HerokuCli, query: &HerokuQuery, direct: Option<Direct>) -> Self {
        let started = Instant::now();
        // All of them together keep to the one limit.
        let left = || LIMIT.saturating_sub(started.elapsed());
        std::thread::scope(|scope| {
            let start = |ask: fn(&HerokuCli, Duration) -> Result<String, HerokuFailure>| {
                Builder::new().spawn_scoped(scope, move || ask(cli, LIMIT))
            };
            let (version, account) = (start(heroku::version), start(heroku::account));
            let told = direct.map(|it| {
                let all = it.config_vars(query, DIRECT_LIMIT, &mut |_| ());
                all.map_err(|error| it.failure(error))
            });
            let variables = match &told {
                Some(Ok(all)) => direct::answer(all, query),
                told => {
                    heroku::config_vars(cli, query, left(), |_| ()).map_err(|failure| match told {
                        Some(Err(told)) if failure == HerokuFailure::NotInstalled => told.clone(),
                        _ => failure,
                    })
                }
            };
            let is_missing = matches!(variables, Err(HerokuFailure::NotAttached(_)));
            let all = match told {
                Some(Ok(all)) => Some(Ok(all)),
                // The page that the CLI took for an app without variables.
                Some(Err(page @ HerokuFailure::Platform(PlatformFailure::NotJson { .. })))
                    if is_missing =>
                {
                    Some(Err(page))
                }
                _ => is_missing.then(|| heroku::all_config_vars(cli, query, left())),
            };
            let ended = |thread: io::Result<ScopedJoinHandle<'_, _>>| match thread {
                Ok(thread) => thread.join().unwrap_or(Err(HerokuFailure::TimedOut(LIMIT))),
                Err(error) => Err(HerokuFailure::NotStarted(error.to_string())),
            };
            Facts {
                all,
                version: ended(version),
                account: ended(account),
                variables,
            }
        })
    }

    /// Another attachment of the add-on.
    pub fn other_attachment(&self) -> Option<String> {
        let all = self.all.as_ref()?.as_ref().ok()?;
        config::attachments(all).into_iter().next()
    }
}

fn facts<'a>(probe: &'a Probe<'_>) -> &'a Facts {
    let facts = probe.heroku.as_ref();
    facts.expect("the check of the CLI holds, so it was asked")
}

pub fn cli(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let gathered = &mut probe.gathered;
    if probe.sandbox.is_some() || (gathered.url.is_some() && gathered.key.is_some()) {
        return Ok(Skip.found("not needed: URL and key are known"));
    }
    let query = HerokuQuery::of(&probe.args.heroku)?;
    let context = &mut *probe.context;
    let cli = HerokuCli::find(&context.environment);
    let direct = Direct::find(&query, &context.environment, &context.interrupts).ok();
    if let Some(direct) = &direct {
        context.screen.keep_secret(direct.token());
    }
    let ask = move || Facts::of(&cli, &query, direct);
    let asked = context.interrupts.run(LIMIT * 2, ask)?;
    let facts = asked.ok_or(Error::System {
        what: "asking the Heroku CLI",
        reason: "It does not end.".to_owned(),
    })?;
    if let Ok(values) = &facts.variables {
        // A model that is kept for all apps comes after Heroku's.
        (gathered.model).take_if(|model| matches!(model.source, Source::Kept(..)));
        gathered.add_heroku(values);
        gathered.add_kept(context.kept.value("model"));
        probe.keep_secret();
    }
    let facts = probe.heroku.insert(facts);
    let version = match &facts.version {
        Ok(version) => version,
        Err(HerokuFailure::NotInstalled | HerokuFailure::OnDyno) if facts.variables.is_ok() => {
            return Ok(Pass.found("not on PATH, and not needed: Heroku itself gave URL and key"));
        }
        Err(HerokuFailure::NotInstalled) if !is_absent(&facts.variables) => {
            return Ok(Pass.found("not on PATH, and not needed: Heroku itself answered"));
        }
        Err(failure @ (HerokuFailure::NotStarted(_) | HerokuFailure::Other { .. })) => {
            let words = failure.explain();
            return Ok(Fail.found(words.hint("Install it anew").command(INSTALL)));
        }
        Err(failure) => return Ok(Fail.found(failure.explain())),
    };
    let major = version.split('.').next().and_then(|it| it.parse().ok());
    Ok(match major {
        Some(0..OLDEST) => Fail.found(words!("doctor::heroku_cli old", version, OLDEST)),
        _ => Pass.found(format!("version {version}")),
    })
}

/// Whether nothing is known of the variables because there is no CLI.
fn is_absent(variables: &HerokuAnswer) -> bool {
    matches!(variables, Err(HerokuFailure::NotInstalled))
}

pub fn login(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let facts = facts(probe);
    Ok(match (&facts.account, &facts.variables) {
        (Ok(account), _) => Pass.found(account),
        (Err(HerokuFailure::NotInstalled | HerokuFailure::OnDyno), Ok(_)) => {
            Pass.found("logged in; only the CLI tells the account's name")
        }
        (Err(HerokuFailure::NotInstalled), Err(_)) => {
            Pass.found("a token is at hand; only the CLI tells the account's name")
        }
        // The account is asked at another host than the variables, and only these are needed.
        (Err(HerokuFailure::TimedOut(_) | HerokuFailure::Unreachable(_)), Ok(_)) => {
            Pass.found("logged in; the account's name did not come in time")
        }
        (Err(failure), _) => Fail.found(failure.explain()),
    })
}

pub fn app(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let facts = facts(probe);
    let failure = match &facts.variables {
        Ok(_) | Err(HerokuFailure::NotAttached(_)) => return Ok(Pass.found(app_name(probe))),
        Err(failure) => failure,
    };
    let mut words = failure.explain();
    if let HerokuFailure::UnknownApp(_) | HerokuFailure::Refused(_) = failure {
        let account = facts.account.as_deref().unwrap_or("unknown");
        words.title += &format!("; the account is {account}");
    }
    Ok(Fail.found(words))
}

pub fn addon(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let facts = facts(probe);
    let (app, prefix) = (app_name(probe), &probe.gathered.prefix);
    let failure = match &facts.variables {
        Ok(values) => {
            let plan = match values.contains_key(&format!("{prefix}_MODEL_ID")) {
                true => "a plan of one model",
                false => "the standard plan: one key for all models",
            };
            return Ok(Pass.found(format!("attached as {prefix}, on {plan}")));
        }
        Err(failure) => failure,
    };
    if let Some(other) = facts.other_attachment() {
        let words = words!("doctor::addon elsewhere", app, prefix, other);
        return Ok(Fail.found(words.command(probe.command_for(&other))));
    }
    Ok(Fail.found(match &facts.all {
        Some(Err(late @ (HerokuFailure::TimedOut(_) | HerokuFailure::Unreachable(_)))) => {
            late.explain()
        }
        // The CLI takes a page in place of the API for an app without variables.
        Some(Err(page)) => {
            let page = page.explain();
            let reason = page.detail.unwrap_or(page.title);
            words!("doctor::addon page", reason)
        }
        _ => failure.explain(),
    }))
}

fn app_name(probe: &Probe<'_>) -> String {
    match (&probe.gathered.app, &probe.args.heroku.remote) {
        (Some(app), _) => app.clone(),
        (None, Some(remote)) => format!("the app of the git remote {remote}"),
        (None, None) => "the app of this folder's git remote".to_owned(),
    }
}
