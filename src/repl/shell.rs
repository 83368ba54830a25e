//! `!command` at the prompt: runs the user's own command. What it printed goes with the next
//! prompt, masked.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use shared_child::SharedChild;

use super::reader::{By, Read};
use super::{Flow, Repl};
use crate::app::Context;
use crate::config::child;
use crate::conversation::{Attachment, Content};
use crate::error::Error;
use crate::why::Masker;

/// The most of an output that is sent, in bytes, and so much of its beginning and of its end: there
/// has to be room for a word about the rest.
const LIMIT: usize = 32_000;
const HALF: usize = LIMIT / 2 - 50;

/// A pipe that says nothing for so long, after the command has ended, is somebody else's by now;
/// and nobody listens for longer.
const QUIET: Duration = Duration::from_millis(200);
const GRACE: Duration = Duration::from_secs(5);

/// So long after Ctrl-C the user is told how to end what doesn't end by that.
const REMINDER: Duration = Duration::from_secs(1);

/// Has the terminal be as it is for a line, whatever a program left that was killed: no other
/// screen, margins, colours or characters, the cursor shown, lines wrapped, and the mouse the
/// terminal's.
const RESET: &[u8] = b"\x1b[?47l\x1b7\x1b[r\x1b8\x1b[m\x1b(B\x0f\x1b[?7h\x1b[?25h\x1b>\x1b[?1l\
    \x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l";

/// The shell of a user who names none; every Unix has it.
const DEFAULT_SHELL: &str = "/bin/sh";

impl Repl<'_> {
    /// Runs a command, if it is surely the user's; with another `!` before it, for the user alone.
    pub fn shell(&mut self, typed: &str, command: &str, by: By) -> Result<Flow, Error> {
        let again = Ok(Flow::Edit(typed.to_owned()));
        let kept = command.strip_prefix('!').map(str::trim);
        let (command, is_sent) = (kept.unwrap_or(command), kept.is_none());
        if command.is_empty() {
            return self.warned("! takes a command, as in `!git status`");
        }
        if command.split(' ').next() == Some("cd") && !command.contains([';', '&', '|']) {
            return self
                .warned("each ! has a shell of its own, which forgets `cd`: `!cd DIR && ls`");
        }
        if by == By::Others || self.offers_facts {
            self.screen().warning(
                "! runs only what you type or recall at an empty prompt: nothing that was pasted, \
                 typed ahead or offered. \\! sends it as a prompt",
            );
            return again;
        }
        if by == By::Likely {
            let question = format!("run `{command}`? [y/N] ");
            match self.reader.ask(&question, self.context)? {
                Read::Line { line, by, .. } if by == By::Likely && line.trim() == "y" => {}
                _ => return again,
            }
        }
        let (output, status) = self.with_terminal(|context| run(command, context))?;
        let attached = is_sent.then(|| self.attachment(command, output, status));
        let mut note = match status.success() {
            true => String::new(),
            false => format!("{status}; "),
        };
        if let Some(attachment) = attached {
            note += &format!("{} goes with the next prompt", attachment.label());
            self.attach(vec![attachment]);
        }
        match note.trim_end_matches("; ") {
            "" => Ok(Flow::Continue),
            note => self.noted(note),
        }
    }

    /// What a command printed, as it goes with a prompt.
    fn attachment(&self, command: &str, output: Output, status: ExitStatus) -> Attachment {
        let mut keys = self.context.environment.keys();
        keys.push(self.connection.settings.key.value.clone());
        let mut masker = Masker::new(&keys);
        let name = format!("$ {}", masker.mask(command));
        let text = format!("{}\n[{status}]", output.text(&mut masker).trim_end());
        let content = Content::Text { text };
        Attachment { name, content }
    }
}

/// What is heard of a command that runs.
enum Event {
    Printed(Vec<u8>),
    /// Nothing can print any more.
    Closed,
    Ended(io::Result<ExitStatus>),
    /// Ctrl-C.
    Pressed,
}

/// Runs a command in the user's shell, with nothing to read and without our key, and shows what it
/// prints as it comes. Ctrl-C is the command's; a second one ends it whatever it does.
fn run(command: &str, context: &mut Context) -> Result<(Output, ExitStatus), Error> {
    let failed = |error: io::Error| Error::System {
        what: "running a command",
        reason: error.to_string(),
    };
    let mut watch = context.interrupts.watch();
    let (child, events, press) = start(command, context).map_err(failed)?;
    let listening = context.interrupts.watch();
    let _awake = listening.wake(press);
    let (mut output, mut ended, mut is_closed) = (Output::default(), None, false);
    let (mut until, mut presses) = (None, 0);
    loop {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let wait = until.map_or(Duration::MAX, left);
        let wait = ended.map_or(wait, |_| wait.min(QUIET));
        match events.recv_timeout(wait) {
            Ok(Event::Printed(bytes)) => {
                context.screen.pass_on(&bytes)?;
                output.take(&bytes);
            }
            Ok(Event::Closed) => is_closed = true,
            Ok(Event::Ended(status)) => {
                ended = Some(status.map_err(failed)?);
                until = Some(Instant::now() + GRACE);
            }
            Ok(Event::Pressed) => {}
            // Something in the background still has the pipe.
            Err(_) => is_closed |= ended.is_some(),
        }
        if watch.is_interrupted() {
            watch = context.interrupts.watch();
            presses += 1;
            match presses {
                1 => until = Some(Instant::now() + REMINDER),
                // It may have ended meanwhile.
                _ => _ = child.kill(),
            }
        }
        let is_late = until.is_some_and(|until| left(until).is_zero());
        match ended {
            Some(status) if is_closed || is_late => {
                // The terminal shows Ctrl-C, and stays in its row. The command may hear of it
                // first.
                let end = match presses > 0 || status.code().is_none() {
                    true => b"\n",
                    false => output.end(),
                };
                context.screen.pass_on(end)?;
                if output.steers {
                    context.screen.pass_on(RESET)?;
                }
                return Ok((output, status));
            }
            None if is_late => {
                context.screen.note("\nit goes on; Ctrl-C again ends it");
                until = None;
            }
            _ => {}
        }
    }
}

type Started = (
    Arc<SharedChild>,
    Receiver<Event>,
    Box<dyn Fn() + Send + Sync>,
);

/// Starts a command, and what listens to it. Returns what Ctrl-C calls, too.
fn start(command: &str, context: &Context) -> io::Result<Started> {
    let environment = &context.environment;
    let (mut printed, pipe) = io::pipe()?;
    let shell = environment.get("SHELL").unwrap_or(DEFAULT_SHELL);
    let mut starting = child::without_keys(shell, environment);
    starting.args(["-c", command]).stdin(Stdio::null());
    starting.stdout(pipe.try_clone()?).stderr(pipe);
    let child = Arc::new(SharedChild::spawn(&mut starting)?);
    // With a limit, so that the command waits for a slow terminal.
    let (sender, events) = mpsc::sync_channel(16);
    let (listener, waiting) = (sender.clone(), Arc::clone(&child));
    let press = move || _ = sender.try_send(Event::Pressed);
    let waiter = listener.clone();
    std::thread::Builder::new().spawn(move || {
        let mut buffer = [0; 4096];
        // Reads on when nobody listens any more, or what runs in the background would end.
        while let Ok(count @ 1..) = printed.read(&mut buffer) {
            let _ = listener.send(Event::Printed(buffer[..count].to_vec()));
        }
        let _ = listener.send(Event::Closed);
    })?;
    std::thread::Builder::new().spawn(move || {
        let _ = waiter.send(Event::Ended(waiting.wait()));
    })?;
    Ok((child, events, Box::new(press)))
}

/// What was printed: its beginning, its end, and how much it was.
#[derive(Default)]
struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: usize,
    /// Whether it drives the terminal.
    steers: bool,
}

impl Output {
    fn take(&mut self, bytes: &[u8]) {
        self.total += bytes.len();
        self.steers |= bytes.iter().any(|byte| b"\x1b\x0e".contains(byte));
        let room = (HALF - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend(&bytes[room..]);
        let over = self.tail.len().saturating_sub(HALF);
        self.tail.drain(..over);
    }

    /// What ends its last line on the screen.
    fn end(&self) -> &'static [u8] {
        let last = self.tail.back().or(self.head.last());
        match last.is_none_or(|last| *last == b'\n') {
            true => b"",
            false => b"\n",
        }
    }

    /// The text for a model, without secrets and without what drives a terminal. It is cut between
    /// lines, so that no secret loses the half by which it is known.
    fn text(mut self, masker: &mut Masker) -> String {
        let is_whole = self.total == self.head.len() + self.tail.len();
        let tail = self.tail.make_contiguous();
        let mut mask = |bytes: &[u8]| masker.mask(&String::from_utf8_lossy(bytes));
        let mut text = if is_whole {
            mask(&[&self.head, &*tail].concat())
        } else {
            let is_end = |byte: &u8| *byte == b'\n';
            let head = &self.head[..self.head.iter().rposition(is_end).map_or(0, |at| at + 1)];
            let tail = &tail[tail.iter().position(is_end).map_or(tail.len(), |at| at + 1)..];
            let left_out = self.total - head.len() - tail.len();
            let (head, tail) = (mask(head), mask(tail));
            format!("{head}[{left_out} bytes are left out here]\n{tail}")
        };
        // Placeholders may be longer than what they stand for.
        text.truncate(text.floor_char_boundary(LIMIT));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[&[u8]]) -> String {
        let mut output = Output::default();
        pieces.iter().for_each(|piece| output.take(piece));
        output.text(&mut Masker::default())
    }

    #[test]
    fn a_long_output_keeps_its_ends_between_lines_and_no_secret() {
        assert_eq!(text(&[b"a\n", b"\xff\x1b[1mb"]), "a\n\u{fffd}b");
        let line = b"password=hunter22hunter22 and words\n";
        let whole = line.repeat(4_000);
        let text = text(&[b"first\n", &whole, b"last\n"]);
        assert!(text.len() <= LIMIT, "{}", text.len());
        assert!(text.starts_with("first\n") && text.ends_with("words\nlast\n"));
        assert_eq!(text.matches("bytes are left out here]").count(), 1);
        assert!(!text.contains("hunter"), "{text}");
    }

    #[test]
    fn an_output_without_lines_is_not_cut_in_the_middle_of_a_secret() {
        let long = [b"x=".as_slice(), &b"s3cr3t".repeat(20_000)].concat();
        assert!(!text(&[&long]).contains("s3cr3t"));
    }
}
