//! The code in the fences of a text.

use super::block::{Kind, Reader};

/// The code in the fences of a text, each without the marks around it, with a line end after each
/// line.
pub fn code_blocks(text: &str) -> Vec<String> {
    let (mut reader, mut codes) = (Reader::default(), Vec::<String>::new());
    for line in text.lines() {
        match (reader.read(line).kind, codes.last_mut()) {
            (Kind::FenceStart { .. }, _) => codes.push(String::new()),
            (Kind::Fenced(line), Some(code)) => code.extend([line.as_str(), "\n"]),
            _ => {}
        }
    }
    codes
}

/// The line that closes the fence that a text leaves open.
pub fn open_fence(text: &str) -> Option<String> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.read(line);
    }
    reader.closing_line()
}
