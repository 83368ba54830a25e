//! What an output can show: styles, and lines no wider than the terminal.

use std::borrow::Cow;

use textwrap::{Options, WordSplitter};

use super::{for_terminal, terminal};
use crate::markdown::drawing::Markdown;

pub const BOLD: &str = "\x1b[1m";
pub const DIM: &str = "\x1b[2m";
pub const RED: &str = "\x1b[31m";
pub const GREEN: &str = "\x1b[32m";
pub const YELLOW: &str = "\x1b[33m";
pub const CYAN: &str = "\x1b[36m";
pub const PLAIN: &str = "\x1b[0m";

/// How a line of a report is meant: a style, a mark, and a word for the mark.
#[derive(Clone, Copy)]
pub struct Tone(pub &'static str, pub &'static str, pub &'static str);

impl Tone {
    pub const GOOD: Tone = Tone(GREEN, "✓", "ok:");
    pub const CAUTION: Tone = Tone(YELLOW, "!", "warning:");
    pub const BAD: Tone = Tone(RED, "✗", "failed:");
    pub const QUIET: Tone = Tone(DIM, "-", "skipped:");
}

/// One of the two outputs, and what can be shown there.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Somebody watches, and text from outside has to be safe.
    pub is_terminal: bool,
    /// Lines can be written over.
    pub can_erase: bool,
    pub color: bool,
}

impl Output {
    /// Renders Markdown if lines can be written over.
    pub fn markdown(self, (width, height): (usize, usize)) -> Option<Markdown> {
        let markdown = || Markdown::new(width, height);
        let renders = self.can_erase.then(markdown)?;
        Some(if self.color {
            renders
        } else {
            renders.without_colors()
        })
    }

    /// A text from outside, safe to be shown here.
    pub fn safe(self, text: &str) -> Cow<'_, str> {
        match self.is_terminal {
            true => for_terminal(text),
            false => text.into(),
        }
    }

    /// Wraps where somebody reads; a log gets one line for each sentence.
    pub fn wrapped(&self, first: &str, rest: &str, text: &str) -> String {
        if !self.is_terminal {
            return format!("{first}{text}");
        }
        filled(text, terminal::width(), first, rest)
    }

    /// Text in a style, if there are colours.
    pub fn styled(&self, style: &str, text: &str) -> String {
        if self.color {
            format!("{style}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }
}

/// A text in lines of this width, behind indents.
pub fn filled(text: &str, width: usize, first: &str, rest: &str) -> String {
    // Ids and commands have hyphens; half of one can't be copied.
    // What is longer than a row is left to the terminal, so that a link stays one.
    let options = Options::new(width.max(20))
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options.initial_indent(first).subsequent_indent(rest))
}
