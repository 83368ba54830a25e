//! A row of the table, and what is checked of each.

use std::any::Any;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::support::{
    Api, Exchange, KEY, Program, Signal, Terminal, event, signal, sse_head,
};

/// How long a row may take with either: no fault may hold anybody up for longer, whatever else the
/// machine does.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory of any row, in MiB: a response of 64 MiB, a few times over.
const MEMORY: u64 = 320;

/// Ends each healthy stream.
pub const DONE: &str = "event:done\ndata:[DONE]\n\n";

/// What the server does with a request.
type Act = Arc<dyn Fn(&mut Exchange) + Send + Sync>;

/// A program in surroundings that are wrong, and what has to live while it runs.
type Surroundings = Box<dyn Fn() -> (Program, Vec<Box<dyn Any>>) + Send + Sync>;

enum Cause {
    Server(Act),
    Surroundings(Surroundings),
}

/// A misbehaviour, and what is to come of it.
pub struct Fault {
    pub name: String,
    cause: Cause,
    flags: &'static [&'static str],
    /// Whether the first request alone goes wrong; the next has an answer.
    passes: bool,
    code: i32,
    /// All that `ask` prints; the chat shows it.
    text: &'static str,
    /// Words of the message; empty if nothing need be said.
    says: &'static str,
    /// Whether there is more text than a test compares, or text that no screen shows.
    is_text_unseen: bool,
}

impl Fault {
    /// The server does this.
    pub fn acts(
        name: impl Into<String>,
        act: impl Fn(&mut Exchange) + Send + Sync + 'static,
        code: i32,
        text: &'static str,
        says: &'static str,
    ) -> Self {
        Fault {
            name: name.into(),
            cause: Cause::Server(Arc::new(act)),
            flags: &[],
            passes: false,
            code,
            text,
            says,
            is_text_unseen: false,
        }
    }

    /// The server sends this, and closes.
    pub fn sends(
        name: impl Into<String>,
        response: impl Into<Vec<u8>>,
        code: i32,
        text: &'static str,
        says: &'static str,
    ) -> Self {
        let response = response.into();
        let act = move |exchange: &mut Exchange| write(exchange, &response);
        Fault::acts(name, act, code, text, says)
    }

    /// The program is set up like this.
    pub fn set_up(
        name: impl Into<String>,
        set_up: impl Fn() -> (Program, Vec<Box<dyn Any>>) + Send + Sync + 'static,
        code: i32,
        says: &'static str,
    ) -> Self {
        Fault {
            cause: Cause::Surroundings(Box::new(set_up)),
            ..Fault::acts(name, |_| (), code, "", says)
        }
    }

    pub fn with(self, flags: &'static [&'static str]) -> Self {
        Fault { flags, ..self }
    }

    /// What is printed is not compared.
    pub fn with_any_text(self) -> Self {
        Fault {
            is_text_unseen: true,
            ..self
        }
    }

    /// Only the first request goes wrong.
    pub fn once(self) -> Self {
        Fault {
            passes: true,
            ..self
        }
    }

    /// A fresh server, and the program for it.
    fn start(&self) -> (Program, Vec<Box<dyn Any>>) {
        let act = match &self.cause {
            Cause::Surroundings(set_up) => return set_up(),
            Cause::Server(act) => Arc::clone(act),
        };
        let (count, passes) = (AtomicUsize::new(0), self.passes);
        let api = Api::serve(move |exchange| {
            let messages = exchange.request.json()["messages"].clone();
            let last = messages.as_array().and_then(|all| all.last().cloned());
            let is_next = last.is_some_and(|message| message["content"] == "next");
            if is_next || passes && count.fetch_add(1, SeqCst) > 0 {
                exchange.send(&healthy(if is_next { "All is well" } else { "At last" }));
            } else {
                act(exchange);
            }
        });
        (Program::for_service(&api.url()), vec![Box::new(api)])
    }

    fn ask(&self) -> u64 {
        let (program, _servers) = self.start();
        let arguments = ["ask"].iter().chain(self.flags).chain(&["fault"]);
        let command = program.process(&arguments.copied().collect::<Vec<_>>());
        let (code, stdout, stderr, peak) = measured(command);
        let told = format!("stdout:\n{}\nstderr:\n{stderr}", excerpt(&stdout));
        assert_eq!(code, self.code, "exit code; {told}");
        assert!(
            self.is_text_unseen || stdout.trim_end() == self.text,
            "output; {told}"
        );
        assert!(plain(&stderr).contains(self.says), "message; {told}");
        assert!(!stderr.contains("panicked"), "{told}");
        assert!(
            !format!("{stdout}{stderr}").contains(KEY),
            "the key was shown"
        );
        peak
    }

    fn chat(&self) -> u64 {
        let (program, _servers) = self.start();
        let terminal = Terminal::chat(&program, self.flags, 200);
        terminal.send("fault\r");
        // What was told before another attempt is gone by then.
        let is_told = !self.says.is_empty() && !self.passes;
        let words = if is_told { self.says } else { self.text };
        let prompt = |screen: &str| {
            let last = screen.trim_end().rsplit('\n').next().unwrap_or_default();
            // A prompt without an answer is offered again.
            matches!(last.trim_end(), ">" | "> fault")
        };
        let told = |screen: &str| plain(screen).contains(&plain(words)) && prompt(screen);
        let screen = terminal.wait_until(&format!("{words:?} and a prompt"), told);
        let is_shown = plain(&screen).contains(&plain(self.text));
        // It may have left the screen.
        let is_kept = is_shown || terminal.raw().contains(self.text);
        assert!(is_kept, "text:\n{screen}");
        // Away with the prompt that is offered, and with words that the next turn repeats.
        terminal.send("\x15");
        terminal.clear();
        let expected = match self.cause {
            Cause::Server(_) => "All is well",
            // They are as wrong as before, and the chat goes on.
            Cause::Surroundings(_) => words,
        };
        terminal.send("next\r");
        terminal.wait_until(expected, |screen| plain(screen).contains(expected));
        assert!(!holds_key(&program.home()), "the key was saved");
        peak(terminal.process_id()).unwrap_or(0)
    }
}

/// Runs rows against both, some at a time, and fails with all that failed.
pub fn run(rows: Vec<&Fault>, at_a_time: usize) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let highest = Mutex::new((0, String::new()));
    let work = || {
        while let Some(row) = rows.get(next.fetch_add(1, SeqCst)) {
            for (by, check) in [
                ("ask", Fault::ask as fn(&Fault) -> u64),
                ("chat", Fault::chat),
            ] {
                let begun = Instant::now();
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    let peak = check(row);
                    assert!(peak / 1024 < MEMORY, "it took {} MiB", peak / 1024);
                    assert!(begun.elapsed() < PATIENCE, "took {:?}", begun.elapsed());
                    peak
                }));
                let name = format!("{}, {by}", row.name);
                println!("{:>6.1} s  {name}", begun.elapsed().as_secs_f64());
                match outcome {
                    Ok(peak) => {
                        let mut highest = highest.lock().unwrap();
                        *highest = highest.clone().max((peak / 1024, name));
                    }
                    Err(reason) => {
                        let reason = reason.downcast_ref::<String>().cloned();
                        failed
                            .lock()
                            .unwrap()
                            .push((name, reason.unwrap_or_default()));
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        (0..at_a_time).for_each(|_| _ = scope.spawn(work));
    });
    let (peak, name) = highest.into_inner().unwrap();
    println!("{} rows; the highest peak: {peak} MiB ({name})", rows.len());
    let failed = failed.into_inner().unwrap();
    let told = failed
        .iter()
        .map(|(name, reason)| format!("== {name}\n{reason}\n"));
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        told.collect::<String>()
    );
}

/// Exit code, both outputs and the highest use of memory, in KiB.
fn measured(mut command: Command) -> (i32, String, String, u64) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read = |mut from: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut text = Vec::new();
            from.read_to_end(&mut text).expect("a pipe");
            String::from_utf8(text).expect("UTF-8")
        })
    };
    let stdout = read(Box::new(stdout.expect("a pipe")));
    let stderr = read(Box::new(stderr.expect("a pipe")));
    let (begun, mut highest) = (Instant::now(), 0);
    let status = loop {
        // The system keeps the peak only as long as the process lives.
        highest = peak(child.id()).unwrap_or(0).max(highest);
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            signal(child.id(), Signal::KILL);
        }
        thread::sleep(Duration::from_millis(2));
    };
    let [stdout, stderr] = [stdout, stderr].map(|it| it.join().expect("a reader"));
    (status.code().unwrap_or(-1), stdout, stderr, highest)
}

/// The highest use of memory so far, in KiB, where the system tells.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    // Before it runs the program, a process is a copy of this one.
    if !status.starts_with("Name:\theroku-chat\n") {
        return None;
    }
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Whether a file of a folder holds the key.
fn holds_key(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.any(|path| match path.is_dir() {
        true => holds_key(&path),
        false => std::fs::read(&path)
            .is_ok_and(|text| memchr::memmem::find(&text, KEY.as_bytes()).is_some()),
    })
}

/// Words however the lines are broken.
fn plain(text: &str) -> String {
    // The emulator leaves out what stands for no character.
    let text = text.replace('\u{fffd}', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn excerpt(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// Writes all, unless the client goes away, which is its right.
pub fn write(exchange: &mut Exchange, bytes: &[u8]) {
    _ = exchange.stream.write_all(bytes);
}

/// Writes this over and over until the client goes away.
pub fn for_ever(exchange: &mut Exchange, text: &str) {
    while exchange.stream.write_all(text.as_bytes()).is_ok() {}
}

/// Ends the connection with a reset.
pub fn reset(stream: &TcpStream) {
    let at_once = Some(Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(stream, at_once).expect("a socket");
}

/// A stream of these events.
pub fn stream(events: &str) -> String {
    format!("{}{events}", sse_head())
}

pub fn healthy(text: &str) -> String {
    stream(&format!("{}{DONE}", event(text)))
}

/// An event with this choice.
pub fn choice(choice: &str) -> String {
    format!("data: {{\"choices\":[{choice}]}}\n\n")
}
