//! What the rules found: causes in the order of their weight, what was once and is over, and what
//! looks bad and isn't.

use serde::Serialize;

/// How an app is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Healthy,
    /// A cause was found.
    Failing,
    /// It fails, and no rule says why.
    Unexplained,
    /// There was nothing to judge by.
    Unknown,
}

/// Something that explains what users see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Stable from version to version.
    pub id: &'static str,
    /// What it is, in words of ours.
    pub sentence: String,
    /// When it began and was last seen, in UTC, if the log tells.
    pub since: Option<String>,
    pub last: Option<String>,
    /// What proves it: lines of the log, masked, and facts.
    pub evidence: Vec<String>,
    /// Where Heroku explains it.
    pub page: String,
    /// What undoes it, to be copied.
    pub command: Option<String>,
}

/// All that can be said without a model.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub status: Status,
    /// What to look at first.
    pub summary: String,
    pub causes: Vec<Cause>,
    /// What was and is over, and what looks bad and isn't.
    pub notes: Vec<Cause>,
    /// The first and the last error, whole, if no rule fits.
    pub errors: Vec<String>,
    /// What wasn't known, in sentences.
    pub missing: Vec<String>,
    /// How many lines there were, and how many had the form of a log's.
    pub lines: usize,
    pub read: usize,
}
