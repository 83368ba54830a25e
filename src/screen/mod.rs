//! The only writer. Results and answers go to standard output, byte for byte where that is no
//! terminal; everything else goes to standard error. Text from outside is made safe before it
//! reaches a terminal, and the key is taken out of everything that isn't an answer.

#[cfg_attr(not(unix), path = "no_inlet.rs")]
pub mod inlet;
mod output;
mod sanitize;
mod table;
pub mod terminal;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::cli::spelling::Spelling;
use crate::cli::{ColorChoice, OutputArgs};
use crate::config::environment::Environment;
use crate::config::secret::{Secret, redact, redact_keys};
use crate::conversation::Part;
use crate::error::{Error, Explanation};

use crate::markdown::drawing::{Markdown, last_rows};
use output::{CYAN, DIM, GREEN, Output, RED, YELLOW};
pub use sanitize::for_terminal;
pub use table::Overflow;

/// The two outputs and what is known about them.
pub struct Screen {
    out: Output,
    err: Output,
    debug: bool,
    /// All keys it was ever told of.
    secrets: Vec<Secret>,
    spelling: Spelling,
    /// What is written to standard output with the next flush: one write for all that came with one
    /// read.
    pending: String,
    answer: AnswerState,
    /// Renders the answer that is being shown, on a terminal.
    markdown: Option<Markdown>,
    wants_markdown: bool,
    /// Whether a line that will be erased again stands on standard error.
    status: bool,
    started: Instant,
}

/// How a line of a report is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Caution,
    Bad,
    Quiet,
}

/// Where in an answer the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerState {
    None,
    Reasoning { at_line_start: bool },
    Content { at_line_start: bool },
}

/// Waits shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

impl Screen {
    /// Looks at what the outputs are; asks the terminal nothing.
    pub fn new(args: &OutputArgs, spelling: Spelling, environment: &Environment) -> Self {
        let plain_terminal = environment.get("TERM") == Some("dumb");
        let output = |is_terminal: bool| Output {
            is_terminal,
            can_erase: is_terminal && !plain_terminal,
            color: match args.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => {
                    is_terminal && !plain_terminal && environment.get("NO_COLOR").is_none()
                }
            },
        };
        Screen {
            out: output(io::stdout().is_terminal()),
            err: output(io::stderr().is_terminal()),
            debug: args.debug,
            secrets: Vec::new(),
            spelling,
            pending: String::new(),
            answer: AnswerState::None,
            markdown: None,
            wants_markdown: true,
            status: false,
            started: Instant::now(),
        }
    }

    /// A key that no message may show from now on, as those before.
    pub fn keep_secret(&mut self, secret: &Secret) {
        if !self.secrets.contains(secret) {
            self.secrets.push(secret.clone());
        }
    }

    /// Whether somebody watches the results.
    pub fn is_interactive(&self) -> bool {
        self.out.is_terminal
    }

    /// Whether prompts may be coloured.
    pub fn has_color(&self) -> bool {
        self.err.color
    }

    /// Has Markdown rendered where that can be done, or shown as the model wrote it.
    pub fn set_markdown(&mut self, wanted: bool) {
        self.wants_markdown = wanted;
    }

    /// Whether lines of `--debug` are shown.
    pub fn is_debugging(&self) -> bool {
        self.debug
    }

    /// Shows lines of `--debug` from now on, or no more.
    pub fn set_debug(&mut self, debug: bool) {
        self.debug = debug;
    }

    /// Hands a text to the clipboard of the terminal, also of one at the other end of SSH. Says
    /// whether there is a terminal; whether it allows that can't be known.
    pub fn copy(&mut self, text: &str) -> bool {
        // OSC 52; the text is in base64, so nothing in it can end the sequence.
        if self.err.can_erase {
            self.write_err(&format!("\x1b]52;c;{}\x07", BASE64.encode(text)));
        }
        self.err.can_erase
    }

    /// Prints a result, with a line end where it has none.
    pub fn print(&mut self, text: &str) -> Result<(), Error> {
        let text = if self.out.is_terminal {
            for_terminal(text)
        } else {
            text.into()
        };
        self.pending.push_str(&text);
        if !text.ends_with('\n') {
            self.pending.push('\n');
        }
        self.flush()
    }

    /// Prints rows in columns, below their headings where there are any.
    pub fn table<const COLUMNS: usize>(
        &mut self,
        headings: Option<[&str; COLUMNS]>,
        rows: &[[String; COLUMNS]],
        overflow: Overflow,
    ) -> Result<(), Error> {
        let width = self.out.is_terminal.then(terminal::width);
        self.print(&table::lay_out(headings, rows, width, overflow))
    }

    /// Prints a line of a report, with what to do about it and the commands that do it.
    pub fn verdict(
        &mut self,
        tone: Tone,
        text: &str,
        hint: Option<&str>,
        commands: &[String],
    ) -> Result<(), Error> {
        let (style, mark) = match tone {
            Tone::Good => (GREEN, "✓"),
            Tone::Caution => (YELLOW, "!"),
            Tone::Bad => (RED, "✗"),
            Tone::Quiet => (DIM, "-"),
        };
        let out = self.out;
        let mark = out.styled(style, mark);
        let mut lines = out.wrapped(&format!("{mark} "), "  ", &self.clean(text));
        if let Some(hint) = hint {
            lines.push_str(&format!(
                "\n{}",
                out.wrapped("    ", "    ", &self.clean(hint))
            ));
        }
        for command in commands {
            lines.push_str(&format!(
                "\n      {}",
                out.styled(CYAN, &self.clean(command))
            ));
        }
        self.pending.push_str(&lines);
        self.pending.push('\n');
        self.flush()
    }

    /// Takes a part of an answer, to be shown with the next flush.
    pub fn part(&mut self, part: Part<'_>) -> Result<(), Error> {
        self.clear_status();
        match part {
            Part::Content(text) => self.content(text),
            Part::Reasoning(text) => self.reasoning(text),
        }
    }

    /// Shows the last rows of an answer as they were shown when it came, behind a mark if there are
    /// more.
    pub fn answer_again(&mut self, text: &str, rows: usize) -> Result<(), Error> {
        let text = if self.out.is_terminal {
            for_terminal(text.trim_end())
        } else {
            text.trim_end().into()
        };
        let width = terminal::width();
        let markdown = self.out.markdown().filter(|_| self.wants_markdown);
        let (end, is_cut) = match markdown {
            Some(markdown) => last_rows(&markdown.whole(&text), width, rows),
            None => last_rows(&text, width, rows),
        };
        self.clear_status();
        self.pending.push_str(if is_cut { "…\n\n" } else { "" });
        self.pending.push_str(end.trim_start_matches('\n'));
        self.flush()
    }

    /// Ends the answer with a line end where it has none, and nothing where there was no answer.
    pub fn end_answer(&mut self) -> Result<(), Error> {
        self.end_markdown();
        match std::mem::replace(&mut self.answer, AnswerState::None) {
            AnswerState::Content {
                at_line_start: false,
            } => self.pending.push('\n'),
            AnswerState::Reasoning {
                at_line_start: false,
            } => self.write_err("\n"),
            _ => {}
        }
        self.flush()
    }

    /// Writes what is pending to standard output.
    ///
    /// # Errors
    /// [`Error::ReaderGone`] where a pipe was closed, else [`Error::Output`].
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let written = out
            .write_all(self.pending.as_bytes())
            .and_then(|()| out.flush());
        self.pending.clear();
        written.map_err(Error::from_output)
    }

    fn content(&mut self, text: &str) -> Result<(), Error> {
        if let AnswerState::Reasoning { at_line_start } = self.answer {
            let end = if at_line_start { "\n" } else { "\n\n" };
            let label = if self.err.color { "" } else { "[answer]\n" };
            self.write_err(&format!("{end}{label}"));
        }
        if self.wants_markdown && self.markdown.is_none() {
            self.markdown = self.out.markdown();
        }
        if let Some(markdown) = &mut self.markdown {
            markdown.push(&for_terminal(text), &mut self.pending);
        } else {
            let safe = if self.out.is_terminal {
                for_terminal(text)
            } else {
                text.into()
            };
            self.pending.push_str(&safe);
        }
        self.answer = AnswerState::Content {
            at_line_start: text.ends_with('\n'),
        };
        Ok(())
    }

    /// Ends what is rendered, with a line end: nobody else may write to the terminal before.
    fn end_markdown(&mut self) {
        if let Some(mut markdown) = self.markdown.take() {
            markdown.end(&mut self.pending);
            self.answer = AnswerState::Content {
                at_line_start: true,
            };
        }
    }

    /// Reasoning is for somebody who watches, and no part of the answer.
    fn reasoning(&mut self, text: &str) -> Result<(), Error> {
        if !self.err.is_terminal {
            return Ok(());
        }
        self.end_markdown();
        self.flush()?;
        let label = match self.answer {
            AnswerState::Content {
                at_line_start: false,
            } => "\n",
            AnswerState::None if !self.err.color => "[reasoning]\n",
            _ => "",
        };
        let styled = self.err.styled(DIM, &for_terminal(text));
        self.write_err(&format!("{label}{styled}"));
        self.answer = AnswerState::Reasoning {
            at_line_start: text.ends_with('\n'),
        };
        Ok(())
    }

    /// Asks for a yes on the terminal; no where nobody can be asked.
    pub fn confirm(&mut self, question: &str) -> bool {
        if !self.err.is_terminal || !io::stdin().is_terminal() {
            return false;
        }
        self.clear_status();
        self.write_err(&format!("{} [y/N] ", self.clean(question)));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
    }

    /// A sentence by the way.
    pub fn note(&mut self, text: &str) {
        let lines = self.err.wrapped("", "", &self.clean(text));
        self.message(&self.err.styled(DIM, &lines));
    }

    /// A sentence the user should act on one day.
    pub fn warning(&mut self, text: &str) {
        let mark = self.err.styled(YELLOW, "›");
        self.message(&self.err.wrapped(
            &format!(" {mark}   Warning: "),
            &format!(" {mark}   "),
            &self.clean(text),
        ));
    }

    /// A failure in the form of the Heroku CLI: title, detail and hint behind a mark, commands bare
    /// for copying.
    pub fn explain(&mut self, error: &Error) {
        let Explanation {
            title,
            detail,
            hints,
        } = error.explain();
        let mark = self.err.styled(RED, "›");
        let indent = format!(" {mark}   ");
        let paragraph = |text: &str| self.err.wrapped(&indent, &indent, &self.clean(text));
        let mut lines =
            vec![
                self.err
                    .wrapped(&format!("{indent}Error: "), &indent, &self.clean(&title)),
            ];
        lines.extend(detail.as_deref().map(paragraph));
        for hint in hints {
            lines.push(paragraph(&hint.to_string()));
            lines.extend(
                hint.commands.iter().map(|command| {
                    format!("       {}", self.err.styled(CYAN, &self.clean(command)))
                }),
            );
        }
        let text = lines.join("\n");
        self.message(&text);
    }

    /// The line below an answer, only where somebody watches.
    pub fn footer(&mut self, text: &str) {
        if self.err.is_terminal && self.out.is_terminal {
            let lines = self.err.wrapped("", "", &self.clean(text));
            self.message(&self.err.styled(DIM, &lines));
        }
    }

    /// A line of `--debug`.
    pub fn debug(&self, text: &str) {
        if self.debug {
            self.write_err(&format!("{}\n", self.err.styled(DIM, &self.clean(text))));
        }
    }

    /// Says that a turn waits for its first word.
    pub fn waiting(&mut self, model: &str, elapsed: Duration) {
        if elapsed >= PATIENCE {
            self.status(&format!(
                "waiting for {model}, {} s (Ctrl-C stops)",
                elapsed.as_secs()
            ));
        }
    }

    /// Says which check is being done.
    pub fn checking(&mut self, title: &str) {
        self.status(&format!("checking: {title}"));
    }

    /// Says that the Heroku CLI is being asked.
    pub fn asking_heroku(&mut self, elapsed: Duration) {
        if elapsed >= PATIENCE {
            self.status(&format!(
                "asking the Heroku CLI for the config vars, {} s",
                elapsed.as_secs()
            ));
        }
    }

    /// Says that the same request will be sent again, and why.
    pub fn retrying(&mut self, title: &str, wait: Duration) {
        if !self.err.can_erase {
            self.note(&format!(
                "{title}: trying again in {} s",
                seconds_left(wait)
            ));
        }
        self.still_retrying(title, wait);
    }

    /// Counts down to the next attempt.
    pub fn still_retrying(&mut self, title: &str, left: Duration) {
        self.status(&format!(
            "{title}: trying again in {} s, Ctrl-C to stop",
            seconds_left(left)
        ));
    }

    /// A line that is erased by whatever is written next; only on a terminal.
    fn status(&mut self, text: &str) {
        if !self.err.can_erase {
            return;
        }
        let room = terminal::width().saturating_sub(1);
        let text: String = self.clean(text).chars().take(room).collect();
        self.write_err(&format!("\r\x1b[K{}", self.err.styled(DIM, &text)));
        self.status = true;
    }

    /// Erases the status line.
    pub fn clear_status(&mut self) {
        if std::mem::take(&mut self.status) {
            self.write_err("\r\x1b[K");
        }
    }

    /// Erases the row above the cursor and so many above that one, for them to be written again.
    pub fn erase_rows_above(&mut self, more: usize) {
        if self.err.can_erase {
            // Up a row, which ends at the first one.
            self.write_err("\r\x1bM");
            if more > 0 {
                self.write_err(&format!("\x1b[{more}A"));
            }
            self.write_err("\x1b[J");
        }
    }

    /// Erases what the terminal echoed of Ctrl-C.
    pub fn clear_line(&mut self) {
        self.status |= self.err.can_erase;
        self.clear_status();
    }

    fn message(&mut self, text: &str) {
        self.clear_status();
        self.write_err(&format!("{text}\n"));
    }

    /// Standard error may be closed; there is nobody to tell then.
    fn write_err(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// A text without the key, without what would drive a terminal, and with commands as they are
    /// typed here.
    pub fn clean(&self, text: &str) -> String {
        let text = self.spelling.of(text);
        redact_keys(&redact(&self.secrets, &for_terminal(&text)))
    }

    /// Since the program started, for `--debug`.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }
}

fn seconds_left(left: Duration) -> u64 {
    left.as_millis().div_ceil(1000) as u64
}
