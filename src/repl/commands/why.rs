//! `/why`: examines an app, and offers its facts to the model, as `why` does on a terminal.

use super::super::{Flow, Repl};
use crate::app::explaining::{amount, instruct, release};
use crate::chat::Chat;
use crate::error::Error;
use crate::why::Brief;

pub fn why(repl: &mut Repl<'_>, chat: &mut Chat, app: &str) -> Result<Flow, Error> {
    if app == "none" {
        repl.forget_facts(chat);
        return repl.noted("no facts go with the next prompt");
    }
    let connection = repl.connection;
    let mut heroku = connection.heroku.clone();
    if !app.is_empty() {
        (heroku.app, heroku.remote) = (Some(app.to_owned()), None);
    }
    let is_sandbox = connection.sandbox.is_some();
    let (mut examined, verdict) = (repl.examine)(&heroku, is_sandbox, repl.context)?;
    let facts = examined.brief(&verdict);
    repl.offer(chat, facts);
    Ok(Flow::Continue)
}

impl Repl<'_> {
    /// What was asked in a prompt, and whether facts stand before it.
    pub fn question(&self, prompt: String) -> (String, bool) {
        let facts = self.facts.as_ref();
        let question = facts.and_then(|facts| prompt.strip_prefix(&*facts.text));
        match question.map(|it| it.trim_start().to_owned()) {
            Some(question) => (question, true),
            None => (prompt, false),
        }
    }

    /// Has the facts of an app go with the next prompt.
    pub fn offer(&mut self, chat: &mut Chat, facts: Brief) {
        instruct(&mut chat.conversation);
        (self.facts, self.offers_facts) = (Some(facts), true);
    }

    /// Has none go with it, and nothing asked again that was about them alone.
    pub fn forget_facts(&mut self, chat: &mut Chat) {
        release(&mut chat.conversation);
        (self.facts, self.offers_facts) = (None, false);
        self.failed.take_if(|failed| failed.is_empty());
    }

    /// Says that Enter sends facts, if it does. What was typed before the user could read that is
    /// thrown away: an impatient Enter sends nothing.
    pub fn say_what_enter_sends(&mut self, chat: &Chat) {
        if let Some(facts) = self.facts.as_ref().filter(|_| self.offers_facts) {
            let (model, amount) = (&chat.model, amount(facts));
            let note = format!("Enter asks {model} about these facts: {amount}");
            self.screen().note(&note);
            self.reader.discard();
        }
    }
}
