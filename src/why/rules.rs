//! What is wrong, by rules: each looks at one thing, and says what it explains beside itself.

mod codes;
mod crash;
mod state;

use super::command::Command;
use super::digest::{Digest, Piece, Seen};
use super::facts::Facts;
use super::log::{self, Source, Time};
use super::verdict::{Cause, Status, Verdict};
use super::words;

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
    /// The smaller, the more it explains: 1 nothing works, 2 something runs out, 3 some requests
    /// fail, 4 nobody knows why. None if it is no cause, or no more.
    weight: Option<u8>,
    sentence: String,
    /// Below Heroku's Dev Center, unless it is a whole address.
    page: &'static str,
    command: Option<Command>,
    seen: Option<Seen>,
    evidence: Vec<String>,
    /// What is no cause of its own beside it, if it didn't begin before.
    explains: &'static [&'static str],
}

const RULES: &[fn(&Case) -> Vec<Finding>] = &[
    state::maintenance,
    state::addons,
    state::scaled_to_zero,
    state::release_phase,
    state::build,
    state::incident,
    state::dynos,
    state::idle,
    crash::crashes,
    crash::boot_timeout,
    crash::memory,
    codes::codes,
    codes::scanners,
    stores,
    app_errors,
];

const DEV_CENTER: &str = "https://devcenter.heroku.com/";

impl Finding {
    fn new(id: &'static str, weight: Option<u8>, page: &'static str, sentence: String) -> Self {
        let (command, seen, evidence, explains) = (None, None, Vec::new(), [].as_slice());
        Finding {
            id,
            weight,
            sentence,
            page,
            command,
            seen,
            evidence,
            explains,
        }
    }

    fn command(mut self, command: Command) -> Self {
        self.command = Some(command);
        self
    }

    fn seen(mut self, seen: impl Into<Option<Seen>>) -> Self {
        self.seen = seen.into();
        self
    }

    fn proof(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }

    fn explains(mut self, ids: &'static [&'static str]) -> Self {
        self.explains = ids;
        self
    }

    fn cause(self, app: Option<&str>) -> Cause {
        let place = if self.page.starts_with('#') {
            "articles/error-codes"
        } else {
            ""
        };
        let host = if self.page.starts_with("https:") {
            ""
        } else {
            DEV_CENTER
        };
        Cause {
            id: self.id,
            sentence: self.sentence,
            since: self.seen.map(|it| log::stamp(it.first)),
            last: self.seen.map(|it| log::stamp(it.last)),
            evidence: self.evidence,
            page: format!("{host}{place}{}", self.page),
            // What is no cause needs nothing done.
            command: self
                .command
                .filter(|_| self.weight.is_some())
                .map(|it| it.text(app)),
        }
    }
}

impl Case<'_> {
    /// The judgement of all rules.
    pub fn judge(&self) -> Verdict {
        let mut found: Vec<Finding> = RULES.iter().flat_map(|rule| rule(self)).collect();
        found.sort_by_key(|it| (it.weight.unwrap_or(u8::MAX), it.seen.map(|it| it.first)));
        let explains = |by: &Finding, it: &Finding| {
            let since = by
                .seen
                .zip(it.seen)
                .map(|(by, it)| (by.first - it.first).whole_seconds());
            // What is over explains what is over too.
            let is_as_much = by.weight.is_some() || it.weight.is_none();
            is_as_much && by.explains.contains(&it.id) && since.is_none_or(|it| it < 60)
        };
        let kept: Vec<bool> = found
            .iter()
            .map(|it| !found.iter().any(|by| by.id != it.id && explains(by, it)))
            .collect();
        let found = found
            .into_iter()
            .zip(kept)
            .filter_map(|(it, is_kept)| is_kept.then_some(it));
        let (causes, notes): (Vec<_>, Vec<_>) = found.partition(|it| it.weight.is_some());
        let is_known = causes
            .iter()
            .any(|it| !["app-errors", "log-errors"].contains(&it.id));
        let status = match causes.is_empty() {
            true if self.log.read == 0 && self.facts.lines().is_empty() => Status::Unknown,
            true => Status::Healthy,
            false if is_known => Status::Failing,
            false => Status::Unexplained,
        };
        let summary = match (causes.first(), status) {
            (Some(first), _) => first.sentence.clone(),
            (_, Status::Unknown) => "there is nothing to judge by".to_owned(),
            _ => {
                let (all, failed) = (
                    self.log.requests(|_| true),
                    self.log.requests(|it| it.status >= 500),
                );
                format!(
                    "no rule finds anything wrong; {failed} of {all} requests in the log failed"
                )
            }
        };
        let finish = |all: Vec<Finding>| all.into_iter().map(|it| it.cause(self.app)).collect();
        Verdict {
            status,
            summary,
            causes: finish(causes),
            notes: finish(notes),
            errors: if status == Status::Unexplained {
                self.errors()
            } else {
                Vec::new()
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

    /// Requests with this code: how often and when, and the most frequent in lines.
    fn requests(&self, code: &str) -> (Option<Seen>, Vec<String>) {
        let mut routes: Vec<_> = self
            .log
            .routes
            .iter()
            .filter(|it| it.code == code)
            .collect();
        routes.sort_by_key(|it| std::cmp::Reverse(it.seen.count));
        let line = |seen: Seen, line: String| format!("{} {line}", log::stamp(seen.first));
        let lines = routes
            .iter()
            .take(2)
            .map(|it| line(it.seen, it.line()))
            .collect();
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
        let mut lives = self
            .log
            .lives
            .iter()
            .filter(|(name, _)| log::kind(name) == "web");
        if lives.any(|(_, life)| !life.crashes.is_empty()) && failed == 0 {
            return crash::up_again(self, "web", last).is_some();
        }
        ok >= 10 && failed * 20 < ok && self.quiet_since(last) >= 300
    }

    /// For how many seconds the log goes on after this.
    fn quiet_since(&self, last: Time) -> i64 {
        self.log.last.map_or(0, |end| (end - last).whole_seconds())
    }

    /// The version that was released last before a time, at most an hour.
    fn release_before(&self, time: Time) -> Option<u32> {
        let told = self.facts.releases.iter().flatten();
        let told = told.filter_map(|it| Some((it.version, log::time(&it.created_at)?)));
        let seen = self.log.releases.iter().copied();
        let is_near = |(_, at): &(u32, Time)| (0..3600).contains(&(time - *at).whole_seconds());
        told.chain(seen)
            .filter(is_near)
            .map(|(version, _)| version)
            .max()
    }

    /// What brings back what was there before a release.
    fn undo(&self, release: Option<u32>, otherwise: Command) -> Command {
        let Some(version) = release else {
            return otherwise;
        };
        let told = self.facts.releases.iter().flatten();
        let good = told.filter(|it| it.version < version && it.status == "succeeded");
        match good
            .map(|it| it.version)
            .max()
            .unwrap_or(version.saturating_sub(1))
        {
            0..=2 => Command::Fixed("releases"),
            before => Command::Rollback(before),
        }
    }
}

/// A type of process, if its name is one.
fn named(kind: &str) -> &str {
    let is_part = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-".contains(&it);
    let is_name = (1..=20).contains(&kind.len()) && kind.bytes().all(is_part);
    if is_name { kind } else { "a process" }
}

fn times(seen: Seen) -> String {
    if seen.count == 1 {
        "once".to_owned()
    } else {
        format!("{} times", seen.count)
    }
}

fn since_release(release: Option<u32>) -> String {
    release.map_or_else(String::new, |version| format!(", since v{version}"))
}

/// When, who and how often.
pub fn head(piece: &Piece) -> String {
    let source = if piece.source == Source::Platform {
        "heroku"
    } else {
        "app"
    };
    let count = if piece.seen.count > 1 {
        format!(" ×{}", piece.seen.count)
    } else {
        String::new()
    };
    format!(
        "{} {source}[{}]{count}:",
        log::stamp(piece.seen.first),
        piece.process
    )
}

/// The line of a piece that tells most.
fn proof(piece: &Piece) -> String {
    let mut lines = piece.text.lines();
    let is_python = piece.text.contains("Traceback (most recent");
    let telling = lines
        .clone()
        .find(|it| words::missing_variable(it).is_some());
    let telling = telling.or_else(|| lines.clone().find(|it| words::sign(it).is_some()));
    // Python ends with the exception.
    let line = telling.or_else(|| {
        if is_python {
            lines.next_back()
        } else {
            lines.next()
        }
    });
    let cut: String = line.unwrap_or_default().trim().chars().take(240).collect();
    format!("{} {cut}", head(piece))
}

/// Databases and other stores, as the app tells of them.
fn stores(case: &Case) -> Vec<Finding> {
    type Store = (&'static str, &'static str, &'static str, &'static str);
    const STORES: &[Store] = &[
        (
            "connections",
            "database-connections",
            "the database is out of connections: the app holds or wants more than there are",
            "articles/postgres-connection-pooling",
        ),
        (
            "database",
            "database",
            "the app can't use its database",
            "articles/heroku-postgresql",
        ),
        (
            "redis",
            "redis",
            "the app can't use its Redis",
            "articles/heroku-redis",
        ),
    ];
    let store = |(sign, id, words, page): &Store| {
        let pieces = case.pieces(|it| it.sign == Some(sign) && it.kind() != "release");
        let seen = Seen::all(pieces.iter().map(|it| it.seen))?;
        let weight = (!case.is_over(seen.last)).then_some(2);
        let command = match *sign {
            "connections" => Command::Fixed("ps:restart"),
            _ => case.undo(case.release_before(seen.first), Command::Fixed("addons")),
        };
        let found = Finding::new(id, weight, page, format!("{words} ({})", times(seen)));
        let found = found
            .command(command)
            .seen(seen)
            .proof(pieces.iter().take(3).map(|it| proof(it)));
        Some(found.explains(&["app-errors", "log-errors", "H12", "H13", "H18"]))
    };
    STORES.iter().filter_map(store).collect()
}

/// What the app itself answers with 500 and more, or logs as an error.
fn app_errors(case: &Case) -> Vec<Finding> {
    let failed = || {
        case.log
            .routes
            .iter()
            .filter(|it| it.status >= 500 && it.code.is_empty())
    };
    let errors = case.pieces(Piece::is_app_error);
    let (answers, logged) = (
        Seen::all(failed().map(|it| it.seen)),
        Seen::all(errors.iter().map(|it| it.seen)),
    );
    let Some(seen) = Seen::all(answers.into_iter().chain(logged)) else {
        return Vec::new();
    };
    let (requests, count) = (
        case.log.requests(|_| true),
        answers.map_or(0, |it| it.count),
    );
    let is_rare = count * 100 <= requests && requests > 0 && logged.is_none_or(|it| it.count < 3);
    let weight = (!is_rare && !case.is_over(seen.last)).then_some(4);
    let fits = if weight.is_some() {
        "no rule fits; "
    } else {
        ""
    };
    let (id, sentence) = match count {
        0 => (
            "log-errors",
            format!("{fits}the app logs errors ({})", times(seen)),
        ),
        _ => (
            "app-errors",
            format!("{fits}the app itself answers {count} of {requests} requests with a failure"),
        ),
    };
    let command = case.undo(
        case.release_before(seen.first),
        Command::Fixed("logs␣-n␣1500"),
    );
    let routes = failed()
        .take(2)
        .map(|it| format!("{} {}", log::stamp(it.seen.first), it.line()));
    let found = Finding::new(id, weight, "articles/logging", sentence).command(command);
    vec![
        found
            .seen(seen)
            .proof(errors.iter().take(2).map(|it| proof(it)).chain(routes)),
    ]
}
