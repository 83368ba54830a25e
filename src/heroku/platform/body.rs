//! The body of an answer, read as JSON while it comes, so that what nobody wants of it is dropped
//! with the piece that it came in.

use std::io::{self, Cursor, Read};

use serde::de::DeserializeSeed;
use serde_json::error::Category;

use crate::error::Error;
use crate::net::{Exchange, Step};

/// Why a body gave no value.
pub enum Failure {
    /// It didn't come.
    Network(Error),
    /// It isn't what was expected, in words. They hold nothing of it, which may be a secret.
    Content(String),
}

/// A body that is read from an exchange.
pub struct Body<'a> {
    exchange: &'a mut Exchange,
    piece: Cursor<Vec<u8>>,
    /// How many bytes more are taken.
    left: usize,
    is_over: bool,
    failure: Option<Failure>,
}

impl<'a> Body<'a> {
    /// The body of an exchange whose head was taken.
    pub fn of(exchange: &'a mut Exchange, limit: usize) -> Self {
        Body {
            exchange,
            piece: Cursor::default(),
            left: limit,
            is_over: false,
            failure: None,
        }
    }

    /// All of it, which has to be one JSON value.
    pub fn json<S: DeserializeSeed<'static>>(&mut self, seed: S) -> Result<S::Value, Failure> {
        let mut json = serde_json::Deserializer::from_reader(&mut *self);
        let value = (seed.deserialize(&mut json)).and_then(|value| json.end().map(|()| value));
        value.map_err(|error| {
            let reason = match error.classify() {
                // serde's own words would quote the value.
                Category::Data => "its JSON has another form",
                Category::Syntax | Category::Eof | Category::Io => "it is no JSON",
            };
            let content = || Failure::Content(reason.to_owned());
            self.failure.take().unwrap_or_else(content)
        })
    }

    fn fail(&mut self, failure: Failure) -> io::Result<usize> {
        self.failure = Some(failure);
        Err(io::ErrorKind::Other.into())
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || self.is_over {
                return Ok(count);
            }
            match self.exchange.next(None) {
                Ok(Step::Body(bytes)) => {
                    let Some(left) = self.left.checked_sub(bytes.len()) else {
                        return self.fail(Failure::Content("it is too long".to_owned()));
                    };
                    (self.piece, self.left) = (Cursor::new(bytes), left);
                }
                Ok(Step::End) => self.is_over = true,
                Ok(Step::Head(_) | Step::Tick) => {}
                Err(error) => return self.fail(Failure::Network(error)),
            }
        }
    }
}
