//! What is wrong, by rules: each looks at one thing. `causes.txt` says of each what it weighs, and
//! what it explains beside itself.

mod codes;
mod crash;
mod state;

use super::command::Command;
use super::digest::{Digest, Piece, Route, Seen};
use super::facts::Facts;
use super::log::{self, Source, Time};
use super::verdict::{Cause, Status, Verdict};
use super::words;

const CAUSES: &str = include_str!("causes.txt");

/// What there is to judge by.
pub struct Case<'a> {
    pub facts: &'a Facts,
    pub log: &'a Digest,
    /// The name of the app, for commands.
    pub app: Option<&'a str>,
}

/// What a rule found.
#[derive(Debug)]
struct Finding {
    id: &'static str,
    /// None if it is no cause, or no more.
    weight: Option<u8>,
    sentence: String,
    page: &'static str,
    command: Command,
    seen: Option<Seen>,
    evidence: Vec<String>,
    explains: &'static str,
}

const RULES: &[fn(&Case) -> Option<Finding>] = &[
    state::maintenance,
    state::scaled_to_zero,
    state::release_phase,
    state::build,
    state::incident,
    state::dynos,
    state::idle,
    crash::boot_timeout,
    codes::scanners,
    app_errors,
];

/// Rules that can find several things of their kind.
const KINDS: &[fn(&Case) -> Vec<Finding>] = &[
    state::addons,
    crash::crashes,
    crash::memory,
    codes::codes,
    stores,
];

/// A line of `causes.txt`.
fn row(id: &str) -> [&'static str; 7] {
    let line = CAUSES
        .lines()
        .find(|line| line.split(" | ").next() == Some(id));
    fields(line.unwrap_or_default())
}

fn fields(line: &'static str) -> [&'static str; 7] {
    let mut fields = line.split(" | ");
    std::array::from_fn(|_| fields.next().unwrap_or_default())
}

impl Finding {
    fn new(id: &'static str, is_cause: bool, sentence: String) -> Self {
        let [_, weight, page, command, explains, ..] = row(id);
        Finding {
            id,
            weight: weight.parse().ok().filter(|_| is_cause),
            sentence,
            page,
            command: Command::Fixed(command),
            seen: None,
            evidence: Vec::new(),
            explains: explains
                .strip_prefix("as ")
                .map_or(explains, |other| row(other)[4]),
        }
    }

    fn command(self, command: Command) -> Self {
        Finding { command, ..self }
    }

    fn seen(self, seen: impl Into<Option<Seen>>) -> Self {
        let seen = seen.into();
        Finding { seen, ..self }
    }

    fn proof(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }

    fn pieces<'a>(self, pieces: impl IntoIterator<Item = &'a &'a Piece>) -> Self {
        self.proof(pieces.into_iter().map(|it| proof(it)))
    }

    fn explains(&self, other: &Finding) -> bool {
        let began = self.seen.zip(other.seen);
        let is_later =
            began.is_some_and(|(own, other)| (own.first - other.first).whole_seconds() >= 60);
        // What is over explains what is over too.
        let is_as_much = self.weight.is_some() || other.weight.is_none();
        is_as_much && !is_later && self.explains.split(' ').any(|id| id == other.id)
    }

    fn cause(self, app: Option<&str>) -> Cause {
        let host = match self.page {
            page if page.starts_with("https:") => "",
            page if page.starts_with('#') => "https://devcenter.heroku.com/articles/error-codes",
            _ => "https://devcenter.heroku.com/",
        };
        Cause {
            id: self.id,
            sentence: self.sentence,
            since: self.seen.map(|it| log::stamp(it.first)),
            last: self.seen.map(|it| log::stamp(it.last)),
            evidence: self.evidence,
            page: format!("{host}{}", self.page),
            // What is no cause needs nothing done.
            command: self.weight.map(|_| self.command.text(app)),
        }
    }
}

impl Case<'_> {
    /// The judgement of all rules.
    pub fn judge(&self) -> Verdict {
        let kinds = KINDS.iter().flat_map(|rule| rule(self));
        let mut found: Vec<Finding> = RULES
            .iter()
            .filter_map(|rule| rule(self))
            .chain(kinds)
            .collect();
        for index in 0..found.len() {
            // Heroku tells of a state without a time: it holds since there are its effects.
            if found[index].seen.is_none() {
                let effects = found.iter().filter(|it| found[index].explains(it));
                let seen = Seen::all(effects.clone().filter_map(|it| it.seen));
                let mut proof: Vec<_> = effects
                    .filter_map(|it| it.evidence.first().cloned())
                    .collect();
                proof.dedup();
                found[index].seen = seen;
                found[index].evidence.extend(proof);
            }
        }
        found.sort_by_key(|it| (it.weight.unwrap_or(u8::MAX), it.seen.map(|it| it.first)));
        let is_own = |it: &Finding| {
            !found
                .iter()
                .any(|by| !std::ptr::eq(by, it) && by.explains(it))
        };
        let own: Vec<bool> = found.iter().map(is_own).collect();
        let found = found.into_iter().zip(own).filter(|(_, is_own)| *is_own);
        let (causes, notes): (Vec<_>, Vec<_>) =
            found.map(|(it, _)| it).partition(|it| it.weight.is_some());
        let is_unexplained = |it: &Finding| it.sentence.starts_with(UNEXPLAINED);
        let status = match causes.is_empty() {
            true if self.log.read == 0 && self.facts.lines().is_empty() => Status::Unknown,
            true => Status::Healthy,
            false if causes.iter().all(is_unexplained) => Status::Unexplained,
            false => Status::Failing,
        };
        let summary = match (causes.first(), status) {
            (Some(first), _) => first.sentence.clone(),
            (_, Status::Unknown) => "there is nothing to judge by".to_owned(),
            _ => format!(
                "no rule finds anything wrong; {} of {} requests in the log failed",
                self.log.requests(|it| it.status >= 500),
                self.log.requests(|_| true)
            ),
        };
        let finish = |all: Vec<Finding>| all.into_iter().map(|it| it.cause(self.app)).collect();
        Verdict {
            status,
            summary,
            causes: finish(causes),
            notes: finish(notes),
            errors: match status {
                Status::Unexplained => self.errors(),
                _ => Vec::new(),
            },
            missing: self.facts.missing.clone(),
            lines: self.log.total,
            read: self.log.read,
        }
    }

    /// Pieces of the log of which this holds.
    fn pieces(&self, holds: impl Fn(&Piece) -> bool) -> Vec<&Piece> {
        self.log.pieces.iter().filter(|it| holds(it)).collect()
    }

    /// What the manager of dynos said that begins so.
    fn events(&self, start: &str) -> Vec<&Piece> {
        self.pieces(|it| it.source == Source::Platform && it.text.starts_with(start))
    }

    /// Requests of which this holds: how often and when, and the most frequent in lines.
    fn requests(&self, holds: impl Fn(&Route) -> bool) -> (Option<Seen>, Vec<String>) {
        let mut routes: Vec<&Route> = self.log.routes.iter().filter(|it| holds(it)).collect();
        routes.sort_by_key(|it| std::cmp::Reverse(it.seen.count));
        let line = |it: &&Route| format!("{} {}", log::stamp(it.seen.first), it.line());
        let lines = routes.iter().take(2).map(line).collect();
        (Seen::all(routes.iter().map(|it| it.seen)), lines)
    }

    /// The first and the last error, whole.
    fn errors(&self) -> Vec<String> {
        let errors = self.pieces(Piece::is_app_error);
        let last = errors.iter().max_by_key(|it| it.seen.last);
        let mut both: Vec<&&Piece> = errors.first().into_iter().chain(last).collect();
        both.dedup_by_key(|it| it.seen.first);
        both.iter()
            .map(|it| format!("{} {}", head(it), it.text))
            .collect()
    }

    /// Whether an end was put to something: requests are answered for minutes, and few fail; or
    /// what crashed is up again.
    fn is_over(&self, last: Time) -> bool {
        let (ok, failed) = self.log.answers_after(last);
        let mut lives = crash::lives(self, "web");
        if failed == 0 && lives.any(|life| !life.crashes.is_empty()) {
            return crash::up_again(self, "web", last).is_some();
        }
        ok >= 10 && failed * 20 < ok && self.quiet_since(last) >= 300
    }

    /// Whether something is too rare beside the requests to be why users complain.
    fn is_rare(&self, count: usize) -> bool {
        let all = self.log.requests(|_| true);
        count * 100 <= all || count < 3 && count * 10 <= all
    }

    /// For how many seconds the log goes on after this.
    fn quiet_since(&self, last: Time) -> i64 {
        self.log.last.map_or(0, |end| (end - last).whole_seconds())
    }

    /// The version that was released last before a time, at most an hour.
    fn release_before(&self, time: Time) -> Option<u32> {
        let told = self.facts.releases.iter().flatten();
        let told = told.filter_map(|it| Some((it.version, log::time(&it.created_at)?)));
        let all = told.chain(self.log.releases.iter().copied());
        let near = all.filter(|(_, at)| (0..3600).contains(&(time - *at).whole_seconds()));
        near.map(|(version, _)| version).max()
    }

    /// The version that was live before another.
    fn good_before(&self, version: u32) -> u32 {
        let told = self.facts.releases.iter().flatten();
        let good = told.filter(|it| it.version < version && it.status == "succeeded");
        let good = good.map(|it| it.version).max();
        good.unwrap_or(version.saturating_sub(1))
    }
}

/// What brings back what was there before a release, if there was one.
fn undo(case: &Case, release: Option<u32>, found: Finding) -> Finding {
    match release.map(|version| case.good_before(version)) {
        None => found,
        Some(0..=2) => found.command(Command::Fixed("releases")),
        Some(before) => found.command(Command::Rollback(before)),
    }
}

/// A type of process, if its name is one.
fn named(kind: &str) -> &str {
    let is_part = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-".contains(&it);
    let is_name = (1..=20).contains(&kind.len()) && kind.bytes().all(is_part);
    if is_name { kind } else { "a process" }
}

fn times(seen: Seen) -> String {
    match seen.count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn since_release(release: Option<u32>) -> String {
    release.map_or_else(String::new, |version| format!(", since v{version}"))
}

/// When, who and how often.
pub fn head(piece: &Piece) -> String {
    let source = match piece.source {
        Source::Platform => "heroku",
        _ => "app",
    };
    let count = match piece.seen.count {
        1 => String::new(),
        count => format!(" ×{count}"),
    };
    let at = log::stamp(piece.seen.first);
    format!("{at} {source}[{}]{count}:", piece.process)
}

/// The line of a piece that tells most.
fn proof(piece: &Piece) -> String {
    let lines = || piece.text.lines();
    let name = words::missing_variable(&piece.text);
    let telling = name.and_then(|name| lines().find(|it| it.contains(&name)));
    let telling = telling.or_else(|| lines().find(|it| words::sign(it).is_some()));
    // Python ends with the exception; others begin with it, but for what npm and loggers print.
    let line = telling.or_else(|| match piece.text.contains("Traceback (most recent") {
        true => lines().next_back(),
        false => lines().find(|it| words::has("errors", it)),
    });
    let line = line.or(lines().next());
    let cut: String = line.unwrap_or_default().trim().chars().take(240).collect();
    format!("{} {cut}", head(piece))
}

/// Databases and other stores, as the app tells of them.
fn stores(case: &Case) -> Vec<Finding> {
    let store = |id| {
        let pieces = case.pieces(|it| it.sign == Some(id) && it.kind() != "release");
        let seen = Seen::all(pieces.iter().map(|it| it.seen))?;
        let sentence = format!("{} ({})", row(id)[6], times(seen));
        // A worker has no requests to be measured by.
        let is_web = |it: &&Piece| it.kind() == "web" || it.source == Source::Addon;
        let is_rare = pieces.iter().all(is_web) && case.is_rare(seen.count);
        let is_cause = !is_rare && !case.is_over(seen.last);
        let found = Finding::new(id, is_cause, sentence).seen(seen);
        let release = case.release_before(seen.first);
        // More connections are rarely wanted by a release, and a restart gives them back.
        let release = release.filter(|_| id != STORES[0]);
        Some(undo(case, release, found).pieces(pieces.iter().take(3)))
    };
    STORES.into_iter().filter_map(store).collect()
}

const STORES: [&str; 3] = ["database-connections", "database", "redis"];

/// How the sentence about errors begins for which there is no rule.
const UNEXPLAINED: &str = "no rule fits; ";

/// What the app itself answers with 500 and more, or logs as an error; and why, if the error that
/// is there most says it.
fn app_errors(case: &Case) -> Option<Finding> {
    let errors = case.pieces(|it| it.is_app_error() && !["run", "release"].contains(&it.kind()));
    let (answers, routes) = case.requests(|it| it.status >= 500 && it.code.is_empty());
    let logged = Seen::all(errors.iter().map(|it| it.seen));
    let seen = Seen::all(answers.into_iter().chain(logged))?;
    let all = case.log.requests(|_| true);
    let count = |seen: Option<Seen>| seen.map_or(0, |it| it.count);
    // What the app logs and nobody else sees may be handled.
    let is_handled = errors.iter().all(|it| it.kind() == "web");
    let is_rare = case.is_rare(count(answers))
        && (case.is_rare(count(logged)) || is_handled && count(logged) * 5 <= all);
    let is_cause = !(is_rare || case.is_over(seen.last));
    let most = errors.iter().map(|it| it.seen.count).max();
    let mut frequent = errors.iter().filter(|it| Some(it.seen.count * 2) >= most);
    let reason = frequent.find_map(|it| crash::known(case, it));
    // Of crashes and of stores, there are rules.
    let has_crashed = case.log.lives.values().any(|it| !it.crashes.is_empty());
    let is_told = |id: &str| has_crashed || STORES.contains(&id);
    let reason = reason.filter(|it| is_cause && !is_told(it.id));
    let release = case.release_before(seen.first);
    let since = since_release(release.filter(|_| is_cause));
    let what = match count(answers) {
        0 => format!("the app logs errors ({})", times(seen)),
        count => format!("the app itself answers {count} of {all} requests with a failure"),
    };
    let fits = Some(UNEXPLAINED).filter(|_| is_cause && reason.is_none());
    let fits = fits.unwrap_or_default();
    let why = reason
        .as_ref()
        .map_or_else(String::new, |it| format!(": {}", it.words));
    let own = answers.map_or("log-errors", |_| "app-errors");
    let id = reason.as_ref().map_or(own, |it| it.id);
    let found = Finding::new(id, is_cause, format!("{fits}{what}{since}{why}"));
    let mut found = undo(case, release, found);
    if let Some(name) = reason.and_then(|it| it.variable) {
        found = found.command(Command::SetConfig(name));
    }
    let found = found.seen(seen).pieces(errors.iter().take(2));
    Some(found.proof(routes))
}
