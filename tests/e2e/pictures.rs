//! The pictures in docs/ are what the program draws today. `scripts/pictures` draws them anew: the
//! same tests, which then write what they would have compared.
//!
//! Each is a real session, typed into a shell on the tests' terminal, with the sandbox for a
//! service. A new picture is a new test. doctor's say on which machine they were drawn, hence the
//! condition.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::Path;
use std::{env, fs};

use super::support::{Program, Terminal, picture};

/// What a session's steps end with: the prompt of the chat, and that of the shell.
const CHAT: &str = "\n>";
const SHELL: &str = "\n$";

/// What is typed, then what the screen has below it and what it ends with. A line ends with Enter.
type Step = (&'static str, &'static str, &'static str);

#[test]
fn chat() {
    check(
        "chat",
        "A chat with heroku-chat",
        "A terminal. heroku-chat starts with its sandbox and a model that reasons: the reasoning \
         is dim, the answer follows. /show last prints the request as a curl command. /model with \
         a misspelt model suggests the right one. An answer of that model, which falls silent, is \
         stopped with Ctrl-C, and what came is kept. Tab lists the commands.",
        &[
            ("heroku-chat --sandbox -m sandbox-thinking\r", "/help", CHAT),
            ("Hello, Heroku!\r", "sandbox-thinking", CHAT),
            ("/show last\r", "\nEND", CHAT),
            ("/model sandbox-stlal\r", "sandbox-thinking.", CHAT),
            ("/model sandbox-stall\r", "now talking", CHAT),
            ("Count for me\r", "This answer stalls", ""),
            ("\x03", "stopped", CHAT),
            ("/", "", "/continue …"),
            ("\t", "/quit", "/continue …"),
        ],
    );
}

#[test]
fn sessions() {
    check(
        "sessions",
        "Files and saved conversations in heroku-chat",
        "A terminal. In the chat, /file puts a Procfile before the next prompt and the sandbox's \
         model repeats both; /usage counts the tokens and /save gives the conversation a name. \
         After that heroku-chat --continue shows where it stood, and /sessions lists it.",
        &[
            ("printf 'web: bin/rails server' > Procfile\r", "", SHELL),
            ("heroku-chat --sandbox -m sandbox-echo\r", "/help", CHAT),
            ("/file Procfile\r", "goes with the next prompt", CHAT),
            ("Is this **right** for Rails?\r", "sandbox-echo", CHAT),
            ("/usage\r", "\nall ", CHAT),
            ("/save procfile\r", "goes on with it", CHAT),
            ("\x04", "", SHELL),
            ("heroku-chat --sandbox --continue\r", "so far", CHAT),
            ("/sessions\r", "TITLE", CHAT),
        ],
    );
}

#[test]
fn markdown() {
    check(
        "markdown",
        "Markdown in heroku-chat",
        "A terminal. heroku-chat ask shows a sample of Markdown with its styles: a bold heading, \
         bold, italic and code in a line, lists, a quote behind a bar, a table with aligned \
         columns, and code.",
        &[(
            "heroku-chat ask --sandbox -m sandbox-markdown \"Show me\"\r",
            "and a rule",
            SHELL,
        )],
    );
}

#[test]
fn doctor_fail() {
    check(
        "doctor-fail",
        "heroku-chat doctor finds what is wrong",
        "A terminal. With a URL without a scheme and a key with a space in it, heroku-chat doctor \
         marks both lines with a red cross, says what is wrong with them, and ends with the first \
         thing to do.",
        &[
            ("export INFERENCE_URL=us.inference.heroku.com\r", "", SHELL),
            ("export INFERENCE_KEY='inf-0123 4567'\r", "", SHELL),
            ("heroku-chat doctor\r", "First: ", SHELL),
        ],
    );
}

#[test]
fn doctor_pass() {
    check(
        "doctor-pass",
        "heroku-chat doctor finds nothing wrong",
        "A terminal. heroku-chat doctor --sandbox --live passes every check, from the URL to a \
         streamed completion, with a green tick each.",
        &[("heroku-chat doctor --sandbox --live\r", " 0 failed.", SHELL)],
    );
}

/// Plays a session, and compares its end with docs/NAME.svg, or writes that.
fn check(name: &str, title: &str, description: &str, steps: &[Step]) {
    let drawn = picture(&play(steps), title, description, steady);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{name}.svg"));
    if env::var_os("DRAW_PICTURES").is_some() {
        return fs::write(path, drawn).expect("a picture in docs/");
    }
    let drawn_before = fs::read_to_string(path).unwrap_or_default();
    let other = drawn
        .lines()
        .find(|line| !drawn_before.lines().any(|before| before == *line));
    assert!(
        drawn == drawn_before,
        "docs/{name}.svg isn't what the program draws today; `scripts/pictures` draws all of them \
         anew. The first line that it lacks:\n{}",
        other.unwrap_or("none: it has lines too many")
    );
}

/// The screen at the end of a session.
fn play(steps: &[Step]) -> vt100::Screen {
    let program = Program::new();
    let terminal = Terminal::shell(&program, 50);
    for (keys, words, end) in steps {
        let line = keys.trim_end_matches('\r');
        terminal.send(line);
        if line != *keys {
            // With the line on the screen, nothing older is taken for what Enter does.
            terminal.wait_for(line);
            terminal.send("\r");
        }
        terminal.wait_until(&format!("{words:?} after {line:?}"), |screen| {
            let below = screen.rsplit_once(line).map_or(screen, |(_, below)| below);
            below.contains(words) && screen.trim_end().ends_with(end)
        });
    }
    let screen = terminal.vt100();
    let first = steps[0].0.trim_end();
    assert!(
        screen.contents().contains(first),
        "{first:?} scrolled off; the screen is too low"
    );
    screen
}

/// A row as it would be on another day and another machine, however busy.
fn steady(row: &str) -> String {
    let row = row.trim_end();
    // doctor says so of a check that took its time.
    let check = row.rsplit_once(" [").filter(|_| row.ends_with("ms]"));
    let row = check.map_or(row, |(check, _)| check);
    let words: Vec<&str> = row.split(' ').collect();
    let steady = words.iter().enumerate().map(|(at, word)| {
        let unit = words.get(at + 1).map(|unit| unit.trim_end_matches(','));
        match (word.split_once("127.0.0.1:"), word.get(..15), unit) {
            (Some((before, after)), ..) => {
                let after = after.trim_start_matches(|port: char| port.is_ascii_digit());
                format!("{before}127.0.0.1:50000{after}")
            }
            (_, Some(day), _) if is_date(day) => word.replace(day, "2026-01-31-0915"),
            (.., Some("s")) => word.replace(|digit: char| digit.is_ascii_digit(), "0"),
            (.., Some("pieces")) => "10".to_owned(),
            _ if *word == env!("CARGO_PKG_VERSION") => "0.1.0".to_owned(),
            _ => (*word).to_owned(),
        }
    });
    steady.collect::<Vec<_>>().join(" ")
}

/// Whether it begins like the name of a session without one: `2026-11-23-0215`.
fn is_date(start: &str) -> bool {
    let digits = |part: &str| part.chars().all(|digit| digit.is_ascii_digit());
    let parts: Vec<&str> = start.split('-').collect();
    parts.iter().map(|part| part.len()).eq([4, 2, 2, 4]) && parts.iter().all(|part| digits(part))
}
