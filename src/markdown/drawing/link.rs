//! Targets and titles of links.

/// The longest target, and the longest title.
pub const TARGET: usize = 2_000;

/// Where a link leads.
pub struct Link<'a> {
    pub target: &'a str,
    /// With its quotes.
    pub title: &'a str,
}

/// The link that stands behind an open parenthesis, with the one that closes it.
pub fn link(text: &str) -> Option<(Link<'_>, usize)> {
    let start = text.trim_start();
    let length = match start.strip_prefix('<') {
        Some(inside) => inside.bytes().take(TARGET).position(|byte| byte == b'>')? + 2,
        None => target_length(start)?,
    };
    let (target, behind) = start.split_at(length);
    let rest = behind.trim_start();
    let title = title(rest).filter(|_| rest.len() < behind.len());
    let (title, rest) = rest.split_at(title.unwrap_or(0));
    let rest = rest.trim_start().strip_prefix(')')?;
    let target = target
        .strip_prefix('<')
        .map_or(target, |target| target.strip_suffix('>').unwrap_or(target));
    Some((Link { target, title }, text.len() - rest.len()))
}

/// The length of a target without spaces, whose parentheses are in pairs.
fn target_length(text: &str) -> Option<usize> {
    let (mut depth, mut is_escaped) = (0_usize, false);
    for (index, byte) in text.bytes().enumerate().take(TARGET) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(index),
            b')' => depth -= 1,
            b' ' | b'\t' => return Some(index),
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
    let mut is_escaped = false;
    let end = text.bytes().skip(1).take(TARGET).position(|byte| {
        let ends = byte == close && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map(|end| end + 2)
}
