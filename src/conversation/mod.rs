//! What was said, in order: a flat list of messages, as the service takes them. A turn is the part
//! from one prompt to before the next, however many calls and results lie between.

mod attachment;
mod message;
pub mod price;
mod title;

pub use attachment::{Attachment, Content, IMAGE_LIMIT, TEXT_LIMIT, fenced};
#[cfg(test)]
pub use message::Call;
pub use message::{Cost, Message, Role, Usage};
pub use title::title;

/// How a request begins that has the rest of an answer as its answer.
pub const GO_ON: &str = "Your last answer was cut off.";

/// A piece of an answer, as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// What the model says.
    Content(&'a str),
    /// What it thinks before.
    Reasoning(&'a str),
}

/// A system prompt, and what was said.
///
/// It remembers what happened since the last [`Conversation::changes`], so that it can be written
/// down.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    system: Option<String>,
    messages: Vec<Message>,
    /// How many messages at the start were handed out as changes.
    recorded: usize,
    /// How many turns that were handed out have been taken back since.
    taken_back: usize,
    is_system_changed: bool,
    /// What attempts took of which no answer is left.
    spent: Vec<Cost>,
}

/// A turn that was taken out of a conversation.
#[derive(Debug)]
pub struct TakenTurn {
    /// The prompt, and all that followed it.
    messages: Vec<Message>,
    is_recorded: bool,
}

/// What happened in a conversation, in this order.
#[derive(Debug, PartialEq)]
pub struct Changes<'a> {
    /// The new system prompt; empty if there is none any more.
    pub system: Option<&'a str>,
    /// How many of the last turns were taken back.
    pub taken_back: usize,
    /// The turns that were added.
    pub turns: Vec<&'a [Message]>,
    /// What attempts took of which no answer is left.
    pub spent: Vec<Cost>,
}

impl TakenTurn {
    /// The prompt.
    pub fn prompt(&self) -> &Message {
        &self.messages[0]
    }

    /// Whether nothing followed the prompt.
    pub fn is_unanswered(&self) -> bool {
        self.messages.len() == 1
    }

    /// The messages with more of the last answer, of which so many bytes at the end are said again.
    /// What the others took was counted before.
    pub fn continued(mut self, more: Message, again: usize) -> Vec<Message> {
        let begun = self.messages.pop();
        self.messages.iter_mut().for_each(|it| it.cost = None);
        let mut content = begun.map(|begun| begun.content).unwrap_or_default();
        content.truncate(content.len().saturating_sub(again));
        self.messages.push(Message {
            content: content + &more.content,
            ..more
        });
        self.messages
    }
}

impl Conversation {
    /// Continues what was said before. A system message among it becomes the system prompt.
    pub fn from_messages(messages: Vec<Message>) -> Self {
        let mut conversation = Conversation::default();
        let is_system = |message: &Message| message.role == Role::System;
        let (system, messages): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_system);
        let system: Vec<String> = system.into_iter().map(|message| message.content).collect();
        conversation.set_system(Some(system.join("\n\n")));
        conversation.messages = messages;
        conversation
    }

    /// Continues what is written down somewhere.
    pub fn recorded(system: Option<String>, messages: Vec<Message>) -> Self {
        Conversation {
            system,
            recorded: messages.len(),
            messages,
            ..Conversation::default()
        }
    }

    pub fn system(&self) -> Option<&str> {
        self.system.as_deref()
    }

    /// Sets the system prompt for what follows; an empty one is none.
    pub fn set_system(&mut self, system: Option<String>) {
        let system = system.filter(|text| !text.trim().is_empty());
        self.is_system_changed |= system != self.system;
        self.system = system;
    }

    /// The messages without the system prompt.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether nothing was said and there is no system prompt.
    pub fn is_empty(&self) -> bool {
        self.system.is_none() && self.messages.is_empty()
    }

    /// How many turns there are.
    pub fn turns(&self) -> usize {
        self.messages.iter().filter(|it| it.is_prompt()).count()
    }

    /// The messages of the last `turns` turns. Those before the first prompt belong to the first.
    pub fn last_turns(&self, turns: usize) -> &[Message] {
        let mut first = self.messages.len();
        for _ in 0..turns {
            let prompt = self.messages[..first].iter().rposition(Message::is_prompt);
            first = prompt.unwrap_or_default();
        }
        match self.messages[..first].iter().any(Message::is_prompt) {
            true => &self.messages[first..],
            false => &self.messages,
        }
    }

    /// All that was said as text, each message below who said it. `show` gets each part, and
    /// whether that is an answer's.
    pub fn transcript(&self, show: &dyn Fn(&str, bool) -> String) -> String {
        let system = self.system.iter();
        let system = system.map(|text| show(&format!("[system]\n{}", text.trim_end()), false));
        let said = self.messages.iter().map(|it| it.transcript(show));
        system.chain(said).collect::<Vec<_>>().join("\n\n")
    }

    /// Adds a message to the turn that is under way; a prompt begins one.
    pub fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Adds a turn.
    pub fn extend(&mut self, messages: Vec<Message>) {
        self.messages.extend(messages);
    }

    /// The last answer in words.
    pub fn last_answer(&self) -> Option<&Message> {
        let mut said = self.messages.iter().rev();
        said.find(|message| message.role == Role::Assistant && !message.content.is_empty())
    }

    /// The last prompt.
    pub fn last_prompt(&self) -> Option<&Message> {
        self.messages.iter().rfind(|it| it.is_prompt())
    }

    /// Takes the last turn out: the prompt and all that followed it.
    pub fn take_turn(&mut self) -> Option<TakenTurn> {
        let start = self.messages.iter().rposition(Message::is_prompt)?;
        let is_recorded = start < self.recorded;
        if is_recorded {
            self.recorded = start;
            self.taken_back += 1;
        }
        Some(TakenTurn {
            messages: self.messages.split_off(start),
            is_recorded,
        })
    }

    /// Puts the turn back that was taken out last, as if nothing had happened.
    pub fn put_back(&mut self, turn: TakenTurn) {
        self.messages.extend(turn.messages);
        if turn.is_recorded && self.taken_back > 0 {
            self.recorded = self.messages.len();
            self.taken_back -= 1;
        }
    }

    /// Begins a new conversation with the same system prompt, of which nothing is written down.
    pub fn clear(&mut self) {
        *self = Conversation {
            is_system_changed: self.system.is_some(),
            system: self.system.take(),
            ..Conversation::default()
        };
    }

    /// What happened since the last time this was asked. A prompt that has no answer yet is no
    /// turn.
    pub fn changes(&mut self) -> Changes<'_> {
        let new = &self.messages[self.recorded..];
        let turns: Vec<&[Message]> = new
            .chunk_by(|_, next| !next.is_prompt())
            .filter(|turn| turn[0].is_prompt() && turn.len() > 1)
            .collect();
        let is_under_way = self.messages.last().is_some_and(Message::is_prompt);
        self.recorded = self.messages.len() - usize::from(is_under_way);
        let system = std::mem::take(&mut self.is_system_changed)
            .then(|| self.system.as_deref().unwrap_or_default());
        Changes {
            system,
            taken_back: std::mem::take(&mut self.taken_back),
            turns,
            spent: std::mem::take(&mut self.spent),
        }
    }

    /// Notes what attempts took of which no answer is left: they are paid for, too.
    pub fn spend(&mut self, costs: Vec<Cost>) {
        self.spent.extend(costs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(text: &str) -> Message {
        Message::prompt(text, Vec::new())
    }

    fn answer(text: &str) -> Message {
        Message::new(Role::Assistant, text)
    }

    /// A turn in which a tool was called between prompt and answer.
    fn turn_with_call(text: &str) -> Vec<Message> {
        vec![
            prompt(text),
            Message {
                calls: vec![Call::new("c1", "ps", "{}")],
                ..answer("")
            },
            Message {
                call_id: Some("c1".into()),
                ..Message::new(Role::Tool, "web.1 up")
            },
            answer("It runs."),
        ]
    }

    fn two_turns() -> Conversation {
        let first = vec![prompt("one"), answer("1")];
        Conversation::from_messages([first, turn_with_call("two")].concat())
    }

    #[test]
    fn a_taken_turn_is_the_last_prompt_and_all_that_followed() {
        let mut conversation = two_turns();
        let before = conversation.messages().to_vec();
        let turn = conversation.take_turn().unwrap();
        assert_eq!(turn.messages, turn_with_call("two"));
        assert_eq!(conversation.messages().len(), 2);
        conversation.put_back(turn);
        assert_eq!(conversation.messages(), before);
    }

    #[test]
    fn nothing_can_be_taken_from_a_conversation_without_a_prompt() {
        assert!(Conversation::default().take_turn().is_none());
        let only_answer = vec![answer("hello")];
        let mut conversation = Conversation::from_messages(only_answer.clone());
        assert!(conversation.take_turn().is_none());
        assert_eq!(conversation.messages(), only_answer);
    }

    #[test]
    fn a_continued_turn_has_more_of_its_last_answer_and_counts_nothing_twice() {
        let mut messages = turn_with_call("two");
        messages[1].cost = Some(Cost::default());
        let mut conversation = Conversation::from_messages(messages);
        let more = Message {
            cost: Some(Cost::default()),
            ..answer(" Fine.")
        };
        let continued = conversation.take_turn().unwrap().continued(more, 0);
        assert_eq!(continued[3].content, "It runs. Fine.");
        let costs = continued.iter().map(|message| message.cost.is_some());
        assert_eq!(costs.collect::<Vec<_>>(), [false, false, false, true]);
    }

    #[test]
    fn system_messages_become_the_system_prompt() {
        let messages = vec![Message::new(Role::System, "be brief"), prompt("hi")];
        let conversation = Conversation::from_messages(messages);
        assert_eq!(conversation.system(), Some("be brief"));
        assert_eq!(conversation.messages().len(), 1);
    }

    #[test]
    fn what_happened_is_handed_out_once() {
        let mut conversation = two_turns();
        conversation.set_system(Some("be brief".into()));
        let nothing = Changes {
            system: None,
            taken_back: 0,
            turns: Vec::new(),
            spent: Vec::new(),
        };
        let changes = conversation.changes();
        assert_eq!((changes.system, changes.taken_back), (Some("be brief"), 0));
        assert_eq!(changes.turns[1], turn_with_call("two"));
        assert_eq!((changes.turns.len(), conversation.changes()), (2, nothing));
    }

    #[test]
    fn a_turn_that_is_put_back_was_never_gone_and_a_prompt_alone_is_no_turn() {
        let mut conversation = two_turns();
        conversation.changes();
        let turn = conversation.take_turn().unwrap();
        conversation.push(turn.prompt().clone());
        drop(conversation.take_turn());
        conversation.put_back(turn);
        conversation.set_system(None);
        conversation.push(prompt("three"));
        let changes = conversation.changes();
        let told = (changes.system, changes.taken_back, changes.turns.len());
        assert_eq!(told, (None, 0, 0));
        conversation.push(answer("3"));
        assert_eq!(
            conversation.changes().turns,
            [[prompt("three"), answer("3")]]
        );
        drop((conversation.take_turn(), conversation.take_turn()));
        assert_eq!(conversation.changes().taken_back, 2);
    }

    #[test]
    fn a_new_conversation_has_the_system_prompt_of_the_old_one() {
        let mut conversation = two_turns();
        conversation.set_system(Some("be brief".into()));
        conversation.changes();
        conversation.clear();
        let changes = conversation.changes();
        assert_eq!((changes.system, changes.taken_back), (Some("be brief"), 0));
    }

    #[test]
    fn the_last_turns_begin_with_a_prompt() {
        let conversation = two_turns();
        assert_eq!(conversation.last_turns(0), []);
        assert_eq!(conversation.last_turns(1), turn_with_call("two"));
        assert_eq!(conversation.last_turns(2), conversation.messages());
        assert_eq!(conversation.last_turns(9), conversation.messages());
    }

    #[test]
    fn a_transcript_says_who_said_what() {
        let file = Attachment::text("a.rb", b"puts 1".to_vec()).unwrap();
        let cut = Message {
            cut: true,
            ..answer("Because\n")
        };
        let first = vec![Message::prompt("why?", vec![file]), cut];
        let mut conversation = Conversation::from_messages([first, turn_with_call("up?")].concat());
        conversation.set_system(Some("be brief".into()));
        let as_it_is = |text: &str, _: bool| text.to_owned();
        let answers = |text: &str, is_answer: bool| match is_answer {
            true => text.to_uppercase(),
            false => String::new(),
        };
        let drawn = conversation.transcript(&answers);
        let drawn: Vec<&str> = drawn.split_whitespace().collect();
        assert_eq!(drawn, ["BECAUSE", "IT", "RUNS."]);
        let text = "[system]\nbe brief\n\n[user, with a.rb (6 bytes)]\nwhy?\n\n\
                    [assistant, cut off]\nBecause\n\n[user]\nup?\n\n\
                    [assistant]\n[call c1] ps {}\n\n[tool c1]\nweb.1 up\n\n\
                    [assistant]\nIt runs.";
        assert_eq!(conversation.transcript(&as_it_is), text);
        assert_eq!(Conversation::default().transcript(&as_it_is), "");
    }
}
