//! A pipe between the keyboard and the line editor, so that what is typed can be read before the
//! editor reads it. The editor writes to the terminal itself.
//!
//! The editor asks for the next key by reading one that no keyboard has: whoever handles its keys
//! calls [`Inlet::pull`] then, which waits for the keyboard on the editor's own thread. A key that
//! may have the editor read more keys by itself, as a search does, starts a thread that carries
//! them to the end of the line.
//!
//! All of that is while a line is edited: what is typed between two lines waits in the terminal.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{ioctl_fionbio, ioctl_fionread};

use super::terminal::{Mode, PASTE_OFF};

/// What reads the keys: the bytes and whether more wait, or that nothing came for as long as it
/// would wait. It returns what the editor is to read.
pub trait Keyboard: Send + 'static {
    fn push(&mut self, bytes: &[u8], has_more: bool) -> Vec<u8>;
    fn silence(&mut self) -> Vec<u8>;
    fn patience(&self) -> Option<Duration>;
    /// What the editor is to read when the window has another size; none in mid sequence.
    fn resized(&mut self) -> Option<Vec<u8>>;
    /// Whether the editor can ask again behind this, as no key of it reads others by itself.
    fn is_plain(&self, read: &[u8]) -> bool;
}

/// The way from the keyboard to the line editor. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Inlet(Arc<Shared>);

struct Shared {
    /// The editor's end of the pipe.
    editor: PipeReader,
    /// What standard output is while a line is edited, if it isn't the terminal.
    screen: Option<OwnedFd>,
    found: Mode,
    carrier: Mutex<Carrier>,
    /// Carries the rest of a line.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Whether a line is edited.
    is_open: AtomicBool,
    /// Whether the editor is about to read for the first time.
    is_beginning: AtomicBool,
    is_resized: AtomicBool,
    /// Whether the line goes on when the editor has come back.
    goes_on: AtomicBool,
    /// Ends a wait for keys.
    wake: PipeWriter,
}

impl Inlet {
    /// Makes the pipe. The editor reads `ask` to ask for the next key.
    pub fn new(found: &Mode, keyboard: impl Keyboard, ask: &'static [u8]) -> io::Result<Self> {
        let terminal = found.device().ok_or(io::ErrorKind::NotConnected)?;
        let screen = if rustix::termios::isatty(rustix::stdio::stdout()) {
            None
        } else {
            let screen = File::options().read(true).write(true).open("/dev/tty")?;
            Some(screen.into())
        };
        let (editor, ours) = io::pipe()?;
        ioctl_fionbio(&ours, true)?;
        let (woken, wake) = io::pipe()?;
        let carrier = Carrier {
            terminal: File::from(terminal),
            woken,
            ours: Some(ours),
            pending: Vec::new(),
            is_held: false,
            is_asked: false,
            ask,
            keyboard: Box::new(keyboard),
        };
        Ok(Inlet(Arc::new(Shared {
            editor,
            screen,
            found: found.clone(),
            carrier: Mutex::new(carrier),
            thread: Mutex::new(None),
            is_open: AtomicBool::new(false),
            is_beginning: AtomicBool::new(false),
            is_resized: AtomicBool::new(false),
            goes_on: AtomicBool::new(false),
            wake,
        })))
    }

    /// Edits a line: standard output is a terminal, and standard input the pipe from
    /// [`Inlet::open`] on.
    pub fn during<T, E: From<io::Error>>(
        &self,
        edit: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let shared = &*self.0;
        let mut stdout = None;
        if let Some(screen) = &shared.screen {
            let found = rustix::io::dup(rustix::stdio::stdout()).map_err(io::Error::from)?;
            rustix::stdio::dup2_stdout(screen).map_err(io::Error::from)?;
            stdout = Some(found);
        }
        shared.carrier().begin();
        shared.is_open.store(true, Ordering::SeqCst);
        shared.is_beginning.store(true, Ordering::SeqCst);
        let edited = edit();
        shared.is_open.store(false, Ordering::SeqCst);
        if let Some(thread) = lock(&shared.thread).take() {
            shared.wake();
            let _ = thread.join();
        }
        let mut carrier = shared.carrier();
        if edited.is_err() && ioctl_fionread(&shared.editor).is_ok_and(|unread| unread == 0) {
            // An editor that fails throws away what it has read.
            carrier.is_asked = false;
        }
        rustix::stdio::dup2_stdin(&carrier.terminal).map_err(io::Error::from)?;
        // A line that goes on in another width is still being typed, and Enter still ends it.
        if !shared.goes_on.swap(false, Ordering::SeqCst) {
            // The editor couldn't: its input is no terminal any more.
            shared.found.set_quiet();
            let _ = rustix::io::write(rustix::stdio::stdout(), PASTE_OFF);
        }
        if let Some(stdout) = stdout {
            rustix::stdio::dup2_stdout(&stdout).map_err(io::Error::from)?;
        }
        edited
    }

    /// The editor has set the terminal's mode, and reads from now on.
    pub fn open(&self) {
        if self.0.is_beginning.swap(false, Ordering::SeqCst) {
            let _ = rustix::stdio::dup2_stdin(&self.0.editor);
        }
    }

    /// Has the editor read an end of its input, to go on with the line in another width.
    pub fn end(&self) {
        self.0.goes_on.store(true, Ordering::SeqCst);
        if let Ok(nothing) = File::open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(nothing);
        }
    }

    /// The editor asks: waits for the next keys.
    pub fn pull(&self) {
        let mut carrier = self.0.carrier();
        carrier.is_asked = false;
        if carrier.fetch(&self.0).is_err() {
            carrier.ours = None;
            return;
        }
        if carrier.is_held {
            let _ = carrier.write();
            return;
        }
        if !carrier.keyboard.is_plain(&carrier.pending) {
            let shared = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("keyboard".to_owned());
            if let Ok(thread) = thread.spawn(move || shared.carrier().carry(&shared)) {
                *lock(&self.0.thread) = Some(thread);
                return;
            }
        }
        carrier.ask();
    }

    /// Throws away what the editor hasn't read yet.
    pub fn discard(&self) {
        let mut carrier = self.0.carrier();
        carrier.pending.clear();
        let mut unread = vec![0; ioctl_fionread(&self.0.editor).unwrap_or_default() as usize];
        if !unread.is_empty() && (&self.0.editor).read(&mut unread).is_ok() {
            // The question for the next key was behind it.
            carrier.is_asked = false;
        }
    }

    /// Tells of another size of the window.
    pub fn resize(&self) {
        if !self.0.is_resized.swap(true, Ordering::SeqCst) {
            self.0.wake();
        }
    }
}

impl Shared {
    fn carrier(&self) -> MutexGuard<'_, Carrier> {
        lock(&self.carrier)
    }

    fn wake(&self) {
        let _ = (&self.wake).write(&[0]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries what is typed.
struct Carrier {
    terminal: File,
    woken: PipeReader,
    /// Our end of the pipe; none if the terminal is gone, so that the editor reads an end.
    ours: Option<PipeWriter>,
    /// What the editor didn't take yet.
    pending: Vec<u8>,
    /// Whether nothing more is read for this line.
    is_held: bool,
    /// Whether the question for the next key is on its way to the editor.
    is_asked: bool,
    ask: &'static [u8],
    keyboard: Box<dyn Keyboard>,
}

/// How long nothing is read behind an Enter: it ends the line, and what comes then is the next
/// one's.
const AFTER_ENTER: Duration = Duration::from_millis(20);

/// What is carried at once, and may wait for the editor.
const CHUNK: usize = 4096;

impl Carrier {
    /// Begins a line.
    fn begin(&mut self) {
        self.is_held = false;
        if !self.is_asked {
            let unread = std::mem::take(&mut self.pending);
            self.ask();
            self.pending.extend(unread);
        }
    }

    /// Has the editor ask for the next key behind what it is to read.
    fn ask(&mut self) {
        self.pending.extend_from_slice(self.ask);
        self.is_asked = true;
        // The pipe has room: the editor has read all of it.
        let _ = self.write();
    }

    /// Waits until there is something for the editor.
    fn fetch(&mut self, shared: &Shared) -> io::Result<()> {
        loop {
            self.look_for_size(shared);
            if !self.pending.is_empty() {
                return Ok(());
            }
            self.wait(shared)?;
        }
    }

    /// Carries keys until the line is over.
    fn carry(&mut self, shared: &Shared) {
        while shared.is_open.load(Ordering::SeqCst) {
            self.look_for_size(shared);
            let is_enter = self.pending.last() == Some(&b'\r');
            let written = self.write();
            if is_enter && self.pending.is_empty() {
                let limit = Timespec::try_from(AFTER_ENTER).ok();
                let mut fds = [PollFd::new(&self.woken, PollFlags::IN)];
                // Woken or not, the line is looked at again.
                let _ = poll(&mut fds, limit.as_ref());
            } else if written.and_then(|()| self.wait(shared)).is_err() {
                self.ours = None;
                return;
            }
        }
    }

    /// Tells the editor of another size of the window, if it can be told now.
    fn look_for_size(&mut self, shared: &Shared) {
        if self.is_held || !self.pending.is_empty() || !shared.is_resized.load(Ordering::SeqCst) {
            return;
        }
        if let Some(key) = self.keyboard.resized() {
            shared.is_resized.store(false, Ordering::SeqCst);
            // The editor comes back for it, and what is typed meanwhile is for the next.
            (self.pending, self.is_held) = (key, true);
        }
    }

    /// Waits for what comes next.
    fn wait(&mut self, shared: &Shared) -> io::Result<()> {
        let ours = self.ours.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let can_read = !self.is_held && self.pending.is_empty();
        if can_read {
            let ahead = shared.found.take_ahead(CHUNK);
            if !ahead.is_empty() {
                self.pending = self.keyboard.push(&ahead, shared.found.has_input());
                return Ok(());
            }
        }
        let (second, patience) = if can_read {
            let keys = PollFd::new(&self.terminal, PollFlags::IN);
            (keys, self.keyboard.patience())
        } else if self.pending.is_empty() {
            (PollFd::new(ours, PollFlags::empty()), None)
        } else {
            (PollFd::new(ours, PollFlags::OUT), None)
        };
        let limit = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut fds = [PollFd::new(&self.woken, PollFlags::IN), second];
        let ready = match poll(&mut fds, limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            other => other?,
        };
        let [is_woken, keys] = [&fds[0], &fds[1]].map(PollFd::revents);
        if !is_woken.is_empty() {
            // However many calls there were, one look answers them.
            let _ = self.woken.read(&mut [0; 64])?;
        }
        if ready == 0 {
            self.pending = self.keyboard.silence();
        } else if can_read && !keys.is_empty() {
            self.read(keys.intersects(PollFlags::HUP | PollFlags::ERR))?;
        }
        Ok(())
    }

    /// Reads keys.
    fn read(&mut self, is_gone: bool) -> io::Result<()> {
        let mut buffer = [0; CHUNK];
        let count = self.terminal.read(&mut buffer)?;
        if count == 0 && is_gone {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = &buffer[..count];
        // Only a line end asks what comes behind it.
        let has_more = matches!(read.last(), Some(b'\r' | b'\n'))
            && ioctl_fionread(&self.terminal).is_ok_and(|unread| unread > 0);
        // Nothing is there if whoever ends the process took it.
        if count > 0 {
            self.pending = self.keyboard.push(read, has_more);
        }
        Ok(())
    }

    /// Writes as much as the pipe takes.
    fn write(&mut self) -> io::Result<()> {
        let Some(ours) = &mut self.ours else {
            return Ok(());
        };
        while !self.pending.is_empty() {
            match ours.write(&self.pending) {
                Ok(count) => drop(self.pending.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
