//! What the `heroku` program means by what it prints. Pure.

use std::collections::BTreeMap;

use crate::config::secret::Secret;
use crate::config::{HerokuAnswer, HerokuQuery};
use crate::error::HerokuFailure;

/// What a finished run of the program left.
#[derive(Debug, Default)]
pub struct Printed {
    pub code: Option<i32>,
    /// The values of config vars, and what else the CLI had to say of them.
    pub stdout: Secret,
    pub stderr: Secret,
}

/// Reads `config:get NAME… --shell`.
pub fn variables(printed: &Printed, query: &HerokuQuery) -> HerokuAnswer {
    let message = unwrapped(printed.stderr.expose());
    let logged_out = message.contains("Press any key to open up the browser");
    if printed.code != Some(0) || logged_out || printed.stdout.expose().is_empty() {
        return Err(failure(printed, &message, query));
    }
    let is_answer = |(name, _): &(String, String)| query.variables.contains(name);
    if !printed
        .stdout
        .expose()
        .lines()
        .filter_map(shell_assignment)
        .any(|assignment| is_answer(&assignment))
    {
        let message = format!(
            "it printed no variables: {}",
            printed.stdout.expose().trim()
        );
        return Err(HerokuFailure::Other {
            code: printed.code,
            message: message.chars().take(300).collect(),
        });
    }
    let values: BTreeMap<String, Secret> = printed
        .stdout
        .expose()
        .lines()
        .filter_map(shell_assignment)
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, Secret::new(value)))
        .collect();
    if values.is_empty() {
        return Err(HerokuFailure::NotAttached(query.app.clone()));
    }
    Ok(values)
}

/// Reads `config --json`.
pub fn all_variables(printed: &Printed, query: &HerokuQuery) -> HerokuAnswer {
    match (printed.code, serde_json::from_str(printed.stdout.expose())) {
        (Some(0), Ok(values)) => Ok(values),
        _ => Err(failure(printed, &unwrapped(printed.stderr.expose()), query)),
    }
}

/// Reads `--version`, as in `heroku/11.10.0 linux-x64 node-v20.20.2`.
pub fn version(printed: &Printed) -> Result<String, HerokuFailure> {
    let first = printed
        .stdout
        .expose()
        .split_whitespace()
        .next()
        .and_then(|word| word.strip_prefix("heroku/"));
    match first {
        Some(version) => Ok(version.to_owned()),
        None => Err(HerokuFailure::Other {
            code: printed.code,
            message: error_sentence(&unwrapped(printed.stderr.expose())),
        }),
    }
}

/// Reads `auth:whoami`.
pub fn account(printed: &Printed) -> Result<String, HerokuFailure> {
    let message = unwrapped(printed.stderr.expose());
    if printed.code == Some(0) && !printed.stdout.expose().trim().is_empty() {
        return Ok(printed.stdout.expose().trim().to_owned());
    }
    if printed.code == Some(100) || message.contains("not logged in") {
        return Err(HerokuFailure::NotLoggedIn);
    }
    match failure(printed, &message, &HerokuQuery::default()) {
        // The same answer means another thing where no token of the environment was used.
        HerokuFailure::InvalidToken if !message.contains("HEROKU_API_KEY") => {
            Err(HerokuFailure::NotLoggedIn)
        }
        other => Err(other),
    }
}

fn failure(printed: &Printed, message: &str, query: &HerokuQuery) -> HerokuFailure {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let own_words = || error_sentence(message);
    if says(&["Press any key to open up the browser"])
        || (printed.code == Some(0) && printed.stdout.expose().is_empty())
    {
        HerokuFailure::NotLoggedIn
    } else if says(&[
        "token provided to HEROKU_API_KEY is invalid",
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
    } else if says(&[
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "Request timed out",
        "tunneling socket",
    ]) {
        HerokuFailure::Unreachable(own_words())
    } else {
        HerokuFailure::Other {
            code: printed.code,
            message: own_words(),
        }
    }
}

/// The lines of standard error joined into one, without the `›` that the CLI puts before each.
fn unwrapped(stderr: &str) -> String {
    let words = stderr
        .lines()
        .map(without_mark)
        .flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

fn without_mark(line: &str) -> &str {
    line.trim_start().trim_start_matches(['›', '»']).trim()
}

/// The error without the warnings before it and the word that introduces it, short enough to show.
fn error_sentence(message: &str) -> String {
    let sentence = message
        .rfind("Error: ")
        .map_or(message, |start| &message[start + "Error: ".len()..]);
    sentence.chars().take(300).collect()
}

/// The `app (remote)` lines the CLI prints where it finds several.
fn remotes(stderr: &str) -> Vec<String> {
    let lines = stderr.lines().map(without_mark);
    lines
        .filter(|line| line.ends_with(')') && line.contains(" (") && !line.contains("http"))
        .map(str::to_owned)
        .collect()
}

/// A line of `--shell` output: `NAME=value`, `NAME='value'`, or `NAME="value"` with backslash
/// escapes.
fn shell_assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let inside = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    let value = if let Some(literal) = inside('\'') {
        literal.to_owned()
    } else if let Some(escaped) = inside('"') {
        unescaped(escaped)
    } else {
        value.to_owned()
    };
    Some((name.to_owned(), value))
}

fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let mut result = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => result.push('\n'),
                Some(other) => result.push(other),
                None => result.push('\\'),
            },
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> HerokuQuery {
        HerokuQuery {
            variables: ["INFERENCE_URL", "INFERENCE_KEY", "INFERENCE_MODEL_ID"]
                .map(str::to_owned)
                .to_vec(),
            app: Some("good".to_owned()),
            remote: None,
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
        let stdout = "INFERENCE_URL='https://us.inference.heroku.com'\nINFERENCE_KEY=inf-1\nINFERENCE_MODEL_ID=\"a\\\"b\\n\"\n";
        let values = answer(0, stdout, "").unwrap();
        assert_eq!(
            values["INFERENCE_URL"].expose(),
            "https://us.inference.heroku.com"
        );
        assert_eq!(values["INFERENCE_KEY"].expose(), "inf-1");
        assert_eq!(values["INFERENCE_MODEL_ID"].expose(), "a\"b\n");
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
    fn every_way_to_fail_has_its_meaning() {
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
        assert!(all_variables(&printed(1, "", page), &query()).is_err());
        assert_eq!(
            all_variables(&printed(0, "{}\n", ""), &query()),
            Ok(BTreeMap::new())
        );
    }
}
