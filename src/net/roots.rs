//! Which certificates are trusted: those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if they are set,
//! else the bundled ones and the system's. An empty variable counts as unset, as for OpenSSL and
//! curl.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::environment::Environment;
use crate::error::{CertificateFlaw, Error, NetworkFailure};
use crate::files::named;

/// A bundle of all certificates there are has 200 KB.
const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// The variables with the user's own list of whom to trust.
const VARIABLES: &[&str] = &["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// A failure of TLS, which means another thing if the user says whom to trust.
pub fn judged(error: Error, environment: &Environment) -> Error {
    use CertificateFlaw::{Issuer, Unlisted};
    match error {
        Error::Network(NetworkFailure::Certificate {
            host,
            flaw: Issuer,
            reason,
        }) if environment.first(VARIABLES).is_some() => {
            Error::Network(NetworkFailure::Certificate {
                host,
                flaw: Unlisted,
                reason,
            })
        }
        other => other,
    }
}

/// The certificates to trust, at least one.
///
/// # Errors
/// A variable that names nothing to trust.
pub fn trusted(environment: &Environment) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut roots = Vec::new();
    let Some((variable, value)) = environment.first(VARIABLES) else {
        roots.extend(system());
        let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let missing: Vec<_> = bundled.filter(|root| !roots.contains(root)).collect();
        roots.extend(missing.into_iter().cloned());
        return Ok(usable(roots));
    };
    let mut reason = "it holds no certificate in PEM form".to_owned();
    if let Some(path) = environment.get("SSL_CERT_FILE") {
        match named::read_at_once(Path::new(path), FILE_LIMIT) {
            Ok(bytes) => roots.extend(of_pem(&bytes)),
            Err(error) => reason = error.to_string(),
        }
    }
    if let Some(folders) = environment.get("SSL_CERT_DIR") {
        roots.extend(std::env::split_paths(folders).flat_map(|folder| of_folder(&folder)));
    }
    match usable(roots) {
        roots if roots.is_empty() => Err(Error::Network(NetworkFailure::NoRoots {
            variable,
            value: value.to_owned(),
            reason,
        })),
        roots => Ok(roots),
    }
}

/// Without what rustls refuses: one such certificate would fail every request.
fn usable(mut roots: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    roots.retain(|root| rustls::RootCertStore::empty().add(root.clone()).is_ok());
    roots
}

fn of_pem(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let certificates = CertificateDer::pem_slice_iter(text);
    certificates.filter_map(Result::ok).collect()
}

fn of_folder(folder: &Path) -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_certs_from_paths(None, Some(folder)).certs
}

/// The system's, found without rustls-native-certs' own look at the variables: it takes an empty
/// one for a path (0.8.5, lib.rs:200).
fn system() -> Vec<CertificateDer<'static>> {
    if cfg!(any(not(unix), target_os = "macos")) {
        return rustls_native_certs::load_native_certs().certs;
    }
    let places = openssl_probe::probe();
    let file = places.cert_file.as_deref();
    let mut roots = rustls_native_certs::load_certs_from_paths(file, None).certs;
    if roots.is_empty() {
        roots.extend(places.cert_dir.iter().flat_map(|folder| of_folder(folder)));
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_names_nothing_to_trust_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("empty.pem"), "").unwrap();
        std::fs::write(path("ca.der"), b"\x30\x82\x01\x00").unwrap();
        for (name, reason) in [
            ("none.pem", "No such file"),
            ("empty.pem", "no certificate"),
            ("ca.der", "no certificate"),
            (".", "folder"),
        ] {
            let environment = Environment::from_pairs(&[("SSL_CERT_FILE", &path(name))]);
            let title = trusted(&environment).unwrap_err().explain().title;
            assert!(title.contains("SSL_CERT_FILE names"), "{title}");
            assert!(title.contains(reason), "{name}: {title}");
        }
    }

    #[test]
    fn a_file_with_a_byte_order_mark_is_read_and_an_empty_variable_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap();
        let pem = made.self_signed(&key).unwrap().pem();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, format!("\u{feff}{pem}")).unwrap();
        let path = path.display().to_string();
        let given = Environment::from_pairs(&[("SSL_CERT_FILE", &path)]);
        assert_eq!(trusted(&given).unwrap().len(), 1);
        let empty = Environment::from_pairs(&[("SSL_CERT_FILE", "")]);
        assert!(trusted(&empty).unwrap().len() > 100);
    }
}
