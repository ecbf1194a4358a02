//! Records that were imported without their texts or seeds, and what a verification says of them.

use std::sync::Arc;

use contextrail::codec::ExportedRecord;
use contextrail::record::{Class, Digest, Draft};
use contextrail::trail::{Trail, TrailError, Verified};
use serde_json::json;

use super::{options, with_texts};
use crate::sample::{context, id};

/// A record with a shared and a personal text, as it is exported elsewhere.
pub(super) async fn exported_with_texts() -> ExportedRecord {
    let first = options().open_in_memory().await.unwrap();
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 720", Class::Personal),
    ];
    first
        .record(with_texts(1, "applicant:1", &texts))
        .await
        .unwrap();
    let stored = first.read(id(1)).await.unwrap().unwrap();
    let exported = first.export(&stored, true).await.unwrap();
    first.close().await;
    exported
}

pub(super) async fn import(trail: &Trail, record: ExportedRecord) {
    let digest = Digest::sha256(b"the document");
    trail.import(vec![record], digest).await.unwrap();
}

async fn verified(trail: &Trail) -> Verified {
    trail.verify(0, Arc::new(|_| {})).await.unwrap()
}

async fn is_whole_and_counted(trail: &Trail, record: ExportedRecord) {
    import(trail, record).await;
    let verified = verified(trail).await;
    assert!(verified.ok, "{verified:?}");
    assert_eq!(verified.verification.without_texts, 1);
    let mut warnings = verified.warnings.iter();
    assert!(warnings.any(|it| it.starts_with("1 records were imported without")));
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    assert!(stored.context().unwrap().capture.is_without_texts());
}

pub(super) async fn nothing_is_wrong_with_an_import_without_texts(trail: Trail) {
    let mut record = exported_with_texts().await;
    (record.text, record.texts, record.seeds) = (None, None, None);
    is_whole_and_counted(&trail, record).await;
}

pub(super) async fn nothing_is_wrong_with_an_import_without_seeds(trail: Trail) {
    let mut record = exported_with_texts().await;
    record.seeds = None;
    is_whole_and_counted(&trail, record).await;
}

pub(super) async fn nothing_is_wrong_with_an_import_that_lacks_one_text(trail: Trail) {
    let mut record = exported_with_texts().await;
    record
        .texts
        .as_mut()
        .unwrap()
        .retain(|_, text| text != "Policy");
    record.text = None;
    is_whole_and_counted(&trail, record).await;
}

pub(super) async fn nothing_is_wrong_with_a_whole_import(trail: Trail) {
    import(&trail, exported_with_texts().await).await;
    let verified = verified(&trail).await;
    assert!(verified.ok, "{verified:?}");
    assert_eq!(verified.verification.without_texts, 0);
}

pub(super) async fn a_text_that_only_a_seed_without_a_slot_fits_is_refused(trail: Trail) {
    let mut record = exported_with_texts().await;
    let seeds = record.seeds.as_mut().unwrap();
    let seed = seeds.remove("1").unwrap();
    seeds.insert("99".to_owned(), seed);
    record.text = None;
    let imported = trail.import(vec![record], Digest::sha256(b"the document"));
    let error = imported.await.unwrap_err();
    assert!(
        matches!(error, TrailError::DigestMismatch { .. }),
        "{error}"
    );
}

pub(super) async fn a_result_that_is_no_item_has_a_digest_and_no_text(trail: Trail) {
    let result = json!({"rank": 1, "document": "doc", "used": "unused",
                        "digest": Digest::sha256(b"never offered").to_string()});
    let retrieval = json!({"retriever": "policies", "class": "shared", "query": "q",
                           "status": "ok", "results": [result]});
    let body = context(json!({"retrievals": [retrieval]}));
    trail.record(Draft::new(id(1), body)).await.unwrap();
    let verified = verified(&trail).await;
    assert!(verified.ok, "{verified:?}");
}
