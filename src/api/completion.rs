//! An answer as it is kept: its text, why it ended, what it cost, and the object that `--json`
//! prints.

use serde_json::json;

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
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let content = (!self.is_refused).then_some(&self.content);
        let mut message = json!({"role": "assistant", "content": content});
        if self.is_refused {
            message["refusal"] = json!(self.content);
        }
        if !self.reasoning.is_empty() {
            message["reasoning"] = json!({"thinking": self.reasoning});
        }
        let mut object = json!({"id": self.id, "object": "chat.completion"});
        if let Some(created) = self.created {
            object["created"] = json!(created);
        }
        object["model"] = json!(self.model);
        object["choices"] = json!([
            {"index": 0, "message": message, "finish_reason": self.finish_reason}
        ]);
        if let Some(usage) = &self.usage {
            object["usage"] = json!(usage);
        }
        format!("{object:#}")
    }
}
