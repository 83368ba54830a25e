//! Data as a literal of a programming language: JSON, which all of them read but for a few words
//! and what their strings know beyond it. What differs is a [`Language`].

use serde_json::{Map, Value};

use super::language::Language;

/// What a person would write first. The order of the others is serde_json's, alphabetical.
const FIRST: &[&str] = &["model", "messages", "role", "type"];

impl Language {
    /// An object, in which the field `model` gets this expression in place of its value.
    pub fn payload(&self, fields: &Map<String, Value>, model: &str) -> String {
        let field = |(key, value): (&String, &Value)| match key.as_str() {
            "model" => format!("\"{key}\": {model}"),
            _ => self.field(key, value, 1),
        };
        group(["{", "}"], in_order(fields).map(field), Some(0))
    }

    /// A text between double quotes. Beyond what JSON escapes, that is what can't be seen or
    /// reorders text, so that the code is what it looks like (CVE-2021-42574).
    pub fn text(&self, text: &str) -> String {
        let mut literal = Value::from(text).to_string();
        for (special, instead) in self.special {
            literal = literal.replace(special, instead);
        }
        let shown = |c: char| match c {
            '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\0'..' '
            | '\u{7f}'..='\u{9f}' => {
                format!("\\u{:04x}", u32::from(c))
            }
            _ => c.to_string(),
        };
        literal.chars().map(shown).collect()
    }

    fn value(&self, value: &Value, depth: usize) -> String {
        match value {
            Value::Null => self.words[0].to_owned(),
            Value::Bool(is_true) => self.words[1 + usize::from(*is_true)].to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let parts = items.iter().map(|item| self.value(item, depth + 1));
                group(["[", "]"], parts, deep(items.iter()).then_some(depth))
            }
            Value::Object(fields) => {
                let parts = in_order(fields).map(|(key, value)| self.field(key, value, depth + 1));
                group(["{", "}"], parts, deep(fields.values()).then_some(depth))
            }
        }
    }

    fn field(&self, key: &str, value: &Value, depth: usize) -> String {
        format!("\"{key}\": {}", self.value(value, depth))
    }
}

/// Parts in brackets, on a line each at this depth, or else all on one.
fn group(
    [open, close]: [&str; 2],
    parts: impl Iterator<Item = String>,
    depth: Option<usize>,
) -> String {
    let parts: Vec<String> = parts.collect();
    let Some(depth) = depth else {
        return format!("{open}{}{close}", parts.join(", "));
    };
    let outer = format!("\n{}", "  ".repeat(depth));
    let parts = parts.join(&format!(",{outer}  "));
    format!("{open}{outer}  {parts}{outer}{close}")
}

/// Whether there are lists or objects among values.
fn deep<'a>(mut values: impl Iterator<Item = &'a Value>) -> bool {
    values.any(|value| value.is_array() || value.is_object())
}

fn in_order(fields: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| FIRST.iter().position(|it| it == key).unwrap_or(FIRST.len()));
    fields.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::language::{JAVASCRIPT, PYTHON, RUBY, SHELL};
    use super::*;

    fn payload(language: &Language, value: &Value) -> String {
        language.payload(value.as_object().unwrap(), "MODEL")
    }

    #[test]
    fn the_same_data_has_the_words_of_each_language() {
        let value = json!({
            "model": "m",
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "one\n\ntwo"}],
            "stop": ["END", "\n"],
            "extended_thinking": {"enabled": true, "nothing": null},
        });
        for (language, [yes, null]) in [
            (&RUBY, ["true", "nil"]),
            (&PYTHON, ["True", "None"]),
            (&JAVASCRIPT, ["true", "null"]),
            (&SHELL, ["true", "null"]),
        ] {
            let expected = r#"{
  "model": MODEL,
  "messages": [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "one\n\ntwo"}
  ],
  "stop": ["END", "\n"],
  "extended_thinking": {"enabled": YES, "nothing": NULL}
}"#;
            let expected = expected.replace("YES", yes).replace("NULL", null);
            assert_eq!(payload(language, &value), expected);
        }
    }

    #[test]
    fn what_means_more_in_a_language_is_escaped_in_that_language() {
        let table = [
            (
                &RUBY,
                "#{x} #$x #@x ##{} #x $x",
                r##""\#{x} \#$x \#@x #\#{} #x $x""##,
            ),
            (&PYTHON, "#{x} \"\"\" {x}", r##""#{x} \"\"\" {x}""##),
            (&JAVASCRIPT, "</script> ${x} `", r#""<\/script> ${x} `""#),
            (
                &SHELL,
                r"$x `x` \ \$ \n",
                r#""\$x \`x\` \\\\ \\\\\$ \\\\n""#,
            ),
        ];
        for (language, text, literal) in table {
            assert_eq!(language.text(text), literal);
        }
    }

    #[test]
    fn nothing_invisible_or_reordering_is_left_in_code() {
        let all: String = ('\0'..='\u{ffff}').collect();
        for language in [&RUBY, &PYTHON, &JAVASCRIPT, &SHELL] {
            let literal = language.text(&all);
            assert!(!literal.contains(char::is_control));
            assert!(
                !literal.contains(['\u{202e}', '\u{2066}', '\u{2028}', '\u{feff}', '\u{200b}'])
            );
        }
    }
}
