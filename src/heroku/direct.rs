//! Config vars by one request of the Platform API, where nothing has to be started for it. Whenever
//! that is not to be had the Heroku CLI is asked, which knows more ways and has words for every
//! failure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::platform::{Platform, Question, Wanted};
use super::remote;
use crate::api::Tell;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::config::{HerokuAnswer, HerokuQuery};
use crate::error::{Error, HerokuFailure};
use crate::interrupt::Interrupts;

/// The names of all config vars of an app, with values where [`Wanted`] keeps them.
pub type ConfigVars = BTreeMap<String, Secret>;

/// The Platform API, with a login, and an app to ask it about.
pub struct Direct {
    platform: Platform,
    app: String,
}

impl Direct {
    /// The way to ask for this without the CLI.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn find(
        query: &HerokuQuery,
        environment: &Environment,
        interrupts: &Interrupts,
    ) -> Result<Self, &'static str> {
        if !is_allowed(query, environment) {
            return Err("the direct way is turned off");
        }
        // First, because Ctrl-C ends no process that has a Platform.
        let app = remote::app(query, environment).ok_or("it is not certain which app is meant")?;
        let platform = Platform::at_hand(environment, interrupts);
        let platform = platform.ok_or("no token is at hand that Heroku may be given")?;
        Ok(Direct { platform, app })
    }

    /// The token, which nobody is to see.
    pub fn token(&self) -> &Secret {
        self.platform.token()
    }

    /// Asks for the app's config vars, of which those of the query keep their values.
    ///
    /// # Errors
    /// As [`Platform::ask`].
    pub fn config_vars(
        &self,
        query: &HerokuQuery,
        limit: Duration,
        tell: Tell<'_>,
    ) -> Result<ConfigVars, Error> {
        let question = Question::get(format!("/apps/{}/config-vars", self.app), limit);
        self.platform.ask(question, Wanted(&query.variables), tell)
    }

    /// What went wrong, for where there is no CLI with words for it.
    pub fn failure(&self, error: Error) -> HerokuFailure {
        self.platform.failure(error, &self.app)
    }
}

/// Whether Heroku may be asked without its CLI.
pub fn is_allowed(query: &HerokuQuery, environment: &Environment) -> bool {
    // Whatever is no word for "on" was meant to turn it off.
    let is_on = |it: &str| it == "on";
    query.direct && environment.get("HEROKU_CHAT_DIRECT").is_none_or(is_on)
}

/// What `heroku config:get` would say of these variables.
pub fn answer(all: &ConfigVars, query: &HerokuQuery) -> HerokuAnswer {
    let is_set = |name: &&String| all.get(*name).is_some_and(|it| !it.expose().is_empty());
    let names = query.variables.iter().filter(is_set);
    let values: ConfigVars = names
        .map(|name| (name.clone(), all[name].clone()))
        .collect();
    match values.is_empty() {
        true => Err(HerokuFailure::NotAttached(query.app.clone())),
        false => Ok(values),
    }
}
