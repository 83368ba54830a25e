//! Takes out of a text what nobody else may see: values of config vars wherever they stand, and
//! whatever has the shape of a secret or of personal data. Equal values get equal placeholders.
//! Also takes out what could steer a terminal, or hide from people what a model reads.

pub mod clean;
pub mod values;

use std::collections::HashMap;

use super::words;
use crate::config::secret::Secret;
use clean::clean;
use values::Values;

/// Knows the secrets of an app, and what was taken out already.
#[derive(Debug, Default)]
pub struct Masker {
    values: Values,
    placeholders: HashMap<String, String>,
    counts: HashMap<&'static str, usize>,
}

impl Masker {
    /// Masks these values too.
    pub fn new(values: &[Secret]) -> Self {
        Masker {
            values: Values::new(values.iter().map(|it| it.expose().trim())),
            ..Masker::default()
        }
    }

    /// The text without secrets, and without what isn't meant to be seen.
    pub fn mask(&mut self, text: &str) -> String {
        let text = self.without_values(&clean(text));
        self.without_shapes(&text)
    }

    fn without_values(&mut self, text: &str) -> String {
        let values = std::mem::take(&mut self.values);
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let found = values.find(rest.as_bytes());
            match found {
                Some((_, value)) => result.push_str(&self.placeholder("config", value)),
                None => result.push(character),
            }
            let length = found.map_or(1, |(length, _)| length);
            rest = &rest[rest.ceil_char_boundary(length)..];
        }
        self.values = values;
        result
    }

    fn placeholder(&mut self, kind: &'static str, value: &str) -> String {
        if let Some(known) = self.placeholders.get(value) {
            return known.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let placeholder = format!("<{kind}-{count}>");
        self.placeholders
            .insert(value.to_owned(), placeholder.clone());
        placeholder
    }

    fn without_shapes(&mut self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut before = ' ';
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let is_start = !(before.is_ascii_alphanumeric() || before == '_');
            let found = match character {
                '?' => query(rest),
                '<' | ' ' | '\n' => None,
                _ if is_start => SHAPES.iter().find_map(|shape| shape(rest, before)),
                _ => None,
            };
            let length = match found {
                Some((kept, masked, kind)) => {
                    let value = &rest[kept..kept + masked];
                    result.push_str(&rest[..kept]);
                    result.push_str(&self.placeholder(kind, value));
                    kept + masked
                }
                None => {
                    result.push(character);
                    character.len_utf8()
                }
            };
            before = rest[..length].chars().next_back().unwrap_or(character);
            rest = &rest[length..];
        }
        result
    }
}

/// How much of a text stays, how much behind that is masked, and as what.
type Found = (usize, usize, &'static str);

fn found(kept: usize, masked: usize, kind: &'static str) -> Option<Found> {
    (masked > 0).then_some((kept, masked, kind))
}

/// What begins where a word does; each is told the text from there, and the character before.
const SHAPES: &[fn(&str, char) -> Option<Found>] = &[
    arguments, userinfo, scheme, cookie, named, prefixed, email, address, random,
];

/// How long the beginning of a text is that has these characters.
fn run(text: &str, is_in: impl Fn(u8) -> bool) -> usize {
    text.bytes()
        .position(|byte| !is_in(byte))
        .unwrap_or(text.len())
}

fn ends_value(byte: u8) -> bool {
    byte <= b' ' || b"\"'`<>|".contains(&byte)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~+/=%".contains(&byte)
}

/// Whether a text begins with a word, in upper or lower case.
fn begins(text: &str, word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// `?token=…`, with or without a host before it: all of it, whatever its names.
fn query(text: &str) -> Option<Found> {
    let name = run(&text[1..], |byte| {
        byte.is_ascii_alphanumeric() || b"-_.[]%$".contains(&byte)
    });
    let is_query = name > 0 && text.as_bytes().get(1 + name) == Some(&b'=');
    let end = run(text, |byte| !ends_value(byte));
    found(1, if is_query { end - 1 } else { 0 }, "query")
}

/// `scheme://user:password@`.
fn userinfo(text: &str, _: char) -> Option<Found> {
    let scheme = run(text, |byte| {
        byte.is_ascii_alphanumeric() || b"+.-".contains(&byte)
    });
    let rest = text[scheme..].strip_prefix("://")?;
    let (end, start) = (run(rest, |byte| !ends_value(byte)), scheme + 3);
    let at = rest[..end].rfind('@')?;
    let user = &rest[..at];
    let is_userinfo = user.contains(':') || !user.contains('/');
    found(start, if is_userinfo { at } else { 0 }, "secret")
}

const SCHEMES: &[&str] = &["Bearer ", "Basic ", "Token "];

/// `Bearer …`, `Basic …`.
fn scheme(text: &str, _: char) -> Option<Found> {
    let word = SCHEMES.iter().find(|word| begins(text, word))?;
    let value = run(&text[word.len()..], |byte| is_word(byte) || byte == b':');
    let masked = &text[word.len()..word.len() + value];
    // A word of a sentence, as in "token mismatch.", has neither.
    let tells = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let is_secret = value >= 8 && masked.bytes().any(tells) || value >= 20;
    found(word.len(), if is_secret { value } else { 0 }, "secret")
}

/// `Cookie: …`, to the end of the line or of its quotes.
fn cookie(text: &str, _: char) -> Option<Found> {
    let word = ["set-cookie", "cookie", "http_cookie"]
        .iter()
        .find(|word| begins(text, word))?;
    let (kept, quote) = value_at(text, word.len())?;
    let rest = &text[kept..];
    let length = match quote {
        Some(quote) => rest.find(quote).unwrap_or(rest.len()),
        None => rest.find('\n').unwrap_or(rest.len()),
    };
    found(kept, length, "cookie")
}

/// Where the value of a name that ends here begins, and the quote around it.
fn value_at(text: &str, name: usize) -> Option<(usize, Option<char>)> {
    let rest = text[name..]
        .trim_start_matches(['"', '\'', '\\', ']'])
        .trim_start_matches(' ');
    let rest = ["=>", "=", ":"]
        .iter()
        .find_map(|sign| rest.strip_prefix(sign))?;
    let rest = rest.trim_start_matches([' ', '[', '\\']);
    let quote = rest.chars().next().filter(|it| ['"', '\''].contains(it));
    let kept = text.len() - rest.len() + usize::from(quote.is_some());
    Some((kept, quote))
}

/// `password=…`, `"api_key": "…"`, `:secret=>"…"`.
fn named(text: &str, _: char) -> Option<Found> {
    let length = run(text, |byte| {
        byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
    });
    let name = text.get(..length.min(64))?.to_ascii_lowercase();
    if !words::has("names of secrets", &name) {
        return None;
    }
    let (kept, quote) = value_at(text, length)?;
    let rest = &text[kept..];
    let scheme = SCHEMES
        .iter()
        .find(|word| begins(rest, word))
        .map_or(0, |word| word.len());
    let (kept, rest) = (kept + scheme, &rest[scheme..]);
    let end = match quote {
        Some(quote) => rest.find(quote).unwrap_or(rest.len()),
        None => run(rest, |byte| !ends_value(byte) && !b",;&)}]".contains(&byte)),
    };
    let value = &rest[..end];
    let bare = value.trim_start_matches('(');
    let is_name = value.contains('_')
        && value
            .bytes()
            .all(|it| it.is_ascii_uppercase() || it == b'_');
    // Code that reads a variable, in a trace.
    let is_code = value.ends_with(['(', '[']) || value.starts_with("process.env");
    let is_none = is_name
        || is_code
        || value.len() < 3
        || value.starts_with('<')
        || words::knows("no values", &bare.to_ascii_lowercase());
    found(kept, if is_none { 0 } else { end }, "secret")
}

/// The arguments of a frame of PHP's, `#0 /app/Db.php(17): PDO->__construct('…', '…')`.
fn arguments(text: &str, _: char) -> Option<Found> {
    let line = text.lines().next().filter(|line| line.starts_with('#'))?;
    let (start, end) = (line.find("('")? + 1, line.rfind(')')?);
    found(start, end.saturating_sub(start), "arguments")
}

/// Keys that tell by their beginning whose they are.
fn prefixed(text: &str, _: char) -> Option<Found> {
    if text.starts_with("-----BEGIN") {
        return found(0, text.len(), "secret");
    }
    let prefix = words::list("beginnings of keys")
        .iter()
        .find(|it| text.starts_with(it.as_str()))?;
    let length = run(text, |byte| {
        byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
    });
    let rest = text.get(prefix.len()..length)?;
    let is_key = rest.len() >= 8
        && rest
            .bytes()
            .any(|it| it.is_ascii_digit() || it.is_ascii_uppercase());
    found(0, if is_key { length } else { 0 }, "secret")
}

fn email(text: &str, _: char) -> Option<Found> {
    let local = run(text, |byte| {
        byte.is_ascii_alphanumeric() || b"._+-!#$&'*".contains(&byte)
    });
    let sign = ["@", "%40"]
        .iter()
        .find(|sign| text[local..].starts_with(**sign))?;
    let domain = &text[local + sign.len()..];
    let length = run(domain, |byte| {
        byte.is_ascii_alphanumeric() || b".-".contains(&byte)
    });
    let domain = domain[..length].trim_end_matches(['.', '-']);
    let is_domain =
        local > 0 && domain.contains('.') && !domain.ends_with(|it: char| it.is_ascii_digit());
    found(
        0,
        if is_domain {
            local + sign.len() + domain.len()
        } else {
            0
        },
        "email",
    )
}

/// IP addresses but those of the machine itself, which tell where an app listens.
fn address(text: &str, before: char) -> Option<Found> {
    let four = run(text, |byte| byte.is_ascii_digit() || byte == b'.');
    let four = text[..four].trim_end_matches('.');
    let is_own = four.starts_with("127.") || four == "0.0.0.0";
    if four.parse::<std::net::Ipv4Addr>().is_ok() && !is_own && !['.', '-'].contains(&before) {
        return found(0, four.len(), "ip");
    }
    let six = run(text, |byte| {
        byte.is_ascii_hexdigit() || b":.".contains(&byte)
    });
    let six = text[..six].trim_end_matches([':', '.']);
    let is_six = six.contains(':') && six.len() > 6 && six.parse::<std::net::Ipv6Addr>().is_ok();
    found(0, if is_six { six.len() } else { 0 }, "ip")
}

/// Ids, hashes and keys without a name: long words that no language has.
fn random(text: &str, before: char) -> Option<Found> {
    let length = run(text, |byte| {
        byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
    });
    let word = &text[..length];
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (digits, upper) = (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase));
    let lower = count(u8::is_ascii_lowercase);
    let is_hex = word.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    if is_hex && length >= 32 && digits > 0 {
        let is_uuid = length == 36 && word.matches('-').count() == 4;
        return found(0, length, if is_uuid { "id" } else { "secret" });
    }
    if length >= 20 && digits >= 3 && upper >= 2 && lower >= 2 {
        return found(0, length, "secret");
    }
    // Base64 in lines, as in a certificate.
    let line = run(text, |byte| {
        byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
    });
    let slashes = text[..line].matches('/').count();
    let is_base64 = line >= 40
        && digits >= 1
        && slashes < line / 10
        && !['/', '.'].contains(&before)
        && text[..line].bytes().any(|it| it.is_ascii_uppercase())
        && text[..line].bytes().any(|it| it.is_ascii_lowercase());
    found(0, if is_base64 { line } else { 0 }, "secret")
}

#[cfg(test)]
mod tests;
