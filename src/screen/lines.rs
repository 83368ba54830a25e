//! Lines that the terminal edits by itself, which redraws nothing: for terminals on which the line
//! editor can't, and for those who listen.

use std::io;
use std::time::Duration;

use super::terminal;
use crate::interrupt::Interrupts;

/// What was typed.
pub enum Typed {
    /// Without its line end; and whether several lines came at once, as from a paste.
    Line(Vec<u8>, bool),
    /// Ctrl-C, and whether there was no line before it. What the terminal had of a line is gone.
    Interrupted {
        on_empty_line: bool,
    },
    End,
}

/// Lines that come within this time are from a paste.
const AT_ONCE: Duration = Duration::from_millis(50);

impl Keyboard {
    /// Reads a line, with the terminal in the mode it was found in. Lines that come at once don't
    /// send themselves: the user is told by `told`, and the next line that comes alone ends them.
    ///
    /// # Errors
    /// If the terminal can't be read.
    pub fn line(&self, mut told: impl FnMut()) -> io::Result<Typed> {
        let (mut text, mut is_pasted, mut is_among_others) = (Vec::new(), false, false);
        loop {
            let Some(read) = self.read()? else {
                let on_empty_line = text.is_empty();
                return Ok(Typed::Interrupted { on_empty_line });
            };
            if read.is_empty() {
                return Ok(Typed::End);
            }
            text.extend(read);
            // Ctrl-D behind something hands that over without a line end.
            if text.last() != Some(&b'\n') {
                continue;
            }
            // Elsewhere nobody can tell.
            let has_more = cfg!(unix) && terminal::has_input_within(AT_ONCE);
            match (is_among_others, has_more) {
                (false, false) => break,
                (true, false) => told(),
                (_, true) => is_pasted = true,
            }
            is_among_others = has_more;
        }
        let end = text.trim_ascii_end().len();
        text.truncate(end);
        Ok(Typed::Line(text, is_pasted))
    }
}

/// The keyboard, until Ctrl-C, which is heard of from now on.
#[cfg(unix)]
pub struct Keyboard {
    watch: crate::interrupt::Watch,
    woken: io::PipeReader,
    wake: std::sync::Arc<io::PipeWriter>,
}

#[cfg(unix)]
impl Keyboard {
    pub fn new(interrupts: &Interrupts) -> io::Result<Self> {
        let (woken, wake) = io::pipe()?;
        Ok(Keyboard {
            watch: interrupts.watch(),
            woken,
            wake: wake.into(),
        })
    }

    /// What the terminal hands over, nothing at its end; none if Ctrl-C was pressed.
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        use rustix::event::{PollFd, PollFlags, poll};
        use std::io::Write;
        let wake = std::sync::Arc::clone(&self.wake);
        let _awake = self.watch.wake(move || _ = (&*wake).write(&[0]));
        let stdin = rustix::stdio::stdin();
        let mut fds = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&self.woken, PollFlags::IN),
        ];
        loop {
            if self.watch.is_interrupted() {
                return Ok(None);
            }
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => continue,
                polled => _ = polled?,
            }
            if !fds[0].revents().is_empty() {
                let mut buffer = vec![0; 4096];
                let count = rustix::io::read(stdin, &mut buffer)?;
                buffer.truncate(count);
                return Ok(Some(buffer));
            }
        }
    }
}

/// Ctrl-C is the system's.
#[cfg(not(unix))]
pub struct Keyboard;

#[cfg(not(unix))]
impl Keyboard {
    pub fn new(_: &Interrupts) -> io::Result<Self> {
        Ok(Keyboard)
    }

    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(Some(line.into_bytes()))
    }
}
