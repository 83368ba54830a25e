//! The values of config vars in a text: whole or cut, plain, URL-encoded, in JSON or in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::why::words;

/// What browsers and most libraries leave as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// So much of a value tells it, be it cut by a log or split over two lines.
const TELLING: usize = 8;

/// By so much of it, a part of a value is looked up.
const KEY: usize = 6;

/// Schemes of URLs, which stand in every log. Any other one may be a part of a secret.
const SCHEMES: &[&str] = &[
    "amqp",
    "amqps",
    "http",
    "https",
    "kafka",
    "kafka+ssl",
    "mongodb",
    "mongodb+srv",
    "mysql",
    "mysql2",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
];

/// The values to be found.
#[derive(Debug, Default)]
pub struct Values {
    forms: Vec<Form>,
    /// Where in the forms this stands, in order.
    places: Vec<([u8; KEY], usize, usize)>,
}

/// A form that a value can have.
#[derive(Debug)]
struct Form {
    text: String,
    value: String,
    /// How much of its beginning is the scheme of a URL, which tells nothing.
    scheme: usize,
    /// Whether it counts as a whole alone.
    is_whole: bool,
}

impl Values {
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut result = Values::default();
        for part in values.flat_map(parts) {
            let is_whole = is_words(&part);
            let mut forms = forms(&part);
            forms.sort();
            forms.dedup();
            for text in forms {
                let starts = 0..if is_whole { 1 } else { text.len() };
                let form = result.forms.len();
                result.places.extend(starts.filter_map(|at| {
                    Some((text.as_bytes().get(at..)?.first_chunk().copied()?, form, at))
                }));
                let value = part.clone();
                let scheme = value.split_once("://").map(|(scheme, _)| scheme);
                let scheme = scheme.filter(|it| SCHEMES.contains(it));
                let known = scheme.map_or(0, |it| it.len() + "://".len());
                let both = text.bytes().zip(value.bytes()).take(known);
                let scheme = both.take_while(|(one, other)| one == other).count();
                result.forms.push(Form {
                    text,
                    value,
                    scheme,
                    is_whole,
                });
            }
        }
        result.places.sort_unstable();
        result
    }

    /// How much of the beginning of a text is of a value, and of which.
    pub fn find(&self, text: &[u8]) -> Option<(usize, &str)> {
        let key: &[u8; KEY] = text.first_chunk()?;
        let first = self.places.partition_point(|(place, ..)| place < key);
        let places = self.places[first..].iter();
        let same = places.take_while(|(place, ..)| place == key);
        let found = same.filter_map(|(_, form, at)| {
            let form = &self.forms[*form];
            let rest = &form.text.as_bytes()[*at..];
            let length = rest.iter().zip(text).take_while(|(a, b)| a == b).count();
            let is_all = *at == 0 && length == form.text.len();
            let told = length.saturating_sub(form.scheme.saturating_sub(*at));
            let is_telling = is_all || told >= TELLING && !form.is_whole;
            is_telling.then_some((length, &*form.value))
        });
        found.max_by_key(|(length, _)| *length)
    }
}

/// The values that a config var's value holds.
fn parts(value: &str) -> Vec<String> {
    let mut parts: Vec<String> = value.lines().map(|line| line.trim().to_owned()).collect();
    parts.push(value.to_owned());
    let url = Url::parse(value).ok().filter(Url::has_host);
    if let Some(url) = &url {
        parts.push(url.username().to_owned());
        parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    }
    parts.retain(|part| part.len() >= TELLING && !is_common(part));
    // A password is a secret, be it a short one or a word.
    if let Some(password) = url.as_ref().and_then(Url::password) {
        let decoded = percent_decode_str(password).decode_utf8_lossy();
        parts.extend([password.to_owned(), decoded.into_owned()]);
    }
    parts
}

fn is_common(value: &str) -> bool {
    let is_number = |it: u8| it.is_ascii_digit() || b".,-_:".contains(&it);
    value.len() < 12 && value.bytes().all(is_number)
        || words::knows("common values", &value.to_ascii_lowercase())
}

/// Whether a value is made of words, numbers, and what stands between them, as hosts, paths and
/// options are: parts of it stand in every log, so that it is known by the whole alone.
pub fn is_words(value: &str) -> bool {
    let mut parts = value.split(|it: char| "-_./:,=@ ".contains(it));
    parts.all(|part| {
        let is = |is: fn(&u8) -> bool| part.bytes().all(|it| is(&it));
        let is_word = is(u8::is_ascii_lowercase) || is(u8::is_ascii_uppercase);
        let is_word = is_word && (3..=15).contains(&part.len());
        part.is_empty() || is_word || is(u8::is_ascii_digit) && part.len() <= 5
    })
}

/// The forms in which a value can stand.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let mut forms = vec![value.to_owned(), json[1..json.len() - 1].to_owned()];
    for set in [NON_ALPHANUMERIC, COMPONENT] {
        let encoded = utf8_percent_encode(value, set).to_string();
        forms.extend([lower_hex(&encoded), encoded]);
    }
    // In the base64 of a longer text, such as `user:value`, at any of three places in its groups.
    for shift in 0..3 {
        let encoded = STANDARD.encode([&b"   "[..shift], value.as_bytes()].concat());
        let own = &encoded[(shift * 8).div_ceil(6)..(shift + value.len()) * 8 / 6];
        forms.extend([own.to_owned(), own.replace('+', "-").replace('/', "_")]);
    }
    forms
}

fn lower_hex(encoded: &str) -> String {
    let mut pieces = encoded.split('%');
    let start = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(start, |text, piece| {
        let (hex, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        format!("{text}%{}{rest}", hex.to_ascii_lowercase())
    })
}
