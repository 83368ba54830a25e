//! What a server saw: whether anybody called it, and whether one of its threads panicked, which
//! nobody would notice. Either fails the test at its end.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// The server's own end of it, which judges when it goes.
#[derive(Default)]
pub struct Served(Arc<Seen>);

/// What the server's threads tell.
#[derive(Default)]
pub struct Seen {
    called: AtomicBool,
    panicked: AtomicBool,
}

impl Served {
    /// For the server's threads.
    pub fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.0)
    }

    /// That nobody calls the server is no failure.
    pub fn may_stay_idle(&self) {
        self.0.called();
    }
}

impl Seen {
    pub fn called(&self) {
        self.called.store(true, SeqCst);
    }

    pub fn panicked(&self) {
        self.panicked.store(true, SeqCst);
    }

    /// Answers on a connection.
    pub fn answer(&self, stream: TcpStream, answer: impl FnOnce(TcpStream)) {
        // Open until a panic is noted: the client can't go on, and the test can't end, before.
        let _held = stream.try_clone();
        if catch_unwind(AssertUnwindSafe(|| answer(stream))).is_err() {
            self.panicked();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert!(
                !self.0.panicked.load(SeqCst),
                "the server panicked, see above"
            );
            assert!(self.0.called.load(SeqCst), "the server was not called");
        }
    }
}
