//! The lines of the file of flags: what each says, and the text with one that is set or taken away.

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command};

use super::{Flag, is_switch, opposite, opposite_name};
use crate::cli::settings::rule;

/// Flags that the file doesn't hold, and why.
const REFUSED: &[(&str, &str)] = &[
    ("url key key-file env-file", WHERE_KEYS_STAND),
    (
        "yes fix undo explain live gitignore allow-http allow-mixed-sources",
        "it is said each time, on the command line",
    ),
    (
        "all dry-run file help image messages next no-config config output short version",
        "it is about a single command line",
    ),
];

const WHERE_KEYS_STAND: &str =
    "URL and key stand in the environment, in .env or on Heroku, where they stay together";

/// What stands on a line.
pub(super) enum Line {
    Nothing,
    /// The lines below are for this app.
    App(String),
    Flag(Flag),
}

/// Whose the lines of a part of the file are.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// An app's, or all apps'.
    Of(Option<String>),
    /// Behind a head that can't be read.
    Nobody,
}

/// The lines of the file, and what each says to whom.
pub(super) fn lines<'a>(
    text: &'a [u8],
    root: &'a Command,
) -> impl Iterator<Item = (&'a [u8], Result<Line, String>, Part)> {
    let mut part = Part::Of(None);
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.map(move |line| {
        let read = read_line(line, root);
        match &read {
            Ok(Line::App(app)) => part = Part::Of(Some(app.clone())),
            Err(_) if line.trim_ascii_start().starts_with(b"[") => part = Part::Nobody,
            _ => {}
        }
        (line, read, part.clone())
    })
}

fn read_line(line: &[u8], root: &Command) -> Result<Line, String> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = std::str::from_utf8(line).map_err(|_| "this is not UTF-8 text")?;
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Nothing);
    }
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err("a control character is in it".to_owned());
    }
    let words = shlex::split(line).ok_or("a quote in it is not closed")?;
    if line.starts_with('[') {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        return match words[..] {
            ["[app", app] if app.len() > 1 && app.ends_with(']') => {
                Ok(Line::App(app[..app.len() - 1].to_owned()))
            }
            _ => Err(
                "no part of the file begins so, but with [app NAME]; the lines below it \
                      hold for no app"
                    .to_owned(),
            ),
        };
    }
    read_flag(&words, root).map(Line::Flag)
}

/// What is wrong with a line is said without its words: a key may stand there.
fn read_flag(words: &[String], root: &Command) -> Result<Flag, String> {
    let first = words.first().ok_or("this is no flag")?;
    let (name, has_value) = match first.split_once('=') {
        Some((name, _)) => (name, true),
        None => (first.as_str(), false),
    };
    let bare = name.trim_start_matches('-').to_ascii_lowercase();
    for (refused, why) in REFUSED {
        if name.starts_with('-') && refused.split(' ').any(|other| other == bare) {
            return Err(format!("--{bare} is not taken from a file: {why}"));
        }
    }
    // `INFERENCE_KEY=…`, `export …`, `key …`
    if words.iter().any(|word| is_of_service(word)) {
        return Err(WHERE_KEYS_STAND.to_owned());
    }
    let argument = find(root, name).filter(|it| it.get_action().takes_values() || is_switch(it));
    let argument = argument.ok_or("this is no flag of any command")?;
    let long = argument.get_long().unwrap_or_default();
    let is_alone = has_value || is_switch(&argument);
    if words.len() > if is_alone { 1 } else { 2 } {
        let rule = "a line holds one flag, and a value of several words stands in quotes";
        return Err(rule.to_owned());
    }
    let texts = match argument.get_action() {
        _ if has_value && is_switch(&argument) => return Err(format!("--{long} takes no value")),
        ArgAction::SetTrue => vec!["on".to_owned()],
        ArgAction::SetFalse => vec!["off".to_owned()],
        _ => values(&argument, words).map_err(|error| match has_value || words.len() > 1 {
            true => format!("--{long} takes {}", rule(&error)),
            false => format!("--{long} takes a value"),
        })?,
    };
    Ok(Flag::new(&argument, texts))
}

/// The values of a flag that these words are, as far as it takes them.
fn values(argument: &Arg, words: &[String]) -> Result<Vec<String>, clap::Error> {
    let alone = argument
        .clone()
        .conflicts_with(Resettable::Reset)
        .default_value(Resettable::Reset)
        .global(false);
    let command = Command::new("flag").no_binary_name(true).arg(alone);
    let matches = command
        .disable_help_flag(true)
        .try_get_matches_from(words)?;
    let raw = matches.get_raw(argument.get_id().as_str());
    let texts = raw.into_iter().flatten();
    Ok(texts
        .map(|text| text.to_string_lossy().into_owned())
        .collect())
}

/// Whether a word sets URL or key of a service.
fn is_of_service(word: &str) -> bool {
    let name = word
        .split('=')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let mut ends = ["_URL", "_KEY"].iter();
    ["URL", "KEY"].contains(&name.as_str())
        || (word.contains('=') && !word.starts_with('-') && ends.any(|end| name.ends_with(end)))
}

/// The flag of this name, with its dashes, of whichever command.
fn find(root: &Command, name: &str) -> Option<Arg> {
    let opposite_of = |long: &str| {
        let switch = defined(root, &format!("--{}", opposite_name(long)))?;
        opposite(Some(switch).filter(|it| is_switch(it))?)
    };
    let known = defined(root, name).cloned();
    known.or_else(|| opposite_of(name.strip_prefix("--")?))
}

fn defined<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let is_named = |argument: &&Arg| match name.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => {
            let short = name.strip_prefix('-').and_then(|name| name.parse().ok());
            short.is_some() && argument.get_short() == short
        }
    };
    let below = || {
        let mut commands = command.get_subcommands();
        commands.find_map(|below| defined(below, name))
    };
    command.get_arguments().find(is_named).or_else(below)
}

/// The line for a flag or a setting, however its name is spelled, for an app or for all.
///
/// # Errors
/// Why it can't be kept.
pub fn line(
    name: &str,
    value: Option<&str>,
    app: Option<&str>,
    root: &Command,
) -> Result<(String, Flag), String> {
    let long = long(name);
    let is_switch = find(root, &format!("--{long}")).is_some_and(|it| is_switch(&it));
    let line = match value {
        None => format!("--{long}"),
        Some("on") if is_switch => format!("--{long}"),
        Some("off") if is_switch => format!("--{}", opposite_name(&long)),
        Some(_) if is_switch => return Err(format!("--{long} takes on or off")),
        Some(value) => {
            let quoted = shlex::try_quote(value);
            let quoted = quoted.map_err(|_| "a control character is in it")?;
            format!("--{long}={quoted}")
        }
    };
    match read_line(line.as_bytes(), root)? {
        Line::Flag(flag) => Ok((line, flag.of(app.map(str::to_owned))?)),
        _ => Err("this is no flag of any command".to_owned()),
    }
}

fn long(name: &str) -> String {
    name.trim_start_matches('-').replace('_', "-")
}

/// The flag of this name, whatever its value.
///
/// # Errors
/// If there is none.
pub fn flag_to_unset(name: &str, app: Option<&str>, root: &Command) -> Result<Flag, String> {
    let argument = find(root, &format!("--{}", long(name)));
    let flag = Flag::new(
        &argument.ok_or("this is no flag of any command")?,
        Vec::new(),
    );
    let app = app.map(str::to_owned);
    Ok(Flag { app, ..flag })
}

/// The text of the file with this line in place of those that say the same thing to the same app,
/// or to all; without those, if there is none. All other lines stay as they are.
pub fn edited(text: &str, flag: &Flag, line: Option<&str>, root: &Command) -> String {
    let ours = Part::Of(flag.app.clone());
    let (mut others, mut place) = (Vec::new(), None);
    let mut end = flag.app.is_none().then_some(0);
    for (old, read, part) in lines(text.as_bytes(), root) {
        if part != ours {
            others.push(String::from_utf8_lossy(old));
        } else if matches!(read, Ok(Line::Flag(other)) if other.id == flag.id) {
            place = Some(others.len());
        } else {
            others.push(String::from_utf8_lossy(old));
            if !old.trim_ascii().is_empty() {
                end = Some(others.len());
            }
        }
    }
    let Some(line) = line else {
        return others.concat();
    };
    let mut new = format!("{line}\n");
    let place = place.or(end).unwrap_or_else(|| {
        let head = format!("[app {}]\n", flag.app.as_deref().unwrap_or_default());
        let space = if others.is_empty() { "" } else { "\n" };
        new = format!("{space}{head}{new}");
        others.len()
    });
    if place > 0 && !others[place - 1].ends_with('\n') {
        new.insert(0, '\n');
    }
    others.insert(place, new.into());
    others.concat()
}
