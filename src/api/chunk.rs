//! What an event of a stream says, or a whole completion: one lenient reading for both, because
//! each is seen in place of the other.
//!
//! Only what is used is looked at. Sources: Heroku's documents
//! (devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions), its reference app,
//! recorded answers, and what other servers of this API send.

use std::borrow::Cow;
use std::slice;

use serde_json::{Map, Value};

use super::json::{field, number, text};
use super::problem::{contains_any, is_failure, is_report};

/// A chunk of a stream, or a whole completion.
#[derive(Debug, Default)]
pub struct Chunk<'a> {
    pub id: &'a str,
    pub model: &'a str,
    /// Seconds since 1970.
    pub created: Option<u64>,
    /// Kimi counts in the choice.
    pub usages: Vec<&'a Map<String, Value>>,
    /// Whether it has the choice that was asked for. The chunk that carries the usage has none.
    pub has_choice: bool,
    /// What the choice adds to the answer.
    pub added: Said<'a>,
    /// The answer as far as it came. Some streams end with one that holds all of it once more
    /// (MiniMax), in others each holds all so far (DashScope).
    pub message: Said<'a>,
    pub finish_reason: &'a str,
    /// What tells of a failure.
    pub error: Option<&'a Value>,
}

/// The texts of an answer, in order.
pub type Said<'a> = Vec<(Voice, Cow<'a, str>)>;

/// What a text of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Content,
    Reasoning,
    /// What the model says in place of an answer that it refuses.
    Refusal,
}

/// Where the answer itself stands, the first that holds anything.
const CONTENT: &[&str] = &["content", "text", "output_text", "value", "parts"];

/// Where reasoning stands, the first that holds anything: Heroku writes `reasoning`, with an
/// object; OpenRouter `reasoning` and once more `reasoning_details`; DeepSeek, Kimi and vLLM
/// `reasoning_content`; Copilot `reasoning_text`; LiteLLM adds `thinking_blocks`.
const REASONING: &[&str] = &[
    "reasoning",
    "reasoning_content",
    "reasoning_text",
    "thinking",
    "thought",
    "thoughts",
    "reasoning_details",
    "thinking_blocks",
    "summary",
];

impl<'a> Chunk<'a> {
    /// Reads an object. Where an answer belongs (`is_known`), a failure that isn't named as one
    /// counts, too.
    pub fn read(object: &'a Value, is_known: bool) -> Self {
        // MiniMax has a status of its own beside every answer.
        let is_named = ["error", "base_resp"]
            .iter()
            .any(|name| field(object, name).is_some_and(|value| is_failure(name, value)));
        let choices = match &object["choices"] {
            Value::Array(choices) => choices.as_slice(),
            choice @ Value::Object(_) => slice::from_ref(choice),
            _ => &[],
        };
        let is_bare = choices.is_empty() && !is_named;
        let choices = match is_bare && says(object) && !is_report(object) {
            true => slice::from_ref(object),
            false => choices,
        };
        let is_silent = is_known && choices.is_empty() && field(object, "usage").is_none();
        let mut chunk = Chunk {
            id: text(object, "id"),
            model: text(object, "model"),
            created: number(&object["created"]).map(|seconds| seconds as u64),
            usages: object["usage"].as_object().into_iter().collect(),
            // Its code and sentence may stand beside an error that is only named.
            error: (is_named || is_silent && is_report(object)).then_some(object),
            ..Chunk::default()
        };
        // Servers that were asked for several choices number them; without a number, the place in
        // the list is it.
        let choice = choices
            .iter()
            .filter(|choice| choice.is_object())
            .enumerate()
            .find(|(place, choice)| number(&choice["index"]).unwrap_or(*place as f64) == 0.0);
        if let Some((_, choice)) = choice {
            chunk.read_choice(choice);
        }
        chunk
    }

    fn read_choice(&mut self, choice: &'a Value) {
        self.has_choice = true;
        self.usages.extend(choice["usage"].as_object());
        texts(&choice["delta"], Voice::Content, &mut self.added);
        if self.added.is_empty() {
            // Of the older completions, and of other APIs.
            let names = ["text", "output_text", "content"];
            first(choice, &names, Voice::Content, &mut self.added);
        }
        texts(&choice["message"], Voice::Content, &mut self.message);
        self.finish_reason = ["finish_reason", "done_reason", "stop_reason"]
            .iter()
            .find_map(|name| field(choice, name))
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.error = self.error.or_else(|| {
            [choice, &choice["delta"], &choice["message"]]
                .into_iter()
                .filter_map(|object| field(object, "error"))
                .find(|error| is_failure("error", error))
        });
    }
}

/// Takes the texts of a value: a string, a list of parts, or an object that holds such. Returns
/// whether there was any.
fn texts<'a>(value: &'a Value, voice: Voice, said: &mut Said<'a>) -> bool {
    let before = said.len();
    match value {
        Value::String(text) if !text.is_empty() => said.push((voice, text.into())),
        // A figure beside the answer counts something; in its place it is what the model said.
        Value::Number(number) if voice == Voice::Content => {
            said.push((voice, number.to_string().into()));
        }
        Value::Array(items) => items.iter().for_each(|item| {
            texts(item, voice, said);
        }),
        Value::Object(_) => parts(value, voice, said),
        _ => {}
    }
    said.len() > before
}

fn parts<'a>(object: &'a Value, voice: Voice, said: &mut Said<'a>) {
    // Gemini marks its parts so.
    let is_thought = object["thought"] == true || is_thought(text(object, "type"));
    let voice = if is_thought { Voice::Reasoning } else { voice };
    let has_thought = first(object, REASONING, Voice::Reasoning, said);
    let mut content = Said::new();
    let has_content = first(object, CONTENT, voice, &mut content);
    // Reasoning is taken once: parts of the content may hold it, too.
    content.retain(|(voice, _)| !(has_thought && *voice == Voice::Reasoning));
    said.append(&mut content);
    if !has_content {
        first(object, &["refusal"], Voice::Refusal, said);
    }
}

/// Takes the texts of the first of these fields that has any. Returns whether there is one.
fn first<'a>(object: &'a Value, names: &[&str], voice: Voice, said: &mut Said<'a>) -> bool {
    let mut fields = names.iter().filter_map(|name| field(object, name));
    fields.any(|value| {
        // If a model was asked for JSON, some servers send it as an object.
        let is_data = voice == Voice::Content && is_data(value);
        if is_data {
            said.push((voice, value.to_string().into()));
        }
        is_data || texts(value, voice, said)
    })
}

/// Whether an object has nothing of a part of a message.
fn is_data(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        let mut names = object.keys().map(String::as_str);
        let is_part = |name| {
            let others = ["type", "role", "refusal"];
            [CONTENT, REASONING, &others]
                .iter()
                .any(|names| names.contains(&name))
        };
        !object.is_empty() && !names.any(is_part)
    })
}

/// Whether an object without choices holds the answer itself, as those of Ollama's and llama.cpp's
/// own APIs do.
fn says(object: &Value) -> bool {
    let has = |names: &[&str], is_object| {
        let mut fields = names.iter().filter_map(|name| field(object, name));
        fields.any(|value| value.is_object() == is_object)
    };
    has(&["message", "delta"], true) || has(&["content", "text", "output_text"], false)
}

/// Whether a part of this type is reasoning: `thinking`, `reasoning`, `reasoning.text`, …
fn is_thought(kind: &str) -> bool {
    contains_any(
        &kind.to_ascii_lowercase(),
        &["thinking", "reasoning", "thought"],
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::json::parse;
    use crate::conversation::Usage;

    /// Content, reasoning and refusal of a piece.
    fn said(delta: &str) -> [String; 3] {
        let json = format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#);
        let mut said = [const { String::new() }; 3];
        for (voice, text) in Chunk::read(&parse(&json).unwrap(), true).added {
            said[voice as usize] += &text;
        }
        said
    }

    #[test]
    fn every_seen_shape_of_a_piece_gives_its_text() {
        let table = [
            (r#"{"role":"assistant","content":"a\nb"}"#, "a\nb", "", ""),
            (
                r#"{"content":null,"tool_calls":null,"reasoning":{"thinking":"hm"}}"#,
                "",
                "hm",
                "",
            ),
            (
                r#"{"content":"30","reasoning":{"signature":"s","thinking":"15"}}"#,
                "30",
                "15",
                "",
            ),
            (r#"{"reasoning":"hm"}"#, "", "hm", ""),
            (
                r#"{"reasoning":null,"reasoning_content":"hm"}"#,
                "",
                "hm",
                "",
            ),
            (
                r#"{"reasoning":"hm","reasoning_content":"hm"}"#,
                "",
                "hm",
                "",
            ),
            (r#"{"reasoning_text":"hm","content":"x"}"#, "x", "hm", ""),
            (r#"{"thinking":"hm","content":"x"}"#, "x", "hm", ""),
            (r#"{"thinking":false,"content":"x"}"#, "x", "", ""),
            (r#"{"reasoning":7,"content":"x"}"#, "x", "", ""),
            (
                r#"{"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
                "",
                "hm",
                "",
            ),
            (
                r#"{"reasoning_details":[{"type":"reasoning.text","text":"hm"},
                    {"type":"reasoning.encrypted","data":"x"}]}"#,
                "",
                "hm",
                "",
            ),
            (
                r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},
                    {"type":"text","text":"a"},{"type":"output_text","text":"b"}]}"#,
                "ab",
                "hm",
                "",
            ),
            (
                r#"{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
                    {"type":"text","text":{"value":"a"}},{"type":"tool_use","input":{"x":1}}]}"#,
                "a",
                "hm",
                "",
            ),
            (
                r#"{"content":[{"text":"hm","thought":true},{"text":"a"}]}"#,
                "a",
                "hm",
                "",
            ),
            (
                r#"{"reasoning_content":"hm","content":[{"type":"thinking","thinking":"hm"},"a"]}"#,
                "a",
                "hm",
                "",
            ),
            (
                r#"{"content":["a",{"type":"text","text":"b"}]}"#,
                "ab",
                "",
                "",
            ),
            (r#"{"content":"","refusal":"no"}"#, "", "", "no"),
            (
                r#"{"content":[{"type":"refusal","refusal":"no"}]}"#,
                "",
                "",
                "no",
            ),
            (r#"{"content":"a","refusal":null}"#, "a", "", ""),
            (r#"{"content":1.5}"#, "1.5", "", ""),
            (r#"{"content":true}"#, "", "", ""),
            ("{}", "", "", ""),
            ("[]", "", "", ""),
        ];
        for (delta, content, reasoning, refusal) in table {
            assert_eq!(said(delta), [content, reasoning, refusal], "{delta}");
        }
    }

    #[test]
    fn figures_are_counted_under_either_name() {
        let counts = |json| {
            let usage = Usage::from(
                parse(json)
                    .unwrap()
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            );
            [
                usage.prompt_tokens(),
                usage.completion_tokens(),
                usage.total_tokens(),
            ]
        };
        let table = [
            ("{}", [None; 3]),
            (
                r#"{"details":{"a":1},"prompt_tokens":-1,"total_tokens":null}"#,
                [None; 3],
            ),
            (
                r#"{"prompt_tokens":1.5,"completion_tokens":"2"}"#,
                [Some(1), Some(2), None],
            ),
            (
                r#"{"input_tokens":1,"output_tokens":2,"total_tokens":3}"#,
                [Some(1), Some(2), Some(3)],
            ),
            ("\"none\"", [None; 3]),
        ];
        for (json, expected) in table {
            assert_eq!(counts(json), expected, "{json}");
        }
    }

    /// JSON with the names that are looked for, in any nesting.
    fn json() -> impl Strategy<Value = Value> {
        const OTHERS: &[&str] = &[
            "type", "thought", "refusal", "usage", "error", "code", "index",
        ];
        let names = [CONTENT, REASONING, OTHERS].concat();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2_i64..2).prop_map(Value::from),
            proptest::sample::select(&["", "text", "thinking", "reasoning.text", "é", "7"][..])
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let field = (proptest::sample::select(names.clone()), inner.clone());
            let fields = proptest::collection::vec(field, 0..4).prop_map(|fields| {
                let fields = fields.into_iter();
                fields
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            });
            let items = proptest::collection::vec(inner, 0..4);
            prop_oneof![fields.prop_map(Value::Object), items.prop_map(Value::Array)]
        })
    }

    proptest! {
        #[test]
        fn a_piece_says_what_a_whole_message_of_its_shape_says_and_makes_nothing_up(value in json()) {
            let piece = json!({"choices": [{"delta": value}]});
            let whole = json!({"choices": [{"message": value}]});
            let (piece, whole) = (Chunk::read(&piece, true), Chunk::read(&whole, true));
            prop_assert_eq!(&piece.added, &whole.message);
            let text = value.to_string();
            for (_, said) in &piece.added {
                prop_assert!(!said.is_empty() && text.contains(&**said), "{said:?} of {text}");
            }
            Chunk::read(&value, true);
            Chunk::read(&value, false);
        }
    }
}
