//! The plugin in the real Heroku CLI: installed from its packages, then used as people use it. What
//! the program does by itself is tested elsewhere; here it is what lies between the CLI's command
//! line and the program.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::{
    Api, KEY, PLUGIN, Platform, Program, Run, Signal, Terminal, event, heroku, in_time, is_sane,
    offline, packages, respond, signal, sse_head, with_plugin, without_heroku,
};

fn run(program: &Program, arguments: &[&str]) -> Run {
    run_with_input(program, arguments, "")
}

fn run_with_input(program: &Program, arguments: &[&str], input: &str) -> Run {
    Run::of(program.process_of(heroku(), arguments), input)
}

/// The CLI with its telemetry, which brings handlers for signals along that end it.
fn as_people_have_it(platform: &Platform) -> Program {
    with_plugin(platform).without("DISABLE_TELEMETRY")
}

/// A chat through the plugin, at its first prompt.
fn chat(program: &Program, arguments: &[&str]) -> Terminal {
    let all: Vec<&str> = ["ai:chat"].iter().chain(arguments).copied().collect();
    let terminal =
        Terminal::start_program(program, heroku().to_str().expect("UTF-8"), &all, 24, 80);
    terminal.wait_for_prompt();
    terminal
}

fn shell(program: &Program, script: &str) -> Run {
    let script = format!(
        "set -o pipefail; heroku() {{ '{}' \"$@\"; }}; {script}",
        heroku().display()
    );
    Run::of(
        program.process_of(Path::new("/bin/bash"), &["-c", &script]),
        "",
    )
}

/// All files below a folder but what the CLI and npm keep for themselves after any plugin: npm's
/// cache and logs, the CLI's cache, its credential helper for git, and its lists of plugins and of
/// their files.
fn files(folder: &Path) -> BTreeSet<String> {
    let list = Command::new("find")
        .args([".", "-type", "f"])
        .current_dir(folder)
        .output()
        .expect("find");
    let is_its_own = |file: &&str| {
        let starts = [
            "./.npm/",
            "./.cache/heroku/",
            "./.gitconfig",
            "./.local/share/heroku/package",
        ];
        starts.iter().any(|start| file.starts_with(start))
            || file.ends_with("/node_modules/.package-lock.json")
    };
    String::from_utf8_lossy(&list.stdout)
        .lines()
        .filter(|file| !is_its_own(file))
        .map(str::to_owned)
        .collect()
}

#[test]
fn it_installs_without_a_network_and_leaves_nothing_behind() {
    let platform = Platform::stand_by();
    let program = without_heroku(&platform);
    let before = files(&program.home());
    let url = format!("file:{}", packages().bundle.display());
    Run::of(offline(&program, &["plugins:install", &url]), "").expect_code(0);
    assert!(run(&program, &["plugins"]).stdout.contains(PLUGIN));
    run(&program, &["ai:ask", "--sandbox", "hello"])
        .expect_code(0)
        .expect_output("hello\n");
    assert_ne!(files(&program.home()), before);

    Run::of(offline(&program, &["plugins:uninstall", PLUGIN]), "").expect_code(0);
    assert_eq!(files(&program.home()), before);
    for list in [
        "package.json",
        "package-lock.json",
        "node_modules/.package-lock.json",
    ] {
        let text = fs::read_to_string(program.home().join(".local/share/heroku").join(list))
            .expect("a list of the CLI");
        assert!(!text.contains(PLUGIN), "{list}: {text}");
    }
    run(&program, &["ai:ask", "--sandbox", "hello"]).expect_code(127);
}

#[test]
fn a_registry_gives_the_program_for_this_machine_only() {
    let registry = Api::serve(|exchange| {
        let host = exchange.request.header("host").expect("a host").to_owned();
        let path = exchange
            .request
            .line
            .split(' ')
            .nth(1)
            .expect("a path")
            .trim_start_matches('/')
            .replace("%2f", "/");
        let tarball = [&packages().main, &packages().platform]
            .into_iter()
            .find(|file| Path::new(&path).ends_with(name(file)));
        if let Some(file) = tarball {
            let body = fs::read(file).expect("a tarball");
            exchange.send(&format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            ));
            let _ = exchange.stream.write_all(&body);
        } else if path.starts_with(PLUGIN) {
            exchange.send(&respond(200, "", &packument(&path, &host).to_string()));
        } else {
            exchange.send(&respond(404, "", "{}"));
        }
    });
    let platform = Platform::stand_by();
    let program = without_heroku(&platform).with("HEROKU_NPM_REGISTRY", &registry.url());
    run(&program, &["plugins:install", PLUGIN]).expect_code(0);
    let plugin = installed(&program);
    let folders = fs::read_dir(plugin.parent().expect("a folder")).expect("the CLI's plugins");
    let names: BTreeSet<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    let platform = this_machines_package();
    let expected = [PLUGIN, &platform].map(|name| name.rsplit('/').next().unwrap().to_owned());
    assert_eq!(names, BTreeSet::from(expected));
    run(&program, &["ai:ask", "--sandbox", "hello"])
        .expect_code(0)
        .expect_output("hello\n");
}

/// Where the CLI has the plugin.
fn installed(program: &Program) -> PathBuf {
    program
        .home()
        .join(".local/share/heroku/node_modules")
        .join(PLUGIN)
}

fn name(file: &Path) -> &str {
    file.file_name()
        .and_then(|name| name.to_str())
        .expect("a name")
}

/// What a registry knows of a package: one version, with what `package.json` says of it.
fn packument(name: &str, host: &str) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let mut about = if name == PLUGIN {
        package_json(&packages().main)
    } else {
        let (os, cpu) = name
            .trim_start_matches(PLUGIN)
            .trim_start_matches('-')
            .split_once('-')
            .expect("system and processor");
        json!({ "name": name, "version": version, "os": [os], "cpu": [cpu] })
    };
    let file = name.trim_start_matches('@').replace('/', "-");
    about["dist"] = json!({ "tarball": format!("http://{host}/{file}-{version}.tgz") });
    json!({ "name": name, "dist-tags": { "latest": version }, "versions": { version: about } })
}

fn package_json(tarball: &Path) -> Value {
    let file = Command::new("tar")
        .arg("-xzOf")
        .arg(tarball)
        .arg("package/package.json")
        .output()
        .expect("tar");
    serde_json::from_slice(&file.stdout).expect("JSON")
}

fn this_machines_package() -> String {
    package_json(&packages().platform)["name"]
        .as_str()
        .expect("a name")
        .to_owned()
}

#[test]
fn all_that_is_typed_reaches_the_program_as_it_is() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    program.command(
        "echo-all",
        "printf '<%s>' \"$@\"; printf '\\n%s\\n' \"$HEROKU_CLI_BIN\"; exit 42",
    );
    let echo = program
        .folder
        .path()
        .join("bin/echo-all")
        .display()
        .to_string();
    let program = program.with("HEROKU_CHAT_BIN", &echo);
    let typed = [
        "two words",
        "--model",
        "m",
        "-a",
        "app",
        "--bogus=1",
        "--json",
        "--",
        "-y",
        "--help",
        "",
    ];
    let all: Vec<&str> = ["ai:ask"].iter().chain(&typed).copied().collect();
    let expected: String = ["ask"]
        .iter()
        .chain(&typed)
        .map(|word| format!("<{word}>"))
        .collect();
    run(&program, &all)
        .expect_code(42)
        .expect_output(&format!("{expected}\n{}\n", heroku().display()));
    let nested = run(&program, &["ai:config:pull", "--help"]).expect_code(42);
    assert!(
        nested.stdout.starts_with("<config><pull><--help>\n"),
        "{}",
        nested.stdout
    );
}

#[test]
fn exit_codes_are_the_programs_own() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    let ask = |model: &str| run(&program, &["ai:ask", "--sandbox", "-m", model, "hello"]);
    ask("sandbox-echo").expect_code(0).expect_output("hello\n");
    ask("sandbox-401")
        .expect_code(1)
        .expect_error("did not accept the key")
        .expect_error("heroku ai:doctor");
    ask("sandbox-cut")
        .expect_code(3)
        .expect_error("closed before the answer was complete");
    run(&program, &["ai:ask", "--bogus"])
        .expect_code(2)
        .expect_error("Usage: heroku ai:ask [FLAGS]");
    run(&program, &["ai:ask", "--sandbox", "--", "-y"])
        .expect_code(0)
        .expect_output("-y\n");

    program.command("killed", "kill -KILL $$");
    let killed = program
        .folder
        .path()
        .join("bin/killed")
        .display()
        .to_string();
    run(&program.with("HEROKU_CHAT_BIN", &killed), &["ai:ask", "x"]).expect_code(128 + 9);
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform).with("HEROKU_CHAT_BIN", "/nonexistent/heroku-chat");
    run(&program, &["ai:ask", "x"])
        .expect_code(1)
        .expect_error("Error: /nonexistent/heroku-chat can't be started");
}

#[test]
fn pipes_go_straight_through() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    let input = "Hi\nAnd in French?\n";
    for words in [
        &["ai:chat", "--sandbox"][..],
        &["ai:chat", "--lines", "--sandbox"],
    ] {
        let turns = run_with_input(&program, words, input);
        turns.expect_code(0).expect_output(input);
    }
    let first = shell(
        &program,
        "heroku ai:ask --sandbox -m sandbox-long go | head -c 5 | wc -c",
    )
    .expect_code(0);
    assert_eq!(first.stdout.trim(), "5");
    assert_eq!(first.stderr, "");
    let log = include_str!("../why/rails-missing-config.log");
    let why = run_with_input(&program, &["ai:why", "--sandbox", "--explain"], log).expect_code(1);
    assert!(why.stdout.starts_with("✗ ") && why.stdout.contains("\nWhat rules found:\n"));
}

#[test]
fn an_app_is_asked_of_the_cli_that_was_called_even_if_it_is_not_on_path() {
    let platform = Platform::start();
    let api = Api::serve(|exchange| match exchange.request.line.starts_with("POST") {
        true => exchange.send(&format!(
            "{}{}event:done\ndata:[DONE]\n\n",
            sse_head(),
            event("fine")
        )),
        false => exchange.send(&respond(
            200,
            "",
            r#"[{"model_id":"test-model","type":["text-to-text"]}]"#,
        )),
    });
    let url = api.url();
    let variables = [
        ("INFERENCE_URL", url.as_str()),
        ("INFERENCE_KEY", KEY),
        ("INFERENCE_MODEL_ID", "test-model"),
    ];
    platform.app("good", &variables);
    let program = with_plugin(&platform);
    run(&program, &["ai:ask", "-a", "good", "hello"])
        .expect_code(0)
        .expect_output("fine\n");
    let report = in_time(|| run(&program, &["ai:doctor", "-a", "good", "--json"]));
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    let check = |id: &str| {
        report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["id"] == id)
            .cloned()
            .unwrap()
    };
    for (id, found) in [
        ("heroku-cli", "version 11."),
        ("heroku-login", "dev@example.com"),
        ("heroku-app", "good"),
    ] {
        assert_eq!(check(id)["status"], "pass", "{report:#}");
        assert!(
            check(id)["found"].as_str().unwrap().contains(found),
            "{report:#}"
        );
    }
    assert!(
        platform
            .requests()
            .contains(&"GET /apps/good/config-vars".to_owned()),
        "{:?}",
        platform.requests()
    );
}

#[test]
fn help_is_in_the_house_style() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    let own = run(&program, &["ai:ask", "--help"]).expect_code(0);
    assert!(
        own.stdout
            .contains("USAGE\n  $ heroku ai:ask [FLAGS] [PROMPT...]\n"),
        "{}",
        own.stdout
    );
    assert!(
        own.stdout.contains("$ git diff | heroku ai:ask") && !own.stdout.contains("heroku-chat"),
        "{}",
        own.stdout
    );
    let help = run(&program, &["help", "ai:ask"]).expect_code(0).stdout;
    for words in [
        "$ heroku ai:ask [FLAGS] [PROMPT...]",
        "-a, --app=<app>",
        "SERVICE FLAGS",
        "$ heroku ai:ask --json",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }
    let topic = run(&program, &["ai"]).expect_code(0).stdout;
    assert!(
        topic.contains("ai:chat ") && topic.contains("ai:doctor ") && !topic.contains("default"),
        "{topic}"
    );
}

#[test]
fn every_command_is_described_and_has_an_example() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    let package = installed(&program);
    let manifest = fs::read_to_string(package.join("oclif.manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let commands = manifest["commands"].as_object().expect("commands");
    for id in [
        "ai:ask",
        "ai:chat",
        "ai:chat:models",
        "ai:config",
        "ai:config:pull",
        "ai:doctor",
        "ai:sandbox",
        "ai:why",
    ] {
        assert!(commands.contains_key(id), "{id} is missing");
    }
    for (id, command) in commands {
        assert!(
            package
                .join(format!("commands/{}.js", id.replace(':', "/")))
                .is_file(),
            "{id} has no file"
        );
        let summary = command["summary"].as_str().expect("a summary");
        assert!(
            summary.starts_with(char::is_lowercase) && !summary.ends_with('.'),
            "{id}: {summary}"
        );
        let examples = command["examples"].as_array().expect("examples");
        assert!(!examples.is_empty(), "{id} has no example");
        for example in examples {
            let example = example.as_str().expect("text");
            assert!(
                example.starts_with("$ ") && example.contains("heroku ai:"),
                "{id}: {example}"
            );
        }
    }
    // These belong to @heroku/plugin-ai, which may be installed beside this one.
    let others = ["ai:models", "ai:agents", "ai:tools", "ai:mcp", "ai:docs"];
    assert!(
        !commands
            .keys()
            .any(|id| others.iter().any(|other| id.starts_with(other))),
        "{:?}",
        commands.keys()
    );
}

#[test]
fn commands_of_others_run_as_before() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    let version = run(&program, &["--version"]).expect_code(0);
    assert!(
        version.stdout.starts_with("heroku/11."),
        "{}",
        version.stdout
    );
    let topics = run(&program, &[]).expect_code(0).stdout;
    assert!(
        topics.contains(" ai ") && topics.contains(" apps "),
        "{topics}"
    );
    let account = run(&program, &["auth:whoami"]).expect_code(0);
    assert_eq!(account.stdout, "dev@example.com\n");
    run(&program, &["ai:nonsense"]).expect_code(127);
}

/// The way without the hook, as for a CLI that runs a command by its class.
#[test]
fn a_command_file_starts_the_program_by_itself() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    let class = installed(&program).join("commands/ai/ask.js");
    let script = format!(
        "require('{}').run(['--sandbox', '-m', 'sandbox-401', 'x'], {{version: '0'}})",
        class.display()
    );
    let node = program.process_of(Path::new("node"), &["-e", &script]);
    Run::of(node, "")
        .expect_code(1)
        .expect_error("did not accept the key");
}

#[test]
fn ctrl_c_stops_an_answer_and_ctrl_d_leaves() {
    let platform = Platform::stand_by();
    let program = as_people_have_it(&platform);
    let terminal = chat(&program, &["--sandbox", "-m", "sandbox-stall"]);
    terminal.send("go\r");
    terminal.wait_for("This answer stalls");
    terminal.send("\x03");
    terminal.wait_for("stopped; what came is kept");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn the_program_hears_of_a_resize() {
    let platform = Platform::stand_by();
    let program = with_plugin(&platform);
    program.command(
        "watch",
        "trap 'stty size; exit 0' WINCH; echo ready; read -r line",
    );
    let watch = program
        .folder
        .path()
        .join("bin/watch")
        .display()
        .to_string();
    let program = program.with("HEROKU_CHAT_BIN", &watch);
    let terminal = Terminal::start_program(
        &program,
        heroku().to_str().expect("UTF-8"),
        &["ai:chat"],
        24,
        80,
    );
    terminal.wait_for("ready");
    terminal.resize(30, 40);
    terminal.wait_for("30 40");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn ctrl_c_in_a_one_shot_ends_with_130() {
    let platform = Platform::stand_by();
    let program = as_people_have_it(&platform);
    let arguments = ["ai:ask", "--sandbox", "-m", "sandbox-stall", "go"];
    let terminal = Terminal::start_program(
        &program,
        heroku().to_str().expect("UTF-8"),
        &arguments,
        24,
        80,
    );
    terminal.wait_for("This answer stalls");
    terminal.send("\x03");
    assert_eq!(terminal.wait_for_end(), 130);
}

#[test]
fn ctrl_z_stops_both_and_fg_goes_on() {
    let platform = Platform::stand_by();
    let program = as_people_have_it(&platform);
    let terminal = Terminal::start_program(
        &program,
        "/bin/bash",
        &["--norc", "--noediting", "-i"],
        24,
        80,
    );
    terminal.send(&format!(
        "'{}' ai:chat --sandbox -m sandbox-echo\r",
        heroku().display()
    ));
    terminal.wait_until("the prompt", |screen| screen.trim_end().ends_with("\n>"));
    terminal.send("kept words");
    terminal.wait_for("> kept words");
    terminal.send("\x1a");
    terminal.wait_for("Stopped");
    terminal.send("echo back in the $((1+1))nd shell\r");
    terminal.wait_for("back in the 2nd shell");
    terminal.send("fg\r");
    terminal.wait_until("the prompt again", |screen| {
        screen.trim_end().ends_with("> kept words")
    });
    terminal.send("\r");
    terminal.wait_until("the answer", |screen| {
        screen.matches("kept words").count() >= 3
    });
    terminal.wait_for_prompt();
}

#[test]
fn sigterm_to_the_cli_ends_the_program_with_a_sane_terminal() {
    let platform = Platform::stand_by();
    let program = as_people_have_it(&platform);
    let terminal = chat(&program, &["--sandbox", "-m", "sandbox-stall"]);
    terminal.send("go\r");
    terminal.wait_for("This answer stalls");
    let process = terminal.process_id().to_string();
    let child = Command::new("pgrep")
        .args(["-P", &process])
        .stderr(Stdio::null())
        .output()
        .expect("pgrep");
    let child = String::from_utf8(child.stdout)
        .expect("a number")
        .trim()
        .to_owned();
    signal(terminal.process_id(), Signal::TERM);
    let device = terminal.device();
    assert_eq!(terminal.wait_for_end(), 128 + 15);
    assert!(
        !Path::new("/proc").join(&child).exists() || child.is_empty(),
        "the program lives on"
    );
    assert!(is_sane(&device));
}

#[test]
fn sigint_to_the_cli_alone_is_a_press_of_ctrl_c() {
    let platform = Platform::stand_by();
    let program = as_people_have_it(&platform);
    let terminal = chat(&program, &["--sandbox", "-m", "sandbox-stall"]);
    terminal.send("go\r");
    terminal.wait_for("This answer stalls");
    signal(terminal.process_id(), Signal::INT);
    terminal.wait_for("stopped; what came is kept");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

/// Node.js aborts with a trace (SIGABRT) where it exits without the terminal that it began with.
#[test]
fn a_terminal_that_is_closed_ends_both_without_a_trace() {
    let platform = Platform::stand_by();
    let program = as_people_have_it(&platform);
    for (arguments, seen) in [
        (&["ai:chat", "--sandbox"][..], "\x1b[?2004h"),
        (
            &["ai:ask", "--sandbox", "-m", "sandbox-stall", "go"],
            "stalls",
        ),
    ] {
        // A terminal of its own, which is gone once this end of it is closed.
        let (mut pty, pts) = pty_process::blocking::open().expect("a pseudo terminal");
        let mut child = pty_process::blocking::Command::new(heroku())
            .args(arguments)
            .env_clear()
            .env("TERM", "xterm-256color")
            .envs(program.variables())
            .current_dir(program.work())
            .spawn(pts)
            .expect("the CLI starts");
        let mut said = String::new();
        while !said.contains(seen) {
            let mut bytes = [0; 4096];
            let count = pty.read(&mut bytes).expect("what it says");
            said += &String::from_utf8_lossy(&bytes[..count]);
        }
        drop(pty);
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(1), "{arguments:?}: {status:?}");
    }
}

#[test]
fn hooks_of_other_plugins_run() {
    let platform = Platform::stand_by();
    let program = without_heroku(&platform);
    let url = format!("file:{}", packages().bundle.display());
    Run::of(offline(&program, &["plugins:install", &url]), "").expect_code(0);
    let other = program.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let package = json!({
        "name": "@example/plugin-other",
        "version": "1.0.0",
        "oclif": { "hooks": { "init": "./init.js" } },
    });
    fs::write(other.join("package.json"), package.to_string()).unwrap();
    let hook = "module.exports = async function ({id}) {
        require('node:fs').appendFileSync(process.env.HOME + '/seen', id + '\\n')
    }";
    fs::write(other.join("init.js"), hook).unwrap();
    let packed = Run::of(
        {
            let mut pack = program.process_of(Path::new("/usr/bin/env"), &["npm", "pack", "-s"]);
            pack.current_dir(&other);
            pack
        },
        "",
    )
    .expect_code(0);
    let tarball = format!("file:{}", other.join(packed.stdout.trim()).display());
    Run::of(offline(&program, &["plugins:install", &tarball]), "").expect_code(0);
    fs::write(program.home().join("seen"), "").unwrap();
    run(&program, &["ai:ask", "--sandbox", "hello"]).expect_code(0);
    let seen = fs::read_to_string(program.home().join("seen")).unwrap();
    assert_eq!(seen, "ai:ask\n");
}
