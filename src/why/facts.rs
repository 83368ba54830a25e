//! What Heroku tells of an app beside its log, in the forms of its Platform API, so that an answer
//! is read as it comes. Nothing here is a secret: of config vars there are the names alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// All that could be had. What is `None` wasn't asked for or couldn't be had; an empty list is what
/// Heroku said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    pub app: Option<App>,
    pub releases: Option<Vec<Release>>,
    pub dynos: Option<Vec<Dyno>>,
    pub formation: Option<Vec<Formation>>,
    pub addons: Option<Vec<Addon>>,
    /// Names.
    pub config_vars: Option<Vec<String>>,
    /// Titles of what is open on Heroku's status page.
    pub incidents: Option<Vec<String>>,
    /// What couldn't be had, each with its reason, in sentences.
    pub missing: Vec<String>,
}

impl Facts {
    /// The types of processes that the app has, such as `web`.
    pub fn process_types(&self) -> Vec<String> {
        let dynos = self.dynos.iter().flatten().map(|it| &it.kind);
        let formation = self.formation.iter().flatten().map(|it| &it.kind);
        let types: BTreeSet<&String> = formation.chain(dynos).collect();
        types.into_iter().cloned().collect()
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct App {
    pub name: String,
    #[serde(default)]
    pub maintenance: bool,
    pub stack: Option<Named>,
    pub region: Option<Named>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Release {
    pub version: u32,
    /// `succeeded`, `failed` or `pending`.
    pub status: String,
    #[serde(default)]
    pub description: String,
    /// In the form of RFC 3339.
    #[serde(default)]
    pub created_at: String,
    pub user: Option<User>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct User {
    pub email: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Dyno {
    #[serde(rename = "type")]
    pub kind: String,
    /// `up`, `starting`, `crashed`, `down` or `idle`.
    pub state: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Formation {
    #[serde(rename = "type")]
    pub kind: String,
    pub quantity: u32,
    #[serde(default)]
    pub size: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Addon {
    pub name: String,
    pub plan: Option<Named>,
    /// `provisioned` if all is well.
    pub state: String,
}

impl Facts {
    /// How many dynos of a type there are to be, if Heroku told.
    pub fn quantity(&self, kind: &str) -> Option<u32> {
        let all = self.formation.as_ref()?.iter().filter(|it| it.kind == kind);
        Some(all.map(|it| it.quantity).sum())
    }

    /// What is known, a line each, for somebody who reads it beside the log.
    pub fn lines(&self) -> Vec<String> {
        let facts = serde_json::to_value(self).unwrap_or_default();
        let known = facts.as_object().into_iter().flatten();
        let known = known
            .filter(|(name, it)| !it.is_null() && (*name != "missing" || !self.missing.is_empty()));
        known
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    }
}
