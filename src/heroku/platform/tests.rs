//! Beside a server that answers as it is told and keeps what it was asked.

use std::io::{Read, Write};
use std::marker::PhantomData;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

const TOKEN: &str = "t0ken-0123-4567";

/// Answers a connection after the other; gives the requests back.
fn serve(answers: Vec<String>) -> (Platform, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let serve = |answer: String| {
            let (mut stream, mut asked, mut buffer) =
                (listener.accept().unwrap().0, String::new(), [0; 4096]);
            while !asked.contains("\r\n\r\n") {
                let count = stream.read(&mut buffer).unwrap();
                asked += &String::from_utf8_lossy(&buffer[..count]);
            }
            _ = stream.write_all(answer.as_bytes());
            asked
        };
        answers.into_iter().map(serve).collect()
    });
    let pairs = [("HEROKU_HOST", &*url), ("HEROKU_API_KEY", TOKEN)];
    let environment = Environment::from_pairs(&pairs);
    let platform = Platform::at_hand(&environment, &Interrupts::default()).unwrap();
    (platform, served)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn ask(answer: String) -> Result<Vec<u32>, Error> {
    let (platform, served) = serve(vec![answer]);
    let answer = platform.ask(Question::get("/x", LIMIT), PhantomData, &mut |_| ());
    drop(platform);
    served.join().unwrap();
    answer
}

#[test]
fn a_request_has_what_the_api_wants_and_is_told_without_the_token() {
    let answers = ["200 OK", "206 Partial Content", "201 Created"].map(|it| answer(it, "[1, 2]"));
    let (platform, served) = serve(answers.to_vec());
    let mut told = String::new();
    let mut tell = |progress: &Progress| told += &format!("{progress:?}\n");
    let get = || Question::get("/apps/shop/releases", LIMIT);
    let ranged = Question {
        headers: &[("range", "version ..; max=10, order=desc")],
        ..get()
    };
    let post = Question {
        body: Some(b"{}".to_vec()),
        ..get()
    };
    for question in [get(), ranged, post] {
        let seed = PhantomData::<Vec<u32>>;
        assert_eq!(platform.ask(question, seed, &mut tell).unwrap(), [1, 2]);
    }
    let asked = served.join().unwrap();
    // Names of headers may be written in any case.
    let asked: Vec<_> = asked.iter().map(|it| it.to_lowercase()).collect();
    assert!(
        asked[0].starts_with("get /apps/shop/releases http/1.1\r\n"),
        "{}",
        asked[0]
    );
    for part in [
        "accept: application/vnd.heroku+json; version=3\r\n".to_owned(),
        format!("authorization: bearer {TOKEN}\r\n"),
        "user-agent: heroku-chat/".to_owned(),
    ] {
        assert!(asked[0].contains(&part), "{part}: {}", asked[0]);
    }
    assert!(
        asked[1].contains("range: version ..; max=10, order=desc\r\n"),
        "{}",
        asked[1]
    );
    assert!(asked[2].starts_with("post ") && asked[2].contains("content-type: application/json"));
    assert!(
        told.contains("range: version ..") && told.contains("status: 206"),
        "{told}"
    );
    assert!(!told.contains("0123"), "{told}");
    assert_eq!(platform.token().to_string(), "(redacted)");
}

#[test]
fn every_other_answer_is_a_failure_of_its_kind() {
    let refusal = |id: &str| format!(r#"{{"id": "{id}", "message": "No.", "url": "x"}}"#);
    let refused = |status, id: &str| {
        let (id, message) = (id.to_owned(), "No.".to_owned());
        Error::Platform(PlatformFailure::Refused {
            status,
            id,
            message,
        })
    };
    let not_json = |status, reason: &str| {
        let (host, reason) = ("127.0.0.1".to_owned(), reason.to_owned());
        Error::Platform(PlatformFailure::NotJson {
            status,
            host,
            reason,
        })
    };
    let page = "<html><body>Log in to the Wi-Fi</body></html>";
    let table = [
        (
            answer("401 Unauthorized", &refusal("unauthorized")),
            refused(401, "unauthorized"),
        ),
        (
            answer("403 Forbidden", &refusal("two_factor")),
            refused(403, "two_factor"),
        ),
        (
            answer("429 Too Many", &refusal("rate_limit")),
            refused(429, "rate_limit"),
        ),
        (
            answer("503 Unavailable", page),
            not_json(503, "it is no JSON"),
        ),
        (answer("200 OK", page), not_json(200, "it is no JSON")),
        (answer("200 OK", "[1, 2"), not_json(200, "it is no JSON")),
        (answer("200 OK", "[1] [2]"), not_json(200, "it is no JSON")),
        (answer("200 OK", ""), not_json(200, "it is no JSON")),
        (
            answer("200 OK", r#"["a-secret"]"#),
            not_json(200, "its JSON has another form"),
        ),
        (
            answer("200 OK", &format!("[{}1]", " ".repeat(ANSWER_LIMIT))),
            not_json(200, "it is too long"),
        ),
        // Not followed, be it to another host or to this one.
        (
            answer("302 Found\r\nLocation: http://127.0.0.1/y", ""),
            not_json(302, "it is no JSON"),
        ),
        (
            answer("202 Accepted", "[1]"),
            not_json(202, "its JSON has another form"),
        ),
    ];
    for (answer, expected) in table {
        let head: String = answer.chars().take(200).collect();
        let failure = ask(answer).expect_err(&head);
        assert_eq!(format!("{failure:?}"), format!("{expected:?}"), "{head}");
        assert!(!failure.explain().title.contains("a-secret"));
    }
    assert!(matches!(ask(String::new()), Err(Error::Network(_))));
}

#[test]
fn an_answer_that_does_not_come_is_waited_for_as_long_as_was_said() {
    let (platform, _served) = serve(vec![
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,".to_owned(),
    ]);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut elsewhere = platform.clone();
    elsewhere.base.set_port(Some(port)).unwrap();
    let question = || Question::get("/x", Duration::from_millis(50));
    // Side by side, as several facts are asked for.
    let ask = |platform: Platform| {
        thread::spawn(move || platform.ask(question(), PhantomData::<Vec<u32>>, &mut |_| ()))
    };
    let (one, other) = (ask(platform), ask(elsewhere));
    assert!(matches!(one.join().unwrap(), Err(Error::Network(_))));
    assert!(matches!(other.join().unwrap(), Err(Error::Network(_))));
}
