//! `heroku-chat config`: every setting, its value and where it comes from.

mod pull;

use serde_json::{Map, Value, json};

use crate::app::{Context, sandbox_settings, start_sandbox};
use crate::cli::settings;
use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config::{Gathered, Setting, showable};
use crate::error::{Error, ExitStatus};

/// Prints the settings even if they can't be used, and then why not.
pub fn run(args: &ConfigArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    if let Some(ConfigCommand::Pull(args)) = &args.command {
        return pull::run(args, context);
    }
    let gathered = match args.connection.sandbox {
        true => Gathered::of_sandbox(&sandbox_settings(&start_sandbox()?, &args.connection)),
        false => context.gather(&args.connection)?,
    };
    let settings = context.settings(&args.settings)?;
    let rows: Vec<Row> = service_rows(&gathered)
        .into_iter()
        .chain(settings.rows().into_iter().map(chat_row))
        .collect();
    let text = if args.json {
        as_json(&rows)
    } else {
        as_text(&rows)
    };
    context.screen.print(&text)?;
    gathered.settings(&args.connection)?;
    Ok(ExitStatus::Done)
}

/// A variable or setting, its value fit to be shown, and its source.
struct Row {
    name: String,
    value: Option<String>,
    source: Option<String>,
}

fn chat_row(row: settings::Row) -> Row {
    Row {
        name: row.name,
        value: Some(row.value),
        source: Some(row.source.to_string()),
    }
}

fn service_rows(gathered: &Gathered) -> [Row; 3] {
    let row = |suffix: &str, shown: Option<(String, String)>| {
        let (value, source) = shown.unzip();
        Row {
            name: gathered.variable(suffix),
            value,
            source,
        }
    };
    let text = |setting: &Setting<String>| {
        (
            showable(&setting.value).to_owned(),
            setting.source.to_string(),
        )
    };
    [
        row("URL", gathered.url.as_ref().map(text)),
        row(
            "KEY",
            gathered
                .key
                .as_ref()
                .map(|key| (key.value.to_string(), key.source.to_string())),
        ),
        row("MODEL_ID", gathered.model.as_ref().map(text)),
    ]
}

fn as_text(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or_default()
        + 1;
    let line = |row: &Row| {
        let name = format!("{}:", row.name);
        match (&row.value, &row.source) {
            (Some(value), Some(source)) => format!("{name:width$} {value}  (from {source})"),
            _ => format!("{name:width$} not set"),
        }
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn as_json(rows: &[Row]) -> String {
    let fields: Map<String, Value> = rows
        .iter()
        .map(|row| {
            (
                row.name.clone(),
                json!({"value": row.value, "source": row.source}),
            )
        })
        .collect();
    format!("{:#}", Value::Object(fields))
}
