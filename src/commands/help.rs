//! `heroku-chat help`, and what `-h` and `--help` show.

use clap::{Command, CommandFactory};

use crate::app::Context;
use crate::cli::Args;
use crate::cli::help::{HelpArgs, page};
use crate::error::nearest::nearest;
use crate::error::{Error, ExitStatus};

/// Prints the page of a command.
pub fn run(args: &HelpArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let mut root = Args::command();
    root.build();
    let mut command = &root;
    for word in &args.words {
        command = command.find_subcommand(word).ok_or_else(|| {
            let near = nearest(word, command.get_subcommands().map(Command::get_name));
            let typed = command.get_bin_name().unwrap_or_default();
            Error::NoCommand {
                typed: word.clone(),
                nearest: near.map(|name| format!("{typed} {name}")),
                prompt: None,
            }
        })?;
    }
    let page = page(command, args.short, context.screen.spelling());
    context.screen.headed(&page)?;
    Ok(ExitStatus::Done)
}
