//! `heroku-chat sandbox`: the sandbox as a server of its own.

use crate::app::Context;
use crate::cli::SandboxArgs;
use crate::error::{Error, ExitStatus};
use crate::sandbox::Sandbox;

/// Serves until it is stopped. Prints what to set, in the form of Heroku's quick start.
pub fn run(args: &SandboxArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let sandbox = Sandbox::start(args.port).map_err(|error| Error::InvalidValue {
        what: "--port".to_owned(),
        value: args.port.to_string(),
        rule: format!("a free port of 127.0.0.1 ({error})"),
    })?;
    let url = sandbox.url();
    let lines = [
        format!(
            "export INFERENCE_URL={}",
            url.as_str().trim_end_matches('/')
        ),
        format!("export INFERENCE_KEY={}", Sandbox::KEY),
        format!("export INFERENCE_MODEL_ID={}", Sandbox::DEFAULT_MODEL),
    ];
    context.screen.print(&lines.join("\n"))?;
    context
        .screen
        .note("Sandbox: scripted models, none is really called. Ctrl-C stops it.");
    sandbox.serve();
    Ok(ExitStatus::Done)
}
