//! Putting stubs in the place of what is in the archive.

use std::sync::Arc;

use contextrail::record::{Archival, Digest, Draft, Tenant};
use contextrail::seal::{Slot, SlotBytes};
use contextrail::store::{
    NewSegment, ObjectArchive, Prepared, SegmentWriter, Segments, Store, StoredRecord, VerifyPlan,
};
use serde_json::json;

use crate::sample::{context, id, prepared, tenant, time, trail_id, vault};

const RECORDS: u64 = 150;

async fn filled(store: &dyn Store) -> Vec<StoredRecord> {
    let drafts = (1..=RECORDS).map(|number| {
        let whom = json!([{"type": "person", "id": (number % 9).to_string()}]);
        let body = context(json!({"entities": whom, "inputs": {"number": number}}));
        prepared(Draft::new(id(number), body))
    });
    let batch: Vec<Prepared> = drafts.collect();
    store
        .append(&Tenant::default(), &batch, time(1))
        .await
        .unwrap();
    rows(store).await
}

async fn rows(store: &dyn Store) -> Vec<StoredRecord> {
    let indexes: Vec<u64> = (0..RECORDS).collect();
    store.read(&Tenant::default(), &indexes).await.unwrap()
}

fn made(rows: &[StoredRecord]) -> NewSegment {
    let mut writer = SegmentWriter::default();
    for row in rows {
        assert!(writer.add(row).unwrap());
    }
    let made = writer.finish(trail_id(), &Tenant::default());
    made.unwrap().unwrap()
}

fn recorded(segment: &NewSegment) -> Prepared {
    let body = Archival {
        policy: "hot@1".parse().unwrap(),
        segment: Digest::Sha256(segment.id.0),
        bytes: u64::try_from(segment.bytes.len()).unwrap(),
        records: segment.records,
        first: segment.range.0,
        last: segment.range.1,
        replaced: segment.replaced,
        place: None,
    };
    prepared(Draft::new(id(900), body))
}

pub(super) async fn stubs_take_the_place_of_what_was_read_or_nothing_changes(
    store: Arc<dyn Store>,
) {
    let t = Tenant::default();
    let before = filled(&*store).await;
    let segment = made(&before);
    // The same records make the same segment.
    let again = made(&before);
    assert_eq!((segment.id, &segment.bytes), (again.id, &again.bytes));
    assert_eq!(
        (segment.records, segment.range),
        (RECORDS, (0, RECORDS - 1))
    );
    let record = recorded(&segment);
    let mut changed = segment.slots.clone();
    changed[7].before.push(0);
    let nothing = store.archive(&t, &changed, &record, time(2)).await;
    assert_eq!(nothing.unwrap(), None);
    assert_eq!(rows(&*store).await, before);
    assert_eq!(store.head(&t).await.unwrap().size, RECORDS);
    let nothing = store
        .archive(&tenant("u"), &segment.slots, &record, time(2))
        .await;
    assert_eq!(nothing.unwrap(), None);

    let placed = store.archive(&t, &segment.slots, &record, time(2)).await;
    assert_eq!(placed.unwrap().unwrap().log_index, RECORDS);
    let moved = rows(&*store).await;
    for (moved, before) in moved.iter().zip(&before) {
        assert!(moved.is_archived_whole());
        assert_eq!(moved.entry, before.entry);
        assert!(moved.key_ids().eq(before.key_ids()));
        assert_eq!(
            moved.segments().collect::<Vec<_>>(),
            vec![segment.id; moved.slots.len()]
        );
    }
    // A second time there is nothing of what was read.
    let nothing = store.archive(&t, &segment.slots, &record, time(3)).await;
    assert_eq!(nothing.unwrap(), None);
}

pub(super) async fn what_is_in_the_archive_verifies_with_it_and_counts_without(
    store: Arc<dyn Store>,
) {
    let t = Tenant::default();
    let before = filled(&*store).await;
    let segment = made(&before);
    let objects = Arc::new(object_store::memory::InMemory::new());
    let archive = Arc::new(ObjectArchive::new(objects, "", "memory"));
    let segments = Arc::new(Segments::new(Some(archive)));
    segments.put(&t, &segment).await.unwrap();
    store
        .archive(&t, &segment.slots, &recorded(&segment), time(2))
        .await
        .unwrap();
    let mut moved = rows(&*store).await;
    segments.fetch_all(&t, &mut moved).await.unwrap();
    for (moved, before) in moved.iter().zip(&before) {
        assert_eq!(
            moved.without_keys().unwrap(),
            before.without_keys().unwrap()
        );
        let locked = |slots: &[SlotBytes]| {
            let mut slots = slots.to_vec();
            slots.retain(|slot| slot.slot != Slot::TENANT);
            slots
        };
        assert_eq!(locked(&moved.fetched), locked(&before.slots));
    }
    let without = store.verify(&VerifyPlan::with(vault())).await.unwrap();
    assert_eq!(without.findings, []);
    assert_eq!((without.unread, without.archived), (RECORDS, RECORDS));
    let mut plan = VerifyPlan::with(vault());
    plan.segments = Arc::clone(&segments);
    let with = store.verify(&plan).await.unwrap();
    assert_eq!(with.findings, []);
    assert_eq!((with.unread, with.archived, with.segments), (0, RECORDS, 1));
    assert_eq!(with.records, RECORDS + 1);
    let rebuilt = store.rebuild(&t, &vault(), &segments).await.unwrap();
    assert_eq!(rebuilt, RECORDS + 1);
    assert_eq!(store.verify(&plan).await.unwrap().findings, []);
}
