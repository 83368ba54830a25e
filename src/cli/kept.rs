//! The file of flags, as a text: a flag a line, each for all commands that have it. `[app shop]`
//! begins lines that hold for one app. What is kept there becomes the default of its argument.
//! Pure.

mod text;

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::settings;
use super::source::Source;
use text::{Line, Part, lines};
pub use text::{edited, flag_to_unset, line};

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

#[cfg(test)]
mod tests;
