//! Formulas: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`. They keep their marks, because only then can they be
//! copied. A price is not a formula.

use super::code::code_length;

/// The longest formula between single dollars.
const REACH: usize = 500;

/// What ends a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    Dollar,
    Dollars,
    Parenthesis,
    Bracket,
}

/// A formula in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formula {
    /// It ends in the line: its bytes.
    Whole(usize),
    /// It goes on in the next line.
    Open(Close),
}

impl Close {
    fn mark(self) -> &'static str {
        match self {
            Close::Dollar => "$",
            Close::Dollars => "$$",
            Close::Parenthesis => "\\)",
            Close::Bracket => "\\]",
        }
    }
}

/// The end of a block of nothing but formulas that this line opens.
pub fn opens_block(line: &str) -> Option<Close> {
    match line {
        "$$" => Some(Close::Dollars),
        "\\[" => Some(Close::Bracket),
        _ => None,
    }
}

/// The bytes up to the end of a formula that is open, with its last mark.
pub fn end(text: &str, close: Close) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find(['\\', '$']) {
        at += found;
        let rest = &text[at..];
        if rest.starts_with(close.mark()) && (close != Close::Dollar || ends_formula(text, at)) {
            return Some(at + close.mark().len());
        }
        let taken = if rest.starts_with('\\') { 2 } else { 1 };
        at += rest.chars().take(taken).map(char::len_utf8).sum::<usize>();
    }
    None
}

/// Whether the dollar here ends a formula. Pandoc's rule: it stands at a formula's last character,
/// and not before a digit.
fn ends_formula(text: &str, at: usize) -> bool {
    let is_behind_text = !text[..at].is_empty() && !text[..at].ends_with(char::is_whitespace);
    is_behind_text && !text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || next == '$')
}

/// The formula that begins here.
pub fn at(text: &str, at: usize) -> Option<Formula> {
    let rest = &text[at..];
    let close = match rest.as_bytes() {
        [b'\\', b'(', ..] => Close::Parenthesis,
        [b'\\', b'[', ..] => Close::Bracket,
        [b'$', b'$', b'$', ..] => return None,
        [b'$', b'$', ..] => Close::Dollars,
        [b'$', ..] => Close::Dollar,
        _ => return None,
    };
    if text[..at].ends_with('$') {
        return None;
    }
    let open = close.mark().len();
    let inside = &rest[open..];
    if close == Close::Dollar && !begins(&text[..at], inside) {
        return None;
    }
    // Each of many dollars looks for its partner.
    let reach = if close == Close::Dollar {
        REACH
    } else {
        inside.len()
    };
    let inside = &inside[..inside.floor_char_boundary(reach)];
    match end(inside, close) {
        Some(length) if close != Close::Dollar => Some(Formula::Whole(open + length)),
        Some(length) if is_formula(&inside[..length - 1]) => Some(Formula::Whole(open + length)),
        Some(_) => None,
        None => goes_on(&text[..at], inside, close).then_some(Formula::Open(close)),
    }
}

/// Whether what stands between two dollars is a formula.
fn is_formula(inside: &str) -> bool {
    let is_price = inside.starts_with(|first: char| first.is_ascii_digit())
        && inside.contains(char::is_whitespace)
        && inside.contains("**");
    !is_price && !inside.contains('`')
}

/// Whether a dollar here may begin a formula.
fn begins(before: &str, inside: &str) -> bool {
    !before.ends_with(|last: char| last.is_ascii_alphanumeric())
        && !inside.starts_with(char::is_whitespace)
}

/// Whether a mark without a partner in its line begins a formula: a dollar only before something
/// that is no price and no name of a variable.
fn goes_on(before: &str, inside: &str, close: Close) -> bool {
    let name = inside
        .chars()
        .take_while(|next| next.is_alphanumeric() || *next == '_');
    match close {
        Close::Dollar => {
            let is_tex = inside.contains('^')
                || inside.match_indices('\\').any(|(index, _)| {
                    inside[index + 1..].starts_with(|next: char| next.is_ascii_alphabetic())
                });
            is_tex && name.count() < 2 && !inside.contains('`')
        }
        // `$$` is the shell's own number, too.
        Close::Dollars => {
            before.trim().is_empty()
                || !inside.is_empty() && !inside.starts_with(char::is_whitespace)
        }
        Close::Parenthesis | Close::Bracket => true,
    }
}

/// The end of the formula that a line leaves open.
pub fn open_at_end(text: &str) -> Option<Close> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match self::at(text, at) {
            Some(Formula::Open(close)) => return Some(close),
            Some(Formula::Whole(length)) => {
                at += length;
                continue;
            }
            None => {}
        }
        at += match rest.as_bytes()[0] {
            b'`' => code_length(rest),
            b'\\' => rest.chars().take(2).map(char::len_utf8).sum(),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_prices_and_variables() {
        let whole = |text: &str| {
            let mut found = Vec::new();
            let mut from = 0;
            while from < text.len() {
                match at(text, from) {
                    Some(Formula::Whole(length)) => {
                        found.push(text[from..from + length].to_owned());
                        from += length;
                    }
                    _ => from += text[from..].chars().next().map_or(1, char::len_utf8),
                }
            }
            found
        };
        for (text, formulas) in [
            ("$5 and $10", &[][..]),
            ("**$5** or **$10**", &[]),
            ("between $1,000-$2,000 a month", &[]),
            ("$HOME and $PATH", &[]),
            ("US$5, A$6", &[]),
            ("from $5 up", &[]),
            ("$$$ and $$$$", &[]),
            ("$x$ and $y_1$", &["$x$", "$y_1$"]),
            ("其中$a*b*c$是", &["$a*b*c$"]),
            ("the $n$th", &["$n$"]),
            (r"$a\$b$", &[r"$a\$b$"]),
            ("$$a$$ b", &["$$a$$"]),
            (
                r"\(\{1\}\) and \[x\\[2pt]\]",
                &[r"\(\{1\}\)", r"\[x\\[2pt]\]"],
            ),
        ] {
            assert_eq!(whole(text), formulas, "{text}");
        }
    }

    #[test]
    fn a_formula_may_go_on_in_the_next_line() {
        for (text, close) in [
            (r"where \(a +", Some(Close::Parenthesis)),
            (r"\[ a", Some(Close::Bracket)),
            ("$$ a", Some(Close::Dollars)),
            (r"so $\alpha +", Some(Close::Dollar)),
            (r"`\(` and \(a\)", None),
            ("it costs $5 or", None),
            ("kill $$", None),
            ("$HOME\\bin", None),
        ] {
            assert_eq!(open_at_end(text), close, "{text}");
        }
    }
}
