//! Points in time and durations, in microseconds and milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Serialize, Serializer};

use super::InvalidValue;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
///
/// Its text is RFC 3339 in UTC with six decimals. Reading accepts any offset, and drops digits
/// beyond the microsecond.
///
/// ```
/// use contextrail::record::Timestamp;
/// let at: Timestamp = "2026-11-22T19:42:30.1319+01:00".parse().unwrap();
/// assert_eq!(at.to_string(), "2026-11-22T18:42:30.131900Z");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `at_us` microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// When the year is outside 0000–9999, which RFC 3339 cannot write.
    pub fn from_micros(at_us: i64) -> Result<Self, InvalidValue> {
        if (FIRST_US..=LAST_US).contains(&at_us) {
            Ok(Self(at_us))
        } else {
            Err(InvalidValue::new(
                "time",
                &at_us.to_string(),
                "a year from 0000 to 9999",
            ))
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to this time, negative when `earlier` is later.
    ///
    /// A started millisecond counts, so that an age just over a limit never rounds down onto it.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        let micros = self.0 - earlier.0;
        micros.div_euclid(1_000) + (micros.rem_euclid(1_000) != 0) as i64
    }

    /// This time moved back by `span`, stopping at the first time there is.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(FIRST_US))
    }

    /// This time so many days on, stopping at the last time there is.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        let micros = i64::from(days) * 86_400_000_000;
        Self(self.0.saturating_add(micros).min(LAST_US))
    }

    /// This time so many days before, stopping at the first time there is.
    #[must_use]
    pub fn minus_days(self, days: u32) -> Self {
        self.saturating_sub(Duration::from_secs(u64::from(days) * 86_400))
    }

    /// The microsecond behind this one, stopping at the last time there is.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1).min(LAST_US))
    }

    /// The same time for `chrono`.
    #[must_use]
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).expect("the range was checked on construction")
    }
}

/// Reads a member that may be left out: a time, or a date that stands for its midnight in UTC.
pub(super) fn time_or_date<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let is_date = text.len() == "2025-05-15".len();
    let day = chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    match midnight.filter(|_| is_date) {
        Some(midnight) => Ok(Some(midnight.and_utc().into())),
        None => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_micros().clamp(FIRST_US, LAST_US))
    }
}

impl Timestamp {
    /// Works on the text of the time, which needs no allocation: a record has dozens of times.
    fn with_text<R>(self, work: impl FnOnce(&str) -> R) -> R {
        let at = self.to_chrono();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |range: std::ops::Range<usize>, number: u32| {
            let mut rest = number;
            for digit in text[range].iter_mut().rev() {
                *digit += u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        };
        put(0..4, u32::try_from(at.year()).unwrap_or(0));
        put(5..7, at.month());
        put(8..10, at.day());
        put(11..13, at.hour());
        put(14..16, at.minute());
        put(17..19, at.second());
        put(20..26, at.timestamp_subsec_micros());
        work(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            InvalidValue::new(
                "time",
                text,
                "RFC 3339 with an offset, such as 2026-11-22T18:42:30.131900Z",
            )
        };
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| malformed())?;
        Self::from_micros(at.timestamp_micros()).map_err(|_| malformed())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

/// A span of time as people write it: `500ms`, `30s`, `5m`, `1.5h`, `7d`.
///
/// ```
/// use contextrail::record::Span;
/// let span: Span = "1.5h".parse().unwrap();
/// assert_eq!(span.as_millis(), 5_400_000);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(Duration);

impl Span {
    /// The span in whole milliseconds, rounded down.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    /// The span for `std`.
    #[must_use]
    pub const fn to_std(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Span {
    fn from(span: Duration) -> Self {
        Self(span)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.as_millis();
        let (unit_ms, unit) = UNITS
            .iter()
            .find(|(unit_ms, _)| ms != 0 && ms % unit_ms == 0)
            .unwrap_or(&(1, "ms"));
        write!(f, "{}{unit}", ms / unit_ms)
    }
}

impl FromStr for Span {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            InvalidValue::new(
                "duration",
                text,
                "a number and a unit: 500ms, 30s, 5m, 1.5h, 7d",
            )
        };
        let digits_end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(malformed)?;
        let (number, unit) = text.split_at(digits_end);
        let well_formed = number.starts_with(|c: char| c.is_ascii_digit())
            && number.ends_with(|c: char| c.is_ascii_digit());
        let number: f64 = number
            .parse()
            .ok()
            .filter(|_| well_formed)
            .ok_or_else(malformed)?;
        let (unit_ms, _) = UNITS
            .iter()
            .find(|(_, name)| *name == unit)
            .ok_or_else(malformed)?;
        #[expect(clippy::cast_precision_loss, reason = "the largest unit is 86,400,000")]
        let seconds = number * (*unit_ms as f64) / 1_000.0;
        if seconds > LONGEST_SECONDS {
            return Err(InvalidValue::new("duration", text, "at most 36500d"));
        }
        Ok(Self(Duration::from_secs_f64(seconds)))
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

const UNITS: [(i64, &str); 5] = [
    (86_400_000, "d"),
    (3_600_000, "h"),
    (60_000, "m"),
    (1_000, "s"),
    (1, "ms"),
];
const LONGEST_SECONDS: f64 = 36_500.0 * 86_400.0;
/// 0000-01-01T00:00:00Z
const FIRST_US: i64 = -62_167_219_200_000_000;
/// 9999-12-31T23:59:59.999999Z
const LAST_US: i64 = 253_402_300_799_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_utc() {
        let at: Timestamp = "2026-11-22T18:42:30+02:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-22T16:42:30.000000Z");
    }

    #[test]
    fn the_text_is_that_of_chrono_for_every_part_of_a_time() {
        for at_us in [
            FIRST_US,
            -1,
            0,
            1,
            951_782_399_999_999,
            1_795_000_000_123_456,
            LAST_US,
        ] {
            let at = Timestamp::from_micros(at_us).unwrap();
            let expected = at
                .to_chrono()
                .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            assert_eq!(at.to_string(), expected);
        }
    }

    #[test]
    fn a_time_without_offset_is_refused() {
        assert!("2026-11-22T18:42:30".parse::<Timestamp>().is_err());
        assert!("2026-11-22".parse::<Timestamp>().is_err());
    }

    #[test]
    fn an_age_just_over_a_limit_does_not_round_onto_it() {
        let at = |us| Timestamp::from_micros(us).unwrap();
        assert_eq!(at(5_000_001).millis_since(at(0)), 5_001);
        assert_eq!(at(5_000_000).millis_since(at(0)), 5_000);
        assert_eq!(at(0).millis_since(at(1_500)), -1);
    }

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("7d", 604_800_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.as_millis(), ms);
            assert_eq!(span.to_string(), text);
        }
        for text in [
            "",
            "5",
            "m",
            "-5m",
            "5 m",
            "1e3s",
            ".5s",
            "5.m",
            "5M",
            "99999999d",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
