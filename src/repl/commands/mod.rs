//! The slash commands: one table, from which `/help`, Tab and the README's list follow.

use super::{Flow, Repl};
use crate::api::curl;
use crate::api::models::Model;
use crate::context::text_or_file;
use crate::conversation::Role;
use crate::error::Error;
use crate::nearest::nearest;
use crate::turn::Chat;
use crate::ui::terminal;

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
    Models,
    Words(&'static [&'static str]),
}

/// All of them, in the order of `/help`.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "help",
        arguments: "",
        about: "list the commands",
        completes: Completes::Nothing,
        aliases: &[],
        run: help,
    },
    Command {
        name: "model",
        arguments: "[MODEL]",
        about: "show or change the model",
        completes: Completes::Models,
        aliases: &[],
        run: model,
    },
    Command {
        name: "system",
        arguments: "[TEXT|@FILE|none]",
        about: "show, set or remove the system prompt",
        completes: Completes::Words(&["none"]),
        aliases: &[],
        run: system,
    },
    Command {
        name: "retry",
        arguments: "",
        about: "ask the last prompt again",
        completes: Completes::Nothing,
        aliases: &[],
        run: retry,
    },
    Command {
        name: "undo",
        arguments: "",
        about: "take the last turn back and edit its prompt",
        completes: Completes::Nothing,
        aliases: &[],
        run: undo,
    },
    Command {
        name: "edit",
        arguments: "",
        about: "open the last prompt in $VISUAL or $EDITOR",
        completes: Completes::Nothing,
        aliases: &[],
        run: edit,
    },
    Command {
        name: "clear",
        arguments: "",
        about: "forget the conversation",
        completes: Completes::Nothing,
        aliases: &[],
        run: clear,
    },
    Command {
        name: "show",
        arguments: "[request]",
        about: "show what was said, or the last request as curl",
        completes: Completes::Words(&["request"]),
        aliases: &[],
        run: show,
    },
    Command {
        name: "quit",
        arguments: "",
        about: "leave; so does Ctrl-D",
        completes: Completes::Nothing,
        aliases: &["exit"],
        run: quit,
    },
];

impl Command {
    /// Runs it with what followed its name.
    ///
    /// # Errors
    /// What stopped it.
    pub fn run(&self, repl: &mut Repl<'_>, chat: &mut Chat, argument: &str) -> Result<Flow, Error> {
        if self.arguments.is_empty() && !argument.is_empty() {
            repl.ui().warning(&format!("/{} takes nothing after it; {argument:?} was not used", self.name));
        }
        (self.run)(repl, chat, argument)
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.name)
    }
}

fn help(repl: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    let usage = |command: &Command| format!("/{} {}", command.name, command.arguments).trim_end().to_owned();
    let column = COMMANDS.iter().map(|command| usage(command).len()).max().unwrap_or_default();
    let widest = COMMANDS.iter().map(|command| column + 2 + command.about.len()).max().unwrap_or_default();
    let fits = widest <= terminal::width();
    let line = |command: &Command| match fits {
        true => format!("{:column$}  {}", usage(command), command.about),
        false => format!("{}\n  {}", usage(command), command.about),
    };
    let lines: Vec<String> = COMMANDS.iter().map(line).collect();
    let keys = "Tab completes. Alt-Enter or Ctrl-J starts a new line, Ctrl-O opens your editor. Ctrl-C stops an answer. A prompt that begins with / is typed with //.";
    repl.ui().print(&format!("{}\n", lines.join("\n")))?;
    repl.ui().note(keys);
    Ok(Flow::Continue)
}

fn model(repl: &mut Repl<'_>, chat: &mut Chat, id: &str) -> Result<Flow, Error> {
    if id.is_empty() {
        let current = chat.model.clone();
        repl.ui().print(&format!("{current}  (/model and Tab, or `heroku-chat models`, list the others)"))?;
        return Ok(Flow::Continue);
    }
    // A catalogue that can't be had is no reason to refuse: the service will say what it doesn't know.
    let models = match repl.models() {
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        other => other.unwrap_or_default(),
    };
    match models.iter().find(|model| model.id == id) {
        Some(model) => warn_of_end(repl, model),
        None if models.is_empty() => {}
        None => {
            let ids = models.iter().filter(|model| model.is_chat()).map(|model| model.id.as_str());
            let meant = nearest(id, ids).map(|id| format!(" Did you mean {id}?")).unwrap_or_default();
            repl.ui().warning(&format!("the service lists no model {id:?}.{meant} Still using {}.", chat.model));
            return Ok(Flow::Continue);
        }
    }
    id.clone_into(&mut chat.model);
    repl.ui().note(&format!("now talking to {id}; the conversation goes on"));
    Ok(Flow::Continue)
}

fn warn_of_end(repl: &mut Repl<'_>, model: &Model) {
    if let Some(date) = model.end_of_life() {
        let then = model.replacement_model.as_ref().map(|id| format!("; its replacement is {id}")).unwrap_or_default();
        repl.ui().warning(&format!("{} stops answering on {date}{then}", model.id));
    }
}

fn system(repl: &mut Repl<'_>, chat: &mut Chat, text: &str) -> Result<Flow, Error> {
    match text {
        "" => {
            let current = chat.conversation.system().unwrap_or("There is no system prompt.").to_owned();
            repl.ui().print(&current)?;
        }
        "none" => {
            chat.conversation.set_system(None);
            repl.ui().note("the system prompt is removed");
        }
        text => {
            chat.conversation.set_system(Some(text_or_file(text)?));
            repl.ui().note("the system prompt is set, from the next turn on");
        }
    }
    Ok(Flow::Continue)
}

fn retry(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    repl.retry(chat)
}

fn undo(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    match chat.conversation.take_turn() {
        Some((prompt, _)) => {
            repl.ui().note("the last turn is taken back; here is its prompt");
            // As it has to be typed.
            Ok(Flow::Edit(if prompt.starts_with('/') { format!("/{prompt}") } else { prompt }))
        }
        None => {
            repl.ui().note("there is no turn to take back");
            Ok(Flow::Continue)
        }
    }
}

fn edit(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let prompts = chat.conversation.messages().iter().rev().filter(|message| message.role == Role::User);
    let last = prompts.map(|message| message.content.clone()).next().unwrap_or_default();
    let edited = repl.edit(&last);
    Ok(Flow::Edit(if edited.starts_with('/') { format!("/{edited}") } else { edited }))
}

fn clear(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    chat.conversation.clear();
    repl.ui().note("the conversation is forgotten; system prompt and model stay");
    Ok(Flow::Continue)
}

fn show(repl: &mut Repl<'_>, chat: &mut Chat, what: &str) -> Result<Flow, Error> {
    match what {
        "request" => {
            let variable = repl.variable("KEY");
            match chat.last_request() {
                Some(body) => repl.ui().print(&curl::command(&chat.client.chat_endpoint(), &variable, body))?,
                None => repl.ui().note("nothing was sent yet"),
            }
        }
        "" => {
            let text = transcript(chat);
            repl.ui().print(&text)?;
        }
        other => repl.ui().warning(&format!("/show takes nothing or `request`, not {other:?}")),
    }
    Ok(Flow::Continue)
}

/// The conversation as text, each message below its role.
fn transcript(chat: &Chat) -> String {
    let system = chat.conversation.system().map(|text| format!("[system]\n{text}"));
    let said = chat.conversation.messages().iter().map(|message| {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let cut = if message.cut { ", cut off" } else { "" };
        format!("[{role}{cut}]\n{}", message.content.trim_end())
    });
    let parts: Vec<String> = system.into_iter().chain(said).collect();
    if parts.is_empty() { "Nothing was said yet.".to_owned() } else { parts.join("\n\n") }
}

fn quit(_: &mut Repl<'_>, _: &mut Chat, _: &str) -> Result<Flow, Error> {
    Ok(Flow::Leave)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_lists_the_commands_as_the_table_does() {
        let readme = include_str!("../../README.md");
        let rows = COMMANDS.iter().map(|command| {
            let usage = format!("/{} {}", command.name, command.arguments).trim_end().replace('|', "\\|");
            format!("| `{usage}` | {} |\n", command.about)
        });
        let table: String = rows.collect();
        assert!(readme.contains(&table), "README.md should hold:\n{table}");
    }

    #[test]
    fn help_fits_eighty_columns() {
        let usage = |command: &Command| format!("/{} {}", command.name, command.arguments).len();
        let width = COMMANDS.iter().map(usage).max().unwrap_or_default();
        for command in COMMANDS {
            assert!(width + 2 + command.about.len() <= 80, "/{}", command.name);
        }
    }
}
