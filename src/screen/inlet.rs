//! A pseudo terminal between the keyboard and the line editor, so that what is typed can be read
//! before the editor reads it. The editor writes to the terminal itself.
//!
//! It stands there while a line is edited, and at no other time: what is typed between two lines
//! waits in the terminal. A thread carries the bytes, some 50 µs a key.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::terminal::Mode;

/// What reads the keys: the bytes and whether more wait, or that nothing came for as long as it
/// would wait. It returns what the editor is to read.
pub trait Keyboard: Send + 'static {
    fn push(&mut self, bytes: &[u8], has_more: bool) -> Vec<u8>;
    fn silence(&mut self) -> Vec<u8>;
    fn patience(&self) -> Option<Duration>;
    /// What the editor is to read when the window has another size; none in mid sequence.
    fn resized(&mut self) -> Option<Vec<u8>>;
}

/// The line editor's end of the pseudo terminal.
pub struct Inlet {
    editor: OwnedFd,
    /// What standard output is while a line is edited, if it isn't the terminal.
    screen: Option<OwnedFd>,
    found: Mode,
    shared: Arc<Shared>,
}

struct Shared {
    turn: Mutex<Turn>,
    changed: Condvar,
    /// Ends a wait for keys.
    wake: File,
}

#[derive(Default)]
struct Turn {
    /// Whether a line is edited.
    is_open: bool,
    /// Whether the thread reads nothing.
    is_parked: bool,
    is_resized: bool,
}

/// Tells of another size of the window.
#[derive(Clone)]
pub struct Resized(Arc<Shared>);

impl Resized {
    pub fn tell(&self) {
        self.0.turn().is_resized = true;
        self.0.wake();
    }
}

impl Inlet {
    /// Makes the pseudo terminal, and the thread.
    pub fn new(found: &Mode, keyboard: impl Keyboard) -> io::Result<Self> {
        let terminal = found.device().ok_or(io::ErrorKind::NotConnected)?;
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let name = ptsname(&ours, Vec::new())?;
        let editor = rustix::fs::open(name, flags, rustix::fs::Mode::empty())?;
        // The keys that end and stop the process are those of the terminal; nothing is echoed, or
        // the thread's end would fill.
        let mut mode = tcgetattr(&terminal)?;
        mode.make_raw();
        tcsetattr(&editor, OptionalActions::Now, &mode)?;
        fcntl_setfl(&ours, fcntl_getfl(&ours)? | OFlags::NONBLOCK)?;
        let screen = if rustix::termios::isatty(rustix::stdio::stdout()) {
            None
        } else {
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            Some(rustix::fs::open(
                "/dev/tty",
                flags,
                rustix::fs::Mode::empty(),
            )?)
        };
        let (woken, wake) = io::pipe()?;
        let shared = Arc::new(Shared {
            turn: Mutex::new(Turn {
                is_parked: true,
                ..Turn::default()
            }),
            changed: Condvar::new(),
            wake: File::from(OwnedFd::from(wake)),
        });
        let carrier = Carrier {
            terminal: File::from(terminal),
            woken: File::from(OwnedFd::from(woken)),
            ours: File::from(ours),
            pending: Vec::new(),
            shared: Arc::clone(&shared),
            keyboard,
        };
        std::thread::Builder::new()
            .name("keyboard".to_owned())
            .spawn(move || carrier.run())?;
        Ok(Inlet {
            editor,
            screen,
            found: found.clone(),
            shared,
        })
    }

    /// What tells of another size of the window.
    pub fn resized(&self) -> Resized {
        Resized(Arc::clone(&self.shared))
    }

    /// Edits a line: standard input is the pseudo terminal, and standard output a terminal.
    pub fn during<T>(&self, edit: impl FnOnce() -> T) -> io::Result<T> {
        let stdin = rustix::io::dup(rustix::stdio::stdin())?;
        let stdout = rustix::io::dup(rustix::stdio::stdout())?;
        rustix::stdio::dup2_stdin(&self.editor)?;
        if let Some(screen) = &self.screen {
            rustix::stdio::dup2_stdout(screen)?;
        }
        self.found.set_raw();
        self.open(true);
        let edited = edit();
        self.open(false);
        self.found.set_quiet();
        rustix::stdio::dup2_stdin(&stdin)?;
        if self.screen.is_some() {
            rustix::stdio::dup2_stdout(&stdout)?;
        }
        Ok(edited)
    }

    /// Has the thread read keys, or waits until it doesn't.
    fn open(&self, is_open: bool) {
        let mut turn = self.shared.turn();
        turn.is_open = is_open;
        self.shared.wake();
        self.shared.changed.notify_all();
        while !is_open && !turn.is_parked {
            let waited = self.shared.changed.wait(turn);
            turn = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // A pipe that is full wakes, too.
        let _ = (&self.wake).write(&[0]);
    }
}

/// Carries what is typed.
struct Carrier<K> {
    terminal: File,
    woken: File,
    ours: File,
    /// What the editor didn't take yet.
    pending: Vec<u8>,
    shared: Arc<Shared>,
    keyboard: K,
}

/// How long nothing is read behind an Enter: it ends the line, and what comes then is the next
/// one's.
const AFTER_ENTER: Duration = Duration::from_millis(20);

/// What is carried at once, and may wait for the editor.
const CHUNK: usize = 4096;

impl<K: Keyboard> Carrier<K> {
    fn run(mut self) {
        self.park();
        while self.carry().is_ok() {
            self.park();
        }
        // The terminal is gone: the editor reads an end, and nobody has to wait for this thread.
        let shared = Arc::clone(&self.shared);
        drop(self);
        shared.turn().is_parked = true;
        shared.changed.notify_all();
    }

    /// Waits until a line is edited.
    fn park(&self) {
        let mut turn = self.shared.turn();
        while !turn.is_open {
            turn.is_parked = true;
            self.shared.changed.notify_all();
            let waited = self.shared.changed.wait(turn);
            turn = waited.unwrap_or_else(PoisonError::into_inner);
        }
        turn.is_parked = false;
    }

    /// Carries keys until the line is over.
    fn carry(&mut self) -> io::Result<()> {
        let mut is_held = false;
        loop {
            let is_resized = {
                let mut turn = self.shared.turn();
                if !turn.is_open {
                    return Ok(());
                }
                let can_tell = !is_held && self.pending.is_empty();
                can_tell && std::mem::take(&mut turn.is_resized)
            };
            if is_resized {
                match self.keyboard.resized() {
                    // The editor comes back for it, and what is typed meanwhile is for the next.
                    Some(key) => (self.pending, is_held) = (key, true),
                    None => self.shared.turn().is_resized = true,
                }
            }
            self.write()?;
            self.wait(is_held)?;
        }
    }

    /// Waits for what comes next.
    fn wait(&mut self, is_held: bool) -> io::Result<()> {
        let can_read = !is_held && self.pending.is_empty();
        let keys = if can_read {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let room = if self.pending.is_empty() {
            PollFlags::empty()
        } else {
            PollFlags::OUT
        };
        let patience = if can_read {
            self.keyboard.patience()
        } else {
            None
        };
        let limit = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut fds = [
            PollFd::new(&self.woken, PollFlags::IN),
            PollFd::new(&self.ours, room),
            PollFd::new(&self.terminal, keys),
        ];
        // A terminal that is gone would end every wait.
        let count = match (can_read, room.is_empty()) {
            (true, _) => 3,
            (false, false) => 2,
            (false, true) => 1,
        };
        let ready = match poll(&mut fds[..count], limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            other => other?,
        };
        let has = |index: usize, flags: PollFlags| fds[index].revents().intersects(flags);
        let is_gone = can_read && has(2, PollFlags::HUP | PollFlags::ERR);
        let is_woken = has(0, PollFlags::IN);
        let has_keys = can_read && has(2, PollFlags::IN | PollFlags::HUP | PollFlags::ERR);
        if is_woken {
            // However many calls there were, one look at the turn answers them.
            let _ = self.woken.read(&mut [0; 64])?;
        }
        if ready == 0 {
            self.pending = self.keyboard.silence();
        } else if has_keys {
            self.read(is_gone)?;
        }
        Ok(())
    }

    /// Reads keys.
    fn read(&mut self, is_gone: bool) -> io::Result<()> {
        let mut buffer = [0; CHUNK];
        let count = self.terminal.read(&mut buffer)?;
        if count == 0 {
            // Gone, or taken by whoever ends the process.
            return if is_gone {
                Err(io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(())
            };
        }
        let has_more = rustix::io::ioctl_fionread(&self.terminal).is_ok_and(|bytes| bytes > 0);
        self.pending = self.keyboard.push(&buffer[..count], has_more);
        if self.pending.last() == Some(&b'\r') {
            self.write()?;
            let limit = Timespec::try_from(AFTER_ENTER).ok();
            let mut fds = [PollFd::new(&self.woken, PollFlags::IN)];
            // Woken or not, the line is looked at again.
            let _ = poll(&mut fds, limit.as_ref());
        }
        Ok(())
    }

    /// Writes as much as the editor's end takes.
    fn write(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            match self.ours.write(&self.pending) {
                Ok(count) => drop(self.pending.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
