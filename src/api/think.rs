//! Reasoning that a model writes into its answer: `<think>…</think>` at the very start, in pieces
//! of any size.
//!
//! Kimi, MiniMax and gpt-oss are seen to do so. Tags further on are left alone: there somebody is
//! writing about them.

use super::reply::Part;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Parts the reasoning from the answer.
#[derive(Debug, Default)]
pub struct ThinkSplitter {
    state: State,
    /// Text that may still turn out to be a tag, or space around one.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Thinking,
    /// Between the closing tag and the first word of the answer.
    Gap,
    Answer,
}

impl ThinkSplitter {
    /// Takes the next piece of content.
    pub fn push(&mut self, text: &str, deliver: &mut dyn FnMut(Part<'_>)) {
        if self.state == State::Answer {
            deliver_some(Part::Content(text), deliver);
            return;
        }
        self.held.push_str(text);
        let mut held = std::mem::take(&mut self.held);
        loop {
            let rest = match self.state {
                State::Start => {
                    let trimmed = held.trim_start();
                    if let Some(rest) = trimmed.strip_prefix(OPEN) {
                        self.state = State::Thinking;
                        rest.to_owned()
                    } else if OPEN.starts_with(trimmed) {
                        self.held = held;
                        return;
                    } else {
                        self.state = State::Answer;
                        held
                    }
                }
                State::Thinking => match held.find(CLOSE) {
                    Some(at) => {
                        deliver_some(Part::Reasoning(&held[..at]), deliver);
                        self.state = State::Gap;
                        held[at + CLOSE.len()..].to_owned()
                    }
                    None => {
                        let safe = held.len() - partial_tag(&held);
                        deliver_some(Part::Reasoning(&held[..safe]), deliver);
                        self.held = held[safe..].to_owned();
                        return;
                    }
                },
                State::Gap => {
                    let rest = held.trim_start();
                    if rest.is_empty() {
                        return;
                    }
                    self.state = State::Answer;
                    rest.to_owned()
                }
                State::Answer => {
                    deliver_some(Part::Content(&held), deliver);
                    return;
                }
            };
            held = rest;
        }
    }

    /// Hands over what was held back in case a tag would follow.
    pub fn end(&mut self, deliver: &mut dyn FnMut(Part<'_>)) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Thinking => deliver_some(Part::Reasoning(&held), deliver),
            _ => deliver_some(Part::Content(&held), deliver),
        }
    }
}

fn deliver_some(part: Part<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
    let (Part::Content(text) | Part::Reasoning(text)) = part;
    if !text.is_empty() {
        deliver(part);
    }
}

/// How many bytes at the end may be the beginning of the closing tag.
fn partial_tag(text: &str) -> usize {
    (1..CLOSE.len())
        .rev()
        .find(|&length| text.ends_with(&CLOSE[..length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let (mut reasoning, mut content) = (String::new(), String::new());
        let mut splitter = ThinkSplitter::default();
        let mut deliver = |part: Part<'_>| match part {
            Part::Reasoning(text) => reasoning.push_str(text),
            Part::Content(text) => content.push_str(text),
        };
        for piece in pieces {
            splitter.push(piece, &mut deliver);
        }
        splitter.end(&mut deliver);
        (reasoning, content)
    }

    #[test]
    fn every_cut_gives_the_same_parts() {
        let table = [
            ("plain <b> answer", "", "plain <b> answer"),
            (
                "\n<think>a < b </thin</think>\n\nThe answer",
                "a < b </thin",
                "The answer",
            ),
            ("<think>never closed </thi", "never closed </thi", ""),
            ("about <think>tags</think>", "", "about <think>tags</think>"),
            ("<thi", "", "<thi"),
            ("  indented", "", "  indented"),
            ("<think></think>x", "", "x"),
            ("", "", ""),
        ];
        for (text, reasoning, content) in table {
            let expected = (reasoning.to_owned(), content.to_owned());
            for cut in (0..=text.len()).filter(|&cut| text.is_char_boundary(cut)) {
                let (one, two) = text.split_at(cut);
                assert_eq!(split([one, two]), expected, "{text:?} cut at {cut}");
            }
            let characters: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(
                split(characters.iter().map(String::as_str)),
                expected,
                "{text:?} by character"
            );
        }
    }
}
