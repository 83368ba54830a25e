//! The file of a prompt. Behind a head, which sets little, stands a text with places for what the
//! prompt is about. What is put in there isn't read for places again, and nothing in a file names
//! another file, a host or a key.

use std::path::Path;

use super::unusable;
use crate::cli::source::Source;
use crate::cli::{ChatArgs, ChatSettings};
use crate::conversation::Attachment;
use crate::error::Error;
use crate::files::input;
use crate::screen::for_terminal;

/// The most characters that are shown of what a prompt says about itself.
const LONGEST_ABOUT: usize = 100;

/// The settings of a request that a head may have.
const SETTINGS: [&str; 5] = ["temperature", "top_p", "max_tokens", "stop", "thinking"];

/// A prompt that has a name.
#[derive(Debug, Default)]
pub struct PromptFile {
    /// As `@name` or `@./path.md`.
    pub name: String,
    /// What it is for, safe for a terminal.
    pub about: String,
    pub model: Option<String>,
    pub system: Option<String>,
    settings: Vec<(String, String)>,
    text: String,
}

impl PromptFile {
    /// Reads head and text.
    ///
    /// # Errors
    /// What of the head can't be used, with the number of its line.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut prompt = PromptFile {
            name: name.to_owned(),
            ..PromptFile::default()
        };
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let (head, body) = match text.strip_prefix("---\n") {
            Some(rest) => {
                let end = rest.starts_with("---\n").then_some((0, 4));
                let end = end.or_else(|| rest.find("\n---\n").map(|at| (at, at + 5)));
                let (end, body) = end.ok_or("Its head has no end, a line of three dashes.")?;
                (&rest[..end], &rest[body..])
            }
            None => ("", &*text),
        };
        for (index, line) in head.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let set = prompt.set(line);
                set.map_err(|reason| format!("Line {}: {reason}.", index + 2))?;
            }
        }
        prompt.text = body.trim().to_owned();
        if prompt.text.is_empty() {
            return Err("It has no text.".to_owned());
        }
        if prompt.about.is_empty() {
            prompt.about = about(prompt.text.lines().next().unwrap_or_default());
        }
        Ok(prompt)
    }

    /// Takes a line of the head.
    fn set(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once(':').ok_or("it is no `name: value`")?;
        let (name, value) = (name.trim().replace('-', "_"), value.trim());
        let unquoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = unquoted.unwrap_or(value).to_owned();
        match &*name {
            "about" => self.about = about(&value),
            "model" => self.model = Some(value).filter(|value| !value.is_empty()),
            "system" => self.system = Some(value),
            name if SETTINGS.contains(&name) => {
                let rule = |rule| format!("{name} takes {rule}");
                ChatSettings::default().set(name, &value).map_err(rule)?;
                self.settings.push((name.to_owned(), value));
            }
            _ => {
                return Err(format!(
                    "a prompt can't set `{name}`, but about, model, system, {}",
                    SETTINGS.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Whether it has a place for standard input, or in the chat for what is attached.
    pub fn takes_input(&self) -> bool {
        self.places().any(|(_, place)| place == Some(Place::Input))
    }

    /// What it is about of these files, if it has a place for that, and the others.
    pub fn subject(&self, files: Vec<Attachment>) -> (String, Vec<Attachment>) {
        let is_subject = |it: &Attachment| self.takes_input() && !it.is_image();
        let (subject, others): (Vec<_>, Vec<_>) = files.into_iter().partition(is_subject);
        let quoted: Vec<String> = subject.iter().filter_map(Attachment::quoted).collect();
        (quoted.join("\n\n"), others)
    }

    /// The settings with those of the head, where flags and `/set` say nothing.
    pub fn settings(&self, settings: &ChatSettings) -> Result<ChatSettings, Error> {
        let mut settings = settings.clone();
        for (name, value) in &self.settings {
            let source = Source::Flag(self.name.clone().into());
            // Each was tried when the head was read; two may not go together.
            let given = settings.suggest(name, value, source);
            given
                .map_err(|rule| unusable(Path::new(&self.name), format!("{name} takes {rule}.")))?;
        }
        Ok(settings)
    }

    /// Has the arguments of a command follow the head, where they say nothing themselves.
    pub fn complete(&self, args: &mut ChatArgs) -> Result<(), Error> {
        args.connection.model = args.connection.model.take().or(self.model.clone());
        args.settings = self.settings(&args.settings)?;
        Ok(())
    }

    /// The text with words, all of them as `args`, and input in their places. Those that have none
    /// come behind it.
    ///
    /// # Errors
    /// A word that is missing, or too much of everything.
    pub fn fill(&self, words: &[String], args: &str, input: &str) -> Result<String, Error> {
        let unusable = |reason: String| unusable(Path::new(&self.name), reason);
        let mut text = String::new();
        let (mut takes_words, mut takes_input) = (false, false);
        for (before, place) in self.places() {
            let value = match place {
                Some(Place::Input) => input,
                Some(Place::Args) => args,
                Some(Place::Word(number)) => words.get(number - 1).ok_or_else(|| {
                    let count = words.len();
                    unusable(format!(
                        "It has a place for word {number} behind its name, and there are {count}."
                    ))
                })?,
                None => "",
            };
            takes_input |= place == Some(Place::Input);
            takes_words |= matches!(place, Some(Place::Args | Place::Word(_)));
            if text.len() + before.len() + value.len() > input::LIMIT {
                return Err(unusable(input::too_large("what comes of it").to_string()));
            }
            text.push_str(before);
            text.push_str(value);
        }
        let mut text = text.trim().to_owned();
        for (is_in, rest) in [(takes_words, args), (takes_input, input)] {
            if !is_in && !rest.trim().is_empty() {
                text += &format!("\n\n{rest}");
            }
        }
        Ok(text)
    }

    /// The text cut at its places: what stands before each, and the place. None is behind the last
    /// piece, and behind braces that hold something else.
    fn places(&self) -> impl Iterator<Item = (&str, Option<Place>)> {
        let mut rest = &*self.text;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let Some(at) = rest.find("{{") else {
                return Some((std::mem::take(&mut rest), None));
            };
            let behind = &rest[at + 2..];
            let place = behind
                .split_once("}}")
                .and_then(|(name, after)| Some((Place::named(name.trim())?, after)));
            let (before, after) = match place {
                Some((_, after)) => (&rest[..at], after),
                None => rest.split_at(at + 1),
            };
            rest = after;
            Some((before, place.map(|(place, _)| place)))
        })
    }
}

/// What is put into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Input,
    Args,
    Word(usize),
}

impl Place {
    fn named(name: &str) -> Option<Self> {
        match name {
            "stdin" => Some(Place::Input),
            "args" => Some(Place::Args),
            "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => {
                name.parse().ok().map(Place::Word)
            }
            _ => None,
        }
    }
}

/// What a prompt says about itself, in a row of a terminal.
fn about(text: &str) -> String {
    let text: String = text.chars().take(LONGEST_ABOUT).collect();
    for_terminal(&text.replace('\t', " ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{BUILT_IN, is_name};
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<PromptFile, String> {
        PromptFile::parse("@x", text)
    }

    fn fill(text: &str, args: &str, input: &str) -> Result<String, Error> {
        let words: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        parse(text).unwrap().fill(&words, args, input)
    }

    #[test]
    fn each_built_in_prompt_says_what_it_is_for_and_takes_input() {
        for (name, text) in BUILT_IN {
            let prompt = parse(text).unwrap();
            assert!(is_name(name) && prompt.takes_input(), "{name}");
            assert!(prompt.about.starts_with(char::is_lowercase), "{name}");
        }
    }

    #[test]
    fn what_is_put_in_is_not_read_again() {
        for (text, args, input, filled) in [
            (
                "a {{1}} b {{ stdin }} {{args}}",
                "x y",
                "in",
                "a x b in x y",
            ),
            ("{{1}}{{2}}", "{{2}} {{1}}", "", "{{2}}{{1}}"),
            (
                "{{stdin}}{{stdin}}",
                "",
                "{{stdin}}{{args}}",
                "{{stdin}}{{args}}{{stdin}}{{args}}",
            ),
            ("{{{{1}}}}", "{{args}}", "", "{{{{args}}}}"),
            ("{{{1}}}", "x", "", "{x}"),
            ("{{0}} {{10}} {{env}} {{", "", "", "{{0}} {{10}} {{env}} {{"),
            ("no place", "x y", "in", "no place\n\nx y\n\nin"),
            ("{{args}} for\n\n{{stdin}}", "", "", "for"),
        ] {
            assert_eq!(fill(text, args, input).unwrap(), filled, "{text}");
        }
        let error = fill("{{2}}", "x", "").unwrap_err().explain();
        assert!(error.detail.unwrap().contains("a place for word 2"));
        let many = "{{stdin}}".repeat(7_000);
        let error = fill(&many, "", &"x".repeat(10_000)).unwrap_err().explain();
        assert!(error.detail.unwrap().contains("larger than 64 MiB"));
    }

    #[test]
    fn a_head_sets_little_and_says_what_is_wrong_with_it() {
        let text =
            "---\r\nabout: \"a\tb\"\n# no\nmodel: m\nmax-tokens: 9\nsystem: @.env\n---\nhi\n";
        let prompt = parse(text).unwrap();
        assert_eq!((&*prompt.about, &*prompt.text), ("a b", "hi"));
        assert_eq!(
            (prompt.model.as_deref(), prompt.system.as_deref()),
            (Some("m"), Some("@.env"))
        );
        let settings = prompt.settings(&ChatSettings::default()).unwrap();
        assert_eq!(settings.values.request.max_tokens, Some(9));
        for (text, reason) in [
            (
                "---\nurl: https://example.com\n---\nhi",
                "Line 2: a prompt can't set `url`",
            ),
            (
                "---\n\nsave: off\n---\nhi",
                "Line 3: a prompt can't set `save`",
            ),
            (
                "---\ntemperature: 7\n---\nhi",
                "Line 2: temperature takes a number from 0 to 1.",
            ),
            ("---\nmodel\n---\nhi", "Line 2: it is no `name: value`."),
            ("---\nmodel: x\nhi", "Its head has no end"),
            ("---\n---\n \n", "It has no text."),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.starts_with(reason), "{text}: {refused}");
        }
        assert_eq!(parse("---\n---\nhi\nho").unwrap().about, "hi");
    }

    proptest! {
        #[test]
        fn any_text_is_a_prompt_or_refused_and_its_pieces_are_all_of_it(
            text in "(\\{|\\}|1|args|stdin| |\n|---\n|é){0,20}", args in "[{}1a]{0,9}",
        ) {
            if let Ok(prompt) = parse(&text) {
                let _ = prompt.fill(&[], &args, &args);
                if prompt.places().all(|(_, place)| place.is_none()) {
                    let all: String = prompt.places().map(|(before, _)| before).collect();
                    prop_assert_eq!(all, prompt.text.clone());
                }
            }
        }
    }
}
