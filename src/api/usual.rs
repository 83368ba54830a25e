//! The chunk that most of a stream consists of: one choice with a piece of text, and nothing else
//! of interest. It is read in one pass, because a token should cost no more than its text. Anything
//! that deviates by a letter is left to [`super::chunk`], which reads everything.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A field that is null or not there: anything else may say something.
type Null = Option<()>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: (Choice<'a>,),
    #[serde(default)]
    usage: Null,
    /// What has been taken from the first chunk, or is never used.
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "object")]
    _object: IgnoredAny,
    #[serde(default, rename = "created")]
    _created: IgnoredAny,
    #[serde(default, rename = "model")]
    _model: IgnoredAny,
    #[serde(default, rename = "system_fingerprint")]
    _fingerprint: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice<'a> {
    #[serde(default)]
    index: u8,
    #[serde(borrow)]
    delta: Delta<'a>,
    #[serde(default)]
    finish_reason: Null,
    #[serde(default)]
    logprobs: Null,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(default, rename = "role")]
    _role: IgnoredAny,
    #[serde(default)]
    tool_calls: Null,
    #[serde(default)]
    reasoning: Null,
    #[serde(default)]
    reasoning_content: Null,
    #[serde(default)]
    refusal: Null,
}

/// The text of a chunk, if it is a usual one.
pub fn content(data: &str) -> Option<Cow<'_, str>> {
    // serde reads an object from a list, too, and only the choices may be one.
    if memchr::memchr_iter(b'[', data.as_bytes()).count() != 1 {
        return None;
    }
    let Chunk {
        choices: (choice,),
        usage: None,
        ..
    } = serde_json::from_str(data).ok()?
    else {
        return None;
    };
    match choice {
        Choice {
            index: 0,
            finish_reason: None,
            logprobs: None,
            delta:
                Delta {
                    content,
                    tool_calls: None,
                    reasoning: None,
                    reasoning_content: None,
                    refusal: None,
                    ..
                },
        } => Some(content),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::chunk::{Chunk, Voice};
    use super::super::json;
    use super::*;

    /// What the reading of everything makes of a chunk.
    fn read(data: &str) -> Option<String> {
        let value = json::parse(data).ok()?;
        let chunk = Chunk::read(&value, true);
        let is_more = !chunk.usages.is_empty() || chunk.error.is_some();
        let is_more = is_more || !chunk.finish_reason.is_empty() || !chunk.has_choice;
        let pieces = chunk.added.into_iter().map(|(voice, text)| {
            assert!(voice == Voice::Content, "{data}");
            text
        });
        (!is_more).then(|| pieces.collect())
    }

    #[test]
    fn only_what_says_nothing_else_is_usual() {
        let usual = [
            r#"{"id":"x","object":"o","created":1e999,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a\n\u00e9"},"finish_reason":null,"logprobs":null}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":"","tool_calls":null,"refusal":null}}]}"#,
        ];
        for data in usual {
            let content = content(data).unwrap();
            assert_eq!(Some(content.into_owned()), read(data), "{data}");
        }
        for other in [
            r#"{"choices":[{"delta":{"content":"\ud83d"}}]}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#,
            r#"{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"error":"no"}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{}}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"error":{}}"#,
            r#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}]} {}"#,
            r#"{"choices":[{"delta":{"content":1}}]}"#,
            r#"{"choices":[{"delta":{}}]}"#,
            r#"{"choices":[]}"#,
            r#"{"choices":[[0,["x",null,null,null,null,null],null,null]]}"#,
            r#"{"choices":[{"delta":["x",null,null,null,null,null]}]}"#,
            r#"[[{"delta":{"content":"x"}}],null,1,1,1,1,1]"#,
        ] {
            assert_eq!(content(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_usual_chunk_is_read_alike_in_both_ways(
            text in ".{0,20}",
            fields in proptest::collection::vec(0..6_usize, 0..4),
            order in any::<bool>(),
        ) {
            const FIELDS: [&str; 6] = [
                r#""finish_reason":null"#,
                r#""index":0"#,
                r#""logprobs":null"#,
                r#""error":null"#,
                r#""finish_reason":"stop""#,
                r#""index":"0""#,
            ];
            let delta = format!(r#""delta":{}"#, serde_json::json!({"content": text}));
            let mut fields: Vec<&str> = fields.into_iter().map(|field| FIELDS[field]).collect();
            fields.insert(if order { 0 } else { fields.len() }, &delta);
            let data = format!(r#"{{"choices":[{{{}}}]}}"#, fields.join(","));
            if let Some(content) = content(&data) {
                prop_assert_eq!(Some(content.into_owned()), read(&data));
            }
        }
    }
}
