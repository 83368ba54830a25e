//! A conversation in the form somebody else needs: a document to read, JSON to continue with, or a
//! program that asks the last prompt again. Pure: it makes text of a conversation, and the caller
//! decides where that goes.
//!
//! A format is a row of [`FORMATS`]; a programming language is one there and one of [`language`],
//! with a program in `programs/`.

mod code;
pub mod json;
mod language;
mod literal;
mod markdown;

use std::path::Path;

use clap::ValueEnum;

use crate::api::request::RequestOptions;
pub use crate::cli::Format;
use crate::conversation::Conversation;

/// What there is to know about a format.
pub struct Row {
    /// Of files that hold it; the first is the usual one.
    extensions: &'static [&'static str],
    pub about: &'static str,
    write: fn(&Subject<'_>) -> String,
}

/// A row for each [`Format`], in the same order.
const FORMATS: &[Row] = &[
    Row {
        extensions: &["md", "markdown"],
        about: "a document to read",
        write: markdown::write,
    },
    Row {
        extensions: &["json"],
        about: "the messages, as ask --messages reads them",
        write: json::write,
    },
    Row {
        extensions: &["sh", "bash"],
        about: "a bash script that asks the last prompt with curl",
        write: |subject| code::write(&language::SHELL, subject),
    },
    Row {
        extensions: &["rb"],
        about: "a Ruby program that asks it with net/http",
        write: |subject| code::write(&language::RUBY, subject),
    },
    Row {
        extensions: &["py"],
        about: "a Python program that asks it with the standard library",
        write: |subject| code::write(&language::PYTHON, subject),
    },
    Row {
        extensions: &["js", "mjs", "cjs"],
        about: "a JavaScript program that asks it with fetch",
        write: |subject| code::write(&language::JAVASCRIPT, subject),
    },
];

/// What is written, and what a request for it needs besides.
pub struct Subject<'a> {
    pub conversation: &'a Conversation,
    pub model: &'a str,
    pub options: &'a RequestOptions,
    /// Of the variables that hold URL, key and model: `INFERENCE`, or the attachment's name.
    pub prefix: &'a str,
}

/// The conversation in this format, with a line end at its end. Programs ask the last prompt again,
/// so there has to be one.
pub fn export(format: Format, subject: &Subject<'_>) -> String {
    (format.row().write)(subject)
}

/// The usual ending of each format.
pub fn usual_extensions() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|row| row.extensions[0])
}

/// The endings of file names that say a format, as a rule.
pub fn extensions() -> String {
    let usual: Vec<&str> = FORMATS.iter().map(|row| row.extensions[0]).collect();
    format!("a name that ends in .{}", usual.join(", ."))
}

impl Format {
    /// The format of a file, by its extension.
    pub fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let has = |format: &Format| format.row().extensions.contains(&extension.as_str());
        Format::value_variants().iter().copied().find(has)
    }

    /// What there is to know about it.
    pub fn row(self) -> &'static Row {
        &FORMATS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_the_row_at_its_place() {
        assert_eq!(FORMATS.len(), Format::value_variants().len());
        for format in Format::value_variants() {
            let name = format.to_possible_value().unwrap();
            let about = format.row().about.to_lowercase();
            let is_named = about.contains(name.get_name())
                || format.row().extensions.contains(&name.get_name());
            assert!(is_named, "{format:?}: {about}");
        }
    }

    #[test]
    fn a_file_tells_its_format_by_its_extension() {
        let table = [
            ("chat.md", Some(Format::Markdown)),
            ("chat.markdown", Some(Format::Markdown)),
            ("a.b/CHAT.RB", Some(Format::Ruby)),
            ("chat.py", Some(Format::Python)),
            ("chat.mjs", Some(Format::JavaScript)),
            ("chat.bash", Some(Format::Curl)),
            ("chat.json", Some(Format::Json)),
            ("chat.txt", None),
            ("chat", None),
            (".rb", None),
        ];
        for (path, format) in table {
            assert_eq!(Format::of(Path::new(path)), format, "{path}");
        }
    }
}
