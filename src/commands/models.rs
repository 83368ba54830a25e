//! `heroku-chat models`: the catalogue as a table or as JSON.

use url::Url;

use crate::api::models::Model;
use crate::cli::ModelsArgs;
use crate::context::{Context, start_sandbox};
use crate::error::{Error, ExitStatus};

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
    let text = if args.json {
        serde_json::to_string_pretty(&models).expect("strings always serialise")
    } else {
        table(&models)
    };
    context.ui.print(&text)?;
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

/// Columns without borders, to be searched with grep.
fn table(models: &[Model]) -> String {
    let mut rows = vec![["MODEL".to_owned(), "STATE".to_owned(), "REGIONS".to_owned(), "END OF LIFE".to_owned()]];
    rows.extend(models.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let line = |[id, state, regions, end]: &[String; 4]| {
        let [one, two, three] = widths;
        format!("{id:one$}  {state:two$}  {regions:three$}  {end}").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn row(model: &Model) -> [String; 4] {
    let state = model.state.clone().unwrap_or_else(|| "active".to_owned());
    let end = match (model.end_of_life(), &model.replacement_model) {
        (Some(date), Some(replacement)) => format!("{date}, then {replacement}"),
        (Some(date), None) => date.to_owned(),
        (None, Some(replacement)) => format!("use {replacement}"),
        (None, None) => String::new(),
    };
    [model.id.clone(), state, model.regions.join(","), end]
}
