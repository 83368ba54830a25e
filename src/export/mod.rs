//! A conversation in the form somebody else needs: a document to read, JSON to continue with, or a
//! program that asks the last prompt again. Pure: it makes text of a conversation, and the caller
//! decides where that goes.
//!
//! A format is a row of [`FORMATS`]; a programming language is a file here and a row there.

mod code;
mod javascript;
pub mod json;
mod literal;
mod markdown;
mod python;
mod ruby;
mod shell;

use std::path::Path;

use crate::api::request::RequestOptions;
pub use crate::cli::Format;
use crate::conversation::Conversation;

/// A format, with all there is to know about it.
pub struct Row {
    pub format: Format,
    /// As it is typed.
    pub name: &'static str,
    /// Of files that hold it; the first is the usual one.
    pub extensions: &'static [&'static str],
    pub about: &'static str,
    write: fn(&Subject<'_>) -> String,
}

/// All of them, in the order of help texts.
pub const FORMATS: &[Row] = &[
    Row {
        format: Format::Markdown,
        name: "markdown",
        extensions: &["md", "markdown"],
        about: "a document to read",
        write: markdown::write,
    },
    Row {
        format: Format::Json,
        name: "json",
        extensions: &["json"],
        about: "the messages, as ask --messages reads them",
        write: json::write,
    },
    Row {
        format: Format::Curl,
        name: "curl",
        extensions: &["sh", "bash"],
        about: "a bash script that asks the last prompt with curl",
        write: |subject| code::write(&shell::LANGUAGE, subject),
    },
    Row {
        format: Format::Ruby,
        name: "ruby",
        extensions: &["rb"],
        about: "a Ruby program that asks it with net/http",
        write: |subject| code::write(&ruby::LANGUAGE, subject),
    },
    Row {
        format: Format::Python,
        name: "python",
        extensions: &["py"],
        about: "a Python program that asks it with the standard library",
        write: |subject| code::write(&python::LANGUAGE, subject),
    },
    Row {
        format: Format::JavaScript,
        name: "javascript",
        extensions: &["js", "mjs", "cjs"],
        about: "a JavaScript program that asks it with fetch",
        write: |subject| code::write(&javascript::LANGUAGE, subject),
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

/// The endings of file names that say a format, as a rule.
pub fn extensions() -> String {
    let usual: Vec<String> = FORMATS
        .iter()
        .map(|row| format!(".{} ({})", row.extensions[0], row.name))
        .collect();
    format!("a name that ends in {}", usual.join(", "))
}

impl Format {
    /// The format of a file, by its extension.
    pub fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        FORMATS
            .iter()
            .find(|row| row.extensions.contains(&extension.as_str()))
            .map(|row| row.format)
    }

    /// What there is to know about it.
    pub fn row(self) -> &'static Row {
        FORMATS
            .iter()
            .find(|row| row.format == self)
            .expect("a test goes through all formats")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_format_has_a_row_and_a_way_to_be_named() {
        let formats: Vec<Format> = FORMATS.iter().map(|row| row.format).collect();
        assert_eq!(formats, Format::value_variants());
        for row in FORMATS {
            assert_eq!(Format::from_str(row.name, false), Ok(row.format));
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
