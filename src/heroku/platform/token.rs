//! The token that the Heroku CLI would log in with, where it can be read without starting anything:
//! `HEROKU_API_KEY`, else a plain netrc.
//!
//! Read as `@heroku-cli/command/lib/api-client.js` of CLI 11 and netrc-parser of CLI 8 to 10 do it,
//! oddities included: another token than the CLI's would be another account.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::files;

/// The token for a machine of the netrc.
pub fn at_hand(environment: &Environment, machine: &str) -> Option<Secret> {
    if let Some(token) = environment.get("HEROKU_API_KEY") {
        return Some(Secret::new(token));
    }
    let home = home(environment)?;
    if has_keychain(environment, &home) {
        return None;
    }
    let netrc = home.join(if cfg!(windows) { "_netrc" } else { ".netrc" });
    // The CLI prefers the encrypted one, for which only it may ask.
    if netrc.with_added_extension("gpg").exists() {
        return None;
    }
    files::regular(&netrc).ok()?;
    password(&fs::read_to_string(netrc).ok()?, machine)
}

/// The folder that has the netrc.
fn home(environment: &Environment) -> Option<PathBuf> {
    let value = |name| environment.get(name).map(PathBuf::from);
    let of_windows = || match (environment.get("HOMEDRIVE"), environment.get("HOMEPATH")) {
        (Some(drive), Some(path)) => Some(Path::new(drive).join(path)),
        _ => value("USERPROFILE"),
    };
    value("HOME").or_else(|| of_windows().filter(|_| cfg!(windows)))
}

/// Whether the CLI may have its login in a keychain, beside which a netrc may be of another account
/// (`credential-storage-selector.js`, since 11.8).
fn has_keychain(environment: &Environment, home: &Path) -> bool {
    let value = |name| environment.get(name).map(PathBuf::from);
    let is_off = environment.get("HEROKU_NETRC_WRITE");
    let data = value("XDG_DATA_HOME").or_else(|| value("LOCALAPPDATA").filter(|_| cfg!(windows)));
    let data = data
        .unwrap_or_else(|| home.join(".local/share"))
        .join("heroku");
    let data = value("HEROKU_DATA_DIR").unwrap_or(data);
    !is_off.is_some_and(|it| it.eq_ignore_ascii_case("true")) && data.join("login.json").exists()
}

/// The password of a machine in a netrc; of several with its name the first counts.
fn password(netrc: &str, machine: &str) -> Option<Secret> {
    let mut lines = netrc.split('\n').peekable();
    while let Some(line) = lines.next() {
        let Some(words) = of_machine(line) else {
            continue;
        };
        let mut words = words.split(' ');
        let host = words.next().unwrap_or_default();
        let on_line: Vec<&str> = words.collect();
        let mut password = None;
        if on_line.iter().any(|word| !word.trim().is_empty()) {
            // Two blanks in a row are an empty word, for the CLI too.
            for pair in on_line.chunks(2).filter(|pair| pair[0] == "password") {
                password = pair.get(1).copied();
            }
        } else {
            while let Some((key, value)) = lines.peek().copied().and_then(property) {
                password = if key == "password" {
                    Some(value)
                } else {
                    password
                };
                lines.next();
            }
        }
        if host == machine {
            return password.filter(|it| !it.is_empty()).map(Secret::new);
        }
    }
    None
}

/// What follows `machine` on its line: `/machine\s+((?:[^#\s]+\s*)+)(#.*)?$/`.
fn of_machine(line: &str) -> Option<&str> {
    line.match_indices("machine").find_map(|(at, word)| {
        let rest = &line[at + word.len()..];
        let words = rest.split('#').next().unwrap_or_default().trim_start();
        (rest.starts_with(char::is_whitespace) && !words.is_empty()).then_some(words)
    })
}

/// A line of a machine: `/^(\s+)(\S+)\s+(\S+)(\s+#.*)?$/`.
fn property(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    let (key, value) = (words.next()?, words.next()?);
    let is_all = match words.next() {
        Some(word) => word.starts_with('#'),
        None => line.ends_with(value),
    };
    (line.starts_with(char::is_whitespace) && is_all).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What netrc-parser 3.1 and the parser of CLI 11.10 make of each, tried with both.
    #[test]
    fn a_netrc_is_read_as_the_cli_reads_it() {
        let table = [
            (
                "machine api.heroku.com\n  login a@b\n  password t1\n",
                Some("t1"),
            ),
            ("machine api.heroku.com login a@b password t1", Some("t1")),
            (
                "machine api.heroku.com login a@b password t1 # mine\n",
                Some("t1"),
            ),
            (
                "machine git.heroku.com\n  password no\nmachine api.heroku.com\n\tpassword t1\n",
                Some("t1"),
            ),
            (
                "# machines\n\nmachine api.heroku.com # x\n  password t1 # y\n",
                Some("t1"),
            ),
            (
                "machine api.heroku.com\n  password t1\nmachine api.heroku.com\n  password t2\n",
                Some("t1"),
            ),
            (
                "machine api.heroku.com\n  password t1\n  password t2\n",
                Some("t2"),
            ),
            ("machine  api.heroku.com\n  password t1\n", Some("t1")),
            (
                "default login x password y\nmachine api.heroku.com\n  password t1",
                Some("t1"),
            ),
            ("machine api.heroku.com \n  password t1\n", Some("t1")),
            ("", None),
            ("machine api.heroku.com\n", None),
            ("machine api.heroku.com\n  login a@b\n", None),
            ("machine api.heroku.com\npassword t1\n", None),
            ("machine api.heroku.com\n\n  password t1\n", None),
            ("machine api.heroku.com\n  password t1 t2\n", None),
            ("machine api.heroku.com  password t1\n", None),
            ("machine api.heroku.com\r\n  password t1\r\n", None),
            ("machine\n  api.heroku.com\n  password t1\n", None),
            ("machine api.heroku.com.evil password t1", None),
            ("#machine api.heroku.com password t1", Some("t1")),
            (
                "machine evil password t1 #machine api.heroku.com password t2",
                None,
            ),
            ("password machine api.heroku.com", None),
        ];
        for (netrc, expected) in table {
            let found = password(netrc, "api.heroku.com");
            assert_eq!(found.as_ref().map(Secret::expose), expected, "{netrc:?}");
        }
    }

    /// A home with these files, and the token that is found there.
    fn token(names: &[&str], variables: &[(&str, &str)]) -> Option<String> {
        let home = tempfile::tempdir().unwrap();
        for name in names {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "machine api.heroku.com\n  password of-netrc\n").unwrap();
        }
        let home = home.path().to_str().unwrap();
        let place = |value: &str| value.replace('~', home);
        let mut pairs = vec![("HOME", home.to_owned())];
        pairs.extend(variables.iter().map(|(name, value)| (*name, place(value))));
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let found = at_hand(&Environment::from_pairs(&pairs), "api.heroku.com");
        found.map(|token| token.expose().to_owned())
    }

    #[test]
    fn the_token_is_that_of_the_cli_or_none() {
        const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };
        let gpg = format!("{NETRC}.gpg");
        let login = ".local/share/heroku/login.json";
        let key = ("HEROKU_API_KEY", "of-variable");
        let by_netrc = |value| ("HEROKU_NETRC_WRITE", value);
        let (netrc, variable) = (Some("of-netrc".to_owned()), Some("of-variable".to_owned()));
        assert_eq!(token(&[], &[]), None);
        assert_eq!(token(&[NETRC], &[]), netrc);
        assert_eq!(token(&[NETRC], &[key]), variable);
        assert_eq!(token(&[NETRC, login, &gpg], &[key]), variable);
        assert_eq!(token(&[NETRC], &[("HEROKU_API_KEY", "")]), netrc);
        assert_eq!(token(&[NETRC], &[("HEROKU_API_TOKEN", "x")]), netrc);
        assert_eq!(token(&[NETRC, &gpg], &[]), None);
        assert_eq!(token(&[&gpg], &[]), None);
        assert_eq!(token(&[NETRC, login], &[by_netrc("false")]), None);
        assert_eq!(token(&[NETRC, login], &[by_netrc("1")]), None);
        assert_eq!(token(&[NETRC, login], &[by_netrc("TRUE")]), netrc);
        assert_eq!(
            token(&[NETRC, "d/heroku/login.json"], &[("XDG_DATA_HOME", "~/d")]),
            None
        );
        assert_eq!(token(&[NETRC, login], &[("XDG_DATA_HOME", "~/d")]), netrc);
        assert_eq!(
            token(&[NETRC, "d/login.json"], &[("HEROKU_DATA_DIR", "~/d")]),
            None
        );
        assert_eq!(token(&[NETRC], &[("HOME", "")]), None);
    }

    const PARTS: &[&str] = &[
        "machine",
        "api.heroku.com",
        "git.heroku.com",
        "login",
        "password",
        "default",
        "macdef",
        " ",
        "  ",
        "\n",
        "\n  ",
        "\t",
        "\r\n",
        "#",
        "t1",
        "é",
        "\u{a0}",
    ];

    fn netrc() -> impl Strategy<Value = String> {
        let parts = proptest::collection::vec(proptest::sample::select(PARTS), 0..30);
        parts.prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_password_is_a_word_that_stands_there(netrc in netrc()) {
            if let Some(found) = password(&netrc, "api.heroku.com") {
                let mut words = netrc.split(char::is_whitespace);
                prop_assert!(words.any(|word| word.starts_with(found.expose())));
            }
        }

        #[test]
        fn whatever_stands_before_another_machine_does_not_matter(before in netrc()) {
            let ours = "machine h\n  login a\n  password t\n";
            let found = password(&format!("{before}\n{ours}"), "h");
            prop_assert_eq!(found.as_ref().map(Secret::expose), Some("t"));
        }
    }
}
