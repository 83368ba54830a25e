//! Flags of more than one command: which app, which service, which conversation, and how to print.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args as ClapArgs, ColorChoice};

use super::ChatSettings;

/// Which app's config vars are meant, and which of them.
#[derive(Clone, Debug, ClapArgs)]
pub struct HerokuArgs {
    /// app whose config vars to use
    #[arg(short, long, value_name = "APP")]
    pub app: Option<String>,
    /// git remote of the app
    #[arg(
        hide_short_help = true,
        short,
        long,
        value_name = "REMOTE",
        conflicts_with = "app"
    )]
    pub remote: Option<String>,
    /// name of the add-on's attachment: the prefix of its config vars
    #[arg(
        hide_short_help = true,
        long = "as",
        value_name = "NAME",
        default_value = "INFERENCE"
    )]
    pub attachment: String,
    /// Whether the app has another use, so that nobody misses this one.
    #[arg(skip)]
    pub has_other_use: bool,
    /// always ask the Heroku CLI for config vars, never Heroku directly
    #[arg(hide_short_help = true, long = "no-direct", action = ArgAction::SetFalse)]
    pub direct: bool,
}

/// Where the service is, and with which key.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Service")]
pub struct ConnectionArgs {
    #[command(flatten)]
    pub heroku: HerokuArgs,
    /// file with the variables, instead of ./.env
    #[arg(hide_short_help = true, long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// base URL of the service, instead of INFERENCE_URL
    #[arg(
        hide_short_help = true,
        long,
        value_name = "URL",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub url: Option<String>,
    /// file that holds the key, instead of INFERENCE_KEY
    #[arg(hide_short_help = true, long, value_name = "PATH")]
    pub key_file: Option<PathBuf>,
    /// model to use, instead of INFERENCE_MODEL_ID
    #[arg(short, long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,
    /// use the built-in sandbox: scripted models, no account, no network
    #[arg(long)]
    pub sandbox: bool,
    /// seconds to wait for the first byte of an answer
    #[arg(
        hide_short_help = true,
        long,
        value_name = "SECONDS",
        default_value_t = 120,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub timeout: u64,
    /// allow http:// to another machine; the key is then sent in clear text
    #[arg(hide_short_help = true, long)]
    pub allow_http: bool,
    /// allow URL and key from different places
    #[arg(hide_short_help = true, long)]
    pub allow_mixed_sources: bool,
}

/// `heroku-chat` and `heroku-chat chat`.
#[derive(Clone, Debug, ClapArgs)]
pub struct ReplArgs {
    #[command(flatten)]
    pub chat: ChatArgs,
    /// continue a saved conversation that you pick from a list
    #[arg(
        hide_short_help = true,
        long,
        help_heading = "Session",
        conflicts_with_all = ["continue_last", "session"]
    )]
    pub resume: bool,
    /// take each line of piped input as a prompt, in one conversation
    #[arg(hide_short_help = true, long)]
    pub lines: bool,
}

/// What every chat is about, be it of one prompt only.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Request")]
pub struct ChatArgs {
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// system prompt, or @FILE to read it from a file; an empty one for none
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true)]
    pub system: Option<String>,
    #[command(flatten)]
    pub settings: ChatSettings,
    /// continue the last saved conversation
    #[arg(
        short = 'c',
        long = "continue",
        conflicts_with = "session",
        help_heading = "Session"
    )]
    pub continue_last: bool,
    /// continue the saved conversation of this name, or start it
    #[arg(
        hide_short_help = true,
        long,
        value_name = "NAME",
        help_heading = "Session"
    )]
    pub session: Option<String>,
}

/// How to print, on every command.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// when to use colours; auto is on a terminal, unless NO_COLOR is set
    #[arg(
        hide_short_help = true,
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColorChoice,
    /// for screen readers: whole lines, nothing redrawn, words for marks; also with ACCESSIBLE=1
    #[arg(hide_short_help = true, long, global = true)]
    pub accessible: bool,
    /// don't read the file of flags
    #[arg(long, global = true)]
    pub no_config: bool,
    /// print heads of requests and responses, and timings, to standard error; the key is redacted
    #[arg(hide_short_help = true, long, global = true)]
    pub debug: bool,
}
