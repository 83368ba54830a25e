//! The lives of dynos as their manager tells them, and what people did to the app.

use super::Digest;
use crate::why::log::{Entry, Time};

/// Beyond so many, no more is noted of anything here.
const MOST: usize = 1000;

/// A dyno since it started last, and its crashes.
#[derive(Debug, Default)]
pub struct Life {
    pub started: Option<Time>,
    /// Since when it is up, if it is.
    pub up: Option<Time>,
    pub is_idle: bool,
    pub crashes: Vec<Crash>,
    /// With which status its process ended.
    pub status: Option<i32>,
    /// How many minutes after its start its memory ran out, the last time.
    pub lasted: Option<i64>,
    /// Whether it had taken more and more of it, till then.
    pub grows: bool,
    /// The share of its memory that it had first, and whether it has much more now.
    memory: Option<(f64, bool)>,
    is_out: bool,
    /// With which error Heroku ended it, if it did.
    code: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct Crash {
    pub at: Time,
    pub started: Option<Time>,
    /// Whether it never came up.
    pub in_boot: bool,
    pub status: Option<i32>,
    pub code: Option<&'static str>,
}

/// Somebody changed the number of dynos.
#[derive(Debug)]
pub struct Scaling {
    pub at: Time,
    pub web: u32,
    /// The address of an account, or nothing.
    pub by: String,
}

impl Digest {
    /// Follows the life of a dyno.
    pub(super) fn event(&mut self, entry: &Entry) {
        let (process, text, at) = (entry.process(), entry.text(), entry.at);
        if !self.lives.contains_key(process) && self.lives.len() >= MOST {
            return;
        }
        let life = self.lives.entry(process.to_owned()).or_default();
        if let Some((from, to)) = text
            .strip_prefix("State changed from ")
            .and_then(|it| it.split_once(" to "))
        {
            life.change(from, to, at);
        } else if let Some(status) = text.strip_prefix("Process exited with status ") {
            life.status = status.trim().parse().ok();
        } else if text.starts_with("Starting process") {
            (life.started, life.status) = (Some(at), None);
        } else if text.starts_with("Idling") {
            life.is_idle = true;
        } else if let Some(error) = text.strip_prefix("Error ") {
            const ENDING: &[&str] = &["R10", "R15", "R17", "R99"];
            life.code = ENDING
                .iter()
                .find(|it| error.starts_with(**it))
                .copied()
                .or(life.code);
            if error.starts_with("R14") && !life.is_out {
                life.is_out = true;
                life.lasted = life.started.map(|started| (at - started).whole_minutes());
            }
            life.grows |= life.memory.is_some_and(|(_, is_more)| is_more);
        } else if text.starts_with("Process running mem=")
            && let Some((_, share)) = text.split_once('(')
            && let Ok(share) = share.trim_end_matches(['%', ')']).parse()
        {
            let first = life.memory.map_or(share, |(first, _)| first);
            life.memory = Some((first, share > first + 5.0));
        }
    }

    /// Notes what somebody did to the app.
    pub(super) fn action(&mut self, entry: &Entry) {
        let (text, at) = (entry.text(), entry.at);
        let version = |start: &str| {
            text.strip_prefix(start)?
                .split(' ')
                .next()?
                .parse::<u32>()
                .ok()
        };
        if self.releases.len() + self.phases.len() + self.scalings.len() > 5 * MOST {
            return;
        }
        self.releases
            .extend(version("Release v").map(|version| (version, at)));
        self.phases
            .extend(version("Running release v").map(|version| (version, at)));
        let sizes = text
            .strip_prefix("Scaled to ")
            .into_iter()
            .flat_map(|it| it.split(' '));
        let web = sizes.filter_map(|it| it.strip_prefix("web@")?.split(':').next()?.parse().ok());
        let by = text
            .rsplit_once(" by user ")
            .map_or("", |(_, by)| by.trim());
        let is_part = |it: char| it.is_ascii_alphanumeric() || "@._+-".contains(it);
        let is_account = by.len() <= 80 && by.matches('@').count() == 1 && by.chars().all(is_part);
        let by = if is_account { by } else { "" };
        self.scalings.extend(web.map(|web| Scaling {
            at,
            web,
            by: by.to_owned(),
        }));
    }
}

impl Life {
    fn change(&mut self, from: &str, to: &str, at: Time) {
        self.up = (to == "up").then_some(at);
        if to == "starting" {
            *self = Life {
                crashes: std::mem::take(&mut self.crashes),
                lasted: self.lasted,
                grows: self.grows,
                started: Some(at),
                ..Life::default()
            };
        } else if to == "crashed" && self.crashes.len() < MOST {
            self.crashes.push(Crash {
                at,
                started: self.started,
                in_boot: from == "starting",
                status: self.status,
                code: self.code,
            });
        }
    }
}
