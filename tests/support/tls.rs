//! A TLS server with a certificate of its own, good or bad, and a proxy to reach it by any name.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::served::Served;

/// A running server. Trusted by whoever trusts `certificate`.
pub struct Tls {
    pub port: u16,
    /// As PEM, for SSL_CERT_FILE.
    pub certificate: String,
    served: Served,
}

impl Tls {
    /// Years in which a certificate is valid.
    pub const VALID: (i32, i32) = (2020, 2120);
    pub const EXPIRED: (i32, i32) = (2020, 2021);

    /// Answers every request line with what `answer` makes of it, and closes.
    pub fn serve(
        names: &[&str],
        years: (i32, i32),
        answer: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = rcgen::CertificateParams::new(names).expect("names of a certificate");
        parameters.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a private key");
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("TLS versions")
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], private)
                .expect("a server");
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let served = Served::default();
        let seen = served.seen();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, answer, seen) =
                    (Arc::clone(&config), Arc::clone(&answer), Arc::clone(&seen));
                seen.called();
                thread::spawn(move || {
                    seen.answer(stream, |stream| respond(stream, config, &*answer))
                });
            }
        });
        Tls {
            port,
            certificate: certificate.pem(),
            served,
        }
    }

    /// Nobody has to call it.
    pub fn stand_by(self) -> Self {
        self.served.may_stay_idle();
        self
    }
}

fn respond(stream: TcpStream, config: Arc<ServerConfig>, answer: &dyn Fn(&str) -> String) {
    let connection = ServerConnection::new(config).expect("a connection");
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut request = String::new();
    if reader.read_line(&mut request).is_err() || request.is_empty() {
        return;
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let mut tls = reader.into_inner();
    let _ = tls.write_all(answer(request.trim()).as_bytes());
    tls.conn.send_close_notify();
    let _ = tls.flush();
}

/// A proxy that connects every CONNECT to one port of this machine, or refuses them all with a
/// status.
pub struct Proxy {
    pub port: u16,
    /// Of each request that it got.
    pub heads: Receiver<String>,
    served: Served,
}

impl Proxy {
    pub fn start(outcome: Result<u16, u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let served = Served::default();
        let seen = served.seen();
        let (sender, heads) = mpsc::channel();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                seen.called();
                seen.answer(client, |client| connect(client, outcome, &sender));
            }
        });
        Proxy {
            port,
            heads,
            served,
        }
    }

    /// Nobody has to call it.
    pub fn stand_by(self) -> Self {
        self.served.may_stay_idle();
        self
    }
}

fn connect(mut client: TcpStream, outcome: Result<u16, u16>, heads: &Sender<String>) {
    let mut reader = BufReader::new(client.try_clone().expect("another handle"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        // Who only looks whether somebody listens asks for nothing.
        if reader.read_line(&mut head).expect("a head") == 0 {
            return;
        }
    }
    _ = heads.send(head);
    let handle = |stream: &TcpStream| stream.try_clone().expect("another handle");
    match outcome {
        Err(status) => _ = client.write_all(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes()),
        Ok(target) => {
            let server = TcpStream::connect(("127.0.0.1", target)).expect("the target listens");
            client
                .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
                .expect("the client listens");
            carry(handle(&client), handle(&server));
            carry(server, client);
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}
