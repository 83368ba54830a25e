//! The log of an app as it comes. It need not end: a tail never does, and `heroku logs` lingers for
//! three seconds after its last line. So it is read until it falls quiet, or until its time is up.

use std::io::{self, BufReader, Cursor, Read};
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
    /// The longest wait for what comes next.
    patience: Duration,
    quiet: Duration,
    piece: Cursor<Vec<u8>>,
}

impl<N: FnMut(Duration) -> io::Result<Vec<u8>>> Read for Flow<N> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.read(buffer)?;
        if count > 0 {
            return Ok(count);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        let wait = left.min(self.patience);
        if wait.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        (self.piece, self.patience) = (Cursor::new((self.next)(wait)?), self.quiet);
        self.piece.read(buffer)
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
        patience: limit,
        quiet: QUIET.min(limit / 2),
        piece: Cursor::default(),
    };
    let mut has_lines = false;
    let read = lines::each(BufReader::new(flow), |line| {
        let line = match (has_events, line.strip_prefix("data:")) {
            (true, Some(data)) => data.strip_prefix(' ').unwrap_or(data),
            (true, None) => return,
            (false, _) => line,
        };
        if !line.trim().is_empty() {
            has_lines = true;
            reader.push(line);
        }
    });
    let Err(error) = read else {
        return Ok(None);
    };
    let broken = || HerokuFailure::Unreachable(error.to_string());
    match (error.kind(), has_lines) {
        // What is quiet has said all.
        (io::ErrorKind::TimedOut, true) => Ok(None),
        (io::ErrorKind::TimedOut, false) => Err(HerokuFailure::TimedOut(limit)),
        (_, true) => Ok(Some(broken())),
        (_, false) => Err(broken()),
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
