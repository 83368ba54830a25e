//! The response behind interim ones (1xx). attohttpc 0.31 takes the first head for that of the
//! response, and what follows it for a body without a length: the rest of the connection as it is.

use std::io::{self, Read};

use super::http::{HEADERS, Head};

/// More than this is no head, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;

/// More than this is no size of a chunk, in bytes.
const SIZE_LIMIT: usize = 1024;

/// Head and body of the response that follows. 101 is none: what follows it is another protocol.
///
/// # Errors
/// Of the connection, and for what is no HTTP.
pub fn response(mut rest: impl Read + 'static) -> io::Result<(Head, Box<dyn Read>)> {
    let head = loop {
        let bytes = until(b"\r\n\r\n", HEAD_LIMIT, &mut rest)?;
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(&bytes).map_err(io::Error::other)?;
        let status = response.code.unwrap_or_default();
        if status == 101 || status >= 200 {
            let headers = response.headers.iter().map(|header| {
                let value = String::from_utf8_lossy(header.value);
                (header.name.to_ascii_lowercase(), value.into_owned())
            });
            let headers = headers.collect();
            break Head { status, headers };
        }
    };
    let encoding = head.header("transfer-encoding").unwrap_or_default();
    let length = head.header("content-length").map(str::parse);
    let body: Box<dyn Read> = match length {
        _ if encoding.to_ascii_lowercase().contains("chunked") => Box::new(Chunks {
            rest,
            left: 0,
            place: Place::Start,
        }),
        Some(Ok(length)) => Box::new(rest.take(length)),
        _ => Box::new(rest),
    };
    Ok((head, body))
}

/// Reads up to and with this end.
fn until(end: &[u8], limit: usize, from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        if bytes.len() == limit {
            return Err(io::Error::other("its head is too long"));
        }
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        bytes.extend(byte);
    }
    Ok(bytes)
}

/// A body in chunks. The connection isn't used again, so nobody needs its trailers.
struct Chunks<R> {
    rest: R,
    left: u64,
    place: Place,
}

#[derive(PartialEq, Eq)]
enum Place {
    Start,
    Within,
    End,
}

impl<R: Read> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.place != Place::End {
            // A line end behind the chunk before.
            if self.place == Place::Within && until(b"\n", 2, &mut self.rest).is_err() {
                return Err(broken());
            }
            let line = until(b"\n", SIZE_LIMIT, &mut self.rest)?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).unwrap_or_default().trim();
            self.left = u64::from_str_radix(size, 16).map_err(|_| broken())?;
            self.place = if self.left == 0 {
                Place::End
            } else {
                Place::Within
            };
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let room = room.min(buffer.len());
        let count = self.rest.read(&mut buffer[..room])?;
        if count == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn broken() -> io::Error {
    io::Error::other(BROKEN)
}

/// What is said of a body whose chunks are wrong.
pub const BROKEN: &str = "the framing of its body is broken";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_body_is_read_behind_interim_heads() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        for (rest, expected) in [
            ("\r\n\r\nall", Some("all")),
            ("\r\nContent-Length: 2\r\n\r\nall", Some("al")),
            (
                "\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nall\r\n1\r\n!\r\n0\r\nX: y\r\n",
                Some("all!"),
            ),
            ("\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nal", None),
            (
                "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall too much",
                None,
            ),
            ("\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None),
        ] {
            let bytes = format!("{interim}HTTP/1.1 200 OK{rest}").into_bytes();
            let (head, mut body) = response(io::Cursor::new(bytes)).unwrap();
            assert_eq!(head.status, 200);
            let mut text = String::new();
            let read = body.read_to_string(&mut text).ok().map(|_| text.as_str());
            assert_eq!(read, expected, "{rest:?}");
        }
        assert!(response(interim.as_bytes()).is_err());
        let endless = io::repeat(b'x');
        assert!(response(endless).is_err());
    }
}
