//! A server that tells when a connection ended, in each phase of an exchange.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::*;
use crate::config::environment::Environment;
use crate::error::Error;
use crate::interrupt::Interrupts;
use crate::net::{Exchange, Http, Limits, Request, Step};

const LONG: Duration = Duration::from_secs(60);
const BEGINNING: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

/// A server that says this, again and again if it drips. Tells when a connection said
/// something, and when it ended.
fn serve(answer: &'static str, drips: bool) -> (u16, Receiver<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, heard) = mpsc::channel();
    let serve = move |mut stream: TcpStream| {
        let mut buffer = [0; 4096];
        _ = stream.read(&mut buffer);
        _ = told.send("begun");
        _ = stream.write_all(answer.as_bytes());
        let mut other = stream.try_clone().unwrap();
        thread::spawn(move || while drips && other.write_all(b"1\r\n!\r\n").is_ok() {});
        while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
        _ = told.send("ended");
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    (port, heard)
}

fn start(http: &Arc<Http>, url: &str, interrupts: &Interrupts) -> Exchange {
    let request = Request {
        url: url.parse().unwrap(),
        key: None,
        accept: "*/*",
        headers: &[],
        silence: LONG,
        body: Some(b"{}".to_vec()),
    };
    let limits = Limits::with_first_byte(LONG);
    Exchange::start(http, request, limits, interrupts.watch())
}

fn read_body(exchange: &mut Exchange) {
    while !matches!(exchange.next(None), Ok(Step::Body(_))) {}
}

/// Whether a test has nothing to see, as a container may forbid to look for sockets. Says so behind
/// the back of the harness, which hides what passes; in CI that is a failure.
pub fn is_forbidden() -> bool {
    use std::io::Write;
    let Err(why) = Socket::can_be_found() else {
        return false;
    };
    assert!(
        std::env::var_os("CI").is_none(),
        "no socket is found: {why}"
    );
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    _ = writeln!(io::stderr(), "LEFT OUT: {name}, no socket is found: {why}");
    true
}

#[test]
fn ctrl_c_ends_the_connection_at_once_whatever_it_is_waiting_for() {
    if is_forbidden() {
        return;
    }
    for (phase, scheme, answer, drips) in [
        ("TLS handshake", "https", "", false),
        ("before the head", "http", "", false),
        ("stalled", "http", BEGINNING, false),
        ("mid-stream", "http", BEGINNING, true),
    ] {
        let (port, heard) = serve(answer, drips);
        let (interrupts, http) = Default::default();
        let http = Arc::new(Http::new(http));
        let url = format!("{scheme}://127.0.0.1:{port}");
        let mut exchange = start(&http, &url, &interrupts);
        assert_eq!(heard.recv_timeout(LONG / 2), Ok("begun"), "{phase}");
        if !answer.is_empty() {
            read_body(&mut exchange);
        }
        interrupts.press();
        let end = std::iter::repeat_with(|| exchange.next(None)).find(Result::is_err);
        assert!(matches!(end, Some(Err(Error::Interrupted))), "{phase}");
        assert_eq!(heard.recv_timeout(LONG / 2), Ok("ended"), "{phase}");
    }
}

#[test]
fn of_two_exchanges_with_a_host_only_the_abandoned_one_ends() {
    if is_forbidden() {
        return;
    }
    let (port, heard) = serve(BEGINNING, true);
    let (interrupts, http) = (Interrupts::default(), Environment::default());
    let http = Arc::new(Http::new(http));
    let url = format!("http://127.0.0.1:{port}");
    let [mut one, mut two] = [0, 1].map(|_| start(&http, &url, &interrupts));
    read_body(&mut one);
    drop(one);
    let ended = std::iter::repeat_with(|| heard.recv_timeout(LONG / 2));
    assert!(ended.take(3).any(|it| it == Ok("ended")));
    (0..100).for_each(|_| read_body(&mut two));
}
