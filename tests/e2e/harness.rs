//! What the tests stand on: a server that goes wrong fails its test, and so does a hang.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use super::support::{Api, Limit, Platform, Proxy, Tls, respond};

/// Sends a request and waits for the end of the answer.
fn call(url: &str) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
    stream
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .expect("it reads");
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
#[should_panic(expected = "the server was not called")]
fn a_service_that_nobody_calls_fails_its_test() {
    drop(Api::tokens(&["unheard"]));
}

#[test]
#[should_panic(expected = "the server was not called")]
fn a_tls_server_that_nobody_calls_fails_its_test() {
    drop(Tls::serve(&["localhost"], Tls::VALID, |_| String::new()));
}

#[test]
#[should_panic(expected = "the server was not called")]
fn a_proxy_that_nobody_calls_fails_its_test() {
    drop(Proxy::start(Err(407)));
}

#[test]
#[should_panic(expected = "the server was not called")]
fn a_platform_that_nobody_calls_fails_its_test() {
    drop(Platform::start());
}

#[test]
fn a_platform_on_stand_by_need_not_be_called() {
    drop(Platform::stand_by());
}

#[test]
#[should_panic(expected = "the server panicked")]
fn a_panic_while_a_service_answers_fails_its_test() {
    let api = Api::serve(|_| panic!("as this test wants"));
    call(&api.url());
}

#[test]
#[should_panic(expected = "the server panicked")]
fn a_panic_while_a_proxy_answers_fails_its_test() {
    // Nobody listens where it is to connect to.
    let proxy = Proxy::start(Ok(1));
    call(&format!("http://127.0.0.1:{}", proxy.port));
}

#[test]
fn a_server_that_answers_fails_nothing() {
    let api = Api::fixed(respond(200, "", "{}"));
    call(&api.url());
}

#[test]
fn a_limit_acts_once_it_has_passed_and_not_before() {
    let (sender, passed) = mpsc::channel();
    let kept = Limit::new(Duration::from_secs(600), {
        let sender = sender.clone();
        move || sender.send("early").unwrap()
    });
    let limit = Limit::new(Duration::from_millis(1), move || {
        sender.send("due").unwrap()
    });
    assert_eq!(passed.recv_timeout(Duration::from_secs(60)), Ok("due"));
    drop((kept, limit));
    // Both ends are gone without another word.
    assert!(passed.recv_timeout(Duration::from_secs(60)).is_err());
}
