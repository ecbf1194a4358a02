//! Killed at any moment, and called again.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use contextrail::trail::TrailOptions;

use super::{Place, erase, is_readable, record};

pub(super) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contextrail"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("CONTEXTRAIL_TRAIL")
        .env_remove("CONTEXTRAIL_ATTESTERS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs it and kills it after `delay`. Whether it was killed.
pub(super) fn killed(folder: &Path, arguments: &[&str], delay: Duration) -> bool {
    let mut child = program(folder, arguments).spawn().unwrap();
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_goes_on_however_often_it_is_killed() {
    let place = Place::new();
    place.fill("a.db", 1..2_600).await;
    let arguments = ["copy", "--from", "sqlite://a.db", "--to", "sqlite://b.db"];
    let started = Instant::now();
    assert!(
        program(&place.path(""), &arguments)
            .status()
            .unwrap()
            .success()
    );
    let whole = started.elapsed();
    for file in fs::read_dir(place.path("")).unwrap() {
        let path = file.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("b.db")
        {
            fs::remove_file(path).unwrap();
        }
    }
    let mut kills = 0;
    for moment in 1..7 {
        kills += u32::from(killed(&place.path(""), &arguments, whole * moment / 8));
    }
    assert!(kills > 0, "it was always done before");
    let copied = place.copy("a.db", "b.db").await.unwrap();
    assert!(copied.verified.ok, "{:?}", copied.verified);
    assert_eq!(copied.verified.verification.entries, 2_599);
    assert_eq!(copied.verified.warnings, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_killed_is_none_and_the_next_one_is_whole() {
    let place = Place::new();
    place.fill("a.db", 1..2_200).await;
    let backup = ["--trail", "sqlite://a.db", "backup", "a.backup"];
    let mut kills = 0;
    for moment in 0..8 {
        let delay = Duration::from_millis(40 * moment);
        kills += u32::from(killed(&place.path(""), &backup, delay));
        if place.path("a.backup").exists() {
            break;
        }
    }
    assert!(kills > 0);
    if !place.path("a.backup").exists() {
        assert!(
            program(&place.path(""), &backup)
                .status()
                .unwrap()
                .success()
        );
    }
    let restore = ["restore", "a.backup", "--to", "sqlite://a.db"];
    assert!(
        program(&place.path(""), &restore)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(place.verify("a.db").await.verification.entries, 2_199);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_was_killed_leaves_one_of_two_trails_and_is_finished_by_the_next_call() {
    let origin = Place::new();
    origin.fill("a.db", 1..60).await;
    origin.backup("a.db", "a.backup").await;
    let trail = origin.open("a.db").await;
    record(&trail, 60..80).await;
    erase(&trail, 7).await;
    trail.close().await;
    let arguments = [
        "restore",
        "a.backup",
        "--to",
        "sqlite://a.db",
        "--reason",
        "lost",
        "--approved-by",
        "anna,ben",
    ];
    let (mut kills, mut old, mut new) = (0, 0, 0);
    for moment in 0..30_u64 {
        let place = Place::new();
        for file in fs::read_dir(origin.path("")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), place.0.path().join(file.file_name())).unwrap();
        }
        let was_killed = killed(
            &place.path(""),
            &arguments,
            Duration::from_millis(moment * 25),
        );
        kills += u32::from(was_killed);
        let trail = TrailOptions::new()
            .open_for_reading(&place.url("a.db"))
            .await
            .unwrap();
        assert!(!is_readable(&trail, 7).await, "moment {moment}");
        let size = trail.status().await.unwrap().size;
        trail.close().await;
        match size {
            80 => old += 1,
            59..=61 => new += 1,
            size => panic!("moment {moment}: {size} entries"),
        }
        // It may have been done, and killed before it could say so.
        if !was_killed || size == 61 && !place.path("a.db.restoring").exists() {
            assert_eq!(size, 61, "moment {moment}");
        } else {
            assert!(
                program(&place.path(""), &arguments)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let trail = TrailOptions::new()
            .open_for_reading(&place.url("a.db"))
            .await
            .unwrap();
        let successions = trail.successions().await.unwrap().len();
        assert!(!is_readable(&trail, 7).await && is_readable(&trail, 8).await);
        trail.close().await;
        let verified = place.verify("a.db").await;
        assert!(verified.ok, "moment {moment}: {verified:?}");
        assert_eq!(
            (successions, verified.verification.entries),
            (1, 61),
            "moment {moment}"
        );
        let left = place.files("a.db").into_iter().map(|(end, _)| end);
        let left: Vec<String> = left.filter(|end| end.contains("restor")).collect();
        assert_eq!(left, Vec::<String>::new(), "moment {moment}");
        if !was_killed {
            break;
        }
    }
    assert!(kills > 0 && old > 0 && new > 0, "{kills} {old} {new}");
}
