//! Whether advice mends: in each broken setup the commands that `doctor` and `ask` print are
//! executed as they are printed, one after the other, as somebody would who knows nothing else. After
//! each the outcome has to be a better one, or the command was marked as something to look at.
//!
//! `cargo test --test e2e advice -- --nocapture` prints the list and the figure.

mod cases;
mod walk;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::doctor;
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
