//! Heroku's error codes that mean the same everywhere, by `causes.txt`.

use super::crash::up_again;
use super::{CAUSES, Case, Finding, Seen, fields, since_release, times, undo};

pub fn codes(case: &Case) -> Vec<Finding> {
    let codes = CAUSES
        .lines()
        .map(fields)
        .filter(|it| ["all", "many"].contains(&it[5]));
    codes.filter_map(|row| code(case, row)).collect()
}

fn code(case: &Case, [id, _, _, _, _, which, words]: [&'static str; 7]) -> Option<Finding> {
    let (seen, requests) = case.requests(|it| it.code == id);
    let events = case.events(&format!("Error {id} "));
    let seen = seen.or_else(|| Seen::all(events.iter().map(|it| it.seen)))?;
    let is_noise =
        which == "many" && (seen.count <= 3 || seen.count * 100 < case.log.requests(|_| true));
    // What a dyno that is down brings about is over when it is up.
    let is_down = ["H10", "H20", "H21"].contains(&id);
    let is_over = case.is_over(seen.last) || is_down && up_again(case, "web", seen.last).is_some();
    let found = Finding::new(id, !is_noise && !is_over, String::new()).seen(seen);
    let release = case.release_before(seen.first);
    let release = release.filter(|_| found.weight.is_some() && id != "H10");
    // A path is text of a visitor: it is shown as evidence, not in a sentence of ours.
    let routes = case.log.routes.iter().filter(|it| it.code == id);
    let most = routes.map(|it| it.seen.count).max();
    let is_one =
        ["H12", "H13"].contains(&id) && seen.count > 3 && most >= Some(seen.count * 8 / 10);
    let of_one = if is_one {
        ", nearly all of one path"
    } else {
        ""
    };
    let end = match (is_over, is_noise) {
        (true, _) => ", and no more",
        (_, true) => ", too few to matter",
        _ => "",
    };
    let (since, times) = (since_release(release), times(seen));
    let sentence = format!("{words}{since} ({id}, {times}{of_one}{end})");
    let found = undo(case, release, Finding { sentence, ..found });
    // What the app says meanwhile may tell why.
    let is_meanwhile = |it: Seen| it.first <= seen.last && it.last >= seen.first;
    let mut said =
        case.pieces(|it| it.is_app_error() && it.kind() == "web" && is_meanwhile(it.seen));
    said.retain(|_| found.weight.is_some());
    let said = said.iter().rev().max_by_key(|it| it.seen.count);
    Some(
        found
            .proof(requests)
            .pieces(events.iter().take(2).chain(said)),
    )
}

/// What scanners ask for is answered with 404, and that is well.
pub fn scanners(case: &Case) -> Option<Finding> {
    let (seen, lines) = case.requests(|it| it.is_scan);
    let words = "scanners look for holes that other apps have, and get nothing";
    let sentence = format!("{words} ({})", times(seen?));
    let unknown = case.pieces(|it| it.text.contains("No route matches"));
    let found = Finding::new("scanners", false, sentence).seen(seen);
    Some(found.proof(lines).pieces(unknown.iter().take(1)))
}
