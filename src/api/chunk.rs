//! The JSON of an answer, streamed or whole: one lenient type for both, because both are seen in
//! each other's place.
//!
//! Every field is optional, unknown ones are skipped, and text is borrowed from the event, so that
//! a token costs no JSON tree. Shapes: Heroku's documents
//! (devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions), its reference app, and
//! recorded answers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::conversation::Usage;

/// A chunk of a stream, or a whole completion.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chunk<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub model: Text<'a>,
    pub created: Count,
    /// Empty in the chunk that carries the usage, which comes last.
    #[serde(borrow)]
    pub choices: Option<Vec<Choice<'a>>>,
    pub usage: Option<Usage>,
    /// A failure after the stream began, in any shape of an error body.
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

/// One answer; the service gives just one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Choice<'a> {
    #[serde(borrow)]
    pub delta: Option<Piece<'a>>,
    /// In place of `delta` where the answer is whole.
    #[serde(borrow)]
    pub message: Option<Piece<'a>>,
    /// Empty until the end on some models, where others send null.
    #[serde(borrow)]
    pub finish_reason: Text<'a>,
}

/// Text of an answer, a token or all of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Piece<'a> {
    #[serde(borrow)]
    pub content: Text<'a>,
    /// Heroku: `{"thinking": "…"}`.
    #[serde(borrow)]
    pub reasoning: Text<'a>,
    /// Other servers of this API.
    #[serde(borrow)]
    pub reasoning_content: Text<'a>,
    #[serde(borrow)]
    pub thinking: Text<'a>,
}

/// A whole number, where what stands there is one; a figure that is not is no reason to lose an
/// answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count(pub Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let rounded = value
            .as_f64()
            .filter(|number| *number >= 0.0)
            .map(|number| number as u64);
        Ok(Count(value.as_u64().or(rounded)))
    }
}

/// Text that may be null, a string, an object that holds it, or an array of such. Borrows where
/// serde's own `Option<Cow<str>>` would copy.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Piece<'_> {
    /// The reasoning under whichever name it came.
    pub fn any_reasoning(&self) -> &str {
        let names = [&self.reasoning, &self.reasoning_content, &self.thinking];
        names
            .into_iter()
            .map(|text| &*text.0)
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, null, an object with text, or an array of these")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
        let mut found = Text::default();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match &*name {
                "thinking" | "text" | "content" => found = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text<'de>, A::Error> {
        let mut whole = String::new();
        while let Some(part) = parts.next_element::<Text<'de>>()? {
            whole.push_str(&part.0);
        }
        Ok(Text(Cow::Owned(whole)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> (String, String) {
        let chunk: Chunk<'_> = serde_json::from_str(json).unwrap();
        let choice = chunk
            .choices
            .unwrap_or_default()
            .into_iter()
            .next()
            .unwrap_or_default();
        let piece = choice.delta.or(choice.message).unwrap_or_default();
        (
            piece.content.0.to_string(),
            piece.any_reasoning().to_owned(),
        )
    }

    #[test]
    fn every_seen_shape_of_a_chunk_gives_its_text() {
        let table = [
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}"#,
                "Hel",
                "",
            ),
            (
                r#"{"choices":[{"delta":{"content":"a\nb"},"finish_reason":""}]}"#,
                "a\nb",
                "",
            ),
            (
                r#"{"choices":[{"delta":{"content":null,"tool_calls":null,"reasoning":{"thinking":"hm"}}}]}"#,
                "",
                "hm",
            ),
            (r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#, "", "hm"),
            (
                r#"{"choices":[{"delta":{"reasoning":null,"reasoning_content":"hm"}}]}"#,
                "",
                "hm",
            ),
            (
                r#"{"choices":[{"delta":{"thinking":"hm","content":"x"}}]}"#,
                "x",
                "hm",
            ),
            (r#"{"choices":[{"delta":{}}]}"#, "", ""),
            (r#"{"choices":[],"usage":{"prompt_tokens":9}}"#, "", ""),
            (r#"{"choices":null}"#, "", ""),
            (
                r#"{"created":1.5,"usage":{"prompt_tokens":-1},"choices":[{"delta":{"content":"x","thinking":false}}]}"#,
                "x",
                "",
            ),
            (
                r#"{"id":"x","choices":[{"message":{"role":"assistant","content":"Paris","refusal":null}}]}"#,
                "Paris",
                "",
            ),
            (
                r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
                "ab",
                "",
            ),
            (
                r#"{"choices":[{"message":{"content":"30","reasoning":{"signature":"s","thinking":"15"}}}],"new":[1,{}]}"#,
                "30",
                "15",
            ),
        ];
        for (json, content, reasoning) in table {
            assert_eq!(
                texts(json),
                (content.to_owned(), reasoning.to_owned()),
                "{json}"
            );
        }
    }

    #[test]
    fn usage_may_be_empty_or_longer_than_known() {
        for json in [
            r#"{"usage":{}}"#,
            r#"{"usage":{"cached_input_tokens":4,"details":{"a":1}}}"#,
            r#"{"usage":null}"#,
        ] {
            let chunk: Chunk<'_> = serde_json::from_str(json).unwrap();
            assert!(chunk.usage.is_none_or(|usage| usage.is_blank()), "{json}");
        }
    }
}
