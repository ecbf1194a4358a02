//! Taking values away.

use std::collections::BTreeSet;
use std::sync::Arc;

use contextrail::record::{Draft, Hold};
use contextrail::seal::Slot;
use contextrail::store::{Find, Handle, KeyRange, LookedThrough, Prepared, Removal, Store};
use serde_json::json;

use super::cases::{small, with_keys};
use crate::sample::{context, id, prepared, tenant, time, vault};

/// What is found by `key` in the store: the indexes.
async fn under(store: &dyn Store, key: i64) -> Vec<u64> {
    let find = Find {
        keys: vec![KeyRange {
            first: key,
            last: key,
        }],
        ..Find::default()
    };
    store.find(&tenant("t"), &find, 9).await.unwrap()
}

pub(super) async fn values_are_taken_away_as_a_whole_with_the_record_of_it(store: Arc<dyn Store>) {
    let t = tenant("t");
    let (batch, _) = with_keys(&*store).await;
    let slot = store.read(&t, &[0]).await.unwrap()[0].owned_slots().next();
    let slot = slot.unwrap();
    let mut found_by = store.found_by(&t, &[0]).await.unwrap();
    found_by.sort_unstable();
    let mut expected: Vec<(i64, u64)> = batch[0].keys.iter().map(|key| (*key, 0)).collect();
    expected.sort_unstable();
    assert_eq!(found_by, expected);
    let whom = Handle::Entity("person:1".parse().unwrap());
    let whom = whom.key(&vault()).unwrap();
    assert_eq!(under(&*store, whom).await, [0]);

    let mut removal = Removal {
        slots: vec![(0, slot), (77, slot)],
        keys: Vec::new(),
        lookups: vec![(whom, 0), (whom, 1)],
        relocked: Vec::new(),
        new_keys: Vec::new(),
        looked_through: LookedThrough {
            keys: BTreeSet::from([batch[1].keys[0]]),
            size: 1,
        },
        record: small(9),
    };
    // The second record is found by what was to be looked at first.
    assert!(store.erase(&t, &removal, time(2)).await.unwrap().is_none());
    assert_eq!(store.read(&t, &[0]).await.unwrap()[0].slots, batch[0].slots);
    assert_eq!(store.head(&t).await.unwrap().size, 2);

    removal.looked_through.size = 2;
    let placed = store.erase(&t, &removal, time(2)).await.unwrap().unwrap();
    assert_eq!((placed.log_index, placed.existed), (2, false));
    let left = store.read(&t, &[0, 1, 2]).await.unwrap();
    assert!(left[0].owned_slots().next().is_none());
    assert_eq!(left[1].slots, batch[1].slots);
    assert_eq!(left[2].slots, removal.record.slots);
    assert_eq!(under(&*store, whom).await, Vec::<u64>::new());
    assert_eq!(
        store.found_by(&t, &[1]).await.unwrap().len(),
        batch[1].keys.len()
    );
    assert!(store.found_by(&tenant("u"), &[0]).await.unwrap().is_empty());
}

pub(super) async fn nothing_is_taken_away_once_a_hold_has_come(store: Arc<dyn Store>) {
    let t = tenant("t");
    let (batch, _) = with_keys(&*store).await;
    let slot = store.read(&t, &[0]).await.unwrap()[0].owned_slots().next();
    let hold = json!({"matter": "m", "target": {"query": {"name": "x"}},
        "placed_by": {"id": "anna", "kind": "service", "method": "token"}});
    let hold: Hold = serde_json::from_value(hold).unwrap();
    let held = prepared(Draft::new(id(5), hold));
    store.append(&t, &[held], time(1)).await.unwrap();
    let mut removal = Removal {
        slots: vec![(0, slot.unwrap())],
        keys: Vec::new(),
        lookups: Vec::new(),
        relocked: Vec::new(),
        new_keys: Vec::new(),
        looked_through: LookedThrough {
            keys: BTreeSet::new(),
            size: 2,
        },
        record: small(9),
    };
    assert!(store.erase(&t, &removal, time(2)).await.unwrap().is_none());
    assert_eq!(store.read(&t, &[0]).await.unwrap()[0].slots, batch[0].slots);
    removal.looked_through.size = 3;
    assert!(store.erase(&t, &removal, time(2)).await.unwrap().is_some());
}

/// More values than one statement names, in more than one bucket.
pub(super) async fn many_values_are_taken_away_and_no_others(store: Arc<dyn Store>) {
    let t = tenant("t");
    let about = |number: u64| {
        let whom = json!([{"type": "person", "id": (number % 5).to_string()}]);
        prepared(Draft::new(
            id(number),
            context(json!({"entities": whom, "inputs": {"n": number}})),
        ))
    };
    let batch: Vec<Prepared> = (0..1_400).map(about).collect();
    store.append(&t, &batch, time(1)).await.unwrap();
    let gone: Vec<u64> = (0..1_400).filter(|index| index % 3 == 0).collect();
    let keys = |whom: u64| {
        let handle = Handle::Entity(format!("person:{whom}").parse().unwrap());
        handle.key(&vault()).unwrap()
    };
    let removal = Removal {
        slots: gone.iter().map(|index| (*index, Slot::new(1))).collect(),
        keys: Vec::new(),
        lookups: gone.iter().map(|index| (keys(index % 5), *index)).collect(),
        relocked: Vec::new(),
        new_keys: Vec::new(),
        looked_through: LookedThrough {
            keys: BTreeSet::new(),
            size: 1_400,
        },
        record: small(9_999),
    };
    store.erase(&t, &removal, time(2)).await.unwrap().unwrap();
    let all: Vec<u64> = (0..1_400).collect();
    let found_by = store.found_by(&t, &all).await.unwrap();
    for stored in store.read(&t, &all).await.unwrap() {
        let index = stored.log_index;
        let is_there = stored.owned_slots().next().is_some();
        assert_eq!(is_there, index % 3 != 0, "{index}");
    }
    let whole = batch.iter().map(|it| it.keys.len()).sum::<usize>();
    assert_eq!(found_by.len(), whole - gone.len());
    let lost = removal.lookups.iter().filter(|it| found_by.contains(it));
    assert_eq!(lost.count(), 0);
}
