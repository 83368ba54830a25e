//! The commands as the Heroku CLI's plugin offers them: `heroku ai:ask` for `heroku-chat ask`.
//!
//! scripts/generate makes the plugin from this table. The program itself spells a command that it
//! tells you to type the way you type it there. Pure.

use super::settings;
use clap::Command;

/// The variable by which the plugin says that it started the program. Its value is the topic of the
/// commands.
pub const TOPIC_VARIABLE: &str = "HEROKU_CHAT_TOPIC";

/// Commands whose id in the topic is not their name, and those that have none.
const PLACES: &[(&str, Option<&str>)] = &[
    // `ai:models` is a command of @heroku/plugin-ai.
    ("models", Some("chat:models")),
    // The Heroku CLI completes the commands of its plugins itself.
    ("completions", None),
    // It has a help of its own, for all commands.
    ("help", None),
];

/// A command of the plugin.
#[derive(Debug)]
pub struct PluginCommand<'a> {
    /// What stands behind the topic: `config:pull`.
    pub id: String,
    /// What the program takes for it: `config pull`.
    pub words: Vec<&'a str>,
    pub definition: &'a Command,
}

/// All commands below the topic, each before those below it.
pub fn commands(root: &Command) -> Vec<PluginCommand<'_>> {
    let mut commands = Vec::new();
    for definition in root.get_subcommands() {
        let name = definition.get_name();
        let exception = PLACES.iter().find(|(other, _)| *other == name);
        if let Some(id) = exception.map_or(Some(name), |(_, id)| *id) {
            let (id, words) = (id.to_owned(), vec![name]);
            add(
                &mut commands,
                PluginCommand {
                    id,
                    words,
                    definition,
                },
            );
        }
    }
    commands
}

/// Adds a command and those below it.
fn add<'a>(commands: &mut Vec<PluginCommand<'a>>, command: PluginCommand<'a>) {
    let below = command
        .definition
        .get_subcommands()
        .map(|definition| PluginCommand {
            id: format!("{}:{}", command.id, definition.get_name()),
            words: [&command.words[..], &[definition.get_name()]].concat(),
            definition,
        });
    let below: Vec<_> = below.collect();
    commands.push(command);
    below.into_iter().for_each(|command| add(commands, command));
}

/// How commands are typed: as they are, or through the Heroku CLI if its plugin started the
/// program.
#[derive(Clone, Debug, Default)]
pub struct Spelling(Vec<(String, String)>);

impl Spelling {
    /// The spelling below a topic.
    pub fn below(topic: &str, root: &Command) -> Self {
        let name = root.get_name();
        let typed = |PluginCommand { id, words, .. }| {
            (
                format!("{name} {}", words.join(" ")),
                format!("heroku {topic}:{id}"),
            )
        };
        // `config pull` has to be found before `config`.
        let mut pairs: Vec<_> = commands(root).into_iter().rev().map(typed).collect();
        // Flags without a command are the chat's.
        pairs.push((format!("{name} -"), format!("heroku {topic}:chat -")));
        Spelling(pairs)
    }

    /// The text with every command in it as it is typed here.
    pub fn of(&self, text: &str) -> String {
        let replaced = |text: String, (from, to): &(String, String)| text.replace(from, to);
        self.0.iter().fold(text.to_owned(), replaced)
    }

    /// As [`Spelling::of`], in the chat: what is a flag elsewhere is set there.
    pub fn in_chat(&self, text: &str) -> String {
        let flags = ["heroku-chat --sandbox -m ", "heroku-chat -m "];
        let text = flags
            .iter()
            .fold(text.to_owned(), |text, flag| text.replace(flag, "/model "));
        let setting = |text: String, name: String| {
            let flag = format!("--{}", name.replace('_', "-"));
            text.replace(&flag, &format!("{name} (/set)"))
        };
        let text = text.replace("with -m", "with /model");
        self.of(&settings::names().into_iter().fold(text, setting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction};

    fn root() -> Command {
        let flag = || {
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("print JSON")
        };
        let pull = Command::new("pull")
            .arg(flag())
            .after_help("EXAMPLES\n  $ heroku-chat config pull --json");
        let named = ["chat", "models", "completions"].map(Command::new);
        Command::new("heroku-chat")
            .subcommands(named)
            .subcommand(Command::new("config").subcommand(pull))
    }

    #[test]
    fn every_command_has_its_place() {
        let root = root();
        let places: Vec<_> = commands(&root)
            .into_iter()
            .map(|command| (command.id, command.words.join(" ")))
            .collect();
        let expected = [
            ("chat", "chat"),
            ("chat:models", "models"),
            ("config", "config"),
            ("config:pull", "config pull"),
        ];
        assert_eq!(
            places,
            expected.map(|(id, words)| (id.to_owned(), words.to_owned()))
        );
    }

    #[test]
    fn commands_are_spelled_as_they_are_typed() {
        let spelling = Spelling::below("ai", &root());
        let table = [
            (
                "heroku-chat config pull -a app",
                "heroku ai:config:pull -a app",
            ),
            (
                "see `heroku-chat config`, then `heroku-chat models`",
                "see `heroku ai:config`, then `heroku ai:chat:models`",
            ),
            ("heroku-chat -m model", "heroku ai:chat -m model"),
            (
                "heroku-chat completions bash",
                "heroku-chat completions bash",
            ),
            ("heroku-chat offers no tools", "heroku-chat offers no tools"),
        ];
        for (own, there) in table {
            assert_eq!(spelling.of(own), there);
            assert_eq!(Spelling::default().of(own), own);
        }
    }

    #[test]
    fn the_chat_speaks_of_its_commands() {
        let spelling = Spelling::below("ai", &root());
        for (own, there) in [
            ("another model with -m", "another model with /model"),
            ("heroku-chat --sandbox -m model", "/model model"),
            ("Raise --max-tokens; it", "Raise max_tokens (/set); it"),
            ("see heroku-chat config", "see heroku ai:config"),
        ] {
            assert_eq!(spelling.in_chat(own), there);
        }
    }
}
