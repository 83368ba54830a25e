//! Where the Platform API is: `HEROKU_HOST` as the Heroku CLI reads it
//! (`@heroku-cli/command/lib/vars.js`), but compared as a host.
//!
//! The CLI looks at the text, and takes whatever contains `localhost` for this machine:
//! `http://localhost.evil.example` would be given the token.

use url::Url;

use crate::config::environment::Environment;

/// Heroku's own, with what is below them.
const DOMAINS: [&str; 4] = [
    "heroku.com",
    "herokai.com",
    "herokuspace.com",
    "herokudev.com",
];

/// The names of this machine that the CLI knows.
const LOOPBACK: [&str; 2] = ["localhost", "127.0.0.1"];

/// A host that may be given the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub base: Url,
    /// Its name in a netrc.
    pub machine: String,
    /// What the address of one of its git remotes begins with.
    pub git: [String; 3],
}

impl Host {
    /// The host that the CLI would ask. None if it is one that gets no token from here, or one that
    /// the CLI replaces by Heroku's with a warning; and none if the CLI is to send headers
    /// (`HEROKU_HEADERS`), which may be needed.
    pub fn of(environment: &Environment) -> Option<Self> {
        let given = environment.get("HEROKU_HOST").unwrap_or(DOMAINS[0]);
        let is_url = given.starts_with("http");
        let base = match is_url {
            true => Url::parse(given),
            false => Url::parse(&format!("https://api.{given}")),
        };
        let base = base.ok().filter(|url| may_have_token(url, given))?;
        if environment.get("HEROKU_HEADERS").is_some() {
            return None;
        }
        let name = base.host_str().unwrap_or_default();
        let machine = match base.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        let git = match (environment.get("HEROKU_GIT_HOST"), is_url) {
            (Some(host), _) => [host.to_owned(), host.to_owned()],
            (None, true) => [machine.clone(), machine.clone()],
            (None, false) => [given.to_owned(), format!("git.{given}")],
        };
        let [by_ssh, by_https] = git;
        Some(Host {
            git: [
                format!("git@{by_ssh}:"),
                format!("ssh://git@{by_ssh}/"),
                format!("https://{by_https}/"),
            ],
            base,
            machine,
        })
    }
}

/// Whether the token may be sent there. The text has to be one that the CLI takes, too: it takes
/// none of Heroku's with a port, a path, a dot at the end or capitals.
fn may_have_token(url: &Url, given: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_below = |domain: &str| {
        let above = host.strip_suffix(domain);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    };
    let is_heroku = |domain: &&str| given.ends_with(*domain) && is_below(domain);
    let is_here = |name: &&str| given.contains(*name) && host == *name;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    let is_this_machine = LOOPBACK.iter().any(is_here);
    is_plain
        && match url.scheme() {
            "https" => is_this_machine || DOMAINS.iter().any(is_heroku),
            "http" => is_this_machine,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(given: &str) -> Option<(String, String)> {
        let host = Host::of(&Environment::from_pairs(&[("HEROKU_HOST", given)]))?;
        Some((host.base.to_string(), host.machine))
    }

    #[test]
    fn hosts_of_heroku_and_this_machine_are_asked() {
        let table = [
            ("", "https://api.heroku.com/", "api.heroku.com"),
            ("heroku.com", "https://api.heroku.com/", "api.heroku.com"),
            (
                "herokudev.com",
                "https://api.herokudev.com/",
                "api.herokudev.com",
            ),
            (
                "staging.herokudev.com",
                "https://api.staging.herokudev.com/",
                "api.staging.herokudev.com",
            ),
            (
                "https://api.heroku.com",
                "https://api.heroku.com/",
                "api.heroku.com",
            ),
            (
                "https://api.x.herokai.com",
                "https://api.x.herokai.com/",
                "api.x.herokai.com",
            ),
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080/",
                "127.0.0.1:8080",
            ),
            ("http://localhost:1", "http://localhost:1/", "localhost:1"),
            ("http://localhost/", "http://localhost/", "localhost"),
            (
                "https://localhost:8443",
                "https://localhost:8443/",
                "localhost:8443",
            ),
        ];
        for (given, base, machine) in table {
            assert_eq!(
                host(given),
                Some((base.to_owned(), machine.to_owned())),
                "{given:?}"
            );
        }
    }

    #[test]
    fn no_other_host_is() {
        let table = [
            // The CLI would ask these.
            "http://localhost.evil.example",
            "http://evil.example/localhost",
            "http://evil.example?127.0.0.1",
            "http://evil.example#localhost",
            "http://evil.example:80/x.heroku.com",
            "https://evil.example/.heroku.com",
            "https://evil.example?.heroku.com",
            "https://evil.example#.heroku.com",
            "https://evil.example\\.heroku.com",
            "https://127.0.0.1@evil.example",
            "https://localhost:x@evil.example",
            "http://127.0.0.1.nip.io",
            "http://heroku.com",
            "http://api.heroku.com",
            "localhost",
            "localhost:8080",
            "localhost.evil.example",
            "evil.example/localhost",
            // The CLI would ask Heroku's usual host in place of these, with a warning.
            "heroku.com.evil",
            "evil-heroku.com",
            "https://evil-heroku.com",
            "https://heroku.com.evil.example",
            "https://user:pw@heroku.com",
            "https://user@api.heroku.com",
            "https://api.heroku.com:8443",
            "https://api.heroku.com.",
            "https://api.heroku.com/",
            "HEROKU.COM",
            "https://API.HEROKU.COM",
            "https://api.heroku.com@evil.example",
            "http://[::1]:8080",
            "http://[::ffff:127.0.0.1]",
            "http://2130706433",
            "http://127.1",
            "http://127.0.0.2",
            "http://user@localhost:80",
            "http://localhost.:80",
            "http://LOCALHOST",
            "http://localhost:80/path",
            "http://local\thost",
            "http",
            "httpx://localhost",
            "ftp://heroku.com",
            " heroku.com",
            "heroku.com ",
            "http://",
        ];
        for given in table {
            assert_eq!(host(given), None, "{given:?}");
        }
    }

    #[test]
    fn headers_that_the_cli_is_to_send_need_the_cli() {
        let pairs = [("HEROKU_HEADERS", "{\"x-proxy\": \"1\"}")];
        assert_eq!(Host::of(&Environment::from_pairs(&pairs)), None);
    }

    #[test]
    fn remotes_are_looked_for_where_the_cli_does() {
        let git = |pairs: &[(&str, &str)]| Host::of(&Environment::from_pairs(pairs)).unwrap().git;
        let usual = [
            "git@heroku.com:",
            "ssh://git@heroku.com/",
            "https://git.heroku.com/",
        ];
        assert_eq!(git(&[]), usual);
        let url = ("HEROKU_HOST", "http://127.0.0.1:80");
        assert_eq!(git(&[url])[2], "https://127.0.0.1/");
        let other = ("HEROKU_GIT_HOST", "git.heroku.com");
        assert_eq!(git(&[url, other])[0], "git@git.heroku.com:");
    }

    const PARTS: &[&str] = &[
        "http://",
        "https://",
        "HTTPS://",
        "heroku.com",
        "api.",
        "herokudev.com",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "evil.example",
        "evil-",
        ".",
        "/",
        "\\",
        "@",
        ":",
        ":80",
        "?",
        "#",
        "%2f",
        "\t",
        " ",
        "é",
        "u:p@",
    ];

    proptest! {
        #[test]
        fn the_token_goes_to_heroku_and_this_machine_alone(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..8),
        ) {
            if let Some((base, _)) = host(&parts.concat()) {
                // Without our parser: up to the next slash there is a name, and a port at most.
                let (scheme, rest) = base.split_once("://").unwrap();
                let authority = rest.strip_suffix('/').unwrap();
                let name = authority.split(':').next().unwrap();
                let is_here = ["localhost", "127.0.0.1"].contains(&name);
                let is_heroku = DOMAINS.iter().any(|it| format!(".{authority}").ends_with(&format!(".{it}")));
                prop_assert!(!authority.contains(['/', '@', '?', '#', '\\']), "{}", base);
                prop_assert!(is_here || (is_heroku && scheme == "https"), "{}", base);
            }
        }
    }
}
