//! Everything that can go wrong, as one enum: a variant per next action of the user.
//!
//! The words are in [`explain`]; the rest of the program only says what happened.

pub mod dialect;
mod explain;
pub mod nearest;
pub mod shell;
mod words;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

pub use explain::{INSTALL, export_line, renamed, seconds, set_in};
#[cfg(test)]
use words::Hint;
pub(crate) use words::words;
pub use words::{Explanation, look_up};

use crate::cli::source::Source;

/// What the process tells its caller, in the manner of the Heroku CLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// The command did what was asked, or the reader of its output went away.
    Done = 0,
    /// The user can fix it: configuration, authentication, model, rejected request.
    Fixable = 1,
    /// The command line was not understood. clap exits with this value itself.
    Usage = 2,
    /// The service or the network: unreachable, silent, over its limit, broken off.
    Service = 3,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status as u8)
    }
}

/// A failure, with what its explanation needs to know.
#[derive(Debug)]
pub enum Error {
    /// Required variables were found nowhere.
    MissingVariables(Box<MissingVariables>),
    /// The Heroku CLI was asked for these variables and nothing else would do, and it has none.
    NotOnApp {
        names: Vec<String>,
        heroku: HerokuFailure,
    },
    /// URL and key come from two places, so the key might be sent to a host it wasn't made for.
    SplitSources {
        prefix: String,
        url: Source,
        key: Source,
    },
    /// A base URL that can't be used.
    InvalidUrl {
        name: String,
        value: String,
        source: Source,
        reason: String,
    },
    /// A base URL that would send the key over the network in clear text.
    PlainHttp { url: String, source: Source },
    /// A key with characters that no header can carry.
    InvalidKey {
        source: Source,
        reason: &'static str,
    },
    /// A value of the command line or the environment that breaks a rule.
    InvalidValue {
        what: String,
        value: String,
        rule: String,
    },
    /// A file that was named can't be used.
    File {
        what: &'static str,
        path: PathBuf,
        reason: String,
    },
    /// There is no such command; with the one that was probably meant.
    NoCommand {
        typed: String,
        nearest: Option<String>,
        /// What it would be as a prompt.
        prompt: Option<String>,
    },
    /// `ask` was given neither an argument nor standard input.
    NoPrompt,
    /// `why` has no log, or nothing in it has the form of one.
    NoLog,
    /// `why` can't look at the app.
    Unexamined(Box<HerokuFailure>),
    /// Neither flag nor variable names a model; with the ids to choose from.
    NoModel {
        variable: String,
        /// The app that was named, if nobody asked it for a model yet.
        app: Option<String>,
        ids: Vec<String>,
    },
    /// No session has this name, or one that begins so; with the one that was probably meant.
    NoSession {
        name: String,
        nearest: Option<String>,
    },
    /// Several sessions have names that begin so.
    SeveralSessions { typed: String, names: Vec<String> },
    /// The last conversation is to be continued, and there is none.
    NothingToContinue,
    /// A conversation is to be picked from a list, and there is no terminal to do that on.
    NobodyToAsk,
    /// A session can't be exported because it has no messages left.
    NothingSaid { session: String },
    /// A session can't get a name that another has.
    SessionExists(String),
    /// A session can't be continued or deleted while another process has it open.
    SessionInUse(String),
    /// Something would be deleted for good, and nobody can be asked.
    Unconfirmed { what: String },
    /// Images are part of the conversation, and this model takes text alone.
    TextOnly { model: String },
    /// There is a budget, and nobody knows what this model costs.
    NoPrice { model: String },
    /// There is a budget, and nobody knows how long an answer gets.
    NoLimit,
    /// What the next request may cost, with what was spent, passes the budget; in US$.
    OverBudget { budget: f64, spent: f64, next: f64 },
    /// The network between here and the service.
    Network(NetworkFailure),
    /// The service answered, with a failure.
    Service(Box<ServiceProblem>),
    /// Heroku's Platform API answered, and not with what was asked for.
    Platform(PlatformFailure),
    /// The answer can't be understood as one of this API.
    Unreadable {
        host: String,
        reason: String,
        excerpt: String,
    },
    /// The stream ended before the answer was complete.
    Truncated,
    /// The stream reported a failure after the answer had begun.
    BrokenAnswer { reason: String },
    /// Code was asked for, and the answer has no code block.
    NoCode,
    /// The answer is complete and has no text.
    EmptyAnswer { finish_reason: Option<String> },
    /// The standard output failed.
    Output(io::Error),
    /// Something of this machine failed: what could not be done, and why.
    System { what: &'static str, reason: String },
    /// A panic: where and why.
    Fault(String),
    /// The reader of the standard output went away; that is no failure.
    ReaderGone,
    /// Ctrl-C.
    Interrupted,
}

/// Which variables are missing, and what is known about the places they could have been in.
#[derive(Debug)]
pub struct MissingVariables {
    /// Full names, in the order URL, key.
    pub names: Vec<String>,
    /// Variables of the same attachment that were found, and where.
    pub found: Vec<(String, Source)>,
    /// The app that was named, for the commands in the hint.
    pub app: Option<String>,
    /// What was probably meant for one of them.
    pub nearly: Vec<Nearly>,
    /// Whether an env file was there to be read.
    pub env_file: Option<PathBuf>,
    /// Why the Heroku CLI didn't help, if it was asked.
    pub heroku: Option<HerokuFailure>,
}

/// A variable that is set under a name which is nearly the one that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearly {
    /// The name that is read.
    pub name: String,
    /// The name that is set.
    pub set: String,
    pub source: Source,
}

/// Why Heroku told nothing: by its program, or asked directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HerokuFailure {
    /// No program of that name on PATH.
    NotInstalled,
    /// The same on a dyno, which needs none: config vars are in the environment there.
    OnDyno,
    /// There is one, and the system can't run it.
    NotStarted(String),
    /// It would have asked to open the browser.
    NotLoggedIn,
    /// `HEROKU_API_KEY` is set and was refused.
    InvalidToken,
    /// Neither flag, nor `HEROKU_APP`, nor a git remote names an app.
    NoApp,
    /// Several git remotes; each as `name (remote)`.
    SeveralApps(Vec<String>),
    /// `-r` names a remote that git doesn't know.
    UnknownRemote(String),
    /// The app doesn't exist, or this account can't see it.
    UnknownApp(Option<String>),
    /// The API refused, in the words that the CLI printed.
    Refused(String),
    /// The API, asked directly, gave this in place of an answer.
    Platform(PlatformFailure),
    /// Nobody reached the API, in words of the CLI or of ours.
    Unreachable(String),
    /// A certificate could not be verified, in such words.
    Certificate(String),
    /// No answer within this time.
    TimedOut(Duration),
    /// It answered, and none of the variables is set on the app.
    NotAttached(Option<String>),
    /// It answered, and the add-on's variables begin with another name than this prefix.
    Elsewhere {
        app: Option<String>,
        prefix: String,
        other: String,
    },
    /// Anything else: the exit code if there is one, and what it printed.
    Other { code: Option<i32>, message: String },
}

/// Why Heroku's Platform API, asked directly, did not tell what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformFailure {
    /// It refused, with an error object of its own.
    Refused {
        status: u16,
        /// Such as `not_found` or `two_factor`.
        id: String,
        message: String,
    },
    /// What came is not what this API sends: a page of a proxy or of a sign-in, most likely.
    NotJson {
        status: u16,
        host: String,
        reason: String,
    },
}

/// What stood between this program and the service.
#[derive(Debug, PartialEq, Eq)]
pub enum NetworkFailure {
    /// The name doesn't resolve.
    UnknownHost { host: String, reason: String },
    /// No TCP connection.
    Unreachable { address: String, reason: String },
    /// The certificate isn't acceptable.
    Certificate {
        host: String,
        flaw: CertificateFlaw,
        reason: String,
    },
    /// TLS failed otherwise.
    Tls { host: String, reason: String },
    /// The handshake began, and the two sides do not agree.
    Handshake { host: String, reason: String },
    /// The proxy refused, or can't be used.
    Proxy {
        proxy: String,
        /// The variable that names it.
        variable: &'static str,
        reason: String,
    },
    /// Nothing came for too long.
    TimedOut { waiting: Waiting, limit: Duration },
    /// The connection broke.
    Lost { host: String, reason: String },
    /// What came is not HTTP.
    Garbled { host: String, reason: String },
    /// A variable names certificates to trust, and there is none.
    NoRoots {
        variable: &'static str,
        value: String,
        reason: String,
    },
}

/// What is wrong with a certificate, as far as the next step differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFlaw {
    /// Expired, or not valid yet.
    Time,
    /// Made for another host.
    Name,
    /// Issued by somebody unknown.
    Issuer,
    /// Issued by somebody whom the user's own list of whom to trust doesn't have.
    Unlisted,
    /// A CA's own certificate, in the place of one that the CA signed.
    Authority,
    /// Of a kind that can't be verified here.
    Algorithm,
    /// Wrong in a way that only its maker can fix.
    Broken,
}

/// What a request was waiting for when its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// DNS, TCP and TLS.
    Connection,
    /// The first byte of the answer.
    FirstByte,
    /// The next bytes of an answer that had begun.
    NextByte,
}

/// A failure as the service reports it.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceProblem {
    /// What it means for the user.
    pub kind: ProblemKind,
    /// HTTP status; the one that it names itself for a failure inside an answer, if it does.
    pub status: u16,
    /// The service's own words; the start of the body if it has none.
    pub message: String,
    /// Its code and type, in the service's words.
    pub label: Option<String>,
    /// Host that answered.
    pub host: String,
    /// Model that was asked for, if any.
    pub model: Option<String>,
    /// How long to wait, if the service says so.
    pub retry_after: Option<Duration>,
    /// Whether the same request may well succeed a little later.
    pub may_pass: bool,
}

/// The meanings of a failure status, one per next action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// 400 because of one field that this model or plan doesn't know.
    UnknownParameter(String),
    /// Any other 4xx.
    Rejected,
    /// 401.
    Unauthorized,
    /// 403 that says so in JSON: the key is good, but not for this model.
    ModelNotCovered,
    /// Any other 403 that isn't JSON: a firewall or filter refused the text or the host.
    Blocked,
    /// 511: the network wants a sign-in first.
    SignIn,
    /// 404 that speaks of a model.
    NotFound,
    /// Any other 404.
    NoAddress,
    /// 429.
    RateLimited,
    /// 429 of a limit that no waiting lifts.
    QuotaUsedUp,
    /// 408 and 5xx.
    ServerFault,
    /// 3xx, never followed; with the address it points to.
    Redirect(String),
}

impl HerokuFailure {
    /// Whether the network or Heroku is the trouble, and nothing that the user could set.
    pub fn may_pass(&self) -> bool {
        match self {
            HerokuFailure::Unreachable(_) | HerokuFailure::TimedOut(_) => true,
            HerokuFailure::Platform(failure) => failure.may_pass(),
            // The CLI hands on no status; these are its words for 429 and 5xx.
            HerokuFailure::Refused(words) | HerokuFailure::Other { message: words, .. } => {
                ["rate_limit", "rate limit", "HTTP Error 5"]
                    .iter()
                    .any(|it| words.contains(it))
            }
            _ => false,
        }
    }

    /// Whether it is more telling than that variables are missing.
    fn is_of_app(&self) -> bool {
        !matches!(
            self,
            HerokuFailure::NotInstalled
                | HerokuFailure::OnDyno
                | HerokuFailure::NotStarted(_)
                | HerokuFailure::NotLoggedIn
                | HerokuFailure::InvalidToken
                | HerokuFailure::NoApp
                | HerokuFailure::Other { .. }
        )
    }

    /// Whether `heroku config:get` works once the failure's own advice was followed.
    pub fn can_be_set(&self) -> bool {
        use HerokuFailure as It;
        matches!(
            self,
            It::NotInstalled
                | It::NotLoggedIn
                | It::InvalidToken
                | It::NoApp
                | It::SeveralApps(_)
                | It::UnknownRemote(_)
                | It::UnknownApp(_)
                | It::NotAttached(_)
        )
    }
}

impl PlatformFailure {
    /// Whether the network or Heroku is the trouble, and nothing that the user could set.
    fn may_pass(&self) -> bool {
        match self {
            PlatformFailure::Refused { status, .. } => matches!(status, 429 | 500..),
            PlatformFailure::NotJson { .. } => true,
        }
    }
}

impl Error {
    /// The exit code this failure ends the process with; `texts.txt` shows those of all.
    pub fn exit_status(&self) -> ExitStatus {
        use NetworkFailure::{Certificate, NoRoots, Proxy};
        use ProblemKind as Kind;
        match self {
            Error::ReaderGone => ExitStatus::Done,
            Error::Interrupted => ExitStatus::Interrupted,
            Error::NoPrompt | Error::NoCommand { .. } => ExitStatus::Usage,
            Error::NoLog | Error::Unexamined(_) => ExitStatus::Service,
            Error::Service(problem) => match problem.kind {
                Kind::RateLimited | Kind::QuotaUsedUp | Kind::ServerFault => ExitStatus::Service,
                Kind::UnknownParameter(_)
                | Kind::Rejected
                | Kind::Unauthorized
                | Kind::ModelNotCovered
                | Kind::Blocked
                | Kind::SignIn
                | Kind::NotFound
                | Kind::NoAddress
                | Kind::Redirect(_) => ExitStatus::Fixable,
            },
            Error::Platform(failure) if failure.may_pass() => ExitStatus::Service,
            Error::MissingVariables(missing)
                if missing.heroku.as_ref().is_some_and(HerokuFailure::may_pass) =>
            {
                ExitStatus::Service
            }
            Error::NotOnApp { heroku, .. } if heroku.may_pass() => ExitStatus::Service,
            Error::Platform(_)
            | Error::Network(Certificate { .. } | Proxy { .. } | NoRoots { .. })
            | Error::MissingVariables(_)
            | Error::NotOnApp { .. }
            | Error::SplitSources { .. }
            | Error::InvalidUrl { .. }
            | Error::PlainHttp { .. }
            | Error::InvalidKey { .. }
            | Error::InvalidValue { .. }
            | Error::File { .. }
            | Error::NoModel { .. }
            | Error::NoSession { .. }
            | Error::SeveralSessions { .. }
            | Error::NothingToContinue
            | Error::NobodyToAsk
            | Error::NothingSaid { .. }
            | Error::SessionExists(_)
            | Error::SessionInUse(_)
            | Error::Unconfirmed { .. }
            | Error::TextOnly { .. }
            | Error::NoPrice { .. }
            | Error::NoLimit
            | Error::OverBudget { .. }
            | Error::NoCode
            | Error::Output(_)
            | Error::System { .. }
            | Error::Fault(_) => ExitStatus::Fixable,
            Error::Network(_)
            | Error::Truncated
            | Error::BrokenAnswer { .. }
            | Error::EmptyAnswer { .. }
            | Error::Unreadable { .. } => ExitStatus::Service,
        }
    }

    /// Whether the same request may well succeed a little later, as long as nothing of its answer
    /// was seen.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Network(NetworkFailure::Unreachable { .. } | NetworkFailure::Lost { .. }) => {
                true
            }
            Error::Service(problem) => problem.may_pass,
            // What isn't known to pass is not sent again: it may have been paid for.
            _ => false,
        }
    }

    /// A file that can't be read or written, with the reason in the system's words.
    pub fn of_file(what: &'static str, path: &Path, error: &io::Error) -> Self {
        Error::File {
            what,
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    /// A failure to write the result; a closed pipe is no failure.
    pub fn from_output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Error::ReaderGone,
            _ => Error::Output(error),
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod texts_tests;
