//! Variables that are set under a name which is nearly the right one.

use super::env_file::EnvFile;
use super::{Gathered, Source};
use crate::config::environment::Environment;
use crate::error::Nearly;
use crate::error::nearest::likeness;

/// How alike two names have to be. `INFERENCE_API_KEY` and `INFRENCE_KEY` are, a name of another
/// attachment is not.
const LEAST: f64 = 0.9;

/// What was probably meant for URL and key, as far as they are missing: at most one name for each.
pub fn to_missing(
    gathered: &Gathered,
    environment: &Environment,
    env_file: Option<&EnvFile>,
) -> Vec<Nearly> {
    let mut set: Vec<(&str, Source)> = Vec::new();
    if let Some(file) = env_file {
        let source = |line| Source::EnvFile(file.path.clone(), line);
        set.extend(
            file.others
                .iter()
                .map(|(name, line)| (name.as_str(), source(*line))),
        );
    }
    let is_set = |name: &&str| environment.get(name).is_some();
    set.extend(
        environment
            .names()
            .filter(is_set)
            .map(|name| (name, Source::Environment)),
    );
    let missing = [
        ("URL", gathered.url.is_none()),
        ("KEY", gathered.key.is_none()),
    ];
    let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
    let find = |(suffix, _): (&str, bool)| {
        let name = gathered.variable(suffix);
        let rated = set.iter().filter_map(|(other, source)| {
            let capital = other.to_ascii_uppercase();
            let is_of_kind = capital.ends_with(suffix) && *other != name;
            let likeness = likeness(&name, &capital);
            (is_of_kind && likeness >= LEAST).then_some((likeness, other, source))
        });
        let (_, other, source) = rated.max_by(|(one, ..), (other, ..)| one.total_cmp(other))?;
        let (set, source) = ((*other).to_owned(), source.clone());
        Some(Nearly { name, set, source })
    };
    missing.filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_attachment_is_none() {
        for (set, is_near) in [
            ("INFERENCE_API_KEY", true),
            ("INFRENCE_KEY", true),
            ("INFERENCE_APIKEY", true),
            ("inference_key", true),
            ("EMBEDDING_KEY", false),
            ("OPENAI_API_KEY", false),
            ("INFERENCE_URL", false),
        ] {
            let environment = Environment::from_pairs(&[(set, "x")]);
            let prefix = "INFERENCE".to_owned();
            let gathered = Gathered {
                prefix,
                ..Gathered::default()
            };
            let found = to_missing(&gathered, &environment, None);
            let found = found.iter().any(|it| it.name == "INFERENCE_KEY");
            assert_eq!(found, is_near, "{set}");
        }
    }
}
