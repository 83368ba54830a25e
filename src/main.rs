//! heroku-chat: chat with the models of Heroku Managed Inference from the terminal.
//!
//! The program as a story: parse the command line, collect the settings, run the command, explain
//! what went wrong, end with an exit code.
//!
//! ```text
//! commands    a file per subcommand
//! repl        the chat on a terminal; the only user of rustyline
//! doctor      facts, checks, one report
//! app         what they stand on: environment, outputs, interrupts, service, saving
//! chat        a conversation with a model; a turn is pulled and knows no screen
//! export      conversations as documents and as code
//! heroku      the Heroku CLI and what it prints; Heroku's Platform API
//! api         the protocol: requests, answers, failures, catalogue; one kind of call
//! net         the wire: HTTP (attohttpc), proxies, TLS, exchanges
//! why         an app's log: reduced, masked, judged by rules; pure
//! screen      the only writer; the terminal
//! store       saved conversations and history
//! config      environment, `.env`, keys, git; where a setting comes from
//! files       files of the user, and text from files and standard input
//! interrupt   Ctrl-C and the signals that end the program
//! sandbox     a local server of the same API
//! markdown    what a line is, and how it is drawn; pure
//! conversation  messages, turns, attachments; pure
//! error       every failure, and its words
//! cli         the command line as typed: clap's definitions, settings, spelling, completion
//! ```
//! A room names only those below it, and each outside thing has one home: `tests/layers.rs` holds
//! both lists.

mod api;
mod app;
mod chat;
mod cli;
mod commands;
mod config;
mod conversation;
mod doctor;
mod error;
mod export;
mod files;
mod heroku;
mod interrupt;
mod markdown;
mod net;
mod repl;
mod sandbox;
mod screen;
mod store;
mod why;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::mpsc;

use app::{Context, keeping};
use clap::CommandFactory;
use cli::spelling::{self, Spelling};
use config::environment::Environment;
use config::secret;
use error::{Error, ExitStatus};
use interrupt::Interrupts;
use screen::Screen;

/// musl's own is slow.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    secret::stay_out_of_core_dumps();
    let environment = Environment::from_process();
    let topic = environment.get(spelling::TOPIC_VARIABLE);
    let spelling = topic
        .map(|topic| Spelling::below(topic, &cli::Args::command()))
        .unwrap_or_default();
    let keep = |given: &_, root: &_| keeping::read(given, root, &environment);
    let (args, kept) = cli::Args::from_command_line(&spelling, &keep);
    let mut screen = Screen::new(&args.output, spelling, &environment);
    // While it is completed, a line has no place for them.
    if !matches!(args.command, Some(cli::Command::Completions(_))) {
        let problems = kept.problems.iter();
        problems.for_each(|problem| screen.warning(problem));
    }
    let status = match Interrupts::install(screen.has_continued()) {
        Ok(interrupts) => run(
            args,
            Context {
                environment,
                screen,
                interrupts,
                heard: None,
                kept,
            },
        ),
        Err(error) => {
            screen.explain(&Error::System {
                what: "listening for signals",
                reason: error.to_string(),
            });
            ExitStatus::Fixable
        }
    };
    status.into()
}

fn run(args: cli::Args, mut context: Context) -> ExitStatus {
    // What owns the terminal gives it back while a panic unwinds; then there is a place for words.
    let fault = watch_for_panics();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| commands::run(args, &mut context)));
    let outcome = outcome.unwrap_or_else(|_| Err(Error::Fault(fault.try_iter().collect())));
    match outcome {
        Ok(status) => status,
        Err(error) => {
            // Ctrl-C and a closed pipe are the user's own doing and need no words.
            if !matches!(error, Error::Interrupted | Error::ReaderGone) {
                context.screen.explain(&error);
            }
            error.exit_status()
        }
    }
}

/// Keeps what a panic of this thread says, for when it can be told, and without the key. Those of
/// other threads are told at once, and end no chat.
fn watch_for_panics() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let (usual, this) = (panic::take_hook(), std::thread::current().id());
    panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() != this {
            return usual(panic);
        }
        let place = panic.location().map_or("", |place| place.file());
        let line = panic.location().map_or(0, |place| place.line());
        let reason = panic.payload_as_str().unwrap_or("no reason was given");
        _ = sender.send(format!("{place}:{line}: {reason}"));
    }));
    receiver
}
