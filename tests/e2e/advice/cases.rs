//! Setups that break on the way from Heroku to the service, with a small stand-in for the Heroku
//! CLI. Those of tests/e2e/doctor.rs are walked as well.

use std::any::Any;
use std::fs;

use super::super::support::{
    Answer, Api, CATALOGUE, KEY, Platform, Program, Proxy, SERVICE, Setup, TOKEN, Tls, env_file,
    git, respond,
};

/// The stand-in, in the language of a shell.
pub const HEROKU: &str = include_str!("heroku.sh");

/// The key before it was rotated.
pub const OLD_KEY: &str = "inf-01dba5e0-0000-4000-8000-000000000001";

/// A setup that doesn't work.
#[derive(Clone, Copy)]
pub struct Broken {
    pub name: &'static str,
    pub set_up: fn() -> Setup,
    /// Of doctor and `ask`.
    pub flags: &'static [&'static str],
}

const fn broken(
    name: &'static str,
    flags: &'static [&'static str],
    set_up: fn() -> Setup,
) -> Broken {
    Broken {
        name,
        set_up,
        flags,
    }
}

/// The service as its clients know it: its key, its models, and nothing else.
fn service(catalogue: &'static str) -> Api {
    Api::serve(move |exchange| {
        let request = &exchange.request;
        let has_key = request.header("authorization") == Some(&format!("Bearer {KEY}"));
        let answer = match request.line.as_str() {
            line if line.starts_with("GET /available-models") => respond(200, "", catalogue),
            _ if !has_key => respond(401, "", r#"{"error":"Invalid API key provided"}"#),
            line if line.starts_with("GET /v1/mcp/servers") => respond(200, "", "[]"),
            _ if request.json().get("messages").is_some() => respond(
                200,
                "Content-Type: application/json\r\n",
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#,
            ),
            _ => respond(400, "", r#"{"error":"messages is required"}"#),
        };
        exchange.send(&answer);
    })
    .stand_by()
}

/// A program with the CLI and git, an app `good` that has the add-on, and what else is made of it.
fn with(catalogue: &'static str, change: impl FnOnce(Program, &str) -> Program) -> Setup {
    let api = service(catalogue);
    let program = Program::new();
    program.command("heroku", HEROKU.trim_start_matches("#!/bin/sh\n"));
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin",
        program.variables()["PATH"]
    );
    let program = program.with("PATH", &path);
    let url = api.url();
    let values = vars(&url, KEY);
    fs::create_dir_all(program.home().join("heroku/apps")).unwrap();
    fs::write(program.home().join("heroku/add-on"), &values).unwrap();
    app(&program, "good", &values);
    Setup(change(program, &url), vec![Box::new(api)])
}

fn heroku(change: impl FnOnce(Program, &str) -> Program) -> Setup {
    with(CATALOGUE, |program, url| {
        change(
            logged_in(program).with("INFERENCE_MODEL_ID", "test-model"),
            url,
        )
    })
}

fn vars(url: &str, key: &str) -> String {
    format!("INFERENCE_URL={url}\nINFERENCE_KEY={key}\n")
}

fn app(program: &Program, name: &str, values: &str) {
    fs::write(program.home().join("heroku/apps").join(name), values).unwrap();
}

fn logged_in(program: Program) -> Program {
    fs::write(program.home().join("heroku/login"), "").unwrap();
    program
}

/// The CLI fails with this whatever it is asked.
fn trouble(words: &'static str) -> Setup {
    heroku(move |program, _| {
        fs::write(program.home().join("heroku/trouble"), words).unwrap();
        program
    })
}

fn repository(program: &Program, remotes: &[(&str, &str)]) {
    git(&program.work(), &["init", "-q"]);
    for (name, app) in remotes {
        let url = format!("https://git.heroku.com/{app}.git");
        git(&program.work(), &["remote", "add", name, &url]);
    }
}

/// Heroku itself answers like this about the app `good`, and there is no CLI.
fn direct(answer: Answer) -> Setup {
    let platform = Platform::start();
    platform.answer("good", answer);
    let mut program = Program::new();
    for (name, value) in platform.env() {
        program = program.with(name, &value);
    }
    let program = program.with("HEROKU_API_KEY", TOKEN);
    Setup(program, vec![Box::new(platform)])
}

/// A service with TLS, whose CA is in ca.pem.
fn tls(change: impl FnOnce(Program, &str) -> Program) -> Setup {
    let server = Tls::serve(&["localhost"], Tls::VALID, |line| match line {
        line if line.starts_with("GET /available-models") => respond(200, "", CATALOGUE),
        line if line.starts_with("GET /v1/mcp/servers") => respond(200, "", "[]"),
        _ => respond(400, "", r#"{"error":"messages is required"}"#),
    })
    .stand_by();
    let address = format!("localhost:{}", server.port);
    let program = Program::for_service(&format!("https://{address}"));
    program.file("ca.pem", &server.certificate);
    Setup(change(program, &address), vec![Box::new(server)])
}

/// The real name of the service, with a server of ours behind a proxy.
fn at_heroku(change: impl FnOnce(Program) -> Program) -> Setup {
    let server = Tls::serve(
        &["us.inference.heroku.com"],
        Tls::VALID,
        |line| match line {
            line if line.starts_with("GET /available-models") => respond(200, "", CATALOGUE),
            line if line.starts_with("GET /v1/mcp/servers") => respond(200, "", "[]"),
            _ => respond(400, "", r#"{"error":"messages is required"}"#),
        },
    )
    .stand_by();
    let proxy = Proxy::start(Ok(server.port)).stand_by();
    let Setup(program, mut servers) = heroku(|program, _| program);
    let ca = program
        .file("ca.pem", &server.certificate)
        .display()
        .to_string();
    let program = program
        .with("SSL_CERT_FILE", &ca)
        .with("https_proxy", &format!("127.0.0.1:{}", proxy.port));
    let more: [Box<dyn Any>; 2] = [Box::new(server), Box::new(proxy)];
    servers.extend(more);
    Setup(change(program), servers)
}

/// The oldest first, as the catalogue has them; the first is gone, the second on its way out.
const AGED: &str = r#"[
    {"model_id":"claude-3-haiku","type":["text-to-text"],"regions":["us"],"state":"deprecated","eol_date":"2025-01-01T00:00:00Z"},
    {"model_id":"claude-3-5-haiku","type":["text-to-text"],"regions":["us"],"state":"deprecated","eol_date":"2099-01-01T00:00:00Z"},
    {"model_id":"claude-4-5-haiku","type":["text-to-text"],"regions":["us"],"state":"active"},
    {"model_id":"claude-4-6-sonnet","type":["text-to-text"],"regions":["us"],"state":"active"}
]"#;

fn aged(model: Option<&'static str>) -> Setup {
    with(AGED, |program, url| {
        let program = program
            .with("INFERENCE_URL", url)
            .with("INFERENCE_KEY", KEY);
        match model {
            Some(model) => program.with("INFERENCE_MODEL_ID", model),
            None => program,
        }
    })
}

pub const CASES: &[Broken] = &[
    broken("logged out", &["-a", "good"], || {
        with(CATALOGUE, |program, _| {
            program.with("INFERENCE_MODEL_ID", "test-model")
        })
    }),
    broken("logged out, no app", &[], || {
        with(CATALOGUE, |program, _| program)
    }),
    broken(
        "a token that was revoked, and a login",
        &["-a", "good"],
        || heroku(|program, _| program.with("HEROKU_API_KEY", "expired")),
    ),
    broken(
        "a token that was revoked, and no login",
        &["-a", "good"],
        || {
            with(CATALOGUE, |program, _| {
                program.with("HEROKU_API_KEY", "expired")
            })
        },
    ),
    broken("no app in a repository", &[], || {
        heroku(|program, _| {
            repository(&program, &[]);
            program
        })
    }),
    broken("no app, no repository", &[], || {
        heroku(|program, _| program)
    }),
    broken("an app of another name", &["-a", "goof"], || {
        heroku(|program, _| program)
    }),
    broken("HEROKU_APP of another name", &[], || {
        heroku(|program, _| program.with("HEROKU_APP", "nosuch"))
    }),
    broken("an unknown remote", &["-r", "nosuch"], || {
        heroku(|program, _| {
            repository(&program, &[("heroku", "good")]);
            program
        })
    }),
    broken("two remotes", &[], || {
        heroku(|program, _| {
            repository(&program, &[("production", "good"), ("staging", "good")]);
            program
        })
    }),
    broken("an app without the add-on", &["-a", "bare"], || {
        heroku(|program, _| {
            app(&program, "bare", "PORT=1\n");
            program
        })
    }),
    broken("the add-on under another name", &["-a", "other"], || {
        at_heroku(|program| {
            let values = vars(SERVICE, KEY).replace("INFERENCE", "MY_AI");
            app(&program, "other", &values);
            program
        })
    }),
    broken(
        "the add-on under another name, for ask",
        &["-a", "other"],
        || {
            at_heroku(|program| {
                app(
                    &program,
                    "other",
                    &format!("CHAT_URL={SERVICE}\nCHAT_KEY={KEY}\n"),
                );
                program.without("INFERENCE_MODEL_ID")
            })
        },
    ),
    broken(
        "an app on the standard plan without a model",
        &["-a", "good"],
        || with(AGED, |program, _| logged_in(program)),
    ),
    broken("a rotated key in .env", &["-a", "good"], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, OLD_KEY));
            program
        })
    }),
    broken("a rotated key in .env, the app by its remote", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, OLD_KEY));
            program.file(".gitignore", "/.env\n");
            repository(&program, &[("heroku", "good")]);
            program
        })
    }),
    broken(
        "a rotated key in .env, and nobody says of which app",
        &[],
        || {
            heroku(|program, url| {
                program.file(".env", &vars(url, OLD_KEY));
                program
            })
        },
    ),
    broken("a rotated key exported before a good .env", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, KEY));
            program
                .with("INFERENCE_URL", url)
                .with("INFERENCE_KEY", OLD_KEY)
        })
    }),
    broken("a rotated key exported", &["-a", "good"], || {
        heroku(|program, url| {
            program
                .with("INFERENCE_URL", url)
                .with("INFERENCE_KEY", OLD_KEY)
        })
    }),
    broken(
        "only the URL exported, the rest on the app",
        &["-a", "good"],
        || heroku(|program, url| program.with("INFERENCE_URL", url)),
    ),
    broken("only the URL in .env, the key exported", &[], || {
        heroku(|program, url| {
            program.file(".env", &format!("INFERENCE_URL={url}\n"));
            program.with("INFERENCE_KEY", KEY)
        })
    }),
    broken(
        "only the URL in .env, the rest on the app",
        &["-a", "good"],
        || {
            heroku(|program, url| {
                program.file(".env", &format!("INFERENCE_URL={url}\n"));
                program
            })
        },
    ),
    broken("no model, the first of the list being gone", &[], || {
        aged(None)
    }),
    broken("a model that is gone", &[], || aged(Some("claude-3-haiku"))),
    broken("a model on its way out without a successor", &[], || {
        aged(Some("claude-3-5-haiku"))
    }),
    broken("a model misspelt like one that is gone", &[], || {
        aged(Some("claude-3-haikoo"))
    }),
    broken("a model nobody knows, for ask", &[], || aged(Some("zzz"))),
    broken("a name nearly right in .env", &[], || {
        heroku(|program, url| {
            program.file(
                ".env",
                &vars(url, KEY).replace("INFERENCE_KEY", "INFERENCE_API_KEY"),
            );
            program
        })
    }),
    broken("both names nearly right in .env", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, KEY).replace("INFERENCE", "INFRENCE"));
            program
        })
    }),
    broken("a name nearly right among other lines", &[], || {
        heroku(|program, url| {
            let text = format!(
                "\u{feff}# ours\r\nOTHER='x y' # kept\r\n export INFERENCE_APIKEY = \"{KEY}\" # mine\r\n\
                 \r\nINFERENCE_URL={url}\r\nDATABASE_URL=postgres://u:p@h/d"
            );
            program.file(".env", &text);
            program
        })
    }),
    broken("a key in two pairs of quotes in .env", &[], || {
        heroku(|program, url| {
            let text = vars(url, &format!("\"'{KEY}'\" # mine"));
            program.file(".env", &text);
            program
        })
    }),
    broken("a URL in printers' quotes in .env", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(&format!("“{url}”"), KEY));
            program
        })
    }),
    broken("a quote that is never closed in .env", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, &format!("\"{KEY} ")));
            program
        })
    }),
    broken("a key with an invisible blank in .env", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, &format!("{KEY}\u{200b}")));
            program
        })
    }),
    broken("a rotated key among other lines", &["-a", "good"], || {
        heroku(|program, url| {
            let text = format!(
                "# ours\nINFERENCE_URL=\"{url}\" # quoted\nA=1\nexport INFERENCE_KEY='{OLD_KEY}'\nB='2"
            );
            program.file(".env", &text);
            program
        })
    }),
    broken("a good .env that git would commit", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, KEY));
            program.file(".gitignore", "*.log");
            repository(&program, &[]);
            program
        })
    }),
    broken("a name nearly right in the environment", &[], || {
        heroku(|program, url| {
            program
                .with("INFERENCE_URL", url)
                .with("INFERENCE_APIKEY", KEY)
        })
    }),
    broken("the URL as INFERENCE_BASE_URL", &[], || {
        heroku(|program, url| {
            program
                .with("INFERENCE_BASE_URL", url)
                .with("INFERENCE_KEY", KEY)
        })
    }),
    broken("names in small letters", &[], || {
        heroku(|program, url| {
            program
                .with("inference_url", url)
                .with("inference_key", KEY)
        })
    }),
    broken("Heroku is offline", &["-a", "good"], || {
        trouble("    Error: getaddrinfo EAI_AGAIN api.heroku.com\n    Code: EAI_AGAIN\n")
    }),
    broken("Heroku limits the account", &["-a", "good"], || {
        trouble(
            " ›   Error: Your account reached the API rate limit\n ›\n ›   Error ID: rate_limit\n",
        )
    }),
    broken("Heroku fails", &["-a", "good"], || {
        trouble("    Error: HTTP Error 503 for GET https://api.heroku.com/apps/good/config-vars\n")
    }),
    broken(
        "a certificate that the CLI doesn't trust",
        &["-a", "good"],
        || trouble("    Error: self-signed certificate\n    Code: DEPTH_ZERO_SELF_SIGNED_CERT\n"),
    ),
    broken("an account that owes", &["-a", "good"], || {
        trouble(" ›   Error: You have an outstanding balance\n ›\n ›   Error ID: delinquent\n")
    }),
    broken("Heroku itself limits the account", &["-a", "good"], || {
        direct(Answer::RateLimited)
    }),
    broken("Heroku itself fails", &["-a", "good"], || {
        direct(Answer::ServerErrorHtml)
    }),
    broken(
        "Heroku itself wants a second factor",
        &["-a", "good"],
        || {
            direct(Answer::Refused(
                403,
                "two_factor",
                "Two-factor authentication is required.",
            ))
        },
    ),
    broken("a page in place of Heroku", &["-a", "good"], || {
        direct(Answer::Html200)
    }),
    broken("blanks round the app's values", &["-a", "padded"], || {
        heroku(|program, url| {
            app(
                &program,
                "padded",
                &vars(&format!(" {url} "), &format!(" {KEY} ")),
            );
            program
        })
    }),
    broken("no certificate where SSL_CERT_FILE points", &[], || {
        tls(|program, _| program.with("SSL_CERT_FILE", "/nonexistent/ca.pem"))
    }),
    broken("an unknown issuer, with SSL_CERT_FILE", &[], || {
        tls(|program, _| {
            let other = Tls::serve(&["elsewhere"], Tls::VALID, |_| String::new()).stand_by();
            let path = program
                .file("other.pem", &other.certificate)
                .display()
                .to_string();
            program.with("SSL_CERT_FILE", &path)
        })
    }),
    broken("http:// to a port with TLS", &[], || {
        tls(|program, address| {
            let ca = program.work().join("ca.pem").display().to_string();
            program
                .with("INFERENCE_URL", &format!("http://{address}"))
                .with("SSL_CERT_FILE", &ca)
        })
    }),
    broken("a URL without scheme, from the app", &["-a", "bad"], || {
        heroku(|program, url| {
            app(
                &program,
                "bad",
                &vars(url.trim_start_matches("http://"), KEY),
            );
            program
        })
    }),
    broken("URL and key swapped", &[], || {
        heroku(|program, url| {
            program
                .with("INFERENCE_URL", KEY)
                .with("INFERENCE_KEY", url)
        })
    }),
    broken("a key in quotes, for ask", &["-a", "good"], || {
        heroku(|program, url| {
            program
                .with("INFERENCE_URL", url)
                .with("INFERENCE_KEY", &format!("\"{KEY}\""))
        })
    }),
    broken("a key with its name", &["-a", "good"], || {
        heroku(|program, url| {
            program
                .with("INFERENCE_URL", url)
                .with("INFERENCE_KEY", &format!("INFERENCE_KEY={KEY}"))
        })
    }),
    broken("a good .env that git tracks", &[], || {
        heroku(|program, url| {
            program.file(".env", &vars(url, KEY));
            repository(&program, &[]);
            git(&program.work(), &["add", ".env"]);
            program
        })
    }),
    broken("a .env of Windows, for another attachment", &[], || {
        let program = env_file("URL\r\nKEY\r\n");
        let text = fs::read_to_string(program.work().join(".env")).unwrap();
        program.file(".env", &text.replace("INFERENCE", "EMBEDDING"));
        program.into()
    }),
    broken("on a dyno of an app without the add-on", &[], || {
        Program::new().with("DYNO", "web.1").into()
    }),
];
