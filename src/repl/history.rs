//! The history as the line editor shows it: stand-ins for what a terminal would obey. The file has
//! the text as it was meant.

use std::path::Path;

use rustyline::Result;
use rustyline::history::{FileHistory, History, SearchDirection, SearchResult};

use super::stand_in;

/// A history file whose lines are shown with stand-ins.
pub struct ShownHistory(FileHistory);

impl ShownHistory {
    pub fn new(history: FileHistory) -> Self {
        ShownHistory(history)
    }
}

fn shown(result: SearchResult<'_>) -> SearchResult<'_> {
    let pos = stand_in::shown(result.entry.get(..result.pos).unwrap_or_default()).len();
    let entry = match stand_in::shown(&result.entry) {
        std::borrow::Cow::Borrowed(_) => result.entry.clone(),
        std::borrow::Cow::Owned(entry) => entry.into(),
    };
    SearchResult {
        entry,
        pos,
        ..result
    }
}

impl History for ShownHistory {
    fn get(&self, index: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        Ok(self.0.get(index, direction)?.map(shown))
    }

    fn add(&mut self, line: &str) -> Result<bool> {
        self.0.add(&stand_in::read(line))
    }

    fn add_owned(&mut self, line: String) -> Result<bool> {
        self.add(&line)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn set_max_len(&mut self, len: usize) -> Result<()> {
        self.0.set_max_len(len)
    }

    fn ignore_dups(&mut self, yes: bool) -> Result<()> {
        self.0.ignore_dups(yes)
    }

    fn ignore_space(&mut self, yes: bool) {
        self.0.ignore_space(yes);
    }

    fn save(&mut self, path: &Path) -> Result<()> {
        self.0.save(path)
    }

    fn append(&mut self, path: &Path) -> Result<()> {
        self.0.append(path)
    }

    fn load(&mut self, path: &Path) -> Result<()> {
        self.0.load(path)
    }

    fn clear(&mut self) -> Result<()> {
        self.0.clear()
    }

    fn search(
        &self,
        term: &str,
        start: usize,
        direction: SearchDirection,
    ) -> Result<Option<SearchResult<'_>>> {
        let found = self.0.search(&stand_in::read(term), start, direction)?;
        Ok(found.map(shown))
    }

    fn starts_with(
        &self,
        term: &str,
        start: usize,
        direction: SearchDirection,
    ) -> Result<Option<SearchResult<'_>>> {
        let found = self
            .0
            .starts_with(&stand_in::read(term), start, direction)?;
        Ok(found.map(shown))
    }
}
