//! What can be checked on this machine: the env file, the settings, terminal and folders.

use std::path::{Path, PathBuf};

use crate::config::git::{self, Tracking, quoted};
use crate::config::secret::Secret;
use crate::config::{self, Source};
use crate::doctor::{Probe, STEP_LIMIT, Verdict};
use crate::error::{Error, HerokuFailure, export_line};
use crate::files;
use crate::files::named;
use crate::store;

pub fn version(_: &mut Probe<'_>) -> Result<Verdict, Error> {
    let (version, os, machine) = (
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    );
    Ok(Verdict::pass(format!(
        "heroku-chat {version} on {os} {machine}"
    )))
}

pub fn env_file(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if probe.sandbox.is_some() {
        return Ok(Verdict::skip("the sandbox needs none"));
    }
    let path = &probe.env_path;
    let shown = path.display();
    let names = ["URL", "KEY", "MODEL_ID"].map(|suffix| probe.gathered.variable(suffix));
    let file = match &probe.env_file {
        Ok(file) => file,
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound && probe.args.env_file.is_none() =>
        {
            return Ok(Verdict::pass(format!(
                "there is no {shown} here, and none is needed"
            )));
        }
        Err(error) => {
            let verdict = Verdict::fail(format!("{shown} can't be read: {error}"));
            return Ok(verdict
                .hint("Check its path and permissions")
                .command(format!("ls -l {}", quoted(path))));
        }
    };
    let verdict = if let Some(first) = file.warnings.first() {
        // What is set elsewhere wins over the file anyway.
        let is_needed = probe.gathered.url.is_none() || probe.gathered.key.is_none();
        let verdict = if is_needed {
            Verdict::fail
        } else {
            Verdict::warn
        };
        verdict(first.clone()).hint("Fix that line: write NAME=value")
    } else if file.variables.is_empty() {
        Verdict::pass(format!("{shown} sets none of {}", names.join(", ")))
    } else {
        let set: Vec<&str> = file
            .variables
            .iter()
            .map(|(name, ..)| name.as_str())
            .collect();
        Verdict::pass(format!("{shown} sets {}", set.join(", ")))
    };
    Ok(verdict)
}

/// The file that holds the key, behind all links. Without a key in an env file nobody need hide
/// one.
fn file_with_key(probe: &Probe<'_>) -> Result<PathBuf, Verdict> {
    let name = probe.gathered.variable("KEY");
    let path = &probe.env_path;
    let keys = (probe.env_file.iter())
        .flat_map(|file| &file.variables)
        .filter(|(other, value, _)| *other == name && *value != Secret::default());
    if keys.clone().next().is_none() {
        return Err(Verdict::skip("no key in an env file"));
    }
    // One that a later line outdoes is in the file as well.
    if !keys
        .into_iter()
        .any(|(_, value, _)| config::may_be_key(value))
    {
        return Err(Verdict::pass(format!(
            "{} has a reference, a ciphertext or a placeholder in place of the key",
            path.display()
        )));
    }
    Ok(named::behind_links(path)
        .ok()
        .filter(|path| path.exists())
        .unwrap_or_else(|| path.clone()))
}

pub fn env_permissions(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let path = match file_with_key(probe) {
        Ok(path) => path,
        Err(verdict) => return Ok(verdict),
    };
    if !path.is_file() {
        return Ok(Verdict::pass("it is not a file on disk"));
    }
    let readers = files::other_readers(&path)
        .map_err(|error| Error::of_file("the env file", &path, &error))?;
    Ok(match readers {
        None => Verdict::pass("only its owner can read it"),
        Some(readers) => Verdict::warn(format!(
            "{} holds the key and can be read by {readers}",
            path.display()
        ))
        .hint("Keep it to yourself")
        .command(format!("chmod 600 {}", quoted(&path))),
    })
}

pub fn env_git(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let path = match file_with_key(probe) {
        Ok(path) => path,
        Err(verdict) => return Ok(verdict),
    };
    let shown = path.display();
    let (asked, environment) = (path.clone(), probe.context.environment.clone());
    let tracking = probe
        .context
        .interrupts
        .run(STEP_LIMIT, move || git::tracking(&asked, &environment))?;
    Ok(match tracking.unwrap_or(Tracking::Unknown) {
        Tracking::NoRepository => Verdict::pass("the folder belongs to no git repository"),
        Tracking::NeverCommitted => Verdict::pass(format!("git commits nothing of {shown}")),
        Tracking::Unknown => Verdict::warn(format!(
            "git did not say whether it would commit {shown}, which holds the key"
        ))
        .hint("Ask it yourself")
        .command("git status"),
        Tracking::Filtered => Verdict::warn(format!(
            "git tracks {shown}, which holds the key, through a filter"
        ))
        .hint("Make sure that the filter encrypts it")
        .command(format!("git check-attr filter {}", quoted(&path))),
        Tracking::Ignored => Verdict::pass(format!("git ignores {shown}")),
        Tracking::Unignored => {
            Verdict::fail(format!("git would commit {shown}, which holds the key"))
                .hint("Have git ignore it")
                .command(git::ignore_command(&path))
        }
        Tracking::Tracked => Verdict::fail(format!("git tracks {shown}, which holds the key"))
            .hint(
                "This key is in the history: have the add-on make a new one, and take the \
                file out of git",
            )
            .command(git::untrack_command(&path))
            .command(git::ignore_command(&path)),
    })
}

pub fn url(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if let Some(settings) = &probe.settings {
        return Ok(Verdict::pass(shown(&settings.url.value)).from(&settings.url.source));
    }
    let Some(url) = &probe.gathered.url else {
        return Ok(missing(probe, "URL"));
    };
    let address = match probe.gathered.checked_url(url, probe.args) {
        Ok(address) => address,
        Err(error) => return Ok(Verdict::failed_by(&error)),
    };
    let has_more = url.value.trim().trim_end_matches('/') != shown(&address);
    let verdict = if has_more && url.value.contains("/v1") {
        Verdict::warn(format!(
            "{} has the path /v1, which is left out here",
            url.value
        ))
        .hint("The add-on's own value has none; other clients may need one or the other")
    } else {
        Verdict::pass(shown(&address))
    };
    Ok(verdict.from(&url.source))
}

fn shown(url: &url::Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

pub fn key(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if probe.settings.is_some() {
        return Ok(Verdict::pass("the sandbox's own").from(&Source::Sandbox));
    }
    let Some(key) = &probe.gathered.key else {
        return Ok(missing(probe, "KEY"));
    };
    if let Err(error) = config::check_key(key) {
        return Ok(Verdict::failed_by(&error));
    }
    let verdict = if config::has_usual_form(&key.value) {
        Verdict::pass("set, and of the usual form (redacted)")
    } else {
        Verdict::warn("set, but it is not inf- and a UUID, the usual form (redacted)")
            .hint("If the service refuses it, set it again from the add-on")
    };
    Ok(verdict.from(&key.source))
}

/// A missing variable: the line that sets it, or the attachment it was found under.
fn missing(probe: &Probe<'_>, suffix: &str) -> Verdict {
    let name = probe.gathered.variable(suffix);
    let is_unreadable = (probe.context.environment.unreadable()).any(|other| other == name);
    let verdict = Verdict::fail(if is_unreadable {
        format!("{name} is not UTF-8 text in the environment and counts as unset")
    } else {
        format!("{name} is not set")
    });
    if let Some(other) = other_attachment(probe) {
        let hint = format!("There is an attachment named {other}");
        return verdict.hint(hint).command(probe.command_for(&other));
    }
    // An app that isn't there is of no use in the command.
    let facts = probe.heroku.as_ref();
    let is_unknown =
        facts.is_some_and(|facts| matches!(facts.variables, Err(HerokuFailure::UnknownApp(_))));
    let app = probe.gathered.app.as_deref().filter(|_| !is_unknown);
    verdict
        .hint("Set it from the app")
        .command(export_line(&name, app))
}

/// An attachment of another name whose URL and key are both set, in the environment or on the app.
fn other_attachment(probe: &Probe<'_>) -> Option<String> {
    let environment = &probe.context.environment;
    let on_app = probe
        .heroku
        .as_ref()
        .and_then(|facts| facts.others.first().cloned());
    let is_service =
        |url: &str| config::normalise_url(url).is_ok_and(|url| config::is_inference_host(&url));
    let here = environment
        .names()
        .filter_map(|name| name.strip_suffix("_URL"))
        .find(|prefix| {
            let value = |suffix| environment.get(&format!("{prefix}_{suffix}"));
            value("URL").is_some_and(is_service)
                && value("KEY").is_some()
                && *prefix != probe.gathered.prefix
        });
    here.map(str::to_owned).or(on_app)
}

pub fn same_source(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if probe.settings.is_none() {
        probe.settings = Some(probe.gathered.settings(probe.args)?);
    }
    let settings = probe.settings.as_ref().expect("set above");
    Ok(if settings.url.source.is_same_place(&settings.key.source) {
        Verdict::pass(format!("both from {}", place(&settings.url.source)))
    } else {
        Verdict::warn(format!(
            "the URL is from {}, the key from {}",
            settings.url.source, settings.key.source
        ))
        .hint("You allowed that: make sure that this host may have this key")
    })
}

/// A source without the number of a line, which is another for each value.
fn place(source: &Source) -> String {
    match source {
        Source::EnvFile(path, _) => path.display().to_string(),
        other => other.to_string(),
    }
}

pub fn terminal(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let term = probe
        .context
        .environment
        .get("TERM")
        .unwrap_or("not set")
        .to_owned();
    let screen = &probe.context.screen;
    Ok(match (screen.is_interactive(), term.as_str()) {
        (false, _) => Verdict::pass("the output is not a terminal: plain text"),
        (true, "dumb") => Verdict::warn("TERM is dumb: no line editing and no colours")
            .hint("Set TERM to what your terminal is, for example xterm-256color"),
        (true, _) => Verdict::pass(format!(
            "{} columns, TERM {term}, {}",
            crate::screen::terminal::width(),
            if screen.has_color() {
                "colours"
            } else {
                "no colours"
            }
        )),
    })
}

pub fn data_folder(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let folder = match store::data_folder() {
        Ok(folder) => folder,
        Err(error) => {
            return Ok(Verdict::warn(format!("there is none: {error}"))
                .hint("Set HOME to keep history and conversations"));
        }
    };
    let Some(place) = store::unusable_place(&folder) else {
        return Ok(Verdict::pass(format!(
            "{} can be written",
            below_home(probe, &folder)
        )));
    };
    Ok(Verdict::warn(format!(
        "{} can't be read and written, so neither history nor conversations are kept",
        below_home(probe, &place)
    ))
    .hint("Make it usable, or set XDG_DATA_HOME to a folder that is"))
}

fn below_home(probe: &Probe<'_>, path: &Path) -> String {
    let home = probe.context.environment.get("HOME");
    home.and_then(|home| path.strip_prefix(home).ok())
        .map_or_else(
            || path.display().to_string(),
            |path| format!("~/{}", path.display()),
        )
}
