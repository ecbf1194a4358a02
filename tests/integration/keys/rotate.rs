//! New keys in the place of old ones.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use contextrail::privacy::keys::{KeyId, KeyProvider, LocalKeys, Vault};
use contextrail::trail::TrailError;

use super::place::{Place, bytes_of, contents, events, is_whole, record};
use crate::sample::{entity, tenant, time};

/// Contexts about two people, each alone and both together, enough for several batches.
async fn begun() -> Place {
    let place = Place::new();
    let trail = place.open().await;
    for number in 1..=300 {
        let whom: &[&str] = match number % 3 {
            0 => &["person:1"],
            1 => &["person:1", "person:2"],
            _ => &["person:2"],
        };
        record(&trail, number, whom).await;
    }
    trail.close().await;
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_of_an_entity_takes_the_place_of_the_old_one_while_values_stay() {
    let place = begun().await;
    let (before, keys_before) = place.rows().await;
    let trail = place.open().await;
    let expected = contents(&trail).await;
    let first = entity("person:1");
    let handle = trail.vault().handle(Some(&first)).unwrap();
    let between = Mutex::new(Vec::new());
    let rotated = trail.rotate_entity_key(&first, |_| {
        between.lock().unwrap().push(place.as_it_is());
    });
    assert_eq!(rotated.await.unwrap().changed, 200);
    assert_eq!(contents(&trail).await, expected);
    is_whole(&trail).await;
    let name: String = handle.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let event = ["entity", "rotate", &name].map(str::to_owned);
    assert_eq!(events(&trail).await, [event]);
    // What is recorded afterwards is under the new key.
    record(&trail, 301, &["person:1"]).await;
    trail.close().await;

    let (after, keys_after) = place.rows().await;
    let ids = |keys: &[contextrail::privacy::keys::EntityKey], own: bool| {
        let ids = keys.iter().map(|key| key.id);
        ids.filter(|id| (id.entity == handle) == own)
            .collect::<Vec<KeyId>>()
    };
    assert_eq!(ids(&keys_before, false), ids(&keys_after, false));
    let (old, new) = (ids(&keys_before, true), ids(&keys_after, true));
    assert_eq!((old.len(), new.len()), (1, 1));
    assert_ne!(old, new);
    let mut relocked = 0;
    for (before, after) in before.iter().zip(&after) {
        for (before, after) in before.slots.iter().zip(&after.slots) {
            relocked += u32::from(before.bytes != after.bytes);
            // The values are behind the keys, which have the same length.
            let values = before.bytes.len().min(KEYS_OF_TWO);
            assert_eq!(before.bytes[values..], after.bytes[values..]);
        }
        let used: BTreeSet<KeyId> = after.key_ids().collect();
        assert!(!used.contains(&old[0]));
    }
    assert!(relocked >= 200, "{relocked}");
    let last = after.last().unwrap();
    assert!(last.key_ids().any(|id| id == new[0]));

    let between = between.into_inner().unwrap();
    assert!(between.len() >= 2, "{} batches", between.len());
    for stopped in between {
        let trail = stopped.open().await;
        is_whole(&trail).await;
        assert_eq!(contents(&trail).await, expected);
        let again = trail.rotate_entity_key(&first, |_| {});
        assert_eq!(again.await.unwrap().changed, 200);
        is_whole(&trail).await;
        assert_eq!(contents(&trail).await, expected);
        trail.close().await;
        let (_, keys) = stopped.rows().await;
        assert_eq!(ids(&keys, true).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_epoch_takes_every_key_and_goes_on_where_it_was_stopped() {
    let place = Place::new();
    let trail = place.open().await;
    for number in 1..=600 {
        record(&trail, number, &[&format!("person:{number}")]).await;
    }
    let expected = contents(&trail).await;
    let between = Mutex::new(Vec::new());
    let rotated = trail.rotate_tenant_key(|_| between.lock().unwrap().push(place.as_it_is()));
    let rotated = rotated.await.unwrap();
    assert!(rotated.changed >= 600 && rotated.unopened == 0);
    let only = |trail: &contextrail::Trail| {
        let trail = trail.clone();
        async move { trail.entity_keys_by_epoch().await.unwrap() }
    };
    assert!(only(&trail).await.keys().eq(&[2]));
    assert_eq!(contents(&trail).await, expected);
    is_whole(&trail).await;
    let recorded = [["tenant", "rotate", "epoch 2"].map(str::to_owned)];
    assert_eq!(events(&trail).await, recorded);
    record(&trail, 601, &["person:601"]).await;
    assert!(only(&trail).await.keys().eq(&[2]));
    trail.close().await;

    let between = between.into_inner().unwrap();
    assert!(between.len() >= 3, "{} batches", between.len());
    for stopped in between {
        let trail = stopped.open().await;
        is_whole(&trail).await;
        assert_eq!(contents(&trail).await, expected);
        record(&trail, 700, &["person:700"]).await;
        trail.rotate_tenant_key(|_| {}).await.unwrap();
        assert!(
            only(&trail).await.keys().eq(&[2]),
            "the epoch that had begun"
        );
        assert_eq!(events(&trail).await, recorded);
        is_whole(&trail).await;
        trail.close().await;
    }
    let trail = place.open().await;
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    assert!(only(&trail).await.keys().eq(&[3]));
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_others_write() {
    let place = begun().await;
    let trail = place.open().await;
    let writing = {
        let trail = trail.clone();
        tokio::spawn(async move {
            for number in 1_000..1_400 {
                record(&trail, number, &["person:1", "person:2"]).await;
            }
        })
    };
    let first = entity("person:1");
    for _ in 0..3 {
        trail.rotate_entity_key(&first, |_| {}).await.unwrap();
        trail.rotate_tenant_key(|_| {}).await.unwrap();
        trail.rotate_key_encryption().await.unwrap();
    }
    writing.await.unwrap();
    trail
        .rotate_entity_key(&entity("person:2"), |_| {})
        .await
        .unwrap();
    assert_eq!(contents(&trail).await.len(), 700);
    is_whole(&trail).await;
    trail.close().await;
    let trail = place.open().await;
    assert_eq!(contents(&trail).await.len(), 700);
    is_whole(&trail).await;
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_encryption_key_is_the_only_one_that_is_kept() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, &["person:1"]).await;
    let expected = contents(&trail).await;
    let before = bytes_of(&place.beside(".kek"));
    let rotated = trail.rotate_key_encryption().await.unwrap();
    assert_eq!(rotated.changed, 2);
    let after = String::from_utf8(bytes_of(&place.beside(".kek"))).unwrap();
    assert_ne!(after.as_bytes(), before);
    assert_eq!(after.lines().count(), 1);
    let (name, _) = after.split_once(' ').unwrap();
    let event = ["key_encryption", "rotate", name].map(str::to_owned);
    assert_eq!(events(&trail).await, [event]);
    trail.close().await;
    let trail = place.open().await;
    assert_eq!(contents(&trail).await, expected);
    is_whole(&trail).await;
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entity_without_values_has_no_key_to_replace() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, &["person:1"]).await;
    let error = trail.rotate_entity_key(&entity("person:9"), |_| {}).await;
    assert!(matches!(error, Err(TrailError::NoKeys(_))), "{error:?}");
    assert!(events(&trail).await.is_empty());
    trail.close().await;
    let reader = place.read().await;
    let error = reader.rotate_tenant_key(|_| {}).await;
    assert!(matches!(error, Err(TrailError::ReadOnly)), "{error:?}");
    reader.close().await;
}

#[tokio::test]
async fn a_key_that_is_being_replaced_opens_and_takes_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    let keys: Arc<dyn KeyProvider> = Arc::new(LocalKeys::in_memory());
    let t = tenant("t");
    let open = || Vault::open(Some(&path), Arc::clone(&keys), &t, Some(time(0)));
    let first = open().await.unwrap();
    let handle = first.handle(Some(&entity("person:1"))).unwrap();
    let old = first.create(handle).unwrap();
    let row = &old.new.unwrap().row;

    let vault = open().await.unwrap();
    let new = vault.retire(handle, &[old.id]).unwrap();
    assert_eq!(vault.unwrap(row).unwrap().as_bytes(), old.secret.as_bytes());
    assert_eq!(vault.newest_or_new(handle).unwrap().id, new.id);
    vault.retired(&[old.id]);
    assert!(vault.opened(old.id).is_none());
    assert_eq!(vault.newest_or_new(handle).unwrap().id, new.id);

    // One that was made under an earlier epoch and stored nowhere is not used any longer.
    vault.begin_epoch(time(1)).await.unwrap();
    let newer = vault.newest_or_new(handle).unwrap();
    assert_ne!(newer.id, new.id);
    assert_eq!(newer.new.unwrap().row.epoch, 2);
}

/// The form, the check, the number of keys, two keys, and the key of the values under them.
const KEYS_OF_TWO: usize = 1 + 8 + 2 + 2 * 20 + 60;
