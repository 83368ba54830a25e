//! The connection of the next request, made before there is one, so that a turn waits for one round
//! trip of the network and not for three.
//!
//! attohttpc writes nothing until the body is written. So a worker connects, TLS included, and
//! waits there for the body: the service sees a connection and not one byte. The body's length has
//! to be declared before: it is what is known of it, with some room, and JSON may end in blanks
//! (RFC 8259, 2), which every server takes. A chunked body is refused by some, with 411.
//!
//! A service closes what is idle, Heroku's router after 55 seconds. So a connection is given up
//! before, and made anew once if somebody has typed lately; then it waits for the next key. What
//! was closed is noticed before anything is written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::exchange::Worker;
use super::http::{Http, Received, Request};
use super::inbox::Inbox;
use super::socket::{self, Socket};

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

    /// Connects, waits for the request, and makes the exchange of it; connects once more if that is
    /// worth it.
    fn work(&self, http: &Http, request: &Request, inbox: &Arc<Inbox>) {
        for may_renew in [true, false] {
            let (mut stood, mut is_sent, mut failure) = (false, false, None);
            http.send(request.clone(), &mut |mut received| {
                if let Received::Connected(body) = &mut received {
                    stood = true;
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
            if !(may_renew && stood && self.is_worth_another(inbox)) {
                self.keeper().has_failed |= !stood;
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
            (ready.since, ready.worker.socket) = (SystemTime::now(), socket);
        }
        keeper.limit()
    }

    /// Ends a connection before attohttpc does, which would write the head of the request then: its
    /// `BufWriter` is flushed when it is dropped. And as long as there is a duplicate, it stays
    /// open.
    fn let_go(&self, inbox: &Arc<Inbox>, limit: Duration) {
        let mut keeper = self.keeper();
        keeper.learn();
        keeper
            .ready_of(inbox)
            .into_iter()
            .for_each(|it| it.worker.socket = None);
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
        let was_closed = ready.worker.socket.as_ref().is_some_and(Socket::is_closed);
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
        let head = |it: &Request| (it.url.clone(), it.key.clone(), it.accept);
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
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{self, Receiver};
    use std::thread;

    use super::*;
    use crate::config::environment::Environment;
    use crate::interrupt::Interrupts;
    use crate::net::{Exchange, Limits, Step};

    const LONG: Duration = Duration::from_secs(60);

    /// A server whose connections can be watched as they come.
    struct Server {
        url: String,
        connections: Receiver<TcpStream>,
    }

    impl Server {
        /// None in a container that forbids to look for sockets, so that nothing is kept.
        fn start() -> Option<Self> {
            Socket::can_be_found().ok()?;
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let (sender, connections) = mpsc::channel();
            thread::spawn(move || {
                let incoming = listener.incoming().flatten();
                incoming.for_each(|stream| _ = sender.send(stream));
            });
            Some(Server { url, connections })
        }

        fn request(&self, body: &str) -> Request {
            Request {
                url: self.url.parse().unwrap(),
                key: None,
                accept: "*/*",
                silence: LONG,
                body: Some(body.into()),
            }
        }

        fn accept(&self) -> TcpStream {
            let stream = self.connections.recv_timeout(LONG).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream
        }
    }

    fn expecting(server: &Server, body: &str, at_once: bool) -> Warm {
        let (warm, http) = (Warm::default(), Http::new(Environment::default()));
        warm.expect(&Arc::new(http), Some(server.request(body)), at_once);
        warm
    }

    /// A key some time after the last one.
    fn press(warm: &Warm) {
        warm.keeper().looked = None;
        warm.key();
    }

    fn wait_until(is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < LONG);
            thread::yield_now();
        }
    }

    fn stands(warm: &Warm) -> bool {
        let ready = &warm.keeper().ready;
        let socket = ready
            .as_ref()
            .and_then(|ready| ready.worker.socket.as_ref());
        socket.is_some()
    }

    fn ends(mut stream: &TcpStream) -> bool {
        stream.read(&mut [0]).is_ok_and(|count| count == 0)
    }

    #[test]
    fn not_one_byte_is_sent_before_the_request_and_then_all_of_it() {
        let Some(server) = Server::start() else {
            return;
        };
        let warm = expecting(&server, "[1]", false);
        press(&warm);
        let mut stream = server.accept();
        wait_until(|| stands(&warm));
        press(&warm);
        stream.set_nonblocking(true).unwrap();
        assert!(stream.peek(&mut [0]).is_err(), "a byte before its time");
        stream.set_nonblocking(false).unwrap();
        let ready = warm.take(&server.request("[1,2]")).unwrap();
        let limits = Limits::with_first_byte(LONG);
        let mut exchange = Exchange::resume(ready, limits, Interrupts::default().watch());
        let mut request = Vec::new();
        while !request.ends_with(b" ") {
            let mut buffer = [0; 16 * 1024];
            let count = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..count]);
        }
        let request = String::from_utf8(request).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let length = "[1]".len() + ROOM;
        assert!(
            head.contains(&format!("content-length: {length}\r\n")),
            "{head}"
        );
        assert_eq!(body, format!("{:length$}", "[1,2]"));
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        stream.write_all(response).unwrap();
        assert!(matches!(exchange.next(None), Ok(Step::Head(_))));
        assert!(matches!(exchange.next(None), Ok(Step::Body(body)) if body == b"ok"));
        assert!(
            warm.take(&server.request("[1,2]")).is_none(),
            "there was one"
        );
        assert!(server.connections.try_recv().is_err());
    }

    #[test]
    fn what_does_not_suit_is_let_go() {
        let Some(server) = Server::start() else {
            return;
        };
        let other = Request {
            accept: "text/plain",
            ..server.request("[]")
        };
        for request in [server.request(&"1".repeat(2 * ROOM)), other.clone()] {
            let warm = expecting(&server, "[]", true);
            let stream = server.accept();
            assert!(warm.take(&request).is_none());
            warm.expect(
                &Arc::new(Http::new(Environment::default())),
                Some(request),
                false,
            );
            assert!(ends(&stream));
        }
        let warm = expecting(&server, "[]", true);
        let stream = server.accept();
        wait_until(|| stands(&warm));
        if let Some(ready) = &mut warm.keeper().ready {
            // The machine slept.
            ready.since -= IDLE * 3;
        }
        assert!(warm.take(&server.request("[]")).is_none());
        assert!(ends(&stream));
        let warm = expecting(&server, &"1".repeat(LARGEST + 1), true);
        press(&warm);
        assert!(warm.keeper().ready.is_none());
        warm.expect(&Arc::new(Http::new(Environment::default())), None, true);
        press(&warm);
        assert!(warm.keeper().ready.is_none());
    }

    #[test]
    fn an_idle_connection_is_renewed_once_and_then_waits_for_a_key() {
        let Some(server) = Server::start() else {
            return;
        };
        let warm = expecting(&server, "[]", false);
        warm.keeper().learned = Some(Duration::from_millis(20));
        for _ in 0..2 {
            press(&warm);
            assert!(ends(&server.accept()));
            assert!(ends(&server.accept()));
            wait_until(|| !warm.keeper().is_alive());
            assert!(server.connections.try_recv().is_err());
        }
        warm.keeper().typed = None;
        warm.expect(
            &Arc::new(Http::new(Environment::default())),
            Some(server.request("[]")),
            true,
        );
        assert!(ends(&server.accept()));
        wait_until(|| !warm.keeper().is_alive());
        assert!(server.connections.try_recv().is_err(), "nobody is there");
    }

    #[test]
    fn what_the_service_closes_is_noticed_before_it_is_used_and_learned_from() {
        let Some(server) = Server::start() else {
            return;
        };
        let warm = expecting(&server, "[]", true);
        let stream = server.accept();
        wait_until(|| stands(&warm));
        let bore = Duration::from_secs(10);
        if let Some(ready) = &mut warm.keeper().ready {
            ready.since -= bore;
        }
        drop(stream);
        if !cfg!(target_os = "linux") {
            return;
        }
        wait_until(|| !warm.keeper().is_alive());
        let limit = warm.keeper().limit();
        assert!(limit >= bore / 2 && limit < bore, "{limit:?}");
        assert!(warm.take(&server.request("[]")).is_none());
        // One that bears nothing is left alone.
        press(&warm);
        let stream = server.accept();
        wait_until(|| stands(&warm));
        drop(stream);
        wait_until(|| !warm.keeper().is_alive());
        press(&warm);
        assert!(warm.keeper().ready.is_none());
    }

    #[test]
    fn a_host_that_is_not_there_is_tried_once_for_a_prompt() {
        let Some(server) = Server::start() else {
            return;
        };
        let mut request = server.request("[]");
        request.url = "http://127.0.0.1:1/".parse().unwrap();
        let (warm, http) = (Warm::default(), Arc::new(Http::new(Environment::default())));
        warm.expect(&http, Some(request.clone()), true);
        wait_until(|| !warm.keeper().is_alive());
        press(&warm);
        assert!(warm.keeper().ready.is_none());
        warm.expect(&http, Some(request), false);
        press(&warm);
        assert!(warm.keeper().ready.is_some());
    }
}
