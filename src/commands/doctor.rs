//! `heroku-chat doctor`: checks the setup layer by layer; each failure comes with the command that
//! fixes it.

use crate::app::Context;
use crate::cli::DoctorArgs;
use crate::doctor::{self, Entry, Probe, Status};
use crate::error::{Error, ExitStatus};
use crate::screen::{Screen, Tone};

/// Runs the checks and prints the report.
///
/// # Errors
/// Names on the command line that break Heroku's rules, and failures of the output.
pub fn run(args: &DoctorArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let mut probe = Probe::new(context, &args.connection, args.live)?;
    let json = args.json;
    let report = doctor::examine(
        &mut probe,
        |screen, entry| if json { Ok(()) } else { line(screen, entry) },
    )?;
    let screen = &mut context.screen;
    if report.interrupted {
        screen.clear_line();
    }
    if json {
        screen.print(&report.to_json())?;
    } else {
        let skipped: Vec<&str> = report
            .checks
            .iter()
            .filter(|entry| entry.status == Status::Skip)
            .map(|entry| entry.title)
            .collect();
        if !skipped.is_empty() {
            screen.verdict(
                Tone::Quiet,
                &format!("not checked: {}", skipped.join(", ")),
                None,
                &[],
            )?;
        }
        let tone = match (report.ok, report.interrupted) {
            (true, _) => Tone::Good,
            (false, true) => Tone::Caution,
            (false, false) => Tone::Bad,
        };
        // What to do first is repeated here, where one looks first; a command is never wrapped.
        let first = report.first().filter(|_| !report.interrupted);
        screen.verdict(
            tone,
            &report.summary(),
            first.and_then(|entry| entry.hint.as_deref()),
            first.map_or(&[], |entry| &entry.commands),
        )?;
    }
    Ok(match (report.interrupted, report.ok) {
        (true, _) => ExitStatus::Interrupted,
        (false, true) => ExitStatus::Done,
        (false, false) => ExitStatus::Fixable,
    })
}

fn line(screen: &mut Screen, entry: &Entry) -> Result<(), Error> {
    let tone = match entry.status {
        Status::Pass => Tone::Good,
        Status::Warn => Tone::Caution,
        Status::Fail => Tone::Bad,
        // Said in one line at the end; --json has the reason of each.
        Status::Skip => return Ok(()),
    };
    let source = entry
        .source
        .as_ref()
        .map(|source| format!(" (from {source})"))
        .unwrap_or_default();
    // Steps that go over the network are worth their time.
    let time = if entry.milliseconds >= 50 {
        format!(" [{} ms]", entry.milliseconds)
    } else {
        String::new()
    };
    screen.verdict(
        tone,
        &format!("{}: {}{source}{time}", entry.title, entry.found),
        entry.hint.as_deref(),
        &entry.commands,
    )
}
