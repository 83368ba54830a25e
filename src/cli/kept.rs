//! The file of flags, as a text: a flag a line, each for all commands that have it. `[app shop]`
//! begins lines that hold for one app. What is kept there becomes the default of its argument.
//! Pure.

use std::collections::BTreeMap;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::settings::{self, rule};
use super::source::Source;

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

/// Values, and the variable that says in their place what holds.
const VARIABLES: &[(&str, &str)] = &[
    ("app", "HEROKU_APP"),
    ("remote", "HEROKU_APP"),
    ("color", "NO_COLOR"),
    ("accessible", "ACCESSIBLE"),
];

/// More problems than these are counted only.
const MOST_PROBLEMS: usize = 5;

/// What the file of flags holds.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The path of the file as it is shown; empty if it is not to be read.
    pub place: String,
    /// A sentence for each line that holds nothing.
    pub problems: Vec<String>,
    lines: Vec<Flag>,
    /// What holds now, by the id of the argument.
    values: BTreeMap<String, Flag>,
}

/// A flag as a line holds it.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Of its argument.
    id: String,
    /// Without dashes and without the `no-` of a switch.
    pub name: String,
    /// Its values; `on` or `off` for a switch.
    pub texts: Vec<String>,
    pub source: Source,
    /// The app that it is for, if it isn't for all.
    pub app: Option<String>,
    is_list: bool,
    /// The line, of which the last wins.
    number: usize,
}

/// What stands on a line.
enum Line {
    Nothing,
    /// The lines below are for this app.
    App(String),
    Flag(Flag),
}

/// Whose the lines of a part of the file are.
#[derive(Clone, PartialEq, Eq)]
enum Part {
    /// An app's, or all apps'.
    Of(Option<String>),
    /// Behind a head that can't be read.
    Nobody,
}

impl Kept {
    /// What a file says that can't be read, or isn't.
    pub fn without_lines(place: String, problem: Option<String>) -> Self {
        Kept {
            place,
            problems: Vec::from_iter(problem),
            ..Kept::default()
        }
    }

    /// Reads the file. `file` gives the full path of a file that a line names.
    pub fn read(
        text: &[u8],
        place: &str,
        root: &Command,
        file: impl Fn(&str) -> Result<String, String>,
    ) -> Self {
        let mut kept = Kept::without_lines(place.to_owned(), None);
        let located = |mut flag: Flag| {
            for text in flag.texts.iter_mut().filter(|_| flag.id == "system") {
                if let Some(name) = text.strip_prefix('@') {
                    *text = format!("@{}", file(name)?);
                }
            }
            Ok(flag)
        };
        for ((_, line, part), number) in lines(text, root).zip(1..) {
            let flag = match (line, part) {
                (Ok(Line::Flag(flag)), Part::Of(app)) => located(flag).and_then(|it| it.of(app)),
                (Ok(_), _) => continue,
                (Err(problem), _) => Err(problem),
            };
            let source = Source::Kept(place.to_owned(), number);
            match flag {
                Ok(flag) => kept.lines.push(Flag {
                    source,
                    number,
                    ..flag
                }),
                Err(problem) => kept.problems.push(format!("{place}:{number}: {problem}")),
            }
        }
        let more = kept.problems.len().saturating_sub(MOST_PROBLEMS);
        if more > 0 {
            kept.problems.truncate(MOST_PROBLEMS);
            let rest = format!("{place}: and {more} such lines more");
            kept.problems.push(rest);
        }
        kept
    }

    /// Whether it matters which app is meant.
    pub fn has_apps(&self) -> bool {
        self.lines.iter().any(|flag| flag.app.is_some())
    }

    /// The app that lines for all name.
    pub fn app(&self) -> Option<&str> {
        let flag = self.lines.iter().rfind(|flag| flag.id == "app")?;
        flag.texts.first().map(String::as_str)
    }

    /// Takes what holds for this app, unless a variable says it.
    pub fn choose(&mut self, app: Option<&str>, is_set: impl Fn(&str) -> bool) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.sort_by_key(|flag| flag.app.is_some());
        for mut flag in lines {
            let mut variables = VARIABLES.iter().filter(|(id, _)| *id == flag.id);
            if (flag.app.is_some() && flag.app.as_deref() != app)
                || variables.any(|(_, variable)| is_set(variable))
            {
                continue;
            }
            if let Some(before) = self.values.remove(&flag.id)
                && flag.is_list
                && before.app == flag.app
            {
                flag.texts.splice(0..0, before.texts);
            }
            self.values.insert(flag.id.clone(), flag);
        }
    }

    /// A value that holds.
    pub fn value(&self, id: &str) -> Option<&Flag> {
        self.values.get(id)
    }

    /// Whether it says which app is meant.
    pub fn names_app(&self) -> bool {
        ["app", "remote"]
            .iter()
            .any(|id| self.values.contains_key(*id))
    }

    /// The values that are no settings of the chat.
    pub fn others(&self) -> impl Iterator<Item = &Flag> {
        let others = self.values.iter().filter(|(id, _)| is_default(id));
        others.map(|(_, value)| value)
    }

    /// Forgets what the command line says otherwise, and what a later line does. Gives the
    /// definition with the rest as defaults; none if the command has none of them.
    pub fn as_defaults(&mut self, matches: &ArgMatches, root: Command) -> Option<Command> {
        let (mut command, mut given, mut path) = (&root, matches, Vec::new());
        while let Some((name, below)) = given.subcommand() {
            (command, given) = (command.find_subcommand(name)?, below);
            path.push(name.to_owned());
        }
        let is_other_said = |flag: &Flag| {
            let mut rivals = rivals(command, &flag.id);
            rivals.any(|id| {
                let kept = self.values.get(id);
                let kept = kept.filter(|kept| kept.texts != ["off"]);
                was_given(given, id) || kept.is_some_and(|kept| kept.number > flag.number)
            })
        };
        let is_said = |flag: &&Flag| {
            let opposite = opposite_id(&flag.id);
            was_given(given, &flag.id) || was_given(given, &opposite) || is_other_said(flag)
        };
        let said: Vec<String> = self
            .others()
            .filter(is_said)
            .map(|it| it.id.clone())
            .collect();
        self.values.retain(|id, _| !said.contains(id));
        let is_kept = |it: &Arg| {
            let id = it.get_id().as_str();
            is_default(id) && self.values.contains_key(id)
        };
        let has_any = command.get_arguments().any(is_kept);
        has_any.then(|| self.in_definition(root, &path))
    }

    fn in_definition(&self, command: Command, path: &[String]) -> Command {
        let command = command.mut_args(|argument| {
            let id = argument.get_id().as_str();
            match self.values.get(id).filter(|_| is_default(id)) {
                Some(flag) if is_switch(&argument) => {
                    argument.default_value(if flag.texts == ["on"] {
                        "true"
                    } else {
                        "false"
                    })
                }
                Some(flag) => argument.default_values(flag.texts.clone()),
                None => argument,
            }
        });
        match path {
            [] => command,
            [name, below @ ..] => {
                command.mut_subcommand(name, |command| self.in_definition(command, below))
            }
        }
    }
}

impl Flag {
    fn new(argument: &Arg, texts: Vec<String>) -> Self {
        let (id, long) = (argument.get_id().as_str(), argument.get_long());
        let long = long.unwrap_or_default();
        let positive = long.strip_prefix("no-").filter(|_| is_switch(argument));
        Flag {
            id: id.strip_prefix("not ").unwrap_or(id).to_owned(),
            name: positive.unwrap_or(long).to_owned(),
            texts,
            source: Source::Default,
            app: None,
            is_list: matches!(argument.get_action(), ArgAction::Append),
            number: 0,
        }
    }

    /// The same for an app, or for all.
    fn of(self, app: Option<String>) -> Result<Self, String> {
        match app.is_some() && ["app", "remote"].contains(&self.id.as_str()) {
            true => Err("what holds for an app doesn't say which app is meant".to_owned()),
            false => Ok(Flag { app, ..self }),
        }
    }
}

/// Whether a value becomes the default of its argument. The model and the settings of a chat come
/// after variables, which are looked at later.
fn is_default(id: &str) -> bool {
    id != "model" && !settings::is_setting(id)
}

/// The ids of arguments that don't go with this one. The definition names a pair once.
fn rivals<'a>(command: &'a Command, id: &'a str) -> impl Iterator<Item = &'a str> {
    let conflicts = |argument| command.get_arg_conflicts_with(argument).into_iter();
    let pairs = command.get_arguments().flat_map(move |one| {
        conflicts(one).map(|other| (one.get_id().as_str(), other.get_id().as_str()))
    });
    pairs.filter_map(move |(one, other)| match (one == id, other == id) {
        (true, _) => Some(other),
        (_, true) => Some(one),
        _ => None,
    })
}

/// The definition with the opposite of each switch, which help doesn't list: `--no-json` beside
/// `--json`, `--stream` beside `--no-stream`.
pub fn with_opposites(command: Command) -> Command {
    let switches = command.get_arguments().filter(|it| is_switch(it));
    let opposites: Vec<Arg> = switches.filter_map(opposite).collect();
    command.args(opposites).mut_subcommands(with_opposites)
}

fn opposite(switch: &Arg) -> Option<Arg> {
    let long = opposite_name(switch.get_long()?);
    let action = match switch.get_action() {
        ArgAction::SetTrue => ArgAction::SetFalse,
        _ => ArgAction::SetTrue,
    };
    let opposite = Arg::new(opposite_id(switch.get_id().as_str()))
        .long(long)
        .action(action)
        .hide(true)
        .global(switch.is_global_set())
        .overrides_with(switch.get_id().clone());
    Some(opposite)
}

fn opposite_name(long: &str) -> String {
    let positive = long.strip_prefix("no-").map(str::to_owned);
    positive.unwrap_or_else(|| format!("no-{long}"))
}

/// The id of a switch's opposite, which no other argument can have.
pub fn opposite_id(id: impl AsRef<str>) -> String {
    format!("not {}", id.as_ref())
}

fn is_switch(argument: &Arg) -> bool {
    matches!(
        argument.get_action(),
        ArgAction::SetTrue | ArgAction::SetFalse
    )
}

/// Whether the command line has an argument.
pub fn was_given(matches: &ArgMatches, id: &str) -> bool {
    let is_known = matches.ids().any(|other| other == id);
    is_known && matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// What was given to the command that is run.
pub fn innermost(mut matches: &ArgMatches) -> &ArgMatches {
    while let Some((_, below)) = matches.subcommand() {
        matches = below;
    }
    matches
}

/// The lines of the file, and what each says to whom.
fn lines<'a>(
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

#[cfg(test)]
mod tests;
