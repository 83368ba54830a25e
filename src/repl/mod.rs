//! The interactive chat: reads a line, does what it says, and outlives whatever goes wrong in a turn. The only user of
//! rustyline, apart from its helper.

mod commands;
mod helper;
mod line;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustyline::config::{Behavior, ColorMode};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{
    Cmd, CompletionType, ConditionalEventHandler, Config, Editor, Event, EventContext, EventHandler, KeyCode, KeyEvent,
    Modifiers, RepeatCount,
};

use crate::api::Limits;
use crate::api::models::Model;
use crate::context::{Connection, Context};
use crate::editor;
use crate::error::{Error, ExitStatus};
use crate::store;
use crate::turn::{Answer, Chat, Show};
use crate::ui::Ui;
use crate::ui::terminal::{Mode, Quiet};
use helper::LineHelper;
use line::Line;

/// The longest wait for the catalogue that Tab and /model want.
const TAB_LIMIT: Duration = Duration::from_secs(2);

/// Lines of history that are kept.
const HISTORY_LINES: usize = 10_000;

/// Terminals on which rustyline 19 doesn't edit.
const PLAIN_TERMINALS: &[&str] = &["dumb", "cons25", "emacs"];

/// The prompt of the chat, and of the question for a model.
const PROMPT: &str = "> ";
const MODEL_PROMPT: &str = "model> ";

/// An interactive chat.
pub struct Repl<'a> {
    connection: &'a Connection,
    context: &'a mut Context,
    editor: Editor<LineHelper, FileHistory>,
    history: Option<PathBuf>,
    /// Nothing is echoed but by the editor, from here to the end of the chat.
    quiet: Option<Quiet>,
    /// Whether the line was ended by Ctrl-O.
    wants_editor: Arc<AtomicBool>,
    /// Whether lines go into the history.
    is_recording: bool,
}

/// What comes after a line.
pub enum Flow {
    Continue,
    /// The next line begins with this text.
    Edit(String),
    Leave,
}

/// What was read.
enum Read {
    Line(String),
    /// Ctrl-C, and whether there was nothing to clear.
    Interrupted {
        on_empty_line: bool,
    },
    /// Ctrl-O: the line so far, for the user's own editor.
    ForEditor(String),
    End,
}

impl<'a> Repl<'a> {
    /// Makes terminal and history ready.
    ///
    /// # Errors
    /// Where there is no usable terminal.
    pub fn new(connection: &'a Connection, context: &'a mut Context) -> Result<Self, Error> {
        // A terminal that rustyline can't edit on reads and echoes lines by itself, and Ctrl-C is the only way to be rid
        // of the prompt.
        let can_edit = !context.environment.get("TERM").is_some_and(|term| PLAIN_TERMINALS.contains(&term));
        let quiet = can_edit.then(|| Mode::current().quiet());
        if let Some(quiet) = &quiet {
            let (found, again) = (quiet.found().clone(), quiet.found().clone());
            let guarded =
                context.interrupts.guard_terminal(move || again.set_quiet(), move || found.restore_after_editor());
            guarded.map_err(|error| Error::System { what: "listening for signals", reason: error.to_string() })?;
            context.interrupts.hold();
        }
        let wants_editor = Arc::new(AtomicBool::new(false));
        let editor = line_editor(connection, context, &wants_editor).map_err(from_editor)?;
        let mut repl = Repl { connection, context, editor, history: None, is_recording: true, quiet, wants_editor };
        repl.load_history();
        Ok(repl)
    }

    /// Chats until the user leaves.
    ///
    /// # Errors
    /// Failures of the terminal; those of a turn are told and survived.
    pub fn run(&mut self, mut chat: Chat) -> Result<ExitStatus, Error> {
        self.greet(&chat);
        let mut initial = String::new();
        let mut leaving = false;
        loop {
            match self.read(PROMPT, &std::mem::take(&mut initial))? {
                Read::End => return Ok(ExitStatus::Done),
                Read::Interrupted { on_empty_line: true } if leaving => return Ok(ExitStatus::Done),
                Read::Interrupted { on_empty_line } => {
                    leaving = on_empty_line;
                    if on_empty_line {
                        self.ui().note("Ctrl-C again, or Ctrl-D, leaves");
                    }
                }
                Read::ForEditor(text) => initial = self.edit(&text),
                Read::Line(line) => {
                    leaving = false;
                    match self.obey(&mut chat, &line) {
                        Ok(Flow::Continue) => {}
                        Ok(Flow::Edit(text)) => initial = text,
                        Ok(Flow::Leave) => return Ok(ExitStatus::Done),
                        Err(error @ (Error::ReaderGone | Error::Output(_))) => return Err(error),
                        Err(Error::Interrupted) => self.ui().note("stopped"),
                        Err(error) => self.ui().explain(&error),
                    }
                }
            }
        }
    }

    /// The model to use: the one that was set, or one that the user picks. None where the user leaves instead.
    ///
    /// # Errors
    /// Where there is nothing to pick from.
    pub fn choose_model(&mut self, set: Option<String>) -> Result<Option<String>, Error> {
        if set.is_some() {
            return Ok(set);
        }
        let models = self.connection.client.models(&self.context.interrupts)?;
        let ids: Vec<String> = models.iter().filter(|model| model.is_chat()).map(|model| model.id.clone()).collect();
        if ids.is_empty() {
            return Err(self.connection.no_model(&self.context.interrupts));
        }
        let list: Vec<String> = ids.iter().enumerate().map(|(index, id)| format!("{:3}  {id}", index + 1)).collect();
        let variable = self.variable("MODEL_ID");
        self.ui().note(&format!(
            "{variable} is not set. Choose a model by number or id; -m or the variable does it for good:"
        ));
        self.ui().print(&list.join("\n"))?;
        self.helper().set_models(models);
        self.helper().choosing_model.set(true);
        self.is_recording = false;
        let chosen = loop {
            let line = match self.read(MODEL_PROMPT, "")? {
                Read::Line(line) => line,
                Read::ForEditor(_) => continue,
                Read::Interrupted { .. } | Read::End => break None,
            };
            let line = line.trim();
            let by_number = line.parse::<usize>().ok().and_then(|number| ids.get(number.checked_sub(1)?));
            match by_number.or_else(|| ids.iter().find(|id| *id == line)) {
                Some(id) => break Some(id.clone()),
                None if line.is_empty() => {}
                None => self.ui().warning(&format!("{line:?} is neither a number of the list nor an id in it")),
            }
        };
        self.helper().choosing_model.set(false);
        self.is_recording = true;
        Ok(chosen)
    }

    /// The output of this chat.
    pub fn ui(&mut self) -> &mut Ui {
        &mut self.context.ui
    }

    /// The catalogue.
    ///
    /// # Errors
    /// Why it can't be had.
    pub fn models(&self) -> Result<Vec<Model>, Error> {
        self.helper().models()
    }

    /// The full name of a variable of the attachment in use.
    pub fn variable(&self, suffix: &str) -> String {
        self.connection.variable(suffix)
    }

    /// Asks the last prompt again.
    ///
    /// # Errors
    /// Failures of the output.
    pub fn retry(&mut self, chat: &mut Chat) -> Result<Flow, Error> {
        match chat.say_again(Show::Words, &mut self.context.ui, &self.context.interrupts) {
            Some(answer) => self.report(chat, answer, None),
            None => {
                self.ui().note("there is no prompt to ask again");
                Ok(Flow::Continue)
            }
        }
    }

    /// The text as the user's own editor leaves it; unchanged where that fails.
    pub fn edit(&mut self, text: &str) -> String {
        // The editor gets the terminal as the user had it.
        if let Some(quiet) = &self.quiet {
            quiet.found().restore();
        }
        let edited = editor::edit(text, &self.context.environment);
        if let Some(quiet) = &self.quiet {
            quiet.found().set_quiet();
        }
        edited.unwrap_or_else(|error| {
            self.ui().explain(&error);
            text.to_owned()
        })
    }

    fn obey(&mut self, chat: &mut Chat, line: &str) -> Result<Flow, Error> {
        match Line::parse(line) {
            Line::Empty => Ok(Flow::Continue),
            Line::Command(command, argument) => command.run(self, chat, argument),
            Line::Unknown { name, nearest } => {
                let meant = nearest.map(|name| format!(" Did you mean /{name}?")).unwrap_or_default();
                self.ui().warning(&format!(
                    "there is no command /{name}.{meant} /help lists them; a prompt that begins with / is typed with //"
                ));
                Ok(Flow::Edit(line.to_owned()))
            }
            Line::Prompt(prompt) => {
                let answer = chat.say(prompt.to_owned(), Show::Words, &mut self.context.ui, &self.context.interrupts);
                self.report(chat, answer, Some(line))
            }
        }
    }

    /// Tells how a turn went. A prompt that got no answer is offered again.
    fn report(&mut self, chat: &Chat, answer: Result<Answer, Error>, line: Option<&str>) -> Result<Flow, Error> {
        let again = || line.map_or(Flow::Continue, |line| Flow::Edit(line.to_owned()));
        match answer {
            Ok(answer) => {
                self.finish(chat, &answer);
                Ok(Flow::Continue)
            }
            Err(Error::Interrupted) => {
                self.ui().note("stopped before an answer came");
                Ok(again())
            }
            Err(error @ (Error::ReaderGone | Error::Output(_))) => Err(error),
            Err(error) => {
                self.ui().explain(&error);
                Ok(again())
            }
        }
    }

    fn finish(&mut self, chat: &Chat, answer: &Answer) {
        let ui = &mut self.context.ui;
        match &answer.cut {
            Some(Error::Interrupted) => ui.note("stopped; what came is kept. /retry asks again"),
            Some(error) => {
                ui.explain(error);
                ui.note("what came is kept. /retry asks again");
            }
            None => answer.completion.remark().iter().for_each(|remark| ui.warning(remark)),
        }
        ui.footer(&footer(chat, answer));
    }

    fn greet(&mut self, chat: &Chat) {
        let settings = &self.connection.settings;
        let greeting = if self.connection.sandbox.is_some() {
            format!("Sandbox: {} is scripted, no model is called. /help for help", chat.model)
        } else {
            format!("{} at {}, from {}. /help for help", chat.model, chat.client.host(), settings.url.source)
        };
        self.ui().note(&greeting);
        let age = self.ui().age();
        self.ui().debug(&format!("* prompt after {age:?}"));
    }

    fn read(&mut self, prompt: &str, initial: &str) -> Result<Read, Error> {
        loop {
            self.helper().line_is_empty.set(true);
            // What was pressed after the last turn was meant for it; at the prompt, Ctrl-C is a key.
            self.context.interrupts.take();
            self.context.interrupts.set_editing(true);
            let read = self.editor.readline_with_initial(prompt, (initial, ""));
            self.context.interrupts.set_editing(false);
            return match read {
                Ok(line) if self.wants_editor.swap(false, Ordering::SeqCst) => Ok(Read::ForEditor(line)),
                Ok(line) => {
                    self.remember(&line);
                    Ok(Read::Line(line))
                }
                Err(ReadlineError::Interrupted) => {
                    Ok(Read::Interrupted { on_empty_line: self.helper().line_is_empty.get() })
                }
                Err(ReadlineError::Eof) => Ok(Read::End),
                // A byte that is no UTF-8 was typed; the line is lost, the chat is not.
                Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                    self.ui().warning("what was typed is not UTF-8");
                    continue;
                }
                Err(error) => Err(from_editor(error)),
            };
        }
    }

    fn helper(&self) -> &LineHelper {
        self.editor.helper().expect("set when the editor was made")
    }

    fn load_history(&mut self) {
        let loaded = store::history_file().map_err(|error| error.to_string()).and_then(|path| {
            if self.editor.load_history(&path).is_err() {
                // rustyline could neither read nor append to it ever again.
                let aside = store::set_aside(&path).map_err(|error| error.to_string())?;
                self.context.ui.warning(&format!("the history could not be read and is now {}", aside.display()));
            }
            Ok(path)
        });
        match loaded {
            Ok(path) => self.history = Some(path),
            Err(reason) => self.ui().note(&format!("no history is kept: {reason}")),
        }
    }

    /// Adds a line to the history and writes it at once, so that nothing is lost with the terminal.
    fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || !self.is_recording {
            return;
        }
        let added = self.editor.add_history_entry(line).unwrap_or(false);
        if let (true, Some(path)) = (added, &self.history)
            && let Err(error) = self.editor.append_history(path)
        {
            self.history = None;
            self.ui().warning(&format!("the history can't be written any more: {error}"));
        }
    }
}

fn line_editor(
    connection: &Connection,
    context: &Context,
    wants_editor: &Arc<AtomicBool>,
) -> rustyline::Result<Editor<LineHelper, FileHistory>> {
    let color = context.ui.has_color();
    let config = Config::builder()
        .max_history_size(HISTORY_LINES)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(if color { ColorMode::Enabled } else { ColorMode::Disabled })
        // Prompt and echo go to the terminal even where answers go to a file.
        .behavior(Behavior::PreferTerm)
        .build();
    let mut editor = Editor::with_config(config)?;
    // Ctrl-C is a key while Tab waits, so it waits for little.
    let client = connection.client.with_limits(Limits::with_first_byte(TAB_LIMIT).at_most(TAB_LIMIT));
    let interrupts = context.interrupts.clone();
    let fetch = move || client.models(&interrupts);
    editor.set_helper(Some(LineHelper::new(fetch, color)));
    // Enter that was typed while an answer streamed arrives as Ctrl-J. It must not send anything by itself.
    for key in [KeyEvent::ctrl('J'), KeyEvent(KeyCode::Enter, Modifiers::ALT)] {
        editor.bind_sequence(key, Cmd::Newline);
    }
    let open_editor = EventHandler::Conditional(Box::new(OpenEditor(Arc::clone(wants_editor))));
    editor.bind_sequence(KeyEvent::ctrl('O'), open_editor);
    Ok(editor)
}

/// Ends the line and says that it is meant for the user's own editor: a handler can't start one itself.
struct OpenEditor(Arc<AtomicBool>);

impl ConditionalEventHandler for OpenEditor {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.store(true, Ordering::SeqCst);
        Some(Cmd::AcceptLine)
    }
}

fn from_editor(error: ReadlineError) -> Error {
    Error::System { what: "reading from the terminal", reason: error.to_string() }
}

/// Tokens, times and model of an answer.
fn footer(chat: &Chat, answer: &Answer) -> String {
    let mut parts = Vec::new();
    if let Some(usage) = answer.completion.usage {
        let tokens = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        parts.push(format!("tokens: {} in, {} out", tokens(usage.prompt_tokens.0), tokens(usage.completion_tokens.0)));
    }
    if let Some(first) = answer.first_word {
        parts.push(format!("first word {}", seconds(first)));
    }
    parts.push(format!("total {}", seconds(answer.total)));
    parts.push(chat.model.clone());
    parts.join(" · ")
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
