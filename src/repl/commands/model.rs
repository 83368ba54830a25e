//! Who answers, and how: the model and the system prompt.

use super::super::{Flow, Repl, did_you_mean};
use crate::api::models::{self, Model};
use crate::app::chat_ids;
use crate::chat::Chat;
use crate::error::Error;
use crate::error::nearest::nearest;
use crate::files;
use crate::files::input;
use crate::screen::Overflow;

pub fn model(repl: &mut Repl<'_>, chat: &mut Chat, id: &str) -> Result<Flow, Error> {
    if id.is_empty() {
        let text = format!("{}  (/models lists the others)", chat.model);
        repl.screen().print(&text)?;
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
            let meant = did_you_mean(nearest(id, chat_ids(models).iter().map(String::as_str)));
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
        let warning = format!("{id} takes no images, and there are some in this conversation");
        repl.screen().warning(&warning);
    }
    Ok(Flow::Continue)
}

fn warn_of_end(repl: &mut Repl<'_>, model: &Model) {
    let then = model
        .replacement_model
        .iter()
        .map(|id| format!("; its replacement is {id}"));
    if let Some(date) = model.end_of_life() {
        let (id, then) = (&model.id, then.collect::<String>());
        repl.screen()
            .warning(&format!("{id} stops answering on {date}{then}"));
    }
}

pub fn models(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let models = repl.models()?.into_iter().filter(Model::is_chat);
    let rows = models.map(|model| {
        let mark = if model.id == chat.model {
            ", in use"
        } else {
            ""
        };
        let state = format!("{}{mark}", model.state_word());
        let future = model.future();
        [model.id, state, future]
    });
    let heads = ["MODEL", "STATE", "END OF LIFE"];
    repl.screen().table(Some(heads), rows, Overflow::Stack)?;
    Ok(Flow::Continue)
}

pub fn system(repl: &mut Repl<'_>, chat: &mut Chat, text: &str) -> Result<Flow, Error> {
    match text {
        "" => {
            let current = chat.conversation.system();
            repl.screen()
                .print(current.unwrap_or("There is no system prompt."))?;
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
            let note = "the system prompt is set, from the next turn on";
            repl.screen().note(note);
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
