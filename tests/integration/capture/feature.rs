//! Every way a feature fetch can go.

use std::time::Duration;

use async_trait::async_trait;
use contextrail::capture::{BoxError, CaptureError, FeatureAnswer, FeatureRequest, FeatureSource};
use contextrail::record::{
    Completeness, ContextStatus, FeatureOrigin, FeatureStatus, FreshnessStatus, Section,
    StaleReason,
};
use serde_json::json;

use super::sink::KeptDrafts;
use super::{at, entity, loan, only};

/// Knows one value, fails for one name, never answers for another, and has nothing else.
pub(super) struct Features;

#[async_trait]
impl FeatureSource for Features {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        match request.name.as_str() {
            "credit_score" => {
                let as_of = at("2026-11-22T18:42:25.000000Z");
                Ok(FeatureAnswer::value(720).as_of(as_of).cached())
            }
            "segment" => Ok(FeatureAnswer::value("seg-1")),
            "account" => Ok(FeatureAnswer::value(9_007_199_254_740_993_u64)),
            "down" => Err("connection refused".into()),
            "slow" => std::future::pending().await,
            _ => Ok(FeatureAnswer::missing()),
        }
    }
}

#[tokio::test]
async fn a_fetched_value_is_recorded_with_its_age_and_entity() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink)
        .freshness_limit(Duration::from_secs(300))
        .begin();
    let score = cx
        .feature("credit_score", "user_456")
        .version("3")
        .fetch(&Features)
        .await
        .unwrap();
    assert_eq!(format!("Credit score: {score}"), "Credit score: 720");
    assert_eq!(score.as_i64(), Some(720));
    let segment = cx
        .feature("segment", "user_456")
        .fetch(&Features)
        .await
        .unwrap();
    assert_eq!(segment.to_string(), "seg-1");
    cx.assemble().await.unwrap();

    let context = only(&sink);
    let feature = &context.features[0];
    assert_eq!(feature.value, Some(json!(720)));
    assert_eq!(feature.entity, Some(entity("applicant:user_456")));
    assert_eq!(feature.source, FeatureOrigin::Cache);
    assert_eq!(feature.freshness_ms, Some(5_000));
    assert_eq!(feature.version.as_ref().unwrap().as_str(), "3");
    assert!(feature.latency_us.is_some());
    assert_eq!(context.capture.sections.features, Completeness::Complete);
    assert_eq!(context.freshness.status, FreshnessStatus::Degraded);
    assert_eq!(context.freshness.violations[0].reason, StaleReason::NoAsOf);
}

#[tokio::test]
async fn the_entity_of_a_feature_is_added_by_itself() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    cx.feature("segment", "bank:b1")
        .fetch(&Features)
        .await
        .unwrap();
    cx.feature("segment", 77).fetch(&Features).await.unwrap();
    cx.assemble().await.unwrap();
    let context = only(&sink);
    let expected = ["applicant:user_456", "bank:b1", "entity:77"].map(entity);
    assert_eq!(context.entities, expected);
    assert_eq!(context.capture.warnings.len(), 1);
    assert!(context.capture.warnings[0].contains("entity:77"));
}

#[tokio::test]
async fn a_missing_value_is_a_typed_error_and_a_record() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let error = cx
        .feature("age", "user_456")
        .fetch(&Features)
        .await
        .unwrap_err();
    assert!(matches!(error, CaptureError::Missing { .. }));
    let none = cx
        .feature("age", "user_456")
        .optional()
        .fetch(&Features)
        .await
        .unwrap();
    assert!(none.is_missing());
    drop(cx);
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Failed);
    assert_eq!(context.error.unwrap().code.as_str(), "missing");
    assert_eq!(context.features.len(), 2);
    assert!(
        context
            .features
            .iter()
            .all(|f| f.status == FeatureStatus::Missing)
    );
}

#[tokio::test(start_paused = true)]
async fn failures_and_timeouts_are_recorded_with_their_codes() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let failed = cx.feature("down", "user_456").fetch(&Features).await;
    assert!(matches!(failed, Err(CaptureError::Failed { .. })));
    let slow = cx
        .feature("slow", "user_456")
        .timeout(Duration::from_millis(20))
        .fetch(&Features)
        .await;
    assert!(matches!(slow, Err(CaptureError::Timeout { .. })));
    cx.assemble().await.unwrap();

    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Sealed);
    let errors: Vec<_> = context
        .features
        .iter()
        .map(|feature| feature.error.clone().unwrap())
        .collect();
    assert_eq!(errors[0].code.as_str(), "failed");
    assert!(errors[0].message.ends_with("connection refused"));
    assert_eq!(errors[1].code.as_str(), "timeout");
    assert!(context.features[1].latency_us.unwrap() >= 20_000);
    assert_eq!(context.freshness.status, FreshnessStatus::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_the_application_stops_waiting_for_is_recorded_as_cancelled() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let fetch = cx.feature("slow", "user_456").fetch(&Features);
    tokio::time::timeout(Duration::from_millis(5), fetch)
        .await
        .unwrap_err();
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(context.features[0].status, FeatureStatus::Failed);
    assert_eq!(
        context.features[0].error.as_ref().unwrap().code.as_str(),
        "cancelled"
    );
}

#[tokio::test]
async fn a_default_and_a_fallback_stand_in_and_degrade() {
    struct Second;
    #[async_trait]
    impl FeatureSource for Second {
        async fn fetch(&self, _: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
            Ok(FeatureAnswer::value(0.5))
        }
    }
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let default = cx
        .feature("age", "user_456")
        .default_value(18)
        .fetch(&Features);
    assert_eq!(default.await.unwrap().source(), FeatureOrigin::Default);
    let fallback = cx
        .feature("down", "user_456")
        .fallback(&Second)
        .fetch(&Features);
    assert_eq!(fallback.await.unwrap().as_f64(), Some(0.5));
    cx.assemble().await.unwrap();

    let context = only(&sink);
    assert_eq!(context.features[0].value, Some(json!(18)));
    assert_eq!(context.features[0].status, FeatureStatus::Ok);
    assert_eq!(context.features[1].source, FeatureOrigin::Fallback);
    assert!(context.capture.warnings[1].contains("connection refused"));
    assert_eq!(context.freshness.status, FreshnessStatus::Degraded);
}

#[tokio::test]
async fn closures_return_the_callers_own_type() {
    #[derive(Debug, PartialEq, serde::Serialize)]
    struct Score {
        points: u32,
    }
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let score = cx
        .feature("score", "user_456")
        .run(|request| async move {
            assert_eq!(request.entity.to_string(), "applicant:user_456");
            Ok::<_, std::io::Error>(Score { points: 7 })
        })
        .await
        .unwrap();
    assert_eq!(score, Score { points: 7 });
    let raw = cx
        .feature("raw", "user_456")
        .run_with(
            |_| std::future::ready(Ok::<_, std::io::Error>(vec![1_u8, 2])),
            |bytes| FeatureAnswer::value(bytes.len()),
        )
        .await
        .unwrap();
    assert_eq!(raw, [1, 2]);
    let failing = cx
        .feature("failing", "user_456")
        .run(|_| std::future::ready(Err::<u8, _>(std::io::Error::other("disk"))));
    assert!(matches!(failing.await, Err(CaptureError::Failed { .. })));
    cx.assemble().await.unwrap();
    let values: Vec<_> = only(&sink).features.into_iter().map(|f| f.value).collect();
    assert_eq!(values, [Some(json!({"points": 7})), Some(json!(2)), None]);
}

#[tokio::test]
async fn a_number_that_json_readers_round_is_recorded_as_text() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let account = cx
        .feature("account", "user_456")
        .fetch(&Features)
        .await
        .unwrap();
    assert_eq!(account.as_u64(), Some(9_007_199_254_740_993));
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(context.features[0].value, Some(json!("9007199254740993")));
    assert_eq!(context.capture.warnings.len(), 1);
}

#[tokio::test]
async fn a_name_that_is_none_is_an_error_and_an_entry() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let error = cx
        .feature("", "user_456")
        .fetch(&Features)
        .await
        .unwrap_err();
    assert!(matches!(&error, CaptureError::Invalid { path, .. } if path == "features..name"));
    drop(cx);
    let context = only(&sink);
    assert_eq!(
        context.features[0].error.as_ref().unwrap().code.as_str(),
        "invalid"
    );
    assert_eq!(
        context.capture.sections.of(Section::Features),
        Completeness::Complete
    );
}

#[tokio::test]
async fn fetches_can_run_at_the_same_time() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let (one, two) = tokio::join!(
        cx.feature("credit_score", "user_456").fetch(&Features),
        cx.feature("segment", "user_456").fetch(&Features),
    );
    assert!(one.is_ok() && two.is_ok());
    cx.assemble().await.unwrap();
    assert_eq!(only(&sink).features.len(), 2);
}
