//! `oclif.manifest.json`: what the Heroku CLI knows of the commands without loading them. Help,
//! search and completion read it; what is typed is never parsed by it.

use clap::{Arg, ArgAction, Command};
use serde_json::{Map, Value, json};

use crate::cli::help;
use crate::cli::spelling::{self, PluginCommand, Spelling};

/// A command of the plugin and its entry.
pub struct Entry {
    /// With the topic: `ai:config:pull`.
    pub id: String,
    /// What the program takes for it.
    pub words: Vec<String>,
    pub about: String,
    /// None where a command is needed behind it, so that it is a topic only.
    pub manifest: Option<Value>,
}

impl Entry {
    /// The command's file below `commands`.
    pub fn file(&self) -> String {
        format!("{}.js", self.id.replace(':', "/"))
    }
}

/// The entries of all commands below a topic.
pub fn entries(root: &Command, topic: &str, plugin_name: &str) -> Vec<Entry> {
    let spelling = Spelling::below(topic, root);
    spelling::commands(root)
        .into_iter()
        .map(|command| entry(&command, topic, plugin_name, &spelling))
        .collect()
}

fn entry(
    command: &PluginCommand<'_>,
    topic: &str,
    plugin_name: &str,
    spelling: &Spelling,
) -> Entry {
    let id = format!("{topic}:{}", command.id);
    let definition = command.definition;
    let (notes, examples) = help::notes_and_examples(definition);
    let mut entry = Entry {
        id,
        words: command
            .words
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
        about: help::text(definition.get_about()),
        manifest: None,
    };
    if definition.is_subcommand_required_set() {
        return entry;
    }
    let path: Vec<String> = format!("commands/{}", entry.file())
        .split('/')
        .map(str::to_owned)
        .collect();
    entry.manifest = Some(json!({
        "id": entry.id,
        "aliases": [],
        "hiddenAliases": [],
        "summary": entry.about,
        "description": spelling.of(&notes),
        "usage": help::usage(definition, spelling).trim_start_matches("heroku "),
        "examples": examples.iter().map(|line| spelling.of(line)).collect::<Vec<_>>(),
        "args": arguments(definition),
        "flags": flags(definition),
        // All that is typed reaches the program as it is.
        "strict": false,
        "enableJsonFlag": false,
        "hasDynamicHelp": false,
        "pluginName": plugin_name,
        "pluginAlias": plugin_name,
        "pluginType": "core",
        "isESM": false,
        "relativePath": path,
    }));
    entry
}

fn arguments(definition: &Command) -> Value {
    let described = |argument: &Arg| {
        let name = help::value_name(argument);
        let required = argument.is_required_set();
        (
            name.clone(),
            json!({ "name": name, "description": help::text(argument.get_help()), "required": required }),
        )
    };
    definition
        .get_positionals()
        .map(described)
        .collect::<Map<_, _>>()
        .into()
}

fn flags(definition: &Command) -> Value {
    let is_own = |argument: &&Arg| {
        !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version")
    };
    let flags = definition
        .get_arguments()
        .filter(is_own)
        .filter_map(|argument| {
            let name = argument.get_long()?;
            Some((name.to_owned(), flag(name, argument)))
        });
    flags.collect::<Map<_, _>>().into()
}

fn flag(name: &str, argument: &Arg) -> Value {
    let mut flag = json!({ "name": name, "description": help::text(argument.get_help()) });
    if let Some(character) = argument.get_short() {
        flag["char"] = character.to_string().into();
    }
    if let Some(heading) = argument.get_help_heading() {
        flag["helpGroup"] = heading.to_uppercase().into();
    }
    if !help::takes_value(argument) {
        flag["type"] = "boolean".into();
        flag["allowNo"] = false.into();
        return flag;
    }
    flag["type"] = "option".into();
    flag["multiple"] = matches!(argument.get_action(), ArgAction::Append).into();
    flag["hasDynamicHelp"] = false.into();
    flag["helpValue"] = format!("<{}>", help::value_name(argument).to_lowercase()).into();
    if let [default] = argument.get_default_values() {
        flag["default"] = default.to_string_lossy().into();
    }
    let options = help::options(argument);
    if !options.is_empty() {
        flag["options"] = options.into();
    }
    flag
}
