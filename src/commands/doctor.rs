//! `heroku-chat doctor`: checks the setup layer by layer; each failure comes with the command that
//! fixes it.

use crate::app::Context;
use crate::cli::DoctorArgs;
use crate::config::HerokuQuery;
use crate::doctor::{self, Entry, Probe, Report, Status};
use crate::error::{Error, ExitStatus};
use crate::screen::{Screen, Tone};

/// Runs the checks and prints the report.
///
/// # Errors
/// Names on the command line that break Heroku's rules, and failures of the output.
pub fn run(args: &DoctorArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let json = args.json;
    if json && let Err(error) = HerokuQuery::of(&args.connection.heroku) {
        let report = Report::of_none(&error.explain().title);
        context.screen.print(&report.to_json())?;
        return Ok(error.exit_status());
    }
    let mut probe = Probe::new(context, &args.connection, args.live)?;
    let report = doctor::examine(
        &mut probe,
        |screen, entry| if json { Ok(()) } else { line(screen, entry) },
    )?;
    let (tone, status) = match (report.interrupted, report.ok) {
        (true, _) => (Tone::CAUTION, ExitStatus::Interrupted),
        (false, true) => (Tone::GOOD, ExitStatus::Done),
        (false, false) => (Tone::BAD, ExitStatus::Fixable),
    };
    let screen = &mut context.screen;
    if report.interrupted {
        screen.clear_line();
    }
    if json {
        screen.print(&report.to_json())?;
    } else {
        let skipped = |entry: &Entry| (entry.status == Status::Skip).then_some(entry.title);
        let skipped: Vec<&str> = report.checks.iter().filter_map(skipped).collect();
        if !skipped.is_empty() {
            let text = format!("not checked: {}", skipped.join(", "));
            screen.verdict(Tone::QUIET, &text, None, &[])?;
        }
        // What to do first is repeated here, where one looks first; a command is never wrapped.
        let first = report.first().filter(|_| !report.interrupted);
        let hint = first.and_then(|entry| entry.hint.as_deref());
        let commands = first.map_or(Vec::new(), Entry::all_commands);
        screen.verdict(tone, &report.summary(), hint, &commands)?;
    }
    Ok(status)
}

fn line(screen: &mut Screen, entry: &Entry) -> Result<(), Error> {
    let tone = match entry.status {
        Status::Pass => Tone::GOOD,
        Status::Warn => Tone::CAUTION,
        Status::Fail => Tone::BAD,
        // Said in one line at the end; --json has the reason of each.
        Status::Skip => return Ok(()),
    };
    let mut text = format!("{}: {}", entry.title, entry.found);
    if let Some(source) = &entry.source {
        text += &format!(" (from {source})");
    }
    // Steps that go over the network are worth their time.
    if entry.milliseconds >= 50 {
        text += &format!(" [{} ms]", entry.milliseconds);
    }
    screen.verdict(tone, &text, entry.hint.as_deref(), &entry.all_commands())
}
