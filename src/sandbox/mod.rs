//! A local server of the same API: the catalogue and chat completions, as JSON and as a stream. It
//! calls no model; what its models say is scripted in [`models`].

mod chat;
mod http;
mod models;
mod outage;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use url::Url;

use chat::ChatRequest;
use http::{Request, Response};
use models::Act;

/// A running server. It serves until the process ends.
pub struct Sandbox {
    port: u16,
    acceptor: JoinHandle<()>,
}

/// An answer on its way.
struct Answer<'a> {
    connection: &'a TcpStream,
    request: ChatRequest,
    id: String,
    created: u64,
    acts: Vec<Act>,
    tokens: u64,
    /// The finish reason.
    finish: &'static str,
}

/// The head of a stream.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\nx-ratelimit-limit-requests: 200\r\n\
    x-ratelimit-remaining-requests: 199\r\nConnection: close\r\n\r\n";

impl Sandbox {
    /// Its key; made up, so it may be shown.
    pub const KEY: &'static str = "inf-5a4db0c5-0000-4000-8000-000000000000";

    /// The model that answers if none was chosen.
    pub const DEFAULT_MODEL: &'static str = "sandbox-echo";

    /// The one that answers at a terminal then.
    pub const TOUR_MODEL: &'static str = "sandbox-tour";

    /// The app that it plays.
    pub const APP: &'static str = outage::APP;

    /// Whether this is the id of a scripted model.
    pub fn has_model(id: &str) -> bool {
        models::MODELS.iter().any(|(model, _)| *model == id)
    }

    /// Listens on 127.0.0.1; port 0 takes a free one.
    pub fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let served = Arc::new(AtomicUsize::new(0));
        let acceptor = thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || {
                for connection in listener.incoming().flatten() {
                    let served = Arc::clone(&served);
                    // A client that goes away in mid-answer is what sandboxes are for.
                    // One that no thread can be had for is closed.
                    _ = thread::Builder::new().spawn(move || drop(serve(&connection, &served)));
                }
            })?;
        Ok(Sandbox { port, acceptor })
    }

    /// Its base URL.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}", self.port))
            .expect("an address and a port make a URL")
    }

    /// Waits while it serves, which has no end.
    pub fn serve(self) {
        // The acceptor ends only by a panic, of which the process's standard error tells.
        let _ = self.acceptor.join();
    }
}

/// Answers one request and closes the connection, as the client asks for.
fn serve(connection: &TcpStream, served: &AtomicUsize) -> io::Result<()> {
    // Without it, a token may wait for the acknowledgement of the one before.
    connection.set_nodelay(true)?;
    let request = Request::read(connection)?;
    let has_key = request.authorization == format!("Bearer {}", Sandbox::KEY);
    let base = format!("http://{}", connection.local_addr()?);
    let response = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/available-models") => Response::of_json(&models::catalogue()),
        ("GET", "/v1/mcp/servers") | ("POST", "/v1/chat/completions") if !has_key => {
            Response::error(401, "Invalid API key provided")
        }
        ("GET", "/v1/mcp/servers") => Response::of_json(&json!([])),
        ("POST", "/v1/chat/completions") => match Answer::new(connection, &request.body, served) {
            Ok(answer) if answer.request.stream => return answer.stream(),
            Ok(answer) => return answer.send(),
            Err(response) => response,
        },
        _ => outage::answer(&request, &base, has_key)
            .unwrap_or_else(|| Response::error(404, "no such path, or not with this method")),
    };
    response.send(connection)
}

impl<'a> Answer<'a> {
    /// The answer to a request body.
    ///
    /// # Errors
    /// The failure that is answered in its place.
    fn new(connection: &'a TcpStream, body: &[u8], served: &AtomicUsize) -> Result<Self, Response> {
        let mut request = ChatRequest::parse(body)?;
        let count = served.fetch_add(1, Ordering::Relaxed);
        // The model is looked at before the messages, so that a request without any tells whether
        // it may be used.
        let mut acts = models::acts(&request, count)?;
        if let Some(refusal) = request.refusal.take() {
            return Err(refusal);
        }
        let (tokens, finish) = request.limit(&mut acts);
        Ok(Answer {
            connection,
            request,
            id: format!("chatcmpl-{count:021x}"),
            created: UNIX_EPOCH.elapsed().unwrap_or_default().as_secs(),
            acts,
            tokens,
            finish,
        })
    }

    fn stream(&self) -> io::Result<()> {
        let mut connection = self.connection;
        let mut head = HEAD;
        // One HTTP chunk in one write, so that a client sees an event at once and whole.
        let mut send = |event: &[u8]| {
            let size = format!("{}{:x}\r\n", std::mem::take(&mut head), event.len());
            connection.write_all(&[size.as_bytes(), event, b"\r\n"].concat())
        };
        let event = |name: &str, data: &str| match self.request.model {
            // Both framings are seen of the service and of its documents.
            "sandbox-openai" => format!("data: {data}\n\n").into_bytes(),
            _ => format!("event:{name}\ndata:{data}\n\n").into_bytes(),
        };
        let chunk = |delta: Value, finish: &str| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
            let object = self.object("chat.completion.chunk", json!([choice]));
            event("message", &object.to_string())
        };
        // The empty string until the end is Heroku's; others send null.
        for act in &self.acts {
            match act {
                Act::Say(text) => send(&chunk(json!({"content": text}), ""))?,
                Act::Think(text) => send(&chunk(json!({"reasoning": {"thinking": text}}), ""))?,
                Act::Pause(time) => thread::sleep(*time),
                Act::Raw(bytes) => send(bytes)?,
                Act::Cut => return Ok(()),
                Act::Stall => return stall(self.connection),
            }
        }
        // Finish and usage in chunks of their own, the last without choices: seen of the service.
        send(&chunk(json!({}), self.finish))?;
        let mut last = self.object("chat.completion.chunk", json!([]));
        last["usage"] = self.usage();
        send(&event("message", &last.to_string()))?;
        send(&event("done", "[DONE]"))?;
        connection.write_all(b"0\r\n\r\n")
    }

    fn send(&self) -> io::Result<()> {
        let mut connection = self.connection;
        let (mut content, mut thinking) = (String::new(), String::new());
        for act in &self.acts {
            match act {
                Act::Say(text) => content.push_str(text),
                Act::Think(text) => thinking.push_str(text),
                Act::Pause(time) => thread::sleep(*time),
                Act::Raw(bytes) => {
                    let body = String::from_utf8_lossy(bytes).into_owned();
                    return Response::new(200, body).send(connection);
                }
                Act::Cut => {
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
                    let cut = format!("{head}Content-Length: 999\r\n\r\n{{\"id\":");
                    return connection.write_all(cut.as_bytes());
                }
                Act::Stall => return stall(connection),
            }
        }
        let mut message = json!({"role": "assistant", "content": content, "refusal": null});
        if !thinking.is_empty() {
            message["reasoning"] = json!({"thinking": thinking});
        }
        let choice = json!({"index": 0, "message": message, "finish_reason": self.finish});
        let mut object = self.object("chat.completion", json!([choice]));
        object["usage"] = self.usage();
        Response::of_json(&object).send(connection)
    }

    fn object(&self, kind: &str, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.request.model,
            "choices": choices,
        })
    }

    fn usage(&self) -> Value {
        let (asked, answered) = (self.request.prompt_tokens, self.tokens);
        json!({
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
        })
    }
}

/// Says nothing more until the client closes the connection.
fn stall(mut connection: &TcpStream) -> io::Result<()> {
    io::copy(&mut connection, &mut io::sink()).map(drop)
}
