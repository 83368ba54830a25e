//! The only writer. Results and answers go to standard output, byte for byte if that is no
//! terminal; everything else goes to standard error. Text from outside is made safe before it
//! reaches a terminal, and the key is taken out of everything that isn't an answer.

mod ahead;
mod answer;
mod bell;
mod hyperlinks;
#[cfg_attr(not(unix), path = "no_inlet.rs")]
#[cfg_attr(
    not(unix),
    allow(dead_code, reason = "the line editor reads the keys itself")
)]
pub mod inlet;
pub mod lines;
mod output;
mod row;
mod sanitize;
mod status;
mod table;
pub mod terminal;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::ColorChoice;

use crate::cli::OutputArgs;
use crate::cli::spelling::Spelling;
use crate::config::environment::Environment;
use crate::config::secret::{Secret, redact, redact_keys};
use crate::error::Error;
use crate::error::dialect::Dialect;
use crate::markdown::drawing::{Markdown, Spoken};
use answer::AnswerState;
use bell::Pace;
pub use output::Tone;
use output::{BOLD, CYAN, DIM, Output, RED, YELLOW};
pub use sanitize::for_terminal;
use status::Typing;
pub use table::Overflow;

/// The two outputs and what is known about them.
pub struct Screen {
    out: Output,
    err: Output,
    /// Whether lines of `--debug` are shown.
    pub is_debugging: bool,
    /// All keys it was ever told of.
    secrets: Vec<Secret>,
    spelling: Spelling,
    /// Of the shell to which commands are copied.
    dialect: Dialect,
    /// What is written to standard output with the next flush: one write for all that came with one
    /// read.
    pending: String,
    /// Where in an answer the output is, and whether a line begins there.
    answer: AnswerState,
    at_line_start: bool,
    /// The column of the cursor behind text that isn't rendered.
    column: usize,
    /// Renders the answer that is being shown, on a terminal.
    markdown: Option<Markdown>,
    /// Whether hints speak of the chat's commands in place of flags.
    pub is_chat: bool,
    /// Says an answer to somebody who listens.
    spoken: Spoken,
    /// Whether somebody listens: nothing is written over, and all is in words and whole lines.
    is_accessible: bool,
    pace: Pace,
    has_clipboard: bool,
    /// Whether Markdown is rendered if that can be done, or shown as the model wrote it.
    pub wants_markdown: bool,
    /// Whether the terminal opens links.
    takes_links: bool,
    /// Set when the process goes on after it was stopped: the shell has written to the terminal.
    has_continued: Arc<AtomicBool>,
    /// Whether the user is called when an answer took long, and by what.
    pub rings: bool,
    sound: &'static str,
    /// Whether a line that will be erased again stands on standard error.
    status: bool,
    typing: Typing,
    started: Instant,
}

impl Screen {
    /// Looks at what the outputs are; asks the terminal nothing.
    pub fn new(args: &OutputArgs, spelling: Spelling, environment: &Environment) -> Self {
        let is_plain = environment.get("TERM") == Some("dumb");
        // The variable is a convention of several command lines; huh and others read it so.
        let variable = environment.get("ACCESSIBLE");
        let is_accessible =
            args.accessible || variable.is_some_and(|it| !["0", "false"].contains(&it));
        let has_color = !is_plain && !is_accessible && environment.get("NO_COLOR").is_none();
        let output = |is_terminal: bool| Output {
            is_terminal,
            can_erase: is_terminal && !is_plain && !is_accessible,
            color: match args.color {
                ColorChoice::Auto => is_terminal && has_color,
                choice => choice == ColorChoice::Always,
            },
        };
        Screen {
            out: output(io::stdout().is_terminal()),
            err: output(io::stderr().is_terminal()),
            is_debugging: args.debug,
            secrets: Vec::new(),
            spelling,
            dialect: Dialect::find(cfg!(windows), |name| environment.get(name)),
            pending: String::new(),
            answer: AnswerState::None,
            at_line_start: true,
            column: 0,
            markdown: None,
            is_chat: false,
            spoken: Spoken::default(),
            is_accessible,
            pace: Pace::default(),
            has_clipboard: io::stderr().is_terminal() && !is_plain,
            wants_markdown: true,
            takes_links: hyperlinks::are_taken(environment),
            has_continued: Arc::default(),
            rings: true,
            sound: bell::sound(environment, is_accessible),
            status: false,
            typing: Typing::default(),
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

    /// Whether standard input, output and error are terminals.
    pub fn are_terminals(&self) -> [bool; 3] {
        [
            io::stdin().is_terminal(),
            self.out.is_terminal,
            self.err.is_terminal,
        ]
    }

    /// Whether somebody listens, so that nothing may be written over.
    pub fn is_accessible(&self) -> bool {
        self.is_accessible
    }

    /// Whether prompts may be coloured.
    pub fn has_color(&self) -> bool {
        self.err.color
    }

    /// What is set when the process goes on after it was stopped.
    pub fn has_continued(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_continued)
    }

    /// Hands a text to the clipboard of the terminal, also of one at the other end of SSH. Says
    /// whether there is a terminal; whether it allows that can't be known.
    pub fn copy(&mut self, text: &str) -> bool {
        // OSC 52; the text is in base64, so nothing in it can end the sequence.
        if self.has_clipboard {
            self.write_err(&format!("\x1b]52;c;{}\x07", BASE64.encode(text)));
        }
        self.has_clipboard
    }

    /// Prints a result, with a line end if it has none.
    pub fn print(&mut self, text: &str) -> Result<(), Error> {
        self.pending.push_str(&self.out.safe(text));
        if !text.ends_with('\n') {
            self.pending.push('\n');
        }
        self.flush()
    }

    /// Prints a page whose headings are lines in capitals.
    pub fn headed(&mut self, page: &str) -> Result<(), Error> {
        let is_heading = |line: &str| !line.is_empty() && line.to_uppercase() == line;
        let styled = |line| match is_heading(line) {
            true => self.out.styled(BOLD, line),
            false => line.to_owned(),
        };
        let lines = page
            .lines()
            .flat_map(|line| [styled(line), "\n".to_owned()]);
        self.pending.extend(lines);
        self.flush()
    }

    /// How commands are typed.
    pub fn spelling(&self) -> &Spelling {
        &self.spelling
    }

    /// Prints rows in columns, below their headings if there are any.
    pub fn table<const COLUMNS: usize>(
        &mut self,
        headings: Option<[&str; COLUMNS]>,
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
        overflow: Overflow,
    ) -> Result<(), Error> {
        let width = self.out.is_terminal.then(terminal::width);
        let rows: Vec<_> = rows.into_iter().collect();
        if self.is_accessible && self.out.is_terminal {
            return self.print(&table::in_words(headings, &rows));
        }
        self.print(&table::lay_out(headings, &rows, width, overflow))
    }

    /// Prints a line of a report, with what to do about it and the commands that do it.
    pub fn verdict(
        &mut self,
        tone: Tone,
        text: &str,
        hint: Option<&str>,
        commands: &[String],
    ) -> Result<(), Error> {
        let Tone(style, mark, word) = tone;
        let out = self.out;
        let mark = if self.is_accessible { word } else { mark };
        let mark = format!("{} ", out.styled(style, mark));
        let mut lines = vec![out.wrapped(&mark, "  ", &self.clean(text))];
        lines.extend(hint.map(|hint| out.wrapped("    ", "    ", &self.clean(hint))));
        lines.extend(self.commands(out, "      ", commands));
        self.pending.push_str(&(lines.join("\n") + "\n"));
        self.flush()
    }

    /// Prints what others wrote, below a line of a report: a text may have several lines.
    pub fn evidence(&mut self, texts: &[String]) -> Result<(), Error> {
        let lines = texts.iter().flat_map(|text| text.lines());
        let lines = lines.map(|line| self.out.wrapped("    ", "      ", &self.clean(line)) + "\n");
        let lines: String = lines.collect();
        self.pending.push_str(&lines);
        self.flush()
    }

    /// Hands on what a program of the user's prints, as it is.
    pub fn pass_on(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written.map_err(Error::from_output)
    }

    /// Shows a prompt, and what stands behind it already.
    pub fn prompt(&mut self, prompt: &str, begun: &str) -> Result<(), Error> {
        let text = format!("{prompt}{}", for_terminal(begun));
        if !self.out.is_terminal {
            self.write_err(&text);
            return Ok(());
        }
        self.pending.push_str(&text);
        self.flush()
    }

    /// Asks for a yes on the terminal; no if nobody can be asked.
    pub fn confirm(&mut self, question: &str) -> bool {
        if !self.err.is_terminal || !io::stdin().is_terminal() {
            return false;
        }
        self.clear_status();
        self.write_err(&format!("{} [y/N] ", self.clean(question)));
        let mut answer = String::new();
        let is_read = io::stdin().read_line(&mut answer).is_ok();
        if !answer.ends_with('\n') {
            self.write_err("\n");
        }
        is_read && answer.trim().eq_ignore_ascii_case("y")
    }

    /// A note that calls for no action.
    pub fn note(&mut self, text: &str) {
        let lines = self.err.wrapped("", "", &self.clean(text));
        self.message(&self.err.styled(DIM, &lines));
    }

    /// A sentence the user should act on one day.
    pub fn warning(&mut self, text: &str) {
        let indent = self.margin(YELLOW);
        let first = format!("{indent}Warning: ");
        self.message(&self.err.wrapped(&first, &indent, &self.clean(text)));
    }

    /// A failure in the form of the Heroku CLI: title, detail and hint behind a mark, commands bare
    /// for copying.
    pub fn explain(&mut self, error: &Error) {
        let words = error.explain();
        let indent = self.margin(RED);
        let paragraph =
            |first: &str, text: &str| self.err.wrapped(first, &indent, &self.clean(text));
        let mut lines = vec![paragraph(&format!("{indent}Error: "), &words.title)];
        lines.extend(words.detail.map(|text| paragraph(&indent, &text)));
        for mut hint in words.hints {
            if self.is_chat {
                let commands = hint.commands.iter_mut();
                (commands.chain([&mut hint.sentence]))
                    .for_each(|it| *it = self.spelling.in_chat(it));
            }
            lines.push(paragraph(&indent, &hint.to_string()));
            lines.extend(self.commands(self.err, "       ", &hint.commands));
        }
        self.message(&lines.join("\n"));
    }

    /// What stands before the lines of a message.
    fn margin(&self, style: &str) -> String {
        match self.is_accessible {
            true => String::new(),
            false => format!(" {}   ", self.err.styled(style, "›")),
        }
    }

    /// Commands, each bare on a line of its own.
    fn commands(&self, output: Output, indent: &str, commands: &[String]) -> Vec<String> {
        let line = |command: &String| output.styled(CYAN, &self.clean(&self.dialect.say(command)));
        let lines = commands.iter().map(line);
        lines.map(|line| format!("{indent}{line}")).collect()
    }

    /// The line below an answer, the first of these that fits; only if somebody watches.
    pub fn footer(&mut self, lines: &[[String; 3]]) {
        if !self.is_accessible && self.err.is_terminal && self.out.is_terminal {
            self.note(&row::fitting(lines, terminal::width()));
        }
    }

    /// A line of `--debug`.
    pub fn debug(&self, text: &str) {
        if self.is_debugging {
            self.write_err(&format!("{}\n", self.err.styled(DIM, &self.clean(text))));
        }
    }

    /// Erases the row above the cursor and so many above that one, for them to be written again.
    pub fn erase_rows_above(&mut self, more: usize) {
        if self.err.can_erase {
            // Up a row, which ends at the first one.
            let up = "\x1b[A".repeat(more);
            self.write_err(&format!("\r\x1bM{up}\x1b[J"));
        }
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
