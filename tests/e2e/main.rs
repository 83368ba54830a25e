//! The program from outside: its commands, its terminal, its network. Pure rules are tested beside
//! their code.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in helpers too"
)]

mod ask;
mod commands;
mod config;
mod doctor;
mod dyno;
mod exported_code;
mod heroku_cli;
mod heroku_plugin;
mod local_model;
mod repl;
mod resume;
mod sandbox;
mod sessions;
mod shells;
mod support;
mod transport;
mod typing;
