//! The slash commands: one table, from which `/help`, Tab and the README's list follow.

pub mod attach;
mod model;
pub mod session;
mod show;
mod turns;

use super::{Flow, Repl, settings};
use crate::chat::Chat;
use crate::error::Error;
use crate::screen::Overflow;

/// A slash command.
#[derive(Debug)]
pub struct Command {
    /// Without the slash. The first is listed; the others are those of other clients, and work.
    names: &'static [&'static str],
    /// What may follow, in the notation of help texts, and what Tab completes it from.
    takes: Option<(&'static str, Tab)>,
    pub about: &'static str,
    run: fn(&mut Repl<'_>, &mut Chat, &str) -> Result<Flow, Error>,
}

/// What Tab completes behind a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
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
        names: &["help", "?"],
        takes: None,
        about: "list the commands",
        run: help,
    },
    Command {
        names: &["model"],
        takes: Some(("[MODEL]", Tab::Models)),
        about: "show or change the model",
        run: model::model,
    },
    Command {
        names: &["models"],
        takes: None,
        about: "list the models of the service",
        run: model::models,
    },
    Command {
        names: &["system"],
        takes: Some(("[TEXT|@FILE|none]", Tab::Words(&["none"]))),
        about: "show, set or remove the system prompt",
        run: model::system,
    },
    Command {
        names: &["set"],
        takes: Some(("[SETTING [VALUE]]", Tab::Settings)),
        about: "list, show or change the settings",
        run: settings::set,
    },
    Command {
        names: &["file"],
        takes: Some(("[PATH…|none]", Tab::Files)),
        about: "send text files with the next prompt",
        run: attach::file,
    },
    Command {
        names: &["image"],
        takes: Some(("[PATH…|none]", Tab::Files)),
        about: "send images with the next prompt",
        run: attach::image,
    },
    Command {
        names: &["retry", "regenerate"],
        takes: None,
        about: "ask the last prompt again",
        run: turns::retry,
    },
    Command {
        names: &["continue"],
        takes: None,
        about: "go on with an answer that was cut",
        run: turns::go_on,
    },
    Command {
        names: &["undo"],
        takes: None,
        about: "take the last turn back and edit its prompt",
        run: turns::undo,
    },
    Command {
        names: &["edit"],
        takes: None,
        about: "open the last prompt in $VISUAL or $EDITOR",
        run: turns::edit,
    },
    Command {
        names: &["clear", "new"],
        takes: None,
        about: "begin a new conversation",
        run: turns::clear,
    },
    Command {
        names: &["show"],
        takes: Some(("[last|request [PROMPT]]", Tab::Words(&["last", "request"]))),
        about: "show what was said, or a request as curl",
        run: show::show,
    },
    Command {
        names: &["save"],
        takes: Some(("[NAME]", Tab::Nothing)),
        about: "save the conversation, under this name",
        run: session::save,
    },
    Command {
        names: &["load", "resume"],
        takes: Some(("[NAME]", Tab::Sessions)),
        about: "go on with a saved conversation",
        run: session::load,
    },
    Command {
        names: &["sessions", "history"],
        takes: None,
        about: "list the saved conversations",
        run: session::sessions,
    },
    Command {
        names: &["export"],
        takes: Some(("FILE", Tab::Files)),
        about: "write it as .md, .json or code (.rb .py .js .sh)",
        run: show::export,
    },
    Command {
        names: &["copy"],
        takes: Some(("[N]", Tab::Nothing)),
        about: "copy the last answer, or its Nth code block",
        run: show::copy,
    },
    Command {
        names: &["usage", "tokens", "cost"],
        takes: None,
        about: "show the tokens of each answer, and of all",
        run: show::usage,
    },
    Command {
        names: &["debug"],
        takes: Some(("[on|off]", Tab::Words(&["on", "off"]))),
        about: "show heads of requests and responses",
        run: show::debug,
    },
    Command {
        names: &["quit", "exit", "q", "bye"],
        takes: None,
        about: "leave; so does Ctrl-D",
        run: turns::quit,
    },
];

impl Command {
    /// The command of this name, or with this alias.
    pub fn named(name: &str) -> Option<&'static Command> {
        COMMANDS
            .iter()
            .find(|command| command.names.contains(&name))
    }

    /// The name that is listed.
    pub fn name(&self) -> &'static str {
        self.names[0]
    }

    /// What may follow, in the notation of help texts; empty if nothing may.
    pub fn arguments(&self) -> &'static str {
        self.takes.map_or("", |(notation, _)| notation)
    }

    /// What Tab completes behind it.
    pub fn tab(&self) -> Tab {
        self.takes.map_or(Tab::Nothing, |(_, tab)| tab)
    }

    /// Runs it with what followed its name.
    pub fn run(&self, repl: &mut Repl<'_>, chat: &mut Chat, argument: &str) -> Result<Flow, Error> {
        if self.takes.is_none() && !argument.is_empty() {
            let name = self.name();
            let warning = format!("/{name} takes nothing after it; {argument:?} was not used");
            repl.screen().warning(&warning);
        }
        (self.run)(repl, chat, argument)
    }

    fn usage(&self) -> String {
        let usage = format!("/{} {}", self.name(), self.arguments());
        usage.trim_end().to_owned()
    }
}

fn help(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    let rows = COMMANDS.iter().map(|it| [it.usage(), it.about.to_owned()]);
    repl.screen().table(None, rows, Overflow::Stack)?;
    let keys = "Tab completes. Alt-Enter or Ctrl-J starts a new line, Ctrl-O opens your \
     editor, Ctrl-R searches the \
                history. Ctrl-C stops an answer. A prompt that begins with / is typed with //.";
    repl.screen().print("")?;
    repl.noted(keys)
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
            assert!(width + 2 + command.about.len() <= 80, "/{}", command.name());
        }
    }

    #[test]
    fn no_name_stands_for_two_commands() {
        let mut names: Vec<&str> = COMMANDS
            .iter()
            .flat_map(|command| command.names)
            .copied()
            .collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
