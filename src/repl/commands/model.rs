//! Who answers, and how: the model and the system prompt.

use super::super::{Flow, Repl, did_you_mean};
use crate::api::models::Model;
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
    let models = match repl.reader.helper().models() {
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
    let note = format!("now talking to {id}; the conversation goes on");
    repl.screen().note(&note);
    if chat.sends_images_in_vain() {
        let warning = format!("{id} takes no images, and there are some in this conversation");
        return repl.warned(&warning);
    }
    Ok(Flow::Continue)
}

fn warn_of_end(repl: &mut Repl<'_>, model: &Model) {
    if let Some(date) = model.end_of_life() {
        let mut warning = format!("{} stops answering on {date}", model.id);
        if let Some(id) = &model.replacement_model {
            warning += &format!("; its replacement is {id}");
        }
        repl.screen().warning(&warning);
    }
}

pub fn models(repl: &mut Repl<'_>, chat: &mut Chat, _: &str) -> Result<Flow, Error> {
    let models = repl
        .reader
        .helper()
        .models()?
        .into_iter()
        .filter(Model::is_chat);
    let rows = models.map(|model| {
        let mut state = model.state_word().to_owned();
        if model.id == chat.model {
            state += ", in use";
        }
        let future = model.future();
        [model.id, state, future]
    });
    let heads = ["MODEL", "STATE", "END OF LIFE"];
    repl.screen().table(Some(heads), rows, Overflow::Stack)?;
    Ok(Flow::Continue)
}

pub fn system(repl: &mut Repl<'_>, chat: &mut Chat, text: &str) -> Result<Flow, Error> {
    if text.is_empty() {
        let current = chat.conversation.system();
        let text = current.unwrap_or("There is no system prompt.");
        repl.screen().print(text)?;
        return Ok(Flow::Continue);
    }
    if text == "none" {
        chat.conversation.set_system(None);
        return repl.noted("the system prompt is removed");
    }
    let system = text.strip_prefix('@').map(of_file).transpose()?;
    chat.conversation
        .set_system(system.or_else(|| Some(text.to_owned())));
    repl.noted("the system prompt is set, from the next turn on")
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
