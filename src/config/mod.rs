//! From the places settings can stand in to settings that can be used: flags, then environment, then the env file,
//! then the Heroku CLI. Every value knows its source. The judging is pure; only [`gather`] reads.

mod env_file;
mod url;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ::url::Url;

pub use self::url::{is_loopback, normalise as normalise_url};
use crate::cli::ConnectionArgs;
use crate::environment::Environment;
use crate::error::{Error, HerokuFailure, MissingVariables};
use crate::secret::Secret;
use env_file::EnvFile;

/// Where a value comes from, as a phrase that goes after "from".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command line.
    Flag(&'static str),
    /// The process environment.
    Environment,
    /// A line of an env file.
    EnvFile(PathBuf, usize),
    /// `heroku config:get`, for this app or for the one of the git remote.
    Heroku(Option<String>),
    /// The sandbox inside this process.
    Sandbox,
    /// Nobody said; the value of Heroku's documentation is used.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag(flag) => f.write_str(flag),
            Source::Environment => f.write_str("the environment"),
            Source::EnvFile(path, line) => write!(f, "{} line {line}", path.display()),
            Source::Heroku(Some(app)) => write!(f, "the Heroku app {app}"),
            Source::Heroku(None) => f.write_str("the Heroku app of this folder"),
            Source::Sandbox => f.write_str("the sandbox"),
            Source::Default => f.write_str("the default"),
        }
    }
}

impl Source {
    /// Whether two values stand in the same place, be it on different lines of it.
    fn is_same_place(&self, other: &Source) -> bool {
        match (self, other) {
            (Source::EnvFile(one, _), Source::EnvFile(another, _)) => one == another,
            _ => self == other,
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub source: Source,
}

impl<T> Setting<T> {
    fn new(value: T, source: Source) -> Self {
        Setting { value, source }
    }
}

/// What a chat needs to know about its service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL, without `/v1` and without a trailing slash.
    pub url: Setting<Url>,
    /// The key for that host.
    pub key: Setting<Secret>,
    /// The model, where one was chosen.
    pub model: Option<Setting<String>>,
    /// `INFERENCE`, or the attachment's name.
    pub prefix: String,
    /// The app that was named, for hints.
    pub app: Option<String>,
}

/// What was found, not yet judged.
#[derive(Debug)]
pub struct Gathered {
    /// `INFERENCE`, or the attachment's name.
    pub prefix: String,
    /// The app of `--app` or `HEROKU_APP`.
    pub app: Option<String>,
    pub url: Option<Setting<String>>,
    pub key: Option<Setting<Secret>>,
    pub model: Option<Setting<String>>,
    /// The env file that was read.
    pub env_file: Option<PathBuf>,
    /// Sentences for the user that stop nothing.
    pub warnings: Vec<String>,
    /// Why the Heroku CLI didn't help, where it was asked.
    pub heroku: Option<HerokuFailure>,
}

/// What the Heroku CLI is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HerokuQuery {
    /// Names of config vars.
    pub variables: Vec<String>,
    /// `--app`; the CLI reads `HEROKU_APP` itself.
    pub app: Option<String>,
    /// `--remote`.
    pub remote: Option<String>,
}

/// The values of the variables that are set on the app.
pub type HerokuAnswer = Result<BTreeMap<String, String>, HerokuFailure>;

/// Collects the settings, asking Heroku only where URL or key is still missing, once, for all of them.
///
/// # Errors
/// For names that break Heroku's rules and for files that were named and can't be read; values are judged by
/// [`Gathered::settings`].
pub fn gather(
    args: &ConnectionArgs,
    environment: &Environment,
    ask_heroku: impl FnOnce(&HerokuQuery) -> HerokuAnswer,
) -> Result<Gathered, Error> {
    let prefix = attachment_prefix(&args.attachment)?;
    let app = app_name(args, environment)?;
    let [url, key, model] = ["URL", "KEY", "MODEL_ID"].map(|suffix| format!("{prefix}_{suffix}"));
    let names = [url.clone(), key.clone(), model.clone()];

    let mut warnings = Vec::new();
    let env_file = read_env_file(args.env_file.as_deref(), &names, &mut warnings)?;
    let local = |name: &str| {
        if let Some(value) = environment.get(name) {
            return Some(Setting::new(value.trim().to_owned(), Source::Environment));
        }
        let file = env_file.as_ref()?;
        let (value, line) = file.get(name)?;
        Some(Setting::new(value.to_owned(), Source::EnvFile(file.path.clone(), line)))
    };
    let flag = |value: &Option<String>, flag| value.clone().map(|value| Setting::new(value, Source::Flag(flag)));

    let mut gathered = Gathered {
        url: flag(&args.url, "--url").or_else(|| local(&url)),
        key: key_file(args.key_file.as_deref())?.or_else(|| local(&key)).map(secret),
        model: flag(&args.model, "--model").or_else(|| local(&model)),
        prefix,
        env_file: env_file.as_ref().map(|file| file.path.clone()),
        warnings,
        heroku: None,
        app,
    };
    if gathered.url.is_some() && gathered.key.is_some() {
        gathered.warn_of_unused_app(args);
        return Ok(gathered);
    }
    let query = HerokuQuery { variables: names.to_vec(), app: args.app.clone(), remote: args.remote.clone() };
    match ask_heroku(&query) {
        Ok(values) => {
            let from_heroku =
                |name| values.get(name).map(|value| Setting::new(value.clone(), Source::Heroku(gathered.app.clone())));
            let (found_url, found_key, found_model) = (from_heroku(&url), from_heroku(&key), from_heroku(&model));
            gathered.url = gathered.url.or(found_url);
            gathered.key = gathered.key.or(found_key.map(secret));
            gathered.model = gathered.model.or(found_model);
        }
        Err(failure) => gathered.heroku = Some(failure),
    }
    Ok(gathered)
}

impl Gathered {
    /// Judges what was found.
    ///
    /// # Errors
    /// Missing variables, all of them at once; a URL or key that can't be used; URL and key from two places.
    pub fn settings(&self, args: &ConnectionArgs) -> Result<Settings, Error> {
        let (Some(url), Some(key)) = (&self.url, &self.key) else { return Err(self.missing()) };
        let address = normalise_url(&url.value).map_err(|reason| Error::InvalidUrl {
            name: self.variable("URL"),
            value: showable(&url.value).to_owned(),
            source: url.source.clone(),
            reason,
        })?;
        check_key(key)?;
        // A flag is the user's own word for this very run, a file that came with a repository is not.
        let by_flag = [&url.source, &key.source].iter().any(|source| matches!(source, Source::Flag(_)));
        if !url.source.is_same_place(&key.source) && !by_flag && !args.allow_mixed_sources {
            return Err(Error::SplitSources {
                prefix: self.prefix.clone(),
                url: url.source.clone(),
                key: key.source.clone(),
            });
        }
        if address.scheme() == "http" && !is_loopback(&address) && !args.allow_http {
            return Err(Error::PlainHttp { url: address.to_string(), source: url.source.clone() });
        }
        Ok(Settings {
            url: Setting::new(address, url.source.clone()),
            key: key.clone(),
            model: self.model.clone(),
            prefix: self.prefix.clone(),
            app: self.app.clone(),
        })
    }

    /// The full name of a variable of this attachment, such as `INFERENCE_URL`.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.prefix)
    }

    fn missing(&self) -> Error {
        let url = (self.variable("URL"), self.url.as_ref().map(|setting| setting.source.clone()));
        let key = (self.variable("KEY"), self.key.as_ref().map(|setting| setting.source.clone()));
        let mut missing = MissingVariables {
            names: Vec::new(),
            found: Vec::new(),
            app: self.app.clone(),
            env_file: self.env_file.clone(),
            heroku: self.heroku.clone(),
        };
        for (name, source) in [url, key] {
            match source {
                Some(source) => missing.found.push((name, source)),
                None => missing.names.push(name),
            }
        }
        Error::MissingVariables(Box::new(missing))
    }

    fn warn_of_unused_app(&mut self, args: &ConnectionArgs) {
        let (Some(url), Some(key)) = (&self.url, &self.key) else { return };
        let Some(flag) = args.app.as_ref().map(|_| "--app").or(args.remote.as_ref().map(|_| "--remote")) else {
            return;
        };
        let mut places = url.source.to_string();
        if !url.source.is_same_place(&key.source) {
            places.push_str(&format!(" and {}", key.source));
        }
        self.warnings.push(format!(
            "{flag} was not used: {prefix}_URL and {prefix}_KEY were found in {places} already",
            prefix = self.prefix
        ));
    }
}

fn secret(setting: Setting<String>) -> Setting<Secret> {
    Setting::new(Secret::new(setting.value), setting.source)
}

/// The prefix of an attachment's config vars: its name in capitals, as Heroku makes it.
fn attachment_prefix(attachment: &str) -> Result<String, Error> {
    let prefix = attachment.to_ascii_uppercase().replace('-', "_");
    let starts_well = prefix.starts_with(|first: char| first.is_ascii_uppercase() || first == '_');
    if starts_well && prefix.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
        return Ok(prefix);
    }
    Err(Error::InvalidValue {
        what: "--as".to_owned(),
        value: attachment.to_owned(),
        rule: "the name of an add-on attachment, such as INFERENCE or MY_MODEL".to_owned(),
    })
}

/// The app that was named. Checked here because the Heroku CLI puts it into a path without escaping.
fn app_name(args: &ConnectionArgs, environment: &Environment) -> Result<Option<String>, Error> {
    let named = args.app.as_deref().map(|app| ("--app", app));
    // A remote given by flag outranks the variable, as in the Heroku CLI.
    let inherited = environment.get("HEROKU_APP").map(|app| ("HEROKU_APP", app)).filter(|_| args.remote.is_none());
    let Some((what, app)) = named.or(inherited) else { return Ok(None) };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !app.is_empty() && app.chars().all(allowed) && !app.starts_with('-') {
        return Ok(Some(app.to_owned()));
    }
    Err(Error::InvalidValue {
        what: what.to_owned(),
        value: app.to_owned(),
        rule: "the name of a Heroku app: lower-case letters, digits and hyphens".to_owned(),
    })
}

fn read_env_file(named: Option<&Path>, names: &[String], warnings: &mut Vec<String>) -> Result<Option<EnvFile>, Error> {
    let path = named.unwrap_or(Path::new(".env"));
    match EnvFile::read(path, names) {
        Ok(mut file) => {
            warnings.append(&mut file.warnings);
            Ok(Some(file))
        }
        Err(error) if named.is_some() => Err(Error::unreadable("--env-file", path, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            warnings.push(format!("{} was not read: {error}", path.display()));
            Ok(None)
        }
    }
}

fn key_file(path: Option<&Path>) -> Result<Option<Setting<String>>, Error> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| Error::unreadable("--key-file", path, &error))?;
    Ok(Some(Setting::new(text.trim().to_owned(), Source::Flag("--key-file"))))
}

/// The value of a URL for a message; people do paste the key, or a password, where the URL belongs.
pub fn showable(url: &str) -> &str {
    if url.contains("inf-") || url.contains('@') { "(not shown, it may hold a secret)" } else { url }
}

/// A key has to fit into a header: visible ASCII, nothing else.
fn check_key(key: &Setting<Secret>) -> Result<(), Error> {
    let value = key.value.expose();
    let reason = if value.is_empty() {
        "is empty"
    } else if value.starts_with(['"', '\'']) || value.ends_with(['"', '\'']) {
        "has quotes around it"
    } else if !value.chars().all(|c| c.is_ascii_graphic()) {
        "has a space, a line break or another character that no key has"
    } else {
        return Ok(());
    };
    Err(Error::InvalidKey { source: key.source.clone(), reason })
}

#[cfg(test)]
mod tests;
