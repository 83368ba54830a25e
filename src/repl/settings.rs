//! `/set`: lists the settings, shows one, or changes it.

use super::{Flow, Repl};
use crate::chat::Chat;
use crate::cli::settings::{self, EditMode, Refused};
use crate::error::Error;
use crate::error::nearest::nearest;
use crate::screen::Overflow;

/// Runs the command.
pub fn set(repl: &mut Repl<'_>, chat: &mut Chat, argument: &str) -> Result<Flow, Error> {
    let (name, value) = argument
        .split_once(char::is_whitespace)
        .unwrap_or((argument, ""));
    let value = value.trim();
    if name.is_empty() {
        list(repl)?;
        return Ok(Flow::Continue);
    }
    let rows = repl.settings.rows();
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        let names = settings::names();
        let meant = nearest(name, names.iter().map(String::as_str))
            .map(|name| format!(" Did you mean {name}?"))
            .unwrap_or_default();
        return repl.warned(&format!(
            "there is no setting {name:?}.{meant} /set lists them"
        ));
    };
    if !value.is_empty() {
        if let Err(Refused::Value(rule)) = repl.settings.set(name, value) {
            return repl.warned(&format!("{name} takes {rule}, or default; not {value:?}"));
        }
        apply(repl, chat);
        if name == "save" {
            save(repl, chat);
        }
    }
    if let Some(now) = repl.settings.rows().iter().find(|row| row.name == name) {
        let (value, source) = (&now.value, &now.source);
        repl.screen()
            .note(&format!("{name} is {value}, from {source}: {}", row.about));
    }
    Ok(Flow::Continue)
}

fn list(repl: &mut Repl<'_>) -> Result<(), Error> {
    let rows: Vec<[String; 4]> = repl
        .settings
        .rows()
        .into_iter()
        .map(|row| [row.name, row.value, row.source.to_string(), row.about])
        .collect();
    repl.screen().table(
        Some(["SETTING", "VALUE", "FROM", "IS"]),
        &rows,
        Overflow::Stack,
    )
}

/// Has what is set take effect.
fn apply(repl: &mut Repl<'_>, chat: &mut Chat) {
    let values = repl.settings.values().clone();
    chat.options = values.request;
    repl.screen().set_markdown(values.markdown);
    repl.reader.set_vi(values.editmode == EditMode::Vi);
}

fn save(repl: &mut Repl<'_>, chat: &Chat) {
    if !repl.settings.values().save {
        return repl.saving.pause();
    }
    match repl.saving.resume() {
        Err(error) => repl.screen().explain(&error),
        Ok(()) if chat.conversation.turns() > 0 => {
            repl.screen()
                .note("all that was said in this conversation is saved; /clear begins another");
        }
        Ok(()) => {}
    }
}
