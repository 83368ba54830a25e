//! Man pages: `heroku-chat.1`, and one for each subcommand.

use std::fs;
use std::path::Path;

use clap::Command;

use crate::Result;

/// Writes the pages.
pub fn write(root: &Command, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(root.clone(), folder)?;
    Ok(())
}
