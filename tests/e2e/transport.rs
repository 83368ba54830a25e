//! The network misbehaving: TLS, redirects, silence, resets, split writes. What the screen shows of
//! it is in repl.rs.

use std::io::Write;
use std::net::TcpListener;

use serde_json::json;

use super::support::{Api, KEY, Program, Proxy, Tls, event, respond, sse_head};

/// A proxy would be asked for every host but this machine, by name or by address.
#[test]
fn no_host_but_the_service_is_asked_and_it_is_sent_the_prompt_alone() {
    let api = Api::tokens(&["an answer"]);
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    elsewhere.set_nonblocking(true).expect("a look");
    let proxy = format!("http://{}", elsewhere.local_addr().expect("an address"));
    let program = Program::for_service(&api.url())
        .with("http_proxy", &proxy)
        .with("https_proxy", &proxy)
        .with("all_proxy", &proxy);
    program.file("AGENTS.md", "Be brief.");
    program.run(&["ask", "hi"]).expect_code(0);
    program
        .run_with_input(&["chat", "--lines"], "hi\n")
        .expect_code(0);
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body = json!({"model": "test-model", "messages": messages, "stream": true});
    for request in api.requests() {
        assert_eq!(request.json(), body);
    }
    assert_eq!(api.requests().len(), 2);
    assert!(elsewhere.accept().is_err(), "somebody else was asked");
}

#[test]
fn a_redirect_is_not_followed_and_carries_no_key() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    elsewhere.set_nonblocking(true).expect("non-blocking");
    let location = format!("http://{}/", elsewhere.local_addr().expect("an address"));
    for status in [301, 302, 303, 307, 308] {
        let api = Api::fixed(respond(status, &format!("Location: {location}\r\n"), ""));
        Program::for_service(&api.url())
            .run(&["ask", "hi"])
            .expect_code(1)
            .expect_error(&location);
    }
    assert!(
        elsewhere.accept().is_err(),
        "somebody connected to the redirect's target"
    );
}

#[test]
fn an_answer_in_pieces_of_any_size_is_whole() {
    let text = format!(
        "{}{}event:done\ndata:[DONE]\n\n",
        event("héllo "),
        event("wörld ⬢")
    );
    for size in [1, 2, 7, 64] {
        let text = text.clone();
        let api = Api::serve(move |exchange| {
            exchange.send(sse_head());
            for piece in text.as_bytes().chunks(size) {
                exchange
                    .stream
                    .write_all(piece)
                    .expect("the client listens");
            }
        });
        Program::for_service(&api.url())
            .run(&["ask", "hi"])
            .expect_code(0)
            .expect_output("héllo wörld ⬢\n");
    }
}

#[test]
fn a_chunk_split_over_writes_is_late_at_most() {
    let api = Api::serve(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for text in [
            event("one "),
            event("two"),
            "event:done\ndata:[DONE]\n\n".to_owned(),
        ] {
            let (head, tail) = text.split_at(text.len() / 2);
            exchange.send(&format!("{:x}\r\n{head}", text.len()));
            exchange.send(&format!("{tail}\r\n"));
        }
        exchange.send("0\r\n\r\n");
    });
    Program::for_service(&api.url())
        .run(&["ask", "hi"])
        .expect_code(0)
        .expect_output("one two\n");
}

#[test]
fn a_stream_without_an_end_is_told_and_kept() {
    let api = Api::serve(|exchange| {
        exchange.send(sse_head());
        exchange.send(&event("half"));
    });
    let run = Program::for_service(&api.url()).run(&["ask", "hi"]);
    run.expect_code(3)
        .expect_output("half\n")
        .expect_error("the stream ended before the answer was complete");
}

#[test]
fn a_short_body_is_no_answer() {
    let api = Api::fixed(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"choices\":",
    );
    let run = Program::for_service(&api.url()).run(&["ask", "--no-stream", "hi"]);
    run.expect_code(3).expect_error("of 1000 bytes came");
}

#[test]
fn what_is_no_http_is_an_error_and_no_panic() {
    for nonsense in [
        "\0\0\0\0",
        "HTTP/1.1 2x0\r\n\r\n",
        "SSH-2.0-x\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        // The same nonsense every time, so that the retries end too.
        let api = Api::fixed(nonsense);
        let run = Program::for_service(&api.url()).run(&["ask", "hi"]);
        assert!(
            !run.stderr.contains("panicked"),
            "{nonsense:?}: {}",
            run.stderr
        );
        run.expect_code(3);
    }
}

#[test]
fn a_silent_server_is_given_up_after_the_limit() {
    let api = Api::serve(|exchange| exchange.wait_for_close());
    let run = Program::for_service(&api.url()).run(&["ask", "--timeout", "1", "hi"]);
    run.expect_code(3)
        .expect_error("waited 1 s for the first byte of the answer")
        .expect_error("--timeout");
}

#[test]
fn a_refused_connection_names_address_and_cause() {
    let program = Program::for_service("http://127.0.0.1:1");
    program
        .run(&["ask", "hi"])
        .expect_code(3)
        .expect_error("no connection to 127.0.0.1:1: connection refused");
}

#[test]
fn an_unknown_host_is_named() {
    let program = Program::for_service("https://nosuch.invalid");
    program
        .run(&["ask", "hi"])
        .expect_code(3)
        .expect_error("the host nosuch.invalid was not found");
}

#[test]
fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let program = Program::for_service("http://inference.example.com");
    program
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("in clear text")
        .expect_error("--allow-http");
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_and_not_bypassed() {
    let program = Program::for_service("https://us.inference.heroku.com")
        .with("https_proxy", "socks5://127.0.0.1:1");
    program
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("the proxy https_proxy can't be used");
    let program =
        Program::for_service("https://us.inference.heroku.com").with("https_proxy", "127.0.0.1:1");
    program
        .run(&["ask", "hi"])
        .expect_code(3)
        .expect_error("no connection to the proxy 127.0.0.1:1");
}

#[test]
fn a_proxy_is_asked_for_the_host_and_given_the_login_that_is_meant() {
    let host = "us.inference.heroku.com";
    let server = Tls::serve(&[host], Tls::VALID, tokens());
    for (login, sent) in [
        ("", None),
        ("user:p%40s%2Fs@", Some("dXNlcjpwQHMvcw==")),
        ("user@", Some("dXNlcjo=")),
    ] {
        let proxy = Proxy::start(Ok(server.port));
        let (port, heads) = (proxy.port, &proxy.heads);
        let program = Program::for_service(&format!("https://{host}"));
        let path = program.file("ca.pem", &server.certificate);
        program
            .with("SSL_CERT_FILE", &path.display().to_string())
            .with("https_proxy", &format!("http://{login}127.0.0.1:{port}/"))
            .run(&["ask", "hi"])
            .expect_code(0)
            .expect_output("over TLS\n");
        let head = heads.recv().expect("a CONNECT");
        assert!(
            head.starts_with(&format!(
                "CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n"
            )),
            "{head}"
        );
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "));
        assert_eq!(found, sent, "{login}");
    }
}

#[test]
fn an_http_target_behind_a_proxy_is_named_and_the_login_goes_to_the_proxy() {
    let api = Api::tokens(&["through"]);
    let address = api.url().replace("http://", "http://user:p%40ss@");
    Program::for_service("http://inference.example:8080")
        .with("http_proxy", &address)
        .run(&["ask", "--allow-http", "hi"])
        .expect_code(0)
        .expect_output("through\n");
    let request = api.only_request();
    assert_eq!(
        request.line,
        "POST http://inference.example:8080/v1/chat/completions HTTP/1.1"
    );
    assert_eq!(request.header("host"), Some("inference.example:8080"));
    assert_eq!(
        request.header("proxy-authorization"),
        Some("Basic dXNlcjpwQHNz")
    );
}

#[test]
fn a_proxy_that_misbehaves_is_named_with_its_variable() {
    for (answer, words) in [
        ("<html>Sign in</html>\r\n\r\n", "is not HTTP"),
        ("HTTP/1.1 200 OK\r\nX: ", "is not HTTP"),
        ("HTTP/1.1 200 OK\r\n\r\n<html>Sign in", "is no TLS"),
        (
            "HTTP/1.1 403 No\r\n\r\nlong",
            "us.inference.heroku.com:443 (403)",
        ),
        (
            "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n",
            "by NTLM",
        ),
        ("HTTP/1.1 407 No\r\n\r\n", "wants a user name and password"),
    ] {
        let api = Api::fixed(answer);
        Program::for_service("https://us.inference.heroku.com")
            .with("https_proxy", "")
            .with("all_proxy", &api.url())
            .run(&["ask", "hi"])
            .expect_code(1)
            .expect_error(words)
            .expect_error("Correct all_proxy");
    }
}

#[test]
fn debug_shows_the_heads_of_a_catalogue_too() {
    let api = Api::fixed(respond(200, "X-Mark: seen\r\n", "[]"));
    let run = Program::for_service(&api.url()).run(&["models", "--debug"]);
    assert!(run.stderr.contains("/available-models"), "{}", run.stderr);
    assert!(run.stderr.contains("< x-mark: seen"), "{}", run.stderr);
}

#[test]
fn an_empty_certificate_file_is_none() {
    let server = Tls::serve(&["localhost"], Tls::VALID, tokens());
    Program::for_service(&format!("https://localhost:{}", server.port))
        .with("SSL_CERT_FILE", "")
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("its issuer is unknown");
}

#[test]
fn a_key_that_the_service_echoes_is_not_shown() {
    let body = format!(r#"{{"error":{{"message":"invalid key {KEY} given"}}}}"#);
    let api = Api::fixed(respond(401, &format!("X-Echo: {KEY}\r\n"), &body));
    let run = Program::for_service(&api.url()).run(&["ask", "--debug", "hi"]);
    run.expect_code(1)
        .expect_error("invalid key (redacted) given")
        .expect_error("x-echo: (redacted)");
}

fn tokens() -> impl Fn(&str) -> String {
    |_| {
        format!(
            "{}{}event:done\ndata:[DONE]\n\n",
            sse_head(),
            event("over TLS")
        )
    }
}

#[test]
fn tls_is_trusted_by_certificate_file_only() {
    let server = Tls::serve(&["localhost"], Tls::VALID, tokens());
    let program = Program::for_service(&format!("https://localhost:{}", server.port));
    program
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("the certificate of localhost is not trusted")
        .expect_error("SSL_CERT_FILE");
    let path = program
        .file("ca.pem", &server.certificate)
        .display()
        .to_string();
    program
        .with("SSL_CERT_FILE", &path)
        .run(&["ask", "hi"])
        .expect_code(0)
        .expect_output("over TLS\n");
}

#[test]
fn a_certificate_that_is_expired_or_for_another_name_is_told_as_such() {
    for (names, expired, words) in [
        (["localhost"], true, "it has expired"),
        (["elsewhere"], false, "it is for another host name"),
    ] {
        let server = Tls::serve(
            &names,
            if expired { Tls::EXPIRED } else { Tls::VALID },
            tokens(),
        );
        let program = Program::for_service(&format!("https://localhost:{}", server.port));
        let path = program
            .file("ca.pem", &server.certificate)
            .display()
            .to_string();
        program
            .with("SSL_CERT_FILE", &path)
            .run(&["ask", "hi"])
            .expect_code(1)
            .expect_error(words);
    }
}

#[test]
fn a_server_without_tls_on_an_https_port_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
        }
    });
    let run = Program::for_service(&format!("https://localhost:{port}")).run(&["ask", "hi"]);
    run.expect_code(3)
        .expect_error("the server does not speak TLS on this port");
}

#[test]
fn an_event_without_an_end_is_given_up() {
    let api = Api::serve(|exchange| {
        exchange.send(&format!("{}{}data:", sse_head(), event("some words")));
        let block = "x".repeat(1 << 20);
        while exchange.stream.write_all(block.as_bytes()).is_ok() {}
    });
    let run = Program::for_service(&api.url()).run(&["ask", "hi"]);
    run.expect_code(3)
        .expect_output("some words\n")
        .expect_error("it is longer than 64 MiB");
}

#[test]
fn a_refusal_counts_whatever_becomes_of_its_body() {
    let api = Api::fixed("HTTP/1.1 401 No\r\nContent-Length: 999\r\n\r\n{\"error\":\"bad key\"}");
    let run = Program::for_service(&api.url()).run(&["ask", "hi"]);
    run.expect_code(1)
        .expect_error("did not accept the key")
        .expect_error("bad key");
    assert_eq!(api.requests().len(), 1, "it was tried again");
}

#[test]
fn a_certificate_file_that_is_not_there_is_named() {
    let program =
        Program::for_service("https://localhost:1").with("SSL_CERT_FILE", "/nonexistent.pem");
    program
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("SSL_CERT_FILE names /nonexistent.pem")
        .expect_error("unset SSL_CERT_FILE");
}
