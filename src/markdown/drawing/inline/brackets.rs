//! Links, pictures and notes: what stands between brackets, and where it leads.

use super::{Parser, offset};
use crate::markdown::drawing::entity::plain;
use crate::markdown::drawing::link::{self, Definition, Link};
use crate::markdown::drawing::style::Style;

/// A bracket that is open.
pub struct Bracket {
    piece: usize,
    /// Where its label begins, and how many marks stand before that.
    start: usize,
    runs: usize,
    is_image: bool,
    /// A link around another link is none.
    is_dead: bool,
}

impl<'a> Parser<'a, '_> {
    /// A definition stays to be seen: it may be for a link that came before.
    pub fn definition(&mut self) -> bool {
        let (label, link, length) = match link::definition(self.rest()) {
            Some(Definition::Whole {
                label,
                link,
                length,
            }) => (label, link, length),
            open => {
                self.is_open = open.is_some();
                return false;
            }
        };
        let target = plain(link.target);
        self.links.define(label, &target);
        let style = self.link_style(&target).unwrap_or(Style::DIM);
        self.show_literal(label, Style::DIM);
        let behind = self.at + 1 + label.len();
        self.show(": ", behind, Style::DIM);
        self.show_link(link, style);
        let end = self.at + length - 1;
        self.show(&self.text[end..=end], end, Style::PLAIN);
        self.skip(length)
    }

    /// How the label of a link looks that the terminal can open.
    pub fn link_style(&mut self, target: &str) -> Option<Style> {
        let number = self.links.number(target)?;
        Some(Style::UNDERLINE.linked(number))
    }

    /// The number of a footnote. The name of one keeps its mark: `[^abc]` may be a pattern.
    pub fn note(&mut self) -> bool {
        let rest = self.rest();
        let digits = rest.bytes().skip(2).take_while(u8::is_ascii_digit).count();
        let is_note = rest.starts_with("[^") && digits > 0 && rest[2 + digits..].starts_with(']');
        if is_note {
            self.take(2, &rest[..1], Style::DIM);
            self.take(digits + 1, &rest[2..digits + 3], Style::DIM);
        }
        is_note
    }

    pub fn open_bracket(&mut self, length: usize) -> bool {
        self.take(length, &self.rest()[..length], Style::PLAIN);
        self.brackets.push(Bracket {
            piece: self.pieces.len() - 1,
            start: self.at,
            runs: self.runs.len(),
            is_image: length == 2,
            is_dead: false,
        });
        true
    }

    pub fn close_bracket(&mut self) -> bool {
        let Some(bracket) = self.brackets.pop().filter(|bracket| !bracket.is_dead) else {
            return false;
        };
        let label = &self.text[bracket.start..self.at];
        self.flush();
        if let Some((link, length)) = self.target() {
            let target = plain(link.target);
            if self.label(&bracket, &target) {
                self.show_target(link);
            }
            self.skip(length + 1);
        } else if self.may_hold && link::is_open(&self.rest()[1..]) {
            self.pair_from(bracket.runs);
            self.pieces[bracket.piece].text = "".into();
            self.held = Some(self.at);
            self.is_open = true;
            self.skip(self.rest().len());
        } else if let Some((target, length)) = self.reference(label) {
            if self.label(&bracket, &target) {
                self.show(" (", self.at, Style::DIM);
                self.show(target, self.at + 1, Style::DIM);
                self.show(")", self.at + 1, Style::DIM);
            }
            self.skip(length + 1);
        } else {
            return false;
        }
        if !bracket.is_image {
            let links = self.brackets.iter_mut().filter(|outer| !outer.is_image);
            links.for_each(|outer| outer.is_dead = true);
        }
        true
    }

    /// The target that stands behind a label.
    fn target(&mut self) -> Option<(Link<'a>, usize)> {
        let inside = self.rest()[1..].strip_prefix('(')?;
        let found = link::link(inside);
        self.is_open |= found.is_none() && !inside.contains(')');
        found.map(|(link, length)| (link, length + 1))
    }

    /// Where a label leads by a definition that came before, and the bytes of the label of that.
    fn reference(&self, label: &str) -> Option<(String, usize)> {
        let behind = &self.rest()[1..];
        let (label, length) = match link::label(behind) {
            Some(other) => (other, other.len() + 2),
            None if behind.starts_with("[]") => (label, 2),
            None => (label, 0),
        };
        let target = self
            .links
            .defined(label)
            .filter(|_| link::is_label(label))?;
        Some((target, length))
    }

    /// Makes the label of a link of what stands behind this bracket, and says whether its target is
    /// to be shown, too: it isn't if the terminal opens it, or if it is the label.
    fn label(&mut self, bracket: &Bracket, target: &str) -> bool {
        self.pair_from(bracket.runs);
        self.pieces[bracket.piece].text = "".into();
        let text = self.pieces[bracket.piece + 1..]
            .iter()
            .map(|piece| &*piece.text);
        let text: String = text.collect();
        // Who reads an address has to be led there.
        let misleads = text != target && (text.contains("://") || text.starts_with("www."));
        if text.trim().is_empty() || misleads {
            return true;
        }
        let Some(style) = self.link_style(target) else {
            return text != target;
        };
        for piece in &mut self.pieces[bracket.piece + 1..] {
            piece.style = style.and(piece.style.linked(0));
        }
        false
    }

    fn show_link(&mut self, link: Link<'a>, style: Style) {
        self.show_literal(link.target, style);
        if !link.title.is_empty() {
            let start = offset(self.text, link.title).unwrap_or(self.at);
            let space = if link.target.is_empty() { "" } else { " " };
            self.show(space, start - 1, Style::DIM);
            self.show_literal(link.title, Style::DIM);
        }
    }

    fn show_target(&mut self, link: Link<'a>) {
        if link == Link::default() {
            return;
        }
        self.show(" (", self.at, Style::DIM);
        self.show_link(link, Style::DIM);
        let end = [link.title, link.target]
            .into_iter()
            .find(|text| !text.is_empty());
        let end = end.and_then(|text| Some(offset(self.text, text)? + text.len()));
        self.show(")", end.unwrap_or(self.at), Style::DIM);
    }
}
