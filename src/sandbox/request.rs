//! Reads one HTTP request. It understands only what clients of this API send: a head, and a body of
//! a given length.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Heads and bodies beyond these sizes end the connection.
const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// A request, read to its end.
#[derive(Debug, Default)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a request; none if the client closed the connection or sent something else.
pub fn read(mut connection: &TcpStream) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let (mut request, head_length) = loop {
        let count = connection.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..count]);
        match parse_head(&bytes) {
            Head::Complete(request, length) => break (request, length),
            Head::Partial if count > 0 && bytes.len() < HEAD_LIMIT => {}
            Head::Partial | Head::Invalid => return Ok(None),
        }
    };
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    if length > BODY_LIMIT {
        return Ok(None);
    }
    if request
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    {
        connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    bytes.drain(..head_length);
    while bytes.len() < length {
        match connection.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    request.body = bytes;
    Ok(Some(request))
}

enum Head {
    Complete(Request, usize),
    Partial,
    Invalid,
}

fn parse_head(bytes: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let path = parsed.path.unwrap_or_default();
            let header = |header: &httparse::Header<'_>| {
                (
                    header.name.to_ascii_lowercase(),
                    String::from_utf8_lossy(header.value).into_owned(),
                )
            };
            let request = Request {
                method: parsed.method.unwrap_or_default().to_owned(),
                path: path.split('?').next().unwrap_or_default().to_owned(),
                headers: parsed.headers.iter().map(header).collect(),
                body: Vec::new(),
            };
            Head::Complete(request, length)
        }
        Ok(httparse::Status::Partial) => Head::Partial,
        Err(_) => Head::Invalid,
    }
}
