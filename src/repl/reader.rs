//! Lines from the terminal: the editor, its keys, and the history of what was typed.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::config::{Behavior, ColorMode, Configurer, EditMode};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor, Event, EventHandler};

use super::helper::LineHelper;
use super::keys::{Entry, Keyed, Keys};
use super::mentions::mentions;
use super::stand_in;
use super::window::Rows;
use crate::app::Context;
use crate::error::Error;
use crate::screen::inlet::Inlet;
use crate::screen::lines::{Keyboard, Typed};
use crate::screen::terminal::{self, CTRL_D, Cursor, Mode};
use crate::store;

/// Lines of history that are kept.
const HISTORY_LINES: usize = 10_000;

/// Reads lines, with editing and history.
pub struct Reader {
    editor: Editor<LineHelper, FileHistory>,
    keys: Keys,
    keyed: Keyed,
    /// What stands between the keyboard and the editor; none if it can't be had.
    inlet: Option<Inlet>,
    history: Option<PathBuf>,
    /// Whether lines go into the history.
    is_recording: bool,
    /// Whether the history goes to the disk.
    is_kept: bool,
    typed_ahead: TypedAhead,
    /// The files that the last line mentions, as they were typed, and whether with Tab.
    pub mentions: Vec<(String, bool)>,
    /// Whether the next line is sent if Tab was typed behind it while an answer came.
    pub sends_queue: bool,
    /// The terminal, in the mode that it was found in.
    found: Mode,
    /// Whether lines are edited here, and not by the terminal.
    pub can_edit: bool,
}

/// What was typed for the next prompt and had to be taken from the terminal before. Cheap to clone;
/// all clones are the same.
#[derive(Clone, Default)]
pub struct TypedAhead(Arc<Mutex<String>>);

impl TypedAhead {
    pub fn add(&self, text: &str) {
        let mut typed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        typed.push_str(&text.replace(CTRL_D, ""));
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What was read.
pub enum Read {
    Line {
        line: String,
        /// Whether its beginning was pasted, and is text whatever it looks like.
        is_pasted: bool,
        by: By,
    },
    /// Ctrl-C, and whether there was nothing to clear.
    Interrupted {
        on_empty_line: bool,
    },
    /// Ctrl-O: the line so far, for the user's own editor.
    ForEditor(String),
    End,
}

/// Who made a line, as far as that decides whether it may run something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All of it was typed here or recalled, and sent by Enter.
    Hand,
    /// The same, for all that this terminal tells: it doesn't mark what is pasted.
    Likely,
    /// Something of it was pasted, typed before the prompt came, or offered.
    Others,
}

impl Reader {
    /// Makes terminal and history ready.
    ///
    /// # Errors
    /// If there is no usable terminal.
    pub fn new(
        helper: impl FnOnce(Keys) -> LineHelper,
        keys: Keys,
        typed_ahead: TypedAhead,
        found: Mode,
        can_edit: bool,
        context: &mut Context,
    ) -> Result<Self, Error> {
        let (keyed, inlet) = keys.sources();
        let has_inlet = inlet.is_some();
        let editor = line_editor(helper(keys.clone()), &keys, has_inlet).map_err(from_editor)?;
        let mut reader = Reader {
            editor,
            keys,
            keyed,
            inlet,
            history: None,
            is_recording: true,
            is_kept: true,
            typed_ahead,
            mentions: Vec::new(),
            sends_queue: false,
            found,
            can_edit,
        };
        reader.load_history(context);
        Ok(reader)
    }

    /// What knows the completions.
    pub fn helper(&self) -> &LineHelper {
        self.editor.helper().expect("set when the editor was made")
    }

    /// Says whether lines that are read go into the history on disk.
    pub fn keep_history(&mut self, is_kept: bool) {
        if !std::mem::replace(&mut self.is_kept, is_kept)
            && is_kept
            && let Some(path) = &self.history
        {
            // What was typed meanwhile would be written with the next line. If the file can't be
            // read any more, the next line will tell.
            let _ = self
                .editor
                .clear_history()
                .and_then(|()| self.editor.load_history(path));
        }
    }

    /// Edits in the manner of vi, or in that of Emacs.
    pub fn set_vi(&mut self, vi: bool) {
        self.keyed.typed().is_vi = vi;
        self.editor
            .set_edit_mode(if vi { EditMode::Vi } else { EditMode::Emacs });
    }

    /// Reads a line that begins with `initial`.
    ///
    /// # Errors
    /// Failures of the terminal.
    pub fn read(
        &mut self,
        prompt: &str,
        initial: &str,
        context: &mut Context,
    ) -> Result<Read, Error> {
        let (mut before, mut after) = (initial.to_owned(), String::new());
        let sends_queue = std::mem::take(&mut self.sends_queue) && initial.is_empty();
        self.keys.begin_line(self.found.has_input(), sends_queue);
        if initial.is_empty() {
            self.helper().chosen.take();
        }
        let mut typed = self.typed_ahead.take();
        if !self.can_edit {
            let taken = self.found.take_input();
            self.found.restore();
            if before.is_empty() && typed.is_empty() && taken == CTRL_D {
                return Ok(Read::End);
            }
            typed += &taken.replace(CTRL_D, "");
        }
        if !before.is_empty() && (self.found.has_input() || !typed.is_empty()) {
            // What was typed ahead is no part of a prompt that is offered again.
            before.push('\n');
        }
        before.push_str(&typed);
        if !self.can_edit {
            let read = self.read_plain(prompt, &before, context);
            self.found.set_quiet();
            return read;
        }
        let mut typed = self.keyed.typed();
        typed.pasted.clear();
        typed.marked.clear();
        typed.is_rushed = false;
        drop(typed);
        (before, after) = (stand_in::shown(&before).into_owned(), after);
        loop {
            let columns = terminal::width();
            self.helper().line_is_empty.set(true);
            // What was pressed after the last turn was meant for it; at the prompt, Ctrl-C is a
            // key.
            context.interrupts.end_if_asked();
            context.interrupts.set_editing(true);
            let is_vi = self.keyed.typed().is_vi;
            if is_vi {
                terminal::set_cursor(Cursor::Bar);
            }
            let read = self.edit(prompt, &before, &after);
            if is_vi {
                terminal::set_cursor(Cursor::Default);
            }
            context.interrupts.set_editing(false);
            return match (self.keys.take(), read) {
                (
                    Entry::Resized {
                        before: left,
                        after: right,
                    },
                    Err(ReadlineError::Eof),
                ) => {
                    (before, after) = (left, right);
                    // Some terminals rewrap what they show, and some don't: what would be above
                    // the line in one of the two isn't erased.
                    let row = |columns| {
                        let line = format!("{before}{after}");
                        Rows::new(prompt.len(), &line, before.len(), columns).cursor
                    };
                    let rows = row(columns).min(row(terminal::width()));
                    context
                        .screen
                        .erase_rows_above(rows.min(terminal::height() - 1));
                    continue;
                }
                (Entry::ForEditor(text), Ok(_)) => {
                    Ok(Read::ForEditor(stand_in::read(&text).into_owned()))
                }
                (_, Ok(line)) => {
                    let is_pasted = self.begins_with_paste(&line);
                    let is_by_hand = self.inlet.is_some() && self.keys.is_by_hand();
                    let by = match is_by_hand && !self.keyed.typed().is_rushed {
                        true => By::Hand,
                        false => By::Others,
                    };
                    self.mentions = self.mentioned(&line);
                    self.remember(&line, context);
                    let line = stand_in::read(&line).into_owned();
                    Ok(Read::Line {
                        line,
                        is_pasted,
                        by,
                    })
                }
                (_, Err(ReadlineError::Interrupted)) => Ok(Read::Interrupted {
                    on_empty_line: self.helper().line_is_empty.get(),
                }),
                (_, Err(ReadlineError::Eof)) => Ok(Read::End),
                // A byte that is no UTF-8 was typed; the line is lost, the chat is not.
                (_, Err(ReadlineError::Io(error)))
                    if error.kind() == std::io::ErrorKind::InvalidData =>
                {
                    context.screen.warning("what was typed is not UTF-8");
                    continue;
                }
                (_, Err(error)) => Err(from_editor(error)),
            };
        }
    }

    /// Reads a line that the terminal edits, behind a text that it can't.
    fn read_plain(
        &mut self,
        prompt: &str,
        before: &str,
        context: &mut Context,
    ) -> Result<Read, Error> {
        if !before.is_empty() {
            context
                .screen
                .note("Enter sends what stands here, Ctrl-C drops it");
        }
        let unreadable = |error: io::Error| from_editor(error.into());
        let keyboard = Keyboard::new(&context.interrupts).map_err(unreadable)?;
        context.screen.prompt(prompt, before)?;
        context.interrupts.end_if_asked();
        context.interrupts.set_editing(true);
        let screen = &mut context.screen;
        let typed = keyboard.line(|| {
            screen.note("\nEnter sends these lines, Ctrl-C drops them");
        });
        context.interrupts.set_editing(false);
        match typed.map_err(unreadable)? {
            Typed::End => Ok(Read::End),
            Typed::Interrupted { on_empty_line } => {
                // The terminal shows Ctrl-C, and stays in its row.
                context.screen.prompt("\n", "")?;
                let on_empty_line = on_empty_line && before.is_empty();
                Ok(Read::Interrupted { on_empty_line })
            }
            Typed::Line(text, is_pasted) => {
                let Ok(text) = String::from_utf8(text) else {
                    context.screen.warning("what was typed is not UTF-8");
                    return self.read_plain(prompt, before, context);
                };
                let line = format!("{before}{text}");
                self.remember(&stand_in::shown(&line), context);
                // What was typed ahead, pasted or recalled attaches nothing.
                let typed = if is_pasted { "" } else { &text };
                self.mentions = mentions(typed).map(|it| (it.to_owned(), false)).collect();
                let by = match cfg!(unix) && !is_pasted && before.is_empty() {
                    true => By::Likely,
                    false => By::Others,
                };
                let is_pasted = is_pasted && before.is_empty();
                Ok(Read::Line {
                    line,
                    is_pasted,
                    by,
                })
            }
        }
    }

    /// Throws away what was typed and no line has yet.
    pub fn discard(&mut self) {
        self.inlet.iter().for_each(Inlet::discard);
        drop((self.typed_ahead.take(), self.found.take_input()));
        self.found.set_quiet();
    }

    fn edit(&mut self, prompt: &str, before: &str, after: &str) -> rustyline::Result<String> {
        let editor = &mut self.editor;
        let mut edit = || editor.readline_with_initial(prompt, (before, after));
        match &self.inlet {
            Some(inlet) => inlet.during(edit),
            None => edit(),
        }
    }

    fn mentioned(&self, line: &str) -> Vec<(String, bool)> {
        let (chosen, typed) = (self.helper().chosen.take(), self.keys.typed_mentions(line));
        let has = |list: &[String], word: &str| list.iter().any(|it| it == word);
        mentions(line)
            .filter(|word| has(&chosen, word) || has(&typed, word))
            .map(|word| (word.to_owned(), has(&chosen, word)))
            .collect()
    }

    fn begins_with_paste(&self, line: &str) -> bool {
        let begins = |text: &String| !text.is_empty() && line.starts_with(text.as_str());
        self.keyed.typed().pasted.iter().any(begins)
    }

    /// Reads the answer to a question: one line, which isn't kept in the history.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn ask(&mut self, prompt: &str, context: &mut Context) -> Result<Read, Error> {
        self.is_recording = false;
        self.keys.set_single_line(true);
        let read = self.read(prompt, "", context);
        self.keys.set_single_line(false);
        self.is_recording = true;
        read
    }

    fn load_history(&mut self, context: &mut Context) {
        let loaded = store::history_file()
            .map_err(|error| error.to_string())
            .and_then(|path| {
                let loaded = self.editor.load_history(&path);
                let drives_terminal =
                    |line: &String| line.chars().any(|c| stand_in::of(c).is_some());
                if loaded.is_err() || self.editor.history().iter().any(drives_terminal) {
                    // rustyline could neither read nor append to it ever again, or would show what
                    // a terminal obeys. What is written here has stand-ins for that.
                    let _ = self.editor.clear_history();
                    let aside = store::set_aside(&path).map_err(|error| error.to_string())?;
                    context.screen.warning(&format!(
                        "the history could not be read and is now {}",
                        aside.display()
                    ));
                }
                Ok(path)
            });
        match loaded {
            Ok(path) => self.history = Some(path),
            Err(reason) => context
                .screen
                .note(&format!("no history is kept: {reason}")),
        }
    }

    /// Adds a line to the history and writes it at once, so that nothing is lost with the terminal.
    fn remember(&mut self, line: &str, context: &mut Context) {
        if line.trim().is_empty() || !self.is_recording {
            return;
        }
        let added = self.editor.add_history_entry(line).unwrap_or(false);
        if let (true, Some(path)) = (added && self.is_kept, &self.history)
            && let Err(error) = self.editor.append_history(path)
        {
            self.history = None;
            context
                .screen
                .warning(&format!("the history can't be written any more: {error}"));
        }
    }
}

fn line_editor(
    helper: LineHelper,
    keys: &Keys,
    has_inlet: bool,
) -> rustyline::Result<Editor<LineHelper, FileHistory>> {
    let config = Config::builder()
        .max_history_size(HISTORY_LINES)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        // Without it the line would be drawn as it is, control characters and all; the colours are
        // the helper's.
        .color_mode(ColorMode::Forced)
        // Prompt and echo go to the terminal even if answers go to a file.
        .behavior(if has_inlet {
            Behavior::Stdio
        } else {
            Behavior::PreferTerm
        })
        .build();
    let history = FileHistory::with_config(&config);
    let editor = || Editor::with_history(config, history);
    // If its output is no terminal, it doesn't redraw by itself when the window has another
    // size: it would erase as many rows as the line had, which may be the answer's by now.
    let mut editor = if has_inlet {
        terminal::without_output(editor)??
    } else {
        editor()?
    };
    editor.set_helper(Some(helper));
    editor.bind_sequence(
        Event::Any,
        EventHandler::Conditional(Box::new(keys.clone())),
    );
    Ok(editor)
}

fn from_editor(error: ReadlineError) -> Error {
    Error::System {
        what: "reading from the terminal",
        reason: error.to_string(),
    }
}
