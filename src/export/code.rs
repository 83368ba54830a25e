//! A program that asks the last prompt again, in the style of Heroku's quick start guides: URL, key
//! and model from the environment, one request, the answer printed, or status and body of a
//! failure.
//!
//! Source: devcenter.heroku.com/articles/heroku-inference-quickstart-ruby-v1-chat-completions and
//! its siblings.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Subject;
use super::literal::Notation;
use crate::api::request::{self, Quirks, RequestOptions};
use crate::conversation::{Conversation, Role};

/// A programming language.
pub struct Language {
    /// The program, with `INFERENCE` for the prefix of variables and `PAYLOAD` for the request.
    pub template: fn() -> Cow<'static, str>,
    pub notation: Notation,
    /// The expression for the model: that of the variable, or else this one.
    pub model: fn(variable: &str, model: &str) -> String,
}

/// The program, of which only the request and the names of variables differ from one conversation
/// to another.
pub fn write(language: &Language, subject: &Subject<'_>) -> String {
    let model = (language.model)(&format!("{}_MODEL_ID", subject.prefix), subject.model);
    let payload = language.notation.payload(&request(subject), &model);
    (language.template)()
        .replace("INFERENCE", subject.prefix)
        .replacen("PAYLOAD", &payload, 1)
}

/// The fields of the request for the last answer, not streamed.
fn request(subject: &Subject<'_>) -> Map<String, Value> {
    let options = RequestOptions {
        stream: false,
        ..subject.options.clone()
    };
    let body = request::body(
        subject.model,
        &up_to_last_prompt(subject.conversation),
        &options,
        &Quirks::default(),
    );
    let mut fields: Map<String, Value> =
        serde_json::from_slice(&body).expect("a request is an object");
    fields.remove("stream");
    fields
}

fn up_to_last_prompt(conversation: &Conversation) -> Conversation {
    let messages = conversation.messages();
    let end = messages
        .iter()
        .rposition(|message| message.role == Role::User)
        .map_or(messages.len(), |last| last + 1);
    let mut asked = Conversation::from_messages(messages[..end].to_vec());
    asked.set_system(conversation.system().map(str::to_owned));
    asked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ruby;
    use super::*;
    use crate::conversation::Message;

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
        let code = write(&ruby::LANGUAGE, &subject);
        assert!(
            code.contains(r#"env.fetch("EMBEDDING_MODEL_ID", "PAYLOAD")"#),
            "{code}"
        );
        assert!(code.contains(r#""content": "INFERENCE PAYLOAD""#), "{code}");
        assert!(!code.contains("INFERENCE_"), "{code}");
    }
}
