//! The socket of an exchange. attohttpc hands out none, so it is looked for among the descriptors
//! of this process, by a read limit that no other exchange has, and duplicated: what is done to the
//! duplicate is done to the socket, and its number can't have become another's meanwhile.
//!
//! A container may forbid that (Docker's usual profile allows `pidfd_getfd` with CAP_SYS_PTRACE
//! only, moby 45622), and Windows has no such way: then nothing is found.

use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// By how much the read limits of two exchanges differ at least: whole ticks of any kernel's clock,
/// to which the system rounds them.
const STEP: Duration = Duration::from_millis(20);

/// How many read limits were given out: as descriptors are, for the whole process.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// This read limit, made a little longer, so that no other exchange has the same.
pub fn distinct(limit: Duration) -> Duration {
    limit + STEP * (COUNT.fetch_add(1, Ordering::Relaxed) % 1000)
}

/// Ends the connection of the socket with this read limit, and with it whatever waits for that; if
/// it isn't to be had, whoever uses it is left to itself.
pub fn shut_down(limit: Duration) {
    if let Ok(socket) = Socket::find(limit) {
        socket.shut_down();
    }
}

/// A socket, beside whoever uses it.
#[cfg(unix)]
pub struct Socket(OwnedFd);

/// There is none.
#[cfg(not(unix))]
pub enum Socket {}

#[cfg(unix)]
impl Socket {
    /// The socket with this read limit.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none yet or any more, or why nobody may look.
    pub fn find(limit: Duration) -> io::Result<Self> {
        let wanted = Ok(Some(limit));
        let duplicates = Duplicates::new()?;
        let mut failure = io::ErrorKind::NotFound.into();
        for entry in std::fs::read_dir("/dev/fd")? {
            let name = entry?.file_name();
            let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match duplicates.of(number) {
                Ok(found) if read_limit(&found) == wanted => return Ok(Socket(found)),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => failure = error,
                // No socket, or closed since it was listed.
                Ok(_) | Err(_) => {}
            }
        }
        Err(failure)
    }

    /// Whether sockets can be found, and why not.
    ///
    /// # Errors
    /// If not.
    pub fn can_be_found() -> io::Result<()> {
        Duplicates::new()?.of(0).map(drop)
    }

    pub fn shut_down(&self) {
        // Fails only if the other side was faster.
        _ = rustix::net::shutdown(&self.0, rustix::net::Shutdown::Both);
    }

    /// Has the system send what is written at once, and not wait for acknowledgements of what was
    /// sent before: head and body of a long request are two writes.
    pub fn send_at_once(&self) {
        _ = rustix::net::sockopt::set_tcp_nodelay(&self.0, true);
    }

    /// Whether the other side has closed it, as far as the system tells without reading.
    pub fn is_closed(&self) -> bool {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let mut sockets = [PollFd::new(&self.0, PollFlags::RDHUP)];
            let now = Timespec::default();
            poll(&mut sockets, Some(&now)).is_ok_and(|closed| closed > 0)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        false
    }
}

#[cfg(unix)]
fn read_limit(found: &OwnedFd) -> rustix::io::Result<Option<Duration>> {
    rustix::net::sockopt::socket_timeout(found, rustix::net::sockopt::Timeout::Recv)
}

#[cfg(not(unix))]
impl Socket {
    /// # Errors
    /// Always.
    pub fn find(_: Duration) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// # Errors
    /// Always.
    pub fn can_be_found() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn shut_down(&self) {
        match *self {}
    }

    pub fn send_at_once(&self) {
        match *self {}
    }

    pub fn is_closed(&self) -> bool {
        match *self {}
    }
}

/// Duplicates descriptors of this process by their numbers.
#[cfg(any(target_os = "linux", target_os = "android"))]
struct Duplicates(OwnedFd);

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Duplicates {
    fn new() -> io::Result<Self> {
        use rustix::process::{PidfdFlags, getpid, pidfd_open};
        Ok(Duplicates(pidfd_open(getpid(), PidfdFlags::empty())?))
    }

    fn of(&self, number: i32) -> io::Result<OwnedFd> {
        use rustix::process::{PidfdGetfdFlags, pidfd_getfd};
        Ok(pidfd_getfd(&self.0, number, PidfdGetfdFlags::empty())?)
    }
}

/// There, to open a descriptor's file is to duplicate it (XNU's `fdesc_open`).
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
struct Duplicates;

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
impl Duplicates {
    fn new() -> io::Result<Self> {
        Ok(Duplicates)
    }

    fn of(&self, number: i32) -> io::Result<OwnedFd> {
        std::fs::File::open(format!("/dev/fd/{number}")).map(OwnedFd::from)
    }
}

#[cfg(test)]
pub mod tests;
