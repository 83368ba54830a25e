//! Commands that mend, as far as what they need is known: which app, and where a value stands.

use std::path::Path;

use super::Probe;
use super::checks::STEPS_LIMIT;
use crate::api::models;
use crate::config::{self, HerokuQuery, Source};
use crate::error::{Error, Explanation, ServiceProblem, export_line, set_in, shell, words};
use crate::heroku::{self, HerokuCli, remote};

/// The app that is meant, if that is certain.
pub fn app(probe: &Probe<'_>) -> Option<String> {
    let query = HerokuQuery::of(&probe.args.heroku).ok()?;
    let by_remote = || remote::app(&query, &probe.context.environment);
    probe.gathered.app.clone().or_else(by_remote)
}

/// A command with the flags that have a value, but for the usual one.
pub fn with_flags(command: &str, flags: &[(&str, Option<&str>)]) -> String {
    let usual = [("--as", "INFERENCE"), ("--env-file", ".env")];
    let mut command = command.to_owned();
    for (flag, value) in flags {
        if let Some(value) = value.filter(|it| !usual.contains(&(*flag, *it))) {
            command += &format!(" {flag} {}", shell::quoted(value));
        }
    }
    command
}

/// The command that takes URL and key from the app anew, into this env file.
fn pull(probe: &Probe<'_>, file: &Path) -> String {
    let app = app(probe).unwrap_or_else(|| "example-app".to_owned());
    let flags = [
        ("-a", Some(app.as_str())),
        ("--as", Some(probe.gathered.prefix.as_str())),
        ("--env-file", file.to_str()),
    ];
    with_flags("heroku-chat config pull", &flags)
}

/// What to do about a key that the service refuses, which depends on where it stands.
pub fn refused_key(probe: &Probe<'_>, problem: ServiceProblem) -> Explanation {
    let settings = probe.settings.as_ref();
    let key = &settings.expect("the checks before made sure of it").key;
    let (host, source, name) = (&problem.host, &key.source, probe.gathered.variable("KEY"));
    let words = words!("doctor::key_refused", host, source);
    match source {
        Source::EnvFile(path, _) => (words
            .hint("It may have been rotated: take it from the app anew"))
        .command(pull(probe, path)),
        Source::Environment if has_other(probe) => {
            let shown = probe.env_path.display();
            let both = format!("unset {} {name}", probe.gathered.variable("URL"));
            (words.hint(format!(
                "It hides another one in {shown}: have that be used"
            )))
            .command(both)
        }
        Source::Environment => {
            let cli = HerokuCli::find(&probe.context.environment);
            // It is in question only now whether the next command would work.
            let words = match heroku::account(&cli, STEPS_LIMIT) {
                Ok(_) => words,
                Err(failure) if !failure.can_be_set() => {
                    return words.hint(
                        "It may have been rotated: set it from the app once Heroku can be asked",
                    );
                }
                Err(failure) => {
                    let Explanation { title, hints, .. } = failure.explain();
                    let mut words = words;
                    words.title += &format!("; of the Heroku CLI: {title}");
                    words.hints.extend(hints);
                    words
                }
            };
            let words = words.hint("It may have been rotated: set it from the app anew");
            words.command(export_line(&name, app(probe).as_deref()))
        }
        _ => Error::Service(Box::new(problem)).explain(),
    }
}

/// Whether the env file has URL and key, and this key is another.
fn has_other(probe: &Probe<'_>) -> bool {
    let value = |suffix| {
        let file = probe.env_file.as_ref().ok()?;
        Some(file.get(&probe.gathered.variable(suffix))?.0)
    };
    let used = probe.gathered.key.as_ref().map(|key| &key.value);
    value("URL").is_some() && value("KEY").is_some_and(|key| Some(key) != used)
}

/// The words with the command that gives URL the form it should have, where it stands.
pub fn url(probe: &Probe<'_>, words: Explanation, right: &str) -> Explanation {
    let source = probe.gathered.url.as_ref().map(|url| &url.source);
    let name = probe.gathered.variable("URL");
    match source.and_then(|source| set_in(source, &name, right)) {
        Some(command) => words.hint(format!("Set {right}")).command(command),
        None => words,
    }
}

/// URL and key have to come from one place; if Heroku has the key, it has the URL as well.
pub fn split(probe: &Probe<'_>, error: Error) -> Explanation {
    let words = error.explain();
    match &error {
        Error::SplitSources {
            url: Source::Environment,
            key: Source::Heroku(_),
            ..
        } => {
            let name = probe.gathered.variable("URL");
            words
                .hint("Heroku has the URL as well")
                .command(format!("unset {name}"))
        }
        Error::SplitSources {
            url: Source::EnvFile(path, _),
            key: Source::Heroku(_),
            ..
        } => words
            .hint("Take both from the app")
            .command(pull(probe, path)),
        _ => words,
    }
}

/// The words with a model that works, if there is one to propose, in the form in which the user
/// chose another.
pub fn model(probe: &Probe<'_>, words: Explanation, meant: Option<&str>) -> Explanation {
    let models = &probe.catalogue.models;
    let settings = probe.settings.as_ref();
    let region = settings.and_then(|it| config::region(&it.url.value));
    let proposed = || models::proposed(models, region).map(|model| model.id.as_str());
    let Some(id) = meant.or_else(proposed) else {
        return words
            .hint("Look at the ids there are")
            .look("heroku-chat models");
    };
    let by_flag = matches!(
        settings.and_then(|it| it.model.as_ref()),
        Some(model) if matches!(model.source, Source::Flag(_))
    );
    let value = shell::quoted(id);
    let command = match (by_flag, &probe.sandbox) {
        (true, Some(_)) => format!("heroku-chat --sandbox -m {value}"),
        (true, None) => format!("heroku-chat -m {value}"),
        // Goes before an env file and before Heroku.
        _ => format!("export {}={value}", probe.gathered.variable("MODEL_ID")),
    };
    let sentence = match meant {
        Some(_) => format!("You probably meant {id}"),
        None => "Choose another, here or with -m; `heroku-chat models` lists them".to_owned(),
    };
    words.hint(sentence).command(command)
}
