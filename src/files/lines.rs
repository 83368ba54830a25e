//! Lines of any bytes and any length, of which one is held at a time.

use std::io::{self, BufRead, Read};

/// What is read of a line, in bytes. Heroku cuts at 10,000; a secret that this cuts is dropped with
/// the word it stands in.
const LONGEST: u64 = 64 * 1024;

/// Hands over line by line. One that an error cuts is dropped.
///
/// # Errors
/// The input's.
pub fn each(mut input: impl BufRead, mut take: impl FnMut(&str)) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
            let word = line.iter().rposition(u8::is_ascii_whitespace);
            line.truncate(word.unwrap_or_default());
            input.skip_until(b'\n')?;
        }
        take(&String::from_utf8_lossy(&line));
    }
}
