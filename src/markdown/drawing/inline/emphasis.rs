//! Emphasis: marks that find their partner.

use std::borrow::Cow;

use super::{Parser, Piece, run_length};
use crate::markdown::drawing::flanks::{flanks, is_selector};
use crate::markdown::drawing::style::Style;

/// How far back a closing mark looks for its partner; keeps a line of nothing but marks cheap.
const REACH: usize = 64;

/// A row of equal marks that may open or close emphasis.
pub struct Run {
    piece: usize,
    mark: char,
    length: usize,
    left: usize,
    can_open: bool,
    can_close: bool,
}

impl Parser<'_, '_> {
    pub fn mark(&mut self, mark: char) -> bool {
        let rest = self.rest();
        let length = run_length(rest, mark);
        // A variation selector belongs to the character before it.
        let mut before = self.text[..self.at].chars().rev();
        let before = before.find(|before| !is_selector(*before)).unwrap_or(' ');
        let after = rest[length..].chars().next().unwrap_or(' ');
        // Single tildes also stand for "about" and between subscripts.
        let kind = if rest.starts_with("~") && length == 1 {
            '_'
        } else {
            mark
        };
        let (can_open, can_close) = flanks(kind, before, after);
        self.take(length, &rest[..length], Style::PLAIN);
        if mark != '~' || length <= 2 {
            self.runs.push(Run {
                piece: self.pieces.len() - 1,
                mark,
                length,
                left: length,
                can_open,
                can_close,
            });
        }
        true
    }

    /// Gives the marks from this one on their partners, and says whether one may find it later.
    pub fn pair_from(&mut self, first: usize) -> bool {
        let mut openers = Vec::new();
        for run in self.runs.split_off(first) {
            self.pair(run, &mut openers);
        }
        !openers.is_empty()
    }

    fn pair(&mut self, mut run: Run, openers: &mut Vec<Run>) {
        while run.can_close && run.left > 0 {
            let mut candidates = openers.iter().enumerate().rev().take(REACH);
            let Some((index, _)) = candidates.find(|(_, opener)| opener.fits(&run)) else {
                break;
            };
            openers.truncate(index + 1);
            let Some(mut opener) = openers.pop() else {
                break;
            };
            let used = opener.left.min(run.left).min(2);
            let kind = if run.mark == '~' { 2 } else { used - 1 };
            let (from, to) = (&mut opener, &mut run);
            from.left -= used;
            to.left -= used;
            self.pieces[from.piece].starts[kind] += 1;
            self.pieces[to.piece].ends[kind] += 1;
            for piece in [from.piece, to.piece] {
                self.pieces[piece].shorten(used);
            }
            if opener.left > 0 {
                openers.push(opener);
            }
        }
        if run.can_open && run.left > 0 {
            openers.push(run);
        }
    }
}

impl Run {
    /// Whether this run and a later one hold emphasis between them. The rule of three is
    /// CommonMark's: it keeps the `**` in `*a**b*` from closing the first star.
    fn fits(&self, closer: &Run) -> bool {
        let is_ambiguous = self.can_close || closer.can_open;
        let is_three = |length: usize| length.is_multiple_of(3);
        let is_split = is_ambiguous
            && is_three(self.length + closer.length)
            && !(is_three(self.length) && is_three(closer.length));
        let is_equal = self.mark != '~' || self.length == closer.length;
        self.mark == closer.mark && is_equal && !is_split
    }
}

impl Piece<'_> {
    /// Takes so many of its marks away.
    fn shorten(&mut self, marks: usize) {
        if let Cow::Borrowed(text) = &mut self.text {
            *text = &text[marks..];
            self.at += marks;
        }
    }
}
