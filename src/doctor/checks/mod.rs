//! The checks, causes before effects. To add one, write a function and its row.

mod heroku;
mod network;
mod service;
mod setup;

use super::{Probe, Verdict};
use crate::error::Error;
pub use heroku::{Facts, LIMIT as STEPS_LIMIT};

/// A check.
pub struct Check {
    /// Stable, for `--json`.
    pub id: &'static str,
    pub title: &'static str,
    /// Checks that have to hold for this one to make sense.
    pub needs: &'static [&'static str],
    pub run: Run,
}

/// How a check is made. An error is a verdict too, but for Ctrl-C.
type Run = fn(&mut Probe<'_>) -> Result<Verdict, Error>;

/// All of them, a row each.
#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check("version", "version", &[], setup::version),
    check("env-file", "env file", &[], setup::env_file),
    check("env-permissions", "env file's permissions", &["env-file"], setup::env_permissions),
    check("env-git", "env file and git", &["env-file"], setup::env_git),
    check("heroku-cli", "Heroku CLI", &[], heroku::cli),
    check("heroku-login", "Heroku account", &["heroku-cli"], heroku::login),
    check("heroku-app", "Heroku app", &["heroku-login"], heroku::app),
    check("heroku-addon", "add-on", &["heroku-app"], heroku::addon),
    check("url", "URL", &[], setup::url),
    check("key", "key", &[], setup::key),
    check("same-source", "URL and key together", &["url", "key"], setup::same_source),
    check("proxy", "proxy", &["url"], network::proxy),
    check("dns", "host name", &["url", "proxy"], network::dns),
    check("tcp", "connection", &["dns"], network::tcp),
    check("tls", "TLS", &["tcp"], network::tls),
    check("catalogue", "list of models", &["tls", "same-source"], network::catalogue),
    check("clock", "clock", &["catalogue"], network::clock),
    check("model", "model", &["catalogue"], service::model),
    check("key-accepted", "key accepted", &["catalogue"], service::key_accepted),
    check("request", "request accepted", &["key-accepted", "model"], service::request),
    check("live", "completion", &["request"], service::live),
    check("streaming", "streaming", &["live"], service::streaming),
    check("rate-limit", "rate limit", &["live"], service::rate_limit),
    check("terminal", "terminal", &[], setup::terminal),
    check("data-folder", "data folder", &[], setup::data_folder),
];

const fn check(
    id: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    run: Run,
) -> Check {
    Check {
        id,
        title,
        needs,
        run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_needs_come_before() {
        for (index, check) in CHECKS.iter().enumerate() {
            let before: Vec<&str> = CHECKS[..index].iter().map(|check| check.id).collect();
            assert!(!before.contains(&check.id), "{}", check.id);
            assert!(
                check.needs.iter().all(|need| before.contains(need)),
                "{}",
                check.id
            );
        }
    }

    #[test]
    fn the_documentation_lists_the_checks_as_the_table_does() {
        let page = include_str!("../../../docs/doctor.md");
        let list: Vec<String> = CHECKS
            .iter()
            .map(|check| format!("`{}`", check.id))
            .collect();
        assert!(
            page.contains(&list.join(", ")),
            "docs/doctor.md should hold:\n{}",
            list.join(", ")
        );
    }
}
