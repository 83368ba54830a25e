//! A real pseudo terminal with an emulator behind it, so that tests see what a person would: a
//! screen.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pts, Pty};

use super::limit::{self, Limit};
use super::process::{Signal, signal};
use super::program::{Program, assert_no_key};
use super::turn::Turn;

/// How long a test waits for the screen to show something before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program on a terminal.
pub struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    shared: Arc<Shared>,
    /// Keeps the terminal open after the program's end, for a look at its modes.
    device: File,
    _turn: Option<Turn>,
}

struct Shared {
    screen: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    /// Everything that was written, escape sequences and all.
    raw: Vec<u8>,
    closed: bool,
}

impl Terminal {
    /// Starts the program on a terminal of this size; with the sandbox's model that answers at once,
    /// unless it is told which.
    pub fn start(program: &Program, arguments: &[&str], rows: u16, columns: u16) -> Self {
        let binary = assert_cmd::cargo::cargo_bin!("heroku-chat")
            .display()
            .to_string();
        let mut arguments = arguments.to_vec();
        let place = arguments.iter().position(|it| *it == "--sandbox");
        if let Some(place) = place.filter(|_| !arguments.contains(&"-m")) {
            arguments.splice(place + 1..place + 1, ["-m", "sandbox-echo"]);
        }
        Terminal::start_program(program, &binary, &arguments, rows, columns)
    }

    /// Starts a chat with these arguments, and waits for its prompt.
    pub fn chat(program: &Program, arguments: &[&str], columns: u16) -> Self {
        let terminal = Terminal::start(program, arguments, 40, columns);
        terminal.wait_for_prompt();
        terminal
    }

    /// Starts another program, such as a shell that starts ours.
    pub fn start_program(
        program: &Program,
        command: &str,
        arguments: &[&str],
        rows: u16,
        columns: u16,
    ) -> Self {
        let variables = program.variables().iter();
        let variables = variables.map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
        let turn = Turn::of(&variables.collect(), arguments.iter().map(OsStr::new));
        let (pty, pts) = pty_process::blocking::open().expect("a pseudo terminal");
        pty.resize(Size::new(rows, columns)).expect("its size");
        let device = terminal_device(&pts);
        let mut command = Command::new(command).args(arguments).env_clear();
        command = command
            .env("TERM", "xterm-256color")
            // What an interactive shell runs first.
            .env("ENV", program.folder.path().join("start-up.sh"))
            .envs(program.variables())
            .current_dir(program.work());
        let child = command.spawn(pts).expect("the program starts");
        let pty = Arc::new(pty);
        // A terminal that doesn't know its size says 0, and has one all the same.
        let size = |number: u16, unknown: u16| {
            std::num::NonZeroU16::new(if number == 0 { unknown } else { number })
                .expect("a size above zero")
        };
        let state = State {
            parser: vt100::Parser::new(size(rows, 24), size(columns, 80), 0),
            raw: Vec::new(),
            closed: false,
        };
        let shared = Arc::new(Shared {
            screen: Mutex::new(state),
            changed: Condvar::new(),
        });
        let (reading, screen) = (Arc::clone(&pty), Arc::clone(&shared));
        thread::spawn(move || read(&reading, &screen));
        Terminal {
            pty,
            child,
            shared,
            device,
            _turn: turn,
        }
    }

    /// Starts an interactive shell, which finds `heroku-chat`, and waits for its prompt, `$`.
    pub fn shell(program: &Program, rows: u16) -> Self {
        let binary = assert_cmd::cargo::cargo_bin!("heroku-chat");
        let link = program.folder.path().join("bin/heroku-chat");
        std::os::unix::fs::symlink(binary, link).expect("a link to the program");
        // Some shells take no PS1 from the environment if root runs them, and some edit lines.
        program.file("../start-up.sh", "PS1='$ '\nset +o vi +o emacs\n");
        let terminal = Terminal::start_program(program, "/bin/sh", &["-i"], rows, 80);
        terminal.wait_for("$");
        terminal
    }

    /// Starts a chat from an interactive shell, which has its jobs under control, and waits for the
    /// chat's prompt.
    pub fn in_shell(program: &Program) -> Self {
        let terminal = Terminal::shell(program, 24);
        terminal.send("heroku-chat\r");
        terminal.wait_for("/help for help");
        terminal.wait_until("the prompt", |screen| screen.trim_end().ends_with("\n>"));
        terminal
    }

    /// Types.
    pub fn send(&self, keys: &str) {
        (&*self.pty)
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Types a line and waits for these words, and then for the next prompt. The words must not be
    /// on the screen before.
    pub fn run(&self, line: &str, words: &str) -> String {
        let before = self.screen();
        assert!(
            !before.contains(words),
            "{words:?} was there before:\n{before}"
        );
        self.send(line);
        self.send("\r");
        self.wait_for(words);
        self.wait_for_prompt()
    }

    /// Clears the screen, so that words that were there can be waited for again.
    pub fn clear(&self) {
        self.send("\x0c");
        self.wait_until("a clear screen", |screen| screen.trim() == ">");
    }

    /// Changes the window's size.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.pty
            .resize(Size::new(rows, columns))
            .expect("another size");
        let size = |number| std::num::NonZeroU16::new(number).expect("a size above zero");
        self.shared
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .parser
            .screen_mut()
            .set_size(size(rows), size(columns));
    }

    /// What the screen shows.
    pub fn screen(&self) -> String {
        self.shared
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .parser
            .screen()
            .contents()
    }

    /// The screen with its colours.
    pub fn vt100(&self) -> vt100::Screen {
        let state = self.shared.screen.lock();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        state.parser.screen().clone()
    }

    /// All that was ever written to the terminal.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(
            &self
                .shared
                .screen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .raw,
        )
        .into_owned()
    }

    /// Waits until the screen is as wanted, and returns it.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self
            .shared
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            let screen = state.parser.screen().contents();
            if wanted(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !state.closed,
                "waited for {what}; the screen:\n{screen}"
            );
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits until the screen shows these words.
    pub fn wait_for(&self, words: &str) -> String {
        self.wait_until(words, |screen| screen.contains(words))
    }

    /// Waits for an empty prompt on the last line.
    pub fn wait_for_prompt(&self) -> String {
        self.wait_until("an empty prompt", |screen| {
            screen.trim_end().ends_with("\n>") || screen.trim() == ">"
        })
    }

    /// Waits until so many bytes that were typed wait to be read, which no byte on the screen
    /// tells.
    pub fn wait_until_typed(&self, bytes: u64) {
        let deadline = Instant::now() + PATIENCE;
        while rustix::io::ioctl_fionread(&self.device).expect("a terminal") < bytes {
            assert!(Instant::now() < deadline, "what was typed did not arrive");
            thread::yield_now();
        }
    }

    /// Waits until the terminal doesn't echo, which no byte on the screen tells.
    pub fn wait_until_quiet(&self) {
        let deadline = Instant::now() + PATIENCE;
        let echoes = || {
            let mode = rustix::termios::tcgetattr(&self.device).expect("a terminal");
            mode.local_modes.contains(rustix::termios::LocalModes::ECHO)
        };
        while echoes() {
            assert!(Instant::now() < deadline, "the terminal still echoes");
            thread::yield_now();
        }
    }

    /// Waits for the program's end and returns its exit code.
    pub fn wait_for_end(mut self) -> i32 {
        let process = self.child.id();
        let _limit = Limit::new(limit::RUN, move || _ = signal(process, Signal::KILL));
        let status = self.child.wait().expect("the program ends");
        status.code().unwrap_or_else(|| {
            let (limit, screen) = (limit::RUN.as_secs(), self.screen());
            panic!("ended by a signal, or after {limit} s: {status:?}; the screen:\n{screen}")
        })
    }

    /// The terminal itself, as a program on it would see it.
    pub fn device(&self) -> File {
        self.device.try_clone().expect("another handle")
    }

    /// The process, to send signals to.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            assert_no_key(&self.raw());
        }
    }
}

/// Whether a terminal echoes and takes lines, as a shell's does.
pub fn is_sane(device: &File) -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    let mode = tcgetattr(device).expect("a terminal");
    mode.local_modes
        .contains(LocalModes::ECHO | LocalModes::ICANON)
}

fn terminal_device(pts: &Pts) -> File {
    File::from(pts.as_fd().try_clone_to_owned().expect("another handle"))
}

fn read(pty: &Pty, shared: &Shared) {
    let mut buffer = [0; 8192];
    loop {
        // The last program to close its side ends the terminal with an error on Linux.
        let count = { pty }.read(&mut buffer).unwrap_or(0);
        let mut state = shared.screen.lock().unwrap_or_else(PoisonError::into_inner);
        if count == 0 {
            state.closed = true;
        }
        state.raw.extend_from_slice(&buffer[..count]);
        state.parser.process(&buffer[..count]);
        shared.changed.notify_all();
        if count == 0 {
            return;
        }
    }
}
