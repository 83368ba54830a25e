//! What is said below an answer: its tokens and times, and that the context window fills up.

use std::time::Duration;

use crate::api::models;
use crate::chat::{Answer, Chat};
use crate::cli::settings::Turns;

/// The share of a model's context window, in percent, from which on the user is told that it fills
/// up.
const FULL: u64 = 80;

/// Tokens, times and model of an answer.
pub fn footer(chat: &Chat, answer: &Answer) -> String {
    let mut parts = Vec::new();
    if let Some(usage) = &answer.completion.usage {
        let [prompt, answer] = [usage.prompt_tokens(), usage.completion_tokens()].map(tokens);
        parts.push(format!("tokens: {prompt} in, {answer} out"));
    }
    if let Some(first) = answer.first_word {
        parts.push(format!("first word {}", seconds(first)));
    }
    parts.push(format!("total {}", seconds(answer.total)));
    let all = chat.conversation.turns();
    if let Turns::Last(turns) = chat.options.context
        && turns < all
    {
        parts.push(format!("the last {turns} of {all} turns were sent"));
    }
    parts.push(chat.model.clone());
    parts.join(" · ")
}

/// A warning if the model's context window fills up.
pub fn fullness(chat: &Chat, answer: &Answer) -> Option<String> {
    let usage = answer.completion.usage.as_ref()?;
    let tokens = usage
        .prompt_tokens()?
        .saturating_add(usage.completion_tokens()?);
    let (model, window) = (&chat.model, models::context_window(&chat.model)?);
    (tokens.saturating_mul(100) >= window * FULL).then(|| {
        format!(
            "the conversation has {tokens} of the {window} tokens that {model} takes: /undo or \
             /clear, or /set context N to send the last N turns only"
        )
    })
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// A number of tokens, if the service said it.
pub fn tokens(count: Option<u64>) -> String {
    count.map_or_else(|| "?".to_owned(), |count| count.to_string())
}
