//! What an event of a stream says, or a whole completion: one lenient reading for both, because
//! each is seen in place of the other.
//!
//! Only what is used is looked at. Sources: Heroku's documents
//! (devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions), its reference app,
//! recorded answers, and what other servers of this API send.

use std::borrow::Cow;

use serde::Serialize;

use super::json::{Json, Kind};
use super::problem;
use crate::conversation::Usage;

/// A chunk of a stream, or a whole completion.
#[derive(Debug, Default)]
pub struct Chunk<'a> {
    pub id: Option<Json<'a>>,
    pub model: Option<Json<'a>>,
    pub created: Option<Json<'a>>,
    /// Empty in the chunk that carries the usage, which comes last.
    choices: Vec<Json<'a>>,
    pub usage: Option<Json<'a>>,
    /// A failure that is named as such.
    pub error: Option<Json<'a>>,
}

/// One answer.
#[derive(Debug, Default)]
pub struct Choice<'a> {
    index: Option<Json<'a>>,
    delta: Option<Json<'a>>,
    /// In place of `delta` if the answer is whole. Some streams end with one that holds all of
    /// it once more (MiniMax), in others each holds all so far (DashScope).
    message: Option<Json<'a>>,
    /// Of the older completions, in place of both.
    text: Option<Json<'a>>,
    pub finish_reason: Option<Json<'a>>,
    /// Kimi counts here.
    pub usage: Option<Json<'a>>,
    pub error: Option<Json<'a>>,
}

/// What a text of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Content,
    Reasoning,
    /// What the model says in place of an answer that it refuses.
    Refusal,
}

/// Takes the texts of an answer, as [`Json::bytes`] has them.
pub type Take<'t> = dyn FnMut(Voice, &[u8]) + 't;

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
    pub fn read(object: Json<'a>) -> Self {
        let mut chunk = Chunk::default();
        object.fields(|name, value| match name {
            "id" => chunk.id = Some(value),
            "model" => chunk.model = Some(value),
            "created" => chunk.created = Some(value),
            "usage" => chunk.usage = Some(value),
            "choices" => {
                chunk.choices.clear();
                value.items(|choice| chunk.choices.push(choice));
                chunk
                    .choices
                    .extend((value.kind() == Kind::Object).then_some(value));
            }
            // MiniMax has a status of its own beside every answer.
            "error" | "base_resp" if problem::is_failure(name, value) => chunk.error = Some(value),
            _ => {}
        });
        let is_bare = chunk.choices.is_empty() && chunk.error.is_none();
        if is_bare && says(object) && !problem::is_report(object) {
            chunk.choices.push(object);
        }
        chunk
    }

    /// Whether there is nothing in it of which an answer is made.
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty() && self.usage.is_none() && self.error.is_none()
    }

    /// The choice that was asked for. Servers that were asked for several number them; if no
    /// number stands, the place in the list is it.
    pub fn choice(&self) -> Option<Choice<'a>> {
        let objects = self
            .choices
            .iter()
            .filter(|choice| choice.kind() == Kind::Object);
        objects
            .map(|object| Choice::read(*object))
            .enumerate()
            .find(|(place, choice)| {
                let index = choice.index.and_then(Json::number);
                index.unwrap_or(*place as f64) == 0.0
            })
            .map(|(_, choice)| choice)
    }
}

impl<'a> Choice<'a> {
    fn read(object: Json<'a>) -> Self {
        let mut choice = Choice::default();
        object.fields(|name, value| match name {
            "index" => choice.index = Some(value),
            "delta" => choice.delta = Some(value),
            "message" => choice.message = Some(value),
            "text" | "output_text" | "content" => choice.text = Some(value),
            "finish_reason" => choice.finish_reason = Some(value),
            "done_reason" | "stop_reason" if choice.finish_reason.is_none() => {
                choice.finish_reason = Some(value);
            }
            "usage" => choice.usage = Some(value),
            "error" if problem::is_failure(name, value) => choice.error = Some(value),
            _ => {}
        });
        if choice.error.is_none() {
            let inner = [choice.delta, choice.message].into_iter().flatten();
            choice.error = inner
                .filter(|piece| piece.written().contains("\"error\""))
                .find_map(|piece| piece.field("error"))
                .filter(|error| problem::is_failure("error", *error));
        }
        choice
    }

    /// Hands over what it adds to the answer. Returns whether that was anything.
    pub fn added(&self, take: &mut Take<'_>) -> bool {
        let said = self
            .delta
            .is_some_and(|delta| texts(delta, Voice::Content, take));
        said || self
            .text
            .is_some_and(|text| texts(text, Voice::Content, take))
    }

    /// Hands over the answer as far as it came, if the choice has it. Returns whether it does.
    pub fn whole(&self, take: &mut Take<'_>) -> bool {
        self.message
            .is_some_and(|message| texts(message, Voice::Content, take))
    }
}

/// Hands over the texts of a value: a string, a list of parts, or an object that holds such.
/// Returns whether there was any.
fn texts(value: Json<'_>, voice: Voice, take: &mut Take<'_>) -> bool {
    match value.kind() {
        Kind::Text => {
            let text = value.bytes();
            if !text.is_empty() {
                take(voice, &text);
            }
            !text.is_empty()
        }
        // A figure beside the answer counts something; in its place it is what the model said.
        Kind::Number if voice == Voice::Content => {
            take(voice, value.written().as_bytes());
            true
        }
        Kind::List => {
            let mut any = false;
            value.items(|item| any |= texts(item, voice, take));
            any
        }
        Kind::Object => object(value, voice, take),
        Kind::Null | Kind::Bool | Kind::Number => false,
    }
}

fn object(object: Json<'_>, voice: Voice, take: &mut Take<'_>) -> bool {
    let mut content = [None; CONTENT.len()];
    let mut reasoning = [None; REASONING.len()];
    let (mut refusal, mut voice) = (None, voice);
    object.fields(|name, value| {
        let place = |names: &[&str]| names.iter().position(|other| *other == name);
        if let Some(place) = place(CONTENT) {
            content[place] = Some(value);
        } else if name == "thought" && value.written() == "true" {
            // Gemini marks its parts so.
            voice = Voice::Reasoning;
        } else if let Some(place) = place(REASONING) {
            reasoning[place] = Some(value);
        } else if name == "refusal" {
            refusal = Some(value);
        } else if name == "type" && is_thought(&value.text()) {
            voice = Voice::Reasoning;
        }
    });
    let thought = reasoning
        .iter()
        .flatten()
        .any(|value| texts(*value, Voice::Reasoning, take));
    // Reasoning is taken once: parts of the content may hold it, too.
    let mut take = |voice: Voice, text: &[u8]| {
        if !(thought && voice == Voice::Reasoning) {
            take(voice, text);
        }
    };
    let said = content.iter().flatten().any(|value| {
        let any = texts(*value, voice, &mut take);
        // If a model was asked for JSON, some servers send it as an object.
        let is_data = !any && voice == Voice::Content && is_data(*value);
        if is_data {
            take(voice, value.written().as_bytes());
        }
        any || is_data
    });
    let refused = !said && refusal.is_some_and(|refusal| texts(refusal, Voice::Refusal, &mut take));
    thought || said || refused
}

/// Whether an object has nothing of a part of a message.
fn is_data(object: Json<'_>) -> bool {
    let (mut has_fields, mut is_part) = (false, false);
    object.fields(|name, _| {
        has_fields = true;
        is_part |= matches!(name, "type" | "role" | "refusal")
            || CONTENT.contains(&name)
            || REASONING.contains(&name);
    });
    has_fields && !is_part
}

/// Whether an object without choices holds the answer itself, as those of Ollama's and llama.cpp's
/// own APIs do.
fn says(object: Json<'_>) -> bool {
    let mut says = false;
    object.fields(|name, value| {
        says |= match name {
            "message" | "delta" => value.kind() == Kind::Object,
            "content" | "text" | "output_text" => value.kind() != Kind::Object,
            _ => false,
        };
    });
    says
}

/// Whether a part of this type is reasoning: `thinking`, `reasoning`, `reasoning.text`, …
fn is_thought(kind: &str) -> bool {
    ["thinking", "reasoning", "thought"]
        .iter()
        .any(|word| kind.to_ascii_lowercase().contains(word))
}

/// A whole number, if what stands there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count(pub Option<u64>);

/// The members of a usage object. One that can't be kept, such as a number out of range, is null.
pub fn usage(object: Json<'_>) -> Usage {
    let mut members = serde_json::Map::new();
    object.fields(|name, value| {
        let value = serde_json::from_str(value.written()).unwrap_or_default();
        members.insert(name.to_owned(), value);
    });
    Usage::from(members)
}

impl Count {
    pub fn read(value: Json<'_>) -> Self {
        let number = value.number().filter(|number| *number >= 0.0);
        Count(number.map(|number| number as u64))
    }
}

/// A field's text; empty for one that is none.
pub fn text<'a>(field: Option<Json<'a>>) -> Cow<'a, str> {
    field.map(Json::text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content, reasoning and refusal of a piece.
    fn said(delta: &str) -> [String; 3] {
        let json = format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#);
        let mut said = [const { String::new() }; 3];
        let chunk = Chunk::read(Json::parse(&json).unwrap());
        chunk.choice().unwrap().added(&mut |voice, text| {
            said[voice as usize].push_str(std::str::from_utf8(text).unwrap());
        });
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
            (r#"{"content":1.50}"#, "1.50", "", ""),
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
            let usage = usage(Json::parse(json).unwrap());
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
}
