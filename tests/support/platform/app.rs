//! An app that the stand-in plays: its config vars, what Heroku tells of it, and its log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::answer::{Reply, Request, Response, Stream};

/// Stand in what Heroku tells, and must stand in nothing that a program makes of it: the address of
/// a log session, that of a dyno's terminal, and that of a release's output.
pub const SECRETS: [&str; 3] = [
    "5e551on-10gplex",
    "rendezv0us-5ecret",
    "0utput-5tream-5ecret",
];

#[derive(Clone, Debug)]
pub struct App {
    name: String,
    vars: BTreeMap<String, String>,
    /// `app`, `releases`, `dynos`, `formation` and `addons`, as Heroku tells of them.
    facts: Value,
    log: String,
    is_fir: bool,
}

impl App {
    /// An app that is well and says nothing.
    pub fn new(name: &str, vars: &[(&str, &str)]) -> App {
        let own = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        let dyno = |number: u32| {
            json!({"type": "web", "name": format!("web.{number}"), "state": "up", "size": "Basic",
                "command": "bin/serve", "updated_at": "2026-11-26T00:00:00Z",
                "attach_url": format!("rendezvous://runtime.example:5000/{}", SECRETS[1])})
        };
        App {
            name: name.to_owned(),
            vars: vars.iter().map(own).collect(),
            facts: json!({
                "app": {"id": "01234567-89ab", "name": name, "maintenance": false,
                    "stack": {"name": "heroku-24"}, "region": {"name": "eu"},
                    "generation": {"name": "cedar"}, "released_at": "2026-11-26T00:00:00Z"},
                "releases": [],
                "dynos": [dyno(1), dyno(2)],
                "formation": [{"type": "web", "quantity": 2, "size": "Basic", "command": "bin/serve"}],
                "addons": [],
            }),
            log: String::new(),
            is_fir: false,
        }
    }

    /// An outage of tests/why, with what its `.json` says in place of an app that is well.
    pub fn outage(name: &str, outage: &str) -> App {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why");
        let read = |ending: &str| fs::read_to_string(folder.join(format!("{outage}.{ending}")));
        let mut app = App::new(name, &[]).log(&read("log").expect("a log of tests/why"));
        let told = read("json").map(|it| serde_json::from_str(&it).expect("JSON"));
        for (fact, value) in told.unwrap_or(json!({})).as_object().expect("an object") {
            match fact.as_str() {
                "config_vars" => {
                    let names = value.as_array().expect("names").iter();
                    let var =
                        |it: &Value| (it.as_str().expect("a name").to_owned(), "no".to_owned());
                    app.vars = names.map(var).collect();
                }
                _ => app.facts[fact] = value.clone(),
            }
        }
        match outage {
            "maintenance" => app.facts["app"]["maintenance"] = json!(true),
            "scaled-to-zero" => app.facts["formation"][0]["quantity"] = json!(0),
            _ => {}
        }
        for release in app.facts["releases"].as_array_mut().expect("a list") {
            release["output_stream_url"] = json!(format!("https://output.example/{}", SECRETS[2]));
        }
        app
    }

    pub fn log(mut self, log: &str) -> App {
        self.log = log.to_owned();
        self
    }

    pub fn vars(mut self, vars: &[(&str, &str)]) -> App {
        self.vars = App::new("", vars).vars;
        self
    }

    /// Says something else in place of a fact.
    pub fn fact(mut self, fact: &str, value: Value) -> App {
        self.facts[fact] = value;
        self
    }

    /// An app of the Fir generation, whose log begins now and never ends.
    pub fn fir(mut self) -> App {
        self.facts["app"]["generation"]["name"] = json!("fir");
        self.is_fir = true;
        self
    }

    /// What Heroku says to a request below `/apps/NAME`.
    pub fn answer(&self, request: &Request, what: &str, host: &str) -> Option<Response> {
        Some(match (request.method.as_str(), what) {
            ("GET", "") => Response::json(200, &self.facts["app"]),
            ("GET", "config-vars") => Response::json(200, &json!(self.vars)),
            ("GET", "releases") => self.releases(request),
            ("GET", one) if one.starts_with("releases/") => self.release(one)?,
            ("GET", "dynos" | "formation" | "addons") => Response::json(200, &self.facts[what]),
            ("POST", "log-sessions") => self.log_session(request, host),
            _ => return None,
        })
    }

    fn release(&self, path: &str) -> Option<Response> {
        let mut releases = self.facts["releases"].as_array()?.iter();
        let release = releases.find(|it| path == format!("releases/{}", it["version"]))?;
        Some(Response::json(200, release))
    }

    /// All of them, the oldest first, unless a range asks for the last ones.
    fn releases(&self, request: &Request) -> Response {
        let mut releases = self.facts["releases"].as_array().expect("a list").clone();
        releases.sort_by_key(|it| it["version"].as_u64());
        let Some(range) = &request.range else {
            return Response::json(200, &json!(releases));
        };
        if range.contains("order=desc") {
            releases.reverse();
        }
        let most = range.split("max=").nth(1).map_or("200", |it| {
            it.split(|it: char| !it.is_ascii_digit())
                .next()
                .expect("a number")
        });
        releases.truncate(most.parse().expect("a number"));
        Response::json(206, &json!(releases))
    }

    fn log_session(&self, request: &Request, host: &str) -> Response {
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let knows = |name: &str| match self.is_fir {
            true => ["dyno", "source", "type"].contains(&name),
            false => ["dyno", "source", "lines", "tail"].contains(&name),
        };
        match asked.as_object() {
            Some(asked) if asked.keys().all(|name| knows(name)) => {}
            _ => return Response::problem(422, "invalid_params", "That isn't a log session."),
        }
        let text = |name: &str| asked[name].as_str().unwrap_or_default();
        let url = format!(
            "http://{host}{}?lines={}&tail={}&dyno={}&source={}",
            log_path(&self.name),
            asked["lines"].as_u64().unwrap_or(100),
            asked["tail"].as_bool().unwrap_or(false),
            text("dyno"),
            text("source"),
        );
        Response::json(201, &json!({"id": "fedc-ba98", "logplex_url": url}))
    }

    /// The log of a session: as events if those are asked for, else as plain text.
    pub fn stream(&self, request: &Request) -> Reply {
        let asked = |name: &str| {
            let mut pairs = request.query.split('&').filter_map(|it| it.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map_or("", |(_, value)| value)
        };
        let (dyno, source) = (asked("dyno"), asked("source"));
        let is_meant = |line: &&str| {
            let from = line.split(' ').nth(1).unwrap_or_default();
            from.contains(dyno) && from.starts_with(source)
        };
        let lines: Vec<&str> = self.log.lines().filter(is_meant).collect();
        let most = if self.is_fir {
            usize::MAX
        } else {
            asked("lines").parse().unwrap_or(100)
        };
        let has_events = request.accept.contains("text/event-stream");
        let form = |(number, line): (usize, &&str)| match has_events {
            true => format!("id: {number}\ndata: {line}\n\n"),
            false => format!("{line}\n"),
        };
        let lines = lines[lines.len().saturating_sub(most)..].iter().enumerate();
        Reply::Stream(Stream {
            content_type: if has_events {
                "text/event-stream"
            } else {
                "text/plain"
            },
            text: lines.map(form).collect(),
            stays_open: self.is_fir || asked("tail") == "true",
            repeats: false,
        })
    }
}

/// Where the log of an app's session is.
pub fn log_path(app: &str) -> String {
    format!("/sessions/{}/{app}", SECRETS[0])
}
