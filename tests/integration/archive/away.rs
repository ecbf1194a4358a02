//! What can be done while the archive is not at hand.

use std::fs;

use contextrail::store::{ArchiveChoice, ArchiveError, StoreError};
use contextrail::trail::{Trail, TrailError};

use super::{Place, about, apply, approvers, fill, is_whole, verified, whom};
use crate::home::on_both;
use crate::sample::id;

async fn archived(place: Place) -> Place {
    let trail = place.open().await;
    fill(&trail, 1..6).await;
    apply(&trail).await;
    trail.record(about(9)).await.unwrap();
    trail.close().await;
    place
}

/// What reading a record that has moved comes to.
async fn refused(trail: &Trail) -> ArchiveError {
    let Err(TrailError::Store(error)) = trail.read(id(3)).await else {
        panic!("it was read");
    };
    match std::sync::Arc::into_inner(error).unwrap() {
        StoreError::Archive(error) => error,
        error => panic!("{error}"),
    }
}

async fn what_has_not_moved_is_read_and_written_and_verify_says_what_was_not_checked(place: Place) {
    let place = archived(place).await;
    let elsewhere = place.0.folder().join("elsewhere");
    fs::rename(place.archive(), &elsewhere).unwrap();
    let trail = place.open().await;
    assert!(matches!(
        refused(&trail).await,
        ArchiveError::Away {
            segment: Some(_),
            ..
        }
    ));
    assert!(trail.read(id(9)).await.unwrap().is_some());
    trail.record(about(10)).await.unwrap();
    let not_at_hand = verified(&trail).await;
    assert_eq!(not_at_hand.verification.findings, []);
    assert_eq!(not_at_hand.verification.unread, 20);
    assert_eq!(not_at_hand.warnings.len(), 1);
    assert!(
        not_at_hand.warnings[0].contains("20 records"),
        "{:?}",
        not_at_hand.warnings
    );
    // What cannot be looked at is not erased, and not said to be.
    assert!(
        trail
            .erase(&whom(2), "on request", approvers())
            .await
            .is_err()
    );
    assert!(!place.beside(".erasures").exists());
    assert!(trail.rebuild().await.is_err());
    assert!(trail.verify_archive(None, |_| {}).await.is_err());
    // Keys are replaced without it.
    trail.rotate_entity_key(&whom(2), |_| {}).await.unwrap();
    trail.rotate_tenant_key(|_| {}).await.unwrap();
    assert_eq!(verified(&trail).await.verification.findings, []);
    fs::rename(&elsewhere, place.archive()).unwrap();
    trail
        .erase(&whom(2), "on request", approvers())
        .await
        .unwrap();
    is_whole(&trail).await;
    fs::rename(place.archive(), &elsewhere).unwrap();
    // An erasure of what cannot be read is held against the rows that are there.
    trail.close().await;
    let trail = place.read().await;
    assert_eq!(verified(&trail).await.verification.findings, []);
    trail.close().await;
}

async fn without_the_file_that_names_it_reading_says_what_to_write(place: Place) {
    let place = archived(place).await;
    let file = place.beside(".archive");
    fs::remove_file(&file).unwrap();
    let trail = place.read().await;
    let error = refused(&trail).await;
    assert!(matches!(error, ArchiveError::Unnamed { .. }));
    assert!(error.to_string().contains("folder PATH"), "{error}");
    assert_eq!(verified(&trail).await.verification.unread, 20);
    let status = trail.archive_status().await.unwrap();
    assert!(status.place.is_none() && status.segments.len() == 1);
    trail.close().await;
}

#[test]
fn the_file_that_names_the_archive_is_read_strictly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db.archive");
    assert_eq!(ArchiveChoice::read(&path).unwrap(), None);
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        ArchiveChoice::read(&path)
    };
    let chosen = |at: &str| Some(ArchiveChoice::Folder(folder.path().join(at)));
    assert_eq!(read("# it\n\nfolder  a b \n").unwrap(), chosen("a b"));
    assert_eq!(read("folder /mnt/x").unwrap(), chosen("/mnt/x"));
    for (text, line) in [
        ("", 1),
        ("# nothing\n", 1),
        ("folder", 1),
        ("\nfolder \n", 2),
        ("drawer a\n", 1),
        ("folder a\nfolder b\n", 2),
    ] {
        match read(text) {
            Err(ArchiveError::Choice { line: at, .. }) => assert_eq!(at, line, "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

on_both! {[
    what_has_not_moved_is_read_and_written_and_verify_says_what_was_not_checked,
    without_the_file_that_names_it_reading_says_what_to_write,
]}
