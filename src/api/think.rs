//! Reasoning that a model writes into its answer: `<think>…</think>` at the very start, in pieces
//! of any size, and several such blocks in a row.
//!
//! Later tags are left alone: there the answer is about tags.

use super::completion::Completion;

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
    /// Space before the answer, which is part of it unless there are tags.
    blank: String,
    has_tags: bool,
    /// Text that may still turn out to be a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// Within the tags of this number.
    Thinking(usize),
    Answer,
}

/// What a text begins with.
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
    pub fn push(&mut self, text: &str, to: &mut Completion) {
        let mut held = std::mem::take(&mut self.held);
        held.push_str(text);
        let mut rest = held.as_str();
        while !rest.is_empty() {
            let taken = match self.state {
                State::Start => self.open(rest, to),
                State::Thinking(number) => self.think(rest, number, to),
                State::Answer => {
                    to.content += rest;
                    Some(rest.len())
                }
            };
            let Some(taken) = taken else { break };
            rest = &rest[taken..];
        }
        self.held = rest.to_owned();
    }

    /// How much of a text before the answer is taken; none if it has to wait for more.
    fn open(&mut self, text: &str, to: &mut Completion) -> Option<usize> {
        let blank = text.len() - text.trim_start().len();
        if blank > 0 {
            self.blank.push_str(&text[..blank]);
            return Some(blank);
        }
        let mut may_open = false;
        for (number, (name, _, end)) in TAGS.iter().enumerate() {
            match beginning(text, name, end, true) {
                Beginning::Tag { length, is_empty } => {
                    self.has_tags = true;
                    if !is_empty {
                        self.state = State::Thinking(number);
                    }
                    return Some(length);
                }
                Beginning::Partial => may_open = true,
                Beginning::Other => {}
            }
        }
        if may_open {
            return None;
        }
        self.state = State::Answer;
        self.give_blank(to);
        Some(0)
    }

    /// How much of a text within tags is taken; none if it has to wait for more.
    fn think(&mut self, text: &str, number: usize, to: &mut Completion) -> Option<usize> {
        let (_, name, end) = TAGS[number];
        for (at, _) in text.match_indices(name.chars().next()?) {
            let length = match beginning(&text[at..], name, end, false) {
                Beginning::Tag { length, .. } => length,
                Beginning::Partial if at == 0 => return None,
                Beginning::Partial => 0,
                Beginning::Other => continue,
            };
            to.reasoning += &text[..at];
            if length > 0 {
                self.state = State::Start;
            }
            return Some(at + length);
        }
        to.reasoning += text;
        Some(text.len())
    }

    fn give_blank(&mut self, to: &mut Completion) {
        if !self.has_tags {
            to.content += &std::mem::take(&mut self.blank);
        }
    }

    /// Gives out what was held back in case a tag would follow.
    pub fn end(&mut self, to: &mut Completion) {
        let held = std::mem::take(&mut self.held);
        if let State::Thinking(_) = self.state {
            to.reasoning += &held;
        } else {
            self.give_blank(to);
            to.content += &held;
        }
    }
}

/// Whether a text begins with a tag: its name, then space and perhaps attributes, then its end.
fn beginning(text: &str, name: &str, end: &str, is_opening: bool) -> Beginning {
    let common = text.len().min(name.len());
    if !text.as_bytes()[..common].eq_ignore_ascii_case(&name.as_bytes()[..common]) {
        return Beginning::Other;
    }
    let Some(rest) = text.get(name.len()..) else {
        return Beginning::Partial;
    };
    let at = rest.find(end);
    let inner = &rest[..at.unwrap_or(rest.len())];
    let is_set_off = inner.is_empty() || inner.starts_with(char::is_whitespace);
    let may_stand = match is_opening {
        true => is_set_off || inner.starts_with('/'),
        false => inner.trim().is_empty(),
    };
    match at {
        _ if !may_stand || inner.contains('<') || inner.len() >= TAG_LIMIT => Beginning::Other,
        None => Beginning::Partial,
        Some(at) => Beginning::Tag {
            length: name.len() + at + end.len(),
            is_empty: inner.trim_end().ends_with('/'),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let mut to = Completion::default();
        let mut splitter = ThinkSplitter::default();
        for piece in pieces {
            splitter.push(piece, &mut to);
        }
        splitter.end(&mut to);
        (to.reasoning, to.content)
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
            .for_each(|character| held.push(&character.to_string(), &mut Completion::default()));
        assert_eq!((held.state, held.held.as_str()), (State::Answer, ""));
    }

    #[test]
    fn space_before_an_answer_is_looked_at_once() {
        let begun = std::time::Instant::now();
        let (_, content) = split(std::iter::repeat_n("\n ", 300_000).chain(["x"]));
        assert_eq!(content.len(), 600_001);
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }

    const PARTS: &[&str] = &[
        "<think",
        "</think",
        ">",
        "<thinking>",
        "</thinking>",
        "<",
        "/",
        "◁think▷",
        "◁/think▷",
        "[THINK]",
        "[/THINK]",
        "<|begin_of_thought|",
        "<|end_of_thought|",
        " ",
        "\n",
        "a",
        "é",
    ];

    proptest! {
        #[test]
        fn any_text_in_any_pieces_is_parted_alike_and_loses_no_letter(
            pieces in proptest::collection::vec(proptest::sample::select(PARTS), 0..20),
        ) {
            let text = pieces.concat();
            let whole = split([text.as_str()]);
            prop_assert_eq!(&split(pieces.iter().copied()), &whole);
            let characters: Vec<String> = text.chars().map(String::from).collect();
            prop_assert_eq!(&split(characters.iter().map(String::as_str)), &whole);
            let letters = |text: &str| text.matches('é').count();
            // What stands behind a tag's name goes with the tag.
            let is_inside = |(name, ..): &(&str, &str, &str)| {
                let mut behind = text.match_indices(name).map(|(at, _)| &text[at + name.len()..]);
                behind.any(|behind| behind.starts_with([' ', '\n', '/']))
            };
            if !TAGS.iter().any(is_inside) {
                prop_assert_eq!(letters(&whole.0) + letters(&whole.1), letters(&text));
            }
        }
    }
}
