//! What sessions are called: the rule for names that users give, and names made of time and prompt.

use crate::error::Error;

/// What a name may be, as it goes after "It takes".
const RULE: &str = "letters, digits, -, _ and ., not beginning with - or ., and 100 bytes at most";

/// Bytes of a name at most. File systems take 255 with the extension.
const LONGEST: usize = 100;

/// Bytes of a prompt's words in a name.
const LONGEST_SLUG: usize = 24;

/// Whether a name can be given.
pub fn is_valid(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with(['-', '.'])
        && name.chars().all(allowed)
}

/// Judges a name.
pub fn check(name: &str) -> Result<(), Error> {
    if is_valid(name) {
        return Ok(());
    }
    Err(Error::InvalidValue {
        what: "the session name".to_owned(),
        value: name.to_owned(),
        rule: RULE.to_owned(),
    })
}

/// A name that sorts by time and can be typed: `2026-11-23-0215-explain-dynos`.
pub fn from_prompt(stamp: &str, prompt: &str) -> String {
    let mut name = stamp.to_owned();
    let apostrophes: &[char] = &['\'', '’'];
    let words = prompt.split(|c: char| !c.is_alphanumeric() && !apostrophes.contains(&c));
    let words = words.map(|word| word.replace(apostrophes, "").to_ascii_lowercase());
    for word in words.filter(|word| !word.is_empty() && word.is_ascii()) {
        if name.len() + word.len() >= stamp.len() + LONGEST_SLUG {
            break;
        }
        name.push('-');
        name.push_str(&word);
    }
    name
}

/// The name itself, then with -2, -3 and so on.
pub fn numbered(base: &str, number: usize) -> String {
    if number < 2 {
        return base.to_owned();
    }
    let suffix = format!("-{number}");
    base[..base.floor_char_boundary(LONGEST - suffix.len())].to_owned() + &suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_digits_and_three_marks() {
        let long = "a".repeat(100);
        for name in [
            "k",
            "release-2.1_notes",
            "Zürich",
            "日本語",
            "2026-11-23-0215",
            &long,
        ] {
            assert!(is_valid(name), "{name}");
        }
        let too_long = "a".repeat(101);
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "-m",
            "a/b",
            "../a",
            "a b",
            "a\n",
            "a\0",
            "c:",
            "é\u{202e}",
            &too_long,
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
        let explanation = check("a/b").unwrap_err().explain();
        assert_eq!(explanation.title, "the session name \"a/b\" is not valid");
        assert!(explanation.hints[0].sentence.contains("letters, digits"));
    }

    #[test]
    fn a_name_is_made_of_time_and_the_first_words() {
        let table = [
            ("Explain dynos", "T-explain-dynos"),
            ("Don't use `rake db:migrate`!", "T-dont-use-rake-db"),
            ("Was heißt für Größe?", "T-was"),
            ("これは何ですか", "T"),
            ("  \n\n", "T"),
            (
                "a-very-long-first-line that goes on and on",
                "T-a-very-long-first-line",
            ),
            (&"x".repeat(200), "T"),
        ];
        for (prompt, name) in table {
            assert_eq!(from_prompt("T", prompt), name, "{prompt}");
            assert!(
                is_valid(&from_prompt("2026-11-23-0215", prompt)),
                "{prompt}"
            );
        }
    }

    #[test]
    fn a_numbered_name_is_still_one_that_can_be_given() {
        assert_eq!(
            [numbered("k", 1), numbered("k", 2), numbered("k", 13)],
            ["k", "k-2", "k-13"]
        );
        let wide = "é".repeat(50);
        assert!(is_valid(&numbered(&wide, 2)), "{}", numbered(&wide, 2));
        assert!(is_valid(&numbered(&"a".repeat(100), 1000)));
    }
}
