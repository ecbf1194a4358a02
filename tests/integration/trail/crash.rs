//! Killed while it writes: what was acknowledged is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use contextrail::record::Draft;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{options, url};
use crate::sample::{context, id};

const CHILD: &str = "trail::crash::appends_until_it_is_killed";
const PATH: &str = "CONTEXTRAIL_TEST_CRASH_PATH";
const FROM: &str = "CONTEXTRAIL_TEST_CRASH_FROM";

/// The process that is killed: it says each number once its record is durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test that kills it"]
#[expect(
    clippy::disallowed_methods,
    reason = "how the killing test says what to do"
)]
async fn appends_until_it_is_killed() {
    // Without a path nobody has started it to be killed.
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let from: u64 = std::env::var(FROM).unwrap().parse().unwrap();
    let trail = options().open(&url(Path::new(&path))).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let trail = trail.clone();
        tasks.spawn(async move {
            for number in (from + task..).step_by(8) {
                let draft = Draft::new(id(number), context(json!({"inputs": {"n": number}})));
                trail.record(draft).await.unwrap();
                let line = format!("\nacknowledged {number}\n");
                std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
            }
        });
    }
    tasks.join_all().await;
}

async fn run_and_kill(path: &Path, from: u64, after: usize) -> BTreeSet<u64> {
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env(PATH, path)
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = BTreeSet::new();
    let mut is_killed = false;
    let reading = async {
        while let Ok(Some(line)) = lines.next_line().await {
            let number = line
                .strip_prefix("acknowledged ")
                .and_then(|it| it.parse::<u64>().ok());
            acknowledged.extend(number);
            if acknowledged.len() >= after && !is_killed {
                child.start_kill().unwrap();
                is_killed = true;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading)
        .await
        .unwrap();
    child.wait().await.unwrap();
    assert!(is_killed, "the child ended by itself");
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let mut acknowledged = BTreeSet::new();
    for (round, after) in (0..).zip([1, 7, 60, 150]) {
        acknowledged.extend(run_and_kill(&path, 1 + round * 1_000_000, after).await);
        is_whole(&path).await;
    }
    let trail = options().open(&url(&path)).await.unwrap();
    for number in &acknowledged {
        assert!(
            trail.read(id(*number)).await.unwrap().is_some(),
            "{number} is lost"
        );
    }
    let status = trail.status().await.unwrap();
    assert!(status.size >= u64::try_from(acknowledged.len()).unwrap());
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    trail.close().await;
}

/// Hashes every byte of the trail again.
async fn is_whole(path: &Path) -> u64 {
    let trail = options().open_for_reading(&url(path)).await.unwrap();
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    trail.close().await;
    assert_eq!(verified.verification.findings, []);
    verified.verification.records
}

/// What a power loss leaves of the write-ahead log: all of it up to some point.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_written_before_a_power_loss_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    let number_of = |from: u64| {
        move |more: u64| Draft::new(id(from + more), context(json!({"inputs": {"n": more}})))
    };
    let trail = options().open(&url(&path)).await.unwrap();
    for number in 0..3 {
        trail.record(number_of(1)(number)).await.unwrap();
    }
    trail.close().await;
    let heads = fs::read(folder.path().join("trail.db.heads")).unwrap();
    let trail = options().open(&url(&path)).await.unwrap();
    for number in 0..12 {
        trail.record(number_of(100)(number)).await.unwrap();
    }
    let log = fs::read(folder.path().join("trail.db-wal")).unwrap();
    let database = fs::read(&path).unwrap();
    trail.close().await;
    let mut seen = BTreeSet::new();
    // A frame is a page, whose size stands in the header of the file, and 24 bytes; the log has 32
    // bytes before the first.
    let page = usize::from(u16::from_be_bytes([database[16], database[17]]));
    let frames = (32..=log.len()).step_by(page + 24);
    for cut in frames
        .flat_map(|end| [end, end + 24, end + 4_000])
        .filter(|cut| *cut <= log.len())
    {
        let image = tempfile::tempdir().unwrap();
        let path = image.path().join("trail.db");
        fs::write(&path, &database).unwrap();
        fs::write(image.path().join("trail.db-wal"), &log[..cut]).unwrap();
        fs::write(image.path().join("trail.db.heads"), &heads).unwrap();
        for end in ["key.pub", "kek", "keyring"] {
            let name = format!("trail.db.{end}");
            fs::copy(folder.path().join(&name), image.path().join(&name)).unwrap();
        }
        seen.insert(is_whole(&path).await);
    }
    assert_eq!(seen, (3..=15).collect());
}
