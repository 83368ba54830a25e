//! `doctor --fix`: mends that change nothing but our own lines in the user's files. Each is shown
//! before it is made, and can be taken back. What spends money or deletes is none of them.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{Probe, Report, mend};
use crate::cli::DoctorArgs;
use crate::config::env_file::{self, EnvFile};
use crate::config::secret::Secret;
use crate::config::{self, HerokuQuery, Source, git};
use crate::error::{Error, Nearly};
use crate::files::{self, named};
use crate::screen::Tone;
use crate::store::{Change, Undo};

/// What can be done about what a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Only its owner may read the file.
    Private(PathBuf),
    /// Git ignores the file.
    Ignore(PathBuf),
    /// A variable gets the name that was meant.
    Rename(Nearly),
    /// Quotes and blanks that became part of a value go.
    Bare,
    /// URL and key come from the app anew, because the service refuses this key.
    Pull,
}

/// Offers the mends of a report that were not offered before. Whether any was made.
///
/// # Errors
/// Ctrl-C, and failures of the output.
pub fn offer(
    probe: &mut Probe<'_>,
    report: &Report,
    args: &DoctorArgs,
    offered: &mut Vec<Mend>,
    kept: &mut Option<Undo>,
) -> Result<bool, Error> {
    let mut is_mended = false;
    for mend in report.mends() {
        if offered.contains(mend) {
            continue;
        }
        let found = possible(mend, probe);
        let screen = &mut probe.context.screen;
        let (what, change) = match found {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                offered.push(mend.clone());
                screen.warning(&format!("not mended: {}", error.explain().in_a_line()));
                continue;
            }
        };
        offered.push(mend.clone());
        let lines = lines(&change);
        if args.json {
            screen.note(&format!("{what}: {}", lines.join(" ")));
        } else {
            screen.verdict(Tone::QUIET, &what, None, &[])?;
            screen.evidence(&lines)?;
        }
        if !args.yes && !screen.confirm(&format!("{what}?")) {
            continue;
        }
        // Ctrl-C between the two would leave a change that can't be taken back.
        probe.context.interrupts.hold();
        let made = make(change, kept);
        probe.context.interrupts.release();
        match made {
            Ok(()) => is_mended = true,
            Err(error) => {
                let text = format!("nothing was changed: {error}");
                probe.context.screen.warning(&text);
            }
        }
    }
    Ok(is_mended)
}

/// Whether `--fix` would have something to offer, as far as that is known without asking Heroku.
pub fn has_offers(probe: &mut Probe<'_>, report: &Report) -> bool {
    report.mends().any(|mend| match mend {
        Mend::Pull => {
            let key = probe.gathered.key.as_ref();
            key.is_some_and(|key| matches!(key.source, Source::EnvFile(..)))
        }
        mend => matches!(possible(mend, probe), Ok(Some(_))),
    })
}

fn make(change: Change, kept: &mut Option<Undo>) -> io::Result<()> {
    let run = match kept.take() {
        Some(run) => run,
        None => Undo::begin()
            .map_err(|error| io::Error::other(format!("what was can't be kept: {error}")))?,
    };
    kept.insert(run).make(change)
}

/// What a mend would change, if anything, and that in words.
fn possible(mend: &Mend, probe: &mut Probe<'_>) -> Result<Option<(String, Change)>, Error> {
    match mend {
        Mend::Private(path) => {
            let mode = files::mode(path).filter(|mode| mode & 0o077 != 0);
            let change = |mode| Change {
                path: absolute(path),
                mode: Some(mode),
                before: None,
                after: String::new(),
                is_private: true,
            };
            let what = format!("Keep {} to yourself", path.display());
            Ok(mode.map(|mode| (what, change(mode))))
        }
        Mend::Ignore(path) => ignored(path).map(Some),
        Mend::Rename(Nearly {
            name,
            set,
            source: Source::EnvFile(path, _),
        }) => {
            let what = format!("Call {set} {name} in {}", path.display());
            let query = HerokuQuery::of(&probe.args.heroku)?;
            in_env_file(path, what, |text| {
                let text = env_file::with_name(text, set, name);
                let read = EnvFile::parse(path, &text, &query.variables);
                read.get(name).is_some().then_some(text)
            })
        }
        Mend::Rename(_) => Ok(None),
        Mend::Bare => {
            let path = probe.env_path.clone();
            let names = HerokuQuery::of(&probe.args.heroku)?.variables;
            let what = format!("Take away what stands round a value in {}", path.display());
            in_env_file(&path, what, |text| {
                Some(env_file::with_bare_values(
                    text,
                    &names[..2],
                    config::is_plain_value,
                ))
            })
        }
        Mend::Pull => pulled(probe),
    }
}

/// The rule in .gitignore.
fn ignored(path: &Path) -> Result<(String, Change), Error> {
    let rules = path.with_file_name(".gitignore");
    let unusable = |error: io::Error| Error::of_file("the file", &rules, &error);
    let is_regular = rules.symlink_metadata().map_or(true, |it| it.is_file());
    if !is_regular {
        return Err(unusable(io::Error::other("It is no regular file.")));
    }
    let before = match env_file::text(&rules) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        text => Some(text.map_err(unusable)?),
    };
    let text = before.clone().unwrap_or_default();
    let change = Change {
        path: absolute(&rules),
        mode: None,
        after: text.clone() + &git::line_behind(text.as_bytes(), path),
        before,
        is_private: false,
    };
    Ok((format!("Have git ignore {}", path.display()), change))
}

/// URL and key of the app, if that has another key than the one that was refused.
fn pulled(probe: &mut Probe<'_>) -> Result<Option<(String, Change)>, Error> {
    let (Some(url), Some(key)) = (&probe.gathered.url, &probe.gathered.key) else {
        return Ok(None);
    };
    let Source::EnvFile(path, _) = &key.source else {
        return Ok(None);
    };
    if probe.sandbox.is_some() || !url.source.is_same_place(&key.source) {
        return Ok(None);
    }
    let (path, refused) = (path.clone(), key.value.clone());
    let query = HerokuQuery::of(&probe.args.heroku)?;
    let names = ["URL", "KEY"].map(|suffix| probe.gathered.variable(suffix));
    let answer = probe.context.ask_heroku(&query)?;
    let heroku = answer.map_err(|heroku| Error::NotOnApp {
        names: names.to_vec(),
        heroku,
    })?;
    let value = |name: &String| Some((name.clone(), heroku.get(name)?.trimmed()));
    let values: Vec<(String, Secret)> = names.iter().filter_map(value).collect();
    let [_, (_, theirs)] = &values[..] else {
        return Ok(None);
    };
    probe.context.screen.keep_secret(theirs);
    let is_right = |(name, value): &(String, Secret)| {
        let is_usual = name.ends_with("_KEY") || config::is_plain_value(name, value);
        is_usual && *value != Secret::default() && env_file::is_writable(value)
    };
    if *theirs == refused || !values.iter().all(is_right) {
        return Ok(None);
    }
    let app = mend::app(probe).map_or_else(|| "the app".to_owned(), |app| format!("the app {app}"));
    let what = format!("Take URL and key from {app}, into {}", path.display());
    in_env_file(&path, what, |text| {
        // What is right already stays as it is written.
        let stays = |it: &&(String, Secret)| env_file::gives(text, std::slice::from_ref(*it));
        let new: Vec<_> = values.iter().filter(|it| !stays(it)).cloned().collect();
        let text = env_file::with_values(text, &new);
        env_file::gives(&text, &values).then_some(text)
    })
}

/// A change of the env file, if that is a file, and changes.
fn in_env_file(
    path: &Path,
    what: String,
    change: impl FnOnce(&str) -> Option<String>,
) -> Result<Option<(String, Change)>, Error> {
    let unusable = |error: io::Error| Error::of_file("the env file", path, &error);
    let path = named::behind_links(path).map_err(unusable)?;
    if named::is_standard_input(&path) || !path.is_file() {
        return Ok(None);
    }
    let before = env_file::text(&path).map_err(unusable)?;
    let after = change(&before).filter(|after| *after != before);
    let change = |after| Change {
        mode: files::mode(&path),
        path: absolute(&path),
        before: Some(before),
        after,
        is_private: true,
    };
    Ok(after.map(|after| (what, change(after))))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A change as the lines that go and come, without secrets.
fn lines(change: &Change) -> Vec<String> {
    let before = change.before.as_deref().unwrap_or_default();
    let shown = |line: &str| match change.is_private {
        true => env_file::shown(line),
        false => line.trim_end().to_owned(),
    };
    let only_in = |one: &str, other: &str, mark: &str| -> Vec<String> {
        let there: HashSet<&str> = other.lines().collect();
        let lines = one.lines().filter(|line| !there.contains(line));
        lines
            .map(|line| format!("{mark} {}", shown(line)))
            .collect()
    };
    let mut lines = only_in(before, &change.after, "-");
    lines.extend(only_in(&change.after, before, "+"));
    if let Some(mode) = change.mode.filter(|mode| *mode != 0o600) {
        lines.extend([format!("- mode {mode:o}"), "+ mode 600".to_owned()]);
    }
    lines
}
