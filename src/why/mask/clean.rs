//! What could steer a terminal, or hide from people what a model reads.

/// The text without escape sequences, control characters, and characters that can't be seen or turn
/// the direction of others. What a model's template is made of is broken.
pub fn clean(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' | '\u{9b}' | '\u{9d}' => {
                let kind = match character {
                    '\x1b' => characters.next(),
                    '\u{9b}' => Some('['),
                    _ => Some(']'),
                };
                match kind {
                    Some('[') => _ = characters.find(|it| ('@'..='~').contains(it)),
                    // Ends with BEL, or with ESC and a backslash.
                    Some(']' | 'P' | '_' | '^' | 'X') => {
                        let end =
                            characters.find(|it| ['\x07', '\x1b', '\u{9c}', '\n'].contains(it));
                        match end {
                            Some('\x1b') => _ = characters.next_if_eq(&'\\'),
                            Some('\n') => result.push('\n'),
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
            '\n' | '\t' => result.push(character),
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}' => {}
            _ if character.is_control() => {}
            '|' if result.ends_with('<') => result.push_str(" |"),
            other => result.push(other),
        }
    }
    result
}
