//! What is said below an answer: its tokens and times, and that the context window fills up.

use std::time::Duration;

use crate::api::models;
use crate::chat::{Answer, Chat};
use crate::cli::settings::Turns;
use crate::conversation::price::counted;

/// The share of a model's context window, in percent, from which on the user is told that it fills
/// up.
const FULL: u64 = 80;

/// An answer in figures: all of them, and what is left on narrower terminals.
pub fn footer(chat: &Chat, answer: &Answer) -> [[String; 3]; 4] {
    let (mut all, mut bare) = (String::new(), String::new());
    if let Some(usage) = &answer.completion.usage {
        let [prompt, answer] = [usage.prompt_tokens(), usage.completion_tokens()].map(counted);
        bare = format!("{prompt} in, {answer} out · ");
        all = format!("tokens: {bare}");
    }
    if let Some((tokens, window)) = in_window(chat, answer) {
        let share = match tokens.saturating_mul(100) / window {
            0 => "<1 %".to_owned(),
            share => format!("{share} %"),
        };
        all += &format!("context {share} · ");
        bare += &format!("{share} · ");
    }
    let time = seconds(answer.total);
    let turns = chat.conversation.turns();
    let sent = match chat.options.context {
        Turns::Last(last) if last < turns => {
            format!(" · the last {last} of {turns} turns were sent")
        }
        _ => String::new(),
    };
    let line = |figures: String| [String::new(), chat.model.clone(), format!(" · {figures}")];
    let [all, bare] = [all, bare].map(|figures| figures + &time);
    let least = [bare.clone(), String::new(), String::new()];
    [line(all.clone() + &sent), line(all), line(bare), least]
}

/// The tokens of the conversation and its last answer, and how many the model takes.
fn in_window(chat: &Chat, answer: &Answer) -> Option<(u64, u64)> {
    let usage = answer.completion.usage.as_ref()?;
    let tokens = usage
        .prompt_tokens()?
        .saturating_add(usage.completion_tokens()?);
    Some((tokens, models::context_window(&chat.model)?))
}

/// A warning when the model's context window fills up.
pub fn fullness(chat: &Chat, answer: &Answer) -> Option<String> {
    let (model, (tokens, window)) = (&chat.model, in_window(chat, answer)?);
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
