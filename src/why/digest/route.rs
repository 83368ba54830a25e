//! Requests, by what they ask for and how they end.

use super::{Digest, Seen};
use crate::why::fold;
use crate::why::log::{self, Entry, Time};

/// How many paths are told apart; the rest of a kind is one.
const MOST_ROUTES: usize = 500;

/// So many times of service are kept of a route.
const MOST_TIMES: usize = 20_000;

/// Requests of one kind.
#[derive(Debug)]
pub struct Route {
    /// Such as `H12`; empty if the router had no complaint.
    pub code: String,
    pub status: u16,
    pub method: String,
    pub path: String,
    pub is_scan: bool,
    pub seen: Seen,
    /// Milliseconds.
    service: Vec<u32>,
}

impl Digest {
    pub(super) fn request(&mut self, entry: &Entry) {
        let (mut code, mut status, mut method, mut path, mut service) = ("", 0, "", "", None);
        for (key, value) in log::fields(entry.text()) {
            match key {
                // Behind the path, it may be text of a visitor.
                "code" if path.is_empty() => code = value,
                "status" => status = value.parse().unwrap_or(0),
                "method" => method = value,
                "path" => path = value,
                "service" => service = value.trim_end_matches("ms").parse().ok(),
                _ => {}
            }
        }
        let minute = self
            .minutes
            .entry(entry.at.unix_timestamp() / 60)
            .or_default();
        match status {
            // The client went away, which is no failure of the app.
            499 => {}
            500.. => minute.1 += 1,
            _ => minute.0 += 1,
        }
        let is_scan = (400..=405).contains(&status) && code.is_empty() && fold::is_scanned(path);
        let mut template = String::new();
        match is_scan {
            true => template.push_str("/(what scanners look for)"),
            false => fold::template(path, &mut template),
        }
        let mut key = fold::key((code, status, method, &*template));
        if self.routes.len() >= MOST_ROUTES && !self.known_routes.contains_key(&key) {
            template = "/(others)".to_owned();
            key = fold::key((code, status, &*template));
        }
        let index = *self.known_routes.entry(key).or_insert(self.routes.len());
        if let Some(route) = self.routes.get_mut(index) {
            route.seen = route.seen.and(Seen::once(entry.at));
            return route
                .service
                .extend(service.filter(|_| route.service.len() < MOST_TIMES));
        }
        self.routes.push(Route {
            code: code.to_owned(),
            status,
            method: method.to_owned(),
            path: template,
            is_scan,
            seen: Seen::once(entry.at),
            service: service.into_iter().collect(),
        });
    }

    /// How many requests were answered, and how many failed, in the minutes after a time.
    pub fn answers_after(&self, time: Time) -> (usize, usize) {
        let after = self.minutes.range(time.unix_timestamp() / 60 + 1..);
        after.fold((0, 0), |(ok, failed), (_, it)| (ok + it.0, failed + it.1))
    }

    /// How many requests there are of which this holds.
    pub fn requests(&self, holds: impl Fn(&Route) -> bool) -> usize {
        let routes = self.routes.iter().filter(|it| holds(it));
        routes.map(|it| it.seen.count).sum()
    }
}

impl Route {
    /// What it is, how often, and how long it takes.
    pub fn line(&self) -> String {
        let mut times = self.service.clone();
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).or(times.last());
        let service = match (at(50), at(95), times.last()) {
            (Some(p50), Some(p95), Some(max)) => {
                format!(", service p50 {p50} ms, p95 {p95} ms, max {max} ms")
            }
            _ => String::new(),
        };
        let Route {
            code,
            status,
            method,
            path,
            ..
        } = self;
        let call = format!("{code} {status} {method} {path}");
        format!(
            "heroku[router] ×{}: {}{service}",
            self.seen.count,
            call.trim_start()
        )
    }
}
