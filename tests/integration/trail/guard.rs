//! The rollback guard: a database that is not the newest one is read, and not written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contextrail::log::{Quorum, verify_consistency};
use contextrail::notary::NotaryError;
use contextrail::record::{Acknowledged, Actor, ActorKind, ActorMethod, Draft};
use contextrail::trail::{Trail, TrailError};
use serde_json::json;

use super::{options, record, url};
use crate::sample::{context, id};

pub(super) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("trail.db")
    }

    pub(super) fn beside(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("trail.db{end}"))
    }

    pub(super) async fn open(&self) -> Trail {
        options().open(&url(&self.path())).await.unwrap()
    }

    /// Records the contexts of these numbers and closes the trail.
    pub(super) async fn fill(&self, numbers: std::ops::RangeInclusive<u64>) {
        let trail = self.open().await;
        for number in numbers {
            record(&trail, number, json!({})).await;
        }
        trail.close().await;
    }
}

pub(super) fn approver(name: &str) -> Actor {
    Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

pub(super) async fn verify_is_ok(path: &Path) -> bool {
    let trail = options().open_for_reading(&url(path)).await.unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    trail.close().await;
    verified.ok
}

#[tokio::test]
async fn an_older_copy_put_in_place_is_read_and_not_written() {
    let place = Place::new();
    place.fill(1..=3).await;
    fs::copy(place.path(), place.beside(".old")).unwrap();
    place.fill(4..=5).await;
    fs::copy(place.beside(".old"), place.path()).unwrap();

    let trail = place.open().await;
    let refused = trail
        .record(Draft::new(id(9), context(json!({}))))
        .await
        .unwrap_err();
    let TrailError::Frozen(frozen) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!((frozen.known.size, frozen.found.size), (5, 3));
    assert!(
        refused.to_string().contains("5 entries") && refused.to_string().contains("3 entries"),
        "{refused}"
    );
    assert!(trail.read(id(2)).await.unwrap().is_some(), "reads go on");
    assert!(
        matches!(trail.checkpoint().await, Err(TrailError::Frozen(_))),
        "nothing is signed"
    );
    trail.close().await;
    assert!(!verify_is_ok(&place.path()).await);
}

#[tokio::test]
async fn another_database_put_in_place_is_refused() {
    let (place, other) = (Place::new(), Place::new());
    place.fill(1..=3).await;
    let trail = contextrail::trail::TrailOptions::new()
        .open(&url(&other.path()))
        .await
        .unwrap();
    for number in 1..=3 {
        record(&trail, number, json!({})).await;
    }
    trail.close().await;
    fs::copy(other.path(), place.path()).unwrap();
    let trail = place.open().await;
    let refused = trail.record(Draft::new(id(9), context(json!({})))).await;
    assert!(matches!(refused, Err(TrailError::Frozen(_))));
    trail.close().await;
    assert!(!verify_is_ok(&place.path()).await);
}

#[tokio::test]
async fn a_lost_database_is_not_replaced_by_an_empty_one() {
    let place = Place::new();
    place.fill(1..=3).await;
    fs::remove_file(place.path()).unwrap();
    let error = options().open(&url(&place.path())).await.unwrap_err();
    let TrailError::Notary(error) = error else {
        panic!("{error:?}")
    };
    assert!(
        matches!(*error, NotaryError::DatabaseMissing { entries: 3, .. }),
        "{error}"
    );
    assert!(!place.path().exists());
}

#[tokio::test]
async fn a_succession_names_what_is_lost_and_the_log_goes_on() {
    let place = Place::new();
    place.fill(1..=3).await;
    fs::copy(place.path(), place.beside(".old")).unwrap();
    place.fill(4..=5).await;
    let before = place.open().await;
    let newest = before.checkpoint().await.unwrap();
    before.close().await;
    fs::copy(place.beside(".old"), place.path()).unwrap();

    let trail = place.open().await;
    let alone = trail
        .succeed("the disk is lost", vec![approver("anna")])
        .await;
    assert!(matches!(alone, Err(TrailError::Incomplete(_))), "{alone:?}");
    let receipt = trail
        .succeed("the disk is lost", vec![approver("anna"), approver("ben")])
        .await
        .unwrap();
    assert_eq!(
        receipt.log_index,
        Some(3),
        "it is the first entry behind the restored ones"
    );
    trail.close().await;

    let trail = place.open().await;
    let stored = trail.read(receipt.id).await.unwrap().unwrap();
    let said = serde_json::to_value(stored.record()).unwrap();
    assert_eq!(said["epoch"], 2);
    assert_eq!(
        (&said["restored"]["size"], &said["known"]["size"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(
        (&said["lost_from"], &said["lost_to"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(said["approved_by"][1]["id"], "ben");
    record(&trail, 9, json!({})).await;
    let head = trail.checkpoint().await.unwrap();
    let origin = head.checkpoint.checkpoint().origin().to_owned();
    assert_eq!(
        origin,
        format!("{}/2", newest.checkpoint.checkpoint().origin())
    );
    trail.close().await;
    assert!(verify_is_ok(&place.path()).await);

    // The database of before the succession is refused now, and so is the lost one.
    fs::copy(place.beside(".old"), place.path()).unwrap();
    let trail = place.open().await;
    assert!(trail.notary().frozen().is_some());
    trail.close().await;
}

#[tokio::test]
async fn a_trail_that_is_not_frozen_has_no_succession() {
    let place = Place::new();
    let trail = place.open().await;
    let refused = trail
        .succeed("why not", vec![approver("anna"), approver("ben")])
        .await;
    assert!(matches!(refused, Err(TrailError::Incomplete(_))));
    trail.close().await;
}

#[tokio::test]
async fn a_torn_last_line_of_the_heads_file_is_tolerated_and_a_changed_one_is_not() {
    let place = Place::new();
    place.fill(1..=2).await;
    let whole = fs::read_to_string(place.beside(".heads")).unwrap();
    fs::write(place.beside(".heads"), format!("{whole}{{\"at\":\"2026")).unwrap();
    place.fill(3..=3).await;
    let healed = fs::read_to_string(place.beside(".heads")).unwrap();
    assert!(
        healed.starts_with(&whole) && healed.ends_with("}\n"),
        "{healed}"
    );
    assert!(verify_is_ok(&place.path()).await);

    fs::write(
        place.beside(".heads"),
        healed.replacen("contextrail/", "contextrial/", 1),
    )
    .unwrap();
    assert!(!verify_is_ok(&place.path()).await);
    fs::write(
        place.beside(".heads"),
        healed.replacen("{\"at\"", "{\"ät\"", 1),
    )
    .unwrap();
    let error = options().open(&url(&place.path())).await.unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn without_heads_verify_warns_and_finds_nothing_wrong() {
    let place = Place::new();
    place.fill(1..=2).await;
    fs::remove_file(place.beside(".heads")).unwrap();
    let trail = options()
        .open_for_reading(&url(&place.path()))
        .await
        .unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert!(verified.ok && verified.warnings.len() == 1, "{verified:?}");
    trail.close().await;
}

#[tokio::test]
async fn a_signing_key_that_others_can_read_is_refused() {
    let place = Place::new();
    place.fill(1..=1).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.beside(".key")), 0o600);
    assert_eq!(mode(&place.beside(".heads")), 0o600);
    fs::set_permissions(place.beside(".key"), fs::Permissions::from_mode(0o640)).unwrap();
    let error = options().open(&url(&place.path())).await.unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    let reading = options().open_for_reading(&url(&place.path())).await;
    assert!(reading.is_ok(), "readers do not need it");
}

#[tokio::test]
async fn a_lost_key_is_replaced_only_when_asked_to() {
    let place = Place::new();
    place.fill(1..=1).await;
    fs::remove_file(place.beside(".key")).unwrap();
    let error = options().open(&url(&place.path())).await.unwrap_err();
    assert!(
        error.to_string().contains("log key rotate --lost"),
        "{error}"
    );
    let trail = options()
        .replace_lost_key(true)
        .open(&url(&place.path()))
        .await
        .unwrap();
    record(&trail, 2, json!({})).await;
    trail.close().await;
    assert!(verify_is_ok(&place.path()).await);
}

#[tokio::test]
async fn a_key_is_rotated_by_a_head_that_both_keys_sign() {
    let place = Place::new();
    place.fill(1..=2).await;
    let trail = place.open().await;
    let old = trail.notary().verifier_keys().await.unwrap();
    trail.rotate_key().await.unwrap();
    let linked = trail.checkpoint().await.unwrap();
    record(&trail, 3, json!({})).await;
    let later = trail.checkpoint().await.unwrap();
    let keys = trail.notary().verifier_keys().await.unwrap();
    trail.close().await;
    assert_eq!((old.len(), keys.len()), (1, 2));
    assert_eq!(linked.checkpoint.verify(&keys).unwrap().len(), 2);
    assert!(
        linked.checkpoint.verify(&old).is_ok(),
        "whoever trusts the old key can follow"
    );
    assert!(later.checkpoint.verify(&old).is_err());
    assert_eq!(later.checkpoint.verify(&keys[1..]).unwrap().len(), 1);
    assert!(verify_is_ok(&place.path()).await);
}

#[tokio::test]
async fn records_are_proved_under_the_newest_head_and_heads_to_continue_each_other() {
    let place = Place::new();
    let trail = place.open().await;
    for number in 1..=10 {
        record(&trail, number, json!({})).await;
    }
    let first = trail.checkpoint().await.unwrap();
    for number in 11..=300 {
        record(&trail, number, json!({})).await;
    }
    let second = trail.checkpoint().await.unwrap();
    let keys = trail.notary().verifier_keys().await.unwrap();
    for number in [1, 10, 256, 257, 300] {
        let stored = trail.read(id(number)).await.unwrap().unwrap();
        let proof = trail.prove(&stored).await.unwrap();
        let nobody = Quorum::none();
        proof.verify(&stored.entry_hash(), &keys, &nobody).unwrap();
        let wrong = proof.verify(&[7; 32], &keys, &nobody);
        assert!(wrong.is_err());
    }
    let path = trail.consistency(10, 300).await.unwrap();
    let (from, to) = (first.head(), second.head());
    verify_consistency(from.size, to.size, &from.root, &to.root, &path).unwrap();
    assert!(trail.consistency(10, 301).await.is_err());
    trail.close().await;
}

#[tokio::test]
async fn a_receipt_says_what_its_record_has_reached() {
    let place = Place::new();
    let trail = place.open().await;
    let receipt = trail
        .record(Draft::new(id(1), context(json!({}))))
        .await
        .unwrap();
    assert_eq!(receipt.acknowledged, Acknowledged::Durable);
    trail.checkpoint().await.unwrap();
    assert_eq!(
        trail.receipt_now(&receipt).await.unwrap().acknowledged,
        Acknowledged::Checkpointed
    );
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_right_after_a_head_was_signed_is_under_the_next_one() {
    let place = Place::new();
    let trail = place.open().await;
    let limit = std::time::Duration::from_secs(60);
    for number in 1..=3 {
        let draft = Draft::new(id(number), context(json!({})));
        let receipt = trail.record(draft).await.unwrap();
        let signed = trail
            .attested(&receipt, Acknowledged::Checkpointed, limit)
            .await;
        assert_eq!(signed.unwrap().acknowledged, Acknowledged::Checkpointed);
    }
    trail.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_signed_while_the_log_grows_without_being_asked_for() {
    let place = Place::new();
    let trail = place.open().await;
    record(&trail, 1, json!({})).await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let standing = trail.notary().standing().await.unwrap();
        if standing
            .newest
            .is_some_and(|newest| newest.head().size == 1)
        {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "no head was signed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    trail.close().await;
}
