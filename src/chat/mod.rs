//! A conversation with a model: each prompt goes out as a turn, and what comes of it is kept. It
//! knows no screen; whoever asks for the next event shows it.

mod event;
mod joint;
mod turn;

use std::collections::HashMap;

use crate::api::call::{Next, Progress, Satisfied};
use crate::api::request::{self, Quirks, RequestOptions};
use crate::api::wait::Now;
use crate::api::{Client, Line, curl, models};
use crate::cli::settings::{Spending, Turns};
use crate::conversation::price;
use crate::conversation::{Conversation, Cost, Message, Role, TakenTurn, Usage};
use crate::error::Error;
use crate::export::{Format, Subject, export};
use crate::interrupt::Interrupts;
use crate::sandbox::Sandbox;
pub use event::{Answer, Event};
use joint::Joint;
use turn::Turn;

/// A conversation with a model.
pub struct Chat {
    pub client: Client,
    pub model: String,
    pub options: RequestOptions,
    pub spending: Spending,
    pub conversation: Conversation,
    /// By model, because another may take what this one refused.
    quirks: HashMap<String, Quirks>,
    /// What each answer took, those that were replaced or taken back included: they are paid for,
    /// too.
    pub costs: Vec<Cost>,
    /// The body of the last request, whatever came of it.
    pub last_request: Option<Vec<u8>>,
}

/// A turn under way. Ask it for the next event until [`Event::Done`]; then the conversation is as
/// the turn left it.
pub struct Saying<'a> {
    chat: &'a mut Chat,
    turn: Turn,
    line: Line,
    purpose: Purpose,
    /// How it ended, while the last words are yet to be told.
    ended: Option<Result<Box<Answer>, Error>>,
}

/// What becomes of an answer.
enum Purpose {
    /// It follows the prompt. Without one the prompt is taken back: a failed turn leaves no trace.
    Say,
    /// It replaces that of this turn, which stays if there is no other.
    SayAgain(Option<TakenTurn>),
    /// It is added to the last answer.
    GoOn(Joint),
}

impl Chat {
    pub fn new(
        client: Client,
        model: String,
        options: RequestOptions,
        conversation: Conversation,
    ) -> Self {
        Chat {
            client,
            model,
            options,
            spending: Spending::default(),
            conversation,
            quirks: HashMap::new(),
            costs: Vec::new(),
            last_request: None,
        }
    }

    /// The body of the request that `say` would send without a new prompt.
    pub fn request_body(&self) -> Vec<u8> {
        let quirks = self.quirks.get(&self.model).cloned().unwrap_or_default();
        request::body(&self.model, &self.conversation, &self.options, &quirks)
    }

    /// Makes the connection of the next prompt's request, with the next key or at once.
    pub fn expect_prompt(&self, at_once: bool) {
        let body = self.request_body();
        self.client.expect(body, self.options.stream, at_once);
    }

    /// The conversation in a format; programs read variables that begin with this prefix.
    pub fn export(&self, format: Format, prefix: &str) -> String {
        let subject = Subject {
            conversation: &self.conversation,
            model: &self.model,
            options: &self.options,
            prefix,
        };
        export(format, &subject)
    }

    /// A request as a curl command that reads the key from a variable.
    pub fn curl(&self, key: &str, body: &[u8]) -> String {
        curl::command(&self.client.chat_endpoint(), key, body)
    }

    /// Whether images go with a message that a request would have, and the model takes none.
    pub fn sends_images_in_vain(&self) -> bool {
        let mut sent = request::sent(&self.conversation, &self.options).iter();
        models::is_text_only(&self.model) && sent.any(|it| it.images().next().is_some())
    }

    /// Says something.
    pub fn say(&mut self, prompt: Message, interrupts: &Interrupts) -> Saying<'_> {
        self.conversation.push(prompt);
        self.begin(Purpose::Say, interrupts)
    }

    /// Says the last prompt again, and replaces its answer; none if nothing was said yet. An answer
    /// is lost only to another.
    pub fn say_again(&mut self, interrupts: &Interrupts) -> Option<Saying<'_>> {
        let old = self.conversation.take_turn()?;
        self.conversation.push(old.prompt().clone());
        Some(self.begin(Purpose::SayAgain(Some(old)), interrupts))
    }

    /// Has the last answer continued where it ended; none if there is no answer.
    ///
    /// The request for it is no part of the conversation. A last message of the assistant's own,
    /// which some models take as a beginning to go on with, is refused by others.
    pub fn go_on(&mut self, interrupts: &Interrupts) -> Option<Saying<'_>> {
        let last = self.conversation.messages().last();
        let last = last.filter(|message| message.role == Role::Assistant)?;
        let joint = match last.cut {
            true => Joint::at_end_of(&last.content),
            false => Joint::default(),
        };
        let request = Message::prompt(joint.request(), Vec::new());
        self.conversation.push(request);
        Some(self.begin(Purpose::GoOn(joint), interrupts))
    }

    fn begin(&mut self, purpose: Purpose, interrupts: &Interrupts) -> Saying<'_> {
        let mut options = self.options.clone();
        // The request for the rest is no turn of its own.
        if let (Purpose::GoOn(_), Turns::Last(turns)) = (&purpose, &mut options.context) {
            *turns += 1;
        }
        let quirks = self.quirks.remove(&self.model).unwrap_or_default();
        let (host, attempts, now) = (self.client.host(), self.client.attempts(), Now::read());
        let mut turn = Turn::new(host, &self.model, options, quirks, attempts, now.instant);
        if self.sends_images_in_vain() {
            let model = self.model.clone();
            turn.refuse(Error::TextOnly { model });
        } else if let Err(error) = self.check_budget() {
            turn.refuse(error);
        }
        Saying {
            turn,
            line: self.client.line(interrupts),
            purpose,
            ended: None,
            chat: self,
        }
    }

    /// Whether the next request keeps to the budget, whatever is answered to it.
    fn check_budget(&self) -> Result<(), Error> {
        let Spending { price: own, budget } = &self.spending;
        // Nobody pays for scripted models, so a budget that is kept stops no chat with them.
        let is_scripted = Sandbox::has_model(&self.model);
        let Some(budget) = budget.filter(|_| !is_scripted) else {
            return Ok(());
        };
        let price_of = |model: &str| {
            let model = model.to_owned();
            price::of(&model, own).ok_or(Error::NoPrice { model })
        };
        let limit = self.options.max_tokens.ok_or(Error::NoLimit)?;
        let sent = request::sent(&self.conversation, &self.options).iter();
        let input = price::estimated_tokens(self.conversation.system(), sent);
        let next = price_of(&self.model)?.times(input, limit.into());
        let mut spent = 0.0;
        for cost in &self.costs {
            // An answer that was stopped has no count; it can't have cost more than one like this.
            let most = price_of(&cost.model)?.times(input, limit.into());
            spent += cost.dollars(own).unwrap_or(most);
        }
        match spent + next > budget {
            true => Err(Error::OverBudget {
                budget,
                spent,
                next,
            }),
            false => Ok(()),
        }
    }

    fn message(&self, answer: &Answer) -> Message {
        let usage = answer.completion.usage.clone();
        Message {
            cut: answer.is_cut(),
            cost: Some(self.cost(usage.unwrap_or_default())),
            ..Message::new(Role::Assistant, &answer.completion.content)
        }
    }

    fn cost(&self, usage: Usage) -> Cost {
        Cost {
            model: self.model.clone(),
            usage,
        }
    }
}

impl Saying<'_> {
    /// The model that is asked.
    pub fn model(&self) -> &str {
        &self.chat.model
    }

    /// The next event. [`Event::Done`] is the last.
    pub fn next(&mut self) -> Event {
        loop {
            if let Some(answer) = self.ended.take() {
                return Event::Done(self.keep(answer));
            }
            let need = match (self.turn.next(Now::read()), &mut self.purpose) {
                (Next::Tell(Event::Content(text)), Purpose::GoOn(joint)) => {
                    match joint.push(text) {
                        Some(shown) => return Event::Content(shown),
                        None => continue,
                    }
                }
                (Next::Tell(Event::Done(answer)), purpose) => {
                    self.ended = Some(answer);
                    if let Purpose::GoOn(joint) = purpose
                        && let Some(shown) = joint.end()
                    {
                        return Event::Content(shown);
                    }
                    continue;
                }
                (Next::Tell(event), _) => return event,
                (Next::Need(need), _) => need,
            };
            let (chat, turn) = (&mut *self.chat, &self.turn);
            let request = || {
                let body = turn.request_body(&chat.conversation);
                chat.last_request = Some(body.clone());
                chat.client.chat_request(body, chat.options.stream)
            };
            match self.line.satisfy(need, request) {
                Satisfied::Sent(lines) => return Event::Call(Progress::Sent(lines)),
                Satisfied::Came(came) => self.turn.take(came, Now::read()),
            }
        }
    }

    /// Ends the turn, for instance because nobody can see the answer any more. What came until now
    /// is kept.
    pub fn stop(mut self, error: Error) -> Result<Box<Answer>, Error> {
        let answer = self.turn.stop(error, Now::read());
        self.keep(answer)
    }

    /// Keeps what came in the conversation and in the books.
    fn keep(&mut self, answer: Result<Box<Answer>, Error>) -> Result<Box<Answer>, Error> {
        let chat = &mut *self.chat;
        let quirks = self.turn.quirks.clone();
        chat.quirks.insert(chat.model.clone(), quirks);
        let message = answer.as_ref().ok().map(|answer| chat.message(answer));
        let usages = std::mem::take(&mut self.turn.usages).into_iter();
        let mut costs: Vec<Cost> = usages.map(|usage| chat.cost(usage)).collect();
        chat.costs.extend(costs.iter().cloned());
        // The answer itself holds what the last attempt took.
        costs.truncate(costs.len() - usize::from(message.is_some() && !costs.is_empty()));
        chat.conversation.spend(costs);
        match (&mut self.purpose, message) {
            (Purpose::Say | Purpose::SayAgain(_), Some(message)) => {
                chat.conversation.push(message);
            }
            (Purpose::Say, None) => drop(chat.conversation.take_turn()),
            (Purpose::SayAgain(old), None) => {
                drop(chat.conversation.take_turn());
                old.take()
                    .into_iter()
                    .for_each(|old| chat.conversation.put_back(old));
            }
            (Purpose::GoOn(joint), message) => {
                drop(chat.conversation.take_turn());
                if let Some(mut more) = message
                    && let Some(begun) = chat.conversation.take_turn()
                {
                    more.content = joint.whole(&more.content);
                    let continued = begun.continued(more, joint.length());
                    chat.conversation.extend(continued);
                }
            }
        }
        answer
    }
}
