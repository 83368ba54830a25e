//! Ctrl-C and the signals that end the program; the home of signal-hook, and of ctrlc on Windows.
//!
//! A blocked read can't be interrupted, so SIGINT interrupts nothing: it is counted, and wakes
//! whoever waits on a channel. Once a terminal's mode has changed, SIGTERM, SIGHUP and SIGQUIT
//! restore it first, at any time, and SIGTSTP does so until the program continues. Before that they
//! are the system's, so that `nohup` works, except in process 1, for which the system does nothing.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ExitStatus};

/// The process's share of signals. Cheap to clone.
#[derive(Clone, Default)]
pub struct Interrupts(Arc<Shared>);

type Waker = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Shared {
    presses: Mutex<Presses>,
    /// Whether the line editor has the terminal.
    is_editing: Arc<AtomicBool>,
    /// Whether the signals that end the process are [`Interrupts::guard_terminal`]'s.
    #[cfg(unix)]
    is_guarding: AtomicBool,
    /// The exit code of a signal that is to end the process; none is 0.
    ending: AtomicI32,
    /// Set by SIGTSTP, at once.
    has_stopped: Arc<AtomicBool>,
    /// Whether a stop that the line editor took care of is yet to be heard of by the thread for
    /// signals.
    is_stop_unheard: Mutex<bool>,
}

/// What Ctrl-C means at this moment, decided without signals, threads or a clock.
#[derive(Default)]
struct Presses {
    /// How often it was pressed since the program started.
    count: u64,
    /// Whether nobody has noticed the last press yet.
    is_unnoticed: bool,
    /// Whether it leaves the process alone while nobody watches, as in the REPL between two turns.
    is_held: bool,
    /// How many watch for it.
    watches: usize,
    /// Who waits for something and has to be woken, by number.
    wakers: Vec<(u64, Waker)>,
    next_waker: u64,
}

impl Presses {
    /// Takes a press. Returns whom to wake; none if it ends the process.
    #[must_use]
    fn press(&mut self) -> Option<Vec<Waker>> {
        self.count += 1;
        let was_unnoticed = std::mem::replace(&mut self.is_unnoticed, true);
        if !self.is_held && (self.watches == 0 || was_unnoticed) {
            // Nobody took the first one: the output is a pipe that nobody reads. Twice is now.
            return None;
        }
        let wakers = self.wakers.iter();
        Some(wakers.map(|(_, wake)| Arc::clone(wake)).collect())
    }

    /// Whether it was pressed after so many presses.
    fn notice(&mut self, since: u64) -> bool {
        let is_pressed = self.count > since;
        self.is_unnoticed &= !is_pressed;
        is_pressed
    }
}

/// How often Ctrl-C was lately heard of in each of two ways, which may both tell of the same press.
#[cfg(unix)]
#[derive(Default)]
struct Twins {
    heard: u64,
    handed_on: u64,
}

#[cfg(unix)]
impl Twins {
    /// Within this time both tell of a press; later ones are of another.
    const APART: Duration = Duration::from_millis(500);

    /// Counts a SIGINT, or one that the wrapper hands on, so long after the one before. Returns
    /// whether it is the first word of its press.
    fn count(&mut self, is_handed_on: bool, since_last: Duration) -> bool {
        if since_last > Twins::APART {
            *self = Twins::default();
        }
        let (ours, other) = match is_handed_on {
            true => (&mut self.handed_on, self.heard),
            false => (&mut self.heard, self.handed_on),
        };
        *ours += 1;
        *ours > other
    }
}

/// How long a turn in flight gets to be saved, once a signal is to end the process.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(1);

impl Interrupts {
    /// Starts to listen for Ctrl-C, on a thread of its own. The flag is set whenever the process
    /// goes on after it was stopped.
    ///
    /// The wrapper of the Heroku CLI's plugin can't know whether a SIGINT was the terminal's, for
    /// both, or sent to it alone. It hands each on as SIGUSR2, and what comes as both counts once.
    #[cfg(unix)]
    pub fn install(has_continued: Arc<AtomicBool>) -> io::Result<Self> {
        use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR2};
        use std::time::Instant;
        signal_hook::flag::register(SIGCONT, has_continued)?;
        let interrupts = Interrupts::default();
        // Process 1 of a container has no default actions: the kernel drops a signal that it
        // doesn't handle.
        let handled = match std::process::id() {
            1 => &[SIGINT, SIGUSR2, SIGTERM, SIGHUP, SIGQUIT][..],
            _ => &[SIGINT, SIGUSR2],
        };
        let mut signals = signal_hook::iterator::Signals::new(handled)?;
        let shared = interrupts.clone();
        std::thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || {
                let (mut twins, mut last) = (Twins::default(), Instant::now());
                for signal in signals.forever() {
                    match signal {
                        SIGINT | SIGUSR2 => {
                            let since_last = std::mem::replace(&mut last, Instant::now()).elapsed();
                            if twins.count(signal == SIGUSR2, since_last) {
                                shared.press();
                            }
                        }
                        _ if shared.0.is_guarding.load(Ordering::SeqCst) => {}
                        other => std::process::exit(128 + other),
                    }
                }
            })?;
        Ok(interrupts)
    }

    /// Has `leave` called before a signal ends or stops the process, `enter` when it goes on, with
    /// whether a line is edited, and `resize` when the window has another size.
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
            self.press();
            std::thread::sleep(GRACE);
        }
        std::process::exit(code)
    }

    /// Ends the process if a signal asked for that. Whoever keeps what must not be lost calls
    /// this when it is kept.
    pub fn end_if_asked(&self) {
        match self.0.ending.load(Ordering::SeqCst) {
            0 => {}
            code => std::process::exit(code),
        }
    }

    /// The system has no such signals.
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

    /// Starts to listen for Ctrl-C, which the system tells a thread of its own.
    #[cfg(not(unix))]
    pub fn install(_: Arc<AtomicBool>) -> io::Result<Self> {
        let interrupts = Interrupts::default();
        let shared = interrupts.clone();
        ctrlc::set_handler(move || shared.press()).map_err(io::Error::other)?;
        Ok(interrupts)
    }

    /// Watches for Ctrl-C from now on. It does not end the process for as long as the watch lives.
    pub fn watch(&self) -> Watch {
        let mut presses = lock(&self.0.presses);
        presses.watches += 1;
        Watch {
            since: presses.count,
            interrupts: self.clone(),
        }
    }

    /// Has Ctrl-C leave the process alone even while nobody watches.
    pub fn hold(&self) {
        lock(&self.0.presses).is_held = true;
    }

    /// Has Ctrl-C end the process again, and ends it now if it was pressed meanwhile.
    pub fn release(&self) {
        let mut presses = lock(&self.0.presses);
        presses.is_held = false;
        if presses.is_unnoticed {
            std::process::exit(ExitStatus::Interrupted as i32);
        }
    }

    /// Does something that can't be interrupted on a thread of its own, and waits for it. None
    /// if it takes longer than `limit`; it is then left to itself.
    pub fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Error> {
        let (sender, receiver) = mpsc::sync_channel(2);
        let wake = sender.clone();
        let watch = self.watch();
        let _awake = watch.wake(move || _ = wake.try_send(None));
        if watch.is_interrupted() {
            return Err(Error::Interrupted);
        }
        std::thread::Builder::new()
            .spawn(move || _ = sender.send(Some(work())))
            .map_err(|error| Error::System {
                what: "starting a thread",
                reason: error.to_string(),
            })?;
        let result = receiver.recv_timeout(limit);
        if watch.is_interrupted() {
            return Err(Error::Interrupted);
        }
        Ok(result.ok().flatten())
    }

    /// Takes a press of Ctrl-C: everybody who watches sees it, or the process ends.
    pub fn press(&self) {
        let wakers = lock(&self.0.presses).press();
        match wakers {
            // Whoever wakes looks at the presses first, which nobody must hold any more.
            Some(wakers) => wakers.iter().for_each(|wake| wake()),
            None => std::process::exit(ExitStatus::Interrupted as i32),
        }
    }
}

/// Sees each Ctrl-C that comes while it lives. Several can be watching, and all of them see it.
pub struct Watch {
    interrupts: Interrupts,
    /// How often Ctrl-C had been pressed when it began.
    since: u64,
}

impl Watch {
    /// Whether Ctrl-C was pressed since the watch began.
    pub fn is_interrupted(&self) -> bool {
        lock(&self.interrupts.0.presses).notice(self.since)
    }

    /// Has Ctrl-C call `wake`, for as long as the guard lives: whoever waits for something has to
    /// be woken.
    pub fn wake(&self, wake: impl Fn() + Send + Sync + 'static) -> Awake<'_> {
        let mut presses = lock(&self.interrupts.0.presses);
        presses.next_waker += 1;
        let number = presses.next_waker;
        presses.wakers.push((number, Arc::new(wake)));
        Awake {
            watch: self,
            number,
        }
    }

    /// Waits, unless Ctrl-C ends the wait or came before it.
    pub fn sleep(&self, duration: Duration) -> Result<(), Error> {
        let (sender, receiver) = mpsc::sync_channel(1);
        // A full channel holds a wake-up already.
        let _awake = self.wake(move || _ = sender.try_send(()));
        if !self.is_interrupted() {
            let _ = receiver.recv_timeout(duration);
        }
        match self.is_interrupted() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }
}

impl Clone for Watch {
    fn clone(&self) -> Self {
        let mut watch = self.interrupts.watch();
        watch.since = self.since;
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.interrupts.0.presses).watches -= 1;
    }
}

/// While it lives, Ctrl-C wakes its owner.
pub struct Awake<'a> {
    watch: &'a Watch,
    number: u64,
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        let mut presses = lock(&self.watch.interrupts.0.presses);
        presses.wakers.retain(|(number, _)| *number != self.number);
    }
}

/// A panic elsewhere must not take Ctrl-C away.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_press_ends_the_process_if_nobody_watches() {
        let mut presses = Presses::default();
        assert!(presses.press().is_none());
        presses.is_held = true;
        assert!(presses.press().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_press_that_comes_in_two_ways_is_one() {
        let mut twins = Twins::default();
        let mut press = |is_handed_on| twins.count(is_handed_on, Duration::ZERO);
        let both = [press(false), press(true), press(true), press(false)];
        assert_eq!(both, [true, false, true, false]);
        assert!(press(false) && press(false) && !press(true) && !press(true));
        assert!(press(true) && press(true), "sent to the wrapper alone");
        assert!(twins.count(false, Twins::APART * 2), "another press");
    }

    #[test]
    fn the_second_press_ends_the_process_if_nobody_noticed_the_first() {
        let mut presses = Presses {
            watches: 1,
            ..Presses::default()
        };
        assert!(presses.press().is_some());
        assert!(presses.press().is_none());
        let since = presses.count;
        assert!(!presses.notice(since));
        assert!(presses.notice(since - 1));
        assert!(presses.press().is_some());
    }

    #[test]
    fn every_watch_sees_a_press_and_everybody_who_waits_is_woken() {
        let interrupts = Interrupts::default();
        let woken = Arc::new(AtomicUsize::new(0));
        let count = |woken: &Arc<AtomicUsize>| {
            let woken = Arc::clone(woken);
            move || _ = woken.fetch_add(1, Ordering::SeqCst)
        };
        let (one, two) = (interrupts.watch(), interrupts.watch());
        let awake = [one.wake(count(&woken)), two.wake(count(&woken))];
        interrupts.press();
        assert_eq!(woken.load(Ordering::SeqCst), 2);
        drop(awake);
        assert!(one.is_interrupted() && two.is_interrupted() && two.clone().is_interrupted());
        assert!(!interrupts.watch().is_interrupted(), "it began later");
        assert!(matches!(
            one.sleep(Duration::from_secs(60)),
            Err(Error::Interrupted)
        ));
        interrupts.press();
        assert_eq!(woken.load(Ordering::SeqCst), 2, "nobody waits any more");
    }
}
