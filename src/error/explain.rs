//! The words of every failure: a title that names what failed and with which value, the service's
//! own sentence, and one next action. `doctor` and the chat both speak from here, so they never
//! disagree.

use std::time::Duration;

use super::{
    CertificateFlaw, Error, HerokuFailure, MissingVariables, NetworkFailure, ProblemKind,
    ServiceProblem, Waiting,
};
use crate::error::shell;

/// A failure in words, not yet wrapped or coloured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// One line: what failed, and with which value.
    pub title: String,
    /// What is known beyond that, often in the service's own words.
    pub detail: Option<String>,
    /// The one thing to do next: a sentence without its end mark, see [`advice`].
    pub hint: Option<String>,
    /// Commands that do it, to be copied line by line.
    pub commands: Vec<String>,
}

impl Explanation {
    fn titled(title: impl Into<String>) -> Self {
        Explanation {
            title: title.into(),
            ..Explanation::default()
        }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

/// A hint as it is shown: what follows it says how it ends.
pub fn advice(hint: &str, commands: &[String]) -> String {
    let is_url_last = hint
        .rsplit(' ')
        .next()
        .is_some_and(|word| word.contains("://"));
    let mark = match commands {
        // A mark would be copied with the URL.
        [] if is_url_last => "",
        [] => ".",
        _ => ":",
    };
    format!("{hint}{mark}")
}

impl Error {
    /// The failure in words.
    pub fn explain(&self) -> Explanation {
        match self {
            Error::MissingVariables(missing) => missing_variables(missing),
            Error::NotOnApp { names, heroku } => not_on_app(names, heroku),
            Error::SplitSources { prefix, url, key } => Explanation::titled(format!(
                "{prefix}_URL and {prefix}_KEY come from different places: the URL from {url}, the key from {key}"
            ))
            .detail("They are taken from one place only, so that a URL in a file can't draw your key to its host.")
            .hint(format!(
                "Set both in one place, or pass --allow-mixed-sources if {url} is meant to receive this key"
            )),
            Error::InvalidUrl { name, value, source, reason } => {
                Explanation::titled(format!("{name} {value:?} from {source} can't be used: {reason}"))
                    .hint("The add-on's URL looks like https://us.inference.heroku.com")
            }
            Error::PlainHttp { url, source } => {
                Explanation::titled(format!("{url} from {source} would get the key in clear text"))
                    .hint("Use https://, or pass --allow-http if that network is yours")
            }
            Error::InvalidKey { source, reason } => Explanation::titled(format!("the key from {source} {reason}"))
                .hint("Set it again from the add-on; it looks like inf- and a UUID"),
            Error::InvalidValue { what, value, rule } => {
                Explanation::titled(format!("{what} {value:?} is not valid")).hint(format!("It takes {rule}"))
            }
            Error::File { what, path, reason } => {
                Explanation::titled(format!("{what} {} can't be used", path.display())).detail(reason)
            }
            Error::NoPrompt => Explanation::titled("there is no prompt")
                .hint("Give it as an argument, on standard input, or both")
                .command("heroku-chat ask \"Explain dynos in a sentence\"")
                .command("git diff | heroku-chat ask \"Write a commit message\""),
            Error::NoModel { variable, app, ids } => no_model(variable, app.as_deref(), ids),
            Error::NoSession { name, nearest } => no_session(name, nearest.as_deref()),
            Error::SeveralSessions { typed, names } => {
                Explanation::titled(format!("the names of {} sessions begin with {typed:?}", names.len()))
                    .detail(names.join(", "))
                    .hint("Type more of the name")
            }
            Error::NothingToContinue => Explanation::titled("there is no saved conversation to continue")
                .hint("Begin one, without --continue")
                .command("heroku-chat"),
            Error::NothingSaid { session } => Explanation::titled(format!("nothing is said in {session} any more"))
                .hint("See the sessions there are")
                .command("heroku-chat sessions"),
            Error::SessionExists(name) => Explanation::titled(format!("there is a session {name} already"))
                .hint("Choose another name, or delete that one first")
                .command(format!("heroku-chat sessions delete {}", shell::quoted(name))),
            Error::SessionInUse(name) => {
                Explanation::titled(format!("the session {name} is open in a chat")).hint("Leave that chat first. To read it meanwhile")
                    .command(format!("heroku-chat sessions show {name}"))
            }
            Error::Unconfirmed { what } => {
                Explanation::titled(format!("{what} can't be undone, and was not confirmed"))
                    .hint("Pass --yes to do it without being asked")
            }
            Error::TextOnly { model } => Explanation::titled(format!("{model} takes text alone, no images"))
                .hint("Choose another model with -m, or /model in the chat; Claude 4.5 and later take images. /image none and /undo take images back"),
            Error::Network(failure) => network(failure),
            Error::Service(problem) => service(problem),
            Error::Unreadable { host, reason, excerpt } => {
                Explanation::titled(format!("{host} did not answer like Heroku Inference: {reason}"))
                    .detail(quoted(excerpt))
                    .hint("Check the URL; a proxy or a sign-in page of the network may have answered instead")
            }
            Error::Truncated => Explanation::titled("the stream ended before the answer was complete")
                .hint("Send the prompt again for a whole answer"),
            Error::System { what, reason } => Explanation::titled(format!("{what} failed")).detail(reason),
            Error::BrokenAnswer { reason } if reason.is_empty() => {
                Explanation::titled("the answer broke off, and the service gave no reason")
                    .hint("Send the prompt again for a whole answer")
            }
            Error::BrokenAnswer { reason } => Explanation::titled(format!("the answer broke off: {reason}"))
                .hint("Send the prompt again for a whole answer"),
            Error::EmptyAnswer { finish_reason } => empty_answer(finish_reason.as_deref()),
            Error::Output(error) => Explanation::titled("the output could not be written").detail(error.to_string()),
            Error::ReaderGone => Explanation::titled("the reader of the output went away"),
            Error::Interrupted => Explanation::titled("interrupted"),
        }
    }
}

impl HerokuFailure {
    /// Why the Heroku CLI didn't help, in words.
    pub fn explain(&self) -> Explanation {
        heroku(self)
    }
}

fn quoted(excerpt: &str) -> String {
    if excerpt.is_empty() {
        String::new()
    } else {
        format!("It begins: {excerpt}")
    }
}

/// The app for a command line: the one that was named, or the Heroku documentation's placeholder.
fn app_or_example(app: Option<&str>) -> String {
    shell::quoted(app.unwrap_or("example-app"))
}

/// The line of Heroku's quick start that sets one variable.
pub fn export_line(variable: &str, app: Option<&str>) -> String {
    format!(
        "export {variable}=$(heroku config:get {variable} -a {})",
        app_or_example(app)
    )
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
    let looked = match &missing.env_file {
        Some(path) => format!(
            "Looked in the environment, {} and the Heroku CLI.",
            path.display()
        ),
        None => "Looked in the environment and the Heroku CLI; there is no .env here.".to_owned(),
    };
    let mut explanation = Explanation::titled(title);
    match &missing.heroku {
        None => {
            explanation = explanation
                .detail(looked)
                .hint("Set them, here for an app with the add-on")
        }
        Some(failure) => {
            let cause = heroku(failure);
            let because = cause
                .detail
                .map(|detail| format!(" {detail}"))
                .unwrap_or_default();
            explanation =
                explanation.detail(format!("{looked} Heroku CLI: {}.{because}", cause.title));
            explanation.hint = Some(match cause.hint {
                Some(hint) if failure.can_be_bypassed() => {
                    format!("{hint}; or set the variables yourself")
                }
                Some(hint) => hint,
                None => "Set them, here for an app with the add-on".to_owned(),
            });
            explanation.commands = cause.commands;
        }
    }
    // An app that isn't there is of no use in the commands.
    let is_unknown = matches!(missing.heroku, Some(HerokuFailure::UnknownApp(_)));
    let app = missing.app.as_deref().filter(|_| !is_unknown);
    explanation
        .commands
        .extend(missing.names.iter().map(|name| export_line(name, app)));
    explanation
}

fn not_on_app(names: &[String], failure: &HerokuFailure) -> Explanation {
    let mut explanation = heroku(failure);
    explanation.title = format!(
        "{} could not be had from the Heroku CLI: {}",
        names.join(" and "),
        explanation.title
    );
    explanation
}

fn no_model(variable: &str, app: Option<&str>, ids: &[String]) -> Explanation {
    let explanation = Explanation::titled(format!("no model was chosen: {variable} is not set"));
    let explanation = if ids.is_empty() {
        explanation.detail("The list of models could not be had. `heroku-chat models` says why.")
    } else {
        explanation.detail(format!("Models: {}", ids.join(", ")))
    };
    let example = ids.first().map_or("claude-4-5-haiku", String::as_str);
    explanation
        .hint("Choose one with -m, or set the variable")
        .command(format!(
            "heroku-chat ask -m {} \"…\"",
            shell::quoted(example)
        ))
        .command(export_line(variable, app))
}

fn no_session(name: &str, nearest: Option<&str>) -> Explanation {
    let explanation = Explanation::titled(format!("there is no session {name:?}"));
    let explanation = match nearest {
        Some(nearest) => explanation.hint(format!("Did you mean {nearest}? All of them")),
        None => explanation.hint("See the sessions there are"),
    };
    explanation.command("heroku-chat sessions")
}

fn empty_answer(finish_reason: Option<&str>) -> Explanation {
    match finish_reason {
        // Seen on Kimi and MiniMax: hidden reasoning uses the whole budget up.
        Some("length") => {
            Explanation::titled("the answer has no text: max_tokens was used up before it")
                .hint("Raise --max-tokens; models that reason first need some thousand")
        }
        Some(reason) if reason.contains("context") => {
            Explanation::titled("the answer has no text: the conversation fills the context window")
                .hint(TOO_LONG)
        }
        Some("tool_calls") => {
            Explanation::titled("the answer is a tool call, and heroku-chat offers no tools")
                .hint("Rephrase the prompt, or try another model with -m")
        }
        Some(reason) => {
            Explanation::titled(format!("the answer has no text (finish reason {reason})"))
                .hint("Send the prompt again, or try another model with -m")
        }
        None => Explanation::titled("the answer has no text")
            .hint("Send the prompt again, or try another model with -m"),
    }
}

fn heroku(failure: &HerokuFailure) -> Explanation {
    match failure {
        HerokuFailure::OnDyno => Explanation::titled("there is none on a dyno, which has the config vars of its app")
            .hint("Attach the add-on to the app; dynos that start after that have its variables")
            .command("heroku addons:create heroku-inference:standard -a example-app"),
        HerokuFailure::NotInstalled => Explanation::titled("the heroku program is not on PATH")
            .hint("Install it (https://devcenter.heroku.com/articles/heroku-cli)"),
        HerokuFailure::NotStarted(reason) => Explanation::titled("it can't be started")
            .detail(reason)
            .hint("See whether `heroku --version` works"),
        HerokuFailure::NotLoggedIn => Explanation::titled("it is not logged in")
            .hint("Log in, then try again")
            .command("heroku login"),
        HerokuFailure::InvalidToken => Explanation::titled("HEROKU_API_KEY is set and was refused")
            .hint("Unset it to use the login of the CLI, or set a token that is valid")
            .command("unset HEROKU_API_KEY"),
        HerokuFailure::NoApp => {
            Explanation::titled("no app was named, and no git remote of this folder belongs to Heroku")
                .hint("Name the app with --app or HEROKU_APP, or connect this folder to it")
                .command("heroku git:remote -a example-app")
        }
        HerokuFailure::SeveralApps(apps) => Explanation::titled("several apps are git remotes of this folder")
            .detail(apps.join(", "))
            .hint(match apps.first().and_then(|app| app.split(['(', ')']).nth(1)) {
                Some(remote) => format!("Choose one with --app or --remote, for example --remote {remote}"),
                None => "Choose one with --app or --remote".to_owned(),
            }),
        HerokuFailure::UnknownRemote(remote) => Explanation::titled(format!("git knows no remote {remote:?}"))
            .hint("See the remotes there are")
            .command("git remote -v"),
        HerokuFailure::UnknownApp(app) => Explanation::titled(match app {
            Some(app) => format!("there is no app {app:?}, or this account can't see it"),
            None => "there is no such app, or this account can't see it".to_owned(),
        })
        .hint("Check the name and the account")
        .command("heroku apps")
        .command("heroku auth:whoami"),
        HerokuFailure::Refused(message) => Explanation::titled("Heroku refused").detail(message),
        HerokuFailure::Unreachable(message) => Explanation::titled("it could not reach Heroku")
            .detail(message)
            .hint("Check the network and HTTPS_PROXY"),
        HerokuFailure::Certificate(message) => {
            Explanation::titled("it could not verify the certificate of Heroku").detail(message).hint(
                "Behind a company proxy, point NODE_EXTRA_CA_CERTS (for the Heroku CLI) and SSL_CERT_FILE (for \
                 heroku-chat) to its certificate",
            )
        }
        HerokuFailure::TimedOut(limit) => Explanation::titled(format!("no answer within {}", seconds(*limit)))
            .hint("Try `heroku config` by hand; it may be waiting for a keyring"),
        HerokuFailure::NotAttached(app) => Explanation::titled(match app {
            Some(app) => format!("the app {app:?} has no such variables"),
            None => "the app has no such variables".to_owned(),
        })
        .hint("Attach the add-on, or name its attachment with --as. `heroku-chat doctor` tells which")
        .command(format!("heroku addons:create heroku-inference:standard -a {}", app_or_example(app.as_deref()))),
        HerokuFailure::Other { code, message } => Explanation::titled(match code {
            Some(code) => format!("it ended with exit code {code}"),
            None => "it was ended by a signal".to_owned(),
        })
        .detail(message)
        .hint("Run `heroku config` by hand to see more"),
    }
}

/// What ring can verify; P-521 and keys shorter than these it can't.
const KEYS: &str = "The host needs TLS 1.2 or 1.3, and certificates with a key of P-256, P-384, \
                    Ed25519 or RSA of 2048 bits or more, signed with SHA-256 or better";

fn network(failure: &NetworkFailure) -> Explanation {
    match failure {
        NetworkFailure::UnknownHost { host, reason } => {
            Explanation::titled(format!("the host {host} was not found"))
                .detail(reason)
                .hint(
                    "Check the network and the URL; `heroku-chat config` shows where it comes from",
                )
        }
        NetworkFailure::Unreachable { address, reason } => Explanation::titled(format!(
            "no connection to {address}: {reason}"
        ))
        .hint("Check the network, the proxy variables and the URL; `heroku-chat config` shows it"),
        NetworkFailure::Certificate { host, flaw, reason } => {
            let explanation = Explanation::titled(format!(
                "the certificate of {host} is not trusted: {reason}"
            ));
            match flaw {
                CertificateFlaw::Time => explanation
                    .hint("Check this machine's clock; if it is right, the host has to renew it")
                    .command("date"),
                CertificateFlaw::Name => explanation.hint(
                    "Check the host in the URL, and whether the network sends you somewhere else",
                ),
                CertificateFlaw::Issuer => explanation
                    .hint("Behind a company proxy, point SSL_CERT_FILE to its certificate")
                    .command("export SSL_CERT_FILE=/path/to/company-ca.pem"),
                CertificateFlaw::Authority => explanation
                    .hint("Give the host a certificate with CA:FALSE, or one that this CA signed"),
                CertificateFlaw::Algorithm => explanation.hint(KEYS),
                CertificateFlaw::Broken => {
                    explanation.hint("Whoever runs the host, or the company proxy, has to mend it")
                }
            }
        }
        NetworkFailure::Handshake { host, reason } => {
            Explanation::titled(format!("TLS with {host} failed: {reason}")).hint(KEYS)
        }
        NetworkFailure::Tls { host, reason } => {
            Explanation::titled(format!("TLS with {host} failed: {reason}"))
                .hint("Check that the URL's scheme and port are right")
        }
        NetworkFailure::Proxy {
            proxy,
            variable,
            reason,
        } => Explanation::titled(format!("the proxy {proxy} can't be used: {reason}")).hint(
            format!("Correct {variable}, or name the host in no_proxy to go without"),
        ),
        NetworkFailure::TimedOut { waiting, limit } => {
            let hint = match waiting {
                Waiting::Connection => {
                    "Check the network and the proxy variables; `heroku-chat doctor` looks at each step"
                }
                Waiting::FirstByte => {
                    "Try again; if the model needs longer for its first word, raise --timeout"
                }
                Waiting::NextByte => "Send the prompt again for a whole answer",
            };
            Explanation::titled(format!("waited {} for {waiting}", seconds(*limit))).hint(hint)
        }
        NetworkFailure::Garbled { host, reason } => {
            Explanation::titled(format!("what {host} sent is no HTTP: {reason}"))
                .hint("Check that the URL's scheme, host and port are those of the service")
        }
        NetworkFailure::NoRoots {
            variable,
            value,
            reason,
        } => Explanation::titled(format!(
            "{variable} names {value}, where there is no certificate to trust: {reason}"
        ))
        .hint("Point it to a PEM file with the CA's certificate, or do without it")
        .command(format!("unset {variable}")),
        NetworkFailure::Lost { host, reason } => {
            Explanation::titled(format!("the connection to {host} broke: {reason}"))
                .hint("Try again")
        }
    }
}

fn service(problem: &ServiceProblem) -> Explanation {
    let ServiceProblem {
        kind,
        status,
        message,
        label,
        host,
        model,
        retry_after,
        may_pass: _,
    } = problem;
    let model = model.as_deref().unwrap_or("this model");
    let titled = |title: String| {
        let title = match status {
            // A failure inside an answer that names none.
            200..=299 => title,
            _ => format!("{title} (status {status})"),
        };
        Explanation::titled(title).detail(match label {
            Some(label) if message.is_empty() => label.clone(),
            Some(label) => format!("{message} ({label})"),
            None => message.clone(),
        })
    };
    match kind {
        ProblemKind::UnknownParameter(name) => {
            titled(format!("{model} does not know the parameter {name}")).hint("Leave that option out")
        }
        ProblemKind::Rejected => {
            let hint = if *status == 413 { TOO_LONG } else { rejection_hint(message) };
            titled(format!("{host} rejected the request for {model}")).hint(hint)
        }
        ProblemKind::Unauthorized => titled(format!("{host} did not accept the key")).hint(
            "Set the key again; it changes when the add-on is made anew. `heroku-chat config` shows where it comes from",
        ),
        ProblemKind::ModelNotCovered => titled(format!("the key is not valid for {model}"))
            .hint("On plans of one model each model has its own key: choose its attachment with --as, or another model with -m"),
        ProblemKind::Blocked => titled(format!("a firewall or filter between here and {host} refused the request")).hint(
            "The firewall of the service does that for text that looks like an attack, such as ../ or <script>: rephrase the prompt. A filter of your network does it to the host: ask who runs it. Trying again does not help",
        ),
        ProblemKind::SignIn => titled(format!("the network wants a sign-in before it lets anything through to {host}"))
            .hint("Open any page in a browser, sign in, then try again"),
        ProblemKind::NotFound => titled(format!("{host} does not know the model {model}")).hint("Check the id and the URL. The ids there are").command("heroku-chat models"),
        ProblemKind::RateLimited => titled(format!("the rate limit of {model} is reached")).hint(match retry_after {
            Some(wait) => format!("The service asks to wait {}, then try again", seconds(*wait)),
            None => "Wait a minute, then try again; the limits are per minute".to_owned(),
        }),
        ProblemKind::QuotaUsedUp => titled(format!("the quota for {model} is used up"))
            .hint("Waiting does not help: look at the plan and the spending limits of the add-on, or try another model with -m"),
        ProblemKind::ServerFault => titled(format!("{host} failed")).hint("Try again in a while; https://status.heroku.com tells of known trouble"),
        ProblemKind::Redirect(location) => titled(format!("{host} redirects to {location}, which is not followed"))
            .hint("Correct the URL: the key is sent to no other host than the one you named"),
    }
}

const TOO_LONG: &str = "The conversation is too long for the model: /undo, /clear or /set context N in the chat, less text in a script";

/// What to do about a rejection, by the words of Bedrock that are known to come through.
fn rejection_hint(message: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().all(|word| message.contains(word));
    if ["max_tokens", "max_completion_tokens", "maximum tokens"]
        .iter()
        .any(|name| says(&[name]))
    {
        "Lower --max-tokens (/set max_tokens in the chat) to what the service allows"
    } else if says(&["temperature", "top_p"]) {
        "Give only one of --temperature and --top-p"
    } else if says(&["temperature", "thinking"]) {
        "Leave --temperature out where the model thinks first"
    } else if says(&["too long"]) || says(&["context"]) {
        TOO_LONG
    } else if says(&["content"]) && (says(&["empty"]) || says(&["required"])) {
        "A message of the conversation has no text: /undo takes the last turn back"
    } else {
        "Change what the service names, or try another model with -m"
    }
}

/// A limit the way people say it.
fn seconds(limit: Duration) -> String {
    let text = format!("{:.1}", limit.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
