//! `heroku-chat models`: the catalogue as a table or as JSON.

use url::Url;

use crate::api::models::Model;
use crate::cli::ModelsArgs;
use crate::context::{Context, start_sandbox};
use crate::error::{Error, ExitStatus};
use crate::ui::Overflow;

/// Where the catalogue is asked for when no setting says; it needs no key.
const PUBLIC_SERVICE: &str = "https://us.inference.heroku.com";

/// Prints the models.
///
/// # Errors
/// A URL that can't be used, and failures of network and service.
pub fn run(args: &ModelsArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let sandbox = if args.connection.sandbox { Some(start_sandbox()?) } else { None };
    let url = match &sandbox {
        Some(sandbox) => sandbox.url(),
        None => service_url(args, context)?,
    };
    let models = context.client(&args.connection, url, None).models(&context.interrupts)?;
    let models: Vec<Model> = models.into_iter().filter(|model| args.all || model.is_chat()).collect();
    if args.json {
        context.ui.print(&serde_json::to_string_pretty(&models).expect("strings always serialise"))?;
    } else {
        let rows: Vec<[String; 4]> = models.iter().map(row).collect();
        context.ui.table(Some(["MODEL", "STATE", "REGIONS", "END OF LIFE"]), &rows, Overflow::Stack)?;
    }
    Ok(ExitStatus::Done)
}

/// The service's address. The catalogue is the same for everybody, so nothing else needs to be set.
fn service_url(args: &ModelsArgs, context: &mut Context) -> Result<Url, Error> {
    let named = args.connection.heroku.app.is_some() || args.connection.heroku.remote.is_some();
    let gathered = if named {
        context.gather(&args.connection)?
    } else {
        let not_asked = |_: &_| Err(crate::error::HerokuFailure::NoApp);
        crate::config::gather(&args.connection, &context.environment, not_asked)?
    };
    match &gathered.url {
        Some(url) => gathered.checked_url(url, &args.connection),
        None if named => Err(gathered.missing()),
        None => Ok(Url::parse(PUBLIC_SERVICE).expect("a constant that is a URL")),
    }
}

fn row(model: &Model) -> [String; 4] {
    [model.id.clone(), model.state_word().to_owned(), model.regions.join(","), model.future()]
}
