//! Makes what is derived from the definition of the command line.
//!
//! ```text
//! cargo run --example generate -- plugin FOLDER TARGET BINARY    packages of the Heroku CLI's plugin, for npm pack
//! cargo run --example generate -- man FOLDER                     man pages
//! ```
//! It is no part of the program: nobody but scripts/package and scripts/install needs it.

#[allow(
    dead_code,
    unused_imports,
    reason = "the definition is wanted, not what the program makes of it"
)]
#[path = "../../src/cli/mod.rs"]
mod cli;
mod man;
mod manifest;
mod packages;

use std::error::Error;
use std::path::Path;

use clap::CommandFactory;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut root = cli::Args::command();
    root.build();
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["plugin", folder, target, binary] => {
            packages::write(&root, Path::new(folder), target, Path::new(binary))
        }
        ["man", folder] => man::write(&root, Path::new(folder)),
        _ => Err("it takes: plugin FOLDER TARGET BINARY, or man FOLDER".into()),
    }
}
