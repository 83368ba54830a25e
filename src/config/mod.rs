//! Makes usable settings of what is set: flags first, then environment, env file and Heroku CLI.
//! Every value knows its source. [`gather`] and [`gather_from`] read what the flags name;
//! [`Gathered`] judges what they found, without reading anything.

pub mod child;
pub mod env_file;
pub mod environment;
pub mod git;
mod key;
mod nearly;
pub mod secret;
mod url;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ::url::Url;

pub use self::key::{bare, check_key, has_usual_form, is_rather_a_url, may_be_key};
pub use self::url::{
    is_inference_host, is_loopback, normalise as normalise_url, region, with_https,
};
use crate::cli::kept::Flag;
pub use crate::cli::source::Source;
use crate::cli::{ConnectionArgs, HerokuArgs};
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure, MissingVariables, Nearly};
use crate::files::input;
use env_file::EnvFile;

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
    /// The model, if one was chosen.
    pub model: Option<Setting<String>>,
    /// `INFERENCE`, or the attachment's name.
    pub prefix: String,
    /// The app that was named, for hints.
    pub app: Option<String>,
}

/// What was found, not yet judged.
#[derive(Debug, Default)]
pub struct Gathered {
    /// `INFERENCE`, or the attachment's name.
    pub prefix: String,
    /// The app of `--app` or `HEROKU_APP`.
    pub app: Option<String>,
    pub url: Option<Setting<String>>,
    pub key: Option<Setting<Secret>>,
    pub model: Option<Setting<String>>,
    /// Names that are set and nearly those of missing variables.
    pub nearly: Vec<Nearly>,
    /// The env file, if there is one, be it readable or not.
    pub env_file: Option<PathBuf>,
    /// Sentences for the user that stop nothing.
    pub warnings: Vec<String>,
    /// Why the Heroku CLI didn't help, if it was asked.
    pub heroku: Option<HerokuFailure>,
}

/// What the Heroku CLI is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HerokuQuery {
    /// Names of config vars.
    pub variables: Vec<String>,
    /// `--app`; the CLI reads `HEROKU_APP` itself.
    pub app: Option<String>,
    /// `--remote`.
    pub remote: Option<String>,
    /// Whether Heroku may be asked without the CLI.
    pub direct: bool,
}

impl HerokuQuery {
    /// The question for an attachment's three variables.
    ///
    /// # Errors
    /// If no config var could have that prefix.
    pub fn of(args: &HerokuArgs) -> Result<Self, Error> {
        let prefix = attachment_prefix(&args.attachment)?;
        let variables = ["URL", "KEY", "MODEL_ID"].map(|suffix| format!("{prefix}_{suffix}"));
        Ok(HerokuQuery {
            variables: variables.to_vec(),
            app: args.app.clone(),
            remote: args.remote.clone(),
            direct: args.direct,
        })
    }
}

/// The values of the variables that are set on the app.
pub type HerokuAnswer = Result<BTreeMap<String, Secret>, HerokuFailure>;

/// The attachments among config vars: an inference host's URL with a key beside it.
pub fn attachments(values: &BTreeMap<String, Secret>) -> Vec<String> {
    let prefixes = values.iter().filter_map(|(name, value)| {
        let prefix = name.strip_suffix("_URL")?;
        let url = normalise_url(value.expose()).ok()?;
        let has_key = values.contains_key(&format!("{prefix}_KEY"));
        (has_key && is_inference_host(&url)).then(|| prefix.to_owned())
    });
    prefixes.collect()
}

/// Collects the settings, asking Heroku only if URL or key is still missing, once, for all of
/// them.
///
/// # Errors
/// For names that break Heroku's rules and for files that were named and can't be read; values are
/// judged by [`Gathered::settings`].
pub fn gather(
    args: &ConnectionArgs,
    environment: &Environment,
    ask_heroku: impl FnOnce(&HerokuQuery) -> HerokuAnswer,
) -> Result<Gathered, Error> {
    let names = HerokuQuery::of(&args.heroku)?.variables;
    let env_file = read_env_file(args.env_file.as_deref(), &names)?;
    let mut gathered = gather_from(args, environment, Some(&env_file), ask_heroku)?;
    gathered.warnings.splice(0..0, env_file.warnings);
    Ok(gathered)
}

/// As [`gather`], with an env file that was read already, or none.
///
/// # Errors
/// As [`gather`].
pub fn gather_from(
    args: &ConnectionArgs,
    environment: &Environment,
    env_file: Option<&EnvFile>,
    ask_heroku: impl FnOnce(&HerokuQuery) -> HerokuAnswer,
) -> Result<Gathered, Error> {
    let prefix = attachment_prefix(&args.heroku.attachment)?;
    let app = app_name(&args.heroku, environment)?;
    let env_path = args.env_file.as_deref().unwrap_or(Path::new(".env"));
    let local = |suffix: &str| {
        let name = format!("{prefix}_{suffix}");
        let value = environment.get(&name).map(str::trim);
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            return Some(Setting::new(Secret::new(value), Source::Environment));
        }
        let file = env_file?;
        let (value, line) = file.get(&name)?;
        let source = Source::EnvFile(file.path.clone(), line);
        Some(Setting::new(value.clone(), source))
    };
    let flag = |value: &Option<String>, flag: &'static str| {
        Some(Setting::new(value.clone()?, Source::Flag(flag.into())))
    };

    let mut gathered = Gathered {
        url: flag(&args.url, "--url").or_else(|| local("URL").map(plain)),
        key: key_file(args.key_file.as_deref())?.or_else(|| local("KEY")),
        model: flag(&args.model, "--model").or_else(|| local("MODEL_ID").map(plain)),
        env_file: Some(env_path.to_owned()).filter(|path| path.exists()),
        warnings: unreadable(environment, &prefix),
        heroku: None,
        nearly: Vec::new(),
        app,
        prefix,
    };
    gathered.nearly = nearly::to_missing(&gathered, environment, env_file);
    if let (Some(url), Some(key)) = (&gathered.url, &gathered.key) {
        let HerokuArgs {
            app,
            remote,
            has_other_use,
            ..
        } = &args.heroku;
        let unused = [("--app", app), ("--remote", remote)];
        if let Some((flag, _)) = unused.iter().find(|(_, value)| value.is_some())
            && !has_other_use
        {
            let places = format!(
                "the URL is from {}, the key from {}",
                url.source, key.source
            );
            let warning = format!("{flag} was not used: {places}");
            gathered.warnings.push(warning);
        }
        return Ok(gathered);
    }
    match ask_heroku(&HerokuQuery::of(&args.heroku)?) {
        Ok(values) => gathered.add_heroku(&values),
        Err(failure) => gathered.heroku = Some(failure),
    }
    Ok(gathered)
}

impl Gathered {
    /// Judges what was found.
    ///
    /// # Errors
    /// Missing variables, all of them at once; a URL or key that can't be used; URL and key from
    /// two places.
    pub fn settings(&self, args: &ConnectionArgs) -> Result<Settings, Error> {
        let (Some(url), Some(key)) = (&self.url, &self.key) else {
            return Err(self.missing());
        };
        let address = self.checked_url(url, args)?;
        check_key(key)?;
        // A flag is the user's own word for this very run, a file that came with a repository is
        // not.
        let by_flag = |source: &Source| matches!(source, Source::Flag(_));
        let is_meant = args.allow_mixed_sources || by_flag(&url.source) || by_flag(&key.source);
        if !is_meant && !url.source.is_same_place(&key.source) {
            return Err(Error::SplitSources {
                prefix: self.prefix.clone(),
                url: url.source.clone(),
                key: key.source.clone(),
            });
        }
        Ok(Settings {
            url: Setting::new(address, url.source.clone()),
            key: key.clone(),
            model: self.model.clone(),
            prefix: self.prefix.clone(),
            app: self.app.clone(),
        })
    }

    /// Fills what is missing with what the Heroku CLI said.
    pub fn add_heroku(&mut self, values: &BTreeMap<String, Secret>) {
        let source = Source::Heroku(self.app.clone());
        let value = |suffix| {
            let value = values.get(&self.variable(suffix))?.trimmed();
            (value != Secret::default()).then(|| Setting::new(value, source.clone()))
        };
        let (url, key, model) = (value("URL"), value("KEY"), value("MODEL_ID"));
        self.url = self.url.take().or(url.map(plain));
        self.key = self.key.take().or(key);
        self.model = self.model.take().or(model.map(plain));
    }

    /// Takes the model of the file of flags: right after flag and environment if it is kept for
    /// this app, else last.
    pub fn add_kept(&mut self, kept: Option<&Flag>) {
        let goes_before = |source: &Source| {
            let is_nearer = matches!(source, Source::Flag(_) | Source::Environment);
            is_nearer || kept.is_none_or(|kept| kept.app.is_none())
        };
        if self
            .model
            .as_ref()
            .is_none_or(|model| !goes_before(&model.source))
        {
            let kept = kept.and_then(|kept| Some((kept.texts.first()?, &kept.source)));
            self.model = kept.map(|(model, source)| Setting::new(model.clone(), source.clone()));
        }
    }

    /// The base URL in its usual form.
    ///
    /// # Errors
    /// If it is none, or would send the key over a network in clear text.
    pub fn checked_url(&self, url: &Setting<String>, args: &ConnectionArgs) -> Result<Url, Error> {
        let (prefix, is_key) = (&self.prefix, url.value.starts_with("inf-"));
        let swapped = format!("it looks like a key; {prefix}_URL and {prefix}_KEY may be swapped");
        let address = normalise_url(&url.value).map_err(|error| Error::InvalidUrl {
            name: self.variable("URL"),
            value: showable(&url.value).to_owned(),
            source: url.source.clone(),
            reason: if is_key { swapped } else { error },
        })?;
        if address.scheme() == "http" && !is_loopback(&address) && !args.allow_http {
            return Err(Error::PlainHttp {
                url: address.to_string(),
                source: url.source.clone(),
            });
        }
        Ok(address)
    }

    /// The settings of a sandbox, as if they had been found.
    pub fn of_sandbox(settings: &Settings) -> Self {
        let Setting { value, source } = settings.url.clone();
        Gathered {
            prefix: settings.prefix.clone(),
            url: Some(Setting::new(value.to_string(), source)),
            key: Some(settings.key.clone()),
            model: settings.model.clone(),
            ..Gathered::default()
        }
    }

    /// The full name of a variable of this attachment, such as `INFERENCE_URL`.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.prefix)
    }

    /// The failure of lacking URL or key, with all that is missing.
    pub fn missing(&self) -> Error {
        let url = self.url.as_ref().map(|url| url.source.clone());
        let key = self.key.as_ref().map(|key| key.source.clone());
        let (mut names, mut found) = (Vec::new(), Vec::new());
        for (name, source) in [(self.variable("URL"), url), (self.variable("KEY"), key)] {
            match source {
                Some(source) => found.push((name, source)),
                None => names.push(name),
            }
        }
        Error::MissingVariables(Box::new(MissingVariables {
            names,
            found,
            app: self.app.clone(),
            nearly: self.nearly.clone(),
            env_file: self.env_file.clone(),
            heroku: self.heroku.clone(),
        }))
    }
}

/// A value that is no key, as it turned out.
fn plain(setting: Setting<Secret>) -> Setting<String> {
    Setting::new(setting.value.expose().to_owned(), setting.source)
}

/// A sentence for each variable that is set to what is not UTF-8, of those that are read here: it
/// counts as unset, which nobody would expect.
fn unreadable(environment: &Environment, prefix: &str) -> Vec<String> {
    let is_read = |name: &&str| {
        name.starts_with(prefix)
            || name.starts_with("HEROKU_")
            || name.to_ascii_lowercase().ends_with("_proxy")
    };
    let names = environment.unreadable().filter(is_read);
    let warning = |name| format!("{name} is not UTF-8 text in the environment and counts as unset");
    names.map(warning).collect()
}

/// The prefix of an attachment's config vars: its name in capitals, as Heroku makes it.
///
/// # Errors
/// If no config var could have that prefix.
fn attachment_prefix(attachment: &str) -> Result<String, Error> {
    let prefix = attachment.to_ascii_uppercase().replace('-', "_");
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if prefix.chars().all(is_of_name)
        && !prefix.starts_with(|c: char| c.is_ascii_digit())
        && !prefix.is_empty()
    {
        return Ok(prefix);
    }
    Err(Error::InvalidValue {
        what: "--as".to_owned(),
        value: attachment.to_owned(),
        rule: "the name of an add-on attachment, such as INFERENCE or MY_MODEL".to_owned(),
    })
}

/// Whether an app could have this name, or id.
pub fn is_app_name(app: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !app.is_empty() && app.chars().all(allowed) && !app.starts_with('-')
}

/// The app that was named. Checked here because the Heroku CLI puts it into a path without
/// escaping.
///
/// # Errors
/// If no app could have that name.
pub fn app_name(args: &HerokuArgs, environment: &Environment) -> Result<Option<String>, Error> {
    match &args.app {
        Some(app) if !is_app_name(app) => Err(Error::InvalidValue {
            what: "--app".to_owned(),
            value: app.to_owned(),
            rule: "the name of a Heroku app: lower-case letters, digits and hyphens".to_owned(),
        }),
        // A remote given by flag is the user's word for this run; the variable is not passed on
        // then. The Heroku CLI judges the variable itself, if it is asked at all.
        None if args.remote.is_none() => {
            let app = environment.get("HEROKU_APP").filter(|app| is_app_name(app));
            Ok(app.map(str::to_owned))
        }
        app => Ok(app.clone()),
    }
}

/// The env file that is named, or the one of this folder if there is one. That it can't be read is
/// a warning there.
fn read_env_file(named: Option<&Path>, names: &[String]) -> Result<EnvFile, Error> {
    let path = named.unwrap_or(Path::new(".env"));
    EnvFile::read(path, names).or_else(|error| match named {
        Some(_) => Err(Error::of_file("--env-file", path, &error)),
        None => {
            let is_there = error.kind() != io::ErrorKind::NotFound;
            let warning = format!("{} was not read: {error}", path.display());
            Ok(EnvFile {
                warnings: Vec::from_iter(is_there.then_some(warning)),
                ..EnvFile::default()
            })
        }
    })
}

fn key_file(path: Option<&Path>) -> Result<Option<Setting<Secret>>, Error> {
    let Some(path) = path else { return Ok(None) };
    let mut text = input::file("--key-file", path);
    // The key itself in place of the file's name must not be shown.
    if let Err(Error::File { path, .. }) = &mut text
        && path.to_str().is_none_or(|path| showable(path) != path)
    {
        *path = "(not shown)".into();
    }
    let source = Source::Flag("--key-file".into());
    Ok(Some(Setting::new(Secret::new(text?.trim()), source)))
}

/// Whether a variable's value is surely what belongs there: a key of the usual form, or a URL that
/// may be used as it is.
pub fn is_plain_value(name: &str, value: &Secret) -> bool {
    if name.ends_with("_KEY") {
        return has_usual_form(value);
    }
    let url = normalise_url(value.expose()).ok();
    url.is_some_and(|url| url.scheme() == "https" || is_loopback(&url))
}

/// The value of a URL for a message; people do paste the key, or a password, where the URL belongs.
pub fn showable(url: &str) -> &str {
    if url.contains("inf-") || url.contains('@') {
        "(not shown, it may hold a secret)"
    } else {
        url
    }
}

#[cfg(test)]
mod tests;
