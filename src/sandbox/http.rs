//! One HTTP request, and one response. It understands only what clients of this API send: a head,
//! and a body of a given length.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::SystemTime;

use serde_json::{Value, json};

/// Heads and requests beyond these sizes end the connection.
const HEAD_LIMIT: usize = 64 * 1024;
const LIMIT: usize = 64 * 1024 * 1024;

/// A request, read to its end.
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The header of this name.
    pub authorization: String,
    pub body: Vec<u8>,
}

/// A whole response. Its type is by what it holds, JSON or HTML.
pub struct Response {
    pub status: u16,
    /// A further header with its line end, or nothing.
    pub header: &'static str,
    pub body: String,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// Also if the client closed the connection or sent something else.
    pub fn read(mut connection: &TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 16 * 1024];
        while bytes.len() < LIMIT {
            match connection.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => bytes.extend_from_slice(&buffer[..count]),
            }
            if let Some(request) = Request::parse(&bytes)? {
                return Ok(request);
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// None until all of it is there.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Request::new(&mut headers);
        let length = match head.parse(bytes).map_err(io::Error::other)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial if bytes.len() < HEAD_LIMIT => return Ok(None),
            httparse::Status::Partial => return Err(io::ErrorKind::InvalidData.into()),
        };
        let header = |name| {
            let mut headers = head.headers.iter();
            let found = headers.find(|header| header.name.eq_ignore_ascii_case(name));
            found.map_or("".into(), |header| String::from_utf8_lossy(header.value))
        };
        let body = &bytes[length..];
        let is_whole = body.len() >= header("content-length").parse().unwrap_or(0);
        let path = head.path.unwrap_or_default().split('?').next();
        Ok(is_whole.then(|| Request {
            method: head.method.unwrap_or_default().to_owned(),
            path: path.unwrap_or_default().to_owned(),
            authorization: header("authorization").into_owned(),
            body: body.to_vec(),
        }))
    }
}

impl Response {
    pub fn new(status: u16, body: String) -> Self {
        Response {
            status,
            header: "",
            body,
        }
    }

    /// A failure whose `error` is an object.
    pub fn error(status: u16, message: &str) -> Self {
        let error = json!({"code": status, "message": message, "type": "invalid_request"});
        Response::new(status, json!({"error": error}).to_string())
    }

    /// A request that is refused. Its `error` is JSON in a string, as recorded of the service in
    /// July 2025.
    pub fn refusal(message: &str) -> Self {
        let error = json!({"code": 400, "message": message, "type": "invalid_request"});
        Response::new(400, json!({"error": error.to_string()}).to_string())
    }

    pub fn of_json(body: &Value) -> Self {
        Response::new(200, body.to_string())
    }

    pub fn send(&self, mut connection: &TcpStream) -> io::Result<()> {
        let Response {
            status,
            header,
            body,
        } = self;
        let kind = match body.starts_with('<') {
            true => "text/html",
            false => "application/json",
        };
        let response = format!(
            "HTTP/1.1 {status} Sandbox\r\nDate: {}\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\nConnection: close\r\n{header}\r\n{body}",
            httpdate::fmt_http_date(SystemTime::now()),
            body.len()
        );
        connection.write_all(response.as_bytes())
    }
}
