//! Turns at the real Heroku CLI. Each start of it takes a core for a second, and doctor, which
//! starts it three times at once, waits for it ten seconds only: tests that run it keep to the
//! cores there are, first come, first served.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use super::platform::NOBODY_LISTENS;
use super::program::RECORDED_VERSION;

/// How often doctor starts the CLI at once.
const DOCTOR: usize = 3;

/// Cores to run the CLI on, as long as this lives.
pub struct Turn(usize);

struct Queue {
    next: u64,
    last: u64,
    cores: usize,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue {
    next: 0,
    last: 0,
    cores: 0,
});
static CHANGED: Condvar = Condvar::new();

impl Turn {
    /// Waits for the turn of a command with these variables and words, if it may come to run the
    /// CLI: it was given a host for that. Where nobody listens the CLI waits for most of its time.
    pub fn of<'a>(
        variables: &BTreeMap<&OsStr, &OsStr>,
        mut words: impl Iterator<Item = &'a OsStr>,
    ) -> Option<Self> {
        let host = variables.get(OsStr::new("HEROKU_HOST"))?;
        let is_doctor = words.any(|word| word == "doctor" || word == "ai:doctor");
        let asks_once = variables.contains_key(OsStr::new(RECORDED_VERSION));
        (*host != NOBODY_LISTENS)
            .then(|| Turn::take(if is_doctor && !asks_once { DOCTOR } else { 1 }))
    }

    fn take(wanted: usize) -> Self {
        let all = available_parallelism().map_or(1, usize::from);
        let wanted = wanted.min(all);
        let mut queue = queue();
        let number = queue.last;
        queue.last += 1;
        while queue.next != number || queue.cores + wanted > all {
            queue = CHANGED.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.next += 1;
        queue.cores += wanted;
        CHANGED.notify_all();
        Turn(wanted)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        queue().cores -= self.0;
        CHANGED.notify_all();
    }
}

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}
