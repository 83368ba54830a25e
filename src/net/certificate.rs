//! Failures of TLS in words. The library's own words are names of its variants, with bytes in
//! lists.

use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};

use crate::error::{CertificateFlaw as Flaw, NetworkFailure};

/// What a failed handshake with a host means for the user.
pub fn classify(error: &Tls, host: String) -> NetworkFailure {
    let reason = match error {
        Tls::InvalidCertificate(bad) => {
            let (flaw, reason) = flaw(bad);
            let reason = reason.to_owned();
            return NetworkFailure::Certificate { host, flaw, reason };
        }
        Tls::InvalidMessage(_) => {
            let reason = "the server does not speak TLS on this port".to_owned();
            return NetworkFailure::Tls { host, reason };
        }
        Tls::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity) => {
            "the server found no cipher or kind of key in common"
        }
        Tls::AlertReceived(Alert::ProtocolVersion) | Tls::PeerIncompatible(_) => {
            "the server and this program have no version of TLS, cipher or kind of key in common"
        }
        Tls::AlertReceived(Alert::CertificateRequired) => {
            "the server wants a certificate of the client, which is not supported"
        }
        Tls::AlertReceived(Alert::UnrecognisedName) => "the server does not know this host name",
        Tls::AlertReceived(_) => "the server broke off the handshake",
        Tls::NoCertificatesPresented => "the server sent no certificate",
        Tls::PeerMisbehaved(_)
        | Tls::InappropriateMessage { .. }
        | Tls::InappropriateHandshakeMessage { .. }
        | Tls::DecryptError => "what the server sent breaks the rules of TLS",
        _ => "the handshake could not be completed",
    };
    let reason = reason.to_owned();
    NetworkFailure::Handshake { host, reason }
}

fn flaw(bad: &Bad) -> (Flaw, &'static str) {
    match bad {
        Bad::Expired | Bad::ExpiredContext { .. } => {
            (Flaw::Time, "it has expired, or one that it depends on")
        }
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => (Flaw::Time, "it is not valid yet"),
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            (Flaw::Name, "it is for another host name")
        }
        Bad::UnknownIssuer => (Flaw::Issuer, "its issuer is unknown"),
        // ring says so of every signature by an RSA key of less than 2048 bits.
        Bad::BadSignature => (
            Flaw::Algorithm,
            "its signature can't be verified, as with an RSA key of less than 2048 bits",
        ),
        Bad::UnsupportedSignatureAlgorithmContext { .. }
        | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            Flaw::Algorithm,
            "it is signed in a way that is not supported, such as with P-521, SHA-1 or a short RSA \
             key",
        ),
        Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => {
            (Flaw::Broken, "it is not meant for servers")
        }
        Bad::Revoked => (Flaw::Broken, "it was revoked"),
        Bad::BadEncoding => (Flaw::Broken, "it is malformed"),
        Bad::Other(other) => match other.0.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                (Flaw::Authority, "it is a CA's own certificate (CA:TRUE)")
            }
            Some(webpki::Error::NameConstraintViolation) => (
                Flaw::Broken,
                "its CA may not issue certificates for this name (name constraints)",
            ),
            _ => (Flaw::Broken, "it breaks the rules of certificates"),
        },
        // Names of variants that are deprecated, or of checks that are not made here.
        _ => (Flaw::Broken, "it can't be verified"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn each_flaw_of_a_certificate_is_told_in_words_with_advice_that_fits() {
        let other = |error| Bad::Other(rustls::OtherError(Arc::new(error)));
        let (bytes, list) = (vec![6, 8, 42, 134], Vec::new());
        let unsupported = Bad::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: bytes,
            supported_algorithms: list,
        };
        for (bad, flaw, word) in [
            (
                other(webpki::Error::CaUsedAsEndEntity),
                Flaw::Authority,
                "CA's own",
            ),
            (
                other(webpki::Error::NameConstraintViolation),
                Flaw::Broken,
                "name constraints",
            ),
            (
                other(webpki::Error::EmptyEkuExtension),
                Flaw::Broken,
                "rules",
            ),
            (unsupported, Flaw::Algorithm, "P-521"),
            (Bad::BadSignature, Flaw::Algorithm, "RSA"),
            (Bad::UnknownIssuer, Flaw::Issuer, "issuer"),
            (Bad::Expired, Flaw::Time, "expired"),
            (Bad::BadEncoding, Flaw::Broken, "malformed"),
        ] {
            let failure = classify(&Tls::InvalidCertificate(bad.clone()), "h".to_owned());
            let NetworkFailure::Certificate {
                flaw: found,
                reason,
                ..
            } = failure
            else {
                panic!("{bad:?}");
            };
            assert_eq!(found, flaw, "{bad:?}");
            assert!(
                reason.contains(word) && !reason.contains('['),
                "{bad:?}: {reason}"
            );
        }
    }

    #[test]
    fn an_alert_is_told_in_words_and_not_as_a_wrong_port() {
        for alert in [
            Alert::HandshakeFailure,
            Alert::InternalError,
            Alert::ProtocolVersion,
        ] {
            let failure = classify(&Tls::AlertReceived(alert), "h".to_owned());
            let NetworkFailure::Handshake { reason, .. } = failure else {
                panic!("{alert:?}");
            };
            assert!(reason.starts_with("the server"), "{reason}");
        }
    }
}
