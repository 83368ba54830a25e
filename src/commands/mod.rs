//! A file per subcommand.

mod ask;
mod chat;
mod completions;
mod config;
mod doctor;
mod first_word;
mod help;
mod models;
mod prompts;
mod sandbox;
mod sessions;
mod usage;
mod why;

use crate::app::saving::{Saving, last_model};
use crate::app::{Connection, Context, text_or_file};
use crate::chat::Chat;
use crate::cli::{Args, ChatArgs, ChatSettings, Command};
use crate::error::{Error, ExitStatus};

/// Runs the command that was given.
pub fn run(args: Args, context: &mut Context) -> Result<ExitStatus, Error> {
    let command = args.command.unwrap_or(Command::Chat {
        prompt: Vec::new(),
        args: args.chat,
    });
    match command {
        Command::Chat { prompt, args } => chat::run(&args, prompt, context),
        Command::Ask(ask) => {
            // With a file it can be nothing else than a prompt.
            if args.is_bare_prompt && ask.files.is_empty() && ask.images.is_empty() {
                first_word::check(&ask.prompt)?;
            }
            ask::run(&ask, context)
        }
        Command::Config(args) => config::run(&args, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Why(args) => why::run(&args, context),
        Command::Models(args) => models::run(&args, context),
        Command::Sessions(args) => sessions::run(&args, context),
        Command::Usage(args) => usage::run(&args, context),
        Command::Prompts(args) => prompts::run(&args, context),
        Command::Sandbox { port } => sandbox::run(port, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Help(args) => help::run(&args, context),
    }
}

/// The conversation that the flags mean, and what it stands on. Its model is empty if none is set.
fn open(
    args: &ChatArgs,
    saves_unnamed: bool,
    context: &mut Context,
) -> Result<(Chat, Saving, Connection, ChatSettings), Error> {
    let system = args.system.as_deref().map(text_or_file);
    let system = system.transpose()?;
    let settings = context.settings(&args.settings)?;
    let screen = &mut context.screen;
    let (restored, saving) = Saving::begin(args, &settings, saves_unnamed, screen)?;
    let connection = context.connect(&args.connection)?;
    let set = connection
        .settings
        .model
        .as_ref()
        .map(|model| model.value.clone());
    let model = match args.connection.model {
        Some(_) => set,
        None => last_model(&restored, set, &connection, &mut context.screen),
    };
    let options = settings.values.request.clone();
    let client = connection.client.clone();
    let mut chat = Chat::new(
        client,
        model.unwrap_or_default(),
        options,
        restored.conversation,
    );
    chat.costs = restored.costs;
    chat.spending = settings.values.spending.clone();
    if system.is_some() {
        chat.conversation.set_system(system);
    }
    Ok((chat, saving, connection, settings))
}
