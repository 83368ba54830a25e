//! A message, in the shape that the service takes and `--messages` reads. What the service isn't
//! told, such as what an answer cost, is in further members.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Attachment;

/// Who speaks, in the service's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    #[default]
    User,
    Assistant,
    /// The result of a call that the assistant made.
    Tool,
}

impl Role {
    /// The service's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    /// Empty only beside calls, and in the result of a call that printed nothing.
    #[serde(default, deserialize_with = "or_null")]
    pub content: String,
    /// What an assistant wants to have run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "tool_calls", deserialize_with = "or_null")]
    pub calls: Vec<Call>,
    /// The call whose result a tool's message is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "tool_call_id")]
    pub call_id: Option<String>,
    /// Files that go with a prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Whether it is an answer that was cut off. The service isn't told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Which model answered, and what that took.
    #[serde(flatten)]
    pub cost: Option<Cost>,
}

/// A function that the assistant wants to have called. There is one type of call so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "function")]
pub struct Call {
    pub id: String,
    pub function: Function,
}

/// The function of a call, and what goes into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    /// JSON text, as it came: models write what is none, too.
    #[serde(default, deserialize_with = "or_null")]
    pub arguments: String,
}

/// What an answer took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub model: String,
    #[serde(default, skip_serializing_if = "Usage::is_blank")]
    #[serde(deserialize_with = "or_null")]
    pub usage: Usage,
}

/// Tokens as the service counted them: its whole object, with whatever details it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usage(Map<String, Value>);

impl Usage {
    /// Tokens of the request.
    pub fn prompt_tokens(&self) -> Option<u64> {
        self.count(&["prompt_tokens", "input_tokens"])
    }

    /// Tokens of the answer.
    pub fn completion_tokens(&self) -> Option<u64> {
        self.count(&["completion_tokens", "output_tokens"])
    }

    pub fn total_tokens(&self) -> Option<u64> {
        self.count(&["total_tokens"])
    }

    /// Whether it counts nothing, whatever members it has.
    pub fn is_blank(&self) -> bool {
        self.prompt_tokens().is_none()
            && self.completion_tokens().is_none()
            && self.total_tokens().is_none()
    }

    /// A whole number under one of these names, if what stands there is one, can be rounded to it
    /// or is the text of it. The second names are those of Anthropic and Bedrock.
    fn count(&self, names: &[&str]) -> Option<u64> {
        let value = names.iter().find_map(|name| self.0.get(*name))?;
        let text = value.as_str().and_then(|text| text.trim().parse().ok());
        let number = value.as_f64().or(text);
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        number.map(|number| number as u64)
    }
}

impl From<Map<String, Value>> for Usage {
    fn from(members: Map<String, Value>) -> Self {
        Usage(members)
    }
}

#[cfg(test)]
impl Call {
    pub fn new(id: &str, name: &str, arguments: &str) -> Self {
        Call {
            id: id.to_owned(),
            function: Function {
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            },
        }
    }
}

impl Message {
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Message {
            role,
            content: content.into(),
            ..Message::default()
        }
    }

    /// What a user says.
    pub fn prompt(content: impl Into<String>, attachments: Vec<Attachment>) -> Self {
        Message {
            attachments,
            ..Message::new(Role::User, content)
        }
    }

    /// What is said, after the text files that go with it.
    pub fn text(&self) -> Cow<'_, str> {
        let files = self.attachments.iter().filter_map(Attachment::quoted);
        let mut parts: Vec<String> = files.collect();
        if parts.is_empty() {
            return Cow::Borrowed(&self.content);
        }
        parts.push(self.content.clone());
        Cow::Owned(parts.join("\n\n"))
    }

    /// The images that go with it.
    pub fn images(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments.iter().filter(|file| file.is_image())
    }

    /// Whether it begins a turn.
    pub fn is_prompt(&self) -> bool {
        self.role == Role::User
    }

    /// Whether there is nothing in it that the service would take for a message.
    pub fn is_blank(&self) -> bool {
        self.role != Role::Tool && self.calls.is_empty() && self.content.trim().is_empty()
    }

    /// As text, below a line that says who speaks. `show` gets each part, and whether that is an
    /// answer's.
    pub(super) fn transcript(&self, show: &dyn Fn(&str, bool) -> String) -> String {
        let mut text = format!("[{}", self.role.word());
        text.extend(self.call_id.iter().map(|id| format!(" {id}")));
        text.extend(
            self.attachments
                .iter()
                .map(|file| format!(", with {}", file.label())),
        );
        text += if self.cut { ", cut off]" } else { "]" };
        let mut text = show(&text, false);
        let content = self.content.trim_end();
        if !content.is_empty() || self.calls.is_empty() {
            text = text + "\n" + &show(content, self.role == Role::Assistant);
        }
        for Call { id, function, .. } in &self.calls {
            let call = format!("\n[call {id}] {} {}", function.name, function.arguments);
            text += &show(&call, false);
        }
        text
    }
}

/// Services write null for what isn't there, such as the content beside calls.
fn or_null<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text_file() -> Attachment {
        Attachment::text("a.rb", b"puts 1".to_vec()).unwrap()
    }

    #[test]
    fn text_files_stand_before_the_prompt() {
        assert_eq!(
            Message::prompt("why?", vec![text_file()]).text(),
            "a.rb:\n```rb\nputs 1\n```\n\nwhy?"
        );
        assert_eq!(Message::prompt("why?", Vec::new()).text(), "why?");
    }

    #[test]
    fn a_message_has_the_shape_of_the_wire() {
        let image = Attachment::image("a.gif", b"GIF89a..").unwrap();
        let usage = json!({"prompt_tokens": 9, "details": {"cached": [1, null]}});
        let table = [
            (
                Message::prompt("hi", Vec::new()),
                json!({"role": "user", "content": "hi"}),
            ),
            (
                Message {
                    calls: vec![Call::new("c1", "app_logs", "{\"lines\":2}")],
                    ..Message::new(Role::Assistant, "")
                },
                json!({"role": "assistant", "content": "", "tool_calls": [{"id": "c1",
                    "type": "function",
                    "function": {"name": "app_logs", "arguments": "{\"lines\":2}"}}]}),
            ),
            (
                Message {
                    call_id: Some("c1".into()),
                    ..Message::new(Role::Tool, "at=error")
                },
                json!({"role": "tool", "content": "at=error", "tool_call_id": "c1"}),
            ),
            (
                Message {
                    cut: true,
                    cost: Some(Cost {
                        model: "m".into(),
                        usage: serde_json::from_value(usage.clone()).unwrap(),
                    }),
                    ..Message::new(Role::Assistant, "yes")
                },
                json!({"role": "assistant", "content": "yes", "cut": true,
                    "model": "m", "usage": usage}),
            ),
            (
                Message::prompt("why?", vec![text_file(), image]),
                json!({"role": "user", "content": "why?", "attachments": [
                    {"name": "a.rb", "text": "puts 1"},
                    {"name": "a.gif", "media_type": "image/gif", "base64": "R0lGODlhLi4="}]}),
            ),
        ];
        for (message, json) in table {
            assert_eq!(serde_json::to_value(&message).unwrap(), json);
            let text = json.to_string();
            assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
        }
    }

    #[test]
    fn what_a_service_leaves_out_or_writes_as_null_is_read() {
        let call = Message {
            calls: vec![Call::new("c1", "ps", "")],
            ..Message::new(Role::Assistant, "")
        };
        let text = r#"{"role":"assistant","content":null,"refusal":null,
            "tool_calls":[{"id":"c1","function":{"name":"ps"}}]}"#;
        assert_eq!(serde_json::from_str::<Message>(text).unwrap(), call);
        let text = r#"{"role":"assistant","content":"hi","tool_calls":null,"usage":null}"#;
        let plain = Message::new(Role::Assistant, "hi");
        assert_eq!(serde_json::from_str::<Message>(text).unwrap(), plain);
    }

    #[test]
    fn usage_counts_what_is_a_number() {
        let usage = |value: Value| serde_json::from_value::<Usage>(value).unwrap();
        let counts = |usage: &Usage| [usage.prompt_tokens(), usage.completion_tokens()];
        let some = usage(json!({"prompt_tokens": 9.7, "completion_tokens": "many"}));
        assert_eq!((counts(&some), some.is_blank()), ([Some(9), None], false));
        let none = usage(json!({"prompt_tokens": -1, "completion_tokens": null, "x": 1}));
        assert_eq!((counts(&none), none.is_blank()), ([None, None], true));
    }
}
