//! Every shape of a retriever's results.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use async_trait::async_trait;
use contextrail::capture::{BoxError, CaptureError, Document, RetrievalRequest, Retriever};
use contextrail::record::{
    Class, DocumentUse, FreshnessStatus, IndexUse, Name, RetrievalStatus, RetrieverClass, Version,
};
use serde_json::json;

use super::sink::KeptDrafts;
use super::{at, loan, only};

/// Finds as many documents as are asked for.
pub(super) struct Policies;

#[async_trait]
impl Retriever for Policies {
    fn class(&self) -> RetrieverClass {
        RetrieverClass::Shared
    }

    fn index(&self) -> Option<IndexUse> {
        Some(IndexUse {
            name: Name::new("lending_policies").unwrap(),
            version: Some(Version::new("snapshot-2026-11-20").unwrap()),
        })
    }

    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        if request.query == "broken" {
            return Err("index is corrupt".into());
        }
        Ok((0..request.top_k.unwrap_or(0))
            .map(|i| {
                Document::new(format!("doc_{i}"), format!("Rule {i}."))
                    .chunk(i)
                    .score(0.9)
                    .as_of(at("2026-11-22T18:40:00.000000Z"))
            })
            .collect())
    }
}

#[tokio::test]
async fn documents_are_recorded_with_what_became_of_them() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let rules = cx
        .retrieve("policy_docs", "loan eligibility")
        .top_k(2)
        .filter("country", "DE")
        .max_age(Duration::from_secs(60))
        .run(&Policies)
        .await
        .unwrap();
    cx.items("policy", &rules[..1]).priority(2);
    cx.assemble().await.unwrap();

    let draft = sink.drafts().remove(0);
    let context = only(&sink);
    let retrieval = &context.retrievals[0];
    assert_eq!(retrieval.class, RetrieverClass::Shared);
    assert_eq!(retrieval.filters["country"], json!("DE"));
    assert_eq!(
        retrieval.index.as_ref().unwrap().name.as_str(),
        "lending_policies"
    );
    let results = &retrieval.results;
    assert_eq!(
        (results[0].rank, results[0].used),
        (1, DocumentUse::Included)
    );
    assert_eq!((results[1].rank, results[1].used), (2, DocumentUse::Unused));
    assert_eq!(results[0].stale, Some(true));
    assert!(results.iter().all(|result| result.tokens.is_some()));
    assert!(results[0].digest.is_some());
    assert_eq!(context.freshness.status, FreshnessStatus::Degraded);
    let item = &context.assembly.unwrap().items[0];
    assert_eq!(item.reference.as_ref().unwrap().as_str(), "doc_0#0");
    assert_eq!(draft.texts.items[0].class, Class::Confidential);
    assert_eq!(&*draft.texts.documents[0][1].text, "Rule 1.");
}

#[tokio::test]
async fn no_documents_and_a_failure_are_recorded_as_what_they_are() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let none = cx
        .retrieve("policy_docs", "x")
        .run(&Policies)
        .await
        .unwrap();
    assert!(none.is_empty());
    let error = cx.retrieve("policy_docs", "broken").run(&Policies).await;
    assert!(matches!(error, Err(CaptureError::Failed { .. })));
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(context.retrievals[0].status, RetrievalStatus::Empty);
    assert_eq!(context.retrievals[1].status, RetrievalStatus::Failed);
    let message = &context.retrievals[1].error.as_ref().unwrap().message;
    assert!(message.ends_with("index is corrupt"));
}

#[tokio::test(start_paused = true)]
async fn a_retriever_that_does_not_answer_is_given_up() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let error = cx
        .retrieve("policy_docs", "x")
        .timeout(Duration::from_millis(5))
        .run_fn(|_| std::future::pending::<Result<Vec<Document>, Infallible>>())
        .await;
    assert!(matches!(error, Err(CaptureError::Timeout { .. })));
    cx.assemble().await.unwrap();
    let error = only(&sink).retrievals[0].error.clone().unwrap();
    assert_eq!(error.code.as_str(), "timeout");
}

#[tokio::test]
async fn a_retriever_that_says_nothing_of_its_class_is_personal() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let found = cx
        .retrieve("mails", "complaint")
        .run_fn(|_| ready(Ok::<_, Infallible>([(1, "Dear bank"), (2, "Hello")])))
        .await
        .unwrap();
    cx.items("mail", found.iter().rev());
    let context = cx.assemble().await.unwrap();
    assert_eq!(context.text(), "Hello\n\nDear bank");
    let draft = sink.drafts().remove(0);
    assert_eq!(draft.texts.items[0].class, Class::Personal);
    assert_eq!(only(&sink).retrievals[0].results[0].digest, None);
}

#[tokio::test]
async fn rows_of_the_callers_own_type_come_back_as_they_are() {
    struct Row {
        key: u32,
        body: &'static str,
    }
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let rows = cx
        .retrieve("table", "x")
        .shared()
        .run_with(
            |_| {
                ready(Ok::<_, Infallible>(vec![Row {
                    key: 7,
                    body: "Seven",
                }]))
            },
            |row: &Row| Document::new(row.key, row.body),
        )
        .await
        .unwrap();
    assert_eq!(rows[0].key, 7);
    cx.items("row", rows.documents()).required();
    assert_eq!(cx.assemble().await.unwrap().text(), "Seven");
    assert_eq!(only(&sink).retrievals[0].results[0].document.as_str(), "7");
}

#[tokio::test]
async fn odd_documents_are_kept_with_a_warning() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let rows = [
        json!({"content": "no id", "score": 0.5}),
        json!({"id": 12, "as_of": "2026-11-20T10:00:00"}),
        json!("bare text"),
        json!({"id": "a\u{0}b", "text": "t", "score": "high", "colour": "red"}),
    ];
    let found = cx
        .retrieve("service", "x")
        .run_fn(|_| ready(Ok::<_, Infallible>(rows)))
        .await
        .unwrap();
    assert_eq!(found[0].text(), "no id");
    cx.assemble().await.unwrap();
    let context = only(&sink);
    let names: Vec<&str> = context.retrievals[0]
        .results
        .iter()
        .map(|document| document.document.as_str())
        .collect();
    assert_eq!(names, ["unnamed-1", "12", "unnamed-3", "ab"]);
    let warnings = context.capture.warnings.join("\n");
    for part in [
        "results[0] has no id",
        "results[1] has an odd `as_of`",
        "results[1] has no text",
        "results[2] has no id",
        "results[3] has the score \"high\"",
        "results[3] has members that are not kept: colour",
        "results[3] has an odd id",
    ] {
        assert!(warnings.contains(part), "{part} in {warnings}");
    }
}

#[tokio::test]
async fn not_a_number_as_a_score_loses_the_score_alone() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let call = |_| {
        ready(Ok::<_, Infallible>([
            Document::new("d", "t").score(f64::NAN)
        ]))
    };
    cx.retrieve("r", "x").run_fn(call).await.unwrap();
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(context.retrievals[0].results[0].score, None);
    assert!(context.capture.warnings[0].contains("NaN"));
}
