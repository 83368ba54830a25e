//! Dates in session files, their names and their lists. UTC, so that names sort by time even on the
//! day the clocks go back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time as in RFC 3339, to the second; none if no calendar has it.
pub fn rfc3339(time: SystemTime) -> Option<String> {
    date_time(time)?.format(&Rfc3339).ok()
}

/// A time as names begin with it, to the minute: `2026-11-23-0215`.
pub fn stamp(time: SystemTime) -> String {
    let Some(time) = date_time(time) else {
        return "undated".to_owned();
    };
    format!("{}-{:02}{:02}", time.date(), time.hour(), time.minute())
}

/// How long ago something was, the way people say it; a date if that is long.
pub fn age(time: SystemTime, now: SystemTime) -> String {
    match now.duration_since(time).unwrap_or_default().as_secs() {
        0..60 => "now".to_owned(),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds @ 86_400..1_209_600 => format!("{} d ago", seconds / 86_400),
        _ => date_time(time).map_or_else(String::new, |time| time.date().to_string()),
    }
}

/// Checked, because a file may claim to be from any year.
fn date_time(time: SystemTime) -> Option<OffsetDateTime> {
    let seconds = Duration::from_secs(time.duration_since(UNIX_EPOCH).ok()?.as_secs());
    OffsetDateTime::UNIX_EPOCH.checked_add(seconds.try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(
            rfc3339(at(1_795_400_107)).as_deref(),
            Some("2026-11-23T02:15:07Z")
        );
        assert_eq!(stamp(at(1_795_400_107)), "2026-11-23-0215");
        assert_eq!(stamp(at(0)), "1970-01-01-0000");
    }

    #[test]
    fn a_year_that_no_calendar_has_is_no_time() {
        let far = UNIX_EPOCH
            .checked_add(Duration::from_secs(1 << 55))
            .expect("a time");
        assert_eq!(rfc3339(far), None);
        assert_eq!(age(at(0), far), "1970-01-01");
        assert_eq!(age(far, at(0)), "now");
    }

    #[test]
    fn ages_read_like_speech() {
        let now = at(1_795_400_107);
        let before = |seconds| now - Duration::from_secs(seconds);
        let table = [
            (0, "now"),
            (59, "now"),
            (60, "1 min ago"),
            (3_599, "59 min ago"),
            (7_200, "2 h ago"),
            (86_400, "1 d ago"),
            (13 * 86_400, "13 d ago"),
            (14 * 86_400, "2026-11-09"),
        ];
        for (seconds, text) in table {
            assert_eq!(age(before(seconds), now), text);
        }
    }
}
