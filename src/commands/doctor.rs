//! `heroku-chat doctor`: checks the setup, layer by layer, each failure with the command that mends
//! it.

use crate::cli::DoctorArgs;
use crate::context::Context;
use crate::doctor::{self, Entry, Probe, Status};
use crate::error::{Error, ExitStatus};
use crate::ui::{Tone, Ui};

/// Runs the checks and prints the report.
///
/// # Errors
/// Names on the command line that break Heroku's rules, and failures of the output.
pub fn run(args: &DoctorArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let mut probe = Probe::new(context, &args.connection, args.live)?;
    let json = args.json;
    let report = doctor::examine(
        &mut probe,
        |ui, entry| if json { Ok(()) } else { line(ui, entry) },
    )?;
    let ui = &mut context.ui;
    if report.interrupted {
        ui.clear_line();
    }
    if json {
        ui.print(&report.to_json())?;
    } else {
        let skipped: Vec<&str> = report
            .checks
            .iter()
            .filter(|entry| entry.status == Status::Skip)
            .map(|entry| entry.title)
            .collect();
        if !skipped.is_empty() {
            ui.verdict(
                Tone::Quiet,
                &format!("not looked at: {}", skipped.join(", ")),
                None,
                &[],
            )?;
        }
        let tone = match (report.ok, report.interrupted) {
            (true, _) => Tone::Good,
            (false, true) => Tone::Caution,
            (false, false) => Tone::Bad,
        };
        ui.verdict(tone, &report.summary(), None, &[])?;
    }
    Ok(match (report.interrupted, report.ok) {
        (true, _) => ExitStatus::Interrupted,
        (false, true) => ExitStatus::Done,
        (false, false) => ExitStatus::Fixable,
    })
}

fn line(ui: &mut Ui, entry: &Entry) -> Result<(), Error> {
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
    ui.verdict(
        tone,
        &format!("{}: {}{source}{time}", entry.title, entry.found),
        entry.hint.as_deref(),
        &entry.commands,
    )
}
