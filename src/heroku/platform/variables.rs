//! An app's config vars, of which all names are kept, and values only where they are wanted.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::config::secret::Secret;
use crate::config::{self, normalise_url};

/// Reads the object of `GET /apps/NAME/config-vars`. Besides these variables, the addresses of
/// inference hosts keep their values: they tell attachments. The others are dropped as they are
/// read, and are empty.
pub struct Wanted<'a>(pub &'a [String]);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = BTreeMap<String, Secret>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = BTreeMap<String, Secret>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of config vars")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut variables = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let mut value = Secret::default();
            if self.0.contains(&name) {
                value = map.next_value()?;
            } else if name.ends_with("_URL") {
                value = Some(map.next_value()?)
                    .filter(is_of_inference)
                    .unwrap_or_default();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            variables.insert(name, value);
        }
        Ok(variables)
    }
}

fn is_of_inference(value: &Secret) -> bool {
    normalise_url(value.expose()).is_ok_and(|url| config::is_inference_host(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<(String, String)>, ()> {
        let wanted = ["INFERENCE_URL", "INFERENCE_KEY"].map(str::to_owned);
        let mut json = serde_json::Deserializer::from_reader(json.as_bytes());
        let all = Wanted(&wanted).deserialize(&mut json).map_err(drop)?;
        let plain = all
            .into_iter()
            .map(|(name, value)| (name, value.expose().to_owned()));
        Ok(plain.collect())
    }

    #[test]
    fn all_names_are_kept_and_no_values_but_those_of_inference() {
        let json = r#"{"INFERENCE_URL": "http://x", "INFERENCE_KEY": "inf-1", "SECRET": "s3cret",
            "DATABASE_URL": "postgres://u:pw@db/x", "OTHER_KEY": "inf-2",
            "OTHER_URL": "https://eu.inference.heroku.com", "EVIL_URL": "https://inference.heroku.com.evil"}"#;
        let pairs = [
            ("DATABASE_URL", ""),
            ("EVIL_URL", ""),
            ("INFERENCE_KEY", "inf-1"),
            ("INFERENCE_URL", "http://x"),
            ("OTHER_KEY", ""),
            ("OTHER_URL", "https://eu.inference.heroku.com"),
            ("SECRET", ""),
        ];
        let expected = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(json), Ok(expected.to_vec()));
    }

    #[test]
    fn anything_but_an_object_of_texts_is_refused() {
        assert_eq!(read("{}"), Ok(Vec::new()));
        for json in [
            "[]",
            "null",
            "\"x\"",
            "{\"INFERENCE_KEY\": 1}",
            "{\"INFERENCE_URL\": null}",
        ] {
            assert_eq!(read(json), Err(()), "{json}");
        }
    }
}
