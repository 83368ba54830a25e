//! The program from outside: its commands, its terminal, its network. Needs the Rust toolchain, a
//! POSIX shell and nothing else; what needs more stands in tests/system. Pure rules are tested
//! beside their code.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in helpers too"
)]

mod accessible;
mod advice;
mod answers;
mod ask;
mod command_line;
mod commands;
mod config;
mod convenience;
mod cost;
mod direct;
mod doctor;
mod dyno;
mod explain;
mod faults;
mod fix;
mod harness;
mod kept;
mod mentions;
mod pictures;
#[cfg(target_os = "linux")]
mod process;
mod prompts;
mod repl;
mod report;
mod resume;
mod sandbox;
mod sessions;
mod shell;
#[allow(dead_code, unused_imports, reason = "shared with tests/system")]
#[path = "../support/mod.rs"]
mod support;
mod transport;
mod typing;
mod why;
mod why_app;
