//! An answer as it is kept: its text, why it ended, what it cost, and the object that `--json`
//! prints.

use serde::Serialize;
use serde_json::value::RawValue;

use super::finish::Finish;
use crate::conversation::Usage;

/// An answer, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub id: String,
    /// The model as the service names it.
    pub model: String,
    /// Seconds since 1970.
    pub created: Option<u64>,
    pub content: String,
    pub reasoning: String,
    /// Whether the content is the model's refusal to answer.
    pub is_refused: bool,
    /// `stop`, `length`, `tool_calls` or another word of the service's.
    pub finish_reason: Option<String>,
    pub usage: Option<Usage>,
    /// The usage object as the service wrote it, which may count more than [`Usage`] knows.
    pub counted: Option<String>,
    /// The response object as it came, if it came whole.
    pub raw: Option<String>,
}

impl Completion {
    /// Whether there is nothing to read in it. The service refuses a message of white space alone.
    pub fn is_blank(&self) -> bool {
        self.content.trim().is_empty()
    }

    /// Whether it stopped at the limit of its length.
    pub fn is_at_limit(&self) -> bool {
        self.finish() == Some(Finish::Limit)
    }

    fn finish(&self) -> Option<Finish> {
        self.finish_reason.as_deref().map(Finish::of)
    }

    /// A sentence about an answer that looks complete and is not.
    pub fn remark(&self) -> Option<String> {
        if self.is_refused {
            return Some("the model refused to answer, in these words".to_owned());
        }
        Some(match self.finish()? {
            Finish::Limit => {
                "the answer stopped at the limit of its length (max_tokens)".to_owned()
            }
            Finish::Filter => "the answer was stopped by a content filter".to_owned(),
            Finish::Other => format!(
                "the answer ended with the reason {:?}",
                self.finish_reason.as_deref().unwrap_or_default()
            ),
            Finish::Tools => {
                "the answer ends with a tool call, and heroku-chat offers no tools".to_owned()
            }
            // Failures are told as such.
            Finish::Unfinished | Finish::Whole | Finish::Failed => return None,
        })
    }

    /// Why an answer without a word ended, in this API's own words.
    pub fn why_empty(&self) -> Option<String> {
        match self.finish()? {
            // The context window is another limit than that of the answer.
            Finish::Limit if !self.finish_reason.as_ref()?.contains("context") => {
                Some("length".to_owned())
            }
            Finish::Tools => Some("tool_calls".to_owned()),
            _ => self.finish_reason.clone(),
        }
    }

    /// The response object: as it came, or put together from the stream in the same shape.
    pub fn to_json(&self) -> String {
        self.raw.clone().unwrap_or_else(|| {
            serde_json::to_string_pretty(&Assembled::from(self))
                .expect("strings and numbers always serialise")
        })
    }
}

/// The shape of a whole completion, in the order the service writes it.
#[derive(Serialize)]
struct Assembled<'a> {
    id: &'a str,
    object: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
    model: &'a str,
    choices: [AssembledChoice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct AssembledChoice<'a> {
    index: u32,
    message: AssembledMessage<'a>,
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct AssembledMessage<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<AssembledReasoning<'a>>,
}

#[derive(Serialize)]
struct AssembledReasoning<'a> {
    thinking: &'a str,
}

impl<'a> From<&'a Completion> for Assembled<'a> {
    fn from(completion: &'a Completion) -> Self {
        let reasoning = &completion.reasoning;
        let message = AssembledMessage {
            role: "assistant",
            content: (!completion.is_refused).then_some(&completion.content),
            refusal: completion.is_refused.then_some(&completion.content),
            reasoning: (!reasoning.is_empty()).then_some(AssembledReasoning {
                thinking: reasoning,
            }),
        };
        Assembled {
            id: &completion.id,
            object: "chat.completion",
            created: completion.created,
            model: &completion.model,
            choices: [AssembledChoice {
                index: 0,
                message,
                finish_reason: completion.finish_reason.as_deref(),
            }],
            // It was read as JSON before.
            usage: completion
                .counted
                .clone()
                .and_then(|counted| RawValue::from_string(counted).ok()),
        }
    }
}
