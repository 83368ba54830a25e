//! The last lines of a conversation, for somebody who comes back to it.

use crate::chat::Chat;
use crate::conversation::{Attachment, Conversation, Message, Role};
use crate::error::Error;
use crate::screen::Screen;

/// How many rows of the last answer are shown, and lines of the last prompt.
const ANSWER_ROWS: usize = 12;
const PROMPT_LINES: usize = 4;

/// Shows where a conversation stands: its name if it has one, the last prompt and the end of the
/// last answer.
pub fn show(chat: &Chat, name: Option<&str>, screen: &mut Screen) -> Result<(), Error> {
    let turns = chat.conversation.turns();
    let count = if turns == 1 {
        "one turn".to_owned()
    } else {
        format!("{turns} turns")
    };
    screen.note(&format!(
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
    screen.print(&format!("> {text}"))?;
    prompt
        .attachments
        .iter()
        .map(Attachment::label)
        .for_each(|label| screen.note(&format!("with {label}")));
    if let Some(answer) = answer {
        screen.answer_again(&answer.content, ANSWER_ROWS)?;
        if answer.cut {
            screen.note("this answer was cut. /continue goes on, /retry asks again");
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
