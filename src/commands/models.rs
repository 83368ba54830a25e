//! `heroku-chat models`: the catalogue as a table or as JSON.

use url::Url;

use crate::app::{Context, start_sandbox};
use crate::cli::{ConnectionArgs, ModelsArgs};
use crate::config;
use crate::config::environment::Environment;
use crate::error::{Error, ExitStatus, HerokuFailure};
use crate::screen::Overflow;

/// Where the catalogue is asked for when no setting says; it needs no key.
const PUBLIC_SERVICE: &str = "https://us.inference.heroku.com";

/// Prints the models.
///
/// # Errors
/// A URL that can't be used, and failures of network and service.
pub fn run(args: &ModelsArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let sandbox = start_sandbox(args.connection.sandbox)?;
    let url = match &sandbox {
        Some(sandbox) => sandbox.url(),
        None => service_url(&args.connection, context)?,
    };
    let client = context.client(&args.connection, url, None);
    let mut models = context.models(&client)?;
    models.retain(|model| args.all || model.is_chat());
    if args.json {
        let json = serde_json::to_string_pretty(&models).expect("strings always serialise");
        context.screen.print(&json)?;
    } else {
        let heads = ["MODEL", "STATE", "REGIONS", "END OF LIFE"];
        let rows = models.iter().map(|model| {
            let (state, regions) = (model.state_word().to_owned(), model.regions.join(","));
            [model.id.clone(), state, regions, model.future()]
        });
        context.screen.table(Some(heads), rows, Overflow::Stack)?;
    }
    Ok(ExitStatus::Done)
}

/// The service's address. The catalogue is the same for everybody, so nothing else needs to be set.
fn service_url(args: &ConnectionArgs, context: &mut Context) -> Result<Url, Error> {
    if args.heroku.app.is_none() && args.heroku.remote.is_none() {
        return url_without_heroku(args, &context.environment);
    }
    let gathered = context.gather(args)?;
    match &gathered.url {
        Some(url) => gathered.checked_url(url, args),
        None => Err(gathered.missing()),
    }
}

/// The same without asking the Heroku CLI.
pub fn url_without_heroku(args: &ConnectionArgs, environment: &Environment) -> Result<Url, Error> {
    let gathered = config::gather(args, environment, |_| Err(HerokuFailure::NoApp))?;
    match &gathered.url {
        Some(url) => gathered.checked_url(url, args),
        None => Ok(Url::parse(PUBLIC_SERVICE).expect("a constant that is a URL")),
    }
}
