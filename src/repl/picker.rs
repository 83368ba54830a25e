//! The user picks from a numbered list: a model, or a saved conversation, whose list typed words
//! narrow.

use std::time::SystemTime;

use super::Repl;
use super::commands::session::go_on_with;
use super::reader::Read;
use crate::api::wait::Now;
use crate::app::{chat_ids, keeping};
use crate::chat::Chat;
use crate::cli::ChatArgs;
use crate::error::Error;
use crate::screen::{Overflow, terminal};
use crate::store::{Sessions, Summary, clock};

const MODEL_PROMPT: &str = "model> ";
const KEEP_PROMPT: &str = "keep it [y/N]> ";
const SESSION_PROMPT: &str = "session> ";

/// Rows of the screen that are no conversation's: the note behind the list, which may be broken,
/// the prompt, and what was typed before.
const OTHER_ROWS: usize = 4;

impl Repl<'_> {
    /// Has the user pick a model if none is set. Says whether there is one, or the user leaves
    /// instead.
    ///
    /// # Errors
    /// If there is nothing to pick from.
    pub fn choose_model(&mut self, chat: &mut Chat) -> Result<bool, Error> {
        if !chat.model.is_empty() {
            return Ok(true);
        }
        let models = self.context.models(&self.connection.client)?;
        let ids = chat_ids(models.clone());
        if ids.is_empty() {
            return Err(self.connection.no_model(self.context));
        }
        let line = |(id, number): (&String, usize)| {
            let model = models.iter().find(|model| model.id == *id);
            let old = model
                .filter(|it| it.is_deprecated())
                .map_or("", |_| "  (deprecated)");
            format!("{number:3}  {id}{old}\n")
        };
        let list: String = ids.iter().zip(1..).map(line).collect();
        let variable = self.connection.variable("MODEL_ID");
        self.screen().note(&format!(
            "{variable} is not set. Choose a model by number or id:"
        ));
        self.screen().print(&list)?;
        self.reader.helper().set_models(models);
        self.reader.helper().choosing_model.set(true);
        let chosen = self.ask_for_one_of(&ids);
        self.reader.helper().choosing_model.set(false);
        let Some(id) = chosen? else {
            return Ok(false);
        };
        self.offer_to_keep(&id)?;
        chat.model = id;
        Ok(true)
    }

    /// Offers to have this model from now on, with the app that it was chosen for, if that is
    /// known.
    fn offer_to_keep(&mut self, model: &str) -> Result<(), Error> {
        // Nothing is read from there, so nothing is to be written.
        if self.context.kept.place.is_empty() {
            return Ok(());
        }
        let app = keeping::app_of(self.connection, self.context);
        let whom = app.as_ref().map(|app| format!(" for the app {app}"));
        let (whom, place) = (whom.unwrap_or_default(), self.context.kept.place.clone());
        self.screen().note(&format!(
            "Keep {model}{whom}, in {place}? y keeps it; Enter doesn't"
        ));
        let answer = self.ask(KEEP_PROMPT)?;
        if !answer.is_some_and(|answer| answer.eq_ignore_ascii_case("y")) {
            return Ok(());
        }
        match keeping::keep("model", Some(model), app.as_deref()) {
            Ok(_) => self.screen().note(&format!("{model} is in {place} now")),
            Err(error) => self.screen().explain(&error),
        }
        Ok(())
    }

    /// Asks until the answer is one of these ids, or a number in their list. None if the user
    /// leaves instead.
    fn ask_for_one_of(&mut self, ids: &[String]) -> Result<Option<String>, Error> {
        while let Some(line) = self.ask(MODEL_PROMPT)? {
            match numbered(ids, &line).or_else(|| ids.iter().find(|id| **id == line)) {
                Some(id) => return Ok(Some(id.clone())),
                None if line.is_empty() => {}
                None => self.screen().warning(&format!(
                    "{line:?} is neither a number of the list nor an id in it"
                )),
            }
        }
        Ok(None)
    }

    /// The answer to a question; none if the user leaves instead.
    fn ask(&mut self, prompt: &str) -> Result<Option<String>, Error> {
        loop {
            return Ok(match self.reader.ask(prompt, self.context)? {
                Read::Line { line, .. } => Some(line.trim().to_owned()),
                Read::ForEditor(_) => continue,
                Read::Interrupted { .. } | Read::End => None,
            });
        }
    }

    /// Has the user pick the conversation to go on with; what flags say of it holds. Says whether
    /// they stay.
    ///
    /// # Errors
    /// A conversation that can't be had.
    pub fn resume(&mut self, chat: &mut Chat, flags: &ChatArgs) -> Result<bool, Error> {
        let all = Sessions::in_data_folder(self.connection.shelf())?
            .list()?
            .sessions;
        if all.is_empty() {
            self.screen()
                .note("no conversation is saved; this is a new one");
            return Ok(true);
        }
        let Some(name) = self.choose_session(&all)? else {
            return Ok(false);
        };
        let system = chat.conversation.system().map(str::to_owned);
        go_on_with(self, chat, &name)?;
        if let Some(model) = &flags.connection.model {
            chat.model.clone_from(model);
        }
        if flags.system.is_some() {
            chat.conversation.set_system(system);
        }
        Ok(true)
    }

    /// Asks until one of these is picked, and returns its name. None if the user leaves instead.
    pub fn choose_session(&mut self, all: &[Summary]) -> Result<Option<String>, Error> {
        let (mut fitting, mut from) = (all.iter().collect::<Vec<_>>(), 0);
        self.list_sessions(&fitting, from)?;
        while let Some(line) = self.ask(SESSION_PROMPT)? {
            let line = line.as_str();
            let named = || all.iter().find(|session| session.name == line);
            if let Some(picked) = numbered(&fitting, line).copied().or_else(named) {
                return Ok(Some(picked.name.clone()));
            }
            if line.is_empty() {
                let next = from + page();
                from = if next < fitting.len() { next } else { 0 };
            } else {
                match narrowed(all, line) {
                    narrow if narrow.is_empty() => {
                        let warning = format!("no saved conversation has {line:?} in its line");
                        self.screen().warning(&warning);
                        continue;
                    }
                    narrow => (fitting, from) = (narrow, 0),
                }
            }
            self.list_sessions(&fitting, from)?;
        }
        Ok(None)
    }

    /// Shows as many as fit the screen.
    fn list_sessions(&mut self, fitting: &[&Summary], from: usize) -> Result<(), Error> {
        let (now, all) = (Now::read().date, fitting.len());
        let rows = fitting.iter().zip(1..).skip(from).take(page());
        let rows: Vec<_> = rows.map(|(it, number)| row(it, number, now)).collect();
        let last = from + rows.len();
        self.screen().table(None, rows, Overflow::Cut)?;
        let more = match all > page() {
            true => format!("{} to {last} of {all}; Enter shows more. ", from + 1),
            false => String::new(),
        };
        let how = "Pick by number, or type words to narrow the list; Ctrl-C leaves it";
        self.screen().note(&(more + how));
        Ok(())
    }
}

/// The item of a list whose number was typed.
pub fn numbered<'a, T>(list: &'a [T], typed: &str) -> Option<&'a T> {
    list.get(typed.parse::<usize>().ok()?.checked_sub(1)?)
}

/// How many are listed at once.
fn page() -> usize {
    terminal::height().saturating_sub(OTHER_ROWS).max(1)
}

/// A session's line: its number, age and model, and what it is about.
fn row(session: &Summary, number: usize, now: SystemTime) -> [String; 4] {
    [
        format!("{number:3}"),
        clock::age(session.changed, now),
        session.model.clone().unwrap_or_default(),
        about(session),
    ]
}

/// The first words, behind the name if that isn't made of the time and them.
fn about(session: &Summary) -> String {
    let Summary { name, title, .. } = session;
    let year = name.split_once('-').and_then(|(year, _)| year.parse().ok());
    match year.is_some_and(|year: u16| year > 2000) {
        true => title.clone(),
        false => format!("{name}: {title}"),
    }
}

/// Those with all of these words in name, model or title, in whatever case.
fn narrowed<'a>(all: &'a [Summary], words: &str) -> Vec<&'a Summary> {
    let words = words.to_lowercase();
    let has_all = |session: &&Summary| {
        let model = session.model.as_deref().unwrap_or_default();
        let line = format!("{} {model} {}", session.name, session.title).to_lowercase();
        words.split_whitespace().all(|word| line.contains(word))
    };
    all.iter().filter(has_all).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_narrow_by_name_model_and_title_in_any_order() {
        let session = |name: &str, model: Option<&str>, title: &str| Summary {
            name: name.to_owned(),
            title: title.to_owned(),
            turns: 1,
            model: model.map(str::to_owned),
            started: None,
            changed: SystemTime::UNIX_EPOCH,
            bytes: 1,
        };
        let all = [
            session("2026-11-23-0215-why-r14", Some("claude-4-6"), "Why R14?"),
            session("release", Some("gpt-oss-120b"), "Notes for Zürich"),
            session("2026-11-23-0216", None, "Why not?"),
        ];
        for (words, numbers) in [
            ("why", &[0, 2][..]),
            ("r14  WHY", &[0]),
            ("zÜRICH gpt", &[1]),
            ("release", &[1]),
            ("2026-11-23", &[0, 2]),
            ("why gpt", &[]),
        ] {
            let fitting: Vec<&Summary> = numbers.iter().map(|&index| &all[index]).collect();
            assert_eq!(narrowed(&all, words), fitting, "{words}");
        }
        assert_eq!(about(&all[0]), "Why R14?");
        assert_eq!(about(&all[1]), "release: Notes for Zürich");
    }
}
