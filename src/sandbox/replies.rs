//! What the sandbox's models say and how they fail, as data. To add one, add a row to [`MODELS`].

use std::time::Duration;

use serde_json::{Value, json};

use super::asked::{Asked, Refusal};

/// A scripted model.
pub struct Model {
    pub id: &'static str,
    /// What it is for, shown in the catalogue.
    pub about: &'static str,
    /// What it does with a request; the number counts the requests before it.
    pub reply: fn(&Asked, usize) -> Reply,
}

/// What a model does.
pub enum Reply {
    /// Answers, one act after the other.
    Say(Framing, Vec<Act>),
    /// Fails before it answers.
    Refuse(Refusal),
    /// Takes the request and never answers.
    Silence,
}

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
    /// Leaves it open and sends nothing.
    Stall,
}

/// How events are written. Both are seen of the service and of its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `event:` lines, and no space after the colon.
    Heroku,
    /// `data: ` lines alone, as OpenAI does it.
    OpenAi,
}

/// The models, in the order of the catalogue.
pub const MODELS: &[Model] = &[
    Model {
        id: "sandbox-echo",
        about: "repeats the prompt",
        reply: |asked, _| heroku(paced(&asked.prompt, 2)),
    },
    Model {
        id: "sandbox-markdown",
        about: "a sample of Markdown",
        reply: |_, _| heroku(words(MARKDOWN)),
    },
    Model {
        id: "sandbox-slow",
        about: "40 tokens a second",
        reply: |_, _| heroku(paced(&counting(400), 25)),
    },
    Model {
        id: "sandbox-long",
        about: "1 MB of text",
        reply: |_, _| heroku(words(&long_text())),
    },
    Model {
        id: "sandbox-thinking",
        about: "reasons, then answers",
        reply: |asked, _| heroku(thinking(&asked.prompt)),
    },
    Model {
        id: "sandbox-think-tag",
        about: "reasons inside think tags of its text",
        reply: |asked, _| {
            heroku(words(&format!(
                "<think>\nThe user wrote: {}\n</think>\n\nDone.",
                asked.prompt
            )))
        },
    },
    Model {
        id: "sandbox-openai",
        about: "repeats the prompt in OpenAI's framing",
        reply: |asked, _| Reply::Say(Framing::OpenAi, words(&asked.prompt)),
    },
    Model {
        id: "sandbox-vision",
        about: "takes images, and tells their kinds and sizes",
        reply: |asked, _| heroku(words(&seen(&asked.images))),
    },
    Model {
        id: "sandbox-small",
        about: "takes conversations of 50 words, status 400 beyond",
        reply: |asked, _| match asked.prompt_tokens {
            0..=50 => heroku(words(&asked.prompt)),
            _ => refuse(400, "Input is too long for requested model.", &[]),
        },
    },
    Model {
        id: "sandbox-buffered",
        about: "answers in one piece, as behind a proxy that buffers",
        reply: |_, _| heroku(vec![Act::Say(counting(40))]),
    },
    Model {
        id: "sandbox-old",
        about: "is deprecated, with an end and a replacement",
        reply: |asked, _| heroku(paced(&asked.prompt, 2)),
    },
    Model {
        id: "sandbox-picky",
        about: "refuses the parameter temperature",
        reply: |asked, _| {
            if asked.has_temperature {
                unknown_field("temperature")
            } else {
                heroku(words(&asked.prompt))
            }
        },
    },
    Model {
        id: "sandbox-busy",
        about: "answers every other request, 429 before",
        reply: |asked, count| {
            if count % 2 == 0 {
                refuse(429, "rate limit reached", &[("Retry-After", "1")])
            } else {
                heroku(words(&asked.prompt))
            }
        },
    },
    Model {
        id: "sandbox-escape",
        about: "sends control characters",
        reply: |_, _| heroku(words("\x1b[2J\x1b]0;title\x07red\u{202e}der")),
    },
    Model {
        id: "sandbox-empty",
        about: "answers without text",
        reply: |_, _| heroku(Vec::new()),
    },
    failing("sandbox-400", "status 400"),
    failing("sandbox-401", "status 401"),
    failing("sandbox-403", "status 403: the key is for another model"),
    Model {
        id: "sandbox-blocked",
        about: "status 403 of the firewall, in HTML",
        reply: |_, _| page(403),
    },
    failing("sandbox-404", "status 404"),
    failing("sandbox-408", "status 408"),
    failing("sandbox-429", "status 429, always"),
    failing("sandbox-500", "status 500"),
    failing("sandbox-502", "status 502"),
    failing("sandbox-503", "status 503"),
    failing("sandbox-504", "status 504"),
    Model {
        id: "sandbox-redirect",
        about: "status 302",
        reply: |_, _| {
            refuse(
                302,
                "moved",
                &[("Location", "https://elsewhere.example.com/")],
            )
        },
    },
    Model {
        id: "sandbox-cut",
        about: "closes the connection in mid-answer",
        reply: |_, _| heroku(then("This answer is cut", Act::Cut)),
    },
    Model {
        id: "sandbox-stall",
        about: "falls silent in mid-answer",
        reply: |_, _| heroku(then("This answer stalls", Act::Stall)),
    },
    Model {
        id: "sandbox-silent",
        about: "never answers",
        reply: |_, _| Reply::Silence,
    },
    Model {
        id: "sandbox-error",
        about: "reports an error in mid-answer",
        reply: |_, _| {
            heroku(then(
                "Half an",
                Act::Raw(
                    b"event:error\ndata:{\"error\":{\"message\":\"overloaded\"}}\n\n".to_vec(),
                ),
            ))
        },
    },
    Model {
        id: "sandbox-garbage",
        about: "sends what is no JSON",
        reply: |_, _| {
            heroku(then(
                "Half an",
                Act::Raw(b"data: {\"choices\": [oops\n\n".to_vec()),
            ))
        },
    },
    Model {
        id: "sandbox-html",
        about: "sends a web page, as a sign-in page of a network does",
        reply: |_, _| page(200),
    },
];

/// A model that answers every request with the status of its name.
const fn failing(id: &'static str, about: &'static str) -> Model {
    Model {
        id,
        about,
        reply: |asked, _| match asked.model.id.trim_start_matches("sandbox-") {
            "401" => refuse(401, "Invalid API key provided", &[]),
            "403" => refuse(403, "you do not have access to that model", &[]),
            "404" => refuse(404, "model not found", &[]),
            "408" => refuse(408, "the request timed out", &[]),
            "429" => refuse(429, "rate limit reached", &[("Retry-After", "1")]),
            "500" => refuse(500, "Internal Server Error", &[]),
            "502" => page(502),
            "503" => refuse(503, "Service Unavailable", &[]),
            "504" => page(504),
            _ => refuse(400, "messages[0]: content is required", &[]),
        },
    }
}

impl Framing {
    /// One event.
    pub fn event(self, data: &str) -> String {
        match self {
            Framing::Heroku => format!("event:message\ndata:{data}\n\n"),
            Framing::OpenAi => format!("data: {data}\n\n"),
        }
    }

    /// The event that ends a stream.
    pub fn end(self) -> &'static str {
        match self {
            Framing::Heroku => "event:done\ndata:[DONE]\n\n",
            Framing::OpenAi => "data: [DONE]\n\n",
        }
    }
}

/// The catalogue: the scripted models, and one for another purpose, to be seen in lists.
pub fn catalogue() -> Value {
    let chat = |model: &Model| {
        let mut entry = json!({
            "model_id": model.id, "regions": ["us"], "type": ["text-to-text"], "state": "active", "about": model.about,
        });
        if model.id == "sandbox-old" {
            entry["state"] = json!("deprecated");
            entry["eol_date"] = json!("2026-04-21T00:00:00Z");
            entry["replacement_model"] = json!("sandbox-echo");
        }
        entry
    };
    let mut models: Vec<Value> = MODELS.iter().map(chat).collect();
    models.push(
        json!({"model_id": "sandbox-embed", "regions": ["us"], "type": ["text-to-embedding"], "state": "active"}),
    );
    Value::Array(models)
}

impl Model {
    /// Whether images may be sent to it.
    pub fn takes_images(&self) -> bool {
        self.id == "sandbox-vision"
    }
}

fn seen(images: &[(String, usize)]) -> String {
    let list: Vec<String> = images
        .iter()
        .map(|(kind, bytes)| format!("{kind} of {bytes} bytes"))
        .collect();
    if list.is_empty() {
        "I see no image.".to_owned()
    } else {
        format!("I see: {}.", list.join(", "))
    }
}

fn heroku(acts: Vec<Act>) -> Reply {
    Reply::Say(Framing::Heroku, acts)
}

fn refuse(status: u16, message: &str, headers: &[(&'static str, &'static str)]) -> Reply {
    Reply::Refuse(Refusal {
        headers: headers.to_vec(),
        ..Refusal::new(status, message)
    })
}

fn unknown_field(name: &str) -> Reply {
    Reply::Refuse(Refusal::nested(
        400,
        &format!("unrecognized request argument supplied: {name}"),
    ))
}

fn page(status: u16) -> Reply {
    let body = format!(
        "<!DOCTYPE HTML>\n<html><head><title>{status}</title></head><body>This page is not of the API.</body></html>"
    );
    Reply::Refuse(Refusal {
        status,
        headers: Vec::new(),
        body,
    })
}

/// A token for each word with the space after it.
fn words(text: &str) -> Vec<Act> {
    text.split_inclusive([' ', '\n'])
        .map(|word| Act::Say(word.to_owned()))
        .collect()
}

fn paced(text: &str, milliseconds: u64) -> Vec<Act> {
    words(text)
        .into_iter()
        .flat_map(|word| [word, Act::Pause(Duration::from_millis(milliseconds))])
        .collect()
}

fn then(text: &str, last: Act) -> Vec<Act> {
    words(text).into_iter().chain([last]).collect()
}

fn thinking(prompt: &str) -> Vec<Act> {
    let thought = format!(
        "The user wrote {} characters. I say them again.",
        prompt.chars().count()
    );
    let thought = thought
        .split_inclusive(' ')
        .map(|word| Act::Think(word.to_owned()))
        .collect::<Vec<_>>();
    thought.into_iter().chain(words(prompt)).collect()
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

const MARKDOWN: &str = "# A sample

The sandbox calls **no model**: this text is *scripted*. It has `code`, a [link](https://devcenter.heroku.com) and

- a list
- of two lines

> a quote,

1. a numbered
2. list,

| plan | models |
|------|-------:|
| standard | all |
| legacy | one |

```ruby
puts ENV.fetch(\"INFERENCE_MODEL_ID\")
```

and a rule:

---
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_lists_the_models_as_the_table_does() {
        let readme = include_str!("../../README.md");
        let table: String = MODELS
            .iter()
            .map(|model| format!("| `{}` | {} |\n", model.id, model.about))
            .collect();
        assert!(readme.contains(&table), "README.md should hold:\n{table}");
    }

    #[test]
    fn ids_are_unique_and_the_long_text_is_a_megabyte() {
        let mut ids: Vec<&str> = MODELS.iter().map(|model| model.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), MODELS.len());
        assert_eq!(long_text().len(), 1_000_000);
    }
}
