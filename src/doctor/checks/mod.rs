//! The checks, in the order in which causes come before effects. Adding one is a function and a
//! row.

mod heroku;
mod network;
mod service;
mod setup;

use super::{Probe, Verdict};
use crate::error::Error;

/// A check.
pub struct Check {
    /// Stable, for `--json`.
    pub id: &'static str,
    pub title: &'static str,
    /// Checks that have to hold for this one to make sense.
    pub needs: &'static [&'static str],
    /// An error is a verdict too, but for Ctrl-C.
    pub run: fn(&mut Probe<'_>) -> Result<Verdict, Error>,
}

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "version",
        title: "version",
        needs: &[],
        run: setup::version,
    },
    Check {
        id: "env-file",
        title: "env file",
        needs: &[],
        run: setup::env_file,
    },
    Check {
        id: "env-permissions",
        title: "env file's permissions",
        needs: &["env-file"],
        run: setup::env_permissions,
    },
    Check {
        id: "env-git",
        title: "env file and git",
        needs: &["env-file"],
        run: setup::env_git,
    },
    Check {
        id: "heroku-cli",
        title: "Heroku CLI",
        needs: &[],
        run: heroku::cli,
    },
    Check {
        id: "heroku-login",
        title: "Heroku account",
        needs: &["heroku-cli"],
        run: heroku::login,
    },
    Check {
        id: "heroku-app",
        title: "Heroku app",
        needs: &["heroku-login"],
        run: heroku::app,
    },
    Check {
        id: "heroku-addon",
        title: "add-on",
        needs: &["heroku-app"],
        run: heroku::addon,
    },
    Check {
        id: "url",
        title: "URL",
        needs: &[],
        run: setup::url,
    },
    Check {
        id: "key",
        title: "key",
        needs: &[],
        run: setup::key,
    },
    Check {
        id: "same-source",
        title: "URL and key together",
        needs: &["url", "key"],
        run: setup::same_source,
    },
    Check {
        id: "proxy",
        title: "proxy",
        needs: &["url"],
        run: network::proxy,
    },
    Check {
        id: "dns",
        title: "host name",
        needs: &["url", "proxy"],
        run: network::dns,
    },
    Check {
        id: "tcp",
        title: "connection",
        needs: &["dns"],
        run: network::tcp,
    },
    Check {
        id: "tls",
        title: "TLS",
        needs: &["tcp"],
        run: network::tls,
    },
    Check {
        id: "catalogue",
        title: "list of models",
        needs: &["tls", "same-source"],
        run: network::catalogue,
    },
    Check {
        id: "clock",
        title: "clock",
        needs: &["catalogue"],
        run: network::clock,
    },
    Check {
        id: "model",
        title: "model",
        needs: &["catalogue"],
        run: service::model,
    },
    Check {
        id: "key-accepted",
        title: "key accepted",
        needs: &["catalogue"],
        run: service::key_accepted,
    },
    Check {
        id: "request",
        title: "request accepted",
        needs: &["key-accepted", "model"],
        run: service::request,
    },
    Check {
        id: "live",
        title: "completion",
        needs: &["request"],
        run: service::live,
    },
    Check {
        id: "streaming",
        title: "streaming",
        needs: &["live"],
        run: service::streaming,
    },
    Check {
        id: "rate-limit",
        title: "rate limit",
        needs: &["live"],
        run: service::rate_limit,
    },
    Check {
        id: "terminal",
        title: "terminal",
        needs: &[],
        run: setup::terminal,
    },
    Check {
        id: "data-folder",
        title: "data folder",
        needs: &[],
        run: setup::data_folder,
    },
];

/// The title of a check, by its id.
pub fn title(id: &str) -> &'static str {
    CHECKS
        .iter()
        .find(|check| check.id == id)
        .map_or("another check", |check| check.title)
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
    fn readme_lists_the_checks_as_the_table_does() {
        let readme = include_str!("../../../README.md");
        let list: Vec<String> = CHECKS
            .iter()
            .map(|check| format!("`{}`", check.id))
            .collect();
        assert!(
            readme.contains(&list.join(", ")),
            "README.md should hold:\n{}",
            list.join(", ")
        );
    }
}
