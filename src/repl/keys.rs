//! Keys that the line editor would understand differently: Enter above all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustyline::{
    Cmd, ConditionalEventHandler, EditMode, Event, EventContext, InputMode, KeyCode, KeyEvent,
    Modifiers, RepeatCount,
};

use super::mentions::Origin;
use super::typed::Typed;
use crate::markdown::open_fence;
use crate::net::Warm;
use crate::screen::inlet::{Inlet, Keyboard};
use crate::screen::terminal::{self, Cursor, Mode};

/// Looks at every key before the editor does. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct Keys(Arc<Mutex<State>>);

/// What is typed, on its way to the editor. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct Keyed(Arc<Mutex<Typed>>);

#[derive(Default)]
struct State {
    entry: Entry,
    /// Which mentions of files were typed.
    origin: Origin,
    /// Whether a list of completions may be on the screen, whose pager takes Enter for itself.
    is_completing: bool,
    /// Whether Enter ends every line, also one that looks unfinished.
    single_line: bool,
    /// Whether Enter was pressed.
    is_sending: bool,
    /// Whether prompts that were queued are sent.
    sends_queue: bool,
    keyed: Keyed,
    /// What stands between the keyboard and the editor; none if it can't be had.
    inlet: Option<Inlet>,
    /// The mode in which the terminal goes to the shell while the process is stopped.
    found: Mode,
    /// The connection of the prompt that is being typed.
    warm: Warm,
}

/// How far the input is.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// The editor has it.
    #[default]
    Typing,
    /// Ctrl-O: the line so far is for the user's own editor.
    ForEditor(String),
    /// The window has another size: what stands before the cursor, and behind it.
    Resized { before: String, after: String },
}

/// What the editor reads when the window has another size: a key that no keyboard has.
const RESIZED_KEY: &[u8] = b"\x1b[1;8y";

/// What it reads to ask for the next key.
pub const ASK_KEY: &[u8] = b"\x1b[1;8x";

impl Keyboard for Keyed {
    fn push(&mut self, bytes: &[u8], has_more: bool) -> Vec<u8> {
        self.typed().push(bytes, has_more).into_bytes()
    }

    fn silence(&mut self) -> Vec<u8> {
        self.typed().silence().into_bytes()
    }

    fn patience(&self) -> Option<Duration> {
        self.typed().patience()
    }

    fn resized(&mut self) -> Option<Vec<u8>> {
        self.typed().is_typing().then(|| RESIZED_KEY.to_vec())
    }

    /// Characters, Backspace and Enter. Behind others, and behind most in the manner of vi, the
    /// editor may read more keys by itself, and would take the question for one.
    fn is_plain(&self, read: &[u8]) -> bool {
        !self.typed().is_vi && read.iter().all(|byte| *byte >= b' ' || *byte == b'\r')
    }
}

impl Keyed {
    /// What reads the keys.
    pub fn typed(&self) -> std::sync::MutexGuard<'_, Typed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    /// Keys of this keyboard, on a terminal that was found in this mode.
    pub fn new(keyed: Keyed, inlet: Option<Inlet>, found: Mode, warm: Warm) -> Self {
        let state = State {
            keyed,
            inlet,
            found,
            warm,
            ..State::default()
        };
        Keys(Arc::new(Mutex::new(state)))
    }

    /// What is typed, and what stands between the keyboard and the editor.
    pub fn sources(&self) -> (Keyed, Option<Inlet>) {
        let state = self.state();
        (state.keyed.clone(), state.inlet.clone())
    }

    /// How far the input was when the editor came back; the next line begins anew.
    pub fn take(&self) -> Entry {
        let mut state = self.state();
        state.is_sending = false;
        std::mem::take(&mut state.entry)
    }

    /// Whether the line is being sent, so that nothing should be proposed for it any more.
    pub fn is_sending(&self) -> bool {
        self.state().is_sending
    }

    /// The editor draws, and is about to read.
    pub fn begin(&self) {
        self.state().inlet.iter().for_each(Inlet::open);
    }

    /// Says whether completions are being shown.
    pub fn set_completing(&self, is_completing: bool) {
        let mut state = self.state();
        state.is_completing = is_completing;
        state.keyed.typed().is_paging = is_completing;
    }

    /// Says whether the prompt asks for a single line.
    pub fn set_single_line(&self, single_line: bool) {
        self.state().single_line = single_line;
    }

    /// A line begins, and keys for it may have waited before. Says whether Tab among those sends
    /// it.
    pub fn begin_line(&self, is_ahead: bool, sends_queue: bool) {
        let mut state = self.state();
        // Behind a queued prompt, the editor has read what may be the next.
        state.origin = Origin::begin(is_ahead, state.sends_queue);
        state.sends_queue = sends_queue;
        state.keyed.typed().is_ahead = is_ahead;
    }

    /// Whether what is typed now is typed at the prompt.
    pub fn is_here(&self) -> bool {
        self.state().origin.is_here()
    }

    /// Whether all of the line was typed at the prompt, or recalled.
    pub fn is_by_hand(&self) -> bool {
        self.state().origin.is_by_hand()
    }

    /// The mentions of files in a line that were typed at the prompt.
    pub fn typed_mentions(&self, line: &str) -> Vec<String> {
        self.state().origin.typed(line)
    }

    /// Whether a code fence that was typed is still open at the end of the line.
    pub fn has_open_fence(&self, line: &str) -> bool {
        let state = self.state();
        let pasted = &state.keyed.typed().marked;
        !state.single_line && is_fence_open(line, pasted)
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
        if key == ASKED {
            self.state().origin.asks();
            let inlet = self.state().inlet.clone();
            inlet.iter().for_each(Inlet::pull);
            return Some(Cmd::Noop);
        }
        let is_vi = context.mode() == EditMode::Vi;
        if is_vi {
            terminal::set_cursor(shape(context.input_mode(), key));
        }
        let mut state = self.state();
        state.origin.sees(key, context);
        if is_of_prompt(key, context.line()) {
            state.warm.key();
        }
        state.key(key, context.line(), context.pos(), is_vi)
    }
}

/// Whether a key goes into a prompt, or brings one back, and not into a command.
fn is_of_prompt(KeyEvent(code, modifiers): KeyEvent, line: &str) -> bool {
    let is_command = match code {
        KeyCode::Char(key) if line.is_empty() => ['/', '!'].contains(&key),
        _ => line.starts_with(['/', '!']),
    };
    code != KeyCode::Enter && !modifiers.contains(Modifiers::CTRL) && !is_command
}

/// The cursor's shape in the manner of vi, with what this key is about to change. The editor tells
/// its mode with the next key only, which corrects what was taken for the end of another command.
fn shape(mode: InputMode, KeyEvent(code, modifiers): KeyEvent) -> Cursor {
    let is_command = match (mode, code) {
        (InputMode::Command, KeyCode::Char(key)) if modifiers == Modifiers::NONE => {
            !"aAiIcCsSR".contains(key)
        }
        (InputMode::Command, _) => true,
        (_, KeyCode::Esc) => true,
        (_, KeyCode::Char(_)) => modifiers == Modifiers::ALT,
        _ => false,
    };
    if is_command {
        Cursor::Block
    } else {
        Cursor::Bar
    }
}

const ENTER: KeyEvent = KeyEvent(KeyCode::Enter, Modifiers::NONE);
const ALT_ENTER: KeyEvent = KeyEvent(KeyCode::Enter, Modifiers::ALT);
const ALT_M: KeyEvent = KeyEvent(KeyCode::Char('M'), Modifiers::CTRL_ALT);
/// Enter that was typed while an answer streamed arrives as this one, too. It must not send
/// anything by itself.
const CTRL_J: KeyEvent = KeyEvent(KeyCode::Char('J'), Modifiers::CTRL);
const CTRL_M: KeyEvent = KeyEvent(KeyCode::Char('M'), Modifiers::CTRL);
const CTRL_O: KeyEvent = KeyEvent(KeyCode::Char('O'), Modifiers::CTRL);
const CTRL_Z: KeyEvent = KeyEvent(KeyCode::Char('Z'), Modifiers::CTRL);
const ASKED: KeyEvent = KeyEvent(KeyCode::Char('8'), Modifiers::CTRL_ALT_SHIFT);
const QUEUED: KeyEvent = KeyEvent(KeyCode::Char('7'), Modifiers::CTRL_ALT_SHIFT);
const RESIZED: KeyEvent = KeyEvent(KeyCode::Char('9'), Modifiers::CTRL_ALT_SHIFT);

impl State {
    fn key(&mut self, key: KeyEvent, line: &str, position: usize, is_vi: bool) -> Option<Cmd> {
        let key = match key {
            // Esc, which ends the input, and Enter.
            ALT_ENTER | ALT_M if is_vi => ENTER,
            other => other,
        };
        match key {
            ENTER | CTRL_M if self.is_completing => Some(Cmd::AcceptLine),
            ENTER | CTRL_M if self.single_line || !self.goes_on(line) => {
                self.is_sending = true;
                Some(Cmd::AcceptLine)
            }
            ENTER | CTRL_M | CTRL_J | ALT_ENTER | ALT_M => Some(Cmd::Newline),
            QUEUED if self.sends_queue && !line.trim().is_empty() => {
                self.is_sending = true;
                Some(Cmd::AcceptLine)
            }
            QUEUED => Some(Cmd::Noop),
            CTRL_O => {
                self.entry = Entry::ForEditor(line.to_owned());
                Some(Cmd::AcceptLine)
            }
            // The editor would want to set the mode of its input, which is the terminal no more.
            CTRL_Z if self.inlet.is_some() => {
                if is_vi {
                    terminal::set_cursor(Cursor::Default);
                }
                self.found.stop();
                Some(Cmd::Repaint)
            }
            CTRL_Z => {
                self.found.restore();
                None
            }
            RESIZED => {
                let (before, after) = line.split_at(position);
                let (before, after) = (before.to_owned(), after.to_owned());
                self.entry = Entry::Resized { before, after };
                // Nothing is behind this key, so that the editor comes back at once.
                self.inlet.iter().for_each(Inlet::end);
                Some(Cmd::Noop)
            }
            _ => None,
        }
    }

    /// Whether a prompt goes on in the next line.
    fn goes_on(&self, line: &str) -> bool {
        let ends_in_backslash = line.ends_with('\\') && !line.ends_with("\\\\");
        ends_in_backslash
            || is_fence_open(line, &self.keyed.typed().marked) && !line.ends_with(ENOUGH_LINES)
    }
}

/// Enter behind so many empty lines sends a prompt whose fence is open.
const ENOUGH_LINES: &str = "\n\n\n";

/// Whether a code fence is open at the end of a line. A paste that was marked as one is complete,
/// and opens none.
fn is_fence_open(line: &str, pasted: &[String]) -> bool {
    let without = |line: String, text: &String| match text.is_empty() {
        true => line,
        false => line.replacen(text.as_str(), "", 1),
    };
    let typed = pasted.iter().fold(line.to_owned(), without);
    open_fence(line).is_some() && open_fence(&typed).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_fence_that_was_typed_and_a_last_backslash_go_on() {
        for (text, pasted, goes_on) in [
            ("hello", "", false),
            ("hello \\", "", true),
            ("C:\\\\", "", false),
            ("```ruby\nputs 1", "", true),
            ("```ruby\nputs 1\n```", "", false),
            ("````md\n```\n", "", true),
            ("~~~\n", "", true),
            ("~~~\nx\n\n\n", "", false),
            ("", "", false),
            ("Why?\n```\ncut log", "Why?\n```\ncut log", false),
            ("Why?\n```\ncut", "```\ncut", false),
            ("```\nputs 1\n", "puts 1", true),
            ("one\n```\nputs 1\n```", "\n```", false),
        ] {
            let keyed = Keyed::default();
            keyed.typed().marked = vec![pasted.to_owned()];
            let state = State {
                keyed,
                ..State::default()
            };
            assert_eq!(state.goes_on(text), goes_on, "{text:?}");
        }
    }
}
