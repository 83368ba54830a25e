//! Targets and titles of links, labels, and definitions.

/// The longest target, and the longest title.
pub const TARGET: usize = 2_000;

/// The longest label (CommonMark 4.7).
const LABEL: usize = 999;

/// Where a link leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link<'a> {
    pub target: &'a str,
    /// With its quotes.
    pub title: &'a str,
}

/// A line that says where a label leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Definition<'a> {
    /// What was read of it so far is none, and no other text.
    Open,
    /// With its bytes, the line end among them.
    Whole {
        label: &'a str,
        link: Link<'a>,
        length: usize,
    },
}

/// The link that stands behind an open parenthesis, with the one that closes it.
pub fn link(text: &str) -> Option<(Link<'_>, usize)> {
    let start = text.trim_start();
    let (target, behind) = target(start)?;
    let rest = behind.trim_start();
    let title = title(rest).filter(|_| rest.len() < behind.len());
    let (title, rest) = rest.split_at(title.unwrap_or(0));
    let rest = rest.trim_start().strip_prefix(')')?;
    Some((Link { target, title }, text.len() - rest.len()))
}

/// Whether what stands behind a label will be its target if it goes on in this line.
pub fn is_open(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('(') else {
        return false;
    };
    if inside.len() > TARGET || inside.contains('\n') {
        return false;
    }
    let Some((_, behind)) = target(inside.trim_start()) else {
        return true;
    };
    let rest = behind.trim_start();
    let is_title = || match title(rest) {
        Some(length) => rest[length..].trim().is_empty(),
        None => rest.starts_with(['"', '\'', '(']),
    };
    rest.is_empty() || rest.len() < behind.len() && is_title()
}

/// The definition at the start of a paragraph, of which more may come.
pub fn definition(text: &str) -> Option<Definition<'_>> {
    // A footnote's is no link's, even where no footnote can begin.
    let label = label(text).filter(|label| !label.starts_with('^'))?;
    let rest = text[label.len() + 2..].strip_prefix(':')?;
    let start = rest.trim_start();
    if start.is_empty() {
        return Some(Definition::Open);
    }
    let Some((target, behind)) = target(start) else {
        return (!start.contains(['\n', ' '])).then_some(Definition::Open);
    };
    let whole = |title, end: &str| Definition::Whole {
        label,
        link: Link { target, title },
        length: text.len() - end.len(),
    };
    // It ends where its line does, be it behind its title or before.
    let line_end = |text: &str| {
        let end = text.len() - text.trim_start_matches([' ', '\t']).len();
        text[end..].starts_with('\n').then_some(end + 1)
    };
    let bare = line_end(behind).map(|end| whole("", &behind[end..]));
    let start = behind.trim_start();
    if start.len() == behind.len() {
        return behind.is_empty().then_some(Definition::Open);
    }
    match title(start) {
        Some(length) => {
            let (title, rest) = start.split_at(length);
            let titled = line_end(rest).map(|end| whole(title, &rest[end..]));
            let is_open = rest.trim_start_matches([' ', '\t']).is_empty();
            titled.or(bare).or(is_open.then_some(Definition::Open))
        }
        None if bare.is_some() => bare,
        None => {
            let may_be_title = start.is_empty() || start.starts_with(['"', '\'', '(']);
            may_be_title.then_some(Definition::Open)
        }
    }
}

/// What stands between brackets here, if it may be the label of a definition.
pub fn label(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let end = closing(inside, |byte| matches!(byte, b'[' | b']'), LABEL)?;
    let label = &inside[..end];
    (inside[end..].starts_with(']') && !label.trim().is_empty()).then_some(label)
}

/// Whether a text is a label: it has no brackets.
pub fn is_label(text: &str) -> bool {
    !text.trim().is_empty()
        && text.len() <= LABEL
        && closing(text, |byte| matches!(byte, b'[' | b']'), LABEL).is_none()
}

/// A target, and what stands behind it.
fn target(text: &str) -> Option<(&str, &str)> {
    let Some(inside) = text.strip_prefix('<') else {
        let length = target_length(text)?;
        return Some(text.split_at(length));
    };
    let end = closing(inside, |byte| matches!(byte, b'<' | b'>' | b'\n'), TARGET)?;
    let behind = inside[end..].strip_prefix('>')?;
    Some((&inside[..end], behind))
}

/// The length of a target without spaces, whose parentheses are in pairs.
fn target_length(text: &str) -> Option<usize> {
    let (mut depth, mut is_escaped) = (0_usize, false);
    for (index, byte) in text.bytes().enumerate().take(TARGET) {
        match byte {
            b' ' | b'\t' | b'\n' => return Some(index),
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(index),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The length of a title, with its quotes.
fn title(text: &str) -> Option<usize> {
    let close = match text.as_bytes().first()? {
        b'(' => b')',
        quote @ (b'"' | b'\'') => *quote,
        _ => return None,
    };
    closing(&text[1..], |byte| byte == close, TARGET).map(|end| end + 2)
}

/// Where the first such character stands that has no backslash before it.
fn closing(text: &str, is_end: impl Fn(u8) -> bool, most: usize) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().take(most).position(|byte| {
        let ends = is_end(byte) && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_ends_with_its_line() {
        let whole = |label, target, title, length| {
            let link = Link { target, title };
            Some(Definition::Whole {
                label,
                link,
                length,
            })
        };
        let open = || Some(Definition::Open);
        for (text, expected) in [
            ("[a]: /b\nc", whole("a", "/b", "", 8)),
            ("[a]:\n</b c> 'd'  \ne", whole("a", "/b c", "'d'", 18)),
            ("[a]: /b\n\"c\nd\"\n", whole("a", "/b", "\"c\nd\"", 14)),
            ("[a]: /b\n\"c\" d\n", whole("a", "/b", "", 8)),
            ("[a]: <>\n", whole("a", "", "", 8)),
            ("[a]:", open()),
            ("[a]: /b", open()),
            ("[a]: /b \"c", open()),
            ("[a]: /b c", None),
            ("[a]: /b \"c\" d", None),
            ("[a]: <b>(c)\n", None),
            ("[ ]: /b\n", None),
            ("[a[]: /b\n", None),
            ("[a] b", None),
        ] {
            assert_eq!(definition(text), expected, "{text:?}");
        }
    }
}
