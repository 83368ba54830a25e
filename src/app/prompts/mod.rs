//! Prompts that have a name: the user's own, each a file in a folder of theirs, and some that are
//! built in. Behind a head, which sets little, stands a text with places for what the prompt is
//! about. What is put in there isn't read for places again, and nothing in a file names another
//! file, a host or a key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::cli::source::Source;
use crate::cli::{ChatArgs, ChatSettings};
use crate::conversation::Attachment;
use crate::error::Error;
use crate::error::nearest::nearest;
use crate::files::{config_folder, expand_home, folder_of, input, named, regular};
use crate::screen::for_terminal;
use crate::store;

/// Those that come with the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("commit", include_str!("commit.md")),
    ("explain", include_str!("explain.md")),
    ("procfile", include_str!("procfile.md")),
    ("release-notes", include_str!("release-notes.md")),
    ("review", include_str!("review.md")),
];

/// How a file ends whose name, without that, is a prompt's.
const ENDING: &str = "md";

/// The most that a file may have, in bytes, and how many of a folder are looked at.
const LIMIT: usize = 64 * 1024;
const MOST_FILES: usize = 1_000;

/// The most characters that are shown of what a prompt says about itself.
const LONGEST_ABOUT: usize = 100;

/// The settings of a request that a head may have.
const SETTINGS: [&str; 5] = ["temperature", "top_p", "max_tokens", "stop", "thinking"];

/// What goes in front of a new prompt's text.
const NEW: &str = "---\nabout: \n---\n\n{{args}}\n\n{{stdin}}\n";

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

/// A prompt for a list.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub about: String,
    pub is_own: bool,
}

/// All of them, by name; the user's own in place of one that is built in.
pub fn list() -> Vec<Listed> {
    let mut all: BTreeMap<String, bool> = BUILT_IN
        .iter()
        .map(|(name, _)| ((*name).to_owned(), false))
        .collect();
    let files = folder().and_then(fs::read_dir).into_iter().flatten();
    for entry in files.flatten().take(MOST_FILES) {
        let path = PathBuf::from(entry.file_name());
        if let (Some(name), Some(ENDING)) = (
            path.file_stem().and_then(|name| name.to_str()),
            path.extension().and_then(|ending| ending.to_str()),
        ) && is_name(name)
        {
            all.insert(name.to_owned(), true);
        }
    }
    let listed = |(name, is_own): (String, bool)| {
        let about = match find(&name) {
            Ok(found) => found.unwrap_or_default().about,
            Err(error) => {
                let words = error.explain();
                let reason = words.detail.unwrap_or(words.title);
                for_terminal(&format!("can't be used: {reason}")).into_owned()
            }
        };
        Listed {
            name,
            about,
            is_own,
        }
    };
    all.into_iter().map(listed).collect()
}

/// The prompt of this name, if there is one.
///
/// # Errors
/// Why a file of the user's own can't be used, even if one of its name is built in.
pub fn find(name: &str) -> Result<Option<PromptFile>, Error> {
    let Some(text) = text_of(name)? else {
        return Ok(None);
    };
    let parsed = PromptFile::parse(&format!("@{name}"), &text);
    parsed
        .map(Some)
        .map_err(|reason| unusable(&shown(name), reason))
}

/// What stands in the prompt of this name, head and all, if there is one.
///
/// # Errors
/// As [`find`], but for the head.
pub fn text_of(name: &str) -> Result<Option<String>, Error> {
    if !is_name(name) {
        return Ok(None);
    }
    // Without a home there are no files.
    if let Ok(path) = path_of(name)
        && path.symlink_metadata().is_ok()
    {
        return read(&path, None)
            .map(Some)
            .map_err(|error| unusable(&path, error.to_string()));
    }
    let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    Ok(built_in.map(|(_, text)| (*text).to_owned()))
}

/// The prompt that the first argument of `ask` means: `@NAME`, or `@` and the path of a file that
/// says by `./` or the like that it is one. Others are text.
///
/// # Errors
/// There is no such prompt, or it can't be used.
pub fn meant(argument: &str) -> Result<Option<PromptFile>, Error> {
    let Some(name) = argument.strip_prefix('@') else {
        return Ok(None);
    };
    let is_path = |start: &&str| name.starts_with(*start);
    if ["./", "../", "~/", "/"].iter().any(is_path) {
        let path = expand_home(name);
        let text = read(&path, Some(folder_of(&path))).map_err(|error| error.to_string());
        let parsed = text.and_then(|text| PromptFile::parse(argument, &text));
        return parsed.map(Some).map_err(|reason| unusable(&path, reason));
    }
    match is_name(name) {
        true => known(name).map(Some),
        false => Ok(None),
    }
}

/// The prompt of this name.
///
/// # Errors
/// As [`find`], and that there is none.
pub fn known(name: &str) -> Result<PromptFile, Error> {
    find(name)?.ok_or_else(|| no_prompt(name))
}

/// The failure of a name that no prompt has.
pub fn no_prompt(name: &str) -> Error {
    let names = list();
    let meant = nearest(name, names.iter().map(|it| &*it.name));
    let meant = meant.map_or_else(String::new, |name| format!(" Did you mean @{name}?"));
    let reason = format!(
        "There is none of this name.{meant} `heroku-chat prompts` lists them; a text that begins \
         with @ stands in quotes with its other words."
    );
    unusable(&shown(name), reason)
}

/// Has the user's own prompt of this name be this text, and says where it is.
///
/// # Errors
/// The system's, and what else is in its place.
pub fn save(name: &str, text: &str) -> Result<PathBuf, Error> {
    let path = path_of(name).map_err(|error| unusable(&shown(name), error.to_string()))?;
    let before = fs::read_to_string(&path).unwrap_or_default();
    let saved = store::write_settings(&path, &before, text);
    saved.map_err(|error| unusable(&path, error.to_string()))?;
    Ok(path)
}

/// What to begin with in an editor for the prompt of this name.
///
/// # Errors
/// A name that none can have, or a file that can't be read.
pub fn to_edit(name: &str) -> Result<String, Error> {
    if !is_name(name) {
        let reason = "A name has letters, digits, - and _ alone, 64 at most.".to_owned();
        return Err(unusable(&shown(name), reason));
    }
    Ok(text_of(name)?.unwrap_or_else(|| NEW.to_owned()))
}

impl PromptFile {
    /// Reads head and text.
    ///
    /// # Errors
    /// What of the head can't be used, with the number of its line.
    fn parse(name: &str, text: &str) -> Result<Self, String> {
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

/// Whether a prompt may have this name: no path does, and no name that means something to a
/// terminal or a shell.
pub fn is_name(name: &str) -> bool {
    let is_in = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(is_in) && !name.starts_with('-')
}

fn folder() -> io::Result<PathBuf> {
    Ok(config_folder()?.join("prompts"))
}

fn path_of(name: &str) -> io::Result<PathBuf> {
    Ok(folder()?.join(name).with_extension(ENDING))
}

/// The text of a prompt's file. A link to something that is none could have it sent anything, as
/// could one that leads out of the folder of somebody else's file.
fn read(path: &Path, within: Option<&Path>) -> io::Result<String> {
    let refused = |reason: &str| Err(io::Error::other(reason));
    regular(path)?;
    let real = path.canonicalize()?;
    let within = within.map(Path::canonicalize).transpose()?;
    let is_other = |path: &Path| path.extension() != Some(ENDING.as_ref());
    if is_other(path) || is_other(&real) {
        return refused("A prompt's file ends in .md, and so does what a link leads to.");
    }
    if within.is_some_and(|folder| !real.starts_with(folder)) {
        return refused("It is a link that leads out of its folder.");
    }
    let bytes = named::read(&real, LIMIT)?;
    if bytes.len() > LIMIT {
        return refused("It is larger than a prompt's file may be, 64 KiB.");
    }
    String::from_utf8(bytes).or_else(|_| refused("It is not UTF-8 text."))
}

/// What a prompt says about itself, in a row of a terminal.
fn about(text: &str) -> String {
    let text: String = text.chars().take(LONGEST_ABOUT).collect();
    for_terminal(&text.replace('\t', " ")).into_owned()
}

fn shown(name: &str) -> PathBuf {
    PathBuf::from(format!("@{name}"))
}

/// A prompt that can't be used, and why.
pub fn unusable(path: &Path, reason: String) -> Error {
    Error::File {
        what: "the prompt",
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
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
