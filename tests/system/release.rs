//! The assets of a release, and their installation from a host that a server of the test plays.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::support::{
    Api, NOBODY_LISTENS, PLUGIN, Platform, Program, Run, clis, output, packages, respond, script,
    which, without_heroku,
};

/// What the installer asks for on this machine.
pub fn target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// The folder of the assets that scripts/release makes of a program.
pub fn release_of(built: &Path, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("assets")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("program");
    // The debug build is ten times as large as a release.
    let strip = Command::new("strip")
        .arg("-o")
        .args([&program, built])
        .status();
    assert!(strip.expect("strip").success());
    let mut release = script("release");
    release.arg(target()).args([&program, &folder]);
    output(release);
    folder
}

/// Of the program under test.
fn assets() -> &'static Path {
    static ASSETS: OnceLock<PathBuf> = OnceLock::new();
    ASSETS.get_or_init(|| release_of(assert_cmd::cargo::cargo_bin!("heroku-chat"), "dynamic"))
}

/// What a host of assets does to one of them.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Nothing,
    /// Another byte in those whose name ends so.
    Change(&'static str),
    /// Ends in the middle.
    Cut,
}

fn host(folder: &Path, harm: Harm) -> Api {
    let folder = folder.to_owned();
    Api::serve(move |exchange| {
        let path = exchange.request.line.split(' ').nth(1).expect("a path");
        let name = path.trim_start_matches('/').to_owned();
        let Ok(mut body) = fs::read(folder.join(&name)) else {
            return exchange.send(&respond(404, "", "none"));
        };
        exchange.send(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        ));
        match harm {
            Harm::Change(end) if name.ends_with(end) => body[0] ^= 1,
            Harm::Cut => body.truncate(body.len() / 2),
            _ => {}
        }
        let _ = exchange.stream.write_all(&body);
    })
}

fn install(program: &Program, host: &str, arguments: &[&str]) -> Run {
    let installer = assets().join("install.sh").display().to_string();
    let arguments = [&[installer.as_str()], arguments].concat();
    let mut install = program.process_of(Path::new("/bin/sh"), &arguments);
    install.env("HEROKU_CHAT_RELEASE", host);
    install.env("PATH", "/usr/bin:/bin");
    Run::of(install, "")
}

#[test]
fn a_release_is_installed_and_runs() {
    let program = Program::new();
    let host = host(assets(), Harm::Nothing);
    let run = install(&program, &host.url(), &[]).expect_code(0);
    assert!(run.stdout.contains("is not on PATH"), "{}", run.stdout);
    let local = program.home().join(".local");
    let installed = program.process_of(&local.join("bin/heroku-chat"), &["ask", "--sandbox", "hi"]);
    Run::of(installed, "").expect_code(0).expect_output("hi\n");
    for file in [
        "man/man1/heroku-chat.1",
        "man/man1/heroku-chat-config-pull.1",
        "bash-completion/completions/heroku-chat",
        "zsh/site-functions/_heroku-chat",
        "fish/vendor_completions.d/heroku-chat.fish",
    ] {
        let text = fs::read_to_string(local.join("share").join(file)).expect(file);
        assert!(
            text.contains("heroku-chat") || text.contains("heroku\\-chat"),
            "{file}"
        );
    }
    let licences = local.join("share/doc/heroku-chat/THIRD-PARTY-LICENSES");
    let licences = fs::read_to_string(licences).expect("licences");
    for words in ["==== attohttpc ", "Mozilla Public License", "==== ring "] {
        assert!(licences.contains(words), "{words}");
    }
    // Over one that is there already.
    install(&program, &host.url(), &[]).expect_code(0);
    install(&program, &host.url(), &["--uninstall"]).expect_code(0);
    assert_eq!(fs::read_dir(&local).expect("the prefix").count(), 0);
}

#[test]
fn what_is_not_what_was_released_is_not_installed() {
    for (harm, folder, words) in [
        (Harm::Change(".tar.gz"), "", "is not what was released"),
        (Harm::Change(".sha256"), "", "is not what was released"),
        (Harm::Cut, "", "can't be downloaded"),
        (Harm::Nothing, "/nowhere", "can't be downloaded"),
    ] {
        let program = Program::new();
        let host = host(assets(), harm);
        install(&program, &(host.url() + folder), &[])
            .expect_code(1)
            .expect_error(words);
        let left = fs::read_dir(program.home()).expect("a home").count();
        assert_eq!(left, 0, "{harm:?}{folder}");
    }
}

#[test]
fn without_curl_and_wget_the_installer_says_so() {
    let program = Program::new();
    let bin = program.folder.path().join("bin");
    for name in ["uname", "mktemp", "rm"] {
        std::os::unix::fs::symlink(which(name), bin.join(name)).unwrap();
    }
    let installer = assets().join("install.sh").display().to_string();
    Run::of(program.process_of(Path::new("/bin/sh"), &[&installer]), "")
        .expect_code(1)
        .expect_error("curl or wget is needed");
}

/// As README has it: a URL of the host. The newer one is told by its program, which is a script.
#[test]
fn the_plugin_is_installed_updated_and_removed_by_url() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = packages().bundle.file_name().expect("a name").display();
    let (first, newer) = (bundle.to_string(), format!("newer-{bundle}"));
    fs::copy(&packages().bundle, folder.path().join(&first)).unwrap();
    let changes = "tar -xzf \"$1\" && cd package &&
        sed -i 's/\"version\": *\"[0-9.]*\"/\"version\": \"99.0.0\"/' package.json oclif.manifest.json &&
        printf '#!/bin/sh\necho newer\n' >bin/heroku-chat && cd .. && tar -czf \"$2\" package";
    let mut change = Command::new("sh");
    change.args(["-c", changes, "-", &first, &newer]);
    change.current_dir(&folder);
    output(change);

    for cli in clis() {
        let host = host(folder.path(), Harm::Nothing);
        let platform = Platform::stand_by();
        // Without the first, versions before 11 wait for a host on the internet.
        let program = without_heroku(&platform)
            .with("HEROKU_SKIP_ANALYTICS", "1")
            .with("HEROKU_NPM_REGISTRY", NOBODY_LISTENS);
        let run = |arguments: &[&str]| Run::of(program.process_of(&cli, arguments), "");
        let said = |arguments: &[&str]| run(arguments).expect_code(0).stdout;
        for (file, version, answer) in [
            (&first, env!("CARGO_PKG_VERSION"), "hello\n"),
            (&newer, "99.0.0", "newer\n"),
        ] {
            said(&["plugins:install", &format!("{}/{file}", host.url())]);
            let listed = said(&["plugins"]);
            assert!(
                listed.contains(&format!("{PLUGIN} {version}")),
                "{}: {listed}",
                cli.display()
            );
            assert_eq!(said(&["ai:ask", "--sandbox", "hello"]), answer);
        }
        said(&["plugins:uninstall", PLUGIN]);
        assert!(!said(&["plugins"]).contains(PLUGIN));
        assert!(
            !run(&["ai:ask", "--sandbox", "hello"])
                .stdout
                .contains("newer")
        );
    }
}

#[test]
fn a_tag_that_is_not_the_version_makes_no_release() {
    let release = script("release").args(["--check", "v9.9.9"]).output();
    let said = String::from_utf8_lossy(&release.expect("it runs").stderr).into_owned();
    assert!(said.contains("the tag v9.9.9 is not v"), "{said}");
}

/// plugin/package.json alone knows the owner, and README follows it.
#[test]
fn readme_has_the_addresses_of_a_release() {
    let package = include_str!("../../plugin/package.json");
    let package: Value = serde_json::from_str(package).expect("JSON");
    let text = |field: &str| package[field].as_str().expect("text");
    let repository = text("repository").trim_start_matches("github:");
    let name = text("name").trim_start_matches('@').replace('/', "-");
    let version = env!("CARGO_PKG_VERSION");
    let releases = format!("https://github.com/{repository}/releases");
    let readme = include_str!("../../README.md");
    for words in [
        format!("curl -fsSL {releases}/latest/download/install.sh | sh\n"),
        format!(
            "plugins:install {releases}/download/v{version}/{name}-linux-x64-{version}-bundle.tgz\n"
        ),
        format!("--repo {repository}`"),
    ] {
        assert!(readme.contains(&words), "README.md should hold: {words}");
    }
    let is_to_come = repository.starts_with("OWNER/");
    for words in ["From the first release on", "OWNER"] {
        assert_eq!(readme.contains(words), is_to_come, "{words}");
    }
}

/// The compiler of the workflows, whatever else their machines have, is the one that Cargo.toml asks
/// for.
#[test]
fn the_workflows_use_the_compiler_that_is_wanted() {
    let wanted = format!("RUSTUP_TOOLCHAIN: {}.", env!("CARGO_PKG_RUST_VERSION"));
    for workflow in [
        include_str!("../../.github/workflows/ci.yml"),
        include_str!("../../.github/workflows/release.yml"),
    ] {
        assert!(workflow.contains(&wanted), "{wanted}\n{workflow}");
    }
}

/// As the plugin names them all, one that is missing would fail its installation.
#[test]
fn the_plugin_is_published_last_and_not_without_its_programs() {
    let program = Program::new();
    program.command("npm", "echo \"$@\" >> \"$HOME/published\"");
    let pack = |name: &str, package: serde_json::Value| {
        let folder = program.folder.path().join("package");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), package.to_string()).unwrap();
        let tar = ["-czf", name, "-C", "..", "package"];
        let mut pack = program.process_of(Path::new("/bin/tar"), &tar);
        pack.env("PATH", "/usr/bin:/bin");
        Run::of(pack, "").expect_code(0);
    };
    let needs = json!({ "p-linux-x64": "1.0.0", "p-win32-x64": "1.0.0" });
    pack(
        "a-1.0.0.tgz",
        json!({ "name": "p", "version": "1.0.0", "optionalDependencies": needs }),
    );
    pack(
        "p-linux-x64-1.0.0.tgz",
        json!({ "name": "p-linux-x64", "version": "1.0.0" }),
    );
    let publish = || {
        let mut publish = script("publish");
        publish.arg(program.work()).env("HOME", program.home());
        let path = std::env::var("PATH").expect("a PATH");
        publish.env("PATH", format!("{}:{path}", program.variables()["PATH"]));
        Run::of(publish, "")
    };
    publish().expect_code(1).expect_error("p-win32-x64@1.0.0");
    assert!(!program.home().join("published").exists());
    pack(
        "p-win32-x64-1.0.0.tgz",
        json!({ "name": "p-win32-x64", "version": "1.0.0" }),
    );
    publish().expect_code(0);
    let published = fs::read_to_string(program.home().join("published")).unwrap();
    assert_eq!(published.lines().count(), 3, "{published}");
    assert!(published.trim_end().ends_with("a-1.0.0.tgz"), "{published}");
}
