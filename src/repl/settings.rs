//! The settings of a chat: one table, from which `/set`, Tab, the variables of the environment and
//! the README's list follow.

use super::{Flow, Repl};
use crate::api::chat::RequestOptions;
use crate::cli;
use crate::environment::Environment;
use crate::error::Error;
use crate::nearest::nearest;
use crate::turn::Chat;
use crate::ui::{Overflow, Ui};

/// A setting of a chat.
pub struct Setting {
    pub name: &'static str,
    pub about: &'static str,
    /// The values it takes, in words.
    pub range: &'static str,
    /// Values that Tab completes.
    pub words: &'static [&'static str],
    /// Where it comes from where `/set` didn't change it.
    origin: Origin,
    /// The value; none where it is not set.
    value: fn(&mut Repl<'_>, &Chat) -> Option<String>,
    /// Changes it, back to what it was at first where there is no text; false where the value is
    /// not in the range.
    change: fn(&mut Repl<'_>, &mut Chat, Option<&str>) -> bool,
}

/// Where the first value of a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, else this.
    Flag {
        name: &'static str,
        default: &'static str,
    },
    /// A variable of the environment, else our default.
    Variable {
        name: &'static str,
        default: &'static str,
    },
}

const SWITCH: &[&str] = &["on", "off"];

/// All of them, in the order of `/set`.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "temperature",
        about: "randomness",
        range: "a number from 0 to 1",
        words: &[],
        origin: Origin::Flag {
            name: "--temperature",
            default: "not sent",
        },
        value: |_, chat| chat.options.temperature.map(|number| number.to_string()),
        change: |repl, chat, text| {
            optional(
                &mut chat.options.temperature,
                text,
                repl.initial.options.temperature,
                |text| cli::unit_interval(text).ok(),
            )
        },
    },
    Setting {
        name: "top_p",
        about: "share of likely tokens to choose from",
        range: "a number from 0 to 1",
        words: &[],
        origin: Origin::Flag {
            name: "--top-p",
            default: "not sent",
        },
        value: |_, chat| chat.options.top_p.map(|number| number.to_string()),
        change: |repl, chat, text| {
            optional(
                &mut chat.options.top_p,
                text,
                repl.initial.options.top_p,
                |text| cli::unit_interval(text).ok(),
            )
        },
    },
    Setting {
        name: "max_tokens",
        about: "longest answer, in tokens",
        range: "a whole number above 0",
        words: &[],
        origin: Origin::Flag {
            name: "--max-tokens",
            default: "not sent",
        },
        value: |_, chat| chat.options.max_tokens.map(|number| number.to_string()),
        change: |repl, chat, text| {
            optional(
                &mut chat.options.max_tokens,
                text,
                repl.initial.options.max_tokens,
                |text| at_least(1, text),
            )
        },
    },
    Setting {
        name: "stop",
        about: "text at which the answer ends",
        range: "any text",
        words: &[],
        origin: Origin::Flag {
            name: "--stop",
            default: "not sent",
        },
        value: |_, chat| Some(chat.options.stop.join(", ")).filter(|text| !text.is_empty()),
        change: |repl, chat, text| {
            chat.options.stop = text.map_or_else(
                || repl.initial.options.stop.clone(),
                |text| vec![text.to_owned()],
            );
            true
        },
    },
    Setting {
        name: "thinking",
        about: "budget for thinking first, in tokens",
        range: "a whole number from 1024",
        words: &["2000", "8000"],
        origin: Origin::Flag {
            name: "--thinking",
            default: "not sent",
        },
        value: |_, chat| chat.options.thinking.map(|number| number.to_string()),
        change: |repl, chat, text| {
            optional(
                &mut chat.options.thinking,
                text,
                repl.initial.options.thinking,
                |text| at_least(1024, text),
            )
        },
    },
    Setting {
        name: "stream",
        about: "show answers as they come",
        range: "on or off",
        words: SWITCH,
        origin: Origin::Flag {
            name: "--no-stream",
            default: "on",
        },
        value: |_, chat| (!chat.options.stream).then(|| "off".to_owned()),
        change: |repl, chat, text| {
            switch(text, repl.initial.options.stream)
                .map(|on| chat.options.stream = on)
                .is_some()
        },
    },
    Setting {
        name: "context",
        about: "how many of the latest turns are sent",
        range: "a whole number above 0, or all",
        words: &["all", "10", "50"],
        origin: Origin::Variable {
            name: "HEROKU_CHAT_CONTEXT",
            default: "all",
        },
        value: |_, chat| chat.options.context.map(|turns| turns.to_string()),
        change: |repl, chat, text| {
            let parsed = text.map_or(Some(repl.initial.options.context), turns);
            parsed.map(|turns| chat.options.context = turns).is_some()
        },
    },
    Setting {
        name: "markdown",
        about: "render Markdown",
        range: "on or off",
        words: SWITCH,
        origin: Origin::Variable {
            name: "HEROKU_CHAT_MARKDOWN",
            default: "on",
        },
        value: |repl, _| (!repl.ui().wants_markdown()).then(|| "off".to_owned()),
        change: |repl, _, text| {
            switch(text, repl.initial.markdown)
                .map(|on| repl.ui().set_markdown(on))
                .is_some()
        },
    },
    Setting {
        name: "save",
        about: "save the conversation",
        range: "on or off",
        words: SWITCH,
        // Heeded before there was a chat.
        origin: Origin::Flag {
            name: "--no-save or HEROKU_CHAT_SAVE",
            default: "on",
        },
        value: |repl, _| (!repl.saving.is_on()).then(|| "off".to_owned()),
        change: |repl, chat, text| {
            switch(text, repl.initial.save)
                .map(|on| save(repl, chat, on))
                .is_some()
        },
    },
    Setting {
        name: "editmode",
        about: "keys at the prompt",
        range: "emacs or vi",
        words: &["emacs", "vi"],
        origin: Origin::Variable {
            name: "HEROKU_CHAT_EDITMODE",
            default: "emacs",
        },
        value: |repl, _| repl.reader.is_vi().then(|| "vi".to_owned()),
        change: |repl, _, text| {
            let vi = match text {
                None => repl.initial.vi,
                Some("emacs") => false,
                Some("vi") => true,
                Some(_) => return false,
            };
            repl.reader.set_vi(vi);
            true
        },
    },
];

impl Setting {
    /// The variable of the environment it can come from.
    pub fn variable(&self) -> Option<&'static str> {
        match self.origin {
            Origin::Flag { .. } => None,
            Origin::Variable { name, .. } => Some(name),
        }
    }

    /// The failure of a variable's value that is not in the range.
    fn refuse(&self, value: &str) -> Error {
        Error::InvalidValue {
            what: self.variable().unwrap_or(self.name).to_owned(),
            value: value.to_owned(),
            rule: self.range.to_owned(),
        }
    }

    /// The value and where it is from, for the list.
    fn row(&self, repl: &mut Repl<'_>, chat: &Chat) -> [String; 4] {
        let value = (self.value)(repl, chat);
        let is_set = value.is_some();
        let (Origin::Flag {
            name: origin,
            default,
        }
        | Origin::Variable {
            name: origin,
            default,
        }) = self.origin;
        let source = match (repl.changed.contains(self.name), is_set) {
            (true, _) => "/set",
            (false, true) => origin,
            (false, false) => "default",
        };
        [
            self.name.to_owned(),
            value.unwrap_or_else(|| default.to_owned()),
            source.to_owned(),
            self.range.to_owned(),
        ]
    }
}

/// What `/set NAME default` goes back to: the settings of flags and environment.
#[derive(Default)]
pub struct Initial {
    options: RequestOptions,
    markdown: bool,
    vi: bool,
    save: bool,
}

/// Takes the settings that the environment has, and remembers all as they are then.
///
/// # Errors
/// A value that is not in its range.
pub fn from_environment(
    repl: &mut Repl<'_>,
    chat: &mut Chat,
    environment: &Environment,
) -> Result<(), Error> {
    for setting in SETTINGS {
        let Some(value) = setting.variable().and_then(|name| environment.get(name)) else {
            continue;
        };
        if !(setting.change)(repl, chat, Some(value)) {
            return Err(setting.refuse(value));
        }
    }
    repl.initial = Initial {
        options: chat.options.clone(),
        markdown: repl.ui().wants_markdown(),
        vi: repl.reader.is_vi(),
        save: repl.saving.is_on(),
    };
    Ok(())
}

/// Takes the settings that the environment has for a chat whose lines come from a pipe: there are
/// no keys to edit with.
///
/// # Errors
/// A value that is not in its range.
pub fn of_a_script(chat: &mut Chat, ui: &mut Ui, environment: &Environment) -> Result<(), Error> {
    for setting in SETTINGS {
        let Some(value) = setting.variable().and_then(|name| environment.get(name)) else {
            continue;
        };
        let is_taken = match setting.name {
            "context" => turns(value).map(|turns| chat.options.context = turns),
            "markdown" => switch(Some(value), true).map(|on| ui.set_markdown(on)),
            _ => Some(()),
        };
        if is_taken.is_none() {
            return Err(setting.refuse(value));
        }
    }
    Ok(())
}

/// `/set`: lists the settings, shows one, or changes it.
///
/// # Errors
/// Failures of the output.
pub fn set(repl: &mut Repl<'_>, chat: &mut Chat, argument: &str) -> Result<Flow, Error> {
    let (name, value) = argument
        .split_once(char::is_whitespace)
        .unwrap_or((argument, ""));
    let value = value.trim();
    if name.is_empty() {
        let rows: Vec<[String; 4]> = SETTINGS
            .iter()
            .map(|setting| setting.row(repl, chat))
            .collect();
        repl.ui().table(
            Some(["SETTING", "VALUE", "FROM", "RANGE"]),
            &rows,
            Overflow::Stack,
        )?;
        return Ok(Flow::Continue);
    }
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
        let meant = nearest(name, SETTINGS.iter().map(|setting| setting.name));
        let meant = meant
            .map(|name| format!(" Did you mean {name}?"))
            .unwrap_or_default();
        repl.ui().warning(&format!(
            "there is no setting {name:?}.{meant} /set lists them"
        ));
        return Ok(Flow::Continue);
    };
    if !value.is_empty()
        && !(setting.change)(repl, chat, Some(value).filter(|value| *value != "default"))
    {
        repl.ui().warning(&format!(
            "{name} takes {}, or default; not {value:?}",
            setting.range
        ));
        return Ok(Flow::Continue);
    }
    match value {
        "" => {}
        "default" => _ = repl.changed.remove(setting.name),
        _ => _ = repl.changed.insert(setting.name),
    }
    let [_, value, source, _] = setting.row(repl, chat);
    repl.ui().note(&format!(
        "{name} is {value}, from {source}: {}",
        setting.about
    ));
    Ok(Flow::Continue)
}

fn save(repl: &mut Repl<'_>, chat: &Chat, on: bool) {
    if !on {
        return repl.saving.pause();
    }
    match repl.saving.resume() {
        Err(error) => repl.ui().explain(&error),
        Ok(()) if chat.conversation.turns() > 0 => {
            repl.ui()
                .note("all that was said in this conversation is saved; /clear begins another");
        }
        Ok(()) => {}
    }
}

/// Sets a value that need not be there.
fn optional<T>(
    place: &mut Option<T>,
    text: Option<&str>,
    initial: Option<T>,
    parse: impl Fn(&str) -> Option<T>,
) -> bool {
    match text.map(parse) {
        None => *place = initial,
        Some(None) => return false,
        Some(value) => *place = value,
    }
    true
}

/// How many turns are sent; none for all.
fn turns(text: &str) -> Option<Option<usize>> {
    match text {
        "all" => Some(None),
        number => number.parse().ok().filter(|turns| *turns > 0).map(Some),
    }
}

fn at_least(least: u32, text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number >= least)
}

fn switch(text: Option<&str>, default: bool) -> Option<bool> {
    match text {
        None => Some(default),
        Some("on") => Some(true),
        Some("off") => Some(false),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_lists_the_settings_as_the_table_does() {
        let readme = include_str!("../../README.md");
        let row = |setting: &Setting| {
            let (Origin::Flag { name, .. } | Origin::Variable { name, .. }) = setting.origin;
            format!(
                "| `{}` | {} | {} | `{name}` |\n",
                setting.name, setting.about, setting.range
            )
        };
        let table: String = SETTINGS.iter().map(row).collect();
        assert!(readme.contains(&table), "README.md should hold:\n{table}");
    }
}
