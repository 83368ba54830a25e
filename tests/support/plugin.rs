//! The plugin of the Heroku CLI: packed once by scripts/package, and installed once into the real
//! CLI, for all tests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::platform::Platform;
use super::program::{Program, Run, heroku, output, script, without_heroku};

/// The plugin's name in these tests. That of plugin/package.json is none that a registry would
/// take.
pub const PLUGIN: &str = "@example/plugin-chat";

/// The tarballs that scripts/package makes.
#[derive(Debug)]
pub struct Packages {
    pub main: PathBuf,
    pub platform: PathBuf,
    pub bundle: PathBuf,
}

/// The packages, with the program under test in them.
pub fn packages() -> &'static Packages {
    static PACKAGES: OnceLock<Packages> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let folder = empty_folder("packages");
        let program = stripped(
            assert_cmd::cargo::cargo_bin!("heroku-chat"),
            &folder.join("heroku-chat"),
        );
        let mut package = script("package");
        package
            .arg("--binary")
            .args([&program, &folder])
            .env("PLUGIN_NAME", PLUGIN);
        let names = output(package);
        let paths: [PathBuf; 3] = names
            .lines()
            .map(PathBuf::from)
            .collect::<Vec<_>>()
            .try_into()
            .expect("three paths");
        let [main, platform, bundle] = paths;
        Packages {
            main,
            platform,
            bundle,
        }
    })
}

/// A program whose Heroku CLI has the plugin and is logged in at this API, with the CLI on no PATH.
pub fn with_plugin(platform: &Platform) -> Program {
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    let data = DATA.get_or_init(|| {
        let folder = empty_folder("heroku");
        let program = without_heroku(platform).with("XDG_DATA_HOME", &text(&folder));
        let url = format!("file:{}", packages().bundle.display());
        Run::of(offline(&program, &["plugins:install", &url]), "").expect_code(0);
        folder.join("heroku")
    });
    let program = without_heroku(platform);
    let shared = program.home().join(".local/share");
    fs::create_dir_all(&shared).expect("a data folder");
    symlink(data, shared.join("heroku")).expect("a link to the installed plugin");
    program
}

/// The Heroku CLI without a network, where the system can take it away; else with a registry that
/// doesn't answer.
pub fn offline(program: &Program, arguments: &[&str]) -> Command {
    let can_unshare = Command::new("unshare")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if can_unshare {
        let all: Vec<&str> = ["-n", heroku().to_str().expect("UTF-8")]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        program.process_of(Path::new("unshare"), &all)
    } else {
        let mut command = program.process_of(heroku(), arguments);
        command.env("HEROKU_NPM_REGISTRY", super::NOBODY_LISTENS);
        command
    }
}

/// The debug build is ten times as large as a release; packing it would take most of the tests'
/// time.
fn stripped(program: &Path, to: &Path) -> PathBuf {
    let status = Command::new("strip").arg("-o").args([to, program]).status();
    if !status.is_ok_and(|status| status.success()) {
        fs::copy(program, to).expect("a copy of the program");
    }
    to.to_owned()
}

/// A folder below the build's own, which the next run empties.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("plugin")
        .join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("what the last run left goes away");
    }
    fs::create_dir_all(&folder).expect("an empty folder");
    folder
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
