//! Makes content and reasoning of an answer's strings, which may end within a character or a tag.

use std::borrow::Cow;

use super::chunk::Voice;
use super::completion::Completion;
use super::json::{is_half, utf16};
use super::think::ThinkSplitter;

/// What is held back of an answer in case more would come.
#[derive(Debug, Default)]
pub struct Text {
    pub content: Joiner,
    pub reasoning: Joiner,
    pub splitter: ThinkSplitter,
}

impl Text {
    /// Takes the next text.
    pub fn push(&mut self, voice: Voice, text: &str, to: &mut Completion) {
        to.is_refused |= voice == Voice::Refusal;
        match voice {
            Voice::Reasoning => to.reasoning += &self.reasoning.join(text),
            Voice::Content | Voice::Refusal => self.splitter.push(&self.content.join(text), to),
        }
    }

    /// Gives out what was held back.
    pub fn end(&mut self, to: &mut Completion) {
        to.reasoning += self.reasoning.end();
        self.splitter.push(self.content.end(), to);
        self.splitter.end(to);
    }
}

/// Joins what a character was torn into: half of it may end one string, and half begin the next.
#[derive(Debug, Default)]
pub struct Joiner {
    /// The first half of a surrogate pair.
    held: Option<u16>,
}

impl Joiner {
    /// The text of the next string, as far as it is certain.
    pub fn join<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if self.held.is_none() && !text.contains(is_half) {
            return text.into();
        }
        let mut units: Vec<u16> = self.held.take().into_iter().chain(utf16(text)).collect();
        self.held = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        String::from_utf16_lossy(&units).into()
    }

    /// A half whose other half never came.
    pub fn end(&mut self) -> &'static str {
        self.held.take().map_or("", |_| "\u{fffd}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::parse;
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
                text += &joiner.join(parse(string).unwrap().as_str().unwrap());
            }
            text += joiner.end();
            assert_eq!(text, expected, "{strings:?}");
        }
    }
}
