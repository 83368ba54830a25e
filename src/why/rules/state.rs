//! What somebody did to the app, or Heroku to its add-ons: by what Heroku tells, and by the log.

use super::{Case, Command, Finding, Piece, Seen, crash, named, times, words};
use crate::why::log::Source;

/// How often the router answered with a code, in brackets.
fn counted(code: &str, seen: Option<Seen>) -> String {
    seen.map_or_else(String::new, |seen| format!(" ({code}, {})", times(seen)))
}

pub fn maintenance(case: &Case) -> Option<Finding> {
    let told = case.facts.app.as_ref().map(|app| app.maintenance);
    let (seen, lines) = case.requests(|it| it.code == "H80");
    let is_answered = |seen: Seen| case.log.answers_after(seen.last).0 > 0;
    let is_on = told.unwrap_or_else(|| seen.is_some_and(|it| !is_answered(it)));
    let words = match is_on {
        true => "maintenance mode is on: visitors get Heroku's page, not the app",
        false => "maintenance mode was on, and is off again",
    };
    let sentence = format!("{words}{}", counted("H80", seen));
    let told = (told == Some(true)).then(|| "Heroku tells: maintenance mode is on".to_owned());
    let found = Finding::new("maintenance", is_on, sentence).seen(seen);
    (is_on || seen.is_some()).then(|| found.proof(lines).proof(told))
}

/// Add-ons that Heroku or their provider has stopped.
pub fn addons(case: &Case) -> Vec<Finding> {
    let told = case.facts.addons.iter().flatten();
    let stopped = told.filter_map(|addon| {
        let states = words::list("states of stopped add-ons").iter();
        let state = states
            .into_iter()
            .find(|state| addon.state.eq_ignore_ascii_case(state))?;
        let sentence = format!("the add-on {} is {state}", addon_name(&addon.name));
        let proof = format!("Heroku tells of {}: {state}", addon_name(&addon.name));
        let mut found = Finding::new("addon", true, sentence).proof([proof]);
        // One that collects logs takes nothing down.
        let plan = addon.plan.as_ref().map_or("", |it| &it.name);
        if !words::has("kinds of stores", plan) {
            found.explains = "";
        }
        Some(found)
    });
    let mut all: Vec<Finding> = stopped.collect();
    let pieces = case.pieces(|it| {
        let text = it.text.to_lowercase();
        (it.is_error || matches!(it.source, Source::Api | Source::Addon))
            && words::has("words of stopped add-ons", &text)
            && words::has("words for add-ons", &text)
    });
    if let (true, Some(seen)) = (all.is_empty(), Seen::all(pieces.iter().map(|it| it.seen))) {
        let sentence = "the log says that an add-on is suspended or paused".to_owned();
        let found = Finding::new("addon", !case.is_over(seen.last), sentence).seen(seen);
        all.push(found.pieces(pieces.iter().take(2)));
    }
    all
}

fn addon_name(name: &str) -> &str {
    let is_part = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let is_name = name.len() <= 60 && name.bytes().all(is_part);
    if is_name { name } else { "of the app" }
}

/// No web dynos: somebody scaled them away, or there never were any.
pub fn scaled_to_zero(case: &Case) -> Option<Finding> {
    let told = case.facts.quantity("web");
    let (seen, lines) = case.requests(|it| it.code == "H14");
    let scalings = &case.log.scalings;
    let scaled = scalings.last().filter(|it| it.web == 0);
    let is_up = scalings
        .last()
        .is_some_and(|it| it.web > 0 && seen.is_none_or(|seen| it.at > seen.last));
    let is_zero = match told {
        Some(count) => count == 0,
        None => !is_up && (scaled.is_some() || seen.is_some_and(|seen| !case.is_over(seen.last))),
    };
    // An app of workers alone is well.
    if seen.is_none() && (scaled.is_none() || !is_zero) {
        return None;
    }
    let formation = case.facts.formation.as_ref();
    let has_web = formation.is_none_or(|all| all.iter().any(|it| it.kind == "web"));
    let by = match scaled.map(|it| &*it.by) {
        None => String::new(),
        Some("") => ": it was scaled to zero".to_owned(),
        Some(by) => format!(": {by} scaled it to zero"),
    };
    let (id, words) = match (is_zero, has_web) {
        (true, true) => ("scaled-to-zero", format!("no web dyno runs{by}")),
        (true, false) => (
            "no-web-process",
            "the app has no web process: its Procfile declares none".to_owned(),
        ),
        (false, _) => (
            "scaled-to-zero",
            "no web dyno ran for a while; one runs again".to_owned(),
        ),
    };
    let before = scalings.iter().rev().find(|it| it.web > 0);
    let began = scaled.map(|it| Seen {
        count: 0,
        first: it.at,
        last: it.at,
    });
    let actions = case.pieces(|it| it.source == Source::Api && it.text.contains("web@0"));
    let told = (told == Some(0)).then(|| "Heroku tells of the formation: web=0".to_owned());
    let found = Finding::new(id, is_zero, format!("{words}{}", counted("H14", seen)))
        .command(Command::Scale(before.map_or(1, |it| it.web)))
        .seen(Seen::all(began.into_iter().chain(seen)));
    Some(found.pieces(actions.last()).proof(told).proof(lines))
}

/// A release phase that failed; the release before it still serves.
pub fn release_phase(case: &Case) -> Option<Finding> {
    let releases = || case.facts.releases.iter().flatten();
    let newest = releases().max_by_key(|it| it.version);
    let told = newest.filter(|it| it.status == "failed");
    let failed = crash::lives(case, "release").filter(|life| life.status.unwrap_or(0) != 0);
    let started = failed.map(|life| life.started).max();
    if told.is_none() && started.is_none() {
        return None;
    }
    let started = started.flatten();
    let is_before = |(_, at): &&(u32, _)| started.is_none_or(|started| *at <= started);
    let phase = case.log.phases.iter().rfind(is_before);
    let version = told
        .map(|it| it.version)
        .or(phase.map(|(version, _)| *version));
    // Whatever was released later went well.
    let live = case.log.releases.iter().map(|it| it.0);
    let is_over = version.is_some() && releases().map(|it| it.version).chain(live).max() > version;
    let name = version.map_or_else(|| "a release".to_owned(), |it| format!("v{it}"));
    let before = version.map_or_else(
        || "the one before".to_owned(),
        |it| format!("v{}", case.good_before(it)),
    );
    let end = match is_over {
        true => "; a later release went live".to_owned(),
        false => format!(", so it isn't live: {before} still serves"),
    };
    let is_its = |it: &Piece| it.kind() == "release" && started.is_none_or(|at| it.seen.last >= at);
    let pieces =
        case.pieces(|it| is_its(it) && (it.is_error || it.text.starts_with("Process exited")));
    let sentence = format!("the release phase of {name} failed{end}");
    let mut found = Finding::new("release-phase", !is_over, sentence)
        .seen(Seen::all(pieces.iter().map(|it| it.seen)));
    if let Some(version) = version {
        found = found.command(Command::ReleaseOutput(version));
    }
    let told = told.map(|_| format!("Heroku tells of {name}: failed"));
    Some(found.pieces(pieces.iter().take(3)).proof(told))
}

/// A build that failed, so that nothing new went live.
pub fn build(case: &Case) -> Option<Finding> {
    let last = |start: &str| {
        let all = case.pieces(|it| it.source == Source::Api && it.text.starts_with(start));
        all.into_iter().max_by_key(|it| it.seen.last)
    };
    let failed = last("Build failed")?;
    let is_over = last("Build succeeded").is_some_and(|it| it.seen.last > failed.seen.last);
    let sentence = "the last build failed: what was live before still serves".to_owned();
    let found = Finding::new("build", !is_over, sentence);
    Some(found.seen(failed.seen).pieces([&failed]))
}

/// What Heroku says of itself. It explains nothing but failures of Heroku's.
pub fn incident(case: &Case) -> Option<Finding> {
    let open = case.facts.incidents.as_ref().filter(|it| !it.is_empty())?;
    let (seen, lines) = case.requests(|it| ["H99", "H83"].contains(&&*it.code));
    let is_cause = case.log.requests(|it| it.status >= 500) > 0;
    let sentence = "Heroku itself has an open incident".to_owned();
    let mut found = Finding::new("incident", is_cause, sentence).seen(seen);
    if seen.is_some() {
        found.weight = Some(1);
    }
    let told = open.iter().map(|it| format!("Heroku's status page: {it}"));
    Some(found.proof(told).proof(lines))
}

/// Dynos that Heroku calls crashed, and a list of dynos that can't be right.
pub fn dynos(case: &Case) -> Option<Finding> {
    let dynos = case.facts.dynos.as_ref()?;
    let crashed = dynos.iter().filter(|it| it.state == "crashed").count();
    let wanted = case.facts.quantity("web").unwrap_or(0);
    let sentence = match crashed {
        // The Heroku CLI takes a failure of this request for an empty list.
        0 if dynos.is_empty() && wanted > 0 => format!(
            "Heroku lists no dynos, though there are to be {wanted} of web: its list may be wrong"
        ),
        0 => return None,
        _ => format!(
            "{crashed} of {} dynos have crashed; the log doesn't say why",
            dynos.len()
        ),
    };
    let told = dynos.iter().take(3);
    let told = told.map(|it| format!("Heroku tells of {}: {}", named(&it.kind), named(&it.state)));
    Some(Finding::new("dynos", crashed > 0, sentence).proof(told))
}

/// An eco dyno that sleeps.
pub fn idle(case: &Case) -> Option<Finding> {
    let mut told = case.facts.dynos.iter().flatten();
    let is_asleep =
        told.any(|it| it.state == "idle") || crash::lives(case, "web").any(|life| life.is_idle);
    let events = case.events("Idling");
    let last = events.last();
    let sentence =
        "web sleeps, as eco dynos do after 30 minutes without requests; the next request wakes it";
    let found = Finding::new("idle", false, sentence.to_owned()).seen(last.map(|it| it.seen));
    is_asleep.then(|| found.pieces(last))
}
