//! The env file: an explicit path, never a parent folder; data, never put into the process
//! environment.
//!
//! The only place that names dotenvy, which has traps that its caller must fence (each measured
//! with 0.15.7):
//! - its error holds the whole line, which may be the key: it is never printed, lines are named by number;
//! - a stray quote in one line swallows the rest of the file: lines are handed over one by one, and only ours;
//! - `$NAME` is replaced from the process environment, so a foreign `.env` could send any of your variables to a host
//!   of its choice: a `$` outside single quotes is refused.

use std::borrow::Cow;
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
    /// Name, value and line number, in the order of the file; a later line wins over an earlier
    /// one.
    pub variables: Vec<(String, String, usize)>,
    /// Sentences about lines that could not be read; none holds any of their content.
    pub warnings: Vec<String>,
}

impl EnvFile {
    /// Reads a file.
    ///
    /// # Errors
    /// The system's, where the file can't be opened or read; a file over 1 MiB or not in UTF-8 is
    /// invalid data.
    pub fn read(path: &Path, names: &[String]) -> io::Result<Self> {
        let mut text = String::new();
        File::open(path)?
            .take(SIZE_LIMIT + 1)
            .read_to_string(&mut text)?;
        if text.len() as u64 > SIZE_LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "larger than 1 MiB",
            ));
        }
        Ok(EnvFile::parse(path, &text, names))
    }

    /// Reads the lines that set one of `names`.
    pub fn parse(path: &Path, text: &str, names: &[String]) -> Self {
        let mut file = EnvFile {
            path: path.to_owned(),
            ..EnvFile::default()
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let Some(name) = names.iter().find(|name| sets(line, name)) else {
                continue;
            };
            match value(line) {
                Ok(value) => file.variables.push((name.clone(), value, number)),
                Err(reason) => file
                    .warnings
                    .push(format!("line {number} of {} {reason}", path.display())),
            }
        }
        file
    }

    /// The value of a variable with the line it stands on; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<(&str, usize)> {
        let (_, value, line) = self
            .variables
            .iter()
            .rev()
            .find(|(other, ..)| other == name)?;
        (!value.is_empty()).then_some((value, *line))
    }
}

/// The text of an env file with these variables set: on the line that set them before, else at the
/// end. Later lines of the same variable go, because the last one would win; all other lines stay
/// as they are.
pub fn with_values(text: &str, values: &[(String, String)]) -> String {
    let mut written = vec![false; values.len()];
    let (mark, text) = text
        .strip_prefix('\u{feff}')
        .map_or(("", text), |rest| ("\u{feff}", rest));
    let new_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut result = String::from(mark);
    for line in text.split_inclusive('\n') {
        match values.iter().position(|(name, _)| sets(line, name)) {
            Some(index) if written[index] => {}
            Some(index) => {
                let (name, value) = &values[index];
                let export = if line.trim_start().starts_with("export ") {
                    "export "
                } else {
                    ""
                };
                let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
                result.push_str(&format!(
                    "{export}{name}={}{}{end}",
                    quoted(value),
                    comment(line)
                ));
                written[index] = true;
            }
            None => result.push_str(line),
        }
    }
    if !text.is_empty() && !result.ends_with('\n') {
        result.push_str(new_line);
    }
    for ((name, value), _) in values.iter().zip(written).filter(|(_, written)| !written) {
        result.push_str(&format!("{name}={}{new_line}", quoted(value)));
    }
    result
}

/// The comment behind a value, with the space before it.
fn comment(line: &str) -> &str {
    let line = line.trim_end();
    line.find(" #")
        .filter(|&at| !line[at..].contains(['\'', '"']))
        .map_or("", |at| &line[at..])
}

/// Whether a value can be written so that every reader of env files takes it as it is.
pub fn is_writable(value: &str) -> bool {
    !value.contains(['\'', '\n', '\r'])
}

/// A value that every reader of env files takes as it is. Plain where that is enough, as it is for
/// each value that Heroku gives.
fn quoted(value: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@%+,=".contains(c);
    if value.chars().all(is_plain) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(format!("'{value}'"))
    }
}

/// Whether the line is meant to set this variable, be it well written or not.
fn sets(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    line.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with(['=', ' ', ':', '\t']) || rest.is_empty())
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

/// Whether dotenvy might replace something in this line. Its rules for quotes and comments are not
/// followed here but outdone: a `$` is fine in a value that is single-quoted as a whole, and in a
/// comment behind a value without quotes.
fn substitutes(line: &str) -> bool {
    let value = line.split_once('=').map_or(line, |(_, value)| value.trim());
    if let Some((quoted, rest)) = value
        .strip_prefix('\'')
        .and_then(|value| value.split_once('\''))
    {
        let rest_is_comment = rest.is_empty()
            || rest.starts_with(char::is_whitespace) && rest.trim().starts_with('#');
        return quoted.contains('\\') && value.contains('$')
            || !rest_is_comment && rest.contains('$');
    }
    let comment = value
        .find(" #")
        .or_else(|| value.find("\t#"))
        .filter(|_| !value.contains(['\'', '"', '\\']));
    value[..comment.unwrap_or(value.len())].contains('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> EnvFile {
        EnvFile::parse(
            Path::new(".env"),
            text,
            &["INFERENCE_URL".to_owned(), "INFERENCE_KEY".to_owned()],
        )
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
            assert_eq!(
                file.get("INFERENCE_KEY").map(|(value, _)| value),
                Some("inf-1"),
                "{text:?}"
            );
            assert_eq!(file.warnings, Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_number_and_not_by_content() {
        for line in [
            "INFERENCE_KEY",
            "INFERENCE_KEY: inf-secret",
            "INFERENCE_KEY=inf-secret b",
            "INFERENCE_KEY='inf-secret",
        ] {
            let file = parse(&format!(
                "# comment\n{line}\nINFERENCE_URL=https://example.com\n"
            ));
            assert_eq!(file.warnings.len(), 1, "{line}");
            assert!(
                file.warnings[0].starts_with("line 2 of .env "),
                "{:?}",
                file.warnings
            );
            assert!(!file.warnings[0].contains("secret"), "{:?}", file.warnings);
            assert_eq!(file.get("INFERENCE_URL"), Some(("https://example.com", 3)));
        }
    }

    #[test]
    fn nothing_of_the_environment_gets_into_a_value() {
        for line in [
            "INFERENCE_KEY=$HOME",
            "INFERENCE_KEY=\"x${PATH}\"",
            "INFERENCE_URL=https://example.com/$PATH",
            "INFERENCE_KEY=a#$HOME",
            "INFERENCE_KEY='a'$HOME",
            "INFERENCE_KEY='a'#$HOME",
            "INFERENCE_KEY=\"a # $HOME\"",
            "INFERENCE_KEY=a\\ #$HOME",
            "INFERENCE_KEY='a\\'$HOME'",
        ] {
            let file = parse(line);
            assert_eq!(file.variables, vec![], "{line}");
            assert_eq!(file.warnings.len(), 1, "{line}");
        }
        assert_eq!(
            parse("INFERENCE_KEY='a$b'").get("INFERENCE_KEY"),
            Some(("a$b", 1))
        );
        assert_eq!(
            parse("INFERENCE_KEY=ab # costs $5").get("INFERENCE_KEY"),
            Some(("ab", 1))
        );
    }

    #[test]
    fn other_variables_and_longer_names_are_left_alone() {
        let file = parse(
            "INFERENCE_KEYS=a\nMY_INFERENCE_KEY=b\nDATABASE_URL=$x\n# INFERENCE_KEY=c\nINFERENCE_KEY=\n",
        );
        assert_eq!(file.get("INFERENCE_KEY"), None);
        assert_eq!(file.warnings, Vec::<String>::new());
    }

    #[test]
    fn values_replace_their_lines_and_leave_all_others_alone() {
        let values = [
            ("INFERENCE_URL".to_owned(), "https://new".to_owned()),
            ("INFERENCE_KEY".to_owned(), "inf-2".to_owned()),
        ];
        let table = [
            ("", "INFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n"),
            (
                "A=1",
                "A=1\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n",
            ),
            (
                "# ours\nexport INFERENCE_KEY='inf-1' # old\n\nB='x\nINFERENCE_KEY=again\nINFERENCE_URL=https://old\r\nZ=9\n",
                "# ours\nexport INFERENCE_KEY=inf-2 # old\n\nB='x\nINFERENCE_URL=https://new\r\nZ=9\n",
            ),
            (
                "\u{feff}INFERENCE_KEY=x\r\nA=1",
                "\u{feff}INFERENCE_KEY=inf-2\r\nA=1\r\nINFERENCE_URL=https://new\r\n",
            ),
            (
                "#INFERENCE_URL=x\nINFERENCE_URL",
                "#INFERENCE_URL=x\nINFERENCE_URL=https://new\nINFERENCE_KEY=inf-2\n",
            ),
        ];
        for (before, after) in table {
            assert_eq!(with_values(before, &values), after, "{before:?}");
            assert_eq!(
                with_values(after, &values),
                after,
                "a second time: {after:?}"
            );
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        for value in [
            "https://us.inference.heroku.com",
            "inf-0123",
            "a b",
            "pa$$word",
            "x#y",
        ] {
            let text = with_values("", &[("INFERENCE_KEY".to_owned(), value.to_owned())]);
            assert_eq!(
                parse(&text).get("INFERENCE_KEY"),
                Some((value, 1)),
                "{text:?}"
            );
        }
    }
}
