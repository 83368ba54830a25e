//! Whether and when to retry: as the service asks, or with exponential back-off and jitter, within
//! bounds.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::net::Head;

/// How often a request is sent again.
pub const RETRIES: u32 = 3;

/// No service asks for less and means it.
pub const SHORTEST_WAIT: Duration = Duration::from_millis(500);

/// How long all waits of a turn may take together.
pub const TOTAL_WAIT: Duration = Duration::from_secs(60);

/// Whether the request of a failed response may well succeed a little later. The header and the
/// statuses are those of OpenAI's and Anthropic's clients (`_should_retry` in `_base_client.py`),
/// but for statuses of which nothing will change, such as 501; 520 to 530 are Cloudflare's.
pub fn may_pass(head: &Head, is_quota: bool) -> bool {
    let word = head.header("x-should-retry").unwrap_or_default();
    let word = word.trim().to_ascii_lowercase().parse();
    word.unwrap_or(
        !is_quota && matches!(head.status, 408 | 409 | 425 | 429 | 500 | 502..=504 | 520..=530),
    )
}

/// The time, for whoever is handed it instead of looking at a clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For how long something takes.
    pub instant: Instant,
    /// For dates that a service names.
    pub date: SystemTime,
}

impl Now {
    /// Looks at both clocks.
    pub fn read() -> Self {
        Now {
            instant: Instant::now(),
            date: SystemTime::now(),
        }
    }
}

/// How often a call may be sent again, and how long its waits may still take.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    left: u32,
    waited: Duration,
    jitter: f64,
}

impl Attempts {
    /// As often as is usual. `jitter`, from 0 to 1, is this client's own, so that many of them
    /// don't come back at once.
    pub fn usual(jitter: f64) -> Self {
        Attempts {
            left: RETRIES,
            waited: Duration::ZERO,
            jitter,
        }
    }

    /// One attempt, for questions that are better left unanswered than answered late.
    pub fn single() -> Self {
        Attempts {
            left: 0,
            ..Attempts::usual(0.0)
        }
    }

    /// How long to wait before another attempt after this failure; none if there is none to make.
    pub fn wait_after(&mut self, error: &Error) -> Option<Duration> {
        let wanted = match error {
            Error::Service(problem) => problem.retry_after,
            _ => None,
        };
        let wait = wanted.unwrap_or_else(|| back_off(RETRIES - self.left, self.jitter));
        let wait = wait.max(SHORTEST_WAIT);
        let is_allowed = error.is_transient() && self.left > 0 && self.waited + wait <= TOTAL_WAIT;
        is_allowed.then(|| {
            self.left -= 1;
            self.waited += wait;
            wait
        })
    }
}

/// The wait before retry number `retry`, counted from 0: 1, 2, 4 s, each shortened by up to a half
/// so that many clients don't come back at once. `random` is from 0 to 1.
pub fn back_off(retry: u32, random: f64) -> Duration {
    let full = Duration::from_secs(1 << retry.min(6));
    full.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

/// The wait that the headers of a failure ask for. Heroku documents `Retry-After` and
/// `x-ratelimit-reset-*` in more than one form: seconds, durations such as `1m2s`, and a point in
/// time. The latter are on every answer and mean something only if a rate limit is the failure.
///
/// A point in time is one of the service's clock, which tells it with each answer; `now` is ours.
pub fn wanted_wait(head: &Head, now: SystemTime) -> Option<Duration> {
    let theirs = head.header("date").map(httpdate::parse_http_date);
    let now = theirs.and_then(Result::ok).unwrap_or(now);
    let wait = |name: &str| parse_wait(head.header(name)?, now);
    let reset = |what: &str| {
        let is_used_up = head
            .header(&format!("x-ratelimit-remaining-{what}"))
            .is_none_or(|left| left.trim() == "0");
        wait(&format!("x-ratelimit-reset-{what}")).filter(|_| is_used_up)
    };
    let resets = || {
        reset("requests")
            .max(reset("tokens"))
            .filter(|_| head.status == 429)
    };
    // OpenAI's and Anthropic's services say it in milliseconds, too.
    let milliseconds = || {
        let number: f64 = head.header("retry-after-ms")?.trim().parse().ok()?;
        Duration::try_from_secs_f64(number / 1000.0).ok()
    };
    milliseconds()
        .or_else(|| wait("retry-after"))
        .or_else(resets)
}

fn parse_wait(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        // What is larger than any wait is a point in time.
        let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
        let seconds = if number > 1e9 { number - now } else { number };
        return Duration::try_from_secs_f64(seconds.clamp(0.0, f64::MAX)).ok();
    }
    match httpdate::parse_http_date(text) {
        Ok(date) => Some(date.duration_since(now).unwrap_or_default()),
        Err(_) => duration(text),
    }
}

/// A duration such as `51s`, `1m2s` or `250ms`.
fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    // Each unit in a letter.
    for part in text.replace("ms", "i").split_inclusive(char::is_alphabetic) {
        let unit = part.chars().last()?;
        let number: f64 = part.strip_suffix(unit)?.parse().ok()?;
        let seconds = match unit {
            'i' => 0.001,
            's' => 1.0,
            'm' => 60.0,
            'h' => 3600.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_of_a_wait_is_read() {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let table = [
            ("7", Some(7_000)),
            ("0.5", Some(500)),
            ("51s", Some(51_000)),
            ("1m2s", Some(62_000)),
            ("250ms", Some(250)),
            ("1790000030", Some(30_000)),
            ("1780000000", Some(0)),
            ("-3", Some(0)),
            ("Mon, 21 Sep 2026 14:13:40 GMT", Some(20_000)),
            ("Mon, 21 Sep 2020 14:13:40 GMT", Some(0)),
            ("18000000000000000000s18000000000000000000s", None),
            ("soon", None),
            ("", None),
            ("nan", None),
            ("1e300", None),
        ];
        for (text, expected) in table {
            assert_eq!(
                parse_wait(text, now),
                expected.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }

    #[test]
    fn waits_grow_and_are_spread() {
        assert_eq!(back_off(0, 0.0), Duration::from_secs(1));
        assert_eq!(back_off(0, 1.0), Duration::from_millis(500));
        assert_eq!(back_off(2, 0.0), Duration::from_secs(4));
        assert_eq!(back_off(99, 0.0), Duration::from_secs(64));
    }

    #[test]
    fn resets_count_only_for_a_limit_that_is_used_up() {
        let head = |status, headers: &[(&str, &str)]| Head {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| (format!("x-ratelimit-{name}"), (*value).to_owned()))
                .collect(),
        };
        let both = [
            ("remaining-requests", "198"),
            ("reset-requests", "1s"),
            ("remaining-tokens", "0"),
            ("reset-tokens", "51s"),
        ];
        let wait = |head: &Head| wanted_wait(head, UNIX_EPOCH).map(|wait| wait.as_secs());
        assert_eq!(wait(&head(429, &both)), Some(51));
        assert_eq!(wait(&head(503, &both)), None);
        assert_eq!(wait(&head(429, &[("reset-requests", "7s")])), Some(7));
        let headers = ["1500", "soon"].map(|milliseconds| Head {
            status: 503,
            headers: vec![
                ("retry-after-ms".to_owned(), milliseconds.to_owned()),
                ("retry-after".to_owned(), "2".to_owned()),
            ],
        });
        let waits = headers.map(|head| wanted_wait(&head, UNIX_EPOCH).map(|wait| wait.as_millis()));
        assert_eq!(waits, [Some(1500), Some(2000)]);
    }

    #[test]
    fn a_point_in_time_is_one_of_the_services_clock_if_that_is_known() {
        let wait = |date: &str| {
            let headers = [
                ("date", date),
                ("retry-after", "Mon, 21 Sep 2026 14:13:40 GMT"),
            ];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let (status, headers) = (429, headers.to_vec());
            wanted_wait(&Head { status, headers }, UNIX_EPOCH).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("Mon, 21 Sep 2026 14:13:33 GMT"), Some(7));
        assert_eq!(wait("Mon, 21 Sep 2026 15:00:00 GMT"), Some(0));
        assert_eq!(wait("soon"), Some(1_790_000_020));
    }

    #[test]
    fn the_service_says_whether_to_try_again_else_its_status_does() {
        let passes = |status, word: Option<&str>, is_quota| {
            let headers = word.map(|word| ("x-should-retry".to_owned(), word.to_owned()));
            let headers = headers.into_iter().collect();
            may_pass(&Head { status, headers }, is_quota)
        };
        for status in [408, 409, 425, 429, 500, 502, 503, 504, 520, 524, 529, 530] {
            assert!(passes(status, None, false), "{status}");
            assert!(!passes(status, Some("false"), false), "{status}");
            assert!(!passes(status, None, true), "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422, 501, 505, 511] {
            assert!(!passes(status, None, false), "{status}");
            assert!(passes(status, Some("true"), false), "{status}");
        }
        assert!(passes(503, Some("perhaps"), false));
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(text in "[0-9msh.]{0,60}|.*") {
            parse_wait(&text, UNIX_EPOCH);
        }
    }
}
