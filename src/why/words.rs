//! The lists of `words.txt`: what languages, their servers and their database drivers print, as
//! found in public logs of apps on Heroku; and how secrets look.

use std::collections::HashMap;
use std::sync::LazyLock;

static LISTS: LazyLock<HashMap<&str, Vec<String>>> = LazyLock::new(|| {
    let lists = include_str!("words.txt").split("\n= ").skip(1);
    let lists = lists.filter_map(|list| list.split_once('\n'));
    let word = |word: &str| word.trim().replace('␣', " ");
    let words = |list: &str| {
        list.split(['|', '\n'])
            .map(word)
            .filter(|it| !it.is_empty())
            .collect()
    };
    lists.map(|(name, list)| (name, words(list))).collect()
});

/// The list of this name.
pub fn list(name: &str) -> &'static [String] {
    LISTS.get(name).map_or(&[], |list| list)
}

/// Whether a text has one of a list's words.
pub fn has(name: &str, text: &str) -> bool {
    list(name).iter().any(|word| match word.split_once('*') {
        None => text.contains(word),
        Some((one, other)) => text
            .lines()
            .any(|line| line.contains(one) && line.contains(other)),
    })
}

/// Whether a list has this word.
pub fn knows(name: &str, word: &str) -> bool {
    list(name).iter().any(|known| known == word)
}

/// What a text is a sign of, by the lists that `signs` names; the first that fits counts.
pub fn sign(text: &str) -> Option<&'static str> {
    let mut signs = list("signs").iter();
    signs.find(|sign| has(sign, text)).map(String::as_str)
}

/// The name of a config var that a text says is missing: `[A-Z_][A-Z0-9_]*` and nothing else, so
/// that nothing of a log but such a name can get into a command.
pub fn missing_variable(text: &str) -> Option<String> {
    let mut others = list("missing in other words").iter();
    if let Some(name) = others.find_map(|it| it.split_once(" → ").filter(|it| text.contains(it.0)))
    {
        return Some(name.1.to_owned());
    }
    let (is_env, is_schema) = (has("of the environment", text), has("of a schema", text));
    let lines: Vec<&str> = text.lines().filter(|line| line.len() < 2000).collect();
    let name_in = |index: usize| {
        let line = lines[index];
        // Zod and Pydantic name it in a line of its own, and what is wrong in the next ones.
        // Pydantic reads variables in upper and lower case.
        let alone = line.trim().trim_matches(['"', ',']).to_ascii_uppercase();
        if is_schema && is_variable(&alone) {
            let next = lines[index + 1..].iter().take(2);
            return next.clone().any(|it| is_missing(it)).then_some(alone);
        }
        // A list of names below what is wrong with them.
        let mut above = lines[..index].last().into_iter();
        let is_below = above.any(|it| is_env && it.trim_end().ends_with(':') && is_missing(it));
        let name = line.split([' ', ':', '-', '*']).find(|it| !it.is_empty());
        let is_listed = is_below && name.is_some_and(is_variable);
        if !is_listed && !is_missing(line) {
            return None;
        }
        // Spring's `stripe.api-key` is `STRIPE_APIKEY`, too.
        if let Some((_, property)) = line.split_once("resolve placeholder '") {
            let name = property.split('\'').next().unwrap_or_default();
            let name = name.replace('.', "_").replace('-', "").to_ascii_uppercase();
            return Some(name).filter(|name| is_variable(name));
        }
        let words = line.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
        let mut names = words.filter(|word| is_variable(word) && !is_elsewhere(text, word));
        // A word in capitals alone may be one of the sentence.
        let name = names.clone().find(|name| name.contains('_'));
        let name = name.or_else(|| names.next().filter(|_| is_env));
        name.map(str::to_owned)
    };
    (0..lines.len()).find_map(name_in)
}

/// Whether the text shows code that reads this out of something that isn't the environment:
/// `row["SKU_CODE"]`.
fn is_elsewhere(text: &str, name: &str) -> bool {
    let reads = ["[\"", "['"].map(|it| format!("{it}{name}"));
    let mut before = reads.iter().flat_map(|it| text.match_indices(it.as_str()));
    before.any(|(at, _)| {
        let before = text[..at].to_ascii_lowercase();
        let mut env = ["env", "environ", "_server"].iter();
        before.ends_with(char::is_alphanumeric) && !env.any(|it| before.ends_with(it))
    })
}

fn is_missing(line: &str) -> bool {
    has("missing", &line.to_lowercase()) && !has("other things missing", line)
}

/// Whether a word can be the name of a variable, and is no error's.
fn is_variable(word: &str) -> bool {
    let is_part = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
    let is_error = word.starts_with("ERR_") || word.starts_with("ER_");
    let is_errno = word.starts_with('E') && !word.contains('_') && word.len() > 4;
    (3..=64).contains(&word.len())
        && word.bytes().all(is_part)
        && !word.starts_with(|it: char| it.is_ascii_digit())
        && !(is_error || is_errno || knows("no variables", word))
}

#[cfg(test)]
mod tests;
