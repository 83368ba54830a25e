//! Makes usable settings of what is set: flags first, then environment, env file and Heroku CLI.
//! Every value knows its source. [`gather`] and [`gather_from`] read what the flags name;
//! [`Gathered`] judges what they found, without reading anything.

pub mod child;
pub mod env_file;
pub mod environment;
pub mod git;
pub mod secret;
mod url;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use ::url::Url;

pub use self::url::{is_inference_host, is_loopback, normalise as normalise_url};
pub use crate::cli::source::Source;
use crate::cli::{ConnectionArgs, HerokuArgs};
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::{Error, HerokuFailure, MissingVariables};
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
#[derive(Debug)]
pub struct Gathered {
    /// `INFERENCE`, or the attachment's name.
    pub prefix: String,
    /// The app of `--app` or `HEROKU_APP`.
    pub app: Option<String>,
    pub url: Option<Setting<String>>,
    pub key: Option<Setting<Secret>>,
    pub model: Option<Setting<String>>,
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
}

impl HerokuQuery {
    /// The question for an attachment's three variables.
    ///
    /// # Errors
    /// If no config var could have that prefix.
    pub fn of(args: &HerokuArgs) -> Result<Self, Error> {
        let prefix = attachment_prefix(&args.attachment)?;
        let variables = ["URL", "KEY", "MODEL_ID"]
            .map(|suffix| format!("{prefix}_{suffix}"))
            .to_vec();
        Ok(HerokuQuery {
            variables,
            app: args.app.clone(),
            remote: args.remote.clone(),
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
    let mut warnings = Vec::new();
    let names = HerokuQuery::of(&args.heroku)?.variables;
    let env_file = read_env_file(args.env_file.as_deref(), &names, &mut warnings)?;
    let mut gathered = gather_from(args, environment, env_file.as_ref(), ask_heroku)?;
    gathered.warnings.splice(0..0, warnings);
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
    let [url, key, model] = ["URL", "KEY", "MODEL_ID"].map(|suffix| format!("{prefix}_{suffix}"));
    let env_path = args.env_file.as_deref().unwrap_or(Path::new(".env"));
    let local = |name: &str| {
        if let Some(value) = environment
            .get(name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
        {
            return Some(Setting::new(Secret::new(value), Source::Environment));
        }
        let file = env_file?;
        let (value, line) = file.get(name)?;
        let source = Source::EnvFile(file.path.clone(), line);
        Some(Setting::new(value.clone(), source))
    };
    let flag = |value: &Option<String>, flag: &'static str| {
        value
            .clone()
            .map(|value| Setting::new(value, Source::Flag(flag.into())))
    };

    let mut gathered = Gathered {
        url: flag(&args.url, "--url").or_else(|| local(&url).map(plain)),
        key: key_file(args.key_file.as_deref())?.or_else(|| local(&key)),
        model: flag(&args.model, "--model").or_else(|| local(&model).map(plain)),
        env_file: Some(env_path.to_owned()).filter(|path| path.exists()),
        warnings: unreadable(environment, &prefix),
        heroku: None,
        app,
        prefix,
    };
    if gathered.url.is_some() && gathered.key.is_some() {
        gathered.warn_of_unused_app(args);
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
        self.check_sources(url, key, args)?;
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
            let value = values.get(&self.variable(suffix))?;
            Some(Setting::new(value.clone(), source.clone()))
        };
        let (url, key, model) = (value("URL"), value("KEY"), value("MODEL_ID"));
        self.url = self.url.take().or(url.map(plain));
        self.key = self.key.take().or(key);
        self.model = self.model.take().or(model.map(plain));
    }

    /// The base URL in its usual form.
    ///
    /// # Errors
    /// If it is none, or would send the key over a network in clear text.
    pub fn checked_url(&self, url: &Setting<String>, args: &ConnectionArgs) -> Result<Url, Error> {
        let swapped = || {
            format!(
                "it looks like a key; {0}_URL and {0}_KEY may be swapped",
                self.prefix
            )
        };
        let address = normalise_url(&url.value).map_err(|reason| {
            if url.value.starts_with("inf-") {
                swapped()
            } else {
                reason
            }
        });
        let address = address.map_err(|reason| Error::InvalidUrl {
            name: self.variable("URL"),
            value: showable(&url.value).to_owned(),
            source: url.source.clone(),
            reason,
        })?;
        if address.scheme() == "http" && !is_loopback(&address) && !args.allow_http {
            return Err(Error::PlainHttp {
                url: address.to_string(),
                source: url.source.clone(),
            });
        }
        Ok(address)
    }

    /// Whether URL and key may be used together.
    ///
    /// # Errors
    /// If they come from two places and the user did not allow that.
    pub fn check_sources(
        &self,
        url: &Setting<String>,
        key: &Setting<Secret>,
        args: &ConnectionArgs,
    ) -> Result<(), Error> {
        // A flag is the user's own word for this very run, a file that came with a repository is
        // not.
        let by_flag = [&url.source, &key.source]
            .iter()
            .any(|source| matches!(source, Source::Flag(_)));
        if url.source.is_same_place(&key.source) || by_flag || args.allow_mixed_sources {
            return Ok(());
        }
        let (url, key) = (url.source.clone(), key.source.clone());
        Err(Error::SplitSources {
            prefix: self.prefix.clone(),
            url,
            key,
        })
    }

    /// The settings of a sandbox, as if they had been found.
    pub fn of_sandbox(settings: &Settings) -> Self {
        Gathered {
            prefix: settings.prefix.clone(),
            app: None,
            url: Some(Setting::new(
                settings.url.value.to_string(),
                settings.url.source.clone(),
            )),
            key: Some(settings.key.clone()),
            model: settings.model.clone(),
            env_file: None,
            warnings: Vec::new(),
            heroku: None,
        }
    }

    /// The full name of a variable of this attachment, such as `INFERENCE_URL`.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.prefix)
    }

    /// The failure of lacking URL or key, with all that is missing.
    pub fn missing(&self) -> Error {
        let url = (
            self.variable("URL"),
            self.url.as_ref().map(|setting| setting.source.clone()),
        );
        let key = (
            self.variable("KEY"),
            self.key.as_ref().map(|setting| setting.source.clone()),
        );
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
        let (Some(url), Some(key)) = (&self.url, &self.key) else {
            return;
        };
        let Some(flag) = args.heroku.app.as_ref().map(|_| "--app").or(args
            .heroku
            .remote
            .as_ref()
            .map(|_| "--remote"))
        else {
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

/// A value that is no key, as it turned out.
fn plain(setting: Setting<Secret>) -> Setting<String> {
    Setting::new(setting.value.expose().to_owned(), setting.source)
}

/// A sentence for each variable that is set to what is not UTF-8, of those that are read here: it
/// counts as unset, which nobody would expect.
fn unreadable(environment: &Environment, prefix: &str) -> Vec<String> {
    let is_read = |name: &&str| {
        let is_of_attachment = name
            .strip_prefix(prefix)
            .is_some_and(|suffix| ["_URL", "_KEY", "_MODEL_ID"].contains(&suffix));
        is_of_attachment
            || name.starts_with("HEROKU_")
            || name.to_ascii_lowercase().ends_with("_proxy")
    };
    let names = environment.unreadable().filter(is_read);
    names
        .map(|name| format!("{name} is not UTF-8 text in the environment and counts as unset"))
        .collect()
}

/// The prefix of an attachment's config vars: its name in capitals, as Heroku makes it.
///
/// # Errors
/// If no config var could have that prefix.
fn attachment_prefix(attachment: &str) -> Result<String, Error> {
    let prefix = attachment.to_ascii_uppercase().replace('-', "_");
    let starts_well = prefix.starts_with(|first: char| first.is_ascii_uppercase() || first == '_');
    if starts_well
        && prefix
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    {
        return Ok(prefix);
    }
    Err(Error::InvalidValue {
        what: "--as".to_owned(),
        value: attachment.to_owned(),
        rule: "the name of an add-on attachment, such as INFERENCE or MY_MODEL".to_owned(),
    })
}

/// The app that was named. Checked here because the Heroku CLI puts it into a path without
/// escaping.
///
/// # Errors
/// If no app could have that name.
pub fn app_name(args: &HerokuArgs, environment: &Environment) -> Result<Option<String>, Error> {
    let is_name = |app: &&str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !app.is_empty() && app.chars().all(allowed) && !app.starts_with('-')
    };
    match args.app.as_deref() {
        Some(app) if is_name(&app) => Ok(Some(app.to_owned())),
        Some(app) => Err(Error::InvalidValue {
            what: "--app".to_owned(),
            value: app.to_owned(),
            rule: "the name of a Heroku app: lower-case letters, digits and hyphens".to_owned(),
        }),
        // A remote given by flag is the user's word for this run; the variable is not passed on
        // then. The Heroku CLI judges the variable itself, if it is asked at all.
        None if args.remote.is_some() => Ok(None),
        None => Ok(environment
            .get("HEROKU_APP")
            .filter(is_name)
            .map(str::to_owned)),
    }
}

fn read_env_file(
    named: Option<&Path>,
    names: &[String],
    warnings: &mut Vec<String>,
) -> Result<Option<EnvFile>, Error> {
    let path = named.unwrap_or(Path::new(".env"));
    match EnvFile::read(path, names) {
        Ok(mut file) => {
            warnings.append(&mut file.warnings);
            Ok(Some(file))
        }
        Err(error) if named.is_some() => Err(Error::of_file("--env-file", path, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            warnings.push(format!("{} was not read: {error}", path.display()));
            Ok(None)
        }
    }
}

fn key_file(path: Option<&Path>) -> Result<Option<Setting<Secret>>, Error> {
    let Some(path) = path else { return Ok(None) };
    // The key itself in place of the file's name must not be shown.
    let shown = path
        .to_str()
        .filter(|path| showable(path) == *path)
        .map_or(Path::new("(not shown)"), Path::new);
    let text = input::file("--key-file", path).map_err(|error| match error {
        Error::File { what, reason, .. } => Error::File {
            what,
            path: shown.to_owned(),
            reason,
        },
        other => other,
    })?;
    Ok(Some(Setting::new(
        Secret::new(text.trim()),
        Source::Flag("--key-file".into()),
    )))
}

/// The value of a URL for a message; people do paste the key, or a password, where the URL belongs.
pub fn showable(url: &str) -> &str {
    if url.contains("inf-") || url.contains('@') {
        "(not shown, it may hold a secret)"
    } else {
        url
    }
}

/// A key has to fit into a header: visible ASCII, nothing else.
///
/// # Errors
/// With the reason, never the key.
pub fn check_key(key: &Setting<Secret>) -> Result<(), Error> {
    let value = key.value.expose();
    let reason = if value.is_empty() {
        "is empty"
    } else if value.starts_with(['"', '\'']) || value.ends_with(['"', '\'']) {
        "has quotes around it"
    } else if value.contains("_KEY=") {
        "holds its name, too: only the value belongs there"
    } else if !value.chars().all(|c| c.is_ascii_graphic()) {
        "has a space, a line break or another character that no key has"
    } else {
        return Ok(());
    };
    Err(Error::InvalidKey {
        source: key.source.clone(),
        reason,
    })
}

/// `inf-` and a UUID, as every key of the service that was seen.
pub fn has_usual_form(key: &Secret) -> bool {
    let Some(uuid) = key.expose().strip_prefix("inf-") else {
        return false;
    };
    let groups: Vec<&str> = uuid.split('-').collect();
    let is_hex = |group: &&str| group.chars().all(|c| c.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hex)
}

/// Whether a value may be a key of any service: all that isn't plainly a reference such as
/// `op://…`, a ciphertext such as `encrypted:…` or `ENC[…]`, or a placeholder such as `changeme`,
/// `your-key-1234` or one of zeros.
pub fn may_be_key(value: &Secret) -> bool {
    const PLACEHOLDERS: &[&str] = &[
        "changeme",
        "change-me",
        "example",
        "placeholder",
        "replace",
        "xxxx",
        "your",
    ];
    let text = value.expose().to_ascii_lowercase();
    let is_reference = text.contains("/secrets/")
        || text.contains(['<', '>', '{', '}', '[', ']', '$', '`', '%'])
        || text.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphabetic())
        });
    let is_placeholder = PLACEHOLDERS.iter().any(|word| text.contains(word));
    let digits = text.trim_start_matches("inf-").chars();
    let distinct: BTreeSet<char> = digits.filter(|c| *c != '-').collect();
    distinct.len() > 1 && !is_reference && !is_placeholder
}

/// Whether a URL stands where the key belongs.
pub fn is_rather_a_url(key: &Secret) -> bool {
    key.expose().starts_with("http")
}

#[cfg(test)]
mod tests;
