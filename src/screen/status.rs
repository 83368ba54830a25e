//! What is written over again: what is waited for, and what is typed meanwhile. And what calls
//! the user back when that is over.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::bell::Moment;
use super::output::DIM;
use super::{Screen, ahead, for_terminal, row, terminal};
use crate::error::seconds;

/// What is typed while an answer comes, in a row below it.
#[derive(Default)]
pub struct Typing {
    /// Where it is read; none if it isn't shown.
    terminal: Option<terminal::Mode>,
    /// When that was, since the program started.
    looked: Duration,
    text: String,
    pub is_shown: bool,
}

/// How often what is typed is looked for while an answer comes.
const GLANCE: Duration = Duration::from_millis(25);

/// Erases what stands behind the cursor and below it.
pub const ERASE_BELOW: &str = "\x1b[J";

/// Waits shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

impl Typing {
    /// Whether anything may have to be shown.
    pub fn is_watched(&self) -> bool {
        self.terminal.is_some()
    }
}

impl Screen {
    /// Has what is typed be shown below an answer from now on, or no longer. It waits for the line
    /// editor in this mode.
    pub fn watch_typing(&mut self, terminal: Option<terminal::Mode>) {
        let terminal = terminal.filter(|_| self.out.can_erase && self.err.can_erase);
        self.typing = Typing {
            terminal,
            ..Typing::default()
        };
    }

    /// Says what is waited for.
    pub fn waiting(&mut self, what: &str, elapsed: Duration) {
        let time = format!(", {} s", elapsed.as_secs());
        if self.is_due(elapsed) {
            self.note(&format!("waiting for {what}{time}; Ctrl-C stops"));
        } else if elapsed >= PATIENCE {
            self.status([
                ["Ctrl-C stops · waiting for ", what, &time],
                ["Ctrl-C stops · ", what, &time],
                ["Ctrl-C stops", "", &time],
            ]);
        }
    }

    /// Says which check is being done.
    pub fn checking(&mut self, title: &str) {
        self.status([["Ctrl-C stops · checking: ", title, ""]]);
    }

    /// Counts down to the next attempt, or says once when it will be.
    pub fn retrying(&mut self, reason: &str, left: Duration, is_new: bool) {
        // A count of whole seconds, but for a wait that has none.
        let whole = Duration::from_secs(left.as_millis().div_ceil(1000) as u64);
        let shown = if left < Duration::from_secs(1) {
            left
        } else {
            whole
        };
        let time = format!("again in {}", seconds(shown));
        if self.err.can_erase {
            self.status([
                [&format!("Ctrl-C stops · trying {time}: "), reason, ""],
                [&format!("Ctrl-C stops · {time}: "), reason, ""],
                ["Ctrl-C stops · ", "", &time],
            ]);
            return;
        }
        if is_new {
            self.pace.pause = left;
            self.note(&format!("{reason}: trying {time}"));
        }
        if self.is_due(self.pace.pause.saturating_sub(left)) {
            self.note(&format!("trying {time}; Ctrl-C stops"));
        }
    }

    /// Whether a wait is told of now, to whom nothing shows how it passes.
    fn is_due(&mut self, elapsed: Duration) -> bool {
        !self.err.can_erase && self.pace.is_due(elapsed, self.err.is_terminal)
    }

    /// A line that is erased by whatever is written next, the first of these that fits; only on a
    /// terminal.
    fn status<const COUNT: usize>(&mut self, lines: [[&str; 3]; COUNT]) {
        if !self.err.can_erase {
            return;
        }
        let lines = lines.map(|line| line.map(|text| self.clean(text)));
        let text = row::fitting(&lines, terminal::width().saturating_sub(1));
        let typed = self.typed_below(text.as_str().width());
        self.write_err(&format!("\r\x1b[K{}{typed}", self.err.styled(DIM, &text)));
        self.status = true;
    }

    /// What writes a row with what was typed below the one of the cursor, which is in this column.
    pub(super) fn typed_below(&mut self, column: usize) -> String {
        let (age, typing) = (self.started.elapsed(), &mut self.typing);
        let Some(terminal) = &typing.terminal else {
            return String::new();
        };
        let is_new = age >= typing.looked + GLANCE;
        if is_new {
            (typing.looked, typing.text) = (age, ahead::text(&terminal.read_ahead()));
        }
        let was_shown = std::mem::replace(&mut typing.is_shown, !typing.text.is_empty());
        match (was_shown, typing.is_shown) {
            (true, true) if !is_new => return String::new(),
            (true, false) => return ERASE_BELOW.to_owned(),
            (false, false) => return String::new(),
            _ => {}
        }
        let text = for_terminal(&typing.text);
        let row = row::end_of(&format!("> {text}"), terminal::width().saturating_sub(1));
        let back = match column {
            0 => String::new(),
            columns => format!("\x1b[{columns}C"),
        };
        format!("\r\n\x1b[K{}\x1b[A\r{back}", self.err.styled(DIM, &row))
    }

    /// Erases the status line.
    pub fn clear_status(&mut self) {
        let is_typed = std::mem::take(&mut self.typing.is_shown);
        match std::mem::take(&mut self.status) {
            true if is_typed => self.write_err("\r\x1b[J"),
            true => self.write_err("\r\x1b[K"),
            false if is_typed => self.write_err(ERASE_BELOW),
            false => {}
        }
    }

    /// Erases what the terminal echoed of Ctrl-C.
    pub fn clear_line(&mut self) {
        self.status |= self.err.can_erase;
        self.clear_status();
    }

    /// The moment at which a turn begins.
    pub fn moment(&self) -> Moment {
        Moment::at(self.age(), self.unread())
    }

    fn unread(&self) -> u64 {
        let terminal = self.typing.terminal.as_ref();
        terminal.map_or_else(terminal::unread, terminal::Mode::unread)
    }

    /// Calls the user back to a turn that is over, if it took long and no key was pressed since.
    /// Whoever listens is told of every end.
    pub fn call_back(&mut self, began: Moment, is_whole: bool) {
        if !self.out.is_terminal || !self.err.is_terminal {
            return;
        }
        if self.is_accessible && is_whole {
            self.note("end of the answer");
        }
        if self.rings && (self.is_accessible || began.was_left_alone(self.moment())) {
            self.write_err(self.sound);
        }
    }
}
