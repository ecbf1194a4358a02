//! A restore loses nothing in silence, and gives nobody back who was erased.

use std::fs;

use contextrail::record::Body;
use contextrail::store::StoreError;
use contextrail::trail::{Approval, MoveError, TrailError, TrailOptions};

use super::{Place, approval, erase, is_readable, people, quiet, record, untouched};
use crate::sample::{id, tenant};

async fn restore(
    place: &Place,
    backup: &str,
    approval: Option<Approval>,
) -> Result<contextrail::trail::Restored, TrailError> {
    let (backup, url) = (place.path(backup), place.url("a.db"));
    let options = TrailOptions::new();
    options.restore(&backup, &url, approval, quiet()).await
}

fn why(refused: Result<contextrail::trail::Restored, TrailError>) -> MoveError {
    match refused {
        Err(TrailError::Move(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_erased_since_stays_erased_and_the_log_says_what_it_lost() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.backup("a.db", "a.backup").await;
    let trail = place.open("a.db").await;
    record(&trail, 30..40).await;
    erase(&trail, 7).await;
    trail.close().await;

    let before = place.files("a.db");
    let refused = why(restore(&place, "a.backup", None).await);
    assert!(matches!(refused, MoveError::Newer { .. }), "{refused}");
    assert!(
        refused.to_string().contains("entries 29 to 39"),
        "{refused}"
    );
    let alone = Approval {
        reason: "lost".to_owned(),
        approved_by: people()[..1].to_vec(),
    };
    let refused = restore(&place, "a.backup", Some(alone)).await;
    assert!(
        matches!(refused, Err(TrailError::Incomplete(_))),
        "{refused:?}"
    );
    untouched(&before, &place.files("a.db"));

    let restored = restore(&place, "a.backup", approval()).await.unwrap();
    assert!(restored.verified.ok, "{:?}", restored.verified);
    let log = &restored.logs[0];
    assert_eq!(
        (log.entries, log.lost, log.erased_again),
        (29, Some((29, 40)), 1)
    );
    let trail = place.open("a.db").await;
    assert!(trail.notary().frozen().is_none());
    assert!(!is_readable(&trail, 7).await, "they were erased");
    assert!(is_readable(&trail, 8).await);
    assert!(trail.read(id(35)).await.unwrap().is_none());
    let stored = trail.read(log.succession.unwrap()).await.unwrap().unwrap();
    let Body::Succession(said) = &stored.record().body else {
        panic!("{stored:?}");
    };
    assert_eq!((said.lost_from, said.lost_to, said.epoch), (29, 40, 2));
    assert_eq!(said.reason, "the disk is lost");
    record(&trail, 50..55).await;
    trail.close().await;
    assert!(place.verify("a.db").await.ok);

    // What was replaced is there under another name, as it was.
    let replaced = restored.replaced.unwrap();
    let was = before.iter().find(|(end, _)| end.is_empty()).unwrap();
    assert!(fs::read(replaced).unwrap() == was.1);
    let left: Vec<String> = place
        .files("a.db")
        .into_iter()
        .map(|(end, _)| end)
        .collect();
    let odd = left.iter().filter(|end| end.contains("restor"));
    assert_eq!(odd.count(), 0, "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_lacks_nothing_needs_nobody_to_approve() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.backup("a.db", "a.backup").await;
    let restored = restore(&place, "a.backup", None).await.unwrap();
    assert!(restored.verified.ok && restored.logs[0].succession.is_none());
    for lost in ["a.db", "a.db.heads", "a.db.key.pub"] {
        fs::remove_file(place.path(lost)).unwrap();
    }
    let restored = restore(&place, "a.backup", None).await.unwrap();
    assert!(
        restored.verified.ok && restored.verified.warnings.is_empty(),
        "{restored:?}"
    );
    assert!(
        restored.verified.verification.heads >= 1,
        "the heads of the backup"
    );
    place.fill("a.db", 30..35).await;
    assert!(place.verify("a.db").await.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_head_was_signed_of_is_lost_aloud_too() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.backup("a.db", "a.backup").await;
    let heads = fs::read(place.path("a.db.heads")).unwrap();
    place.fill("a.db", 30..40).await;
    // As after a crash: the entries are there, and no head of them was signed yet.
    fs::write(place.path("a.db.heads"), heads).unwrap();
    let refused = why(restore(&place, "a.backup", None).await);
    assert!(
        refused.to_string().contains("entries 29 to 38"),
        "{refused}"
    );
    let restored = restore(&place, "a.backup", approval()).await.unwrap();
    assert_eq!(restored.logs[0].lost, Some((29, 39)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_lost_or_damaged_is_replaced_and_its_heads_say_what_is_lost() {
    for damage in ["missing", "header", "middle"] {
        let place = Place::new();
        place.fill("a.db", 1..30).await;
        place.backup("a.db", "a.backup").await;
        place.fill("a.db", 30..40).await;
        let path = place.path("a.db");
        let mut bytes = fs::read(&path).unwrap();
        match damage {
            "missing" => fs::remove_file(&path).unwrap(),
            "header" => bytes[..100].fill(7),
            _ => bytes[100..].fill(7),
        }
        if damage != "missing" {
            fs::write(&path, &bytes).unwrap();
        }
        let refused = why(restore(&place, "a.backup", None).await);
        assert!(
            matches!(refused, MoveError::Newer { .. }),
            "{damage}: {refused}"
        );
        let restored = restore(&place, "a.backup", approval()).await.unwrap();
        assert_eq!(restored.logs[0].lost, Some((29, 39)), "{damage}");
        assert!(restored.verified.ok, "{damage}: {:?}", restored.verified);
        if let Some(replaced) = restored.replaced {
            assert!(fs::read(replaced).unwrap() == bytes, "{damage}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_backup_is_refused_whatever_was_changed() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.backup("a.db", "a.backup").await;
    let (backup, manifest) = (place.path("a.backup"), place.path("a.backup.manifest"));
    let (bytes, text) = (
        fs::read(&backup).unwrap(),
        fs::read_to_string(&manifest).unwrap(),
    );
    let before = place.files("a.db");
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&backup, changed).unwrap();
        let refused = why(restore(&place, "a.backup", approval()).await);
        assert!(
            matches!(refused, MoveError::Damaged { .. }),
            "{at}: {refused}"
        );
    }
    fs::write(&backup, &bytes[..bytes.len() - 16_384]).unwrap();
    let refused = why(restore(&place, "a.backup", approval()).await);
    assert!(matches!(refused, MoveError::Damaged { .. }), "{refused}");
    fs::write(&backup, &bytes).unwrap();

    // A manifest that fits a changed file does not make it the trail that was signed.
    let mut changed = bytes.clone();
    let entry = b"contextrail.context/1";
    let at = changed
        .windows(entry.len())
        .rposition(|it| it == entry)
        .unwrap();
    changed[at] ^= 1;
    let digest = |bytes: &[u8]| contextrail::record::Digest::sha256(bytes).to_string();
    let fits = text.replace(&digest(&bytes), &digest(&changed));
    assert_ne!(fits, text);
    fs::write(&backup, &changed).unwrap();
    fs::write(&manifest, fits).unwrap();
    let refused = why(restore(&place, "a.backup", approval()).await);
    assert!(matches!(refused, MoveError::Damaged { .. }), "{refused}");
    fs::write(&backup, &bytes).unwrap();
    for (from, to) in [
        ("\"size\": 29", "\"size\": 28"),
        ("backup/1", "backup/9"),
        ("{", ""),
    ] {
        fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        let refused = why(restore(&place, "a.backup", approval()).await);
        assert!(
            matches!(refused, MoveError::Damaged { .. }),
            "{from}: {refused}"
        );
    }
    fs::remove_file(&manifest).unwrap();
    let refused = why(restore(&place, "a.backup", approval()).await);
    assert!(matches!(refused, MoveError::Damaged { .. }), "{refused}");
    untouched(&before, &place.files("a.db"));
    fs::write(&manifest, text).unwrap();
    assert!(restore(&place, "a.backup", None).await.unwrap().verified.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_trail_a_trail_in_use_and_a_trail_without_its_key_are_left_alone() {
    let place = Place::new();
    place.fill("a.db", 1..10).await;
    place.fill("other.db", 1..10).await;
    place.backup("other.db", "other.backup").await;
    place.backup("a.db", "a.backup").await;
    let before = place.files("a.db");
    let refused = why(restore(&place, "other.backup", approval()).await);
    assert!(matches!(refused, MoveError::OtherTrail { .. }), "{refused}");
    fs::rename(place.path("a.db"), place.path("away.db")).unwrap();
    let refused = why(restore(&place, "other.backup", approval()).await);
    assert!(
        matches!(refused, MoveError::OtherTrail { .. }),
        "its heads say so: {refused}"
    );
    fs::rename(place.path("away.db"), place.path("a.db")).unwrap();
    for end in ["key", "keyring"] {
        let (key, away) = (place.path(&format!("a.db.{end}")), place.path("away"));
        fs::rename(&key, &away).unwrap();
        let refused = restore(&place, "a.backup", approval()).await;
        assert!(refused.is_err(), "{end}: {refused:?}");
        fs::rename(&away, &key).unwrap();
    }
    untouched(&before, &place.files("a.db"));
    let writer = place.open("a.db").await;
    let refused = restore(&place, "a.backup", approval()).await;
    let Err(TrailError::Store(error)) = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(*error, StoreError::InUse { .. }), "{error}");
    writer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tenant_says_what_it_lost() {
    let place = Place::new();
    let fill = async |name: &str, numbers: std::ops::Range<u64>| {
        let options = TrailOptions::new().tenant(tenant(name));
        let trail = options.open(&place.url("a.db")).await.unwrap();
        record(&trail, numbers).await;
        trail.close().await;
    };
    fill("default", 1..10).await;
    fill("acme", 1..20).await;
    place.backup("a.db", "a.backup").await;
    fill("acme", 20..23).await;
    fill("late", 1..4).await;
    let refused = why(restore(&place, "a.backup", None).await);
    let said = refused.to_string();
    assert!(said.contains("entries 19 to 21 of tenant acme"), "{said}");
    assert!(said.contains("entries 0 to 2 of tenant late"), "{said}");
    assert!(!said.contains("default"), "{said}");
    let restored = restore(&place, "a.backup", approval()).await.unwrap();
    let lost = restored
        .logs
        .iter()
        .map(|log| (log.tenant.to_string(), log.lost));
    let mut lost: Vec<_> = lost.collect();
    lost.sort();
    let expected = [
        ("acme", Some((19, 22))),
        ("default", None),
        ("late", Some((0, 3))),
    ];
    assert_eq!(lost, expected.map(|(name, lost)| (name.to_owned(), lost)));
    assert!(restored.verified.ok, "{:?}", restored.verified);
    fill("acme", 30..33).await;
    fill("late", 30..33).await;
    let verified = place.verify("a.db").await;
    assert!(verified.ok, "{verified:?}");
}

/// The record that begins the epoch is in the log, and no head has been signed in it yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_was_stopped_before_the_first_head_of_the_epoch_begins_it_once() {
    let place = Place::new();
    place.fill("a.db", 1..30).await;
    place.backup("a.db", "a.backup").await;
    place.fill("a.db", 30..40).await;
    let (state, kept) = (place.path("a.db.restoring"), place.path("kept"));
    let (from, to) = (state.clone(), kept.clone());
    let keep = std::sync::Arc::new(move |_| drop(fs::copy(&from, &to)));
    let (backup, url) = (place.path("a.backup"), place.url("a.db"));
    let restored = TrailOptions::new().restore(&backup, &url, approval(), keep);
    let first = restored.await.unwrap().logs[0].succession;
    let heads = fs::read_to_string(place.path("a.db.heads")).unwrap();
    let before: Vec<&str> = heads
        .lines()
        .filter(|line| !line.contains("default/2"))
        .collect();
    assert!(before.len() < heads.lines().count());
    fs::write(place.path("a.db.heads"), before.join("\n") + "\n").unwrap();
    fs::rename(kept, &state).unwrap();

    let restored = restore(&place, "a.backup", None).await.unwrap();
    assert!(restored.verified.ok && !state.exists(), "{restored:?}");
    let log = &restored.logs[0];
    assert_eq!((log.succession, log.lost), (first, Some((29, 39))));
    assert_eq!(restored.verified.verification.entries, 30);
    place.fill("a.db", 50..55).await;
    assert!(place.verify("a.db").await.ok);
}
