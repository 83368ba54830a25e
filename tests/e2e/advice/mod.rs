//! Whether advice mends: in each broken setup the commands that `doctor` and `ask` print are
//! executed as they are printed, one after the other, as somebody would who knows nothing else. After
//! each the outcome has to be a better one, or the command was marked as something to look at.
//!
//! `cargo test --test e2e advice -- --nocapture` prints the list and the figure.

pub mod cases;
mod walk;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::doctor;
use super::support::{Program, Run, Setup};
use cases::{Broken, CASES};
use walk::{Step, Verdict, walk};

/// The least share of commands that mend or are marked, in percent.
const LEAST: usize = 90;

#[test]
#[allow(clippy::print_stdout, reason = "the list is what the test is for")]
fn the_advice_of_broken_setups_mends_them() {
    let noticed = doctor::CASES.iter().map(|case| Broken {
        name: case.name,
        set_up: case.set_up,
        flags: case.flags,
    });
    let all: Vec<Broken> = CASES.iter().copied().chain(noticed).collect();
    assert!(all.len() >= 60, "{} setups", all.len());
    let (next, steps) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        // Most of the time is spent waiting for what is silent.
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(case) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let taken = walk(case);
                    steps.lock().unwrap().push((case.name, taken));
                }
            });
        }
    });
    let mut walks = steps.into_inner().unwrap();
    walks.sort_by_key(|(name, _)| *name);
    for (name, steps) in &walks {
        println!("{name}");
        for Step {
            from,
            command,
            verdict,
        } in steps
        {
            println!("  {verdict:8} {from}: {command}");
        }
    }
    for (name, steps) in &walks {
        for Step { command, .. } in steps {
            assert!(
                !command.contains("claude-3"),
                "{name} offers a model that ends: {command}"
            );
            let buys = command.starts_with("heroku addons:create");
            let has_one = name.contains("under another name");
            assert!(!buys || !has_one, "{name} buys a second add-on: {command}");
        }
    }
    let steps = || walks.iter().flat_map(|(_, steps)| steps);
    let count = |is: fn(&Verdict) -> bool| steps().filter(|step| is(&step.verdict)).count();
    let (all, failed) = (
        steps().count(),
        count(|it| matches!(it, Verdict::InVain(_))),
    );
    let silent = walks.iter().filter(|(_, steps)| steps.is_empty()).count();
    let whole = |steps: &Vec<Step>| {
        steps
            .iter()
            .all(|it| !matches!(it.verdict, Verdict::InVain(_)))
    };
    let whole = walks
        .iter()
        .filter(|(_, it)| !it.is_empty() && whole(it))
        .count();
    println!(
        "{} setups, {silent} of them with advice in words only; in {whole} of the other {} every \
         command mends or is marked\n{all} commands: {} mend, {} are marked as a look, {failed} do \
         neither",
        walks.len(),
        walks.len() - silent,
        count(|it| matches!(it, Verdict::Mends)),
        count(|it| matches!(it, Verdict::Look)),
    );
    assert!(all >= 60, "{all} commands");
    assert!(
        (all - failed) * 100 >= LEAST * all,
        "{failed} of {all} commands are in vain"
    );
}

/// Runs the program in one of the setups.
fn run(name: &str, arguments: &[&str]) -> Run {
    let case = CASES.iter().find(|case| case.name == name).expect(name);
    let Setup(program, _servers) = (case.set_up)();
    program.run(&[arguments, case.flags].concat())
}

#[test]
fn what_heroku_cannot_do_now_is_code_3_and_the_title() {
    for (name, words) in [
        (
            "Heroku is offline",
            "Error: Heroku could not be reached, so INFERENCE_URL",
        ),
        (
            "Heroku limits the account",
            "Error: Heroku refused, so INFERENCE_URL",
        ),
        ("Heroku fails", "HTTP Error 503"),
        ("Heroku itself limits the account", "API rate limit"),
        ("Heroku itself fails", "status 503"),
    ] {
        run(name, &["ask", "hi"]).expect_code(3).expect_error(words);
    }
}

#[test]
fn blanks_round_the_values_of_an_app_do_not_matter() {
    run("blanks round the app's values", &["ask", "hi"]).expect_code(0);
}

#[test]
fn a_report_is_json_whatever_stands_behind_as() {
    let run = Program::new()
        .run(&["doctor", "--json", "--as", "1 2"])
        .expect_code(1);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["ok"], false);
    assert!(
        report["next"].as_str().unwrap().contains("--as"),
        "{report}"
    );
}
