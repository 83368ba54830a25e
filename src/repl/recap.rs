//! The last lines of a conversation, for somebody who comes back to it.

use crate::chat::Chat;
use crate::conversation::{Message, Role};
use crate::error::Error;
use crate::screen::Screen;

/// How many rows of the last answer are shown, and lines of the last prompt.
const ANSWER_ROWS: usize = 12;
const PROMPT_LINES: usize = 4;

/// Shows where a conversation stands: its name if it has one, the last prompt and the end of the
/// last answer.
pub fn show(chat: &Chat, name: Option<&str>, screen: &mut Screen) -> Result<(), Error> {
    let turns = chat.conversation.turns();
    let count = match turns {
        1 => "one turn".to_owned(),
        _ => format!("{turns} turns"),
    };
    let (name, model) = (name.unwrap_or("this conversation"), &chat.model);
    screen.note(&format!("{name}, {count} so far, with {model}:"));
    let Some(prompt) = chat.conversation.last_prompt() else {
        return Ok(());
    };
    let lines: Vec<&str> = prompt.content.lines().collect();
    let mut text = lines[..lines.len().min(PROMPT_LINES)].join("\n");
    if lines.len() > PROMPT_LINES {
        text.push_str("\n…");
    }
    screen.print(&format!("> {text}"))?;
    for attachment in &prompt.attachments {
        screen.note(&format!("with {}", attachment.label()));
    }
    let mut said = chat.conversation.last_turns(1).iter().rev();
    let is_answer = |it: &&Message| it.role == Role::Assistant && !it.content.is_empty();
    if let Some(answer) = said.find(is_answer) {
        screen.answer_again(&answer.content, ANSWER_ROWS)?;
        if answer.cut {
            screen.note("this answer was cut. /continue goes on, /retry asks again");
        }
    }
    Ok(())
}
