//! The last lines of what was said, for somebody who comes back to a conversation.

use crate::api::reply::Part;
use crate::chat::Chat;
use crate::conversation::{Attachment, Conversation, Message, Role};
use crate::error::Error;
use crate::ui::{Ui, open_fence};

/// How many lines of the last answer are shown, and of the last prompt.
const ANSWER_LINES: usize = 12;
const PROMPT_LINES: usize = 4;

/// How many characters of the last answer are shown at the most.
const ANSWER_CHARACTERS: usize = 1_200;

/// Shows where a conversation stands: its name where it has one, the last prompt and the end of the
/// last answer.
///
/// # Errors
/// Failures of the output.
pub fn show(chat: &Chat, name: Option<&str>, ui: &mut Ui) -> Result<(), Error> {
    let turns = chat.conversation.turns();
    let count = if turns == 1 {
        "one turn".to_owned()
    } else {
        format!("{turns} turns")
    };
    ui.note(&format!(
        "{}, {count} so far, with {}:",
        name.unwrap_or("this conversation"),
        chat.model
    ));
    let Some((prompt, answer)) = last_turn(&chat.conversation) else {
        return Ok(());
    };
    let lines: Vec<&str> = prompt.content.lines().collect();
    let mut text = lines[..lines.len().min(PROMPT_LINES)].join("\n");
    if lines.len() > PROMPT_LINES {
        text.push_str("\n…");
    }
    ui.print(&format!("> {text}"))?;
    prompt
        .attachments
        .iter()
        .map(Attachment::label)
        .for_each(|label| ui.note(&format!("with {label}")));
    if let Some(answer) = answer {
        ui.part(Part::Content(&end_of(&answer.content)))?;
        ui.end_answer()?;
        if answer.cut {
            ui.note("this answer was cut. /continue goes on, /retry asks again");
        }
    }
    Ok(())
}

fn last_turn(conversation: &Conversation) -> Option<(&Message, Option<&Message>)> {
    let messages = conversation.last_turns(1);
    let prompt = conversation.last_prompt()?;
    let mut said = messages.iter().rev();
    let answer = said.find(|it| it.role == Role::Assistant && !it.content.is_empty());
    Some((prompt, answer))
}

/// The last lines of an answer, in a fence where they begin inside of one.
fn end_of(text: &str) -> String {
    let text = text.trim_end();
    let by_lines = text
        .rmatch_indices('\n')
        .nth(ANSWER_LINES - 1)
        .map_or(0, |(index, _)| index + 1);
    let start = by_lines.max(text.len() - last_characters(text).len());
    if start == 0 {
        return text.to_owned();
    }
    let opening = open_fence(&text[..start])
        .map(|fence| format!("{fence}\n"))
        .unwrap_or_default();
    format!("…\n\n{opening}{}", &text[start..])
}

/// The end of a text, from a word on, where it is long without having many lines.
fn last_characters(text: &str) -> &str {
    let Some((start, _)) = text.char_indices().rev().nth(ANSWER_CHARACTERS) else {
        return text;
    };
    let end = &text[start..];
    end.find(char::is_whitespace)
        .map_or(end, |space| end[space..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_answer_is_shown_whole_and_a_long_one_from_its_end() {
        assert_eq!(end_of("one\ntwo\n"), "one\ntwo");
        let text: String = (1..=30).map(|number| format!("{number}\n")).collect();
        let end = end_of(&text);
        assert!(
            end.starts_with("…\n\n19\n") && end.ends_with("\n30"),
            "{end}"
        );
    }

    #[test]
    fn a_long_line_is_shown_from_a_word_on() {
        let words = "word ".repeat(1_000);
        let end = end_of(&words);
        assert!(
            end.starts_with("…\n\nword word") && end.len() < 1_300,
            "{end}"
        );
        assert!(end_of(&"x".repeat(5_000)).len() < 1_300);
    }

    #[test]
    fn code_that_is_cut_stays_code() {
        let code: String = (1..=30).map(|number| format!("line {number}\n")).collect();
        assert!(
            end_of(&format!("See:\n```ruby\n{code}```\n")).starts_with("…\n\n```ruby\nline 20\n")
        );
    }
}
