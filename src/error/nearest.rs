//! The name that somebody probably meant.

/// How alike two names must be for one to be proposed for the other, from 0 to 1.
const LIKENESS: f64 = 0.75;

/// How alike two names are, from 0 to 1.
pub fn likeness(one: &str, other: &str) -> f64 {
    strsim::jaro_winkler(one, other)
}

/// The name most like the one that was typed, if any is like it at all.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = names.map(|name| (likeness(typed, name), name));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= LIKENESS)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended_and_another_word_is_not() {
        let names = ["claude-4-5-haiku", "claude-4-6-sonnet", "gpt-oss-120b"];
        let table = [
            ("claude-4-5-haiko", Some("claude-4-5-haiku")),
            // Heroku's catalogue and its model card spell this one differently.
            ("claude-sonnet-4-6", Some("claude-4-6-sonnet")),
            ("openai-gpt-oss-120b", Some("gpt-oss-120b")),
            ("zebra", None),
        ];
        for (typed, meant) in table {
            assert_eq!(nearest(typed, names.into_iter()), meant, "{typed}");
        }
    }
}
