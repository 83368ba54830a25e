//! JSON as servers send it, read one level at a time. What nobody reads is skipped and can't be
//! wrong, such as a number out of range or a duplicate name; text is borrowed, so that a token
//! needs no tree.
//!
//! Strings are read as bytes, because serde_json refuses half a surrogate pair as text. Servers
//! send one if a token ends within a character that JSON writes as two escapes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Error;
use serde_json::value::RawValue;

/// A value as it stands in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'a> Json<'a> {
    /// The one value of a text.
    ///
    /// # Errors
    /// A text that is no JSON, or more than that.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str::<&RawValue>(text).map(|raw| Json(raw.get()))
    }

    /// The values of a text that may hold several, one behind the other.
    pub fn all(text: &'a str) -> impl Iterator<Item = Result<Self, Error>> {
        serde_json::Deserializer::from_str(text)
            .into_iter::<&RawValue>()
            .map(|raw| raw.map(|raw| Json(raw.get())))
    }

    pub fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::List,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// The value as it was written.
    pub fn written(self) -> &'a str {
        self.0
    }

    /// Hands over the fields of an object; nothing else has any. One that is null says nothing and
    /// is left out.
    pub fn fields(self, mut take: impl FnMut(&str, Json<'a>)) {
        if self.kind() == Kind::Object {
            let mut json = serde_json::Deserializer::from_str(self.0);
            // What was read as a value before can't fail here.
            let _ = json.deserialize_map(Fields(&mut take));
        }
    }

    /// A field of an object that is there and not null.
    pub fn field(self, name: &str) -> Option<Json<'a>> {
        let mut found = None;
        self.fields(|other, value| {
            if other == name {
                found = Some(value);
            }
        });
        found
    }

    /// Hands over the items of a list.
    pub fn items(self, mut take: impl FnMut(Json<'a>)) {
        if self.kind() == Kind::List {
            let mut json = serde_json::Deserializer::from_str(self.0);
            let _ = json.deserialize_seq(Items(&mut take));
        }
    }

    /// A string's text in UTF-8, but for half surrogate pairs, which are three bytes as if they
    /// were characters. Empty for all that is no string.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self.kind() {
            Kind::Text => serde_json::from_str::<Bytes<'a>>(self.0).map(|bytes| bytes.0),
            _ => return Cow::Borrowed(&[]),
        }
        .unwrap_or_default()
    }

    /// A string's text, with a replacement for what is no character.
    pub fn text(self) -> Cow<'a, str> {
        match self.bytes() {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(joined(&bytes)),
        }
    }

    /// A number, written as one or as text.
    pub fn number(self) -> Option<f64> {
        let number = match self.kind() {
            Kind::Number => self.0.parse(),
            Kind::Text => self.text().trim().parse(),
            _ => return None,
        };
        number.ok().filter(|number: &f64| number.is_finite())
    }
}

struct Fields<'f, F>(&'f mut F);

impl<'de, F: FnMut(&str, Json<'de>)> Visitor<'de> for Fields<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Bytes<'de>>()? {
            let value = Json(map.next_value::<&RawValue>()?.get());
            if value.kind() != Kind::Null {
                (self.0)(&String::from_utf8_lossy(&name.0), value);
            }
        }
        Ok(())
    }
}

struct Items<'f, F>(&'f mut F);

impl<'de, F: FnMut(Json<'de>)> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            (self.0)(Json(item.get()));
        }
        Ok(())
    }
}

struct Bytes<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = Bytes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Bytes<'de>, E> {
                Ok(Bytes(Cow::Borrowed(bytes)))
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes<'de>, E> {
                Ok(Bytes(Cow::Owned(bytes.to_owned())))
            }
        }

        deserializer.deserialize_bytes(BytesVisitor)
    }
}

/// A text that is JSON but for what lenient writers let through: Python's `NaN` and `Infinity`, and
/// control characters in strings.
pub fn mended(text: &str) -> String {
    const NUMBERS: &[&str] = &["NaN", "-Infinity", "Infinity"];
    let mut mended = String::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let Some(character) = rest.chars().next() {
        let number = NUMBERS
            .iter()
            .find(|number| !in_string && rest.starts_with(**number));
        let length = match (character, number) {
            (_, Some(number)) => {
                mended.push_str("null");
                number.len()
            }
            ('\\', _) if in_string => {
                let escape = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                mended.push_str(&rest[..escape]);
                escape
            }
            ('\0'..='\x1f', _) if in_string => {
                mended.push_str(&format!("\\u{:04x}", u32::from(character)));
                1
            }
            _ => {
                in_string ^= character == '"';
                mended.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    mended
}

/// Two halves side by side are a character; one alone never will be.
pub fn joined(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) => error.valid_up_to(),
        };
        text.push_str(&String::from_utf8_lossy(&bytes[..valid]));
        bytes = &bytes[valid..];
        let unit = |high: u8, low: u8| 0xd000 | u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f);
        let (pair, length) = match bytes {
            [
                0xed,
                high @ 0xa0..=0xaf,
                low,
                0xed,
                high2 @ 0xb0..=0xbf,
                low2,
                ..,
            ] => ([unit(*high, *low), unit(*high2, *low2)], 6),
            [] => break,
            _ => ([0xd800; 2], 3.min(bytes.len())),
        };
        match char::decode_utf16(pair).next() {
            Some(Ok(character)) => text.push(character),
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
        bytes = &bytes[length..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        Json::parse(text)
            .unwrap()
            .fields(|name, value| names.push(format!("{name}={}", value.written())));
        names
    }

    #[test]
    fn what_is_not_read_can_not_be_wrong() {
        let deep = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(500), "]".repeat(500));
        assert_eq!(names(&deep).len(), 2);
        assert_eq!(
            names(r#"{"a":1e999,"a":"\ud83d","\ud83d":1,"n":null}"#),
            ["a=1e999", r#"a="\ud83d""#, "\u{fffd}\u{fffd}\u{fffd}=1"]
        );
        assert!(names("[1]").is_empty() && names("\"{}\"").is_empty());
        assert!(Json::parse("{\"a\":}").is_err() && Json::parse("{} x").is_err());
        assert_eq!(
            Json::all("{\"a\":1}\n{}[]").filter(Result::is_ok).count(),
            3
        );
    }

    #[test]
    fn what_python_writes_is_mended() {
        let text = "{\"a\":[NaN,-Infinity],\"b\":\"NaN \\\" \t\\\\\",\"c\":Infinity}";
        let expected = r#"{"a":[null,null],"b":"NaN \" \u0009\\","c":null}"#;
        assert_eq!(mended(text), expected);
        assert_eq!(mended("{\"a\": [oops"), "{\"a\": [oops");
    }

    #[test]
    fn numbers_are_read_in_either_form() {
        let number = |text| Json::parse(text).unwrap().number();
        assert_eq!(number("12"), Some(12.0));
        assert_eq!(number("\" 1.5 \""), Some(1.5));
        for none in ["1e999", "true", "[1]", "\"many\"", "\"inf\""] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
