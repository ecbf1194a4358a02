//! A document is imported whole, or what came of it is said.

use contextrail::codec::ExportedRecord;
use contextrail::record::{Body, Digest, Draft, Kind, RecordId};
use contextrail::trail::{Imported, Search, Trail, TrailError};
use serde_json::{Value, json};

use super::bare::exported_with_texts;
use super::{deciding, options, record};
use crate::sample::{context, id};

async fn import(trail: &Trail, records: &[ExportedRecord]) -> Result<Imported, TrailError> {
    let digest = Digest::sha256(b"the document");
    trail.import(records.to_vec(), digest).await
}

/// A context as another trail exports it.
async fn exported(number: u64, more: Value) -> ExportedRecord {
    let first = options().open_in_memory().await.unwrap();
    let id = record(&first, number, more).await;
    let stored = first.read(id).await.unwrap().unwrap();
    let exported = first.export(&stored, true).await.unwrap();
    first.close().await;
    exported
}

async fn refused(trail: &Trail, records: &[ExportedRecord]) -> TrailError {
    let before = trail.status().await.unwrap().size;
    let error = import(trail, records).await.unwrap_err();
    let after = trail.status().await.unwrap().size;
    assert_eq!(after, before, "{error}");
    error
}

pub(super) async fn two_records_with_one_id_leave_nothing_behind(trail: Trail) {
    let one = exported(1, json!({"inputs": {"a": 1}})).await;
    let other = exported(1, json!({"inputs": {"a": 2}})).await;
    let error = refused(&trail, &[one.clone(), other]).await;
    assert!(
        matches!(error, TrailError::TwiceInFile(it) if it == id(1)),
        "{error}"
    );
    let imported = import(&trail, &[one.clone(), one]).await.unwrap();
    assert_eq!(imported.counts["context"], 1);
}

pub(super) async fn a_record_that_differs_from_the_one_there_leaves_nothing_behind(trail: Trail) {
    record(&trail, 2, json!({"inputs": {"a": 1}})).await;
    let new = exported(1, json!({})).await;
    let other = exported(2, json!({"inputs": {"a": 2}})).await;
    let error = refused(&trail, &[new, other]).await;
    assert!(
        matches!(error, TrailError::OtherContent(it) if it == id(2)),
        "{error}"
    );
    assert!(!error.to_string().contains("new id"), "{error}");
}

pub(super) async fn a_decision_without_its_context_leaves_nothing_behind(trail: Trail) {
    let first = options().open_in_memory().await.unwrap();
    record(&first, 1, json!({})).await;
    record(&first, 2, json!({})).await;
    first.record(deciding(3, &[id(1), id(2)])).await.unwrap();
    let mut records = Vec::new();
    for number in [3, 1] {
        let stored = first.read(id(number)).await.unwrap().unwrap();
        records.push(first.export(&stored, true).await.unwrap());
    }
    let error = refused(&trail, &records).await;
    let names = matches!(error, TrailError::UnknownRecord { id: it, .. } if it == id(2));
    assert!(names, "{error}");
    first.close().await;
}

pub(super) async fn a_whole_copy_of_a_bare_record_is_told_what_it_is(trail: Trail) {
    let whole = exported_with_texts().await;
    let bare = ExportedRecord::from(whole.record.clone());
    import(&trail, std::slice::from_ref(&bare)).await.unwrap();
    let error = refused(&trail, &[whole]).await;
    assert!(
        matches!(error, TrailError::BareCopy(it) if it == id(1)),
        "{error}"
    );
    assert_eq!(import(&trail, &[bare]).await.unwrap().existed, 1);
}

pub(super) async fn a_bare_copy_of_a_whole_record_is_there_already(trail: Trail) {
    let whole = exported_with_texts().await;
    import(&trail, std::slice::from_ref(&whole)).await.unwrap();
    let bare = ExportedRecord::from(whole.record.clone());
    assert_eq!(import(&trail, &[bare]).await.unwrap().existed, 1);
    let mut other = ExportedRecord::from(whole.record);
    if let Body::Context(context) = &mut other.record.body {
        context.name = "another".parse().unwrap();
    }
    let error = refused(&trail, &[other]).await;
    assert!(matches!(error, TrailError::OtherContent(_)), "{error}");
}

pub(super) async fn an_import_that_stops_says_how_far_it_came(trail: Trail) {
    let first = exported(1, json!({})).await;
    let mut inputs = serde_json::Map::new();
    inputs.extend((0..5_000).map(|number| (format!("i{number}"), json!(number))));
    let mut too_large = exported(2, json!({})).await;
    too_large.record.body = context(json!({"inputs": inputs})).into();
    let error = import(&trail, &[too_large, first.clone()])
        .await
        .unwrap_err();
    let TrailError::ImportStopped {
        stored: 1,
        total: 2,
        import: Some(import_id),
        source,
    } = error
    else {
        panic!("{error}");
    };
    assert!(matches!(*source, TrailError::Seal(_)), "{source}");
    let search = Search::default();
    let all = trail.search(search).await.unwrap().all().await.unwrap();
    let ids: Vec<RecordId> = all.iter().map(contextrail::trail::Stored::id).collect();
    assert_eq!(ids, [import_id, id(1)]);
    assert_eq!(all[0].record().kind(), Kind::Import);
    assert_eq!(import(&trail, &[first]).await.unwrap().existed, 1);
    trail
        .record(Draft::new(id(9), context(json!({}))))
        .await
        .unwrap();
}
