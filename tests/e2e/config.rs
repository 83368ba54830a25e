//! Where settings come from, as `config` shows it, with a script in the place of the Heroku CLI.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;

use super::support::{Api, KEY, Program, Run, Signal, fifo, signal};

const VALUES: &str = "echo \"INFERENCE_URL='https://us.inference.heroku.com'\"; echo INFERENCE_KEY=inf-1; echo INFERENCE_MODEL_ID=";

#[test]
fn every_value_is_shown_with_its_source_and_the_key_never() {
    let program = Program::new().with("INFERENCE_MODEL_ID", "claude-4-5-haiku");
    program.file(
        ".env",
        &format!("# ours\nINFERENCE_URL=https://us.inference.heroku.com/v1\nexport INFERENCE_KEY='{KEY}'\n"),
    );
    let run = program.run(&["config"]).expect_code(0);
    let expected = "INFERENCE_URL:      https://us.inference.heroku.com/v1  (from .env line 2)\n\
                    INFERENCE_KEY:      (redacted)  (from .env line 3)\n\
                    INFERENCE_MODEL_ID: claude-4-5-haiku  (from the environment)\n";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    let program = program.with("HEROKU_CHAT_TOP_P", "0.9");
    let run = program
        .run(&["config", "--json", "--temperature", "0.3"])
        .expect_code(0);
    let object: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(object["INFERENCE_KEY"]["value"], "(redacted)");
    assert_eq!(object["INFERENCE_KEY"]["source"], ".env line 3");
    for (name, value, source) in [
        ("temperature", "0.3", "--temperature"),
        ("top_p", "0.9", "HEROKU_CHAT_TOP_P"),
        ("context", "all", "default"),
    ] {
        let found = [&object[name]["value"], &object[name]["source"]];
        assert_eq!(found, [value, source], "{name}");
    }
}

#[test]
fn heroku_is_asked_in_one_call_with_a_clean_environment_and_no_input() {
    let program = Program::new().with("DEBUG", "*").with("HEROKU_DEBUG", "1");
    program.command(
        "heroku",
        &format!("printf '%s\\n' \"$*\" \"debug=$DEBUG$HEROKU_DEBUG\" \"columns=$OCLIF_COLUMNS\" \"input=$(cat)\" > \"$HOME/asked\"\n{VALUES}"),
    );
    // `cat` of the script stands in /bin.
    let path = format!("{}:/bin:/usr/bin", program.variables()["PATH"]);
    let program = program.with("PATH", &path);
    let run = program.run(&["config", "-a", "example-app"]).expect_code(0);
    assert!(
        run.stdout
            .contains("https://us.inference.heroku.com  (from the Heroku app example-app)"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("INFERENCE_MODEL_ID: not set"),
        "{}",
        run.stdout
    );
    let asked = std::fs::read_to_string(program.home().join("asked")).expect("it was asked");
    let expected = "config:get INFERENCE_URL INFERENCE_KEY INFERENCE_MODEL_ID --shell --app example-app\n\
                    debug=\ncolumns=1000\ninput=\n";
    assert_eq!(asked, expected);
}

#[test]
fn heroku_is_not_asked_where_the_environment_has_all() {
    let program = Program::for_service("https://us.inference.heroku.com");
    program.command("heroku", "echo asked > \"$HOME/asked\"");
    program.run(&["config"]).expect_code(0);
    assert!(!program.home().join("asked").exists());
}

#[test]
fn a_helper_that_keeps_the_pipes_open_holds_nothing_up() {
    let program = Program::new();
    // Nobody ever writes to the pipe that the helper opens.
    fifo(&program.home().join("pipe"));
    program.command(
        "heroku",
        &format!("(read -r _ < \"$HOME/pipe\") &\necho $! > \"$HOME/helper\"\n{VALUES}"),
    );
    program.run(&["config"]).expect_code(0);
    let helper = std::fs::read_to_string(program.home().join("helper")).expect("its process id");
    let helper = helper.trim().parse().expect("a number");
    assert!(
        signal(helper, Signal::TERM),
        "the helper had ended already, so it held nothing open"
    );
}

#[test]
fn a_url_of_a_file_never_gets_the_key_of_the_environment() {
    let api = Api::tokens(&["stolen"]);
    let program = Program::new()
        .with("INFERENCE_KEY", KEY)
        .with("INFERENCE_MODEL_ID", "m");
    program.file(".env", &format!("INFERENCE_URL={}\n", api.url()));
    program
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("the URL from .env line 1, the key from the environment");
    assert!(api.requests().is_empty());
    program
        .run(&["ask", "--allow-mixed-sources", "hi"])
        .expect_code(0)
        .expect_output("stolen\n");
}

#[test]
fn a_line_that_cannot_be_read_is_named_by_number() {
    let program = Program::new();
    program.file(".env", &format!("\nINFERENCE_KEY={KEY} x\n"));
    program
        .run(&["config"])
        .expect_code(1)
        .expect_error("line 2 of .env can't be read");
    program
        .run(&["config", "--env-file", "other.env"])
        .expect_code(1)
        .expect_error("other.env can't be used");
}

#[test]
fn only_the_working_folder_is_searched_for_env_files() {
    let program = Program::new();
    std::fs::write(
        program.folder.path().join(".env"),
        "INFERENCE_URL=https://evil.example.com\nINFERENCE_KEY=x\n",
    )
    .unwrap();
    program
        .run(&["config"])
        .expect_code(1)
        .expect_error("there is no .env here");
}

#[test]
fn every_state_of_the_heroku_cli_has_its_next_step() {
    let logged_out =
        "echo 'heroku: Press any key to open up the browser to login or q to exit' >&2; exit 1";
    let no_app = "printf ' ›   Error: The following error occurred:\\n ›     Missing required flag app\\n' >&2; exit 2";
    for (body, title, command) in [
        (logged_out, "nobody is logged in", "heroku login"),
        ("exit 0", "nobody is logged in", "heroku login"),
        (
            no_app,
            "no app was named",
            "heroku git:remote -a example-app",
        ),
        (
            "echo INFERENCE_URL=",
            "the app has no such variables",
            "heroku addons:create heroku-inference:standard",
        ),
        ("kill -9 $$", "it was ended by a signal", "heroku config\n"),
        (
            "echo strange >&2; exit 9",
            "it ended with exit code 9",
            "strange",
        ),
    ] {
        let program = Program::new();
        program.command("heroku", body);
        program
            .run(&["ask", "hi"])
            .expect_code(1)
            .expect_error(title)
            .expect_error(command);
    }
    Program::new()
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("the heroku program is not on PATH");
}

#[test]
fn pull_wants_the_variables_of_the_app_and_not_of_the_environment() {
    let program = Program::for_service("http://127.0.0.1:9");
    let run = program
        .run(&["config", "pull", "-a", "example-app"])
        .expect_code(1);
    let run = run.expect_error("can't get INFERENCE_URL and INFERENCE_KEY from the Heroku CLI");
    let run = run.expect_error("Install it (https://devcenter.heroku.com/articles/heroku-cli)");
    assert!(
        !run.stderr.contains("export") && !run.stderr.contains("yourself"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_variable_of_the_chat_is_judged_alike_everywhere() {
    let api = Api::tokens(&["fine"]);
    let wrong = Program::for_service(&api.url()).with("HEROKU_CHAT_CONTEXT", "none");
    for arguments in [&["ask", "hi"][..], &["chat"], &["config"]] {
        let run = wrong.run_with_input(arguments, "hi\n").expect_code(1);
        run.expect_error("HEROKU_CHAT_CONTEXT \"none\" is not valid")
            .expect_error("It takes a whole number from 1, or all.");
    }
    assert!(api.requests().is_empty());
    let last = Program::for_service(&api.url()).with("HEROKU_CHAT_CONTEXT", "1");
    last.run_with_input(&["chat", "--lines"], "one\ntwo\n")
        .expect_code(0);
    let messages = api.requests()[1].json()["messages"].clone();
    assert_eq!(messages.as_array().map(Vec::len), Some(1), "{messages}");
}

/// A program in whose `heroku` the app's variables are, with the tools it needs.
fn with_app() -> Program {
    let program = Program::new();
    program.command("heroku", VALUES);
    let path = format!("{}:/usr/bin:/bin", program.variables()["PATH"]);
    program.with("PATH", &path)
}

#[test]
fn pull_replaces_nothing_but_a_regular_file() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let program = with_app();
    let path = |name: &str| program.work().join(name);
    fifo(&path("pipe"));
    std::fs::create_dir(path("folder")).unwrap();
    let read_only = program.file("read-only", "A=1\n");
    std::fs::set_permissions(&read_only, std::fs::Permissions::from_mode(0o400)).unwrap();
    symlink("pipe", path("to-pipe")).unwrap();
    symlink("none/.env", path("to-nowhere")).unwrap();
    symlink("circle", path("circle")).unwrap();
    for (name, reason) in [
        ("pipe", "no regular file"),
        ("to-pipe", "no regular file"),
        ("/dev/null", "no regular file"),
        ("folder", "a folder"),
        ("read-only", "read-only"),
        ("to-nowhere", "folder none is not there"),
        ("circle", "circle"),
    ] {
        program
            .run(&["config", "pull", "-a", "example-app", "--env-file", name])
            .expect_code(1)
            .expect_error(reason);
    }
    let kind = std::fs::metadata(path("to-pipe")).unwrap().file_type();
    assert!(kind.is_fifo() && path("to-pipe").is_symlink());
    assert_eq!(std::fs::read_to_string(read_only).unwrap(), "A=1\n");

    // A link that leads to no file yet says where the file belongs.
    symlink("new.env", path("to-new")).unwrap();
    program
        .run(&[
            "config",
            "pull",
            "-a",
            "example-app",
            "--env-file",
            "to-new",
        ])
        .expect_code(0)
        .expect_output("Wrote INFERENCE_URL, INFERENCE_KEY to new.env, readable by you only\n");
    assert!(path("to-new").is_symlink());
}

/// Whatever moment it is, `.env` is whole and nothing is beside it; what is left elsewhere is
/// private, and goes with the next run.
#[test]
fn pull_that_is_killed_leaves_a_whole_file_and_nothing_beside_it() {
    let program = with_app();
    let pull = ["config", "pull", "-a", "example-app"];
    let old = "INFERENCE_KEY=old\n";
    program.file(".env", old);
    let begun = Instant::now();
    program.run(&pull).expect_code(0);
    let usual = begun.elapsed();
    let content = || std::fs::read_to_string(program.work().join(".env")).expect("a file");
    let new = content();
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("the folder");
        let names = entries.map(|entry| entry.expect("a file").file_name());
        names.collect::<Vec<_>>()
    };
    let data = program.home().join(".local/share/heroku-chat");
    let (mut killed, mut left) = (0, 0);
    for part in 0..200 {
        program.file(".env", old);
        let mut process = program.process(&pull);
        let mut process = process
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(usual * part / 200);
        process.kill().expect("it is ended");
        killed += i32::from(!process.wait().expect("it ends").success());
        left += i32::from(!names(&data).is_empty());
        assert_eq!(names(&program.work()), [".env"]);
        assert!([old, &new].contains(&&content()[..]), "{}", content());
    }
    assert!(killed > 0 && left > 0, "it was always too late");
    program.run(&pull).expect_code(0);
    assert!(names(&data).is_empty());
}

#[test]
fn what_an_earlier_pull_left_goes() {
    let program = with_app();
    let left = program
        .home()
        .join(".local/share/heroku-chat/.heroku-chat.new");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join(".tmpabc"), KEY).unwrap();
    program
        .run(&["config", "pull", "-a", "example-app"])
        .expect_code(0);
    assert!(!left.exists());
}

/// It is then written where it belongs.
#[test]
fn pull_works_without_a_data_folder() {
    let program = with_app().with("XDG_DATA_HOME", "/dev/null");
    program
        .run(&["config", "pull", "-a", "example-app"])
        .expect_code(0);
    assert_eq!(std::fs::read_dir(program.work()).unwrap().count(), 1);
}

#[test]
fn an_env_file_that_is_a_pipe_is_read_as_any_other() {
    let program = Program::new();
    let path = program.work().join(".env");
    fifo(&path);
    let writer = std::thread::spawn(move || {
        let text = format!("INFERENCE_URL=https://us.inference.heroku.com\nINFERENCE_KEY={KEY}\n");
        std::fs::write(path, text).expect("somebody reads it");
    });
    let run = program.run(&["config"]).expect_code(0);
    writer.join().expect("it was read");
    assert!(
        run.stdout.contains("(redacted)  (from .env line 2)"),
        "{}",
        run.stdout
    );
    program
        .run(&["config"])
        .expect_code(1)
        .expect_error(".env was not read: Nobody wrote to it");
}

#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let program = Program::new();
    let bytes = std::ffi::OsStr::from_bytes(b"caf\xe9");
    for arguments in [&["config"][..], &["ask", "hi"], &["doctor"]] {
        let mut process = program.process(arguments);
        process.env("INFERENCE_KEY", bytes).env("OTHER", bytes);
        let run = Run::of(process, "").expect_code(1);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("INFERENCE_KEY is not UTF-8 text"), "{said}");
        assert!(!said.contains("OTHER"), "{said}");
    }
}

#[test]
fn a_key_of_the_environment_is_handed_on_to_the_heroku_cli_alone() {
    let program = with_app().with("INFERENCE_KEY", KEY);
    let tell = |name: &str| format!("env > \"$HOME/{name}\"\n");
    program.command("git", &format!("{}exit 128", tell("git")));
    program.command("heroku", &format!("{}{VALUES}", tell("heroku")));
    program
        .run(&["config", "pull", "-a", "example-app"])
        .expect_code(0);
    let seen = |name: &str| std::fs::read_to_string(program.home().join(name)).expect("it ran");
    assert!(seen("heroku").contains(KEY));
    assert!(!seen("git").contains("INFERENCE_KEY"), "{}", seen("git"));
}

/// Versions before 11 ask without an end, even if there is nobody to answer.
#[test]
fn a_second_factor_that_the_cli_asks_for_is_told_at_once() {
    for body in [
        "while :; do printf 'Two-factor code: ' >&2; sleep 0.1; done",
        "echo '    Error: Two-factor authentication requires an interactive terminal.' >&2; exit 1",
    ] {
        let program = Program::new();
        program.command("heroku", body);
        let path = format!("{}:/usr/bin:/bin", program.variables()["PATH"]);
        let program = program.with("PATH", &path);
        let run = program.run(&["ask", "hi", "-a", "shop"]).expect_code(1);
        run.expect_error("A second authentication factor is required")
            .expect_error("heroku login");
    }
}
