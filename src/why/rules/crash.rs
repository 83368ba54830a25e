//! Dynos that crash, don't come up, or have no memory left.

use std::time::Duration;

use super::{Case, Command, Finding, Piece, Seen, named, row, since_release, times, undo, words};
use crate::why::digest::{Crash, Life};
use crate::why::log::{Source, Time, kind};

/// Why something fails.
pub struct Reason<'a> {
    pub id: &'static str,
    pub words: String,
    /// The config var that is missing.
    pub variable: Option<String>,
    /// What says so.
    piece: Option<&'a Piece>,
}

/// A finding for each type of process that crashes, about the last of its crashes.
pub fn crashes(case: &Case) -> Vec<Finding> {
    let mut kinds: Vec<&str> = case.log.lives.keys().map(|name| kind(name)).collect();
    kinds.dedup();
    kinds.retain(|it| !["run", "release", "scheduler"].contains(it));
    kinds.into_iter().filter_map(|it| crash(case, it)).collect()
}

pub fn lives<'a>(case: &'a Case, of: &str) -> impl Iterator<Item = &'a Life> {
    let all = case.log.lives.iter();
    all.filter(move |(name, _)| kind(name) == of)
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
    let release = case.release_before(last.at);
    let release = release.or_else(|| case.release_before(all[0].at));
    let releases = case.log.releases.iter();
    let made = releases.filter(|(version, _)| Some(*version) == release);
    let made = made.map(|(_, at)| *at).next();
    all.retain(|it| made.is_none_or(|made| it.at >= made));
    let first = all.first().map_or(last.at, |it| it.at);
    let release = release.filter(|_| made.is_none_or(|made| made <= first));
    let seen = Seen {
        count: all.len().max(1),
        first,
        last: last.at,
    };
    let reason = reason(case, of, last);
    let again = up_again(case, of, last.at);
    let when = match last.in_boot {
        true => "as it starts",
        false => "while it runs",
    };
    let sentence = format!(
        "{} crashes {when}{} ({}): {}{}",
        named(of),
        since_release(release),
        times(seen),
        reason.words,
        again.unwrap_or_default()
    );
    let mut found = undo(
        case,
        release,
        Finding::new(reason.id, again.is_none(), sentence),
    );
    if let Some(name) = reason.variable {
        found = found.command(Command::SetConfig(name));
    }
    // Whatever the reason, nothing works without this process.
    found.weight = found.weight.map(|_| 1);
    found.explains = match of {
        "web" => row("crash")[4],
        _ => "log-errors database redis database-connections",
    };
    let states = case.events("State changed from");
    let crashed = states
        .iter()
        .find(|it| it.kind() == of && it.text.ends_with("to crashed"));
    let found = found.seen(seen).pieces(reason.piece.iter().chain(crashed));
    let refused = case.requests(|it| of == "web" && it.code == "H10").1;
    Some(found.proof(refused.into_iter().take(1)))
}

/// The last error before the crash that tells something; if none does, the longest.
fn reason<'a>(case: &'a Case, of: &str, crash: &Crash) -> Reason<'a> {
    let begin = crash.started.unwrap_or(crash.at) - Duration::from_secs(2);
    let end = crash.at + Duration::from_secs(2);
    let is_near = |it: &Piece| it.seen.first <= end && it.seen.last >= begin;
    let mut near = case.pieces(|it| it.source == Source::App && it.kind() == of && is_near(it));
    near.reverse();
    near.sort_by_key(|it| !it.is_error);
    let told = near.iter().find_map(|it| known(case, it));
    told.unwrap_or_else(|| {
        let said = near.iter().find(|it| !it.is_error).copied();
        let errors = near.into_iter().filter(|it| it.is_error);
        let piece = errors.max_by_key(|it| it.text.lines().count());
        let (id, words) = match (crash.status, piece) {
            (Some(126 | 127), _) => ("procfile-command", row("procfile-command")[6].to_owned()),
            (Some(137), _) => ("crash", "it was killed (exit status 137)".to_owned()),
            (Some(status), None) => ("crash", format!("it ends with exit status {status}")),
            (_, Some(_)) => (
                "crash",
                "an error that it doesn't handle ends it".to_owned(),
            ),
            (None, None) => ("crash", "the log doesn't say why".to_owned()),
        };
        Reason {
            id,
            words,
            variable: None,
            // Else what it said last.
            piece: piece.or(said),
        }
    })
}

/// What a piece is known to mean.
pub fn known<'a>(case: &Case, piece: &'a Piece) -> Option<Reason<'a>> {
    let is_set = |name: &String| case.facts.config_vars.iter().flatten().any(|it| it == name);
    let variable = words::missing_variable(&piece.text).filter(|name| !is_set(name));
    let (id, words) = match &variable {
        Some(name) => (
            "missing-config",
            format!("the config var {name} is not set"),
        ),
        None => {
            let sign = piece.sign?;
            (sign, row(sign)[6].to_owned())
        }
    };
    Some(Reason {
        id,
        words,
        variable,
        piece: Some(piece),
    })
}

/// A web process that doesn't bind to its port in time.
pub fn boot_timeout(case: &Case) -> Option<Finding> {
    let pieces = case.events("Error R10");
    let seen = Seen::all(pieces.iter().map(|it| it.seen))?;
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
    let sentence = format!(
        "web doesn't bind to $PORT within 60 s{} (R10, {}): {why}{}",
        since_release(release),
        times(seen),
        again.unwrap_or_default()
    );
    let found = Finding::new("boot-timeout", again.is_none(), sentence).seen(seen);
    let proofs = pieces.iter().take(1).chain(listens.iter().take(1));
    Some(undo(case, release, found).pieces(proofs))
}

/// Processes that need more memory than their dyno has.
pub fn memory(case: &Case) -> Vec<Finding> {
    let codes = [
        (
            "R15",
            "is killed, for it needs twice the memory of its dyno",
        ),
        ("R14", "needs more memory than its dyno has"),
    ];
    let found = codes.map(|(id, words)| exceeded(case, id, words));
    found.into_iter().flatten().collect()
}

fn exceeded(case: &Case, id: &'static str, words: &str) -> Option<Finding> {
    let mut pieces = case.events(&format!("Error {id}"));
    pieces.retain(|it| it.kind() != "release");
    let mut seen = Seen::all(pieces.iter().map(|it| it.seen))?;
    let (process, kind, count) = (&pieces[0].process, named(pieces[0].kind()), times(seen));
    // R15 begins as R14.
    let before = case.events("Error R14");
    let before = before.iter().filter(|it| it.process == *process);
    seen.first = before.map(|it| it.seen.first).chain([seen.first]).min()?;
    let life = case.log.lives.get(process);
    let (leaks, why) = match life.map(|life| (life.lasted, life.grows)) {
        Some((Some(0..10), _)) => (false, "from its start on, so the dyno is too small for it"),
        Some((Some(10..), _)) => (true, "a while after its start, so it leaks"),
        Some((_, true)) => (true, "and more and more, so it leaks"),
        _ => (
            false,
            "and needs no more later, so the dyno is too small for it",
        ),
    };
    // Heroku repeats R14 every minute or so for as long as it holds.
    let has_ended = id == "R14" && (seen.count < 3 || case.quiet_since(seen.last) >= 300);
    let is_over = has_ended || case.is_over(seen.last);
    let samples = case.events("Process running mem=");
    let sample = samples.iter().find(|it| it.process == *process);
    // The name of another type would be text of the log.
    let known = ["web", "worker"].into_iter().find(|it| *it == kind);
    let larger = sample.and_then(|it| larger(quota(&it.text)?));
    let command = match known.zip(larger) {
        Some((kind, size)) if !leaks && is_common(case, kind) => Command::Size(kind, size),
        _ => Command::Fixed("ps:restart"),
    };
    let sentence = format!("{kind} {words}, {why} ({id}, {count})");
    let found = Finding::new(id, !is_over, sentence).seen(seen);
    let found = found.command(command);
    Some(found.pieces(sample.into_iter().chain(pieces.iter().take(1))))
}

/// The memory of a dyno in MB, by `Process running mem=575M(112.3%)`.
fn quota(sample: &str) -> Option<f64> {
    let (used, share) = sample.split_once("mem=")?.1.split_once("M(")?;
    let share = share.split('%').next()?.parse::<f64>().ok()?;
    Some(used.parse::<f64>().ok()? * 100.0 / share)
}

/// The dyno above one with so much memory, in MB (Dev Center, "Dyno Types").
fn larger(quota: f64) -> Option<&'static str> {
    match quota {
        ..600.0 => Some("standard-2x"),
        ..1200.0 => Some("performance-m"),
        ..3000.0 => Some("performance-l"),
        _ => None,
    }
}

/// Whether the dynos of a type have none of the sizes that private spaces and Fir have, as far as
/// is known.
fn is_common(case: &Case, kind: &str) -> bool {
    const SIZES: [&str; 4] = ["eco", "basic", "standard", "performance"];
    let mut formation = case.facts.formation.iter().flatten();
    let size = formation.find(|it| it.kind == kind);
    let size = size.map(|it| it.size.to_lowercase());
    size.is_none_or(|size| SIZES.iter().any(|it| size.starts_with(it)))
}
