//! Files put in place by somebody who does not have the key of the trail.

use std::fs;

use contextrail::notary::NotaryError;
use contextrail::record::Draft;
use contextrail::trail::{Trail, TrailError, TrailOptions, Verified};
use serde_json::json;

use super::guard::{Place, approver, verify_is_ok};
use super::{options, record, url};
use crate::sample::{context, id};

async fn verified(place: &Place) -> Verified {
    let reading = options().open_for_reading(&url(&place.path())).await;
    let trail = reading.unwrap();
    let verified = trail.verify(0, std::sync::Arc::new(|_| {})).await.unwrap();
    trail.close().await;
    verified
}

async fn refused(place: &Place) -> NotaryError {
    match options().open(&url(&place.path())).await {
        Err(TrailError::Notary(error)) => std::sync::Arc::into_inner(error).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn approvers() -> Vec<contextrail::record::Actor> {
    vec![approver("anna"), approver("ben")]
}

/// A trail of five entries in the place of whose database there is one of three, which goes on in
/// an epoch that another key began.
async fn forged() -> Place {
    let (place, elsewhere) = (Place::new(), Place::new());
    place.fill(1..=3).await;
    fs::copy(place.path(), elsewhere.path()).unwrap();
    place.fill(4..=5).await;
    for end in [".heads", ".kek", ".keyring"] {
        fs::copy(place.beside(end), elsewhere.beside(end)).unwrap();
    }
    let lost = TrailOptions::new().replace_lost_key(true);
    let trail = lost.open(&url(&elsewhere.path())).await.unwrap();
    trail.succeed("nothing is lost", approvers()).await.unwrap();
    trail.close().await;
    fs::copy(elsewhere.path(), place.path()).unwrap();
    place
}

async fn is_frozen(trail: &Trail) -> bool {
    let recorded = trail.record(Draft::new(id(9), context(json!({})))).await;
    matches!(recorded, Err(TrailError::Frozen(_)))
}

#[tokio::test]
async fn an_epoch_that_no_head_was_signed_in_freezes_the_trail_and_is_named() {
    let place = forged().await;
    let trail = place.open().await;
    assert!(is_frozen(&trail).await);
    trail.close().await;
    let verified = verified(&place).await;
    let findings = &verified.verification.findings;
    let names = |row: &str, what: &str| {
        let mut found = findings.iter();
        found.any(|it| it.row == row && it.what.contains(what))
    };
    assert!(
        names("3", "epoch 2, which no head was signed in"),
        "{findings:?}"
    );
    assert!(
        names("4..5", "a head of 5 entries was signed"),
        "{findings:?}"
    );
}

#[tokio::test]
async fn whoever_approves_can_go_on_from_a_forged_epoch_and_the_record_says_so() {
    let place = forged().await;
    let trail = place.open().await;
    let receipt = trail.succeed("forged", approvers()).await.unwrap();
    trail.close().await;
    let trail = place.open().await;
    let stored = trail.read(receipt.id).await.unwrap().unwrap();
    let said = serde_json::to_value(stored.record()).unwrap();
    assert_eq!(
        (&said["epoch"], &said["known"]["size"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(
        (&said["lost_from"], &said["lost_to"]),
        (&json!(3), &json!(5))
    );
    record(&trail, 10, json!({})).await;
    trail.close().await;
    assert!(verify_is_ok(&place.path()).await);
}

#[tokio::test]
async fn a_head_of_an_earlier_epoch_that_the_log_still_has_is_held_against_it() {
    let place = Place::new();
    place.fill(1..=3).await;
    fs::copy(place.path(), place.beside(".old")).unwrap();
    place.fill(4..=5).await;
    fs::copy(place.beside(".old"), place.path()).unwrap();
    for reason in ["once", "twice"] {
        let trail = place.open().await;
        trail.succeed(reason, approvers()).await.unwrap();
        trail.close().await;
        place.fill(20..=21).await;
        assert!(verify_is_ok(&place.path()).await, "{reason}");
        // The succession itself is lost with the next one.
        fs::copy(place.beside(".old"), place.path()).unwrap();
    }
}

#[tokio::test]
async fn the_newest_head_is_the_largest_whatever_the_order_of_the_lines() {
    let place = Place::new();
    place.fill(1..=2).await;
    fs::copy(place.path(), place.beside(".old")).unwrap();
    place.fill(3..=4).await;
    let heads = fs::read_to_string(place.beside(".heads")).unwrap();
    let reversed: String = heads
        .lines()
        .rev()
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(heads, reversed);
    fs::write(place.beside(".heads"), reversed).unwrap();
    assert!(verify_is_ok(&place.path()).await);
    fs::copy(place.beside(".old"), place.path()).unwrap();
    let trail = place.open().await;
    assert!(is_frozen(&trail).await);
    trail.close().await;
}

#[tokio::test]
async fn a_key_of_another_trail_does_not_sign() {
    let (place, other) = (Place::new(), Place::new());
    place.fill(1..=2).await;
    other.fill(1..=1).await;
    fs::copy(other.beside(".key"), place.beside(".key")).unwrap();
    let public = fs::read_to_string(place.beside(".key.pub")).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, NotaryError::ForeignKey { .. }), "{error}");
    assert!(
        error.to_string().contains("log key rotate --lost"),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(place.beside(".key.pub")).unwrap(),
        public
    );

    // Without the file of verification keys the heads say whose key it is.
    fs::remove_file(place.beside(".key.pub")).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, NotaryError::ForeignKey { .. }), "{error}");
    assert!(!place.beside(".key.pub").exists());
}

#[tokio::test]
async fn a_key_that_was_rotated_away_does_not_sign_again() {
    let place = Place::new();
    place.fill(1..=2).await;
    fs::copy(place.beside(".key"), place.beside(".key.old")).unwrap();
    let trail = place.open().await;
    trail.rotate_key().await.unwrap();
    trail.close().await;
    place.fill(3..=3).await;
    assert!(verified(&place).await.warnings.is_empty());
    fs::copy(place.beside(".key.old"), place.beside(".key")).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, NotaryError::ForeignKey { .. }), "{error}");
}

#[tokio::test]
async fn a_key_that_no_head_links_to_the_one_before_is_named() {
    let place = Place::new();
    place.fill(1..=2).await;
    fs::remove_file(place.beside(".key")).unwrap();
    let lost = options().replace_lost_key(true);
    let trail = lost.open(&url(&place.path())).await.unwrap();
    record(&trail, 3, json!({})).await;
    trail.close().await;
    let verified = verified(&place).await;
    assert!(verified.ok);
    let public = fs::read_to_string(place.beside(".key.pub")).unwrap();
    let warned = verified.warnings.iter();
    let warned: Vec<_> = warned
        .filter(|it| it.contains(public.lines().last().unwrap()))
        .collect();
    assert_eq!(warned.len(), 1, "{:?}", verified.warnings);
}
