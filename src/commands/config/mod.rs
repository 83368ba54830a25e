//! `heroku-chat config`: every setting, its value and where it comes from.

mod file;
mod pull;

use serde_json::{Value, json};

use crate::app::{Context, sandbox_settings, start_sandbox};
use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config::{Gathered, Setting, showable};
use crate::error::{Error, ExitStatus};

/// A variable or setting, and if it is set its value, fit to be shown, and its source.
type Row = (String, Option<(String, String)>);

/// Prints the settings even if they can't be used, and then why not.
pub fn run(args: &ConfigArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    match &args.command {
        Some(ConfigCommand::Pull(args)) => return pull::run(args, context),
        Some(ConfigCommand::Set(args)) => return file::set(args, context),
        Some(ConfigCommand::Unset(args)) => return file::unset(args, context),
        Some(ConfigCommand::Edit) => return file::edit(context),
        None => {}
    }
    let gathered = match start_sandbox(args.connection.sandbox)? {
        Some(sandbox) => Gathered::of_sandbox(&sandbox_settings(&sandbox, &args.connection)),
        None => context.gather(&args.connection)?,
    };
    let settings = context.settings(&args.settings)?.rows();
    let text = |setting: &Setting<String>| {
        (
            showable(&setting.value).to_owned(),
            setting.source.to_string(),
        )
    };
    let key = gathered.key.as_ref();
    let service = [
        ("URL", gathered.url.as_ref().map(text)),
        (
            "KEY",
            key.map(|key| (key.value.to_string(), key.source.to_string())),
        ),
        ("MODEL_ID", gathered.model.as_ref().map(text)),
    ];
    let rows: Vec<Row> = service
        .into_iter()
        .map(|(suffix, shown)| (gathered.variable(suffix), shown))
        .chain(
            settings
                .into_iter()
                .map(|it| (it.name, Some((it.value, it.source.to_string())))),
        )
        .chain(context.kept.others().map(|it| {
            let value = showable(&it.texts.join(", ")).to_owned();
            (it.name.clone(), Some((value, it.source.to_string())))
        }))
        .collect();
    let text = match args.json {
        true => as_json(rows),
        false => as_text(&rows),
    };
    context.screen.print(&text)?;
    gathered.settings(&args.connection)?;
    Ok(ExitStatus::Done)
}

fn as_text(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|(name, _)| name.len() + 1)
        .max()
        .unwrap_or_default();
    let line = |(name, shown): &Row| {
        let name = format!("{name}:");
        match shown {
            Some((value, source)) => format!("{name:width$} {value}  (from {source})"),
            None => format!("{name:width$} not set"),
        }
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn as_json(rows: Vec<Row>) -> String {
    let field = |(name, shown): Row| {
        let (value, source) = shown.unzip();
        (name, json!({"value": value, "source": source}))
    };
    format!("{:#}", Value::Object(rows.into_iter().map(field).collect()))
}
