//! The text of every failure, in one file to be read one after the other: `texts.txt`. A variant
//! without a sample fails the test, a new one doesn't compile.

use super::*;
use crate::cli::source::Source;

/// The name of a failure's variant, and of the one within it.
fn variant(error: &Error) -> String {
    let name = |debug: String| debug.split([' ', '(', '{']).next().unwrap().to_owned();
    match error {
        Error::Network(NetworkFailure::Certificate { flaw, .. }) => format!("Certificate {flaw:?}"),
        Error::Network(NetworkFailure::TimedOut { waiting, .. }) => format!("TimedOut {waiting:?}"),
        Error::Network(failure) => name(format!("{failure:?}")),
        Error::Service(problem) => name(format!("{:?}", problem.kind)),
        Error::MissingVariables(missing) => match &missing.heroku {
            Some(failure) => format!("MissingVariables, {}", name(format!("{failure:?}"))),
            None => "MissingVariables".to_owned(),
        },
        other => name(format!("{other:?}")),
    }
}

fn heroku() -> Vec<HerokuFailure> {
    let words = || "the words of the Heroku CLI".to_owned();
    let failures = vec![
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
        HerokuFailure::Unreachable(words()),
        HerokuFailure::Certificate(words()),
        HerokuFailure::TimedOut(Duration::from_secs(75)),
        HerokuFailure::NotAttached(Some("shop".to_owned())),
        HerokuFailure::Other {
            code: Some(1),
            message: words(),
        },
    ];
    // A variant that is missing here is missing above.
    for failure in &failures {
        match failure {
            HerokuFailure::NotInstalled
            | HerokuFailure::OnDyno
            | HerokuFailure::NotStarted(_)
            | HerokuFailure::NotLoggedIn
            | HerokuFailure::InvalidToken
            | HerokuFailure::NoApp
            | HerokuFailure::SeveralApps(_)
            | HerokuFailure::UnknownRemote(_)
            | HerokuFailure::UnknownApp(_)
            | HerokuFailure::Refused(_)
            | HerokuFailure::Unreachable(_)
            | HerokuFailure::Certificate(_)
            | HerokuFailure::TimedOut(_)
            | HerokuFailure::NotAttached(_)
            | HerokuFailure::Other { .. } => {}
        }
    }
    failures
}

fn network() -> Vec<NetworkFailure> {
    let host = || "us.inference.heroku.com".to_owned();
    let reason = || "the reason".to_owned();
    let flaws = [
        CertificateFlaw::Time,
        CertificateFlaw::Name,
        CertificateFlaw::Issuer,
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
    let all: Vec<NetworkFailure> = certificates
        .into_iter()
        .chain(waits)
        .chain(others)
        .collect();
    for failure in &all {
        match failure {
            NetworkFailure::UnknownHost { .. }
            | NetworkFailure::Unreachable { .. }
            | NetworkFailure::Certificate { .. }
            | NetworkFailure::Tls { .. }
            | NetworkFailure::Handshake { .. }
            | NetworkFailure::Proxy { .. }
            | NetworkFailure::TimedOut { .. }
            | NetworkFailure::Lost { .. }
            | NetworkFailure::Garbled { .. }
            | NetworkFailure::NoRoots { .. } => {}
        }
    }
    all
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
        (ProblemKind::RateLimited, 429),
        (ProblemKind::QuotaUsedUp, 429),
        (ProblemKind::ServerFault, 503),
        (ProblemKind::Redirect("https://elsewhere".to_owned()), 302),
    ];
    let problems = kinds.map(|(kind, status)| ServiceProblem {
        kind,
        status,
        message: "the service's own sentence".to_owned(),
        label: None,
        host: "us.inference.heroku.com".to_owned(),
        model: Some("claude-4-5-haiku".to_owned()),
        retry_after: None,
        may_pass: false,
    });
    problems.into_iter().collect()
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
        Error::NoPrompt,
        Error::NoModel {
            variable: "INFERENCE_MODEL_ID".to_owned(),
            app: None,
            ids: vec!["claude-4-5-haiku".to_owned(), "nova-pro".to_owned()],
        },
        Error::NoSession {
            name: "relase".to_owned(),
            nearest: Some(name()),
        },
        Error::SeveralSessions {
            typed: "re".to_owned(),
            names: vec![name(), "review".to_owned()],
        },
        Error::NothingToContinue,
        Error::NothingSaid { session: name() },
        Error::SessionExists(name()),
        Error::SessionInUse(name()),
        Error::Unconfirmed {
            what: "3 sessions".to_owned(),
        },
        Error::TextOnly {
            model: "nova-micro".to_owned(),
        },
        Error::Unreadable {
            host: "us.inference.heroku.com".to_owned(),
            reason: "it sent a web page".to_owned(),
            excerpt: "Sign in".to_owned(),
        },
        Error::Truncated,
        Error::BrokenAnswer {
            reason: "overloaded".to_owned(),
        },
        Error::EmptyAnswer {
            finish_reason: Some("length".to_owned()),
        },
        Error::EmptyAnswer {
            finish_reason: Some("tool_calls".to_owned()),
        },
        Error::EmptyAnswer {
            finish_reason: None,
        },
        Error::Output(io::Error::other("no space left on device")),
        Error::System {
            what: "starting a thread",
            reason: "no more threads".to_owned(),
        },
    ]
}

fn missing(heroku: Option<HerokuFailure>) -> Error {
    Error::MissingVariables(Box::new(MissingVariables {
        names: vec!["INFERENCE_URL".to_owned(), "INFERENCE_KEY".to_owned()],
        found: Vec::new(),
        app: None,
        env_file: None,
        heroku,
    }))
}

fn text(error: &Error) -> String {
    let Explanation {
        title,
        detail,
        hint,
        commands,
    } = error.explain();
    let mut lines = vec![
        format!("{} -> {}", variant(error), error.exit_status() as i32),
        title,
    ];
    lines.extend(detail);
    lines.extend(hint.map(|hint| advice(&hint, &commands)));
    lines.extend(commands.iter().map(|command| format!("  $ {command}")));
    lines.join("\n") + "\n"
}

#[test]
fn the_texts_are_those_of_the_file() {
    let mut errors = vec![missing(None)];
    errors.extend(heroku().into_iter().map(|failure| missing(Some(failure))));
    errors.extend(network().into_iter().map(Error::Network));
    errors.extend(
        service()
            .into_iter()
            .map(|problem| Error::Service(Box::new(problem))),
    );
    errors.extend(others());
    let texts: Vec<String> = errors.iter().map(text).collect();
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

/// No hint says itself how it ends: that depends on whether commands follow.
#[test]
fn a_hint_has_no_end_mark() {
    let errors = network().into_iter().map(Error::Network).chain(others());
    for error in errors.chain(heroku().into_iter().map(|failure| missing(Some(failure)))) {
        let hint = error.explain().hint.unwrap_or_default();
        assert!(!hint.ends_with(['.', ':', '!']), "{hint}");
    }
}
