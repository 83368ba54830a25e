//! The command line as typed: clap's definitions with help texts and examples.

mod flags;
pub mod help;
pub mod kept;
pub mod offer;
mod parse;
pub mod price;
mod saved;
pub mod settings;
pub mod source;
pub mod spelling;

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub use flags::{ChatArgs, ConnectionArgs, HerokuArgs, OutputArgs, ReplArgs};
pub use saved::{
    PromptsArgs, PromptsCommand, SessionsArgs, SessionsCommand, SessionsDeleteArgs,
    SessionsExportArgs, UsageArgs,
};
pub use settings::ChatSettings;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "heroku-chat",
    version,
    about = "chat with the models of Heroku Managed Inference",
    long_about = None,
    disable_help_subcommand = true,
    override_usage = "heroku-chat [OPTIONS] [COMMAND | PROMPT...]",
    after_help = "Without a command it opens a chat. With words that are no command, or piped \
        input, it is ask: it prints one answer and ends.\n\n\
        EXAMPLES\n  \
        $ heroku-chat --sandbox\n  \
        $ heroku-chat \"Explain dynos in a sentence\"\n  \
        $ heroku-chat help config pull"
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub chat: ReplArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    /// Whether `ask` is meant without being named.
    #[arg(skip)]
    pub is_bare_prompt: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// open an interactive chat
    #[command(
        after_help = "Piped standard input is one prompt, as for ask, or with --lines one prompt \
            a line.\n\n\
            EXAMPLES\n  \
            $ heroku-chat chat --app example-app\n  \
            $ heroku-chat chat \"How do I scale a worker?\"\n  \
            $ printf 'Hi\\nAnd in French?\\n' | heroku-chat chat --lines --sandbox"
    )]
    Chat {
        /// first prompt; several words are joined by spaces
        #[arg(id = "first", value_name = "PROMPT")]
        prompt: Vec<String>,
        #[command(flatten)]
        args: ReplArgs,
    },
    /// answer one prompt, for scripts and pipes
    #[command(
        mut_arg("editmode", |argument| argument.hide(true)),
        after_help = "Piped standard input joins the prompt, after the argument.\n\n\
            EXAMPLES\n  \
            $ heroku-chat ask \"Explain dynos in a sentence\"\n  \
            $ git diff | heroku-chat ask \"Write a commit message\"\n  \
            $ heroku-chat ask --file Procfile \"Is this right for Rails?\"\n  \
            $ heroku-chat ask --code \"A Procfile for Rails\" > Procfile\n  \
            $ heroku-chat ask --json --no-stream --max-tokens 100 \"Hi\""
    )]
    Ask(AskArgs),
    /// show every setting and where its value is from; keys are redacted
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "EXAMPLES\n  \
            $ heroku-chat config\n  \
            $ heroku-chat config --json --app example-app\n  \
            $ heroku-chat config pull --app example-app\n  \
            $ heroku-chat config set model claude-4-5-haiku"
    )]
    Config(ConfigArgs),
    /// check the setup; each failure comes with its remedy
    #[command(
        after_help = "Nothing is written without --fix, and no tokens are spent without --live. \
            Exits with 1 if a check fails.\n\n\
            EXAMPLES\n  \
            $ heroku-chat doctor\n  \
            $ heroku-chat doctor --fix\n  \
            $ heroku-chat doctor --report\n  \
            $ heroku-chat doctor --app example-app --json\n  \
            $ heroku-chat doctor --live"
    )]
    Doctor(DoctorArgs),
    /// find out why an app fails, by rules and without a model
    #[command(
        mut_arg("app", |argument| {
            argument.help("app to look at; its add-on explains, if URL and key aren't set")
        }),
        mut_arg("direct", |argument| {
            argument.help("ask the Heroku CLI alone, never Heroku directly")
        }),
        mut_arg("system", |argument| argument.hide_short_help(true)),
        mut_arg("continue_last", |argument| argument.hide_short_help(true)),
        after_help = "Asks Heroku for the log and the state of the app; a log on standard input is \
            taken in place of Heroku's. Exits with 0 if the app is healthy, 1 if a cause was \
            found, 3 if something prevented judging or --explain failed.\n\n\
            EXAMPLES\n  \
            $ heroku-chat why -a example-app\n  \
            $ heroku-chat why --sandbox\n  \
            $ heroku logs -n 1500 -a example-app | heroku-chat why\n  \
            $ heroku-chat why --explain -a example-app\n  \
            $ heroku-chat why --json < app.log"
    )]
    Why(WhyArgs),
    /// list the models of the service
    #[command(after_help = "EXAMPLES\n  $ heroku-chat models\n  $ heroku-chat models --all --json")]
    Models(ModelsArgs),
    /// list, show, search, export and delete saved conversations
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "EXAMPLES\n  \
            $ heroku-chat sessions\n  \
            $ heroku-chat sessions show release-notes\n  \
            $ heroku-chat sessions search dyno memory\n  \
            $ heroku-chat chat --session release-notes"
    )]
    Sessions(SessionsArgs),
    /// sum up tokens and estimated cost of saved chats
    #[command(
        after_help = "Days are those of UTC. Costs are estimates by list prices; Heroku's invoice \
            decides.\n\n\
            EXAMPLES\n  \
            $ heroku-chat usage\n  \
            $ heroku-chat usage --json --price glm-4-7=0.5/2"
    )]
    Usage(UsageArgs),
    /// list, show and edit prompts that have a name
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "`ask @NAME` asks with one, and /NAME in the chat. Your own are files in \
            ~/.config/heroku-chat/prompts.\n\n\
            EXAMPLES\n  \
            $ heroku-chat prompts\n  \
            $ git diff --staged | heroku-chat ask @commit\n  \
            $ heroku-chat prompts edit commit"
    )]
    Prompts(PromptsArgs),
    /// serve the same API here, with scripted models and no account
    #[command(after_help = "EXAMPLES\n  $ heroku-chat sandbox --port 8080")]
    Sandbox {
        /// port on 127.0.0.1; 0 takes a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        port: u16,
    },
    /// print the script that completes commands in a shell
    #[command(
        after_help = "scripts/install puts it where the shell looks. By hand:\n\n\
            EXAMPLES\n  \
            $ source <(heroku-chat completions bash)\n  \
            $ heroku-chat completions zsh > ~/.zfunc/_heroku-chat\n  \
            $ heroku-chat completions fish > ~/.config/fish/completions/heroku-chat.fish"
    )]
    Completions(CompletionsArgs),
    /// explain a command
    #[command(after_help = "EXAMPLES\n  $ heroku-chat help config pull")]
    Help(help::HelpArgs),
}

/// `heroku-chat ask`.
#[derive(Clone, Debug, ClapArgs)]
pub struct AskArgs {
    /// the prompt; several words are joined by spaces; @NAME and its words for one that has a name
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// text file to send with the prompt; - for standard input, a folder, or a pattern in quotes;
    /// may be given several times
    #[arg(short, long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// image to send with the prompt: PNG, JPEG, GIF or WebP, at most 3.75 MB; may be given several
    /// times
    #[arg(hide_short_help = true, long = "image", value_name = "PATH")]
    pub images: Vec<PathBuf>,
    /// earlier turns: a JSON array of {"role", "content"} objects, or what --dry-run=json prints
    #[arg(
        hide_short_help = true,
        long,
        value_name = "FILE",
        conflicts_with_all = ["continue_last", "session"]
    )]
    pub messages: Option<PathBuf>,
    /// print the response object instead of the text
    #[arg(short, long)]
    pub json: bool,
    /// print model, tokens, time and the estimated cost to standard error
    #[arg(hide_short_help = true, long)]
    pub stats: bool,
    /// print the code of the first code block alone
    #[arg(long, conflicts_with_all = ["json", "dry_run"])]
    pub code: bool,
    /// leave standard input alone, as a loop over its lines needs it
    #[arg(hide_short_help = true, long = "no-stdin", action = ArgAction::SetFalse)]
    pub stdin: bool,
    /// take standard input that isn't UTF-8, with a mark for what can't be read
    #[arg(hide_short_help = true, long)]
    pub lossy: bool,
    /// print the request as a curl command, or the conversation in a format, and send nothing
    #[arg(
        hide_short_help = true,
        long,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true
    )]
    pub dry_run: Option<Option<Format>>,
    #[command(flatten)]
    pub chat: ChatArgs,
}

impl AskArgs {
    /// A prompt, without any flag of its own.
    pub fn new(prompt: Vec<String>, chat: ChatArgs) -> Self {
        AskArgs {
            prompt,
            files: Vec::new(),
            images: Vec::new(),
            messages: None,
            json: false,
            stats: false,
            code: false,
            stdin: true,
            lossy: false,
            dry_run: None,
            chat,
        }
    }
}

/// `heroku-chat config`.
#[derive(Clone, Debug, ClapArgs)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
    /// print JSON
    #[arg(short, long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub settings: ChatSettings,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// write the variables of an app into .env
    #[command(
        after_help = "Other lines of the file stay as they are. Only its owner can read it.\n\n\
            EXAMPLES\n  \
            $ heroku-chat config pull --app example-app\n  \
            $ heroku-chat config pull --app example-app --as EMBEDDING"
    )]
    Pull(PullArgs),
    /// keep a flag, for all apps or with --app for one
    #[command(after_help = "A switch takes on or off, or nothing.\n\n\
            EXAMPLES\n  \
            $ heroku-chat config set model claude-4-5-haiku\n  \
            $ heroku-chat config set model gpt-oss-120b --app example-app\n  \
            $ heroku-chat config set markdown off")]
    Set(SetArgs),
    /// keep a flag no longer
    #[command(after_help = "EXAMPLES\n  $ heroku-chat config unset model")]
    Unset(UnsetArgs),
    /// open the file of flags in $VISUAL or $EDITOR
    #[command(after_help = "EXAMPLES\n  $ heroku-chat config edit")]
    Edit,
}

/// `heroku-chat config set`.
#[derive(Clone, Debug, ClapArgs)]
pub struct SetArgs {
    /// name of the flag or setting, such as model
    #[arg(value_name = "NAME")]
    pub name: String,
    /// what it is set to
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub value: Option<String>,
    /// app for which it holds
    #[arg(id = "for", short = 'a', long = "app", value_name = "APP")]
    pub app: Option<String>,
}

/// `heroku-chat config unset`.
#[derive(Clone, Debug, ClapArgs)]
pub struct UnsetArgs {
    /// name of the flag or setting
    #[arg(value_name = "NAME")]
    pub name: String,
    /// app for which it holds no longer
    #[arg(id = "for", short = 'a', long = "app", value_name = "APP")]
    pub app: Option<String>,
}

/// `heroku-chat config pull`.
#[derive(Clone, Debug, ClapArgs)]
pub struct PullArgs {
    #[command(flatten)]
    pub heroku: HerokuArgs,
    /// file to write
    #[arg(long, value_name = "PATH", default_value = ".env")]
    pub env_file: PathBuf,
    /// show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// add the file to .gitignore without asking
    #[arg(long)]
    pub gitignore: bool,
}

/// `heroku-chat doctor`.
#[derive(Clone, Debug, ClapArgs)]
pub struct DoctorArgs {
    /// also ask for one small completion, which spends a few tokens
    #[arg(long)]
    pub live: bool,
    /// mend what is safe to mend: shows each change, and asks
    #[arg(long)]
    pub fix: bool,
    /// do not ask, with --fix
    #[arg(short, long, requires = "fix")]
    pub yes: bool,
    /// take back what the last --fix changed
    #[arg(long, conflicts_with_all = ["fix", "live", "json"])]
    pub undo: bool,
    /// print Markdown for an issue: secrets, names, foreign hosts and paths are masked
    #[arg(long, conflicts_with_all = ["fix", "undo", "json"])]
    pub report: bool,
    /// print JSON
    #[arg(short, long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `heroku-chat why`.
#[derive(Clone, Debug, ClapArgs)]
pub struct WhyArgs {
    #[command(flatten)]
    pub view: ViewArgs,
    /// print what a model would be sent: masked, fenced, at most 6,000 tokens
    #[arg(long, conflicts_with = "json")]
    pub facts: bool,
    /// send that to a model, and print what it says; not with --json
    #[arg(long, conflicts_with_all = ["facts", "json"])]
    pub explain: bool,
    /// print JSON
    #[arg(short, long)]
    pub json: bool,
    #[command(flatten)]
    pub chat: ChatArgs,
}

/// What of an app is looked at.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ViewArgs {
    /// look at lines from this time on: 30m, 2h or 1d ago, or a time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// look at the minutes before and after this release, such as v42
    #[arg(long, value_name = "VERSION", conflicts_with = "since")]
    pub release: Option<String>,
    /// look at this dyno or type of process alone, such as web.1 or worker
    #[arg(long, value_name = "PROCESS")]
    pub process: Option<String>,
    /// seconds to wait for each thing that Heroku is asked (5 by default)
    #[arg(
        hide_short_help = true,
        long,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=60)
    )]
    pub wait: Option<u64>,
}

/// `heroku-chat models`.
#[derive(Clone, Debug, ClapArgs)]
pub struct ModelsArgs {
    /// also list models for embeddings, images and ranking
    #[arg(long)]
    pub all: bool,
    /// print JSON
    #[arg(short, long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `heroku-chat completions`.
#[derive(Clone, Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// shell that reads the script
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
    /// print what can follow instead, for the script
    #[arg(long, hide = true)]
    pub next: bool,
    /// the words behind the program's name, up to the unfinished one
    #[arg(hide = true, last = true)]
    pub typed: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// What a conversation can be written as. What there is to know of each stands in `export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Markdown,
    Json,
    Curl,
    Ruby,
    Python,
    #[value(name = "javascript")]
    JavaScript,
}

#[cfg(test)]
mod tests;
