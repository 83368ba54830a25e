//! Data as a literal of a programming language: JSON, which all of them read but for a few words
//! and what their strings know beyond it. A language is a [`Notation`].

use serde_json::{Map, Value};

/// How a language differs from JSON.
pub struct Notation {
    pub null: &'static str,
    pub no: &'static str,
    pub yes: &'static str,
    /// What would mean something else in a JSON string, and what to write in its place.
    pub special: &'static [(&'static str, &'static str)],
}

/// What a person would write first. The order of the others is serde_json's, alphabetical.
const FIRST: &[&str] = &["model", "messages", "role", "type"];

impl Notation {
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
        let is_hidden = |c: char| {
            matches!(
                c,
                '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            ) || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
                || c.is_control()
        };
        let shown = |c: char| match is_hidden(c) {
            true => format!("\\u{:04x}", u32::from(c)),
            false => c.to_string(),
        };
        literal.chars().map(shown).collect()
    }

    fn value(&self, value: &Value, depth: usize) -> String {
        match value {
            Value::Null => self.null.to_owned(),
            Value::Bool(false) => self.no.to_owned(),
            Value::Bool(true) => self.yes.to_owned(),
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
    fields.sort_by_key(|(key, _)| {
        let place = FIRST.iter().position(|first| first == key);
        place.unwrap_or(FIRST.len())
    });
    fields.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{javascript, python, ruby, shell};
    use super::*;

    fn payload(notation: &Notation, value: &Value) -> String {
        notation.payload(value.as_object().unwrap(), "MODEL")
    }

    #[test]
    fn the_same_data_has_the_words_of_each_language() {
        let value = json!({
            "model": "m",
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "one\n\ntwo"}],
            "stop": ["END", "\n"],
            "extended_thinking": {"enabled": true, "nothing": null},
        });
        for (notation, [yes, null]) in [
            (&ruby::LANGUAGE.notation, ["true", "nil"]),
            (&python::LANGUAGE.notation, ["True", "None"]),
            (&javascript::LANGUAGE.notation, ["true", "null"]),
            (&shell::LANGUAGE.notation, ["true", "null"]),
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
            assert_eq!(payload(notation, &value), expected);
        }
    }

    #[test]
    fn what_means_more_in_a_language_is_escaped_in_that_language() {
        let table = [
            (
                &ruby::LANGUAGE,
                "#{x} #$x #@x ##{} #x $x",
                r##""\#{x} \#$x \#@x #\#{} #x $x""##,
            ),
            (
                &python::LANGUAGE,
                "#{x} \"\"\" {x}",
                r##""#{x} \"\"\" {x}""##,
            ),
            (
                &javascript::LANGUAGE,
                "</script> ${x} `",
                r#""<\/script> ${x} `""#,
            ),
            (
                &shell::LANGUAGE,
                r"$x `x` \ \$ \n",
                r#""\$x \`x\` \\\\ \\\\\$ \\\\n""#,
            ),
        ];
        for (language, text, literal) in table {
            assert_eq!(language.notation.text(text), literal);
        }
    }

    #[test]
    fn nothing_invisible_or_reordering_is_left_in_code() {
        let all: String = ('\0'..='\u{ffff}').collect();
        for language in [
            &ruby::LANGUAGE,
            &python::LANGUAGE,
            &javascript::LANGUAGE,
            &shell::LANGUAGE,
        ] {
            let literal = language.notation.text(&all);
            assert!(!literal.contains(char::is_control));
            assert!(
                !literal.contains(['\u{202e}', '\u{2066}', '\u{2028}', '\u{feff}', '\u{200b}'])
            );
        }
    }
}
