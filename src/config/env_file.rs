//! The env file: an explicit path, never a parent folder; data, never put into the process
//! environment.
//!
//! Quotes, escapes and comments mean what they mean to a shell, which shlex knows; nothing is
//! expanded or run, and what a shell would expand is refused. Values without any of these are
//! dotenvy's, which is named here only and has traps for its caller to avoid (each measured with
//! 0.15.7):
//! - its error holds the whole line, which may be the key: it is never printed, lines are named by
//!   number;
//! - a stray quote in one line swallows the rest of the file: lines are handed over one by one, and
//!   only ours;
//! - `$NAME` is replaced from the process environment, so a foreign `.env` could send any of your
//!   variables to a host of its choice.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::secret::Secret;
use crate::files::named;

/// Larger files are no env files; reading stops here.
const SIZE_LIMIT: usize = 1024 * 1024;

/// The variables of one attachment as an env file gives them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EnvFile {
    /// The file that was read.
    pub path: PathBuf,
    /// Name, value and line number, in the order of the file; a later line wins over an earlier
    /// one.
    pub variables: Vec<(String, Secret, usize)>,
    /// Names that other lines set, with their numbers.
    pub others: Vec<(String, usize)>,
    /// Sentences about lines that could not be read and that no later one overrides; none holds
    /// any of their content.
    pub warnings: Vec<String>,
}

impl EnvFile {
    /// Reads a file. Other lines than ours may be in any encoding.
    ///
    /// # Errors
    /// The system's, if the file can't be opened or read; a file over 1 MiB or in UTF-16 is
    /// invalid data.
    pub fn read(path: &Path, names: &[String]) -> io::Result<Self> {
        let text = bytes(path)?;
        let text = String::from_utf8_lossy(&text);
        Ok(EnvFile::parse(path, &text, names))
    }

    /// Reads the lines that set one of `names`.
    pub fn parse(path: &Path, text: &str, names: &[String]) -> Self {
        let mut variables = Vec::new();
        let (mut refused, mut others) = (Vec::new(), Vec::new());
        // Two editors, two marks.
        let text = text.trim_start_matches('\u{feff}');
        for (number, statement) in statements(text) {
            match sets(statement, names) {
                Some((index, Ok(value))) => variables.push((names[index].clone(), value, number)),
                Some((index, Err(reason))) => refused.push((&names[index], number, reason)),
                None => {
                    let other = assignment(statement).map(|(name, _)| (name.to_owned(), number));
                    others.extend(other);
                }
            }
        }
        refused.retain(|(name, number, _)| {
            let outdoes = |(other, _, later): &(String, _, usize)| other == *name && later > number;
            !variables.iter().any(outdoes)
        });
        let shown = path.display();
        let warning = |(_, number, reason)| format!("line {number} of {shown} {reason}");
        EnvFile {
            path: path.to_owned(),
            warnings: refused.into_iter().map(warning).collect(),
            variables,
            others,
        }
    }

    /// The value of a variable with the line it stands on; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<(&Secret, usize)> {
        let (_, value, line) = self.variables.iter().rfind(|(other, ..)| other == name)?;
        (!value.expose().is_empty()).then_some((value, *line))
    }
}

/// The text of an env file, to be written again.
///
/// # Errors
/// As [`EnvFile::read`], and for text in another encoding than UTF-8, of which something would be
/// lost.
pub fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(bytes(path)?).map_err(|_| io::Error::other("It is not UTF-8 text."))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = named::read_at_once(path, SIZE_LIMIT)?;
    match bytes[..] {
        _ if bytes.len() > SIZE_LIMIT => Err(io::Error::other("It is larger than 1 MiB.")),
        // PowerShell's `>` writes the first of these.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0xff, ..] | [1..=0xff, 0, ..] => {
            Err(io::Error::other("It is in UTF-16; save it as UTF-8."))
        }
        _ => Ok(bytes),
    }
}

/// The text of an env file with these variables set: on the line that set them before, else at the
/// end, where they win. Further lines of the same variable go, because the last one would win; what
/// isn't understood stays as it is, and so do all other lines.
pub fn with_values(text: &str, values: &[(String, Secret)]) -> String {
    let names: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
    let new_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut places: Vec<Option<usize>> = vec![None; values.len()];
    let (mark, text) = text.split_at(text.len() - text.trim_start_matches('\u{feff}').len());
    let mut lines = vec![mark.to_owned()];
    for (_, statement) in statements(text) {
        match sets(statement, &names) {
            None => lines.push(statement.to_owned()),
            Some((index, Ok(_))) if places[index].is_some() => {}
            Some((index, Ok(_))) => {
                places[index] = Some(lines.len());
                // The name, perhaps behind `export`.
                let head = statement.split('=').next().unwrap_or_default().trim();
                let end = &statement[statement.trim_end_matches(['\r', '\n']).len()..];
                let (value, comment) = (quoted(&values[index].1), comment(statement));
                lines.push(format!("{head}={value}{comment}{end}"));
            }
            Some((index, Err(_))) => {
                // What can't be read would win over what stands before it.
                if let Some(place) = places[index].take() {
                    lines[place].clear();
                }
                lines.push(statement.to_owned());
            }
        }
    }
    let mut result = lines.concat();
    if places.contains(&None) && !text.is_empty() && !result.ends_with('\n') {
        result.push_str(new_line);
    }
    for ((name, value), place) in values.iter().zip(places) {
        if place.is_none() {
            result += &format!("{name}={}{new_line}", quoted(value));
        }
    }
    result
}

/// The text with some statements in other words; all others stay as they are.
fn edited(text: &str, edit: impl Fn(&str) -> Option<String>) -> String {
    let (mark, text) = text.split_at(text.len() - text.trim_start_matches('\u{feff}').len());
    let edited = statements(text).map(|(_, it)| edit(it).unwrap_or_else(|| it.to_owned()));
    mark.to_owned() + &edited.collect::<String>()
}

/// The text with the variable `from` under another name.
pub fn with_name(text: &str, from: &str, to: &str) -> String {
    edited(text, |statement| {
        let (name, _) = assignment(statement).filter(|_| !is_comment(statement))?;
        (name == from).then(|| statement.replacen(from, to, 1))
    })
}

/// The text without quotes and blanks that became part of these variables' values, if the rest is a
/// value that is right.
pub fn with_bare_values(
    text: &str,
    names: &[String],
    is_right: impl Fn(&str, &Secret) -> bool,
) -> String {
    edited(text, |statement| {
        let line = statement.trim_end_matches(['\r', '\n']);
        let (index, read) = sets(statement, names).filter(|_| !line.contains('\n'))?;
        let (name, written) = assignment(line)?;
        let end = &statement[line.len()..];
        let bare = Secret::new(
            read.as_ref()
                .map_or(written, Secret::expose)
                .trim_matches(is_round),
        );
        let is_other = read.as_ref() != Ok(&bare) && name == names[index];
        let head = line.split('=').next().unwrap_or_default().trim();
        let comment = comment(line);
        (is_other && is_writable(&bare) && is_right(name, &bare))
            .then(|| format!("{head}={}{comment}{end}", quoted(&bare)))
    })
}

/// Quotes and blanks that stand round a value in what somebody pasted.
pub fn is_round(character: char) -> bool {
    character.is_whitespace() || "'\"`‘’“”\u{200b}\u{feff}".contains(character)
}

/// A line of an env file for people: its variable, and round `(redacted)` what stands round the
/// value. Only addresses are shown.
pub fn shown(line: &str) -> String {
    let line = line.trim_end_matches(['\r', '\n']);
    let Some((name, value)) = assignment(line).filter(|_| !is_comment(line)) else {
        return "(redacted)".to_owned();
    };
    let head = &line[..line.len() - value.len()];
    let value = &value[..value.len() - comment(line).len()];
    let bare = value.trim_matches(is_round);
    let is_shown = name.ends_with("_URL") && super::showable(bare) == bare;
    match is_shown || bare.is_empty() {
        true => format!("{head}{value}"),
        false => format!(
            "{head}{}",
            value.replacen(bare, &Secret::default().to_string(), 1)
        ),
    }
}

fn is_comment(statement: &str) -> bool {
    statement.trim_start().starts_with('#')
}

/// Whether a file gives these values. A quote above them that is never closed can take them in.
pub fn gives(text: &str, values: &[(String, Secret)]) -> bool {
    let names: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
    let file = EnvFile::parse(Path::new(""), text, &names);
    values.iter().all(|(name, value)| {
        let read = file.get(name).map(|(read, _)| read.expose());
        read == Some(value.expose().trim())
    })
}

/// The comment behind a value, with the space before it.
fn comment(statement: &str) -> &str {
    let value = assignment(statement).map_or("", |(_, value)| value.trim_end());
    let start = Scan::of(value, '=', None).comment;
    start.map_or("", |start| &value[value[..start].trim_end().len()..])
}

/// Whether a value can be written so that every reader of env files takes it as it is.
pub fn is_writable(value: &Secret) -> bool {
    !value
        .expose()
        .contains(|c: char| c == '\'' || c.is_control())
}

/// A value that every reader of env files takes as it is. Plain if that is enough, as it is for
/// each value that Heroku gives.
fn quoted(value: &Secret) -> String {
    let value = value.expose();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@%+,=".contains(c);
    match value.chars().all(is_plain) {
        true => value.to_owned(),
        false => format!("'{value}'"),
    }
}

/// The lines with their numbers; all lines of a quoted value as one, if it is closed again. A
/// quote that never is was meant as a letter, and its line stands alone.
fn statements(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text;
    let mut number = 1;
    std::iter::from_fn(move || {
        let first = rest.split_inclusive('\n').next()?;
        let begun = number;
        let (statement, left) = rest.split_at(end_of_value(rest).unwrap_or(first.len()));
        number += statement.matches('\n').count();
        rest = left;
        Some((begun, statement))
    })
}

/// Where the line ends that closes a quoted value begun on the first one. An apostrophe within a
/// value is one to all readers but the shell.
fn end_of_value(text: &str) -> Option<usize> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    let value = assignment(first)?.1.trim_start();
    let mut open = Scan::of(value, '=', None).open;
    if open? == '\'' && !value.starts_with('\'') {
        return None;
    }
    let mut end = first.len();
    for line in lines {
        open = Scan::of(line, ' ', open).open;
        end += line.len();
        if open.is_none() {
            return Some(end);
        }
    }
    None
}

/// Name and value of `NAME=value`, perhaps behind `export`, perhaps with space around the sign, as
/// only shells refuse it.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let exported = line.strip_prefix("export");
    let exported = exported.filter(|rest| rest.starts_with(char::is_whitespace));
    let (name, value) = exported.unwrap_or(line).split_once('=')?;
    let name = name.trim();
    let is_of_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    (!name.is_empty() && name.chars().all(is_of_name)).then_some((name, value))
}

/// Which of `names` a statement is meant to set, with its value or why it can't be read.
fn sets(statement: &str, names: &[String]) -> Option<(usize, Result<Secret, &'static str>)> {
    let ours = |name: &str| names.iter().position(|other| other == name);
    let line = statement.trim();
    if is_comment(line) {
        return None;
    }
    if let Some((name, text)) = assignment(line)
        && let Some(index) = ours(name)
    {
        return Some((index, value(text.trim())));
    }
    // `NAME`, `NAME: value` and `NAME+=value`; not `export NAME`, which passes on what was set
    // before.
    let first = line
        .split(|c: char| ":+".contains(c) || c.is_whitespace())
        .next();
    if let Some(index) = ours(first?) {
        return Some((index, Err(UNREADABLE)));
    }
    // `A=1 NAME=value` and `export A NAME=value`.
    let words = shlex::split(line)?;
    let takes_names = matches!(
        &words.first()?[..],
        "export" | "declare" | "readonly" | "typeset"
    );
    let mut assigned = words
        .iter()
        .take_while(|word| takes_names || word.contains('='))
        .filter_map(|word| ours(word.split_once('=')?.0));
    let reason = "sets it together with others: write each on a line of its own";
    assigned.next().map(|index| (index, Err(reason)))
}

const UNREADABLE: &str = "can't be read: write NAME=value, with quotes where the value has spaces";

fn value(text: &str) -> Result<Secret, &'static str> {
    if Scan::of(text, '=', None).is_special {
        return Err("has a $ or another sign that a shell acts on: put the value in single quotes");
    }
    let value = if text.contains(['\'', '"', '\\', '#']) {
        // With the sign before it, a `#` at the start is no comment.
        match &shlex::split(&format!("={text}")).unwrap_or_default()[..] {
            [word] => word.get(1..).map(str::to_owned),
            _ => None,
        }
    } else {
        // dotenvy wants the line's end to accept trailing space.
        let line = format!("NAME={text}\n");
        let read = dotenvy::from_read_iter(line.as_bytes()).next();
        read.and_then(Result::ok).map(|(_, value)| value)
    };
    let is_foreign = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    value
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.contains(is_foreign))
        .map(Secret::new)
        .ok_or(UNREADABLE)
}

/// What a shell would see in a line.
#[derive(Default)]
struct Scan {
    /// The quote that is open at its end.
    open: Option<char>,
    /// Whether a shell would not take all of it as it is: something expands, or ends the command.
    is_special: bool,
    /// Where a comment begins.
    comment: Option<usize>,
}

impl Scan {
    /// Looks at a text behind `before`, with a quote that is open already, or none.
    fn of(text: &str, mut before: char, open: Option<char>) -> Self {
        let mut scan = Scan {
            open,
            ..Scan::default()
        };
        let mut is_escaped = false;
        for (at, character) in text.char_indices() {
            let was_escaped = std::mem::take(&mut is_escaped);
            let ends = scan.open.is_none() && !was_escaped && ";&|<>()".contains(character);
            let expands = scan.open != Some('\'') && "$`".contains(character);
            scan.is_special |= ends || expands;
            match (scan.open, character) {
                _ if was_escaped => {}
                (Some(quote), _) if quote == character => scan.open = None,
                (None | Some('"'), '\\') => is_escaped = true,
                (None, '"' | '\'') => scan.open = Some(character),
                (None, '#') if before.is_whitespace() => {
                    scan.comment = Some(at);
                    break;
                }
                _ => {}
            }
            before = if was_escaped { '\\' } else { character };
        }
        scan
    }
}

#[cfg(test)]
mod tests;
