//! A stand-in for Heroku's Platform API on loopback, for running the real `heroku` program without
//! an account.
//!
//! It plays apps: their config vars, what Heroku tells of them, and their logs; and Heroku's status
//! page. It has Heroku's status codes and error objects, and each path can misbehave as networks do:
//! a captive portal, an error page, silence, a hang-up. [`Platform::env`] points the program at it,
//! `HEROKU_API_KEY` or a netrc with [`TOKEN`] logs in.
//!
//! It is not the inference service, changes nothing and speaks no TLS. Only the `id` and the shape
//! of an error are Heroku's for certain; the program prints the words of `message` as they come.
#![allow(dead_code, reason = "a test takes the part it needs")]

mod answer;
mod app;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use serde_json::json;

use super::served::{Seen, Served};
pub use answer::Answer;
use answer::{Reply, Request, Response};
pub use app::{App, SECRETS, log_path};

/// The one token that is logged in; any other gets 401.
pub const TOKEN: &str = "good-token";

/// Who `heroku auth:whoami` says that [`TOKEN`] is.
pub const EMAIL: &str = "dev@example.com";

/// A value for `HEROKU_HOST` where the connection is refused, whatever else runs on the machine:
/// the port is below those that systems hand out. The CLI tries six times and gives up after seven
/// seconds.
pub const NOBODY_LISTENS: &str = "http://127.0.0.1:1";

/// The server. Listens on a free port of 127.0.0.1 and has stopped when its `drop` returns.
pub struct Platform {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stopping: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
    served: Served,
}

#[derive(Default)]
struct State {
    address: String,
    apps: HashMap<String, App>,
    /// By path.
    answers: HashMap<String, Answer>,
    /// Titles of what is open on the status page.
    incidents: Vec<String>,
    requests: Vec<String>,
}

impl Platform {
    /// Starts a server without apps.
    pub fn start() -> Platform {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let state = Arc::new(Mutex::new(State {
            address: address.to_string(),
            ..State::default()
        }));
        let stopping = Arc::new(AtomicBool::new(false));
        let served = Served::default();
        let listening = thread::spawn({
            let (state, stopping) = (Arc::clone(&state), Arc::clone(&stopping));
            let seen = served.seen();
            move || listen(&listener, &state, &stopping, &seen)
        });
        Platform {
            address,
            state,
            stopping,
            listening: Some(listening),
            served,
        }
    }

    /// Starts a server that only keeps the CLI off the internet: nobody has to call it.
    pub fn stand_by() -> Platform {
        let platform = Platform::start();
        platform.served.may_stay_idle();
        platform
    }

    /// The value for `HEROKU_HOST`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the real CLI needs in its environment to talk to this server and to nobody else, and to
    /// leave no process behind. Each line is there for something seen with heroku 11.10.0. A test
    /// starts from an empty environment and adds `PATH` (with `node` and `git`), a `HOME` of its
    /// own and, to be logged in, `HEROKU_API_KEY`.
    ///
    /// The `HOME` matters: every command writes a credential helper into its `.gitconfig`. Don't
    /// point `GIT_CONFIG_GLOBAL` at `/dev/null` to prevent that: git replaces the file it writes,
    /// and as root that is the machine's `/dev/null`.
    pub fn env(&self) -> [(&'static str, String); 7] {
        [
            ("HEROKU_HOST", self.url()),
            ("HEROKU_STATUS_HOST", self.url()),
            // Else the host of git remotes would be this server's too, and no remote in a test
            // would count.
            ("HEROKU_GIT_HOST", "git.heroku.com".to_owned()),
            // Asked along with `/account`; unreachable, it makes `auth:whoami` take seven seconds
            // more.
            ("HEROKU_PARTICLEBOARD_URL", self.url()),
            // Else two processes outlive each command by some seconds and try hosts on the
            // internet.
            ("DISABLE_TELEMETRY", "true".to_owned()),
            // Else the first command in a `HOME` starts `heroku update --autoupdate`, which stays
            // for an hour or more.
            ("HEROKU_DISABLE_AUTOUPDATE", "1".to_owned()),
            // Else a process that outlives the command asks npm's registry for the newest version.
            ("HEROKU_SKIP_NEW_VERSION_CHECK", "1".to_owned()),
        ]
    }

    /// The text of a `~/.netrc` (mode 0600) that is logged in to this server with `token`.
    pub fn netrc(&self, token: &str) -> String {
        let address = self.address;
        format!("machine {address}\n  login {EMAIL}\n  password {token}\n")
    }

    /// Adds the app `name` with these config vars, or replaces it.
    pub fn app(&self, name: &str, vars: &[(&str, &str)]) {
        self.play(name, App::new(name, vars));
    }

    /// Adds this app, or replaces it.
    pub fn play(&self, name: &str, app: App) {
        lock(&self.state).apps.insert(name.to_owned(), app);
    }

    /// From now on answers like this about the config vars of the app `name`, whether it was added
    /// or not.
    pub fn answer(&self, name: &str, answer: Answer) {
        self.answer_at(&format!("/apps/{name}/config-vars"), answer);
    }

    /// From now on answers like this at a path.
    pub fn answer_at(&self, path: &str, answer: Answer) {
        lock(&self.state).answers.insert(path.to_owned(), answer);
    }

    /// Has something be open on Heroku's status page.
    pub fn incident(&self, title: &str) {
        lock(&self.state).incidents.push(title.to_owned());
    }

    /// What was asked so far, in order: `GET /apps/good/config-vars`.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // `accept` has no time limit: one more connection makes it look at the flag.
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(listening)) = (woken, self.listening.take()) {
            // `served` fails the test if the thread panicked, but not a test that fails anyway.
            let _ = listening.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state
        .lock()
        .expect("no thread panics while it holds the lock")
}

/// Serves each connection on a thread of its own; ends with all of them closed and joined.
fn listen(listener: &TcpListener, state: &Arc<Mutex<State>>, stopping: &AtomicBool, seen: &Seen) {
    let mut served = Vec::new();
    for stream in listener.incoming().map_while(Result::ok) {
        if stopping.load(Ordering::SeqCst) {
            break;
        }
        seen.called();
        let ours = stream
            .try_clone()
            .expect("a second handle of the connection, to close it by");
        let state = Arc::clone(state);
        let thread = thread::spawn(move || {
            // A client that went away is its own affair. `ours` would keep the connection open,
            // hence the shutdown.
            let _ = serve(&stream, &state);
            let _ = stream.shutdown(Shutdown::Both);
        });
        served.push((ours, thread));
    }
    for (stream, thread) in served {
        let _ = stream.shutdown(Shutdown::Both);
        if thread.join().is_err() {
            seen.panicked();
        }
    }
}

/// Reads one request and answers it. There is no keep-alive: the CLI asks one thing per run.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let Some(request) = Request::read(stream)? else {
        return Ok(());
    };
    reply(&request, state).send(stream)
}

fn reply(request: &Request, state: &Mutex<State>) -> Reply {
    let mut state = lock(state);
    state.requests.push(request.line());
    let name = request.app().map_or("", |(name, _)| name);
    let answer = state.answers.get(&request.path).cloned();
    let response = match (answer, request.logged_in) {
        // These come from something in between, which does not look at tokens.
        (Some(Answer::Silent), _) => return Reply::Never,
        (Some(Answer::HangUp), _) => return Reply::HangUp,
        (Some(Answer::ServerErrorHtml), _) => {
            Response::html(503, "<html><body>Service Unavailable</body></html>")
        }
        (Some(Answer::Html200), _) => Response::html(
            200,
            "<html><body>Welcome! Log in to the Wi-Fi.</body></html>",
        ),
        (_, false) if request.app().is_some() || request.path == "/account" => {
            Response::problem(401, "unauthorized", "Invalid credentials provided.")
        }
        (Some(Answer::Refused(status, id, message)), _) => Response::problem(status, id, message),
        (Some(Answer::RateLimited), _) => Response::problem(
            429,
            "rate_limit",
            "Your account reached the API rate limit\nPlease wait a few minutes before making new requests",
        ),
        (Some(Answer::Forbidden), _) => Response::problem(
            403,
            "forbidden",
            &format!("You do not have access to the app {name}."),
        ),
        (answer, _) => return usual(request, &state, answer.as_ref()),
    };
    Reply::Now(response)
}

/// What was asked for, in time or not.
fn usual(request: &Request, state: &State, answer: Option<&Answer>) -> Reply {
    let mut reply = played(request, state);
    if let Reply::Stream(stream) = &mut reply {
        stream.stays_open |= matches!(answer, Some(Answer::StaysOpen));
        stream.repeats = matches!(answer, Some(Answer::Endless));
    }
    match answer {
        Some(Answer::Slow(wait)) => Reply::Later(Box::new(reply), *wait),
        _ => reply,
    }
}

fn played(request: &Request, state: &State) -> Reply {
    let problem = |message: &str| Response::problem(404, "not_found", message);
    let nothing = || problem("The requested API endpoint was not found.");
    let session = request.path.strip_prefix(&log_path(""));
    let foreign = session.is_some() || request.path.starts_with("/api/");
    assert!(
        !foreign || !request.has_token,
        "the token went to {}",
        request.path
    );
    if let Some(app) = session.and_then(|name| state.apps.get(name)) {
        return app.stream(request);
    }
    Reply::Now(match (request.app(), request.line().as_str()) {
        (Some((name, what)), _) => match state.apps.get(name) {
            Some(app) => app
                .answer(request, what, &state.address)
                .unwrap_or_else(nothing),
            None => problem("Couldn't find that app."),
        },
        (_, "GET /account") => Response::json(200, &json!({ "email": EMAIL })),
        (_, "GET /api/v4/current-status") => {
            let incident = |title: &String| json!({"title": title, "resolved": false});
            let open: Vec<_> = state.incidents.iter().map(incident).collect();
            Response::json(
                200,
                &json!({"status": [], "incidents": open, "scheduled": []}),
            )
        }
        _ => nothing(),
    })
}
