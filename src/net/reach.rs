//! The way to a host, one step at a time: name, connection, TLS. A request takes all of it in one
//! go; `doctor` wants to know which step fails.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::proxy::Proxy;
use super::{certificate, roots};
use crate::config::environment::Environment;
use crate::error::{Error, NetworkFailure};

/// The addresses of a host. Takes as long as the system's resolver does.
///
/// # Errors
/// [`NetworkFailure::UnknownHost`].
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    // The resolver takes an IPv6 address without the brackets it has in a URL.
    let addresses = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    let addresses: Vec<SocketAddr> = addresses
        .map_err(|error| unknown(host, &error.to_string()))?
        .collect();
    match addresses.is_empty() {
        true => Err(unknown(host, "it has no address")),
        false => Ok(addresses),
    }
}

/// The resolver's failure, without its own words before the reason.
pub fn unknown(host: &str, words: &str) -> Error {
    Error::Network(NetworkFailure::UnknownHost {
        host: host.to_owned(),
        reason: words.rsplit(": ").next().unwrap_or(words).to_owned(),
    })
}

/// A connection to the first address that takes one, each given a share of `limit`.
///
/// # Errors
/// [`NetworkFailure::Unreachable`], with the reason of the last address.
pub fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, Error> {
    let share = limit / u32::try_from(addresses.len().clamp(1, 4)).unwrap_or(1);
    let mut failure = unreachable(String::new(), &io::ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                _ = stream.set_read_timeout(Some(limit));
                _ = stream.set_write_timeout(Some(limit));
                return Ok(stream);
            }
            Err(error) => failure = unreachable(address.to_string(), &error),
        }
    }
    Err(failure)
}

/// That no connection could be made.
pub fn unreachable(address: String, error: &io::Error) -> Error {
    let reason = reason(error);
    Error::Network(NetworkFailure::Unreachable { address, reason })
}

/// What a connection failed with, in words; Unix reports a time limit as "resource temporarily
/// unavailable".
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer".to_owned(),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => "no route to it".to_owned(),
        io::ErrorKind::UnexpectedEof => "it was closed before the answer was complete".to_owned(),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted => "it was reset by the other side".to_owned(),
        _ => error.to_string(),
    }
}

/// The same failure, of a proxy on the way.
pub fn of_proxy(error: Error, proxy: &Proxy) -> Error {
    match error {
        Error::Network(NetworkFailure::Unreachable { reason, .. }) => {
            let address = format!("the proxy {proxy}");
            Error::Network(NetworkFailure::Unreachable { address, reason })
        }
        other => other,
    }
}

/// A TLS handshake, trusting what requests trust. The version that was agreed on.
///
/// # Errors
/// [`NetworkFailure::Certificate`] with the issuer if that is the trouble, else
/// [`NetworkFailure::Tls`].
pub fn handshake(
    host: &str,
    mut stream: TcpStream,
    environment: &Environment,
) -> Result<&'static str, Error> {
    let failed = |error: &dyn fmt::Display| {
        let (host, reason) = (host.to_owned(), error.to_string());
        Error::Network(NetworkFailure::Tls { host, reason })
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots::trusted(environment)?);
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
            .build()
            .map_err(|error| failed(&error))?;
    let witness = Arc::new(Witness {
        verifier,
        seen: OnceLock::new(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error))?;
    let mut connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| failed(&error))?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            let failure = Error::Network(classify(&error, host, &witness));
            return Err(roots::judged(failure, environment));
        }
    }
    Ok(match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS 1.2",
    })
}

fn classify(error: &io::Error, host: &str, witness: &Witness) -> NetworkFailure {
    let host = host.to_owned();
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref()) else {
        let reason = reason(error);
        return NetworkFailure::Tls { host, reason };
    };
    let mut failure = certificate::classify(tls, host);
    if let NetworkFailure::Certificate { reason, .. } = &mut failure
        && let Some(issuer) = witness.issuer()
    {
        *reason += &format!("; it was issued by {issuer}");
    }
    failure
}

/// Verifies as rustls does, and remembers the certificate it was shown.
#[derive(Debug)]
struct Witness {
    verifier: Arc<WebPkiServerVerifier>,
    seen: OnceLock<CertificateDer<'static>>,
}

impl Witness {
    /// The name of the issuer of the certificate that was shown.
    fn issuer(&self) -> Option<String> {
        let certificate = webpki::EndEntityCert::try_from(self.seen.get()?).ok()?;
        common_name(certificate.issuer())
    }
}

/// The common name in a distinguished name (RFC 5280, 4.1.2.4), which is in DER: after the
/// attribute's identifier stands a string, as its type, its length in a byte, and its text.
fn common_name(name: &[u8]) -> Option<String> {
    const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
    let at = name
        .windows(COMMON_NAME.len())
        .position(|part| part == COMMON_NAME)?;
    let [_, length, rest @ ..] = &name[at + COMMON_NAME.len()..] else {
        return None;
    };
    let text = rest.get(..usize::from(*length))?;
    Some(String::from_utf8_lossy(text).into_owned())
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        _ = self.seen.set(end_entity.clone().into_owned());
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
