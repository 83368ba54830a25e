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
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use url::Url;

use super::proxy::Proxy;
use super::reach;
use crate::config::secret::Secret;
use crate::error::Error;

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
    local: SocketAddr,
    /// Whether its client has yet to come.
    is_waiting: Arc<AtomicBool>,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // No client came, and none will: one that means nothing ends the wait for it.
        if self.is_waiting.swap(false, Ordering::SeqCst) {
            _ = TcpStream::connect(self.local);
        }
    }
}

/// Connects to a proxy within `limit`, for requests to this URL.
///
/// # Errors
/// Of the proxy, in words.
pub fn open(proxy: &Proxy, url: &Url, limit: Duration) -> Result<Tunnel, Error> {
    let until = Instant::now() + limit;
    let broken = |error: io::Error| proxy.failure(format!("no way to it: {error}"));
    let server = reach::connect(&reach::resolve(&proxy.host, proxy.port)?, limit)
        .map_err(|error| reach::of_proxy(error, proxy))?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let is_secure = url.scheme() == "https";
    if is_secure {
        connect(&server, proxy, host, port, until)?;
    }
    server
        .set_read_timeout(None)
        .and_then(|()| server.set_write_timeout(None))
        .and_then(|()| server.set_nodelay(true))
        .map_err(broken)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(broken)?;
    let local = listener.local_addr().map_err(broken)?;
    let word = random_word().map_err(broken)?;
    let address = Url::parse(&format!("http://{word}@{local}"))
        .map_err(|error| proxy.failure(error.to_string()))?;
    let pass = Secret::new(format!(
        "Basic {}",
        super::proxy::basic(word.as_bytes(), b"")
    ));
    let is_waiting = Arc::new(AtomicBool::new(true));
    let relay = Relay {
        is_waiting: Arc::clone(&is_waiting),
        listener,
        server,
        pass: pass.clone(),
        rewritten: (!is_secure).then(|| Rewritten {
            host: authority(url),
            login: proxy.login.clone(),
        }),
        until,
    };
    std::thread::Builder::new()
        .name("tunnel".to_owned())
        .spawn(move || relay.run())
        .map_err(broken)?;
    Ok(Tunnel {
        address,
        pass,
        local,
        is_waiting,
    })
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
        super::http::AGENT,
        login_line(proxy.login.as_ref())
    );
    let broken = |error: io::Error| proxy.failure(silence(&error));
    { stream }.write_all(head.as_bytes()).map_err(broken)?;
    loop {
        let answer = read_head(stream, until).map_err(broken)?;
        let mut lines = answer.split("\r\n");
        let mut status = lines.next().unwrap_or_default().split_whitespace();
        let is_http = status.next().is_some_and(|word| word.starts_with("HTTP/"));
        let code = status.next().and_then(|code| code.parse::<u16>().ok());
        return match code.filter(|_| is_http) {
            Some(100..=199) => continue,
            Some(200..=299) => Ok(()),
            Some(407) => Err(refused_login(
                proxy,
                lines.filter_map(|line| line.split_once(':')),
            )),
            Some(code) => Err(proxy.failure(format!("it refused to connect to {target} ({code})"))),
            None => Err(proxy.failure("what it answered is not HTTP")),
        };
    }
}

fn login_line(login: Option<&Secret>) -> String {
    login.map_or_else(String::new, |login| {
        format!("Proxy-Authorization: Basic {}\r\n", login.expose())
    })
}

/// What is wrong with the login, by the headers of a 407.
pub fn refused_login<'a>(
    proxy: &Proxy,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
) -> Error {
    let kinds: Vec<&str> = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"))
        .filter_map(|(_, value)| value.split_whitespace().next())
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

/// A failure while the proxy is asked, in words; Unix reports a time limit as "resource temporarily
/// unavailable".
fn silence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            "it takes connections and does not answer in time".to_owned()
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => "it closed the connection without an answer".to_owned(),
        io::ErrorKind::InvalidData => "what it answered is not HTTP".to_owned(),
        _ => error.to_string(),
    }
}

/// Acknowledges at once what was read. attohttpc writes CONNECT, and the end of the handshake, in
/// small pieces, each of which waits for the acknowledgement of the one before (there is no
/// TCP_NODELAY), which the system sends 40 ms late.
fn acknowledge(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        _ = rustix::net::sockopt::set_tcp_quickack(stream, true);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

/// Reads a head with its empty line and not one byte beyond it, which is no longer ours.
fn read_head(mut stream: &TcpStream, until: Instant) -> io::Result<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // A limit of zero is an error of its own.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let seen = stream.peek(&mut buffer)?;
        let before = head.len();
        head.extend_from_slice(&buffer[..seen]);
        let end = head.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let used = end.map_or(seen, |end| end + 4 - before);
        stream.read_exact(&mut buffer[..used])?;
        acknowledge(stream);
        if let Some(end) = end {
            head.truncate(end + 4);
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
        if seen == 0 {
            return Err(match head.is_empty() {
                true => io::ErrorKind::UnexpectedEof.into(),
                false => io::ErrorKind::InvalidData.into(),
            });
        }
        if head.len() > HEAD_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// A word nobody on this machine can guess.
fn random_word() -> io::Result<String> {
    let mut bytes = [0; 16];
    super::http::fill_random(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Host and port as `Host` names them: the port only if it isn't that of the scheme.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a request to an `http://` target says to the proxy in place of what attohttpc wrote.
struct Rewritten {
    host: String,
    login: Option<Secret>,
}

/// Waits for attohttpc, then passes bytes on until one side closes.
struct Relay {
    listener: TcpListener,
    server: TcpStream,
    pass: Secret,
    is_waiting: Arc<AtomicBool>,
    rewritten: Option<Rewritten>,
    until: Instant,
}

impl Relay {
    fn run(self) {
        let Relay {
            listener,
            server,
            pass,
            is_waiting,
            rewritten,
            until,
        } = self;
        while Instant::now() < until {
            let Ok((client, _)) = listener.accept() else {
                return;
            };
            if !is_waiting.load(Ordering::SeqCst) {
                return;
            }
            let Ok(first) = greet(&client, &pass, rewritten.as_ref()) else {
                continue;
            };
            drop(listener);
            is_waiting.store(false, Ordering::SeqCst);
            _ = pump(client, server, &first);
            return;
        }
    }
}

/// Reads the head of the client's request, and makes sure that it is ours. What the proxy has to be
/// told before all else.
fn greet(client: &TcpStream, pass: &Secret, rewritten: Option<&Rewritten>) -> io::Result<String> {
    client.set_nodelay(true)?;
    let head = read_head(client, Instant::now() + HEAD_WAIT)?;
    let is_ours = |line: &str| {
        line.split_once(": ")
            .is_some_and(|(name, value)| is_login(name) && value == pass.expose())
    };
    if !head.split("\r\n").any(is_ours) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    client.set_read_timeout(None)?;
    match rewritten {
        Some(rewritten) => Ok(rewritten.apply(&head)),
        None => { client }.write_all(ACCEPTED).map(|()| String::new()),
    }
}

fn is_login(name: &str) -> bool {
    name.eq_ignore_ascii_case("proxy-authorization")
}

impl Rewritten {
    fn apply(&self, head: &str) -> String {
        let mut lines = head.split_inclusive("\r\n");
        let request = lines.next().unwrap_or_default();
        let is_kept = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default();
            !is_login(name) && !name.eq_ignore_ascii_case("host")
        };
        let rest: String = lines.filter(is_kept).collect();
        let login = login_line(self.login.as_ref());
        format!("{request}Host: {}\r\n{login}{rest}", self.host)
    }
}

/// Passes on bytes both ways. attohttpc never closes one direction alone, so the end of either is
/// the end of both.
fn pump(client: TcpStream, server: TcpStream, first: &str) -> io::Result<()> {
    let close = |one: &TcpStream, other: &TcpStream| {
        _ = one.shutdown(Shutdown::Both);
        _ = other.shutdown(Shutdown::Both);
    };
    { &server }.write_all(first.as_bytes())?;
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    let upward = std::thread::Builder::new()
        .name("tunnel-up".to_owned())
        .spawn(move || {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(count @ 1..) = { &from }.read(&mut buffer) {
                acknowledge(&from);
                if { &to }.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            close(&from, &to);
        })?;
    _ = io::copy(&mut { &server }, &mut { &client });
    close(&client, &server);
    _ = upward.join();
    Ok(())
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
        let tunnel = open(&proxy, &url, Duration::from_secs(20)).unwrap();
        for pass in ["", "Proxy-Authorization: Basic eDo=\r\n"] {
            let mut stranger = TcpStream::connect(tunnel.local).unwrap();
            let head = format!("GET http://service:81/path HTTP/1.1\r\n{pass}\r\n");
            stranger.write_all(head.as_bytes()).unwrap();
            assert_eq!(stranger.read(&mut [0]).unwrap_or(0), 0, "{pass}");
        }
        let mut ours = TcpStream::connect(tunnel.local).unwrap();
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
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_proxy_that_says_nothing_is_given_up() {
        let (_listener, proxy) = listening();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
        let until = Instant::now() + Duration::from_millis(50);
        let error = connect(&stream, &proxy, "service", 443, until).unwrap_err();
        assert!(error.explain().title.contains("does not answer in time"));
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
            "HTTP/1.1 200 OK\r\n\r\n"
        );
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "rest");
    }
}
