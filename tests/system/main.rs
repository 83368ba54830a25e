//! The program beside the real things it lives with: the Heroku CLI, shells, the interpreters of
//! exported code, a model. `scripts/check` installs them and runs these tests; `cargo test` alone
//! leaves them out.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in helpers too"
)]

mod bare_root;
mod doctor;
mod dry_run;
mod exported_code;
mod heroku_cli;
mod heroku_plugin;
mod local_model;
mod process_1;
mod release;
mod shells;
#[allow(dead_code, unused_imports, reason = "shared with tests/e2e")]
#[path = "../support/mod.rs"]
mod support;
