//! Who answers, and how: the model and the system prompt.

use super::super::{Flow, Repl};
use crate::api::models::{self, Model};
use crate::chat::Chat;
use crate::error::Error;
use crate::error::nearest::nearest;
use crate::files;
use crate::files::input;
use crate::screen::Overflow;

pub fn model(repl: &mut Repl<'_>, chat: &mut Chat, id: &str) -> Result<Flow, Error> {
    if id.is_empty() {
        let current = chat.model.clone();
        repl.screen()
            .print(&format!("{current}  (/models lists the others)"))?;
        return Ok(Flow::Continue);
    }
    // A catalogue that can't be had is no reason to refuse: the service will say what it doesn't
    // know.
    let models = match repl.models() {
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        other => other.unwrap_or_default(),
    };
    match models.iter().find(|model| model.id == id) {
        Some(model) => warn_of_end(repl, model),
        None if models.is_empty() => {}
        None => {
            let ids = models
                .iter()
                .filter(|model| model.is_chat())
                .map(|model| model.id.as_str());
            let meant = nearest(id, ids)
                .map(|id| format!(" Did you mean {id}?"))
                .unwrap_or_default();
            return repl.warned(&format!(
                "the service lists no model {id:?}.{meant} Still using {}.",
                chat.model
            ));
        }
    }
    id.clone_into(&mut chat.model);
    repl.screen()
        .note(&format!("now talking to {id}; the conversation goes on"));
    if models::is_text_only(id) && chat.sends_images() {
        repl.screen().warning(&format!(
            "{id} takes no images, and there are some in this conversation"
        ));
    }
    Ok(Flow::Continue)
}

fn warn_of_end(repl: &mut Repl<'_>, model: &Model) {
    if let Some(date) = model.end_of_life() {
        let then = model
            .replacement_model
            .as_ref()
            .map(|id| format!("; its replacement is {id}"))
            .unwrap_or_default();
        repl.screen()
            .warning(&format!("{} stops answering on {date}{then}", model.id));
    }
}

pub fn models(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let models: Vec<Model> = repl.models()?.into_iter().filter(Model::is_chat).collect();
    let row = |model: &Model| {
        let mark = if model.id == chat.model {
            ", in use"
        } else {
            ""
        };
        [
            model.id.clone(),
            format!("{}{mark}", model.state_word()),
            model.future(),
        ]
    };
    let rows: Vec<[String; 3]> = models.iter().map(row).collect();
    repl.screen().table(
        Some(["MODEL", "STATE", "END OF LIFE"]),
        &rows,
        Overflow::Stack,
    )?;
    Ok(Flow::Continue)
}

pub fn system(repl: &mut Repl<'_>, chat: &mut Chat, text: &str) -> Result<Flow, Error> {
    match text {
        "" => {
            let current = chat
                .conversation
                .system()
                .unwrap_or("There is no system prompt.")
                .to_owned();
            repl.screen().print(&current)?;
        }
        "none" => {
            chat.conversation.set_system(None);
            repl.screen().note("the system prompt is removed");
        }
        text => {
            let system = match text.strip_prefix('@') {
                Some(path) => of_file(path)?,
                None => text.to_owned(),
            };
            chat.conversation.set_system(Some(system));
            repl.screen()
                .note("the system prompt is set, from the next turn on");
        }
    }
    Ok(Flow::Continue)
}

/// The text of a file, whose name may be typed as it is, or with a shell's quotes as behind
/// `/file`.
fn of_file(typed: &str) -> Result<String, Error> {
    let as_it_is = files::expand_home(typed);
    let quoted = input::paths(typed).unwrap_or_default();
    let path = match quoted.as_slice() {
        [path] if !as_it_is.exists() => path,
        _ => &as_it_is,
    };
    let what = "the system prompt's file";
    let text = input::regular(what, path).and_then(|path| input::file(what, path))?;
    Ok(text.trim_end().to_owned())
}
