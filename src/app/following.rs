//! Shows a turn, or another call, while it is under way.

use crate::api::call::Progress;
use crate::api::request::Repair;
use crate::chat::{Answer, Event, Saying};
use crate::conversation::Part;
use crate::error::Error;
use crate::screen::Screen;

/// Whether the words of an answer are shown as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    Words,
    Nothing,
}

/// Shows what a turn tells until it is done, and calls whoever didn't wait for it.
///
/// # Errors
/// Why there is no answer. An answer that broke off, or that nobody could see the end of, is
/// marked as cut.
pub fn follow(saying: Saying<'_>, show: Show, screen: &mut Screen) -> Result<Box<Answer>, Error> {
    let began = screen.moment();
    let answer = show_all(saying, show, screen);
    let failure = answer
        .as_ref()
        .map_or_else(Some, |answer| answer.cut.as_ref());
    // Whoever stopped it is there.
    if show == Show::Words && !matches!(failure, Some(Error::Interrupted)) {
        let is_whole = failure.is_none();
        screen.call_back(began, is_whole);
    }
    answer
}

fn show_all(mut saying: Saying<'_>, show: Show, screen: &mut Screen) -> Result<Box<Answer>, Error> {
    let model = saying.model().to_owned();
    loop {
        let shown = match saying.next() {
            Event::Done(answer) => return done(answer, screen),
            Event::Content(_) | Event::Reasoning(_) if show == Show::Nothing => Ok(()),
            Event::Content(text) => screen.part(Part::Content(&text)),
            Event::Reasoning(text) => screen.part(Part::Reasoning(&text)),
            Event::Call(progress) => {
                tell(screen, &model, &progress);
                Ok(())
            }
            Event::Repaired(repair) => {
                screen.note(&repair_sentence(&model, &repair));
                Ok(())
            }
        };
        if let Err(error) = shown.and_then(|()| screen.flush()) {
            return done(saying.stop(error), screen);
        }
    }
}

/// Shows where a call stands; `what` is waited for.
pub fn tell(screen: &mut Screen, what: &str, progress: &Progress) {
    match progress {
        Progress::Sent(lines) => lines
            .iter()
            .for_each(|line| screen.debug(&format!("> {line}"))),
        // The words themselves show that it goes on.
        Progress::Waiting(_) if screen.is_answering() => {}
        Progress::Waiting(elapsed) => screen.waiting(what, *elapsed),
        Progress::Head { head, after } => {
            screen.debug(&format!("< {} after {after:?}", head.status));
            for (name, value) in &head.headers {
                screen.debug(&format!("< {name}: {value}"));
            }
        }
        Progress::Retrying {
            reason,
            left,
            is_new,
        } => screen.retrying(reason, *left, *is_new),
        Progress::Body(_) | Progress::End | Progress::Failed(_) => screen.clear_status(),
    }
}

/// What came is kept, even if nobody can see its end.
fn done(answer: Result<Box<Answer>, Error>, screen: &mut Screen) -> Result<Box<Answer>, Error> {
    screen.clear_status();
    let shown = screen.end_answer();
    let mut answer = answer?;
    let first = answer
        .first_word
        .map_or_else(|| "none".to_owned(), |time| format!("after {time:?}"));
    screen.debug(&format!("* first word {first}, total {:?}", answer.total));
    answer.cut = shown.err().or(answer.cut);
    Ok(answer)
}

fn repair_sentence(model: &str, repair: &Repair) -> String {
    match repair {
        Repair::Dropped(name) => format!("{model} does not know {name}: sent again without it"),
        Repair::Renamed { from, to } => {
            format!("{model} does not know {from}: sent again as {to}")
        }
    }
}
