//! The only writer. Results and answers go to standard output, byte for byte if that is no
//! terminal; everything else goes to standard error. Text from outside is made safe before it
//! reaches a terminal, and the key is taken out of everything that isn't an answer.

mod ahead;
mod bell;
mod hyperlinks;
#[cfg_attr(not(unix), path = "no_inlet.rs")]
pub mod inlet;
pub mod lines;
mod output;
mod row;
mod sanitize;
mod table;
pub mod terminal;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::ColorChoice;
use unicode_width::UnicodeWidthStr;

use crate::cli::OutputArgs;
use crate::cli::spelling::Spelling;
use crate::config::child;
use crate::config::environment::Environment;
use crate::config::secret::{Secret, redact, redact_keys};
use crate::conversation::{Conversation, Part};
use crate::error::Error;
use crate::markdown::drawing::{Markdown, Spoken, last_rows};
use bell::{Moment, Pace};
pub use output::Tone;
use output::{CYAN, DIM, Output, RED, YELLOW};
pub use sanitize::for_terminal;
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
    /// What is written to standard output with the next flush: one write for all that came with one
    /// read.
    pending: String,
    /// Where in an answer the output is, and whether a line begins there.
    answer: AnswerState,
    at_line_start: bool,
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

/// What is typed while an answer comes, in a row below it.
#[derive(Default)]
struct Typing {
    /// Where it is read; none if it isn't shown.
    terminal: Option<terminal::Mode>,
    /// When that was, since the program started.
    looked: Duration,
    text: String,
    is_shown: bool,
}

/// How often what is typed is looked for while an answer comes.
const GLANCE: Duration = Duration::from_millis(25);

#[derive(Default, PartialEq, Eq)]
enum AnswerState {
    #[default]
    None,
    Reasoning,
    Content,
}

/// Erases what stands behind the cursor and below it.
const ERASE_BELOW: &str = "\x1b[J";

/// Waits shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

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
            pending: String::new(),
            answer: AnswerState::None,
            at_line_start: true,
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

    /// Has what is typed be shown below an answer from now on, or no longer. It waits for the line
    /// editor in this mode.
    pub fn watch_typing(&mut self, terminal: Option<terminal::Mode>) {
        let terminal = terminal.filter(|_| self.out.can_erase && self.err.can_erase);
        self.typing = Typing {
            terminal,
            ..Typing::default()
        };
    }

    /// Whether words of an answer were shown.
    pub fn is_answering(&self) -> bool {
        self.answer != AnswerState::None
    }

    fn new_markdown(&self, size: (usize, usize)) -> Option<Markdown> {
        let markdown = self.out.markdown(size).filter(|_| self.wants_markdown)?;
        Some(markdown.with_links(self.takes_links))
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

    /// Takes a part of an answer, to be shown with the next flush.
    pub fn part(&mut self, part: Part<'_>) -> Result<(), Error> {
        if !self.status && std::mem::take(&mut self.typing.is_shown) {
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
        if let Some(column) = self.markdown.as_ref().and_then(Markdown::cursor) {
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
        }
        self.at_line_start = text.ends_with('\n');
        Ok(())
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
        (self.answer, self.at_line_start) = (AnswerState::Reasoning, text.ends_with('\n'));
        Ok(())
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
        io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
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
        let line = |command: &String| output.styled(CYAN, &self.clean(command));
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

    /// Says what is waited for.
    pub fn waiting(&mut self, what: &str, elapsed: Duration) {
        let time = format!(", {} s", elapsed.as_secs());
        if self.is_due(elapsed) {
            self.note(&format!("waiting for {what}{time}; Ctrl-C stops"));
        } else if elapsed >= PATIENCE {
            self.status([
                ["Ctrl-C stops · waiting for ", what, &time],
                ["Ctrl-C stops · ", what, &time],
                ["Ctrl-C stops", "", &time],
            ]);
        }
    }

    /// Says which check is being done.
    pub fn checking(&mut self, title: &str) {
        self.status([["Ctrl-C stops · checking: ", title, ""]]);
    }

    /// Counts down to the next attempt, or says once when it will be.
    pub fn retrying(&mut self, reason: &str, left: Duration, is_new: bool) {
        let seconds = left.as_millis().div_ceil(1000);
        let time = format!("again in {seconds} s");
        if self.err.can_erase {
            self.status([
                [&format!("Ctrl-C stops · trying {time}: "), reason, ""],
                [&format!("Ctrl-C stops · {time}: "), reason, ""],
                ["Ctrl-C stops · ", "", &time],
            ]);
            return;
        }
        if is_new {
            self.pace.pause = left;
            self.note(&format!("{reason}: trying {time}"));
        }
        if self.is_due(self.pace.pause.saturating_sub(left)) {
            self.note(&format!("trying {time}; Ctrl-C stops"));
        }
    }

    /// Whether a wait is told of now, on a terminal that doesn't show how it passes.
    fn is_due(&mut self, elapsed: Duration) -> bool {
        self.err.is_terminal && !self.err.can_erase && self.pace.is_due(elapsed)
    }

    /// A line that is erased by whatever is written next, the first of these that fits; only on a
    /// terminal.
    fn status<const COUNT: usize>(&mut self, lines: [[&str; 3]; COUNT]) {
        if !self.err.can_erase {
            return;
        }
        let lines = lines.map(|line| line.map(|text| self.clean(text)));
        let text = row::fitting(&lines, terminal::width().saturating_sub(1));
        let typed = self.typed_below(text.as_str().width());
        self.write_err(&format!("\r\x1b[K{}{typed}", self.err.styled(DIM, &text)));
        self.status = true;
    }

    /// What writes a row with what was typed below the one of the cursor, which is in this column.
    fn typed_below(&mut self, column: usize) -> String {
        let (age, typing) = (self.started.elapsed(), &mut self.typing);
        let Some(terminal) = &typing.terminal else {
            return String::new();
        };
        let is_new = age >= typing.looked + GLANCE;
        if is_new {
            (typing.looked, typing.text) = (age, ahead::text(&terminal.read_ahead()));
        }
        let was_shown = std::mem::replace(&mut typing.is_shown, !typing.text.is_empty());
        match (was_shown, typing.is_shown) {
            (true, true) if !is_new => return String::new(),
            (true, false) => return ERASE_BELOW.to_owned(),
            (false, false) => return String::new(),
            _ => {}
        }
        let text = for_terminal(&typing.text);
        let row = row::end_of(&format!("> {text}"), terminal::width().saturating_sub(1));
        let back = match column {
            0 => String::new(),
            columns => format!("\x1b[{columns}C"),
        };
        format!("\r\n\x1b[K{}\x1b[A\r{back}", self.err.styled(DIM, &row))
    }

    /// Erases the status line.
    pub fn clear_status(&mut self) {
        let is_typed = std::mem::take(&mut self.typing.is_shown);
        match std::mem::take(&mut self.status) {
            true if is_typed => self.write_err("\r\x1b[J"),
            true => self.write_err("\r\x1b[K"),
            false if is_typed => self.write_err(ERASE_BELOW),
            false => {}
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

    /// The moment at which a turn begins.
    pub fn moment(&self) -> Moment {
        Moment::at(self.age(), self.unread())
    }

    fn unread(&self) -> u64 {
        let terminal = self.typing.terminal.as_ref();
        terminal.map_or_else(terminal::unread, terminal::Mode::unread)
    }

    /// Calls the user back to a turn that is over, if it took long and no key was pressed since.
    /// Whoever listens is told of every end.
    pub fn call_back(&mut self, began: Moment, is_whole: bool) {
        if !self.out.is_terminal || !self.err.is_terminal {
            return;
        }
        if self.is_accessible && is_whole {
            self.note("end of the answer");
        }
        if self.rings && (self.is_accessible || began.was_left_alone(self.moment())) {
            self.write_err(self.sound);
        }
    }

    /// Since the program started, for `--debug`.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }
}
