//! `heroku-chat config pull`: writes an app's variables into an env file, and has git ignore it.

use std::io;
use std::path::Path;

use crate::app::Context;
use crate::cli::PullArgs;
use crate::config::git::{self, Tracking};
use crate::config::secret::Secret;
use crate::config::{self, HerokuQuery, env_file};
use crate::error::{Error, ExitStatus, HerokuFailure};
use crate::files;
use crate::files::named;
use crate::store;

/// Asks Heroku for the variables and writes them.
///
/// # Errors
/// What the Heroku CLI couldn't do, and a file that can't be written.
pub fn run(args: &PullArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let unusable = |error: io::Error| Error::of_file("--env-file", &args.env_file, &error);
    files::replace::check_replaceable(&args.env_file).map_err(unusable)?;
    // Behind a link, the file itself is meant.
    let path = &named::behind_links(&args.env_file).map_err(unusable)?;
    let app = config::app_name(&args.heroku, &context.environment)?;
    let query = HerokuQuery::of(&args.heroku)?;
    let answer = context.ask_heroku(&query)?;
    let values = required(answer, &query, app)?;
    if let Some((_, key)) = values.iter().find(|(name, _)| name.ends_with("_KEY")) {
        context.screen.keep_secret(key);
    }
    let is_unwritable = |(_, value): &&(String, Secret)| !env_file::is_writable(value);
    if let Some((name, _)) = values.iter().find(is_unwritable) {
        return Err(Error::InvalidValue {
            what: name.clone(),
            value: "with a quote or a line break in it".to_owned(),
            rule: "a value that an env file can hold".to_owned(),
        });
    }
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    let (shown, names) = (path.display(), names.join(", "));
    if args.dry_run {
        let text = format!("Would write {names} to {shown}");
        context.screen.print(&text)?;
        return Ok(ExitStatus::Done);
    }
    let before = match env_file::text(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.map_err(unusable)?,
    };
    let after = env_file::with_values(&before, &values);
    if !env_file::gives(&after, &values) {
        let reason = "A quote in it is never closed, and takes in what would be written.";
        return Err(unusable(io::Error::other(reason)));
    }
    // Ctrl-C between the new file and its place would leave the key in a file of another name.
    context.interrupts.hold();
    let written = store::replace_privately(path, &before, &after);
    context.interrupts.release();
    written.map_err(unusable)?;
    let readers = match files::other_readers(path) {
        Ok(Some(readers)) => format!("which {readers} can read"),
        _ => "readable by you only".to_owned(),
    };
    let screen = &mut context.screen;
    screen.print(&format!("Wrote {names} to {shown}, {readers}"))?;
    for name in &query.variables {
        if !values.iter().any(|(other, _)| other == name) && before.contains(name) {
            screen.note(&format!("{name} is left as it was: the app has none"));
        }
    }
    keep_out_of_git(path, args.gitignore, context)
}

/// The variables that are set, in the order of the query; URL and key have to be among them.
fn required(
    answer: config::HerokuAnswer,
    query: &HerokuQuery,
    app: Option<String>,
) -> Result<Vec<(String, Secret)>, Error> {
    let (mut found, heroku) = match answer {
        Ok(values) => (values, HerokuFailure::NotAttached(app)),
        Err(failure) => (Default::default(), failure),
    };
    let is_missing = |name: &&String| !name.ends_with("_MODEL_ID") && !found.contains_key(*name);
    let names: Vec<String> = query.variables.iter().filter(is_missing).cloned().collect();
    if !names.is_empty() {
        return Err(Error::NotOnApp { names, heroku });
    }
    let names = query.variables.iter();
    let trimmed = |(name, value): (String, Secret)| (name, value.trimmed());
    Ok(names
        .filter_map(|name| found.remove_entry(name))
        .map(trimmed)
        .collect())
}

/// Has git ignore the file if the user agrees; says how if nobody can be asked.
fn keep_out_of_git(path: &Path, agreed: bool, context: &mut Context) -> Result<ExitStatus, Error> {
    let shown = path.display();
    let screen = &mut context.screen;
    let warning = match git::tracking(path, &context.environment) {
        Tracking::NoRepository | Tracking::NeverCommitted | Tracking::Ignored => {
            return Ok(ExitStatus::Done);
        }
        Tracking::Unknown => {
            format!("git did not say whether it would commit {shown}; see git status")
        }
        Tracking::Filtered => {
            format!("git tracks {shown} through a filter; make sure that it encrypts the key")
        }
        Tracking::Tracked => {
            let command = git::untrack_command(path);
            format!("git tracks {shown}, so the key would be committed. Take it out: {command}")
        }
        Tracking::Unignored
            if agreed
                || screen.confirm(&format!("git would commit {shown}. Add it to .gitignore?")) =>
        {
            let rules = path.with_file_name(".gitignore");
            git::ignore(path).map_err(|error| Error::of_file("the file", &rules, &error))?;
            screen.note(&format!("{shown} is in {} now", rules.display()));
            if git::tracking(path, &context.environment) == Tracking::Ignored {
                return Ok(ExitStatus::Done);
            }
            format!("git would still commit {shown}; see git status")
        }
        Tracking::Unignored => {
            let command = git::ignore_command(path);
            format!("git would commit {shown}, which holds the key. Ignore it: {command}")
        }
    };
    screen.warning(&warning);
    Ok(ExitStatus::Done)
}
