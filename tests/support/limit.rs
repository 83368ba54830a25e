//! Time limits, so that a test that hangs fails within minutes and says which one it is.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// How long a program may run that a test waits for.
pub const RUN: Duration = Duration::from_secs(120);

/// How long a test may take in all, with the packages that it may have to build first.
const TEST: Duration = Duration::from_secs(300);

/// Does something if it lives longer than it may.
pub struct Limit {
    _alive: Sender<()>,
}

impl Limit {
    pub fn new(limit: Duration, passed: impl FnOnce() + Send + 'static) -> Self {
        let (alive, ended) = mpsc::channel();
        thread::spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                passed();
            }
        });
        Limit { _alive: alive }
    }

    /// The limit of the test that runs on this thread. Whatever the test waits for then, only the
    /// end of all tests ends it.
    pub fn of_test() -> Self {
        let test = thread::current().name().unwrap_or_default().to_owned();
        Limit::new(TEST, move || {
            // Past the capture of what tests print, which ends with them.
            let line = format!("\n{test} still runs after {} s\n", TEST.as_secs());
            let _ = std::io::stderr().write_all(line.as_bytes());
            std::process::abort();
        })
    }
}
