//! The program under test, with nothing of this machine's environment but what a test gives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::limit::{self, Limit};
use super::platform::{Platform, TOKEN};
use super::turn::Turn;

/// The key that tests use. It must turn up nowhere in what the program prints, which every run
/// checks.
pub const KEY: &str = "inf-7e57ab1e-0000-4000-8000-5ec4e7c0de00";

/// A way to start the program: its own HOME, working folder, PATH and variables.
pub struct Program {
    pub folder: TempDir,
    variables: BTreeMap<String, String>,
    /// Of the test, whatever it waits for.
    _limit: Limit,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// A program without settings, whose HOME and working folder are empty, and with no `heroku` on
    /// its PATH.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for name in ["home", "work", "bin"] {
            std::fs::create_dir(folder.path().join(name)).expect("an empty folder");
        }
        let mut program = Program {
            folder,
            variables: BTreeMap::new(),
            _limit: Limit::of_test(),
        };
        let home = program.home().display().to_string();
        let bin = program.folder.path().join("bin").display().to_string();
        program.set("HOME", &home);
        program.set("PATH", &bin);
        program
    }

    /// A program set up for a service at this URL, with [`KEY`].
    pub fn for_service(url: &str) -> Self {
        Program::new()
            .with("INFERENCE_URL", url)
            .with("INFERENCE_KEY", KEY)
            .with("INFERENCE_MODEL_ID", "test-model")
    }

    /// With a file of flags that says --sandbox, so that `sessions` are those with the sandbox.
    pub fn of_sandbox(self) -> Self {
        let folder = self.folder.path().join("settings");
        std::fs::create_dir_all(folder.join("heroku-chat")).expect("a folder");
        std::fs::write(folder.join("heroku-chat/config"), "--sandbox\n").expect("a file");
        self.with("XDG_CONFIG_HOME", &folder.display().to_string())
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Writes a file into the working folder.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, text).expect("a file in the working folder");
        path
    }

    /// Puts a shell script on the program's PATH.
    pub fn command(&self, name: &str, body: &str) {
        let path = self.folder.path().join("bin").join(name);
        // Written by another process: what a test beside this one starts would inherit the open
        // file for a moment, and the system runs no file that somebody may write to.
        let written = Command::new("/bin/sh")
            .args(["-c", "printf '%s' \"$1\" > \"$0\" && chmod 755 \"$0\""])
            .arg(path)
            .arg(format!("#!/bin/sh\n{body}\n"))
            .status();
        assert!(written.is_ok_and(|status| status.success()), "a script");
    }

    /// The command, ready to be run or changed.
    pub fn process(&self, arguments: &[&str]) -> Command {
        self.process_of(assert_cmd::cargo::cargo_bin!("heroku-chat"), arguments)
    }

    /// Another program in the same surroundings, such as the Heroku CLI.
    pub fn process_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs it without standard input.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with_input(arguments, "")
    }

    /// Runs it with this standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        Run::of(self.process(arguments), input)
    }
}

impl Run {
    /// Runs a command with this standard input.
    pub fn of(command: Command, input: &str) -> Self {
        let variables = command.get_envs();
        let variables = variables.filter_map(|(name, value)| Some((name, value?)));
        let _turn = Turn::of(&variables.collect(), command.get_args());
        let mut command = assert_cmd::Command::from_std(command);
        let output = command
            .write_stdin(input)
            .timeout(limit::RUN)
            .output()
            .expect("the program runs");
        let run = Run {
            code: output.status.code().unwrap_or_else(|| {
                let limit = limit::RUN.as_secs();
                panic!("{command:?} ended by a signal, or after {limit} s: {output:?}")
            }),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        };
        assert_no_key(&run.stdout);
        assert_no_key(&run.stderr);
        run
    }

    /// Checks the exit code, showing all where it is another.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Checks that a message holds these words.
    pub fn expect_error(self, words: &str) -> Self {
        assert!(
            self.stderr.contains(words),
            "not in the message: {words:?}\n{}",
            self.stderr
        );
        self
    }

    /// Checks all of standard output.
    pub fn expect_output(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "stderr:\n{}", self.stderr);
        self
    }
}

/// Checks that a text, be it a screen or a file, doesn't hold the key.
pub fn assert_no_key(text: &str) {
    assert!(
        !text.contains(KEY) && !text.contains("5ec4e7c0de"),
        "the key was shown:\n{text}"
    );
}

/// A program whose PATH has the real Heroku CLI, logged in at this API.
pub fn with_heroku(platform: &Platform) -> Program {
    let folder = heroku()
        .parent()
        .expect("a file stands in a folder")
        .display();
    let program = without_heroku(platform);
    let path = format!("{folder}:{}", program.variables["PATH"]);
    program.with("PATH", &path)
}

/// What [`with_recordings`] prints instead of asking the real CLI.
pub const RECORDED_VERSION: &str = "RECORDED_VERSION";
pub const RECORDED_ACCOUNT: &str = "RECORDED_ACCOUNT";

/// The same, but what doctor asks in any setup, the version and [`TOKEN`]'s account, was asked of
/// the real CLI once, for all tests: a case then starts it for the question that it is about.
pub fn with_recordings(platform: &Platform) -> Program {
    static RECORDED: OnceLock<[String; 2]> = OnceLock::new();
    let [version, account] = RECORDED.get_or_init(|| {
        let platform = Platform::start();
        let program = with_heroku(&platform);
        ["--version", "auth:whoami"].map(|question| {
            let answer = Run::of(program.process_of(heroku(), &[question]), "");
            answer.expect_code(0).stdout.trim().to_owned()
        })
    });
    let program = with_heroku(platform)
        .with(RECORDED_VERSION, version)
        .with(RECORDED_ACCOUNT, account);
    let real = heroku().display();
    program.command(
        "heroku",
        &format!(
            "case \"$1\" in
            --version) said=$RECORDED_VERSION ;;
            auth:whoami) said=$RECORDED_ACCOUNT ;;
            esac
            [ -z \"$said\" ] && exec '{real}' \"$@\"
            echo \"$said\""
        ),
    );
    let bin = program.folder.path().join("bin");
    let path = format!("{}:{}", bin.display(), program.variables["PATH"]);
    program.with("PATH", &path)
}

/// A program logged in at this API, whose PATH has what the CLI needs, but not the CLI.
pub fn without_heroku(platform: &Platform) -> Program {
    let node = which("node")
        .parent()
        .expect("a file stands in a folder")
        .display()
        .to_string();
    let mut program = Program::new()
        .with("PATH", &format!("{node}:/usr/bin:/bin"))
        .with("HEROKU_API_KEY", TOKEN);
    for (name, value) in platform.env() {
        program = program.with(name, &value);
    }
    program
}

/// The real Heroku CLI.
pub fn heroku() -> &'static Path {
    static HEROKU: OnceLock<PathBuf> = OnceLock::new();
    HEROKU.get_or_init(|| PathBuf::from(output(script("heroku-cli"))))
}

/// The pinned CLI, and others that `HEROKU_CLIS` names as `PATH` does folders.
pub fn clis() -> Vec<PathBuf> {
    let others = std::env::var_os("HEROKU_CLIS").unwrap_or_default();
    let others = std::env::split_paths(&others).filter(|path| !path.as_os_str().is_empty());
    std::iter::once(heroku().to_owned()).chain(others).collect()
}

/// Where a program of this machine is.
pub fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.exists())
        .expect("it is on PATH")
}

/// Runs git in a folder.
pub fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .status()
        .expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}

/// Makes a named pipe that its owner alone can use.
pub fn fifo(path: &Path) {
    // rustix has no such call for Apple's systems, each of which has the program.
    #[cfg(target_vendor = "apple")]
    let made = Command::new("/usr/bin/mkfifo")
        .args(["-m", "600"])
        .arg(path)
        .status()
        .is_ok_and(|status| status.success());
    #[cfg(not(target_vendor = "apple"))]
    let made = rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).is_ok();
    assert!(made, "{}", path.display());
}

/// One of the project's own scripts.
pub fn script(name: &str) -> Command {
    let mut command = Command::new(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scripts")
            .join(name),
    );
    // What cargo tells a test about its package makes a cargo in the script build `ring` and all
    // above it anew.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_package(&name.to_string_lossy()))
    {
        command.env_remove(name);
    }
    command
}

/// What a script prints.
pub fn output(mut script: Command) -> String {
    let output = script
        .stderr(Stdio::inherit())
        .output()
        .expect("the script runs");
    assert!(
        output.status.success(),
        "{script:?} failed with {:?}",
        output.status
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}

fn is_of_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}
