//! Requests as curl commands, for `--dry-run`, `/show request` and exported scripts. The key is a
//! variable in them, never a value.

use url::Url;

use crate::error::shell;

/// The call of curl that sends its input to this address, both as the shell reads them.
///
/// The key is read from a pipe, with bash and zsh alike: the arguments of a program can be seen by
/// all users of a machine.
pub fn call(options: &str, address: &str, key_variable: &str) -> String {
    format!(
        "curl {options} {address} \\\n  \
           -H @<(printf 'Authorization: Bearer %s' \"${key_variable}\") \\\n  \
           -H 'Content-Type: application/json' \\\n  \
           -d @-"
    )
}

/// The command that sends this body, with the key read from `key_variable` by the shell that runs
/// it. The body is the command's input, if its length has no limit and nothing needs to be
/// escaped.
pub fn command(endpoint: &Url, key_variable: &str, body: &[u8]) -> String {
    let call = call("-N", &shell::quoted(endpoint.as_str()), key_variable);
    format!("{call} <<'END'\n{}\nEND", String::from_utf8_lossy(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_the_prompt_is_changed_by_the_shell() {
        let url = Url::parse("https://us.inference.heroku.com/v1/chat/completions").unwrap();
        let printed = command(&url, "INFERENCE_KEY", br#"{"content":"it's $HOME"}"#);
        let expected = r#"curl -N https://us.inference.heroku.com/v1/chat/completions \
  -H @<(printf 'Authorization: Bearer %s' "$INFERENCE_KEY") \
  -H 'Content-Type: application/json' \
  -d @- <<'END'
{"content":"it's $HOME"}
END"#;
        assert_eq!(printed, expected);
    }

    #[test]
    fn an_address_with_quotes_is_one_word_of_the_command() {
        let url = Url::parse("https://h/';id;'/$(id)").unwrap();
        let printed = command(&url, "INFERENCE_KEY", b"{}");
        let words = shlex::split(printed.lines().next().unwrap().trim_end_matches('\\')).unwrap();
        assert_eq!(words, ["curl", "-N", url.as_str()]);
    }
}
