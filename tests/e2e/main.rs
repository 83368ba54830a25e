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
mod commands;
mod config;
mod convenience;
mod direct;
mod doctor;
mod dyno;
mod explain;
mod faults;
mod harness;
mod kept;
mod mentions;
mod pictures;
#[cfg(target_os = "linux")]
mod process;
mod repl;
mod resume;
mod sandbox;
mod sessions;
#[allow(dead_code, unused_imports, reason = "shared with tests/system")]
#[path = "../support/mod.rs"]
mod support;
mod transport;
mod typing;
mod why;
mod why_app;
