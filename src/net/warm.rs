//! The connection of the next request, made before there is one, so that a turn waits for one round
//! trip of the network and not for three.
//!
//! attohttpc writes nothing until the body is written. So a worker connects, TLS included, and
//! waits there for the body: the service sees a connection and not one byte. The body's length has
//! to be declared before: it is what is known of it, with some room, and JSON may end in blanks
//! (RFC 8259, 2), which every server takes. A chunked body is refused by some, with 411.
//!
//! A service closes what is idle, Heroku's router after 55 seconds. So a connection is given up
//! before, and made anew while somebody types, and once if somebody has typed lately; then it waits
//! for the next key. What was closed is noticed before anything is written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::http::{Http, Received, Request};
use super::inbox::Inbox;
use super::socket::{self, Socket};
use super::worker::Worker;

/// How much longer the body may become, in bytes: a prompt that is typed.
const ROOM: usize = 4096;

/// With more to send, the way there takes longer than to connect.
const LARGEST: usize = 1 << 20;

/// How long a service is taken to bear an idle connection, until it shows otherwise.
const IDLE: Duration = Duration::from_secs(50);

/// A service that bears less is left alone.
const LEAST_IDLE: Duration = Duration::from_secs(2);

/// How long after the last key somebody is still taken to be there.
const KEEN: Duration = Duration::from_secs(180);

/// How often a key looks for it at most: that costs microseconds, and an echo has not many.
const LOOK: Duration = Duration::from_millis(500);

/// Keeps the connection, at most one. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct Warm(Arc<Mutex<Keeper>>);

#[derive(Default)]
struct Keeper {
    /// The next request, and how long its body is already; none if nothing is to be kept.
    next: Option<(Arc<Http>, Request, usize)>,
    ready: Option<Ready>,
    /// When a key was pressed last.
    typed: Option<Instant>,
    /// When a key made us look whether there is a connection.
    looked: Option<Instant>,
    /// How long an idle connection is kept, if that is less than usual; 0 if it isn't worth it.
    learned: Option<Duration>,
    /// Whether no connection could be made, for the prompt that is being typed.
    has_failed: bool,
}

/// A connection that waits for its request, or is about to.
pub struct Ready {
    pub worker: Worker,
    /// With blanks for a body.
    pub request: Request,
    /// By a clock that goes on while the machine sleeps, which no connection survives for long.
    since: SystemTime,
}

impl Warm {
    /// A prompt is about to be typed, and will be sent with the end of this request; nothing is
    /// kept if there is none. Connects with the next key, or at once.
    pub fn expect(&self, http: &Arc<Http>, next: Option<Request>, at_once: bool) {
        let mut keeper = self.keeper();
        (keeper.has_failed, keeper.looked, keeper.next) = (false, None, None);
        let fits = |ready: &Ready| next.as_ref().is_some_and(|next| ready.fits(next));
        keeper.ready = keeper.ready.take().filter(fits);
        if let Some(mut request) = next {
            let length = request.body.take().unwrap_or_default().len();
            keeper.next = Some((Arc::clone(http), request, length)).filter(|_| length <= LARGEST);
        }
        if at_once {
            self.connect(keeper);
        }
    }

    /// A key of a prompt was pressed.
    pub fn key(&self) {
        let mut keeper = self.keeper();
        let now = Instant::now();
        keeper.typed = Some(now);
        if keeper.looked.is_none_or(|at| now - at >= LOOK) {
            keeper.looked = Some(now);
            self.connect(keeper);
        }
    }

    /// The connection for this request, which is handed in. None if there is none that suits it.
    pub fn take(&self, request: &Request) -> Option<Ready> {
        let mut keeper = self.keeper();
        keeper.is_alive();
        let ready = keeper.ready.take_if(|ready| ready.is_for(request))?;
        let body = request.body.clone().unwrap_or_default();
        (ready.fits(request) && ready.worker.inbox.hand_in(body)).then_some(ready)
    }

    fn connect(&self, mut keeper: MutexGuard<'_, Keeper>) {
        if keeper.is_alive() || keeper.has_failed || keeper.limit().is_zero() {
            return;
        }
        // What can't be shut down can't be given up without a word, see `let_go`.
        if Socket::can_be_found().is_err() {
            return;
        }
        let Some((http, request, length)) = &keeper.next else {
            return;
        };
        let request = Request {
            silence: socket::distinct(request.silence),
            body: Some(vec![b' '; length + ROOM]),
            ..request.clone()
        };
        let (warm, http, theirs) = (self.clone(), Arc::clone(http), request.clone());
        let work = move |inbox: &Arc<Inbox>| warm.work(&http, &theirs, inbox);
        let worker = Worker::start(request.silence, work);
        keeper.ready = Some(Ready {
            worker,
            request,
            since: SystemTime::now(),
        });
    }

    /// Connects, waits for the request, and makes the exchange of it; connects again while that is
    /// worth it.
    fn work(&self, http: &Http, request: &Request, inbox: &Arc<Inbox>) {
        let mut unused = 0;
        loop {
            let (mut stood, mut is_sent, mut failure) = (None, false, None);
            http.send(request.clone(), &mut |mut received| {
                if let Received::Connected(body) = &mut received {
                    stood = Some(Instant::now());
                    let limit = self.stands(inbox, Socket::find(request.silence).ok());
                    let Some(json) = inbox.wait_for_body(limit) else {
                        self.let_go(inbox, request.silence);
                        return false;
                    };
                    body[..json.len()].copy_from_slice(&json);
                    is_sent = true;
                }
                match received {
                    // Nobody has asked for anything yet.
                    Received::Failed(error) if !is_sent => failure = Some(error),
                    received => return inbox.put(received),
                }
                false
            });
            let Some(failure) = failure else { return };
            let was_typed = stood.is_some() && self.keeper().typed > stood;
            unused = if was_typed { 0 } else { unused + 1 };
            if stood.is_none() || unused > 1 || !self.is_worth_another(inbox) {
                self.keeper().has_failed |= stood.is_none();
                inbox.put(Received::Failed(failure));
                return;
            }
        }
    }

    /// Notes that a connection stands. Returns how long it is to be kept.
    fn stands(&self, inbox: &Arc<Inbox>, socket: Option<Socket>) -> Duration {
        socket.iter().for_each(Socket::send_at_once);
        let mut keeper = self.keeper();
        if let Some(ready) = keeper.ready_of(inbox) {
            ready.since = SystemTime::now();
            *ready.worker.socket() = socket;
        }
        keeper.limit()
    }

    /// Ends a connection before attohttpc does, which would write the head of the request then: its
    /// `BufWriter` is flushed when it is dropped. And as long as there is a duplicate, it stays
    /// open.
    fn let_go(&self, inbox: &Arc<Inbox>, limit: Duration) {
        let mut keeper = self.keeper();
        keeper.learn();
        if let Some(ready) = keeper.ready_of(inbox) {
            *ready.worker.socket() = None;
        }
        socket::shut_down(limit);
    }

    /// Whether to connect once more, now that the connection is given up.
    fn is_worth_another(&self, inbox: &Arc<Inbox>) -> bool {
        let mut keeper = self.keeper();
        let is_keen = keeper.typed.is_some_and(|at| at.elapsed() < KEEN);
        is_keen && !keeper.limit().is_zero() && keeper.ready_of(inbox).is_some()
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    fn limit(&self) -> Duration {
        self.learned.unwrap_or(IDLE)
    }

    fn ready_of(&mut self, inbox: &Arc<Inbox>) -> Option<&mut Ready> {
        let is_theirs = |ready: &&mut Ready| Arc::ptr_eq(&ready.worker.inbox, inbox);
        self.ready.as_mut().filter(is_theirs)
    }

    /// Whether there is a connection, or one is being made. Lets go of one that is not.
    fn is_alive(&mut self) -> bool {
        let is_lost = self.learn();
        let is_over = |ready: &mut Ready| is_lost || ready.worker.inbox.is_over();
        drop(self.ready.take_if(is_over));
        self.ready.is_some()
    }

    /// Whether the connection is lost. The service bore it for less than its age, if it closed it.
    fn learn(&mut self) -> bool {
        let Some(ready) = &self.ready else {
            return false;
        };
        let age = ready.since.elapsed().unwrap_or_default();
        let was_closed = ready
            .worker
            .socket()
            .as_ref()
            .is_some_and(Socket::is_closed);
        if was_closed {
            let limit = self.limit().min(age / 2);
            let is_worth_it = limit >= LEAST_IDLE;
            self.learned = Some(if is_worth_it { limit } else { Duration::ZERO });
        }
        was_closed || age > IDLE * 2
    }
}

impl Ready {
    /// Whether only the body of its request is open.
    fn is_for(&self, request: &Request) -> bool {
        let head = |it: &Request| (it.url.clone(), it.key.clone(), it.accept, it.headers);
        request.body.is_some() && head(request) == head(&self.request)
    }

    /// Whether a request goes over it, and not with blanks in the main.
    fn fits(&self, request: &Request) -> bool {
        let length = |it: &Request| it.body.as_ref().map_or(0, Vec::len);
        let blanks = length(&self.request).checked_sub(length(request));
        self.is_for(request) && blanks.is_some_and(|blanks| blanks <= 2 * ROOM)
    }
}

#[cfg(test)]
mod tests;
