//! Which proxy a request goes through, decided from the environment by curl's rules.
//!
//! attohttpc's own reading ignores proxies without a scheme, goes direct for SOCKS, and turns all
//! proxying off for a trailing comma in `no_proxy` (0.31.0, `request/proxy.rs`), so it is never
//! asked; [`super::tunnel`] speaks to the proxy.

use std::fmt;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::config::environment::Environment;
use crate::config::is_loopback;
use crate::config::secret::Secret;
use crate::error::{Error, NetworkFailure};

/// Every variable that can name a proxy.
pub const VARIABLES: &[&str] = &[
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "all_proxy",
    "ALL_PROXY",
];

/// The port of a proxy that names none, as curl has it, whatever its scheme.
const DEFAULT_PORT: u16 = 1080;

/// A proxy in use. It is shown without its login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that names it.
    pub variable: &'static str,
    /// As in a URL: an IPv6 address stands in brackets.
    pub host: String,
    pub port: u16,
    /// User name and password as Basic authorization wants them.
    pub login: Option<Secret>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// That it can't be used, and why.
    pub fn failure(&self, reason: impl Into<String>) -> Error {
        failure(self.to_string(), self.variable, reason)
    }
}

fn failure(proxy: String, variable: &'static str, reason: impl Into<String>) -> Error {
    let reason = reason.into();
    Error::Network(NetworkFailure::Proxy {
        proxy,
        variable,
        reason,
    })
}

/// User name and password as Basic authorization wants them.
pub fn basic(name: &[u8], password: &[u8]) -> String {
    STANDARD.encode([name, password].join(&b':'))
}

/// The proxy for a URL, or none for a direct connection.
///
/// Connections to this machine are always direct.
///
/// # Errors
/// For a proxy of a kind that can't be used.
pub fn for_url(url: &Url, environment: &Environment) -> Result<Option<Proxy>, Error> {
    // HTTP_PROXY in capitals may be a request header in disguise (httpoxy), so curl does not read
    // it either.
    let names: &[&'static str] = match url.scheme() {
        "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    let Some((variable, value)) = environment.first(names) else {
        return Ok(None);
    };
    let (_, list) = environment
        .first(&["no_proxy", "NO_PROXY"])
        .unwrap_or_default();
    let mut entries = list.split(|c: char| c == ',' || c.is_whitespace());
    if entries.any(|entry| matches(url, entry)) || is_loopback(url) {
        return Ok(None);
    }
    match parse(variable, value.trim()) {
        Ok(proxy) => Ok(Some(proxy)),
        Err(reason) => Err(failure(variable.to_owned(), variable, reason)),
    }
}

/// Reads `[http://][user[:password]@]host[:port][/…]`. Not by `url`, which doesn't tell a port 80
/// from none, and takes a backslash in a user name for the end of the host.
fn parse(variable: &'static str, value: &str) -> Result<Proxy, &'static str> {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    if !scheme.eq_ignore_ascii_case("http") {
        return Err("only http:// proxies are supported, not SOCKS and not https://");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (login, address) = match authority.rsplit_once('@') {
        Some((login, address)) => (login, address),
        None => ("", authority),
    };
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (address, ""),
    };
    let port = match port {
        "" => DEFAULT_PORT,
        port => port.parse().map_err(
            |_| "its port is no number up to 65535 (in a password, / is %2F, # is %23, ? is %3F)",
        )?,
    };
    let host = match host {
        "" => return Err("it names no host"),
        host => Host::parse(host).map_err(|_| "its host is no valid name or address")?,
    };
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    let plain = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let login = (!name.is_empty() || !password.is_empty())
        .then(|| Secret::new(basic(&plain(name), &plain(password))));
    Ok(Proxy {
        variable,
        host: host.to_string(),
        port,
        login,
    })
}

/// Whether an entry of `no_proxy` names the host: `*`, a domain and all below it, an address, or a
/// network in CIDR form; each may carry a port. Ports, and `*` before a domain or in a list, are
/// not curl's but common elsewhere.
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
            let above = host.trim_end_matches('.').strip_suffix(&domain);
            !domain.is_empty() && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }
        Some(Host::Ipv4(host)) => in_network(IpAddr::V4(host), name),
        Some(Host::Ipv6(host)) => in_network(IpAddr::V6(host), name.trim_matches(['[', ']'])),
        None => false,
    }
}

fn in_network(host: IpAddr, network: &str) -> bool {
    match network.parse::<IpNet>() {
        Ok(network) => network.contains(&host),
        Err(_) => network.parse() == Ok(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let environment = Environment::from_pairs(variables);
        for_url(&Url::parse(url).unwrap(), &environment)
            .unwrap()
            .map(|proxy| proxy.to_string())
    }

    const SERVICE: &str = "https://us.inference.heroku.com";

    #[test]
    fn proxies_are_read_with_and_without_scheme() {
        let proxy = Some("proxy:3128".to_owned());
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
            ("HEROKU.COM", true),
            ("heroku.com.", true),
            ("example.com\theroku.com", true),
            ("example.com;heroku.com", false),
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
            ("10.1.2.3/33", false),
            ("10.1.", false),
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

    fn read(value: &str) -> Result<Proxy, &'static str> {
        parse("https_proxy", value)
    }

    #[test]
    fn addresses_are_read_as_curl_reads_them() {
        for (value, expected) in [
            ("proxy", "proxy:1080"),
            ("http://proxy", "proxy:1080"),
            ("http://proxy:80", "proxy:80"),
            ("http://proxy:", "proxy:1080"),
            ("HTTP://PROXY:3128", "proxy:3128"),
            ("http://proxy:3128/", "proxy:3128"),
            ("http://proxy:3128/path?x#y", "proxy:3128"),
            ("http://[::1]:3128", "[::1]:3128"),
            ("[::1]", "[::1]:1080"),
            ("user:1@proxy", "proxy:1080"),
            ("user:secret@[fd00::1]:8080/", "[fd00::1]:8080"),
        ] {
            assert_eq!(read(value).unwrap().to_string(), expected, "{value:?}");
        }
        for (value, word) in [
            ("http://", "no host"),
            ("http://user@", "no host"),
            (":3128", "no host"),
            ("http://proxy:99999", "port"),
            ("http://user:p/w@proxy:3128", "%2F"),
            ("http://a b:1", "host"),
            ("socks5h://proxy:1080", "SOCKS"),
            ("https://proxy", "https://"),
        ] {
            let reason = read(value).unwrap_err();
            assert!(reason.contains(word), "{value:?}: {reason}");
        }
    }

    #[test]
    fn a_login_is_sent_as_it_is_meant_and_only_where_there_is_one() {
        let login = |value: &str| {
            let login = read(&format!("{value}proxy:3128")).unwrap().login?;
            Some(STANDARD.decode(login.expose()).unwrap())
        };
        for (value, expected) in [
            ("http://user:p%40ss%3Aw%2Frd%25@", "user:p@ss:w/rd%"),
            ("http://user:pa|s^w`@", "user:pa|s^w`"),
            ("http://user:päss@", "user:päss"),
            ("user:p%C3%A4ss@", "user:päss"),
            (r"http://CORP\jdoe:secret@", r"CORP\jdoe:secret"),
            ("http://user@", "user:"),
            ("http://user:@", "user:"),
            ("http://:secret@", ":secret"),
            ("http://user:a:b@", "user:a:b"),
            ("http://user:a@b@", "user:a@b"),
            ("http://user:100%@", "user:100%"),
            ("http://user:%zz@", "user:%zz"),
        ] {
            assert_eq!(login(value), Some(expected.into()), "{value:?}");
        }
        assert_eq!(login("http://user:%E4@"), Some(b"user:\xe4".to_vec()));
        for value in ["", "http://", "http://@", "http://:@"] {
            assert_eq!(login(value), None, "{value:?}");
        }
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let proxy = read("http://user:secret@proxy:3128").unwrap();
        assert!(!format!("{proxy} {proxy:?}").contains("secret"));
    }

    #[test]
    fn the_variable_that_was_used_is_the_one_to_correct() {
        for (variables, expected) in [
            (
                vec![("https_proxy", ""), ("HTTPS_PROXY", "socks4://x")],
                "HTTPS_PROXY",
            ),
            (
                vec![("https_proxy", ""), ("all_proxy", "socks4://x")],
                "all_proxy",
            ),
            (vec![("ALL_PROXY", "http://x:y")], "ALL_PROXY"),
        ] {
            let environment = Environment::from_pairs(&variables);
            let error = for_url(&Url::parse(SERVICE).unwrap(), &environment).unwrap_err();
            let Error::Network(NetworkFailure::Proxy { variable, .. }) = error else {
                panic!("{error:?}");
            };
            assert_eq!(variable, expected);
        }
    }
}
