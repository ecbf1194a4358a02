//! A trail in another place is the same trail.

use std::fs;
use std::sync::Arc;

use contextrail::store::StoreError;
use contextrail::trail::{FileFate, MoveError, TrailError, TrailOptions};

use super::{Place, erase, is_readable, mode, quiet, record, untouched};
use crate::sample::{id, tenant};

fn moved(error: TrailError) -> MoveError {
    match error {
        TrailError::Move(error) => *error,
        error => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_the_trail_with_its_proofs_and_encrypted_values() {
    let place = Place::new();
    place.fill("a.db", 1..1_500).await;
    let trail = place.open("a.db").await;
    erase(&trail, 3).await;
    let stored = trail.read(id(5)).await.unwrap().unwrap();
    let proof = trail.prove(&stored).await.unwrap().to_string();
    trail.close().await;
    let copied = place.copy("a.db", "b.db").await.unwrap();
    assert!(copied.verified.ok, "{:?}", copied.verified);
    assert_eq!((copied.grown_by, copied.logs[0].entries), (0, 1_500));
    assert_eq!(copied.verified.warnings, Vec::<String>::new());
    assert_eq!(mode(&place.path("b.db")), 0o600);
    let left = copied
        .files
        .iter()
        .filter(|file| file.became == FileFate::ToBeMoved);
    let left: Vec<_> = left.map(|file| file.path.clone()).collect();
    assert_eq!(left, [place.path("b.db.kek"), place.path("b.db.key")]);
    assert!(
        left.iter().all(|path| !path.exists()),
        "secrets stay where they are"
    );

    // Where it is written to is said by who has the key.
    let refused = TrailOptions::new().open(&place.url("b.db")).await;
    assert!(refused.is_err());
    for end in ["kek", "key"] {
        let (from, to) = (format!("a.db.{end}"), format!("b.db.{end}"));
        fs::rename(place.path(&from), place.path(&to)).unwrap();
    }
    let trail = place.open("b.db").await;
    assert!(is_readable(&trail, 5).await && !is_readable(&trail, 3).await);
    let stored = trail.read(id(5)).await.unwrap().unwrap();
    assert_eq!(trail.prove(&stored).await.unwrap().to_string(), proof);
    record(&trail, 2_000..2_010).await;
    trail.close().await;
    assert!(place.verify("b.db").await.ok);
    assert!(TrailOptions::new().open(&place.url("a.db")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handing_over_leaves_one_that_can_sign() {
    let place = Place::new();
    place.fill("a.db", 1..20).await;
    let (from, to) = (place.url("a.db"), place.url("b.db"));
    let writer = place.open("a.db").await;
    let refused = TrailOptions::new().copy(&from, &to, true, quiet()).await;
    let Err(TrailError::Store(error)) = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(*error, StoreError::InUse { .. }), "{error}");
    writer.close().await;
    for _ in 0..2 {
        let copied = TrailOptions::new()
            .copy(&from, &to, true, quiet())
            .await
            .unwrap();
        assert!(
            copied
                .files
                .iter()
                .all(|file| file.became != FileFate::ToBeMoved)
        );
        assert!(copied.verified.ok);
    }
    assert!(!place.path("a.db.key").exists() && place.path("b.db.key").exists());
    assert_eq!(mode(&place.path("b.db.key")), 0o600);
    assert!(TrailOptions::new().open(&from).await.is_err());
    place.fill("b.db", 30..40).await;
    assert!(place.verify("b.db").await.ok);
    // The source is behind now, and says so.
    let error = moved(place.copy("a.db", "b.db").await.unwrap_err());
    assert!(matches!(error, MoveError::Ahead { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_needed_to_copy() {
    let place = Place::new();
    place.fill("a.db", 1..40).await;
    for end in ["kek", "keyring", "key"] {
        let from = place.path(&format!("a.db.{end}"));
        fs::rename(from, place.path(&format!("hidden.{end}"))).unwrap();
    }
    let copied = place.copy("a.db", "b.db").await.unwrap();
    assert!(copied.verified.ok && copied.verified.verification.locked > 0);
    for end in ["kek", "keyring", "key"] {
        let to = place.path(&format!("b.db.{end}"));
        fs::rename(place.path(&format!("hidden.{end}")), to).unwrap();
    }
    let trail = place.open("b.db").await;
    for number in 1..40 {
        assert!(is_readable(&trail, number).await);
    }
    trail.close().await;
    let verified = place.verify("b.db").await;
    assert!(verified.ok && verified.verification.locked == 0);
}

/// What is copied twice in a row is copied once; what was stopped goes on where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_dropped_goes_on_and_takes_over_what_changed_meanwhile() {
    let place = Place::new();
    place.fill("a.db", 1..2_600).await;
    let (first, begun) = tokio::sync::oneshot::channel();
    let first = std::sync::Mutex::new(Some(first));
    let progress = Arc::new(move |_| {
        first.lock().unwrap().take().map(|it| it.send(()));
    });
    let (from, to) = (place.url("a.db"), place.url("b.db"));
    let copying = TrailOptions::new().copy(&from, &to, false, progress);
    tokio::select! {
        // The first bucket is there, and the second not yet.
        biased;
        _ = begun => {}
        _ = copying => panic!("it was to be stopped"),
    }
    let size = place.size("b.db").await;
    assert!(size > 0 && size < 2_599, "{size}");
    assert!(
        fs::read_dir(place.path(""))
            .unwrap()
            .all(|it| it.unwrap().file_name() != "b.db.heads")
    );

    let trail = place.open("a.db").await;
    erase(&trail, 7).await;
    trail.rotate_tenant_key(|_| ()).await.unwrap();
    trail.close().await;
    let copied = place.copy("a.db", "b.db").await.unwrap();
    assert!(copied.verified.ok, "{:?}", copied.verified);
    assert_eq!(copied.verified.warnings, Vec::<String>::new());
    assert!(copied.verified.verification.erased_slots > 0);
    let again = place.copy("a.db", "b.db").await.unwrap();
    assert_eq!(again.logs[0].written, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_grows_is_copied_to_where_it_was_and_again_to_where_it_is() {
    let place = Place::new();
    place.fill("a.db", 1..50).await;
    let writer = place.open("a.db").await;
    let growing = writer.clone();
    let handle = tokio::runtime::Handle::current();
    let grown = std::sync::atomic::AtomicBool::new(false);
    let progress = Arc::new(move |_| {
        if !grown.swap(true, std::sync::atomic::Ordering::SeqCst) {
            let growing = growing.clone();
            tokio::task::block_in_place(|| handle.block_on(record(&growing, 50..60)));
        }
    });
    let (from, to) = (place.url("a.db"), place.url("b.db"));
    let copied = TrailOptions::new()
        .copy(&from, &to, false, progress)
        .await
        .unwrap();
    assert_eq!((copied.grown_by, copied.logs[0].entries), (10, 49));
    assert!(copied.files.is_empty() && copied.verified.ok);
    writer.close().await;
    let copied = place.copy("a.db", "b.db").await.unwrap();
    assert_eq!((copied.grown_by, copied.logs[0].entries), (0, 59));
    assert_eq!(copied.verified.warnings, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_something_else_is_refused_and_stays_as_it_is() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.copy("a.db", "fork.db").await.unwrap();
    for end in ["kek", "key"] {
        let (from, to) = (format!("a.db.{end}"), format!("fork.db.{end}"));
        fs::copy(place.path(&from), place.path(&to)).unwrap();
    }
    place.fill("a.db", 30..40).await;
    place.fill("fork.db", 50..53).await;
    place.fill("other.db", 1..5).await;
    place.fill("a.db", 40..41).await;

    let before = place.files("fork.db");
    let error = moved(place.copy("a.db", "fork.db").await.unwrap_err());
    assert!(
        matches!(error, MoveError::Differs { index: 29, .. }),
        "{error}"
    );
    untouched(&before, &place.files("fork.db"));
    let before = place.files("other.db");
    let error = moved(place.copy("a.db", "other.db").await.unwrap_err());
    assert!(matches!(error, MoveError::OtherTrail { .. }), "{error}");
    untouched(&before, &place.files("other.db"));
    let error = moved(place.copy("a.db", "a.db").await.unwrap_err());
    assert!(matches!(error, MoveError::Same { .. }), "{error}");
    fs::write(place.path("a.db.spool"), b"records").unwrap();
    let error = moved(place.copy("a.db", "c.db").await.unwrap_err());
    assert!(
        matches!(error, MoveError::Spool { bytes: 7, .. }),
        "{error}"
    );
    assert!(!place.path("c.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenant_goes_along() {
    let place = Place::new();
    for (name, numbers) in [("acme", 1..20), ("zeta", 1..5), ("mid", 5..9)] {
        let options = TrailOptions::new().tenant(tenant(name));
        let trail = options.open(&place.url("a.db")).await.unwrap();
        record(&trail, numbers).await;
        trail.close().await;
    }
    let copied = place.copy("a.db", "b.db").await.unwrap();
    let logs = copied
        .logs
        .iter()
        .map(|log| (log.tenant.to_string(), log.entries));
    let logs: Vec<_> = logs.collect();
    let expected = [("acme", 19), ("zeta", 4), ("mid", 4)];
    assert_eq!(logs, expected.map(|(name, size)| (name.to_owned(), size)));
    assert!(copied.verified.ok, "{:?}", copied.verified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_was_tampered_with_is_not_made_good_by_copying() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.tamper("a.db");
    match place.copy("a.db", "b.db").await {
        Ok(copied) => assert!(!copied.verified.ok),
        Err(error) => assert!(matches!(moved(error), MoveError::Root { .. })),
    }
}
