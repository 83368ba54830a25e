//! The file of flags in the folder of the user's settings: read at the start, and written when a
//! value is to stay.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command, CommandFactory};

use crate::app::{Connection, Context};
use crate::cli::Args;
use crate::cli::kept::{self, Kept};
use crate::config::environment::Environment;
use crate::config::{HerokuQuery, Source, is_app_name};
use crate::error::Error;
use crate::files::{self, named};
use crate::heroku::remote;
use crate::store;

const FILE: &str = "the file of flags";

/// The largest file of flags, in bytes; one that is larger is something else.
const LIMIT: usize = 64 * 1024;

/// Reads what is kept for this command line.
pub fn read(given: &ArgMatches, root: &Command, environment: &Environment) -> Kept {
    let given = kept::innermost(given);
    let Ok(path) = path() else {
        return Kept::default();
    };
    if given.get_flag("no_config") {
        return Kept::default();
    }
    let place = files::with_tilde(&path);
    let text = match content(&path) {
        Ok(text) => text,
        Err(error) => {
            let is_there = error.kind() != io::ErrorKind::NotFound;
            let problem = format!("{place} was not read: {error}");
            return Kept::without_lines(place, is_there.then_some(problem));
        }
    };
    let mut kept = Kept::read(&text, &place, root, |name| beside(&path, name));
    let app = match kept.has_apps() {
        true => app(given, &kept, environment),
        false => None,
    };
    kept.choose(app.as_deref(), |name| environment.get(name).is_some());
    kept
}

/// The app at hand, if it is known without asking anybody.
fn app(given: &ArgMatches, kept: &Kept, environment: &Environment) -> Option<String> {
    let value = |id| given.try_get_one::<String>(id).ok().flatten().cloned();
    let mut query = HerokuQuery {
        app: value("app"),
        remote: value("remote"),
        ..HerokuQuery::default()
    };
    if query.app.is_none() && query.remote.is_none() && environment.get("HEROKU_APP").is_none() {
        query.app = kept.app().map(str::to_owned);
        // Whoever sets the URL by a variable means no app.
        if query.app.is_none() && environment.get("INFERENCE_URL").is_some() {
            return None;
        }
    }
    remote::app(&query, environment)
}

fn path() -> io::Result<PathBuf> {
    Ok(files::config_folder()?.join("config"))
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    files::regular(path)?;
    let text = named::read_to_end(File::open(path)?, LIMIT)?;
    match text.len() > LIMIT {
        true => Err(io::Error::other("It is larger than 64 kB.")),
        false => Ok(text),
    }
}

/// The path of a file that a line names, in the folder of the file of flags or below it.
fn beside(path: &Path, name: &str) -> Result<String, String> {
    let folder = files::folder_of(path);
    let found = files::expand_home(name);
    let found = folder.join(found).canonicalize().and_then(|found| {
        files::regular(&found)?;
        Ok((found, folder.canonicalize()?))
    });
    match found {
        Ok((found, folder)) if found.starts_with(&folder) => Ok(found.display().to_string()),
        Ok(_) => Err("the file that it names is in another folder than this one".to_owned()),
        Err(error) => Err(format!("the file that it names can't be read: {error}")),
    }
}

/// Keeps a flag, for an app or for all. Returns the line that it is now.
///
/// # Errors
/// What is no flag, or none that can be kept, and a file that can't be written.
pub fn keep(name: &str, value: Option<&str>, app: Option<&str>) -> Result<String, Error> {
    check_app(name, app)?;
    let root = Args::command();
    let (line, flag) = kept::line(name, value, app, &root).map_err(|it| refused(name, it))?;
    change(|text| kept::edited(text, &flag, Some(&line), &root))?;
    Ok(line)
}

/// Keeps a flag no longer, for an app or for all. Whether it was kept.
///
/// # Errors
/// What is no flag, and a file that can't be written.
pub fn forget(name: &str, app: Option<&str>) -> Result<bool, Error> {
    check_app(name, app)?;
    let root = Args::command();
    let flag = kept::flag_to_unset(name, app, &root).map_err(|it| refused(name, it))?;
    change(|text| kept::edited(text, &flag, None, &root))
}

fn check_app(flag: &str, app: Option<&str>) -> Result<(), Error> {
    match app.filter(|app| !is_app_name(app)) {
        Some(app) => Err(refused(flag, format!("No app can have the name {app:?}."))),
        None => Ok(()),
    }
}

fn refused(flag: &str, reason: String) -> Error {
    Error::File {
        what: "the flag",
        path: flag.into(),
        reason,
    }
}

/// Writes the file anew, if its text becomes another one.
fn change(edit: impl FnOnce(&str) -> String) -> Result<bool, Error> {
    let before = text()?;
    let after = edit(&before);
    let is_other = after != before;
    if is_other {
        write(&before, &after)?;
    }
    Ok(is_other)
}

/// The text of the file; empty if there is none.
///
/// # Errors
/// A file that is none of flags.
pub fn text() -> Result<String, Error> {
    let path = path().map_err(without_home)?;
    let text = match content(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        text => text.and_then(|text| {
            let reason = |_| io::Error::other("It is not UTF-8 text.");
            String::from_utf8(text).map_err(reason)
        }),
    };
    text.map_err(|error| Error::of_file(FILE, &path, &error))
}

/// Writes the file, which had this text.
///
/// # Errors
/// The system's, and what somebody else has written meanwhile.
pub fn write(before: &str, text: &str) -> Result<(), Error> {
    let path = path().map_err(without_home)?;
    store::write_settings(&path, before, text).map_err(|error| Error::of_file(FILE, &path, &error))
}

fn without_home(error: io::Error) -> Error {
    Error::System {
        what: "finding the folder of your settings",
        reason: error.to_string(),
    }
}

/// The app that the service was found for, if that is known.
pub fn app_of(connection: &Connection, context: &Context) -> Option<String> {
    let settings = &connection.settings;
    settings.app.clone().or_else(|| {
        let query = HerokuQuery {
            remote: connection.heroku.remote.clone(),
            ..HerokuQuery::default()
        };
        let is_herokus = matches!(settings.url.source, Source::Heroku(_));
        is_herokus.then(|| remote::app(&query, &context.environment))?
    })
}

/// The path of the file as it is shown.
pub fn place() -> String {
    path().map_or_else(|_| FILE.to_owned(), |path| files::with_tilde(&path))
}
