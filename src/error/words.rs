//! An explanation, and its words: `words.txt` has a block of lines below each name. The first line
//! is the title, `|` begins a detail, `>` a hint, `$` a command of the hint before it, `?` one that
//! changes nothing and is only to be looked at, which the hint says by its first word. A value
//! stands where its name does in braces, with `:?` in quotes.

use std::fmt::{self, Display};

use super::shell;

pub(super) const WORDS: &str = include_str!("words.txt");

/// A failure in words, not yet wrapped or coloured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// One line: what failed, and with which value.
    pub title: String,
    /// What is known beyond that, often in the service's own words.
    pub detail: Option<String>,
    /// What to do next; a second hint is a way around the first.
    pub hints: Vec<Hint>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Without its end mark, which depends on what follows.
    pub sentence: String,
    /// Commands that do it, to be copied line by line.
    pub commands: Vec<String>,
    /// Whether they only show something.
    pub is_look: bool,
}

impl Display for Hint {
    /// The sentence with its end mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends_with_url = (self.sentence.rsplit(' ').next())
            .is_some_and(|word| word.contains("://") && !word.ends_with(')'));
        let mark = match self.commands[..] {
            // A mark would be copied with the URL.
            [] if ends_with_url => "",
            [] => ".",
            _ => ":",
        };
        write!(f, "{}{mark}", self.sentence)
    }
}

impl<T: Into<String>> From<T> for Explanation {
    fn from(title: T) -> Self {
        Explanation {
            title: title.into(),
            ..Explanation::default()
        }
    }
}

impl Explanation {
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    /// What failed and what is known beyond that, in one line.
    pub fn in_a_line(&self) -> String {
        let parts = [&self.title].into_iter().chain(&self.detail);
        parts.map(String::as_str).collect::<Vec<_>>().join(". ")
    }

    /// With something to do; the sentence has no end mark.
    pub fn hint(mut self, sentence: impl Into<String>) -> Self {
        self.hints.push(Hint {
            sentence: sentence.into(),
            commands: Vec::new(),
            is_look: false,
        });
        self
    }

    /// With a command for the last hint that changes nothing.
    pub fn look(self, command: impl Into<String>) -> Self {
        let mut explanation = self.command(command);
        let hint = explanation.hints.last_mut();
        hint.expect("it has a command now").is_look = true;
        explanation
    }

    /// With a command for the last hint.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        let hint = self.hints.last_mut();
        hint.expect("a hint comes before its commands")
            .commands
            .push(command.into());
        self
    }
}

/// The words below a name. A value is one word of the shell in a command.
pub fn look_up(name: &str, values: &[(&str, &dyn Display)]) -> Explanation {
    let filled = |line: &str, quote: fn(&str) -> String| {
        let mut pieces = line.split('{');
        let start = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(start, |text, piece| {
            let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let (name, in_quotes) = (name.trim_end_matches(":?"), name.ends_with(":?"));
            let value = values.iter().find(|(known, _)| *known == name);
            let value = value.map_or_else(String::new, |(_, value)| value.to_string());
            match in_quotes {
                true => format!("{text}{value:?}{rest}"),
                false => text + &quote(&value) + rest,
            }
        })
    };
    let mut lines = WORDS
        .lines()
        .skip_while(|line| line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) != Some(name))
        .skip(1)
        .take_while(|line| !line.is_empty());
    let title = filled(lines.next().unwrap_or(name), str::to_owned);
    lines.fold(title.into(), |explanation: Explanation, line| {
        match line.split_once(' ') {
            Some(("|", detail)) => explanation.detail(filled(detail, str::to_owned)),
            Some((">", hint)) => explanation.hint(filled(hint, str::to_owned)),
            Some(("$", command)) => explanation.command(filled(command, shell::quoted)),
            Some(("?", command)) => explanation.look(filled(command, shell::quoted)),
            _ => explanation,
        }
    })
}

/// The words below a name, with the values of these variables.
macro_rules! words {
    ($name:expr $(, $value:ident)* $(,)?) => {
        $crate::error::look_up($name, &[$((stringify!($value), &$value)),*])
    };
}
pub(crate) use words;

/// A match whose first arms are the variants that have their fields as values of their words.
macro_rules! in_words {
    ($failure:expr, $kind:ident {
        $($variant:ident $(($value:ident))? $({ $($field:ident),* })?;)*
    } $($others:tt)*) => {
        match $failure {
            $($kind::$variant $(($value))? $({ $($field),* })? => words!(
                concat!(stringify!($kind), "::", stringify!($variant))
                $(, $value)? $($(, $field)*)?
            ),)*
            $($others)*
        }
    };
}
pub(super) use in_words;
