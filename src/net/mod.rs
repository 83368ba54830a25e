//! The wire: connections, proxies, TLS and HTTP. It knows nothing of chats or of what a body says.

mod certificate;
mod exchange;
mod http;
mod inbox;
mod interim;
pub mod proxy;
pub mod reach;
mod roots;
mod socket;
pub mod tunnel;
mod warm;
mod worker;

pub use exchange::{Exchange, Limits};
pub use http::{Head, Http, Request};
pub use inbox::Step;
pub use warm::Warm;

/// Why a request that is stopped goes on at the service, if it does.
pub fn cannot_stop() -> Option<std::io::Error> {
    socket::Socket::can_be_found().err()
}
