//! Data as a literal of a programming language, the way a person would write it down: short things
//! on one line, a text of several lines as several lines. A language is a [`Notation`].

use serde_json::{Map, Value};

/// How a language writes what JSON says.
pub struct Notation {
    pub null: &'static str,
    pub no: &'static str,
    pub yes: &'static str,
    /// The indentation of one level.
    pub indent: &'static str,
    /// Inside the braces of an object on one line.
    pub padding: &'static str,
    /// After the last of several lines.
    pub last_comma: &'static str,
    /// The name of a field, with what stands between it and the value.
    pub key: fn(&str) -> String,
    /// What would mean something else between double quotes, and what to write in its place.
    pub special: &'static [(&'static str, &'static str)],
    /// How a text of several lines is put together; none where it has to be one literal.
    pub lines: Option<Lines>,
}

/// A text of several lines, each a literal of its own.
pub struct Lines {
    pub open: &'static str,
    /// After each but the last.
    pub glue: &'static str,
    pub close: &'static str,
}

/// Objects and lists that are longer get a line for each part.
const WIDTH: usize = 90;

/// What a person would write first. The order of the others is serde_json's, alphabetical.
const FIRST: &[&str] = &["model", "messages", "role", "type"];

impl Notation {
    /// An object, a line for each field. The field `model` gets this expression in place of its
    /// value.
    pub fn payload(&self, fields: &Map<String, Value>, model: &str) -> String {
        let field = |(key, value): (&String, &Value)| match key.as_str() {
            "model" => format!("{}{model}", (self.key)(key)),
            _ => self.field(key, value, 1),
        };
        self.broken(
            ["{", "}"],
            &in_order(fields).map(field).collect::<Vec<_>>(),
            0,
        )
    }

    /// A text between double quotes. What is invisible, or would make the code read other than it
    /// is, is escaped.
    pub fn text(&self, text: &str) -> String {
        let mut literal = String::with_capacity(text.len() + 2);
        literal.push('"');
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some((special, instead)) = self
                .special
                .iter()
                .find(|(special, _)| rest.starts_with(special))
            {
                literal.push_str(instead);
                rest = &rest[special.len()..];
                continue;
            }
            push_escaped(&mut literal, character);
            rest = &rest[character.len_utf8()..];
        }
        literal.push('"');
        literal
    }

    fn value(&self, value: &Value, depth: usize) -> String {
        match value {
            Value::Null => self.null.to_owned(),
            Value::Bool(false) => self.no.to_owned(),
            Value::Bool(true) => self.yes.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let parts: Vec<String> = items
                    .iter()
                    .map(|item| self.value(item, depth + 1))
                    .collect();
                self.group(["[", "]"], "", &parts, items.iter().all(is_scalar), depth)
            }
            Value::Object(fields) => {
                let parts: Vec<String> = in_order(fields)
                    .map(|(key, value)| self.field(key, value, depth + 1))
                    .collect();
                self.group(
                    ["{", "}"],
                    self.padding,
                    &parts,
                    fields.values().all(is_scalar),
                    depth,
                )
            }
        }
    }

    fn field(&self, key: &str, value: &Value, depth: usize) -> String {
        let key = (self.key)(key);
        match (value.as_str(), &self.lines) {
            (Some(text), Some(lines)) if text.trim_end_matches('\n').contains('\n') => {
                format!(
                    "{}{}",
                    key.trim_end(),
                    self.several_lines(text, lines, depth)
                )
            }
            _ => key + &self.value(value, depth),
        }
    }

    /// A text below the name of its field.
    fn several_lines(&self, text: &str, lines: &Lines, depth: usize) -> String {
        let outer = format!("\n{}", self.indent.repeat(depth));
        let inner = format!("{outer}{}", self.indent);
        let texts: Vec<String> = text
            .split_inclusive('\n')
            .map(|line| self.text(line))
            .collect();
        let close = if lines.close.is_empty() {
            String::new()
        } else {
            outer + lines.close
        };
        format!(
            "{}{inner}{}{close}",
            lines.open,
            texts.join(&format!("{}{inner}", lines.glue))
        )
    }

    fn group(
        &self,
        brackets: [&str; 2],
        padding: &str,
        parts: &[String],
        is_flat: bool,
        depth: usize,
    ) -> String {
        let [open, close] = brackets;
        let line = format!("{open}{padding}{}{padding}{close}", parts.join(", "));
        let fits = is_flat
            && !line.contains('\n')
            && line.chars().count() + self.indent.len() * depth <= WIDTH;
        if fits {
            line
        } else {
            self.broken(brackets, parts, depth)
        }
    }

    /// A line for each part.
    fn broken(&self, [open, close]: [&str; 2], parts: &[String], depth: usize) -> String {
        let outer = format!("\n{}", self.indent.repeat(depth));
        let inner = format!("{outer}{}", self.indent);
        let parts = parts.join(&format!(",{inner}"));
        format!("{open}{inner}{parts}{}{outer}{close}", self.last_comma)
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn in_order(fields: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| {
        FIRST
            .iter()
            .position(|first| first == key)
            .unwrap_or(FIRST.len())
    });
    fields.into_iter()
}

/// Adds a character in an escape that JSON, Ruby, Python and JavaScript share, where it needs one.
/// Beyond control characters that is what reorders text or can't be seen, so that the code is what
/// it looks like (CVE-2021-42574).
fn push_escaped(literal: &mut String, character: char) {
    match character {
        '"' => literal.push_str("\\\""),
        '\\' => literal.push_str("\\\\"),
        '\n' => literal.push_str("\\n"),
        '\r' => literal.push_str("\\r"),
        '\t' => literal.push_str("\\t"),
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => {
            literal.push_str(&format!("\\u{:04x}", u32::from(character)));
        }
        control if control.is_control() => {
            literal.push_str(&format!("\\u{:04x}", u32::from(control)))
        }
        other => literal.push(other),
    }
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
    fn the_same_data_is_idiomatic_in_each_language() {
        let value = json!({
            "model": "m",
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "one\n\ntwo"}],
            "stop": ["END", "\n"],
            "extended_thinking": {"enabled": true, "nothing": null},
        });
        let ruby = r#"{
  model: MODEL,
  messages: [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content:
        "one\n" \
        "\n" \
        "two",
    },
  ],
  extended_thinking: { enabled: true, nothing: nil },
  stop: ["END", "\n"],
}"#;
        let python = r#"{
    "model": MODEL,
    "messages": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": (
                "one\n"
                "\n"
                "two"
            ),
        },
    ],
    "extended_thinking": {"enabled": True, "nothing": None},
    "stop": ["END", "\n"],
}"#;
        let javascript = r#"{
  model: MODEL,
  messages: [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content:
        "one\n" +
        "\n" +
        "two",
    },
  ],
  extended_thinking: { enabled: true, nothing: null },
  stop: ["END", "\n"],
}"#;
        let shell = r#"{
  "model": MODEL,
  "messages": [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "one\n\ntwo"}
  ],
  "extended_thinking": {"enabled": true, "nothing": null},
  "stop": ["END", "\n"]
}"#;
        assert_eq!(payload(&ruby::LANGUAGE.notation, &value), ruby);
        assert_eq!(payload(&python::LANGUAGE.notation, &value), python);
        assert_eq!(payload(&javascript::LANGUAGE.notation, &value), javascript);
        assert_eq!(payload(&shell::LANGUAGE.notation, &value), shell);
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

    #[test]
    fn long_things_get_a_line_for_each_part() {
        let value = json!({"stop": ["x".repeat(50), "y".repeat(50)]});
        let expected = format!(
            "{{\n  stop: [\n    \"{}\",\n    \"{}\",\n  ],\n}}",
            "x".repeat(50),
            "y".repeat(50)
        );
        assert_eq!(payload(&ruby::LANGUAGE.notation, &value), expected);
    }
}
