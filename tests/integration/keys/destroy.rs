//! The end of a key, and what it ends in copies of the database.

use std::fs;

use contextrail::privacy::keys::KeyError;
use contextrail::record::{Actor, ActorKind, ActorMethod};
use contextrail::trail::TrailError;

use super::place::{Place, contents, events, is_whole, record};
use crate::sample::id;

fn people(names: &[&str]) -> Vec<Actor> {
    let people = names.iter().map(|name| Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    });
    people.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroyed_epoch_bounds_what_an_older_copy_of_the_database_tells() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, &["person:1"]).await;
    let expected = contents(&trail).await;
    trail.close().await;
    let copy = place.as_it_is();
    let untouched = copy.read().await;
    assert_eq!(contents(&untouched).await, expected);
    untouched.close().await;

    let trail = place.open().await;
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    let receipt = trail.destroy_epoch(1, "past its time", people(&["anna", "ben"]));
    let receipt = receipt.await.unwrap();
    assert_eq!(contents(&trail).await, expected);
    is_whole(&trail).await;
    let destroyed = ["tenant", "destroy", "epoch 1"].map(str::to_owned);
    assert_eq!(events(&trail).await[1], destroyed);
    let stored = trail.read(receipt.id).await.unwrap().unwrap();
    let said = serde_json::to_value(stored.record()).unwrap();
    assert_eq!(said["reason"], "past its time");
    assert_eq!(said["approved_by"][1]["id"], "ben");
    let states: Vec<_> = trail.vault().status();
    let states: Vec<_> = states.iter().map(|key| (key.epoch, key.state)).collect();
    let states_expected = [
        (None, "current"),
        (Some(1), "destroyed"),
        (Some(2), "current"),
    ];
    assert_eq!(states, states_expected);
    trail.close().await;

    // The keys as they are now, beside the database as it was.
    for end in [".keyring", ".kek"] {
        fs::copy(place.beside(end), copy.beside(end)).unwrap();
    }
    let old = copy.read().await;
    assert_eq!(old.vault().why_locked(), None);
    let stored = old.read(id(1)).await.unwrap().unwrap();
    assert!(!stored.withheld().is_empty());
    let shown = format!("{:?} {:?}", stored, old.texts(&stored).await);
    assert!(!shown.contains("4100"), "{shown}");
    assert!(!shown.contains("person"), "{shown}");
    old.close().await;
    let live = place.open().await;
    assert_eq!(contents(&live).await, expected);
    is_whole(&live).await;
    live.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_epoch_is_kept_while_it_is_needed_or_one_person_alone_wants_it_gone() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, &["person:1"]).await;
    let both = || people(&["anna", "ben"]);
    for names in [&["anna"][..], &["anna", "ANNA"], &["anna", "Anna "], &[]] {
        let error = trail.destroy_epoch(1, "why", people(names)).await;
        assert!(matches!(error, Err(TrailError::Incomplete(_))), "{error:?}");
    }
    let refused = |error: TrailError, why: &str| {
        let TrailError::Key(key) = &error else {
            panic!("{error}")
        };
        assert!(matches!(**key, KeyError::Kept { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    let needed = "keys of entities are encrypted under it";
    refused(
        trail.destroy_epoch(1, "why", both()).await.unwrap_err(),
        needed,
    );
    refused(
        trail.destroy_epoch(7, "why", both()).await.unwrap_err(),
        "no such epoch",
    );
    trail
        .vault()
        .begin_epoch(crate::sample::time(1))
        .await
        .unwrap();
    refused(
        trail.destroy_epoch(1, "why", both()).await.unwrap_err(),
        needed,
    );
    refused(
        trail.destroy_epoch(2, "why", both()).await.unwrap_err(),
        "the one in use",
    );
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    trail.destroy_epoch(1, "why", both()).await.unwrap();
    refused(
        trail.destroy_epoch(1, "why", both()).await.unwrap_err(),
        "destroyed already",
    );
    assert_eq!(events(&trail).await.len(), 2);
    is_whole(&trail).await;
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destruction_that_was_not_recorded_is_recorded_by_the_next_call() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, &["person:1"]).await;
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    trail.vault().destroy(1, crate::sample::time(1)).unwrap();
    let both = people(&["anna", "ben"]);
    trail.destroy_epoch(1, "why", both).await.unwrap();
    let destroyed = ["tenant", "destroy", "epoch 1"].map(str::to_owned);
    assert_eq!(events(&trail).await[1], destroyed);
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_do_not_open_are_counted_and_left() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, &["person:1"]).await;
    trail.close().await;
    let copy = place.as_it_is();
    let trail = place.open().await;
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    trail
        .destroy_epoch(1, "why", people(&["anna", "ben"]))
        .await
        .unwrap();
    trail.close().await;
    for end in [".keyring", ".kek"] {
        fs::copy(place.beside(end), copy.beside(end)).unwrap();
    }
    let old = copy.open().await;
    let rotated = old.rotate_tenant_key(|_| {}).await.unwrap();
    assert!(rotated.unopened > 0, "{rotated:?}");
    let counts = old.entity_keys_by_epoch().await.unwrap();
    assert_eq!(counts.get(&1), Some(&rotated.unopened), "{counts:?}");
    old.close().await;
}
