//! `heroku-chat sandbox`: the sandbox as a server of its own.

use crate::app::Context;
use crate::error::{Error, ExitStatus};
use crate::sandbox::Sandbox;

/// Serves until it is stopped. Prints what to set, in the form of Heroku's quick start.
pub fn run(port: u16, context: &mut Context) -> Result<ExitStatus, Error> {
    let sandbox = Sandbox::start(port).map_err(|error| Error::InvalidValue {
        what: "--port".to_owned(),
        value: port.to_string(),
        rule: format!("a free port of 127.0.0.1 ({error})"),
    })?;
    let (url, key, model) = (sandbox.url(), Sandbox::KEY, Sandbox::DEFAULT_MODEL);
    let url = url.as_str().trim_end_matches('/');
    context.screen.print(&format!(
        "export INFERENCE_URL={url}\nexport INFERENCE_KEY={key}\nexport INFERENCE_MODEL_ID={model}"
    ))?;
    let note = "Sandbox: scripted models, none is really called. Ctrl-C stops it.";
    context.screen.note(note);
    sandbox.serve();
    Ok(ExitStatus::Done)
}
