//! One HTTP request over attohttpc, which is named here and nowhere else, with its guard rails. It
//! knows nothing of chats. What it bends around was measured with attohttpc 0.31.0:
//!
//! 1. The `ring` features bring no root certificates: ours are added, each tried first, because a
//!    bad one fails every request.
//! 2. Redirects would carry the key to another host: never followed.
//! 3. After a read error the reader returns framing as data or panics: the response is dropped at
//!    once.
//! 4. Compression delays the head: not compiled in.
//! 5. Proxies are decided by [`proxy`].
//! 6. Bad URLs and keys panic: both arrive parsed and checked.
//! 7. The key is marked sensitive.
//! 8. A short `Content-Length` body ends without an error: counted here; the end of a stream is
//!    judged by its content.
//! 9. 1xx is returned as the response: [`interim`] reads on.
//! 10. The TLS handshake and DNS have no time limit: the caller watches the clock and ends the
//!     connection.
//! 11. Each request has a thread of its own, and a panic there is a failure like any other.
//! 12. Sizes are capped by the readers of the body.
//! 13. The end of a body is waited for even if the status has none: not read.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;
use std::time::Duration;

use attohttpc::body::{Body, BodyKind};
use attohttpc::header::{
    ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use attohttpc::{ErrorKind, InvalidResponseKind, ProxySettings, Session};
use rustls::pki_types::CertificateDer;
use url::Url;

use super::proxy::{self, Proxy};
use super::roots;
use super::{certificate, interim, reach, tunnel};
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::error::{Error, NetworkFailure};

/// Limit of one TCP connection attempt.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Limit of all that is to be said to a proxy; less than [`CONNECT_LIMIT`], so that it is the proxy
/// that is named.
const PROXY_LIMIT: Duration = Duration::from_secs(9);

const READ_SIZE: usize = 16 * 1024;

/// How much of a request is written between two looks at whether anybody still waits. A request of
/// text alone is rarely longer.
const WRITE_SIZE: usize = 64 * 1024;

/// Some services send more than attohttpc's hundred. A line has 16 KiB at most.
pub const HEADERS: usize = 1000;

/// How requests of this program are sent: through which proxy, trusting which certificates.
pub struct Http {
    environment: Environment,
    /// Loaded with the first request over TLS; the system's take 3 ms that a prompt need not wait
    /// for.
    roots: OnceLock<Vec<CertificateDer<'static>>>,
}

/// A request, ready to send.
#[derive(Clone, Debug)]
pub struct Request {
    pub url: Url,
    /// Sent as a Bearer token.
    pub key: Option<Secret>,
    pub accept: &'static str,
    /// Further headers, names in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// How long the worker itself bears a silent socket. Its caller stops waiting before.
    pub silence: Duration,
    /// JSON to POST; without one the request is a GET.
    pub body: Option<Vec<u8>>,
}

/// The head of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// Names in lower case, in the order of the response.
    pub headers: Vec<(String, String)>,
}

/// What a worker delivers, in this order; `End` or `Failed` is the last.
#[derive(Debug)]
pub enum Received<'a> {
    /// The way to the proxy stands, and is about to be asked for the way on.
    Proxy(TcpStream),
    /// The connection stands, and this is about to be written, unless it is changed to something as
    /// long. Only for a POST.
    Connected(&'a mut [u8]),
    /// Some of the request is written, and more will be.
    Written,
    Head(Head),
    Body(&'a [u8]),
    End,
    Failed(Error),
}

impl Request {
    /// The request's head as `--debug` shows it.
    pub fn head_lines(&self) -> Vec<String> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut lines = vec![format!("{method} {}", self.url)];
        if self.key.is_some() {
            lines.push("authorization: Bearer (redacted)".to_owned());
        }
        lines.push(format!("accept: {}", self.accept));
        lines.push(format!("user-agent: {AGENT}"));
        let more = self.headers.iter();
        lines.extend(more.map(|(name, value)| format!("{name}: {value}")));
        if let Some(body) = &self.body {
            lines.push("content-type: application/json".to_owned());
            lines.push(format!("content-length: {}", body.len()));
        }
        lines
    }
}

/// What the service sees of this program.
pub const AGENT: &str = concat!("heroku-chat/", env!("CARGO_PKG_VERSION"));

impl Head {
    /// How the body is compressed, which nobody asked for.
    pub fn packing(&self) -> Option<&str> {
        let packing = self.header("content-encoding").map(str::trim);
        packing.filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("identity"))
    }

    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Http {
    /// Reads proxies from this environment. Certificate files are found by rustls-native-certs, in
    /// the process's.
    pub fn new(environment: Environment) -> Self {
        Http {
            environment,
            roots: OnceLock::new(),
        }
    }

    /// Sends a request, on the calling thread, and hands what comes to `deliver` until that returns
    /// false.
    pub fn send(&self, mut request: Request, deliver: &mut dyn FnMut(Received<'_>) -> bool) {
        let mut body = request.body.take();
        let body = body.as_deref_mut();
        let exchange = AssertUnwindSafe(|| self.exchange(&request, body, deliver));
        let outcome = panic::catch_unwind(exchange);
        let last = match outcome {
            Ok(Ok(())) => Received::End,
            Ok(Err(error)) => Received::Failed(error),
            Err(_) => Received::Failed(garbled(
                &request.url,
                "the HTTP client gave up on what the server sent",
            )),
        };
        deliver(last);
    }

    fn session(&self, url: &Url) -> Result<Session, Error> {
        // Fails if a provider is installed already, which is as good.
        _ = rustls::crypto::ring::default_provider().install_default();
        let mut session = Session::new();
        session.follow_redirects(false);
        session.connect_timeout(CONNECT_LIMIT);
        session.max_headers(HEADERS);
        if url.scheme() == "https" {
            let roots = match self.roots.get() {
                Some(roots) => roots,
                None => {
                    let roots = roots::trusted(&self.environment)?;
                    self.roots.get_or_init(|| roots)
                }
            };
            for root in roots {
                session.add_root_certificate(root.clone());
            }
        }
        Ok(session)
    }

    fn exchange(
        &self,
        request: &Request,
        body: Option<&mut [u8]>,
        deliver: &mut dyn FnMut(Received<'_>) -> bool,
    ) -> Result<(), Error> {
        let url = &request.url;
        let proxy = proxy::for_url(url, &self.environment)?;
        let through = proxy.as_ref();
        let session = self.session(url)?;
        let tunnel = through
            .map(|proxy| tunnel::open(proxy, url, PROXY_LIMIT, &mut *deliver))
            .transpose()?;
        let address = tunnel.as_ref().map(|tunnel| tunnel.address.clone());
        let settings = ProxySettings::builder()
            .http_proxy(address.clone())
            .https_proxy(address)
            .build();
        let builder = match &body {
            Some(_) => session.post(url.as_str()),
            None => session.get(url.as_str()),
        };
        let mut builder = builder
            .proxy_settings(settings)
            .read_timeout(request.silence);
        let headers = builder.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in request.headers {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        if let Some(key) = &request.key {
            let value = secret_value(url, &format!("Bearer {}", key.expose()))?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(tunnel) = tunnel.as_ref().filter(|_| url.scheme() == "http") {
            headers.insert(
                PROXY_AUTHORIZATION,
                secret_value(url, tunnel.pass.expose())?,
            );
        }
        let outgoing = Outgoing {
            bytes: body,
            deliver: &mut *deliver,
        };
        let response = builder
            .body(outgoing)
            .send()
            .map_err(|error| classify(error, url, through))
            .map_err(|error| roots::judged(error, &self.environment))?;

        let (status, headers, body) = response.split();
        let (head, mut body): (Head, Box<dyn Read>) = match status.as_u16() {
            100 | 102..=199 => {
                interim::response(body).map_err(|error| classify_io(&error, url, through))?
            }
            status => {
                let headers = headers.iter().map(readable).collect();
                (Head { status, headers }, Box::new(body))
            }
        };
        if head.status == 101 {
            return Err(garbled(url, "it changes to another protocol"));
        }
        if let Some(proxy) = through.filter(|_| head.status == 407 && url.scheme() == "http") {
            let headers = head.headers.iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
            return Err(tunnel::refused_login(proxy, headers));
        }
        let has_no_body = matches!(head.status, 204 | 205 | 304);
        let expected = head
            .header("content-length")
            .and_then(|length| length.parse::<u64>().ok());
        let mut wanted = deliver(Received::Head(head)) && !has_no_body;
        let mut count = 0;
        let mut buffer = [0; READ_SIZE];
        while wanted {
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    count += length as u64;
                    wanted = deliver(Received::Body(&buffer[..length]));
                }
                // The process was stopped and goes on (Ctrl-Z, fg): nothing was read, and nothing
                // is lost. If a part of something was read, std has gone on by itself.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(classify_io(&error, url, through)),
            }
        }
        match expected {
            Some(expected) if wanted && count < expected => {
                Err(lost(url, format!("only {count} of {expected} bytes came")))
            }
            _ => Ok(()),
        }
    }
}

fn secret_value(url: &Url, text: &str) -> Result<HeaderValue, Error> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| lost(url, "the key does not fit into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Fills a buffer with what nobody can guess.
pub(super) fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    let random = rustls::crypto::ring::default_provider().secure_random;
    random
        .fill(bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))
}

/// The body, which tells when it is written: then DNS, TCP and TLS are done.
struct Outgoing<'a> {
    bytes: Option<&'a mut [u8]>,
    deliver: &'a mut dyn FnMut(Received<'_>) -> bool,
}

impl Body for Outgoing<'_> {
    fn kind(&mut self) -> io::Result<BodyKind> {
        Ok(self.bytes.as_ref().map_or(BodyKind::Empty, |bytes| {
            BodyKind::KnownLength(bytes.len() as u64)
        }))
    }

    fn write<W: Write>(&mut self, mut writer: W) -> io::Result<()> {
        // Nobody waits any more: what isn't sent isn't paid for.
        let bytes = self.bytes.as_deref_mut().unwrap_or_default();
        if !(self.deliver)(Received::Connected(bytes)) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        for (place, piece) in bytes.chunks(WRITE_SIZE).enumerate() {
            if place > 0 && !(self.deliver)(Received::Written) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            writer.write_all(piece)?;
        }
        Ok(())
    }

    fn content_type(&mut self) -> io::Result<Option<String>> {
        Ok(self.bytes.as_ref().map(|_| "application/json".to_owned()))
    }
}

fn readable((name, value): (&HeaderName, &HeaderValue)) -> (String, String) {
    let text = String::from_utf8_lossy(value.as_bytes());
    (name.as_str().to_owned(), text.into_owned())
}

fn lost(url: &Url, reason: impl Into<String>) -> Error {
    let (host, reason) = (host(url), reason.into());
    Error::Network(NetworkFailure::Lost { host, reason })
}

fn garbled(url: &Url, reason: impl Into<String>) -> Error {
    let (host, reason) = (host(url), reason.into());
    Error::Network(NetworkFailure::Garbled { host, reason })
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn classify(error: attohttpc::Error, url: &Url, proxy: Option<&Proxy>) -> Error {
    match error.kind() {
        // attohttpc gives both the same name.
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => lost(
            url,
            "it was closed before an answer came, or a line of its head is longer than 16 KiB",
        ),
        ErrorKind::Io(error) => classify_io(error, url, proxy),
        ErrorKind::InvalidResponse(InvalidResponseKind::Header) => {
            garbled(url, "its head is too long, or malformed")
        }
        ErrorKind::InvalidResponse(what) => garbled(url, what.to_string()),
        _ => garbled(url, error.to_string()),
    }
}

fn classify_io(error: &io::Error, url: &Url, proxy: Option<&Proxy>) -> Error {
    let inner = error.get_ref();
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref()) {
        return match (tls, proxy) {
            (rustls::Error::InvalidMessage(_), Some(proxy)) => {
                proxy.failure("what it passes on is no TLS")
            }
            _ => Error::Network(certificate::classify(tls, host(url))),
        };
    }
    // Behind a head that was HTTP.
    if inner.is_some_and(|inner| inner.is::<attohttpc::Error>()) {
        return lost(url, interim::BROKEN);
    }
    let text = error.to_string();
    // The resolver's failures have neither a kind nor a number of their own.
    if text.contains("lookup address") {
        return reach::unknown(&host(url), &text);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::TimedOut
        | io::ErrorKind::WouldBlock
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => {
            let port = url.port_or_known_default().unwrap_or_default();
            reach::unreachable(format!("{}:{port}", host(url)), error)
        }
        _ => lost(url, reach::reason(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_upload_is_told_as_it_goes_on_and_stops_with_the_wait() {
        for (wanted, length) in [(5, 2 * WRITE_SIZE + 1), (2, WRITE_SIZE)] {
            let mut bytes = vec![b'x'; 2 * WRITE_SIZE + 1];
            let (mut told, mut written) = (0, Vec::new());
            let outcome = Outgoing {
                bytes: Some(&mut bytes),
                deliver: &mut |received| {
                    told += 1;
                    assert_eq!(told == 1, matches!(received, Received::Connected(_)));
                    told < wanted
                },
            }
            .write(&mut written);
            assert_eq!(outcome.is_ok(), wanted > 3);
            assert_eq!(written.len(), length);
        }
    }
}
