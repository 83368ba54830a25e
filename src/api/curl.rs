//! A request as a curl command, for `--dry-run` and `/show request`. The key is a variable in it, never a value.

use url::Url;

/// The command that sends this body, with the key read from `key_variable` by the shell that runs it.
pub fn command(endpoint: &Url, key_variable: &str, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    [
        format!("curl -N {}", quoted(endpoint.as_str())),
        format!("  -H \"Authorization: Bearer ${key_variable}\""),
        "  -H 'Content-Type: application/json'".to_owned(),
        format!("  -d {}", quoted(&body)),
    ]
    .join(" \\\n")
}

/// A word no shell changes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_the_prompt_survive_the_shell() {
        let url = Url::parse("https://us.inference.heroku.com/v1/chat/completions").unwrap();
        let printed = command(&url, "INFERENCE_KEY", br#"{"content":"it's $HOME"}"#);
        let expected = "curl -N 'https://us.inference.heroku.com/v1/chat/completions' \\\n  \
            -H \"Authorization: Bearer $INFERENCE_KEY\" \\\n  \
            -H 'Content-Type: application/json' \\\n  \
            -d '{\"content\":\"it'\\''s $HOME\"}'";
        assert_eq!(printed, expected);
    }
}
