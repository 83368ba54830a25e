//! Where settings come from, and which combinations are refused.

use std::cell::Cell;

use clap::Parser;

use super::*;
use crate::cli::{Args, ConnectionArgs};

const URL: (&str, &str) = ("INFERENCE_URL", "https://us.inference.heroku.com");
const KEY: (&str, &str) = ("INFERENCE_KEY", "inf-1");

fn args(words: &[&str]) -> ConnectionArgs {
    // An env file that isn't there would be an error, so tests without one name an empty one.
    let all = ["heroku-chat", "--env-file", "/dev/null"]
        .iter()
        .chain(words);
    Args::try_parse_from(all).unwrap().chat.chat.connection
}

fn not_asked(_: &HerokuQuery) -> HerokuAnswer {
    panic!("Heroku was asked")
}

fn settings(
    words: &[&str],
    variables: &[(&str, &str)],
    heroku: HerokuAnswer,
) -> Result<Settings, Error> {
    let args = args(words);
    gather(&args, &Environment::from_pairs(variables), |_| heroku)?.settings(&args)
}

fn nothing() -> HerokuAnswer {
    Err(HerokuFailure::NotInstalled)
}

fn app_vars() -> HerokuAnswer {
    Ok(BTreeMap::from([URL, KEY].map(|(name, value)| {
        (name.to_owned(), Secret::new(value))
    })))
}

#[test]
fn heroku_is_not_asked_where_url_and_key_are_known() {
    let args = args(&[]);
    let found = gather(&args, &Environment::from_pairs(&[URL, KEY]), not_asked).unwrap();
    let settings = found.settings(&args).unwrap();
    assert_eq!(settings.url.source, Source::Environment);
    assert_eq!(settings.key.value.expose(), "inf-1");
    assert_eq!(settings.model, None);
}

#[test]
fn heroku_is_asked_once_for_everything_and_for_the_named_attachment() {
    let asked = Cell::new(0);
    let args = args(&["--as", "my-claude", "-a", "example-app"]);
    let found = gather(&args, &Environment::default(), |query| {
        asked.set(asked.get() + 1);
        assert_eq!(
            query.variables,
            ["MY_CLAUDE_URL", "MY_CLAUDE_KEY", "MY_CLAUDE_MODEL_ID"]
        );
        assert_eq!(query.app.as_deref(), Some("example-app"));
        Ok(BTreeMap::from([
            ("MY_CLAUDE_URL".to_owned(), Secret::new(URL.1)),
            ("MY_CLAUDE_KEY".to_owned(), Secret::new("inf-2")),
            ("MY_CLAUDE_MODEL_ID".to_owned(), Secret::new("claude")),
        ]))
    })
    .unwrap();
    assert_eq!(asked.get(), 1);
    let settings = found.settings(&args).unwrap();
    assert_eq!(
        settings.key.source,
        Source::Heroku(Some("example-app".to_owned()))
    );
    assert_eq!(settings.model.unwrap().value, "claude");
}

#[test]
fn a_flag_outranks_the_environment_and_the_environment_outranks_heroku() {
    let variables = [URL, KEY, ("INFERENCE_MODEL_ID", "from-environment")];
    let by_flag = settings(&["-m", "from-flag"], &variables, nothing()).unwrap();
    assert_eq!(by_flag.model.unwrap().value, "from-flag");
    let by_environment = settings(&[], &variables[2..], app_vars()).unwrap();
    assert_eq!(by_environment.model.unwrap().value, "from-environment");
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let table = [
        (vec![], vec!["INFERENCE_URL", "INFERENCE_KEY"]),
        (vec![URL], vec!["INFERENCE_KEY"]),
        (vec![KEY], vec!["INFERENCE_URL"]),
        (vec![("INFERENCE_URL", ""), KEY], vec!["INFERENCE_URL"]),
    ];
    for (variables, missing) in table {
        match settings(&[], &variables, nothing()) {
            Err(Error::MissingVariables(found)) => {
                assert_eq!(found.names, missing, "{variables:?}")
            }
            other => panic!("{variables:?}: {other:?}"),
        }
    }
}

#[test]
fn url_and_key_of_two_places_are_refused_unless_a_flag_says_so() {
    let refused = settings(&[], &[KEY], app_vars());
    assert!(
        matches!(
            refused,
            Err(Error::SplitSources {
                key: Source::Environment,
                ..
            })
        ),
        "{refused:?}"
    );
    assert!(settings(&["--allow-mixed-sources"], &[KEY], app_vars()).is_ok());
    let by_flag = settings(&["--url", "https://gateway.example.com"], &[KEY], nothing()).unwrap();
    assert_eq!(by_flag.url.source, Source::Flag("--url".into()));
}

#[test]
fn plain_http_is_for_this_machine_only_unless_allowed() {
    for (url, flags, usable) in [
        ("http://127.0.0.1:8080", &[][..], true),
        ("http://localhost", &[], true),
        ("http://inference.example.com", &[], false),
        ("http://inference.example.com", &["--allow-http"], true),
    ] {
        let result = settings(flags, &[("INFERENCE_URL", url), KEY], nothing());
        assert_eq!(result.is_ok(), usable, "{url}: {result:?}");
    }
}

#[test]
fn a_key_that_fits_no_header_is_refused_without_being_shown() {
    for key in ["inf-1\r\nx: y", "inf 1", "'inf-1'", "\"inf-1\"", "inf-é"] {
        let error = settings(&[], &[URL, ("INFERENCE_KEY", key)], nothing()).unwrap_err();
        let words = format!("{:?}", error.explain());
        assert!(matches!(error, Error::InvalidKey { .. }), "{error:?}");
        assert!(!words.contains(key) && !words.contains("inf-1"), "{words}");
    }
}

#[test]
fn a_key_in_the_place_of_the_url_is_not_shown() {
    let error = settings(&[], &[("INFERENCE_URL", "inf-0123"), KEY], nothing()).unwrap_err();
    assert!(!format!("{:?}", error.explain()).contains("0123"));
}

#[test]
fn names_that_heroku_would_take_for_something_else_are_refused() {
    for words in [
        &["-a", "../account"][..],
        &["-a", ""],
        &["-a", "Example"],
        &["--as", "9X"],
        &["--as", "a b"],
        &["--as", ""],
    ] {
        let result = settings(words, &[], app_vars());
        assert!(
            matches!(result, Err(Error::InvalidValue { .. })),
            "{words:?}: {result:?}"
        );
    }
}

#[test]
fn an_app_that_was_named_for_nothing_is_told() {
    let args = args(&["-a", "example-app"]);
    let found = gather(&args, &Environment::from_pairs(&[URL, KEY]), not_asked).unwrap();
    assert_eq!(found.warnings.len(), 1);
    assert!(
        found.warnings[0].starts_with("--app was not used"),
        "{:?}",
        found.warnings
    );
}

#[test]
fn the_example_file_names_exactly_our_variables() {
    let names = ["INFERENCE_URL", "INFERENCE_KEY", "INFERENCE_MODEL_ID"].map(str::to_owned);
    let text = include_str!("../../.env.example");
    let file = EnvFile::parse(Path::new(".env.example"), text, &names);
    assert_eq!(file.warnings, Vec::<String>::new());
    let found: Vec<&str> = file
        .variables
        .iter()
        .map(|(name, ..)| name.as_str())
        .collect();
    assert_eq!(found, names);
}

#[test]
fn the_usual_form_of_a_key_is_known() {
    assert!(has_usual_form(&Secret::new(
        "inf-01234567-89ab-cdef-0123-456789abcdef"
    )));
    let others = [
        "inf-1",
        "sk-01234567-89ab-cdef-0123-456789abcdef",
        "inf-01234567-89ab-cdef-0123-456789abcdeg",
        "",
    ];
    for other in others {
        assert!(!has_usual_form(&Secret::new(other)), "{other}");
    }
}

#[test]
fn what_stands_for_a_key_is_none() {
    for key in [
        "inf-01234567-89ab-cdef-0123-456789abcdef",
        "INF0123456789abcdef0123456789abcdef",
        "sk-proj-3fG7hJ2kL9mN4pQ8",
        "ABSKQmVkcm9ja0FQSUtleS0x/Zm9v+YmFy==",
        "sk-SECRETKEY-123456",
        "inf-cafe",
        "aB3dE5fG7hI9",
    ] {
        assert!(may_be_key(&Secret::new(key)), "{key}");
    }
    for other in [
        "",
        "changeme",
        "changeme123",
        "op://dev/heroku/key",
        "{{op://dev/heroku/key01234}}",
        "encrypted:BNexkEXAMPLE0123456789==",
        "ENC[AES256_GCM,data:p673w01,iv:YY=,tag:x0,type:str]",
        "vault:secret/data/app#key0123456789",
        "projects/1234/secrets/inference-key/versions/5",
        "%INFERENCE_KEY%",
        "<your key>",
        "$(op read op://dev/heroku/key)",
        "YOUR_INFERENCE_KEY_GOES_HERE",
        "replace-me-with-the-key-1234",
        "inf-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        "inf-00000000-0000-0000-0000-000000000000",
    ] {
        assert!(!may_be_key(&Secret::new(other)), "{other}");
    }
}
