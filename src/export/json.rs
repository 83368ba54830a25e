//! A conversation as JSON, and back: what is exported is what `ask --messages` reads.

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::conversation::{Message, Role};

/// What is exported, and of which only the messages are read: the model is that of the past, not a
/// choice for what comes.
#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(skip_deserializing)]
    model: String,
    /// The system prompt is the first of them.
    messages: Vec<Message>,
}

/// The conversation, nothing left out.
pub fn write(subject: &Subject<'_>) -> String {
    let system = subject.conversation.system();
    let system = system.map(|text| Message::new(Role::System, text));
    let said = subject.conversation.messages().iter().cloned();
    let document = Document {
        model: subject.model.to_owned(),
        messages: system.into_iter().chain(said).collect(),
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers always serialise") + "\n"
}

/// The messages of an exported document, or of an array of them alone.
pub fn read(text: &str) -> serde_json::Result<Vec<Message>> {
    match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).map(|Document { messages, .. }| messages),
        false => serde_json::from_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::RequestOptions;
    use crate::conversation::{Attachment, Call, Conversation, Cost};

    #[test]
    fn what_was_exported_can_be_read_back() {
        let file = Attachment::text("a.rb", b"puts 1".to_vec()).unwrap();
        let image = Attachment::image("a.gif", b"GIF89a..").unwrap();
        let cost = Cost {
            model: "m".into(),
            usage: serde_json::from_str("{\"prompt_tokens\": 1}").unwrap(),
        };
        let messages = vec![
            Message::new(Role::System, "be brief"),
            Message::prompt("why?", vec![file, image]),
            Message {
                calls: vec![Call::new("c", "ps", "{}")],
                ..Message::new(Role::Assistant, "")
            },
            Message {
                call_id: Some("c".into()),
                ..Message::new(Role::Tool, "up")
            },
            Message {
                cut: true,
                cost: Some(cost),
                ..Message::new(Role::Assistant, "because")
            },
        ];
        let conversation = Conversation::from_messages(messages.clone());
        let options = RequestOptions::default();
        let text = write(&Subject {
            conversation: &conversation,
            model: "m",
            options: &options,
            prefix: "INFERENCE",
        });
        assert!(
            text.starts_with(
                "{\n  \"model\": \"m\",\n  \"messages\": [\n    {\n      \"role\": \"system\","
            ),
            "{text}"
        );
        assert_eq!(read(&text).unwrap(), messages);
    }

    #[test]
    fn an_array_of_messages_can_be_read_too() {
        let messages = read(" [{\"role\": \"user\", \"content\": \"hi\"}]").unwrap();
        assert_eq!(messages, [Message::new(Role::User, "hi")]);
        // As the service answers, with what it doesn't say as null.
        let calls = read(
            r#"[{"role": "user", "content": "up?"},
                {"role": "assistant", "content": null, "refusal": null,
                 "tool_calls": [{"id": "c", "type": "function",
                                 "function": {"name": "ps", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c", "name": "ps", "content": "web.1 up"}]"#,
        );
        let calls = calls.unwrap();
        assert_eq!(calls[1].calls, [Call::new("c", "ps", "{}")]);
        assert_eq!(calls[2].call_id.as_deref(), Some("c"));
        assert!(
            read("{}")
                .unwrap_err()
                .to_string()
                .contains("missing field `messages`")
        );
        assert!(read("7").is_err());
    }
}
