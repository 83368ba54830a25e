//! The slash commands: one table, from which `/help`, Tab and the README's list follow.

mod attach;
mod look;
mod model;
mod session;
mod talk;

use super::{Flow, Repl, settings};
use crate::chat::Chat;
use crate::error::Error;
use crate::screen::Overflow;

/// A slash command.
pub struct Command {
    /// Without the slash.
    pub name: &'static str,
    /// Names that other clients have for it; they work, and are not listed.
    pub aliases: &'static [&'static str],
    /// What may follow, in the notation of help texts; empty where nothing may.
    pub arguments: &'static str,
    pub about: &'static str,
    /// What Tab completes after it.
    pub completes: Completes,
    run: fn(&mut Repl<'_>, &mut Chat, &str) -> Result<Flow, Error>,
}

/// What the argument of a command is chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    Nothing,
    Files,
    Models,
    Sessions,
    Settings,
    Words(&'static [&'static str]),
}

/// All of them, in the order of `/help`.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "help",
        arguments: "",
        about: "list the commands",
        completes: Completes::Nothing,
        aliases: &["?"],
        run: help,
    },
    Command {
        name: "model",
        arguments: "[MODEL]",
        about: "show or change the model",
        completes: Completes::Models,
        aliases: &[],
        run: model::model,
    },
    Command {
        name: "models",
        arguments: "",
        about: "list the models of the service",
        completes: Completes::Nothing,
        aliases: &[],
        run: model::models,
    },
    Command {
        name: "system",
        arguments: "[TEXT|@FILE|none]",
        about: "show, set or remove the system prompt",
        completes: Completes::Words(&["none"]),
        aliases: &[],
        run: model::system,
    },
    Command {
        name: "set",
        arguments: "[SETTING [VALUE]]",
        about: "list, show or change the settings",
        completes: Completes::Settings,
        aliases: &[],
        run: settings::set,
    },
    Command {
        name: "file",
        arguments: "[PATH…|none]",
        about: "send text files with the next prompt",
        completes: Completes::Files,
        aliases: &[],
        run: attach::file,
    },
    Command {
        name: "image",
        arguments: "[PATH…|none]",
        about: "send images with the next prompt",
        completes: Completes::Files,
        aliases: &[],
        run: attach::image,
    },
    Command {
        name: "retry",
        arguments: "",
        about: "ask the last prompt again",
        completes: Completes::Nothing,
        aliases: &["regenerate"],
        run: talk::retry,
    },
    Command {
        name: "continue",
        arguments: "",
        about: "go on with an answer that was cut",
        completes: Completes::Nothing,
        aliases: &[],
        run: talk::go_on,
    },
    Command {
        name: "undo",
        arguments: "",
        about: "take the last turn back and edit its prompt",
        completes: Completes::Nothing,
        aliases: &[],
        run: talk::undo,
    },
    Command {
        name: "edit",
        arguments: "",
        about: "open the last prompt in $VISUAL or $EDITOR",
        completes: Completes::Nothing,
        aliases: &[],
        run: talk::edit,
    },
    Command {
        name: "clear",
        arguments: "",
        about: "begin a new conversation",
        completes: Completes::Nothing,
        aliases: &["new"],
        run: talk::clear,
    },
    Command {
        name: "show",
        arguments: "[last|request [PROMPT]]",
        about: "show what was said, or a request as curl",
        completes: Completes::Words(&["last", "request"]),
        aliases: &[],
        run: look::show,
    },
    Command {
        name: "save",
        arguments: "[NAME]",
        about: "save the conversation, under this name",
        completes: Completes::Nothing,
        aliases: &[],
        run: session::save,
    },
    Command {
        name: "load",
        arguments: "[NAME]",
        about: "go on with a saved conversation",
        completes: Completes::Sessions,
        aliases: &["resume"],
        run: session::load,
    },
    Command {
        name: "sessions",
        arguments: "",
        about: "list the saved conversations",
        completes: Completes::Nothing,
        aliases: &["history"],
        run: session::sessions,
    },
    Command {
        name: "export",
        arguments: "FILE",
        about: "write it as .md, .json or code (.rb .py .js .sh)",
        completes: Completes::Files,
        aliases: &[],
        run: look::export,
    },
    Command {
        name: "copy",
        arguments: "[N]",
        about: "copy the last answer, or its Nth code block",
        completes: Completes::Nothing,
        aliases: &[],
        run: look::copy,
    },
    Command {
        name: "usage",
        arguments: "",
        about: "show the tokens of each answer, and of all",
        completes: Completes::Nothing,
        aliases: &["tokens", "cost"],
        run: look::usage,
    },
    Command {
        name: "debug",
        arguments: "[on|off]",
        about: "show heads of requests and responses",
        completes: Completes::Words(&["on", "off"]),
        aliases: &[],
        run: look::debug,
    },
    Command {
        name: "quit",
        arguments: "",
        about: "leave; so does Ctrl-D",
        completes: Completes::Nothing,
        aliases: &["exit", "q", "bye"],
        run: talk::quit,
    },
];

impl Command {
    /// The command of this name, or with this alias.
    pub fn named(name: &str) -> Option<&'static Command> {
        COMMANDS
            .iter()
            .find(|command| command.name == name || command.aliases.contains(&name))
    }

    /// Runs it with what followed its name.
    ///
    /// # Errors
    /// What stopped it.
    pub fn run(&self, repl: &mut Repl<'_>, chat: &mut Chat, argument: &str) -> Result<Flow, Error> {
        if self.arguments.is_empty() && !argument.is_empty() {
            repl.screen().warning(&format!(
                "/{} takes nothing after it; {argument:?} was not used",
                self.name
            ));
        }
        (self.run)(repl, chat, argument)
    }

    fn usage(&self) -> String {
        format!("/{} {}", self.name, self.arguments)
            .trim_end()
            .to_owned()
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.name)
    }
}

fn help(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    let rows: Vec<[String; 2]> = COMMANDS
        .iter()
        .map(|command| [command.usage(), command.about.to_owned()])
        .collect();
    repl.screen().table(None, &rows, Overflow::Stack)?;
    let keys = "Tab completes. Alt-Enter or Ctrl-J starts a new line, Ctrl-O opens your editor, Ctrl-R searches the \
                history. Ctrl-C stops an answer. A prompt that begins with / is typed with //.";
    repl.screen().print("")?;
    repl.screen().note(keys);
    Ok(Flow::Continue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_lists_the_commands_as_the_table_does() {
        let readme = include_str!("../../../README.md");
        let row = |command: &Command| {
            format!(
                "| `{}` | {} |\n",
                command.usage().replace('|', "\\|"),
                command.about
            )
        };
        let table: String = COMMANDS.iter().map(row).collect();
        assert!(readme.contains(&table), "README.md should hold:\n{table}");
    }

    #[test]
    fn help_fits_eighty_columns() {
        let width = COMMANDS
            .iter()
            .map(|command| command.usage().chars().count())
            .max()
            .unwrap_or_default();
        for command in COMMANDS {
            assert!(width + 2 + command.about.len() <= 80, "/{}", command.name);
        }
    }

    #[test]
    fn no_name_stands_for_two_commands() {
        let mut names: Vec<&str> = COMMANDS
            .iter()
            .flat_map(|command| command.aliases.iter().chain([&command.name]))
            .copied()
            .collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
