//! Times as people give them.

use std::str::FromStr;

use chrono::{Days, NaiveDate, NaiveTime};

use crate::record::{InvalidValue, Span, Timestamp};

/// A point in time on the command line; some are relative to now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum When {
    Now,
    /// Midnight in UTC, so many days ago.
    DaysAgo(u64),
    Ago(Span),
    At(Timestamp),
}

impl When {
    pub(super) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Now => now,
            Self::Ago(span) => now.saturating_sub(span.to_std()),
            Self::At(at) => at,
            Self::DaysAgo(days) => {
                let today = now.to_chrono().date_naive();
                let day = today.checked_sub_days(Days::new(days)).unwrap_or(today);
                day.and_time(NaiveTime::MIN).and_utc().into()
            }
        }
    }
}

impl FromStr for When {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || InvalidValue::new("time", text, EXPECTED);
        match text {
            "now" => return Ok(Self::Now),
            "today" => return Ok(Self::DaysAgo(0)),
            "yesterday" => return Ok(Self::DaysAgo(1)),
            _ => {}
        }
        if let Ok(span) = text.parse() {
            return Ok(Self::Ago(span));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let looks_like_a_date = text.len() == "2026-09-01".len();
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|_| looks_like_a_date)
            .ok_or_else(malformed)?;
        Ok(Self::At(day.and_time(NaiveTime::MIN).and_utc().into()))
    }
}

const EXPECTED: &str = "2h, 7d or 30m for so long ago, now, today, yesterday, 2026-09-01, \
     or 2026-09-01T08:00:00+02:00";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        let now = "2026-11-22T18:42:30.131900Z".parse().unwrap();
        text.parse::<When>().unwrap().at(now).to_string()
    }

    #[test]
    fn times_read_as_people_write_them() {
        for (text, expected) in [
            ("now", "2026-11-22T18:42:30.131900Z"),
            ("2h", "2026-11-22T16:42:30.131900Z"),
            ("7d", "2026-11-15T18:42:30.131900Z"),
            ("today", "2026-11-22T00:00:00.000000Z"),
            ("yesterday", "2026-11-21T00:00:00.000000Z"),
            ("2026-09-01", "2026-09-01T00:00:00.000000Z"),
            ("2026-09-01T08:00:00+02:00", "2026-09-01T06:00:00.000000Z"),
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-9-1",
            "2026-09-01T08:00:00",
            "-2h",
            "2 h",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
