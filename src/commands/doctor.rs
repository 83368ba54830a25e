//! `heroku-chat doctor`: checks the setup layer by layer; each failure comes with the command that
//! fixes it.

use crate::app::Context;
use crate::cli::DoctorArgs;
use crate::config::HerokuQuery;
use crate::doctor::{self, Entry, Probe, Report, Status, fix, issue, mend};
use crate::error::{Error, ExitStatus};
use crate::screen::{Screen, Tone};
use crate::store::Undo;

/// Takes back the last mends.
const UNDO: &str = "heroku-chat doctor --undo";

/// Runs the checks and prints the report.
///
/// # Errors
/// Names on the command line that break Heroku's rules, and failures of the output.
pub fn run(args: &DoctorArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    if args.undo {
        return undo(&mut context.screen);
    }
    let json = args.json;
    if json && let Err(error) = HerokuQuery::of(&args.connection.heroku) {
        let report = Report::of_none(&error.explain().title);
        context.screen.print(&report.to_json())?;
        return Ok(error.exit_status());
    }
    let (mut offered, mut kept) = (Vec::new(), None);
    let is_silent = json || args.report;
    let report = loop {
        let mut probe = Probe::new(context, &args.connection, args.live)?;
        let report = doctor::examine(&mut probe, |screen, entry| match is_silent {
            true => Ok(()),
            false => line(screen, entry),
        })?;
        if args.report {
            let text = issue::markdown(&probe, &report);
            probe.context.screen.print(&text)?;
        } else if !json {
            summary(&report, &mut probe.context.screen)?;
        }
        if report.interrupted {
            break report;
        }
        if args.fix {
            // With each mend a later check may find something else.
            match fix::offer(&mut probe, &report, args, &mut offered, &mut kept)? {
                true => continue,
                false => break report,
            }
        }
        if !is_silent && fix::has_offers(&mut probe, &report) {
            let text = "This offers to mend what is safe to mend:";
            let screen = &mut probe.context.screen;
            screen.verdict(Tone::QUIET, text, None, &[fix_command("", args)])?;
        }
        break report;
    };
    let screen = &mut context.screen;
    if args.fix && offered.is_empty() && !report.ok && !report.interrupted {
        screen.note("--fix finds nothing here that it can mend");
    }
    let sentence = if kept.is_some_and(|kept| !kept.is_empty()) {
        Some(("This takes back what was changed:", UNDO.to_owned()))
    } else {
        (!offered.is_empty() && !args.yes).then(|| {
            let text = "Nothing was changed. This does it without a question:";
            (text, fix_command(" --yes", args))
        })
    };
    if json {
        screen.print(&report.to_json())?;
    }
    match sentence {
        Some((text, command)) if json => screen.note(&format!("{text} {command}")),
        Some((text, command)) => screen.verdict(Tone::QUIET, text, None, &[command])?,
        None => {}
    }
    Ok(match (report.interrupted, report.ok) {
        (true, _) => ExitStatus::Interrupted,
        (false, true) => ExitStatus::Done,
        (false, false) => ExitStatus::Fixable,
    })
}

/// The command that mends what was looked at.
fn fix_command(flag: &str, args: &DoctorArgs) -> String {
    let (heroku, env_file) = (&args.connection.heroku, &args.connection.env_file);
    let flags = [
        ("-a", heroku.app.as_deref()),
        ("-r", heroku.remote.as_deref()),
        ("--as", Some(heroku.attachment.as_str())),
        ("--env-file", env_file.as_ref().and_then(|it| it.to_str())),
    ];
    mend::with_flags(&format!("heroku-chat doctor --fix{flag}"), &flags)
}

/// The last lines of a report.
fn summary(report: &Report, screen: &mut Screen) -> Result<(), Error> {
    let tone = match (report.interrupted, report.ok) {
        (true, _) => Tone::CAUTION,
        (false, true) => Tone::GOOD,
        (false, false) => Tone::BAD,
    };
    if report.interrupted {
        screen.clear_line();
    }
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
    screen.verdict(tone, &report.summary(), hint, &commands)
}

/// Takes back what the last `--fix` changed.
fn undo(screen: &mut Screen) -> Result<ExitStatus, Error> {
    let unusable = |error: std::io::Error| Error::System {
        what: "taking the last --fix back",
        reason: error.to_string(),
    };
    let Some(kept) = Undo::last().map_err(unusable)? else {
        screen.note("there is nothing to take back");
        return Ok(ExitStatus::Done);
    };
    let place = kept.path().display().to_string();
    let (done, failed) = kept.take_back();
    for path in done {
        let text = format!("{} is as it was", path.display());
        screen.verdict(Tone::GOOD, &text, None, &[])?;
    }
    match failed {
        None => Ok(ExitStatus::Done),
        Some((path, error)) => {
            let reason = format!("{error} What was is in {place}, with its secrets.");
            Err(Error::File {
                what: "the file",
                path,
                reason,
            })
        }
    }
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
