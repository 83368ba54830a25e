//! The log on standard input. It is read beside everything else, as a pipe may be silent for ever.

use std::io::{self, BufReader, IsTerminal};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::error::Error;
use crate::files::lines;
use crate::why::Reader;

/// A log that is being read.
pub struct Pipe(Receiver<Said>);

enum Said {
    /// There is a first line.
    Something,
    All(Box<Reader>),
    Nothing,
    Failed(io::Error),
}

impl Pipe {
    /// Begins to read, unless standard input is a terminal.
    pub fn open(mut reader: Reader) -> Option<Self> {
        if io::stdin().is_terminal() {
            return None;
        }
        let (sender, receiver) = mpsc::channel();
        let read = move || {
            let mut is_empty = true;
            let input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
            let read = lines::each(input, |line| {
                if std::mem::take(&mut is_empty) {
                    _ = sender.send(Said::Something);
                }
                reader.push(line);
            });
            let said = match read {
                Err(error) => Said::Failed(error),
                Ok(()) if is_empty => Said::Nothing,
                Ok(()) => Said::All(Box::new(reader)),
            };
            // Nobody may wait any more.
            _ = sender.send(said);
        };
        // Without a thread the channel ends, as if there were nothing.
        _ = std::thread::Builder::new().spawn(read);
        Some(Pipe(receiver))
    }

    /// All of the log; none if it is empty, or says nothing for so long.
    ///
    /// # Errors
    /// The system's.
    pub fn log(self, patience: Duration) -> Result<Option<Reader>, Error> {
        let mut said = self.0.recv_timeout(patience);
        if matches!(said, Ok(Said::Something)) {
            said = self.0.recv().map_err(Into::into);
        }
        match said {
            Ok(Said::All(reader)) => Ok(Some(*reader)),
            Ok(Said::Failed(error)) => Err(Error::of_file(
                "the log",
                Path::new("on standard input"),
                &error,
            )),
            Ok(Said::Nothing | Said::Something) | Err(_) => Ok(None),
        }
    }
}
