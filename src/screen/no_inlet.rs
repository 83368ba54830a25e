//! Without pseudo terminals, the line editor reads the keyboard itself.

use std::io;
use std::time::Duration;

use super::terminal::Mode;

/// What would read the keys.
pub trait Keyboard: Send + 'static {
    fn push(&mut self, bytes: &[u8], has_more: bool) -> Vec<u8>;
    fn silence(&mut self) -> Vec<u8>;
    fn patience(&self) -> Option<Duration>;
    fn resized(&mut self) -> Option<Vec<u8>>;
}

/// There is none.
pub enum Inlet {}

/// There is none either.
#[derive(Clone)]
pub enum Resized {}

impl Resized {
    pub fn tell(&self) {
        match *self {}
    }
}

impl Inlet {
    /// # Errors
    /// Always.
    pub fn new(_: &Mode, _: impl Keyboard) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn resized(&self) -> Resized {
        match *self {}
    }

    pub fn during<T>(&self, _: impl FnOnce() -> T) -> io::Result<T> {
        match *self {}
    }
}
