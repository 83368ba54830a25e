//! What the scripted models say. To add one, add a row to [`MODELS`] and an arm to [`acts`].

use std::time::Duration;

use serde_json::{Value, json};

use super::chat::{ChatRequest, unknown_field};
use super::http::Response;
use crate::conversation::GO_ON;

/// A step of an answer.
pub enum Act {
    /// A token.
    Say(String),
    /// A token of reasoning.
    Think(String),
    Pause(Duration),
    /// Bytes in place of an event.
    Raw(Vec<u8>),
    /// Closes the connection.
    Cut,
    /// Leaves it open and sends nothing, not even a head that wasn't sent before.
    Stall,
}

/// The models, in the order of the catalogue, and what each is for.
pub const MODELS: &[(&str, &str)] = &[
    ("sandbox-echo", "repeats the prompt"),
    (
        "sandbox-tour",
        "tells what to try next, slowly; then repeats the prompt",
    ),
    ("sandbox-markdown", "a sample of Markdown"),
    ("sandbox-slow", "40 tokens a second"),
    ("sandbox-long", "1 MB of text"),
    ("sandbox-thinking", "reasons, then answers"),
    ("sandbox-think-tag", "reasons inside think tags of its text"),
    ("sandbox-openai", "repeats the prompt in OpenAI's framing"),
    (
        "sandbox-vision",
        "takes images, and tells their kinds and sizes",
    ),
    (
        "sandbox-small",
        "takes conversations of 50 words, status 400 beyond",
    ),
    (
        "sandbox-buffered",
        "answers in one piece, as behind a proxy that buffers",
    ),
    (
        "sandbox-old",
        "is deprecated, with an end and a replacement",
    ),
    ("sandbox-picky", "refuses the parameter temperature"),
    ("sandbox-busy", "answers every other request, 429 before"),
    ("sandbox-escape", "sends control characters"),
    ("sandbox-empty", "answers without text"),
    ("sandbox-400", "status 400"),
    ("sandbox-401", "status 401"),
    ("sandbox-403", "status 403: the key is for another model"),
    ("sandbox-blocked", "status 403 of the firewall, in HTML"),
    ("sandbox-404", "status 404"),
    ("sandbox-408", "status 408"),
    ("sandbox-429", "status 429, always"),
    ("sandbox-500", "status 500"),
    ("sandbox-502", "status 502"),
    ("sandbox-503", "status 503"),
    ("sandbox-504", "status 504"),
    ("sandbox-redirect", "status 302"),
    ("sandbox-cut", "closes the connection in mid-answer"),
    ("sandbox-stall", "falls silent in mid-answer"),
    ("sandbox-silent", "never answers"),
    ("sandbox-error", "reports an error in mid-answer"),
    ("sandbox-garbage", "sends what is no JSON"),
    (
        "sandbox-html",
        "sends a web page, as a sign-in page of a network does",
    ),
];

/// What a model does with a request: its answer, one act after the other, or a failure before it.
/// `count` is how many requests there were before.
pub fn acts(request: &ChatRequest, count: usize) -> Result<Vec<Act>, Response> {
    let prompt = &request.prompt;
    let busy = Response {
        header: "Retry-After: 1\r\n",
        ..Response::error(429, "rate limit reached")
    };
    Ok(match request.model {
        "sandbox-echo" | "sandbox-old" => paced(prompt, 2),
        "sandbox-tour" if request.is_first || asks_for_tour(prompt) => paced(TOUR, 25),
        "sandbox-tour" => match TOUR.strip_prefix(&request.answered) {
            Some(rest) if prompt.starts_with(GO_ON) => paced(rest, 25),
            _ => paced(prompt, 25),
        },
        "sandbox-markdown" => words(MARKDOWN),
        "sandbox-slow" => paced(&counting(400), 25),
        "sandbox-long" => words(&long_text()),
        "sandbox-thinking" => {
            let count = prompt.chars().count();
            let thought = format!("The user wrote {count} characters. I say them again.");
            tokens(&thought, Act::Think)
                .chain(tokens(prompt, Act::Say))
                .collect()
        }
        "sandbox-think-tag" => words(&format!(
            "<think>\nThe user wrote: {prompt}\n</think>\n\nDone."
        )),
        "sandbox-openai" => words(prompt),
        "sandbox-vision" if request.images.is_empty() => words("I see no image."),
        "sandbox-vision" => words(&format!("I see: {}.", request.images.join(", "))),
        "sandbox-small" if request.prompt_tokens > 50 => {
            return Err(Response::error(
                400,
                "Input is too long for requested model.",
            ));
        }
        "sandbox-picky" if request.has_temperature => return Err(unknown_field("temperature")),
        "sandbox-busy" if count.is_multiple_of(2) => return Err(busy),
        "sandbox-small" | "sandbox-picky" | "sandbox-busy" => words(prompt),
        "sandbox-buffered" => vec![Act::Say(counting(40))],
        "sandbox-escape" => words("\x1b[2J\x1b]0;title\x07red\u{202e}der"),
        "sandbox-empty" => Vec::new(),
        "sandbox-cut" => then("This answer is cut", Act::Cut),
        "sandbox-stall" => then("This answer stalls", Act::Stall),
        "sandbox-silent" => vec![Act::Stall],
        "sandbox-error" => {
            let event = b"event:error\ndata:{\"error\":{\"message\":\"overloaded\"}}\n\n";
            then("Half an", Act::Raw(event.to_vec()))
        }
        "sandbox-garbage" => {
            let event = b"data: {\"choices\": [oops\n\n";
            then("Half an", Act::Raw(event.to_vec()))
        }
        failing => return Err(failure(failing, busy)),
    })
}

fn asks_for_tour(prompt: &str) -> bool {
    let word = prompt.trim_matches(|c: char| !c.is_alphanumeric());
    ["hello", "help", "hi"].contains(&word.to_lowercase().as_str())
}

/// The failure of a model that always fails.
fn failure(model: &str, busy: Response) -> Response {
    match model {
        "sandbox-400" => Response::error(400, "messages[0]: content is required"),
        "sandbox-401" => Response::error(401, "Invalid API key provided"),
        "sandbox-403" => Response::error(403, "you do not have access to that model"),
        "sandbox-408" => Response::error(408, "the request timed out"),
        "sandbox-429" => busy,
        "sandbox-500" => Response::error(500, "Internal Server Error"),
        "sandbox-503" => Response::error(503, "Service Unavailable"),
        "sandbox-html" => page(200),
        "sandbox-blocked" => page(403),
        "sandbox-502" => page(502),
        "sandbox-504" => page(504),
        "sandbox-redirect" => Response {
            header: "Location: https://elsewhere.example.com/\r\n",
            ..Response::error(302, "moved")
        },
        _ => Response::error(404, "model not found"),
    }
}

/// The catalogue: the scripted models, and one for another purpose, to be seen in lists.
pub fn catalogue() -> Value {
    let entry = |id: &str, kind: &str, about: &str| {
        json!({
            "model_id": id,
            "regions": ["us"],
            "type": [kind],
            "state": "active",
            "about": about,
        })
    };
    let chat = MODELS.iter().map(|(id, about)| {
        let mut entry = entry(id, "text-to-text", about);
        if *id == "sandbox-old" {
            entry["state"] = json!("deprecated");
            entry["eol_date"] = json!("2026-04-21T00:00:00Z");
            entry["replacement_model"] = json!("sandbox-echo");
        }
        entry
    });
    let other = entry(
        "sandbox-embed",
        "text-to-embedding",
        "turns text into numbers",
    );
    chat.chain([other]).collect()
}

fn page(status: u16) -> Response {
    let body = "<body>This page is not of the API.</body>";
    let page = format!("<!DOCTYPE HTML>\n<html><head><title>{status}</title></head>{body}</html>");
    Response::new(status, page)
}

/// A token for each word with the space after it.
fn tokens(text: &str, act: fn(String) -> Act) -> impl Iterator<Item = Act> {
    text.split_inclusive([' ', '\n'])
        .map(move |word| act(word.to_owned()))
}

fn words(text: &str) -> Vec<Act> {
    tokens(text, Act::Say).collect()
}

fn paced(text: &str, milliseconds: u64) -> Vec<Act> {
    let pause = Duration::from_millis(milliseconds);
    tokens(text, Act::Say)
        .flat_map(|word| [word, Act::Pause(pause)])
        .collect()
}

fn then(text: &str, last: Act) -> Vec<Act> {
    tokens(text, Act::Say).chain([last]).collect()
}

fn counting(count: u32) -> String {
    (1..=count).map(|number| format!("{number} ")).collect()
}

/// One million bytes in lines of 80.
fn long_text() -> String {
    let line = "0123456 ".repeat(10);
    let line = format!("{}\n", &line[..79]);
    line.repeat(1_000_000 / line.len())
}

/// At 25 ms a word it takes some seconds, in which Ctrl-C is no feat.
const TOUR: &str = include_str!("tour.md");

const MARKDOWN: &str = include_str!("sample.md");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_the_models_as_the_table_does() {
        let page = include_str!("../../docs/sandbox.md");
        let row = |(id, about): &(&str, &str)| format!("| `{id}` | {about} |\n");
        let table: String = MODELS.iter().map(row).collect();
        assert!(
            page.contains(&table),
            "docs/sandbox.md should hold:\n{table}"
        );
    }

    #[test]
    fn ids_are_unique_and_the_long_text_is_a_megabyte() {
        let mut ids: Vec<&str> = MODELS.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), MODELS.len());
        assert_eq!(long_text().len(), 1_000_000);
    }

    #[test]
    fn every_model_has_a_script() {
        for (id, _) in MODELS {
            let body = format!("{{\"model\":\"{id}\",\"messages\":[]}}");
            let request = ChatRequest::parse(body.as_bytes()).ok().unwrap();
            let is_missing = |response: Response| response.status == 404;
            let is_unknown = acts(&request, 0).err().is_some_and(is_missing);
            assert_eq!(is_unknown, *id == "sandbox-404", "{id}");
        }
    }
}
