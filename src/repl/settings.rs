//! `/set`: lists the settings, shows one, or changes it.

use super::{Flow, Repl, did_you_mean};
use crate::chat::Chat;
use crate::cli::settings::EditMode;
use crate::error::Error;
use crate::error::nearest::nearest;
use crate::screen::Overflow;

const ALL_IS_SAVED: &str = "all that was said in this conversation is saved; /clear begins another";

/// Runs the command.
pub fn set(repl: &mut Repl<'_>, chat: &mut Chat, argument: &str) -> Result<Flow, Error> {
    let (name, value) = argument
        .split_once(char::is_whitespace)
        .unwrap_or((argument, ""));
    let value = value.trim();
    let rows = repl.settings.rows();
    if name.is_empty() {
        let rows = rows
            .into_iter()
            .map(|it| [it.name, it.value, it.source.to_string(), it.about]);
        let heads = ["SETTING", "VALUE", "FROM", "IS"];
        repl.screen().table(Some(heads), rows, Overflow::Stack)?;
        return Ok(Flow::Continue);
    }
    if !rows.iter().any(|row| row.name == name) {
        let meant = did_you_mean(nearest(name, rows.iter().map(|row| &*row.name)));
        return repl.warned(&format!(
            "there is no setting {name:?}.{meant} /set lists them"
        ));
    }
    if !value.is_empty() {
        if let Err(rule) = repl.settings.set(name, value) {
            return repl.warned(&format!("{name} takes {rule}, or default; not {value:?}"));
        }
        let values = repl.settings.values.clone();
        chat.options = values.request;
        chat.spending = values.spending;
        repl.screen().wants_markdown = values.markdown;
        repl.screen().rings = values.bell;
        repl.reader.set_vi(values.editmode == EditMode::Vi);
        match name {
            "save" if !values.save => repl.saving.is_on = false,
            "save" => match repl.saving.resume() {
                Err(error) => repl.screen().explain(&error),
                Ok(()) if chat.conversation.turns() > 0 => repl.screen().note(ALL_IS_SAVED),
                Ok(()) => {}
            },
            _ => {}
        }
    }
    if let Some(now) = repl.settings.rows().iter().find(|row| row.name == name) {
        let (value, source, about) = (&now.value, &now.source, &now.about);
        repl.screen()
            .note(&format!("{name} is {value}, from {source}: {about}"));
    }
    Ok(Flow::Continue)
}
