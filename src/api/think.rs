//! Reasoning that a model writes into its answer: `<think>…</think>` at the very start, in pieces
//! of any size, and several such blocks in a row.
//!
//! Later tags are left alone: there the answer is about tags.

use crate::conversation::Part;

/// How each kind of tag begins, up to its name, how its closing one does, and how both end. They
/// are seen in any case.
///
/// Source: the tags that Open WebUI knows (`backend/open_webui/utils/middleware.py`); Kimi, MiniMax
/// and Qwen write `think`, gpt-oss on Bedrock `reasoning` (around each token of a stream), Nova
/// `thinking`, Seed-OSS and Magistral the last two.
const TAGS: &[(&str, &str, &str)] = &[
    ("<think", "</think", ">"),
    ("<thinking", "</thinking", ">"),
    ("<reason", "</reason", ">"),
    ("<reasoning", "</reasoning", ">"),
    ("<thought", "</thought", ">"),
    ("<thoughts", "</thoughts", ">"),
    ("<|begin_of_thought|", "<|end_of_thought|", ">"),
    ("◁think", "◁/think", "▷"),
    ("<seed:think", "</seed:think", ">"),
    ("[THINK", "[/THINK", "]"),
];

/// No tag is longer, whatever attributes it has.
const TAG_LIMIT: usize = 256;

/// Parts the reasoning from the answer.
#[derive(Debug, Default)]
pub struct ThinkSplitter {
    state: State,
    /// Text that may still turn out to be a tag, or space before one.
    held: String,
    /// How much of that is space, so that it is looked at once.
    blank: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// Within the tags of this number.
    Thinking(usize),
    /// Between a closing tag and the first word of the answer.
    Gap,
    Answer,
}

/// What a text begins with.
#[derive(Debug, PartialEq, Eq)]
enum Beginning {
    /// A tag of this length.
    Tag {
        length: usize,
        is_empty: bool,
    },
    /// What may become a tag.
    Partial,
    Other,
}

impl ThinkSplitter {
    /// Takes the next piece of content.
    pub fn push(&mut self, text: &str, deliver: &mut dyn FnMut(Part<'_>)) {
        if self.state == State::Answer {
            deliver_some(Part::Content(text), deliver);
            return;
        }
        self.held.push_str(text);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        while let Some(next) = self.step(rest, deliver) {
            rest = next;
        }
        // If nothing was taken, what is held stays where it is.
        let taken = held.len() - rest.len();
        self.held = held;
        self.held.drain(..taken);
    }

    /// Takes what is certain from the start of the text and returns the rest; none if all of it
    /// has to wait for more.
    fn step<'t>(&mut self, text: &'t str, deliver: &mut dyn FnMut(Part<'_>)) -> Option<&'t str> {
        match self.state {
            State::Start | State::Gap => {
                let unseen = &text[self.blank..];
                let word = unseen.trim_start();
                self.blank = text.len() - word.len();
                match opening(word) {
                    Some((number, length, is_empty)) => {
                        self.state = if is_empty {
                            State::Gap
                        } else {
                            State::Thinking(number)
                        };
                        self.blank = 0;
                        Some(&word[length..])
                    }
                    None if word.is_empty() || may_open(word) => None,
                    None => {
                        let answer = if self.state == State::Gap { word } else { text };
                        self.state = State::Answer;
                        Some(answer)
                    }
                }
            }
            State::Thinking(number) => {
                let (_, name, end) = TAGS[number];
                let first = name.chars().next()?;
                for (at, _) in text.match_indices(first) {
                    match beginning(&text[at..], name, end, false) {
                        Beginning::Tag { length, .. } => {
                            deliver_some(Part::Reasoning(&text[..at]), deliver);
                            self.state = State::Gap;
                            return Some(&text[at + length..]);
                        }
                        Beginning::Partial => {
                            deliver_some(Part::Reasoning(&text[..at]), deliver);
                            return (at > 0).then(|| &text[at..]);
                        }
                        Beginning::Other => {}
                    }
                }
                deliver_some(Part::Reasoning(text), deliver);
                (!text.is_empty()).then_some("")
            }
            State::Answer => {
                deliver_some(Part::Content(text), deliver);
                (!text.is_empty()).then_some("")
            }
        }
    }

    /// Hands over what was held back in case a tag would follow.
    pub fn end(&mut self, deliver: &mut dyn FnMut(Part<'_>)) {
        let held = std::mem::take(&mut self.held);
        let blank = std::mem::take(&mut self.blank);
        match self.state {
            State::Thinking(_) => deliver_some(Part::Reasoning(&held), deliver),
            State::Gap => deliver_some(Part::Content(&held[blank..]), deliver),
            State::Start | State::Answer => deliver_some(Part::Content(&held), deliver),
        }
    }
}

fn deliver_some(part: Part<'_>, deliver: &mut dyn FnMut(Part<'_>)) {
    let (Part::Content(text) | Part::Reasoning(text)) = part;
    if !text.is_empty() {
        deliver(part);
    }
}

/// The tag that a text begins with: its number, its length, and whether it closes itself.
fn opening(text: &str) -> Option<(usize, usize, bool)> {
    TAGS.iter()
        .enumerate()
        .find_map(
            |(number, (name, _, end))| match beginning(text, name, end, true) {
                Beginning::Tag { length, is_empty } => Some((number, length, is_empty)),
                _ => None,
            },
        )
}

fn may_open(text: &str) -> bool {
    TAGS.iter()
        .any(|(name, _, end)| beginning(text, name, end, true) == Beginning::Partial)
}

/// Whether a text begins with a tag: its name, then space and perhaps attributes, then its end.
fn beginning(text: &str, name: &str, end: &str, has_attributes: bool) -> Beginning {
    let common = text
        .bytes()
        .zip(name.bytes())
        .take_while(|(one, other)| one.eq_ignore_ascii_case(other))
        .count();
    if common < name.len() {
        return if common == text.len() {
            Beginning::Partial
        } else {
            Beginning::Other
        };
    }
    let rest = &text[common..];
    let Some(at) = rest.find(end) else {
        return if is_inner(rest, has_attributes) && rest.len() < TAG_LIMIT {
            Beginning::Partial
        } else {
            Beginning::Other
        };
    };
    if !is_inner(&rest[..at], has_attributes) || at >= TAG_LIMIT {
        return Beginning::Other;
    }
    Beginning::Tag {
        length: common + at + end.len(),
        is_empty: rest[..at].trim_end().ends_with('/'),
    }
}

/// Whether a text may stand between a tag's name and its end.
fn is_inner(text: &str, has_attributes: bool) -> bool {
    let is_set_off = text
        .chars()
        .next()
        .is_none_or(|first| first.is_whitespace() || (first == '/' && has_attributes));
    is_set_off && !text.contains('<') && (has_attributes || text.trim().is_empty())
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

    fn check_every_cut(text: &str, reasoning: &str, content: &str) {
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
            ("  ", "", "  "),
            ("<think></think>x", "", "x"),
            ("<think/> x", "", "x"),
            ("<thinker>x", "", "<thinker>x"),
            ("<think>a</think> <b>x", "a", "<b>x"),
            ("<think>a</think>\n<th", "a", "<th"),
            ("<think>a</think>\n", "a", ""),
            ("<think>a</thinking>b</think>x", "a</thinking>b", "x"),
            ("<think a=<b>x", "", "<think a=<b>x"),
            ("", "", ""),
        ];
        for (text, reasoning, content) in table {
            check_every_cut(text, reasoning, content);
        }
    }

    #[test]
    fn every_tag_that_is_seen_holds_reasoning() {
        for text in [
            "<think>Hm, é.</think>Yes",
            "<Thinking>Hm, é.</thinking>\n\nYes",
            "<REASONING>Hm, é.</REASONING> Yes",
            "<reason>Hm, é.</reason>Yes",
            "<thought>Hm, é.</thought>Yes",
            "<thoughts>Hm, é.</thoughts>Yes",
            "<think time=\"3\" of='x'>Hm, é.</think >Yes",
            "<|begin_of_thought|>Hm, é.<|end_of_thought|>Yes",
            "◁think▷Hm, é.◁/think▷Yes",
            "<seed:think>Hm, é.</seed:think>Yes",
            "[THINK]Hm, é.[/THINK]Yes",
            "<reasoning>Hm,</reasoning><reasoning> é.</reasoning>Yes",
        ] {
            check_every_cut(text, "Hm, é.", "Yes");
        }
    }

    #[test]
    fn what_only_looks_like_a_tag_is_let_go_in_time() {
        let long = format!("<think {}", "a".repeat(10_000));
        let mut held = ThinkSplitter::default();
        long.chars()
            .for_each(|character| held.push(&character.to_string(), &mut |_| {}));
        assert_eq!((held.state, held.held.as_str()), (State::Answer, ""));
    }

    #[test]
    fn space_before_an_answer_is_looked_at_once() {
        let begun = std::time::Instant::now();
        let (_, content) = split(std::iter::repeat_n("\n ", 300_000).chain(["x"]));
        assert_eq!(content.len(), 600_001);
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
