//! `doctor`: a table of broken setups, each with the check that has to notice and what it has to
//! say.

use std::any::Any;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, SystemTime};

use httpdate::fmt_http_date;
use serde_json::Value;

use super::support::{
    Answer, Api, KEY, NOBODY_LISTENS, Platform, Program, Proxy, Terminal, Tls, event, fifo, git,
    respond, sse_head, with_heroku,
};

const SERVICE: &str = "https://us.inference.heroku.com";

/// A program in a broken setup, and what has to live while it runs.
struct Setup(Program, Vec<Box<dyn Any>>);

impl From<Program> for Setup {
    fn from(program: Program) -> Self {
        Setup(program, Vec::new())
    }
}

/// A broken setup: how it is made, the flags of doctor, the check that notices with its status, and
/// words of what it found, hints or commands.
type Case = (
    &'static str,
    fn() -> Setup,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
);

fn service() -> Program {
    Program::for_service(SERVICE)
}

fn env_file(text: &str) -> Program {
    let program = Program::new();
    program.file(
        ".env",
        &text
            .replace("KEY", &format!("INFERENCE_KEY={KEY}"))
            .replace("URL", &format!("INFERENCE_URL={SERVICE}")),
    );
    program
}

fn in_git(program: Program) -> Program {
    git(&program.work(), &["init", "-q"]);
    program.with("PATH", "/usr/local/bin:/usr/bin:/bin")
}

fn heroku(set_up: impl FnOnce(&Platform), change: impl FnOnce(Program) -> Program) -> Setup {
    let platform = Platform::start();
    set_up(&platform);
    let program = change(with_heroku(&platform));
    Setup(program, vec![Box::new(platform)])
}

fn tls(names: &[&str], years: (i32, i32), trusted: bool) -> Setup {
    let server = Tls::serve(names, years, |_| String::new());
    let mut program = Program::for_service(&format!("https://localhost:{}", server.port));
    if trusted {
        let path = program
            .file("ca.pem", &server.certificate)
            .display()
            .to_string();
        program = program.with("SSL_CERT_FILE", &path);
    }
    Setup(program, vec![Box::new(server)])
}

/// A service that answers the catalogue with `catalogue` and is fine otherwise.
fn api(catalogue: impl Fn() -> String + Send + Sync + 'static) -> Setup {
    let api = Api::serve(move |exchange| {
        let answer = match exchange.request.line.as_str() {
            line if line.starts_with("GET /available-models") => catalogue(),
            line if line.starts_with("GET /v1/mcp/servers") => respond(200, "", "[]"),
            _ => respond(400, "", r#"{"error":"messages is required"}"#),
        };
        exchange.send(&answer);
    });
    let program = Program::for_service(&api.url());
    Setup(program, vec![Box::new(api)])
}

const CATALOGUE: &str = r#"[{"model_id":"test-model","type":["text-to-text"],"regions":["us"]},{"model_id":"embed","type":["text-to-embedding"]}]"#;

fn with_model(model: &str) -> Setup {
    let Setup(program, servers) = api(|| respond(200, "", CATALOGUE));
    Setup(program.with("INFERENCE_MODEL_ID", model), servers)
}

fn date(days: u64) -> String {
    let then = SystemTime::now() - Duration::from_secs(days * 24 * 3600 + 600);
    format!("Date: {}\r\n", fmt_http_date(then))
}

/// The real host name of the service, reached through a proxy that leads to a server of ours.
fn eu_service() -> Setup {
    let server = Tls::serve(&["eu.inference.heroku.com"], Tls::VALID, |_| {
        respond(200, "", CATALOGUE)
    });
    let program = Program::for_service("https://eu.inference.heroku.com");
    let path = program
        .file("ca.pem", &server.certificate)
        .display()
        .to_string();
    let proxy = Proxy::start(Ok(server.port));
    let program = program
        .with("SSL_CERT_FILE", &path)
        .with("https_proxy", &format!("127.0.0.1:{}", proxy.port));
    Setup(program, vec![Box::new(server), Box::new(proxy)])
}

const CASES: &[Case] = &[
    (
        "nothing at all",
        || Program::new().into(),
        &[],
        "heroku-cli",
        "fail",
        "not on PATH",
    ),
    (
        "no URL",
        || service().without("INFERENCE_URL").into(),
        &[],
        "url",
        "fail",
        "export INFERENCE_URL=$(heroku config:get INFERENCE_URL -a example-app)",
    ),
    (
        "no key",
        || service().without("INFERENCE_KEY").into(),
        &["-a", "good"],
        "key",
        "fail",
        "export INFERENCE_KEY=$(heroku config:get INFERENCE_KEY -a good)",
    ),
    (
        "another attachment",
        || {
            Program::new()
                .with("EMBEDDING_URL", SERVICE)
                .with("EMBEDDING_KEY", KEY)
                .into()
        },
        &[],
        "url",
        "fail",
        "heroku-chat doctor --as EMBEDDING",
    ),
    (
        "a line of .env that can't be read",
        || env_file("\nKEY extra words\n").into(),
        &[],
        "env-file",
        "fail",
        "line 2 of .env",
    ),
    (
        "a .env with a dollar",
        || {
            let program = Program::new();
            program.file(".env", "INFERENCE_KEY=a$HOME\n");
            program.into()
        },
        &[],
        "env-file",
        "fail",
        "single quotes",
    ),
    (
        ".env is a folder",
        || {
            let program = service();
            std::fs::create_dir(program.work().join(".env")).unwrap();
            program.into()
        },
        &[],
        "env-file",
        "fail",
        "can't be read",
    ),
    (
        "--env-file that isn't there",
        || service().into(),
        &["--env-file", "nosuch.env"],
        "env-file",
        "fail",
        "nosuch.env can't be read",
    ),
    (
        ".env that others can read",
        || env_file("URL\nKEY\n").into(),
        &[],
        "env-permissions",
        "warn",
        "chmod 600 .env",
    ),
    (
        ".env that git would commit",
        || in_git(env_file("URL\nKEY\n")).into(),
        &[],
        "env-git",
        "fail",
        "echo /.env >> .gitignore",
    ),
    (
        ".env that git tracks",
        || {
            let program = in_git(env_file("URL\nKEY\n"));
            git(&program.work(), &["add", ".env"]);
            program.into()
        },
        &[],
        "env-git",
        "fail",
        "git rm --cached .env",
    ),
    (
        "URL and key from two places",
        || env_file("URL\n").with("INFERENCE_KEY", KEY).into(),
        &[],
        "same-source",
        "fail",
        "--allow-mixed-sources",
    ),
    (
        "a URL without scheme",
        || {
            service()
                .with("INFERENCE_URL", "us.inference.heroku.com")
                .into()
        },
        &[],
        "url",
        "fail",
        "it does not begin with https://",
    ),
    (
        "a URL in quotes",
        || {
            service()
                .with("INFERENCE_URL", "\"https://us.inference.heroku.com\"")
                .into()
        },
        &[],
        "url",
        "fail",
        "it does not begin with https://",
    ),
    (
        "a URL with /v1",
        || {
            service()
                .with("INFERENCE_URL", "https://us.inference.heroku.com/v1")
                .into()
        },
        &[],
        "url",
        "warn",
        "/v1",
    ),
    (
        "plain http to another machine",
        || {
            service()
                .with("INFERENCE_URL", "http://inference.example.com")
                .into()
        },
        &[],
        "url",
        "fail",
        "--allow-http",
    ),
    (
        "a key in quotes",
        || service().with("INFERENCE_KEY", &format!("'{KEY}'")).into(),
        &[],
        "key",
        "fail",
        "quotes",
    ),
    (
        "a key with a space",
        || {
            service()
                .with("INFERENCE_KEY", &format!("{KEY} {KEY}"))
                .into()
        },
        &[],
        "key",
        "fail",
        "a space",
    ),
    (
        "a key of another form",
        || service().with("INFERENCE_KEY", "sk-1234").into(),
        &[],
        "key",
        "warn",
        "inf- and a UUID",
    ),
    (
        "an old Heroku CLI",
        || {
            let program = Program::new();
            program.command("heroku", "echo heroku/7.60.0 linux-x64 node-v14");
            program.into()
        },
        &[],
        "heroku-cli",
        "fail",
        "heroku update",
    ),
    (
        "a Heroku CLI that doesn't start",
        || {
            let program = Program::new();
            program.command("heroku", "echo SyntaxError >&2; exit 1");
            program.into()
        },
        &[],
        "heroku-cli",
        "fail",
        "SyntaxError",
    ),
    (
        "logged out of Heroku",
        || heroku(|_| {}, |program| program.without("HEROKU_API_KEY")),
        &["-a", "good"],
        "heroku-login",
        "fail",
        "heroku login",
    ),
    (
        "a bad HEROKU_API_KEY",
        || heroku(|_| {}, |program| program.with("HEROKU_API_KEY", "expired")),
        &["-a", "good"],
        "heroku-login",
        "fail",
        "unset HEROKU_API_KEY",
    ),
    (
        "an unknown app",
        || heroku(|_| {}, |program| program),
        &["-a", "nosuch"],
        "heroku-app",
        "fail",
        "the account is dev@example.com",
    ),
    (
        "an app of another account",
        || {
            heroku(
                |platform| platform.answer("closed", Answer::Forbidden),
                |program| program,
            )
        },
        &["-a", "closed"],
        "heroku-app",
        "fail",
        "You do not have access to the app closed",
    ),
    (
        "no app",
        || heroku(|_| {}, |program| program),
        &[],
        "heroku-app",
        "fail",
        "heroku git:remote -a example-app",
    ),
    (
        "an unknown remote",
        || heroku(|_| {}, in_git_with_heroku),
        &["-r", "nosuch"],
        "heroku-app",
        "fail",
        "git knows no remote",
    ),
    (
        "several remotes",
        || heroku(|_| {}, two_remotes),
        &[],
        "heroku-app",
        "fail",
        "--remote one",
    ),
    (
        "no add-on",
        || {
            heroku(
                |platform| platform.app("bare", &[("PORT", "1")]),
                |program| program,
            )
        },
        &["-a", "bare"],
        "heroku-addon",
        "fail",
        "heroku addons:create heroku-inference:standard -a bare",
    ),
    (
        "the add-on under another name",
        || {
            heroku(
                |platform| platform.app("good", &[("MY_AI_URL", SERVICE), ("MY_AI_KEY", KEY)]),
                |program| program,
            )
        },
        &["-a", "good"],
        "heroku-addon",
        "fail",
        "heroku-chat doctor --app good --as MY_AI",
    ),
    (
        "a sign-in page before Heroku's API",
        || {
            heroku(
                |platform| platform.answer("good", Answer::Html200),
                |program| program,
            )
        },
        &["-a", "good"],
        "heroku-addon",
        "fail",
        "not Heroku's API",
    ),
    (
        "Heroku's API is down",
        || {
            heroku(
                |_| {},
                |program| {
                    program
                        .with("HEROKU_HOST", NOBODY_LISTENS)
                        .with("HEROKU_PARTICLEBOARD_URL", NOBODY_LISTENS)
                },
            )
        },
        &["-a", "good"],
        "heroku-login",
        "fail",
        "export INFERENCE_URL=",
    ),
    (
        "an unknown host",
        || {
            service()
                .with("INFERENCE_URL", "https://nosuch.invalid")
                .into()
        },
        &[],
        "dns",
        "fail",
        "the host nosuch.invalid was not found",
    ),
    (
        "a refused connection",
        || service().with("INFERENCE_URL", "http://127.0.0.1:1").into(),
        &[],
        "tcp",
        "fail",
        "connection refused",
    ),
    (
        "an expired certificate",
        || tls(&["localhost"], Tls::EXPIRED, true),
        &[],
        "tls",
        "fail",
        "it has expired",
    ),
    (
        "a certificate of another host",
        || tls(&["elsewhere"], Tls::VALID, true),
        &[],
        "tls",
        "fail",
        "it is for another host name",
    ),
    (
        "an unknown issuer",
        || tls(&["localhost"], Tls::VALID, false),
        &[],
        "tls",
        "fail",
        "it was issued by rcgen self signed cert",
    ),
    (
        "no TLS on the port",
        || {
            let Setup(program, servers) = api(String::new);
            let url = program.variables()["INFERENCE_URL"]
                .replace("http://127.0.0.1", "https://localhost");
            std::mem::forget(servers);
            program.with("INFERENCE_URL", &url).into()
        },
        &[],
        "tls",
        "fail",
        "TLS with localhost failed",
    ),
    (
        "a SOCKS proxy",
        || service().with("https_proxy", "socks5://127.0.0.1:1").into(),
        &[],
        "proxy",
        "fail",
        "only http:// proxies",
    ),
    (
        "a proxy that is down",
        || service().with("https_proxy", "127.0.0.1:1").into(),
        &[],
        "tcp",
        "fail",
        "connection refused",
    ),
    (
        "a proxy that wants a password",
        || {
            let proxy = Proxy::start(Err(407));
            let program = service().with("https_proxy", &format!("127.0.0.1:{}", proxy.port));
            Setup(program, vec![Box::new(proxy)])
        },
        &[],
        "tls",
        "fail",
        "407",
    ),
    (
        "a sign-in page of the network",
        || {
            api(|| {
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Please sign in</body></html>".to_owned()
            })
        },
        &[],
        "catalogue",
        "fail",
        "it sent a web page",
    ),
    (
        "a redirect",
        || api(|| respond(302, "Location: https://login.example.com/\r\n", "")),
        &[],
        "catalogue",
        "fail",
        "login.example.com",
    ),
    (
        "a service that fails",
        || api(|| respond(503, "", r#"{"error":"down"}"#)),
        &[],
        "catalogue",
        "fail",
        "status 503",
    ),
    (
        "a service that is silent",
        || {
            let api = Api::serve(|exchange| exchange.wait_for_close());
            let program = Program::for_service(&api.url());
            Setup(program, vec![Box::new(api)])
        },
        &[],
        "catalogue",
        "fail",
        "no whole answer within 4 s",
    ),
    (
        "a service without a catalogue",
        || api(|| respond(404, "", "{}")),
        &[],
        "catalogue",
        "warn",
        "no list of models",
    ),
    (
        "a clock that is slow",
        || api(|| respond(200, &date(2), CATALOGUE)),
        &[],
        "clock",
        "fail",
        "ahead of the service",
    ),
    (
        "a clock that is a little off",
        || api(|| respond(200, &date(0), CATALOGUE)),
        &[],
        "clock",
        "warn",
        "10 min",
    ),
    (
        "no model",
        || {
            let Setup(program, servers) = with_model("x");
            Setup(program.without("INFERENCE_MODEL_ID"), servers)
        },
        &[],
        "model",
        "warn",
        "export INFERENCE_MODEL_ID=test-model",
    ),
    (
        "a model misspelt",
        || with_model("test-modle"),
        &[],
        "model",
        "fail",
        "export INFERENCE_MODEL_ID=test-model",
    ),
    (
        "a model nobody knows",
        || with_model("zzz"),
        &[],
        "model",
        "fail",
        "heroku-chat models",
    ),
    (
        "a model for something else",
        || with_model("embed"),
        &[],
        "model",
        "fail",
        "no chat model but text-to-embedding",
    ),
    (
        "a model of another region",
        eu_service,
        &[],
        "model",
        "fail",
        "not offered in eu, only in us",
    ),
    (
        "a model on its way out",
        || Program::new().into(),
        &["--sandbox", "-m", "sandbox-old"],
        "model",
        "warn",
        "export INFERENCE_MODEL_ID=sandbox-echo",
    ),
    (
        "a wrong key",
        || {
            let api = Api::serve(|exchange| {
                exchange.send(&if exchange.request.line.starts_with("GET /avail") {
                    respond(200, "", CATALOGUE)
                } else {
                    respond(401, "", r#"{"error":"Invalid API key provided"}"#)
                })
            });
            let program = Program::for_service(&api.url());
            Setup(program, vec![Box::new(api)])
        },
        &[],
        "key-accepted",
        "fail",
        "did not accept the key",
    ),
    (
        "a key for another model",
        || Program::new().into(),
        &["--sandbox", "-m", "sandbox-403"],
        "request",
        "fail",
        "choose its attachment with --as",
    ),
    (
        "a key the chat refuses",
        || Program::new().into(),
        &["--sandbox", "-m", "sandbox-401"],
        "request",
        "fail",
        "did not accept the key",
    ),
    (
        "the rate limit is reached",
        || Program::new().into(),
        &["--sandbox", "-m", "sandbox-429"],
        "request",
        "fail",
        "the rate limit of sandbox-429",
    ),
    (
        "a firewall",
        || Program::new().into(),
        &["--sandbox", "-m", "sandbox-blocked"],
        "request",
        "fail",
        "a firewall or filter",
    ),
    (
        "a gateway in the way",
        || Program::new().into(),
        &["--sandbox", "-m", "sandbox-502"],
        "request",
        "fail",
        "status 502",
    ),
    (
        "a completion cut",
        || Program::new().into(),
        &["--sandbox", "--live", "-m", "sandbox-cut"],
        "live",
        "fail",
        "broke",
    ),
    (
        "a completion that fails",
        || Program::new().into(),
        &["--sandbox", "--live", "-m", "sandbox-error"],
        "live",
        "fail",
        "overloaded",
    ),
    (
        "garbage",
        || Program::new().into(),
        &["--sandbox", "--live", "-m", "sandbox-garbage"],
        "live",
        "fail",
        "can't be read",
    ),
    (
        "a completion without text",
        || Program::new().into(),
        &["--sandbox", "--live", "-m", "sandbox-empty"],
        "live",
        "fail",
        "no text",
    ),
    (
        "a proxy that buffers",
        || Program::new().into(),
        &["--sandbox", "--live", "-m", "sandbox-buffered"],
        "streaming",
        "warn",
        "in one piece",
    ),
    (
        "a link to a file that git tracks",
        || {
            let program = in_git(env_file("URL\nKEY\n"));
            let work = program.work();
            std::fs::rename(work.join(".env"), work.join("app.env")).unwrap();
            std::os::unix::fs::symlink("app.env", work.join(".env")).unwrap();
            program.file(".gitignore", "/.env\n");
            git(&work, &["add", "app.env"]);
            program.into()
        },
        &[],
        "env-git",
        "fail",
        "git rm --cached app.env",
    ),
    (
        "a link out of the repository",
        || {
            let program = in_git(env_file("URL\nKEY\n"));
            let (inside, outside) = (program.work().join(".env"), program.home().join("app.env"));
            std::fs::rename(&inside, &outside).unwrap();
            std::os::unix::fs::symlink(outside, inside).unwrap();
            program.into()
        },
        &[],
        "env-git",
        "pass",
        "no git repository",
    ),
    (
        "a reference in the place of the key, committed",
        || {
            let program = in_git(service());
            program.file(".env", "INFERENCE_KEY=op://dev/heroku/key\n");
            git(&program.work(), &["add", ".env"]);
            program.into()
        },
        &[],
        "env-git",
        "pass",
        "a reference",
    ),
    (
        "a line that can't be read and isn't needed",
        || {
            let program = service();
            program.file(".env", "INFERENCE_KEY=$(op read op://dev/heroku/key)\n");
            program.into()
        },
        &[],
        "env-file",
        "warn",
        "line 1 of .env",
    ),
    (
        "a pipe that nobody writes to",
        || {
            let program = Program::new();
            fifo(&program.work().join(".env"));
            program.into()
        },
        &[],
        "env-file",
        "fail",
        "nobody wrote to it",
    ),
    (
        "a sessions folder that leads nowhere",
        || {
            let program = service();
            let data = program.home().join(".local/share/heroku-chat");
            std::fs::create_dir_all(&data).unwrap();
            std::os::unix::fs::symlink("/nonexistent", data.join("sessions")).unwrap();
            program.into()
        },
        &["--sandbox"],
        "data-folder",
        "warn",
        "heroku-chat/sessions can't be read and written",
    ),
    (
        "a home that can't be written",
        || service().with("HOME", "/dev/null").into(),
        &["--sandbox"],
        "data-folder",
        "warn",
        "XDG_DATA_HOME",
    ),
];

fn in_git_with_heroku(program: Program) -> Program {
    git(&program.work(), &["init", "-q"]);
    program
}

fn two_remotes(program: Program) -> Program {
    let program = in_git_with_heroku(program);
    for name in ["one", "two"] {
        git(
            &program.work(),
            &[
                "remote",
                "add",
                name,
                &format!("https://git.heroku.com/{name}.git"),
            ],
        );
    }
    program
}

fn check(case: &Case) {
    let (name, set_up, flags, id, status, words) = case;
    let Setup(program, servers) = set_up();
    let arguments: Vec<&str> = ["doctor", "--json"].iter().chain(*flags).copied().collect();
    let run = program.run(&arguments);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let entry = checks
        .iter()
        .find(|entry| entry["id"] == *id)
        .unwrap_or_else(|| panic!("{name}: no check {id}"));
    assert_eq!(entry["status"], *status, "{name}: {entry:#}");
    let said =
        format!("{} {} {}", entry["found"], entry["hint"], entry["commands"]).replace("\\\"", "\"");
    assert!(
        said.contains(words),
        "{name}: {words:?} is not in {entry:#}"
    );
    let failed = checks.iter().any(|entry| entry["status"] == "fail");
    assert_eq!(
        (run.code, report["ok"].as_bool()),
        (i32::from(failed), Some(!failed)),
        "{name}"
    );
    if *status == "fail" {
        assert!(report["next"].is_string(), "{name}: {report:#}");
    }
    // A server may have seen no request where the setup breaks before it.
    servers.into_iter().for_each(std::mem::forget);
}

/// The table in parts, so that they run side by side.
fn check_part(part: usize, parts: usize) {
    assert!(CASES.len() >= 30);
    CASES.iter().skip(part).step_by(parts).for_each(check);
}

#[test]
fn every_broken_setup_is_noticed_part_1() {
    check_part(0, 4);
}

#[test]
fn every_broken_setup_is_noticed_part_2() {
    check_part(1, 4);
}

#[test]
fn every_broken_setup_is_noticed_part_3() {
    check_part(2, 4);
}

#[test]
fn every_broken_setup_is_noticed_part_4() {
    check_part(3, 4);
}

#[test]
fn a_healthy_setup_passes_without_heroku_and_without_spending_a_token() {
    let Setup(program, servers) = with_model("test-model");
    program.command("heroku", "echo asked > \"$HOME/asked\"");
    let run = program.run(&["doctor"]).expect_code(0);
    assert!(run.stdout.contains(" 0 failed"), "{}", run.stdout);
    assert!(!program.home().join("asked").exists(), "Heroku was asked");
    let api = servers[0].downcast_ref::<Api>().expect("the server");
    for request in api.requests() {
        let spends = request.line.starts_with("POST") && request.json().get("messages").is_some();
        assert!(!spends, "{request:?}");
    }
    let written: Vec<_> = [program.home(), program.work()]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .collect();
    assert!(written.is_empty(), "{written:?}");
}

#[test]
fn settings_of_the_real_heroku_cli_are_checked_to_the_end() {
    let Setup(program, servers) = with_model("test-model");
    let url = program.variables()["INFERENCE_URL"].clone();
    let platform = Platform::start();
    platform.app(
        "good",
        &[
            ("INFERENCE_URL", &url),
            ("INFERENCE_KEY", KEY),
            ("INFERENCE_MODEL_ID", "test-model"),
        ],
    );
    let run = with_heroku(&platform)
        .run(&["doctor", "-a", "good"])
        .expect_code(0);
    for words in [
        "Heroku account: dev@example.com",
        "on a plan of one model",
        "both from the Heroku app good",
        "key accepted: yes",
    ] {
        assert!(run.stdout.contains(words), "{words}:\n{}", run.stdout);
    }
    drop(servers);
}

#[test]
fn an_echoed_key_is_in_no_report() {
    let api = Api::fixed(respond(
        401,
        "",
        &format!(r#"{{"error":"bad key {KEY} given"}}"#),
    ));
    let program = Program::for_service(&api.url());
    for flags in [&["doctor"][..], &["doctor", "--json"]] {
        let run = program.run(flags);
        assert!(!run.stdout.contains(KEY), "{}", run.stdout);
    }
}

#[test]
fn a_server_that_drips_is_given_up() {
    let api = Api::serve(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[");
        while exchange.stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let run = Program::for_service(&api.url())
        .run(&["doctor"])
        .expect_code(1);
    assert!(
        run.stdout.contains("no whole answer within 4 s"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_named_env_file_is_read_once_and_no_other_in_its_place() {
    let program = Program::new();
    program.file(
        ".env",
        &format!("INFERENCE_URL=https://wrong.example.com\nINFERENCE_KEY={KEY}\n"),
    );
    let missing = program
        .run(&["doctor", "--env-file", "nosuch.env"])
        .expect_code(1);
    assert!(
        missing.stdout.contains("INFERENCE_URL is not set"),
        "{}",
        missing.stdout
    );
    let pipe = format!(
        "'{}' doctor --env-file /dev/fd/3 3<<END\nINFERENCE_URL=http://127.0.0.1:1\nINFERENCE_KEY={KEY}\nEND\n",
        assert_cmd::cargo::cargo_bin!("heroku-chat").display()
    );
    let mut shell = Command::new("/bin/sh");
    let output = shell
        .args(["-c", &pipe])
        .env_clear()
        .envs(program.variables())
        .current_dir(program.work())
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("URL: http://127.0.0.1:1 (from /dev/fd/3 line 1)"),
        "{text}"
    );
}

#[test]
fn pull_follows_a_link_and_names_the_rule_that_works() {
    let platform = Platform::start();
    platform.app(
        "good",
        &[("INFERENCE_URL", SERVICE), ("INFERENCE_KEY", KEY)],
    );
    let program = in_git_with_heroku(with_heroku(&platform));
    std::fs::create_dir(program.work().join("real")).unwrap();
    std::fs::write(program.work().join("real/.env"), "A=1\n").unwrap();
    std::os::unix::fs::symlink("real/.env", program.work().join(".env")).unwrap();
    program
        .run(&["config", "pull", "-a", "good"])
        .expect_code(0);
    assert!(program.work().join(".env").is_symlink());
    assert!(
        std::fs::read_to_string(program.work().join("real/.env"))
            .unwrap()
            .contains(KEY)
    );
    // The rule that is named does what it says.
    std::fs::remove_file(program.work().join(".env")).unwrap();
    let report = program.run(&["doctor", "--json", "--env-file", "./real/.env"]);
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    let entry = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["id"] == "env-git")
        .unwrap();
    assert_eq!(entry["status"], "fail", "{entry:#}");
    let command = entry["commands"][0].as_str().expect("a command").to_owned();
    assert!(
        Command::new("sh")
            .args(["-c", &command])
            .current_dir(program.work())
            .status()
            .unwrap()
            .success()
    );
    let report = program.run(&["doctor", "--json", "--env-file", "./real/.env"]);
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    let entry = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["id"] == "env-git")
        .unwrap();
    assert_eq!(entry["status"], "pass", "{entry:#}");
}

#[test]
fn live_tells_times_tokens_and_headroom() {
    let run = Program::new()
        .run(&["doctor", "--sandbox", "--live"])
        .expect_code(0);
    for words in [
        "completion: first word after",
        "tokens spent",
        "streaming: ",
        "199 of 200 requests left",
    ] {
        assert!(run.stdout.contains(words), "{words}:\n{}", run.stdout);
    }
}

#[test]
fn lines_fit_the_terminal() {
    for columns in [80, 40] {
        let program = Program::new().with("INFERENCE_KEY", KEY);
        program.file(".env", &format!("INFERENCE_URL={SERVICE}/v1\n"));
        let terminal = Terminal::start(&program, &["doctor"], 60, columns);
        let screen = terminal.wait_for("First:");
        let raw = terminal.raw();
        // A line that the terminal had to break would be longer than it is wide.
        for line in plain(&raw).lines() {
            let is_command = line.starts_with("      ");
            assert!(
                is_command || line.trim_end().chars().count() <= usize::from(columns),
                "{columns}: {line:?}\n{screen}"
            );
        }
    }
}

/// Text without colours and erased status lines.
fn plain(raw: &str) -> String {
    let mut text = String::new();
    let mut rest = raw;
    while let Some(start) = rest.find("\x1b[") {
        text.push_str(&rest[..start]);
        let end = rest[start + 2..]
            .find(|c: char| c.is_ascii_alphabetic())
            .expect("the end of a sequence");
        let sequence = &rest[start..start + 2 + end + 1];
        if sequence == "\x1b[K" {
            text.truncate(text.rfind('\n').map_or(0, |at| at + 1));
        }
        rest = &rest[start + sequence.len()..];
    }
    text.push_str(rest);
    text
}

#[test]
fn ctrl_c_gives_the_report_so_far() {
    let api = Api::serve(|exchange| exchange.wait_for_close());
    let program = Program::for_service(&api.url());
    let terminal = Terminal::start(&program, &["doctor"], 40, 80);
    api.wait_for_request();
    // Ctrl-C throws away what the terminal has not shown yet.
    terminal.wait_for("TLS: ");
    terminal.send("\x03");
    terminal.wait_for("Interrupted. ");
    assert!(
        terminal.screen().contains("connection: "),
        "{}",
        terminal.screen()
    );
    assert_eq!(terminal.wait_for_end(), 130);
}

#[test]
fn pull_writes_the_variables_and_nothing_else() {
    let platform = Platform::start();
    platform.app(
        "good",
        &[("INFERENCE_URL", SERVICE), ("INFERENCE_KEY", KEY)],
    );
    let program = in_git_with_heroku(with_heroku(&platform));
    let before = "# mine\nDATABASE_URL='postgres://x'\nINFERENCE_KEY=old\n";
    let path = program.file(".env", before);
    let dry = program
        .run(&["config", "pull", "-a", "good", "--dry-run"])
        .expect_code(0);
    assert_eq!(
        dry.stdout,
        "Would write INFERENCE_URL, INFERENCE_KEY to .env\n"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);

    let run = program
        .run(&["config", "pull", "-a", "good"])
        .expect_code(0);
    assert_eq!(
        run.stdout,
        "Wrote INFERENCE_URL, INFERENCE_KEY to .env, readable by you only\n"
    );
    assert!(
        run.stderr.contains("echo /.env >> .gitignore"),
        "{}",
        run.stderr
    );
    let after = format!(
        "# mine\nDATABASE_URL='postgres://x'\nINFERENCE_KEY={KEY}\nINFERENCE_URL={SERVICE}\n"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    program
        .run(&["config", "pull", "-a", "good", "--gitignore"])
        .expect_code(0)
        .expect_error(".env is in .gitignore now");
    assert_eq!(
        std::fs::read_to_string(program.work().join(".gitignore")).unwrap(),
        "/.env\n"
    );
    let config = program.run(&["config"]).expect_code(0);
    assert!(
        config.stdout.contains("(from .env line 4)"),
        "{}",
        config.stdout
    );
    program
        .run(&["config", "pull", "-a", "nosuch"])
        .expect_code(1)
        .expect_error("there is no app \"nosuch\"");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
}

#[test]
fn pull_asks_on_a_terminal_before_it_touches_gitignore() {
    let platform = Platform::start();
    platform.app(
        "good",
        &[("INFERENCE_URL", SERVICE), ("INFERENCE_KEY", KEY)],
    );
    let program = in_git_with_heroku(with_heroku(&platform));
    let terminal = Terminal::start(&program, &["config", "pull", "-a", "good"], 24, 80);
    terminal.wait_for("Add it to .gitignore? [y/N]");
    terminal.send("y\r");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(
        std::fs::read_to_string(program.work().join(".gitignore")).unwrap(),
        "/.env\n"
    );
}

#[test]
fn a_stream_that_dribbles_is_seen_as_streaming() {
    // The catalogue of this server is the sandbox's; its tokens come in writes of their own.
    let api = Api::serve(|exchange| match exchange.request.line.split(' ').nth(1) {
        Some("/available-models") => exchange.send(&respond(200, "", CATALOGUE)),
        Some("/v1/mcp/servers") => exchange.send(&respond(200, "", "[]")),
        _ if exchange.request.json().get("messages").is_none() => {
            exchange.send(&respond(400, "", r#"{"error":"messages"}"#))
        }
        _ => {
            exchange.send(sse_head());
            for _ in 0..10 {
                exchange.send(&event("word "));
                std::thread::sleep(Duration::from_millis(5));
            }
            exchange.send("event:done\ndata:[DONE]\n\n");
        }
    });
    let run = Program::for_service(&api.url())
        .run(&["doctor", "--live"])
        .expect_code(0);
    assert!(run.stdout.contains("pieces over"), "{}", run.stdout);
}
