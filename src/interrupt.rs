//! Ctrl-C and the signals that end the program; the home of signal-hook.
//!
//! A blocked read can't be interrupted, so SIGINT never interrupts anything: it sets a flag and wakes whoever listens
//! on the channel it is already waiting on. SIGTERM and SIGHUP leave the terminal as it was found, at any time.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Whether Ctrl-C leaves the process alone while nobody listens, as in the REPL between two turns.
    held: AtomicBool,
    /// Wakes the one that is waiting.
    listener: Mutex<Option<Callback>>,
    /// Leaves the terminal as it was found.
    restore: Mutex<Option<Callback>>,
}

impl Interrupts {
    /// Starts to listen for signals, on a thread of its own.
    ///
    /// # Errors
    /// The system's, where handlers or the thread can't be had.
    #[cfg(unix)]
    pub fn install() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let interrupts = Interrupts::default();
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let shared = interrupts.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                match signal {
                    SIGINT => shared.interrupt(),
                    other => shared.exit(128 + other),
                }
            }
        })?;
        Ok(interrupts)
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

    /// What to do to the terminal before a signal ends the process.
    pub fn before_exit(&self, restore: impl Fn() + Send + 'static) {
        *lock(&self.0.restore) = Some(Box::new(restore));
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

    #[cfg(unix)]
    fn interrupt(&self) {
        self.0.pending.store(true, Ordering::SeqCst);
        match &*lock(&self.0.listener) {
            Some(wake) => wake(),
            None if self.0.held.load(Ordering::SeqCst) => {}
            None => self.exit(ExitStatus::Interrupted as i32),
        }
    }

    #[cfg(unix)]
    fn exit(&self, code: i32) {
        if let Some(restore) = &*lock(&self.0.restore) {
            restore();
        }
        std::process::exit(code);
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
