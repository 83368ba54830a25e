//! One request and what comes back, received so that Ctrl-C and the clock are never behind a
//! blocked read.
//!
//! A worker thread does the whole call, from DNS to the last byte. The owner waits at one bounded
//! inbox for what the worker gets and for the wake-up of Ctrl-C. An exchange that ends before its
//! response does, by Ctrl-C, by a limit or because it is dropped, shuts the worker's socket down at
//! once, so that the service can stop too; if the socket isn't to be had, or isn't there yet, the
//! worker is left to itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::http::{CONNECT_LIMIT, Http, Request};
use super::inbox::{Event, Step};
use super::socket;
use super::warm::Ready;
use super::worker::Worker;
use crate::error::{Error, NetworkFailure, Waiting};
use crate::interrupt::Watch;

/// A connection that was closed while it was idle fails within a round trip.
const STALE_SHOWS: Duration = Duration::from_secs(1);

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// DNS, TCP and TLS together.
    pub connection: Duration,
    /// From the request's last byte to the response's first.
    pub first_byte: Duration,
    /// Between two reads of a response that has begun.
    pub idle: Duration,
    /// For all of it, if it is something small; an answer of a model may take as long as it
    /// likes.
    pub total: Option<Duration>,
    /// Whether a call that failed is made again if that may help.
    pub retries: bool,
}

impl Limits {
    /// The usual limits, with this one for the first byte: models may think for long before they
    /// say anything.
    pub fn with_first_byte(first_byte: Duration) -> Self {
        Limits {
            connection: CONNECT_LIMIT,
            first_byte,
            idle: Duration::from_secs(90),
            total: None,
            retries: true,
        }
    }

    /// Longer than any wait of the caller's, for the socket itself.
    pub fn silence(self) -> Duration {
        self.first_byte.max(self.idle) + Duration::from_secs(30)
    }

    /// No longer than this, for all of it.
    pub fn at_most(self, limit: Duration) -> Self {
        let Limits {
            connection,
            first_byte,
            idle,
            total,
            retries,
        } = self;
        let [connection, first_byte, idle] =
            [connection, first_byte, idle].map(|wait| wait.min(limit));
        Limits {
            connection,
            first_byte,
            idle,
            total: Some(total.unwrap_or(limit).min(limit)),
            retries,
        }
    }

    /// Without another attempt, for questions that are better left unanswered than answered late.
    pub fn once(self) -> Self {
        Limits {
            retries: false,
            ..self
        }
    }
}

/// A request under way. Ctrl-C is heeded while it is waited for.
pub struct Exchange {
    worker: Worker,
    watch: Watch,
    progress: Progress,
    /// Whether it goes over a warm connection, and nothing came over it yet.
    is_untried: bool,
}

/// What an exchange waits for, and since when. Time is handed in.
#[derive(Debug)]
struct Progress {
    limits: Limits,
    waiting: Waiting,
    since: Instant,
    started: Instant,
}

impl Exchange {
    /// Starts a worker.
    pub fn start(http: &Arc<Http>, mut request: Request, limits: Limits, watch: Watch) -> Self {
        request.silence = socket::distinct(request.silence);
        // Nobody can see the connection of a GET being made, so it gets the time of both.
        let waiting = if request.body.is_some() {
            Waiting::Connection
        } else {
            Waiting::FirstByte
        };
        let http = Arc::clone(http);
        let worker = Worker::start(request.silence, move |inbox| {
            http.send(request, &mut |received| inbox.put(received));
        });
        Exchange {
            worker,
            watch,
            progress: Progress::new(limits, waiting, Instant::now()),
            is_untried: false,
        }
    }

    /// Goes on with a connection that has got its request.
    pub fn resume(ready: Ready, limits: Limits, watch: Watch) -> Self {
        Exchange {
            worker: ready.worker,
            watch,
            progress: Progress::new(limits, Waiting::Connection, Instant::now()),
            is_untried: true,
        }
    }

    /// Whether this failure is that of a connection which the service had closed while it was idle,
    /// so that the same request may go over another one at once. Nobody knows that for certain, as
    /// the service may have closed it over this very request; curl and browsers take it so, too,
    /// for every method, if no response came. What fails later has been read, and may be paid for.
    pub fn was_stale(&self, error: &Error) -> bool {
        self.is_untried
            && self.progress.started.elapsed() < STALE_SHOWS
            && matches!(error, Error::Network(NetworkFailure::Lost { .. }))
    }

    /// Waits for the next step, for `tick` at most if one is given.
    ///
    /// # Errors
    /// Ctrl-C, a time limit, or what the network did.
    pub fn next(&mut self, tick: Option<Duration>) -> Result<Step, Error> {
        let step = self.wait(tick);
        if matches!(step, Ok(Step::End) | Err(_)) {
            self.worker.end();
        }
        step
    }

    fn wait(&mut self, tick: Option<Duration>) -> Result<Step, Error> {
        // The connection is ended where the press is heard, so that the prompt need not wait.
        let _awake = self.watch.wake(self.worker.stopper());
        loop {
            // A press wakes nobody who wasn't waiting yet.
            if self.watch.is_interrupted() {
                return Err(Error::Interrupted);
            }
            let left = self.progress.left(Instant::now());
            let event = self
                .worker
                .inbox
                .take(tick.map_or(left, |tick| tick.min(left)));
            if self.watch.is_interrupted() {
                return Err(Error::Interrupted);
            }
            let now = Instant::now();
            if let Some(failure) = self.progress.overall_limit(now) {
                return Err(Error::Network(failure));
            }
            match event {
                // An upload takes as long as it goes on.
                Some(Event::Writing) => self.progress.begin(Waiting::FirstByte, now),
                Some(Event::Step(step)) => {
                    self.is_untried = false;
                    match step {
                        Step::Head(_) => self.progress.proceed(Waiting::FirstByte, now),
                        Step::Body(_) => self.progress.proceed(Waiting::NextByte, now),
                        Step::End | Step::Tick => {}
                    }
                    return Ok(step);
                }
                Some(Event::Failed(error)) => return Err(error),
                // Woken, or waited long enough for something.
                None => match self.progress.limit(now) {
                    Some(failure) => return Err(Error::Network(failure)),
                    None if tick.is_some() => return Ok(Step::Tick),
                    None => {}
                },
            }
        }
    }
}

impl Progress {
    fn new(limits: Limits, waiting: Waiting, now: Instant) -> Self {
        Progress {
            limits,
            waiting,
            since: now,
            started: now,
        }
    }

    /// How much longer this wait may take.
    fn left(&self, now: Instant) -> Duration {
        self.patience().saturating_sub(now - self.since)
    }

    /// The failure of having waited too long for one thing.
    fn limit(&self, now: Instant) -> Option<NetworkFailure> {
        let limit = self.patience();
        (now - self.since >= limit).then_some(NetworkFailure::TimedOut {
            waiting: self.waiting,
            limit,
        })
    }

    /// The failure of having taken too long for all of it.
    fn overall_limit(&self, now: Instant) -> Option<NetworkFailure> {
        let limit = self
            .limits
            .total
            .filter(|total| now - self.started > *total)?;
        Some(NetworkFailure::TimedOut {
            waiting: self.waiting,
            limit,
        })
    }

    fn patience(&self) -> Duration {
        match self.waiting {
            Waiting::Connection => self.limits.connection,
            Waiting::FirstByte => self.limits.first_byte,
            Waiting::NextByte => self.limits.idle,
        }
    }

    /// Goes on to wait for something else; a wait that goes on keeps its clock.
    fn proceed(&mut self, waiting: Waiting, now: Instant) {
        if waiting != self.waiting || waiting == Waiting::NextByte {
            self.begin(waiting, now);
        }
    }

    fn begin(&mut self, waiting: Waiting, now: Instant) {
        (self.waiting, self.since) = (waiting, now);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::config::environment::Environment;
    use crate::interrupt::Interrupts;

    #[test]
    fn ctrl_c_ends_all_exchanges_that_are_under_way() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.local_addr().unwrap());
        let interrupts = Interrupts::default();
        let start = || {
            let request = Request {
                url: url.parse().unwrap(),
                key: None,
                accept: "*/*",
                headers: &[],
                silence: Duration::from_secs(60),
                body: None,
            };
            let http = Arc::new(Http::new(Environment::default()));
            let limits = Limits::with_first_byte(Duration::from_secs(60));
            Exchange::start(&http, request, limits, interrupts.watch())
        };
        let (mut one, mut two) = (start(), start());
        assert!(matches!(one.next(Some(Duration::ZERO)), Ok(Step::Tick)));
        let waiting = std::thread::spawn(move || two.next(None));
        interrupts.press();
        assert!(matches!(one.next(None), Err(Error::Interrupted)));
        assert!(matches!(waiting.join(), Ok(Err(Error::Interrupted))));
    }

    #[test]
    fn ctrl_c_ends_the_wait_for_a_proxy_at_the_proxy() {
        let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", proxy.local_addr().unwrap());
        let request = Request {
            url: "https://service.example".parse().unwrap(),
            key: None,
            accept: "*/*",
            headers: &[],
            silence: Duration::from_secs(60),
            body: Some(Vec::new()),
        };
        let http = Arc::new(Http::new(Environment::from_pairs(&[(
            "https_proxy",
            &address,
        )])));
        let interrupts = Interrupts::default();
        let limits = Limits::with_first_byte(Duration::from_secs(60));
        let mut exchange = Exchange::start(&http, request, limits, interrupts.watch());
        let (mut stream, _) = proxy.accept().unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut asked = [0; 7];
        stream.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"CONNECT");
        interrupts.press();
        assert!(matches!(exchange.next(None), Err(Error::Interrupted)));
        // Sooner than the proxy is given up.
        stream.read_to_end(&mut Vec::new()).unwrap();
    }

    /// As a resolver that hangs or a TLS handshake that stalls, neither of which has a limit.
    #[test]
    fn a_worker_that_says_nothing_is_given_up_after_the_limit_of_the_connection() {
        let (held, hangs) = std::sync::mpsc::channel::<()>();
        let worker = Worker::start(Duration::from_secs(60), move |_| _ = hangs.recv());
        let connection = Duration::from_millis(10);
        let limits = Limits {
            connection,
            ..Limits::with_first_byte(Duration::from_secs(60))
        };
        let mut exchange = Exchange {
            worker,
            watch: Interrupts::default().watch(),
            progress: Progress::new(limits, Waiting::Connection, Instant::now()),
            is_untried: false,
        };
        let Err(Error::Network(failure)) = exchange.next(None) else {
            panic!("it waits for ever");
        };
        let (waiting, limit) = (Waiting::Connection, connection);
        assert_eq!(failure, NetworkFailure::TimedOut { waiting, limit });
        drop(held);
    }

    #[test]
    fn each_phase_has_a_limit_of_its_own_and_all_of_it_another() {
        let seconds = Duration::from_secs;
        let limits = Limits {
            connection: seconds(5),
            first_byte: seconds(60),
            idle: seconds(10),
            total: Some(seconds(100)),
            retries: false,
        };
        let start = Instant::now();
        let mut progress = Progress::new(limits, Waiting::Connection, start);
        let waited = |progress: &Progress, after| {
            let failure = progress.limit(start + seconds(after))?;
            let NetworkFailure::TimedOut { waiting, limit } = failure else {
                return None;
            };
            Some((waiting, limit.as_secs()))
        };
        assert_eq!(progress.left(start + seconds(2)), seconds(3));
        assert_eq!(waited(&progress, 4), None);
        assert_eq!(waited(&progress, 5), Some((Waiting::Connection, 5)));
        for upload in 1..=4 {
            progress.begin(Waiting::FirstByte, start + seconds(upload));
        }
        progress.proceed(Waiting::FirstByte, start + seconds(50));
        assert_eq!(
            waited(&progress, 64),
            Some((Waiting::FirstByte, 60)),
            "a head is no byte of an answer"
        );
        progress.proceed(Waiting::NextByte, start + seconds(60));
        progress.proceed(Waiting::NextByte, start + seconds(69));
        assert_eq!(waited(&progress, 78), None);
        assert_eq!(waited(&progress, 79), Some((Waiting::NextByte, 10)));
        assert_eq!(progress.overall_limit(start + seconds(100)), None);
        assert!(progress.overall_limit(start + seconds(101)).is_some());
    }
}
