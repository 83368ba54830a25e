//! The env file: an explicit path, never a parent folder; data, never put into the process environment.
//!
//! The only place that names dotenvy, which has traps that its caller must fence (each measured with 0.15.7):
//! - its error holds the whole line, which may be the key: it is never printed, lines are named by number;
//! - a stray quote in one line swallows the rest of the file: lines are handed over one by one, and only ours;
//! - `$NAME` is replaced from the process environment, so a foreign `.env` could send any of your variables to a host
//!   of its choice: a `$` outside single quotes is refused.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Larger files are no env files; reading stops here.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The variables of one attachment as an env file gives them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EnvFile {
    /// The file that was read.
    pub path: PathBuf,
    /// Name, value and line number, in the order of the file; a later line wins over an earlier one.
    pub variables: Vec<(String, String, usize)>,
    /// Sentences about lines that could not be read; none holds any of their content.
    pub warnings: Vec<String>,
}

impl EnvFile {
    /// Reads a file.
    ///
    /// # Errors
    /// The system's, where the file can't be opened or read; a file over 1 MiB or not in UTF-8 is invalid data.
    pub fn read(path: &Path, names: &[String]) -> io::Result<Self> {
        let mut text = String::new();
        File::open(path)?.take(SIZE_LIMIT + 1).read_to_string(&mut text)?;
        if text.len() as u64 > SIZE_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than 1 MiB"));
        }
        Ok(EnvFile::parse(path, &text, names))
    }

    /// Reads the lines that set one of `names`.
    pub fn parse(path: &Path, text: &str, names: &[String]) -> Self {
        let mut file = EnvFile { path: path.to_owned(), ..EnvFile::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let Some(name) = names.iter().find(|name| sets(line, name)) else { continue };
            match value(line) {
                Ok(value) => file.variables.push((name.clone(), value, number)),
                Err(reason) => file.warnings.push(format!("line {number} of {} {reason}", path.display())),
            }
        }
        file
    }

    /// The value of a variable with the line it stands on; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<(&str, usize)> {
        let (_, value, line) = self.variables.iter().rev().find(|(other, ..)| other == name)?;
        (!value.is_empty()).then_some((value, *line))
    }
}

/// Whether the line is meant to set this variable, be it well written or not.
fn sets(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['=', ' ', ':', '\t']) || rest.is_empty())
}

fn value(line: &str) -> Result<String, &'static str> {
    if substitutes(line) {
        return Err("has a $, which would be replaced: put the value in single quotes");
    }
    // dotenvy wants the line's end to accept trailing space.
    let line = format!("{}\n", line.trim());
    match dotenvy::from_read_iter(line.as_bytes()).next() {
        Some(Ok((_, value))) => Ok(value.trim().to_owned()),
        _ => Err("can't be read: write NAME=value, with quotes where the value has spaces"),
    }
}

/// Whether dotenvy would replace something in this line.
fn substitutes(line: &str) -> bool {
    let mut single_quoted = false;
    let mut escaped = false;
    for character in line.chars() {
        match character {
            _ if escaped => escaped = false,
            '\'' => single_quoted = !single_quoted,
            '\\' if !single_quoted => escaped = true,
            '$' if !single_quoted => return true,
            '#' if !single_quoted => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> EnvFile {
        EnvFile::parse(Path::new(".env"), text, &["INFERENCE_URL".to_owned(), "INFERENCE_KEY".to_owned()])
    }

    #[test]
    fn every_usual_way_to_write_a_line_is_read() {
        let table = [
            "INFERENCE_KEY=inf-1",
            "export INFERENCE_KEY=inf-1",
            "  INFERENCE_KEY = inf-1  ",
            "INFERENCE_KEY='inf-1'",
            "INFERENCE_KEY=\"inf-1\" # the key",
            "INFERENCE_KEY=inf-1\r",
            "\u{feff}INFERENCE_KEY=inf-1",
            "INFERENCE_KEY=other\nINFERENCE_KEY=inf-1",
            "OTHER='it's broken\nINFERENCE_KEY=inf-1",
            "{\"not\": \"env\"}\nINFERENCE_KEY=inf-1\n\n",
        ];
        for text in table {
            let file = parse(text);
            assert_eq!(file.get("INFERENCE_KEY").map(|(value, _)| value), Some("inf-1"), "{text:?}");
            assert_eq!(file.warnings, Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_number_and_not_by_content() {
        for line in
            ["INFERENCE_KEY", "INFERENCE_KEY: inf-secret", "INFERENCE_KEY=inf-secret b", "INFERENCE_KEY='inf-secret"]
        {
            let file = parse(&format!("# comment\n{line}\nINFERENCE_URL=https://example.com\n"));
            assert_eq!(file.warnings.len(), 1, "{line}");
            assert!(file.warnings[0].starts_with("line 2 of .env "), "{:?}", file.warnings);
            assert!(!file.warnings[0].contains("secret"), "{:?}", file.warnings);
            assert_eq!(file.get("INFERENCE_URL"), Some(("https://example.com", 3)));
        }
    }

    #[test]
    fn nothing_of_the_environment_gets_into_a_value() {
        for line in ["INFERENCE_KEY=$HOME", "INFERENCE_KEY=\"x${PATH}\"", "INFERENCE_URL=https://example.com/$PATH"] {
            let file = parse(line);
            assert_eq!(file.variables, vec![], "{line}");
            assert_eq!(file.warnings.len(), 1, "{line}");
        }
        assert_eq!(parse("INFERENCE_KEY='a$b'").get("INFERENCE_KEY"), Some(("a$b", 1)));
        assert_eq!(parse("INFERENCE_KEY=ab # costs $5").get("INFERENCE_KEY"), Some(("ab", 1)));
    }

    #[test]
    fn other_variables_and_longer_names_are_left_alone() {
        let file = parse("INFERENCE_KEYS=a\nMY_INFERENCE_KEY=b\nDATABASE_URL=$x\n# INFERENCE_KEY=c\nINFERENCE_KEY=\n");
        assert_eq!(file.get("INFERENCE_KEY"), None);
        assert_eq!(file.warnings, Vec::<String>::new());
    }
}
