//! Requests and responses of the stand-in, and what goes wrong with them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::TOKEN;

/// What to say to a request instead of what was asked for.
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
    /// What was asked for, after this time.
    Slow(Duration),
    /// The request is read and nothing is ever sent; the CLI waits a minute.
    Silent,
    /// The request is read and the connection closed; the CLI tries six times, seven seconds in
    /// all.
    HangUp,
    /// A log that goes on after its last line, in silence.
    StaysOpen,
    /// A log that goes on for ever, and is never quiet.
    Endless,
}

pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub logged_in: bool,
    pub has_token: bool,
    pub accept: String,
    pub range: Option<String>,
    pub body: Vec<u8>,
}

impl Request {
    /// `None`: the connection was closed before a request had come.
    pub fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
        let mut input = BufReader::new(stream);
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let (path, query) = words
            .next()
            .map_or(("", ""), |it| it.split_once('?').unwrap_or((it, "")));
        let mut request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            logged_in: false,
            has_token: false,
            accept: String::new(),
            range: None,
            body: Vec::new(),
        };
        let mut length = 0;
        loop {
            let mut header = String::new();
            input.read_line(&mut header)?;
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "authorization" => {
                    request.has_token = true;
                    request.logged_in = value == format!("Bearer {TOKEN}");
                }
                "accept" => request.accept = value.to_owned(),
                "range" => request.range = Some(value.to_owned()),
                "content-length" => length = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        // Closing with unread input would reset the connection and take the response with it.
        input.take(length).read_to_end(&mut request.body)?;
        Ok(Some(request))
    }

    /// `GET /account`
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The app, and what of it is asked for, of `/apps/NAME` and what is below.
    pub fn app(&self) -> Option<(&str, &str)> {
        let rest = self.path.strip_prefix("/apps/")?;
        Some(rest.split_once('/').unwrap_or((rest, "")))
    }
}

pub enum Reply {
    Now(Response),
    Later(Box<Reply>, Duration),
    Stream(Stream),
    Never,
    HangUp,
}

impl Reply {
    pub fn send(&self, stream: &TcpStream) -> std::io::Result<()> {
        match self {
            Reply::Now(response) => response.write(stream),
            Reply::Later(reply, wait) => {
                stream.set_read_timeout(Some(*wait))?;
                wait_for_close(stream);
                reply.send(stream)
            }
            Reply::Stream(text) => text.write(stream),
            Reply::Never => {
                wait_for_close(stream);
                Ok(())
            }
            Reply::HangUp => Ok(()),
        }
    }
}

/// Returns when the client or the end of the test closes the connection, or when its read timeout
/// has passed.
fn wait_for_close(mut stream: &TcpStream) {
    while stream.read(&mut [0; 64]).is_ok_and(|length| length > 0) {}
}

/// A text of no known length.
pub struct Stream {
    pub content_type: &'static str,
    pub text: String,
    pub stays_open: bool,
    pub repeats: bool,
}

impl Stream {
    fn write(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nConnection: close\r\n\r\n",
            self.content_type
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(self.text.as_bytes())?;
        if self.repeats {
            stream.set_read_timeout(Some(Duration::from_millis(20)))?;
            // Ends when the client has gone.
            while !matches!(stream.read(&mut [0; 64]), Ok(0)) {
                stream.write_all(self.text.as_bytes())?;
            }
        }
        if self.stays_open {
            wait_for_close(stream);
        }
        Ok(())
    }
}

pub struct Response {
    status: u16,
    content_type: &'static str,
    body: String,
}

impl Response {
    pub fn json(status: u16, body: &serde_json::Value) -> Response {
        Response {
            status,
            content_type: "application/json;charset=utf-8",
            body: body.to_string(),
        }
    }

    pub fn html(status: u16, body: &str) -> Response {
        Response {
            status,
            content_type: "text/html",
            body: body.to_owned(),
        }
    }

    /// Heroku's error object.
    pub fn problem(status: u16, id: &str, message: &str) -> Response {
        Response::json(status, &serde_json::json!({ "id": id, "message": message }))
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
