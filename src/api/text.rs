//! Makes parts of an answer from its strings, which are bytes that may end within a character.

use std::borrow::Cow;

use super::chunk::Voice;
use super::json::joined;
use super::think::ThinkSplitter;
use crate::conversation::Part;

/// Makes characters of bytes, and parts of characters.
#[derive(Debug, Default)]
pub struct Text {
    pub content: Joiner,
    pub reasoning: Joiner,
    pub splitter: ThinkSplitter,
    pub is_refused: bool,
    /// How many bytes there were.
    pub length: usize,
}

impl Text {
    /// Takes the next text.
    pub fn push(&mut self, voice: Voice, bytes: &[u8], deliver: &mut dyn FnMut(Part<'_>)) {
        self.length += bytes.len();
        self.is_refused |= voice == Voice::Refusal;
        match voice {
            Voice::Reasoning => {
                let text = self.reasoning.join(bytes);
                if !text.is_empty() {
                    deliver(Part::Reasoning(&text));
                }
            }
            Voice::Content | Voice::Refusal => {
                self.splitter.push(&self.content.join(bytes), deliver);
            }
        }
    }

    /// Hands over what was held back in case more would come.
    pub fn end(&mut self, deliver: &mut dyn FnMut(Part<'_>)) {
        match self.reasoning.end() {
            "" => {}
            half => deliver(Part::Reasoning(half)),
        }
        self.splitter.push(self.content.end(), deliver);
        self.splitter.end(deliver);
    }
}

/// Joins what a character was torn into: half of it may end one string, and half begin the next.
#[derive(Debug, Default)]
pub struct Joiner {
    /// The first half of a surrogate pair.
    held: Option<[u8; 3]>,
}

impl Joiner {
    /// The text of the next string, as far as it is certain.
    pub fn join<'t>(&mut self, bytes: &'t [u8]) -> Cow<'t, str> {
        if self.held.is_none()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Cow::Borrowed(text);
        }
        if bytes.is_empty() {
            return Cow::Borrowed("");
        }
        let mut torn: Vec<u8> = self.held.take().into_iter().flatten().collect();
        torn.extend_from_slice(bytes);
        if let Some(half @ [0xed, 0xa0..=0xaf, _]) = torn.last_chunk::<3>() {
            self.held = Some(*half);
            torn.truncate(torn.len() - 3);
        }
        Cow::Owned(joined(&torn))
    }

    /// A half whose other half never came.
    pub fn end(&mut self) -> &'static str {
        self.held.take().map_or("", |_| "\u{fffd}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::Json;
    use super::*;

    #[test]
    fn halves_of_a_character_are_joined_wherever_they_are_torn() {
        let table: [(&[&str], &str); 6] = [
            (&[r#""a\ud83d""#, r#""\ude00b""#], "a😀b"),
            (&[r#""\ud83d\ude00""#], "😀"),
            (&[r#""\ud83d""#, r#""""#, r#""\ude00""#], "😀"),
            (&[r#""\ud83d""#, r#""x""#], "\u{fffd}x"),
            (&[r#""\ude00é""#, r#""\ud83d""#], "\u{fffd}é\u{fffd}"),
            (
                &[r#""\ud83d\ud83d""#, r#""\ude00\ude00""#],
                "\u{fffd}😀\u{fffd}",
            ),
        ];
        for (strings, expected) in table {
            let mut joiner = Joiner::default();
            let mut text = String::new();
            for string in strings {
                text += &joiner.join(&Json::parse(string).unwrap().bytes());
            }
            text += joiner.end();
            assert_eq!(text, expected, "{strings:?}");
        }
    }
}
