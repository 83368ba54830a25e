//! What commands and the REPL work with: the environment, the outputs, interrupts, and a connection
//! to the service or the sandbox.

pub mod following;
pub mod saving;

use std::time::Duration;

use url::Url;

use crate::api::Client;
use crate::api::models::Model;
use crate::app::following::{MODELS, tell};
use crate::cli::{ChatSettings, ConnectionArgs};
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::config::{self, Gathered, HerokuAnswer, HerokuQuery, Setting, Settings, Source};
use crate::error::Error;
use crate::files;
use crate::files::input;
use crate::heroku::{self, HerokuCli};
use crate::interrupt::Interrupts;
use crate::net::Limits;
use crate::sandbox::Sandbox;
use crate::screen::Screen;

/// What every command works with.
pub struct Context {
    pub environment: Environment,
    pub screen: Screen,
    pub interrupts: Interrupts,
}

/// A service to talk to, and the sandbox behind it if there is one.
pub struct Connection {
    pub settings: Settings,
    pub client: Client,
    /// Serves for as long as it lives.
    pub sandbox: Option<Sandbox>,
}

impl Context {
    /// Finds the settings and makes a client of them, or starts the sandbox in their place.
    pub fn connect(&mut self, args: &ConnectionArgs) -> Result<Connection, Error> {
        let (settings, sandbox) = if args.sandbox {
            let sandbox = start_sandbox()?;
            (sandbox_settings(&sandbox, args), Some(sandbox))
        } else {
            (self.gather(args)?.settings(args)?, None)
        };
        self.screen.keep_secret(&settings.key.value);
        let client = self.client(
            args,
            settings.url.value.clone(),
            Some(settings.key.value.clone()),
        );
        Ok(Connection {
            settings,
            client,
            sandbox,
        })
    }

    /// Collects the settings from everywhere, telling of warnings and of a Heroku CLI that takes
    /// its time.
    ///
    /// # Errors
    /// As [`config::gather`].
    pub fn gather(&mut self, args: &ConnectionArgs) -> Result<Gathered, Error> {
        let Context {
            environment,
            screen,
            ..
        } = self;
        let gathered = config::gather(args, environment, |query| {
            ask_heroku(&HerokuCli::find(environment), query, screen)
        })?;
        if let Some(key) = &gathered.key {
            self.screen.keep_secret(&key.value);
        }
        gathered
            .warnings
            .iter()
            .for_each(|warning| self.screen.warning(warning));
        Ok(gathered)
    }

    /// Asks the Heroku CLI, and says so if it takes its time.
    pub fn ask_heroku(&mut self, query: &HerokuQuery) -> HerokuAnswer {
        ask_heroku(&HerokuCli::find(&self.environment), query, &mut self.screen)
    }

    /// The settings of a chat, as flags and environment give them. Markdown is shown accordingly.
    ///
    /// # Errors
    /// A variable with a value that its setting doesn't take.
    pub fn settings(&mut self, flags: &ChatSettings) -> Result<ChatSettings, Error> {
        let mut settings = flags.clone();
        let refused = settings.add_environment(|name| self.environment.get(name));
        refused.map_err(|(what, value, rule)| Error::InvalidValue { what, value, rule })?;
        self.screen.set_markdown(settings.values().markdown);
        Ok(settings)
    }

    /// A client for an address that was checked.
    pub fn client(&self, args: &ConnectionArgs, url: Url, key: Option<Secret>) -> Client {
        Client::new(
            url,
            key,
            Limits::with_first_byte(Duration::from_secs(args.timeout)),
            self.environment.clone(),
        )
    }
}

impl Connection {
    /// The full name of a variable of this attachment.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.settings.prefix)
    }

    /// The failure of having no model, with the ids of chat models to choose from if they can be
    /// had.
    pub fn no_model(&self, context: &mut Context) -> Error {
        let Context {
            screen, interrupts, ..
        } = context;
        let models = self.client.models(interrupts, &mut |progress| {
            tell(screen, MODELS, progress);
        });
        let models = match models {
            Err(Error::Interrupted) => return Error::Interrupted,
            other => other.unwrap_or_default(),
        };
        Error::NoModel {
            variable: self.variable("MODEL_ID"),
            app: self.settings.app.clone(),
            ids: models
                .into_iter()
                .filter(Model::is_chat)
                .map(|model| model.id)
                .collect(),
        }
    }
}

fn ask_heroku(cli: &HerokuCli, query: &HerokuQuery, screen: &mut Screen) -> HerokuAnswer {
    let mut told = false;
    let progress = |elapsed| {
        if elapsed >= Duration::from_secs(15) && !std::mem::replace(&mut told, true) {
            screen.note("still waiting for the Heroku CLI; it is given up after 75 s");
        }
        screen.asking_heroku(elapsed);
    };
    let answer = heroku::config_vars(cli, query, heroku::LIMIT, progress);
    screen.clear_status();
    answer
}

/// A sandbox inside this process.
pub fn start_sandbox() -> Result<Sandbox, Error> {
    Sandbox::start(0).map_err(|error| Error::System {
        what: "starting the sandbox",
        reason: error.to_string(),
    })
}

/// Settings for a sandbox of this process.
pub fn sandbox_settings(sandbox: &Sandbox, args: &ConnectionArgs) -> Settings {
    let setting = |value: &str, source| Setting {
        value: value.to_owned(),
        source,
    };
    let model = match &args.model {
        Some(model) => setting(model, Source::Flag("--model".into())),
        None => setting(Sandbox::DEFAULT_MODEL, Source::Sandbox),
    };
    Settings {
        url: Setting {
            value: sandbox.url(),
            source: Source::Sandbox,
        },
        key: Setting {
            value: Secret::new(Sandbox::KEY),
            source: Source::Sandbox,
        },
        model: Some(model),
        prefix: "INFERENCE".to_owned(),
        app: None,
    }
}

/// A text as typed, or `@FILE`'s content.
pub fn text_or_file(text: &str) -> Result<String, Error> {
    match text.strip_prefix('@') {
        // No shell expands the `~` of `@~/FILE`.
        Some(path) => Ok(
            input::file("the system prompt's file", &files::expand_home(path))?
                .trim_end()
                .to_owned(),
        ),
        None => Ok(text.to_owned()),
    }
}
