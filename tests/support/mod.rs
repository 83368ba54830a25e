//! What the end-to-end tests share: the program in an environment of its own, servers to talk to,
//! and a terminal.

mod api;
mod limit;
mod picture;
mod platform;
mod plugin;
mod process;
mod program;
mod served;
mod setup;
mod terminal;
mod tls;
mod turn;

pub use api::{Api, Exchange, event, respond, sse_head};
pub use limit::Limit;
pub use picture::picture;
pub use platform::{Answer, App, NOBODY_LISTENS, Platform, SECRETS, TOKEN, log_path};
pub use plugin::{PLUGIN, offline, packages, with_plugin};
pub use process::{Signal, signal};
pub use program::{
    KEY, Program, RECORDED_ACCOUNT, Run, clis, fifo, git, heroku, output, script, which,
    with_heroku, with_recordings, without_heroku,
};
pub use setup::{
    CATALOGUE, Case, Report, SERVICE, Setup, api, check_part, env_file, in_time, report, with_model,
};
pub use terminal::{Terminal, is_sane};
pub use tls::{Proxy, Tls};
