//! The file of flags, as a text: a flag a line, each for all commands that have it. `[app shop]`
//! begins lines that hold for one app. What is kept there becomes the default of its argument.
//! Pure.

use std::collections::BTreeMap;

use clap::builder::{ArgPredicate, Resettable};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Id};

use super::settings::{self, rule};
use super::source::Source;

/// Flags that the file doesn't hold, and why.
const REFUSED: &[(&str, &str)] = &[
    ("url key key-file env-file", WHERE_KEYS_STAND),
    (
        "yes fix explain live gitignore allow-http allow-mixed-sources",
        "it is said each time, on the command line",
    ),
    (
        "all dry-run file help image messages next no-config config output version",
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
    /// Each line with its number and the app that it is for.
    lines: Vec<(Flag, usize, Option<String>)>,
    /// What holds now, by the id of the argument.
    values: BTreeMap<String, KeptValue>,
}

/// A value of the file.
#[derive(Clone, Debug)]
pub struct KeptValue {
    /// The flag's name, without dashes and without the `no-` of a switch.
    pub name: String,
    pub texts: Vec<String>,
    pub source: Source,
    /// Whether it is for the app at hand, and not for all.
    pub is_of_app: bool,
    /// The line, of which the last wins.
    number: usize,
}

/// A flag as a line holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Of its argument.
    id: String,
    name: String,
    /// Its values; `on` or `off` for a switch.
    texts: Vec<String>,
    is_list: bool,
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
    All,
    App(String),
    /// Behind a head that can't be read.
    Nobody,
}

impl Part {
    fn of_app(app: Option<&str>) -> Self {
        app.map_or(Part::All, |app| Part::App(app.to_owned()))
    }
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
        let (mut part, mut more) = (Part::All, 0);
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            let problem = match read_line(line, root) {
                Ok(Line::Nothing) => continue,
                Ok(Line::App(app)) => {
                    part = Part::App(app);
                    continue;
                }
                Ok(Line::Flag(mut flag)) => {
                    let files = flag.texts.iter_mut().filter(|_| flag.id == "system");
                    let located = files
                        .filter(|text| text.starts_with('@'))
                        .try_for_each(|it| {
                            *it = format!("@{}", file(&it[1..])?);
                            Ok(())
                        });
                    match (located, &part) {
                        (Err(problem), _) => problem,
                        (Ok(()), Part::Nobody) => continue,
                        (Ok(()), Part::All) => {
                            kept.lines.push((flag, number, None));
                            continue;
                        }
                        (Ok(()), Part::App(app)) => {
                            kept.lines.push((flag, number, Some(app.clone())));
                            continue;
                        }
                    }
                }
                Err(problem) => {
                    if line.trim_ascii_start().starts_with(b"[") {
                        part = Part::Nobody;
                    }
                    problem
                }
            };
            match kept.problems.len() < MOST_PROBLEMS {
                true => kept.problems.push(format!("{place}:{number}: {problem}")),
                false => more += 1,
            }
        }
        if more > 0 {
            kept.problems
                .push(format!("{place}: and {more} such lines more"));
        }
        kept
    }

    /// Whether it matters which app is meant.
    pub fn has_apps(&self) -> bool {
        self.lines.iter().any(|(_, _, app)| app.is_some())
    }

    /// The app that lines for all name.
    pub fn app(&self) -> Option<&str> {
        let mut lines = self.lines.iter().rev();
        let (flag, ..) = lines.find(|(flag, _, app)| flag.id == "app" && app.is_none())?;
        flag.texts.first().map(String::as_str)
    }

    /// Takes what holds for this app, unless a variable says it.
    pub fn choose(&mut self, app: Option<&str>, is_set: impl Fn(&str) -> bool) {
        let is_said = |id: &str| {
            let mut variables = VARIABLES.iter();
            variables.any(|(other, variable)| *other == id && is_set(variable))
        };
        let (of_app, of_all): (Vec<_>, Vec<_>) =
            self.lines.iter().partition(|(_, _, app)| app.is_some());
        for (flag, number, of) in of_all.into_iter().chain(of_app) {
            if (of.is_some() && of.as_deref() != app) || is_said(&flag.id) {
                continue;
            }
            let mut value = KeptValue {
                name: flag.name.clone(),
                texts: flag.texts.clone(),
                source: Source::Kept(self.place.clone(), *number),
                is_of_app: of.is_some(),
                number: *number,
            };
            let before = self.values.remove(&flag.id);
            if let Some(before) = before.filter(|_| flag.is_list)
                && before.is_of_app == value.is_of_app
            {
                value.texts.splice(0..0, before.texts);
            }
            self.values.insert(flag.id.clone(), value);
        }
    }

    /// A value that holds.
    pub fn value(&self, id: &str) -> Option<&KeptValue> {
        self.values.get(id)
    }

    /// Whether it says which app is meant.
    pub fn names_app(&self) -> bool {
        ["app", "remote"]
            .iter()
            .any(|id| self.values.contains_key(*id))
    }

    /// The values that are no settings of the chat.
    pub fn others(&self) -> impl Iterator<Item = &KeptValue> {
        let others = self.values.iter().filter(|(id, _)| is_default(id));
        others.map(|(_, value)| value)
    }

    /// The definition with what holds as defaults, for every command that the words may mean: the
    /// others are left alone because that takes its time.
    pub fn in_definition(&self, command: Command, words: &[String]) -> Command {
        if self.values.keys().all(|id| !is_default(id)) {
            return command;
        }
        let rivals = rivals(&command);
        let holding = |argument: &Arg| {
            let id = argument.get_id().as_str();
            argument.get_long().filter(|_| is_default(id))?;
            let value = self.values.get(id)?;
            let is_last = |other: &str| {
                let other = self.values.get(other);
                other.is_none_or(|it| it.number < value.number || it.texts == ["off"])
            };
            let mut others = rivals.iter().filter(|(one, ..)| one == id);
            others
                .all(|(_, other, _)| is_last(other.as_str()))
                .then_some(value)
        };
        let command = command.mut_args(|argument| match holding(&argument) {
            None => argument,
            Some(value) => {
                let id = argument.get_id().clone();
                let others = rivals.iter().filter(|(one, ..)| *one == id);
                let argument = others.fold(argument, |argument, (_, other, given)| {
                    argument.default_value_if(other.clone(), given.clone(), None::<&str>)
                });
                if !is_switch(&argument) {
                    return argument.default_values(value.texts.clone());
                }
                let (opposite, given) = (opposite_id(&id), raw(!sets_true(&argument)));
                let is_on = value.texts == ["on"];
                argument
                    .default_value_if(opposite, ArgPredicate::Equals(given.into()), raw(!is_on))
                    .default_value(raw(is_on))
            }
        });
        command.mut_subcommands(|command| {
            let is_named = words.iter().any(|word| word == command.get_name());
            match is_named {
                true => self.in_definition(command, words),
                false => command,
            }
        })
    }

    /// Forgets what the command line said otherwise.
    pub fn retain_in_force(&mut self, matches: &ArgMatches) {
        let mut leaf = matches;
        while let Some((_, below)) = leaf.subcommand() {
            leaf = below;
        }
        let given = |id: &str| was_given(leaf, id);
        let rivals = |id: &str| match id {
            "app" => given("remote"),
            "remote" => given("app"),
            _ => false,
        };
        self.values.retain(|id, _| {
            !is_default(id) || !(given(id) || given(&opposite_id(id)) || rivals(id))
        });
    }
}

/// Whether a value becomes the default of its argument. The model and the settings of a chat come
/// after variables, which are looked at later.
fn is_default(id: &str) -> bool {
    id != "model" && !settings::is_setting(id)
}

/// Arguments of a command that don't go together, each pair both ways, and by what it is seen that
/// the second was given: a switch that wasn't has a value, too.
fn rivals(command: &Command) -> Vec<(Id, Id, ArgPredicate)> {
    let given = |argument: &Arg| match is_switch(argument) {
        true => ArgPredicate::Equals(raw(sets_true(argument)).into()),
        false => ArgPredicate::IsPresent,
    };
    let mut rivals = Vec::new();
    for argument in command.get_arguments() {
        for other in command.get_arg_conflicts_with(argument) {
            for (one, other) in [(argument, other), (other, argument)] {
                let ids = (one.get_id().clone(), other.get_id().clone());
                rivals.push((ids.0, ids.1, given(other)));
            }
        }
    }
    rivals
}

/// A switch's value as clap has it.
fn raw(is_true: bool) -> &'static str {
    if is_true { "true" } else { "false" }
}

fn sets_true(switch: &Arg) -> bool {
    matches!(switch.get_action(), ArgAction::SetTrue)
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

/// The app that the words of a command line name, before they are read.
pub fn named_app(words: &[String]) -> Option<&str> {
    value_of(words, "--app", "-a")
}

/// The git remote that they name.
pub fn named_remote(words: &[String]) -> Option<&str> {
    value_of(words, "--remote", "-r")
}

/// Whether they say that the file of flags is not read.
pub fn is_skipped(words: &[String]) -> bool {
    let mut words = flags_of(words).rev();
    words.find(|word| ["--config", "--no-config"].contains(word)) == Some("--no-config")
}

fn flags_of(words: &[String]) -> impl DoubleEndedIterator<Item = &str> {
    let end = words.iter().position(|word| word == "--");
    words[..end.unwrap_or(words.len())]
        .iter()
        .map(String::as_str)
}

fn value_of<'a>(words: &'a [String], long: &str, short: &str) -> Option<&'a str> {
    let mut words = flags_of(words);
    while let Some(word) = words.next() {
        if word == long || word == short {
            return words.next();
        }
        let value = word
            .strip_prefix(long)
            .and_then(|rest| rest.strip_prefix('='));
        let short = word.strip_prefix(short).filter(|_| !word.starts_with("--"));
        if let Some(value) = value.or(short) {
            return Some(value.trim_start_matches('='));
        }
    }
    None
}

fn read_line(line: &[u8], root: &Command) -> Result<Line, String> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = std::str::from_utf8(line).map_err(|_| "this is not UTF-8 text")?;
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Nothing);
    }
    if line.contains(char::is_control) {
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
    let id = argument.get_id().as_str();
    Ok(Flag {
        id: id.strip_prefix("not ").unwrap_or(id).to_owned(),
        name: match is_switch(&argument) {
            true => long.strip_prefix("no-").unwrap_or(long),
            false => long,
        }
        .to_owned(),
        texts,
        is_list: matches!(argument.get_action(), ArgAction::Append),
    })
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

/// The line for a flag or a setting, however its name is spelled.
///
/// # Errors
/// Why it can't be kept.
pub fn line(name: &str, value: Option<&str>, root: &Command) -> Result<(String, Flag), String> {
    let long = name.trim_start_matches('-').replace('_', "-");
    let long = match find(root, &format!("--{long}")).is_some_and(|it| is_switch(&it)) {
        true => match value {
            None | Some("on") => long,
            Some("off") => opposite_name(&long),
            Some(_) => return Err(format!("--{long} takes on or off")),
        },
        false => long,
    };
    let value =
        value.filter(|_| !find(root, &format!("--{long}")).is_some_and(|it| is_switch(&it)));
    let unquotable = |_| "a control character is in it".to_owned();
    let line = match value {
        Some(value) => format!("--{long}={}", shlex::try_quote(value).map_err(unquotable)?),
        None => format!("--{long}"),
    };
    match read_line(line.as_bytes(), root)? {
        Line::Flag(flag) => Ok((line, flag)),
        _ => Err("this is no flag of any command".to_owned()),
    }
}

/// The flag of this name, whatever its value.
///
/// # Errors
/// If there is none.
pub fn flag_to_unset(name: &str, root: &Command) -> Result<Flag, String> {
    let long = name.trim_start_matches('-').replace('_', "-");
    let names = [format!("--{long}"), format!("--no-{long}")];
    let argument = names.iter().find_map(|name| defined(root, name));
    let id = argument
        .ok_or("this is no flag of any command")?
        .get_id()
        .as_str();
    Ok(Flag {
        id: id.strip_prefix("not ").unwrap_or(id).to_owned(),
        name: long,
        texts: Vec::new(),
        is_list: false,
    })
}

/// The text of the file with this line, for an app or for all, in place of those that say the same
/// thing; without those, if there is none. All other lines stay as they are.
pub fn edited(
    text: &str,
    app: Option<&str>,
    flag: &Flag,
    line: Option<&str>,
    root: &Command,
) -> String {
    let ours = Part::of_app(app);
    let (mut part, mut lines, mut place, mut end) = (Part::All, Vec::new(), None, None);
    if ours == Part::All {
        end = Some(0);
    }
    for old in text.split_inclusive('\n') {
        let read = read_line(old.trim_end_matches('\n').as_bytes(), root);
        let is_same = matches!(&read, Ok(Line::Flag(other)) if other.id == flag.id);
        match read {
            Ok(Line::App(app)) => part = Part::App(app),
            Err(_) if old.trim_start().starts_with('[') => part = Part::Nobody,
            _ => {}
        }
        if part == ours && is_same {
            place = Some(lines.len());
            continue;
        }
        lines.push(old.to_owned());
        if part == ours && !old.trim().is_empty() {
            end = Some(lines.len());
        }
    }
    let Some(line) = line else {
        return lines.concat();
    };
    let mut new = format!("{line}\n");
    let place = place.or(end).unwrap_or_else(|| {
        let head = format!("[app {}]\n", app.unwrap_or_default());
        let space = if lines.is_empty() { "" } else { "\n" };
        new = format!("{space}{head}{new}");
        lines.len()
    });
    if let Some(before) = place.checked_sub(1).map(|index| &mut lines[index])
        && !before.ends_with('\n')
    {
        before.push('\n');
    }
    lines.insert(place, new);
    lines.concat()
}

#[cfg(test)]
mod tests;
