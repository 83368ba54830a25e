//! Why an app fails: its log and what Heroku tells of it, reduced, masked and judged by rules. Pure:
//! knows no network, no clock, no screen and no model.
//!
//! [`Reader`] takes the lines as they come and ends in an [`Examined`], which holds no secrets;
//! [`Examined::judge`] gives the verdict, [`Examined::brief`] what a model would be told.

mod brief;
mod command;
mod digest;
mod facts;
mod fold;
mod log;
pub mod mask;
mod quotes;
mod rules;
mod verdict;
mod words;

use crate::config::secret::Secret;
pub use brief::Brief;
use digest::Digest;
pub use facts::{Addon, App, Dyno, Facts, Release};
use log::Window;
pub use log::{Filter, Time, kind, time};
pub use mask::Masker;
pub use quotes::unfounded;
use rules::Case;
pub use verdict::{Cause, Status, Verdict};

/// Reads a log, line by line.
#[derive(Debug, Default)]
pub struct Reader {
    window: Window,
    digest: Digest,
}

/// A log that was read, and what Heroku tells beside it.
#[derive(Debug)]
pub struct Examined {
    log: Digest,
    facts: Facts,
    masker: Masker,
    has_values: bool,
}

impl Reader {
    pub fn new(filter: Filter) -> Self {
        let mut reader = Reader::default();
        reader.window.filter = filter;
        reader
    }

    /// Takes a line.
    pub fn push(&mut self, line: &str) {
        let digest = &mut self.digest;
        self.window
            .push(line.trim_end_matches(['\r', '\n']), &mut |entry| {
                digest.take(entry)
            });
    }

    /// Ends the log. The values of the app's config vars are masked in it, if they are known, and
    /// kept no longer than what comes of this.
    pub fn end(mut self, facts: Facts, values: Option<&[Secret]>) -> Examined {
        let mut masker = Masker::new(values.unwrap_or_default());
        let digest = &mut self.digest;
        self.window.end(&mut |entry| digest.take(entry));
        digest.total = self.window.count;
        digest.end(&mut masker);
        let has_values = values.is_some();
        Examined {
            log: self.digest,
            facts,
            masker,
            has_values,
        }
    }
}

impl Examined {
    /// What the rules find. `app` is named in commands.
    pub fn judge(&self, app: Option<&str>) -> Verdict {
        Case {
            facts: &self.facts,
            log: &self.log,
            app,
        }
        .judge()
    }

    /// The message for a model, fenced.
    pub fn brief(&mut self, verdict: &Verdict) -> Brief {
        brief::brief(
            &self.facts,
            &self.log,
            verdict,
            self.has_values,
            &mut self.masker,
        )
    }
}

#[cfg(test)]
mod tests;
