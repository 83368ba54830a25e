//! Lines of `heroku logs`: `TIME SOURCE[PROCESS]: TEXT`, and the router's `key=value` fields in one.
//!
//! Logplex delivers them out of order (an exception after the crash that it caused), so a window of
//! lines is put in order before anybody looks at them; no more than that window is held.

use std::ops::Range;

use super::mask::clean::clean;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

pub type Time = OffsetDateTime;

/// How many lines are in the window, and how many leave it at once. In recorded logs a line is late
/// by no more than some dozens.
const WINDOW: usize = 1024;

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The app, in one of its dynos.
    App,
    Router,
    /// The manager of dynos.
    Platform,
    /// What people did to the app.
    Api,
    /// An add-on that logs on its own.
    Addon,
}

/// A line, and those without a time of their own that follow it.
#[derive(Debug)]
pub struct Entry {
    pub at: Time,
    pub source: Source,
    line: String,
    process: Range<usize>,
    text: usize,
}

impl Entry {
    /// Reads a line; none if it has another form.
    pub fn parse(line: &str) -> Option<Entry> {
        // The Heroku CLI can be told to colour a pipe.
        if line.starts_with('\x1b') {
            return Entry::parse(&clean(line));
        }
        let (stamp, rest) = line.split_once(' ')?;
        let at = time(stamp)?;
        let (source, rest) = rest.split_once('[')?;
        let (process, text) = rest.split_once("]:")?;
        let is_name = |name: &str| name.len() <= 80 && !name.contains([' ', '\t', '[', '=']);
        if !is_name(source) || !is_name(process) {
            return None;
        }
        let text = text.strip_prefix(' ').unwrap_or(text);
        let start = stamp.len() + source.len() + 2;
        // Apps of the Fir generation have sources of the form `heroku-router`.
        let source = match (source, process) {
            ("app", "api") | ("heroku", "api") | ("heroku-api", _) => Source::Api,
            ("heroku", "router") | ("heroku-router", _) => Source::Router,
            ("app", name) if name.starts_with("heroku-") || name.starts_with("postgres.") => {
                Source::Addon
            }
            (name, _) if name.starts_with("heroku") => Source::Platform,
            _ => Source::App,
        };
        Some(Entry {
            at,
            source,
            process: start..start + process.len(),
            text: line.len() - text.len(),
            line: line.to_owned(),
        })
    }

    pub fn process(&self) -> &str {
        &self.line[self.process.clone()]
    }

    pub fn text(&self) -> &str {
        &self.line[self.text..]
    }
}

/// The type of a process: `web` of `web.1`, and of Fir's `web-5f8c7d9b4-x2x7k`.
pub fn kind(process: &str) -> &str {
    if let Some((kind, _)) = process.split_once('.') {
        return kind;
    }
    let is_id = |part: &str, length: Range<usize>| {
        length.contains(&part.len()) && part.bytes().any(|byte| byte.is_ascii_digit())
    };
    match process.rsplitn(3, '-').collect::<Vec<_>>()[..] {
        [pod, set, kind] if is_id(set, 6..12) && pod.len() == 5 => kind,
        _ => process,
    }
}

/// The fields of a router's line, without the quotes of their values.
pub fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (key, tail) = rest.split_once('=')?;
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_once(' ').unwrap_or((tail, "")),
        };
        rest = tail;
        Some((key.trim_start(), value))
    })
}

/// A time in the form of RFC 3339, in UTC.
pub fn time(stamp: &str) -> Option<Time> {
    let is_likely = stamp.len() >= 20 && stamp.as_bytes()[0].is_ascii_digit();
    let time = is_likely.then(|| OffsetDateTime::parse(stamp, &Rfc3339).ok())??;
    Some(time.to_offset(UtcOffset::UTC))
}

/// A time as people read it.
pub fn stamp(time: Time) -> String {
    let (hour, minute, second) = time.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}", time.date())
}

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// A dyno such as `web.1`, or all of a type. What people did and the app as a whole stays.
    pub process: Option<String>,
}

impl Filter {
    fn takes(&self, entry: &Entry) -> bool {
        let is_meant = |wanted: &String| {
            let name = entry.process();
            let is_web = wanted == "web" || wanted.starts_with("web.");
            match entry.source {
                Source::Api => true,
                Source::Router => is_web || wanted == "router",
                _ => wanted == name || wanted == kind(name),
            }
        };
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at <= until)
            && self.process.as_ref().is_none_or(is_meant)
    }
}

/// Puts lines in order, and hands them on.
#[derive(Debug, Default)]
pub struct Window {
    pub filter: Filter,
    entries: Vec<Entry>,
    /// Whether the line before was taken, and so what belongs to it.
    takes_more: bool,
    /// How many lines came in all.
    pub count: usize,
}

impl Window {
    /// Takes a line without its end, and hands on what is certain to be in order.
    pub fn push(&mut self, line: &str, digest: &mut impl FnMut(&Entry)) {
        self.count += 1;
        match Entry::parse(line) {
            Some(entry) => {
                self.takes_more = self.filter.takes(&entry);
                self.entries.extend(Some(entry).filter(|_| self.takes_more));
            }
            // A paste is wrapped, and some drains leave lines of one message as they are.
            None => {
                if let Some(entry) = self
                    .entries
                    .last_mut()
                    .filter(|it| self.takes_more && it.source == Source::App)
                    && entry.line.len() < 64 * 1024
                {
                    entry.line.push('\n');
                    entry.line.push_str(line);
                }
            }
        }
        if self.entries.len() >= 2 * WINDOW {
            self.hand_on(WINDOW, digest);
        }
    }

    /// Hands on what is left.
    pub fn end(&mut self, digest: &mut impl FnMut(&Entry)) {
        self.hand_on(self.entries.len(), digest);
    }

    fn hand_on(&mut self, count: usize, digest: &mut impl FnMut(&Entry)) {
        // Stable: lines of one moment stay as they came. Nearly sorted, so this is nearly linear.
        self.entries.sort_by_key(|entry| entry.at);
        self.entries.drain(..count).for_each(|entry| digest(&entry));
    }
}
