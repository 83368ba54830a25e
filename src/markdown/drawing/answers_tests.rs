//! A hundred answers in the manner of models, at the sizes of panels: what has to be true of any.

use super::properties::{letters, rows};
use super::style::char_width;
use super::tests::{cut, render, terminal};
use crate::markdown::{Kind, Reader, code_length};

const SIZES: [(u16, u16); 4] = [(80, 12), (40, 15), (200, 50), (20, 12)];

fn answers() -> Vec<&'static str> {
    let all = include_str!("../../../tests/answers.md");
    all.split("%%%%\n").collect()
}

/// What the terminal has between two line ends, as one copies it.
fn lines(bytes: &str, (width, height): (u16, u16)) -> Vec<String> {
    let mut parser = terminal(width, height);
    parser.process(bytes.replace('\n', "\r\n").as_bytes());
    parser.screen_mut().set_scrollback(usize::MAX);
    let (mut lines, mut goes_on) = (Vec::<String>::new(), false);
    for offset in (0..=parser.screen().scrollback()).rev() {
        parser.screen_mut().set_scrollback(offset);
        let screen = parser.screen();
        let count = if offset == 0 { height } else { 1 };
        for (row, text) in (0..count).zip(screen.rows(0, width)) {
            match lines.last_mut() {
                Some(line) if goes_on => *line += text.as_str(),
                _ => lines.push(text),
            }
            goes_on = screen.row_wrapped(row);
        }
    }
    lines
}

/// What is wrong with an answer at a size, for all of them.
fn faults<F: Iterator<Item = String>>(
    find: impl Fn(&'static str, (u16, u16), &str) -> F,
) -> String {
    let mut faults = String::new();
    for (number, answer) in answers().into_iter().enumerate() {
        for size in SIZES {
            let out = render([answer], size.0.into(), size.1.into());
            let found = find(answer, size, &out);
            faults.extend(found.map(|fault| format!("{number} at {size:?}: {fault}\n")));
        }
    }
    faults
}

#[test]
fn there_are_a_hundred() {
    assert_eq!(answers().len(), 100);
}

#[test]
fn answers_are_the_same_in_any_pieces() {
    let mut random = fastrand::Rng::with_seed(100);
    for answer in answers() {
        let lengths: Vec<usize> = (0..20).map(|_| random.usize(1..40)).collect();
        for (width, height) in SIZES {
            let shown = |pieces: Vec<&str>| {
                let out = render(pieces, width.into(), height.into());
                rows(&out, width, height)
            };
            let whole = shown(vec![answer]);
            assert_eq!(whole, shown(cut(answer, &[1])), "{width}x{height} {answer}");
            assert_eq!(
                whole,
                shown(cut(answer, &lengths)),
                "{width}x{height} {answer}"
            );
        }
    }
}

/// An answer without the letters that are marks, and a target that is its label.
fn without_marks(answer: &str) -> String {
    let marks = [
        "[x] ",
        "(https://status.heroku.com)",
        "<br>",
        "<br/>",
        "&nbsp;",
        "&copy;",
        "&mdash;",
        "&lt;",
        "&gt;",
        "&amp;",
        "&times;",
        "&#x1F600;",
    ];
    marks
        .iter()
        .fold(answer.to_owned(), |text, mark| text.replace(mark, " "))
}

#[test]
fn every_letter_of_an_answer_is_shown() {
    let missing = faults(|answer, size, out| {
        let mut shown = letters(&lines(out, size).concat(), size.0)
            .into_iter()
            .peekable();
        let all = letters(&without_marks(answer), size.0).into_iter();
        let missing = all.filter(|letter| {
            while shown.next_if(|shown| shown < letter).is_some() {}
            shown.next_if_eq(letter).is_none()
        });
        let missing: String = missing.collect();
        Some(missing)
            .filter(|missing| !missing.is_empty())
            .into_iter()
    });
    assert_eq!(missing, "");
}

/// Runs of letters that take one column each.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_letter = |letter: char| letter.is_alphanumeric() && char_width(letter) == 1;
    text.split(move |letter| !is_letter(letter))
        .filter(|word| !word.is_empty())
}

#[test]
fn no_word_of_an_answer_is_broken() {
    let broken = faults(|answer, size, out| {
        let bare = answer.replace(['*', '_', '~', '`', '\\'], "");
        let all: Vec<&str> = words(answer).chain(words(&bare)).collect();
        let lines = lines(out, size);
        let shown = lines.iter().flat_map(|line| words(line));
        let broken: Vec<_> = shown
            .filter(|word| !all.contains(word))
            .map(str::to_owned)
            .collect();
        broken.into_iter()
    });
    assert_eq!(broken, "");
}

/// Without spaces: those of a frame and of tabs differ.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The code in a line of text. Cells end at bars, and a backslash takes its meaning from a mark.
fn code_in_text(text: &str) -> Vec<&str> {
    let (mut codes, mut at) = (Vec::new(), 0);
    while let Some(found) = text[at..].find('`').filter(|_| !text.contains(['|', '\\'])) {
        let length = code_length(&text[at + found..]);
        codes.push(text[at + found..][..length].trim_matches('`'));
        at += found + length;
    }
    codes
}

#[test]
fn code_is_copied_as_one_line() {
    let broken = faults(|answer, size, out| {
        let lines: Vec<String> = lines(out, size).iter().map(|line| squeezed(line)).collect();
        let mut reader = Reader::default();
        let broken = answer.lines().flat_map(|line| {
            let (codes, is_line) = match reader.read(line).kind {
                Kind::Fenced(code) | Kind::Indented(code) => (vec![squeezed(&code)], true),
                Kind::Text { text, .. } | Kind::Heading { text, .. } => (
                    code_in_text(text).into_iter().map(squeezed).collect(),
                    false,
                ),
                _ => (Vec::new(), true),
            };
            let is_broken = |code: &String| {
                let mut lines = lines.iter();
                !lines.any(|line| line.ends_with(code) || !is_line && line.contains(code))
            };
            codes.into_iter().filter(is_broken).collect::<Vec<_>>()
        });
        let broken: Vec<_> = broken.collect();
        broken.into_iter()
    });
    assert_eq!(broken, "");
}
