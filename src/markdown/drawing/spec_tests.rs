//! Beside the references: the examples of CommonMark's specification, and GitHub's of tables, tasks
//! and strikethrough, as pulldown-cmark's crate ships them. Streamed in pieces, no letter of the
//! reference's text is missing on the screen, and no mark is left that the reference takes as one.

#![allow(clippy::print_stdout, reason = "the figures of the measure")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::tests::{cut, render_linked, screen};

const WIDTH: u16 = 100;
const HEIGHT: u16 = 60;

/// What Markdown is made of. Parentheses, colons and quotes also stand around the targets shown.
const MARKS: &str = "\\`*_~#[]<>&!|=+-";

/// Examples in which marks are left, and why.
const KNOWN: [(&str, &[usize]); 3] = [
    (
        "marks of formulas, which stay as they are",
        &[12, 14, 515, 529, 563, 592],
    ),
    ("the label of code is all that its fence says", &[143, 146]),
    ("a definition that has to stand behind its use", &[214, 218]),
];

struct Example {
    number: usize,
    source: String,
    html: String,
}

/// Examples that don't look like their reference.
#[derive(Default)]
struct Found {
    /// In which letters are missing.
    missing: Vec<usize>,
    /// In which marks are left.
    raw: BTreeMap<usize, String>,
}

#[test]
fn the_examples_of_the_specification() {
    let examples = examples("spec.rs");
    assert_eq!(examples.len(), 652);
    let found = measure("CommonMark", &examples);
    assert!(found.missing.is_empty());
    let mut raw = found.raw.into_keys();
    let known = KNOWN.map(|(_, numbers)| numbers).concat();
    assert!(raw.all(|number| known.contains(&number)));
}

#[test]
fn the_examples_of_github() {
    // A cell too many is shown behind a bar in the last one; GitHub drops its text: 7.
    for (file, count, left) in [
        ("gfm_table.rs", 9, &[7][..]),
        ("gfm_tasklist.rs", 2, &[]),
        ("gfm_strikethrough.rs", 3, &[]),
    ] {
        let examples = examples(file);
        assert_eq!(examples.len(), count);
        let found = measure(file, &examples);
        assert!(found.missing.is_empty(), "{file}");
        assert_eq!(found.raw.into_keys().collect::<Vec<_>>(), left, "{file}");
    }
}

/// The examples of a file of pulldown-cmark's tests, which its build script wrote.
fn examples(file: &str) -> Vec<Example> {
    let text = std::fs::read_to_string(suite().join(file)).expect("the examples");
    let string = |name: &str, text: &str| {
        let start = format!("let {name} = r##\"");
        let (_, rest) = text.split_once(&start)?;
        Some(rest.split_once("\"##;")?.0.to_owned())
    };
    let tests = text.split("#[test]").skip(1).enumerate();
    let examples = tests.map(|(index, test)| Example {
        number: index + 1,
        source: string("original", test).expect("a source"),
        html: string("expected", test).expect("a reference"),
    });
    examples.collect()
}

/// Where cargo keeps the tests of pulldown-cmark.
fn suite() -> PathBuf {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    // Packages that only other platforms need may not be here.
    let platform = "--filter-platform=x86_64-unknown-linux-gnu";
    cargo.args(["metadata", "--format-version=1", "--locked", platform]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let metadata = cargo.output().expect("cargo's metadata").stdout;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("JSON");
    let mut packages = metadata["packages"].as_array().expect("packages").iter();
    let package = packages.find(|package| package["name"] == "pulldown-cmark");
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    PathBuf::from(manifest.expect("a path")).with_file_name("tests/suite")
}

fn measure(name: &str, examples: &[Example]) -> Found {
    let mut found = Found::default();
    for Example {
        number,
        source,
        html,
    } in examples
    {
        // A stream can't know what comes later.
        let source = &defined_first(source);
        let whole = show(&[source]);
        for lengths in [&[1][..], &[4], &[7, 2, 13]] {
            assert_eq!(whole, show(&cut(source, lengths)), "{source}");
        }
        let (text, verbatim) = text_of(html, source);
        let (on_screen, in_text) = (counted(&whole), counted(&text));
        let lacks = |(letter, count): (&char, &usize)| {
            letter.is_alphanumeric() && on_screen.get(letter).unwrap_or(&0) < count
        };
        if in_text.iter().any(lacks) {
            found.missing.push(*number);
        }
        let allowed = counted(&(text + &verbatim));
        let mut left = String::new();
        for (mark, count) in &on_screen {
            let allowed = allowed.get(mark).unwrap_or(&0);
            if MARKS.contains(*mark) && count > allowed {
                left.extend(std::iter::repeat_n(*mark, count - allowed));
            }
        }
        if !left.is_empty() {
            found.raw.insert(*number, left);
        }
    }
    let (count, missing) = (examples.len(), &found.missing);
    println!("{name}: {count} examples; letters missing in {missing:?}");
    println!("{name}: marks left in {}: {:?}", found.raw.len(), found.raw);
    if std::env::var_os("SHOW").is_some() {
        for number in found.raw.keys() {
            let Example { source, html, .. } = &examples[number - 1];
            println!(
                "--- {number}\n{source}<<<\n{html}>>>\n{}",
                show(&[&defined_first(source)])
            );
        }
    }
    found
}

/// The source with its definitions before all other text.
fn defined_first(source: &str) -> String {
    let is_definition = |line: &str| line.starts_with('[') && line.contains("]:");
    let (mut first, mut rest) = (String::new(), String::new());
    for paragraph in source.split_inclusive("\n\n") {
        let to = if is_definition(paragraph) {
            &mut first
        } else {
            &mut rest
        };
        to.push_str(paragraph);
        if !paragraph.ends_with("\n\n") {
            to.push('\n');
        }
    }
    first + &rest
}

fn show(pieces: &[&str]) -> String {
    let out = render_linked(pieces.iter().copied(), WIDTH.into(), HEIGHT.into());
    screen(&out, WIDTH, HEIGHT).0
}

fn counted(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    text.chars()
        .for_each(|character| *counts.entry(character).or_default() += 1);
    counts
}

/// The text of HTML with that of pictures, and what may be shown beside it: tags that the source
/// has, targets, numbers of items.
fn text_of(html: &str, source: &str) -> (String, String) {
    let (mut text, mut verbatim, mut rest) = (String::new(), String::new(), html);
    let mut numbers = Vec::new();
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let end = ["!--", "?", "![CDATA["].iter().zip(["-->", "?>", "]]>"]);
        let end = end
            .filter(|(start, _)| tag.starts_with(**start))
            .map(|(_, end)| end)
            .next();
        let end = match end {
            Some(end) => tag[1..].find(end).map(|at| at + 1 + end.len()),
            None => tag_end(tag),
        };
        let (tag, behind) = tag.split_at(end.unwrap_or(tag.len()));
        rest = behind;
        let attribute = |name: &str| {
            let (_, value) = tag.split_once(&format!("{name}=\""))?;
            Some(value.split_once('"')?.0)
        };
        if source.contains(&format!("<{tag}")) {
            verbatim.extend(["<", tag]);
        }
        // What the terminal can't open is shown, and so is the name of a language.
        for attribute in ["href", "src", "title", "class"]
            .map(attribute)
            .into_iter()
            .flatten()
        {
            verbatim.push_str(&attribute.replace("%5C", "\\"));
        }
        if tag.starts_with("img") {
            text.push_str(attribute("alt").unwrap_or_default());
        } else if tag.starts_with("ol") {
            numbers.push(true);
        } else if tag.starts_with("ul") {
            numbers.push(false);
        } else if tag.starts_with("/ol") || tag.starts_with("/ul") {
            numbers.pop();
        } else if tag.starts_with("li") && numbers.last() == Some(&true) {
            verbatim.push_str(".)");
        }
    }
    text.push_str(rest);
    // A definition is shown without its brackets.
    let definitions = source.lines().filter_map(|line| line.strip_prefix('['));
    let definitions = definitions.filter_map(|line| line.split_once("]:"));
    definitions.for_each(|(label, rest)| verbatim.extend([label, rest]));
    (
        html_escape::decode_html_entities(&text).into_owned(),
        verbatim,
    )
}

/// Where a tag ends whose attributes may have quotes around them.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (index, byte) in tag.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return Some(index + 1),
            (b'"' | b'\'', None) => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            _ => {}
        }
    }
    None
}
