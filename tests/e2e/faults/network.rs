//! What connections, certificates, proxies and names may do.

use std::any::Any;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use super::super::support::{Api, Exchange, Program, Tls, event, sse_head};
use super::run::{Fault, choice, healthy, reset, stream};

const HOST: &str = "https://us.inference.heroku.com";

/// Resets the connection after this.
fn then_reset(text: String) -> impl Fn(&mut Exchange) + Send + Sync + 'static {
    move |exchange| {
        exchange.send(&text);
        reset(&exchange.stream);
    }
}

/// A TLS server that answers well, with a certificate for these names and years.
fn tls(names: &[&str], years: (i32, i32), is_trusted: bool) -> (Program, Vec<Box<dyn Any>>) {
    let server = Tls::serve(names, years, |_| healthy("Hello"));
    let mut program = Program::for_service(&format!("https://localhost:{}", server.port));
    if is_trusted {
        let path = program.file("ca.pem", &server.certificate);
        program = program.with("SSL_CERT_FILE", &path.display().to_string());
    }
    (program, vec![Box::new(server)])
}

/// A proxy that answers with this.
fn proxy(answer: &'static str) -> (Program, Vec<Box<dyn Any>>) {
    let api = Api::fixed(answer);
    let program = Program::for_service(HOST).with("https_proxy", &api.url());
    (program, vec![Box::new(api)])
}

/// A port that greets whoever connects like this, and waits.
fn greeting(words: &'static [u8]) -> (Program, Vec<Box<dyn Any>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            _ = stream.write_all(words);
            _ = stream.shutdown(Shutdown::Write);
            _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let program = Program::for_service(&format!("https://localhost:{port}"));
    (program, Vec::new())
}

pub fn faults() -> Vec<Fault> {
    let hello = || event("Hello");
    let finish = choice(r#"{"delta":{},"finish_reason":"stop"}"#);
    let unreachable = || (Program::for_service("http://127.0.0.1:1"), Vec::new());
    let unknown = || (Program::for_service("https://nosuch.invalid"), Vec::new());
    let dead = || {
        let program = Program::for_service(HOST).with("https_proxy", "127.0.0.1:1");
        (program, Vec::new())
    };
    let socks = || {
        let program = Program::for_service(HOST).with("https_proxy", "socks5://127.0.0.1:1");
        (program, Vec::new())
    };
    let mut rows = vec![
        Fault::acts("closed before the head, once", |_| (), 0, "At last", "").once(),
        Fault::acts(
            "reset before the head, once",
            then_reset(String::new()),
            0,
            "At last",
            "",
        )
        .once(),
        Fault::acts(
            "reset in the head, once",
            then_reset("HTTP/1.1 200".to_owned()),
            0,
            "At last",
            "",
        )
        .once(),
        Fault::acts(
            "reset after the head, once",
            then_reset(sse_head().to_owned()),
            0,
            "At last",
            "",
        )
        .once(),
        Fault::acts(
            "closed in the middle",
            |exchange| exchange.send(&format!("{}data:{{\"cho", stream(&event("Hello")))),
            3,
            "Hello",
            "the stream ended before the answer was complete",
        ),
        Fault::acts(
            "closed in the middle of a length",
            move |exchange| {
                exchange.send(&format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{}",
                    hello()
                ))
            },
            3,
            "Hello",
            "of 9999 bytes came",
        ),
        Fault::acts(
            "silent before the head",
            Exchange::wait_for_close,
            3,
            "",
            "waited 1 s for the first byte of the answer",
        )
        .with(&["--timeout", "1"]),
        Fault::acts(
            "silent in the head",
            |exchange| {
                exchange.send("HTTP/1.1 200 OK\r\nX: ");
                exchange.wait_for_close();
            },
            3,
            "",
            "waited 1 s for the first byte of the answer",
        )
        .with(&["--timeout", "1"]),
        Fault::acts(
            "silent after the head",
            |exchange| {
                exchange.send(sse_head());
                exchange.wait_for_close();
            },
            3,
            "",
            "waited 1 s for the first byte of the answer",
        )
        .with(&["--timeout", "1"]),
        Fault::set_up(
            "nobody listens",
            unreachable,
            3,
            "no connection to 127.0.0.1:1: connection refused",
        ),
        Fault::set_up(
            "an unknown host",
            unknown,
            3,
            "the host nosuch.invalid was not found",
        ),
        Fault::set_up(
            "an unknown issuer",
            || tls(&["localhost"], Tls::VALID, false),
            1,
            "its issuer is unknown",
        ),
        Fault::set_up(
            "an expired certificate",
            || tls(&["localhost"], Tls::EXPIRED, true),
            1,
            "it has expired",
        ),
        Fault::set_up(
            "a certificate that is not valid yet",
            || tls(&["localhost"], (2100, 2120), true),
            1,
            "not valid yet",
        ),
        Fault::set_up(
            "a certificate of another host",
            || tls(&["elsewhere"], Tls::VALID, true),
            1,
            "it is for another host name",
        ),
        Fault::set_up(
            "no TLS",
            || greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            3,
            "the server does not speak TLS on this port",
        ),
        Fault::set_up(
            "closed in the handshake",
            || greeting(b""),
            3,
            "the connection to localhost broke",
        ),
        Fault::set_up(
            "a dead proxy",
            dead,
            3,
            "no connection to the proxy 127.0.0.1:1",
        ),
        Fault::set_up(
            "a proxy of another kind",
            socks,
            1,
            "the proxy https_proxy can't be used",
        ),
        Fault::set_up(
            "a proxy that wants a login",
            || proxy("HTTP/1.1 407 No\r\n\r\n"),
            1,
            "wants a user name and password",
        ),
        Fault::set_up(
            "a proxy that wants another login",
            || proxy("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n"),
            1,
            "by NTLM",
        ),
        Fault::set_up(
            "a proxy that forbids",
            || proxy("HTTP/1.1 403 No\r\n\r\n"),
            1,
            "us.inference.heroku.com:443 (403)",
        ),
        Fault::set_up(
            "a proxy that is down",
            || proxy("HTTP/1.1 503 No\r\n\r\n"),
            3,
            "answered 503",
        ),
        Fault::set_up(
            "a proxy that closes",
            || proxy(""),
            3,
            "closed the connection without an answer",
        ),
        Fault::set_up(
            "a proxy with a page",
            || proxy("<html>Sign in</html>\r\n\r\n"),
            1,
            "is not HTTP",
        ),
        Fault::set_up(
            "a proxy that answers itself",
            || proxy("HTTP/1.1 200 OK\r\n\r\n<html>Sign in"),
            1,
            "is no TLS",
        ),
    ];
    // Elsewhere a reset throws away what came before it.
    if cfg!(target_os = "linux") {
        rows.push(Fault::acts(
            "reset in the middle",
            then_reset(stream(&event("Hello"))),
            3,
            "Hello",
            "it was reset by the other side",
        ));
        rows.push(Fault::acts(
            "reset behind the finish",
            then_reset(stream(&format!("{}{finish}", event("Hello")))),
            0,
            "Hello",
            "",
        ));
    }
    rows
}
