//! A request as a curl command, for `--dry-run` and `/show request`. The key is a variable in it, never a value.

use url::Url;

/// The command that sends this body, with the key read from `key_variable` by the shell that runs it. The body is the
/// command's input, where its length has no limit and nothing needs to be escaped.
pub fn command(endpoint: &Url, key_variable: &str, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    format!(
        "curl -N '{endpoint}' \\\n  \
           -H \"Authorization: Bearer ${key_variable}\" \\\n  \
           -H 'Content-Type: application/json' \\\n  \
           -d @- <<'END'\n{body}\nEND"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_the_prompt_is_changed_by_the_shell() {
        let url = Url::parse("https://us.inference.heroku.com/v1/chat/completions").unwrap();
        let printed = command(&url, "INFERENCE_KEY", br#"{"content":"it's $HOME"}"#);
        let expected = r#"curl -N 'https://us.inference.heroku.com/v1/chat/completions' \
  -H "Authorization: Bearer $INFERENCE_KEY" \
  -H 'Content-Type: application/json' \
  -d @- <<'END'
{"content":"it's $HOME"}
END"#;
        assert_eq!(printed, expected);
    }
}
