//! What an output can show: styles, and lines no wider than the terminal.

use textwrap::WordSplitter;

use super::terminal;
use crate::markdown::drawing::Markdown;

pub const DIM: &str = "\x1b[2m";
pub const RED: &str = "\x1b[31m";
pub const GREEN: &str = "\x1b[32m";
pub const YELLOW: &str = "\x1b[33m";
pub const CYAN: &str = "\x1b[36m";
pub const PLAIN: &str = "\x1b[0m";

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
    pub fn markdown(self) -> Option<Markdown> {
        let markdown = || Markdown::new(terminal::width(), terminal::height());
        let renders = self.can_erase.then(markdown)?;
        Some(if self.color {
            renders
        } else {
            renders.without_colors()
        })
    }

    /// Wraps where somebody reads; a log gets one line for each sentence.
    pub fn wrapped(&self, first: &str, rest: &str, text: &str) -> String {
        if !self.is_terminal {
            return format!("{first}{text}");
        }
        // Escape codes in the indents take no room; textwrap knows that of none but its own.
        let plain = |indent: &str| {
            [RED, YELLOW, GREEN, DIM, PLAIN]
                .iter()
                .fold(indent.to_owned(), |text, code| text.replace(code, ""))
        };
        // Ids and commands have hyphens; half of one can't be copied.
        let options = textwrap::Options::new(terminal::width().max(20))
            .word_splitter(WordSplitter::NoHyphenation);
        let (plain_first, plain_rest) = (plain(first), plain(rest));
        let lines = textwrap::wrap(
            text,
            options
                .initial_indent(&plain_first)
                .subsequent_indent(&plain_rest),
        );
        let restored = lines.iter().enumerate().map(|(index, line)| {
            let (styled, bare) = if index == 0 {
                (first, &plain_first)
            } else {
                (rest, &plain_rest)
            };
            line.strip_prefix(bare.as_str())
                .map_or_else(|| line.to_string(), |line| format!("{styled}{line}"))
        });
        restored.collect::<Vec<_>>().join("\n")
    }

    /// Text in a style, where there are colours.
    pub fn styled(&self, style: &str, text: &str) -> String {
        if self.color {
            format!("{style}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }
}
