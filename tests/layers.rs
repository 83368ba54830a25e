//! Each outside thing has one home in src/. A name that turns up elsewhere fails with a sentence.

use std::fs;
use std::path::{Path, PathBuf};

/// What may be named where: a word, and the files or folders below src/ that may hold it.
const HOMES: &[(&str, &[&str])] = &[
    (
        "attohttpc",
        &["api/http.rs", "api/proxy.rs", "config/url.rs"],
    ),
    (
        "rustls",
        &["api/http.rs", "api/reach.rs", "api/certificate.rs"],
    ),
    ("x509_parser", &["api/reach.rs"]),
    ("rustyline", &["repl/", "store/"]),
    ("dotenvy", &["config/env_file.rs"]),
    ("signal_hook", &["interrupt.rs"]),
    ("rustix", &["api/tunnel.rs", "store/", "ui/terminal.rs"]),
    ("tempfile", &["editor.rs", "store/"]),
    ("etcetera", &["store/"]),
    ("OffsetDateTime", &["store/clock.rs"]),
    ("try_lock", &["store/"]),
    ("Command::new", &["child.rs"]),
    ("TcpListener", &["api/tunnel.rs", "sandbox/"]),
    ("TcpStream", &["api/reach.rs", "api/tunnel.rs", "sandbox/"]),
    ("env::var", &["environment.rs"]),
    ("io::stdout", &["ui/"]),
    ("io::stderr", &["ui/"]),
    (
        ".expose()",
        &[
            "api/http.rs",
            "api/tunnel.rs",
            "config/",
            "environment.rs",
            "heroku/",
            "secret.rs",
        ],
    ),
];

/// What a part must not know of: files, and the modules they must not use.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "api/",
        &[
            "crate::ui",
            "crate::commands",
            "crate::repl",
            "crate::chat",
            "crate::cli",
        ],
    ),
    (
        "ui/",
        &[
            "crate::commands",
            "crate::repl",
            "crate::chat",
            "crate::config",
        ],
    ),
    ("sandbox/", &["crate::"]),
    (
        "config/",
        &[
            "crate::api",
            "crate::ui",
            "crate::commands",
            "crate::repl",
            "crate::heroku",
        ],
    ),
    ("conversation/", &["crate::"]),
    ("markdown/", &["crate::"]),
    (
        "export/",
        &["crate::ui", "crate::commands", "crate::repl", "crate::chat"],
    ),
    (
        "store/",
        &[
            "crate::api",
            "crate::ui",
            "crate::commands",
            "crate::repl",
            "crate::chat",
            "crate::config",
        ],
    ),
    ("plugin.rs", &["crate::"]),
    ("secret.rs", &["crate::"]),
    ("saving.rs", &["crate::commands", "crate::repl"]),
    (
        "chat/",
        &[
            "crate::commands",
            "crate::repl",
            "crate::config",
            "crate::saving",
        ],
    ),
    ("repl/", &["crate::commands", "crate::doctor"]),
    ("doctor/", &["crate::commands", "crate::repl"]),
];

fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let name = |path: &Path| {
        path.strip_prefix(&root)
            .expect("below src")
            .display()
            .to_string()
    };
    files
        .iter()
        .map(|path| (name(path), code(&fs::read_to_string(path).expect("UTF-8"))))
        .collect()
}

/// The file without comments and tests, which may name what they like.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_outside_thing_is_named_in_its_home_only() {
    for (name, text) in sources()
        .iter()
        .filter(|(name, _)| !name.ends_with("tests.rs"))
    {
        for (word, homes) in HOMES {
            let at_home = homes.iter().any(|home| name.starts_with(home));
            assert!(
                at_home || !text.contains(word),
                "src/{name} names {word}, whose home is {}",
                homes.join(" or ")
            );
        }
    }
}

#[test]
fn arrows_point_down() {
    for (name, text) in sources()
        .iter()
        .filter(|(name, _)| !name.ends_with("tests.rs"))
    {
        for (part, forbidden) in LAYERS.iter().filter(|(part, _)| name.starts_with(part)) {
            for module in *forbidden {
                assert!(
                    !text.contains(module),
                    "src/{name} uses {module}, but {part} must not know of it"
                );
            }
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for entry in sources() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(&entry.0);
        let text = fs::read_to_string(path).expect("UTF-8");
        assert!(
            text.starts_with("//! "),
            "src/{} does not open with a //! comment",
            entry.0
        );
    }
}

#[test]
fn homes_and_layers_name_files_that_exist() {
    let names: Vec<String> = sources().into_iter().map(|(name, _)| name).collect();
    let parts = HOMES
        .iter()
        .flat_map(|(_, homes)| homes.iter())
        .chain(LAYERS.iter().map(|(part, _)| part));
    for part in parts {
        assert!(
            names.iter().any(|name| name.starts_with(part)),
            "there is no src/{part}"
        );
    }
}

#[test]
fn a_release_has_a_program_for_every_platform_of_the_plugin() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("UTF-8");
    let platforms: serde_json::Value =
        serde_json::from_str(&read("plugin/platforms.json")).expect("JSON");
    let (workflow, deny) = (read(".github/workflows/release.yml"), read("deny.toml"));
    for platform in platforms.as_array().expect("a list") {
        let target = platform["target"].as_str().expect("a target");
        assert!(
            workflow.contains(&format!("target: {target},")),
            "release.yml does not build for {target}"
        );
        assert!(deny.contains(target), "deny.toml does not know {target}");
    }
}
