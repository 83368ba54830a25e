//! The promises that hold for all failures, and the words of some.

use super::*;

fn missing(names: &[&str], heroku: Option<HerokuFailure>) -> Error {
    Error::MissingVariables(Box::new(MissingVariables {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        found: Vec::new(),
        app: None,
        nearly: Vec::new(),
        env_file: None,
        heroku,
    }))
}

fn service(kind: ProblemKind, status: u16) -> Error {
    Error::Service(Box::new(ServiceProblem {
        kind,
        status,
        message: "the service's own sentence".to_owned(),
        label: None,
        host: "us.inference.heroku.com".to_owned(),
        model: Some("claude-4-5-haiku".to_owned()),
        retry_after: None,
        may_pass: false,
    }))
}

fn lost() -> Error {
    Error::Network(NetworkFailure::Lost {
        host: "h".to_owned(),
        reason: "r".to_owned(),
    })
}

#[test]
fn readme_lists_every_exit_code() {
    let readme = include_str!("../../README.md");
    let statuses = [
        ExitStatus::Done,
        ExitStatus::Fixable,
        ExitStatus::Usage,
        ExitStatus::Service,
        ExitStatus::Interrupted,
    ];
    for status in statuses {
        let row = format!("\n| {} | ", status as u8);
        assert!(
            readme.contains(&row),
            "README.md has no row for exit code {}",
            status as u8
        );
    }
}

#[test]
fn a_missing_variable_reads_as_in_herokus_quick_start() {
    let explanation = missing(&["INFERENCE_URL"], None).explain();
    assert_eq!(explanation.title, "INFERENCE_URL is not set");
    assert_eq!(
        explanation.detail.as_deref(),
        Some("Looked in the environment and the Heroku CLI; there is no .env here.")
    );
    let [hint] = &explanation.hints[..] else {
        panic!("{explanation:?}")
    };
    assert_eq!(
        hint.to_string(),
        "Set them, here for an app with the add-on:"
    );
    assert_eq!(
        hint.commands,
        ["export INFERENCE_URL=$(heroku config:get INFERENCE_URL -a example-app)"]
    );
}

#[test]
fn a_heroku_cli_that_is_logged_out_comes_with_its_own_next_step_first() {
    let names = ["INFERENCE_URL", "INFERENCE_KEY"];
    let explanation = missing(&names, Some(HerokuFailure::NotLoggedIn)).explain();
    assert_eq!(
        explanation.title,
        "INFERENCE_URL and INFERENCE_KEY are not set"
    );
    let [first, second] = &explanation.hints[..] else {
        panic!("{explanation:?}")
    };
    assert_eq!(first.commands, ["heroku login"]);
    assert_eq!(second.commands.len(), 2);
}

#[test]
fn a_failure_of_the_service_shows_status_and_sentence() {
    let explanation = service(ProblemKind::Unauthorized, 401).explain();
    assert_eq!(
        explanation.title,
        "us.inference.heroku.com did not accept the key (status 401)"
    );
    assert_eq!(
        explanation.detail.as_deref(),
        Some("the service's own sentence")
    );
}

#[test]
fn each_failure_of_a_session_has_its_own_next_step() {
    let table = [
        (
            Error::NoSession {
                name: "k".into(),
                nearest: None,
            },
            "no session \"k\"",
            "Look at the list",
        ),
        (
            Error::NoSession {
                name: "k".into(),
                nearest: Some("kk".into()),
            },
            "no session \"k\"",
            "Did you mean kk?",
        ),
        (
            Error::SeveralSessions {
                typed: "k".into(),
                names: vec!["k1".into(), "k2".into()],
            },
            "names of 2 sessions begin with \"k\"",
            "Type more",
        ),
        (
            Error::NothingToContinue,
            "no saved conversation",
            "without --continue",
        ),
        (
            Error::SessionExists("k".into()),
            "already a session k",
            "another name",
        ),
        (
            Error::SessionInUse("k".into()),
            "k is open in a chat",
            "Leave that chat",
        ),
        (
            Error::Unconfirmed {
                what: "deleting k".into(),
            },
            "deleting k can't be undone",
            "--yes",
        ),
    ];
    for (error, title, hint) in table {
        let explanation = error.explain();
        assert!(explanation.title.contains(title), "{explanation:?}");
        assert!(
            explanation
                .hints
                .iter()
                .any(|shown| shown.sentence.contains(hint)),
            "{explanation:?}"
        );
        assert_eq!(error.exit_status(), ExitStatus::Fixable);
    }
}

#[test]
fn exit_codes_tell_whose_turn_it_is() {
    let table = [
        (missing(&["INFERENCE_URL"], None), ExitStatus::Fixable),
        (service(ProblemKind::Unauthorized, 401), ExitStatus::Fixable),
        (service(ProblemKind::RateLimited, 429), ExitStatus::Service),
        (service(ProblemKind::ServerFault, 500), ExitStatus::Service),
        (lost(), ExitStatus::Service),
        (Error::NoPrompt, ExitStatus::Usage),
        (Error::Interrupted, ExitStatus::Interrupted),
        (Error::ReaderGone, ExitStatus::Done),
    ];
    for (error, status) in table {
        assert_eq!(error.exit_status(), status, "{error:?}");
    }
}

#[test]
fn only_what_may_pass_by_itself_is_tried_again() {
    let table = [
        (service(ProblemKind::ServerFault, 503), false),
        (lost(), true),
        // What came of it may have been paid for.
        (Error::Truncated, false),
        (Error::Interrupted, false),
    ];
    for (error, transient) in table {
        assert_eq!(error.is_transient(), transient, "{error:?}");
    }
}
