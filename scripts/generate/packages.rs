//! The npm packages of the plugin, as folders for `npm pack`: `main`, without a program;
//! `platform`, the program for one kind of machine, which npm installs with `main` where it fits;
//! and `bundle`, both in one package without dependencies, to be installed offline (npm would do
//! with bundleDependencies; the yarn of Heroku CLI 10 and older asks the registry).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Result;
use crate::manifest::{self, Entry};

const TOPIC: &str = "ai";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A kind of machine, in Rust's words and in npm's; a row of plugin/platforms.json.
#[derive(Deserialize)]
struct Platform {
    target: String,
    os: String,
    cpu: String,
    libc: Option<String>,
}

impl Platform {
    /// The package's name. lib/run.js makes it of `process.platform` and `process.arch`.
    fn package(&self, plugin: &str) -> String {
        format!("{plugin}-{}-{}", self.os, self.cpu)
    }

    /// What npm checks before it installs the package.
    fn requirements(&self) -> Value {
        let mut requirements = json!({ "os": [self.os], "cpu": [self.cpu] });
        if let Some(libc) = &self.libc {
            requirements["libc"] = json!([libc]);
        }
        requirements
    }

    fn program(&self) -> &'static str {
        if self.os == "win32" {
            "heroku-chat.exe"
        } else {
            "heroku-chat"
        }
    }
}

/// Writes the three folders for a program built for `target`.
pub fn write(root: &Command, folder: &Path, target: &str, binary: &Path) -> Result<()> {
    let platforms: Vec<Platform> =
        serde_json::from_str(&fs::read_to_string(source("platforms.json"))?)?;
    let ours = platforms.iter().find(|platform| platform.target == target);
    let ours = ours.ok_or_else(|| format!("plugin/platforms.json has no row for {target}"))?;
    let package = package()?;
    let name = package["name"].as_str().ok_or("it has no name")?;
    let dependencies: Map<_, _> = platforms
        .iter()
        .map(|platform| (platform.package(name), VERSION.into()))
        .collect();
    write_plugin(
        root,
        &folder.join("main"),
        json!({ "optionalDependencies": dependencies }),
    )?;

    let mut with_program = ours.requirements();
    with_program["files"] = json!(["bin"]);
    write_plugin(root, &folder.join("bundle"), with_program.clone())?;
    write_program(&folder.join("bundle"), ours, binary)?;

    with_program["name"] = ours.package(name).into();
    with_program["version"] = VERSION.into();
    with_program["description"] =
        format!("the program of {name} for {} on {}", ours.os, ours.cpu).into();
    with_program["license"] = "MIT".into();
    with_program["private"] = package["private"].clone();
    write_json(&folder.join("platform/package.json"), &with_program)?;
    write_file(
        &folder.join("platform/LICENSE"),
        &fs::read_to_string(source("../LICENSE"))?,
    )?;
    write_program(&folder.join("platform"), ours, binary)
}

/// Writes the plugin; `more` goes into its package.json.
fn write_plugin(root: &Command, folder: &Path, more: Value) -> Result<()> {
    let mut package = package()?;
    let entries = manifest::entries(root, TOPIC, package["name"].as_str().unwrap_or_default());
    let runnable = || {
        entries
            .iter()
            .filter_map(|entry| Some((entry, entry.manifest.as_ref()?)))
    };
    for (entry, _) in runnable() {
        let loader = format!(
            "module.exports = require('{}lib/command')('{}')\n",
            up(entry),
            entry.id
        );
        write_file(&folder.join("commands").join(entry.file()), &loader)?;
    }
    let words: Map<_, _> = runnable()
        .map(|(entry, _)| (entry.id.clone(), json!(entry.words)))
        .collect();
    write_json(&folder.join("lib/commands.json"), &words.into())?;
    let commands: Map<_, _> = runnable()
        .map(|(entry, manifest)| (entry.id.clone(), manifest.clone()))
        .collect();
    write_json(
        &folder.join("oclif.manifest.json"),
        &json!({ "version": VERSION, "commands": commands }),
    )?;
    for file in [
        "hooks/init.js",
        "lib/command.js",
        "lib/run.js",
        "README.md",
        "../LICENSE",
    ] {
        let name = file.trim_start_matches("../");
        write_file(&folder.join(name), &fs::read_to_string(source(file))?)?;
    }
    complete(&mut package, &entries, more);
    write_json(&folder.join("package.json"), &package)
}

/// From a command's file to the package's folder.
fn up(entry: &Entry) -> String {
    "../".repeat(entry.id.split(':').count())
}

/// plugin/package.json, which alone has the plugin's name; `PLUGIN_NAME` is for tests, which
/// install it from a registry of their own.
fn package() -> Result<Value> {
    let mut package: Value = serde_json::from_str(&fs::read_to_string(source("package.json"))?)?;
    if let Ok(name) = env::var("PLUGIN_NAME") {
        package["name"] = name.into();
    }
    Ok(package)
}

fn complete(package: &mut Value, entries: &[Entry], more: Value) {
    package["version"] = VERSION.into();
    package["oclif"]["topics"][TOPIC]["subtopics"] = subtopics(entries);
    for (name, value) in more.as_object().into_iter().flatten() {
        match (package[name].as_array_mut(), value.as_array()) {
            (Some(list), Some(more)) => list.extend(more.iter().cloned()),
            _ => package[name] = value.clone(),
        }
    }
}

/// A topic for each command with others below it, under the same words.
fn subtopics(entries: &[Entry]) -> Value {
    let has_others = |entry: &&Entry| {
        entries
            .iter()
            .any(|other| other.id.starts_with(&format!("{}:", entry.id)))
    };
    let topics = entries.iter().filter(has_others);
    let described = topics.map(|entry| {
        let name = entry
            .id
            .trim_start_matches(TOPIC)
            .trim_start_matches(':')
            .to_owned();
        (name, json!({ "description": entry.about }))
    });
    described.collect::<Map<_, _>>().into()
}

fn write_program(folder: &Path, platform: &Platform, binary: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("bin"))?;
    fs::copy(binary, folder.join("bin").join(platform.program()))?;
    Ok(())
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("plugin")
        .join(name)
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    write_file(path, &format!("{value:#}\n"))
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)?;
    Ok(())
}
