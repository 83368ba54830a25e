//! Dynos that crash, don't come up, or have no memory left.

use super::{Case, Command, Finding, Piece, Seen, named, proof, since_release, times, words};
use crate::why::digest::{Crash, Life};
use crate::why::log::{Source, Time, kind};

/// What a sign means beside a crash: the id of the cause, and the reason in words.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "command",
        "procfile-command",
        "the command of the Procfile can't be run",
    ),
    (
        "module",
        "missing-module",
        "a module or class that it loads is missing",
    ),
    ("syntax", "syntax-error", "its code has a syntax error"),
    ("memory", "memory-crash", "it runs out of memory"),
    ("port", "crash", "its port is taken already"),
    (
        "connections",
        "database-connections",
        "the database takes no more connections",
    ),
    ("database", "crash", "it can't use its database"),
    ("redis", "crash", "it can't use its Redis"),
];

/// What follows if no web dyno runs.
const FOLLOWS: &[&str] = &[
    "H10",
    "H12",
    "H13",
    "H18",
    "H19",
    "H20",
    "H21",
    "app-errors",
    "log-errors",
    "database",
    "redis",
    "dynos",
    "database-connections",
];

/// A finding for each type of process that crashes, about the last of its crashes.
pub fn crashes(case: &Case) -> Vec<Finding> {
    let mut kinds: Vec<&str> = case.log.lives.keys().map(|name| kind(name)).collect();
    kinds.dedup();
    kinds.retain(|it| !["run", "release", "scheduler"].contains(it));
    kinds.into_iter().filter_map(|it| crash(case, it)).collect()
}

fn lives<'a>(case: &'a Case, of: &str) -> impl Iterator<Item = &'a Life> {
    case.log
        .lives
        .iter()
        .filter(move |(name, _)| kind(name) == of)
        .map(|(_, life)| life)
}

/// Words for it if a type of process is up again, a minute long.
pub fn up_again(case: &Case, of: &str, last: Time) -> Option<&'static str> {
    let is_up = |up: Time| up > last && case.quiet_since(up) >= 60;
    let (ok, failed) = case.log.answers_after(last);
    let is_up = lives(case, of).filter_map(|life| life.up).any(is_up);
    (is_up || of == "web" && ok >= 5 && failed == 0).then_some("; it is up again")
}

fn crash(case: &Case, of: &str) -> Option<Finding> {
    let mut all: Vec<&Crash> = lives(case, of).flat_map(|life| &life.crashes).collect();
    // Those that Heroku itself ended have codes, and rules of their own.
    all.retain(|it| it.code.is_none());
    all.sort_by_key(|it| it.at);
    let last = *all.last()?;
    let release = case
        .release_before(last.at)
        .or_else(|| case.release_before(all[0].at));
    let made = case
        .log
        .releases
        .iter()
        .find(|(version, _)| Some(*version) == release);
    all.retain(|it| made.is_none_or(|(_, made)| it.at >= *made));
    let first = all.first().map_or(last.at, |it| it.at);
    let release = release.filter(|_| made.is_none_or(|(_, made)| *made <= first));
    let seen = Seen {
        count: all.len().max(1),
        first,
        last: last.at,
    };
    let (id, reason, variable, piece) = reason(case, of, last);
    let again = up_again(case, of, last.at);
    let when = if last.in_boot {
        "as it starts"
    } else {
        "while it runs"
    };
    let (name, since) = (named(of), since_release(release));
    let sentence = format!(
        "{name} crashes {when}{since} ({}): {reason}{}",
        times(seen),
        again.unwrap_or_default()
    );
    let page = if variable.is_some() {
        "articles/config-vars"
    } else {
        "#h10-app-crashed"
    };
    let command = match variable {
        Some(name) => Command::SetConfig(name),
        // A restart mends no code: the release that last worked is to be found.
        None if ["procfile-command", "missing-module", "syntax-error"].contains(&id) => {
            case.undo(release, Command::Fixed("releases"))
        }
        None => case.undo(release, Command::Fixed("ps:restart")),
    };
    let states = case.events("State changed from");
    let crashed = states
        .iter()
        .find(|it| it.kind() == of && it.text.ends_with("to crashed"));
    let found = Finding::new(id, again.is_none().then_some(1), page, sentence)
        .command(command)
        .seen(seen);
    let found = found.proof(piece.iter().chain(crashed).map(|it| proof(it)));
    Some(match of {
        "web" => found
            .proof(case.requests("H10").1.into_iter().take(1))
            .explains(FOLLOWS),
        _ => found.explains(&["log-errors"]),
    })
}

/// Why a process crashed: the id of the cause, a reason in words, the config var that is missing,
/// and the piece that says so.
type Reason<'a> = (&'static str, String, Option<String>, Option<&'a Piece>);

/// The last error before the crash that tells something; if none does, the longest.
fn reason<'a>(case: &'a Case, of: &str, crash: &Crash) -> Reason<'a> {
    let begin = crash.started.unwrap_or(crash.at) - std::time::Duration::from_secs(2);
    let end = crash.at + std::time::Duration::from_secs(2);
    let is_near = |it: &Piece| it.seen.first <= end && it.seen.last >= begin;
    let mut near = case.pieces(|it| it.source == Source::App && it.kind() == of && is_near(it));
    near.reverse();
    near.sort_by_key(|it| !it.is_error);
    let told = near.iter().find_map(|it| known(case, it));
    told.unwrap_or_else(|| {
        let words = match crash.status {
            Some(126 | 127) => return (REASONS[0].1, REASONS[0].2.to_owned(), None, None),
            Some(137) => "it was killed (exit status 137)".to_owned(),
            Some(status) => format!("it ends with exit status {status}"),
            None => "the log doesn't say why".to_owned(),
        };
        let errors = near.into_iter().filter(|it| it.is_error);
        (
            "crash",
            words,
            None,
            errors.max_by_key(|it| it.text.lines().count()),
        )
    })
}

/// What a piece is known to mean.
fn known<'a>(case: &Case, piece: &'a Piece) -> Option<Reason<'a>> {
    let set = case.facts.config_vars.iter().flatten();
    let variable =
        words::missing_variable(&piece.text).filter(|name| !set.clone().any(|it| it == name));
    if let Some(name) = variable {
        return Some((
            "missing-config",
            format!("the config var {name} is not set"),
            Some(name),
            Some(piece),
        ));
    }
    let (_, id, words) = REASONS
        .iter()
        .find(|(sign, ..)| Some(*sign) == piece.sign)?;
    Some((id, (*words).to_owned(), None, Some(piece)))
}

/// A web process that doesn't bind to its port in time.
pub fn boot_timeout(case: &Case) -> Vec<Finding> {
    let pieces = case.events("Error R10");
    let Some(seen) = Seen::all(pieces.iter().map(|it| it.seen)) else {
        return Vec::new();
    };
    // A server that tells where it listens does so elsewhere.
    let listens = case.pieces(|it| {
        it.source == Source::App && it.kind() == "web" && words::has("listens", &it.text)
    });
    let release = case.release_before(seen.first);
    let again = up_again(case, "web", seen.last);
    let why = match listens[..] {
        [] => "its start takes too long, or it listens nowhere",
        _ => "it listens on an address or port of its own, not on $PORT",
    };
    let (since, end) = (since_release(release), again.unwrap_or_default());
    let sentence = format!(
        "web doesn't bind to $PORT within 60 s{since} (R10, {}): {why}{end}",
        times(seen)
    );
    let found = Finding::new(
        "boot-timeout",
        again.is_none().then_some(1),
        "#r10-boot-timeout",
        sentence,
    );
    let found = found
        .command(case.undo(release, Command::Fixed("ps:restart")))
        .seen(seen)
        .explains(FOLLOWS);
    vec![
        found.proof(
            pieces
                .iter()
                .take(1)
                .chain(listens.iter().take(1))
                .map(|it| proof(it)),
        ),
    ]
}

/// Processes that need more memory than their dyno has.
pub fn memory(case: &Case) -> Vec<Finding> {
    let codes = [
        (
            "R15",
            "Error R15",
            "is killed, for it needs twice the memory of its dyno",
            "#r15-memory-quota-vastly-exceeded",
        ),
        (
            "R14",
            "Error R14",
            "needs more memory than its dyno has",
            "#r14-memory-quota-exceeded",
        ),
    ];
    codes
        .iter()
        .filter_map(|(id, start, words, page)| exceeded(case, id, start, words, page))
        .collect()
}

fn exceeded(
    case: &Case,
    id: &'static str,
    start: &str,
    words: &str,
    page: &'static str,
) -> Option<Finding> {
    let mut pieces = case.events(start);
    pieces.retain(|it| it.kind() != "release");
    let mut seen = Seen::all(pieces.iter().map(|it| it.seen))?;
    let process = &pieces[0].process;
    let count = times(seen);
    // R15 begins as R14.
    let before = case.events("Error R14");
    let before = before
        .iter()
        .filter(|it| it.process == *process)
        .map(|it| it.seen.first)
        .min();
    seen.first = before.map_or(seen.first, |before| before.min(seen.first));
    let life = case.log.lives.get(process);
    let age = life
        .and_then(|it| it.started)
        .map(|started| (seen.first - started).whole_minutes());
    let grows = life
        .and_then(|it| it.memory)
        .is_some_and(|(first, last)| last > first + 5.0);
    let (leaks, why) = match age {
        Some(0..10) => (false, "from its start on, so the dyno is too small for it"),
        Some(10..) => (true, "a while after its start, so it leaks"),
        _ if grows => (true, "and more and more, so it leaks"),
        _ => (
            false,
            "and no more and more, so the dyno is too small for it",
        ),
    };
    let is_over = case.is_over(seen.last) || id == "R14" && seen.count < 3;
    let kind = named(pieces[0].kind());
    let size = case
        .facts
        .formation
        .iter()
        .flatten()
        .find(|it| it.kind == "web")
        .map(|it| it.size.to_lowercase());
    let command = match size.as_deref() {
        _ if leaks || kind != "web" => "ps:restart",
        Some("standard-2x") => "ps:type␣web=performance-m",
        Some("performance-m") => "ps:type␣web=performance-l",
        _ => "ps:type␣web=standard-2x",
    };
    let samples = case.events("Process running mem=");
    let samples = samples.iter().filter(|it| it.process == *process).take(1);
    let found = Finding::new(
        id,
        (!is_over).then_some(2),
        page,
        format!("{kind} {words}, {why} ({id}, {count})"),
    );
    let found = found
        .command(Command::Fixed(command))
        .seen(seen)
        .explains(&["R14", "H10", "H13", "H18", "R12"]);
    Some(found.proof(samples.chain(pieces.iter().take(1)).map(|it| proof(it))))
}
