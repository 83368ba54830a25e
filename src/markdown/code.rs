//! Code inside a line.

/// The bytes of the code that begins here with its marks, or of marks that begin none.
pub fn code_length(text: &str) -> usize {
    let length = run_length(text);
    let mut from = length;
    while let Some(found) = text[from..].find('`') {
        let closing = run_length(&text[from + found..]);
        from += found + closing;
        if closing == length {
            return from;
        }
    }
    length
}

fn run_length(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}
