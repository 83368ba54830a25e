//! What the checks found, as lines for people or as JSON for machines. Pure.

use std::time::Duration;

use serde::Serialize;

use super::checks::Check;
use super::fix::Mend;
use crate::config::Source;
use crate::error::Explanation;

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
    /// What was found, and what to do about it.
    pub words: Explanation,
    /// Where the value in question comes from.
    pub source: Option<String>,
    /// What `--fix` could do about it.
    pub mend: Option<Box<Mend>>,
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Stable from version to version.
    pub id: &'static str,
    pub title: &'static str,
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Commands that do it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// Commands that only show what is to be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<String>,
    /// Where the value in question comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How long the check took.
    pub milliseconds: u64,
    #[serde(skip)]
    pub mend: Option<Box<Mend>>,
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

impl Status {
    /// Its name, as JSON has it too.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Skip => "skip",
        }
    }

    /// A verdict: what was found, and what to do about it.
    pub fn found(self, words: impl Into<Explanation>) -> Verdict {
        Verdict {
            status: self,
            words: words.into(),
            source: None,
            mend: None,
        }
    }
}

impl Verdict {
    pub fn from(mut self, source: &Source) -> Self {
        self.source = Some(source.to_string());
        self
    }

    /// With what `--fix` could do about it.
    pub fn mend(mut self, mend: Mend) -> Self {
        self.mend = Some(Box::new(mend));
        self
    }
}

impl Entry {
    /// The line of a check with this outcome, without what must not be shown.
    pub fn of(
        check: &Check,
        verdict: Verdict,
        took: Duration,
        clean: impl Fn(&str) -> String,
    ) -> Self {
        let found = verdict.words.in_a_line();
        // The commands stand below all sentences, in the same order: first what mends.
        let mut hints = verdict.words.hints;
        hints.sort_by_key(|hint| hint.is_look);
        let mut hint = String::new();
        for sentence in hints.iter().map(ToString::to_string) {
            if hint.ends_with(':') {
                hint.truncate(hint.len() - 1);
                hint.push('.');
            }
            hint += if hint.is_empty() { "" } else { " " };
            hint += &sentence;
        }
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        let commands = |is_look| {
            let hints = hints.iter().filter(move |hint| hint.is_look == is_look);
            hints
                .flat_map(|hint| &hint.commands)
                .map(|command| clean(command))
                .collect()
        };
        Entry {
            id: check.id,
            title: check.title,
            status: verdict.status,
            found: clean(&found),
            hint: hint.as_deref().map(&clean),
            commands: commands(false),
            looks: commands(true),
            source: verdict.source.as_deref().map(&clean),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            mend: verdict.mend,
        }
    }

    /// All commands, as they stand below the hint.
    pub fn all_commands(&self) -> Vec<String> {
        self.commands.iter().chain(&self.looks).cloned().collect()
    }
}

impl Report {
    /// Whether a check was done and did not fail.
    pub fn holds(&self, id: &str) -> bool {
        let found = self.checks.iter().find(|entry| entry.id == id);
        found.is_some_and(|entry| matches!(entry.status, Status::Pass | Status::Warn))
    }

    /// What `--fix` could do.
    pub fn mends(&self) -> impl Iterator<Item = &Mend> {
        let entries = self.checks.iter();
        entries.filter_map(|entry| entry.mend.as_deref())
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

    /// The report of a run that could not begin.
    pub fn of_none(why: &str) -> Self {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            next: Some(why.to_owned()),
            ..Report::default()
        }
    }

    /// How many checks ended so.
    pub fn count(&self, status: Status) -> usize {
        let entries = self.checks.iter();
        entries.filter(|entry| entry.status == status).count()
    }

    /// The whole as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and numbers always serialise")
    }

    /// The last line for people, below which stands what to do first.
    pub fn summary(&self) -> String {
        let count = |status| self.count(status);
        let (passed, warned) = (count(Status::Pass), count(Status::Warn));
        let counts = format!(
            "{passed} passed, {warned} warned, {} failed",
            count(Status::Fail)
        );
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
        let check = Check {
            id,
            title: id,
            needs: &[],
            run: |_| unreachable!("its verdict is known"),
        };
        Entry::of(&check, verdict, Duration::ZERO, str::to_owned)
    }

    #[test]
    fn the_first_failure_comes_before_the_first_warning() {
        let mut report = Report::default();
        report.checks.push(entry("one", Status::Pass.found("fine")));
        report.checks.push(entry(
            "two",
            Status::Warn.found(Explanation::from("hm").hint("look")),
        ));
        report.checks.push(entry(
            "three",
            Status::Fail.found(
                Explanation::from("broken")
                    .hint("fix it")
                    .command("heroku login"),
            ),
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
        report.checks.push(entry("one", Status::Pass.found("fine")));
        report
            .checks
            .push(entry("two", Status::Skip.found("not needed")));
        report.finish();
        assert!(report.ok);
        assert_eq!(report.next, None);
    }
}
