//! The interactive chat: reads a line, does what it says, and survives whatever goes wrong in a
//! turn. The only user of rustyline.

mod clipboard;
mod commands;
pub mod editor;
mod footer;
mod helper;
mod keys;
mod line;
mod mentions;
mod picker;
mod reader;
mod recap;
mod settings;
mod shell;
mod stand_in;
mod typed;
mod window;

use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use crate::app::explaining::{Examine, doubt, prompt};
use crate::app::following::{Show, follow};
use crate::app::saving::Saving;
use crate::app::{Connection, Context, prompts};
use crate::chat::{Chat, Saying};
use crate::cli::ChatSettings;
use crate::cli::settings::EditMode;
use crate::config::git;
use crate::conversation::{Attachment, Message};
use crate::error::nearest;
use crate::error::shell::quoted;
use crate::error::{Error, ExitStatus};
use crate::interrupt::Interrupts;
use crate::screen::Screen;
use crate::screen::inlet::Inlet;
use crate::screen::terminal::{Mode, Quiet};
use crate::why::Brief;
pub use editor::edit;
pub use footer::footer;
use footer::fullness;
use helper::LineHelper;
use keys::{ASK_KEY, Keyed, Keys};
use line::{Line, as_typed};
use reader::{By, Read, Reader, TypedAhead};

/// Terminals on which rustyline 19 doesn't edit.
const PLAIN_TERMINALS: &[&str] = &["dumb", "cons25", "emacs"];

/// The prompt of the chat.
const PROMPT: &str = "> ";

/// An interactive chat.
pub struct Repl<'a> {
    connection: &'a Connection,
    context: &'a mut Context,
    reader: Reader,
    /// Nothing is echoed but by the editor, from here to the end of the chat.
    quiet: Quiet,
    /// What goes with the next prompt.
    attachments: Vec<Attachment>,
    /// The last prompt, if no answer came to it.
    failed: Option<String>,
    /// Whether a whole answer came since the last prompt.
    has_answer: bool,
    settings: ChatSettings,
    /// Where the conversation is saved.
    saving: Saving,
    examine: Examine,
    /// The facts of the app that was examined last.
    facts: Option<Brief>,
    /// Whether they go with the next prompt, even if that is empty.
    offers_facts: bool,
}

/// What comes after a line.
pub enum Flow {
    Continue,
    /// The next line begins with this text.
    Edit(String),
    Leave,
}

impl<'a> Repl<'a> {
    /// Makes terminal and history ready.
    ///
    /// # Errors
    /// If there is no usable terminal.
    pub fn new(
        connection: &'a Connection,
        context: &'a mut Context,
        settings: ChatSettings,
        saving: Saving,
        examine: Examine,
    ) -> Result<Self, Error> {
        // Where rustyline can't edit, or must redraw nothing, the terminal edits lines itself.
        let terminal = context.environment.get("TERM");
        let can_edit = !context.screen.is_accessible()
            && !terminal.is_some_and(|term| PLAIN_TERMINALS.contains(&term));
        let quiet = Mode::current().quiet();
        let (typed_ahead, keyed) = (TypedAhead::default(), Keyed::default());
        let found = quiet.found().clone();
        // Without one the editor reads the keyboard itself.
        let inlet = match can_edit {
            true => Inlet::new(&found, keyed.clone(), ASK_KEY).ok(),
            false => None,
        };
        let (mode, again, typed) = (found.clone(), found.clone(), typed_ahead.clone());
        // What was typed for us must not reach the shell, which would run it.
        let keys = keyed.clone();
        let leave = move || {
            typed.add(&mode.take_input());
            match can_edit {
                true => mode.restore_after_editor(keys.typed().is_vi),
                false => mode.restore(),
            }
        };
        let enter = move |is_editing: bool| match is_editing {
            true if can_edit => again.set_raw(),
            true => again.restore(),
            false => {
                again.set_quiet();
                if can_edit {
                    again.mark_pastes(true);
                }
            }
        };
        let resized = inlet.clone();
        let resize = move || resized.iter().for_each(Inlet::resize);
        let guarded = context.interrupts.guard_terminal(enter, leave, resize);
        guarded.map_err(|error| Error::System {
            what: "listening for signals",
            reason: error.to_string(),
        })?;
        context.interrupts.hold();
        context.screen.is_chat = true;
        let (interrupts, color) = (context.interrupts.clone(), context.screen.has_color());
        let mentionable = list_files(context);
        let mut reader = Reader::new(
            |keys| LineHelper::new(connection, interrupts, mentionable, keys, color),
            Keys::new(keyed, inlet, found.clone(), connection.client.warm.clone()),
            typed_ahead,
            found,
            can_edit,
            context,
        )?;
        reader.set_vi(settings.values.editmode == EditMode::Vi);
        Ok(Repl {
            connection,
            context,
            reader,
            quiet,
            attachments: Vec::new(),
            failed: None,
            has_answer: false,
            settings,
            saving,
            examine,
            facts: None,
            offers_facts: false,
        })
    }

    /// Chats until the user leaves, beginning with this prompt if there is one, and says where the
    /// conversation is, even after a panic.
    ///
    /// # Errors
    /// Failures of the terminal; those of a turn are told and survived.
    pub fn run(&mut self, mut chat: Chat, first: Option<String>) -> Result<ExitStatus, Error> {
        let ended = panic::catch_unwind(AssertUnwindSafe(|| self.chat(&mut chat, first)));
        self.say_where_it_is(&chat);
        let ended = ended.unwrap_or_else(|panic| panic::resume_unwind(panic));
        ended.map(|()| ExitStatus::Done)
    }

    /// Reads and does one line after the other, and saves each turn before the next prompt.
    fn chat(&mut self, chat: &mut Chat, mut first: Option<String>) -> Result<(), Error> {
        self.greet(chat);
        if chat.conversation.turns() > 0 {
            recap::show(chat, self.saving.name().as_deref(), self.screen())?;
        }
        let mut initial = String::new();
        let mut leaving = false;
        loop {
            // If nothing of a conversation is to be saved, its prompts aren't either.
            self.reader.keep_history(self.saving.is_on);
            let text = std::mem::take(&mut initial);
            let has_answer = std::mem::take(&mut self.has_answer);
            match self.settings.values.warm {
                true => chat.expect_prompt(has_answer),
                false => chat.client.expect_nothing(),
            }
            self.say_what_enter_sends(chat);
            let read = match first.take() {
                Some(line) => {
                    self.screen().prompt(PROMPT, &format!("{line}\n"))?;
                    // It is no command of the chat, and no file was typed at its prompt.
                    Read::Line {
                        line: as_typed(line),
                        is_pasted: false,
                        by: By::Others,
                    }
                }
                None => self.reader.read(PROMPT, &text, self.context)?,
            };
            match read {
                Read::End => break,
                Read::Interrupted { on_empty_line } => {
                    if leaving && on_empty_line {
                        break;
                    }
                    leaving = on_empty_line;
                    if on_empty_line {
                        self.screen().note("Ctrl-C again, or Ctrl-D, leaves");
                    }
                }
                Read::ForEditor(text) => initial = self.edit(&text),
                Read::Line {
                    line,
                    is_pasted,
                    by,
                } => {
                    leaving = false;
                    let parsed = Line::parse(&line, is_pasted);
                    let is_prompt = matches!(parsed, Line::Prompt(_) | Line::Empty);
                    let flow = self.execute(chat, &line, parsed, by);
                    self.saving.save(chat, &mut self.context.screen);
                    self.context.interrupts.end_if_asked();
                    match flow {
                        Ok(Flow::Continue) => continue,
                        Ok(Flow::Edit(text)) => initial = text,
                        Ok(Flow::Leave) => break,
                        Err(error @ (Error::ReaderGone | Error::Output(_))) => return Err(error),
                        Err(Error::Interrupted) if is_prompt => {
                            self.screen().note("stopped before an answer came");
                        }
                        Err(Error::Interrupted) => self.screen().note("stopped"),
                        Err(error) => self.screen().explain(&error),
                    }
                    // No answer came: the prompt is offered again.
                    if is_prompt {
                        initial = self.failed.clone().map_or(line, as_typed);
                    }
                }
            }
        }
        Ok(())
    }

    fn say_where_it_is(&mut self, chat: &Chat) {
        if self.saving.has_failed() {
            self.screen()
                .warning("the last of this conversation is not saved");
        }
        if let Some(name) = self.saving.saved_name()
            && chat.conversation.turns() > 0
        {
            let note = format!(
                "`{}` goes on with this conversation",
                self.command_for(&name)
            );
            self.screen().note(&note);
        }
    }

    /// The output of this chat.
    fn screen(&mut self) -> &mut Screen {
        &mut self.context.screen
    }

    /// Says all that a command has to say, and is ready for the next line.
    fn noted(&mut self, text: &str) -> Result<Flow, Error> {
        self.screen().note(text);
        Ok(Flow::Continue)
    }

    /// As [`Repl::noted`], if the command did nothing.
    fn warned(&mut self, text: &str) -> Result<Flow, Error> {
        self.screen().warning(text);
        Ok(Flow::Continue)
    }

    /// Has files go with the next prompt; the same file again is what it is now.
    fn attach(&mut self, attachments: Vec<Attachment>) {
        self.attachments
            .retain(|old| attachments.iter().all(|new| new.name != old.name));
        self.attachments.extend(attachments);
    }

    /// Says what goes with the next prompt.
    fn list_attachments(&mut self) {
        for label in self.attachments.iter().map(Attachment::label) {
            let note = format!("{label} goes with the next prompt");
            self.context.screen.note(&note);
        }
    }

    /// The text as the user's own editor leaves it; unchanged if that fails.
    fn edit(&mut self, text: &str) -> String {
        let edited = self.with_terminal(|context| editor::edit(text, ".md", &context.environment));
        let edited = edited.map(|text| text.trim_end().to_owned());
        edited.unwrap_or_else(|error| {
            self.screen().explain(&error);
            text.to_owned()
        })
    }

    /// Does something for which another program gets the terminal, as the user had it.
    fn with_terminal<T>(&mut self, work: impl FnOnce(&mut Context) -> T) -> T {
        self.quiet.found().restore();
        let done = work(self.context);
        self.quiet.found().set_quiet();
        done
    }

    fn execute(
        &mut self,
        chat: &mut Chat,
        typed: &str,
        line: Line<'_>,
        by: By,
    ) -> Result<Flow, Error> {
        match line {
            Line::Empty if self.offers_facts => self.say(chat, ""),
            Line::Empty => Ok(Flow::Continue),
            Line::Command(command, argument) => command.run(self, chat, typed, argument),
            Line::Shell(command) => self.shell(typed, command, by),
            Line::Unknown {
                name,
                argument,
                nearest,
            } => {
                if let Some(file) = prompts::find(name)? {
                    return commands::prompt::prompt(self, chat, &file, typed, argument);
                }
                let names = prompts::list();
                let names = names.iter().map(|it| &*it.name);
                let meant = nearest.or_else(|| nearest::nearest(name, names));
                let meant = did_you_mean(meant.map(|name| format!("/{name}")));
                self.screen().warning(&format!(
                    "there is no command /{name}.{meant} /help lists them; a prompt that begins \
                        with / is typed with //"
                ));
                Ok(Flow::Edit(typed.to_owned()))
            }
            Line::Prompt(prompt) => {
                if !commands::attach::mentioned(self, chat)? {
                    return Ok(Flow::Edit(typed.to_owned()));
                }
                self.say(chat, prompt)
            }
        }
    }

    /// Says something, with what goes with it. It is remembered until an answer came.
    fn say(&mut self, chat: &mut Chat, prompt: &str) -> Result<Flow, Error> {
        self.failed = Some(prompt.to_owned());
        let message = self.message(prompt);
        self.turn(chat, |chat, interrupts| Some(chat.say(message, interrupts)))?;
        self.attachments.clear();
        self.offers_facts = false;
        Ok(Flow::Continue)
    }

    /// What a prompt sends, with all that goes with it.
    fn message(&self, text: &str) -> Message {
        let facts = self.facts.as_ref().filter(|_| self.offers_facts);
        let text = facts.map_or_else(|| text.to_owned(), |facts| prompt(facts, text));
        Message::prompt(text, self.attachments.clone())
    }

    /// The command that goes on with a saved conversation.
    fn command_for(&self, name: &str) -> String {
        let sandbox = if self.connection.sandbox.is_some() {
            "--sandbox "
        } else {
            ""
        };
        format!("heroku-chat {sandbox}--session {}", quoted(name))
    }

    /// Shows a turn and how it went. Says whether there was anything to say.
    fn turn(
        &mut self,
        chat: &mut Chat,
        begin: impl for<'c> FnOnce(&'c mut Chat, &Interrupts) -> Option<Saying<'c>>,
    ) -> Result<bool, Error> {
        let screen = &mut self.context.screen;
        let Some(saying) = begin(chat, &self.context.interrupts) else {
            return Ok(false);
        };
        // What is pasted meanwhile is known as a paste.
        let found = Some(self.quiet.found()).filter(|_| self.reader.can_edit);
        found.inspect(|found| found.mark_pastes(true));
        screen.watch_typing(found.cloned());
        let followed = follow(saying, Show::Words, screen);
        screen.watch_typing(None);
        found.inspect(|found| found.mark_pastes(false));
        let mut answer = followed?;
        self.reader.sends_queue = answer.cut.is_none();
        self.failed = None;
        self.has_answer = answer.cut.is_none();
        match answer.cut.take() {
            Some(error @ (Error::ReaderGone | Error::Output(_))) => return Err(error),
            Some(Error::Interrupted) => {
                screen.note("stopped; what came is kept. /continue goes on, /retry asks again")
            }
            Some(error) => {
                screen.explain(&error);
                screen.note("what came is kept. /continue goes on, /retry asks again");
            }
            None => {
                let mut remark = answer.completion.remark().unwrap_or_default();
                if answer.completion.is_at_limit() {
                    remark += "; /continue goes on";
                }
                if !remark.is_empty() {
                    screen.warning(&remark);
                }
            }
        }
        if let Some(doubt) = doubt(chat) {
            screen.warning(&doubt);
        }
        screen.footer(&footer(chat, &answer));
        if let Some(warning) = fullness(chat, &answer) {
            screen.warning(&warning);
        }
        Ok(true)
    }

    fn greet(&mut self, chat: &Chat) {
        let (model, host) = (&chat.model, chat.client.host());
        let source = &self.connection.settings.url.source;
        let greeting = match self.connection.sandbox {
            Some(_) => format!("Sandbox: {model} is scripted, no model is called. /help for help"),
            None => format!("{model} at {host}, from {source}. /help for help"),
        };
        let screen = &mut self.context.screen;
        screen.note(&greeting);
        screen.debug(&format!("* prompt after {:?}", screen.age()));
    }
}

/// The end of a sentence about a name that nothing has.
fn did_you_mean(meant: Option<impl Display>) -> String {
    meant.map_or_else(String::new, |name| format!(" Did you mean {name}?"))
}

/// Lists the files that a prompt may mention: those that git has or would take, or all.
fn list_files(context: &Context) -> impl Fn() -> Vec<String> + 'static {
    let (environment, here) = (context.environment.clone(), Path::new("."));
    move || {
        let mut files = git::files_or_all(here, &environment);
        files.retain(|name| Path::new(name).is_file());
        files
    }
}
