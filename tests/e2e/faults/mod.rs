//! Servers and networks that misbehave: a table, each row of which is run against `ask` and
//! against a chat on a terminal. What is told, the exit code, the text that is kept, the time it
//! takes, the key and the memory are checked; and that the next turn works. Limits of a minute and
//! more are tested beside their constants.

#![allow(
    clippy::print_stdout,
    reason = "figures, for who asks with --nocapture"
)]

mod body;
mod network;
mod run;
mod status;
mod stream;

use run::{Fault, run};

/// How many rows run at a time.
const AT_A_TIME: usize = 8;

#[test]
fn each_misbehaviour_is_survived_and_told() {
    let only = std::env::var("FAULT").unwrap_or_default();
    // What waits the longest comes first.
    let rows = [
        network::faults(),
        stream::faults(),
        body::faults(),
        status::faults(),
    ];
    let rows: Vec<Fault> = rows.into_iter().flatten().collect();
    assert!(rows.len() >= 60, "{} rows", rows.len());
    let chosen = rows.iter().filter(|row| row.name.contains(&only)).collect();
    run(chosen, AT_A_TIME);
}
