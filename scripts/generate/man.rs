//! Man pages: `heroku-chat.1`, and one for each subcommand.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use clap::Command;

use crate::Result;
use crate::cli::help::notes_and_examples;

/// Writes the pages.
pub fn write(root: &Command, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(without_after_help(root.clone()), folder)?;
    append_after_help(root, root.get_name(), folder)
}

/// clap_mangen would put it under a heading of its own, EXTRA.
fn without_after_help(command: Command) -> Command {
    command
        .after_help(None::<&str>)
        .mut_subcommands(without_after_help)
}

fn append_after_help(command: &Command, name: &str, folder: &Path) -> Result<()> {
    let (notes, examples) = notes_and_examples(command);
    let mut page = OpenOptions::new()
        .append(true)
        .open(folder.join(format!("{name}.1")))?;
    write_section(&mut page, "NOTES", &notes)?;
    write_section(&mut page, "EXAMPLES", &examples.join("\n"))?;
    let mut below = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    below.try_for_each(|command| {
        append_after_help(command, &format!("{name}-{}", command.get_name()), folder)
    })
}

fn write_section(page: &mut File, heading: &str, text: &str) -> Result<()> {
    if !text.trim().is_empty() {
        let escaped = text.trim().replace('\\', "\\e").replace('-', "\\-");
        let lines = escaped
            .lines()
            .map(|line| format!("{}\n", line.trim()))
            .collect::<String>();
        write!(page, ".SH {heading}\n.nf\n{lines}.fi\n")?;
    }
    Ok(())
}
