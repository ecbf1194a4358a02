//! Stores that give each other what they hold.

use std::path::Path;
use std::sync::Arc;

use contextrail::record::{Class, Draft};
use contextrail::store::{
    Access, MemoryStore, Part, Prepared, SqliteStore, Store, StoreError, StoredRow, VerifyPlan,
};
use serde_json::json;

use crate::sample::{assembled, context, id, prepared, tenant, time, trail_id, vault};

const RECORDS: u64 = 2_500;

fn numbered(number: u64) -> Prepared {
    let (assembly, texts) = assembled(&[(&format!("policy {}", number % 7), Class::Confidential)]);
    let body = context(json!({
        "assembly": assembly,
        "entities": [{"type": "applicant", "id": format!("user_{}", number % 50)}],
        "inputs": {"n": number},
    }));
    let mut draft = Draft::new(id(number), body);
    draft.texts = texts;
    prepared(draft)
}

/// An empty store of each sort, with its file in `folder`.
async fn stores(folder: &Path) -> [Arc<dyn Store>; 2] {
    let path = folder.join("trail.db");
    let sqlite = SqliteStore::open(&path, Access::Write, trail_id()).await;
    [
        Arc::new(MemoryStore::new(trail_id())),
        Arc::new(sqlite.unwrap()),
    ]
}

async fn fill(store: &dyn Store, numbers: std::ops::Range<u64>) {
    let batch: Vec<_> = numbers.map(numbered).collect();
    for chunk in batch.chunks(500) {
        store
            .append(&tenant("default"), chunk, time(5))
            .await
            .unwrap();
    }
}

/// Gives `to` everything that `from` holds.
async fn give(from: &dyn Store, to: &dyn Store) {
    assert!(to.adopt(from.trail().await.unwrap()).await.unwrap());
    let mut snapshot = from.snapshot().await.unwrap();
    for (tenant, head) in snapshot.logs().await.unwrap() {
        for bucket in 0..=head.size / 1_024 {
            let rows = snapshot.bucket(&tenant, bucket).await.unwrap();
            to.put(&tenant, &Part::Records(rows)).await.unwrap();
        }
        let texts = snapshot.texts_after(&tenant, None, 1_000).await.unwrap();
        to.put(&tenant, &Part::Texts(texts)).await.unwrap();
        let there = snapshot
            .entity_keys_after(&tenant, None, 1_000)
            .await
            .unwrap();
        let keys = Part::Keys {
            there,
            gone: Vec::new(),
        };
        to.put(&tenant, &keys).await.unwrap();
    }
}

async fn rows(store: &dyn Store) -> Vec<StoredRow> {
    let mut snapshot = store.snapshot().await.unwrap();
    let mut rows = Vec::new();
    for bucket in 0..=RECORDS / 1_024 {
        rows.extend(snapshot.bucket(&tenant("default"), bucket).await.unwrap());
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_from_store_to_store_and_back_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let other = "0192f0c1-0000-7000-8000-000000000009".parse().unwrap();
    let first = MemoryStore::new(trail_id());
    fill(&first, 1..RECORDS + 1).await;
    let second = SqliteStore::open(&path, Access::Write, other)
        .await
        .unwrap();
    give(&first, &second).await;
    let third = MemoryStore::new(other);
    give(&second, &third).await;
    let ours = rows(&first).await;
    assert_eq!(ours.len(), usize::try_from(RECORDS).unwrap());
    for store in [&second as &dyn Store, &third] {
        assert_eq!(store.trail().await.unwrap(), trail_id());
        assert_eq!(
            store.head(&tenant("default")).await.unwrap(),
            first.head(&tenant("default")).await.unwrap()
        );
        assert!(rows(store).await == ours);
        let found = store.verify(&VerifyPlan::with(vault())).await.unwrap();
        assert_eq!((found.findings, found.entries), (vec![], RECORDS));
    }
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_entry_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stores = stores(folder.path()).await;
    let source = MemoryStore::new(trail_id());
    fill(&source, 1..11).await;
    for store in stores {
        let first = Part::Records(rows(&source).await[..3].to_vec());
        assert_eq!(store.put(&tenant("default"), &first).await.unwrap(), 3);
        assert_eq!(store.put(&tenant("default"), &first).await.unwrap(), 0);
        let other = numbered(77);
        store
            .append(&tenant("default"), &[other], time(5))
            .await
            .unwrap();
        let before = rows(&*store).await;
        let part = Part::Records(rows(&source).await);
        let refused = store.put(&tenant("default"), &part).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::OtherEntry { index: 3, .. }),
            "{refused}"
        );
        let behind = Part::Records(rows(&source).await.split_off(7));
        assert!(
            store.put(&tenant("default"), &behind).await.is_err(),
            "there is a gap"
        );
        assert!(rows(&*store).await == before);
        let other = "0192f0c1-0000-7000-8000-000000000009".parse().unwrap();
        assert!(
            !store.adopt(other).await.unwrap(),
            "it has records of its own"
        );
        assert_eq!(store.trail().await.unwrap(), trail_id());
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_does_not_see_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let stores = stores(folder.path()).await;
    for store in stores {
        fill(&*store, 1..11).await;
        let mut snapshot = store.snapshot().await.unwrap();
        fill(&*store, 11..31).await;
        let logs = snapshot.logs().await.unwrap();
        assert_eq!((logs.len(), logs[0].1.size), (1, 10));
        assert_eq!(
            snapshot.bucket(&tenant("default"), 0).await.unwrap().len(),
            10
        );
        drop(snapshot);
        assert_eq!(rows(&*store).await.len(), 30);
        store.close().await;
    }
}
