//! The settings of a chat. Each is defined once, as an argument of the command line with its flag,
//! help and range. `/set`, the variable `HEROKU_CHAT_NAME`, `config`, Tab, the table of
//! docs/settings.md and the field of the request follow from that.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::LazyLock;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::kept::{Kept, opposite_id, was_given};
use super::price::{Price, dollars, price};
use super::source::Source;

/// What goes into a request besides model and messages, named as the service names it. What isn't
/// set isn't sent, because the service refuses fields that it doesn't know.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize)]
#[command(next_help_heading = "Request")]
pub struct RequestOptions {
    /// randomness, 0 to 1
    #[arg(hide_short_help = true, long, value_name = "NUMBER", value_parser = unit_interval)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// share of likely tokens to choose from, 0 to 1
    // Claude 4.5 and later refuse it together with `temperature`.
    #[arg(hide_short_help = true, long, value_name = "NUMBER", value_parser = unit_interval)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// longest answer, in tokens
    #[arg(hide_short_help = true, long, value_name = "TOKENS", value_parser = at_least::<1>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// text at which the answer ends; may be given several times
    #[arg(
        hide_short_help = true,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// let the model think first, with a budget in tokens of at least 1024
    #[arg(
        hide_short_help = true,
        long,
        value_name = "BUDGET",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2000",
        value_parser = at_least::<1024>
    )]
    #[serde(
        rename = "extended_thinking",
        skip_serializing_if = "Option::is_none",
        serialize_with = "extended_thinking"
    )]
    pub thinking: Option<u32>,
    /// don't show answers as they come
    #[arg(hide_short_help = true, long = "no-stream", action = ArgAction::SetFalse)]
    pub stream: bool,
    /// how many of the latest turns are sent; or all
    #[arg(
        hide_short_help = true,
        long,
        value_name = "TURNS",
        default_value = "all",
        value_parser = turns
    )]
    #[serde(skip)]
    pub context: Turns,
}

/// What may be spent, and what models cost.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Cost")]
pub struct Spending {
    /// price of a model in US$ for a million tokens; may be given several times
    #[arg(hide_short_help = true, long, value_name = "MODEL=IN/OUT", value_parser = price)]
    pub price: Vec<Price>,
    /// most US$ that a conversation may take; needs --max-tokens
    #[arg(hide_short_help = true, long, value_name = "DOLLARS", value_parser = dollars)]
    pub budget: Option<f64>,
}

/// How many of the latest turns are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turns {
    #[default]
    All,
    Last(usize),
}

/// Keys at the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EditMode {
    #[default]
    Emacs,
    Vi,
}

/// All settings of a chat, with their values.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ChatValues {
    #[command(flatten)]
    pub request: RequestOptions,
    #[command(flatten)]
    pub spending: Spending,
    /// don't render Markdown
    #[arg(
        hide_short_help = true,
        long = "no-markdown",
        action = ArgAction::SetFalse,
        help_heading = "Chat"
    )]
    pub markdown: bool,
    /// don't save the conversation
    #[arg(
        hide_short_help = true,
        long = "no-save",
        action = ArgAction::SetFalse,
        help_heading = "Chat"
    )]
    pub save: bool,
    /// don't ring when an answer took longer than 10 seconds
    #[arg(
        hide_short_help = true,
        long = "no-bell",
        action = ArgAction::SetFalse,
        help_heading = "Chat"
    )]
    pub bell: bool,
    /// don't connect for the next prompt before it is sent
    #[arg(
        hide_short_help = true,
        long = "no-warm",
        action = ArgAction::SetFalse,
        help_heading = "Chat"
    )]
    pub warm: bool,
    /// keys at the prompt, emacs or vi
    #[arg(
        hide_short_help = true,
        long,
        value_name = "MODE",
        default_value = "emacs",
        help_heading = "Chat"
    )]
    pub editmode: EditMode,
}

/// What each setting was given as, in the words of its flag, and by whom.
type Given = BTreeMap<String, (Vec<String>, Source)>;

/// The settings of a chat, each with the text that it was given as and with its source.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    given: Given,
    /// What flags, environment and file of flags said.
    initial: Given,
    pub values: ChatValues,
}

/// A setting for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub value: String,
    pub source: Source,
    pub about: String,
}

impl ChatSettings {
    /// Takes what the environment says if no flag does. `variable` gives the value of a variable
    /// that is set.
    ///
    /// # Errors
    /// The variable, its value, and what it takes instead.
    pub fn add_environment<'a>(
        &mut self,
        variable: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<(), (String, String, String)> {
        for name in names() {
            let variable_name = format!("HEROKU_CHAT_{}", name.to_ascii_uppercase());
            let text = variable(&variable_name).filter(|_| !self.given.contains_key(&name));
            if let Some(text) = text {
                let source = Source::Variable(variable_name.clone());
                self.give(&name, Some((vec![text.to_owned()], source)))
                    .map_err(|rule| (variable_name, text.to_owned(), rule))?;
            }
        }
        self.initial = self.given.clone();
        Ok(())
    }

    /// Takes what the file of flags says if neither flag nor variable does.
    pub fn add_kept(&mut self, kept: &Kept) {
        for name in names() {
            let value = kept
                .value(&name)
                .filter(|_| !self.given.contains_key(&name));
            if let Some(value) = value {
                let given = (value.texts.clone(), value.source.clone());
                // It was judged when the file was read.
                _ = self.give(&name, Some(given));
            }
        }
        self.initial = self.given.clone();
    }

    /// Changes a setting, back to what flags and environment said if the text is `default`.
    ///
    /// # Errors
    /// Says what is taken instead, such as "a number from 0 to 1"; nothing is changed then.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        match text {
            "default" => self.give(name, self.initial.get(name).cloned()),
            text => self.give(name, Some((vec![text.to_owned()], Source::Chat))),
        }
    }

    /// Changes a setting, unless a flag or the user in the chat did.
    ///
    /// # Errors
    /// As [`ChatSettings::set`].
    pub fn suggest(&mut self, name: &str, text: &str, source: Source) -> Result<(), String> {
        match self.source(name) {
            Source::Flag(_) | Source::Chat => Ok(()),
            _ => self.give(name, Some((vec![text.to_owned()], source))),
        }
    }

    /// Where the value of a setting is from.
    pub fn source(&self, name: &str) -> Source {
        let given = self.given.get(name);
        given.map_or(Source::Default, |(_, source)| source.clone())
    }

    /// All settings, in the order of their definition.
    pub fn rows(&self) -> Vec<Row> {
        let row = |argument: &Arg| {
            let name = name(argument);
            let default = || match argument.get_default_values().first() {
                Some(value) => value.to_string_lossy().into_owned(),
                None if argument.get_help_heading() == Some("Request") => "not sent".to_owned(),
                None => "none".to_owned(),
            };
            let given = self.given.get(&name).map(|(texts, _)| texts.join(", "));
            Row {
                value: given.unwrap_or_else(default),
                source: self.source(&name),
                about: about(argument),
                name,
            }
        };
        with_switches_set().get_arguments().map(row).collect()
    }

    fn give(&mut self, name: &str, given: Option<(Vec<String>, Source)>) -> Result<(), String> {
        let mut all = self.given.clone();
        match given {
            Some(given) => all.insert(name.to_owned(), given),
            None => all.remove(name),
        };
        self.values = parse(&all).map_err(|error| rule(&error))?;
        self.given = all;
        Ok(())
    }
}

impl Default for ChatSettings {
    fn default() -> Self {
        let (given, initial) = Default::default();
        ChatSettings {
            values: parse(&given).expect("defaults are in their ranges"),
            initial,
            given,
        }
    }
}

impl FromArgMatches for ChatSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = BTreeMap::new();
        for argument in DEFINITION.get_arguments() {
            let id = argument.get_id().as_str();
            let opposite = opposite_id(id);
            let is_on = was_given(matches, &opposite);
            if !is_on && !was_given(matches, id) {
                continue;
            }
            let raw = matches.get_raw(id).into_iter().flatten();
            let texts = match is_switch(argument) {
                true => vec![if is_on { "on" } else { "off" }.to_owned()],
                false => raw
                    .map(|text| text.to_string_lossy().into_owned())
                    .collect(),
            };
            let source = Source::Flag(match is_on {
                true => format!("--{}", name(argument)).into(),
                false => flag(argument).into(),
            });
            given.insert(name(argument), (texts, source));
        }
        Ok(ChatSettings {
            initial: given.clone(),
            given,
            values: ChatValues::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = ChatSettings::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ChatSettings {
    fn augment_args(command: Command) -> Command {
        ChatValues::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        ChatValues::augment_args_for_update(command)
    }
}

/// Whether an argument of this id is a setting of the chat.
pub fn is_setting(id: &str) -> bool {
    DEFINITION.get_arguments().any(|it| it.get_id() == id)
}

/// The names of all settings.
pub fn names() -> Vec<String> {
    DEFINITION.get_arguments().map(name).collect()
}

/// The values of a setting that can be listed.
pub fn words(setting: &str) -> Vec<String> {
    let definition = with_switches_set();
    let argument = definition
        .get_arguments()
        .find(|argument| name(argument) == setting);
    let values = argument.map(Arg::get_possible_values).unwrap_or_default();
    values
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect()
}

/// All settings, as flags. To make it takes a while, and every start needs it.
static DEFINITION: LazyLock<Command> = LazyLock::new(|| {
    let command = Command::new("set").no_binary_name(true);
    ChatValues::augment_args(command).disable_help_flag(true)
});

/// The definition with a value for each setting: a switch is `on` or `off`; its flag has no value
/// and turns it off.
fn with_switches_set() -> Command {
    let words = || PossibleValuesParser::new(["on", "off"]).map(|word| word == "on");
    DEFINITION
        .clone()
        .mut_args(|argument| match is_switch(&argument) {
            true => argument
                .action(ArgAction::Set)
                .value_parser(words())
                .default_value("on"),
            false => argument,
        })
}

fn name(argument: &Arg) -> String {
    argument.get_id().to_string()
}

fn flag(argument: &Arg) -> String {
    format!("--{}", argument.get_long().unwrap_or_default())
}

/// What a setting is. The flag of a switch turns it off, so its help begins with "don't".
fn about(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    help.strip_prefix("don't ").unwrap_or(&help).to_owned()
}

/// A setting that is on unless a flag turns it off.
fn is_switch(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::SetFalse)
}

fn parse(given: &Given) -> Result<ChatValues, clap::Error> {
    let definition = with_switches_set();
    let words = definition.get_arguments().flat_map(|argument| {
        let texts = given
            .get(&name(argument))
            .into_iter()
            .flat_map(|(texts, _)| texts);
        texts.map(move |text| format!("{}={text}", flag(argument)))
    });
    let words: Vec<String> = words.collect();
    ChatValues::from_arg_matches(&definition.try_get_matches_from(words)?)
}

/// What is taken in place of a value that was refused.
pub fn rule(error: &clap::Error) -> String {
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue)
        && !values.is_empty()
    {
        return values.join(" or ");
    }
    let reason = error.source().map(ToString::to_string);
    reason.unwrap_or_else(|| "another value".to_owned())
}

/// Source: devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions.
fn extended_thinking<S: Serializer>(
    budget: &Option<u32>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let thinking = json!({
        "enabled": true,
        "budget_tokens": budget,
        "include_reasoning": true,
    });
    thinking.serialize(serializer)
}

fn unit_interval(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        _ => Err("a number from 0 to 1".to_owned()),
    }
}

fn at_least<const LEAST: u32>(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if number >= LEAST => Ok(number),
        _ => Err(format!("a whole number from {LEAST}")),
    }
}

fn turns(text: &str) -> Result<Turns, String> {
    match (text, text.parse()) {
        ("all", _) => Ok(Turns::All),
        (_, Ok(number)) if number > 0 => Ok(Turns::Last(number)),
        _ => Err("a whole number from 1, or all".to_owned()),
    }
}

#[cfg(test)]
mod tests;
