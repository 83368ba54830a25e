//! curl, in a bash script. The request is a here-document in which only the variable of the model
//! is expanded, so what the shell knows is escaped beyond what JSON knows.

use super::code::Language;
use super::literal::Notation;
use crate::api::curl;

pub const LANGUAGE: Language = Language {
    template: || {
        TEMPLATE
            .replace("CURL", &curl::call(OPTIONS, ADDRESS, "INFERENCE_KEY"))
            .into()
    },
    notation: NOTATION,
    model: |variable, model| format!("\"${{{variable}:-{}}}\"", default_word(model)),
};

/// Without a progress bar, and with the status on a line of its own after the body.
const OPTIONS: &str = "-sS -w '\\n%{http_code}'";
const ADDRESS: &str = r#""${url%/v1}/v1/chat/completions""#;

const NOTATION: Notation = Notation {
    null: "null",
    no: "false",
    yes: "true",
    // A here-document takes a backslash as such, but before these three.
    special: &[("\\\\", "\\\\\\\\"), ("$", "\\$"), ("`", "\\`")],
};

/// A text between quotes of JSON and the braces of a shell's default at once: only what means
/// nothing in either stands for itself.
fn default_word(text: &str) -> String {
    let is_plain = |unit: &u8| unit.is_ascii_alphanumeric() || b"-._:/@+".contains(unit);
    let word = |unit: u16| match u8::try_from(unit).ok().filter(is_plain) {
        Some(plain) => char::from(plain).to_string(),
        None => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(word).collect()
}

const TEMPLATE: &str = r#"#!/usr/bin/env bash
# A chat completion of Heroku Managed Inference, with curl. Where there is jq, the answer alone is printed.
set -euo pipefail

for name in INFERENCE_URL INFERENCE_KEY; do
  if [[ -z ${!name:-} ]]; then
    echo "$name is not set. Set it with: export $name=\$(heroku config:get $name -a example-app)" >&2
    exit 1
  fi
done
url=${INFERENCE_URL%/}

payload() {
  cat <<END
PAYLOAD
END
}

# The key goes to curl through a pipe: arguments show in the list of processes.
response=$(payload | CURL)
status=${response##*$'\n'}
body=${response%$'\n'*}

if [[ $status != 2?? ]]; then
  echo "Request failed: $status, $body" >&2
  exit 1
elif command -v jq >/dev/null; then
  jq --raw-output '.choices[0].message.content' <<<"$body"
else
  printf '%s\n' "$body"
fi
"#;
