//! An answer while it comes, and those that are shown again.

use std::io::{self, Write};
use std::sync::atomic::Ordering;

use super::output::DIM;
use super::status::ERASE_BELOW;
use super::{Screen, for_terminal, row, terminal};
use crate::config::child;
use crate::config::environment::Environment;
use crate::conversation::{Conversation, Part};
use crate::error::Error;
use crate::markdown::drawing::{Markdown, Spoken, last_rows};

/// What of an answer was shown last.
#[derive(Default, PartialEq, Eq)]
pub enum AnswerState {
    #[default]
    None,
    Reasoning,
    Content,
}

impl Screen {
    /// Whether words of an answer were shown.
    pub fn is_answering(&self) -> bool {
        self.answer != AnswerState::None
    }

    fn new_markdown(&self, size: (usize, usize)) -> Option<Markdown> {
        let markdown = self.out.markdown(size).filter(|_| self.wants_markdown)?;
        Some(markdown.with_links(self.takes_links))
    }

    /// Takes a part of an answer, to be shown with the next flush.
    pub fn part(&mut self, part: Part<'_>) -> Result<(), Error> {
        let is_content = matches!(part, Part::Content(_));
        if is_content && !self.status && std::mem::take(&mut self.typing.is_shown) {
            self.pending.push_str(ERASE_BELOW);
        }
        self.clear_status();
        match part {
            Part::Content(text) => self.content(text),
            Part::Reasoning(text) => self.reasoning(text),
        }
    }

    /// Shows the last rows of an answer as they were shown when it came, behind a mark if there are
    /// more.
    pub fn answer_again(&mut self, text: &str, rows: usize) -> Result<(), Error> {
        let text = self.drawn(text);
        let (end, is_cut) = last_rows(&text, terminal::width(), rows);
        self.clear_status();
        let mark = match self.is_accessible {
            true => "The end of the last answer:\n\n",
            false => "…\n\n",
        };
        self.pending.push_str(if is_cut { mark } else { "" });
        self.pending.push_str(end.trim_start_matches('\n'));
        self.flush()
    }

    /// An answer as it was shown when it came.
    fn drawn(&self, text: &str) -> String {
        let text = self.out.safe(text.trim_end());
        if let Some(markdown) = self.new_markdown(terminal::size()) {
            return markdown.whole(&text);
        }
        if !(self.is_accessible && self.wants_markdown && self.out.is_terminal) {
            return text.into_owned();
        }
        let (mut spoken, mut said) = (Spoken::default(), String::new());
        spoken.push(&text, &mut said);
        spoken.end(&mut said);
        said
    }

    /// Prints all that was said, answers as they were shown when they came. If that is taller than
    /// the screen, it goes through this pager.
    pub fn transcript(
        &mut self,
        conversation: &Conversation,
        pager: Option<(&str, &Environment)>,
    ) -> Result<(), Error> {
        let show = |text: &str, is_answer: bool| match is_answer {
            true => self.drawn(text).trim_end().to_owned(),
            false => self.out.safe(text).into_owned(),
        };
        let text = conversation.transcript(&show) + "\n";
        let room = terminal::height().saturating_sub(1);
        if let Some((pager, environment)) = pager
            && self.out.is_terminal
            && !self.is_accessible
            && last_rows(&text, terminal::width(), room).1
            && child::feed(pager, &text, child::Output::Terminal, environment).is_ok()
        {
            return Ok(());
        }
        self.pending.push_str(&text);
        self.flush()
    }

    /// Ends the answer with a line end if it has none, and nothing if there was no answer.
    pub fn end_answer(&mut self) -> Result<(), Error> {
        self.end_markdown();
        match std::mem::take(&mut self.answer) {
            AnswerState::Content if !self.at_line_start => self.pending.push('\n'),
            AnswerState::Reasoning if !self.at_line_start => self.write_err("\n"),
            _ => {}
        }
        self.flush()
    }

    /// Writes what is pending to standard output.
    ///
    /// # Errors
    /// [`Error::ReaderGone`] if a pipe was closed, else [`Error::Output`].
    pub fn flush(&mut self) -> Result<(), Error> {
        let column = match (&self.markdown, &self.answer) {
            (Some(markdown), _) => markdown.cursor(),
            (None, AnswerState::None) => None,
            (None, _) => Some(self.column).filter(|column| *column < terminal::width()),
        };
        if let Some(column) = column {
            let row = self.typed_below(column);
            self.pending.push_str(&row);
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let text = std::mem::take(&mut self.pending);
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(Error::from_output)
    }

    fn content(&mut self, text: &str) -> Result<(), Error> {
        if self.answer == AnswerState::Reasoning {
            self.end_markdown();
            let end = if self.at_line_start { "\n" } else { "\n\n" };
            self.write_err(&format!("{end}[answer]\n"));
        }
        self.answer = AnswerState::Content;
        if self.is_accessible && self.out.is_terminal {
            return self.say(text);
        }
        let size = terminal::size();
        if self.markdown.is_none() {
            self.markdown = self.new_markdown(size);
        }
        if let Some(markdown) = &mut self.markdown {
            markdown.resize(size.0, size.1);
            if self.has_continued.swap(false, Ordering::Relaxed) {
                markdown.freeze();
            }
            markdown.push(&for_terminal(text), &mut self.pending);
        } else {
            self.pending.push_str(&self.out.safe(text));
            self.follow(text);
        }
        self.at_line_start = text.ends_with('\n');
        Ok(())
    }

    /// Notes where the cursor is behind a text that isn't rendered.
    fn follow(&mut self, text: &str) {
        if self.typing.is_watched() {
            self.column = row::column_behind(text, self.column, terminal::width());
        }
    }

    /// Says what is complete with more of an answer, or of the reasoning before it.
    fn say(&mut self, text: &str) -> Result<(), Error> {
        let mut said = String::new();
        self.spoken.is_raw = !self.wants_markdown;
        self.spoken.push(&for_terminal(text), &mut said);
        self.write_said(&said);
        self.at_line_start = true;
        Ok(())
    }

    fn write_said(&mut self, said: &str) {
        match self.answer {
            _ if said.is_empty() => {}
            AnswerState::Reasoning => self.write_err(&self.err.styled(DIM, said)),
            _ => self.pending.push_str(said),
        }
    }

    /// Ends what is rendered, with a line end: nobody else may write to the terminal before.
    fn end_markdown(&mut self) {
        if let Some(mut markdown) = self.markdown.take() {
            markdown.end(&mut self.pending);
            (self.answer, self.at_line_start) = (AnswerState::Content, true);
        }
        let mut said = String::new();
        self.spoken.end(&mut said);
        self.write_said(&said);
        self.column = 0;
    }

    /// Reasoning is for somebody who watches, and no part of the answer.
    fn reasoning(&mut self, text: &str) -> Result<(), Error> {
        if !self.err.is_terminal {
            return Ok(());
        }
        let label = match self.answer {
            AnswerState::Reasoning => "",
            AnswerState::Content if !self.at_line_start => "\n[reasoning]\n",
            _ => "[reasoning]\n",
        };
        if self.answer != AnswerState::Reasoning {
            self.end_markdown();
            self.flush()?;
        }
        if self.is_accessible {
            self.write_err(label);
            self.answer = AnswerState::Reasoning;
            return self.say(text);
        }
        let styled = self.err.styled(DIM, &for_terminal(text));
        self.write_err(&format!("{label}{styled}"));
        self.follow(label);
        self.follow(text);
        (self.answer, self.at_line_start) = (AnswerState::Reasoning, text.ends_with('\n'));
        Ok(())
    }
}
