//! The wire: connections, proxies, TLS and HTTP. It knows nothing of chats or of what a body says.

mod certificate;
mod exchange;
mod http;
mod inbox;
mod interim;
pub mod proxy;
pub mod reach;
mod roots;
pub mod tunnel;

pub use exchange::{Exchange, Limits, Step};
pub use http::{Head, Http, Request};
