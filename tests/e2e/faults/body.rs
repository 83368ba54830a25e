//! How HTTP itself may be wrong: heads, lengths, chunks.

use super::super::support::{event, respond};
use super::run::{DONE, Fault, choice, for_ever, healthy, stream, write};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;

fn chunked(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

pub fn faults() -> Vec<Fault> {
    let hello = || event("Hello");
    let interim = |head: &str| format!("HTTP/1.1 {head}\r\n\r\n");
    let headers: String = (0..300).map(|it| format!("X-{it}: {it}\r\n")).collect();
    let chunks = chunked(&format!("{}{}0\r\n\r\n", chunk(&hello()), chunk(DONE)));
    let twice = format!(
        "{}HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
        interim("100 Continue")
    );
    let whole = respond(200, "", ANSWER);
    let padded = format!(
        "{{\"padding\":\"{}\",{}",
        "x".repeat(50 << 20),
        &ANSWER[1..]
    );
    vec![
        Fault::sends(
            "100 first",
            interim("100 Continue") + &healthy("Hello"),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "100 and 103, then chunks",
            twice.clone() + &chunks,
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "102, then a body of a length",
            interim("102 Processing") + &whole,
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "103, then a failure",
            twice + &respond(400, "", r#"{"error":"it says no"}"#),
            1,
            "",
            "it says no",
        ),
        Fault::sends(
            "101",
            interim("101 Switching Protocols"),
            3,
            "",
            "another protocol",
        ),
        Fault::sends(
            "300 headers",
            healthy("Hello").replacen("\r\n", &format!("\r\n{headers}"), 1),
            0,
            "Hello",
            "",
        ),
        Fault::acts(
            "headers without end",
            |exchange| {
                exchange.send("HTTP/1.1 200 OK\r\n");
                for_ever(exchange, &format!("X: {}\r\n", "x".repeat(10_000)));
            },
            3,
            "",
            "its head is too long, or malformed",
        ),
        Fault::sends(
            "a header of 10 MB, once",
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(10 << 20)),
            0,
            "At last",
            "",
        )
        .once(),
        Fault::sends(
            "a head of bare line feeds, once",
            healthy("Hello").replace("\r\n", "\n"),
            0,
            "At last",
            "or a line of its head is longer than 16 KiB",
        )
        .once(),
        Fault::sends(
            "a head that ends early, once",
            "HTTP/1.1 200 OK\r\nX: ",
            0,
            "At last",
            "",
        )
        .once(),
        Fault::sends(
            "a status that is none",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            3,
            "",
            "is not HTTP",
        ),
        Fault::sends("another protocol", "SSH-2.0-x\r\n", 3, "", "is not HTTP"),
        Fault::sends("NUL bytes, once", "\0\0\0\0", 0, "At last", "").once(),
        Fault::sends(
            "an invalid header",
            healthy("Hello").replacen("\r\n", "\r\nX\x01: y\r\n", 1),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "two lengths that differ",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            3,
            "",
            "is not HTTP",
        ),
        Fault::sends(
            "no length",
            format!("HTTP/1.1 200 OK\r\n\r\n{ANSWER}"),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a body that is too short, once",
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
                &ANSWER[..20]
            ),
            0,
            "At last",
            "of 1000 bytes came",
        )
        .once(),
        Fault::sends(
            "a whole answer, and a length that is too long",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{ANSWER}"),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a length that is too short",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{ANSWER}"),
            3,
            "",
            "it sent no JSON",
        ),
        Fault::sends(
            "chunks with extensions",
            chunked(&format!(
                "{:x};a=b\r\n{}\r\n{}0\r\n\r\n",
                hello().len(),
                hello(),
                chunk(DONE)
            )),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a chunk size that is none",
            chunked(&format!("{}zz\r\n", chunk(&hello()))),
            3,
            "Hello",
            "the framing of its body is broken",
        ),
        Fault::sends(
            "a chunk size that is none, at once",
            chunked("zz\r\n"),
            0,
            "At last",
            "the framing of its body is broken",
        )
        .once(),
        Fault::sends(
            "a chunk size that is too small",
            chunked(&format!("{}5\r\ndata: too much\r\n", chunk(&hello()))),
            3,
            "Hello",
            "the framing of its body is broken",
        ),
        Fault::sends(
            "a chunk size that is too large",
            chunked(&format!("{}ffff\r\ndata: x", chunk(&hello()))),
            3,
            "Hello",
            "it was closed before the answer was complete",
        ),
        Fault::sends(
            "a chunk size beyond memory",
            chunked(&format!("{}ffffffffffff\r\nx", chunk(&hello()))),
            3,
            "Hello",
            "it was closed before the answer was complete",
        ),
        Fault::sends(
            "trailers",
            chunked(&format!("{}0\r\nX: y\r\n\r\n", chunk(ANSWER))),
            0,
            "Hello",
            "",
        ),
        Fault::sends("no last chunk", chunked(&chunk(ANSWER)), 0, "Hello", ""),
        Fault::sends(
            "an answer that is compressed",
            &b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
            3,
            "",
            "it is compressed (gzip)",
        ),
        Fault::sends(
            "compressed, and not told",
            &b"HTTP/1.1 200 OK\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
            3,
            "",
            "it is compressed (gzip)",
        ),
        Fault::acts(
            "a byte at a time",
            |exchange| {
                for byte in healthy("Hello").as_bytes() {
                    write(exchange, &[*byte]);
                }
            },
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "a web page",
            "HTTP/1.1 200 OK\r\n\r\n<html>Sign in</html>",
            3,
            "",
            "it sent a web page",
        ),
        Fault::sends(
            "a line of text",
            "HTTP/1.1 200 OK\r\n\r\nService is down\n",
            3,
            "",
            "It begins: Service is down",
        ),
        Fault::sends(
            "nothing",
            "HTTP/1.1 200 OK\r\n\r\n",
            3,
            "",
            "it sent nothing",
        ),
        Fault::sends(
            "a byte order mark and blanks",
            format!("HTTP/1.1 200 OK\r\n\r\n\u{feff}\r\n {ANSWER}"),
            0,
            "Hello",
            "",
        ),
        Fault::sends(
            "an object without an answer",
            respond(200, "", r#"{"ok":1}"#),
            3,
            "",
            "the object holds no answer",
        ),
        Fault::sends("JSON of 50 MB", respond(200, "", &padded), 0, "Hello", "")
            .with(&["--no-stream"]),
        Fault::acts(
            "JSON without an end",
            |exchange| {
                exchange.send("HTTP/1.1 200 OK\r\n\r\n{\"x\":\"");
                for_ever(exchange, &"x".repeat(1 << 20));
            },
            3,
            "",
            "it is longer than 64 MiB",
        ),
        Fault::sends(
            "10,000 levels of lists",
            respond(200, "", &"[".repeat(10_000)),
            3,
            "",
            "it sent no JSON",
        ),
        Fault::sends(
            "10,000 levels in an event",
            stream(&format!(
                "{}data: {{\"x\":{}\n\n{DONE}",
                hello(),
                "[".repeat(10_000)
            )),
            3,
            "Hello",
            "an event can't be read",
        ),
        Fault::sends(
            "10,000 levels behind the end",
            stream(&format!(
                "{}{}data: {}\n\n{DONE}",
                hello(),
                choice(r#"{"finish_reason":"stop"}"#),
                "[".repeat(10_000)
            )),
            0,
            "Hello",
            "",
        ),
    ]
}
