//! `heroku-chat prompts`: the prompts that have a name.

use crate::app::{Context, prompts};
use crate::cli::{PromptsArgs, PromptsCommand};
use crate::error::{Error, ExitStatus};
use crate::repl;
use crate::screen::Overflow;

/// Runs the command that was given.
///
/// # Errors
/// A prompt that isn't there or can't be used, and the failures of an editor.
pub fn run(args: &PromptsArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    match args.command.as_ref().unwrap_or(&PromptsCommand::List) {
        PromptsCommand::List => {
            let origin = |is_own| if is_own { "yours" } else { "built in" };
            let rows = prompts::list().into_iter();
            let rows = rows.map(|it| [it.name, origin(it.is_own).to_owned(), it.about]);
            context
                .screen
                .table(Some(["NAME", "FROM", "ABOUT"]), rows, Overflow::Cut)?;
        }
        PromptsCommand::Show { name } => {
            let name = name.trim_start_matches('@');
            let text = prompts::text_of(name)?.ok_or_else(|| prompts::no_prompt(name))?;
            context.screen.print(&text)?;
        }
        PromptsCommand::Edit { name } => edit(name.trim_start_matches('@'), context)?,
    }
    Ok(ExitStatus::Done)
}

/// Has the user edit a prompt, which is their own from then on.
fn edit(name: &str, context: &mut Context) -> Result<(), Error> {
    let text = prompts::to_edit(name)?;
    let edited = repl::edit(&text, ".md", &context.environment)?;
    let edited = edited.trim_end();
    if edited == text.trim_end() {
        context
            .screen
            .note("nothing was changed, and nothing is written");
        return Ok(());
    }
    let path = prompts::save(name, &format!("{edited}\n"))?;
    // A slip in its head is told now, and kept: everything else in it is the user's work.
    prompts::known(name)?;
    let note = format!("@{name} is {}", path.display());
    context.screen.note(&note);
    Ok(())
}
