//! `heroku-chat why`: what is wrong with an app, found by rules in its log.

mod explain;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::app::Context;
use crate::app::explaining::amount;
use crate::cli::WhyArgs;
use crate::error::{Error, ExitStatus};
use crate::screen::{Screen, Tone};
use crate::why::{self, Cause, Examined, Facts, Filter, Reader, Status, Time, Verdict};

/// What is read of a line, in bytes. Heroku cuts at 10,000; a secret that this cuts is dropped with
/// the word it stands in.
const LONGEST_LINE: u64 = 64 * 1024;

/// Judges the log on standard input.
///
/// # Errors
/// No log, a time that can't be understood, and failures of input and output.
pub fn run(args: &WhyArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let since = args.since.as_deref().map(since).transpose()?;
    let mut reader = Reader::new(Filter {
        since,
        process: args.process.clone(),
    });
    let place = args.log.as_deref();
    let input: Box<dyn Read> = match place {
        Some(path) => Box::new(File::open(path).map_err(|it| unreadable(path, &it))?),
        None if io::stdin().is_terminal() => return Err(Error::NoLog),
        None => Box::new(io::stdin().lock()),
    };
    let input = BufReader::with_capacity(64 * 1024, input);
    let place = place.unwrap_or(Path::new("on standard input"));
    read(input, &mut reader).map_err(|it| unreadable(place, &it))?;
    let mut examined = reader.end(Facts::default(), None);
    let verdict = examined.judge(args.chat.connection.heroku.app.as_deref());
    let code = match verdict.status {
        Status::Healthy => ExitStatus::Done,
        Status::Failing | Status::Unexplained => ExitStatus::Fixable,
        Status::Unknown => ExitStatus::Service,
    };
    let screen = &mut context.screen;
    if args.facts {
        let brief = examined.brief(&verdict);
        screen.print(&brief.text)?;
        screen.note(&amount(&brief));
    } else if args.json {
        screen.print(&serde_json::to_string_pretty(&verdict).unwrap_or_default())?;
    } else if verdict.status == Status::Unknown {
        return Err(Error::NoLog);
    } else {
        tell(&verdict, screen)?;
        let facts = examined.brief(&verdict);
        return explain::explain(facts, code, args, context);
    }
    Ok(code)
}

/// Examines an app for the chat, and shows the verdict.
///
/// # Errors
/// As [`run`].
pub fn examine(_: Option<&str>, _: &mut Context) -> Result<(Examined, Verdict), Error> {
    Err(Error::NoLog)
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::of_file("the log", path, error)
}

/// Reads lines of any bytes and length, and holds one of them.
fn read(mut input: impl BufRead, reader: &mut Reader) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            let word = line.iter().rposition(u8::is_ascii_whitespace);
            line.truncate(word.unwrap_or_default());
            input.skip_until(b'\n')?;
        }
        reader.push(&String::from_utf8_lossy(&line));
    }
}

/// A time, or so long before now: `30m`, `2h`, `1d`.
fn since(text: &str) -> Result<Time, Error> {
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "s" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let ago = number.parse::<u64>().ok().zip(seconds);
    let ago = ago.and_then(|(number, seconds)| number.checked_mul(seconds));
    let then = ago.and_then(|seconds| SystemTime::now().checked_sub(Duration::from_secs(seconds)));
    then.map(Time::from)
        .or_else(|| why::time(text))
        .ok_or_else(|| Error::InvalidValue {
            what: "--since".to_owned(),
            value: text.to_owned(),
            rule: "a duration such as 30m, 2h or 1d, or a time such as 2026-11-26T03:00:00Z"
                .to_owned(),
        })
}

/// The verdict for somebody who reads it.
fn tell(verdict: &Verdict, screen: &mut Screen) -> Result<(), Error> {
    if verdict.causes.is_empty() {
        screen.verdict(Tone::GOOD, &verdict.summary, None, &[])?;
    }
    let causes = verdict.causes.iter().map(|cause| (Tone::BAD, cause));
    let note = Tone(Tone::QUIET.0, "·", "note:");
    for (tone, cause) in causes.chain(verdict.notes.iter().map(|cause| (note, cause))) {
        tell_cause(tone, cause, screen)?;
    }
    for error in &verdict.errors {
        screen.print(&format!("\n    {}", error.replace('\n', "\n    ")))?;
    }
    for missing in &verdict.missing {
        screen.note(missing);
    }
    Ok(())
}

fn tell_cause(tone: Tone, cause: &Cause, screen: &mut Screen) -> Result<(), Error> {
    let since = cause
        .since
        .as_ref()
        .map_or_else(String::new, |it| format!(", since {it} UTC"));
    let text = format!("{}{since}", cause.sentence);
    let commands: Vec<String> = cause.command.iter().cloned().collect();
    screen.verdict(tone, &text, Some(&cause.page), &commands)?;
    match cause.evidence.is_empty() {
        true => Ok(()),
        false => screen.print(&format!("    {}", cause.evidence.join("\n    "))),
    }
}
