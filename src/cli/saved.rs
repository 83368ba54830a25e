//! What is typed behind commands about what is saved: conversations, their tokens, and prompts.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args as ClapArgs, Subcommand};

use super::{Format, price};

/// `heroku-chat sessions`.
#[derive(Clone, Debug, ClapArgs)]
pub struct SessionsArgs {
    #[command(subcommand)]
    pub command: Option<SessionsCommand>,
    /// those with the sandbox, which stand apart
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// print JSON
    #[arg(short, long)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    /// list them, newest first (the default)
    #[command(after_help = "EXAMPLES\n  $ heroku-chat sessions list --json")]
    List {
        /// print JSON
        #[arg(short, long)]
        json: bool,
    },
    /// print what was said
    #[command(after_help = "EXAMPLES\n  \
            $ heroku-chat sessions show release-notes\n  \
            $ heroku-chat sessions show --json 2026-11-23")]
    Show {
        /// name of the session, or the beginning of one
        #[arg(id = "saved", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// print JSON
        #[arg(short, long)]
        json: bool,
    },
    /// find messages that contain all of the words
    #[command(after_help = "EXAMPLES\n  $ heroku-chat sessions search dyno memory")]
    Search {
        /// words to find, in upper or lower case
        #[arg(
            value_name = "WORD",
            required = true,
            value_parser = NonEmptyStringValueParser::new()
        )]
        words: Vec<String>,
        /// print JSON
        #[arg(short, long)]
        json: bool,
    },
    /// print one as a document, as JSON, or as code that asks its last prompt again
    #[command(
        after_help = "Code reads INFERENCE_URL, INFERENCE_KEY and INFERENCE_MODEL_ID from the \
            environment.\n\n\
            EXAMPLES\n  \
            $ heroku-chat sessions export release-notes > notes.md\n  \
            $ heroku-chat sessions export release-notes --output ask.rb"
    )]
    Export(SessionsExportArgs),
    /// delete some of them, or all
    #[command(after_help = "EXAMPLES\n  \
            $ heroku-chat sessions delete release-notes\n  \
            $ heroku-chat sessions delete --all")]
    Delete(SessionsDeleteArgs),
}

/// `heroku-chat sessions export`.
#[derive(Clone, Debug, ClapArgs)]
pub struct SessionsExportArgs {
    /// name of the session, or the beginning of one
    #[arg(id = "saved", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// how to write it; by default the file's name decides, else markdown
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// file to write; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `heroku-chat sessions delete`.
#[derive(Clone, Debug, ClapArgs)]
pub struct SessionsDeleteArgs {
    /// names of sessions, or beginnings of names
    #[arg(
        id = "saved",
        value_name = "NAME",
        required_unless_present = "all",
        conflicts_with = "all",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub names: Vec<String>,
    /// delete all of them
    #[arg(long)]
    pub all: bool,
    /// skip the question
    #[arg(long)]
    pub yes: bool,
}

/// `heroku-chat usage`.
#[derive(Clone, Debug, ClapArgs)]
pub struct UsageArgs {
    /// print JSON
    #[arg(short, long)]
    pub json: bool,
    /// price of a model in US$ for a million tokens; may be given several times
    #[arg(long, value_name = "MODEL=IN/OUT", value_parser = price::price)]
    pub price: Vec<price::Price>,
}

/// `heroku-chat prompts`.
#[derive(Clone, Debug, ClapArgs)]
pub struct PromptsArgs {
    #[command(subcommand)]
    pub command: Option<PromptsCommand>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum PromptsCommand {
    /// list them (the default)
    #[command(after_help = "EXAMPLES\n  $ heroku-chat prompts list")]
    List,
    /// print one, with its head
    #[command(after_help = "EXAMPLES\n  $ heroku-chat prompts show commit")]
    Show {
        /// name of the prompt
        #[arg(id = "named", value_name = "NAME")]
        name: String,
    },
    /// edit one in $VISUAL or $EDITOR; of one that is built in, your own is made
    #[command(after_help = "EXAMPLES\n  $ heroku-chat prompts edit commit")]
    Edit {
        /// name of the prompt
        #[arg(id = "named", value_name = "NAME")]
        name: String,
    },
}
