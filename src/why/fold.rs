//! What makes two lines the same: numbers and ids don't count, in texts as in paths.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::words;

/// The hash of a text in which every word with a digit is the same.
pub fn fingerprint(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let (mut all, mut word, mut has_digit) = (0xcbf2_9ce4_8422_2325, 0, false);
    for &byte in text.as_bytes().iter().take(16 * 1024).chain(b" ") {
        if byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || byte >= 0x80 {
            has_digit |= byte.is_ascii_digit();
            word = mix(word, byte);
        } else {
            all = mix(all ^ if has_digit { 1 } else { word }, byte);
            (word, has_digit) = (0, false);
        }
    }
    all
}

/// The hash of whatever tells one thing from another.
pub fn key(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Writes the path without what differs from request to request: `/orders/:id`.
pub fn template(path: &str, result: &mut String) {
    let path = path.split(['?', '#', ';']).next().unwrap_or_default();
    let parts = path.split('/').filter(|part| !part.is_empty());
    for (index, part) in parts.enumerate() {
        let is_version = part.len() <= 3 && part.starts_with('v');
        let has_digit = part.bytes().any(|it| it.is_ascii_digit()) && !is_version;
        let is_plain = part
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
        result.push_str(match (index, has_digit || part.len() > 30 || !is_plain) {
            (6, _) => return result.push_str("/…"),
            (_, true) => "/:id",
            _ => "/",
        });
        if result.ends_with('/') {
            result.push_str(part);
        }
    }
    if result.is_empty() {
        result.push('/');
    }
}

/// Whether nobody but a scanner asks for this.
pub fn is_scanned(path: &str) -> bool {
    words::has("scanned", &path.to_ascii_lowercase())
}
