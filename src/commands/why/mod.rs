//! `heroku-chat why`: what is wrong with an app, found by rules in its log and in what Heroku tells
//! of it.

mod explain;
mod source;

use std::time::{Duration, SystemTime};

use crate::api::call::Progress;
use crate::app::explaining::amount;
use crate::app::following::tell;
use crate::app::{Context, start_sandbox};
use crate::cli::{HerokuArgs, ViewArgs, WhyArgs};
use crate::config::secret::Secret;
use crate::config::{self, HerokuQuery};
use crate::error::{Error, ExitStatus, HerokuFailure};
use crate::heroku::facts::{self, Told};
use crate::heroku::way::{Asking, Way};
use crate::heroku::{direct, remote};
use crate::interrupt::Interrupts;
use crate::sandbox::Sandbox;
use crate::screen::{Screen, Tone};
use crate::why::{self, Cause, Examined, Facts, Filter, Reader, Release, Status, Time, Verdict};
use source::Pipe;

/// How long a pipe may say nothing if Heroku can be asked for the log: `heroku logs` needs a second
/// and a half for its first line.
const PIPE_PATIENCE: Duration = Duration::from_secs(3);

/// How long each fact is waited for, in seconds.
const WAIT: u64 = 5;

/// How much is looked at before a release, and after it.
const ROUND_RELEASE: Duration = Duration::from_secs(15 * 60);

/// Judges an app.
///
/// # Errors
/// What prevents judging, a value that can't be understood, and failures of input and output.
pub fn run(args: &WhyArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let connection = &args.chat.connection;
    let (heroku, sandbox) = (&connection.heroku, start_sandbox(connection.sandbox)?);
    let (mut examined, verdict) = match examine(heroku, sandbox, &args.view, true, context) {
        // 1 is for a cause that was found.
        Err(error) if error.exit_status() == ExitStatus::Fixable => {
            context.screen.explain(&error);
            return Ok(ExitStatus::Service);
        }
        examined => examined?,
    };
    let code = match verdict.status {
        Status::Healthy => ExitStatus::Done,
        Status::Failing | Status::Unexplained => ExitStatus::Fixable,
        Status::Unknown => ExitStatus::Service,
    };
    let screen = &mut context.screen;
    if args.facts {
        let brief = examined.brief(&verdict);
        screen.print(&brief.text)?;
        screen.note(&amount(&brief));
    } else if args.json {
        screen.print(&serde_json::to_string_pretty(&verdict).unwrap_or_default())?;
    } else {
        print(&verdict, screen)?;
        let facts = examined.brief(&verdict);
        return explain::explain(facts, code, args, context);
    }
    Ok(code)
}

/// Looks at an app for the chat, and shows the verdict.
///
/// # Errors
/// As [`run`].
pub fn show(
    heroku: &HerokuArgs,
    is_sandbox: bool,
    context: &mut Context,
) -> Result<(Examined, Verdict), Error> {
    let sandbox = start_sandbox(is_sandbox)?;
    let (examined, verdict) = examine(heroku, sandbox, &ViewArgs::default(), false, context)?;
    // The chat has its service.
    context.heard = None;
    print(&verdict, &mut context.screen)?;
    Ok((examined, verdict))
}

/// Looks at an app, or at a log alone if no app is named and standard input may be one.
///
/// # Errors
/// As [`run`].
fn examine(
    heroku: &HerokuArgs,
    sandbox: Option<Sandbox>,
    view: &ViewArgs,
    may_be_piped: bool,
    context: &mut Context,
) -> Result<(Examined, Verdict), Error> {
    let since = view.since.as_deref().map(since).transpose()?;
    let mut filter = Filter {
        since,
        until: None,
        process: view.process.clone(),
    };
    let is_named = heroku.app.is_some() || heroku.remote.is_some() || view.release.is_some();
    let mut is_read = sandbox.is_some() || !may_be_piped;
    if !is_named && !is_read {
        // Without an app that was named, a log on the pipe is all that is meant.
        let pipe = Pipe::open(Reader::new(filter.clone()));
        if let Some(log) = pipe.map(|it| it.log(Duration::MAX)).transpose()?.flatten() {
            return Ok(of_log(log));
        }
        is_read = true;
    }
    let query = HerokuQuery::of(heroku)?;
    let app = match &sandbox {
        Some(_) => Some(Sandbox::APP.to_owned()),
        None => config::app_name(heroku, &context.environment)?
            .or_else(|| remote::app(&query, &context.environment)),
    };
    let Some(app) = app else {
        return Ok(of_log(Reader::default()));
    };
    let limit = Duration::from_secs(view.wait.unwrap_or(WAIT));
    let way = way(&app, limit, &query, sandbox.as_ref(), context)?;
    let screen = &mut context.screen;
    if let Some(version) = &view.release {
        let release = release(&way, version, limit, &context.interrupts)?;
        (filter.since, filter.until) = round(&release);
        screen.note(&in_words(&release));
    }
    let pipe = (!is_read).then(|| Pipe::open(Reader::new(filter.clone())));
    // A pipe that can't be read is as good as none: Heroku has the log.
    let given = move || pipe.flatten()?.log(PIPE_PATIENCE.min(limit)).ok()?;
    let mut show = |what: &str, progress: &Progress| tell(screen, what, progress);
    let told = facts::ask(way, filter, given, &context.interrupts, &mut show)?;
    let all = told.vars.as_ref().filter(|_| sandbox.is_none());
    context.heard = all.map(|all| (query.clone(), direct::answer(all, &query)));
    judge(told, &app, view.process.as_deref())
}

/// How Heroku is asked about this app, or the sandbox about its own.
fn way(
    app: &str,
    limit: Duration,
    query: &HerokuQuery,
    sandbox: Option<&Sandbox>,
    context: &mut Context,
) -> Result<Way, Error> {
    let asking = Asking {
        app,
        limit,
        environment: &context.environment,
        interrupts: &context.interrupts,
    };
    let screen = &mut context.screen;
    let way = match sandbox {
        Some(it) => Ok(Way::to(asking, it.url(), Secret::new(Sandbox::KEY))),
        None => Way::find(asking, query, || {
            screen.checking("the login of the Heroku CLI")
        }),
    };
    screen.clear_status();
    let way = way?;
    way.token()
        .into_iter()
        .for_each(|it| screen.keep_secret(it));
    Ok(way)
}

/// The verdict about a log alone.
fn of_log(log: Reader) -> (Examined, Verdict) {
    let examined = log.end(Facts::default(), None);
    let verdict = examined.judge(None);
    (examined, verdict)
}

fn unexamined(failure: HerokuFailure) -> Error {
    Error::Unexamined(Box::new(failure))
}

/// A release of the app, by its version.
fn release(
    way: &Way,
    version: &str,
    limit: Duration,
    interrupts: &Interrupts,
) -> Result<Release, Error> {
    let unknown = || Error::InvalidValue {
        what: "--release".to_owned(),
        value: version.to_owned(),
        rule: "a release, such as v42, of an app that this account can see".to_owned(),
    };
    let number = version.trim_start_matches('v').parse();
    let (way, number) = (way.clone(), number.map_err(|_| unknown())?);
    // Twice the limit is past every limit of its own.
    let told = interrupts.run(limit * 2, move || way.release(number))?;
    told.unwrap_or(Err(HerokuFailure::TimedOut(limit)))
        .map_err(|failure| match failure {
            HerokuFailure::UnknownApp(_) => unknown(),
            other => unexamined(other),
        })
}

/// The time round a release.
fn round(release: &Release) -> (Option<Time>, Option<Time>) {
    let at = why::time(&release.created_at);
    at.map(|at| (at - ROUND_RELEASE, at + ROUND_RELEASE))
        .unzip()
}

fn in_words(release: &Release) -> String {
    let by = release.user.as_ref().map(|it| format!(" by {}", it.email));
    let (version, at, what) = (release.version, &release.created_at, &release.description);
    format!("v{version}, {at}: {what}{}", by.unwrap_or_default())
}

/// Processes that an app can have beside those of its formation.
const ONE_OFF: [&str; 3] = ["run", "release", "scheduler"];

/// The verdict about an app, by what could be had.
///
/// # Errors
/// If too little could be had, or if the app has no such process.
fn judge(told: Told, app: &str, process: Option<&str>) -> Result<(Examined, Verdict), Error> {
    let has_log = told.log.is_some();
    if let Some(failure) = told.prevented() {
        return Err(unexamined(failure.clone()));
    }
    let log = told.log.unwrap_or_default();
    let types = told.facts.process_types();
    let values: Option<Vec<_>> = told.vars.map(|it| it.into_values().collect());
    let examined = log.end(told.facts, values.as_deref());
    let mut verdict = examined.judge(Some(app));
    if let Some(process) = process.filter(|_| !types.is_empty())
        && !(types.iter().map(String::as_str).chain(ONE_OFF)).any(|it| it == why::kind(process))
    {
        return Err(Error::InvalidValue {
            what: "--process".to_owned(),
            value: process.to_owned(),
            rule: format!("a process of {app}: {}", types.join(", ")),
        });
    }
    // No log is no sign of health, nor is one that begins after what is looked at.
    let gap = match has_log {
        true => "has no lines of that time and process",
        false => "is missing",
    };
    let is_blind = !has_log || (verdict.read == 0 && verdict.lines > 0);
    if is_blind && verdict.status == Status::Healthy {
        verdict.status = Status::Unknown;
        verdict.summary =
            format!("nothing is wrong in what Heroku tells of the app, but its log {gap}");
        verdict
            .missing
            .extend(has_log.then(|| format!("The log {gap}.")));
    }
    Ok((examined, verdict))
}

/// A time, or so long before now: `30m`, `2h`, `1d`.
fn since(text: &str) -> Result<Time, Error> {
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "s" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let ago = number.parse::<u64>().ok().zip(seconds);
    let ago = ago.and_then(|(number, seconds)| number.checked_mul(seconds));
    let then = ago.and_then(|seconds| SystemTime::now().checked_sub(Duration::from_secs(seconds)));
    then.map(Time::from)
        .or_else(|| why::time(text))
        .ok_or_else(|| Error::InvalidValue {
            what: "--since".to_owned(),
            value: text.to_owned(),
            rule: "a duration such as 30m, 2h or 1d, or a time such as 2026-11-26T03:00:00Z"
                .to_owned(),
        })
}

/// The verdict for somebody who reads it.
fn print(verdict: &Verdict, screen: &mut Screen) -> Result<(), Error> {
    if verdict.status == Status::Unknown && verdict.missing.is_empty() {
        return Err(Error::NoLog);
    }
    if verdict.causes.is_empty() {
        let tone = match verdict.status {
            Status::Unknown => Tone::CAUTION,
            _ => Tone::GOOD,
        };
        screen.verdict(tone, &verdict.summary, None, &[])?;
    }
    let causes = verdict.causes.iter().map(|cause| (Tone::BAD, cause));
    let note = Tone(Tone::QUIET.0, "·", "note:");
    for (tone, cause) in causes.chain(verdict.notes.iter().map(|cause| (note, cause))) {
        print_cause(tone, cause, screen)?;
    }
    screen.evidence(&verdict.errors)?;
    for missing in &verdict.missing {
        screen.note(missing);
    }
    Ok(())
}

fn print_cause(tone: Tone, cause: &Cause, screen: &mut Screen) -> Result<(), Error> {
    let since = cause.since.as_ref().map(|it| format!(", since {it} UTC"));
    let text = format!("{}{}", cause.sentence, since.unwrap_or_default());
    screen.verdict(tone, &text, Some(&cause.page), cause.command.as_slice())?;
    screen.evidence(&cause.evidence)
}
