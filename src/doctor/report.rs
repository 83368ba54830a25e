//! What the checks found, as lines for people or as JSON for machines. Pure.

use std::iter;

use serde::Serialize;

use crate::config::Source;
use crate::error::{Error, Explanation};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    /// Works, but somebody should look at it.
    Warn,
    Fail,
    /// Not looked at; `found` says why.
    Skip,
}

/// The outcome of one check, before it is known which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: Status,
    /// What is so, and what to do about it.
    pub words: Explanation,
    /// Where the value in question comes from.
    pub source: Option<String>,
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Stable from version to version.
    pub id: &'static str,
    pub title: &'static str,
    pub status: Status,
    /// What is so.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Commands that do it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// Where the value in question comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How long the check took.
    pub milliseconds: u64,
}

/// All lines, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub version: &'static str,
    /// Whether all was looked at and nothing failed.
    pub ok: bool,
    /// Whether Ctrl-C ended it before all checks were done.
    pub interrupted: bool,
    /// The first thing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub checks: Vec<Entry>,
}

impl Entry {
    /// The line of a check that Ctrl-C came before.
    pub fn interrupted(id: &'static str, title: &'static str) -> Self {
        Entry::of(id, title, Verdict::skip("not checked: interrupted"), 0)
    }

    /// The line of a check with this outcome.
    pub fn of(id: &'static str, title: &'static str, verdict: Verdict, milliseconds: u64) -> Self {
        let words = verdict.words;
        let hints: Vec<String> = words.hints.iter().map(ToString::to_string).collect();
        Entry {
            id,
            title,
            status: verdict.status,
            found: match words.detail {
                Some(detail) => format!("{}. {detail}", words.title),
                None => words.title,
            },
            hint: (!hints.is_empty()).then(|| hints.join(" ")),
            commands: words
                .hints
                .into_iter()
                .flat_map(|hint| hint.commands)
                .collect(),
            source: verdict.source,
            milliseconds,
        }
    }

    /// The same without what must not be shown.
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        let texts = iter::once(&mut self.found)
            .chain(&mut self.hint)
            .chain(&mut self.commands)
            .chain(&mut self.source);
        texts.for_each(|text| *text = clean(text));
        self
    }
}

impl Verdict {
    /// A verdict in words that are known already.
    pub fn new(status: Status, words: Explanation) -> Self {
        Verdict {
            status,
            words,
            source: None,
        }
    }

    pub fn pass(found: impl Into<String>) -> Self {
        Verdict::new(Status::Pass, Explanation::from(found))
    }

    pub fn warn(found: impl Into<String>) -> Self {
        Verdict::new(Status::Warn, Explanation::from(found))
    }

    pub fn fail(found: impl Into<String>) -> Self {
        Verdict::new(Status::Fail, Explanation::from(found))
    }

    pub fn skip(found: impl Into<String>) -> Self {
        Verdict::new(Status::Skip, Explanation::from(found))
    }

    /// A failure in the words that every command uses for it.
    pub fn failed_by(error: &Error) -> Self {
        Verdict::new(Status::Fail, error.explain())
    }

    pub fn hint(mut self, sentence: impl Into<String>) -> Self {
        self.words = self.words.hint(sentence);
        self
    }

    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.words = self.words.command(command);
        self
    }

    pub fn from(self, source: &Source) -> Self {
        Verdict {
            source: Some(source.to_string()),
            ..self
        }
    }
}

impl Report {
    /// Adds a line.
    pub fn add(&mut self, entry: Entry) {
        self.checks.push(entry);
    }

    /// Whether a check was done and did not fail.
    pub fn holds(&self, id: &str) -> bool {
        let found = self.checks.iter().find(|entry| entry.id == id);
        found.is_some_and(|entry| matches!(entry.status, Status::Pass | Status::Warn))
    }

    /// Ends the report: what to do first.
    pub fn finish(&mut self) {
        self.ok = self.count(Status::Fail) == 0 && !self.interrupted;
        self.next = self.first().map(|entry| {
            let step = entry.commands.first().or(entry.hint.as_ref());
            format!("{}: {}", entry.title, step.unwrap_or(&entry.found))
        });
    }

    /// The line to begin with: the first failure, else the first warning.
    pub fn first(&self) -> Option<&Entry> {
        let with = |status| self.checks.iter().find(|entry| entry.status == status);
        with(Status::Fail).or_else(|| with(Status::Warn))
    }

    /// How many checks ended so.
    pub fn count(&self, status: Status) -> usize {
        self.checks
            .iter()
            .filter(|entry| entry.status == status)
            .count()
    }

    /// The whole as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and numbers always serialise")
    }

    /// The last line for people, below which stands what to do first.
    pub fn summary(&self) -> String {
        let [failed, warned, passed] =
            [Status::Fail, Status::Warn, Status::Pass].map(|status| self.count(status));
        let counts = format!("{passed} passed, {warned} warned, {failed} failed");
        match (self.first(), self.interrupted) {
            (_, true) => format!("Interrupted. {counts}."),
            (Some(first), _) => format!("{counts}. First: {}", first.title),
            (None, _) => format!("{counts}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &'static str, verdict: Verdict) -> Entry {
        Entry::of(id, id, verdict, 0)
    }

    #[test]
    fn the_first_failure_comes_before_the_first_warning() {
        let mut report = Report::default();
        report.add(entry("one", Verdict::pass("fine")));
        report.add(entry("two", Verdict::warn("hm").hint("look")));
        report.add(entry(
            "three",
            Verdict::fail("broken")
                .hint("fix it")
                .command("heroku login"),
        ));
        report.finish();
        assert!(!report.ok);
        assert_eq!(report.next.as_deref(), Some("three: heroku login"));
        assert_eq!(
            report.summary(),
            "1 passed, 1 warned, 1 failed. First: three"
        );
        assert!(
            report.holds("one")
                && report.holds("two")
                && !report.holds("three")
                && !report.holds("four")
        );
    }

    #[test]
    fn a_report_without_failures_is_ok() {
        let mut report = Report::default();
        report.add(entry("one", Verdict::pass("fine")));
        report.add(entry("two", Verdict::skip("not needed")));
        report.finish();
        assert!(report.ok);
        assert_eq!(report.next, None);
    }
}
