//! Export and import.

use std::sync::Arc;

use contextrail::codec::{ExportedRecord, Layout, Unknown, decode_record, read_json, write_json};
use contextrail::record::{Body, Class, Digest, ManualClock};
use contextrail::trail::{Search, Trail, TrailError};
use serde_json::json;

use super::{decide, options, record, with_texts};
use crate::sample::{entity, id, time};

/// Another trail, whose own ids are not those of the first.
async fn elsewhere() -> Trail {
    let clock = Arc::new(ManualClock::new(time(90_000)));
    options().clock(clock).open_in_memory().await.unwrap()
}

async fn fill(trail: &Trail) {
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 720", Class::Personal),
    ];
    trail
        .record(with_texts(1, "applicant:1", &texts))
        .await
        .unwrap();
    let inputs = json!({"a/b": 1e16, "n": [true, null, 0.1]});
    record(
        trail,
        2,
        json!({"parents": [id(1)], "inputs": inputs, "entities": [entity("a:2")]}),
    )
    .await;
    let decision = decide(trail, id(1), "declined").await;
    let review = trail.review(decision).by("officer_7").reason_code("R1");
    review.override_to("approved", "checked").await.unwrap();
    trail.outcome_of(decision, "repaid").commit().await.unwrap();
}

/// Everything in the trail but its own records of imports, oldest first.
async fn exported(trail: &Trail) -> Vec<String> {
    let mut found = trail
        .search(Search::default())
        .await
        .unwrap()
        .all()
        .await
        .unwrap();
    found.reverse();
    let mut texts = Vec::new();
    for stored in found {
        if !matches!(stored.record().body, Body::Import(_)) {
            let exported = trail.export(&stored, true).await.unwrap();
            texts.push(write_json(&exported, Layout::Compact).unwrap());
        }
    }
    texts.sort();
    texts
}

fn read(texts: &[String]) -> Vec<ExportedRecord> {
    let read = texts.iter().map(|text| {
        let node = read_json(text.as_bytes()).unwrap();
        decode_record(&node, Unknown::Refuse).unwrap()
    });
    read.collect()
}

fn digest() -> Digest {
    Digest::sha256(b"the document")
}

pub(super) async fn what_is_exported_imports_to_the_same(trail: Trail) {
    fill(&trail).await;
    let texts = exported(&trail).await;
    let second = elsewhere().await;
    let imported = second.import(read(&texts), digest()).await.unwrap();
    assert_eq!(imported.existed, 0);
    assert_eq!(exported(&second).await, texts);
    let stored = second.read(id(1)).await.unwrap().unwrap();
    assert_eq!(
        second.text(&stored).await.unwrap().as_deref(),
        Some("Policy\n\nScore: 720")
    );
    let history = second.history(&entity("applicant:1")).await.unwrap();
    assert_eq!(
        history.len(),
        trail.history(&entity("applicant:1")).await.unwrap().len()
    );
    second.close().await;
}

pub(super) async fn importing_twice_changes_nothing(trail: Trail) {
    let first = elsewhere().await;
    fill(&first).await;
    let texts = exported(&first).await;
    trail.import(read(&texts), digest()).await.unwrap();
    let size = trail.status().await.unwrap().size;
    let again = trail.import(read(&texts), digest()).await.unwrap();
    assert_eq!(usize::try_from(again.existed).unwrap(), texts.len());
    assert_eq!(trail.status().await.unwrap().size, size + 1);
    assert_eq!(exported(&trail).await, texts);
    first.close().await;
}

pub(super) async fn an_altered_text_is_refused(trail: Trail) {
    let first = elsewhere().await;
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 720", Class::Personal),
    ];
    first
        .record(with_texts(1, "applicant:1", &texts))
        .await
        .unwrap();
    let text = &exported(&first).await[0];
    for (from, to) in [("Score: 720", "Score: 999"), ("Policy", "policy")] {
        let altered = read(&[text.replace(from, to)]);
        let error = trail.import(altered, digest()).await.unwrap_err();
        assert!(
            matches!(error, TrailError::DigestMismatch { .. }),
            "{error}"
        );
    }
    let mut altered = read(std::slice::from_ref(text));
    altered[0].text = Some("something else".to_owned());
    let error = trail.import(altered, digest()).await.unwrap_err();
    assert!(
        matches!(error, TrailError::DigestMismatch { .. }),
        "{error}"
    );
    assert!(trail.read(id(1)).await.unwrap().is_none());
    first.close().await;
}

pub(super) async fn a_record_imported_without_texts_says_so(trail: Trail) {
    let first = elsewhere().await;
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 720", Class::Personal),
    ];
    first
        .record(with_texts(1, "applicant:1", &texts))
        .await
        .unwrap();
    let stored = first.read(id(1)).await.unwrap().unwrap();
    let bare = first.export(&stored, false).await.unwrap();
    trail.import(vec![bare.clone()], digest()).await.unwrap();
    trail.import(vec![bare], digest()).await.unwrap();
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    let warnings = &stored.context().unwrap().capture.warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(trail.text(&stored).await.unwrap(), None);
    first.close().await;
}
