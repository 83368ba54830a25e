//! `doctor --report`: Markdown to be pasted into an issue. It has what a cause can lie in, and
//! nothing that tells whose setup it is.

use std::collections::HashMap;
use std::env::consts::{ARCH, OS};
use std::path::Path;

use super::checks::{Facts, STEPS_LIMIT};
use super::report::{Entry, Report, Status};
use super::{Probe, mend};
use crate::conversation::fenced;
use crate::error::HerokuFailure;
use crate::files::named;
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
    let terminals = probe.context.screen.are_terminals();
    let size = match terminals[1..].contains(&true) {
        true => format!("{:?}", terminal::size()).replace(", ", " × "),
        false => "unknown".to_owned(),
    };
    let [input, out, err] = terminals.map(|is| if is { "a terminal" } else { "none" });
    let locale = environment.first(&["LC_ALL", "LC_CTYPE", "LANG"]);
    let cli = match &probe.heroku {
        Some(facts) => facts.version.clone(),
        None => heroku::version(&HerokuCli::find(environment), STEPS_LIMIT),
    };
    let mut ways = [proxy::VARIABLES, &["no_proxy", "NO_PROXY"], OTHERS].concat();
    ways.retain(|it| environment.get(it).is_some());
    if ways.is_empty() {
        ways.push("no proxy and no certificates");
    }
    let mut text = "### heroku-chat doctor --report\n\n".to_owned();
    let mut tell = |what: &str, value: &str| {
        let value = names.mask(value).replace(['`', '<', '>', '\n'], " ");
        text += &format!("- {what}: {value}\n");
    };
    let version = format!("heroku-chat {} on {OS} {ARCH}", report.version);
    tell("program", &version);
    let kind = format!("{}, {}", get("TERM"), get("COLORTERM"));
    tell("TERM, COLORTERM", &kind);
    tell("columns and rows", &size);
    tell("input, output, errors", &format!("{input}, {out}, {err}"));
    tell("shell", get("SHELL"));
    tell("locale", locale.map_or("not set", |(_, value)| value));
    let cli = cli.unwrap_or_else(|failure| failure.explain().title);
    tell("Heroku CLI", &cli);
    tell("set, with values that are not shown", &ways.join(", "));
    text += "\n| check | status | ms |\n|---|---|---|\n";
    for entry in &report.checks {
        let (status, took) = (entry.status.word(), entry.milliseconds);
        text += &format!("| {} | {status} | {took} |\n", entry.id);
    }
    let is_told = |entry: &&Entry| matches!(entry.status, Status::Warn | Status::Fail);
    for entry in report.checks.iter().filter(is_told) {
        let from = entry.source.iter().map(|source| format!("(from {source})"));
        let said = [entry.found.clone()].into_iter().chain(from);
        let said: Vec<String> = said.chain(entry.hint.clone()).collect();
        let said = fenced(&names.mask(&said.join("\n")), "text");
        text += &format!("\n**{}**, {}\n\n{said}\n", entry.title, entry.status.word());
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

/// Names that many have, and of what.
const USUAL: &str = "attachment=INFERENCE attachment=inference remote=heroku user=root \
    user=admin user=administrator user=app user=dev user=home user=nobody user=runner user=ubuntu \
    user=user user=users";

/// What stands before the name of a certificate's issuer, which ends its line.
const ISSUED: &str = "it was issued by ";

/// What looks like a host and is a file.
const FILES: &str = "cer crt env json key pem sh toml txt yaml yml";

/// Folders that every machine has.
const COMMON: &[&str] = &["/bin/", "/dev/", "/etc/ssl/", "/proc/", "/usr/"];

impl Names {
    fn of(probe: &Probe<'_>) -> Self {
        let environment = &probe.context.environment;
        let value = |name: &str| environment.get(name).map(str::to_owned);
        let mut secrets = environment.keys();
        secrets.extend(probe.gathered.key.iter().map(|key| key.value.clone()));
        let file = probe.env_file.iter().flat_map(|file| &file.variables);
        secrets.extend(
            file.filter(|(name, ..)| name.ends_with("_KEY"))
                .map(|it| it.1.clone()),
        );
        let home = value("HOME").filter(|home| home.len() > 1);
        let heroku = &probe.args.heroku;
        let told = probe.heroku.as_ref();
        let own = home.as_ref().and_then(|home| home.rsplit('/').next());
        let path = |path: &Path| Some(path.display().to_string());
        let (url, behind) = (
            probe.gathered.url.as_ref(),
            named::behind_links(&probe.env_path),
        );
        let mut known = vec![
            ("app", mend::app(probe)),
            ("app", heroku.app.clone()),
            ("app", value("HEROKU_APP")),
            ("remote", heroku.remote.clone()),
            ("attachment", Some(probe.gathered.prefix.clone())),
            ("attachment", Some(heroku.attachment.clone())),
            ("attachment", told.and_then(Facts::other_attachment)),
            ("user", own.map(str::to_owned)),
            ("host", probe.proxy.as_ref().map(|proxy| proxy.host.clone())),
            ("host", url.map(|url| host_in(&url.value))),
            ("path", path(&probe.env_path)),
            ("path", behind.ok().and_then(|it| path(&it))),
            ("path", probe.args.key_file.as_deref().and_then(path)),
        ];
        for (kind, names) in [
            ("user", &["USER", "LOGNAME", "USERNAME", "SUDO_USER"][..]),
            ("host", &["HOSTNAME", "COMPUTERNAME"]),
            ("path", OTHERS),
        ] {
            known.extend(names.iter().map(|name| (kind, value(name))));
        }
        let proxies = proxy::VARIABLES.iter().filter_map(|name| value(name));
        known.extend(proxies.map(|it| ("host", Some(host_in(&it)))));
        if let Some(Err(HerokuFailure::SeveralApps(apps))) = told.map(|facts| &facts.variables) {
            // Each as `app (remote)`.
            for (app, remote) in apps.iter().filter_map(|it| it.split_once(" (")) {
                known.push(("app", Some(app.to_owned())));
                known.push(("remote", Some(remote.trim_end_matches(')').to_owned())));
            }
        }
        let known = (known.into_iter()).filter_map(|(kind, name)| Some((name?, kind)));
        let is_whose = |(name, kind): &(String, &str)| {
            let is_usual = format!(" {USUAL} ").contains(&format!(" {kind}={name} "));
            let is_common = COMMON.iter().any(|it| name.starts_with(it));
            let is_whole = *kind != "path" || name.contains('/');
            name.len() > 1 && is_whole && !is_usual && !is_common && !is_ours(name)
        };
        Names {
            masker: Masker::new(&secrets),
            home,
            known: known.filter(is_whose).collect(),
            given: HashMap::new(),
        }
    }

    fn mask(&mut self, text: &str) -> String {
        let mut text = self.masker.mask(text);
        if let Some((_, rest)) = text.split_once(ISSUED) {
            let issuer = rest.lines().next().unwrap_or_default().to_owned();
            self.known.push((issuer, "issuer"));
        }
        for (name, kind) in self.known.clone() {
            // What is no word by itself, and so isn't found as one.
            let end = match kind {
                "attachment" => "_",
                _ if name.chars().all(is_of_word) => continue,
                _ => "",
            };
            let found = name.clone() + end;
            if text.contains(&found) {
                text = text.replace(&found, &(self.placeholder(kind, &name) + end));
            }
        }
        if let Some(home) = &self.home {
            text = text.replace(home.as_str(), "~");
        }
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
        let part = |part: &str| {
            let name = part.trim_end_matches(".git");
            let kind = self.kind(name);
            kind.map_or_else(|| part.to_owned(), |kind| self.placeholder(kind, name))
        };
        let parts: Vec<String> = path.split('/').map(part).collect();
        host.to_owned() + &parts.join("/")
    }

    fn word(&mut self, word: &str) -> String {
        // A port and what stands behind it.
        if let Some((port, path)) = word.split_once('/')
            && port.parse::<u16>().is_ok()
            && !path.is_empty()
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
        let mut known = self.known.iter();
        let (_, kind) = known.find(|(name, _)| name.eq_ignore_ascii_case(word))?;
        Some(*kind)
    }

    fn placeholder(&mut self, kind: &str, word: &str) -> String {
        let prefix = format!("{kind}-");
        let others = self.given.values().filter(|it| it.starts_with(&prefix));
        let new = format!("{prefix}{}", others.count() + 1);
        let given = self.given.entry(word.to_ascii_lowercase());
        given.or_insert(new).clone()
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || "-_./~".contains(character)
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
