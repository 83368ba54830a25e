//! What the Heroku CLI can tell; it is asked only if URL or key is missing.

use crate::doctor::{Probe, Status, Verdict};
use crate::error::{Error, HerokuFailure};

/// The oldest version whose output is known.
const OLDEST: u32 = 8;

pub fn cli(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    if probe.needs_heroku() {
        probe.ask_heroku()?;
    }
    let Some(facts) = &probe.heroku else {
        return Ok(skipped());
    };
    Ok(match &facts.version {
        Ok(version) => {
            let major = version
                .split('.')
                .next()
                .and_then(|major| major.parse::<u32>().ok());
            match major {
                Some(major) if major < OLDEST => Verdict::fail(format!(
                    "version {version} is too old; {OLDEST} and later are known to work"
                ))
                .hint("Update it")
                .command("heroku update"),
                _ => Verdict::pass(format!("version {version}")),
            }
        }
        Err(failure) => Verdict::new(Status::Fail, failure.explain()),
    })
}

pub fn login(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(facts) = &probe.heroku else {
        return Ok(skipped());
    };
    Ok(match (&facts.account, &facts.variables) {
        (Ok(account), _) => Verdict::pass(account.clone()),
        // The account is asked at another host than the variables, and only these are needed.
        (Err(HerokuFailure::TimedOut(_) | HerokuFailure::Unreachable(_)), Ok(_)) => {
            Verdict::pass("logged in; the account's name did not come in time")
        }
        (Err(failure), _) => Verdict::new(Status::Fail, failure.explain()),
    })
}

pub fn app(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let Some(facts) = &probe.heroku else {
        return Ok(skipped());
    };
    let app = app_name(probe);
    Ok(match &facts.variables {
        Ok(_) | Err(HerokuFailure::NotAttached(_)) => Verdict::pass(app),
        Err(failure @ (HerokuFailure::UnknownApp(_) | HerokuFailure::Refused(_))) => {
            let mut words = failure.explain();
            let account = facts.account.as_deref().unwrap_or("unknown");
            words.title.push_str(&format!("; the account is {account}"));
            Verdict::new(Status::Fail, words)
        }
        Err(failure) => Verdict::new(Status::Fail, failure.explain()),
    })
}

pub fn addon(probe: &mut Probe<'_>) -> Result<Verdict, Error> {
    let app = app_name(probe);
    let prefix = probe.gathered.prefix.clone();
    let Some(facts) = &probe.heroku else {
        return Ok(skipped());
    };
    Ok(match &facts.variables {
        Ok(values) if values.contains_key(&format!("{prefix}_MODEL_ID")) => {
            Verdict::pass(format!("attached as {prefix}, on a plan of one model"))
        }
        Ok(_) => Verdict::pass(format!(
            "attached as {prefix}, on the standard plan: one key for all models"
        )),
        Err(failure) => match (facts.others.first(), &facts.all) {
            (Some(other), _) => {
                Verdict::fail(format!("{app} has no attachment {prefix}, but has {other}"))
                    .hint("Name that one")
                    .command(probe.command_for(other))
            }
            (
                None,
                Some(Err(late @ (HerokuFailure::TimedOut(_) | HerokuFailure::Unreachable(_)))),
            ) => Verdict::new(Status::Fail, late.explain()),
            // The CLI takes a page in place of the API for an app without variables.
            (None, Some(Err(page))) => {
                let reason = page.explain();
                let detail = reason.detail.unwrap_or(reason.title);
                Verdict::fail(format!("what answered is not Heroku's API: {detail}")).hint(
                    "A sign-in page of the network may be in the way: open a browser, \
                        then try again",
                )
            }
            _ => Verdict::new(Status::Fail, failure.explain()),
        },
    })
}

/// A check of the CLI or its answers, if the CLI wasn't asked.
fn skipped() -> Verdict {
    Verdict::skip("not needed: URL and key are known")
}

fn app_name(probe: &Probe<'_>) -> String {
    let named = probe.gathered.app.clone();
    let remote = probe
        .args
        .heroku
        .remote
        .as_ref()
        .map(|remote| format!("the app of the git remote {remote}"));
    named
        .or(remote)
        .unwrap_or_else(|| "the app of this folder's git remote".to_owned())
}
