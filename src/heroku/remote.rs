//! The app that is meant: named, or that of this folder's git remote, as the Heroku CLI finds it
//! (`flags/app.js` and `git.js` of `@heroku-cli/command`).

use std::process::Stdio;

use super::platform::Host;
use crate::config::environment::Environment;
use crate::config::{HerokuQuery, child, is_app_name};

/// The app, if it is certain which one the CLI would take.
pub fn app(query: &HerokuQuery, environment: &Environment) -> Option<String> {
    // A remote that is named goes before the variable.
    let variable = environment
        .get("HEROKU_APP")
        .filter(|_| query.remote.is_none());
    let app = match query.app.as_deref().or(variable) {
        Some(app) => app.to_owned(),
        None => {
            let host = Host::of(environment)?;
            let remotes = git(&["remote", "-v"], environment)?;
            let configured = || git(&["config", "heroku.remote"], environment);
            let remote = query.remote.clone().or_else(configured);
            of_remotes(&remotes, remote.as_deref().map(str::trim), &host)?
        }
    };
    is_app_name(&app).then_some(app)
}

/// The app of the one remote that is Heroku's. If there are several, or one whose address only
/// looks like Heroku's, it is for the CLI to judge.
fn of_remotes(remotes: &str, only: Option<&str>, host: &Host) -> Option<String> {
    let lines = remotes
        .lines()
        .filter_map(|line| line.strip_suffix(" (fetch)"));
    let named = lines.filter_map(|line| line.split_once('\t'));
    let only = only.filter(|it| !it.is_empty());
    let mut urls = named
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .map(|(_, url)| url)
        .filter(|url| host.git.iter().any(|prefix| url.contains(prefix.as_str())));
    let (url, None) = (urls.next()?, urls.next()) else {
        return None;
    };
    let app = host
        .git
        .iter()
        .find_map(|prefix| url.strip_prefix(prefix.as_str()))?;
    app.strip_suffix(".git").map(str::to_owned)
}

/// What git prints in this folder, if all is well.
fn git(arguments: &[&str], environment: &Environment) -> Option<String> {
    let mut command = child::without_keys("git", environment);
    let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_remote_of_heroku_names_the_app() {
        let host = Host::of(&Environment::default()).unwrap();
        let origin = "origin\thttps://github.com/me/shop.git (fetch)\norigin\tx (push)\n";
        let shop = "heroku\thttps://git.heroku.com/shop.git (fetch)\n\
            heroku\thttps://git.heroku.com/shop.git (push)\n";
        let staging = "staging\tgit@heroku.com:shop-staging.git (fetch)\n";
        let ssh = "old\tssh://git@heroku.com/old.git (fetch)\n";
        let table = [
            (vec![origin, shop], None, Some("shop")),
            (vec![staging], None, Some("shop-staging")),
            (vec![ssh], None, Some("old")),
            (vec![shop], Some(""), Some("shop")),
            (
                vec![origin, shop, staging],
                Some("staging"),
                Some("shop-staging"),
            ),
            (vec![origin, shop, staging], None, None),
            (vec![origin, shop], Some("origin"), None),
            (vec![shop], Some("nosuch"), None),
            (vec![origin], None, None),
            (vec![], None, None),
            (vec!["x\thttps://git.heroku.com/shop (fetch)\n"], None, None),
            (
                vec!["x\thttps://git.heroku.com/shop.git/ (fetch)\n"],
                None,
                None,
            ),
            (
                vec!["x\thttps://evil/https://git.heroku.com/shop.git (fetch)\n"],
                None,
                None,
            ),
            (
                vec!["x\thttps://git.heroku.com.evil/shop.git (fetch)\n"],
                None,
                None,
            ),
            (
                vec!["x\thttps://git.heroku.com/shop.git (fetch) [blob:none]\n"],
                None,
                None,
            ),
        ];
        for (remotes, only, expected) in table {
            let remotes = remotes.concat();
            assert_eq!(
                of_remotes(&remotes, only, &host).as_deref(),
                expected,
                "{remotes}"
            );
        }
    }

    #[test]
    fn a_name_goes_before_the_variable_and_a_remote_too() {
        let environment = Environment::from_pairs(&[("HEROKU_APP", "of-variable")]);
        let query = |app: Option<&str>, remote: Option<&str>| HerokuQuery {
            app: app.map(str::to_owned),
            remote: remote.map(str::to_owned),
            ..HerokuQuery::default()
        };
        let named = |query| app(&query, &environment);
        assert_eq!(named(query(Some("shop"), None)).as_deref(), Some("shop"));
        assert_eq!(named(query(None, None)).as_deref(), Some("of-variable"));
        assert_eq!(named(query(None, Some("nosuch"))), None);
        // The CLI puts what is given into the path as it is.
        assert_eq!(named(query(Some("../account"), None)), None);
        let odd = Environment::from_pairs(&[("HEROKU_APP", "shop/../x")]);
        assert_eq!(app(&HerokuQuery::default(), &odd), None);
    }
}
