//! A program that asks the last prompt again, in one of the [languages](super::language).

use serde_json::{Map, Value};

use super::Subject;
use super::language::Language;
use crate::api::curl;
use crate::api::request::{self, Quirks};

/// Options of curl: no progress bar, and the status on a line of its own after the body.
const CURL_OPTIONS: &str = "-sS -w '\\n%{http_code}'";
const CURL_ADDRESS: &str = r#""${url%/v1}/v1/chat/completions""#;

/// The program, of which only the request and the names of variables differ from one conversation
/// to another.
pub fn write(language: &Language, subject: &Subject<'_>) -> String {
    let model = (language.model)(&format!("{}_MODEL_ID", subject.prefix), subject.model);
    let payload = language.payload(&request(subject), &model);
    language
        .program
        .replace(
            "CURL",
            &curl::call(CURL_OPTIONS, CURL_ADDRESS, "INFERENCE_KEY"),
        )
        .replace("INFERENCE", subject.prefix)
        .replacen("PAYLOAD", &payload, 1)
}

/// The fields of the request for the last answer, not streamed.
fn request(subject: &Subject<'_>) -> Map<String, Value> {
    let mut asked = subject.conversation.clone();
    if let Some(turn) = asked.take_turn() {
        asked.push(turn.prompt().clone());
    }
    let body = request::body(subject.model, &asked, subject.options, &Quirks::default());
    let mut fields: Map<String, Value> =
        serde_json::from_slice(&body).expect("a request is an object");
    fields.remove("stream");
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::language::RUBY;
    use super::*;
    use crate::api::request::RequestOptions;
    use crate::conversation::{Conversation, Message, Role};

    fn conversation() -> Conversation {
        let mut conversation = Conversation::from_messages(vec![
            Message::prompt("one", Vec::new()),
            Message::new(Role::Assistant, "1"),
            Message::prompt("two", Vec::new()),
            Message::new(Role::Assistant, "2"),
        ]);
        conversation.set_system(Some("count".into()));
        conversation
    }

    #[test]
    fn the_last_prompt_is_asked_again_with_all_before_it() {
        let options = RequestOptions {
            max_tokens: Some(9),
            stream: true,
            ..RequestOptions::default()
        };
        let conversation = conversation();
        let subject = Subject {
            conversation: &conversation,
            model: "m",
            options: &options,
            prefix: "INFERENCE",
        };
        let messages = json!([
            {"role": "system", "content": "count"},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "1"},
            {"role": "user", "content": "two"},
        ]);
        assert_eq!(
            Value::Object(request(&subject)),
            json!({"model": "m", "messages": messages, "max_tokens": 9})
        );
    }

    #[test]
    fn the_words_of_the_template_are_safe_in_a_prompt() {
        let options = RequestOptions::default();
        let said =
            Conversation::from_messages(vec![Message::prompt("INFERENCE PAYLOAD", Vec::new())]);
        let subject = Subject {
            conversation: &said,
            model: "PAYLOAD",
            options: &options,
            prefix: "EMBEDDING",
        };
        let code = write(&RUBY, &subject);
        assert!(
            code.contains(r#"env.fetch("EMBEDDING_MODEL_ID", "PAYLOAD")"#),
            "{code}"
        );
        assert!(code.contains(r#""content": "INFERENCE PAYLOAD""#), "{code}");
        assert!(!code.contains("INFERENCE_"), "{code}");
    }
}
