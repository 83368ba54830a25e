//! A server that watches its connections, beside what is kept for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::*;
use crate::config::environment::Environment;
use crate::interrupt::Interrupts;
use crate::net::socket::tests::is_forbidden;
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
        if is_forbidden() {
            return None;
        }
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
            headers: &[],
            silence: LONG,
            body: Some(body.into()),
        }
    }

    fn accept(&self) -> TcpStream {
        let stream = self.connections.recv_timeout(LONG).unwrap();
        // Another limit than those of the exchanges, by which their sockets are found.
        stream.set_read_timeout(Some(LONG / 2)).unwrap();
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
    ready
        .as_ref()
        .is_some_and(|ready| ready.worker.socket().is_some())
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
fn a_connection_is_renewed_for_as_long_as_somebody_types() {
    let Some(server) = Server::start() else {
        return;
    };
    let warm = expecting(&server, "[]", false);
    warm.keeper().learned = Some(Duration::from_millis(20));
    press(&warm);
    for _ in 0..5 {
        let stream = server.accept();
        wait_until(|| {
            // A key that looks for no connection.
            warm.keeper().typed = Some(Instant::now());
            stream.set_nonblocking(true).unwrap();
            stream.peek(&mut [0]).is_ok()
        });
    }
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
