//! The assets of a release, and their installation from a host that a server of the test plays.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;

use super::support::{Api, Program, Run, output, respond, script};

/// What the installer asks for on this machine.
fn target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// The folder of the assets, which scripts/release made of the program under test.
fn assets() -> &'static Path {
    static ASSETS: OnceLock<PathBuf> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("assets");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let program = folder.join("program");
        let built = assert_cmd::cargo::cargo_bin!("heroku-chat");
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
    })
}

/// A host of the assets, one of which may be other bytes than those that were released.
fn host(changed: Option<&'static str>) -> Api {
    Api::serve(move |exchange| {
        let path = exchange.request.line.split(' ').nth(1).expect("a path");
        let name = path.trim_start_matches('/').to_owned();
        let Ok(mut body) = fs::read(assets().join(&name)) else {
            return exchange.send(&respond(404, "", "none"));
        };
        if changed.is_some_and(|end| name.ends_with(end)) {
            body[0] ^= 1;
        }
        exchange.send(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        ));
        let _ = exchange.stream.write_all(&body);
    })
}

fn install(program: &Program, host: &str) -> Run {
    let installer = assets().join("install.sh").display().to_string();
    let mut install = program.process_of(Path::new("/bin/sh"), &[&installer]);
    install.env("HEROKU_CHAT_RELEASE", host);
    install.env("PATH", "/usr/bin:/bin");
    Run::of(install, "")
}

#[test]
fn a_release_is_installed_and_runs() {
    let program = Program::new();
    let host = host(None);
    let run = install(&program, &host.url()).expect_code(0);
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
    install(&program, &host.url()).expect_code(0);
}

#[test]
fn what_is_not_what_was_released_is_not_installed() {
    for (changed, words) in [
        (Some(".tar.gz"), "is not what was released"),
        (Some(".sha256"), "is not what was released"),
        (Some("none"), "can't be downloaded"),
    ] {
        let program = Program::new();
        let host = host(changed);
        let url = match changed {
            Some("none") => format!("{}/nowhere", host.url()),
            _ => host.url(),
        };
        install(&program, &url).expect_code(1).expect_error(words);
        let left = fs::read_dir(program.home()).expect("a home").count();
        assert_eq!(left, 0, "{changed:?}");
    }
}

#[test]
fn a_tag_that_is_not_the_version_makes_no_release() {
    let release = script("release").args(["--check", "v9.9.9"]).output();
    let said = String::from_utf8_lossy(&release.expect("it runs").stderr).into_owned();
    assert!(said.contains("the tag v9.9.9 is not v"), "{said}");
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
