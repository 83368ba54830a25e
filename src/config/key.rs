//! What a key looks like: what can be sent, what the service's own look like, and what stands in
//! the place of one.

use std::collections::BTreeSet;

use crate::config::Setting;
use crate::config::env_file::is_round;
use crate::config::secret::Secret;
use crate::error::Error;

/// A key has to fit into a header: visible ASCII, nothing else.
///
/// # Errors
/// With the reason, never the key.
pub fn check_key(key: &Setting<Secret>) -> Result<(), Error> {
    let value = key.value.expose();
    let reason = if value.is_empty() {
        "is empty"
    } else if value.starts_with(['"', '\'']) || value.ends_with(['"', '\'']) {
        "has quotes around it"
    } else if value.contains("_KEY=") {
        "holds its name, too: only the value belongs there"
    } else if !value.chars().all(|c| c.is_ascii_graphic()) {
        "has a space, a line break or another character that no key has"
    } else {
        return Ok(());
    };
    let source = key.source.clone();
    Err(Error::InvalidKey { source, reason })
}

/// A key without quotes and blanks round it.
pub fn bare(key: &Secret) -> Secret {
    Secret::new(key.expose().trim_matches(is_round))
}

/// `inf-` and a UUID, as every key of the service that was seen.
pub fn has_usual_form(key: &Secret) -> bool {
    let Some(uuid) = key.expose().strip_prefix("inf-") else {
        return false;
    };
    let is_hex = uuid.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_hex && uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// Whether a value may be a key of any service: all that isn't plainly a reference such as
/// `op://…`, a ciphertext such as `encrypted:…` or `ENC[…]`, or a placeholder such as `changeme`,
/// `your-key-1234` or one of zeros.
pub fn may_be_key(value: &Secret) -> bool {
    const PLACEHOLDERS: &str = "changeme change-me example placeholder replace xxxx your";
    let text = value.expose().to_ascii_lowercase();
    let is_scheme = |scheme: &str| scheme.len() > 1 && scheme.chars().all(char::is_alphabetic);
    let is_reference = text.contains("/secrets/")
        || text.contains(['<', '>', '{', '}', '[', ']', '$', '`', '%'])
        || text
            .split_once(':')
            .is_some_and(|(scheme, _)| is_scheme(scheme));
    let is_placeholder = PLACEHOLDERS.split(' ').any(|word| text.contains(word));
    let digits = text.trim_start_matches("inf-").chars();
    let distinct: BTreeSet<char> = digits.filter(|c| *c != '-').collect();
    distinct.len() > 1 && !is_reference && !is_placeholder
}

/// Whether a URL stands where the key belongs.
pub fn is_rather_a_url(key: &Secret) -> bool {
    key.expose().starts_with("http")
}
