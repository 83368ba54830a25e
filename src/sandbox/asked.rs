//! A request as the sandbox's models see it, and the refusals that the service would give it.

use serde_json::{Map, Value, json};

use super::replies::{Act, MODELS, Model};

/// A failure status with its body.
pub struct Refusal {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
}

/// An answer with its end.
pub struct Answer {
    pub acts: Vec<Act>,
    pub tokens: u64,
    /// Finish reason.
    pub finish: &'static str,
}

/// A request, checked as strictly as the service does.
pub struct Asked {
    pub model: &'static Model,
    pub stream: bool,
    /// A token is a word here.
    max_tokens: Option<u64>,
    /// The last message of the user.
    pub prompt: String,
    pub has_temperature: bool,
    /// Media type and size in bytes of each image.
    pub images: Vec<(String, usize)>,
    pub prompt_tokens: u64,
    /// What is wrong with the messages, if something is.
    pub refusal: Option<Refusal>,
}

/// Fields that are taken; any other is a 400, as on the service.
const FIELDS: &[&str] = &[
    "model",
    "messages",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "stream",
    "tools",
    "tool_choice",
    "extended_thinking",
    "reasoning_effort",
    "allow_ignored_params",
    // Accepted too, or accepted and not used, by Heroku's page on OpenAI compatibility.
    "max_completion_tokens",
    "parallel_tool_calls",
    "modalities",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "seed",
    "user",
];

impl Asked {
    /// Reads a request body.
    ///
    /// # Errors
    /// The refusal that the service would give.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let fields: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| Refusal::nested(400, "error parsing JSON"))?;
        let ignores = fields.get("allow_ignored_params") == Some(&Value::Bool(true));
        if let Some(unknown) = fields
            .keys()
            .filter(|_| !ignores)
            .find(|name| !FIELDS.contains(&name.as_str()))
        {
            return Err(Refusal::nested(
                400,
                &format!("unrecognized request argument supplied: {unknown}"),
            ));
        }
        let messages = fields
            .get("messages")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let texts: Vec<String> = messages
            .iter()
            .map(|message| text_of(&message["content"]))
            .collect();
        let images: Vec<(String, usize)> = messages
            .iter()
            .flat_map(|message| images_of(&message["content"]))
            .collect();
        let refusal = match texts.iter().position(|text| text.trim().is_empty()) {
            Some(index) => Some(Refusal::nested(
                400,
                &format!("messages[{index}]: content is required"),
            )),
            None if texts.is_empty() => Some(Refusal::nested(400, "messages is required")),
            None => None,
        };
        let id = fields
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let model = MODELS.iter().find(|model| model.id == id);
        let model = model.ok_or_else(|| Refusal::new(404, &format!("model {id:?} not found")))?;
        let refusal = refusal.or_else(|| {
            let is_blind = !images.is_empty() && !model.takes_images();
            is_blind
                .then(|| Refusal::nested(400, "This model doesn't support the image content block"))
        });
        let last = messages
            .iter()
            .rposition(|message| message["role"] == "user");
        Ok(Asked {
            model,
            stream: fields.get("stream") == Some(&Value::Bool(true)),
            max_tokens: fields
                .get("max_tokens")
                .or(fields.get("max_completion_tokens"))
                .and_then(Value::as_u64),
            prompt: last.map(|index| texts[index].clone()).unwrap_or_default(),
            has_temperature: fields.contains_key("temperature"),
            images,
            refusal,
            prompt_tokens: texts
                .iter()
                .map(|text| text.split_whitespace().count() as u64)
                .sum(),
        })
    }

    /// The answer as far as `max_tokens` lets it go.
    pub fn within_limit(&self, acts: Vec<Act>) -> Answer {
        let limit = self.max_tokens.unwrap_or(u64::MAX);
        let mut answer = Answer {
            acts: Vec::with_capacity(acts.len()),
            tokens: 0,
            finish: "stop",
        };
        for act in acts {
            if matches!(act, Act::Say(_) | Act::Think(_)) {
                if answer.tokens == limit {
                    answer.finish = "length";
                    break;
                }
                answer.tokens += 1;
            }
            answer.acts.push(act);
        }
        answer
    }

    /// The usage object of an answer.
    pub fn usage(&self, completion_tokens: u64) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": self.prompt_tokens + completion_tokens,
        })
    }
}

impl Refusal {
    /// A failure whose `error` is an object.
    pub fn new(status: u16, message: &str) -> Self {
        let body =
            json!({"error": {"code": status, "message": message, "type": "invalid_request"}});
        Refusal {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    /// The failure of having no key, or another.
    pub fn unauthorized() -> Self {
        Refusal::new(401, "Invalid API key provided")
    }

    /// A failure whose `error` is JSON in a string, as recorded of the service in July 2025.
    pub fn nested(status: u16, message: &str) -> Self {
        let inner = json!({"code": status, "message": message, "type": "invalid_request"});
        Refusal {
            status,
            headers: Vec::new(),
            body: json!({"error": inner.to_string()}).to_string(),
        }
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// The images of a message, which come as data URIs only.
fn images_of(content: &Value) -> Vec<(String, usize)> {
    let uris = content
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part["image_url"]["url"].as_str());
    let image = |uri: &str| {
        let (media_type, data) = uri.strip_prefix("data:")?.split_once(";base64,")?;
        Some((
            media_type.to_owned(),
            data.trim_end_matches('=').len() * 3 / 4,
        ))
    };
    uris.filter_map(image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> (u16, String) {
        let refusal = match Asked::parse(body.as_bytes()) {
            Ok(asked) => asked.refusal.expect("a refusal"),
            Err(refusal) => refusal,
        };
        (refusal.status, refusal.body)
    }

    #[test]
    fn requests_are_checked_as_the_service_does() {
        let table = [
            ("[", 400, "error parsing JSON"),
            (
                r#"{"model":"sandbox-echo","messages":[{"role":"user","content":"a"}],"stream_options":{}}"#,
                400,
                "supplied: stream_options",
            ),
            (
                r#"{"model":"sandbox-echo","messages":[]}"#,
                400,
                "messages is required",
            ),
            (
                r#"{"model":"sandbox-echo","messages":[{"role":"user","content":" "}]}"#,
                400,
                "messages[0]: content is required",
            ),
            (
                r#"{"model":"gpt-9","messages":[{"role":"user","content":"a"}]}"#,
                404,
                "not found",
            ),
        ];
        for (body, status, words) in table {
            let (found, text) = refused(body);
            assert_eq!(found, status, "{body}");
            assert!(text.contains(words), "{body}: {text}");
        }
    }
}
