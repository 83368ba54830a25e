//! What the end-to-end tests share: the program in an environment of its own, servers to talk to,
//! and a terminal.

mod api;
mod platform;
mod plugin;
mod program;
mod terminal;
mod tls;

pub use api::{Api, event, respond, sse_head};
pub use platform::{Answer, NOBODY_LISTENS, Platform};
pub use plugin::{offline, packages, with_plugin};
pub use program::{
    KEY, Program, Run, git, heroku, output, script, which, with_heroku, without_heroku,
};
pub use terminal::Terminal;
pub use tls::{Tls, proxy, proxy_with_heads};
