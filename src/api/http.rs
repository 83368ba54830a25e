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
//! 9. 1xx is returned as the response: an error.
//! 10. The TLS handshake and DNS have no time limit: the caller watches the clock and abandons the
//!     worker.
//! 11. Each request has a thread of its own, and a panic there is a failure like any other.
//! 12. Sizes are capped by the readers of the body.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;
use std::time::Duration;

use attohttpc::body::{Body, BodyKind};
use attohttpc::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use attohttpc::{ErrorKind, ProxySettings, Session};
use url::Url;

use super::proxy;
use crate::environment::Environment;
use crate::error::{CertificateFlaw, Error, NetworkFailure};
use crate::secret::Secret;

/// Limit of one TCP connection attempt.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

const READ_SIZE: usize = 16 * 1024;

/// How requests of this program are sent: through which proxy, trusting which certificates.
pub struct Http {
    environment: Environment,
    /// Built with the first request; loading the system's certificates takes 3 ms that a prompt
    /// need not wait for.
    session: OnceLock<Session>,
}

/// A request, ready to send.
#[derive(Clone, Debug)]
pub struct Request {
    pub url: Url,
    /// Sent as a Bearer token.
    pub key: Option<Secret>,
    pub accept: &'static str,
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
pub enum Received {
    /// The connection stands and the request is being written. Only for a POST.
    Connected,
    Head(Head),
    Body(Vec<u8>),
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
            session: OnceLock::new(),
        }
    }

    /// Sends a request, on the calling thread, and hands what comes to `deliver` until that returns
    /// false.
    pub fn send(&self, request: Request, deliver: &mut dyn FnMut(Received) -> bool) {
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| self.exchange(&request, deliver)));
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

    fn exchange(
        &self,
        request: &Request,
        deliver: &mut dyn FnMut(Received) -> bool,
    ) -> Result<(), Error> {
        let url = &request.url;
        let proxy = proxy::for_url(url, &self.environment)?.map(|(_, proxy)| proxy);
        let through = proxy.as_ref().map(proxy::shown);
        let settings = ProxySettings::builder()
            .http_proxy(proxy.clone())
            .https_proxy(proxy)
            .build();
        let session = self.session.get_or_init(|| session(url, &self.environment));
        let builder = match &request.body {
            Some(_) => session.post(url.as_str()),
            None => session.get(url.as_str()),
        };
        let mut builder = builder
            .proxy_settings(settings)
            .read_timeout(request.silence);
        add_headers(builder.headers_mut(), request)?;
        let outgoing = Outgoing {
            bytes: request.body.as_deref(),
            deliver: &mut *deliver,
        };
        let response = builder
            .body(outgoing)
            .send()
            .map_err(|error| classify(error, url, through.as_deref()))?;

        let (status, headers, mut body) = response.split();
        if status.is_informational() {
            return Err(garbled(url, "it answered with an interim status"));
        }
        let head = Head {
            status: status.as_u16(),
            headers: readable(&headers),
        };
        let expected = head
            .header("content-length")
            .and_then(|length| length.parse::<u64>().ok());
        let mut wanted = deliver(Received::Head(head));
        let mut count = 0;
        let mut buffer = [0; READ_SIZE];
        while wanted {
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    count += length as u64;
                    wanted = deliver(Received::Body(buffer[..length].to_vec()));
                }
                // The process was stopped and goes on (Ctrl-Z, fg): nothing was read, and nothing
                // is lost. Where a part of something was read, std has gone on by itself.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(classify_io(&error, url, through.as_deref())),
            }
        }
        match expected {
            Some(expected) if wanted && count < expected => {
                Err(lost(url, &format!("only {count} of {expected} bytes came")))
            }
            _ => Ok(()),
        }
    }
}

fn add_headers(headers: &mut HeaderMap, request: &Request) -> Result<(), Error> {
    headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(key) = &request.key {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
        let mut value =
            value.map_err(|_| lost(&request.url, "the key does not fit into a header"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(())
}

fn session(url: &Url, environment: &Environment) -> Session {
    // Fails where a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut session = Session::new();
    session.follow_redirects(false);
    session.connect_timeout(CONNECT_LIMIT);
    if url.scheme() == "https" {
        for certificate in roots(environment) {
            session.add_root_certificate(certificate);
        }
    }
    session
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` say all where they are set; else the bundled roots and the
/// system's.
pub(super) fn roots(environment: &Environment) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    let mut roots = rustls_native_certs::load_native_certs().certs;
    if environment
        .first(&["SSL_CERT_FILE", "SSL_CERT_DIR"])
        .is_none()
    {
        let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        roots.extend(
            bundled
                .iter()
                .filter(|root| !roots.contains(root))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    // The system's store may hold certificates that rustls refuses, and one of those would fail
    // every request.
    roots.retain(|root| rustls::RootCertStore::empty().add(root.clone()).is_ok());
    roots
}

/// The body, which tells when it is written: then DNS, TCP and TLS are done.
struct Outgoing<'a> {
    bytes: Option<&'a [u8]>,
    deliver: &'a mut dyn FnMut(Received) -> bool,
}

impl Body for Outgoing<'_> {
    fn kind(&mut self) -> io::Result<BodyKind> {
        Ok(self.bytes.map_or(BodyKind::Empty, |bytes| {
            BodyKind::KnownLength(bytes.len() as u64)
        }))
    }

    fn write<W: Write>(&mut self, mut writer: W) -> io::Result<()> {
        // Nobody waits any more: what isn't sent isn't paid for.
        if !(self.deliver)(Received::Connected) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        writer.write_all(self.bytes.unwrap_or_default())
    }

    fn content_type(&mut self) -> io::Result<Option<String>> {
        Ok(self.bytes.map(|_| "application/json".to_owned()))
    }
}

fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

fn lost(url: &Url, reason: &str) -> Error {
    Error::Network(NetworkFailure::Lost {
        host: host(url),
        reason: reason.to_owned(),
    })
}

fn garbled(url: &Url, reason: &str) -> Error {
    Error::Network(NetworkFailure::Garbled {
        host: host(url),
        reason: reason.to_owned(),
    })
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn address(url: &Url) -> String {
    format!(
        "{}:{}",
        host(url),
        url.port_or_known_default().unwrap_or_default()
    )
}

fn classify(error: attohttpc::Error, url: &Url, proxy: Option<&str>) -> Error {
    match error.kind() {
        ErrorKind::Io(error) => classify_io(error, url, proxy),
        ErrorKind::ConnectError { status_code, .. } => {
            let reason = match status_code.as_u16() {
                407 => "it wants a user name and password, or refused those of the proxy variable (407)".to_owned(),
                status => format!("it refused to connect to {} ({status})", address(url)),
            };
            Error::Network(NetworkFailure::Proxy {
                proxy: proxy.unwrap_or_default().to_owned(),
                reason,
            })
        }
        ErrorKind::InvalidResponse(what) => garbled(url, &what.to_string()),
        _ if error.to_string().contains("root trust anchors") => {
            Error::Network(NetworkFailure::NoRoots)
        }
        _ => garbled(url, &error.to_string()),
    }
}

fn classify_io(error: &io::Error, url: &Url, proxy: Option<&str>) -> Error {
    if let Some(tls) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return Error::Network(classify_tls(tls, host(url)));
    }
    if let Some(inner) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<attohttpc::Error>())
    {
        return garbled(url, &inner.to_string());
    }
    let text = error.to_string();
    let target = proxy.map_or_else(|| address(url), |proxy| format!("the proxy {proxy}"));
    Error::Network(match error.kind() {
        // The resolver's failures have neither a kind nor a number of their own.
        _ if text.contains("lookup address") => NetworkFailure::UnknownHost {
            host: proxy.map_or_else(|| host(url), str::to_owned),
            reason: text.rsplit(": ").next().unwrap_or(&text).to_owned(),
        },
        io::ErrorKind::ConnectionRefused => NetworkFailure::Unreachable {
            address: target,
            reason: "connection refused".to_owned(),
        },
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NetworkFailure::Unreachable {
            address: target,
            reason: "no answer".to_owned(),
        },
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => NetworkFailure::Unreachable {
            address: target,
            reason: "no route to it".to_owned(),
        },
        io::ErrorKind::UnexpectedEof => NetworkFailure::Lost {
            host: host(url),
            reason: "it was closed before the answer was complete".to_owned(),
        },
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted => NetworkFailure::Lost {
            host: host(url),
            reason: "it was reset by the other side".to_owned(),
        },
        _ => NetworkFailure::Lost {
            host: host(url),
            reason: text,
        },
    })
}

/// A failure of TLS in words.
pub(super) fn classify_tls(error: &rustls::Error, host: String) -> NetworkFailure {
    use rustls::{CertificateError as Bad, Error as Tls};
    let (flaw, reason) = match error {
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            (CertificateFlaw::Time, "it has expired".to_owned())
        }
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            (CertificateFlaw::Time, "it is not valid yet".to_owned())
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => (
            CertificateFlaw::Name,
            "it is for another host name".to_owned(),
        ),
        Tls::InvalidCertificate(Bad::UnknownIssuer) => {
            (CertificateFlaw::Issuer, "its issuer is unknown".to_owned())
        }
        Tls::InvalidCertificate(other) => (
            CertificateFlaw::Issuer,
            format!("it can't be verified ({other})"),
        ),
        Tls::InvalidMessage(_) => {
            return NetworkFailure::Tls {
                host,
                reason: "the server does not speak TLS on this port".to_owned(),
            };
        }
        other => {
            return NetworkFailure::Tls {
                host,
                reason: other.to_string(),
            };
        }
    };
    NetworkFailure::Certificate { host, flaw, reason }
}
