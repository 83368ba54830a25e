//! Secrets of every shape, and what looks like one and is none.

use super::*;

#[test]
fn shapes_of_secrets_are_masked() {
    for (text, expected) in [
        (
            "to postgres://u1:pw1@host:5432/db now",
            "to postgres://<secret-1>@host:5432/db now",
        ),
        ("redis://:pw@h:6379", "redis://<secret-1>@h:6379"),
        (
            "mongodb+srv://a:b/c?d@h.example.net/x",
            "mongodb+srv://<secret-1>@h.example.net/x",
        ),
        (
            "Authorization: Bearer abc.DEF-123",
            "Authorization: Bearer <secret-1>",
        ),
        (
            "CSRF token mismatch. Sign in",
            "CSRF token mismatch. Sign in",
        ),
        (
            "authorization: Basic dXNlcjpwYXNz",
            "authorization: Basic <secret-1>",
        ),
        ("Cookie: _s=abc; theme=dark", "Cookie: <cookie-1>"),
        (
            "{\"cookie\":\"a=b; c=d\",\"x\":1}",
            "{\"cookie\":\"<cookie-1>\",\"x\":1}",
        ),
        ("jwt eyJhbGciOi.eyJzdWIi.c2ln-_x9 end", "jwt <secret-1> end"),
        (
            "key sk_live_51Habcdef, AKIAIOSFODNN7EXAMPLE",
            "key <secret-1>, <secret-2>",
        ),
        ("GET /reset?token=abc&x=1 200", "GET /reset?<query-1> 200"),
        (
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc",
            "https://b.s3.amazonaws.com/k?<query-1>",
        ),
        (
            "from kim.doe+x@mail.example.org, 203.0.113.7",
            "from <email-1>, <ip-1>",
        ),
        (
            "fwd=\"2001:db8::17\" ::1 127.0.0.1 0.0.0.0",
            "fwd=\"<ip-1>\" ::1 127.0.0.1 0.0.0.0",
        ),
        (
            "{\"password\":\"hunter2\",\"name\":\"a\"}",
            "{\"password\":\"<secret-1>\",\"name\":\"a\"}",
        ),
        (
            ":api_key=>\"abc123\", \"token\"=>\"x y z\"",
            ":api_key=>\"<secret-1>\", \"token\"=>\"<secret-2>\"",
        ),
        ("PGPASSWORD=abc psql", "PGPASSWORD=<secret-1> psql"),
        ("id 8601b555-6a83-4c12-8269-97c8e32cdb22", "id <id-1>"),
        (
            "same a@b.example and a@b.example, c@b.example",
            "same <email-1> and <email-1>, <email-2>",
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\nxyz", "<secret-1>"),
        (
            "\u{1b}[31mpass\u{1b}[0mword=sec\u{1b}[1mret1",
            "password=<secret-1>",
        ),
    ] {
        assert_eq!(Masker::default().mask(text), expected);
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "KeyError: 'STRIPE_SECRET_KEY'",
        "Error: Missing required environment variable: STRIPE_SECRET_KEY",
        "    STRIPE_SECRET_KEY: Required",
        "Stripe.api_key = ENV.fetch(\"STRIPE_SECRET_KEY\")",
        "SECRET_KEY = os.environ[\"SECRET_KEY\"]",
        "from /app/vendor/bundle/ruby/3.4.0/gems/railties-8.0.1/lib/rails/engine.rb:690:in 'load'",
        "    at Module._load (node:internal/modules/cjs/loader:1051:27)",
        "\tat org.springframework.boot.SpringApplication.run(SpringApplication.java:1361)",
        "web: listening on 127.0.0.1:8080 at 10:12:13",
        "Is it there? yes",
        "Deploy 8c2d269c by user",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ] {
        assert_eq!(Masker::default().mask(text), text);
    }
}

#[test]
fn values_are_masked_in_every_form() {
    let values = [
        "a/b+c=secret value 1",
        "tok-9f8e7d6c5b4a3210ff",
        "line one 11\nline two 22",
    ]
    .map(Secret::new);
    for text in [
        "a/b+c=secret value 1",
        "a%2Fb%2Bc%3Dsecret%20value%201",
        "a%2fb%2bc%3dsecret%20value%201",
        "tok-9f8e7d6c5b4a3210ff",
        "tok-9f8e7d6c5b",
        "line two 22",
    ] {
        let masked = Masker::new(&values).mask(&format!("<{text}>"));
        assert_eq!(masked, "<<config-1>>", "{text}");
    }
    let mut masker = Masker::new(&values);
    assert_eq!(
        masker.mask("tok-9f8e7d6c5b4a3210ff"),
        masker.mask("tok-9f8e7d6c5b4a32")
    );
    // The scheme of a URL is no part that tells it.
    let url = "postgres://shop:tide-marble-204@db.example.net:5432/d4";
    let mut masker = Masker::new(&[Secret::new(url)]);
    let text = "postgresql of postgres://other";
    assert_eq!(masker.mask(text), text);
    assert_eq!(masker.mask("postgres://shop:tide-m"), "<config-1>");
    for value in ["production", "3000", "short", "10000000", "EN_us.UTF-8"] {
        assert_eq!(Masker::new(&[Secret::new(value)]).mask(value), value);
    }
}
