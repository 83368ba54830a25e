//! Decides by the flags and `HEROKU_CHAT_SAVE` whether a conversation is saved and which one is
//! continued; saves it, and says so if that fails. A chat never ends because it can't be saved.

use crate::api::wait::Now;
use crate::app::Connection;
use crate::chat::Chat;
use crate::cli::source::Source;
use crate::cli::{ChatArgs, ChatSettings};
use crate::config::is_loopback;
use crate::error::Error;
use crate::sandbox::Sandbox;
use crate::screen::Screen;
use crate::store::{Record, Restored, Session, Sessions, Shelf};

/// Where a conversation is saved, turn by turn.
#[derive(Debug, Default)]
pub struct Saving {
    /// What happened in the conversation, saved or not.
    record: Record,
    /// Where it stands.
    shelf: Shelf,
    /// None if there is none yet, or never.
    session: Option<Session>,
    /// Whether anything is written.
    pub is_on: bool,
    /// Whether the last try failed, which was told then.
    has_failed: bool,
    /// Whether the user was told that the conversation is lost if they leave.
    is_given_up: bool,
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
    let mut note = format!("this conversation was with {last}, and {reason}");
    if let Some(now) = &now {
        note += &format!("; going on with {now}");
    }
    screen.note(&note);
    now
}

impl Saving {
    /// Opens the session that was named, or one that is made with the first turn if conversations
    /// without a name are saved.
    ///
    /// # Errors
    /// A session that was named and can't be had.
    pub fn begin(
        args: &ChatArgs,
        settings: &ChatSettings,
        saves_unnamed: bool,
        screen: &mut Screen,
    ) -> Result<(Restored, Self), Error> {
        let shelf = Shelf::of(args.connection.sandbox);
        if args.continue_last || args.session.is_some() {
            let last = || Sessions::in_data_folder(shelf)?.latest();
            let name = args.session.clone().map_or_else(last, Ok)?;
            return Saving::open(&name, shelf, refusal(settings), screen);
        }
        let mut saving = Saving {
            shelf,
            ..Saving::default()
        };
        if saves_unnamed
            && refusal(settings).is_none()
            && let Err(error) = saving.resume()
        {
            let reason = error.explain().title;
            screen.warning(&format!("this conversation is not saved: {reason}"));
        }
        Ok((Restored::default(), saving))
    }

    /// Goes on with a session of this name, which is only read if there is a refusal to save.
    ///
    /// # Errors
    /// A file that can't be read as one.
    pub fn open(
        name: &str,
        shelf: Shelf,
        refusal: Option<String>,
        screen: &mut Screen,
    ) -> Result<(Restored, Self), Error> {
        let sessions = Sessions::in_data_folder(shelf)?;
        let (mut restored, session) = match refusal {
            None => {
                let opened = sessions.open(name)?;
                (opened.restored, Some(opened.session))
            }
            Some(reason) => {
                let (restored, found) = match sessions.load(name) {
                    Err(Error::NoSession { .. }) => {
                        (Restored::default(), format!("there is no {name} to read"))
                    }
                    other => (other?, format!("{name} is read")),
                };
                screen.note(&format!("{found}, and nothing is saved: {reason}"));
                (restored, None)
            }
        };
        for notice in &restored.notices {
            screen.note(&notice.to_string());
        }
        let saving = Saving {
            shelf,
            record: std::mem::take(&mut restored.record),
            is_on: session.is_some(),
            session,
            ..Saving::default()
        };
        Ok((restored, saving))
    }

    /// Saves all that was said so far and what follows: where it was saved before, else in a
    /// session of its own.
    ///
    /// # Errors
    /// If there is no home to have a data folder in.
    pub fn resume(&mut self) -> Result<(), Error> {
        if self.session.is_none() {
            self.session = Some(Sessions::in_data_folder(self.shelf)?.create());
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
        let written = self.session.take_if(|session| session.is_written());
        *self = Saving {
            shelf: self.shelf,
            is_on: self.is_on,
            session: self.session.take(),
            ..Saving::default()
        };
        if self.is_on {
            self.resume()?;
        }
        Ok(written.and_then(|session| session.name()))
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

    /// Gives the session a name and writes it, whatever there is to write. Says whether all of it
    /// is on disk.
    ///
    /// # Errors
    /// A name that breaks the rule or is another session's; the system's.
    pub fn save_as(
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
        self.save(chat, screen);
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

    /// The name under which all that was said can be gone on with, if it can.
    pub fn saved_name(&self) -> Option<String> {
        let session = self.session.as_ref().filter(|it| it.is_written());
        session.filter(|_| self.is_on && !self.has_failed)?.name()
    }

    /// Notes what happened since the last time, and writes it. A failure is told once, and what
    /// could not be written is tried again the next time.
    pub fn save(&mut self, chat: &mut Chat, screen: &mut Screen) {
        self.record
            .add(&mut chat.conversation, &chat.model, Now::read().date);
        let Some(session) = self.session.as_mut().filter(|_| self.is_on) else {
            return;
        };
        match session.save(&self.record) {
            Ok(()) => (self.has_failed, self.is_given_up) = (false, false),
            Err(_) if self.has_failed => {}
            Err(error) => {
                let mut warning = format!("this conversation can't be saved: {error}");
                if session.lost().is_some() {
                    warning += "; /save NAME writes all of it again";
                }
                screen.warning(&warning);
                self.has_failed = true;
            }
        }
        for notice in session.take_notices() {
            screen.note(&notice.to_string());
        }
    }
}

/// Why nothing may be saved, if nothing may.
pub fn refusal(settings: &ChatSettings) -> Option<String> {
    (!settings.values.save).then(|| match settings.source("save") {
        Source::Flag(flag) => format!("{flag} was given"),
        Source::Chat => "save is off".to_owned(),
        source => format!("{source} is off"),
    })
}

/// Why a model of another service can't be used here: no other has those of the sandbox, whose
/// conversations stand apart.
fn out_of_place(model: &str, connection: &Connection) -> Option<&'static str> {
    // Behind an address of this machine there may be `heroku-chat sandbox`.
    let set = connection.settings.model.as_ref();
    let may_be_sandbox = is_loopback(&connection.settings.url.value)
        && set.is_none_or(|model| Sandbox::has_model(&model.value));
    let is_apart = connection.sandbox.is_none() && Sandbox::has_model(model) && !may_be_sandbox;
    is_apart.then_some("that is a model of the sandbox")
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
