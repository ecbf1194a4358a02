//! Where times and ids come from. Nothing else in the library reads a clock or draws an id.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

use super::Timestamp;

/// A source of the time of day.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The wall clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    fn now(&self) -> Timestamp {
        chrono::Utc::now().into()
    }
}

/// A clock that stands still until it is moved: for tests and for repeatable documents.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that says `at`.
    #[must_use]
    pub const fn new(at: Timestamp) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves the clock forward by `span`.
    pub fn advance(&self, span: Duration) {
        let mut at = self.0.lock().expect("no holder of this lock panics");
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        *at = Timestamp::from_micros(at.as_micros().saturating_add(micros)).unwrap_or(*at);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no holder of this lock panics")
    }
}

/// A source of UUIDv7 identifiers.
pub trait IdSource: fmt::Debug + Send + Sync {
    /// A new id for something that happens at `at`.
    fn new_id(&self, at: Timestamp) -> Uuid;
}

/// Random UUIDv7 (RFC 9562), unique and rising within this process even when the clock steps back.
pub struct RandomIds(Mutex<ContextV7>);

impl Default for RandomIds {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl fmt::Debug for RandomIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomIds")
    }
}

impl IdSource for RandomIds {
    fn new_id(&self, at: Timestamp) -> Uuid {
        let context = self.0.lock().expect("no holder of this lock panics");
        Uuid::new_v7(uuid_time(at, &context))
    }
}

/// Ids that count up from zero: for tests and for repeatable documents.
#[derive(Debug, Default)]
pub struct SequentialIds(Mutex<u64>);

impl IdSource for SequentialIds {
    fn new_id(&self, at: Timestamp) -> Uuid {
        let mut next = self.0.lock().expect("no holder of this lock panics");
        let mut random = [0_u8; 10];
        random[2..].copy_from_slice(&next.to_be_bytes());
        *next += 1;
        let ms = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }
}

fn uuid_time(at: Timestamp, context: &ContextV7) -> UuidTime {
    let at = at.to_chrono();
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    UuidTime::from_unix(context, seconds, at.timestamp_subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_unique_and_rising_when_the_clock_steps_back() {
        let ids = RandomIds::default();
        let late = Timestamp::from_micros(1_800_000_000_000_000).unwrap();
        let early = Timestamp::from_micros(1_700_000_000_000_000).unwrap();
        let made: Vec<Uuid> = (0..2_000)
            .map(|i| ids.new_id(if i < 1_000 { late } else { early }))
            .collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
