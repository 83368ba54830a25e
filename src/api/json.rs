//! JSON as servers send it. What strict JSON refuses is mended before it is given up: Python's
//! `NaN` and `Infinity`, numbers out of range, control characters in strings, and halves of
//! characters.
//!
//! Servers send half a surrogate pair if a token ends within a character that JSON writes as two
//! escapes. No string of Rust's can hold one, so a character of private use stands for it until
//! [`joined`].

use serde_json::{Deserializer, Error, Value};

/// What is added to half a surrogate pair to make a character of it.
const STAND_IN: u32 = 0x10_0000;

/// The values of a text that may hold several, one behind the other, as far as it can be read.
pub fn values(text: &str) -> (Vec<Value>, Result<(), Error>) {
    let read = |text| {
        let mut values = Vec::new();
        for value in Deserializer::from_str(text).into_iter() {
            match value {
                Ok(value) => values.push(value),
                Err(error) => return (values, Err(error)),
            }
        }
        (values, Ok(()))
    };
    match read(text) {
        (_, Err(_)) => read(&mended(text)),
        read => read,
    }
}

/// The one value of a text, around which there may be space and a byte order mark.
///
/// # Errors
/// A phrase, for a text that is no JSON, or more than that.
pub fn parse(text: &str) -> Result<Value, String> {
    match values(super::page::trimmed(text)) {
        (_, Err(error)) => Err(error.to_string()),
        (mut values, Ok(())) if values.len() == 1 => Ok(values.remove(0)),
        (values, Ok(())) => Err(format!("it holds {} values", values.len())),
    }
}

/// A field of an object that is there and not null.
pub fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// A field's text; empty for one that is none.
pub fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number, written as one or as text.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

/// Whether a character stands for half of one.
pub fn is_half(character: char) -> bool {
    matches!(character, '\u{10d800}'..='\u{10dfff}')
}

/// The text in UTF-16, in which halves of characters are what they are.
pub fn utf16(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    for character in text.chars() {
        match is_half(character) {
            true => units.push((u32::from(character) - STAND_IN) as u16),
            false => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
        }
    }
    units
}

/// A whole text: two halves side by side are a character, and one alone never will be.
pub fn joined(text: &str) -> String {
    String::from_utf16_lossy(&utf16(text))
}

fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        match character {
            '\\' if in_string => length = mend_escape(rest, &mut mended),
            '\0'..='\x1f' if in_string => {
                mended.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            'N' | 'I' | '-' | '0'..='9' if !in_string => {
                let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
                length = rest.find(is_end).unwrap_or(rest.len());
                let word = &rest[..length];
                let is_endless = word.parse().is_ok_and(|number: f64| !number.is_finite());
                mended.push_str(if is_endless { "null" } else { word });
            }
            _ => {
                in_string ^= character == '"';
                mended.push(character);
            }
        }
        rest = &rest[length..];
    }
    mended
}

/// Copies the escape that a text begins with, and returns its length.
fn mend_escape(text: &str, mended: &mut String) -> usize {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let length = match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
        (Some(half @ 0xd800..=0xdfff), _) => {
            mended.extend(char::from_u32(STAND_IN + half));
            return 6;
        }
        _ => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    mended.push_str(&text[..length]);
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lenient_writers_let_through_is_mended() {
        let text = "{\"a\":[NaN,-Infinity,1e999,-1.5e2],\"b\":\"NaN \\\" \t\\\\\",\"c\":Infinity}";
        let expected = json!({"a": [null, null, null, -150.0], "b": "NaN \" \t\\", "c": null});
        assert_eq!(parse(text), Ok(expected));
        for torn in ["{\"a\":}", "{} x", "{\"a\": [oops", "\"\\", "{} {}", ""] {
            assert!(parse(torn).is_err(), "{torn}");
        }
        assert_eq!(values("{\"a\":1}\n{}[NaN] {\"b").0.len(), 3);
    }

    #[test]
    fn halves_of_a_character_are_kept_until_they_are_joined() {
        for (text, expected) in [
            (r#""\ud83d\ude00""#, "😀"),
            (
                r#""\ud83dx\ude00\t\ud83d\ude00\ud83d""#,
                "\u{fffd}x\u{fffd}\t😀\u{fffd}",
            ),
        ] {
            let value = parse(text).unwrap();
            assert_eq!(joined(value.as_str().unwrap()), expected);
        }
    }

    #[test]
    fn numbers_are_read_in_either_form() {
        for (text, expected) in [
            ("12", Some(12.0)),
            ("\" 1.5 \"", Some(1.5)),
            ("1e999", None),
            ("true", None),
            ("[1]", None),
            ("\"many\"", None),
            ("\"inf\"", None),
        ] {
            assert_eq!(number(&parse(text).unwrap()), expected, "{text}");
        }
    }
}
