//! The text of every failure, in one file to be read one after the other: `texts.txt`. A variant
//! without a sample fails the test.

use std::fmt;

use super::*;
use crate::cli::source::Source;

/// The name of a variant, as its `Debug` begins.
fn name(value: &dyn fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(', '{']).next().unwrap().to_owned()
}

/// The names of a failure's variant and of those within it.
fn variants(error: &Error) -> Vec<String> {
    let mut names = vec![name(error)];
    match error {
        Error::Network(failure) => {
            names.push(name(failure));
            match failure {
                NetworkFailure::Certificate { flaw, .. } => names.push(name(flaw)),
                NetworkFailure::TimedOut { waiting, .. } => names.push(format!("{waiting:?}")),
                _ => {}
            }
        }
        Error::Service(problem) => names.push(name(&problem.kind)),
        Error::Platform(failure) => names.push(name(failure)),
        Error::MissingVariables(missing) => {
            names.extend(missing.heroku.as_ref().map(|it| name(it)))
        }
        Error::NotOnApp { heroku, .. } => names.push(name(heroku)),
        _ => {}
    }
    names
}

/// The variants of an enum, as its definition names them.
fn variants_of(definition: &str) -> Vec<&str> {
    let source = include_str!("mod.rs");
    let from = source.split(&format!("pub enum {definition} {{\n")).nth(1);
    let body = from.and_then(|from| from.split("\n}\n").next());
    body.expect(definition)
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter_map(|line| line.split([',', ' ', '(']).next())
        .collect()
}

fn heroku() -> Vec<HerokuFailure> {
    let words = || "the words of the Heroku CLI".to_owned();
    vec![
        HerokuFailure::NotInstalled,
        HerokuFailure::OnDyno,
        HerokuFailure::NotStarted("permission denied".to_owned()),
        HerokuFailure::NotLoggedIn,
        HerokuFailure::InvalidToken,
        HerokuFailure::NoApp,
        HerokuFailure::SeveralApps(vec![
            "shop (heroku)".to_owned(),
            "test (staging)".to_owned(),
        ]),
        HerokuFailure::UnknownRemote("staging".to_owned()),
        HerokuFailure::UnknownApp(Some("shop".to_owned())),
        HerokuFailure::Refused(words()),
        HerokuFailure::Platform(PlatformFailure::Refused {
            status: 429,
            id: "rate_limit".to_owned(),
            message: "Your account reached the API rate limit.".to_owned(),
        }),
        HerokuFailure::Unreachable(words()),
        HerokuFailure::Certificate(words()),
        HerokuFailure::TimedOut(Duration::from_secs(75)),
        HerokuFailure::NotAttached(Some("shop".to_owned())),
        HerokuFailure::Elsewhere {
            app: Some("shop".to_owned()),
            prefix: "INFERENCE".to_owned(),
            other: "MY_AI".to_owned(),
        },
        HerokuFailure::Other {
            code: Some(1),
            message: words(),
        },
    ]
}

fn network() -> Vec<NetworkFailure> {
    let host = || "us.inference.heroku.com".to_owned();
    let reason = || "the reason".to_owned();
    let flaws = [
        CertificateFlaw::Time,
        CertificateFlaw::Name,
        CertificateFlaw::Issuer,
        CertificateFlaw::Unlisted,
        CertificateFlaw::Authority,
        CertificateFlaw::Algorithm,
        CertificateFlaw::Broken,
    ];
    let certificates = flaws.map(|flaw| NetworkFailure::Certificate {
        host: host(),
        flaw,
        reason: reason(),
    });
    let waits = [Waiting::Connection, Waiting::FirstByte, Waiting::NextByte];
    let waits = waits.map(|waiting| NetworkFailure::TimedOut {
        waiting,
        limit: Duration::from_millis(1500),
    });
    let others = [
        NetworkFailure::UnknownHost {
            host: host(),
            reason: reason(),
        },
        NetworkFailure::Unreachable {
            address: format!("{}:443", host()),
            reason: reason(),
        },
        NetworkFailure::Tls {
            host: host(),
            reason: reason(),
        },
        NetworkFailure::Handshake {
            host: host(),
            reason: reason(),
        },
        NetworkFailure::Proxy {
            proxy: "proxy:3128".to_owned(),
            variable: "https_proxy",
            reason: reason(),
        },
        NetworkFailure::Lost {
            host: host(),
            reason: reason(),
        },
        NetworkFailure::Garbled {
            host: host(),
            reason: reason(),
        },
        NetworkFailure::NoRoots {
            variable: "SSL_CERT_FILE",
            value: "company.pem".to_owned(),
            reason: reason(),
        },
    ];
    certificates
        .into_iter()
        .chain(waits)
        .chain(others)
        .collect()
}

fn service() -> Vec<ServiceProblem> {
    let kinds = [
        (ProblemKind::UnknownParameter("top_p".to_owned()), 400),
        (ProblemKind::Rejected, 400),
        (ProblemKind::Unauthorized, 401),
        (ProblemKind::ModelNotCovered, 403),
        (ProblemKind::Blocked, 403),
        (ProblemKind::SignIn, 511),
        (ProblemKind::NotFound, 404),
        (ProblemKind::NoAddress, 404),
        (ProblemKind::RateLimited, 429),
        (ProblemKind::QuotaUsedUp, 429),
        (ProblemKind::ServerFault, 503),
        (ProblemKind::Redirect("https://elsewhere".to_owned()), 302),
    ];
    let problem = |kind, status, message: &str| ServiceProblem {
        kind,
        status,
        message: message.to_owned(),
        label: None,
        host: "us.inference.heroku.com".to_owned(),
        model: Some("claude-4-5-haiku".to_owned()),
        retry_after: None,
        may_pass: false,
    };
    let mut problems: Vec<_> = kinds
        .into_iter()
        .map(|(kind, status)| problem(kind, status, "the service's own sentence"))
        .collect();
    // Each with advice of its own.
    let rejections = [
        (400, "max_tokens: 300000 is above the maximum"),
        (400, "`temperature` and `top_p` cannot both be specified"),
        (
            400,
            "`temperature` may only be set to 1 when thinking is enabled",
        ),
        (400, "prompt is too long: 205000 tokens > 200000 maximum"),
        (400, "messages.1: content is required"),
        (413, "request entity too large"),
    ];
    let rejected = |(status, message)| problem(ProblemKind::Rejected, status, message);
    problems.extend(rejections.map(rejected));
    problems.push(ServiceProblem {
        retry_after: Some(Duration::from_secs(20)),
        label: Some("rate_limit_exceeded".to_owned()),
        ..problem(ProblemKind::RateLimited, 429, "slow down")
    });
    problems
}

fn others() -> Vec<Error> {
    let (flag, file) = (
        Source::Flag("--url".into()),
        Source::EnvFile(".env".into(), 2),
    );
    let name = || "release-notes".to_owned();
    vec![
        Error::NotOnApp {
            names: vec!["INFERENCE_URL".to_owned()],
            heroku: HerokuFailure::NotLoggedIn,
        },
        Error::SplitSources {
            prefix: "INFERENCE".to_owned(),
            url: file.clone(),
            key: Source::Environment,
        },
        Error::InvalidUrl {
            name: "INFERENCE_URL".to_owned(),
            value: "us.inference".to_owned(),
            source: flag,
            reason: "it has no scheme".to_owned(),
        },
        Error::PlainHttp {
            url: "http://example.com".to_owned(),
            source: file.clone(),
        },
        Error::InvalidKey {
            source: file,
            reason: "has quotes around it",
        },
        Error::InvalidValue {
            what: "HEROKU_CHAT_CONTEXT".to_owned(),
            value: "none".to_owned(),
            rule: "a whole number from 1, or all".to_owned(),
        },
        Error::File {
            what: "--file",
            path: "notes.md".into(),
            reason: "It is a folder.".to_owned(),
        },
        Error::NoCommand {
            typed: "pul".into(),
            nearest: Some("heroku-chat config pull".into()),
            prompt: None,
        },
        Error::NoCommand {
            typed: "zebra".into(),
            nearest: None,
            prompt: None,
        },
        Error::NoCommand {
            typed: "sesions".into(),
            nearest: Some("heroku-chat sessions".into()),
            prompt: Some("sesions list".into()),
        },
        Error::NoCommand {
            typed: "hello".into(),
            nearest: None,
            prompt: Some("hello".into()),
        },
        Error::NoCode,
        Error::NoPrompt,
        Error::NoLog,
        Error::Unexamined(Box::new(HerokuFailure::NotLoggedIn)),
        Error::NoModel {
            variable: "INFERENCE_MODEL_ID".to_owned(),
            app: None,
            ids: vec!["claude-4-5-haiku".to_owned(), "nova-pro".to_owned()],
        },
        Error::NoModel {
            variable: "INFERENCE_MODEL_ID".to_owned(),
            app: Some("shop".to_owned()),
            ids: Vec::new(),
        },
        Error::NoSession {
            name: "relase".to_owned(),
            nearest: Some(name()),
        },
        Error::NoSession {
            name: "dynos".to_owned(),
            nearest: None,
        },
        Error::SeveralSessions {
            typed: "re".to_owned(),
            names: vec![name(), "review".to_owned()],
        },
        Error::NothingToContinue,
        Error::NobodyToAsk,
        Error::NothingSaid { session: name() },
        Error::SessionExists(name()),
        Error::SessionInUse(name()),
        Error::Unconfirmed {
            what: "deleting 3 sessions".to_owned(),
        },
        Error::TextOnly {
            model: "nova-micro".to_owned(),
        },
        Error::NoPrice {
            model: "glm-4-7".to_owned(),
        },
        Error::NoLimit,
        Error::OverBudget {
            budget: 0.5,
            spent: 0.4988,
            next: 0.0021,
        },
        Error::Unreadable {
            host: "us.inference.heroku.com".to_owned(),
            reason: "it sent a web page".to_owned(),
            excerpt: "Sign in".to_owned(),
        },
        refused(401, "unauthorized", "Invalid credentials provided."),
        refused(402, "delinquent", "The account is delinquent."),
        refused(403, "forbidden", "You do not have access to the app shop."),
        refused(
            403,
            "two_factor",
            "A second authentication factor is required.",
        ),
        refused(418, "teapot", "No."),
        refused(422, "invalid_params", "Invalid params."),
        refused(
            429,
            "rate_limit",
            "Your account reached the API rate limit.",
        ),
        refused(503, "maintenance", "API is down for maintenance."),
        no_json(200),
        no_json(503),
        Error::Unexamined(Box::new(HerokuFailure::Platform(
            PlatformFailure::NotJson {
                status: 200,
                host: "api.heroku.com".to_owned(),
                reason: "it is no JSON".to_owned(),
            },
        ))),
        Error::Truncated,
        Error::BrokenAnswer {
            reason: "overloaded".to_owned(),
        },
        Error::BrokenAnswer {
            reason: String::new(),
        },
        Error::EmptyAnswer {
            finish_reason: Some("length".to_owned()),
        },
        Error::EmptyAnswer {
            finish_reason: Some("tool_calls".to_owned()),
        },
        Error::EmptyAnswer {
            finish_reason: Some("model_context_window_exceeded".to_owned()),
        },
        Error::EmptyAnswer {
            finish_reason: Some("stop".to_owned()),
        },
        Error::EmptyAnswer {
            finish_reason: None,
        },
        Error::Output(io::Error::other("no space left on device")),
        Error::System {
            what: "starting a thread",
            reason: "no more threads".to_owned(),
        },
        Error::Fault("src/chat/turn.rs:1: index out of bounds".to_owned()),
        Error::ReaderGone,
        Error::Interrupted,
    ]
}

fn refused(status: u16, id: &str, message: &str) -> Error {
    let (id, message) = (id.to_owned(), message.to_owned());
    Error::Platform(PlatformFailure::Refused {
        status,
        id,
        message,
    })
}

fn no_json(status: u16) -> Error {
    Error::Platform(PlatformFailure::NotJson {
        status,
        host: "api.heroku.com".to_owned(),
        reason: "it is no JSON".to_owned(),
    })
}

fn missing(heroku: Option<HerokuFailure>) -> Error {
    Error::MissingVariables(Box::new(MissingVariables {
        names: vec!["INFERENCE_URL".to_owned(), "INFERENCE_KEY".to_owned()],
        found: Vec::new(),
        app: None,
        nearly: Vec::new(),
        env_file: None,
        heroku,
    }))
}

fn text(error: &Error) -> String {
    let Explanation {
        title,
        detail,
        hints,
    } = error.explain();
    let mut lines = vec![
        format!(
            "{} -> {}",
            variants(error).join(" "),
            error.exit_status() as i32
        ),
        title,
    ];
    lines.extend(detail);
    for hint in hints {
        lines.push(hint.to_string());
        lines.extend(hint.commands.iter().map(|command| format!("  $ {command}")));
    }
    lines.join("\n") + "\n"
}

fn all() -> Vec<Error> {
    let mut errors = vec![missing(None)];
    errors.extend(heroku().into_iter().map(|failure| missing(Some(failure))));
    errors.extend(network().into_iter().map(Error::Network));
    errors.extend(
        service()
            .into_iter()
            .map(|problem| Error::Service(Box::new(problem))),
    );
    errors.extend(others());
    errors
}

#[test]
fn the_texts_are_those_of_the_file() {
    let texts: Vec<String> = all().iter().map(text).collect();
    let (texts, path) = (texts.join("\n"), "src/error/texts.txt");
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(path, &texts).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == texts,
        "the texts have changed; read them after `RENEW=1 cargo test the_texts_are`"
    );
}

#[test]
fn every_failure_is_among_them() {
    let seen: Vec<String> = all().iter().flat_map(variants).collect();
    let definitions = [
        "Error",
        "HerokuFailure",
        "NetworkFailure",
        "CertificateFlaw",
        "Waiting",
        "ProblemKind",
        "PlatformFailure",
    ];
    for definition in definitions {
        let variants = variants_of(definition);
        assert!(variants.len() > 1, "{definition}: {variants:?}");
        for variant in variants {
            assert!(
                seen.iter().any(|seen| seen == variant),
                "{definition}::{variant} has no sample"
            );
        }
    }
}

/// No hint says itself how it ends: that depends on whether commands follow.
#[test]
fn a_hint_has_no_end_mark() {
    for error in all() {
        for Hint {
            sentence, is_look, ..
        } in error.explain().hints
        {
            assert!(!sentence.ends_with(['.', ':', '!']), "{sentence}");
            let says_look = sentence.split([' ', ',']).any(|word| word == "Look");
            assert!(!is_look || says_look, "{sentence}");
        }
    }
}

/// What names words says so in full, and has all values that they need.
#[test]
fn words_that_are_looked_up_are_there() {
    let sources = [
        include_str!("explain.rs"),
        include_str!("../doctor/mod.rs"),
        include_str!("../doctor/mend.rs"),
        include_str!("../doctor/checks/heroku.rs"),
        include_str!("../doctor/checks/network.rs"),
        include_str!("../doctor/checks/service.rs"),
        include_str!("../doctor/checks/setup.rs"),
    ];
    let calls = sources
        .iter()
        .flat_map(|source| source.split("words!(").skip(1));
    let calls = calls.filter_map(|rest| rest.strip_prefix('"')?.split_once('"'));
    let mut count = 0;
    for (name, rest) in calls {
        let values = rest.split(')').next().unwrap();
        let block = words::WORDS
            .split(&format!("[{name}]\n"))
            .nth(1)
            .expect(name);
        for value in block.split("\n\n").next().unwrap().split('{').skip(1) {
            let value = value.split([':', '}']).next().unwrap();
            let mut given = values.split([',', ' ', '\n']);
            assert!(given.any(|it| it == value), "{name} needs {value}");
        }
        count += 1;
    }
    assert!(count > 30, "{count}");
}
