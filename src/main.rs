//! heroku-chat: chat with the models of Heroku Managed Inference from the terminal.
//!
//! The program as a story: parse the command line, collect the settings, run the command, explain
//! what went wrong, end with an exit code.
//!
//! ```text
//!            argv  env  .env  heroku                     keyboard
//!              │     │    │     │                           │
//!  main ───── cli ── config ────┘── commands ─┬─ repl ──────┘  the only user of rustyline
//!              │      │             context,  ├─ doctor         facts, verdicts, one report
//!              │      │             saving    └─ sandbox        listens on loopback
//!              │      └ heroku, git, editor
//!              │        child: other programs
//!              │      export             turn      one chat turn, the same for REPL and ask
//!              │               ┌───────────┼─────────────┐
//!  error     conversation     api          interrupt     ui
//!  all prose   messages        chat, models  signals      the only writer
//!  exit codes                  reply, sse                 markdown
//!                              exchange                   terminal modes
//!                              http: attohttpc  store, input, file: files
//! ```
//! Arrows point down. Each outside thing has one home, which `tests/layers.rs` checks. `plugin`
//! knows what commands are called in the Heroku CLI, `markdown` what a line of Markdown is.

mod api;
mod chat;
mod child;
mod cli;
mod commands;
mod config;
mod context;
mod conversation;
mod doctor;
mod editor;
mod environment;
mod error;
mod export;
mod file;
mod following;
mod git;
mod heroku;
mod input;
mod interrupt;
mod markdown;
mod nearest;
mod plugin;
mod repl;
mod sandbox;
mod saving;
mod secret;
mod shell;
mod store;
mod ui;

use std::process::ExitCode;

use clap::CommandFactory;
use context::Context;
use environment::Environment;
use error::{Error, ExitStatus};
use interrupt::Interrupts;
use plugin::Spelling;
use ui::Ui;

fn main() -> ExitCode {
    let environment = Environment::from_process();
    let topic = environment.get(plugin::TOPIC_VARIABLE);
    let spelling = topic
        .map(|topic| Spelling::below(topic, &cli::Args::command()))
        .unwrap_or_default();
    let args = cli::Args::from_command_line(&spelling);
    let mut ui = Ui::new(&args.output, spelling, &environment);
    let status = match Interrupts::install() {
        Ok(interrupts) => run(
            args,
            Context {
                environment,
                ui,
                interrupts,
            },
        ),
        Err(error) => {
            ui.explain(&Error::System {
                what: "listening for signals",
                reason: error.to_string(),
            });
            ExitStatus::Fixable
        }
    };
    status.into()
}

fn run(args: cli::Args, mut context: Context) -> ExitStatus {
    match commands::run(args, &mut context) {
        Ok(status) => status,
        Err(error) => {
            // Ctrl-C and a closed pipe are the user's own doing and need no words.
            if !matches!(error, Error::Interrupted | Error::ReaderGone) {
                context.ui.explain(&error);
            }
            error.exit_status()
        }
    }
}
