//! The log of an app as it comes. It need not end: a tail never does, and `heroku logs` lingers for
//! three seconds after its last line. So it is read until it falls quiet, or until its time is up.

use std::io::{self, BufReader, Read};
use std::time::{Duration, Instant};

use crate::error::{Error, HerokuFailure, NetworkFailure};
use crate::files::lines;
use crate::net::{Exchange, Step};
use crate::why::Reader;

/// A log that says nothing for so long, after it began, has said all.
const QUIET: Duration = Duration::from_secs(1);

/// Bytes that come from somewhere, for a time.
struct Flow<N> {
    /// What comes within a time; nothing at its end.
    next: N,
    until: Instant,
    quiet: Duration,
    bytes: Vec<u8>,
    taken: usize,
    has_begun: bool,
}

impl<N: FnMut(Duration) -> io::Result<Vec<u8>>> Read for Flow<N> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.bytes.len() {
            let left = self.until.saturating_duration_since(Instant::now());
            let wait = if self.has_begun {
                left.min(self.quiet)
            } else {
                left
            };
            if wait.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            (self.bytes, self.taken, self.has_begun) = ((self.next)(wait)?, 0, true);
        }
        let count = (&self.bytes[self.taken..]).read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

/// Reads a log for as long as it says something, and no longer than a limit. `next` gives what
/// comes within a time, and nothing at the end. Returns what broke it off, if anything.
///
/// # Errors
/// If nothing came.
pub fn read(
    next: impl FnMut(Duration) -> io::Result<Vec<u8>>,
    limit: Duration,
    has_events: bool,
    reader: &mut Reader,
) -> Result<Option<HerokuFailure>, HerokuFailure> {
    let flow = Flow {
        next,
        until: Instant::now() + limit,
        quiet: QUIET.min(limit / 2),
        bytes: Vec::new(),
        taken: 0,
        has_begun: false,
    };
    let mut has_lines = false;
    let read = lines::each(BufReader::new(flow), |line| {
        let line = if has_events {
            line.strip_prefix("data:")
        } else {
            Some(line)
        };
        if let Some(line) = line.filter(|it| !it.trim().is_empty()) {
            has_lines = true;
            reader.push(
                line.strip_prefix(' ')
                    .filter(|_| has_events)
                    .unwrap_or(line),
            );
        }
    });
    match read {
        Ok(()) => Ok(None),
        // What is quiet has said all.
        Err(error) if error.kind() == io::ErrorKind::TimedOut => match has_lines {
            true => Ok(None),
            false => Err(HerokuFailure::TimedOut(limit)),
        },
        Err(error) => {
            let broken = HerokuFailure::Unreachable(error.to_string());
            if has_lines {
                Ok(Some(broken))
            } else {
                Err(broken)
            }
        }
    }
}

/// What an exchange brings within a time, for [`read`].
pub fn of_exchange(exchange: &mut Exchange, wait: Duration) -> io::Result<Vec<u8>> {
    match exchange.next(Some(wait)) {
        Ok(Step::Body(bytes)) => Ok(bytes),
        Ok(Step::End) => Ok(Vec::new()),
        Ok(Step::Tick | Step::Head(_)) | Err(Error::Network(NetworkFailure::TimedOut { .. })) => {
            Err(io::ErrorKind::TimedOut.into())
        }
        Err(error) => Err(io::Error::other(error.explain().title)),
    }
}
