//! What the end-to-end tests share: the program in an environment of its own, servers to talk to, and a terminal.

mod api;
mod platform;
mod program;
mod terminal;

pub use api::{Api, event, respond, sse_head};
pub use platform::{Answer, NOBODY_LISTENS, Platform, TOKEN};
pub use program::{KEY, Program, Run, script};
pub use terminal::Terminal;
