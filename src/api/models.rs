//! The catalogue, `GET /available-models`: no key needed, and not below `/v1`.
//!
//! Source: recorded for pydantic-ai in April 2026 and read by Heroku's own plugin. In 2025 neither
//! `state` nor the dates were there, and regions read `us-east-1`.

use std::slice;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use super::json;

/// One model of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Model {
    #[serde(rename = "model_id")]
    pub id: String,
    /// `text-to-text` for chat; `text-to-embedding`, `text-to-image` and `text-to-score` besides.
    #[serde(rename = "type")]
    pub kinds: Vec<String>,
    /// `us`, `eu`, in 2025 also `us-east-1`.
    pub regions: Vec<String>,
    /// `active` or `deprecated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecation_date: Option<String>,
    /// When it stops answering, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eol_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement_model: Option<String>,
}

impl Model {
    /// Reads an entry of the catalogue; none without an id that can be shown.
    fn read(entry: &Value) -> Option<Self> {
        let text =
            |name| Some(json::joined(json::text(entry, name))).filter(|text| !text.is_empty());
        let id = entry.as_str().map(json::joined);
        let id = id.or_else(|| text("model_id")).or_else(|| text("id"));
        Some(Model {
            // A name that would drive the terminal is none.
            id: id.filter(|id| !id.trim().is_empty() && !id.chars().any(char::is_control))?,
            kinds: words(&entry["type"]),
            regions: words(&entry["regions"]),
            state: text("state"),
            deprecation_date: text("deprecation_date"),
            eol_date: text("eol_date"),
            replacement_model: text("replacement_model"),
        })
    }

    /// Whether it can hold a chat; if nothing is said, it can.
    pub fn is_chat(&self) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == "text-to-text")
    }

    /// Its state in a word.
    pub fn state_word(&self) -> &str {
        self.state.as_deref().unwrap_or("active")
    }

    /// When it ends and what comes after it, as far as that is known.
    pub fn future(&self) -> String {
        match (self.end_of_life(), &self.replacement_model) {
            (Some(date), Some(replacement)) => format!("{date}, then {replacement}"),
            (Some(date), None) => date.to_owned(),
            (None, Some(replacement)) => format!("use {replacement}"),
            (None, None) => String::new(),
        }
    }

    /// Whether it is on its way out.
    pub fn is_deprecated(&self) -> bool {
        self.state.as_deref() == Some("deprecated") || self.eol_date.is_some()
    }

    /// Whether it is offered in a region, such as `eu`; if nothing is said, it is.
    pub fn is_in(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|other| other.starts_with(region))
    }

    /// The day it stops to answer.
    pub fn end_of_life(&self) -> Option<&str> {
        self.eol_date
            .as_deref()
            .map(|date| date.get(..10).unwrap_or(date))
    }
}

/// Words in the ids of models that are small, which answer soon and cost little.
const SMALL: &[&str] = &["haiku", "lite", "micro", "mini", "nano", "small", "flash"];

/// The model to propose to somebody who has none that works: for chat, not on its way out, in the
/// region, and the newest of the small ones.
pub fn proposed<'a>(models: &'a [Model], region: Option<&str>) -> Option<&'a Model> {
    let fits = |model: &&Model| {
        model.is_chat() && !model.is_deprecated() && region.is_none_or(|it| model.is_in(it))
    };
    // The catalogue has no dates of birth; ids have versions, as `claude-4-5-haiku`.
    let version = |id: &str| -> Vec<u8> {
        id.split(['-', '.'])
            .filter_map(|it| it.parse().ok())
            .collect()
    };
    let is_small = |id: &str| id.split('-').any(|word| SMALL.contains(&word));
    // The last of equals would win.
    models.iter().rev().filter(fits).max_by_key(|it| {
        let id = it.id.as_str();
        (
            is_small(id),
            if is_small(id) {
                version(id)
            } else {
                Vec::new()
            },
        )
    })
}

/// The texts of a list, or one that stands alone.
fn words(field: &Value) -> Vec<String> {
    let list = field
        .as_array()
        .map_or(slice::from_ref(field), Vec::as_slice);
    let words = list.iter().filter_map(Value::as_str);
    words
        .filter(|word| !word.is_empty())
        .map(json::joined)
        .collect()
}

/// Models that take text alone, by the beginning of their id.
///
/// Source: "Supported inputs" of the model cards
/// (devcenter.heroku.com/articles/heroku-inference-api-model-…, 2025-09 to 2026-02); the makers'
/// pages for those without a card.
const TEXT_ONLY: &[&str] = &[
    "claude-3-5-haiku",
    "claude-3-7-sonnet",
    "deepseek",
    "glm",
    "gpt-oss",
    "kimi",
    "minimax",
    "nova-2-lite",
    "openai-gpt-oss",
    "qwen3",
];

/// Whether a model is known to take no images.
pub fn is_text_only(id: &str) -> bool {
    TEXT_ONLY.iter().any(|beginning| id.starts_with(beginning))
}

/// How many tokens conversation and answer may have together, by the beginning of a model's id.
///
/// Source: Heroku's documents of 2026 name these and no other; the catalogue has no such field.
const CONTEXT_WINDOWS: &[(&str, u64)] = &[
    ("claude-", 200_000),
    ("gpt-oss", 128_000),
    ("openai-gpt-oss", 128_000),
    ("kimi-k2-5", 256_000),
];

/// How many tokens conversation and answer may have together, if that is known.
pub fn context_window(id: &str) -> Option<u64> {
    CONTEXT_WINDOWS
        .iter()
        .find(|(beginning, _)| id.starts_with(beginning))
        .map(|(_, tokens)| *tokens)
}

/// The catalogue, and when the service sent it by its own clock.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub models: Vec<Model>,
    pub date: Option<SystemTime>,
}

/// Reads the catalogue, chat models first, each group by id. An entry needs an id; what can't be
/// read of the rest of it is left out.
///
/// # Errors
/// A phrase, if the body is no list of models.
pub fn parse(body: &str) -> Result<Vec<Model>, String> {
    let json =
        json::parse(body).map_err(|error| format!("the list of models is no JSON: {error}"))?;
    // The second is OpenAI's form, which other servers of this API may give.
    let list = [&json, &json["data"], &json["models"]]
        .into_iter()
        .find_map(Value::as_array)
        .ok_or("the list of models is no array")?;
    let mut models: Vec<Model> = list.iter().filter_map(Model::read).collect();
    if models.is_empty() && !list.is_empty() {
        let count = list.len();
        return Err(format!(
            "none of the {count} entries of the list of models has an id"
        ));
    }
    models.sort_by(|one, other| (!one.is_chat(), &one.id).cmp(&(!other.is_chat(), &other.id)));
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_models_come_first_and_missing_fields_are_no_matter() {
        let body = r#"[
            {"model_id":"cohere-embed-v4","type":["text-to-embedding"]},
            {"model_id":"nova-lite","regions":["eu","us"],"type":["text-to-text"]},
            {"strange":true}, {"model_id":"\u001b[2J","type":["text-to-text"]},
            {"model_id":"claude-3-7-sonnet","regions":["us"],"type":["text-to-text"],"state":"deprecated",
             "eol_date":"2026-04-21T00:00:00Z","replacement_model":"claude-4-6-sonnet","new":1}]"#;
        let models = parse(body).unwrap();
        let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["claude-3-7-sonnet", "nova-lite", "cohere-embed-v4"]);
        assert_eq!(models[0].end_of_life(), Some("2026-04-21"));
    }

    #[test]
    fn an_entry_needs_its_id_and_nothing_else() {
        let chat = Model {
            id: "m".to_owned(),
            kinds: vec!["text-to-text".to_owned()],
            ..Model::default()
        };
        for more in [
            r#""type":"text-to-text""#,
            r#""type":["text-to-text"],"regions":null"#,
            r#""type":["text-to-text",5],"regions":7,"state":{"name":"active"}"#,
            r#""type":["text-to-text"],"eol_date":1790000000,"created":1e999,"eol_date":null"#,
        ] {
            let body = format!("\u{feff} [{{\"model_id\":\"m\",{more}}}]\n");
            assert_eq!(parse(&body), Ok(vec![chat.clone()]), "{more}");
        }
        for body in [
            r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"}]}"#,
            r#"{"models":["b","a"]}"#,
            r#"[{"model_id":null,"id":"a"},{"id":"b","type":null},null,7]"#,
        ] {
            let models = parse(body).unwrap();
            let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
            assert_eq!(ids, ["a", "b"], "{body}");
            assert!(models[0].is_chat(), "{body}");
        }
    }

    #[test]
    fn a_page_in_place_of_the_list_is_an_error() {
        assert!(parse("<html>").is_err());
        assert!(parse(r#"{"error":"x"}"#).is_err());
        assert!(parse(r#"[{"name":"a"},{"name":"b"}]"#).is_err());
        assert_eq!(parse("[]"), Ok(vec![]));
    }
}
