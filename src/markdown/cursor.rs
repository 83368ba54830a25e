//! A place in a line, with its column: a tab may belong to the indent of several blocks.

/// The rest of a line.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    rest: &'a str,
    column: usize,
    /// Columns that are left of a tab that was taken in part.
    pad: usize,
}

/// Spaces from a column to the next tab stop.
pub fn tab_width(column: usize) -> usize {
    4 - column % 4
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a str) -> Self {
        Cursor {
            rest: line,
            column: 0,
            pad: 0,
        }
    }

    /// Columns of white space here.
    pub fn indent(self) -> usize {
        let mut after = self;
        after.skip(usize::MAX);
        after.column - self.column
    }

    /// What is here behind white space, without the white space at its end.
    pub fn text(self) -> &'a str {
        self.rest.trim_matches([' ', '\t'])
    }

    /// Takes up to so many columns of white space.
    pub fn skip(&mut self, most: usize) {
        let mut left = most;
        while left > 0 {
            if self.pad == 0 {
                self.pad = match self.rest.as_bytes().first() {
                    Some(b' ') => 1,
                    Some(b'\t') => tab_width(self.column),
                    _ => return,
                };
                self.rest = &self.rest[1..];
            }
            let taken = self.pad.min(left);
            self.pad -= taken;
            self.column += taken;
            left -= taken;
        }
    }

    /// Takes a mark of so many ASCII characters, and the white space before it.
    pub fn take(&mut self, length: usize) {
        self.skip(usize::MAX);
        self.rest = &self.rest[length..];
        self.column += length;
    }

    /// What is here, as it is.
    pub fn verbatim(self) -> String {
        " ".repeat(self.pad) + self.rest
    }
}
