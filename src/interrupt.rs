//! Ctrl-C and the signals that end the program; the home of signal-hook.
//!
//! A blocked read can't be interrupted, so SIGINT never interrupts anything: it sets a flag and
//! wakes whoever listens on the channel it is already waiting on. Once a terminal's mode was
//! changed, SIGTERM, SIGHUP and SIGQUIT leave it as it was found, at any time, and SIGTSTP does so
//! until the program goes on. Before that they are the system's, so that `nohup` works, but for
//! process 1, for which the system does nothing.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ExitStatus};

/// The process's share of signals. Cheap to clone.
#[derive(Clone, Default)]
pub struct Interrupts(Arc<Shared>);

type Callback = Box<dyn Fn() + Send>;

#[derive(Default)]
struct Shared {
    /// Set by Ctrl-C until somebody takes it.
    pending: AtomicBool,
    /// Whether Ctrl-C leaves the process alone while nobody listens, as in the REPL between two
    /// turns.
    held: AtomicBool,
    /// Wakes the one that is waiting.
    listener: Mutex<Option<Callback>>,
    /// Whether the line editor has the terminal.
    is_editing: Arc<AtomicBool>,
    /// Whether the signals that end the process are [`Interrupts::guard_terminal`]'s.
    is_guarding: AtomicBool,
    /// The exit code of a signal that is to end the process; none is 0.
    ending: AtomicI32,
    /// Set by SIGTSTP, at once.
    has_stopped: Arc<AtomicBool>,
    /// Whether a stop that the line editor took care of is yet to be heard of by the thread for
    /// signals.
    is_stop_unheard: Mutex<bool>,
}

/// How long a turn in flight gets to be saved, once a signal is to end the process.
const GRACE: Duration = Duration::from_secs(1);

impl Interrupts {
    /// Starts to listen for Ctrl-C, on a thread of its own.
    ///
    /// # Errors
    /// The system's, where handlers or the thread can't be had.
    #[cfg(unix)]
    pub fn install() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let interrupts = Interrupts::default();
        // Process 1 of a container has no default actions: the kernel drops a signal that it
        // doesn't handle.
        let handled = match std::process::id() {
            1 => &[SIGINT, SIGTERM, SIGHUP, SIGQUIT][..],
            _ => &[SIGINT],
        };
        let mut signals = signal_hook::iterator::Signals::new(handled)?;
        let shared = interrupts.clone();
        std::thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    match signal {
                        SIGINT => shared.interrupt(),
                        _ if shared.0.is_guarding.load(Ordering::SeqCst) => {}
                        other => std::process::exit(128 + other),
                    }
                }
            })?;
        Ok(interrupts)
    }

    /// Has `leave` called before a signal ends or stops the process, `enter` when it goes on, with
    /// whether a line is edited, and `resize` when the window has another size.
    ///
    /// # Errors
    /// The system's, where handlers or the thread can't be had.
    #[cfg(unix)]
    pub fn guard_terminal(
        &self,
        enter: impl Fn(bool) + Send + 'static,
        leave: impl Fn() + Send + 'static,
        resize: impl Fn() + Send + 'static,
    ) -> io::Result<()> {
        use signal_hook::consts::{SIGCONT, SIGHUP, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
        use signal_hook::low_level::emulate_default_handler;

        self.0.is_guarding.store(true, Ordering::SeqCst);
        // The line editor stops the process by itself, with the terminal in order, and wants that
        // to happen at once.
        signal_hook::flag::register(SIGTSTP, Arc::clone(&self.0.has_stopped))?;
        signal_hook::flag::register_conditional_default(SIGTSTP, Arc::clone(&self.0.is_editing))?;
        let mut signals = signal_hook::iterator::Signals::new([
            SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH,
        ])?;
        let interrupts = self.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    match signal {
                        SIGWINCH => resize(),
                        // It may have been stopped by SIGSTOP, of which it can't know; a shell has
                        // set the terminal since.
                        SIGCONT => enter(interrupts.0.is_editing.load(Ordering::SeqCst)),
                        SIGTSTP if interrupts.editor_has_stopped() => {}
                        SIGTSTP => {
                            leave();
                            // Fails for signals that have no default only.
                            let _ = emulate_default_handler(SIGTSTP);
                            enter(false);
                        }
                        other => interrupts.end(128 + other, &leave),
                    }
                }
            })?;
        Ok(())
    }

    /// Has the turn in flight stopped, as by Ctrl-C, and ends the process once it is kept.
    #[cfg(unix)]
    fn end(&self, code: i32, leave: &dyn Fn()) -> ! {
        // First, so that no prompt begins after `leave`.
        self.0.ending.store(code, Ordering::SeqCst);
        leave();
        if !self.0.is_editing.load(Ordering::SeqCst) {
            self.interrupt();
            std::thread::sleep(GRACE);
        }
        std::process::exit(code)
    }

    /// Ends the process where a signal asked for that. Whoever keeps what must not be lost calls
    /// this when it is kept.
    pub fn end_if_asked(&self) {
        match self.0.ending.load(Ordering::SeqCst) {
            0 => {}
            code => std::process::exit(code),
        }
    }

    /// The system has no such signals.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub fn guard_terminal(
        &self,
        _: impl Fn(bool) + Send + 'static,
        _: impl Fn() + Send + 'static,
        _: impl Fn() + Send + 'static,
    ) -> io::Result<()> {
        Ok(())
    }

    /// Says whether the line editor has the terminal, and takes care of it itself when it is
    /// stopped.
    pub fn set_editing(&self, is_editing: bool) {
        let mut is_unheard = lock(&self.0.is_stop_unheard);
        let was_editing = self.0.is_editing.swap(is_editing, Ordering::SeqCst);
        if self.0.has_stopped.swap(false, Ordering::SeqCst) && was_editing {
            *is_unheard = true;
        }
    }

    /// Whether the stop just heard of was the line editor's, which may be over by the time that the
    /// thread runs: taken for another one it would stop the process a second time, after `fg`.
    #[cfg(unix)]
    fn editor_has_stopped(&self) -> bool {
        let mut is_unheard = lock(&self.0.is_stop_unheard);
        if self.0.is_editing.load(Ordering::SeqCst) {
            self.0.has_stopped.store(false, Ordering::SeqCst);
            return true;
        }
        std::mem::take(&mut *is_unheard)
    }

    /// Leaves Ctrl-C to the system, which ends the process.
    #[cfg(not(unix))]
    pub fn install() -> io::Result<Self> {
        Ok(Interrupts::default())
    }

    /// Has Ctrl-C call `wake` instead of ending the process, for as long as the guard lives.
    pub fn listen(&self, wake: impl Fn() + Send + 'static) -> Listening {
        *lock(&self.0.listener) = Some(Box::new(wake));
        Listening(self.clone())
    }

    /// Has Ctrl-C leave the process alone even while nobody listens.
    pub fn hold(&self) {
        self.0.held.store(true, Ordering::SeqCst);
    }

    /// Has Ctrl-C end the process again, and ends it now where it was pressed meanwhile.
    pub fn release(&self) {
        self.0.held.store(false, Ordering::SeqCst);
        if self.take() {
            std::process::exit(ExitStatus::Interrupted as i32);
        }
    }

    /// Whether Ctrl-C was pressed since the last call.
    pub fn take(&self) -> bool {
        self.0.pending.swap(false, Ordering::SeqCst)
    }

    /// Waits, unless Ctrl-C ends the wait.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn sleep(&self, duration: Duration) -> Result<(), Error> {
        let (sender, receiver) = mpsc::sync_channel(1);
        // A full channel holds a wake-up already.
        let _listening = self.listen(move || _ = sender.try_send(()));
        if self.take() {
            return Err(Error::Interrupted);
        }
        match receiver.recv_timeout(duration) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                self.take();
                Err(Error::Interrupted)
            }
        }
    }

    /// Does something that can't be interrupted on a thread of its own, and waits for it. None
    /// where it takes longer than `limit`; it is then left to itself.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Error> {
        let (sender, receiver) = mpsc::sync_channel(2);
        let wake = sender.clone();
        let _listening = self.listen(move || _ = wake.try_send(None));
        std::thread::spawn(move || _ = sender.send(Some(work())));
        let result = receiver.recv_timeout(limit);
        if self.take() {
            return Err(Error::Interrupted);
        }
        Ok(result.ok().flatten())
    }

    #[cfg(unix)]
    fn interrupt(&self) {
        let again = self.0.pending.swap(true, Ordering::SeqCst);
        let is_held = self.0.held.load(Ordering::SeqCst);
        match &*lock(&self.0.listener) {
            // Nobody took the first one: the output is a pipe that nobody reads. Twice is now.
            Some(_) if again && !is_held => std::process::exit(ExitStatus::Interrupted as i32),
            Some(wake) => wake(),
            None if is_held => {}
            None => std::process::exit(ExitStatus::Interrupted as i32),
        }
    }
}

/// While it lives, Ctrl-C wakes its owner.
pub struct Listening(Interrupts);

impl Drop for Listening {
    fn drop(&mut self) {
        *lock(&self.0.0.listener) = None;
    }
}

/// A panic elsewhere must not take Ctrl-C away.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
