//! What Enter means. Where more input waits behind it, it is part of a paste from a terminal that
//! doesn't mark pastes; such a paste becomes one prompt and is never sent by itself.
//!
//! rustyline doesn't tell what waits in its own buffer, so Enter isn't decided where it is pressed:
//! the terminal is told to report an end of input once nothing waits any more. If that comes next,
//! the line is sent. If another key does, a paste is gathered, past the editor that would redraw
//! all of it for each character, until the end of input.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Movement,
    RepeatCount,
};

use crate::ui::{open_fence, terminal};

/// No hand follows one key by the next within this time.
const BY_HAND: Duration = Duration::from_millis(2);

/// Looks at every key before the editor does. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct Keys(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    entry: Entry,
    /// The key before this one, and when it was seen.
    last_key: Option<(KeyEvent, Instant)>,
    /// Whether a list of completions may be on the screen, whose pager takes Enter for itself.
    is_completing: bool,
    /// Whether Enter ends every line, also one that looks unfinished.
    single_line: bool,
}

/// How far the input is.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// The editor has it.
    #[default]
    Typing,
    /// Enter was pressed on this line, with the cursor there, and nothing is known to follow.
    Entered { line: String, position: usize },
    /// A paste is being gathered: what stands before the cursor, and behind it.
    Pasting { before: String, after: String },
    /// Ctrl-O: the line so far is for the user's own editor.
    ForEditor(String),
}

impl Keys {
    /// How far the input was when the editor came back; the next line begins anew.
    pub fn take(&self) -> Entry {
        std::mem::take(&mut self.state().entry)
    }

    /// Whether the line is being sent, so that nothing should be proposed for it any more.
    pub fn is_sending(&self) -> bool {
        matches!(self.state().entry, Entry::Entered { .. })
    }

    /// Says whether completions are being shown.
    pub fn set_completing(&self, is_completing: bool) {
        self.state().is_completing = is_completing;
    }

    /// Says whether the prompt asks for a single line.
    pub fn set_single_line(&self, single_line: bool) {
        self.state().single_line = single_line;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConditionalEventHandler for Keys {
    fn handle(
        &self,
        event: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let key = *event.get(0)?;
        self.state()
            .key(key, context.line(), context.pos(), context.has_hint())
    }
}

const ENTER: KeyEvent = KeyEvent(KeyCode::Enter, Modifiers::NONE);
const ALT_ENTER: KeyEvent = KeyEvent(KeyCode::Enter, Modifiers::ALT);
/// Enter that was typed while an answer streamed arrives as this one, too. It must not send
/// anything by itself.
const CTRL_J: KeyEvent = KeyEvent(KeyCode::Char('J'), Modifiers::CTRL);
const CTRL_M: KeyEvent = KeyEvent(KeyCode::Char('M'), Modifiers::CTRL);
const CTRL_O: KeyEvent = KeyEvent(KeyCode::Char('O'), Modifiers::CTRL);
const TAB: KeyEvent = KeyEvent(KeyCode::Tab, Modifiers::NONE);
const CTRL_I: KeyEvent = KeyEvent(KeyCode::Char('I'), Modifiers::CTRL);

impl State {
    fn key(&mut self, key: KeyEvent, line: &str, position: usize, has_hint: bool) -> Option<Cmd> {
        let last = self.last_key.replace((key, Instant::now()));
        let at_once = last.is_some_and(|(_, time)| time.elapsed() < BY_HAND);
        // Some send two characters for one line end.
        let ends_line =
            key == CTRL_J && last.is_some_and(|(last, _)| matches!(last, ENTER | CTRL_M));
        match std::mem::take(&mut self.entry) {
            entry @ (Entry::Entered { .. } | Entry::Pasting { .. }) if ends_line => {
                self.entry = entry;
                Some(Cmd::Noop)
            }
            Entry::Pasting { mut before, after } => {
                before.push_str(&text_of(key));
                self.entry = Entry::Pasting { before, after };
                // The end of a paste is told by the end of input alone; Ctrl-C is no part of one.
                (key != KeyEvent::ctrl('C')).then_some(Cmd::Noop)
            }
            // The line was sent, and a key that no paste holds came right behind it.
            Entry::Entered { .. } if key == KeyEvent::ctrl('C') => None,
            Entry::Entered { .. }
                if text_of(key).is_empty() && key.0 != KeyCode::BracketedPasteStart =>
            {
                Some(Cmd::AcceptLine)
            }
            Entry::Entered { line, position } => {
                self.gather(&format!("\n{}", text_of(key)), &line, position)
            }
            Entry::Typing | Entry::ForEditor(_) => match key {
                ENTER | CTRL_M if self.is_completing => Some(Cmd::AcceptLine),
                ENTER | CTRL_M if self.single_line || !is_unfinished(line) => {
                    self.enter(line, position, has_hint)
                }
                ENTER | CTRL_M | CTRL_J | ALT_ENTER if at_once => self.gather("\n", line, position),
                ENTER | CTRL_M | CTRL_J | ALT_ENTER => Some(Cmd::Newline),
                CTRL_O => {
                    self.entry = Entry::ForEditor(line.to_owned());
                    Some(Cmd::AcceptLine)
                }
                _ => None,
            },
        }
    }

    fn enter(&mut self, line: &str, position: usize, has_hint: bool) -> Option<Cmd> {
        if !terminal::end_input_after(Duration::ZERO) {
            return Some(Cmd::AcceptLine);
        }
        self.entry = Entry::Entered {
            line: line.to_owned(),
            position,
        };
        // The cursor goes behind the line, and a hint must not stay on the screen.
        Some(if position == line.len() && has_hint {
            Cmd::Repaint
        } else {
            Cmd::Move(Movement::EndOfBuffer)
        })
    }

    /// Begins to gather a paste behind what stands before the cursor, and clears the line, to be
    /// shown again at the end.
    fn gather(&mut self, text: &str, line: &str, position: usize) -> Option<Cmd> {
        // Terminals write a long paste in pieces; the next one comes well within this time.
        if !terminal::end_input_after(Duration::from_millis(100)) {
            return Some(Cmd::Newline);
        }
        let (before, after) = line.split_at(position);
        self.entry = Entry::Pasting {
            before: format!("{before}{text}"),
            after: after.to_owned(),
        };
        Some(Cmd::Kill(Movement::WholeBuffer))
    }
}

/// What a key puts into a pasted text.
fn text_of(key: KeyEvent) -> String {
    match key {
        ENTER | ALT_ENTER | CTRL_J | CTRL_M => "\n".to_owned(),
        TAB | CTRL_I => "\t".to_owned(),
        KeyEvent(KeyCode::Char(character), Modifiers::NONE) => character.to_string(),
        _ => String::new(),
    }
}

/// Whether a prompt goes on: a code fence is open, or the last line ends in a backslash.
pub fn is_unfinished(text: &str) -> bool {
    open_fence(text).is_some() || text.ends_with('\\') && !text.ends_with("\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_fence_and_a_last_backslash_go_on() {
        for (text, goes_on) in [
            ("hello", false),
            ("hello \\", true),
            ("C:\\\\", false),
            ("```ruby\nputs 1", true),
            ("```ruby\nputs 1\n```", false),
            ("````md\n```\n", true),
            ("~~~\n", true),
            ("", false),
        ] {
            assert_eq!(is_unfinished(text), goes_on, "{text:?}");
        }
    }
}
