//! `doctor --report`: Markdown to be pasted into an issue. It has what a cause can lie in, and
//! nothing that tells whose setup it is.

use std::collections::HashMap;
use std::env::consts::{ARCH, OS};

use super::checks::STEPS_LIMIT;
use super::report::{Entry, Report, Status};
use super::{Probe, mend};
use crate::config::secret::Secret;
use crate::conversation::fenced;
use crate::error::HerokuFailure;
use crate::heroku::{self, HerokuCli};
use crate::net::proxy;
use crate::screen::terminal;
use crate::why::mask::Masker;

/// Variables beside those of proxies that change the way to the service.
const OTHERS: &[&str] = &["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The report of a run.
pub fn markdown(probe: &Probe<'_>, report: &Report) -> String {
    let mut names = Names::of(probe);
    let environment = &probe.context.environment;
    let get = |name: &str| environment.get(name).unwrap_or("not set");
    let [input, out, err] = probe.context.screen.are_terminals();
    let size = match out || err {
        true => format!("{:?}", terminal::size()).replace(", ", " × "),
        false => "unknown".to_owned(),
    };
    let is = |is: bool| if is { "a terminal" } else { "none" };
    let locale = environment.first(&["LC_ALL", "LC_CTYPE", "LANG"]);
    let cli = match &probe.heroku {
        Some(facts) => facts.version.clone(),
        None => heroku::version(&HerokuCli::find(environment), STEPS_LIMIT),
    };
    let ways = [proxy::VARIABLES, &["no_proxy", "NO_PROXY"], OTHERS].concat();
    let ways: Vec<_> = ways
        .into_iter()
        .filter(|it| environment.get(it).is_some())
        .collect();
    let told = [
        (
            "program",
            format!("heroku-chat {} on {OS} {ARCH}", report.version),
        ),
        (
            "TERM, COLORTERM",
            format!("{}, {}", get("TERM"), get("COLORTERM")),
        ),
        ("columns and rows", size),
        (
            "input, output, errors",
            format!("{}, {}, {}", is(input), is(out), is(err)),
        ),
        ("shell", get("SHELL").to_owned()),
        (
            "locale",
            locale.map_or("not set", |(_, value)| value).to_owned(),
        ),
        (
            "Heroku CLI",
            cli.unwrap_or_else(|failure| failure.explain().title),
        ),
        (
            "set, with values that are not shown",
            match ways[..] {
                [] => "no proxy and no certificates".to_owned(),
                _ => ways.join(", "),
            },
        ),
    ];
    let mut text = "### heroku-chat doctor --report\n\n".to_owned();
    for (what, value) in told {
        text += &format!(
            "- {what}: {}\n",
            names.mask(&value).replace(['`', '<', '>', '\n'], " ")
        );
    }
    text += "\n| check | status | ms |\n|---|---|---|\n";
    for Entry {
        id,
        status,
        milliseconds,
        ..
    } in &report.checks
    {
        text += &format!("| {id} | {} | {milliseconds} |\n", status.word());
    }
    let is_told = |entry: &&Entry| matches!(entry.status, Status::Warn | Status::Fail);
    for entry in report.checks.iter().filter(is_told) {
        let from = entry.source.iter().map(|source| format!("(from {source})"));
        let said = [entry.found.clone()]
            .into_iter()
            .chain(from)
            .chain(entry.hint.clone());
        let said = said
            .map(|text| names.mask(&text))
            .collect::<Vec<_>>()
            .join("\n");
        text += &format!(
            "\n**{}**, {}\n\n{}\n",
            entry.title,
            entry.status.word(),
            fenced(&said, "text")
        );
    }
    text
}

/// Takes out of a text whose it is: equal names get equal placeholders.
struct Names {
    masker: Masker,
    home: Option<String>,
    /// What is a name wherever it stands, and of what.
    known: Vec<(String, &'static str)>,
    given: HashMap<String, String>,
}

/// Users of whom there are many.
const USUAL: &str = "root admin administrator app dev home nobody runner ubuntu user users";

/// What looks like a host and is a file.
const FILES: &str = "cer crt env json key pem sh toml txt yaml yml";

/// Folders that every machine has.
const COMMON: &[&str] = &["/bin/", "/dev/", "/etc/ssl/", "/proc/", "/usr/"];

impl Names {
    fn of(probe: &Probe<'_>) -> Self {
        let environment = &probe.context.environment;
        let value = |name: &str| environment.get(name).map(str::to_owned);
        let secrets = environment
            .key_names()
            .filter_map(|name| environment.get(name));
        let mut secrets: Vec<Secret> = secrets.map(Secret::new).collect();
        secrets.extend(probe.gathered.key.iter().map(|key| key.value.clone()));
        let file = probe.env_file.iter().flat_map(|file| &file.variables);
        secrets.extend(
            file.filter(|(name, ..)| name.ends_with("_KEY"))
                .map(|it| it.1.clone()),
        );
        let home = value("HOME").filter(|home| home.len() > 1);
        let mut known = Vec::new();
        let mut add = |kind, value: Option<String>| known.extend(value.map(|it| (it, kind)));
        add("app", mend::app(probe));
        add("app", probe.args.heroku.app.clone());
        add("app", value("HEROKU_APP"));
        add(
            "remote",
            probe.args.heroku.remote.clone().filter(|it| it != "heroku"),
        );
        let told = probe.heroku.as_ref().map(|facts| &facts.variables);
        if let Some(Err(HerokuFailure::SeveralApps(apps))) = told {
            // Each as `app (remote)`.
            for (app, remote) in apps.iter().filter_map(|it| it.split_once(" (")) {
                add("app", Some(app.to_owned()));
                let remote = remote.trim_end_matches(')');
                add(
                    "remote",
                    Some(remote.to_owned()).filter(|it| it != "heroku"),
                );
            }
        }
        for name in ["USER", "LOGNAME", "USERNAME", "SUDO_USER"] {
            add("user", value(name));
        }
        add(
            "user",
            home.as_ref()
                .and_then(|home| Some(home.rsplit('/').next()?.to_owned())),
        );
        for name in ["HOSTNAME", "COMPUTERNAME"] {
            add("host", value(name));
        }
        add("host", probe.proxy.as_ref().map(|proxy| proxy.host.clone()));
        let url = probe.gathered.url.as_ref().map(|url| host_in(&url.value));
        add("host", url);
        for name in proxy::VARIABLES {
            add("host", value(name).map(|value| host_in(&value)));
        }
        let path = probe.env_path.display().to_string();
        add("path", Some(path).filter(|path| path.contains('/')));
        known.retain(|(name, kind)| {
            let is_usual = *kind == "user" && USUAL.split(' ').any(|it| it == name);
            name.len() > 1 && !is_usual && !is_ours(name)
        });
        Names {
            masker: Masker::new(&secrets),
            home,
            known,
            given: HashMap::new(),
        }
    }

    fn mask(&mut self, text: &str) -> String {
        let mut text = self.masker.mask(text);
        if let Some(home) = &self.home {
            text = text.replace(home.as_str(), "~");
        }
        let is_of_word = |c: char| c.is_alphanumeric() || "-_./~".contains(c);
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, _) = rest.split_at(end.max(first.len_utf8()));
            rest = &rest[word.len()..];
            let is_address = result.ends_with(':') && word.starts_with("//");
            let bare = word.trim_end_matches('.');
            result += &match bare.strip_prefix("//").filter(|_| is_address) {
                Some(address) => format!("//{}", self.address(address)),
                None => self.word(bare),
            };
            result += &word[bare.len()..];
        }
        result
    }

    /// Host and path of a URL.
    fn address(&mut self, address: &str) -> String {
        let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        if !host.is_empty() && !is_ours(host) {
            let more = if path.len() > 1 { "/…" } else { path };
            return self.placeholder("host", host) + more;
        }
        let part = |part: &str| match self.kind(part.trim_end_matches(".git")) {
            Some(kind) => self.placeholder(kind, part.trim_end_matches(".git")),
            None => part.to_owned(),
        };
        let parts: Vec<String> = path.split('/').map(part).collect();
        host.to_owned() + &parts.join("/")
    }

    fn word(&mut self, word: &str) -> String {
        // A port and what stands behind it.
        if let Some((port, path)) = word.split_once('/')
            && !port.is_empty()
            && !path.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            return format!("{port}/…");
        }
        let is_path = word.starts_with(['/', '~']) && word.len() > 2 && word.contains('/');
        let is_common =
            COMMON.iter().any(|it| word.starts_with(it)) || word.contains("heroku-chat");
        let kind = match self.kind(word) {
            Some(kind) => kind,
            None if is_path && !is_common => "path",
            None if is_host(word) && !is_ours(word) => "host",
            None => return word.to_owned(),
        };
        self.placeholder(kind, word)
    }

    fn kind(&self, word: &str) -> Option<&'static str> {
        let known = self
            .known
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word));
        known.map(|(_, kind)| *kind)
    }

    fn placeholder(&mut self, kind: &str, word: &str) -> String {
        let prefix = format!("{kind}-");
        let count = self
            .given
            .values()
            .filter(|it| it.starts_with(&prefix))
            .count();
        let new = || format!("{prefix}{}", count + 1);
        self.given
            .entry(word.to_ascii_lowercase())
            .or_insert_with(new)
            .clone()
    }
}

/// What stands in the place of a host in a URL, be it one or not.
fn host_in(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit('@').next().unwrap_or_default();
    rest.split([':', '/', '?', '"', '\'', ' '])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Whether a host is Heroku's or this machine, or of no one.
fn is_ours(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "heroku.com"
        || host.ends_with(".heroku.com")
        || host == "localhost"
        || host.starts_with("127.")
}

fn is_host(word: &str) -> bool {
    let mut labels = word.trim_start_matches('.').split('.');
    let is_label = |it: &str| !it.is_empty() && !it.contains(['/', '~', '_']);
    let is_last = |it: &str| it.len() > 1 && it.chars().all(char::is_alphabetic);
    let last = labels.next_back().unwrap_or_default();
    let is_file = FILES.split(' ').any(|it| it == last);
    labels.clone().count() > 0 && labels.all(is_label) && is_last(last) && !is_file
}
