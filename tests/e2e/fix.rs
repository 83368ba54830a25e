//! `doctor --fix` and `--undo`: what is safe is mended, all else is left to the byte, and all can be
//! taken back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use super::advice::cases::{CASES, OLD_KEY};
use super::doctor;
use super::process::with_faults;
use super::support::{KEY, Program, Run, Setup, Terminal};

/// The setups whose .env gets another content, and the check that is well after that.
const MENDED: &[(&str, &str)] = &[
    ("a rotated key in .env", "key-accepted"),
    (
        "a rotated key in .env, the app by its remote",
        "key-accepted",
    ),
    ("a rotated key among other lines", "key-accepted"),
    ("a name nearly right in .env", "key"),
    ("both names nearly right in .env", "url"),
    ("a name nearly right among other lines", "key"),
    ("a key in two pairs of quotes in .env", "key"),
    ("a URL in printers' quotes in .env", "url"),
    ("a quote that is never closed in .env", "env-file"),
    ("a key with an invisible blank in .env", "key"),
];

const FIX: &[&str] = &["doctor", "--fix", "--yes"];

type Files = BTreeMap<PathBuf, (Vec<u8>, u32)>;

/// The files of a folder and below, but for git's own: what is in each, and who may read it.
fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, metadata) = (entry.path(), entry.path().symlink_metadata().unwrap());
        if metadata.is_dir() && entry.file_name() != ".git" {
            files.extend(self::files(&path));
        } else if metadata.is_file() {
            let mode = metadata.permissions().mode() & 0o777;
            files.insert(path.clone(), (fs::read(&path).unwrap(), mode));
        }
    }
    files
}

fn setup(name: &str) -> (Setup, &'static [&'static str]) {
    let case = CASES.iter().find(|case| case.name == name).expect(name);
    ((case.set_up)(), case.flags)
}

fn status(report: &str, check: &str) -> String {
    let report: Value = serde_json::from_str(report).expect("JSON");
    let mut checks = report["checks"].as_array().unwrap().iter();
    let entry = checks.find(|it| it["id"] == check).expect(check);
    entry["status"].as_str().unwrap().to_owned()
}

fn undo_folder(program: &Program) -> PathBuf {
    program.home().join(".local/share/heroku-chat/undo")
}

fn assert_no_old_key(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(&OLD_KEY[..12]), "{text}");
    }
}

#[test]
fn what_is_safe_is_mended_and_all_else_is_left_to_the_byte() {
    let noticed = doctor::CASES
        .iter()
        .map(|case| (case.name, case.set_up, case.flags));
    let ours = CASES
        .iter()
        .map(|case| (case.name, case.set_up, case.flags));
    let all: Vec<_> = ours.chain(noticed).collect();
    let next = AtomicUsize::new(0);
    let (changed, private, ignored) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some((name, set_up, flags)) =
                    all.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let Setup(program, _servers) = set_up();
                    let seen = check(name, &program, flags);
                    changed.fetch_add(usize::from(seen[0]), Ordering::Relaxed);
                    private.fetch_add(usize::from(seen[1]), Ordering::Relaxed);
                    ignored.fetch_add(usize::from(seen[2]), Ordering::Relaxed);
                }
            });
        }
    });
    let count = |it: AtomicUsize| it.into_inner();
    assert_eq!(count(changed), MENDED.len());
    assert!(count(private) >= 10 && count(ignored) >= 1);
}

/// Has one setup mended, and taken back. Whether content of .env, who may read it, and .gitignore
/// were mended.
fn check(name: &str, program: &Program, flags: &[&str]) -> [bool; 3] {
    let run = |arguments: &[&str]| program.run(&[arguments, flags].concat());
    let work = program.work();
    let before = files(&work);
    let report = run(&["doctor", "--json"]).stdout;
    assert_eq!(files(&work), before, "{name}: doctor writes");
    let shown = run(&["doctor", "--fix"]);
    assert_eq!(files(&work), before, "{name}: nobody agreed");
    let fixed = run(&["doctor", "--fix", "--yes", "--json"]);
    for run in [&shown, &fixed] {
        assert_no_old_key(run);
    }
    let after = files(&work);
    let (env, rules) = (work.join(".env"), work.join(".gitignore"));
    let of = |files: &Files, path: &Path| files.get(path).cloned().unwrap_or_default();
    let ((text, mode), (new_text, new_mode)) = (of(&before, &env), of(&after, &env));
    let check = MENDED.iter().find(|(mended, _)| *mended == name);
    if let Some((_, check)) = check {
        assert_eq!(status(&report, check), "fail", "{name}");
        assert_eq!(status(&fixed.stdout, check), "pass", "{name}");
        assert_eq!(fixed.code, 0, "{name}: {}", fixed.stdout);
    }
    assert_eq!(check.is_some(), text != new_text, "{name}");
    // What isn't ours stays, as do the ends of lines.
    let others = |text: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(text).into_owned();
        let lines = text.split_inclusive('\n').map(str::to_owned);
        let is_other = |line: &String| !line.to_uppercase().contains("INF");
        lines.filter(is_other).collect()
    };
    assert_eq!(others(&text), others(&new_text), "{name}");
    let is_private = status(&fixed.stdout, "env-permissions") != "warn";
    assert!(is_private, "{name}: {}", fixed.stdout);
    if new_mode != mode {
        assert_eq!(new_mode, 0o600, "{name}");
    }
    let is_ignored = of(&before, &rules) != of(&after, &rules);
    if status(&report, "env-git") == "fail" && !name.contains("tracks") {
        assert_eq!(status(&fixed.stdout, "env-git"), "pass", "{name}");
    } else {
        let was_mended = status(&fixed.stdout, "env-git") == "pass" && check.is_some();
        assert!(!is_ignored || was_mended, "{name}");
    }
    let is_mended = before != after;
    let (all, mut before, mut after) = (before.clone(), before, after);
    for path in [&env, &rules] {
        before.remove(path);
        after.remove(path);
    }
    assert_eq!(before, after, "{name}: another file");
    let undone = program.run(&["doctor", "--undo"]).expect_code(0);
    assert_eq!(files(&work), all, "{name}: {}", undone.stdout);
    assert_eq!(undone.stdout.contains("is as it was"), is_mended, "{name}");
    assert_eq!(
        shown.stdout.contains("doctor --fix --yes") || shown.stdout.contains("  - "),
        is_mended || fixed.stderr.contains("Warning: nothing was changed"),
        "{name}: {}",
        shown.stdout
    );
    [check.is_some(), new_mode != mode, is_ignored]
}

#[test]
fn only_what_is_ours_changes_and_the_diff_has_no_key() {
    let (Setup(program, _servers), flags) = setup("a rotated key among other lines");
    let run = program.run(&[FIX, flags].concat()).expect_code(0);
    assert_no_old_key(&run);
    for words in [
        "Take URL and key from the app good, into .env",
        "- export INFERENCE_KEY='(redacted)'",
        "+ export INFERENCE_KEY=(redacted)",
        "- mode 644",
        "+ mode 600",
        "heroku-chat doctor --undo",
    ] {
        assert!(run.stdout.contains(words), "{words}:\n{}", run.stdout);
    }
    let text = fs::read_to_string(program.work().join(".env")).unwrap();
    let (before, after) = text.split_once("export INFERENCE_KEY").unwrap();
    assert!(before.contains("INFERENCE_URL=\"http://") && before.ends_with("\" # quoted\nA=1\n"));
    assert_eq!(after, format!("={KEY}\nB='2"));
    let kept = undo_folder(&program);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&kept), mode(&kept.join("1.json"))), (0o700, 0o600));
}

#[test]
fn the_last_runs_are_kept_and_taken_back_one_by_one() {
    let (Setup(program, _servers), _) = setup("a good .env that git would commit");
    program.run(FIX).expect_code(0);
    let env = program.work().join(".env");
    for _ in 0..6 {
        fs::set_permissions(&env, fs::Permissions::from_mode(0o640)).unwrap();
        program.run(FIX).expect_code(0);
    }
    assert_eq!(fs::read_dir(undo_folder(&program)).unwrap().count(), 5);
    let mode = || env.metadata().unwrap().permissions().mode() & 0o777;
    for _ in 0..5 {
        program.run(&["doctor", "--undo"]).expect_code(0);
        assert_eq!(mode(), 0o640);
    }
    program
        .run(&["doctor", "--undo"])
        .expect_code(0)
        .expect_error("nothing to take back");
}

#[test]
fn what_came_later_is_not_taken_back() {
    let (Setup(program, _servers), flags) = setup("a rotated key in .env");
    program.run(&[FIX, flags].concat()).expect_code(0);
    let env = program.work().join(".env");
    let text = fs::read_to_string(&env).unwrap() + "NEW=1\n";
    fs::write(&env, &text).unwrap();
    let run = program.run(&["doctor", "--undo"]).expect_code(1);
    run.expect_error("It was changed meanwhile. What was is in");
    assert_eq!(fs::read_to_string(&env).unwrap(), text);
}

#[test]
fn what_cannot_be_taken_back_keeps_nothing_else() {
    let (Setup(program, _servers), _) = setup("a good .env that git would commit");
    let work = program.work();
    let (env, rules) = (work.join(".env"), work.join(".gitignore"));
    let mode = || env.metadata().unwrap().permissions().mode() & 0o777;
    let before = files(&work);
    program.run(FIX).expect_code(0);
    assert_eq!(mode(), 0o600);
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("{text}later\n")).unwrap();
    let run = program.run(&["doctor", "--undo"]).expect_code(1);
    assert!(run.stdout.contains(".env is as it was"), "{}", run.stdout);
    assert_eq!(mode(), 0o644);
    fs::write(&rules, text).unwrap();
    program.run(&["doctor", "--undo"]).expect_code(0);
    assert_eq!(files(&work), before);
}

#[test]
fn what_is_advised_is_about_the_same_file() {
    let (Setup(program, _servers), _) = setup("a rotated key in .env");
    fs::rename(program.work().join(".env"), program.work().join("my env")).unwrap();
    let flags = ["doctor", "-a", "good", "--env-file", "my env"];
    let same = "-a good --env-file 'my env'";
    for (flag, more) in [(None, ""), (Some("--fix"), " --yes")] {
        let arguments: Vec<_> = flags.into_iter().chain(flag).collect();
        let run = program.run(&arguments);
        let command = format!("heroku-chat doctor --fix{more} {same}");
        assert!(run.stdout.contains(&command), "{command}\n{}", run.stdout);
    }
}

#[test]
fn a_link_stays_one_and_a_read_only_file_stays_as_it_is() {
    let (Setup(program, _servers), flags) = setup("a rotated key in .env");
    let (env, real) = (program.work().join(".env"), program.work().join("real"));
    fs::rename(&env, &real).unwrap();
    symlink("real", &env).unwrap();
    program.run(&[FIX, flags].concat()).expect_code(0);
    assert!(env.is_symlink() && fs::read_to_string(&real).unwrap().contains(KEY));
    program.run(&["doctor", "--undo"]).expect_code(0);
    let text = fs::read_to_string(&real).unwrap();
    assert!(env.is_symlink() && text.contains(OLD_KEY));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o400)).unwrap();
    let run = program.run(&[FIX, flags].concat()).expect_code(1);
    assert_eq!(fs::read_to_string(&real).unwrap(), text);
    run.expect_error("It is read-only.");
}

#[test]
fn nothing_is_changed_if_what_was_cannot_be_kept() {
    let (Setup(program, _servers), flags) = setup("a rotated key in .env");
    let before = files(&program.work());
    fs::create_dir_all(program.home().join(".local/share/heroku-chat")).unwrap();
    fs::write(undo_folder(&program), "in the way").unwrap();
    let run = program.run(&[FIX, flags].concat()).expect_code(1);
    run.expect_error("what was can't be kept");
    assert_eq!(files(&program.work()), before);
}

#[test]
fn each_mend_is_asked_for_and_what_changes_meanwhile_is_kept() {
    let (Setup(program, _servers), _) = setup("a good .env that git would commit");
    let (env, rules) = (
        program.work().join(".env"),
        program.work().join(".gitignore"),
    );
    let terminal = Terminal::start(&program, &["doctor", "--fix"], 60, 100);
    terminal.wait_for("Keep .env to yourself? [y/N]");
    terminal.send("n\r");
    terminal.wait_for("Have git ignore .env? [y/N]");
    fs::write(&rules, "other\n").unwrap();
    terminal.send("y\r");
    terminal.wait_for("It was changed meanwhile");
    assert_eq!(terminal.wait_for_end(), 1);
    assert_eq!(fs::read_to_string(&rules).unwrap(), "other\n");
    assert_eq!(env.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let terminal = Terminal::start(&program, &["doctor", "--fix"], 90, 100);
    terminal.wait_for("Keep .env to yourself? [y/N]");
    terminal.send("y\r");
    terminal.wait_for("Have git ignore .env? [y/N]");
    terminal.send("y\r");
    terminal.wait_for("takes back what was changed");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(fs::read_to_string(&rules).unwrap(), "other\n/.env\n");
}

/// Before each call that changes a file, as long as there is one.
#[test]
fn killed_in_the_middle_it_leaves_the_old_or_the_new_file() {
    let (Setup(program, _servers), flags) = setup("a rotated key among other lines");
    let fix = [FIX, flags].concat();
    let env = program.work().join(".env");
    let content = || fs::read_to_string(&env).unwrap();
    let before = content();
    program.run(&fix).expect_code(0);
    let after = content();
    let program = with_faults(program);
    let ends = |arguments: &[&str], step: usize| {
        let mut process = program.process(arguments);
        process.env("FAULT_KILL", step.to_string());
        process.stdout(Stdio::null()).stderr(Stdio::null());
        process.status().unwrap().success()
    };
    let mut seen = [0, 0];
    for step in 1.. {
        fs::write(&env, &before).unwrap();
        let is_whole = ends(&fix, step);
        let text = content();
        assert!(text == before || text == after, "{text}");
        seen[usize::from(text == after)] += 1;
        if text == after {
            // Taken back just as well, and once more where that was broken off.
            for step in 1.. {
                let is_whole = ends(&["doctor", "--undo"], step);
                let text = content();
                assert!(text == before || text == after && !is_whole, "{text}");
                if is_whole {
                    break;
                }
            }
        }
        if is_whole {
            break;
        }
    }
    assert!(seen[0] > 5 && seen[1] > 1, "{seen:?}");
}

#[test]
fn that_there_is_nothing_to_mend_is_said() {
    let program = Program::new();
    let run = program.run(&["doctor", "--fix", "--yes"]).expect_code(1);
    run.expect_error("--fix finds nothing here that it can mend");
}
