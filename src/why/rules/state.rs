//! What somebody did to the app, or Heroku to its add-ons: by what Heroku tells, and by the log.

use super::{Case, Command, Finding, Piece, Seen, named, proof, times};
use crate::why::log::{Source, kind};

pub fn maintenance(case: &Case) -> Vec<Finding> {
    let told = case.facts.app.as_ref().map(|app| app.maintenance);
    let (seen, lines) = case.requests("H80");
    let is_on =
        told.unwrap_or_else(|| seen.is_some_and(|it| case.log.answers_after(it.last).0 == 0));
    if !is_on && seen.is_none() {
        return Vec::new();
    }
    let words = match is_on {
        true => "maintenance mode is on: visitors get Heroku's page, not the app",
        false => "maintenance mode was on, and is off again",
    };
    let count = seen.map_or_else(String::new, |seen| format!(" (H80, {})", times(seen)));
    let page = "articles/maintenance-mode";
    let found = Finding::new(
        "maintenance",
        is_on.then_some(1),
        page,
        format!("{words}{count}"),
    );
    let told = (told == Some(true)).then(|| "Heroku tells: maintenance mode is on".to_owned());
    let found = found
        .command(Command::Fixed("maintenance:off"))
        .seen(seen)
        .proof(lines.into_iter().chain(told));
    vec![found.explains(&["app-errors", "log-errors"])]
}

/// Add-ons that Heroku or their provider has stopped.
pub fn addons(case: &Case) -> Vec<Finding> {
    const STOPPED: &[&str] = &[
        "suspended",
        "paused",
        "deprovisioned",
        "deprovisioning",
        "failed",
    ];
    let found = |sentence: String, weight: Option<u8>| {
        let found = Finding::new("addon", weight, "articles/managing-add-ons", sentence);
        let explains = &[
            "database",
            "redis",
            "database-connections",
            "crash",
            "app-errors",
            "log-errors",
            "H12",
        ];
        found.command(Command::Fixed("addons")).explains(explains)
    };
    let told = case.facts.addons.iter().flatten();
    let mut all: Vec<Finding> = told
        .filter_map(|addon| {
            let state = STOPPED
                .iter()
                .find(|state| addon.state.eq_ignore_ascii_case(state))?;
            let sentence = format!("the add-on {} is {state}", addon_name(&addon.name));
            let proof = format!("Heroku tells of {}: {state}", addon_name(&addon.name));
            Some(found(sentence, Some(1)).proof([proof]))
        })
        .collect();
    let pieces = case.pieces(|it| {
        let text = it.text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        (it.is_error || matches!(it.source, Source::Api | Source::Addon))
            && has(&["suspended", "been paused", "is paused"])
            && has(&[
                "add-on", "addon", "database", "redis", "postgres", "account", "resource",
            ])
    });
    if let (true, Some(seen)) = (all.is_empty(), Seen::all(pieces.iter().map(|it| it.seen))) {
        let sentence = "the log says that an add-on is suspended or paused".to_owned();
        let found = found(sentence, (!case.is_over(seen.last)).then_some(1));
        all.push(
            found
                .seen(seen)
                .proof(pieces.iter().take(2).map(|it| proof(it))),
        );
    }
    all
}

fn addon_name(name: &str) -> &str {
    let is_part = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    if name.len() <= 60 && name.bytes().all(is_part) {
        name
    } else {
        "of the app"
    }
}

/// No web dynos: somebody scaled them away, or there never were any.
pub fn scaled_to_zero(case: &Case) -> Vec<Finding> {
    let told = case.facts.quantity("web");
    let (seen, lines) = case.requests("H14");
    let last_scaling = case.log.scalings.last();
    let scaled = last_scaling.filter(|it| it.web == 0);
    let is_up =
        last_scaling.is_some_and(|it| it.web > 0 && seen.is_none_or(|seen| it.at > seen.last));
    let is_zero = match told {
        Some(count) => count == 0,
        None => !is_up && (scaled.is_some() || seen.is_some_and(|seen| !case.is_over(seen.last))),
    };
    // An app of workers alone is well.
    if seen.is_none() && (scaled.is_none() || !is_zero) {
        return Vec::new();
    }
    let has_web = case
        .facts
        .formation
        .as_ref()
        .is_none_or(|all| all.iter().any(|it| it.kind == "web"));
    let by = scaled.map_or_else(String::new, |it| match &*it.by {
        "" => ": it was scaled to zero".to_owned(),
        by => format!(": {by} scaled it to zero"),
    });
    let count = seen.map_or_else(String::new, |seen| format!(" (H14, {})", times(seen)));
    let sentence = match (is_zero, has_web) {
        (true, true) => format!("no web dyno runs{by}{count}"),
        (true, false) => format!("the app has no web process: its Procfile declares none{count}"),
        (false, _) => format!("no web dyno ran for a while; one runs again{count}"),
    };
    let (id, page) = match has_web {
        true => ("scaled-to-zero", "articles/scaling"),
        false => ("no-web-process", "articles/procfile"),
    };
    let before = case
        .log
        .scalings
        .iter()
        .rev()
        .map(|it| it.web)
        .find(|count| *count > 0);
    let began = scaled.map(|it| Seen {
        count: 0,
        first: it.at,
        last: it.at,
    });
    let actions = case.pieces(|it| it.source == Source::Api && it.text.contains("web@0"));
    let told = (told == Some(0)).then(|| "Heroku tells of the formation: web=0".to_owned());
    let found = Finding::new(id, is_zero.then_some(1), page, sentence);
    let found = found
        .command(Command::Scale(before.unwrap_or(1)))
        .seen(Seen::all(began.into_iter().chain(seen)));
    vec![
        found.proof(
            actions
                .last()
                .map(|it| proof(it))
                .into_iter()
                .chain(told)
                .chain(lines),
        ),
    ]
}

/// A release phase that failed; the release before it still serves.
pub fn release_phase(case: &Case) -> Vec<Finding> {
    let releases = || case.facts.releases.iter().flatten();
    let newest = releases().max_by_key(|it| it.version);
    let told = newest.filter(|it| it.status == "failed");
    let lives = case
        .log
        .lives
        .iter()
        .filter(|(name, _)| kind(name) == "release");
    let failed = lives.filter(|(_, life)| life.status.is_some_and(|status| status != 0));
    let started = failed.map(|(_, life)| life.started).max();
    if told.is_none() && started.is_none() {
        return Vec::new();
    }
    let started = started.flatten();
    let phase = case
        .log
        .phases
        .iter()
        .rfind(|(_, at)| started.is_none_or(|started| *at <= started));
    let version = told
        .map(|it| it.version)
        .or(phase.map(|(version, _)| *version));
    // Whatever was released later went well.
    let later = releases()
        .map(|it| it.version)
        .chain(case.log.releases.iter().map(|it| it.0))
        .max();
    let is_over = version.is_some() && later > version;
    let name = version.map_or_else(|| "a release".to_owned(), |it| format!("v{it}"));
    let good = releases().filter(|it| it.status == "succeeded" && Some(it.version) < version);
    let before = good
        .map(|it| it.version)
        .max()
        .or(version.map(|it| it.saturating_sub(1)));
    let before = before.map_or_else(|| "the one before".to_owned(), |it| format!("v{it}"));
    let end = match is_over {
        true => "; a later release went live".to_owned(),
        false => format!(", so it isn't live: {before} still serves"),
    };
    let is_its = |it: &Piece| it.kind() == "release" && started.is_none_or(|at| it.seen.last >= at);
    let pieces =
        case.pieces(|it| is_its(it) && (it.is_error || it.text.starts_with("Process exited")));
    let seen = Seen::all(pieces.iter().map(|it| it.seen));
    let sentence = format!("the release phase of {name} failed{end}");
    let found = Finding::new(
        "release-phase",
        (!is_over).then_some(1),
        "articles/release-phase",
        sentence,
    );
    let command = version.map_or(Command::Fixed("releases:output"), Command::ReleaseOutput);
    let told = told.map(|_| format!("Heroku tells of {name}: failed"));
    let found = found
        .command(command)
        .seen(seen)
        .proof(pieces.iter().take(3).map(|it| proof(it)).chain(told));
    vec![found.explains(&["app-errors", "log-errors", "database"])]
}

/// A build that failed, so that nothing new went live.
pub fn build(case: &Case) -> Vec<Finding> {
    let last = |start: &str| {
        let all = case.pieces(|it| it.source == Source::Api && it.text.starts_with(start));
        all.into_iter().max_by_key(|it| it.seen.last)
    };
    let Some(failed) = last("Build failed") else {
        return Vec::new();
    };
    let is_over = last("Build succeeded").is_some_and(|it| it.seen.last > failed.seen.last);
    let sentence = "the last build failed: what was live before still serves".to_owned();
    let found = Finding::new(
        "build",
        (!is_over).then_some(3),
        "articles/builds",
        sentence,
    );
    vec![
        found
            .command(Command::Fixed("builds:output"))
            .seen(failed.seen)
            .proof([proof(failed)]),
    ]
}

/// What Heroku says of itself. It explains nothing alone.
pub fn incident(case: &Case) -> Vec<Finding> {
    let open: Vec<_> = case.facts.incidents.iter().flatten().collect();
    let is_cause = case.log.requests(|it| it.status >= 500) > 0;
    let sentence = "Heroku itself has an open incident".to_owned();
    let found = Finding::new(
        "incident",
        is_cause.then_some(2),
        "https://status.heroku.com",
        sentence,
    );
    let found = found.command(Command::Fixed("status"));
    let found = found.proof(open.iter().map(|it| format!("Heroku's status page: {it}")));
    if open.is_empty() {
        Vec::new()
    } else {
        vec![found]
    }
}

/// Dynos that Heroku calls crashed, and a list of dynos that can't be right.
pub fn dynos(case: &Case) -> Vec<Finding> {
    let dynos: Vec<_> = case.facts.dynos.iter().flatten().collect();
    let crashed = dynos.iter().filter(|it| it.state == "crashed").count();
    let wanted = case.facts.quantity("web").unwrap_or(0);
    let is_odd = case.facts.dynos.is_some() && dynos.is_empty() && wanted > 0;
    let sentence = match crashed {
        // The Heroku CLI takes a failure of this request for an empty list.
        0 if is_odd => format!(
            "Heroku lists no dynos, though there are to be {wanted} of web: its list may be wrong"
        ),
        0 => return Vec::new(),
        _ => format!(
            "{crashed} of {} dynos have crashed; the log doesn't say why",
            dynos.len()
        ),
    };
    let found = Finding::new(
        "dynos",
        (crashed > 0).then_some(1),
        "#h10-app-crashed",
        sentence,
    );
    let line = |it: &&crate::why::facts::Dyno| {
        format!("Heroku tells of {}: {}", named(&it.kind), named(&it.state))
    };
    vec![
        found
            .command(Command::Fixed("ps:restart"))
            .proof(dynos.iter().take(3).map(line)),
    ]
}

/// An eco dyno that sleeps.
pub fn idle(case: &Case) -> Vec<Finding> {
    let told = case
        .facts
        .dynos
        .iter()
        .flatten()
        .any(|it| it.state == "idle");
    let is_asleep = case
        .log
        .lives
        .iter()
        .any(|(name, life)| kind(name) == "web" && life.is_idle);
    let pieces = case.events("Idling");
    let sentence =
        "web sleeps, as eco dynos do after 30 minutes without requests; the next request wakes it";
    let found = Finding::new("idle", None, "articles/eco-dyno-hours", sentence.to_owned());
    let found = found
        .seen(pieces.last().map(|it| it.seen))
        .proof(pieces.last().map(|it| proof(it)));
    if told || is_asleep {
        vec![found]
    } else {
        Vec::new()
    }
}
