//! What carries an exchange out, on a thread of its own, and how that is ended from another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::http::Received;
use super::inbox::Inbox;
use super::socket::{self, Socket};
use crate::error::Error;

/// What carries an exchange out, on a thread of its own. It is stopped when it is dropped.
pub struct Worker {
    pub inbox: Arc<Inbox>,
    ending: Arc<Ending>,
}

/// Ends what a worker does, once, on whichever thread.
struct Ending {
    inbox: Arc<Inbox>,
    /// The read limit by which its socket is found.
    silence: Duration,
    /// Its socket, if it was found already: to look for it takes longer than to shut it down.
    socket: Mutex<Option<Socket>>,
    has_begun: AtomicBool,
}

impl Worker {
    /// Starts one whose socket has this read limit.
    pub fn start(silence: Duration, work: impl FnOnce(&Arc<Inbox>) + Send + 'static) -> Self {
        let inbox = Arc::new(Inbox::default());
        let theirs = Arc::clone(&inbox);
        if let Err(error) = std::thread::Builder::new().spawn(move || work(&theirs)) {
            inbox.put(Received::Failed(Error::System {
                what: "starting a thread",
                reason: error.to_string(),
            }));
        }
        let ending = Arc::new(Ending {
            inbox: Arc::clone(&inbox),
            silence,
            socket: Mutex::default(),
            has_begun: AtomicBool::default(),
        });
        Worker { inbox, ending }
    }

    /// Lets go of the connection, and ends it if that isn't over.
    pub fn end(&self) {
        self.ending.end();
    }

    /// Does so from another thread, once whoever waits for it is woken.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + use<> {
        let ending = Arc::clone(&self.ending);
        move || {
            ending.inbox.wake();
            ending.end();
        }
    }

    /// Its socket, if it was found already.
    pub fn socket(&self) -> MutexGuard<'_, Option<Socket>> {
        self.ending.socket()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ending.end();
    }
}

impl Ending {
    fn socket(&self) -> MutexGuard<'_, Option<Socket>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        if self.has_begun.swap(true, Ordering::SeqCst) {
            return;
        }
        let socket = self.socket().take();
        if !self.inbox.is_over() {
            match socket {
                Some(socket) => socket.shut_down(),
                None => socket::shut_down(self.silence),
            }
            self.inbox.abandon();
        }
    }
}
