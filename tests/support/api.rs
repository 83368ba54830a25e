//! A server on loopback whose behaviour is a closure over a raw connection, so that it can
//! misbehave in every way that real ones do: split writes, silence, resets, nonsense.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::served::Served;

/// How long a test waits for something that must happen before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub struct Api {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    arrived: Mutex<Receiver<()>>,
    served: Served,
}

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method, path and version.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A request and the connection to answer it on.
pub struct Exchange {
    pub request: Request,
    pub stream: TcpStream,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

impl Exchange {
    /// Writes and flushes; a client that went away is no failure here.
    pub fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
    }

    /// Waits until the client closes the connection.
    pub fn wait_for_close(&mut self) {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
    }
}

impl Api {
    /// Serves answers that begin and go on once they are told to, each time; none goes on if the
    /// sender is gone.
    pub fn serve_halves(beginning: &'static str, end: &'static str) -> (Self, mpsc::Sender<()>) {
        let (sender, receiver) = mpsc::channel::<()>();
        let receiver = Mutex::new(receiver);
        let api = Api::serve(move |exchange| {
            exchange.send(&format!("{}{}", sse_head(), event(beginning)));
            if receiver.lock().expect("no panic").recv().is_ok() {
                exchange.send(&format!("{}event:done\ndata:[DONE]\n\n", event(end)));
            }
        });
        (api, sender)
    }

    /// Serves every connection with `answer`, each on a thread of its own.
    pub fn serve(answer: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (sender, arrived) = mpsc::channel();
        let served = Served::default();
        let (answer, requests) = (Arc::new(answer), Arc::clone(&seen));
        let watch = served.seen();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, requests, sender, watch) = (
                    Arc::clone(&answer),
                    Arc::clone(&requests),
                    sender.clone(),
                    Arc::clone(&watch),
                );
                thread::spawn(move || {
                    let Some(request) = read_request(&stream) else {
                        return;
                    };
                    stream.set_nodelay(true).expect("TCP_NODELAY");
                    watch.called();
                    requests
                        .lock()
                        .expect("no panic while locked")
                        .push(request.clone());
                    let _ = sender.send(());
                    watch.answer(stream, |stream| answer(&mut Exchange { request, stream }));
                });
            }
        });
        Api {
            port,
            seen,
            arrived: Mutex::new(arrived),
            served,
        }
    }

    /// Serves one fixed response.
    pub fn fixed(response: impl Into<String>) -> Self {
        let response = response.into();
        Api::serve(move |exchange| exchange.send(&response))
    }

    /// Nobody has to call it.
    pub fn stand_by(self) -> Self {
        self.served.may_stay_idle();
        self
    }

    /// Serves a stream of these tokens.
    pub fn tokens(tokens: &'static [&'static str]) -> Self {
        Api::serve(move |exchange| {
            exchange.send(sse_head());
            tokens.iter().for_each(|token| exchange.send(&event(token)));
            exchange.send("event:done\ndata:[DONE]\n\n");
        })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("no panic while locked").clone()
    }

    /// The only request there was.
    pub fn only_request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.into_iter().next().expect("one")
    }

    /// Waits for a request to arrive.
    pub fn wait_for_request(&self) {
        self.arrived
            .lock()
            .expect("no panic while locked")
            .recv_timeout(PATIENCE)
            .expect("a request in time");
    }
}

/// The head of a stream that ends with the connection.
pub fn sse_head() -> &'static str {
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
}

/// An event that carries a token, in Heroku's framing.
pub fn event(token: &str) -> String {
    let chunk = serde_json::json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": token}}]});
    format!("event:message\ndata:{chunk}\n\n")
}

/// A whole response.
pub fn respond(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Test\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |line: &String| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
    };
    let headers: Vec<_> = lines.iter().skip(1).filter_map(header).collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        line: lines.first()?.clone(),
        headers,
        body,
    })
}
