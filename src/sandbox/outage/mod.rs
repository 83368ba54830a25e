//! An app whose last release crashes for a missing config var, as Heroku's Platform API tells of
//! it.

use serde_json::{Value, json};

use super::http::{Request, Response};

/// The app's name.
pub const APP: &str = "sandbox-shop";

const FACTS: &str = include_str!("facts.json");
const LOG: &str = include_str!("outage.log");
const STREAM: &str = "/log";
const STATUS: &str = "/api/v4/current-status";

/// The answer to a request of that API, of its log sessions, or of Heroku's status page; none if
/// it is another one's.
pub fn answer(request: &Request, base: &str, has_key: bool) -> Option<Response> {
    let problem = |status, id: &str, message: &str| {
        Response::new(status, json!({"id": id, "message": message}).to_string())
    };
    let rest = match request.path.as_str() {
        STREAM => return Some(Response::new(200, LOG.to_owned())),
        STATUS => return Some(Response::of_json(&json!({"incidents": []}))),
        path => path.strip_prefix("/apps/")?,
    };
    let (app, what) = rest.split_once('/').unwrap_or((rest, ""));
    let facts: Value = serde_json::from_str(FACTS).unwrap_or_default();
    let mut releases = facts["releases"].as_array().into_iter().flatten();
    let release = |it: &&Value| what == format!("releases/{}", it["version"]);
    Some(match (request.method.as_str(), what) {
        _ if !has_key => problem(401, "unauthorized", "Invalid credentials provided."),
        _ if app != APP => problem(404, "not_found", "Couldn't find that app."),
        ("POST", "log-sessions") => {
            Response::of_json(&json!({"logplex_url": format!("{base}{STREAM}")}))
        }
        _ => match facts.get(what).or(releases.find(release)) {
            Some(fact) => Response::of_json(fact),
            None => problem(404, "not_found", "Couldn't find that."),
        },
    })
}
