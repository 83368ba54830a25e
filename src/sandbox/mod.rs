//! A local server of the same API: the catalogue and chat completions, as JSON and as a stream. It
//! calls no model; what its models say is scripted in [`replies`]. This file knows HTTP only.

mod asked;
mod replies;
mod request;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use url::Url;

use asked::{Answer, Asked, Refusal};
use replies::{Act, Framing, Reply};
use request::Request;

/// A running server. It serves until the process ends.
pub struct Sandbox {
    port: u16,
    acceptor: JoinHandle<()>,
}

/// An answer being streamed.
struct Stream<'a> {
    connection: &'a TcpStream,
    framing: Framing,
    id: String,
    model: &'a str,
}

impl Sandbox {
    /// Its key; made up, so it may be shown.
    pub const KEY: &'static str = "inf-5a4db0c5-0000-4000-8000-000000000000";

    /// The model that answers if none was chosen.
    pub const DEFAULT_MODEL: &'static str = "sandbox-echo";

    /// Whether this is the id of a scripted model.
    pub fn has_model(id: &str) -> bool {
        replies::MODELS.iter().any(|model| model.id == id)
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
    let Some(request) = request::read(connection)? else {
        return Ok(());
    };
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/available-models") => {
            respond(connection, 200, &[], &replies::catalogue().to_string())
        }
        ("GET", "/v1/mcp/servers") if !has_key(&request) => {
            refuse(connection, &Refusal::unauthorized())
        }
        ("GET", "/v1/mcp/servers") => respond(connection, 200, &[], "[]"),
        ("POST", "/v1/chat/completions") => chat(connection, &request, served),
        (_, "/available-models" | "/v1/mcp/servers" | "/v1/chat/completions") => {
            refuse(connection, &Refusal::new(405, "method not allowed"))
        }
        _ => refuse(connection, &Refusal::new(404, "no such path")),
    }
}

fn chat(connection: &TcpStream, request: &Request, served: &AtomicUsize) -> io::Result<()> {
    if !has_key(request) {
        return refuse(connection, &Refusal::unauthorized());
    }
    let asked = match Asked::parse(&request.body) {
        Ok(asked) => asked,
        Err(refusal) => return refuse(connection, &refusal),
    };
    let reply = (asked.model.reply)(&asked, served.fetch_add(1, Ordering::Relaxed));
    match reply {
        Reply::Refuse(refusal) => refuse(connection, &refusal),
        // The model is looked at before the messages, so that a request without any tells whether
        // it may be used.
        _ if asked.refusal.is_some() => asked
            .refusal
            .iter()
            .try_for_each(|refusal| refuse(connection, refusal)),
        Reply::Silence => wait_for_the_client(connection),
        Reply::Say(framing, acts) => {
            let id = format!("chatcmpl-{:021x}", served.load(Ordering::Relaxed));
            let stream = Stream {
                connection,
                framing,
                id,
                model: asked.model.id,
            };
            let answer = asked.within_limit(acts);
            if asked.stream {
                stream.send(&asked, &answer)
            } else {
                stream.send_whole(&asked, &answer)
            }
        }
    }
}

impl Stream<'_> {
    fn send(&self, asked: &Asked, answer: &Answer) -> io::Result<()> {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\
            x-ratelimit-limit-requests: 200\r\nx-ratelimit-remaining-requests: 199\r\nConnection: close\r\n\r\n";
        self.write(head.as_bytes())?;
        for act in &answer.acts {
            match act {
                Act::Say(text) => self.delta(&json!({"content": text}))?,
                Act::Think(text) => self.delta(&json!({"reasoning": {"thinking": text}}))?,
                Act::Pause(time) => thread::sleep(*time),
                Act::Raw(bytes) => self.chunk(bytes)?,
                Act::Cut => return Ok(()),
                Act::Stall => return wait_for_the_client(self.connection),
            }
        }
        // Finish and usage in chunks of their own, the last without choices: seen of the service.
        self.event(&self.object(
            "chat.completion.chunk",
            json!([{"index": 0, "delta": {}, "finish_reason": answer.finish}]),
            None,
        ))?;
        self.event(&self.object(
            "chat.completion.chunk",
            json!([]),
            Some(asked.usage(answer.tokens)),
        ))?;
        self.chunk(self.framing.end().as_bytes())?;
        self.write(b"0\r\n\r\n")
    }

    fn send_whole(&self, asked: &Asked, answer: &Answer) -> io::Result<()> {
        let (mut content, mut thinking) = (String::new(), String::new());
        for act in &answer.acts {
            match act {
                Act::Say(text) => content.push_str(text),
                Act::Think(text) => thinking.push_str(text),
                Act::Pause(time) => thread::sleep(*time),
                Act::Raw(bytes) => {
                    return respond(self.connection, 200, &[], &String::from_utf8_lossy(bytes));
                }
                Act::Cut => {
                    return self.write(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"id\":",
                    );
                }
                Act::Stall => return wait_for_the_client(self.connection),
            }
        }
        let mut message = json!({"role": "assistant", "content": content, "refusal": null});
        if !thinking.is_empty() {
            message["reasoning"] = json!({"thinking": thinking});
        }
        let choices = json!([{"index": 0, "message": message, "finish_reason": answer.finish}]);
        let object = self.object("chat.completion", choices, Some(asked.usage(answer.tokens)));
        respond(self.connection, 200, &[], &object.to_string())
    }

    fn delta(&self, delta: &Value) -> io::Result<()> {
        // The empty string until the end is Heroku's; others send null.
        let choice = json!({"index": 0, "delta": delta, "finish_reason": ""});
        self.event(&self.object("chat.completion.chunk", json!([choice]), None))
    }

    fn object(&self, kind: &str, choices: Value, usage: Option<Value>) -> Value {
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let mut object = json!({"id": self.id, "object": kind, "created": created, "model": self.model, "choices": choices});
        if let Some(usage) = usage {
            object["usage"] = usage;
        }
        object
    }

    fn event(&self, data: &Value) -> io::Result<()> {
        self.chunk(self.framing.event(&data.to_string()).as_bytes())
    }

    /// One HTTP chunk in one write, so that a client sees an event at once and whole.
    fn chunk(&self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.write(&chunk)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut connection = self.connection;
        connection.write_all(bytes)
    }
}

fn has_key(request: &Request) -> bool {
    request.header("authorization") == Some(&format!("Bearer {}", Sandbox::KEY))
}

fn refuse(connection: &TcpStream, refusal: &Refusal) -> io::Result<()> {
    respond(connection, refusal.status, &refusal.headers, &refusal.body)
}

fn respond(
    mut connection: &TcpStream,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<()> {
    let kind = if body.starts_with('<') {
        "text/html"
    } else {
        "application/json"
    };
    let mut response = format!(
        "HTTP/1.1 {status} Sandbox\r\nDate: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n",
        httpdate::fmt_http_date(SystemTime::now()),
        body.len()
    );
    for (name, value) in headers {
        response.push_str(&format!("{name}: {value}\r\n"));
    }
    response.push_str("\r\n");
    response.push_str(body);
    connection.write_all(response.as_bytes())
}

/// Says nothing more until the client closes the connection.
fn wait_for_the_client(mut connection: &TcpStream) -> io::Result<()> {
    let mut ignored = [0; 512];
    while connection.read(&mut ignored)? > 0 {}
    Ok(())
}
