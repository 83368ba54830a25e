//! What can be checked on this machine: the env file, the settings, terminal and folders.

use std::env::consts::{ARCH, OS};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::git::{self, Tracking, quoted};
use crate::config::secret::Secret;
use crate::config::{self, Source};
use crate::doctor::Status::{Fail, Pass, Skip, Warn};
use crate::doctor::fix::Mend;
use crate::doctor::{Probe, STEP_LIMIT, Verdict, mend};
use crate::error::{Error, HerokuFailure, export_line, renamed, words};
use crate::files::{self, named};
use crate::screen::terminal;
use crate::store;

pub fn version(_: &mut Probe<'_>) -> Result<Verdict, Error> {
    let version = env!("CARGO_PKG_VERSION");
    Ok(Pass.found(format!("heroku-chat {version} on {OS} {ARCH}")))
}

pub fn env_file(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if probe.sandbox.is_some() {
        return Ok(Skip.found("the sandbox needs none"));
    }
    let shown = probe.env_path.display();
    let file = match &probe.env_file {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && probe.args.env_file.is_none() => {
            let found = format!("there is no {shown} here, and none is needed");
            return Ok(Pass.found(found));
        }
        Err(error) => {
            let words = words!("doctor::env_file unreadable", shown, error);
            return Ok(Fail.found(match probe.env_path.parent() {
                Some(folder) if error.kind() == io::ErrorKind::NotFound => {
                    words.look(format!("ls -lA {}", quoted(&Path::new(".").join(folder))))
                }
                _ => words.look(format!("ls -l {}", quoted(&probe.env_path))),
            }));
        }
    };
    if let Some(first) = file.warnings.first() {
        // What is set elsewhere wins over the file anyway.
        let is_needed = probe.gathered.url.is_none() || probe.gathered.key.is_none();
        let status = if is_needed { Fail } else { Warn };
        return Ok(status
            .found(words!("doctor::env_file line", first))
            .mend(Mend::Bare));
    }
    let set: Vec<&str> = file
        .variables
        .iter()
        .map(|(name, ..)| name.as_str())
        .collect();
    Ok(Pass.found(match set[..] {
        [] => {
            let names = ["URL", "KEY", "MODEL_ID"].map(|suffix| probe.gathered.variable(suffix));
            format!("{shown} sets none of {}", names.join(", "))
        }
        _ => format!("{shown} sets {}", set.join(", ")),
    }))
}

/// The file that holds the key, behind all links; else the verdict that there is none to hide.
fn file_with_key(probe: &Probe<'_>) -> Result<PathBuf, Verdict> {
    let name = probe.gathered.variable("KEY");
    let path = &probe.env_path;
    // One that a later line overrides is in the file as well.
    let keys: Vec<&Secret> = (probe.env_file.iter())
        .flat_map(|file| &file.variables)
        .filter(|(other, value, _)| *other == name && *value != Secret::default())
        .map(|(_, value, _)| value)
        .collect();
    if keys.is_empty() {
        return Err(Skip.found("no key in an env file"));
    }
    if !keys.into_iter().any(config::may_be_key) {
        return Err(Pass.found(format!(
            "{} has a reference, a ciphertext or a placeholder in place of the key",
            path.display()
        )));
    }
    let behind = named::behind_links(path).ok();
    Ok(behind
        .filter(|it| it.exists())
        .unwrap_or_else(|| path.clone()))
}

pub fn env_permissions(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let path = match file_with_key(probe) {
        Ok(path) if path.is_file() => path,
        Ok(_) => return Ok(Pass.found("it is not a file on disk")),
        Err(verdict) => return Ok(verdict),
    };
    let readers = files::other_readers(&path);
    let readers = readers.map_err(|error| Error::of_file("the env file", &path, &error))?;
    let shown = path.display();
    Ok(match readers {
        None => Pass.found("only its owner can read it"),
        Some(readers) => {
            let words = words!("doctor::env_permissions", shown, readers);
            (Warn.found(words.command(format!("chmod 600 {}", quoted(&path)))))
                .mend(Mend::Private(path))
        }
    })
}

pub fn env_git(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let path = match file_with_key(probe) {
        Ok(path) => path,
        Err(verdict) => return Ok(verdict),
    };
    let shown = path.display();
    let (asked, environment) = (path.clone(), probe.context.environment.clone());
    let tracking = (probe.context.interrupts)
        .run(STEP_LIMIT, move || git::tracking(&asked, &environment))?
        .unwrap_or(Tracking::Unknown);
    let words = || words!(&format!("doctor::env_git {tracking:?}"), shown);
    Ok(match tracking {
        Tracking::NoRepository => Pass.found("the folder belongs to no git repository"),
        Tracking::NeverCommitted => Pass.found(format!("git commits nothing of {shown}")),
        Tracking::Ignored => Pass.found(format!("git ignores {shown}")),
        Tracking::Unknown => Warn.found(words()),
        Tracking::Filtered => {
            Warn.found(words().look(format!("git check-attr filter {}", quoted(&path))))
        }
        Tracking::Unignored => {
            (Fail.found(words().command(git::ignore_command(&path)))).mend(Mend::Ignore(path))
        }
        Tracking::Tracked => Fail.found(
            words()
                .command(git::untrack_command(&path))
                .command(git::ignore_command(&path)),
        ),
    })
}

pub fn url(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if let Some(settings) = &probe.settings {
        return Ok(Pass
            .found(shown(&settings.url.value))
            .from(&settings.url.source));
    }
    let Some(url) = &probe.gathered.url else {
        return Ok(missing(probe, "URL"));
    };
    let address = match probe.gathered.checked_url(url, probe.args) {
        Ok(address) => shown(&address),
        Err(error) => {
            let right = config::with_https(&url.value);
            let words = error.explain();
            return Ok(Fail
                .found(match &right {
                    Some(right) => mend::url(probe, words, right),
                    None => words,
                })
                .mend(Mend::Bare));
        }
    };
    let has_more = url.value.trim().trim_end_matches('/') != address;
    let verdict = if has_more && url.value.contains("/v1") {
        let url = &url.value;
        Warn.found(words!("doctor::url path", url))
    } else {
        Pass.found(address)
    };
    Ok(verdict.from(&url.source))
}

fn shown(url: &url::Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

pub fn key(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if probe.settings.is_some() {
        return Ok(Pass.found("the sandbox's own").from(&Source::Sandbox));
    }
    let Some(key) = &probe.gathered.key else {
        return Ok(missing(probe, "KEY"));
    };
    if let Err(error) = config::check_key(key) {
        let words = error.explain();
        let is_usual = config::has_usual_form(&config::bare(&key.value));
        return Ok(Fail
            .found(match key.source {
                Source::Environment if is_usual => {
                    let name = probe.gathered.variable("KEY");
                    (words.hint("Or take away what stands round it")).command(format!(
                        "export {name}=$(echo \"${name}\" | tr -cd 'a-z0-9-')"
                    ))
                }
                _ => words,
            })
            .mend(Mend::Bare));
    }
    let verdict = match config::has_usual_form(&key.value) {
        true => Pass.found("set, and of the usual form (redacted)"),
        false => Warn.found(words!("doctor::key form")),
    };
    Ok(verdict.from(&key.source))
}

/// A missing variable: the line that sets it, or the attachment it was found under.
fn missing(probe: &Probe<'_>, suffix: &str) -> Verdict {
    let name = probe.gathered.variable(suffix);
    let mut unreadable = probe.context.environment.unreadable();
    let set = match unreadable.any(|other| other == name) {
        true => "UTF-8 text in the environment and counts as unset",
        false => "set",
    };
    if let Some(other) = other_attachment(probe) {
        let words = words!("doctor::missing attachment", name, set, other);
        return Fail.found(words.command(probe.command_for(&other)));
    }
    let words = words!("doctor::missing", name, set);
    if let Some(nearly) = probe.gathered.nearly.iter().find(|it| it.name == name)
        && let Some(command) = renamed(nearly)
    {
        let words = words.hint(format!("Did you mean that by {}? Name it so", nearly.set));
        return Fail
            .found(words.command(command))
            .mend(Mend::Rename(nearly.clone()));
    }
    let failure = probe
        .heroku
        .as_ref()
        .and_then(|facts| facts.variables.as_ref().err());
    // An app that isn't there is of no use in the command.
    let is_unknown = matches!(failure, Some(HerokuFailure::UnknownApp(_)));
    let app = probe.gathered.app.as_deref().filter(|_| !is_unknown);
    Fail.found(match failure {
        Some(HerokuFailure::OnDyno) => words,
        Some(failure) if !failure.can_be_set() => {
            words.hint("Set it from the app once Heroku answers; what it said stands above")
        }
        _ => {
            let sentence = "Set it from the app, after what stands above of the Heroku CLI";
            words.hint(sentence).command(export_line(&name, app))
        }
    })
}

/// An attachment of another name whose URL and key are both set, in the environment or on the app.
fn other_attachment(probe: &Probe<'_>) -> Option<String> {
    let environment = &probe.context.environment;
    let value = |name: &str| Some((name.to_owned(), Secret::new(environment.get(name)?)));
    let here = config::attachments(&environment.names().filter_map(value).collect());
    let mut here = here.into_iter();
    let other = here.find(|prefix| *prefix != probe.gathered.prefix);
    let on_app = || probe.heroku.as_ref()?.other_attachment();
    other.or_else(on_app)
}

pub fn same_source(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let settings = match probe.settings.take() {
        Some(settings) => settings,
        None => match probe.gathered.settings(probe.args) {
            Ok(settings) => settings,
            Err(error) => return Ok(Fail.found(mend::split(probe, error))),
        },
    };
    let settings = probe.settings.insert(settings);
    let (url, key) = (&settings.url.source, &settings.key.source);
    Ok(match url {
        _ if !url.is_same_place(key) => Warn.found(words!("doctor::same_source", url, key)),
        // Without the number of a line, which is another for each value.
        Source::EnvFile(path, _) => Pass.found(format!("both from {}", path.display())),
        place => Pass.found(format!("both from {place}")),
    })
}

pub fn terminal(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let term = probe.context.environment.get("TERM").unwrap_or("not set");
    let screen = &probe.context.screen;
    Ok(match (screen.is_interactive(), term) {
        (false, _) => Pass.found("the output is not a terminal: plain text"),
        (true, "dumb") => Warn.found(words!("doctor::terminal dumb")),
        (true, _) => {
            let width = terminal::width();
            let no = if screen.has_color() { "" } else { "no " };
            Pass.found(format!("{width} columns, TERM {term}, {no}colours"))
        }
    })
}

pub fn data_folder(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let folder = match store::data_folder() {
        Ok(folder) => folder,
        Err(error) => return Ok(Warn.found(words!("doctor::data_folder none", error))),
    };
    Ok(match store::unusable_place(&folder) {
        None => Pass.found(format!("{} can be written", below_home(probe, &folder))),
        Some(place) => {
            let place = below_home(probe, &place);
            Warn.found(words!("doctor::data_folder", place))
        }
    })
}

fn below_home(probe: &Probe<'_>, path: &Path) -> String {
    let home = probe.context.environment.get("HOME");
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(path) => format!("~/{}", path.display()),
        None => path.display().to_string(),
    }
}
