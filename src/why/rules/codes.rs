//! Heroku's error codes by `codes.txt`: the code, its weight, whether all or many of it count, the
//! command and the page, and what it means. What needs more than that has rules of its own.

use super::{Case, Command, Finding, Piece, Seen, proof, since_release, times};
use crate::why::log;

const CODES: &str = include_str!("../codes.txt");

pub fn codes(case: &Case) -> Vec<Finding> {
    CODES.lines().filter_map(|line| code(case, line)).collect()
}

fn code(case: &Case, line: &'static str) -> Option<Finding> {
    let mut fields = line.splitn(6, ' ');
    let [id, weight, which, command, page, words] =
        std::array::from_fn(|_| fields.next().unwrap_or_default());
    let (seen, evidence) = match id.starts_with('H') {
        true => case.requests(id),
        false => {
            let pieces = case.events(&format!("Error {id} "));
            (
                Seen::all(pieces.iter().map(|it| it.seen)),
                pieces.iter().take(2).map(|it| proof(it)).collect(),
            )
        }
    };
    let seen = seen?;
    let is_noise =
        which == "many" && (seen.count <= 3 || seen.count * 100 < case.log.requests(|_| true));
    let is_over = case.is_over(seen.last);
    let weight = weight.parse().ok().filter(|_| !is_noise && !is_over);
    let release = case
        .release_before(seen.first)
        .filter(|_| weight.is_some() && id != "H10");
    // A path is text of a visitor: it is shown as evidence, not in a sentence of ours.
    let paths = case
        .log
        .routes
        .iter()
        .filter(|it| it.code == id)
        .map(|it| it.seen.count);
    let of_one = if id == "H12" && seen.count > 3 && paths.max() >= Some(seen.count * 8 / 10) {
        ", nearly all of one path"
    } else {
        ""
    };
    let end = match (is_over, is_noise) {
        (true, _) => ", and no more",
        (_, true) => ", too few to matter",
        _ => "",
    };
    let since = since_release(release);
    let sentence = format!("{words}{since} ({id}, {}{of_one}{end})", times(seen));
    let found = Finding::new(id, weight, page, sentence)
        .seen(seen)
        .proof(evidence);
    let explains: &[&str] = if id == "H12" {
        &["app-errors", "log-errors", "H18"]
    } else {
        &["app-errors", "log-errors"]
    };
    Some(
        found
            .command(case.undo(release, Command::Fixed(command)))
            .explains(explains),
    )
}

/// What scanners ask for is answered with 404, and that is well.
pub fn scanners(case: &Case) -> Vec<Finding> {
    let routes = || case.log.routes.iter().filter(|it| it.is_scan);
    let Some(seen) = Seen::all(routes().map(|it| it.seen)) else {
        return Vec::new();
    };
    let words = "scanners look for holes that other apps have, and get nothing";
    let found = Finding::new(
        "scanners",
        None,
        "articles/http-routing",
        format!("{words} ({})", times(seen)),
    );
    let pieces = case.pieces(|it: &Piece| it.text.contains("No route matches"));
    let lines = routes()
        .take(2)
        .map(|it| format!("{} {}", log::stamp(it.seen.first), it.line()));
    vec![
        found
            .seen(seen)
            .proof(lines.chain(pieces.iter().take(1).map(|it| proof(it)))),
    ]
}
