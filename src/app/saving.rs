//! Decides by the flags and `HEROKU_CHAT_SAVE` whether a conversation is saved and which one is
//! continued; saves it, and says so if that fails. A chat never ends because it can't be saved.

use crate::api::wait::Now;
use crate::app::{Connection, Context};
use crate::chat::Chat;
use crate::cli::source::Source;
use crate::cli::{ChatSettings, SessionArgs};
use crate::config::is_loopback;
use crate::error::Error;
use crate::sandbox::Sandbox;
use crate::screen::Screen;
use crate::store::{Record, Restored, Session, Sessions};

/// Whether a conversation is saved for which no session was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    Saved,
    NotSaved,
}

/// What a conversation begins with.
#[derive(Debug, Default)]
pub struct Start {
    pub restored: Restored,
    pub saving: Saving,
}

/// Where a conversation is saved, turn by turn.
#[derive(Debug, Default)]
pub struct Saving {
    /// What happened in the conversation, saved or not.
    record: Record,
    /// None if there is none yet, or never.
    session: Option<Session>,
    /// Whether anything is written.
    is_on: bool,
    /// Whether the last try failed, which the user was told then.
    has_failed: bool,
    /// Whether the user was told that the conversation is lost if they leave.
    is_given_up: bool,
}

impl Start {
    /// Opens the session that was named, or one that is made with the first turn.
    ///
    /// # Errors
    /// A named session that can't be opened; a variable that is neither on nor off.
    pub fn new(
        args: &SessionArgs,
        settings: &ChatSettings,
        unnamed: Unnamed,
        context: &mut Context,
    ) -> Result<Self, Error> {
        let is_named = args.continue_last || args.session.is_some();
        if !is_named && unnamed == Unnamed::NotSaved {
            return Ok(Start::default());
        }
        let refusal = refusal(settings);
        if is_named {
            return Start::named(args, refusal.as_deref(), &mut context.screen);
        }
        let session = match (refusal, Sessions::in_data_folder()) {
            (Some(_), _) => None,
            (None, Ok(sessions)) => Some(sessions.create()),
            (None, Err(error)) => {
                context.screen.warning(&format!(
                    "this conversation is not saved: {}",
                    error.explain().title
                ));
                None
            }
        };
        let mut restored = Restored::default();
        let saving = Saving::to(session, &mut restored, &mut context.screen);
        Ok(Start { restored, saving })
    }

    fn named(
        args: &SessionArgs,
        refusal: Option<&str>,
        screen: &mut Screen,
    ) -> Result<Self, Error> {
        let sessions = Sessions::in_data_folder()?;
        let name = args.session.clone().map_or_else(|| sessions.latest(), Ok)?;
        let (mut restored, session) = if let Some(reason) = refusal {
            let (restored, found) = match sessions.load(&name) {
                Err(Error::NoSession { .. }) => {
                    (Restored::default(), format!("there is no {name} to read"))
                }
                other => (other?, format!("{name} is read")),
            };
            screen.note(&format!("{found}, and nothing is saved: {reason}"));
            (restored, None)
        } else {
            let opened = sessions.open(&name)?;
            (opened.restored, Some(opened.session))
        };
        let saving = Saving::to(session, &mut restored, screen);
        Ok(Start { restored, saving })
    }

    /// The model to go on with: the flag's, then the one that was used last, then the one that is
    /// set.
    pub fn model(
        &self,
        flag: Option<&str>,
        connection: &Connection,
        screen: &mut Screen,
    ) -> Option<String> {
        let set = connection
            .settings
            .model
            .as_ref()
            .map(|setting| setting.value.clone());
        if flag.is_some() {
            set
        } else {
            last_model(&self.restored, set, connection, screen)
        }
    }
}

/// The model that was used last if it can be had here, else the one that is used now.
pub fn last_model(
    restored: &Restored,
    now: Option<String>,
    connection: &Connection,
    screen: &mut Screen,
) -> Option<String> {
    let Some(last) = restored.model.clone() else {
        return now;
    };
    let Some(reason) = out_of_place(&last, connection) else {
        return Some(last);
    };
    let instead = now
        .as_ref()
        .map(|now| format!("; going on with {now}"))
        .unwrap_or_default();
    screen.note(&format!(
        "this conversation was with {last}, and {reason}{instead}"
    ));
    now
}

impl Saving {
    /// Goes on with what was restored, and saves it to this session if there is one.
    fn to(session: Option<Session>, restored: &mut Restored, screen: &mut Screen) -> Self {
        let notices = restored.notices.iter();
        notices.for_each(|notice| screen.note(&notice.to_string()));
        Saving {
            record: std::mem::take(&mut restored.record),
            is_on: session.is_some(),
            session,
            ..Saving::default()
        }
    }

    /// Whether anything is saved.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Writes nothing from now on.
    pub fn pause(&mut self) {
        self.is_on = false;
    }

    /// Saves all that was said so far and what follows: where it was saved before, else in a
    /// session of its own.
    ///
    /// # Errors
    /// If there is no home to have a data folder in.
    pub fn resume(&mut self) -> Result<(), Error> {
        if self.session.is_none() {
            self.session = Some(Sessions::in_data_folder()?.create());
        }
        self.is_on = true;
        Ok(())
    }

    /// Has what follows saved in a session of its own, if anything is saved, and names the one
    /// it leaves.
    ///
    /// # Errors
    /// As [`Saving::resume`].
    pub fn begin_another(&mut self) -> Result<Option<String>, Error> {
        // A session in which nothing was said yet is as good as a new one, and may have a name.
        let (blank, left) = match self.session.take() {
            Some(session) if !session.is_written() => (Some(session), None),
            session => (None, session.and_then(|session| session.name())),
        };
        *self = Saving {
            is_on: self.is_on,
            session: blank,
            ..Saving::default()
        };
        if self.is_on {
            self.resume()?;
        }
        Ok(left)
    }

    /// Whether the conversation may be left: it is saved, or isn't to be, or the user was told
    /// before that it would be lost.
    pub fn may_be_left(&mut self, screen: &mut Screen) -> bool {
        if !self.has_failed() || std::mem::replace(&mut self.is_given_up, true) {
            return true;
        }
        screen.warning(
            "the last of this conversation is not saved: /export FILE keeps it, the same \
                command again drops it",
        );
        false
    }

    /// Goes on with a session of this name, which is only read if nothing is saved.
    ///
    /// # Errors
    /// A file that can't be read as one.
    pub fn open(&mut self, name: &str, screen: &mut Screen) -> Result<Restored, Error> {
        let sessions = Sessions::in_data_folder()?;
        let (mut restored, session) = if self.is_on {
            let opened = sessions.open(name)?;
            (opened.restored, Some(opened.session))
        } else {
            let restored = sessions.load(name)?;
            screen.note(&format!("{name} is read, and nothing is saved"));
            (restored, None)
        };
        *self = Saving::to(session, &mut restored, screen);
        Ok(restored)
    }

    /// Gives the session a name and writes it, whatever there is to write. Says whether all of it
    /// is on disk.
    ///
    /// # Errors
    /// A name that breaks the rule or is another session's; the system's.
    pub fn keep_as(
        &mut self,
        name: Option<&str>,
        chat: &mut Chat,
        screen: &mut Screen,
    ) -> Result<bool, Error> {
        let was_on = self.is_on;
        self.resume()?;
        if let (Some(session), Some(name)) = (&mut self.session, name) {
            session.rename(name).inspect_err(|_| self.is_on = was_on)?;
        }
        // Somebody asks, so it is told again.
        self.has_failed = false;
        self.keep(chat, screen);
        Ok(!self.has_failed)
    }

    /// Whether what was said last could not be saved.
    pub fn has_failed(&self) -> bool {
        self.is_on && self.has_failed
    }

    /// The name of the session; none if nothing is saved, or its name is to be made of the first
    /// prompt.
    pub fn name(&self) -> Option<String> {
        self.session.as_ref().and_then(Session::name)
    }

    /// Notes what happened since the last time, and writes it. A failure is told once, and what
    /// could not be written is tried again the next time.
    pub fn keep(&mut self, chat: &mut Chat, screen: &mut Screen) {
        self.record
            .add(&mut chat.conversation, &chat.model, Now::read().date);
        let Some(session) = self.session.as_mut().filter(|_| self.is_on) else {
            return;
        };
        match session.save(&self.record) {
            Ok(()) => (self.has_failed, self.is_given_up) = (false, false),
            Err(_) if self.has_failed => {}
            Err(error) => {
                let hint = match session.lost() {
                    Some(_) => "; /save NAME writes all of it again",
                    None => "",
                };
                screen.warning(&format!("this conversation can't be saved: {error}{hint}"));
                self.has_failed = true;
            }
        }
        session
            .take_notices()
            .iter()
            .for_each(|notice| screen.note(&notice.to_string()));
    }
}

/// Why nothing may be saved, if nothing may.
fn refusal(settings: &ChatSettings) -> Option<String> {
    let is_off = !settings.values().save;
    is_off.then(|| match settings.source("save") {
        Source::Flag(flag) => format!("{flag} was given"),
        source => format!("{source} is off"),
    })
}

/// Why a model of another service can't be used here: the sandbox has its own models, and no other
/// service has those.
fn out_of_place(model: &str, connection: &Connection) -> Option<&'static str> {
    let is_scripted = Sandbox::has_model(model);
    // Behind an address of this machine there may be `heroku-chat sandbox`.
    let set = connection.settings.model.as_ref();
    let may_be_sandbox = is_loopback(&connection.settings.url.value)
        && set.is_none_or(|model| Sandbox::has_model(&model.value));
    match connection.sandbox {
        Some(_) => (!is_scripted).then_some("the sandbox has its own models"),
        None => (is_scripted && !may_be_sandbox).then_some("that is a model of the sandbox"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_and_variable_say_that_nothing_is_saved() {
        let mut settings = ChatSettings::default();
        assert_eq!(refusal(&settings), None);
        let off = |name: &str| (name == "HEROKU_CHAT_SAVE").then_some("off");
        settings.add_environment(off).unwrap();
        let reason = refusal(&settings);
        assert_eq!(reason.as_deref(), Some("HEROKU_CHAT_SAVE is off"));
    }
}
