//! The request of `POST /v1/chat/completions`: only what the user set, because the service answers
//! a field it doesn't know with 400.
//!
//! Source: devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub use crate::cli::settings::RequestOptions;
use crate::cli::settings::Turns;
use crate::conversation::{Attachment, Conversation, Message, Role};

/// What a model turned out not to take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    dropped: BTreeSet<String>,
    /// Newer documents name `max_completion_tokens` in place of `max_tokens`; never both are sent.
    renamed_max_tokens: bool,
}

/// How a request was changed after the service refused a field.
#[derive(Debug, PartialEq, Eq)]
pub enum Repair {
    Dropped(String),
    Renamed {
        from: &'static str,
        to: &'static str,
    },
}

const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// Whether a rejection says that `max_tokens` goes by its newer name: "'max_tokens' is not
/// supported with this model. Use 'max_completion_tokens' instead." A complaint about the value
/// names the newer name too, but not the older as one that isn't taken.
pub fn wants_the_newer_name(message: &str) -> bool {
    let message = message.to_lowercase();
    let Some((before, _)) = message.split_once(MAX_COMPLETION_TOKENS) else {
        return false;
    };
    let refusals = [
        "unsupported",
        "not supported",
        "unrecognized",
        "unknown",
        "deprecated",
    ];
    let before = before.trim_end_matches(['\'', '"', '`', ' ']);
    message.contains(MAX_TOKENS)
        && (before.ends_with("use") || refusals.iter().any(|word| message.contains(word)))
}

/// The JSON of a request.
pub fn body(
    model: &str,
    conversation: &Conversation,
    options: &RequestOptions,
    quirks: &Quirks,
) -> Vec<u8> {
    let system = conversation.system();
    let system = system.map(|text| json!({"role": Role::System, "content": text}));
    let said = sent(conversation, options).iter().map(message);
    let messages: Vec<Value> = system.into_iter().chain(said).collect();
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), Value::Array(messages));
    body.extend(parameters(options, quirks));
    Value::Object(body).to_string().into_bytes()
}

/// The fields of a request besides model and messages.
fn parameters(options: &RequestOptions, quirks: &Quirks) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(options) else {
        return Map::new();
    };
    if quirks.renamed_max_tokens
        && let Some(limit) = fields.remove(MAX_TOKENS)
    {
        fields.insert(MAX_COMPLETION_TOKENS.to_owned(), limit);
    }
    fields.retain(|name, _| !quirks.dropped.contains(name));
    fields
}

/// The messages of a conversation that a request with these options has.
pub fn sent<'a>(conversation: &'a Conversation, options: &RequestOptions) -> &'a [Message] {
    match options.context {
        Turns::All => conversation.messages(),
        Turns::Last(turns) => conversation.last_turns(turns),
    }
}

fn message(message: &Message) -> Value {
    // The service refuses an empty content, and a space is refused further on.
    let text = match (message.role, message.content.trim()) {
        (Role::Assistant, "") => "(calling tools)".into(),
        (Role::Tool, "") => "(tool call succeeded with no output)".into(),
        _ => message.text(),
    };
    // Source: a Heroku app that sends images, and the "Supported inputs" of the model cards.
    let images = message.images().filter_map(Attachment::data_uri);
    let images = images.map(|uri| json!({"type": "image_url", "image_url": {"url": uri}}));
    let mut parts = vec![json!({"type": "text", "text": text})];
    parts.extend(images);
    // In 2025 the service refused lists in place of text, so there is one only with images.
    let content = match parts.len() {
        1 => json!(text),
        _ => Value::Array(parts),
    };
    let mut wire = json!({"role": message.role, "content": content});
    if !message.calls.is_empty() {
        wire["tool_calls"] = json!(message.calls);
    }
    if let Some(id) = &message.call_id {
        wire["tool_call_id"] = json!(id);
    }
    wire
}

impl Quirks {
    /// Learns that the service refused this field, and says how the next request will differ; none
    /// if the field isn't one that can be left out, or was changed before.
    pub fn learn(&mut self, refused: &str, options: &RequestOptions) -> Option<Repair> {
        if refused == MAX_TOKENS && options.max_tokens.is_some() && !self.renamed_max_tokens {
            self.renamed_max_tokens = true;
            return Some(Repair::Renamed {
                from: MAX_TOKENS,
                to: MAX_COMPLETION_TOKENS,
            });
        }
        // Whether an answer is streamed is no wish that can be left out.
        let was_sent = refused != "stream" && parameters(options, self).contains_key(refused);
        (was_sent && self.dropped.insert(refused.to_owned()))
            .then(|| Repair::Dropped(refused.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Call;

    fn conversation() -> Conversation {
        Conversation::from_messages(vec![
            Message::prompt("Hello!", Vec::new()),
            Message {
                cut: true,
                ..Message::new(Role::Assistant, "Hi there!")
            },
            Message::prompt("Why is Heroku so awesome?", Vec::new()),
        ])
    }

    fn parsed(options: &RequestOptions, quirks: &Quirks) -> Value {
        serde_json::from_slice(&body("m", &conversation(), options, quirks)).unwrap()
    }

    #[test]
    fn only_what_was_set_is_sent() {
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "user", "content": "Hello!"},
                {"role": "assistant", "content": "Hi there!"},
                {"role": "user", "content": "Why is Heroku so awesome?"},
            ],
            "stream": false,
        });
        assert_eq!(
            parsed(&RequestOptions::default(), &Quirks::default()),
            expected
        );
    }

    #[test]
    fn everything_that_was_set_is_sent() {
        let options = RequestOptions {
            temperature: Some(0.5),
            top_p: Some(0.9),
            max_tokens: Some(100),
            stop: vec!["END".into()],
            thinking: Some(2000),
            stream: true,
            context: Turns::All,
        };
        let value = parsed(&options, &Quirks::default());
        assert_eq!(value["temperature"], 0.5);
        assert_eq!(value["top_p"], 0.9);
        assert_eq!(value["max_tokens"], 100);
        assert_eq!(value["stop"], json!(["END"]));
        assert_eq!(value["stream"], true);
        let thinking = json!({"enabled": true, "budget_tokens": 2000, "include_reasoning": true});
        assert_eq!(value["extended_thinking"], thinking);
        assert_eq!(value.get("max_completion_tokens"), None);
    }

    #[test]
    fn the_system_prompt_is_the_first_message() {
        let mut conversation = conversation();
        conversation.set_system(Some("be brief".into()));
        let bytes = body(
            "m",
            &conversation,
            &RequestOptions::default(),
            &Quirks::default(),
        );
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            value["messages"][0],
            json!({"role": "system", "content": "be brief"})
        );
    }

    #[test]
    fn calls_and_their_results_go_along_and_no_content_is_empty() {
        let call = |content: &str| Message {
            calls: vec![Call::new("c", "ps", "{}")],
            ..Message::new(Role::Assistant, content)
        };
        let result = |content: &str| Message {
            call_id: Some("c".into()),
            ..Message::new(Role::Tool, content)
        };
        let messages = vec![call("I'll look."), result("up"), call(""), result("\n")];
        let bytes = body(
            "m",
            &Conversation::from_messages(messages),
            &RequestOptions::default(),
            &Quirks::default(),
        );
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let calls = json!([{"id": "c", "type": "function",
            "function": {"name": "ps", "arguments": "{}"}}]);
        let no_output = "(tool call succeeded with no output)";
        assert_eq!(
            value["messages"],
            json!([
                {"role": "assistant", "content": "I'll look.", "tool_calls": calls},
                {"role": "tool", "content": "up", "tool_call_id": "c"},
                {"role": "assistant", "content": "(calling tools)", "tool_calls": calls},
                {"role": "tool", "content": no_output, "tool_call_id": "c"},
            ])
        );
    }

    #[test]
    fn images_are_parts_and_text_alone_is_a_string() {
        let file = Attachment::text("a.rb", b"puts 1".to_vec()).unwrap();
        let image = Attachment::image("a.gif", b"GIF89a..").unwrap();
        let messages = vec![
            Message::prompt("one", vec![file.clone()]),
            Message::prompt("two", vec![file, image]),
        ];
        let bytes = body(
            "m",
            &Conversation::from_messages(messages),
            &RequestOptions::default(),
            &Quirks::default(),
        );
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            value["messages"][0]["content"],
            "a.rb:\n```rb\nputs 1\n```\n\none"
        );
        let parts = json!([
            {"type": "text", "text": "a.rb:\n```rb\nputs 1\n```\n\ntwo"},
            {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlhLi4="}},
        ]);
        assert_eq!(value["messages"][1]["content"], parts);
    }

    #[test]
    fn only_a_refusal_of_the_older_name_asks_for_the_newer() {
        let table = [
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                 'max_completion_tokens' instead.",
                true,
            ),
            ("max_tokens: please use `max_completion_tokens`", true),
            (
                "`max_tokens` is deprecated in favor of max_completion_tokens",
                true,
            ),
            ("max_completion_tokens is too large: 200000", false),
            (
                "Unsupported value: 'max_completion_tokens' must be at most 4096",
                false,
            ),
            (
                "`max_completion_tokens`: expected <= 12288, but got 200000 instead.",
                false,
            ),
            ("max_tokens or max_completion_tokens is too large: 9", false),
            ("max_tokens: must be at most 4096", false),
        ];
        for (message, expected) in table {
            assert_eq!(wants_the_newer_name(message), expected, "{message}");
        }
    }

    #[test]
    fn only_the_latest_turns_are_sent_where_that_is_set() {
        let options = RequestOptions {
            context: Turns::Last(1),
            ..RequestOptions::default()
        };
        let messages = parsed(&options, &Quirks::default())["messages"].clone();
        assert_eq!(
            messages,
            json!([{"role": "user", "content": "Why is Heroku so awesome?"}])
        );
    }

    #[test]
    fn a_refused_field_is_left_out_once_and_max_tokens_is_renamed_first() {
        let options = RequestOptions {
            top_p: Some(0.5),
            max_tokens: Some(9),
            ..RequestOptions::default()
        };
        let mut quirks = Quirks::default();
        assert_eq!(
            quirks.learn("top_p", &options),
            Some(Repair::Dropped("top_p".into()))
        );
        assert_eq!(quirks.learn("top_p", &options), None);
        assert_eq!(quirks.learn("model", &options), None);
        assert_eq!(quirks.learn("temperature", &options), None);
        assert!(matches!(
            quirks.learn("max_tokens", &options),
            Some(Repair::Renamed { .. })
        ));
        let value = parsed(&options, &quirks);
        assert_eq!((value.get("top_p"), value.get("max_tokens")), (None, None));
        assert_eq!(value["max_completion_tokens"], 9);
        assert_eq!(
            quirks.learn("max_completion_tokens", &options),
            Some(Repair::Dropped("max_completion_tokens".into()))
        );
    }
}
