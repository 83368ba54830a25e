//! What answers cost, as far as that can be known: an estimate by list prices, never an invoice.

use super::{Cost, Message};
use crate::cli::price::{Price, shown};

/// When the list was made.
pub const DATE: &str = "October 2026";

/// List prices in US$ for a million tokens, of the request and of the answer. Models whose prices
/// differ from source to source are left out.
///
/// Source: Heroku says that it charges list price; these are Amazon Bedrock's of August to October
/// 2026, not Heroku's own figures. Cached input costs less, some regions 10 % more.
const LIST: &[(&str, f64, f64)] = &[
    ("claude-opus-4-5", 5.0, 25.0),
    ("claude-opus-4-6", 5.0, 25.0),
    ("claude-opus-4-7", 5.0, 25.0),
    ("claude-opus-4-8", 5.0, 25.0),
    ("claude-4-sonnet", 3.0, 15.0),
    ("claude-4-5-sonnet", 3.0, 15.0),
    ("claude-4-6-sonnet", 3.0, 15.0),
    ("claude-4-5-haiku", 1.0, 5.0),
    ("claude-3-5-haiku", 0.8, 4.0),
    ("claude-3-haiku", 0.25, 1.25),
    ("nova-pro", 0.8, 3.2),
    ("nova-lite", 0.06, 0.24),
    ("nova-2-lite", 0.3, 2.5),
    ("gpt-oss-120b", 0.15, 0.6),
    ("openai-gpt-oss-120b", 0.15, 0.6),
    ("kimi-k2-thinking", 0.6, 2.5),
    ("minimax-m2", 0.3, 1.2),
    ("qwen3-coder-480b", 0.45, 1.8),
];

/// What an image is counted as, at most.
///
/// Source: Anthropic's guide to vision: about 1,600 tokens, to which larger ones are scaled down.
const IMAGE_TOKENS: u64 = 1_600;

/// Bytes of text for a token, at least: English has about 4, code and other languages fewer.
const BYTES_A_TOKEN: u64 = 3;

/// The price of a model: the user's own, the last of them first, else that of the list.
pub fn of(model: &str, own: &[Price]) -> Option<Price> {
    let listed = || {
        let (_, input, output) = LIST.iter().find(|(id, ..)| *id == model)?;
        let (input, output) = (*input, *output);
        let model = model.to_owned();
        Some(Price {
            model,
            input,
            output,
        })
    };
    let own = own.iter().rev().find(|price| price.model == model);
    own.cloned().or_else(listed)
}

impl Price {
    /// What so many tokens cost, in US$.
    pub fn times(&self, input: u64, output: u64) -> f64 {
        (input as f64 * self.input + output as f64 * self.output) / 1e6
    }
}

impl Cost {
    /// The cost in US$; none if price or tokens are not known.
    pub fn dollars(&self, own: &[Price]) -> Option<f64> {
        let (input, output) = (self.usage.prompt_tokens()?, self.usage.completion_tokens()?);
        Some(of(&self.model, own)?.times(input, output))
    }
}

/// What several answers took.
#[derive(Clone, Debug)]
pub struct Sum {
    pub answers: u64,
    /// Tokens of the requests and of the answers, as far as they were counted.
    pub input: u64,
    pub output: u64,
    /// Whether all were.
    pub is_counted: bool,
    /// In US$; none if that of any answer isn't known.
    pub dollars: Option<f64>,
}

impl Sum {
    pub fn of<'a>(costs: impl IntoIterator<Item = &'a Cost>, own: &[Price]) -> Self {
        let mut sum = Sum {
            answers: 0,
            input: 0,
            output: 0,
            is_counted: true,
            dollars: Some(0.0),
        };
        for cost in costs {
            let (input, output) = (cost.usage.prompt_tokens(), cost.usage.completion_tokens());
            sum.answers += 1;
            sum.input = sum.input.saturating_add(input.unwrap_or_default());
            sum.output = sum.output.saturating_add(output.unwrap_or_default());
            sum.is_counted &= input.is_some() && output.is_some();
            let both = sum.dollars.zip(cost.dollars(own));
            sum.dollars = both.map(|(before, more)| before + more);
        }
        sum
    }

    /// Its cost in words; empty if that isn't known.
    pub fn shown(&self) -> String {
        self.dollars.map_or_else(String::new, shown)
    }
}

/// A number of tokens, if the service said it.
pub fn counted(tokens: Option<u64>) -> String {
    tokens.map_or_else(|| "?".to_owned(), |tokens| tokens.to_string())
}

/// About how many tokens a request with these messages has; rather too many than too few.
pub fn estimated_tokens<'a>(
    system: Option<&str>,
    messages: impl Iterator<Item = &'a Message>,
) -> u64 {
    let text = |bytes: usize| bytes as u64 / BYTES_A_TOKEN + 10;
    let of_message = |message: &Message| {
        let images = message.images().count() as u64 * IMAGE_TOKENS;
        let calls = message
            .calls
            .iter()
            .map(|call| call.function.arguments.len());
        text(message.text().len() + calls.sum::<usize>()) + images
    };
    text(system.map_or(0, str::len)) + messages.map(of_message).sum::<u64>()
}

/// Where estimates come from, to be said with each of them.
pub fn origin(own: &[Price]) -> String {
    match own {
        [] => format!("≈ by list prices of {DATE}; Heroku's invoice decides"),
        _ => format!("≈ by your prices and list prices of {DATE}; Heroku's invoice decides"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cost(model: &str, usage: &str) -> Cost {
        let usage = serde_json::from_str(usage).unwrap();
        let model = model.to_owned();
        Cost { model, usage }
    }

    #[test]
    fn own_prices_go_first_and_what_is_not_known_costs_no_zero() {
        let used = r#"{"prompt_tokens":1000000,"completion_tokens":100000}"#;
        let haiku = cost("claude-4-5-haiku", used);
        assert_eq!(haiku.dollars(&[]), Some(1.5));
        let own = |input| Price {
            model: "claude-4-5-haiku".to_owned(),
            input,
            output: 10.0,
        };
        assert_eq!(haiku.dollars(&[own(1.0), own(2.0)]), Some(3.0));
        assert_eq!(cost("qwen3-235b", used).dollars(&[]), None);
        assert_eq!(cost("claude-4-5-haiku", "{}").dollars(&[]), None);
    }

    #[test]
    fn estimates_of_a_request_are_rather_too_high() {
        let message: Message = serde_json::from_value(json!({
            "role": "user",
            "content": "The quick brown fox jumps over the lazy dog. ".repeat(100),
        }))
        .unwrap();
        // 45 bytes and 10 tokens each.
        let estimate = estimated_tokens(Some("be brief"), [&message].into_iter());
        assert!((1_000..2_000).contains(&estimate), "{estimate}");
    }
}
