//! The base URL: scheme and host as Heroku gives it, tolerant of what people paste.

use url::{Host, Url};

/// Brings a base URL into the form the add-on sets: trimmed, without `/v1…` and without a trailing
/// slash.
///
/// People store it with `/v1`, because OpenAI's libraries want it so, or paste the address of an
/// endpoint.
///
/// # Errors
/// A phrase that says what is wrong with it.
pub fn normalise(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text.trim()).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => "it does not begin with https://".to_owned(),
        other => other.to_string(),
    })?;
    let reason = if !matches!(url.scheme(), "https" | "http") {
        "it does not begin with https://"
    } else if !url.username().is_empty() || url.password().is_some() {
        "it holds a user name or password"
    } else if url.query().is_some() || url.fragment().is_some() {
        "it has a query or fragment"
    } else if url.scheme() == "https" && matches!(url.host(), Some(Host::Ipv6(_))) {
        // attohttpc 0.31 fails on these with `InvalidDNSName` (`streams.rs:183`).
        "https to an IPv6 address is not supported, use a host name"
    } else {
        let mut path = url.path();
        while let Some(shorter) = ENDS.iter().find_map(|end| path.strip_suffix(end)) {
            path = shorter;
        }
        let path = path.to_owned();
        url.set_path(&path);
        return Ok(url);
    };
    Err(reason.to_owned())
}

/// What stands behind a base URL in the address of an endpoint.
const ENDS: &[&str] = &["/", "/chat/completions", "/available-models", "/v1"];

/// Whether a host is one of Heroku's inference hosts, such as us.inference.heroku.com.
pub fn is_inference_host(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| host.ends_with(".inference.heroku.com"))
}

/// What was meant by an address that can't be used for want of `https://`, or for quotes round it.
pub fn with_https(value: &str) -> Option<String> {
    let bare = value.trim().trim_matches(['"', '\'']);
    let rest = bare
        .strip_prefix("http://")
        .or(bare.strip_prefix("https://"))
        .unwrap_or(bare);
    let url = normalise(&format!("https://{rest}")).ok()?;
    // Anything is a host, a key too.
    let is_host = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
    (is_host && !rest.contains("://")).then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// The region of one of Heroku's inference hosts, such as `eu`.
pub fn region(url: &Url) -> Option<&str> {
    url.host_str()?.strip_suffix(".inference.heroku.com")
}

/// Whether the address never leaves this machine. Names below `localhost` may: the system's
/// resolver asks others for them, unlike curl and browsers, which don't ask it.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_paste_is_brought_into_the_addons_form() {
        let table = [
            (
                "https://us.inference.heroku.com",
                "https://us.inference.heroku.com/",
            ),
            (
                " https://us.inference.heroku.com/\n",
                "https://us.inference.heroku.com/",
            ),
            (
                "https://us.inference.heroku.com/v1",
                "https://us.inference.heroku.com/",
            ),
            (
                "https://us.inference.heroku.com/v1/",
                "https://us.inference.heroku.com/",
            ),
            (
                "https://us.inference.heroku.com/v1/chat/completions",
                "https://us.inference.heroku.com/",
            ),
            (
                "https://gateway.example.com/heroku/v1",
                "https://gateway.example.com/heroku",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/"),
        ];
        for (given, expected) in table {
            assert_eq!(
                normalise(given).map(String::from).as_deref(),
                Ok(expected),
                "{given:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        let table = [
            ("us.inference.heroku.com", "https://"),
            ("\"https://us.inference.heroku.com\"", "https://"),
            ("ftp://us.inference.heroku.com", "https://"),
            ("localhost:8080", "https://"),
            ("https://", "host"),
            ("https://user:pw@example.com", "password"),
            ("https://example.com?x=1", "query"),
            ("https://[::1]:8443", "IPv6"),
        ];
        for (given, word) in table {
            let reason = normalise(given).unwrap_err();
            assert!(reason.contains(word), "{given:?}: {reason}");
        }
    }

    #[test]
    fn only_addresses_of_this_machine_are_loopback() {
        for (given, expected) in [
            ("http://localhost:1", true),
            ("http://api.localhost", false),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(
                is_loopback(&Url::parse(given).unwrap()),
                expected,
                "{given}"
            );
        }
    }

    const PARTS: &[&str] = &[
        "https://",
        "http://",
        "us.inference.heroku.com",
        "localhost",
        "[::1]",
        ":8080",
        "/",
        "/v1",
        "/chat/completions",
        "/available-models",
        "/gateway",
        "?x",
        "#y",
        "u:p@",
        " ",
        "é",
        "%2f",
        "..",
        "\n",
        "\\",
        ":",
    ];

    proptest! {
        #[test]
        fn an_address_that_was_brought_into_its_form_stays_as_it_is(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..12),
            end in ".{0,8}",
        ) {
            let text = parts.concat() + &end;
            if let Ok(url) = normalise(&text) {
                prop_assert_eq!(normalise(url.as_str()), Ok(url.clone()));
                let endpoint = format!("{}/v1/chat/completions", url.as_str().trim_end_matches('/'));
                prop_assert_eq!(normalise(&endpoint), Ok(url));
            }
        }
    }
}
