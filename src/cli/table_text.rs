//! Values as people read them in tables and pages.

use serde::Serialize;
use serde_json::Value;

use super::plain;
use crate::record::{EntityRef, Timestamp};

/// A time to the second, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_chrono().format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Entities with spaces between them.
pub(super) fn entities(entities: &[EntityRef]) -> String {
    let texts: Vec<String> = entities.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

/// The word that records have for `value`: `keep_head`.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// A value on one line: strings bare, everything else as JSON.
pub(super) fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    plain::shortened(&text, VALUE_CHARS)
}

/// A length of time in its two largest units: `4d 2h`.
pub(super) fn age(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let mut left = ms;
    let mut parts = Vec::new();
    for (unit_ms, unit) in units {
        if left >= unit_ms && parts.len() < 2 {
            parts.push(format!("{}{unit}", left / unit_ms));
            left %= unit_ms;
        }
    }
    match parts.is_empty() {
        true => format!("{sign}{ms}ms"),
        false => format!("{sign}{}", parts.join(" ")),
    }
}

const VALUE_CHARS: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_two_units_at_most() {
        for (ms, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (5_000, "5s"),
            (345_600_000, "4d"),
            (353_000_000, "4d 2h"),
            (-61_000, "-1m 1s"),
        ] {
            assert_eq!(age(ms), text);
        }
    }
}
