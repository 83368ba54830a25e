//! What was said, in the order it was said.

mod attachment;
mod title;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use attachment::{Attachment, IMAGE_LIMIT, TEXT_LIMIT};
pub use title::title;

/// Who speaks, in the service's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// The service's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    /// Never empty: the service refuses empty messages.
    pub content: String,
    /// Files that go with a prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Whether it is an answer that was cut off. The service isn't told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Which model answered, and what that took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// What an answer took, as the service counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub model: String,
    /// Tokens of the request.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u64>,
}

/// A system prompt, then turns: a user's message and the assistant's, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    system: Option<String>,
    messages: Vec<Message>,
    /// How many messages at the start are as they were at the last [`Conversation::mark_saved`].
    saved: usize,
}

impl Message {
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Message {
            role,
            content: content.into(),
            attachments: Vec::new(),
            cut: false,
            cost: None,
        }
    }

    /// What a user says.
    pub fn prompt(content: impl Into<String>, attachments: Vec<Attachment>) -> Self {
        Message {
            attachments,
            ..Message::new(Role::User, content)
        }
    }

    /// What is said, with the text files that go with it before it.
    pub fn text(&self) -> Cow<'_, str> {
        let mut parts: Vec<String> = self
            .attachments
            .iter()
            .filter_map(Attachment::quoted)
            .collect();
        if parts.is_empty() {
            return Cow::Borrowed(&self.content);
        }
        parts.push(self.content.clone());
        Cow::Owned(parts.join("\n\n"))
    }

    /// The images that go with it.
    pub fn images(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments
            .iter()
            .filter(|attachment| attachment.is_image())
    }
}

impl Conversation {
    /// Continues what was said before. A system message among it becomes the system prompt.
    pub fn from_messages(messages: Vec<Message>) -> Self {
        let (system, messages): (Vec<_>, Vec<_>) = messages
            .into_iter()
            .partition(|message| message.role == Role::System);
        let system: Vec<String> = system.into_iter().map(|message| message.content).collect();
        Conversation {
            system: (!system.is_empty()).then(|| system.join("\n\n")),
            messages,
            saved: 0,
        }
    }

    pub fn system(&self) -> Option<&str> {
        self.system.as_deref()
    }

    /// Sets the system prompt for what follows; an empty one is none.
    pub fn set_system(&mut self, system: Option<String>) {
        self.system = system.filter(|text| !text.trim().is_empty());
    }

    /// The messages without the system prompt.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many prompts there are.
    pub fn turns(&self) -> usize {
        self.messages
            .iter()
            .filter(|message| message.role == Role::User)
            .count()
    }

    /// The messages from the prompt on that begins the last `turns` turns.
    pub fn last_turns(&self, turns: usize) -> &[Message] {
        let prompts = self
            .messages
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, message)| message.role == Role::User);
        let start = prompts
            .map(|(index, _)| index)
            .take(turns)
            .last()
            .unwrap_or(self.messages.len());
        // Messages before the first prompt belong to the first turn.
        if self.turns() <= turns {
            &self.messages
        } else {
            &self.messages[start..]
        }
    }

    /// All that was said as text, each message below who said it.
    pub fn transcript(&self) -> String {
        let system = self
            .system
            .iter()
            .map(|text| format!("[system]\n{}", text.trim_end()));
        let said = self.messages.iter().map(|message| {
            let role = message.role.word();
            let files = message
                .attachments
                .iter()
                .map(|file| format!(", with {}", file.label()));
            let cut = if message.cut { ", cut off" } else { "" };
            format!(
                "[{role}{}{cut}]\n{}",
                files.collect::<String>(),
                message.content.trim_end()
            )
        });
        system.chain(said).collect::<Vec<_>>().join("\n\n")
    }

    /// Adds a message.
    pub fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// The last answer.
    pub fn last_answer(&self) -> Option<&Message> {
        self.messages
            .iter()
            .rev()
            .find(|message| message.role == Role::Assistant)
    }

    /// Takes the last message out.
    pub fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop();
        self.saved = self.saved.min(self.messages.len());
        message
    }

    /// Takes the last turn out: the prompt and, where there is one, its answer.
    pub fn take_turn(&mut self) -> Option<(Message, Option<Message>)> {
        let answer = match self.messages.last()?.role {
            Role::Assistant => self.pop(),
            _ => None,
        };
        match self.pop() {
            Some(message) if message.role == Role::User => Some((message, answer)),
            other => {
                self.messages.extend(other);
                self.messages.extend(answer);
                None
            }
        }
    }

    /// Puts a turn back that was taken out.
    pub fn put_back(&mut self, prompt: Message, answer: Option<Message>) {
        self.messages.push(prompt);
        self.messages.extend(answer);
    }

    /// Forgets all that was said; the system prompt stays.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.saved = 0;
    }

    /// How many messages at the start a file holds that was written at the last
    /// [`Conversation::mark_saved`].
    pub fn saved(&self) -> usize {
        self.saved
    }

    /// Remembers that a file holds all messages as they are.
    pub fn mark_saved(&mut self) {
        self.saved = self.messages.len();
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

    fn two_turns() -> Conversation {
        Conversation::from_messages(vec![prompt("one"), answer("1"), prompt("two"), answer("2")])
    }

    #[test]
    fn a_taken_turn_is_the_last_prompt_and_its_answer() {
        let mut conversation = two_turns();
        let before = conversation.messages().to_vec();
        let (prompt, answer) = conversation.take_turn().unwrap();
        assert_eq!(
            (
                prompt.content.as_str(),
                answer.as_ref().map(|m| m.content.as_str())
            ),
            ("two", Some("2"))
        );
        assert_eq!(conversation.messages().len(), 2);
        conversation.put_back(prompt, answer);
        assert_eq!(conversation.messages(), before);
    }

    #[test]
    fn nothing_can_be_taken_from_a_conversation_without_a_prompt() {
        assert_eq!(Conversation::default().take_turn(), None);
        let only_answer = vec![answer("hello")];
        let mut conversation = Conversation::from_messages(only_answer.clone());
        assert_eq!(conversation.take_turn(), None);
        assert_eq!(conversation.messages(), only_answer);
    }

    #[test]
    fn system_messages_become_the_system_prompt() {
        let messages = vec![
            Message::new(Role::System, "be brief"),
            Message::new(Role::User, "hi"),
        ];
        let conversation = Conversation::from_messages(messages);
        assert_eq!(conversation.system(), Some("be brief"));
        assert_eq!(conversation.messages().len(), 1);
    }

    #[test]
    fn what_changed_since_it_was_saved_is_known() {
        let mut conversation = two_turns();
        conversation.mark_saved();
        let (prompt, _) = conversation.take_turn().unwrap();
        conversation.put_back(prompt, Some(answer("another")));
        assert_eq!(
            conversation.saved(),
            2,
            "the second turn has to be written again"
        );
        conversation.mark_saved();
        conversation.clear();
        assert_eq!(conversation.saved(), 0);
    }

    #[test]
    fn the_last_turns_begin_with_a_prompt() {
        let conversation = two_turns();
        assert_eq!(conversation.last_turns(1), &conversation.messages()[2..]);
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
        let mut conversation =
            Conversation::from_messages(vec![Message::prompt("why?", vec![file]), cut]);
        assert_eq!(Conversation::default().transcript(), "");
        conversation.set_system(Some("be brief".into()));
        let text = "[system]\nbe brief\n\n[user, with a.rb (6 bytes)]\nwhy?\n\n[assistant, cut off]\nBecause";
        assert_eq!(conversation.transcript(), text);
    }

    #[test]
    fn text_files_stand_before_the_prompt() {
        let file = Attachment::text("a.rb", b"puts 1".to_vec()).unwrap();
        assert_eq!(
            Message::prompt("why?", vec![file]).text(),
            "a.rb:\n```rb\nputs 1\n```\n\nwhy?"
        );
        assert_eq!(prompt("why?").text(), "why?");
    }

    #[test]
    fn a_message_survives_json() {
        let file = Attachment::text("a.rb", b"puts 1".to_vec()).unwrap();
        let image = Attachment::image("a.gif", b"GIF89a..").unwrap();
        let message = Message::prompt("why?", vec![file, image]);
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
        assert_eq!(
            serde_json::to_string(&prompt("hi")).unwrap(),
            r#"{"role":"user","content":"hi"}"#
        );
    }
}
