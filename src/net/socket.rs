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
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver};
    use std::thread;

    use super::super::{Exchange, Http, Limits, Request, Step};
    use super::*;
    use crate::config::environment::Environment;
    use crate::error::Error;
    use crate::interrupt::Interrupts;

    const LONG: Duration = Duration::from_secs(60);
    const BEGINNING: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

    /// A server that says this, again and again if it drips. Tells when a connection said
    /// something, and when it ended.
    fn serve(answer: &'static str, drips: bool) -> (u16, Receiver<&'static str>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, heard) = mpsc::channel();
        let serve = move |mut stream: TcpStream| {
            let mut buffer = [0; 4096];
            _ = stream.read(&mut buffer);
            _ = told.send("begun");
            _ = stream.write_all(answer.as_bytes());
            let mut other = stream.try_clone().unwrap();
            thread::spawn(move || while drips && other.write_all(b"1\r\n!\r\n").is_ok() {});
            while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
            _ = told.send("ended");
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serve = serve.clone();
                thread::spawn(move || serve(stream));
            }
        });
        (port, heard)
    }

    fn start(http: &Arc<Http>, url: &str, interrupts: &Interrupts) -> Exchange {
        let request = Request {
            url: url.parse().unwrap(),
            key: None,
            accept: "*/*",
            silence: LONG,
            body: Some(b"{}".to_vec()),
        };
        let limits = Limits::with_first_byte(LONG);
        Exchange::start(http, request, limits, interrupts.watch())
    }

    fn read_body(exchange: &mut Exchange) {
        while !matches!(exchange.next(None), Ok(Step::Body(_))) {}
    }

    /// Whether there is nothing to see, as in a container that forbids it; never in CI.
    fn is_forbidden() -> bool {
        Socket::can_be_found().is_err() && std::env::var_os("CI").is_none()
    }

    #[test]
    fn ctrl_c_ends_the_connection_at_once_whatever_it_is_waiting_for() {
        for (phase, scheme, answer, drips) in [
            ("TLS handshake", "https", "", false),
            ("before the head", "http", "", false),
            ("stalled", "http", BEGINNING, false),
            ("mid-stream", "http", BEGINNING, true),
        ] {
            let (port, heard) = serve(answer, drips);
            let (interrupts, http) = Default::default();
            let http = Arc::new(Http::new(http));
            let url = format!("{scheme}://127.0.0.1:{port}");
            let mut exchange = start(&http, &url, &interrupts);
            assert_eq!(heard.recv_timeout(LONG / 2), Ok("begun"), "{phase}");
            if !answer.is_empty() {
                read_body(&mut exchange);
            }
            interrupts.press();
            let end = std::iter::repeat_with(|| exchange.next(None)).find(Result::is_err);
            assert!(matches!(end, Some(Err(Error::Interrupted))), "{phase}");
            let ended = heard.recv_timeout(LONG / 2);
            assert!(ended == Ok("ended") || is_forbidden(), "{phase}");
        }
    }

    #[test]
    fn of_two_exchanges_with_a_host_only_the_abandoned_one_ends() {
        let (port, heard) = serve(BEGINNING, true);
        let (interrupts, http) = (Interrupts::default(), Environment::default());
        let http = Arc::new(Http::new(http));
        let url = format!("http://127.0.0.1:{port}");
        let [mut one, mut two] = [0, 1].map(|_| start(&http, &url, &interrupts));
        read_body(&mut one);
        drop(one);
        let ended = std::iter::repeat_with(|| heard.recv_timeout(LONG / 2));
        let ended = ended.take(3).any(|it| it == Ok("ended"));
        assert!(ended || is_forbidden());
        (0..100).for_each(|_| read_body(&mut two));
    }
}
