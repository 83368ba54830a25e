//! What a status, a header or the body of a failure may be.

use super::super::support::respond;
use super::run::{Fault, for_ever};

const BUSY: &str = r#"{"error":{"message":"it says no"}}"#;

pub fn faults() -> Vec<Fault> {
    let mut rows = Vec::new();
    // Retried at once, and no statuses that mean something else to HTTP itself.
    let theirs = [501, 505, 508, 599].map(|status| (status, 3));
    let ours = [
        400, 402, 405, 406, 410, 413, 415, 418, 421, 422, 431, 451, 499,
    ];
    for (status, code) in ours.map(|status| (status, 1)).into_iter().chain(theirs) {
        let (name, response) = (format!("status {status}"), respond(status, "", BUSY));
        rows.push(Fault::sends(name, response, code, "", "it says no"));
    }
    for status in [
        408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529, 530,
    ] {
        let response = respond(status, "Retry-After: 0\r\n", BUSY);
        let name = format!("status {status}, once");
        rows.push(Fault::sends(name, response, 0, "At last", "").once());
    }
    for status in [300, 301, 302, 303, 305, 307, 308] {
        let response = respond(status, "Location: https://elsewhere.invalid/\r\n", "");
        let name = format!("status {status}, to elsewhere");
        let says = "redirects to https://elsewhere.invalid/, which is not followed";
        rows.push(Fault::sends(name, response, 1, "", says));
    }
    for (name, value, passes) in [
        ("seconds", "1".to_owned(), true),
        (
            "a date that has passed",
            "Mon, 21 Sep 2020 14:13:40 GMT".to_owned(),
            true,
        ),
        ("nonsense", "soon".to_owned(), true),
        ("a negative number", "-7".to_owned(), true),
        ("a year", "31536000".to_owned(), false),
        ("more digits than fit", "9".repeat(400), true),
    ] {
        let response = respond(429, &format!("Retry-After: {value}\r\n"), BUSY);
        let name = format!("Retry-After: {name}");
        rows.push(match passes {
            true => Fault::sends(name, response, 0, "At last", "").once(),
            false => Fault::sends(
                name,
                response,
                3,
                "",
                "the rate limit of test-model is reached",
            ),
        });
    }
    // The date is a second after the server's own, whatever either clock says.
    let dates =
        "Date: Mon, 21 Sep 2099 14:13:40 GMT\r\nRetry-After: Mon, 21 Sep 2099 14:13:41 GMT\r\n";
    rows.extend([
        Fault::sends(
            "Retry-After: a clock of its own",
            respond(429, dates, BUSY),
            0,
            "At last",
            "",
        )
        .once(),
        Fault::sends(
            "401",
            respond(401, "", BUSY),
            1,
            "",
            "did not accept the key",
        ),
        Fault::sends(
            "403 of the service",
            respond(403, "", BUSY),
            1,
            "",
            "it says no",
        ),
        html(
            403,
            "<html><p>Access denied</p></html>",
            "a firewall or filter",
        ),
        html(
            404,
            "<html><h1>No such app</h1></html>",
            "has nothing at this address",
        ),
        html(511, "<html>Sign in</html>", "the network wants a sign-in"),
        Fault::sends(
            "404 of a framework",
            respond(404, "", r#"{"detail":"Not Found"}"#),
            1,
            "",
            "has nothing at this address",
        ),
        Fault::sends(
            "404 of the service",
            respond(404, "", r#"{"error":{"message":"model not found"}}"#),
            1,
            "",
            "does not know the model test-model",
        ),
        Fault::sends(
            "a failure in a string",
            respond(
                400,
                "",
                r#"{"error":"{\"code\":400,\"message\":\"it says no\"}"}"#,
            ),
            1,
            "",
            "it says no",
        ),
        Fault::sends(
            "a failure without a body",
            respond(400, "", ""),
            1,
            "",
            "rejected",
        ),
        Fault::sends(
            "a failure that is compressed",
            &b"HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
            1,
            "",
            "rejected the request for test-model (status 400)",
        ),
        Fault::acts(
            "a failure without an end",
            |exchange| {
                exchange.send("HTTP/1.1 400 No\r\n\r\n");
                for_ever(exchange, "no, ");
            },
            1,
            "",
            "no, no, no",
        ),
        Fault::acts(
            "a failure that stays open",
            |exchange| {
                exchange.send("HTTP/1.1 400 No\r\nContent-Length: 9999\r\n\r\nit says no");
                exchange.wait_for_close();
            },
            1,
            "",
            "it says no",
        ),
        Fault::sends(
            "a failure inside a success",
            respond(200, "", r#"{"error":{"code":400,"message":"it says no"}}"#),
            1,
            "",
            "it says no",
        ),
        Fault::acts(
            "204 that stays open",
            |exchange| {
                exchange.send("HTTP/1.1 204 No Content\r\n\r\n");
                exchange.wait_for_close();
            },
            3,
            "",
            "it sent nothing",
        ),
        Fault::acts(
            "304 that stays open",
            |exchange| {
                exchange.send("HTTP/1.1 304 Not Modified\r\n\r\n");
                exchange.wait_for_close();
            },
            1,
            "",
            "redirects to another address",
        ),
    ]);
    rows
}

fn html(status: u16, page: &str, says: &'static str) -> Fault {
    let length = page.len();
    let response = format!(
        "HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{page}"
    );
    Fault::sends(format!("{status} of a page"), response, 1, "", says)
}
