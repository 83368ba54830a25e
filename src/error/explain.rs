//! The words of every failure: a title that names what failed and with which value, the service's
//! own sentence, and what to do next. `doctor` and the chat both speak from here, so they never
//! disagree. `texts.txt` beside this file has all of them, to be read one after the other.

use std::fmt;
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
    /// What to do next; a second hint is a way around the first.
    pub hints: Vec<Hint>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Without its end mark, which depends on what follows.
    pub sentence: String,
    /// Commands that do it, to be copied line by line.
    pub commands: Vec<String>,
}

impl fmt::Display for Hint {
    /// The sentence with its end mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends_with_url = (self.sentence.rsplit(' ').next())
            .is_some_and(|word| word.contains("://") && !word.ends_with(')'));
        let mark = match self.commands[..] {
            // A mark would be copied with the URL.
            [] if ends_with_url => "",
            [] => ".",
            _ => ":",
        };
        write!(f, "{}{mark}", self.sentence)
    }
}

impl Explanation {
    /// What failed, or what is so.
    pub fn titled(title: impl Into<String>) -> Self {
        Explanation {
            title: title.into(),
            ..Explanation::default()
        }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    /// With something to do; the sentence has no end mark.
    pub fn hint(mut self, sentence: impl Into<String>) -> Self {
        self.hints.push(Hint {
            sentence: sentence.into(),
            commands: Vec::new(),
        });
        self
    }

    /// With a command for the last hint.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        let hint = self.hints.last_mut();
        hint.expect("a hint comes before its commands")
            .commands
            .push(command.into());
        self
    }
}

impl Error {
    /// The failure in words.
    pub fn explain(&self) -> Explanation {
        match self {
            Error::MissingVariables(missing) => missing_variables(missing),
            Error::NotOnApp { names, heroku } => not_on_app(names, heroku),
            Error::SplitSources { prefix, url, key } => Explanation::titled(format!(
                "{prefix}_URL and {prefix}_KEY come from different places: the URL from {url}, \
                    the key from {key}"
            ))
            .detail(
                "Both have to come from one place, so that a URL in a file can't send your \
                key to another host.",
            )
            .hint(format!(
                "Set both in one place, or pass --allow-mixed-sources if {url} is meant to \
                    receive this key"
            )),
            Error::InvalidUrl {
                name,
                value,
                source,
                reason,
            } => Explanation::titled(format!(
                "{name} {value:?} from {source} can't be used: {reason}"
            ))
            .hint("The add-on's URL looks like https://us.inference.heroku.com"),
            Error::PlainHttp { url, source } => Explanation::titled(format!(
                "{url} from {source} would get the key in clear text"
            ))
            .hint("Use https://, or pass --allow-http if that network is yours"),
            Error::InvalidKey { source, reason } => {
                Explanation::titled(format!("the key from {source} {reason}"))
                    .hint("Set it again from the add-on; it looks like inf- and a UUID")
            }
            Error::InvalidValue { what, value, rule } => {
                Explanation::titled(format!("{what} {value:?} is not valid"))
                    .hint(format!("It takes {rule}"))
            }
            Error::File { what, path, reason } => {
                Explanation::titled(format!("{what} {} can't be used", path.display()))
                    .detail(reason)
            }
            Error::NoPrompt => Explanation::titled("there is no prompt")
                .hint("Give it as an argument, on standard input, or both")
                .command("heroku-chat ask \"Explain dynos in a sentence\"")
                .command("git diff | heroku-chat ask \"Write a commit message\""),
            Error::NoModel { variable, app, ids } => no_model(variable, app.as_deref(), ids),
            Error::NoSession { name, nearest } => no_session(name, nearest.as_deref()),
            Error::SeveralSessions { typed, names } => Explanation::titled(format!(
                "the names of {} sessions begin with {typed:?}",
                names.len()
            ))
            .detail(names.join(", "))
            .hint("Type more of the name"),
            Error::NothingToContinue => {
                Explanation::titled("there is no saved conversation to continue")
                    .hint("Begin one, without --continue")
                    .command("heroku-chat")
            }
            Error::NothingSaid { session } => {
                Explanation::titled(format!("the session {session} has no messages left"))
                    .hint("List the sessions")
                    .command("heroku-chat sessions")
            }
            Error::SessionExists(name) => {
                Explanation::titled(format!("there is already a session {name}"))
                    .hint("Choose another name, or delete the other first")
                    .command(format!(
                        "heroku-chat sessions delete {}",
                        shell::quoted(name)
                    ))
            }
            Error::SessionInUse(name) => {
                Explanation::titled(format!("the session {name} is open in a chat"))
                    .hint("Leave that chat first. This only reads it")
                    .command(format!("heroku-chat sessions show {}", shell::quoted(name)))
            }
            Error::Unconfirmed { what } => Explanation::titled(format!(
                "{what} can't be undone, and you have not confirmed it"
            ))
            .hint("Pass --yes to skip the question"),
            Error::TextOnly { model } => {
                Explanation::titled(format!("{model} takes text only, no images")).hint(
                    "Choose another model with -m, or /model in the chat (Claude 4.5 and \
                    later take images). Or take the images back: /image none, /undo",
                )
            }
            Error::Network(failure) => network(failure),
            Error::Service(problem) => service(problem),
            Error::Unreadable {
                host,
                reason,
                excerpt,
            } => Explanation::titled(format!(
                "{host} did not answer like Heroku Inference: {reason}"
            ))
            .detail(quoted(excerpt))
            .hint(
                "Check the URL; a proxy or a sign-in page of the network may have answered instead",
            ),
            Error::Truncated => {
                Explanation::titled("the stream ended before the answer was complete")
                    .hint("Send the prompt again for a whole answer")
            }
            Error::System { what, reason } => {
                Explanation::titled(format!("{what} failed")).detail(reason)
            }
            Error::BrokenAnswer { reason } if reason.is_empty() => {
                Explanation::titled("the answer broke off, and the service gave no reason")
                    .hint("Send the prompt again for a whole answer")
            }
            Error::BrokenAnswer { reason } => {
                Explanation::titled(format!("the answer broke off: {reason}"))
                    .hint("Send the prompt again for a whole answer")
            }
            Error::EmptyAnswer { finish_reason } => empty_answer(finish_reason.as_deref()),
            Error::Output(error) => {
                Explanation::titled("the output could not be written").detail(error.to_string())
            }
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
    let mut looked = match &missing.env_file {
        Some(path) => format!(
            "Looked in the environment, {} and the Heroku CLI.",
            path.display()
        ),
        None => "Looked in the environment and the Heroku CLI; there is no .env here.".to_owned(),
    };
    let mut explanation = Explanation::titled(title);
    if let Some(failure) = &missing.heroku {
        let cause = heroku(failure);
        let because = cause
            .detail
            .map_or_else(String::new, |detail| format!(" {detail}"));
        looked.push_str(&format!(" Heroku CLI: {}.{because}", cause.title));
        explanation.hints = cause.hints;
    }
    let explanation = explanation.detail(looked);
    let by_hand = match &missing.heroku {
        // There is nothing to set on a dyno, whose variables are the app's.
        Some(HerokuFailure::OnDyno) => return explanation,
        _ if explanation.hints.is_empty() => "Set them, here for an app with the add-on",
        _ => "Or set them yourself, here for an app with the add-on",
    };
    // An app that isn't there is of no use in the commands.
    let is_unknown = matches!(missing.heroku, Some(HerokuFailure::UnknownApp(_)));
    let app = missing.app.as_deref().filter(|_| !is_unknown);
    missing
        .names
        .iter()
        .fold(explanation.hint(by_hand), |explanation, name| {
            explanation.command(export_line(name, app))
        })
}

fn not_on_app(names: &[String], failure: &HerokuFailure) -> Explanation {
    let mut explanation = heroku(failure);
    explanation.title = format!(
        "can't get {} from the Heroku CLI: {}",
        names.join(" and "),
        explanation.title
    );
    explanation
}

fn no_model(variable: &str, app: Option<&str>, ids: &[String]) -> Explanation {
    let explanation = Explanation::titled(format!("no model was chosen: {variable} is not set"));
    let explanation = if ids.is_empty() {
        explanation.detail("There is no list of models; `heroku-chat models` says why.")
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
        Some(nearest) => explanation.hint(format!("Did you mean {nearest}? This lists all")),
        None => explanation.hint("List the sessions"),
    };
    explanation.command("heroku-chat sessions")
}

fn empty_answer(finish_reason: Option<&str>) -> Explanation {
    match finish_reason {
        // Seen on Kimi and MiniMax: hidden reasoning uses the whole budget up.
        Some("length") => {
            Explanation::titled("the answer has no text: max_tokens was used up before it")
                .hint("Raise --max-tokens; models that reason first need a few thousand")
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
        HerokuFailure::OnDyno => Explanation::titled(
            "there is none on a dyno, which has the \
            config vars of its app",
        )
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
            .hint("Set a valid token, or unset it to use the login of the CLI")
            .command("unset HEROKU_API_KEY"),
        HerokuFailure::NoApp => Explanation::titled(
            "no app was named, and no git remote of this folder belongs to \
                Heroku",
        )
        .hint("Name the app with --app or HEROKU_APP, or connect this folder to it")
        .command("heroku git:remote -a example-app"),
        HerokuFailure::SeveralApps(apps) => Explanation::titled(
            "several apps are git remotes \
            of this folder",
        )
        .detail(apps.join(", "))
        .hint(
            match apps.first().and_then(|app| app.split(['(', ')']).nth(1)) {
                Some(remote) => format!(
                    "Choose one with --app or --remote, for example \
                    --remote {remote}"
                ),
                None => "Choose one with --app or --remote".to_owned(),
            },
        ),
        HerokuFailure::UnknownRemote(remote) => {
            Explanation::titled(format!("git knows no remote {remote:?}"))
                .hint("List the remotes")
                .command("git remote -v")
        }
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
            Explanation::titled("it could not verify the certificate of Heroku")
                .detail(message)
                .hint(
                    "Behind a company proxy, point NODE_EXTRA_CA_CERTS (for the Heroku CLI) \
                 and SSL_CERT_FILE (for \
                 heroku-chat) to its certificate",
                )
        }
        HerokuFailure::TimedOut(limit) => {
            Explanation::titled(format!("no answer within {}", seconds(*limit))).hint(
                "Check the network, or run `heroku config` by hand: it may be waiting for a \
                keyring",
            )
        }
        HerokuFailure::NotAttached(app) => Explanation::titled(match app {
            Some(app) => format!("the app {app:?} has no such variables"),
            None => "the app has no such variables".to_owned(),
        })
        .hint(
            "If the add-on is attached under another name, pass that with --as (`heroku-chat \
            doctor` finds it). Otherwise create the add-on",
        )
        .command(format!(
            "heroku addons:create heroku-inference:standard -a {}",
            app_or_example(app.as_deref())
        )),
        HerokuFailure::Other { code, message } => Explanation::titled(match code {
            Some(0) => "its answer is not what it was asked for".to_owned(),
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
                    explanation.hint("Whoever runs the host or the company proxy has to fix it")
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
                    "Check the network and the proxy variables; `heroku-chat doctor` looks at \
                        each step"
                }
                Waiting::FirstByte => {
                    "Try again; if the model needs longer for its first word, raise --timeout"
                }
                Waiting::NextByte => "Send the prompt again for a whole answer",
            };
            Explanation::titled(format!("waited {} for {waiting}", seconds(*limit))).hint(hint)
        }
        NetworkFailure::Garbled { host, reason } => {
            Explanation::titled(format!("what {host} sent is not HTTP: {reason}"))
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
            titled(format!("{model} does not know the parameter {name}"))
                .hint("Leave that option out")
        }
        ProblemKind::Rejected => {
            let hint = if *status == 413 {
                TOO_LONG
            } else {
                rejection_hint(message)
            };
            titled(format!("{host} rejected the request for {model}")).hint(hint)
        }
        ProblemKind::Unauthorized => titled(format!("{host} did not accept the key")).hint(
            "Set the key again; it changes when the add-on is created anew. `heroku-chat \
                config` shows where it comes from",
        ),
        ProblemKind::ModelNotCovered => titled(format!("the key is not valid for {model}")).hint(
            "On plans of one model each model has its own key: choose its attachment with \
                --as, or another model with -m",
        ),
        ProblemKind::Blocked => titled(format!(
            "a firewall or filter between here and {host} refused the request"
        ))
        .hint(
            "The service's firewall refuses text that looks like an attack, such as ../ or \
                <script>: rephrase the prompt. If your network filters this host, ask whoever \
                runs it. Trying again does not help",
        ),
        ProblemKind::SignIn => titled(format!(
            "the network wants a sign-in before it lets anything through to {host}"
        ))
        .hint("Open any page in a browser, sign in, then try again"),
        ProblemKind::NotFound => titled(format!("{host} does not know the model {model}"))
            .hint("Check the URL and the id. This lists the ids")
            .command("heroku-chat models"),
        ProblemKind::RateLimited => {
            titled(format!("the rate limit of {model} is reached")).hint(match retry_after {
                Some(wait) => format!(
                    "The service asks to wait {}, then try again",
                    seconds(*wait)
                ),
                None => "Wait a minute, then try again; the limits are per minute".to_owned(),
            })
        }
        ProblemKind::QuotaUsedUp => titled(format!("the quota for {model} is used up")).hint(
            "Waiting does not help: look at the plan and the spending limits of the \
                add-on, or try another model with -m",
        ),
        ProblemKind::ServerFault => titled(format!("{host} failed"))
            .hint("Try again in a while; https://status.heroku.com lists known incidents"),
        ProblemKind::Redirect(location) => titled(format!(
            "{host} redirects to {location}, which is not followed"
        ))
        .hint("Correct the URL: the key is sent to no other host than the one you named"),
    }
}

const TOO_LONG: &str = "The conversation is too long for the model: /undo, /clear or /set \
    context N in the chat; less text in a script";

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
        "Leave --temperature out if the model thinks first"
    } else if says(&["too long"]) || says(&["context"]) {
        TOO_LONG
    } else if says(&["content"]) && (says(&["empty"]) || says(&["required"])) {
        "A message of the conversation has no text: /undo takes the last turn back"
    } else {
        "Change what the service names, or try another model with -m"
    }
}

/// A limit the way people say it: whole seconds if it is whole.
pub fn seconds(limit: Duration) -> String {
    let text = format!("{:.1}", limit.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
