//! Older copies and forks, which nothing but a witness can know of.

use std::fs;

use contextrail::notary::{Attesters, Frozen};
use contextrail::record::{Acknowledged, Actor, ActorKind, ActorMethod, Body};
use contextrail::trail::{Trail, TrailError};

use super::place::{LONG, Place, record};
use super::served::Served;
use crate::sample::id;

async fn frozen(trail: &Trail) -> Frozen {
    match record(trail, 99).await {
        Err(TrailError::Frozen(frozen)) => *frozen,
        other => panic!("{other:?}"),
    }
}

pub(super) fn approvers() -> Vec<Actor> {
    let approver = |name: &str| Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    };
    vec![approver("anna"), approver("ben")]
}

/// A witnessed trail of five entries, of whose first three there is a copy.
async fn witnessed() -> (Place, Served) {
    let (place, log_key) = Place::begun().await;
    let witness = Served::start(&place.path("witness"), &[log_key]).await;
    place.fill(witness.attesters(), 2..=3).await;
    place.save();
    place.fill(witness.attesters(), 4..=5).await;
    (place, witness)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_database_and_heads_is_frozen_by_the_witness() {
    let (place, witness) = witnessed().await;
    place.restore();
    // Without the witness nothing can tell.
    let trail = place.open(Attesters::default()).await;
    assert!(trail.notary().frozen().is_none());
    trail.close().await;

    let trail = place.open(witness.attesters()).await;
    let frozen = frozen(&trail).await;
    assert_eq!((frozen.known.size, frozen.found.size), (5, 3));
    let text = frozen.to_string();
    for part in [
        &witness.address.to_string(),
        "5 entries",
        "3 entries",
        "log succeed",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(trail.read(id(2)).await.unwrap().is_some(), "reads go on");
    assert!(matches!(
        trail.checkpoint().await,
        Err(TrailError::Frozen(_))
    ));
    trail.close().await;
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_without_any_heads_is_frozen_by_the_witness() {
    let (place, witness) = witnessed().await;
    place.restore();
    fs::remove_file(place.path("trail.db.heads")).unwrap();
    let trail = place.open(witness.attesters()).await;
    assert_eq!(frozen(&trail).await.known.size, 5);
    trail.close().await;
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_of_any_length_is_frozen_by_the_witness() {
    for last in [4, 5, 8] {
        let (place, witness) = witnessed().await;
        place.restore();
        // Other entries than the witness has seen, recorded while it was away.
        place.fill(Attesters::default(), 11..=last + 7).await;
        let trail = place.open(witness.attesters()).await;
        let frozen = frozen(&trail).await;
        assert_eq!((frozen.known.size, frozen.found.size), (5, last));
        trail.close().await;
        witness.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_found_while_the_trail_is_open_when_the_witness_comes_back() {
    let (place, witness) = witnessed().await;
    let (address, attesters) = (witness.address, witness.attesters());
    let trail = place.open(Attesters::default()).await;
    let keys = trail.notary().verifier_keys().await.unwrap();
    trail.close().await;
    witness.stop().await;
    place.restore();

    let trail = place.open(attesters).await;
    let receipt = record(&trail, 11).await.unwrap();
    record(&trail, 12).await.unwrap();
    record(&trail, 13).await.unwrap();
    let witness = Served::start_at(address, &place.path("witness"), &keys).await;
    let waited = trail
        .attested(&receipt, Acknowledged::Witnessed, LONG)
        .await;
    assert!(matches!(waited, Err(TrailError::Frozen(_))), "{waited:?}");
    frozen(&trail).await;
    trail.close().await;
    witness.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_names_what_the_witness_has_seen() {
    let (place, witness) = witnessed().await;
    place.restore();
    let trail = place.open(witness.attesters()).await;
    frozen(&trail).await;
    let receipt = trail
        .succeed("the disk is lost", approvers())
        .await
        .unwrap();
    trail.close().await;

    // Its origin is a new one: the witness has to be told of its key, and knows nothing of it yet.
    let trail = place.open(witness.attesters()).await;
    let stored = trail.read(receipt.id).await.unwrap().unwrap();
    let Body::Succession(succession) = &stored.record().body else {
        panic!("{stored:?}");
    };
    assert_eq!((succession.lost_from, succession.lost_to), (3, 5));
    assert_eq!(succession.known.size, 5);
    record(&trail, 20).await.unwrap();
    trail.close().await;
    let verified = trail_verifies(&place).await;
    assert!(verified, "it goes on in the new epoch");
    witness.stop().await;
}

async fn trail_verifies(place: &Place) -> bool {
    let trail = place.open(Attesters::default()).await;
    let verified = trail.verify(0, std::sync::Arc::new(|_| {})).await.unwrap();
    trail.close().await;
    verified.ok
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_witnessed_of_a_lost_entry_does_not_count_for_the_one_in_its_place() {
    let (place, witness) = witnessed().await;
    // The heads stay, which know of five entries.
    fs::copy(place.path("trail.db.old"), place.path("trail.db")).unwrap();
    let trail = place.open(Attesters::default()).await;
    let succession = trail
        .succeed("the disk is lost", approvers())
        .await
        .unwrap();
    trail.close().await;
    let trail = place.open(Attesters::default()).await;
    let receipt = record(&trail, 20).await.unwrap();
    assert_eq!(
        (succession.log_index, receipt.log_index),
        (Some(3), Some(4))
    );
    let signed = trail
        .attested(&receipt, Acknowledged::Checkpointed, LONG)
        .await;
    assert_eq!(signed.unwrap().acknowledged, Acknowledged::Checkpointed);
    trail.close().await;
    witness.stop().await;
}
