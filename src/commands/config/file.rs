//! `heroku-chat config set`, `unset` and `edit`: what stays, in the file of flags.

use clap::CommandFactory;

use crate::app::{Context, keeping};
use crate::cli::kept::Kept;
use crate::cli::{Args, SetArgs, UnsetArgs};
use crate::error::{Error, ExitStatus};
use crate::repl;

/// What a new file begins with.
const HEAD: &str = "# A flag a line, as on the command line: --model=claude-4-5-haiku\n\
    # Lines behind [app NAME] hold for that app.\n";

/// Keeps a flag.
///
/// # Errors
/// As [`keeping::keep`].
pub fn set(args: &SetArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let line = keeping::keep(&args.name, args.value.as_deref(), args.app.as_deref())?;
    let place = keeping::place();
    let whom = for_whom(args.app.as_deref());
    context
        .screen
        .note(&format!("{line} is in {place} now{whom}"));
    Ok(ExitStatus::Done)
}

/// Keeps it no longer.
///
/// # Errors
/// As [`keeping::forget`].
pub fn unset(args: &UnsetArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let gone = keeping::forget(&args.name, args.app.as_deref())?;
    let (name, place) = (&args.name, keeping::place());
    let whom = for_whom(args.app.as_deref());
    let said = match gone {
        true => format!("{name} is no longer in {place}{whom}"),
        false => format!("{name} is not in {place}{whom}"),
    };
    context.screen.note(&said);
    Ok(ExitStatus::Done)
}

fn for_whom(app: Option<&str>) -> String {
    app.map_or(String::new(), |app| format!(", for the app {app}"))
}

/// Has the user edit the file, and tells of lines that hold nothing.
///
/// # Errors
/// An editor that fails, and a file that can't be written.
pub fn edit(context: &mut Context) -> Result<ExitStatus, Error> {
    let before = keeping::text()?;
    let begun = if before.is_empty() { HEAD } else { &before };
    let after = repl::edit(begun, ".conf", &context.environment)?;
    if after != begun {
        keeping::write(&before, &after)?;
    }
    let any = |name: &str| Ok(name.to_owned());
    let place = keeping::place();
    for problem in Kept::read(after.as_bytes(), &place, &Args::command(), any).problems {
        context.screen.warning(&problem);
    }
    Ok(ExitStatus::Done)
}
