//! The words of every failure: a title that names what failed and with which value, the service's
//! own sentence, and what to do next. `doctor` and the chat both speak from here, so they never
//! disagree. `words.txt` has them by name; this file says which, with what in them. `texts.txt` has
//! an example of each.

use std::path::Path;
use std::time::Duration;

use super::words::{Explanation, in_words, words};
use super::{
    Error, HerokuFailure, MissingVariables, Nearly, NetworkFailure, PlatformFailure, ProblemKind,
    ServiceProblem,
};
use crate::cli::price;
use crate::cli::source::Source;
use crate::error::shell;

/// What installs the Heroku CLI here, as Heroku's page of it says.
pub const INSTALL: &str = if cfg!(windows) {
    "npm install -g heroku"
} else if cfg!(target_vendor = "apple") {
    "brew install heroku/brew/heroku"
} else {
    "curl https://cli-assets.heroku.com/install.sh | sh"
};

const TOO_LONG: &str = "The conversation is too long for the model: /undo, /clear or /set \
    context N in the chat; less text in a script";

/// What to do about a rejection that says all these words, which Bedrock is known to send.
const REJECTIONS: [(&[&str], &str); 9] = [
    (&["max_tokens"], LOWER_MAX_TOKENS),
    (&["max_completion_tokens"], LOWER_MAX_TOKENS),
    (&["maximum tokens"], LOWER_MAX_TOKENS),
    (
        &["temperature", "top_p"],
        "Give only one of --temperature and --top-p",
    ),
    (
        &["temperature", "thinking"],
        "Leave --temperature out if the model thinks first",
    ),
    (&["too long"], TOO_LONG),
    (&["context"], TOO_LONG),
    (&["content", "empty"], NO_TEXT),
    (&["content", "required"], NO_TEXT),
];
const LOWER_MAX_TOKENS: &str = "Lower --max-tokens to what the service allows";
const NO_TEXT: &str = "A message of the conversation has no text: /undo takes the last turn back";

impl Error {
    /// The failure in words.
    pub fn explain(&self) -> Explanation {
        in_words! { self, Error {
            SplitSources { prefix, url, key };
            InvalidUrl { name, value, source, reason };
            PlainHttp { url, source };
            InvalidKey { source, reason };
            InvalidValue { what, value, rule };
            NoPrompt;
            NoLog;
            NoCode;
            NothingToContinue;
            NobodyToAsk;
            NothingSaid { session };
            SessionExists(name);
            SessionInUse(name);
            Unconfirmed { what };
            TextOnly { model };
            NoPrice { model };
            NoLimit;
            Truncated;
            System { what, reason };
            Fault(what);
            Output(error);
            ReaderGone;
            Interrupted;
        }
            Error::MissingVariables(missing) => missing_variables(missing),
            Error::NotOnApp { names, heroku } => {
                let mut explanation = heroku.explain();
                explanation.title = format!(
                    "can't get {} from the Heroku CLI: {}",
                    names.join(" and "),
                    explanation.title
                );
                explanation
            }
            Error::Unexamined(heroku) => {
                let mut explanation = heroku.explain();
                explanation.title = format!("can't look at the app: {}", explanation.title);
                explanation
            }
            Error::File { what, path, reason } => {
                let path = path.display();
                words!("Error::File", what, path, reason)
            }
            Error::NoCommand { typed, nearest, prompt: Some(prompt) } => {
                let meant = nearest.as_ref();
                let meant = meant.map_or_else(String::new, |it| format!("Did you mean `{it}`? "));
                words!("Error::NoCommand prompt", typed, meant, prompt)
            }
            Error::NoCommand { typed, nearest, prompt: None } => {
                let advice = match nearest {
                    Some(nearest) => format!("Did you mean `{nearest}`? Look at all"),
                    None => "Look at the list of commands".to_owned(),
                };
                words!("Error::NoCommand", typed, advice)
            }
            Error::NoModel { variable, app, ids } => {
                let known = match ids[..] {
                    [] => "There is no list of models; `heroku-chat models` says why.".to_owned(),
                    _ => format!("Models: {}", ids.join(", ")),
                };
                let example = ids.first().map_or("claude-4-5-haiku", String::as_str);
                let words = words!("Error::NoModel", variable, known, example);
                match app {
                    Some(app) => (words.hint("Or take that of the app, on a plan of one model"))
                        .command(export_line(variable, Some(app))),
                    None => words,
                }
            }
            Error::OverBudget { budget, spent, next } => {
                let (spent, next) = (price::shown(*spent), price::shown(*next));
                words!("Error::OverBudget", budget, spent, next)
            }
            Error::NoSession { name, nearest } => {
                let advice = match nearest {
                    Some(nearest) => format!("Did you mean {nearest}? Look at all"),
                    None => "Look at the list of sessions".to_owned(),
                };
                words!("Error::NoSession", name, advice)
            }
            Error::SeveralSessions { typed, names } => {
                let (count, names) = (names.len(), names.join(", "));
                words!("Error::SeveralSessions", count, typed, names)
            }
            Error::Network(failure) => network(failure),
            Error::Service(problem) => service(problem),
            Error::Platform(failure) => platform(failure),
            Error::Unreadable { host, reason, excerpt } => {
                let start = match excerpt.as_str() {
                    "" => String::new(),
                    _ => format!("It begins: {excerpt}"),
                };
                words!("Error::Unreadable", host, reason, start)
            }
            Error::BrokenAnswer { reason } => {
                let why = match reason.as_str() {
                    "" => ", and the service gave no reason".to_owned(),
                    _ => format!(": {reason}"),
                };
                words!("Error::BrokenAnswer", why)
            }
            Error::EmptyAnswer { finish_reason } => {
                let reason = finish_reason.as_deref();
                let why = reason.map_or_else(String::new, |it| format!(" (finish reason {it})"));
                let name = match reason {
                    // Seen on Kimi and MiniMax: hidden reasoning uses the whole budget up.
                    Some("length") => "Error::EmptyAnswer length",
                    Some("tool_calls") => "Error::EmptyAnswer tool_calls",
                    Some(reason) if reason.contains("context") => "Error::EmptyAnswer context",
                    _ => "Error::EmptyAnswer",
                };
                words!(name, why, TOO_LONG)
            }
        }
    }
}

impl HerokuFailure {
    /// The failure in words.
    pub fn explain(&self) -> Explanation {
        in_words! { self, HerokuFailure {
            OnDyno;
            NotStarted(reason);
            NotLoggedIn;
            InvalidToken;
            NoApp;
            UnknownRemote(remote);
            Refused(message);
            Unreachable(message);
            Certificate(message);
        }
            HerokuFailure::Platform(failure) => platform(failure),
            HerokuFailure::NotInstalled => words!("HerokuFailure::NotInstalled")
                .command(INSTALL)
                .command("heroku login"),
            HerokuFailure::Elsewhere { app, prefix, other } => {
                let app = app.as_deref();
                let shown = app.map_or_else(|| "app".to_owned(), |app| format!("app {app:?}"));
                words!("HerokuFailure::Elsewhere", shown, other, prefix)
            }
            HerokuFailure::SeveralApps(apps) => {
                let first = apps.first().and_then(|app| app.split(' ').next()).unwrap_or_default();
                let remote = apps.first().and_then(|app| app.split(['(', ')']).nth(1));
                let example =
                    remote.map_or_else(String::new, |it| format!(", for example --remote {it}"));
                let apps = apps.join(", ");
                words!("HerokuFailure::SeveralApps", apps, example, first)
            }
            HerokuFailure::UnknownApp(app) => {
                let app = app.as_ref().map_or("such app".to_owned(), |app| format!("app {app:?}"));
                words!("HerokuFailure::UnknownApp", app)
            }
            HerokuFailure::TimedOut(limit) => {
                let limit = seconds(*limit);
                words!("HerokuFailure::TimedOut", limit)
            }
            HerokuFailure::NotAttached(app) => {
                let app = app.as_deref();
                let shown = app.map_or_else(|| "app".to_owned(), |app| format!("app {app:?}"));
                let app = app_or_example(app);
                words!("HerokuFailure::NotAttached", shown, app)
            }
            HerokuFailure::Other { code, message } => {
                let ended = match code {
                    Some(0) => "its answer is not what it was asked for".to_owned(),
                    Some(code) => format!("it ended with exit code {code}"),
                    None => "it was ended by a signal".to_owned(),
                };
                words!("HerokuFailure::Other", ended, message)
            }
        }
    }
}

/// The app for a command line: the one that was named, or the Heroku documentation's placeholder.
fn app_or_example(app: Option<&str>) -> &str {
    app.unwrap_or("example-app")
}

/// The line of Heroku's quick start that sets one variable.
pub fn export_line(variable: &str, app: Option<&str>) -> String {
    let app = shell::quoted(app_or_example(app));
    format!("export {variable}=$(heroku config:get {variable} -a {app})")
}

fn missing_variables(missing: &MissingVariables) -> Explanation {
    let verb = if missing.names.len() == 1 {
        "is"
    } else {
        "are"
    };
    let mut title = format!("{} {verb} not set", missing.names.join(" and "));
    for (name, source) in &missing.found {
        title.push_str(&format!("; {name} is, in {source}"));
    }
    let mut looked = match &missing.env_file {
        Some(path) => format!(
            "Looked in the environment, {} and the Heroku CLI.",
            path.display()
        ),
        None => "Looked in the environment and the Heroku CLI; there is no .env here.".to_owned(),
    };
    let mut explanation = Explanation::from(title);
    let mut hints = Vec::new();
    if let Some(failure) = &missing.heroku {
        let cause = failure.explain();
        if failure.is_of_app() {
            explanation.title = format!("{}, so {}", cause.title, explanation.title);
        }
        let because = cause.detail.map(|detail| format!(" {detail}"));
        looked.push_str(&format!(
            " Heroku CLI: {}.{}",
            cause.title,
            because.unwrap_or_default()
        ));
        hints = cause.hints;
    }
    // It is nearer than any app.
    let mut explanation =
        missing
            .nearly
            .iter()
            .fold(explanation.detail(looked), |words, nearly| {
                let Nearly { name, set, source } = nearly;
                let words = words.hint(format!("Did you mean {name}? There is {set} in {source}"));
                match renamed(nearly) {
                    Some(command) => words.command(command),
                    None => words,
                }
            });
    explanation.hints.extend(hints);
    let explanation = match &missing.heroku {
        Some(HerokuFailure::Elsewhere { app, prefix, other }) => {
            let app = shell::quoted(app_or_example(app.as_deref()));
            let explanation = explanation.hint("Or take its values");
            (missing.names.iter()).fold(explanation, |words, name| {
                let theirs = name.replacen(prefix.as_str(), other, 1);
                words.command(format!(
                    "export {name}=$(heroku config:get {theirs} -a {app})"
                ))
            })
        }
        Some(failure) if !failure.can_be_set() => explanation,
        // An app that isn't there is of no use in the commands.
        Some(HerokuFailure::UnknownApp(_)) => set_by_hand(explanation, &missing.names, None),
        _ => set_by_hand(explanation, &missing.names, missing.app.as_deref()),
    };
    let is_new = missing.found.is_empty() && missing.nearly.is_empty() && missing.app.is_none();
    match missing.heroku {
        Some(HerokuFailure::NotInstalled) if is_new => {
            explanation.hint(SANDBOX.0).command(SANDBOX.1)
        }
        _ => explanation,
    }
}

/// What needs no account.
const SANDBOX: (&str, &str) = ("To try it without an account", "heroku-chat --sandbox");

/// The quick start's lines, behind the steps that make them work.
fn set_by_hand(words: Explanation, names: &[String], app: Option<&str>) -> Explanation {
    let words = match words.hints.is_empty() {
        true => words.hint("Set them, here for an app with the add-on"),
        false => words.hint("After that heroku-chat asks Heroku itself; or set them in this shell"),
    };
    (names.iter()).fold(words, |words, name| words.command(export_line(name, app)))
}

/// The command that gives a variable its right name.
pub fn renamed(nearly: &Nearly) -> Option<String> {
    let Nearly { name, set, source } = nearly;
    match source {
        Source::Environment => Some(format!("export {name}=\"${set}\"")),
        Source::EnvFile(path, _) => Some(in_file(
            path,
            &format!("s/^ *\\(export  *\\)*{set} *=/{name}=/"),
        )),
        _ => None,
    }
}

/// The command that sets a variable where it comes from.
pub fn set_in(source: &Source, name: &str, value: &str) -> Option<String> {
    match source {
        Source::Environment => Some(format!("export {name}={}", shell::quoted(value))),
        // What sed would take for more than text is not put into its commands.
        Source::EnvFile(path, _) if !value.contains(['|', '&', '\\', '\n', '\'']) => Some(in_file(
            path,
            &format!("s|^ *\\(export  *\\)*{name} *=.*|{name}={value}|"),
        )),
        _ => None,
    }
}

/// A command that edits a file where it is, without a copy, which would hold the key.
fn in_file(path: &Path, edit: &str) -> String {
    let option = if cfg!(target_vendor = "apple") {
        "-i ''"
    } else {
        "-i"
    };
    format!(
        "sed {option} '{edit}' {}",
        shell::quoted(&path.display().to_string())
    )
}

fn network(failure: &NetworkFailure) -> Explanation {
    in_words! { failure, NetworkFailure {
        UnknownHost { host, reason };
        Unreachable { address, reason };
        Handshake { host, reason };
        Tls { host, reason };
        Proxy { proxy, variable, reason };
        Garbled { host, reason };
        NoRoots { variable, value, reason };
        Lost { host, reason };
    }
        NetworkFailure::Certificate { host, flaw, reason } => {
            // What is said of keys is what ring can verify: not P-521, and no shorter keys.
            words!(&format!("NetworkFailure::Certificate {flaw:?}"), host, reason)
        }
        NetworkFailure::TimedOut { waiting, limit } => {
            let limit = seconds(*limit);
            words!(&format!("NetworkFailure::TimedOut {waiting:?}"), limit)
        }
    }
}

fn platform(failure: &PlatformFailure) -> Explanation {
    match failure {
        PlatformFailure::Refused {
            status,
            id,
            message,
        } => {
            let kind = match status {
                401..=403 | 429 => format!(" {status}"),
                500.. => " 5xx".to_owned(),
                _ => String::new(),
            };
            let name = format!("PlatformFailure::Refused{kind}");
            let message = message.trim_end_matches('.');
            words!(&name, status, id, message)
        }
        PlatformFailure::NotJson {
            status,
            host,
            reason,
        } => {
            let kind = if *status >= 500 { " 5xx" } else { "" };
            let name = format!("PlatformFailure::NotJson{kind}");
            words!(&name, status, host, reason)
        }
    }
}

fn service(problem: &ServiceProblem) -> Explanation {
    let host = &problem.host;
    let model = problem.model.as_deref().unwrap_or("this model");
    let mut explanation = match (&problem.kind, problem.retry_after) {
        (ProblemKind::UnknownParameter(name), _) => {
            words!("ProblemKind::UnknownParameter", model, name)
        }
        (ProblemKind::Redirect(location), _) => words!("ProblemKind::Redirect", host, location),
        (ProblemKind::Rejected, _) => {
            let advice = rejection_hint(problem);
            words!("ProblemKind::Rejected", host, model, advice)
        }
        (ProblemKind::RateLimited, Some(wait)) => {
            let wait = seconds(wait);
            words!("ProblemKind::RateLimited wait", model, wait)
        }
        (kind, _) => words!(&format!("ProblemKind::{kind:?}"), host, model),
    };
    // A failure inside an answer may name none.
    if !(200..300).contains(&problem.status) {
        explanation.title += &format!(" (status {})", problem.status);
    }
    let message = &problem.message;
    explanation.detail(match &problem.label {
        Some(label) if message.is_empty() => label.clone(),
        Some(label) => format!("{message} ({label})"),
        None => message.clone(),
    })
}

/// What to do about a rejection.
fn rejection_hint(problem: &ServiceProblem) -> &'static str {
    let says = |words: &&[&str]| words.iter().all(|word| problem.message.contains(word));
    let known = REJECTIONS.iter().find(|(words, _)| says(words));
    match known {
        _ if problem.status == 413 => TOO_LONG,
        Some((_, advice)) => advice,
        None => "Change what the service names, or try another model with -m",
    }
}

/// A limit the way people say it: whole seconds if it is whole.
pub fn seconds(limit: Duration) -> String {
    let text = format!("{:.1}", limit.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
