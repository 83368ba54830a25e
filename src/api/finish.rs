//! Why an answer ended, in all the words seen for it: this API's, Anthropic's, Bedrock's, Google's,
//! Cohere's, and those of open models' makers.

use super::problem::contains_any;

/// What a finish reason means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// None yet: DashScope writes `"null"` into each chunk.
    Unfinished,
    /// The model came to its end.
    Whole,
    Tools,
    /// At the limit of its length.
    Limit,
    /// Stopped by a filter.
    Filter,
    /// Something broke, and what came is not all.
    Failed,
    /// A word unknown today.
    Other,
}

/// Parts of words that say that something broke: `error`, `network_error`, `abort`,
/// `insufficient_system_resource` (DeepSeek), `cancelled`, `malformed_function_call`.
const FAILURES: &[&str] = &[
    "error",
    "fail",
    "abort",
    "cancel",
    "timeout",
    "timed_out",
    "insufficient",
    "interrupt",
    "exception",
    "malformed",
    "unavailable",
    "overload",
];

impl Finish {
    /// What a reason means, in any case.
    pub fn of(reason: &str) -> Self {
        let reason = reason.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let has = |parts: &[&str]| contains_any(&reason, parts);
        match reason.as_str() {
            "" | "null" | "none" | "nil" | "undefined" | "in_progress" => Finish::Unfinished,
            "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete"
            | "completed" | "done" | "end" | "finished" => Finish::Whole,
            "tool_calls" | "tool_call" | "tool_use" | "function_call" => Finish::Tools,
            "length" | "max_length" | "model_length" => Finish::Limit,
            "safety" | "sensitive" | "recitation" | "blocklist" | "spii" | "refusal" => {
                Finish::Filter
            }
            _ if has(&["reason_unspecified"]) => Finish::Unfinished,
            // `max_output_tokens`, `model_context_window_exceeded`
            _ if has(&["max_", "context_"]) => Finish::Limit,
            _ if has(&["filter", "guardrail", "prohibited", "toxic"]) => Finish::Filter,
            _ if has(FAILURES) => Finish::Failed,
            _ => Finish::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_seen_has_its_meaning() {
        let table: &[(Finish, &[&str])] = &[
            (Finish::Unfinished, &["", " ", "null", "None", "NULL"]),
            (
                Finish::Whole,
                &["stop", "STOP", "end_turn", "COMPLETE", "eos_token"],
            ),
            (Finish::Tools, &["tool_calls", "tool_use"]),
            (
                Finish::Limit,
                &["length", "MAX_TOKENS", "model_context_window_exceeded"],
            ),
            (
                Finish::Filter,
                &["content_filter", "SAFETY", "guardrail_intervened"],
            ),
            (
                Finish::Failed,
                &[
                    "error",
                    "network_error",
                    "ERROR",
                    "abort",
                    "aborted",
                    "cancelled",
                    "insufficient_system_resource",
                    "MALFORMED_FUNCTION_CALL",
                    "server-error",
                ],
            ),
            (Finish::Other, &["pause_turn"]),
        ];
        for (finish, words) in table {
            for word in *words {
                assert_eq!(Finish::of(word), *finish, "{word}");
            }
        }
    }
}
