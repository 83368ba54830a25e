//! `doctor`: a table of broken setups, each with the check that has to notice and what it has to
//! say.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, SystemTime};

use httpdate::fmt_http_date;

use super::support::{
    Api, CATALOGUE, Case, KEY, Program, Proxy, SERVICE, Setup, Terminal, Tls, api, check_part,
    env_file, event, fifo, respond, sse_head, with_model,
};

fn service() -> Program {
    Program::for_service(SERVICE)
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

pub const CASES: &[Case] = &[
    Case {
        name: "nothing at all",
        set_up: || Program::new().into(),
        flags: &[],
        check: "heroku-cli",
        status: "fail",
        says: "not on PATH",
    },
    Case {
        name: "no URL",
        set_up: || service().without("INFERENCE_URL").into(),
        flags: &[],
        check: "url",
        status: "fail",
        says: "export INFERENCE_URL=$(heroku config:get INFERENCE_URL -a example-app)",
    },
    Case {
        name: "no key",
        set_up: || service().without("INFERENCE_KEY").into(),
        flags: &["-a", "good"],
        check: "key",
        status: "fail",
        says: "export INFERENCE_KEY=$(heroku config:get INFERENCE_KEY -a good)",
    },
    Case {
        name: "another attachment",
        set_up: || {
            Program::new()
                .with("EMBEDDING_URL", SERVICE)
                .with("EMBEDDING_KEY", KEY)
                .into()
        },
        flags: &[],
        check: "url",
        status: "fail",
        says: "heroku-chat doctor --as EMBEDDING",
    },
    Case {
        name: "a line of .env that can't be read",
        set_up: || env_file("\nKEY extra words\n").into(),
        flags: &[],
        check: "env-file",
        status: "fail",
        says: "line 2 of .env",
    },
    Case {
        name: "a .env with a dollar",
        set_up: || {
            let program = Program::new();
            program.file(".env", "INFERENCE_KEY=a$HOME\n");
            program.into()
        },
        flags: &[],
        check: "env-file",
        status: "fail",
        says: "single quotes",
    },
    Case {
        name: ".env is a folder",
        set_up: || {
            let program = service();
            std::fs::create_dir(program.work().join(".env")).unwrap();
            program.into()
        },
        flags: &[],
        check: "env-file",
        status: "fail",
        says: "can't be read",
    },
    Case {
        name: "--env-file that isn't there",
        set_up: || service().into(),
        flags: &["--env-file", "nosuch.env"],
        check: "env-file",
        status: "fail",
        says: "nosuch.env can't be read",
    },
    Case {
        name: ".env that others can read",
        set_up: || env_file("URL\nKEY\n").into(),
        flags: &[],
        check: "env-permissions",
        status: "warn",
        says: "chmod 600 .env",
    },
    Case {
        name: "URL and key from two places",
        set_up: || env_file("URL\n").with("INFERENCE_KEY", KEY).into(),
        flags: &[],
        check: "same-source",
        status: "fail",
        says: "--allow-mixed-sources",
    },
    Case {
        name: "a URL without scheme",
        set_up: || {
            service()
                .with("INFERENCE_URL", "us.inference.heroku.com")
                .into()
        },
        flags: &[],
        check: "url",
        status: "fail",
        says: "it does not begin with https://",
    },
    Case {
        name: "a URL in quotes",
        set_up: || {
            service()
                .with("INFERENCE_URL", "\"https://us.inference.heroku.com\"")
                .into()
        },
        flags: &[],
        check: "url",
        status: "fail",
        says: "it does not begin with https://",
    },
    Case {
        name: "a URL with /v1",
        set_up: || {
            service()
                .with("INFERENCE_URL", "https://us.inference.heroku.com/v1")
                .into()
        },
        flags: &[],
        check: "url",
        status: "warn",
        says: "/v1",
    },
    Case {
        name: "plain http to another machine",
        set_up: || {
            service()
                .with("INFERENCE_URL", "http://inference.example.com")
                .into()
        },
        flags: &[],
        check: "url",
        status: "fail",
        says: "--allow-http",
    },
    Case {
        name: "a key in quotes",
        set_up: || service().with("INFERENCE_KEY", &format!("'{KEY}'")).into(),
        flags: &[],
        check: "key",
        status: "fail",
        says: "quotes",
    },
    Case {
        name: "a key with a space",
        set_up: || {
            service()
                .with("INFERENCE_KEY", &format!("{KEY} {KEY}"))
                .into()
        },
        flags: &[],
        check: "key",
        status: "fail",
        says: "a space",
    },
    Case {
        name: "a key of another form",
        set_up: || service().with("INFERENCE_KEY", "sk-1234").into(),
        flags: &[],
        check: "key",
        status: "warn",
        says: "inf- and a UUID",
    },
    Case {
        name: "an old Heroku CLI",
        set_up: || {
            let program = Program::new();
            program.command(
                "heroku",
                "[ \"$1\" = update ] && : > \"$HOME/updated\"
                version=7.60.0
                [ -e \"$HOME/updated\" ] && version=11.10.0
                echo heroku/$version linux-x64 node-v14",
            );
            program.into()
        },
        flags: &[],
        check: "heroku-cli",
        status: "fail",
        says: "heroku update",
    },
    Case {
        name: "a Heroku CLI that doesn't start",
        set_up: || {
            let program = Program::new();
            program.command("heroku", "echo SyntaxError >&2; exit 1");
            program.into()
        },
        flags: &[],
        check: "heroku-cli",
        status: "fail",
        says: "SyntaxError",
    },
    Case {
        // What the real one says is in tests/system/heroku_cli.rs. It says so after seven seconds,
        // and doctor waits for ten: on a busy machine too few.
        name: "a Heroku CLI that does not reach Heroku",
        set_up: || {
            let program = Program::new();
            program.command(
                "heroku",
                "test $1 = --version && echo heroku/11.10.0 linux-x64 node-v22 && exit
                echo 'Error: connect ECONNREFUSED 127.0.0.1:1' >&2; exit 1",
            );
            program.into()
        },
        flags: &["-a", "good"],
        check: "heroku-login",
        status: "fail",
        says: "Heroku could not be reached",
    },
    Case {
        name: "an unknown host",
        set_up: || {
            service()
                .with("INFERENCE_URL", "https://nosuch.invalid")
                .into()
        },
        flags: &[],
        check: "dns",
        status: "fail",
        says: "the host nosuch.invalid was not found",
    },
    Case {
        name: "a refused connection",
        set_up: || service().with("INFERENCE_URL", "http://127.0.0.1:1").into(),
        flags: &[],
        check: "tcp",
        status: "fail",
        says: "connection refused",
    },
    Case {
        name: "an expired certificate",
        set_up: || tls(&["localhost"], Tls::EXPIRED, true),
        flags: &[],
        check: "tls",
        status: "fail",
        says: "it has expired",
    },
    Case {
        name: "a certificate of another host",
        set_up: || tls(&["elsewhere"], Tls::VALID, true),
        flags: &[],
        check: "tls",
        status: "fail",
        says: "it is for another host name",
    },
    Case {
        name: "an unknown issuer",
        set_up: || tls(&["localhost"], Tls::VALID, false),
        flags: &[],
        check: "tls",
        status: "fail",
        says: "it was issued by rcgen self signed cert",
    },
    Case {
        name: "no TLS on the port",
        set_up: || {
            // The greeting of TLS is no request.
            let api = Api::serve(|_| ()).stand_by();
            let url = api.url().replace("http://127.0.0.1", "https://localhost");
            Setup(Program::for_service(&url), vec![Box::new(api)])
        },
        flags: &[],
        check: "tls",
        status: "fail",
        says: "TLS with localhost failed",
    },
    Case {
        name: "a SOCKS proxy",
        set_up: || service().with("https_proxy", "socks5://127.0.0.1:1").into(),
        flags: &[],
        check: "proxy",
        status: "fail",
        says: "only http:// proxies",
    },
    Case {
        name: "a proxy that is down",
        set_up: || service().with("https_proxy", "127.0.0.1:1").into(),
        flags: &[],
        check: "tcp",
        status: "fail",
        says: "connection refused",
    },
    Case {
        name: "a proxy that wants a password",
        set_up: || {
            let proxy = Proxy::start(Err(407));
            let program = service().with("https_proxy", &format!("127.0.0.1:{}", proxy.port));
            Setup(program, vec![Box::new(proxy)])
        },
        flags: &[],
        check: "tls",
        status: "fail",
        says: "407",
    },
    Case {
        name: "a sign-in page of the network",
        set_up: || {
            api(|| {
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Please sign in</body></html>".to_owned()
            })
        },
        flags: &[],
        check: "catalogue",
        status: "fail",
        says: "it sent a web page",
    },
    Case {
        name: "a redirect",
        set_up: || api(|| respond(302, "Location: https://login.example.com/\r\n", "")),
        flags: &[],
        check: "catalogue",
        status: "fail",
        says: "login.example.com",
    },
    Case {
        name: "a service that fails",
        set_up: || api(|| respond(503, "", r#"{"error":"down"}"#)),
        flags: &[],
        check: "catalogue",
        status: "fail",
        says: "status 503",
    },
    Case {
        name: "a service that is silent",
        set_up: || {
            let api = Api::serve(|exchange| exchange.wait_for_close());
            let program = Program::for_service(&api.url());
            Setup(program, vec![Box::new(api)])
        },
        flags: &[],
        check: "catalogue",
        status: "fail",
        says: "no whole answer within 4 s",
    },
    Case {
        name: "a service without a catalogue",
        set_up: || api(|| respond(404, "", "{}")),
        flags: &[],
        check: "catalogue",
        status: "warn",
        says: "no list of models",
    },
    Case {
        name: "a clock that is slow",
        set_up: || api(|| respond(200, &date(2), CATALOGUE)),
        flags: &[],
        check: "clock",
        status: "fail",
        says: "ahead of the service",
    },
    Case {
        name: "a clock that is a little off",
        set_up: || api(|| respond(200, &date(0), CATALOGUE)),
        flags: &[],
        check: "clock",
        status: "warn",
        says: "10 min",
    },
    Case {
        name: "no model",
        set_up: || {
            let Setup(program, servers) = with_model("x");
            Setup(program.without("INFERENCE_MODEL_ID"), servers)
        },
        flags: &[],
        check: "model",
        status: "warn",
        says: "export INFERENCE_MODEL_ID=test-model",
    },
    Case {
        name: "a model misspelt",
        set_up: || with_model("test-modle"),
        flags: &[],
        check: "model",
        status: "fail",
        says: "export INFERENCE_MODEL_ID=test-model",
    },
    Case {
        name: "a model nobody knows",
        set_up: || with_model("zzz"),
        flags: &[],
        check: "model",
        status: "fail",
        says: "heroku-chat models",
    },
    Case {
        name: "a model for something else",
        set_up: || with_model("embed"),
        flags: &[],
        check: "model",
        status: "fail",
        says: "not a chat model but text-to-embedding",
    },
    Case {
        name: "a model of another region",
        set_up: eu_service,
        flags: &[],
        check: "model",
        status: "fail",
        says: "not offered in eu, only in us",
    },
    Case {
        name: "a model on its way out",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "-m", "sandbox-old"],
        check: "model",
        status: "warn",
        says: "heroku-chat --sandbox -m sandbox-echo",
    },
    Case {
        name: "a wrong key",
        set_up: || {
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
        flags: &[],
        check: "key-accepted",
        status: "fail",
        says: "did not accept the key",
    },
    Case {
        name: "a key for another model",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "-m", "sandbox-403"],
        check: "request",
        status: "fail",
        says: "choose its attachment with --as",
    },
    Case {
        name: "a key the chat refuses",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "-m", "sandbox-401"],
        check: "request",
        status: "fail",
        says: "did not accept the key",
    },
    Case {
        name: "the rate limit is reached",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "-m", "sandbox-429"],
        check: "request",
        status: "fail",
        says: "the rate limit of sandbox-429",
    },
    Case {
        name: "a firewall",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "-m", "sandbox-blocked"],
        check: "request",
        status: "fail",
        says: "a firewall or filter",
    },
    Case {
        name: "a gateway in the way",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "-m", "sandbox-502"],
        check: "request",
        status: "fail",
        says: "status 502",
    },
    Case {
        name: "a completion cut",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "--live", "-m", "sandbox-cut"],
        check: "live",
        status: "fail",
        says: "broke",
    },
    Case {
        name: "a completion that fails",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "--live", "-m", "sandbox-error"],
        check: "live",
        status: "fail",
        says: "overloaded",
    },
    Case {
        name: "garbage",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "--live", "-m", "sandbox-garbage"],
        check: "live",
        status: "fail",
        says: "can't be read",
    },
    Case {
        name: "a completion without text",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "--live", "-m", "sandbox-empty"],
        check: "live",
        status: "fail",
        says: "no text",
    },
    Case {
        name: "a proxy that buffers",
        set_up: || Program::new().into(),
        flags: &["--sandbox", "--live", "-m", "sandbox-buffered"],
        check: "streaming",
        status: "warn",
        says: "in one piece",
    },
    Case {
        name: "a line that can't be read and isn't needed",
        set_up: || {
            let program = service();
            program.file(".env", "INFERENCE_KEY=$(op read op://dev/heroku/key)\n");
            program.into()
        },
        flags: &[],
        check: "env-file",
        status: "warn",
        says: "line 1 of .env",
    },
    Case {
        name: "a pipe that nobody writes to",
        set_up: || {
            let program = Program::new();
            fifo(&program.work().join(".env"));
            program.into()
        },
        flags: &[],
        check: "env-file",
        status: "fail",
        says: "nobody wrote to it",
    },
    Case {
        name: "a sessions folder that leads nowhere",
        set_up: || {
            let program = service();
            let data = program.home().join(".local/share/heroku-chat");
            std::fs::create_dir_all(&data).unwrap();
            std::os::unix::fs::symlink("/nonexistent", data.join("sessions")).unwrap();
            program.into()
        },
        flags: &["--sandbox"],
        check: "data-folder",
        status: "warn",
        says: "heroku-chat/sessions can't be read and written",
    },
    Case {
        name: "a home that can't be written",
        set_up: || service().with("HOME", "/dev/null").into(),
        flags: &["--sandbox"],
        check: "data-folder",
        status: "warn",
        says: "XDG_DATA_HOME",
    },
];

#[test]
fn every_broken_setup_is_noticed_part_1() {
    check_part(CASES, 0, 4);
}

#[test]
fn every_broken_setup_is_noticed_part_2() {
    check_part(CASES, 1, 4);
}

#[test]
fn every_broken_setup_is_noticed_part_3() {
    check_part(CASES, 2, 4);
}

#[test]
fn every_broken_setup_is_noticed_part_4() {
    check_part(CASES, 3, 4);
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
        // The rest of a line may be on its way.
        let (raw, _) = raw.rsplit_once('\n').expect("lines");
        // A line that the terminal had to break would be longer than it is wide.
        for line in plain(raw).lines() {
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
