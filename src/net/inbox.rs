//! What stands between the worker of an exchange, which has the connection, and whoever waits for
//! it: events in order, of which the bytes of a body that follow each other are one.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::http::{Head, Received};
use crate::error::Error;

/// What may lie here unread, after which the worker waits for the terminal.
const STEP_SIZE: usize = 32 * 1024;

/// What the worker has got and nobody took yet.
#[derive(Default)]
pub struct Inbox {
    unread: Mutex<Unread>,
    changed: Condvar,
}

#[derive(Default)]
struct Unread {
    events: VecDeque<Event>,
    is_woken: bool,
    is_abandoned: bool,
    /// The body of a request that its worker waits for.
    body: Option<Vec<u8>>,
    /// The way to a proxy.
    proxy: Option<TcpStream>,
    /// Whether the worker has said its last word.
    is_over: bool,
}

pub enum Event {
    /// The connection stands, and the request is being written.
    Writing,
    Step(Step),
    Failed(Error),
}

/// What happened next.
#[derive(Debug)]
pub enum Step {
    /// The response began.
    Head(Head),
    /// Bytes of its body, at least one.
    Body(Vec<u8>),
    /// The body is complete as far as HTTP can tell.
    End,
    /// Nothing, for as long as the caller wanted to wait.
    Tick,
}

impl Inbox {
    fn unread(&self) -> MutexGuard<'_, Unread> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in what was received, as soon as there is room. Returns whether anybody wants more.
    ///
    /// A body is added to that which lies there: attohttpc never reads over the end of a chunk, and
    /// the service sends a chunk for every token, which would be a switch of threads and a write to
    /// the terminal each.
    pub fn put(&self, received: Received<'_>) -> bool {
        let mut unread = self
            .changed
            .wait_while(self.unread(), |unread| {
                unread.is_full() && !unread.is_abandoned
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Received::Proxy(way) = received {
            unread.proxy = Some(way);
            return !unread.is_abandoned;
        }
        unread.is_over |= matches!(received, Received::End | Received::Failed(_));
        let event = match (received, unread.events.back_mut()) {
            (Received::Body(more), Some(Event::Step(Step::Body(bytes)))) => {
                bytes.extend_from_slice(more);
                None
            }
            (Received::Body(bytes), _) => Some(Event::Step(Step::Body(bytes.to_vec()))),
            (Received::Connected(_) | Received::Written, _) => Some(Event::Writing),
            (Received::Proxy(_), _) => None,
            (Received::Head(head), _) => Some(Event::Step(Step::Head(head))),
            (Received::End, _) => Some(Event::Step(Step::End)),
            (Received::Failed(error), _) => Some(Event::Failed(error)),
        };
        let was_empty = unread.events.is_empty();
        unread.events.extend(event);
        let is_wanted = !unread.is_abandoned;
        drop(unread);
        // Its owner waits only if nothing lies there, and each call wakes the system.
        if was_empty {
            self.changed.notify_all();
        }
        is_wanted
    }

    /// Takes what comes next; nothing if nothing comes for so long, or a press does.
    pub fn take(&self, limit: Duration) -> Option<Event> {
        let (mut unread, _) = self
            .changed
            .wait_timeout_while(self.unread(), limit, |unread| {
                unread.events.is_empty() && !unread.is_woken
            })
            .unwrap_or_else(PoisonError::into_inner);
        unread.is_woken = false;
        if unread.is_full() {
            self.changed.notify_all();
        }
        unread.events.pop_front()
    }

    /// Nobody takes anything any more: a worker that waits is told, and waits for no proxy.
    pub fn abandon(&self) {
        let mut unread = self.unread();
        unread.is_abandoned = true;
        if let Some(proxy) = unread.proxy.take() {
            // Fails only if the proxy was faster.
            _ = proxy.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// Whether the worker has said its last word, or was told that nobody listens.
    pub fn is_over(&self) -> bool {
        let unread = self.unread();
        unread.is_over || unread.is_abandoned
    }

    /// Gives a worker that waits for it the body of its request. Says whether there is a worker.
    pub fn hand_in(&self, body: Vec<u8>) -> bool {
        let mut unread = self.unread();
        unread.body = Some(body);
        self.changed.notify_all();
        !unread.is_over
    }

    /// Waits for the body of the request, for so long at most.
    pub fn wait_for_body(&self, limit: Duration) -> Option<Vec<u8>> {
        let (mut unread, _) = self
            .changed
            .wait_timeout_while(self.unread(), limit, |unread| {
                unread.body.is_none() && !unread.is_abandoned
            })
            .unwrap_or_else(PoisonError::into_inner);
        unread.body.take()
    }

    pub fn wake(&self) {
        self.unread().is_woken = true;
        self.changed.notify_all();
    }
}

impl Unread {
    fn is_full(&self) -> bool {
        match self.events.back() {
            Some(Event::Step(Step::Body(bytes))) => bytes.len() >= STEP_SIZE,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn body(inbox: &Inbox) -> Option<Vec<u8>> {
        match inbox.take(LONG)? {
            Event::Step(Step::Body(bytes)) => Some(bytes),
            _ => None,
        }
    }

    #[test]
    fn pieces_of_a_body_are_joined_and_its_end_comes_behind_it() {
        let inbox = Inbox::default();
        assert!(inbox.put(Received::Connected(&mut [])));
        for piece in ["a", "b", "c"] {
            assert!(inbox.put(Received::Body(piece.as_bytes())));
        }
        assert!(inbox.put(Received::Failed(Error::Interrupted)));
        assert!(inbox.put(Received::End));
        assert!(matches!(inbox.take(LONG), Some(Event::Writing)));
        assert_eq!(body(&inbox).as_deref(), Some(&b"abc"[..]));
        assert!(matches!(inbox.take(LONG), Some(Event::Failed(_))));
        assert!(matches!(inbox.take(LONG), Some(Event::Step(Step::End))));
        assert!(inbox.take(Duration::ZERO).is_none());
    }

    /// An inbox that is full, and a worker that has something more for it; says what it is told.
    fn full() -> (Arc<Inbox>, mpsc::Receiver<bool>) {
        let inbox = Arc::new(Inbox::default());
        assert!(inbox.put(Received::Body(&[b'a'; STEP_SIZE])));
        let (theirs, (sender, told)) = (Arc::clone(&inbox), mpsc::channel());
        std::thread::spawn(move || sender.send(theirs.put(Received::Body(b"b"))));
        (inbox, told)
    }

    #[test]
    fn a_worker_waits_for_room() {
        let (inbox, told) = full();
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
        assert_eq!(body(&inbox).map(|bytes| bytes.len()), Some(STEP_SIZE));
        assert_eq!(told.recv_timeout(LONG), Ok(true));
        assert_eq!(body(&inbox).as_deref(), Some(&b"b"[..]));
    }

    #[test]
    fn a_worker_is_free_once_its_exchange_is_dropped() {
        let (inbox, told) = full();
        assert!(!inbox.is_over());
        inbox.abandon();
        assert_eq!(told.recv_timeout(LONG), Ok(false));
        assert!(inbox.is_over());
    }

    #[test]
    fn a_press_wakes_whoever_waits_for_an_empty_inbox() {
        let inbox = Arc::new(Inbox::default());
        let ours = Arc::clone(&inbox);
        let started = Instant::now();
        let waiting = std::thread::spawn(move || ours.take(LONG).is_none());
        inbox.wake();
        assert!(waiting.join().is_ok_and(|is_nothing| is_nothing));
        assert!(started.elapsed() < LONG);
    }
}
