//! One chat turn, the same for the REPL and for `ask`: send what was said, show what comes, keep
//! what came.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use crate::api::chat::{self, Quirks, Repair, RequestOptions};
use crate::api::reply::{Completion, Part, Reply};
use crate::api::{Client, Head, Step, models, retry};
use crate::conversation::{Conversation, Cost, Message, Role};
use crate::error::{Error, ProblemKind};
use crate::interrupt::Interrupts;
use crate::ui::Ui;

/// A conversation with a model.
pub struct Chat {
    pub client: Client,
    pub model: String,
    pub options: RequestOptions,
    pub conversation: Conversation,
    /// By model, because another may take what this one refused.
    quirks: HashMap<String, Quirks>,
    /// Whether what may pass by itself is tried again.
    pub retries: bool,
    /// What each answer took, those that were replaced or taken back included: they are paid for,
    /// too.
    pub costs: Vec<Cost>,
    last_request: Option<Vec<u8>>,
}

/// Asks for the rest of an answer.
const GO_ON: &str = "Your last answer was cut off. Go on exactly where it ends, without repeating any of it and without \
                     a word about this.";

/// What a turn brought.
#[derive(Debug)]
pub struct Answer {
    pub completion: Completion,
    /// Why it isn't all of the answer, where it isn't.
    pub cut: Option<Error>,
    /// From sending the request to the first word, and to the last.
    pub first_word: Option<Duration>,
    pub total: Duration,
    /// In how many reads words came: one alone, and nothing was streamed.
    pub reads: usize,
    /// The head of the response; empty where there was none.
    pub head: Head,
}

/// Whether the words of an answer are shown as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    Words,
    Nothing,
}

impl Answer {
    /// Whether it ended before its end: broken off, or at the limit of its length.
    pub fn is_cut(&self) -> bool {
        self.cut.is_some() || self.completion.is_at_limit()
    }
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
            conversation,
            quirks: HashMap::new(),
            retries: true,
            costs: Vec::new(),
            last_request: None,
        }
    }

    /// The body of the request that `say` would send without a new prompt.
    pub fn request_body(&self) -> Vec<u8> {
        let quirks = self.quirks.get(&self.model).cloned().unwrap_or_default();
        chat::body(&self.model, &self.conversation, &self.options, &quirks)
    }

    /// Whether images go with any message that a request would have.
    pub fn sends_images(&self) -> bool {
        chat::sent(&self.conversation, &self.options)
            .iter()
            .any(|message| message.images().next().is_some())
    }

    /// The body of the last request, whatever came of it.
    pub fn last_request(&self) -> Option<&[u8]> {
        self.last_request.as_deref()
    }

    /// Says something and shows the answer. A turn of which nothing came leaves no trace in the
    /// conversation.
    ///
    /// # Errors
    /// Why there is no answer. An answer that broke off is not an error but marked as cut.
    pub fn say(
        &mut self,
        prompt: Message,
        show: Show,
        ui: &mut Ui,
        interrupts: &Interrupts,
    ) -> Result<Answer, Error> {
        self.conversation.push(prompt);
        let answer = self.answered(show, ui, interrupts);
        match &answer {
            Ok(answer) => self.conversation.push(self.message(answer)),
            Err(_) => drop(self.conversation.take_turn()),
        }
        answer
    }

    /// Says the last prompt again and replaces its answer; none where nothing was said yet. An
    /// answer is lost only to another.
    ///
    /// # Errors
    /// As [`Chat::say`].
    pub fn say_again(
        &mut self,
        show: Show,
        ui: &mut Ui,
        interrupts: &Interrupts,
    ) -> Option<Result<Answer, Error>> {
        let (prompt, old): (Message, Option<Message>) = self.conversation.take_turn()?;
        let answer = self.say(prompt.clone(), show, ui, interrupts);
        if answer.is_err() {
            self.conversation.put_back(prompt, old);
        }
        Some(answer)
    }

    /// Has the last answer continued where it ended, and adds to it what comes; none where there is
    /// no answer.
    ///
    /// The request for it is no part of the conversation. A last message of the assistant's own,
    /// which some models take as a beginning to go on with, is refused by others.
    ///
    /// # Errors
    /// As [`Chat::say`].
    pub fn go_on(
        &mut self,
        show: Show,
        ui: &mut Ui,
        interrupts: &Interrupts,
    ) -> Option<Result<Answer, Error>> {
        self.conversation
            .messages()
            .last()
            .filter(|message| message.role == Role::Assistant)?;
        self.conversation.push(Message::prompt(GO_ON, Vec::new()));
        let context = self.options.context;
        // The request for the rest is no turn of its own.
        self.options.context = context.map(|turns| turns + 1);
        let answer = self.answered(show, ui, interrupts);
        self.options.context = context;
        self.conversation.pop();
        if let Ok(answer) = &answer
            && let Some(begun) = self.conversation.pop()
        {
            let more = self.message(answer);
            self.conversation.push(Message {
                content: begun.content + &more.content,
                ..more
            });
        }
        Some(answer)
    }

    /// Sends the conversation, where this model takes it.
    fn answered(
        &mut self,
        show: Show,
        ui: &mut Ui,
        interrupts: &Interrupts,
    ) -> Result<Answer, Error> {
        if models::is_text_only(&self.model) && self.sends_images() {
            return Err(Error::TextOnly {
                model: self.model.clone(),
            });
        }
        let answer = self.exchange(show, ui, interrupts)?;
        if answer.completion.is_blank() {
            return Err(nothing_came(answer));
        }
        Ok(answer)
    }

    fn message(&self, answer: &Answer) -> Message {
        let message = Message::new(Role::Assistant, answer.completion.content.clone());
        Message {
            cut: answer.is_cut(),
            cost: Some(self.cost(answer)),
            ..message
        }
    }

    fn cost(&self, answer: &Answer) -> Cost {
        let usage = answer.completion.usage.unwrap_or_default();
        Cost {
            model: self.model.clone(),
            prompt_tokens: usage.prompt_tokens.0,
            completion_tokens: usage.completion_tokens.0,
        }
    }

    /// Sends the conversation, again where that may help and nothing was shown yet.
    fn exchange(
        &mut self,
        show: Show,
        ui: &mut Ui,
        interrupts: &Interrupts,
    ) -> Result<Answer, Error> {
        let mut waited = Duration::ZERO;
        let mut retries = 0;
        loop {
            let answer = self.attempt(show, ui, interrupts);
            // What was counted was paid for, whatever came of it.
            if answer.first_word.is_some() || answer.completion.usage.is_some() {
                self.costs.push(self.cost(&answer));
            }
            if answer.first_word.is_some() {
                return Ok(answer);
            }
            let Some(error) = answer.cut else {
                return Ok(answer);
            };
            if let Some(repair) = self.repair(&error) {
                ui.note(&repair_sentence(&self.model, &repair));
                continue;
            }
            let wait = match &error {
                Error::Service(problem) => problem.retry_after,
                _ => None,
            };
            let wait = wait
                .unwrap_or_else(|| retry::back_off(retries, fastrand::f64()))
                .max(retry::SHORTEST_WAIT);
            if !self.retries
                || !error.is_transient()
                || retries == retry::RETRIES
                || waited + wait > retry::TOTAL_WAIT
            {
                return Err(error);
            }
            self.wait(wait, &error, ui, interrupts)?;
            waited += wait;
            retries += 1;
        }
    }

    /// One request and its response. What went wrong is in `cut`.
    fn attempt(&mut self, show: Show, ui: &mut Ui, interrupts: &Interrupts) -> Answer {
        let started = Instant::now();
        let mut first_word = None;
        let (mut reads, mut response_head) = (0, Head::default());
        let body = self.request_body();
        self.last_request = Some(body.clone());
        let mut exchange = self
            .client
            .chat(body, self.options.stream, interrupts, |line| {
                ui.debug(&format!("> {line}"))
            });
        let mut reply = Reply::new(self.client.host(), &self.model);
        let mut written = Ok(());
        let ended = loop {
            let mut deliver = |part: Part<'_>| {
                first_word.get_or_insert_with(|| started.elapsed());
                if show == Show::Words && written.is_ok() {
                    written = ui.part(part);
                }
            };
            match exchange.next(Some(Ui::TICK)) {
                Ok(Step::Body(bytes)) => {
                    let mut has_words = false;
                    let more = reply.push(&bytes, &mut |part| {
                        has_words = true;
                        deliver(part);
                    });
                    reads += usize::from(has_words);
                    written = written.and_then(|()| ui.flush());
                    if written.is_err() || !more {
                        break Ok(());
                    }
                }
                Ok(Step::Head(head)) => {
                    ui.debug(&format!("< {} after {:?}", head.status, started.elapsed()));
                    head.headers
                        .iter()
                        .for_each(|(name, value)| ui.debug(&format!("< {name}: {value}")));
                    response_head = head.clone();
                    reply.head(head);
                }
                Ok(Step::Tick) if first_word.is_none() => {
                    ui.waiting(&self.model, started.elapsed())
                }
                Ok(Step::Tick) => {}
                Ok(Step::End) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        ui.clear_status();
        let (is_complete, is_refusal) = (reply.is_complete(), reply.is_refusal());
        let (completion, result) = reply.end(SystemTime::now(), &mut |part| {
            first_word.get_or_insert_with(|| started.elapsed());
            if show == Show::Words && written.is_ok() {
                written = ui.part(part);
            }
        });
        // What came is kept, also where nobody can see it any more.
        let written = written.and_then(|()| ui.end_answer());
        let first = first_word.map_or_else(|| "none".to_owned(), |time| format!("after {time:?}"));
        ui.debug(&format!(
            "* first word {first}, total {:?}",
            started.elapsed()
        ));
        // What the connection does after the service said that the answer is complete, or refused,
        // is no matter.
        let matters =
            |error: &Error| !is_complete && (!is_refusal || matches!(error, Error::Interrupted));
        let cut = written
            .err()
            .or_else(|| ended.err().filter(matters))
            .or(result.err());
        Answer {
            completion,
            cut,
            first_word,
            total: started.elapsed(),
            reads,
            head: response_head,
        }
    }

    /// Adapts to a refused field, once for each.
    fn repair(&mut self, error: &Error) -> Option<Repair> {
        let Error::Service(problem) = error else {
            return None;
        };
        let refused = match &problem.kind {
            ProblemKind::UnknownParameter(name) => name.as_str(),
            ProblemKind::Rejected if chat::wants_the_newer_name(&problem.message) => "max_tokens",
            _ => return None,
        };
        self.quirks
            .entry(self.model.clone())
            .or_default()
            .learn(refused, &self.options)
    }

    fn wait(
        &self,
        wait: Duration,
        error: &Error,
        ui: &mut Ui,
        interrupts: &Interrupts,
    ) -> Result<(), Error> {
        let title = error.explain().title;
        let until = Instant::now() + wait;
        ui.retrying(&title, wait);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                ui.clear_status();
                return Ok(());
            }
            if let Err(error) = interrupts.sleep(left.min(Duration::from_secs(1))) {
                ui.clear_status();
                return Err(error);
            }
            ui.still_retrying(&title, until.saturating_duration_since(Instant::now()));
        }
    }
}

/// Why an answer without a word is none.
fn nothing_came(answer: Answer) -> Error {
    answer.cut.unwrap_or(Error::EmptyAnswer {
        finish_reason: answer.completion.why_empty(),
    })
}

fn repair_sentence(model: &str, repair: &Repair) -> String {
    match repair {
        Repair::Dropped(name) => format!("{model} does not know {name}: sent again without it"),
        Repair::Renamed { from, to } => format!("{model} does not know {from}: sent again as {to}"),
    }
}
