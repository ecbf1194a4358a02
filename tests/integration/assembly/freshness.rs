//! What counts as fresh.

use std::slice;

use contextrail::assembly::{freshness, note_ages};
use contextrail::record::{
    Feature, FreshnessStatus, FreshnessViolation, Retrieval, StaleReason, Timestamp,
};
use serde_json::{Value, json};

const FETCHED: &str = "2026-11-22T18:00:00Z";

fn feature(members: Value) -> Feature {
    let mut feature = json!({
        "name": "score", "source": "compute", "status": "ok", "value": 1, "fetched_at": FETCHED,
    });
    merge(&mut feature, members);
    serde_json::from_value(feature).unwrap()
}

fn retrieval(members: Value) -> Retrieval {
    let mut retrieval = json!({
        "retriever": "docs", "query": "q", "status": "ok", "fetched_at": FETCHED,
    });
    merge(&mut retrieval, members);
    serde_json::from_value(retrieval).unwrap()
}

fn merge(base: &mut Value, members: Value) {
    let Value::Object(members) = members else {
        panic!("members are an object");
    };
    base.as_object_mut().unwrap().extend(members);
}

/// The as-of time that makes a value `age_us` microseconds old.
fn aged(age_us: i64) -> String {
    let fetched: Timestamp = FETCHED.parse().unwrap();
    Timestamp::from_micros(fetched.as_micros() - age_us)
        .unwrap()
        .to_string()
}

fn status(
    features: &[Feature],
    retrievals: &[Retrieval],
    limit_ms: Option<i64>,
) -> FreshnessStatus {
    freshness(features, retrievals, limit_ms).status
}

fn reasons(features: &[Feature], retrievals: &[Retrieval], limit: Option<i64>) -> Vec<StaleReason> {
    let report = freshness(features, retrievals, limit);
    assert_eq!(
        report.status == FreshnessStatus::Degraded,
        !report.violations.is_empty()
    );
    report.violations.iter().map(|v| v.reason).collect()
}

#[test]
fn nothing_checked_is_unknown() {
    assert_eq!(status(&[], &[], Some(1_000)), FreshnessStatus::Unknown);
    let unlimited = feature(json!({"as_of": aged(9_000_000)}));
    assert_eq!(status(&[unlimited], &[], None), FreshnessStatus::Unknown);
}

#[test]
fn an_age_equal_to_the_limit_is_within_and_a_microsecond_more_is_not() {
    let equal = feature(json!({"as_of": aged(5_000_000)}));
    assert_eq!(
        status(&[equal], &[], Some(5_000)),
        FreshnessStatus::Guaranteed
    );
    let over = feature(json!({"as_of": aged(5_000_001)}));
    assert_eq!(
        freshness(&[over], &[], Some(5_000)).violations,
        [FreshnessViolation {
            reference: "score".parse().unwrap(),
            age_ms: Some(5_001),
            limit_ms: Some(5_000),
            reason: StaleReason::TooOld,
        }]
    );
}

#[test]
fn the_nearest_limit_wins() {
    let generous = feature(json!({"as_of": aged(9_000_000), "max_age_ms": 10_000}));
    assert_eq!(
        status(&[generous], &[], Some(1)),
        FreshnessStatus::Guaranteed
    );
    let strict = feature(json!({"as_of": aged(9_000_000), "max_age_ms": 1}));
    assert_eq!(reasons(&[strict], &[], Some(10_000)), [StaleReason::TooOld]);
}

#[test]
fn a_covered_value_without_an_as_of_time_cannot_be_checked() {
    let unknown = feature(json!({}));
    let fresh = feature(json!({"as_of": aged(1)}));
    assert_eq!(
        reasons(&[fresh, unknown.clone()], &[], Some(1_000)),
        [StaleReason::NoAsOf]
    );
    assert_eq!(status(&[unknown], &[], None), FreshnessStatus::Unknown);
}

#[test]
fn what_stands_in_for_a_value_degrades_even_without_a_limit() {
    let features = [
        feature(json!({"source": "fallback", "as_of": aged(1)})),
        feature(json!({"source": "default"})),
        feature(json!({"status": "failed", "source": "fallback"})),
    ];
    let expected = [
        StaleReason::Fallback,
        StaleReason::Default,
        StaleReason::Failed,
    ];
    assert_eq!(reasons(&features, &[], None), expected);
}

#[test]
fn a_value_its_source_does_not_have_counts_where_a_limit_covers_it() {
    let missing = feature(json!({"status": "missing"}));
    assert_eq!(
        reasons(slice::from_ref(&missing), &[], Some(1)),
        [StaleReason::Missing]
    );
    assert_eq!(status(&[missing], &[], None), FreshnessStatus::Unknown);
}

#[test]
fn an_as_of_time_in_the_future_is_flagged() {
    let future = feature(json!({"as_of": aged(-2_000_000)}));
    let report = freshness(&[future], &[], None);
    assert_eq!(report.status, FreshnessStatus::Degraded);
    assert_eq!(report.violations[0].reason, StaleReason::InFuture);
    assert_eq!(report.violations[0].age_ms, Some(-2_000));
}

#[test]
fn every_retrieved_document_counts_used_or_not() {
    let retrieval = retrieval(json!({"results": [
        {"rank": 1, "document": "d1", "chunk": "c", "used": "included", "as_of": aged(1)},
        {"rank": 2, "document": "d2", "chunk": "c", "used": "unused", "as_of": aged(2_000_000)},
    ]}));
    let report = freshness(&[], &[retrieval], Some(1_000));
    assert_eq!(report.status, FreshnessStatus::Degraded);
    assert_eq!(report.violations.len(), 1);
    assert_eq!(report.violations[0].reference.as_str(), "docs/d2#c");
}

#[test]
fn a_failed_retrieval_degrades_and_an_empty_one_does_not() {
    let failed = retrieval(json!({"status": "failed"}));
    assert_eq!(reasons(&[], &[failed], None), [StaleReason::Failed]);
    let empty = retrieval(json!({"status": "empty"}));
    assert_eq!(status(&[], &[empty], Some(1)), FreshnessStatus::Unknown);
}

#[test]
fn a_document_without_times_keeps_the_age_it_was_given() {
    let retrieval = retrieval(json!({"fetched_at": null, "results": [
        {"rank": 1, "document": "d", "used": "unused", "freshness_ms": 10},
    ]}));
    let retrievals = [retrieval];
    assert_eq!(
        status(&[], &retrievals, Some(10)),
        FreshnessStatus::Guaranteed
    );
    assert_eq!(status(&[], &retrievals, Some(9)), FreshnessStatus::Degraded);
}

#[test]
fn ages_and_staleness_are_filled_in() {
    let mut features = [feature(json!({"as_of": aged(1_500)}))];
    let mut retrievals = [retrieval(json!({"max_age_ms": 1_000, "results": [
        {"rank": 1, "document": "a", "used": "unused", "as_of": aged(1_000_000)},
        {"rank": 2, "document": "b", "used": "unused", "as_of": aged(1_000_001)},
        {"rank": 3, "document": "c", "used": "unused"},
    ]}))];
    note_ages(&mut features, &mut retrievals, Some(1));
    assert_eq!(features[0].freshness_ms, Some(2));
    let noted: Vec<_> = retrievals[0]
        .results
        .iter()
        .map(|document| (document.freshness_ms, document.stale))
        .collect();
    let expected = [
        (Some(1_000), Some(false)),
        (Some(1_001), Some(true)),
        (None, None),
    ];
    assert_eq!(noted, expected);
}
