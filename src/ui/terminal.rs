//! The terminal itself: how wide it is, and its mode while an answer streams. The home of rustix.

/// Columns where the width is unknown.
const DEFAULT_WIDTH: usize = 80;

/// Rows where the height is unknown.
const DEFAULT_HEIGHT: usize = 24;

/// Columns of the terminal behind standard error or, where that is redirected, standard output.
#[cfg(unix)]
pub fn width() -> usize {
    use rustix::termios::tcgetwinsize;
    let size =
        tcgetwinsize(rustix::stdio::stderr()).or_else(|_| tcgetwinsize(rustix::stdio::stdout()));
    size.ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|&columns| columns > 0)
        .unwrap_or(DEFAULT_WIDTH)
}

#[cfg(not(unix))]
pub fn width() -> usize {
    DEFAULT_WIDTH
}

/// Rows of the terminal behind standard output.
#[cfg(unix)]
pub fn height() -> usize {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
    size.ok()
        .map(|size| usize::from(size.ws_row))
        .filter(|&rows| rows > 0)
        .unwrap_or(DEFAULT_HEIGHT)
}

#[cfg(not(unix))]
pub fn height() -> usize {
    DEFAULT_HEIGHT
}

/// Has a terminal in raw mode report an end of input where nothing comes for so long, to tenths of
/// a second, instead of waiting. It holds until another mode is set. Says whether that can be done.
#[cfg(unix)]
pub fn end_input_after(silence: std::time::Duration) -> bool {
    use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let Ok(mut mode) = tcgetattr(rustix::stdio::stdin()) else {
        return false;
    };
    mode.special_codes[SpecialCodeIndex::VMIN] = 0;
    mode.special_codes[SpecialCodeIndex::VTIME] =
        u8::try_from(silence.as_millis() / 100).unwrap_or(u8::MAX);
    tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &mode).is_ok()
}

#[cfg(not(unix))]
pub fn end_input_after(_: std::time::Duration) -> bool {
    false
}

/// Whether something was typed that nobody has read yet.
#[cfg(unix)]
pub fn has_input() -> bool {
    rustix::io::ioctl_fionread(rustix::stdio::stdin()).is_ok_and(|bytes| bytes > 0)
}

#[cfg(not(unix))]
pub fn has_input() -> bool {
    false
}

/// Takes what was typed and nobody has read yet, as text without control characters.
#[cfg(unix)]
pub fn take_input() -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    // The line editor may take what was there a moment ago; no read may wait then.
    end_input_after(std::time::Duration::ZERO);
    while has_input() {
        match rustix::io::read(rustix::stdio::stdin(), &mut buffer) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes)
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

#[cfg(not(unix))]
pub fn take_input() -> String {
    String::new()
}

/// The mode the terminal was found in.
#[cfg(unix)]
#[derive(Clone)]
pub struct Mode(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Mode {
    /// Reads the mode of the terminal behind standard input.
    pub fn current() -> Self {
        Mode(rustix::termios::tcgetattr(rustix::stdio::stdin()).ok())
    }

    /// Sets this mode again, without throwing away what was typed.
    pub fn restore(&self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(mode) = &self.0 {
            // There is nobody left to tell where the terminal is gone.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, mode);
        }
    }

    /// Sets this mode again in the middle of anything, also of a line being edited.
    pub fn restore_after_editor(&self) {
        self.restore();
        if self.0.is_none() {
            return;
        }
        // The editor has bracketed paste on, and the cursor stands behind the prompt. A terminal
        // that takes no output must not hold up the end of the process.
        let (sender, receiver) = std::sync::mpsc::channel();
        // Without a thread the sender is dropped, and nothing is waited for.
        _ = std::thread::Builder::new().spawn(move || {
            let _ = rustix::io::write(rustix::stdio::stderr(), b"\x1b[?2004l\r\n");
            sender.send(())
        });
        let _ = receiver.recv_timeout(std::time::Duration::from_millis(100));
    }

    /// Keeps what is typed outside a prompt from being echoed into an answer; it stays in the
    /// terminal's buffer for the next prompt. Ctrl-C still is a signal.
    pub fn quiet(&self) -> Quiet {
        self.set_quiet();
        Quiet(self.clone())
    }

    /// As [`Mode::quiet`], until something else is set.
    pub fn set_quiet(&self) {
        use rustix::termios::LocalModes;
        if let Some(mode) = &self.0 {
            let mut quiet = mode.clone();
            quiet
                .local_modes
                .remove(LocalModes::ECHO | LocalModes::ICANON);
            // Without NOFLSH, Ctrl-C would throw away what was typed ahead.
            quiet
                .local_modes
                .insert(LocalModes::ISIG | LocalModes::NOFLSH);
            Mode(Some(quiet)).restore();
        }
    }
}

#[cfg(not(unix))]
#[derive(Clone)]
pub struct Mode;

#[cfg(not(unix))]
impl Mode {
    pub fn current() -> Self {
        Mode
    }

    pub fn restore(&self) {}

    pub fn restore_after_editor(&self) {}

    pub fn set_quiet(&self) {}

    pub fn quiet(&self) -> Quiet {
        Quiet(Mode)
    }
}

/// While it lives, typing isn't echoed.
pub struct Quiet(Mode);

impl Quiet {
    /// The mode that will be set again.
    pub fn found(&self) -> &Mode {
        &self.0
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        self.0.restore();
    }
}
