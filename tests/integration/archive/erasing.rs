//! Erasing and encrypting anew what is in a segment that nobody may change.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use contextrail::record::Body;
use contextrail::trail::Trail;

use super::{Place, apply, approvers, contents, fill, is_whole, whom, word};
use crate::home::on_both;
use crate::sample::id;

async fn archived(place: Place, people: u64) -> (Place, Trail) {
    let trail = place.open().await;
    fill(&trail, 1..people + 1).await;
    apply(&trail).await;
    // Written once: whoever is not root cannot write there any more.
    for path in [
        place.segment(),
        place.archive().join("default"),
        place.archive(),
    ] {
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    (place, trail)
}

/// Gives the folder back to those who clean up.
fn unlocked(place: &Place) {
    for path in [place.archive(), place.archive().join("default")] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

async fn a_person_is_erased_and_the_segment_stays_as_it_is(place: Place) {
    let (place, trail) = archived(place, 5).await;
    let segments = place.segments();
    let proof = {
        let stored = trail.read(id(2)).await.unwrap().unwrap();
        (trail.prove(&stored).await.unwrap(), stored.entry_hash())
    };
    let erased = trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    let Body::Erasure(erasure) = &erased.record.body else {
        panic!("{erased:?}");
    };
    assert_eq!((erasure.slots.len(), erasure.keys), (4, 1));
    assert_eq!(trail.leftovers(&whom(2)).await.unwrap(), []);
    assert!(trail.history(&whom(2)).await.unwrap().is_empty());
    let gone = trail.read(id(2)).await.unwrap().unwrap();
    assert!(
        !serde_json::to_string(gone.record())
            .unwrap()
            .contains("canary")
    );
    assert_eq!(gone.why_withheld("/inputs/name"), "erased");
    let keys = trail.notary().verifier_keys().await.unwrap();
    assert!(proof.0.verify(&proof.1, &keys, &Default::default()).is_ok());
    let kept = trail.read(id(3)).await.unwrap().unwrap();
    assert!(
        serde_json::to_string(kept.record())
            .unwrap()
            .contains(&word(3))
    );
    let verified = is_whole(&trail).await;
    assert_eq!(verified.verification.erased_slots, 4);
    trail.rebuild().await.unwrap();
    is_whole(&trail).await;
    trail.close().await;
    assert_eq!(place.segments(), segments);
    for file in fs::read_dir(place.0.folder()).unwrap() {
        let path = file.unwrap().path();
        let bytes = path.is_file().then(|| fs::read(&path).unwrap());
        let mut windows = bytes.iter().flat_map(|bytes| bytes.windows(11));
        assert!(!windows.any(|it| it == b"canary-0002"), "{path:?}");
    }
    unlocked(&place);
}

async fn keys_of_every_level_are_replaced_and_the_segment_stays_as_it_is(place: Place) {
    let (place, trail) = archived(place, 5).await;
    let (segments, before) = (place.segments(), contents(&trail).await);
    let rotated = trail.rotate_entity_key(&whom(2), |_| {}).await.unwrap();
    assert_eq!(rotated.changed, 4);
    assert_eq!(contents(&trail).await, before);
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    trail.destroy_epoch(1, "past", approvers()).await.unwrap();
    trail.rotate_key_encryption().await.unwrap();
    assert_eq!(contents(&trail).await, before);
    is_whole(&trail).await;
    trail.close().await;
    let trail = place.open().await;
    assert_eq!(contents(&trail).await, before);
    assert!(trail.read(id(2)).await.unwrap().unwrap().is_archived());
    is_whole(&trail).await;
    trail.close().await;
    assert_eq!(place.segments(), segments);
    unlocked(&place);
}

async fn what_a_hold_keeps_of_a_person_is_under_a_new_key_in_the_same_segment(place: Place) {
    let (place, trail) = archived(place, 3).await;
    let segments = place.segments();
    let hold = serde_json::json!({
        "matter": "LIT-7", "target": {"decision": id(100_002)},
        "placed_by": {"id": "carl", "kind": "human", "method": "asserted"},
    });
    trail
        .place_hold(serde_json::from_value(hold).unwrap())
        .await
        .unwrap();
    let mut other = super::about(2);
    other.id = id(50);
    trail.record(other).await.unwrap();
    trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    let kept = trail.read(id(2)).await.unwrap().unwrap();
    assert!(kept.is_archived() && kept.withheld().is_empty());
    let gone = trail.read(id(50)).await.unwrap().unwrap();
    assert_eq!(gone.why_withheld("/inputs/name"), "erased");
    is_whole(&trail).await;
    trail.close().await;
    assert_eq!(place.segments(), segments);
    unlocked(&place);
}

on_both! {[
    a_person_is_erased_and_the_segment_stays_as_it_is,
    keys_of_every_level_are_replaced_and_the_segment_stays_as_it_is,
    what_a_hold_keeps_of_a_person_is_under_a_new_key_in_the_same_segment,
]}
