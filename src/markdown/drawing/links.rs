//! Where links lead: definitions that came, and targets the terminal opens itself.

use std::collections::HashMap;

/// The longest target that terminals of VTE take.
const LONGEST: usize = 2083;

/// How far back a target is looked for that a link had before.
const REACH: usize = 256;

/// What a style writes for a link, with its number or nothing between, until the row is shown.
pub const START: &str = "\x1b]8;;";
pub const END: &str = "\x1b\\";

/// The links of a text, and what the terminal can show.
#[derive(Debug, Default)]
pub struct Links {
    /// Whether the terminal takes hyperlinks (OSC 8).
    pub can_open: bool,
    /// Whether nothing is coloured, for it can't or its user wants none: code keeps its marks.
    pub is_colorless: bool,
    targets: Vec<String>,
    definitions: HashMap<String, String>,
}

impl Links {
    /// The number of a link that the terminal can open. Of all the schemes there are, these open
    /// nothing but a page or a letter.
    pub fn number(&mut self, target: &str) -> Option<u16> {
        let scheme = target.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_known = ["http", "https", "mailto"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        if !self.can_open || !is_known {
            return None;
        }
        let target = encode(target);
        if target.len() > LONGEST {
            return None;
        }
        let first = self.targets.len().saturating_sub(REACH);
        let found = self.targets[first..]
            .iter()
            .position(|known| *known == target);
        let index = found.map_or(self.targets.len(), |index| first + index);
        let number = u16::try_from(index + 1).ok()?;
        if found.is_none() {
            self.targets.push(target);
        }
        Some(number)
    }

    pub fn has_targets(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Notes where a label leads, unless it was said before.
    pub fn define(&mut self, label: &str, target: &str) {
        let target = encode(target);
        self.definitions.entry(key(label)).or_insert(target);
    }

    /// Where a label leads, without characters at which a row may end.
    pub fn defined(&self, label: &str) -> Option<String> {
        if self.definitions.is_empty() {
            return None;
        }
        self.definitions.get(&key(label)).cloned()
    }

    /// Writes rows with the targets in place of their numbers.
    pub fn write(&self, text: &str, out: &mut String) {
        let mut parts = text.split(START);
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (number, rest) = part.split_once(END).unwrap_or_default();
            let index = number
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_sub(1));
            match index.and_then(|index| self.targets.get(index)) {
                // With a name, the parts of one link in several rows are one to the terminal.
                Some(target) => out.extend(["\x1b]8;id=", number, ";", target, END]),
                None => out.extend([START, END]),
            }
            out.push_str(rest);
        }
    }
}

/// Labels are equal without regard to case and to the kind of white space between their words.
fn key(label: &str) -> String {
    let words: Vec<&str> = label.split_whitespace().collect();
    // To and fro: `ẞ` is `SS`.
    words.join(" ").to_lowercase().to_uppercase()
}

/// A target in printable ASCII, as the escape sequence wants it: nothing in it can end that.
fn encode(target: &str) -> String {
    let mut encoded = String::with_capacity(target.len());
    for byte in target.bytes() {
        match byte {
            b'!'..=b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_can_not_leave_its_sequence() {
        let mut links = Links {
            can_open: true,
            ..Links::default()
        };
        let number = links
            .number("https://a.b/\x1b\\\x07\u{9c}é x")
            .expect("a number");
        let mut out = String::new();
        links.write(&format!("a{START}{number}{END}b{START}{END}c"), &mut out);
        assert_eq!(
            out,
            "a\x1b]8;id=1;https://a.b/%1B\\%07%C2%9C%C3%A9%20x\x1b\\b\x1b]8;;\x1b\\c"
        );
    }

    #[test]
    fn only_pages_and_letters_are_opened() {
        let mut links = Links {
            can_open: true,
            ..Links::default()
        };
        for target in [
            "file:///etc/passwd",
            "javascript:x",
            "/url",
            "ssh://a",
            "",
            "vscode://a",
        ] {
            assert_eq!(links.number(target), None, "{target}");
        }
        assert_eq!(
            links.number(&format!("https://{}", "a".repeat(LONGEST))),
            None
        );
        assert_eq!(links.number("https://a.b"), Some(1));
        assert_eq!(links.number("mailto:a@b"), Some(2));
        assert_eq!(links.number("https://a.b"), Some(1));
        links.can_open = false;
        assert_eq!(links.number("https://a.b"), None);
    }
}
