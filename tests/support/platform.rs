//! A stand-in for Heroku's Platform API on loopback, for running the real `heroku` program without
//! an account.
//!
//! It answers the two questions that the program asks on our behalf, `GET /apps/NAME/config-vars`
//! and `GET /account`, with Heroku's status codes and error objects, and it can misbehave as
//! networks do: a captive portal, an error page, silence, a hang-up. [`Platform::env`] points the
//! program at it, `HEROKU_API_KEY` or a netrc with [`TOKEN`] logs in.
//!
//! It is not the inference service, knows no add-ons, changes nothing and speaks no TLS. Only the
//! `id` and the shape of an error are Heroku's for certain; the program prints the words of
//! `message` as they come.
#![allow(dead_code, reason = "a test takes the part it needs")]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use super::served::{Seen, Served};

/// The one token that is logged in; any other gets 401.
pub const TOKEN: &str = "good-token";

/// Who `heroku auth:whoami` says that [`TOKEN`] is.
pub const EMAIL: &str = "dev@example.com";

/// A value for `HEROKU_HOST` where the connection is refused, whatever else runs on the machine:
/// the port is below those that systems hand out. The CLI tries six times and gives up after seven
/// seconds.
pub const NOBODY_LISTENS: &str = "http://127.0.0.1:1";

/// What to say to `GET /apps/NAME/config-vars` instead of the app's variables.
#[derive(Clone, Debug)]
pub enum Answer {
    /// 403: the app is somebody else's.
    Forbidden,
    /// 429, which the CLI does not retry.
    RateLimited,
    /// Any other refusal: status, `id` and `message` of the error object, for example 402
    /// `delinquent`.
    Refused(u16, &'static str, &'static str),
    /// 503 with the HTML page of a router, whoever asks.
    ServerErrorHtml,
    /// 200 with the HTML page of a captive portal, whoever asks; the CLI takes it for an app
    /// without variables.
    Html200,
    /// The app's variables, after this time.
    Slow(Duration),
    /// The request is read and nothing is ever sent; the CLI waits a minute.
    Silent,
    /// The request is read and the connection closed; the CLI tries six times, seven seconds in
    /// all.
    HangUp,
}

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
    apps: HashMap<String, BTreeMap<String, String>>,
    answers: HashMap<String, Answer>,
    requests: Vec<String>,
}

impl Platform {
    /// Starts a server without apps.
    pub fn start() -> Platform {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let state = Arc::new(Mutex::new(State::default()));
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
    pub fn env(&self) -> [(&'static str, String); 6] {
        [
            ("HEROKU_HOST", self.url()),
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
        let vars = vars
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        lock(&self.state).apps.insert(name.to_owned(), vars);
    }

    /// From now on answers like this about the app `name`, whether it was added or not.
    pub fn answer(&self, name: &str, answer: Answer) {
        lock(&self.state).answers.insert(name.to_owned(), answer);
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
    match reply(&request, state) {
        Reply::Now(response) => response.write(stream),
        Reply::Later(response, wait) => {
            stream.set_read_timeout(Some(wait))?;
            wait_for_close(stream);
            response.write(stream)
        }
        Reply::Never => {
            wait_for_close(stream);
            Ok(())
        }
        Reply::HangUp => Ok(()),
    }
}

/// Returns when the client or the end of the test closes the connection, or when its read timeout
/// has passed.
fn wait_for_close(mut stream: &TcpStream) {
    while stream.read(&mut [0; 64]).is_ok_and(|length| length > 0) {}
}

struct Request {
    /// `GET /account`
    line: String,
    logged_in: bool,
}

impl Request {
    /// `None`: the connection was closed before a request had come.
    fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
        let mut input = BufReader::new(stream);
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut request = Request {
            line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
            logged_in: false,
        };
        let mut body = 0;
        loop {
            let mut header = String::new();
            input.read_line(&mut header)?;
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "authorization" => request.logged_in = value == format!("Bearer {TOKEN}"),
                "content-length" => body = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        // Closing with unread input would reset the connection and take the response with it.
        std::io::copy(&mut input.take(body), &mut std::io::sink())?;
        Ok(Some(request))
    }

    /// The app whose config vars are asked for.
    fn app(&self) -> Option<&str> {
        self.line
            .strip_prefix("GET /apps/")?
            .strip_suffix("/config-vars")
            .filter(|name| !name.contains('/'))
    }
}

enum Reply {
    Now(Response),
    Later(Response, Duration),
    Never,
    HangUp,
}

fn reply(request: &Request, state: &Mutex<State>) -> Reply {
    let mut state = lock(state);
    state.requests.push(request.line.clone());
    let answer = request.app().and_then(|name| state.answers.get(name));
    let response = match (answer, request.logged_in, request.app()) {
        // These come from something in between, which does not look at tokens.
        (Some(Answer::Silent), ..) => return Reply::Never,
        (Some(Answer::HangUp), ..) => return Reply::HangUp,
        (Some(Answer::ServerErrorHtml), ..) => {
            Response::html(503, "<html><body>Service Unavailable</body></html>")
        }
        (Some(Answer::Html200), ..) => Response::html(
            200,
            "<html><body>Welcome! Log in to the Wi-Fi.</body></html>",
        ),
        (_, false, _) => Response::problem(401, "unauthorized", "Invalid credentials provided."),
        (Some(Answer::Refused(status, id, message)), ..) => Response::problem(*status, id, message),
        (Some(Answer::RateLimited), ..) => Response::problem(
            429,
            "rate_limit",
            "Your account reached the API rate limit\nPlease wait a few minutes before making new requests",
        ),
        (Some(Answer::Forbidden), _, Some(name)) => Response::problem(
            403,
            "forbidden",
            &format!("You do not have access to the app {name}."),
        ),
        (answer, _, Some(name)) => {
            let vars = match state.apps.get(name) {
                Some(vars) => Response::json(200, &json!(vars)),
                None => Response::problem(404, "not_found", "Couldn't find that app."),
            };
            match answer {
                Some(Answer::Slow(wait)) => return Reply::Later(vars, *wait),
                _ => vars,
            }
        }
        _ if request.line == "GET /account" => Response::json(200, &json!({ "email": EMAIL })),
        _ => Response::problem(
            404,
            "not_found",
            "The requested API endpoint was not found.",
        ),
    };
    Reply::Now(response)
}

struct Response {
    status: u16,
    content_type: &'static str,
    body: String,
}

impl Response {
    fn json(status: u16, body: &serde_json::Value) -> Response {
        Response {
            status,
            content_type: "application/json;charset=utf-8",
            body: body.to_string(),
        }
    }

    fn html(status: u16, body: &str) -> Response {
        Response {
            status,
            content_type: "text/html",
            body: body.to_owned(),
        }
    }

    /// Heroku's error object.
    fn problem(status: u16, id: &str, message: &str) -> Response {
        Response::json(status, &json!({ "id": id, "message": message }))
    }

    fn write(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let Response {
            status,
            content_type,
            body,
        } = self;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} \r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close"
        );
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())
    }
}
