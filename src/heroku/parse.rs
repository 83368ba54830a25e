//! Reads what the `heroku` program prints. Pure.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::config::secret::Secret;
use crate::config::{HerokuAnswer, HerokuQuery};
use crate::error::{HerokuFailure, PlatformFailure};

/// What a finished run of the program left.
#[derive(Debug, Default)]
pub struct Printed {
    pub code: Option<i32>,
    /// The values of config vars, and what else the CLI had to say of them.
    pub stdout: Secret,
    pub stderr: Secret,
}

const LOGIN_PROMPT: &str = "Press any key to open up the browser";

/// What the CLI says if it reaches no API.
const UNREACHABLE: &[&str] = &[
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "Request timed out",
    "tunneling socket",
];

impl Printed {
    /// Standard output, if the run went well and there is any.
    fn output(&self) -> Option<&str> {
        let output = self.stdout.expose().trim();
        (self.code == Some(0) && !output.is_empty()).then_some(output)
    }

    /// The lines of standard error joined into one, without the `›` that the CLI puts before each.
    fn message(&self) -> String {
        let words = (self.stderr.expose().lines())
            .map(without_mark)
            .flat_map(str::split_whitespace);
        words.collect::<Vec<_>>().join(" ")
    }

    fn other(&self, message: &str) -> HerokuFailure {
        HerokuFailure::Other {
            code: self.code,
            message: message.chars().take(300).collect(),
        }
    }
}

/// Reads `config:get NAME… --shell`.
pub fn variables(printed: &Printed, query: &HerokuQuery) -> HerokuAnswer {
    let Some(output) = printed
        .output()
        .filter(|_| !printed.message().contains(LOGIN_PROMPT))
    else {
        return Err(failure(printed, query));
    };
    let values: BTreeMap<String, String> = output.lines().filter_map(shell_assignment).collect();
    if !query.variables.iter().any(|name| values.contains_key(name)) {
        return Err(printed.other(&format!("it printed no variables: {output}")));
    }
    let values: BTreeMap<String, Secret> = (values.into_iter())
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, Secret::new(value)))
        .collect();
    match values.is_empty() {
        true => Err(HerokuFailure::NotAttached(query.app.clone())),
        false => Ok(values),
    }
}

/// Reads what a command prints as JSON.
pub fn json<T: DeserializeOwned>(
    printed: &Printed,
    query: &HerokuQuery,
) -> Result<T, HerokuFailure> {
    let values = (printed.output()).and_then(|output| serde_json::from_str(output).ok());
    values.ok_or_else(|| failure(printed, query))
}

/// Reads `--version`, as in `heroku/11.10.0 linux-x64 node-v20.20.2`.
pub fn version(printed: &Printed) -> Result<String, HerokuFailure> {
    let first = printed.stdout.expose().split_whitespace().next();
    match first.and_then(|word| word.strip_prefix("heroku/")) {
        Some(version) => Ok(version.to_owned()),
        None => Err(printed.other(error_sentence(&printed.message()))),
    }
}

/// Reads `auth:whoami`.
pub fn account(printed: &Printed) -> Result<String, HerokuFailure> {
    if let Some(account) = printed.output() {
        return Ok(account.to_owned());
    }
    let message = printed.message();
    if printed.code == Some(100) || message.contains("not logged in") {
        return Err(HerokuFailure::NotLoggedIn);
    }
    Err(match failure(printed, &HerokuQuery::default()) {
        // The same answer means another thing if no token of the environment was used.
        HerokuFailure::InvalidToken if !message.contains("HEROKU_API_KEY") => {
            HerokuFailure::NotLoggedIn
        }
        other => other,
    })
}

pub fn failure(printed: &Printed, query: &HerokuQuery) -> HerokuFailure {
    let message = printed.message();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let sentence = error_sentence(&message);
    let own_words = || sentence.chars().take(300).collect();
    if asks_for_factor(&message) {
        // What Heroku itself says.
        HerokuFailure::Platform(PlatformFailure::Refused {
            status: 403,
            id: "two_factor".to_owned(),
            message: "A second authentication factor is required".to_owned(),
        })
    } else if says(&[LOGIN_PROMPT])
        || (printed.code == Some(0) && printed.stdout.expose().is_empty())
    {
        HerokuFailure::NotLoggedIn
    } else if says(&[
        "provided to HEROKU_API_KEY is invalid",
        "Error ID: unauthorized",
    ]) {
        HerokuFailure::InvalidToken
    } else if says(&["Missing required flag app"]) {
        HerokuFailure::NoApp
    } else if says(&["Multiple apps in git remotes"]) {
        HerokuFailure::SeveralApps(remotes(printed.stderr.expose()))
    } else if says(&["not found in git remotes"]) {
        HerokuFailure::UnknownRemote(query.remote.clone().unwrap_or_default())
    } else if says(&["Error ID: not_found", "Couldn't find that app"]) {
        HerokuFailure::UnknownApp(query.app.clone())
    } else if says(&["Error ID:"]) {
        HerokuFailure::Refused(own_words())
    } else if says(&["CERT", "certificate", "UNABLE_TO_VERIFY"]) {
        HerokuFailure::Certificate(own_words())
    } else if says(UNREACHABLE) {
        HerokuFailure::Unreachable(own_words())
    } else {
        printed.other(sentence)
    }
}

/// Whether the CLI wants a second factor: version 11 says that it needs a terminal for it, those
/// before ask without an end, whatever their standard input is.
pub fn asks_for_factor(stderr: &str) -> bool {
    stderr.contains("Two-factor ")
}

fn without_mark(line: &str) -> &str {
    line.trim_start().trim_start_matches(['›', '»']).trim()
}

/// The error without the warnings before it and the word that introduces it.
fn error_sentence(message: &str) -> &str {
    message.rsplit("Error: ").next().unwrap_or(message)
}

/// The `app (remote)` lines the CLI prints if it finds several.
fn remotes(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().map(without_mark);
    lines
        .filter(|line| line.ends_with(')') && line.contains(" (") && !line.contains("http"))
        .map(str::to_owned)
        .collect()
}

/// A line of `--shell` output: `NAME=value`, the value quoted for a shell.
fn shell_assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let words = shlex::split(value)?;
    Some((name.to_owned(), words.concat()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query() -> HerokuQuery {
        HerokuQuery {
            variables: ["INFERENCE_URL", "INFERENCE_KEY", "INFERENCE_MODEL_ID"]
                .map(str::to_owned)
                .to_vec(),
            app: Some("good".to_owned()),
            ..HerokuQuery::default()
        }
    }

    fn answer(code: i32, stdout: &str, stderr: &str) -> HerokuAnswer {
        variables(
            &Printed {
                code: Some(code),
                stdout: Secret::new(stdout),
                stderr: Secret::new(stderr),
            },
            &query(),
        )
    }

    #[test]
    fn values_are_read_in_every_quoting_of_the_cli() {
        let stdout = "INFERENCE_URL='https://us.inference.heroku.com'\nINFERENCE_KEY=inf-1\nINFERENCE_MODEL_ID=\"a\\\"b'c\"\n";
        let values = answer(0, stdout, "").unwrap();
        assert_eq!(
            values["INFERENCE_URL"].expose(),
            "https://us.inference.heroku.com"
        );
        assert_eq!(values["INFERENCE_KEY"].expose(), "inf-1");
        assert_eq!(values["INFERENCE_MODEL_ID"].expose(), "a\"b'c");
    }

    #[test]
    fn an_unset_variable_is_left_out() {
        let values = answer(
            0,
            "INFERENCE_URL='https://x'\nINFERENCE_KEY=inf-1\nINFERENCE_MODEL_ID=\n",
            "",
        )
        .unwrap();
        assert_eq!(values.get("INFERENCE_MODEL_ID"), None);
    }

    /// Each row is what a real version of the CLI printed.
    #[test]
    fn every_way_to_fail_is_told_from_the_others() {
        let refused = |text: &str| HerokuFailure::Refused(text.to_owned());
        let table = [
            (
                0,
                "INFERENCE_URL=\nINFERENCE_KEY=\nINFERENCE_MODEL_ID=\n",
                "",
                HerokuFailure::NotAttached(Some("good".into())),
            ),
            (
                0,
                "",
                "heroku: Press any key to open up the browser to login or q to exit: ",
                HerokuFailure::NotLoggedIn,
            ),
            (0, "", "", HerokuFailure::NotLoggedIn),
            (
                1,
                "",
                "heroku: Press any key to open up the browser to login or q to exit\n    TypeError: process.stdin.setRawMode is not a function\n",
                HerokuFailure::NotLoggedIn,
            ),
            (
                1,
                "",
                "    Error: The token provided to HEROKU_API_KEY is invalid. Please \n    double-check that you have the correct token\n",
                HerokuFailure::InvalidToken,
            ),
            (
                2,
                "",
                " ›   Error: The following error occurred:\n ›     Missing required flag app\n",
                HerokuFailure::NoApp,
            ),
            (
                2,
                "",
                " ›   Error: Multiple apps in git remotes\n ›     Usage: --remote heroku\n ›     good (heroku)\n ›     other (staging)\n ›\n ›     https://devcenter.heroku.com/articles/multiple-environments\n",
                HerokuFailure::SeveralApps(vec!["good (heroku)".into(), "other (staging)".into()]),
            ),
            (
                2,
                "",
                " ›   Error: remote nosuch not found in git remotes\n",
                HerokuFailure::UnknownRemote(String::new()),
            ),
            (
                2,
                "",
                " ›   Error: Couldn't find that app.\n ›\n ›   Error ID: not_found\n",
                HerokuFailure::UnknownApp(Some("good".into())),
            ),
            (
                2,
                "",
                " ›   Error: You do not have access to the app good.\n ›\n ›   Error ID: forbidden\n",
                refused("You do not have access to the app good. Error ID: forbidden"),
            ),
            (
                1,
                "",
                "    Error: getaddrinfo EAI_AGAIN api.heroku.com\n    Code: EAI_AGAIN\n",
                HerokuFailure::Unreachable(
                    "getaddrinfo EAI_AGAIN api.heroku.com Code: EAI_AGAIN".into(),
                ),
            ),
            (
                1,
                "",
                "    Error: self-signed certificate\n    Code: DEPTH_ZERO_SELF_SIGNED_CERT\n",
                HerokuFailure::Certificate(
                    "self-signed certificate Code: DEPTH_ZERO_SELF_SIGNED_CERT".into(),
                ),
            ),
            (
                1,
                "",
                "node:internal/modules\nError: Cannot find module '/nonexistent'\n",
                HerokuFailure::Other {
                    code: Some(1),
                    message: "Cannot find module '/nonexistent'".into(),
                },
            ),
        ];
        for (code, stdout, stderr, expected) in table {
            assert_eq!(answer(code, stdout, stderr), Err(expected), "{stderr:?}");
        }
    }

    fn printed(code: i32, stdout: &str, stderr: &str) -> Printed {
        Printed {
            code: Some(code),
            stdout: Secret::new(stdout),
            stderr: Secret::new(stderr),
        }
    }

    #[test]
    fn version_and_account_are_read() {
        assert_eq!(
            version(&printed(0, "heroku/11.10.0 linux-x64 node-v20.20.2\n", "")),
            Ok("11.10.0".to_owned())
        );
        assert!(version(&printed(1, "", "SyntaxError")).is_err());
        assert_eq!(
            account(&printed(0, "dev@example.com\n", "")),
            Ok("dev@example.com".to_owned())
        );
        assert_eq!(
            account(&printed(100, "", " ›   Error: not logged in\n")),
            Err(HerokuFailure::NotLoggedIn)
        );
        let refused =
            " ›   Error: Invalid credentials provided.\n ›\n ›   Error ID: unauthorized\n";
        assert_eq!(
            account(&printed(2, "", refused)),
            Err(HerokuFailure::NotLoggedIn)
        );
        let by_variable = format!(" ›   Warning: HEROKU_API_KEY is set\n{refused}");
        assert_eq!(
            account(&printed(2, "", &by_variable)),
            Err(HerokuFailure::InvalidToken)
        );
    }

    #[test]
    fn a_page_in_place_of_the_variables_is_a_failure() {
        let page = "    SyntaxError: Unexpected token '<', \"<html><bod\"... is not valid JSON\n";
        assert!(json::<BTreeMap<String, Secret>>(&printed(1, "", page), &query()).is_err());
        assert_eq!(
            json(&printed(0, "{}\n", ""), &query()),
            HerokuAnswer::Ok(BTreeMap::new())
        );
    }

    /// A value as `config:get --shell` prints it: `dist/lib/config/quote.js` of heroku 11.
    fn quoted_by_cli(value: &str) -> String {
        let is_special = |c: char| c.is_whitespace() || "\"#!$&'()*,:;<=>?@[\\]^`{|}".contains(c);
        if !value.contains(is_special) {
            return value.to_owned();
        }
        if !value.contains('\'') {
            return format!("'{value}'");
        }
        let escape = |c: char| {
            if "\"\\$`!".contains(c) {
                format!("\\{c}")
            } else {
                c.into()
            }
        };
        format!("\"{}\"", value.chars().map(escape).collect::<String>())
    }

    const PARTS: &[&str] = &[
        "INFERENCE_URL=",
        "INFERENCE_KEY=",
        "'",
        "\"",
        "\\",
        "\n",
        " ",
        "=",
        "inf-1",
        "$",
        "Warning: é",
        "›",
        "Error: ",
        "Error ID: not_found",
        "app (remote)",
        "http",
        "\0",
    ];

    proptest! {
        #[test]
        fn any_value_is_read_as_the_cli_was_given_it(value in "[ -~é]{1,30}") {
            // Beside an apostrophe the CLI writes `\!`, which no shell takes for `!`.
            let others = if value.contains('!') { value.replace('\'', "") } else { value };
            let value = if others.is_empty() { "!".to_owned() } else { others };
            let output = format!("INFERENCE_KEY={}\n", quoted_by_cli(&value));
            let values = answer(0, &output, "").unwrap();
            prop_assert_eq!(values["INFERENCE_KEY"].expose(), value);
        }

        #[test]
        fn any_output_is_read_without_a_value_of_nothing(
            stdout in proptest::collection::vec(proptest::sample::select(PARTS), 0..20),
            stderr in proptest::collection::vec(proptest::sample::select(PARTS), 0..20),
            code in proptest::sample::select(&[0, 1, 2, 100, 127][..]),
        ) {
            let (stdout, stderr) = (stdout.concat(), stderr.concat());
            match answer(code, &stdout, &stderr) {
                Ok(values) => prop_assert!(
                    code == 0 && !values.is_empty() && values.values().all(|it| !it.expose().is_empty())
                ),
                Err(failure) => prop_assert!(!failure.explain().title.is_empty()),
            }
        }
    }
}
