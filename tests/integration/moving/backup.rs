//! A backup is of one moment, whole, and of nothing else.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contextrail::trail::{MoveError, TrailError, TrailOptions};

use super::{Place, about, approval, mode, quiet, record, untouched, word};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_made_while_others_write_is_whole() {
    let place = Place::new();
    place.fill("a.db", 1..300).await;
    let writer = place.open("a.db").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..4_u64 {
        let (writer, stop) = (writer.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut count = 0;
            for number in (1_000 + task..).step_by(4) {
                writer.record(about(number)).await.unwrap();
                count += 1;
                if stop.load(Ordering::SeqCst) && count >= 20 {
                    return count;
                }
            }
            count
        });
    }
    for name in ["one.backup", "two.backup"] {
        place.backup("a.db", name).await;
    }
    stop.store(true, Ordering::SeqCst);
    let written: u64 = tasks.join_all().await.into_iter().sum();
    writer.close().await;
    assert!(place.verify("a.db").await.ok);
    let mut sizes = Vec::new();
    for name in ["one.backup", "two.backup"] {
        // Where no trail is, nothing is lost by restoring one.
        let to = place.url(&format!("{name}.db"));
        for end in ["key", "kek", "keyring"] {
            let from = place.path(&format!("a.db.{end}"));
            fs::copy(from, place.path(&format!("{name}.db.{end}"))).unwrap();
        }
        let options = TrailOptions::new();
        let restored = options
            .restore(&place.path(name), &to, None, quiet())
            .await
            .unwrap();
        assert!(restored.verified.ok, "{:?}", restored.verified);
        assert_eq!(restored.replaced, None);
        assert!(restored.logs[0].entries >= 299);
        sizes.push(restored.logs[0].entries);
    }
    assert!(
        sizes[0] <= sizes[1] && sizes[1] <= 299 + written,
        "{sizes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_has_no_keys_and_nobody_else_may_read_it() {
    let place = Place::new();
    place.fill("a.db", 1..20).await;
    place.backup("a.db", "a.backup").await;
    let files = place.files("a.backup");
    let names: Vec<&str> = files.iter().map(|(end, _)| end.as_str()).collect();
    assert_eq!(names, ["", ".manifest"], "nothing else is left");
    let key = fs::read_to_string(place.path("a.db.key")).unwrap();
    let kek = fs::read_to_string(place.path("a.db.kek")).unwrap();
    // PRIVATE+KEY+name+hash+key
    let mut secrets: Vec<&str> = key.trim().splitn(5, '+').skip(4).collect();
    let words = kek.split([' ', '\n', '"']);
    secrets.extend(words.filter(|word| word.len() > 30));
    assert!(secrets.len() >= 2 && secrets.iter().all(|it| it.len() > 30));
    for (end, bytes) in &files {
        assert_eq!(mode(&place.path(&format!("a.backup{end}"))), 0o600);
        let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        assert!(!secrets.iter().any(|secret| holds(secret)), "{end}");
        assert!(!(1..20).any(|number| holds(&word(number))), "{end}");
    }
    let before = place.files("a.backup");
    let trail = TrailOptions::new()
        .open_for_reading(&place.url("a.db"))
        .await
        .unwrap();
    let refused = trail
        .backup(&place.path("a.backup"), quiet())
        .await
        .unwrap_err();
    trail.close().await;
    let TrailError::Move(error) = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(*error, MoveError::Exists { .. }), "{error}");
    untouched(&before, &place.files("a.backup"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trail_with_which_something_is_wrong_gets_no_backup() {
    let place = Place::new();
    place.fill("a.db", 1..20).await;
    place.tamper("a.db");
    let trail = TrailOptions::new()
        .open_for_reading(&place.url("a.db"))
        .await
        .unwrap();
    let refused = trail.backup(&place.path("a.backup"), quiet()).await;
    trail.close().await;
    assert!(matches!(refused, Err(TrailError::Move(_))), "{refused:?}");
    assert!(!place.path("a.backup").exists() && !place.path("a.backup.manifest").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_trail_that_lost_entries_is_restored_too() {
    let place = Place::new();
    place.fill("a.db", 1..20).await;
    place.backup("a.db", "one.backup").await;
    place.fill("a.db", 20..30).await;
    let options = TrailOptions::new;
    let (one, url) = (place.path("one.backup"), place.url("a.db"));
    options()
        .restore(&one, &url, approval(), quiet())
        .await
        .unwrap();
    place.fill("a.db", 40..60).await;
    place.backup("a.db", "two.backup").await;
    let trail = place.open("a.db").await;
    record(&trail, 60..61).await;
    trail.close().await;
    let restored = options()
        .restore(&place.path("two.backup"), &url, approval(), quiet())
        .await
        .unwrap();
    assert!(restored.verified.ok, "{:?}", restored.verified);
    assert_eq!(
        restored.logs[0].lost,
        Some((40, 41)),
        "19, one that begins an epoch, and 20"
    );
    place.fill("a.db", 70..72).await;
    assert!(place.verify("a.db").await.ok);
}
