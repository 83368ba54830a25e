//! `sessions export`: a saved conversation as a document, as JSON, or as code that asks its last
//! prompt again.

use crate::api::request::RequestOptions;
use crate::app::Context;
use crate::app::listing::write_export;
use crate::cli::SessionsExportArgs;
use crate::error::{Error, ExitStatus};
use crate::export::{self, Format, Subject};
use crate::store::Sessions;

/// The prefix of the variables in exported code, which no session says.
const PREFIX: &str = "INFERENCE";

/// Prints the session in a format, or writes it to a file.
///
/// # Errors
/// A name that no session has, a session without a prompt, a file that is there already or can't be
/// written.
pub fn run(
    args: &SessionsExportArgs,
    sessions: &Sessions,
    context: &mut Context,
) -> Result<ExitStatus, Error> {
    let (name, restored) = super::load(&args.name, sessions, context)?;
    let format = format(args)?;
    if restored.conversation.turns() == 0 {
        return Err(Error::NothingSaid { session: name });
    }
    let subject = Subject {
        conversation: &restored.conversation,
        model: restored.model.as_deref().unwrap_or_default(),
        options: &RequestOptions::default(),
        prefix: PREFIX,
    };
    let text = export::export(format, &subject);
    let screen = &mut context.screen;
    match &args.output {
        Some(path) => write_export("--output", path, format, &text, screen)?,
        None => screen.print(&text)?,
    }
    Ok(ExitStatus::Done)
}

/// The format that is asked for, or that the file's name says; else Markdown.
fn format(args: &SessionsExportArgs) -> Result<Format, Error> {
    match (args.format, &args.output) {
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Markdown),
        (None, Some(path)) => Format::of(path).ok_or_else(|| Error::InvalidValue {
            what: "--output".to_owned(),
            value: path.display().to_string(),
            rule: format!("{}, unless --format is given", export::extensions()),
        }),
    }
}
