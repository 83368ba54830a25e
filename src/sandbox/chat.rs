//! A chat request as the scripted models see it, and the refusals that the service would give it.

use serde_json::{Map, Value};

use super::http::Response;
use super::models::{Act, MODELS};

/// A request, checked as strictly as the service does.
pub struct ChatRequest {
    pub model: &'static str,
    pub stream: bool,
    /// A token is a word here.
    max_tokens: Option<u64>,
    /// The last message of the user.
    pub prompt: String,
    /// What was answered before it.
    pub answered: String,
    /// Whether nothing was asked before.
    pub is_first: bool,
    pub has_temperature: bool,
    /// Media type and size of each image, in words.
    pub images: Vec<String>,
    pub prompt_tokens: u64,
    /// What is wrong with the messages, if anything is.
    pub refusal: Option<Response>,
}

/// Fields that are taken; any other is a 400, as on the service. Those of the last two lines are
/// accepted too, or accepted and not used, by Heroku's page on OpenAI compatibility.
const FIELDS: &str = "model messages max_tokens temperature top_p stop stream tools tool_choice \
    extended_thinking reasoning_effort allow_ignored_params \
    max_completion_tokens parallel_tool_calls modalities n frequency_penalty presence_penalty \
    logprobs seed user";

impl ChatRequest {
    /// Reads a request body.
    ///
    /// # Errors
    /// The refusal that the service would give.
    pub fn parse(body: &[u8]) -> Result<Self, Response> {
        let fields: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| Response::refusal("error parsing JSON"))?;
        let is_known = |name: &str| FIELDS.split(' ').any(|field| field == name);
        let unknown = fields.keys().find(|name| !is_known(name)).cloned();
        let fields = Value::Object(fields);
        if let Some(unknown) = unknown.filter(|_| fields["allow_ignored_params"] != true) {
            return Err(unknown_field(&unknown));
        }
        let messages = fields["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let contents = messages.iter().map(|message| &message["content"]);
        let texts: Vec<String> = contents.clone().map(text_of).collect();
        let images: Vec<String> = contents.flat_map(images_of).collect();
        let id = fields["model"].as_str().unwrap_or_default();
        let (model, _) = MODELS
            .iter()
            .find(|(model, _)| *model == id)
            .ok_or_else(|| Response::error(404, &format!("model {id:?} not found")))?;
        let refusal = match texts.iter().position(|text| text.trim().is_empty()) {
            Some(index) => Some(format!("messages[{index}]: content is required")),
            None if texts.is_empty() => Some("messages is required".to_owned()),
            None => (!images.is_empty() && *model != "sandbox-vision")
                .then(|| "This model doesn't support the image content block".to_owned()),
        };
        let is_prompt = |message: &Value| message["role"] == "user";
        let last = messages.iter().rposition(is_prompt);
        let is_answer = |message: &Value| message["role"] == "assistant";
        let answered = messages.iter().rposition(is_answer);
        let max_tokens = &fields["max_tokens"];
        Ok(ChatRequest {
            model,
            stream: fields["stream"] == true,
            max_tokens: max_tokens
                .as_u64()
                .or(fields["max_completion_tokens"].as_u64()),
            prompt: last.map(|index| texts[index].clone()).unwrap_or_default(),
            answered: answered.map_or_else(String::new, |index| texts[index].clone()),
            is_first: last == messages.iter().position(is_prompt),
            has_temperature: fields.get("temperature").is_some(),
            images,
            prompt_tokens: texts
                .iter()
                .flat_map(|text| text.split_whitespace())
                .count() as u64,
            refusal: refusal.map(|message| Response::refusal(&message)),
        })
    }

    /// Cuts an answer where `max_tokens` ends it. Returns how many tokens it has, and the finish
    /// reason.
    pub fn limit(&self, acts: &mut Vec<Act>) -> (u64, &'static str) {
        let is_token = |act: &Act| matches!(act, Act::Say(_) | Act::Think(_));
        let limit = self.max_tokens.unwrap_or(u64::MAX);
        let mut tokens = 0;
        for (index, _) in acts.iter().enumerate().filter(|(_, act)| is_token(act)) {
            if tokens == limit {
                acts.truncate(index);
                return (tokens, "length");
            }
            tokens += 1;
        }
        (tokens, "stop")
    }
}

/// The refusal of a parameter.
pub fn unknown_field(name: &str) -> Response {
    Response::refusal(&format!("unrecognized request argument supplied: {name}"))
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
fn images_of(content: &Value) -> impl Iterator<Item = String> {
    let parts = content.as_array().into_iter().flatten();
    parts.filter_map(|part| {
        let uri = part["image_url"]["url"].as_str()?;
        let (media_type, data) = uri.strip_prefix("data:")?.split_once(";base64,")?;
        let bytes = data.trim_end_matches('=').len() * 3 / 4;
        Some(format!("{media_type} of {bytes} bytes"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> (u16, String) {
        let refusal = match ChatRequest::parse(body.as_bytes()) {
            Ok(request) => request.refusal.expect("a refusal"),
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
