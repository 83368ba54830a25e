//! `@` and a file's name in a prompt: what such words are, which of them were typed here, and which
//! files fit one that is begun. Pure, but for a look at the files.
//!
//! `@types/node` and `@app.py` are words of other people's texts, too. Only what was typed at this
//! prompt may mean a file: not what a paste, the history, another editor or keys that waited before
//! the prompt brought.

use std::path::{Path, PathBuf};

use rustyline::{EventContext, InputMode, KeyCode, KeyEvent, Modifiers};

use super::stand_in;
use crate::files;
use crate::files::several::is_secret;

/// What may follow a name in a sentence.
const MARKS: [char; 7] = ['.', ',', ';', ':', '!', '?', ')'];

/// The words of a text that begin with `@`; in double quotes they may hold spaces.
pub fn mentions(text: &str) -> impl Iterator<Item = &str> {
    let begins = |at: &usize| !text[..*at].ends_with(|before: char| !before.is_whitespace());
    let starts = text.match_indices('@').map(|(at, _)| at).filter(begins);
    starts.map(|at| {
        let word = &text[at..];
        let end = match word[1..].strip_prefix('"') {
            Some(quoted) => quoted.find('"').map(|length| length + 3),
            None => word.find(char::is_whitespace),
        };
        &word[..end.unwrap_or(word.len())]
    })
}

/// The file that is meant by such a word, with a mark of the sentence behind it or without; none
/// if there is no such file.
pub fn file(mention: &str) -> Option<PathBuf> {
    let name = mention[1..].trim_matches('"');
    let paths = [name, name.trim_end_matches(MARKS)].map(files::expand_home);
    paths.into_iter().find(|path| files::regular(path).is_ok())
}

/// A path as such a word; none if it can't be typed as one.
fn mention(path: &str) -> Option<String> {
    let is_one_word = !path.contains(char::is_whitespace);
    match path.contains(['"', '\n']) || stand_in::shown(path) != path {
        true => None,
        false if is_one_word => Some(format!("@{path} ")),
        false => Some(format!("@\"{path}\" ")),
    }
}

/// Where the mention begins with which a line ends, and what it could become; the best first.
pub fn completions(line: &str, list: impl FnOnce() -> Vec<String>) -> Option<(usize, Vec<String>)> {
    let last = mentions(line).last();
    let begun = last
        .filter(|word| word.as_bytes().as_ptr_range().end == line.as_bytes().as_ptr_range().end)?;
    let typed = begun[1..].trim_start_matches('"').to_lowercase();
    let mut ranked: Vec<_> = list()
        .into_iter()
        .filter_map(|path| Some((rank(&typed, &path)?, path)))
        .filter(|(_, path)| !is_secret(Path::new(path)))
        .collect();
    ranked.sort();
    // A name that is typed in full is meant, whatever else has its letters.
    let is_whole = |(_, path): &(_, String)| path[..] == begun[1..];
    if let Some(whole) = ranked.iter().position(is_whole) {
        ranked = vec![ranked.swap_remove(whole)];
    }
    let fitting = ranked
        .iter()
        .filter_map(|(_, path)| mention(path))
        .collect();
    Some((line.len() - begun.len(), fitting))
}

/// How well a path fits what was typed in lower case, less being better: its name begins with that,
/// or has it; the path has it, or has its letters in this order.
fn rank(typed: &str, path: &str) -> Option<(u8, usize)> {
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    let mut letters = lower.chars();
    let class = match typed {
        _ if name.starts_with(typed) => 0,
        _ if name.contains(typed) => 1,
        _ if lower.contains(typed) => 2,
        _ => typed
            .chars()
            .all(|wanted| letters.any(|letter| letter == wanted))
            .then_some(3)?,
    };
    Some((class, path.len()))
}

/// Where the mentions in a line come from, as seen key by key.
#[derive(Default)]
pub struct Origin {
    /// Those in the line before a key that brings more than itself.
    before: Vec<String>,
    /// Those that such a key brought, the text that a line begins with, or keys that had waited.
    foreign: Vec<String>,
    /// Whether the key that was seen last brought no more than itself.
    was_typed: bool,
    /// Whether keys are for a search in the history.
    is_searching: bool,
    /// Whether no key was seen yet, so that nothing is known.
    is_blind: bool,
    /// Whether the keys that are read waited before the prompt, and how often the editor asked
    /// for more since: what waited comes with its first question.
    is_ahead: bool,
    asked: u8,
    /// Whether something in the line was neither typed here nor recalled.
    is_foreign: bool,
}

impl Origin {
    /// A line begins, with keys for it that were typed before or without, which the terminal or the
    /// editor has.
    pub fn begin(has_terminal: bool, has_editor: bool) -> Self {
        Origin {
            is_ahead: has_terminal || has_editor,
            asked: u8::from(!has_terminal),
            is_blind: true,
            is_foreign: true,
            ..Origin::default()
        }
    }

    /// The editor asks for the next key.
    pub fn asks(&mut self) {
        self.asked = self.asked.saturating_add(1);
        self.is_ahead &= self.asked < 2;
    }

    /// A key that comes while the line is this.
    pub fn sees(&mut self, key: KeyEvent, context: &EventContext<'_>) {
        let KeyEvent(code, modifiers) = key;
        // In the manner of vi, a character may be a command.
        let is_command = context.input_mode() == InputMode::Command;
        let is_text = match code {
            KeyCode::Char(_) => !is_command,
            KeyCode::Enter | KeyCode::Backspace | KeyCode::Tab => true,
            _ => false,
        };
        let is_typed = is_text && matches!(modifiers, Modifiers::NONE | Modifiers::SHIFT);
        let is_search = match code {
            KeyCode::Char('R' | 'S') => modifiers == Modifiers::CTRL,
            KeyCode::Char('/' | '?') => is_command,
            _ => false,
        };
        self.look(context.line());
        self.is_searching = is_search || self.is_searching && is_typed;
        self.was_typed = is_typed && !self.is_searching && !self.is_ahead;
        if !self.was_typed {
            self.before = mentions(context.line()).map(str::to_owned).collect();
        }
        self.is_blind = false;
        self.is_foreign = self.is_ahead
            || brings_text(key, is_command)
            || self.is_foreign && !context.line().is_empty();
    }

    /// Whether all of the line was typed here, or recalled from the history.
    pub fn is_by_hand(&self) -> bool {
        !self.is_foreign
    }

    /// Looks at what the last key made of the line.
    fn look(&mut self, line: &str) {
        if !self.was_typed {
            let new = mentions(line).filter(|word| !self.before.iter().any(|old| old == word));
            self.foreign.extend(new.map(str::to_owned));
        }
    }

    /// Whether what is typed now is typed at the prompt.
    pub fn is_here(&self) -> bool {
        !self.is_blind && !self.is_ahead
    }

    /// The mentions of a line that were typed at the prompt.
    pub fn typed(&self, line: &str) -> Vec<String> {
        let is_foreign = |word: &&str| self.is_blind || self.foreign.iter().any(|it| it == word);
        mentions(line)
            .filter(|word| !is_foreign(word))
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a key may bring a text that was never typed into this line, as a paste, a yank and an
/// undo do. Those that are known not to are named.
fn brings_text(KeyEvent(code, modifiers): KeyEvent, is_command: bool) -> bool {
    match code {
        // The window has another size.
        KeyCode::Char('9') if modifiers == Modifiers::CTRL_ALT_SHIFT => false,
        KeyCode::Char(key) => match modifiers {
            Modifiers::NONE | Modifiers::SHIFT => is_command && "pPuU.".contains(key),
            Modifiers::CTRL => !"ABDEFGHIJKLMNPRSTUWZ".contains(key),
            Modifiers::ALT => !"bBdDfF".contains(key),
            _ => true,
        },
        KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down => false,
        KeyCode::Home | KeyCode::End | KeyCode::Delete | KeyCode::Backspace => false,
        KeyCode::Enter | KeyCode::Tab | KeyCode::Esc => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_begin_with_an_at_sign_are_mentions() {
        for (text, words) in [
            ("see @a.rs, and\n@b/c.md", &["@a.rs,", "@b/c.md"][..]),
            ("me@example.com", &[]),
            ("@", &["@"]),
            ("@\"my notes.md\"!", &["@\"my notes.md\""]),
            ("x @\"my no", &["@\"my no"]),
            ("(@a)", &[]),
        ] {
            assert_eq!(mentions(text).collect::<Vec<_>>(), words, "{text:?}");
        }
    }

    #[test]
    fn a_begun_mention_becomes_what_fits_best() {
        let names =
            "reader.rs src/read.rs README.md my\u{a0}notes.md a\"b .env prod.key src/.git/read";
        let list = || names.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (typed, fitting) in [
            ("read", &["@README.md", "@reader.rs", "@src/read.rs"][..]),
            ("READER", &["@reader.rs"]),
            ("README.md", &["@README.md"]),
            ("s/rs", &["@src/read.rs"]),
            ("\"notes", &["@\"my\u{a0}notes.md\""]),
            ("prod", &[]),
            ("a\"", &[]),
        ] {
            let (start, found) = completions(&format!("see @{typed}"), list).unwrap();
            assert_eq!(start, 4);
            let found: Vec<&str> = found.iter().map(|word| word.trim_end()).collect();
            assert_eq!(found, fitting, "{typed}");
        }
        assert_eq!(completions("see @read ", list), None);
        assert_eq!(completions("see a@read", list), None);
    }

    #[test]
    fn a_name_fits_by_its_own_letters_before_its_folders() {
        assert!(rank("read", "docs/read.me") < rank("read", "a/thread.rs"));
        assert!(rank("read", "a/thread.rs") < rank("read", "ready/a.rs"));
        assert!(rank("ready", "ready/a.rs") < rank("ready", "r/e/a/d/y"));
        assert_eq!(rank("ready", "daer"), None);
    }

    #[test]
    fn what_keeps_secrets_is_known_by_its_name_and_behind_links() {
        for secret in [
            ".env",
            ".env.local",
            "a/.envrc",
            "tls/Server.PEM",
            "k.key",
            ".netrc",
            "x/.ssh/config",
            ".aws/credentials",
            ".git/config",
        ] {
            assert!(is_secret(Path::new(secret)), "{secret}");
        }
        for other in ["env.md", "a.keys", "ssh/config", ".github/x.yml", "key"] {
            assert!(!is_secret(Path::new(other)), "{other}");
        }
        #[cfg(unix)]
        {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(".env"), "x").unwrap();
            let link = folder.path().join("notes.md");
            std::os::unix::fs::symlink(".env", &link).unwrap();
            assert!(is_secret(&link));
        }
    }
}
