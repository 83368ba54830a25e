//! What commands and the REPL work with: the environment, the outputs, interrupts, and a connection
//! to the service or the sandbox.

pub mod explaining;
pub mod following;
pub mod keeping;
pub mod listing;
pub mod prompts;
pub mod saving;

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use crate::api::Client;
use crate::api::call::Progress;
use crate::api::models::{self, Model};
use crate::app::following::tell;
use crate::cli::kept::Kept;
use crate::cli::{ChatSettings, ConnectionArgs, HerokuArgs};
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::config::{self, Gathered, HerokuAnswer, HerokuQuery, Setting, Settings, Source};
use crate::error::{Error, HerokuFailure};
use crate::files;
use crate::files::input;
use crate::heroku::direct::{self, Direct};
use crate::heroku::{self, HerokuCli, platform};
use crate::interrupt::Interrupts;
use crate::net::Limits;
use crate::sandbox::Sandbox;
use crate::screen::Screen;
use crate::store::Shelf;

/// What every command works with.
pub struct Context {
    pub environment: Environment,
    pub screen: Screen,
    pub interrupts: Interrupts,
    /// What the file of flags says.
    pub kept: Kept,
    /// What Heroku said already, beside the question; for the next time that it is asked that.
    pub heard: Option<(HerokuQuery, HerokuAnswer)>,
}

/// A service to talk to, and the sandbox behind it if there is one.
pub struct Connection {
    pub settings: Settings,
    pub client: Client,
    /// Serves for as long as it lives.
    pub sandbox: Option<Sandbox>,
    /// The app that flags name, and how Heroku is asked about it.
    pub heroku: HerokuArgs,
}

impl Context {
    /// Finds the settings and makes a client of them, or starts the sandbox in their place.
    pub fn connect(&mut self, args: &ConnectionArgs) -> Result<Connection, Error> {
        let sandbox = start_sandbox(args.sandbox)?;
        let settings = match &sandbox {
            Some(sandbox) => sandbox_settings(sandbox, args),
            None => self.gather(args)?.settings(args)?,
        };
        let (url, key) = (settings.url.value.clone(), settings.key.value.clone());
        self.screen.keep_secret(&key);
        let client = self.client(args, url, Some(key));
        Ok(Connection {
            settings,
            client,
            sandbox,
            heroku: args.heroku.clone(),
        })
    }

    /// Collects the settings from everywhere, telling of warnings and of a Heroku CLI that takes
    /// its time.
    ///
    /// # Errors
    /// As [`config::gather`].
    pub fn gather(&mut self, args: &ConnectionArgs) -> Result<Gathered, Error> {
        let environment = self.environment.clone();
        let mut args = args.clone();
        // What is kept may be of no use now.
        args.heroku.has_other_use |= self.kept.names_app();
        let mut interrupted = Ok(());
        let ask = |query: &HerokuQuery| {
            self.ask_heroku(query).unwrap_or_else(|error| {
                interrupted = Err(error);
                Err(HerokuFailure::NoApp)
            })
        };
        let mut gathered = config::gather(&args, &environment, ask)?;
        interrupted?;
        gathered.add_kept(self.kept.value("model"));
        if let Some(key) = &gathered.key {
            self.screen.keep_secret(&key.value);
        }
        for warning in &gathered.warnings {
            self.screen.warning(warning);
        }
        Ok(gathered)
    }

    /// Asks Heroku for config vars, unless it said them already: directly where that needs no start
    /// of anything, else by its CLI.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn ask_heroku(&mut self, query: &HerokuQuery) -> Result<HerokuAnswer, Error> {
        if let Some((_, answer)) = self.heard.take_if(|(heard, _)| heard == query) {
            return Ok(answer);
        }
        let (environment, screen) = (&self.environment, &mut self.screen);
        let mut refusal = None;
        let why_not = match Direct::find(query, environment, &self.interrupts) {
            Err(reason) => reason.to_owned(),
            Ok(direct) => {
                screen.keep_secret(direct.token());
                let mut tell = |progress: &Progress| tell(screen, "Heroku", progress);
                match direct.config_vars(query, platform::LIMIT, &mut tell) {
                    Ok(all) => {
                        return Ok(
                            direct::answer(&all, query).map_err(|failure| match failure {
                                HerokuFailure::NotAttached(app) => elsewhere(app, &all, query),
                                other => other,
                            }),
                        );
                    }
                    Err(Error::Interrupted) => return Err(Error::Interrupted),
                    // Its CLI has words for it, or another way.
                    Err(error) => {
                        let reason = error.explain().title;
                        refusal = Some(direct.failure(error));
                        reason
                    }
                }
            }
        };
        screen.debug(&format!("* asking the Heroku CLI: {why_not}"));
        let answer = match (ask_cli(environment, query, screen), refusal) {
            (Err(HerokuFailure::NotInstalled | HerokuFailure::OnDyno), Some(refusal)) => {
                Err(refusal)
            }
            (answer, _) => answer,
        };
        Ok(match answer {
            Err(HerokuFailure::NotAttached(app)) => {
                let cli = HerokuCli::find(environment);
                let all = heroku::all_config_vars(&cli, query, heroku::LIMIT);
                Err(elsewhere(app, &all.unwrap_or_default(), query))
            }
            answer => answer,
        })
    }

    /// The settings of a chat, as flags and environment give them. The screen follows them.
    ///
    /// # Errors
    /// A variable with a value that its setting doesn't take.
    pub fn settings(&mut self, flags: &ChatSettings) -> Result<ChatSettings, Error> {
        let mut settings = flags.clone();
        let refused = settings.add_environment(|name| self.environment.get(name));
        refused.map_err(|(what, value, rule)| Error::InvalidValue { what, value, rule })?;
        settings.add_kept(&self.kept);
        self.screen.wants_markdown = settings.values.markdown;
        self.screen.rings = settings.values.bell;
        Ok(settings)
    }

    /// A client for an address that was checked.
    pub fn client(&self, args: &ConnectionArgs, url: Url, key: Option<Secret>) -> Client {
        let limits = Limits::with_first_byte(Duration::from_secs(args.timeout));
        Client::new(url, key, limits, self.environment.clone())
    }

    /// The catalogue of a service, with a word about it if that takes its time.
    pub fn models(&mut self, client: &Client) -> Result<Vec<Model>, Error> {
        let screen = &mut self.screen;
        client.models(&self.interrupts, &mut |progress| {
            tell(screen, "the list of models", progress);
        })
    }
}

impl Connection {
    /// The full name of a variable of this attachment.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.settings.prefix)
    }

    /// Where conversations with this service stand.
    pub fn shelf(&self) -> Shelf {
        Shelf::of(self.sandbox.is_some())
    }

    /// The region of Heroku's inference hosts, such as `eu`.
    fn region(&self) -> Option<&str> {
        config::region(&self.settings.url.value)
    }

    /// The failure of having no model, with the ids of chat models to choose from if they can be
    /// had; that of the connection if there is none.
    pub fn no_model(&self, context: &mut Context) -> Error {
        match context.models(&self.client) {
            // Nobody could be asked, whatever the model.
            Err(error @ (Error::Interrupted | Error::Network(_))) => error,
            models => Error::NoModel {
                variable: self.variable("MODEL_ID"),
                app: match self.settings.url.source {
                    Source::Heroku(_) => None,
                    _ => self.settings.app.clone(),
                },
                ids: offered(models.unwrap_or_default(), self.region()),
            },
        }
    }
}

/// The ids of the models that can hold a chat; those on their way out come last.
pub fn chat_ids(models: Vec<Model>) -> Vec<String> {
    let mut models: Vec<Model> = models.into_iter().filter(Model::is_chat).collect();
    models.sort_by_key(Model::is_deprecated);
    models.into_iter().map(|model| model.id).collect()
}

/// The same without those on their way out, and the one to propose before all others.
fn offered(mut models: Vec<Model>, region: Option<&str>) -> Vec<String> {
    let proposed = models::proposed(&models, region).map(|model| model.id.clone());
    models.retain(|model| !model.is_deprecated());
    models.sort_by_key(|model| Some(&model.id) != proposed.as_ref());
    chat_ids(models)
}

/// Why the variables are not on the app: no add-on, or one that is attached under another name.
fn elsewhere(
    app: Option<String>,
    all: &BTreeMap<String, Secret>,
    query: &HerokuQuery,
) -> HerokuFailure {
    let prefix = query
        .variables
        .first()
        .and_then(|name| name.strip_suffix("_URL"));
    match (config::attachments(all).into_iter().next(), prefix) {
        (Some(other), Some(prefix)) => HerokuFailure::Elsewhere {
            app,
            prefix: prefix.to_owned(),
            other,
        },
        _ => HerokuFailure::NotAttached(app),
    }
}

/// Asks the Heroku CLI, with a word about it if it takes its time.
fn ask_cli(environment: &Environment, query: &HerokuQuery, screen: &mut Screen) -> HerokuAnswer {
    let mut told = false;
    let progress = |elapsed| {
        if elapsed >= Duration::from_secs(15) && !std::mem::replace(&mut told, true) {
            screen.note("still waiting for the Heroku CLI; it is given up after 75 s");
        }
        screen.waiting("the Heroku CLI", elapsed);
    };
    let cli = HerokuCli::find(environment);
    let answer = heroku::config_vars(&cli, query, heroku::LIMIT, progress);
    screen.clear_status();
    answer
}

/// A sandbox inside this process, if it is asked for.
pub fn start_sandbox(is_wanted: bool) -> Result<Option<Sandbox>, Error> {
    let sandbox = is_wanted.then(|| Sandbox::start(0)).transpose();
    sandbox.map_err(|error| Error::System {
        what: "starting the sandbox",
        reason: error.to_string(),
    })
}

/// Settings for a sandbox of this process.
pub fn sandbox_settings(sandbox: &Sandbox, args: &ConnectionArgs) -> Settings {
    fn of_sandbox<T>(value: T) -> Setting<T> {
        let source = Source::Sandbox;
        Setting { value, source }
    }
    let flag = args.model.as_ref().map(|model| Setting {
        value: model.clone(),
        source: Source::Flag("--model".into()),
    });
    Settings {
        url: of_sandbox(sandbox.url()),
        key: of_sandbox(Secret::new(Sandbox::KEY)),
        model: flag.or_else(|| Some(of_sandbox(Sandbox::DEFAULT_MODEL.to_owned()))),
        prefix: "INFERENCE".to_owned(),
        app: None,
    }
}

/// A text as typed, or `@FILE`'s content.
pub fn text_or_file(text: &str) -> Result<String, Error> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(text.to_owned());
    };
    // No shell expands the `~` of `@~/FILE`.
    let text = input::file("the system prompt's file", &files::expand_home(path))?;
    Ok(text.trim_end().to_owned())
}
