//! The interactive chat: reads a line, does what it says, and survives whatever goes wrong in a
//! turn. The only user of rustyline.

mod commands;
mod editor;
mod helper;
mod history;
mod keys;
mod line;
mod reader;
mod recap;
mod settings;
mod stand_in;
mod typed;
mod window;

use std::time::Duration;

use crate::api::Client;
use crate::api::models::{self, Model};
use crate::app::following::{MODELS, Show, follow, tell};
use crate::app::saving::Saving;
use crate::app::{Connection, Context};
use crate::chat::{Answer, Chat};
use crate::cli::ChatSettings;
use crate::cli::settings::{EditMode, Turns};
use crate::conversation::{Attachment, Message};
use crate::error::{Error, ExitStatus};
use crate::net::Limits;
use crate::screen::Screen;
use crate::screen::inlet::Inlet;
use crate::screen::terminal::{Mode, Quiet};
use helper::LineHelper;
use keys::{ASK_KEY, Keyed, Keys};
use line::Line;
use reader::{Read, Reader, TypedAhead};

/// The longest wait for the catalogue that Tab and /model want.
const TAB_LIMIT: Duration = Duration::from_secs(2);

/// Terminals on which rustyline 19 doesn't edit.
const PLAIN_TERMINALS: &[&str] = &["dumb", "cons25", "emacs"];

/// The prompt of the chat, and of the question for a model.
const PROMPT: &str = "> ";
const MODEL_PROMPT: &str = "model> ";

/// The share of a model's context window, in percent, from which on the user is told that it fills
/// up.
const FULL: u64 = 80;

/// An interactive chat.
pub struct Repl<'a> {
    connection: &'a Connection,
    context: &'a mut Context,
    reader: Reader,
    /// Nothing is echoed but by the editor, from here to the end of the chat.
    quiet: Option<Quiet>,
    /// What goes with the next prompt.
    attachments: Vec<Attachment>,
    settings: ChatSettings,
    /// Where the conversation is saved.
    saving: Saving,
}

/// What comes after a line.
pub enum Flow {
    Continue,
    /// The next line begins with this text.
    Edit(String),
    /// No answer came: the line that was sent is offered again.
    Again,
    Leave,
}

impl<'a> Repl<'a> {
    /// Makes terminal and history ready.
    ///
    /// # Errors
    /// If there is no usable terminal.
    pub fn new(connection: &'a Connection, context: &'a mut Context) -> Result<Self, Error> {
        // A terminal that rustyline can't edit on reads and echoes lines by itself, and Ctrl-C is
        // the only way to be rid of the prompt.
        let can_edit = !context
            .environment
            .get("TERM")
            .is_some_and(|term| PLAIN_TERMINALS.contains(&term));
        let quiet = can_edit.then(|| Mode::current().quiet());
        let (typed_ahead, keyed) = (TypedAhead::default(), Keyed::default());
        let found = quiet.as_ref().map(|quiet| quiet.found().clone());
        // Without one the editor reads the keyboard itself.
        let inlet = found
            .as_ref()
            .and_then(|found| Inlet::new(found, keyed.clone(), ASK_KEY).ok());
        if let Some(quiet) = &quiet {
            let (found, again, typed) = (
                quiet.found().clone(),
                quiet.found().clone(),
                typed_ahead.clone(),
            );
            // What was typed for us must not reach the shell, which would run it.
            let leave = move || {
                typed.add(&found.take_input());
                found.restore_after_editor();
            };
            let enter = move |is_editing: bool| match is_editing {
                true => again.set_raw(),
                false => again.set_quiet(),
            };
            let resized = inlet.clone();
            let resize = move || resized.iter().for_each(Inlet::resize);
            let guarded = context.interrupts.guard_terminal(enter, leave, resize);
            guarded.map_err(|error| Error::System {
                what: "listening for signals",
                reason: error.to_string(),
            })?;
            context.interrupts.hold();
        }
        let color = context.screen.has_color();
        let fetch = fetch_models(&connection.client, context);
        let reader = Reader::new(
            |keys| LineHelper::new(fetch, keys, color),
            Keys::new(keyed.clone(), inlet.clone(), found),
            keyed,
            inlet,
            typed_ahead,
            can_edit,
            context,
        )?;
        Ok(Repl {
            connection,
            context,
            reader,
            quiet,
            attachments: Vec::new(),
            settings: ChatSettings::default(),
            saving: Saving::default(),
        })
    }

    /// Chats until the user leaves, and saves each turn before the next prompt.
    ///
    /// # Errors
    /// Failures of the terminal; those of a turn are told and survived.
    pub fn run(
        &mut self,
        mut chat: Chat,
        settings: ChatSettings,
        saving: Saving,
    ) -> Result<ExitStatus, Error> {
        self.saving = saving;
        self.reader
            .set_vi(settings.values().editmode == EditMode::Vi);
        self.settings = settings;
        self.greet(&chat);
        if chat.conversation.turns() > 0 {
            recap::show(&chat, self.saving.name().as_deref(), self.screen())?;
        }
        let mut initial = String::new();
        let mut leaving = false;
        loop {
            // If nothing of a conversation is to be saved, its prompts aren't either.
            self.reader.keep_history(self.saving.is_on());
            match self
                .reader
                .read(PROMPT, &std::mem::take(&mut initial), self.context)?
            {
                Read::End => return Ok(self.leave()),
                Read::Interrupted {
                    on_empty_line: true,
                } if leaving => return Ok(self.leave()),
                Read::Interrupted { on_empty_line } => {
                    leaving = on_empty_line;
                    if on_empty_line {
                        self.screen().note("Ctrl-C again, or Ctrl-D, leaves");
                    }
                }
                Read::ForEditor(text) => initial = self.edit(&text),
                Read::Line { line, is_pasted } => {
                    leaving = false;
                    let flow = self.obey(&mut chat, Line::parse(&line, is_pasted));
                    self.saving.keep(&mut chat, &mut self.context.screen);
                    self.context.interrupts.end_if_asked();
                    match flow {
                        Ok(Flow::Continue) => {}
                        Ok(Flow::Edit(text)) => initial = text,
                        Ok(Flow::Again) => initial = line,
                        Ok(Flow::Leave) => return Ok(self.leave()),
                        Err(error @ (Error::ReaderGone | Error::Output(_))) => return Err(error),
                        Err(Error::Interrupted) => self.screen().note("stopped"),
                        Err(error) => self.screen().explain(&error),
                    }
                }
            }
        }
    }

    fn leave(&mut self) -> ExitStatus {
        if self.saving.has_failed() {
            self.screen()
                .warning("the last of this conversation is not saved");
        }
        ExitStatus::Done
    }

    /// The model to use: the one that was set, or one that the user picks. None if the user
    /// leaves instead.
    ///
    /// # Errors
    /// If there is nothing to pick from.
    pub fn choose_model(&mut self, set: Option<String>) -> Result<Option<String>, Error> {
        if set.is_some() {
            return Ok(set);
        }
        let Context {
            screen, interrupts, ..
        } = &mut *self.context;
        let client = &self.connection.client;
        let models = client.models(interrupts, &mut |progress| {
            tell(screen, MODELS, progress);
        })?;
        let ids: Vec<String> = models
            .iter()
            .filter(|model| model.is_chat())
            .map(|model| model.id.clone())
            .collect();
        if ids.is_empty() {
            return Err(self.connection.no_model(self.context));
        }
        let list: Vec<String> = ids
            .iter()
            .enumerate()
            .map(|(index, id)| format!("{:3}  {id}", index + 1))
            .collect();
        let variable = self.variable("MODEL_ID");
        self.screen().note(&format!(
            "{variable} is not set. Choose a model by number or id; -m or the variable does it \
                for good:"
        ));
        self.screen().print(&list.join("\n"))?;
        self.reader.helper().set_models(models);
        self.reader.helper().choosing_model.set(true);
        let chosen = self.ask_for_one_of(&ids);
        self.reader.helper().choosing_model.set(false);
        chosen
    }

    /// Asks until the answer is one of these ids, or a number in their list. None if the user
    /// leaves instead.
    fn ask_for_one_of(&mut self, ids: &[String]) -> Result<Option<String>, Error> {
        loop {
            let line = match self.reader.ask(MODEL_PROMPT, self.context)? {
                Read::Line { line, .. } => line,
                Read::ForEditor(_) => continue,
                Read::Interrupted { .. } | Read::End => return Ok(None),
            };
            let line = line.trim();
            let by_number = line
                .parse::<usize>()
                .ok()
                .and_then(|number| ids.get(number.checked_sub(1)?));
            match by_number.or_else(|| ids.iter().find(|id| *id == line)) {
                Some(id) => return Ok(Some(id.clone())),
                None if line.is_empty() => {}
                None => self.screen().warning(&format!(
                    "{line:?} is neither a number of the list nor an id in it"
                )),
            }
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

    /// As [`Repl::noted`], if the command wasn't obeyed.
    fn warned(&mut self, text: &str) -> Result<Flow, Error> {
        self.screen().warning(text);
        Ok(Flow::Continue)
    }

    /// The catalogue.
    fn models(&self) -> Result<Vec<Model>, Error> {
        self.reader.helper().models()
    }

    /// The full name of a variable of the attachment in use.
    fn variable(&self, suffix: &str) -> String {
        self.connection.variable(suffix)
    }

    /// Has files go with the next prompt; the same file again is what it is now.
    fn attach(&mut self, attachments: Vec<Attachment>) {
        self.attachments
            .retain(|old| attachments.iter().all(|new| new.name != old.name));
        self.attachments.extend(attachments);
    }

    /// Says what goes with the next prompt.
    fn list_attachments(&mut self) {
        for label in self
            .attachments
            .iter()
            .map(Attachment::label)
            .collect::<Vec<_>>()
        {
            self.screen()
                .note(&format!("{label} goes with the next prompt"));
        }
    }

    /// Hands a text to the terminal's clipboard, and says so.
    fn copy(&mut self, text: &str, what: &str) {
        let characters = text.chars().count();
        if self.screen().copy(text) {
            self.screen().note(&format!(
                "copied {what}, {characters} characters; where the clipboard stays empty, the \
                    terminal doesn't allow OSC 52"
            ));
        } else {
            self.screen()
                .warning("this terminal has no clipboard that a program can reach");
        }
    }

    /// The text as the user's own editor leaves it; unchanged if that fails.
    fn edit(&mut self, text: &str) -> String {
        // The editor gets the terminal as the user had it.
        if let Some(quiet) = &self.quiet {
            quiet.found().restore();
        }
        let edited = editor::edit(text, &self.context.environment);
        if let Some(quiet) = &self.quiet {
            quiet.found().set_quiet();
        }
        edited.unwrap_or_else(|error| {
            self.screen().explain(&error);
            text.to_owned()
        })
    }

    fn obey(&mut self, chat: &mut Chat, line: Line<'_>) -> Result<Flow, Error> {
        match line {
            Line::Empty => Ok(Flow::Continue),
            Line::Command(command, argument) => command.run(self, chat, argument),
            Line::Unknown { name, nearest } => {
                let meant = nearest
                    .map(|name| format!(" Did you mean /{name}?"))
                    .unwrap_or_default();
                self.screen().warning(&format!(
                    "there is no command /{name}.{meant} /help lists them; a prompt that begins \
                        with / is typed with //"
                ));
                Ok(Flow::Again)
            }
            Line::Prompt(prompt) => {
                let message = Message::prompt(prompt, self.attachments.clone());
                let saying = chat.say(message, &self.context.interrupts);
                let answer = follow(saying, Show::Words, &mut self.context.screen);
                if answer.is_ok() {
                    self.attachments.clear();
                }
                self.report(chat, answer)
            }
        }
    }

    /// Tells how a turn went.
    fn report(&mut self, chat: &Chat, answer: Result<Box<Answer>, Error>) -> Result<Flow, Error> {
        match answer {
            Ok(answer) => match answer.cut {
                Some(error @ (Error::ReaderGone | Error::Output(_))) => Err(error),
                _ => {
                    self.finish(chat, &answer);
                    Ok(Flow::Continue)
                }
            },
            Err(Error::Interrupted) => {
                self.screen().note("stopped before an answer came");
                Ok(Flow::Again)
            }
            Err(error @ (Error::ReaderGone | Error::Output(_))) => Err(error),
            Err(error) => {
                self.screen().explain(&error);
                Ok(Flow::Again)
            }
        }
    }

    fn finish(&mut self, chat: &Chat, answer: &Answer) {
        let screen = &mut self.context.screen;
        match &answer.cut {
            Some(Error::Interrupted) => {
                screen.note("stopped; what came is kept. /continue goes on, /retry asks again")
            }
            Some(error) => {
                screen.explain(error);
                screen.note("what came is kept. /continue goes on, /retry asks again");
            }
            None => {
                let next = if answer.completion.is_at_limit() {
                    "; /continue goes on"
                } else {
                    ""
                };
                answer
                    .completion
                    .remark()
                    .iter()
                    .for_each(|remark| screen.warning(&format!("{remark}{next}")));
            }
        }
        screen.footer(&footer(chat, answer));
        if let Some(warning) = fullness(chat, answer) {
            screen.warning(&warning);
        }
    }

    fn greet(&mut self, chat: &Chat) {
        let settings = &self.connection.settings;
        let greeting = if self.connection.sandbox.is_some() {
            format!(
                "Sandbox: {} is scripted, no model is called. /help for help",
                chat.model
            )
        } else {
            format!(
                "{} at {}, from {}. /help for help",
                chat.model,
                chat.client.host(),
                settings.url.source
            )
        };
        self.screen().note(&greeting);
        let age = self.screen().age();
        self.screen().debug(&format!("* prompt after {age:?}"));
    }
}

/// Gets the catalogue, and gives up soon: Ctrl-C is a key while Tab waits.
fn fetch_models(
    client: &Client,
    context: &Context,
) -> impl Fn() -> Result<Vec<Model>, Error> + 'static {
    let client = client.with_limits(Limits::with_first_byte(TAB_LIMIT).at_most(TAB_LIMIT).once());
    let interrupts = context.interrupts.clone();
    // A line of --debug would tear the prompt that is being edited.
    move || client.models(&interrupts, &mut |_| ())
}

/// Tokens, times and model of an answer.
fn footer(chat: &Chat, answer: &Answer) -> String {
    let mut parts = Vec::new();
    if let Some(usage) = &answer.completion.usage {
        let tokens =
            |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        parts.push(format!(
            "tokens: {} in, {} out",
            tokens(usage.prompt_tokens()),
            tokens(usage.completion_tokens())
        ));
    }
    if let Some(first) = answer.first_word {
        parts.push(format!("first word {}", seconds(first)));
    }
    parts.push(format!("total {}", seconds(answer.total)));
    if let Turns::Last(turns) = chat.options.context
        && turns < chat.conversation.turns()
    {
        parts.push(format!(
            "the last {turns} of {} turns were sent",
            chat.conversation.turns()
        ));
    }
    parts.push(chat.model.clone());
    parts.join(" · ")
}

/// A warning when the model's context window fills up.
fn fullness(chat: &Chat, answer: &Answer) -> Option<String> {
    let usage = answer.completion.usage.as_ref()?;
    let tokens = usage
        .prompt_tokens()?
        .saturating_add(usage.completion_tokens()?);
    let window = models::context_window(&chat.model)?;
    (tokens.saturating_mul(100) >= window * FULL).then(|| {
        format!(
            "the conversation has {tokens} of the {window} tokens that {} takes: /undo or \
             /clear, or /set context N to \
             send the last N turns only",
            chat.model
        )
    })
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
