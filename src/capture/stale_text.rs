//! What was not fresh enough, in words.

use crate::record::{FreshnessViolation, StaleReason};

/// The first violations with their ages, limits and reasons.
pub(super) fn stale_text(violations: &[FreshnessViolation]) -> String {
    let named: Vec<String> = violations.iter().take(MAX_NAMED).map(stale_one).collect();
    let more = violations.len().saturating_sub(MAX_NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("not fresh enough: {}{more}", named.join("; "))
}

fn stale_one(violation: &FreshnessViolation) -> String {
    let FreshnessViolation {
        reference,
        age_ms,
        limit_ms,
        reason,
    } = violation;
    let why = match (reason, age_ms) {
        (StaleReason::TooOld, Some(age)) => format!("is {} old", about(*age)),
        (StaleReason::TooOld, None) => "is too old".to_owned(),
        (StaleReason::InFuture, _) => "has an as-of time in the future".to_owned(),
        (StaleReason::NoAsOf, _) => "has no as-of time".to_owned(),
        (StaleReason::Fallback, _) => "is from a fallback".to_owned(),
        (StaleReason::Default, _) => "is a default".to_owned(),
        (StaleReason::Failed, _) => "failed".to_owned(),
        (StaleReason::Missing, _) => "is missing".to_owned(),
    };
    match limit_ms {
        Some(limit) => format!("{reference} {why}, and {} are allowed", about(*limit)),
        None => format!("{reference} {why}"),
    }
}

/// A length of time in its largest unit, rounded down: `2h`.
fn about(ms: i64) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let (unit_ms, unit) = units
        .into_iter()
        .find(|(unit_ms, _)| ms >= *unit_ms)
        .unwrap_or((1, "ms"));
    format!("{}{unit}", ms / unit_ms)
}

const MAX_NAMED: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Name;

    #[test]
    fn a_violation_is_told_with_its_age_limit_and_reason() {
        let violation = |reason, age_ms, limit_ms| FreshnessViolation {
            reference: Name::new("f").unwrap(),
            age_ms,
            limit_ms,
            reason,
        };
        let old = violation(StaleReason::TooOld, Some(7_260_000), Some(300_000));
        let undated = violation(StaleReason::NoAsOf, None, None);
        assert_eq!(
            stale_text(&[old, undated]),
            "not fresh enough: f is 2h old, and 5m are allowed; f has no as-of time"
        );
    }
}
