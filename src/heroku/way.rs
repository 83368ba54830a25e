//! How Heroku is asked about an app: directly, if there is a login for that and the user allows it,
//! else by the commands of its CLI.

use std::time::Duration;

use url::Url;

use super::HerokuCli;
use super::asking::Asker;
use super::direct;
use super::facts::CLI_PATIENCE;
use super::platform::{Host, Platform};
use crate::config::HerokuQuery;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::HerokuFailure;
use crate::interrupt::Interrupts;
use crate::why::Release;

/// How Heroku is asked.
pub enum Way {
    Direct(Asker),
    /// If that can't be; what is open to all is asked for directly all the same.
    Cli(HerokuCli, Asker),
}

impl Way {
    /// The way to ask about an app that is open. `waiting` is told if the CLI has to be asked for
    /// its login, which takes it a second.
    ///
    /// # Errors
    /// If there can be no such app.
    pub fn find(
        app: &str,
        query: &HerokuQuery,
        limit: Duration,
        (environment, interrupts): (&Environment, &Interrupts),
        waiting: impl FnOnce(),
    ) -> Result<Self, HerokuFailure> {
        let asker = Asker::of(app, limit, environment, interrupts)?;
        let cli = HerokuCli::find(environment);
        let host = Host::of(environment).filter(|_| direct::is_allowed(query, environment));
        let Some(host) = host else {
            return Ok(Way::Cli(cli, asker));
        };
        let platform = Platform::at_hand(environment, interrupts).map_or_else(
            || {
                waiting();
                let token = super::token(&cli, limit.mul_f32(CLI_PATIENCE));
                token.map(|token| Platform::new(host, token, environment, interrupts))
            },
            Ok,
        );
        Ok(Way::Direct(Asker { platform, ..asker }))
    }

    /// The token, which nobody is to see.
    pub fn token(&self) -> Option<&Secret> {
        match self {
            Way::Direct(asker) => asker.platform.as_ref().ok().map(Platform::token),
            Way::Cli(..) => None,
        }
    }

    /// A server of the same API on this machine, with this token.
    ///
    /// # Errors
    /// As [`Way::find`].
    pub fn to(
        url: Url,
        token: Secret,
        (app, limit): (&str, Duration),
        (environment, interrupts): (&Environment, &Interrupts),
    ) -> Result<Self, HerokuFailure> {
        let asker = Asker::of(app, limit, environment, interrupts)?;
        let host = Host {
            base: url.clone(),
            machine: String::new(),
            git: Default::default(),
        };
        let platform = Ok(Platform::new(host, token, environment, interrupts));
        Ok(Way::Direct(Asker {
            platform,
            status: url.into(),
            ..asker
        }))
    }

    pub fn asker(&mut self) -> &mut Asker {
        match self {
            Way::Direct(asker) | Way::Cli(_, asker) => asker,
        }
    }

    /// One release of the app.
    ///
    /// # Errors
    /// Why it can't be had.
    pub fn release(&self, version: u32) -> Result<Release, HerokuFailure> {
        match self {
            Way::Direct(asker) => asker.get(&format!("/releases/{version}")),
            Way::Cli(cli, asker) => {
                let name = format!("v{version}");
                super::json(
                    cli,
                    &["releases:info", &name, "--json"],
                    &asker.query(),
                    super::LIMIT,
                )
            }
        }
    }
}
