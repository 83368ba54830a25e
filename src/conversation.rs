//! What was said, in the order it was said.

use serde::{Deserialize, Serialize};

/// Who speaks, in the service's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    /// Never empty: the service refuses empty messages.
    pub content: String,
    /// Whether it is an answer that was cut off. The service isn't told.
    #[serde(skip)]
    pub cut: bool,
}

/// A system prompt, then turns: a user's message and the assistant's, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    system: Option<String>,
    messages: Vec<Message>,
}

impl Message {
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Message { role, content: content.into(), cut: false }
    }
}

impl Conversation {
    /// Continues what was said before. A system message among it becomes the system prompt.
    pub fn from_messages(messages: Vec<Message>) -> Self {
        let (system, messages): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| message.role == Role::System);
        let system: Vec<String> = system.into_iter().map(|message| message.content).collect();
        Conversation { system: (!system.is_empty()).then(|| system.join("\n\n")), messages }
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

    /// Adds what the user says.
    pub fn push_user(&mut self, content: String) {
        self.messages.push(Message::new(Role::User, content));
    }

    /// Adds the answer, `cut` where it isn't all of it.
    pub fn push_assistant(&mut self, content: String, cut: bool) {
        self.messages.push(Message { role: Role::Assistant, content, cut });
    }

    /// Takes the last turn out: the prompt and, where there is one, its answer.
    pub fn take_turn(&mut self) -> Option<(String, Option<Message>)> {
        let answer = match self.messages.last()?.role {
            Role::Assistant => self.messages.pop(),
            _ => None,
        };
        match self.messages.pop() {
            Some(message) if message.role == Role::User => Some((message.content, answer)),
            other => {
                self.messages.extend(other);
                self.messages.extend(answer);
                None
            }
        }
    }

    /// Puts a turn back that was taken out.
    pub fn put_back(&mut self, prompt: String, answer: Option<Message>) {
        self.push_user(prompt);
        self.messages.extend(answer);
    }

    /// Forgets all that was said; the system prompt stays.
    pub fn clear(&mut self) {
        self.messages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_turn_is_the_last_prompt_and_its_answer() {
        let mut conversation = Conversation::default();
        conversation.push_user("one".into());
        conversation.push_assistant("1".into(), false);
        conversation.push_user("two".into());
        conversation.push_assistant("2".into(), true);
        let before = conversation.clone();
        let (prompt, answer) = conversation.take_turn().unwrap();
        assert_eq!((prompt.as_str(), answer.as_ref().map(|m| m.content.as_str())), ("two", Some("2")));
        assert_eq!(conversation.messages().len(), 2);
        conversation.put_back(prompt, answer);
        assert_eq!(conversation, before);
    }

    #[test]
    fn nothing_can_be_taken_from_a_conversation_without_a_prompt() {
        assert_eq!(Conversation::default().take_turn(), None);
        let only_answer = vec![Message::new(Role::Assistant, "hello")];
        let mut conversation = Conversation::from_messages(only_answer.clone());
        assert_eq!(conversation.take_turn(), None);
        assert_eq!(conversation.messages(), only_answer);
    }

    #[test]
    fn system_messages_become_the_system_prompt() {
        let messages = vec![Message::new(Role::System, "be brief"), Message::new(Role::User, "hi")];
        let conversation = Conversation::from_messages(messages);
        assert_eq!(conversation.system(), Some("be brief"));
        assert_eq!(conversation.messages().len(), 1);
    }
}
