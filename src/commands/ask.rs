//! `heroku-chat ask`: one prompt, one completion, for scripts and pipes.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::following::{Show, follow};
use crate::app::prompts::PromptFile;
use crate::app::{Connection, Context, prompts};
use crate::chat::{Answer, Chat};
use crate::cli::AskArgs;
use crate::config::Source;
use crate::config::git;
use crate::config::secret::Secret;
use crate::conversation::price::{self, Sum, counted};
use crate::conversation::{Attachment, Conversation, Cost, Message};
use crate::error::{Error, ExitStatus, export_line};
use crate::export::json;
use crate::files::input;
use crate::files::named;
use crate::files::several;
use crate::markdown::code_blocks;
use crate::screen::{Screen, terminal};

/// How long standard input may say nothing before the user is told of the wait.
const SILENCE: Duration = Duration::from_secs(2);

/// Answers one prompt.
///
/// # Errors
/// No prompt, settings that can't be used, and all failures of a turn.
pub fn run(args: &AskArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let mut args = args.clone();
    let first = args.prompt.first().map_or("", String::as_str);
    let file = prompts::meant(first)?;
    if let Some(file) = &file {
        file.complete(&mut args.chat)?;
    }
    let args = &args;
    let has_free_input = standard_input_is_free(args)? && args.stdin;
    let mut earlier = Conversation::from_messages(earlier_messages(args.messages.as_deref())?);
    // Text files before images, each in the order they were given.
    let mut attachments = text_files(args, context)?;
    let images = args
        .images
        .iter()
        .map(|path| input::image_attachment("--image", path));
    attachments.extend(images.collect::<Result<Vec<_>, _>>()?);
    let piped = piped(has_free_input, args.lossy, &mut context.screen)?;
    let (text, attachments) = match &file {
        Some(file) => filled(file, &args.prompt[1..], piped, attachments)?,
        None => (prompt(&args.prompt, piped), attachments),
    };
    let prompt = match text {
        Some(prompt) => Message::prompt(prompt, attachments),
        // Earlier messages that end with a question are a prompt in themselves.
        None => match earlier.take_turn() {
            Some(turn) if turn.is_unanswered() => {
                let mut prompt = turn.prompt().clone();
                prompt.attachments.extend(attachments);
                prompt
            }
            _ => return Err(Error::NoPrompt),
        },
    };
    let (mut chat, mut saving, connection, _) = super::open(&args.chat, false, context)?;
    if chat.model.is_empty() {
        return Err(connection.no_model(context));
    }
    if args.messages.is_some() {
        if args.chat.system.is_some() {
            earlier.set_system(chat.conversation.system().map(str::to_owned));
        }
        chat.conversation = earlier;
    }
    if let Some(system) = file.and_then(|file| file.system)
        && args.chat.system.is_none()
    {
        chat.conversation.set_system(Some(system));
    }
    if let Some(format) = args.dry_run {
        chat.conversation.push(prompt);
        let text = match format {
            Some(format) => chat.export(format, &connection.settings.prefix),
            None => chat.curl(&connection.variable("KEY"), &chat.request_body()),
        };
        context.screen.print(&text)?;
        if format.is_none() {
            note_where_key_is_read(&connection, context);
        }
        return Ok(ExitStatus::Done);
    }
    let show = match args.json || args.code {
        true => Show::Nothing,
        false => Show::Words,
    };
    let before = chat.costs.len();
    let saying = chat.say(prompt, &context.interrupts);
    let answer = follow(saying, show, &mut context.screen)?;
    saving.save(&mut chat, &mut context.screen);
    if args.stats {
        context
            .screen
            .note(&stats(&chat, &chat.costs[before..], &answer));
    }
    if args.json {
        context.screen.print(&answer.completion.to_json())?;
    }
    if args.code {
        let text = &answer.completion.content;
        match code_blocks(text).first() {
            Some(code) => context.screen.print(code)?,
            None => {
                context.screen.note(text);
                return Err(answer.cut.unwrap_or(Error::NoCode));
            }
        }
    }
    if let Some(remark) = answer.completion.remark() {
        context.screen.warning(&remark);
    }
    answer.cut.map_or(Ok(ExitStatus::Done), Err)
}

/// What an answer took, attempts before it included.
fn stats(chat: &Chat, costs: &[Cost], answer: &Answer) -> String {
    let own = &chat.spending.price;
    let sum = Sum::of(costs, own);
    let count = |count| counted(Some(count).filter(|_| sum.is_counted));
    let (input, output) = (count(sum.input), count(sum.output));
    let cost = match sum.dollars {
        Some(_) => format!(" · {} ({})", sum.shown(), price::origin(own)),
        None => String::new(),
    };
    let (model, seconds) = (&chat.model, answer.total.as_secs_f64());
    format!("{model} · tokens: {input} in, {output} out · {seconds:.2} s{cost}")
}

/// The files that go with the prompt. Of those that weren't named one by one the sizes are shown,
/// before anything is sent.
fn text_files(args: &AskArgs, context: &mut Context) -> Result<Vec<Attachment>, Error> {
    let unusable = |path: &Path, error| Error::of_file("--file", path, &error);
    let mut attachments = Vec::new();
    for path in &args.files {
        let list = |folder: &Path| git::files_or_all(folder, &context.environment);
        let meant = several::meant(path, list).map_err(|error| unusable(path, error))?;
        let Some((files, secret)) = meant else {
            attachments.push(input::text_attachment("--file", path)?);
            continue;
        };
        let texts = several::texts(&files).map_err(|error| unusable(path, error));
        let (texts, others) = texts?;
        for text in &texts {
            context.screen.note(&format!("with {}", text.label()));
        }
        for (count, what) in [(secret, "may hold secrets"), (others, "no text or empty")] {
            if count > 0 {
                let note = format!("without {count} of {}: {what}", path.display());
                context.screen.note(&note);
            }
        }
        attachments.extend(texts);
    }
    // A shell makes several words of a pattern, of which the flag takes the first.
    match args.prompt.first().map(PathBuf::from) {
        Some(path) if args.prompt.len() > 1 && !args.files.is_empty() && path.is_file() => {
            let reason = "It would be a part of the prompt. Each file needs a --file, or a pattern \
                quotes: --file '*.rb'.";
            Err(unusable(&path, io::Error::other(reason)))
        }
        _ => Ok(attachments),
    }
}

/// The printed command reads the key from the environment, though it need not stand there for us.
fn note_where_key_is_read(connection: &Connection, context: &mut Context) {
    let (name, key) = (connection.variable("KEY"), &connection.settings.key);
    let in_environment = context.environment.get(&name).map(Secret::new);
    if in_environment.as_ref() == Some(&key.value) {
        return;
    }
    let state = match in_environment {
        Some(_) => "has another key in it",
        None => "is not set there",
    };
    let how = match &key.source {
        Source::EnvFile(path, _) => {
            let path = git::quoted(&Path::new(".").join(path));
            format!("To set it: set -a; . {path}; set +a")
        }
        Source::Heroku(app) => format!("To set it: {}", export_line(&name, app.as_deref())),
        source => format!("The key used here is from {source}."),
    };
    context.screen.note(&format!(
        "The command reads ${name} from the environment, which {state}. {how}"
    ));
}

/// Whether standard input may be a part of the prompt, as it is if no option names it: read
/// twice it would be sent twice, and a key on it is no prompt.
///
/// # Errors
/// If several options name it.
fn standard_input_is_free(args: &AskArgs) -> Result<bool, Error> {
    let connection = &args.chat.connection;
    let system = args
        .chat
        .system
        .iter()
        .filter_map(|text| text.strip_prefix('@'));
    let system: Vec<PathBuf> = system.map(PathBuf::from).collect();
    let options: [(_, &[PathBuf]); 6] = [
        ("--file", &args.files),
        ("--image", &args.images),
        ("--messages", args.messages.as_slice()),
        ("--system", &system),
        ("--key-file", connection.key_file.as_slice()),
        ("--env-file", connection.env_file.as_slice()),
    ];
    let mut reader = None;
    for (what, paths) in options {
        for path in paths.iter().filter(|path| named::is_standard_input(path)) {
            if let Some(first) = reader.replace(what) {
                let reason =
                    format!("Standard input can be read once, and {first} reads it already.");
                let path = path.clone();
                return Err(Error::File { what, path, reason });
            }
        }
    }
    Ok(reader.is_none())
}

/// The prompt of a file, with what it is about, and what goes beside it.
///
/// # Errors
/// If there is nothing that it could be about.
fn filled(
    file: &PromptFile,
    words: &[String],
    piped: String,
    attachments: Vec<Attachment>,
) -> Result<(Option<String>, Vec<Attachment>), Error> {
    let (files, others) = file.subject(attachments);
    let input = prompt(&[files], piped).unwrap_or_default();
    if file.takes_input() && words.is_empty() && input.is_empty() && others.is_empty() {
        let reason = "It is about what stands on standard input, and nothing does: pipe something \
                      in, or name a file with --file.";
        return Err(prompts::unusable(Path::new(&file.name), reason.to_owned()));
    }
    let text = file.fill(words, &words.join(" "), &input)?;
    Ok((Some(text), others))
}

/// The prompt: the arguments, then what is piped in.
fn prompt(arguments: &[String], piped: String) -> Option<String> {
    let mut parts = vec![arguments.join(" "), piped];
    parts.retain(|part| !part.trim().is_empty());
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// What is piped in, if anything.
fn piped(has_free_input: bool, is_lossy: bool, screen: &mut Screen) -> Result<String, Error> {
    if !has_free_input || io::stdin().is_terminal() {
        return Ok(String::new());
    }
    if !terminal::has_input_within(SILENCE) {
        screen.note(
            "waiting for the end of standard input, which joins the prompt; --no-stdin does \
                without",
        );
    }
    let mut piped = input::standard_input(is_lossy)?;
    piped.truncate(piped.trim_end_matches(['\n', '\r']).len());
    Ok(piped)
}

fn earlier_messages(path: Option<&Path>) -> Result<Vec<Message>, Error> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let text = input::file("--messages", path)?;
    let unusable = |reason: String| Error::File {
        what: "--messages",
        path: path.to_owned(),
        reason,
    };
    let form = "a JSON array of objects with role (system, user, assistant, tool) and content, \
                or an object with such an array as messages";
    let messages = json::read(&text);
    let messages = messages.map_err(|error| unusable(format!("It takes {form}: {error}")))?;
    // The service's own words for this name an index, not a file.
    let Some(index) = messages.iter().position(Message::is_blank) else {
        return Ok(messages);
    };
    let reason = format!("messages[{index}] has no content, which the service refuses.");
    Err(unusable(reason))
}
