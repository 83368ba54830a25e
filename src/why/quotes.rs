//! What an answer quotes that stands in nothing it was told: text in quotation marks, and code that
//! has the form of a log's line. Pure.

use crate::markdown::{Kind, Reader, code_length};

/// What is shorter may be a name, or anybody's words.
const SHORTEST: usize = 12;

/// One of these makes code a line of a log or of a stack trace; other code is no quote.
const SIGNS: [&str; 7] = [
    "app[", "heroku[", "at=", "rror", "xception", "/app/", "File \"",
];

/// What ends a quote. All of them do, because models mix them.
const CLOSING: [char; 4] = ['"', '”', '“', '»'];

/// The quotes of an answer that stand nowhere in what was told, as they were written.
pub fn unfounded(answer: &str, told: &str) -> Vec<String> {
    let told = plain(told);
    let stands = |piece: &str| piece.chars().count() < SHORTEST || told.contains(piece);
    let mut quotes = quotes(answer);
    quotes.retain(|quote| !pieces(quote).iter().all(|piece| stands(piece)));
    quotes.dedup();
    quotes
}

fn quotes(answer: &str) -> Vec<String> {
    let (mut reader, mut quotes) = (Reader::default(), Vec::new());
    for line in answer.lines() {
        match reader.read(line).kind {
            Kind::Fenced(code) => quotes.extend(Some(code).filter(|code| is_of_log(code))),
            Kind::FenceStart { .. } => {}
            _ => in_prose(line, &mut quotes),
        }
    }
    quotes.iter().map(|it| it.trim().to_owned()).collect()
}

fn in_prose(line: &str, quotes: &mut Vec<String>) {
    let mut rest = line;
    while let Some(at) = rest.find(['`', '"', '“', '„', '«']) {
        rest = &rest[at..];
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = match rest[first..].find(CLOSING) {
            _ if rest.starts_with('`') => {
                let length = code_length(rest);
                let code = rest[..length].trim_matches('`');
                quotes.extend(is_of_log(code).then(|| code.to_owned()));
                length
            }
            Some(length) => {
                quotes.push(rest[first..first + length].to_owned());
                first
                    + length
                    + rest[first + length..]
                        .chars()
                        .next()
                        .map_or(0, char::len_utf8)
            }
            None => first,
        };
        rest = &rest[length..];
    }
}

fn is_of_log(code: &str) -> bool {
    let is_time = |it: &[u8]| {
        let digit = |at: usize| it[at].is_ascii_digit();
        it[2] == b':' && it[5] == b':' && digit(0) && digit(1) && digit(3) && digit(4)
    };
    SIGNS.iter().any(|sign| code.contains(sign)) || code.as_bytes().windows(6).any(is_time)
}

/// What has to stand in the facts: the parts between ellipses, without the time and the process
/// before them, which stand in another form there.
fn pieces(quote: &str) -> Vec<String> {
    let text = plain(quote);
    let is_time = |word: &str| {
        word.contains(|c: char| c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || "-–:.+tz".contains(c))
    };
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let words = text.split(' ').skip_while(|word| is_time(word));
    let text = words.collect::<Vec<_>>().join(" ");
    let text = match text.split_once(']') {
        Some((head, rest)) if ["app[", "heroku["].iter().any(|it| head.starts_with(it)) => rest,
        _ => &text,
    };
    let text = text.trim_start_matches(|c: char| c == ' ' || c == '×' || c.is_ascii_digit());
    let pieces = text.split('…').flat_map(|piece| piece.split("..."));
    let is_mark = |c: char| !c.is_alphanumeric();
    pieces
        .map(|piece| piece.trim_matches(is_mark).to_owned())
        .collect()
}

/// A text in lower case, with equal blanks and marks of quotation, and without emphasis.
fn plain(text: &str) -> String {
    let marks = |c: char| match c {
        '"' | '“' | '”' | '„' | '«' | '»' | '‘' | '’' | '`' => '\'',
        other => other,
    };
    let text: String = text
        .chars()
        .filter(|c| !"*\\".contains(*c))
        .map(marks)
        .collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "2026-11-26 02:42:07–02:43:01 app[web.1] ×6: ! Unable to load application: \
                        KeyError: key not found: \"STRIPE_SECRET_KEY\"\n    \
                        /app/config/env.rb:3:in `fetch'\n";

    #[test]
    fn what_stands_in_the_facts_in_whatever_form_is_founded() {
        for answer in [
            "It says “unable to load  application: KeyError”.",
            "`app[web.1]: ! Unable to load application: KeyError: key not found`",
            "`2026-11-26T02:42:07+00:00 app[web.1]: Unable to load … key not found`",
            "- \"Unable to load application...key not found: 'STRIPE_SECRET_KEY'.\"",
            "```\n02:42:07 app[web.1] ×6: ! Unable to load application: **KeyError**\n```",
            "> ```\n> /app/config/env.rb:3:in 'fetch'\n> ```",
            "\"too short\", a lone \" mark, `config/environment.rb` and `heroku ps -a shop`",
            "```ruby\nENV.fetch('STRIPE_SECRET_KEY', nil)\n```",
            "",
        ] {
            assert_eq!(unfounded(answer, TOLD), [""; 0], "{answer}");
        }
    }

    #[test]
    fn what_stands_nowhere_in_the_facts_is_named_as_it_was_written() {
        for (answer, quotes) in [
            (
                "It says \"out of memory, killed\".",
                &["out of memory, killed"][..],
            ),
            (
                "„Unable to load database“ and «the disk is full»",
                &["Unable to load database", "the disk is full"],
            ),
            ("`PG::ConnectionError: no`", &["PG::ConnectionError: no"]),
            (
                "```\napp[web.1]: killed by the kernel\nok\n```",
                &["app[web.1]: killed by the kernel"],
            ),
            (
                "`02:42:09 disk is full now`",
                &["02:42:09 disk is full now"],
            ),
            (
                "“Unable to load … from the moon, it seems”",
                &["Unable to load … from the moon, it seems"],
            ),
        ] {
            assert_eq!(unfounded(answer, TOLD), quotes, "{answer}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read(answer in "([`\"“”„«» a1:\\]\\[\n~é…]|app\\[|```\n){0,60}", told in ".{0,40}") {
            for quote in unfounded(&answer, &told) {
                assert!(answer.contains(&quote));
            }
            assert_eq!(unfounded(&answer, &answer), [""; 0], "{answer:?}");
        }
    }
}
