//! If a pipe can't stand in for standard input, the line editor reads the keyboard itself.

use std::io;
use std::time::Duration;

use super::terminal::Mode;

/// What would read the keys.
pub trait Keyboard: Send + 'static {
    fn push(&mut self, bytes: &[u8], has_more: bool) -> Vec<u8>;
    fn silence(&mut self) -> Vec<u8>;
    fn patience(&self) -> Option<Duration>;
    fn resized(&mut self) -> Option<Vec<u8>>;
    fn is_plain(&self, read: &[u8]) -> bool;
}

/// There is none.
#[derive(Clone)]
pub enum Inlet {}

impl Inlet {
    /// # Errors
    /// Always.
    pub fn new(_: &Mode, _: impl Keyboard, _: &'static [u8]) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn during<T, E: From<io::Error>>(&self, _: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        match *self {}
    }

    pub fn open(&self) {
        match *self {}
    }

    pub fn end(&self) {
        match *self {}
    }

    pub fn pull(&self) {
        match *self {}
    }

    pub fn discard(&self) {
        match *self {}
    }

    pub fn resize(&self) {
        match *self {}
    }
}
