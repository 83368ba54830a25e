//! The way through a proxy: what is said to the proxy, and a socket of our own that attohttpc takes
//! for its proxy and behind which bytes are only passed on, so that TLS stays end to end.
//!
//! attohttpc 0.31 can't be told what to say: its CONNECT carries the proxy's Host and an empty
//! login (`streams.rs:96`), its `http://` requests the proxy's Host and no login at all
//! (`request/mod.rs:220`).
//!
//! The socket is on loopback, takes one connection, and leads to the one target of this request.
//! Others on this machine can connect to it too, so only who shows a random word is let through.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use url::{Position, Url};

use super::http::Received;
use super::proxy::{self, Proxy};
use super::{http, reach};
use crate::config::secret::Secret;
use crate::error::{Error, NetworkFailure};

/// More than this is no head, in bytes.
const HEAD_LIMIT: usize = 16 * 1024;

/// attohttpc connects at once; who connects and says nothing is somebody else.
const HEAD_WAIT: Duration = Duration::from_secs(1);

/// What the socket answers its one client.
const ACCEPTED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// A tunnel that waits for its client.
pub struct Tunnel {
    /// The proxy that attohttpc is given.
    pub address: Url,
    /// For `http://`: the value of Proxy-Authorization that lets the request through.
    pub pass: Secret,
}

/// Connects to a proxy within `limit`, for requests to this URL. `deliver` gets the socket, by
/// which the wait for the proxy can be ended.
///
/// # Errors
/// Of the proxy, in words.
pub fn open(
    proxy: &Proxy,
    url: &Url,
    limit: Duration,
    deliver: &mut dyn FnMut(Received<'_>) -> bool,
) -> Result<Tunnel, Error> {
    let until = Instant::now() + limit;
    let server = reach::connect(&reach::resolve(&proxy.host, proxy.port)?, limit)
        .map_err(|error| reach::of_proxy(error, proxy))?;
    if let Ok(ours) = server.try_clone()
        && !deliver(Received::Proxy(ours))
    {
        // Nobody waits any more.
        _ = server.shutdown(Shutdown::Both);
    }
    let is_secure = url.scheme() == "https";
    if is_secure {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        connect(&server, proxy, host, port, until)?;
    }
    // What a request to an `http://` target says to the proxy in place of what attohttpc wrote.
    let rewritten = (!is_secure).then(|| {
        let host = &url[Position::BeforeHost..Position::AfterPort];
        format!("Host: {host}\r\n{}", login_line(proxy))
    });
    relay(server, rewritten, until).map_err(|error| proxy.failure(format!("no way to it: {error}")))
}

/// Waits for attohttpc on a thread, then passes bytes on until one side closes.
fn relay(server: TcpStream, rewritten: Option<String>, until: Instant) -> io::Result<Tunnel> {
    server.set_read_timeout(None)?;
    server.set_write_timeout(None)?;
    server.set_nodelay(true)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // Nobody on this machine can guess it.
    let mut random = [0; 16];
    http::fill_random(&mut random)?;
    let word: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let address = format!("http://{word}@{}", listener.local_addr()?);
    let pass = Secret::new(format!("Basic {}", proxy::basic(word.as_bytes(), b"")));
    let tunnel = Tunnel {
        address: address.parse().map_err(io::Error::other)?,
        pass: pass.clone(),
    };
    std::thread::Builder::new().spawn(move || {
        while Instant::now() < until
            && let Ok((client, _)) = listener.accept()
        {
            if let Ok(first) = greet(&client, &pass, rewritten.as_deref()) {
                drop(listener);
                _ = pump(client, server, &first);
                return;
            }
        }
    })?;
    Ok(tunnel)
}

/// Asks a proxy for a tunnel to a host, by RFC 9110 (9.3.6) and RFC 9112 (3.2.3).
///
/// # Errors
/// [`crate::error::NetworkFailure::Proxy`], with the proxy's status.
pub fn connect(
    stream: &TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
    until: Instant,
) -> Result<(), Error> {
    let target = format!("{host}:{port}");
    let head = format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {}\r\n{}\r\n",
        http::AGENT,
        login_line(proxy)
    );
    // It may be up again in a moment.
    let is_down = |reason: &str| {
        let reason = format!("the proxy {proxy} {reason}");
        let address = target.clone();
        Error::Network(NetworkFailure::Unreachable { address, reason })
    };
    let broken = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => is_down("closed the connection without an answer"),
        _ => proxy.failure(reach::reason(&error)),
    };
    { stream }.write_all(head.as_bytes()).map_err(broken)?;
    loop {
        let answer = read_head(stream, until).map_err(broken)?;
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        return match (response.parse(&answer), response.code) {
            (Ok(httparse::Status::Complete(_)), Some(code)) => match code {
                100..=199 => continue,
                200..=299 => Ok(()),
                407 => {
                    let headers = response.headers.iter();
                    let kinds = headers.map(|header| (header.name, header.value));
                    Err(refused_login(proxy, kinds))
                }
                502..=504 => Err(is_down(&format!("answered {code}"))),
                _ => Err(proxy.failure(format!("it refused to connect to {target} ({code})"))),
            },
            _ => Err(proxy.failure("what it answered is not HTTP")),
        };
    }
}

fn login_line(proxy: &Proxy) -> String {
    let login = proxy.login.as_ref().map(Secret::expose);
    login.map_or_else(String::new, |login| {
        format!("Proxy-Authorization: Basic {login}\r\n")
    })
}

/// What is wrong with the login, by the headers of a 407.
pub fn refused_login<'a>(
    proxy: &Proxy,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Error {
    let kinds: Vec<&str> = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"))
        .filter_map(|(_, value)| std::str::from_utf8(value).ok()?.split_whitespace().next())
        .collect();
    proxy.failure(
        if !kinds.is_empty() && !kinds.iter().any(|kind| kind.eq_ignore_ascii_case("basic")) {
            let kinds = kinds.join(" or ");
            format!("it wants a login by {kinds}, and only Basic is supported (407)")
        } else if proxy.login.is_some() {
            "it refused the user name and password of the variable (407)".to_owned()
        } else {
            "it wants a user name and password (407)".to_owned()
        },
    )
}

/// Acknowledges at once what was read. attohttpc writes CONNECT, and the end of the handshake, in
/// small pieces, each of which waits for the acknowledgement of the one before (there is no
/// TCP_NODELAY), which the system sends 40 ms late.
fn acknowledge(_stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = rustix::net::sockopt::set_tcp_quickack(_stream, true);
}

/// Reads a head with its empty line and not one byte beyond it, which is no longer ours. One that
/// ends early or never is given as it is.
fn read_head(mut stream: &TcpStream, until: Instant) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_LIMIT {
        let left = until.saturating_duration_since(Instant::now());
        // A limit of zero is an error of its own.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let mut byte = [0];
        match stream.read_exact(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !head.is_empty() => break,
            read => read?,
        }
        acknowledge(stream);
        head.extend(byte);
    }
    Ok(head)
}

/// Reads the head of the client's request, and makes sure that it is ours. What the proxy has to be
/// told before all else.
fn greet(client: &TcpStream, pass: &Secret, rewritten: Option<&str>) -> io::Result<String> {
    client.set_nodelay(true)?;
    let head = read_head(client, Instant::now() + HEAD_WAIT)?;
    let head = String::from_utf8_lossy(&head);
    let named = |line: &str, name: &str| {
        line.split(':')
            .next()
            .is_some_and(|other| other.eq_ignore_ascii_case(name))
    };
    let is_login = |line: &str| named(line, "proxy-authorization");
    let is_ours = |line: &str| is_login(line) && line.ends_with(&format!(": {}", pass.expose()));
    if !head.split("\r\n").any(is_ours) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    client.set_read_timeout(None)?;
    let Some(rewritten) = rewritten else {
        return { client }.write_all(ACCEPTED).map(|()| String::new());
    };
    let (request, rest) = head.split_once("\r\n").unwrap_or_default();
    let rest = rest.split_inclusive("\r\n");
    let rest: String = rest
        .filter(|line| !is_login(line) && !named(line, "host"))
        .collect();
    Ok(format!("{request}\r\n{rewritten}{rest}"))
}

/// Passes on bytes both ways. attohttpc never closes one direction alone, so the end of either is
/// the end of both.
fn pump(client: TcpStream, server: TcpStream, first: &str) -> io::Result<()> {
    { &server }.write_all(first.as_bytes())?;
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    std::thread::Builder::new().spawn(move || pass_on(&from, &to))?;
    pass_on(&server, &client);
    Ok(())
}

fn pass_on(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        acknowledge(from);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    _ = from.shutdown(Shutdown::Both);
    _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listener in a proxy's place.
    fn listening() -> (TcpListener, Proxy) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (variable, host) = ("http_proxy", "127.0.0.1".to_owned());
        let proxy = Proxy {
            variable,
            host,
            port,
            login: Some(Secret::new("bG9naW4=")),
        };
        (listener, proxy)
    }

    #[test]
    fn who_does_not_know_the_word_is_not_let_through() {
        let (listener, proxy) = listening();
        let url = Url::parse("http://service:81/path").unwrap();
        let tunnel = open(&proxy, &url, Duration::from_secs(20), &mut |_| true).unwrap();
        let local = (Ipv4Addr::LOCALHOST, tunnel.address.port().unwrap());
        for pass in ["", "Proxy-Authorization: Basic eDo=\r\n"] {
            let mut stranger = TcpStream::connect(local).unwrap();
            let head = format!("GET http://service:81/path HTTP/1.1\r\n{pass}\r\n");
            stranger.write_all(head.as_bytes()).unwrap();
            assert_eq!(stranger.read(&mut [0]).unwrap_or(0), 0, "{pass}");
        }
        let mut ours = TcpStream::connect(local).unwrap();
        let pass = tunnel.pass.expose();
        let head = format!(
            "GET http://service:81/path HTTP/1.1\r\nproxy-authorization: {pass}\r\n\
             host: 127.0.0.1\r\naccept: */*\r\n\r\n"
        );
        ours.write_all(head.as_bytes()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let seen = read_head(&server, Instant::now() + Duration::from_secs(20)).unwrap();
        let expected = "GET http://service:81/path HTTP/1.1\r\nHost: service:81\r\n\
                        Proxy-Authorization: Basic bG9naW4=\r\naccept: */*\r\n\r\n";
        assert_eq!(String::from_utf8(seen).unwrap(), expected);
    }

    #[test]
    fn a_proxy_that_says_nothing_is_given_up() {
        let (_listener, proxy) = listening();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
        let until = Instant::now() + Duration::from_millis(50);
        let error = connect(&stream, &proxy, "service", 443, until).unwrap_err();
        assert!(error.explain().title.contains("no answer"));
    }

    #[test]
    fn what_follows_a_head_is_left_to_its_reader() {
        let (listener, proxy) = listening();
        let mut sender = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
        sender.write_all(b"HTTP/1.1 200 OK\r\n\r\nrest").unwrap();
        drop(sender);
        let (mut stream, _) = listener.accept().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        assert_eq!(
            read_head(&stream, until).unwrap(),
            b"HTTP/1.1 200 OK\r\n\r\n"
        );
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "rest");
    }
}
