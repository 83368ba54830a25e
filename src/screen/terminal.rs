//! The terminal itself: how wide it is, and its mode while an answer streams.

/// Columns if the width is unknown.
const DEFAULT_WIDTH: usize = 80;

/// Rows if the height is unknown.
const DEFAULT_HEIGHT: usize = 24;

/// What a terminal that doesn't edit lines sends for Ctrl-D.
pub const CTRL_D: &str = "\u{4}";

/// Has a terminal mark what is pasted, as the line editor does, or no longer.
#[cfg(unix)]
const PASTE_ON: &[u8] = b"\x1b[?2004h";
#[cfg(unix)]
pub const PASTE_OFF: &[u8] = b"\x1b[?2004l";

/// The shape of the cursor, as DECSCUSR numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    Default = 0,
    Block = 2,
    Bar = 6,
}

/// Has the cursor look like this.
pub fn set_cursor(cursor: Cursor) {
    #[cfg(unix)]
    {
        let outputs = [rustix::stdio::stdout(), rustix::stdio::stderr()];
        let mut outputs = outputs.into_iter();
        if let Some(terminal) = outputs.find(|it| rustix::termios::isatty(it)) {
            let _ = rustix::io::write(terminal, format!("\x1b[{} q", cursor as u8).as_bytes());
        }
    }
    #[cfg(not(unix))]
    let _ = cursor;
}

/// Columns of the terminal behind standard error or, if that is redirected, standard output.
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

/// Columns and rows of the terminal behind standard output.
#[cfg(unix)]
pub fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok();
    let known = |length: u16, default| if length > 0 { length.into() } else { default };
    size.map_or((DEFAULT_WIDTH, DEFAULT_HEIGHT), |size| {
        (
            known(size.ws_col, DEFAULT_WIDTH),
            known(size.ws_row, DEFAULT_HEIGHT),
        )
    })
}

#[cfg(not(unix))]
pub fn size() -> (usize, usize) {
    (DEFAULT_WIDTH, DEFAULT_HEIGHT)
}

/// Rows of the terminal behind standard output.
pub fn height() -> usize {
    size().1
}

/// Does something while standard output is no terminal.
#[cfg(unix)]
pub fn without_output<T>(work: impl FnOnce() -> T) -> std::io::Result<T> {
    let nothing = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    let stdout = rustix::io::dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(nothing)?;
    let done = work();
    rustix::stdio::dup2_stdout(stdout)?;
    Ok(done)
}

#[cfg(not(unix))]
pub fn without_output<T>(work: impl FnOnce() -> T) -> std::io::Result<T> {
    Ok(work())
}

/// How many bytes were typed that nobody has read yet.
#[cfg(unix)]
pub fn unread() -> u64 {
    rustix::io::ioctl_fionread(rustix::stdio::stdin()).unwrap_or_default()
}

#[cfg(not(unix))]
pub fn unread() -> u64 {
    0
}

/// Whether standard input, whatever it is, has something to read or ends within this time.
#[cfg(unix)]
pub fn has_input_within(time: std::time::Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdin = rustix::stdio::stdin();
    let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
    let limit = time.try_into().ok();
    // What can't be waited for is read at once.
    poll(&mut waiting, limit.as_ref()).map_or(true, |ready| ready > 0)
}

#[cfg(not(unix))]
pub fn has_input_within(_: std::time::Duration) -> bool {
    true
}

/// Bytes of what is typed while an answer comes that are read by then; others wait in the terminal.
#[cfg(unix)]
const MOST_AHEAD: usize = 1 << 16;

/// The mode the terminal was found in, and the terminal: standard input is another one while a line
/// is edited.
#[cfg(unix)]
#[derive(Clone, Default)]
pub struct Mode(
    Option<(
        std::sync::Arc<std::os::fd::OwnedFd>,
        rustix::termios::Termios,
    )>,
    /// What was read of the keyboard, to be shown, and is yet to be edited.
    std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
);

#[cfg(unix)]
impl Mode {
    /// Reads the mode of the terminal behind standard input.
    pub fn current() -> Self {
        let stdin = rustix::stdio::stdin();
        let mode = rustix::termios::tcgetattr(stdin).ok();
        let found = mode.and_then(|mode| Some((rustix::io::dup(stdin).ok()?.into(), mode)));
        Mode(found, Default::default())
    }

    /// Another handle of the terminal, if there is one.
    pub fn device(&self) -> Option<std::os::fd::OwnedFd> {
        let (device, _) = self.0.as_ref()?;
        device.try_clone().ok()
    }

    /// Sets this mode again, without throwing away what was typed.
    pub fn restore(&self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some((device, mode)) = &self.0 {
            // There is nobody left to tell if the terminal is gone.
            let _ = tcsetattr(device, OptionalActions::Now, mode);
        }
    }

    /// Sets this mode again in the middle of anything, also of a line being edited.
    pub fn restore_after_editor(&self, has_shape: bool) {
        self.restore();
        if self.0.is_none() {
            return;
        }
        // The editor has bracketed paste on, and the cursor stands behind the prompt. A terminal
        // that takes no output must not hold up the end of the process.
        let (sender, receiver) = std::sync::mpsc::channel();
        // Without a thread the sender is dropped, and nothing is waited for.
        _ = std::thread::Builder::new().spawn(move || {
            if has_shape {
                set_cursor(Cursor::Default);
            }
            let _ = rustix::io::write(rustix::stdio::stderr(), b"\x1b[?2004l\r\n\x1b[J");
            sender.send(())
        });
        let _ = receiver.recv_timeout(std::time::Duration::from_millis(100));
    }

    /// Takes what was typed and nobody has read yet, as text without control characters but Ctrl-D.
    pub fn take_input(&self) -> String {
        use rustix::termios::{OptionalActions, SpecialCodeIndex, tcsetattr};
        let Some((device, mode)) = &self.0 else {
            return String::new();
        };
        // The line editor may take what was there a moment ago; no read may wait then.
        let mut mode = mode.clone();
        mode.make_raw();
        mode.special_codes[SpecialCodeIndex::VMIN] = 0;
        let _ = tcsetattr(device, OptionalActions::Now, &mode);
        let (mut bytes, mut buffer) = (std::mem::take(&mut *self.ahead()), [0; 1024]);
        while let Ok(count @ 1..) = rustix::io::read(device, &mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.replace("\x1b[200~", "").replace("\x1b[201~", "");
        text.chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\u{4}'))
            .collect()
    }

    fn ahead(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        let ahead = self.1.lock();
        ahead.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// All that was typed since the last line, read as far as it came by now.
    pub fn read_ahead(&self) -> Vec<u8> {
        let mut ahead = self.ahead();
        if let Some((device, _)) = &self.0
            && ahead.len() < MOST_AHEAD
            && let Ok(count @ 1..) = rustix::io::ioctl_fionread(device)
        {
            let mut buffer = vec![0; count.min(MOST_AHEAD as u64) as usize];
            // Nothing is there if whoever ends the process took it.
            if let Ok(count) = rustix::io::read(device, &mut buffer) {
                ahead.extend_from_slice(&buffer[..count]);
            }
        }
        ahead.clone()
    }

    /// Takes so many bytes of what was read ahead.
    pub fn take_ahead(&self, most: usize) -> Vec<u8> {
        let mut ahead = self.ahead();
        let count = ahead.len().min(most);
        ahead.drain(..count).collect()
    }

    /// How many bytes were typed that no line has yet.
    pub fn unread(&self) -> u64 {
        self.ahead().len() as u64 + unread()
    }

    /// Whether something was typed that no line has yet.
    pub fn has_input(&self) -> bool {
        self.unread() > 0
    }

    /// Has every key arrive as it is, as the line editor wants it.
    pub fn set_raw(&self) {
        if let Some((device, mode)) = &self.0 {
            let (mut raw, output) = (mode.clone(), mode.output_modes);
            raw.make_raw();
            // A line feed is a line end on the screen.
            raw.output_modes = output;
            Mode(Some((device.clone(), raw)), self.1.clone()).restore();
        }
    }

    /// Has the terminal mark pastes, or no longer.
    pub fn mark_pastes(&self, is_on: bool) {
        if let Some((device, _)) = &self.0 {
            let _ = rustix::io::write(device, if is_on { PASTE_ON } else { PASTE_OFF });
        }
    }

    /// Stops the process in the middle of a line, and returns when it goes on.
    pub fn stop(&self) {
        use rustix::process::{Signal, kill_current_process_group};
        self.restore();
        let _ = rustix::io::write(rustix::stdio::stdout(), PASTE_OFF);
        // Whoever started the program may wait for it and is stopped, too, as by the terminal.
        let _ = kill_current_process_group(Signal::TSTP);
        self.set_raw();
        let _ = rustix::io::write(rustix::stdio::stdout(), PASTE_ON);
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
        if let Some((device, mode)) = &self.0 {
            let mut quiet = mode.clone();
            quiet
                .local_modes
                .remove(LocalModes::ECHO | LocalModes::ICANON);
            // Without NOFLSH, Ctrl-C would throw away what was typed ahead.
            quiet
                .local_modes
                .insert(LocalModes::ISIG | LocalModes::NOFLSH);
            Mode(Some((device.clone(), quiet)), self.1.clone()).restore();
        }
    }
}

#[cfg(not(unix))]
#[derive(Clone, Default)]
pub struct Mode;

#[cfg(not(unix))]
impl Mode {
    pub fn current() -> Self {
        Mode
    }

    pub fn restore(&self) {}

    pub fn restore_after_editor(&self, _: bool) {}

    pub fn take_input(&self) -> String {
        String::new()
    }

    pub fn read_ahead(&self) -> Vec<u8> {
        Vec::new()
    }

    pub fn unread(&self) -> u64 {
        0
    }

    pub fn has_input(&self) -> bool {
        false
    }

    pub fn set_quiet(&self) {}

    pub fn set_raw(&self) {}

    pub fn mark_pastes(&self, _: bool) {}

    pub fn stop(&self) {}

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
