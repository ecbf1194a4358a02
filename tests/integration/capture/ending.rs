//! Every way a context can end.

use std::time::Duration;

use contextrail::assembly::Budget;
use contextrail::capture::{Capture, CaptureError, ContextBuilder};
use contextrail::record::{Completeness, ContextStatus, Verdict};

use super::feature::Features;
use super::sink::KeptDrafts;
use super::{loan, only};

#[tokio::test]
async fn a_dropped_capture_is_abandoned_with_its_place() {
    let sink = KeptDrafts::open();
    drop(loan(&sink).begin());
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Abandoned);
    assert!(context.sealed_at.is_some() && context.assembly.is_none());
    let error = context.error.unwrap();
    assert_eq!(error.code.as_str(), "abandoned");
    assert!(error.message.contains("ending.rs:"), "{}", error.message);
}

#[tokio::test]
async fn leaving_early_with_an_error_seals_as_failed() {
    async fn flow(mut cx: Capture) -> Result<(), CaptureError> {
        let value = cx.feature("down", "user_456").fetch(&Features).await?;
        cx.item("never", value.to_string());
        cx.assemble().await?;
        Ok(())
    }
    let sink = KeptDrafts::open();
    flow(loan(&sink).begin()).await.unwrap_err();
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Failed);
    let error = context.error.unwrap();
    assert_eq!(error.code.as_str(), "failed");
    assert!(error.message.contains("connection refused"));
}

#[tokio::test]
async fn an_error_of_the_application_can_be_recorded() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    cx.fail(&std::io::Error::other("model away")).await.unwrap();
    let error = only(&sink).error.unwrap();
    assert_eq!(
        (error.code.as_str(), &*error.message),
        ("application", "model away")
    );
}

#[tokio::test]
async fn required_items_over_budget_refuse_and_leave_a_record() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).budget(Budget::tokens(2)).begin();
    cx.item("long", "one two three four five six").required();
    let error = cx.assemble().await.unwrap_err();
    let id = sink.drafts()[0].id;
    assert_eq!(error.refused_id().map(Into::into), Some(id));
    assert!(error.to_string().contains(&id.to_string()));
    assert!(matches!(
        error,
        CaptureError::OverBudget { available: 2, .. }
    ));
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Refused);
    assert_eq!(context.error.unwrap().code.as_str(), "required_over_budget");
    let assembly = context.assembly.unwrap();
    assert_eq!(assembly.items[0].verdict, Verdict::Dropped);
    let texts = &sink.drafts()[0].texts;
    assert_eq!(texts.items.len(), 1);
    assert!(texts.text.is_none());
}

#[tokio::test]
async fn overflow_can_be_allowed() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink)
        .budget(Budget::tokens(2).allow_overflow())
        .begin();
    cx.item("long", "one two three four five six").required();
    let context = cx.assemble().await.unwrap();
    assert!(context.assembly().budget.over.is_some());
}

#[tokio::test]
async fn strict_freshness_refuses_with_the_violations() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink)
        .freshness_limit(Duration::from_secs(1))
        .strict_freshness()
        .begin();
    cx.feature("credit_score", "user_456")
        .fetch(&Features)
        .await
        .unwrap();
    cx.feature_item("credit_score");
    let error = cx.assemble().await.unwrap_err();
    let CaptureError::Stale { id, violations } = error else {
        panic!("{error}");
    };
    assert!(id.is_some());
    assert_eq!(violations[0].reference.as_str(), "credit_score");
    assert_eq!(
        (violations[0].age_ms, violations[0].limit_ms),
        (Some(5_000), Some(1_000))
    );
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Refused);
    assert_eq!(context.freshness.violations, violations);
    let assembly = context.assembly.unwrap();
    assert_eq!((assembly.items.len(), assembly.text_bytes), (1, None));
}

#[tokio::test]
async fn what_is_wrong_in_the_builder_fails_the_assembly() {
    let sink = KeptDrafts::open();
    let cx = ContextBuilder::new(sink.clone(), "")
        .entity("a:b", "c")
        .trace("nonsense")
        .begin();
    let error = cx.assemble().await.unwrap_err();
    assert!(matches!(&error, CaptureError::Invalid { path, .. } if path == "name"));
    let context = only(&sink);
    assert_eq!(context.status, ContextStatus::Failed);
    assert_eq!(context.error.unwrap().code.as_str(), "invalid");
}

#[tokio::test]
async fn no_budget_and_an_unknown_model_fail_the_assembly() {
    let sink = KeptDrafts::open();
    let cx = ContextBuilder::new(sink.clone(), "x").begin();
    assert!(matches!(cx.assemble().await, Err(CaptureError::NoBudget)));
    let cx = loan(&sink).model("acme", "unheard-of").begin();
    assert!(matches!(
        cx.assemble().await,
        Err(CaptureError::Tokenizer(_))
    ));
    let codes: Vec<_> = sink
        .contexts()
        .into_iter()
        .map(|context| context.error.unwrap().code.to_string())
        .collect();
    assert_eq!(codes, ["no_budget", "unknown_tokenizer"]);
}

#[tokio::test]
async fn a_text_is_withheld_when_its_record_cannot_be_written() {
    let mut cx = loan(&KeptDrafts::closed()).begin();
    cx.item("a", "b");
    assert!(matches!(cx.assemble().await, Err(CaptureError::Store(_))));
    let mut cx = loan(&KeptDrafts::closed())
        .budget(Budget::tokens(0))
        .begin();
    cx.item("a", "b").required();
    let error = cx.assemble().await.unwrap_err();
    assert!(matches!(error, CaptureError::Unrecorded { .. }));
    assert!(error.is_refusal() && error.refused_id().is_none());
}

#[tokio::test]
async fn a_prepared_text_comes_at_once_and_its_id_when_durable() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    cx.item("a", "hello");
    let prepared = cx.prepare().await.unwrap();
    assert_eq!(prepared.text(), "hello");
    let context = prepared.durable().await.unwrap();
    assert_eq!(context.receipt().id, sink.drafts()[0].id);
}

#[tokio::test]
async fn a_call_still_under_way_at_the_end_makes_its_section_partial() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let handle = cx.handle();
    let task =
        tokio::spawn(async move { handle.feature("slow", "user_456").fetch(&Features).await });
    tokio::task::yield_now().await;
    cx.assemble().await.unwrap();
    task.abort();
    let context = only(&sink);
    assert_eq!(context.capture.sections.features, Completeness::Partial);
    assert!(context.capture.warnings[0].contains("still under way"));
}

#[tokio::test]
async fn a_handle_that_outlives_the_context_gets_an_error() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let handle = cx.handle();
    cx.assemble().await.unwrap();
    assert!(handle.is_finished());
    let late = handle.feature("segment", "user_456").fetch(&Features).await;
    assert!(matches!(late, Err(CaptureError::Finished)));
}

#[tokio::test]
async fn a_stale_feature_can_be_left_out() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    sink.advance(Duration::from_secs(600));
    cx.feature("credit_score", "user_456")
        .max_age(Duration::from_secs(300))
        .fetch(&Features)
        .await
        .unwrap();
    cx.feature_item("credit_score").drop_stale();
    cx.item("note", "Decide.");
    assert_eq!(cx.assemble().await.unwrap().text(), "Decide.");
}

#[tokio::test]
async fn a_trace_is_recorded_and_handed_on() {
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let sink = KeptDrafts::open();
    let cx = loan(&sink).trace(header).begin();
    let mut headers = Vec::new();
    cx.inject(|name, value| headers.push((name.to_owned(), value.to_owned())));
    assert_eq!(headers, [("traceparent".to_owned(), header.to_owned())]);
    cx.assemble().await.unwrap();
    let trace = only(&sink).trace.unwrap();
    assert_eq!(trace.trace_id.as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
}
