//! The rooms of src/ and the edges of the program. Whatever turns up where it doesn't belong fails
//! with a sentence.

#![allow(
    clippy::print_stdout,
    reason = "a test shows the figures of the drawing"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of src/, from bottom to top. A room names only those before it.
const ROOMS: &[&str] = &[
    "cli",
    "error",
    "conversation",
    "markdown",
    "sandbox",
    "interrupt",
    "files",
    "config",
    "store",
    "screen",
    "why",
    "net",
    "api",
    "heroku",
    "export",
    "chat",
    "app",
    "doctor",
    "repl",
    "commands",
    "main",
];

/// What stands at an edge of the program, and its homes: files or folders below src/. Each home has
/// to use it.
const HOMES: &[(&str, &[&str])] = &[
    ("attohttpc", &["net/http.rs"]),
    ("rustls", &["net/"]),
    ("rustyline", &["repl/"]),
    ("dotenvy", &["config/env_file.rs"]),
    ("signal_hook", &["interrupt.rs"]),
    ("ctrlc", &["interrupt.rs"]),
    (
        "rustix",
        &[
            "config/secret.rs",
            "files/",
            "net/socket.rs",
            "net/tunnel.rs",
            "screen/inlet.rs",
            "screen/lines.rs",
            "screen/terminal.rs",
        ],
    ),
    // Files
    ("tempfile", &["files/", "repl/editor.rs"]),
    ("OffsetDateTime", &["store/clock.rs", "why/log.rs"]),
    ("try_lock", &["store/"]),
    // Processes, sockets and what the process was given
    ("process::Command", &["config/child.rs"]),
    ("TcpListener", &["net/tunnel.rs", "sandbox/"]),
    ("TcpStream", &["net/", "sandbox/"]),
    ("env::var", &["config/environment.rs", "files/mod.rs"]),
    // Standard input and the outputs
    ("io::stdin()", &["commands/", "files/", "screen/"]),
    ("io::stdout", &["screen/"]),
    ("io::stderr", &["screen/"]),
    // The clock
    (
        "SystemTime::now",
        &[
            "api/wait.rs",
            "commands/why/",
            "net/warm.rs",
            "sandbox/",
            "store/",
        ],
    ),
    // Keys
    (".expose()", &["config/", "heroku/", "net/", "why/mask.rs"]),
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
    let text = text.split("\nmod tests {").next().unwrap_or(text);
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The room of a file: its folder, or the file itself.
fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or(file)
}

/// The rooms that a file names.
fn named(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    text.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(is_name).next())
        .collect()
}

fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs")
}

#[test]
fn every_edge_is_used_at_home_and_nowhere_else() {
    let sources = sources();
    for (word, homes) in HOMES {
        let users = sources
            .iter()
            .filter(|(name, text)| !is_test(name) && text.contains(word));
        let users: Vec<&str> = users.map(|(name, _)| name.as_str()).collect();
        for user in &users {
            assert!(
                homes.iter().any(|home| user.starts_with(home)),
                "src/{user} names {word}, whose home is {}",
                homes.join(" or ")
            );
        }
        for home in *homes {
            assert!(
                users.iter().any(|user| user.starts_with(home)),
                "src/{home} is said to be a home of {word}, and doesn't use it"
            );
        }
    }
}

/// Prints the figures of the drawing; see them with `cargo test --test layers -- --nocapture
/// rooms`.
#[test]
fn rooms_name_only_those_below_them() {
    let sources = sources();
    let rooms: BTreeSet<&str> = sources.iter().map(|(name, _)| room(name)).collect();
    let known: BTreeSet<&str> = ROOMS.iter().copied().collect();
    assert_eq!(rooms, known, "the list of rooms is not that of src/");
    let floor = |room: &str| ROOMS.iter().position(|other| *other == room);
    let mut arrows = BTreeSet::new();
    let mut up = Vec::new();
    for (name, text) in sources.iter().filter(|(name, _)| !is_test(name)) {
        let here = room(name);
        for there in named(text).into_iter().filter(|there| *there != here) {
            arrows.insert((here, there));
            if floor(there) >= floor(here) {
                up.push(format!("src/{name} names {there}, which is above {here}"));
            }
        }
    }
    println!(
        "{} rooms, {} arrows, {} up",
        rooms.len(),
        arrows.len(),
        up.len()
    );
    assert!(up.is_empty(), "{}", up.join("\n"));
}

#[test]
fn a_loose_file_is_a_room() {
    for (name, _) in sources() {
        let is_loose = !name.contains('/');
        assert!(
            !is_loose || matches!(&*name, "main.rs" | "interrupt.rs"),
            "src/{name} stands in no room"
        );
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
