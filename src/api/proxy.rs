//! Which proxy a request goes through, decided from the environment by curl's rules.
//!
//! attohttpc's own reading ignores proxies without a scheme, goes direct for SOCKS, and turns all
//! proxying off for a trailing comma in `no_proxy` (0.31.0, `request/proxy.rs`), so it is handed a
//! decision.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};

use crate::config::is_loopback;
use crate::environment::Environment;
use crate::error::{Error, NetworkFailure};

/// Every variable that can name a proxy.
pub const VARIABLES: &[&str] = &[
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "all_proxy",
    "ALL_PROXY",
];

/// The variable that names a proxy and the proxy's address, or none for a direct connection.
///
/// Connections to this machine are always direct.
///
/// # Errors
/// For a proxy of a kind that can't be used.
pub fn for_url(url: &Url, environment: &Environment) -> Result<Option<(&'static str, Url)>, Error> {
    // HTTP_PROXY in capitals may be a request header in disguise (httpoxy), so curl does not read
    // it either.
    let names: &[&'static str] = match url.scheme() {
        "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    let Some((variable, value)) = environment.first(names) else {
        return Ok(None);
    };
    let bypassed = environment
        .first(&["no_proxy", "NO_PROXY"])
        .is_some_and(|(_, list)| is_listed(url, list));
    if bypassed || is_loopback(url) {
        return Ok(None);
    }
    let value = value.trim();
    let address = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{value}")
    };
    let unusable = |reason: &str| {
        Error::Network(NetworkFailure::Proxy {
            proxy: variable.to_owned(),
            reason: reason.to_owned(),
        })
    };
    let proxy = Url::parse(&address).map_err(|error| unusable(&error.to_string()))?;
    if proxy.scheme() != "http" {
        return Err(unusable(
            "only http:// proxies are supported, not SOCKS and not https://",
        ));
    }
    if proxy.host().is_none() {
        return Err(unusable("it names no host"));
    }
    Ok(Some((variable, proxy)))
}

/// A proxy the way it may be shown: without its user name and password.
pub fn shown(proxy: &Url) -> String {
    format!(
        "{}:{}",
        proxy.host_str().unwrap_or_default(),
        proxy.port_or_known_default().unwrap_or(80)
    )
}

/// User name and password of a proxy as Basic authorization wants them, where it has any. As
/// attohttpc sends them: percent escapes stay.
pub fn login(proxy: &Url) -> Option<String> {
    let name = proxy.username();
    let password = proxy.password().unwrap_or_default();
    (!name.is_empty()).then(|| STANDARD.encode(format!("{name}:{password}")))
}

/// Whether `no_proxy` names the host: `*`, a domain and all below it, an address, or a network in
/// CIDR form; each may carry a port.
fn is_listed(url: &Url, list: &str) -> bool {
    list.split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| matches(url, entry))
}

fn matches(url: &Url, entry: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, port.parse().ok()),
        _ => (entry, None),
    };
    if port.is_some() && port != url.port_or_known_default() {
        return false;
    }
    match url.host() {
        Some(Host::Domain(host)) => {
            let domain = name
                .trim_start_matches('*')
                .trim_matches('.')
                .to_ascii_lowercase();
            host == domain
                || host
                    .strip_suffix(&domain)
                    .is_some_and(|rest| rest.ends_with('.') && !domain.is_empty())
        }
        Some(Host::Ipv4(host)) => in_network(IpAddr::V4(host), name),
        Some(Host::Ipv6(host)) => in_network(IpAddr::V6(host), name.trim_matches(['[', ']'])),
        None => false,
    }
}

fn in_network(host: IpAddr, network: &str) -> bool {
    let (address, bits) = match network.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u32>().ok()),
        None => (network, Some(128)),
    };
    let (Ok(address), Some(bits)) = (address.parse::<IpAddr>(), bits) else {
        return false;
    };
    let (host, address, width) = match (host, address) {
        (IpAddr::V4(host), IpAddr::V4(address)) => (
            u128::from(host.to_bits()),
            u128::from(address.to_bits()),
            32,
        ),
        (IpAddr::V6(host), IpAddr::V6(address)) => (host.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let shift = width - bits.min(width);
    // Shifting by the full width is not defined, and a network of zero bits is everything.
    shift == 128 || host >> shift == address >> shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let environment = Environment::from_pairs(variables);
        for_url(&Url::parse(url).unwrap(), &environment)
            .unwrap()
            .map(|(_, proxy)| proxy.to_string())
    }

    const SERVICE: &str = "https://us.inference.heroku.com";

    #[test]
    fn proxies_are_read_with_and_without_scheme() {
        let proxy = Some("http://proxy:3128/".to_owned());
        assert_eq!(decide(SERVICE, &[("https_proxy", "proxy:3128")]), proxy);
        assert_eq!(
            decide(SERVICE, &[("HTTPS_PROXY", "http://proxy:3128")]),
            proxy
        );
        assert_eq!(
            decide(SERVICE, &[("ALL_PROXY", "http://proxy:3128")]),
            proxy
        );
        assert_eq!(decide(SERVICE, &[("http_proxy", "proxy:3128")]), None);
        assert_eq!(
            decide("http://10.0.0.1", &[("HTTP_PROXY", "proxy:3128")]),
            None
        );
        assert_eq!(
            decide("http://127.0.0.1:1", &[("http_proxy", "proxy:3128")]),
            None
        );
    }

    #[test]
    fn no_proxy_follows_curls_rules() {
        for (list, direct) in [
            ("us.inference.heroku.com", true),
            ("heroku.com", true),
            (".heroku.com", true),
            ("*.heroku.com", true),
            ("*", true),
            ("example.com, heroku.com", true),
            ("example.com,", false),
            ("roku.com", false),
            ("heroku.com:443", true),
            ("heroku.com:8443", false),
            (",", false),
        ] {
            let found = decide(SERVICE, &[("https_proxy", "proxy:1"), ("no_proxy", list)]);
            assert_eq!(found.is_none(), direct, "{list:?}");
        }
        for (list, direct) in [
            ("10.0.0.0/8", true),
            ("10.1.2.3", true),
            ("10.2.0.0/16", false),
            ("0.0.0.0/0", true),
        ] {
            let found = decide(
                "https://10.1.2.3",
                &[("https_proxy", "proxy:1"), ("no_proxy", list)],
            );
            assert_eq!(found.is_none(), direct, "{list:?}");
        }
    }

    #[test]
    fn a_socks_proxy_is_an_error_and_not_silently_bypassed() {
        let environment = Environment::from_pairs(&[("https_proxy", "socks5://127.0.0.1:1080")]);
        assert!(for_url(&Url::parse(SERVICE).unwrap(), &environment).is_err());
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        assert_eq!(
            shown(&Url::parse("http://user:secret@proxy:3128").unwrap()),
            "proxy:3128"
        );
    }
}
