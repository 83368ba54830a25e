//! A conversation as a Markdown document. What was said keeps its words, but can't break the
//! document: its headings rank below the document's, and an open fence is closed.

use super::Subject;
use crate::conversation::{Attachment, Conversation, Message, Role, fenced, title};
use crate::markdown::{Kind, Reader};

/// Levels that headings of messages are moved down by, below "# title" and "## role".
const DEEPER: usize = 2;

/// A document with a section for each message.
pub fn write(subject: &Subject<'_>) -> String {
    let conversation = subject.conversation;
    let title = format!("# {}", heading(conversation));
    let system = conversation
        .system()
        .map(|text| format!("## System prompt\n\n{}", nested(text)));
    let said = conversation.messages().iter().map(section);
    let parts: Vec<String> = [title].into_iter().chain(system).chain(said).collect();
    parts.join("\n\n") + "\n"
}

/// The first prompt's, without the marks of a heading that it may be.
fn heading(conversation: &Conversation) -> String {
    let mut messages = conversation.messages().iter();
    let prompt = messages.find(|message| message.role == Role::User);
    prompt
        .map(|prompt| title(prompt.content.trim_start_matches(['#', ' ', '\n'])))
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "Conversation".to_owned())
}

fn section(message: &Message) -> String {
    let who = match (message.role, &message.cost) {
        (Role::User, _) => "You",
        (Role::System, _) => "System prompt",
        (Role::Assistant, Some(cost)) => &cost.model,
        (Role::Assistant, None) => "Assistant",
        (Role::Tool, _) => "Result",
    };
    // What a tool printed is no Markdown.
    let text = match message.role {
        Role::Tool => fenced(&message.content, ""),
        _ => nested(&message.text()),
    };
    let calls = message.calls.iter().map(|call| {
        let arguments = fenced(&call.function.arguments, "json");
        format!("Calls {}:\n\n{arguments}", call.function.name)
    });
    let images: Vec<String> = message.images().map(Attachment::label).collect();
    let images = (!images.is_empty()).then(|| format!("Attached: {}", images.join(", ")));
    let cut = message.cut.then(|| "*This answer was cut off.*".to_owned());
    let text = Some(text).filter(|text| !text.is_empty() || message.calls.is_empty());
    let parts = [Some(format!("## {who}")), images, text];
    let parts = parts.into_iter().flatten().chain(calls).chain(cut);
    parts.collect::<Vec<_>>().join("\n\n")
}

/// A text as part of a document. Headings that are underlined stay what they are: what is a heading
/// and what is a paragraph before a rule takes a parser to tell.
fn nested(text: &str) -> String {
    let mut reader = Reader::default();
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_end().lines() {
        let kind = reader.read(line).kind;
        let is_heading = matches!(kind, Kind::Heading { .. }) && reader.containers().is_empty();
        lines.push(match is_heading {
            true => deeper(line),
            false => line.to_owned(),
        });
    }
    lines.extend(reader.closing_line());
    lines.join("\n")
}

/// A heading some levels down.
fn deeper(line: &str) -> String {
    let text = line.trim_start();
    let level = text.len() - text.trim_start_matches('#').len();
    format!("{}{}", "#".repeat((level + DEEPER).min(6)), &text[level..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::RequestOptions;
    use crate::conversation::{Call, Cost};

    fn written(conversation: &Conversation) -> String {
        let options = RequestOptions::default();
        write(&Subject {
            conversation,
            model: "m",
            options: &options,
            prefix: "INFERENCE",
        })
    }

    #[test]
    fn each_message_is_a_section() {
        let file = Attachment::text("Procfile", b"web: puma\n".to_vec()).unwrap();
        let image = Attachment::image("map.gif", b"GIF89a...").unwrap();
        let cost = Cost {
            model: "claude-4-5-haiku".into(),
            ..Cost::default()
        };
        let conversation = Conversation::from_messages(vec![
            Message::new(Role::System, "be brief"),
            Message::prompt("\n# Is this right?\nFor Rails.", vec![file, image]),
            Message {
                cost: Some(cost),
                ..Message::new(Role::Assistant, "Yes.\n")
            },
            Message::prompt("Sure?", Vec::new()),
            Message {
                cut: true,
                ..Message::new(Role::Assistant, "I am n")
            },
        ]);
        let expected = "# Is this right?

## System prompt

be brief

## You

Attached: map.gif (9 bytes)

Procfile:
```
web: puma
```


### Is this right?
For Rails.

## claude-4-5-haiku

Yes.

## You

Sure?

## Assistant

I am n

*This answer was cut off.*
";
        assert_eq!(written(&conversation), expected);
    }

    #[test]
    fn calls_and_results_are_shown_as_the_text_they_are() {
        let conversation = Conversation::from_messages(vec![
            Message::prompt("Up?", Vec::new()),
            Message {
                calls: vec![Call::new("c", "app_logs", "{\"lines\":2}")],
                ..Message::new(Role::Assistant, "")
            },
            Message {
                call_id: Some("c".into()),
                ..Message::new(Role::Tool, "# not a heading\n```\n")
            },
            Message::new(Role::Assistant, "Yes."),
        ]);
        let expected = "# Up?

## You

Up?

## Assistant

Calls app_logs:

```json
{\"lines\":2}
```

## Result

````
# not a heading
```
````

## Assistant

Yes.
";
        assert_eq!(written(&conversation), expected);
    }

    #[test]
    fn the_title_is_one_short_line() {
        let heading = |prompt: &str| {
            heading(&Conversation::from_messages(vec![Message::prompt(
                prompt,
                Vec::new(),
            )]))
        };
        assert_eq!(heading("Why?\nTell me."), "Why?");
        assert_eq!(heading("\n## Why?\nTell me."), "Why?");
        assert_eq!(heading("###"), "Conversation");
        assert_eq!(written(&Conversation::default()), "# Conversation\n");
    }

    #[test]
    fn headings_of_an_answer_stand_below_its_own_and_code_is_left_alone() {
        let table = [
            (
                "# one\n##\ttwo\n ##### five",
                "### one\n####\ttwo\n###### five",
            ),
            (
                "#tag\n    # code\n####### seven",
                "#tag\n    # code\n####### seven",
            ),
            (
                "```sh\n# comment\n```\n# one",
                "```sh\n# comment\n```\n### one",
            ),
            (
                "~~~~\n```\n~~~\n# code\n~~~~~\n# one",
                "~~~~\n```\n~~~\n# code\n~~~~~\n### one",
            ),
            ("```a`b\n# one", "```a`b\n### one"),
            (
                "- ```sh\n  # code\n# code\n  ```\n\n# one",
                "- ```sh\n  # code\n# code\n  ```\n\n### one",
            ),
            (
                "> 1. ~~~\n>    # code\n>    ~~~\n\n# one",
                "> 1. ~~~\n>    # code\n>    ~~~\n\n### one",
            ),
            ("$$\n# a\n$$\n# one", "$$\n# a\n$$\n### one"),
            ("a\n    ```\n# one", "a\n    ```\n### one"),
            ("```\n``` x\n# code\n```", "```\n``` x\n# code\n```"),
        ];
        for (text, expected) in table {
            assert_eq!(nested(text), expected);
        }
    }

    #[test]
    fn a_fence_left_open_by_a_cut_answer_is_closed() {
        assert_eq!(nested("````rb\nputs 1\n```"), "````rb\nputs 1\n```\n````");
        assert_eq!(
            nested("1. so\n\n   ```\n   puts"),
            "1. so\n\n   ```\n   puts\n   ```"
        );
        assert_eq!(nested("- ~~~~\n  puts"), "- ~~~~\n  puts\n  ~~~~");
    }
}
