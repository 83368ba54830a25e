//! The slash commands: one table, from which `/help`, Tab and the list of docs/chat.md follow.

pub mod attach;
mod model;
pub mod prompt;
pub mod session;
mod show;
mod turns;
mod why;

use super::{Flow, Repl, settings};
use crate::chat::Chat;
use crate::error::Error;
use crate::screen::Overflow;

/// A slash command.
#[derive(Debug)]
pub struct Command {
    /// Without the slash. The first is listed; the others are those of other clients, and work.
    names: &'static [&'static str],
    /// What may follow, in the notation of help texts; empty if nothing may.
    pub arguments: &'static str,
    /// What Tab completes behind it.
    pub tab: Tab,
    pub about: &'static str,
    run: Run,
}

type Run = fn(&mut Repl<'_>, &mut Chat, &str) -> Result<Flow, Error>;

/// What Tab completes behind a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Nothing,
    Files,
    /// Files, and names of new ones with an ending that says a format.
    Exports,
    /// `none`, or a file behind `@`.
    System,
    Models,
    Sessions,
    Settings,
    Words(&'static [&'static str]),
}

/// All of them, in the order of `/help`.
pub const COMMANDS: &[Command] = &[
    command(&["help", "?"], help).about("list the commands"),
    command(&["model"], model::model)
        .takes("[MODEL]", Tab::Models)
        .about("show or change the model"),
    command(&["models"], model::models).about("list the models of the service"),
    command(&["system"], model::system)
        .takes("[TEXT|@FILE|none]", Tab::System)
        .about("show, set or remove the system prompt"),
    command(&["set"], settings::set)
        .takes("[SETTING [VALUE]]", Tab::Settings)
        .about("list, show or change the settings"),
    command(&["file"], attach::file)
        .takes("[PATH…|none]", Tab::Files)
        .about("send text files with the next prompt"),
    command(&["image"], attach::image)
        .takes("[PATH…|none]", Tab::Files)
        .about("send images with the next prompt"),
    command(&["retry", "regenerate"], turns::retry).about("ask the last prompt again"),
    command(&["continue"], turns::go_on).about("go on with an answer that was cut"),
    command(&["undo"], turns::undo).about("take the last turn back and edit its prompt"),
    command(&["edit"], turns::edit).about("open the last prompt in $VISUAL or $EDITOR"),
    command(&["clear", "new"], turns::clear).about("begin a new conversation"),
    command(&["show"], show::show)
        .takes("[last|request [PROMPT]]", Tab::Words(&["last", "request"]))
        .about("show what was said, or a request as curl"),
    command(&["save"], session::save)
        .takes("[NAME]", Tab::Nothing)
        .about("save the conversation, under this name"),
    command(&["load", "resume"], session::load)
        .takes("[NAME]", Tab::Sessions)
        .about("go on with a saved conversation"),
    command(&["sessions", "history"], session::sessions).about("list the saved conversations"),
    command(&["export"], show::export)
        .takes("FILE", Tab::Exports)
        .about("write it as .md, .json or code (.rb .py .js .sh)"),
    command(&["copy"], show::copy)
        .takes("[N]", Tab::Nothing)
        .about("copy the last answer, or its Nth code block"),
    command(&["usage", "tokens", "cost"], show::usage)
        .about("show tokens and estimated cost of each answer"),
    command(&["why"], why::why)
        .takes("[APP|none]", Tab::Nothing)
        .about("find out why an app fails, and ask about it"),
    command(&["debug"], show::debug)
        .takes("[on|off]", Tab::Words(&["on", "off"]))
        .about("show heads of requests and responses"),
    command(&["quit", "exit", "q", "bye"], turns::quit).about("leave; so does Ctrl-D"),
];

/// A command with nothing behind it.
const fn command(names: &'static [&'static str], run: Run) -> Command {
    let (arguments, tab, about) = ("", Tab::Nothing, "");
    Command {
        names,
        arguments,
        tab,
        about,
        run,
    }
}

impl Command {
    const fn takes(self, arguments: &'static str, tab: Tab) -> Self {
        Command {
            arguments,
            tab,
            ..self
        }
    }

    const fn about(self, about: &'static str) -> Self {
        Command { about, ..self }
    }

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

    /// Runs it with what followed its name, if anything may.
    pub fn run(
        &self,
        repl: &mut Repl<'_>,
        chat: &mut Chat,
        typed: &str,
        argument: &str,
    ) -> Result<Flow, Error> {
        if self.arguments.is_empty() && !argument.is_empty() {
            let name = self.name();
            repl.screen().warning(&format!(
                "/{name} takes nothing after it. If this is a prompt, begin it with //"
            ));
            return Ok(Flow::Edit(typed.to_owned()));
        }
        (self.run)(repl, chat, argument)
    }

    /// Its name, and what may follow it.
    pub fn usage(&self) -> String {
        let usage = format!("/{} {}", self.name(), self.arguments);
        usage.trim_end().to_owned()
    }
}

fn help(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    let rows = COMMANDS.iter().map(|it| [it.usage(), it.about.to_owned()]);
    repl.screen().table(None, rows, Overflow::Stack)?;
    let keys = "Tab completes. Alt-Enter or Ctrl-J starts a new line, Ctrl-O opens your editor, \
        Ctrl-R searches the history. Ctrl-C stops an answer. `!command` runs it and sends what it \
        prints with the next prompt, `!!command` only runs it. A prompt that begins with / is \
        typed with //, one that begins with ! with \\!.";
    repl.screen().print("")?;
    repl.noted(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_the_commands_as_the_table_does() {
        let page = include_str!("../../../docs/chat.md");
        let row = |command: &Command| {
            format!(
                "| `{}` | {} |\n",
                command.usage().replace('|', "\\|"),
                command.about
            )
        };
        let table: String = COMMANDS.iter().map(row).collect();
        assert!(page.contains(&table), "docs/chat.md should hold:\n{table}");
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
