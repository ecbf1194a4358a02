//! A client whose server is away: nothing is lost, and nothing comes twice.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use contextrail::record::{Acknowledged, Class, Draft, RecordId};
use contextrail::trail::{Evidence, RemoteError, Trail, TrailError, TrailOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::crash::{Process, json as said};
use crate::sample::{assembled, context, id};

const CHILD: &str = "server::away::spools_until_it_is_killed";
const URL: &str = "CONTEXTRAIL_TEST_AWAY_URL";
const SPOOL: &str = "CONTEXTRAIL_TEST_AWAY_SPOOL";
const SECRET: &str = "the letter of user_77";

fn options(folder: &Path) -> TrailOptions {
    TrailOptions::new()
        .evidence(Evidence::BestEffort)
        .server_patience(Duration::from_secs(2))
        .server_spool(folder.join("client.spool"))
}

fn draft(number: u64) -> Draft {
    let (assembly, texts) = assembled(&[(SECRET, Class::Personal)]);
    let more = json!({
        "inputs": {"n": number, "who": SECRET},
        "entities": [{"type": "applicant", "id": format!("user_{}", number % 7)}],
        "assembly": assembly,
    });
    let mut draft = Draft::new(id(number), context(more));
    draft.texts = texts;
    draft
}

/// The ids of all contexts in the order of the log, and whether everything verifies.
fn recorded(folder: &Path) -> Vec<RecordId> {
    let report = said(folder, &["verify"]);
    assert_eq!(report["ok"], true, "{report}");
    let listed = said(folder, &["context", "list", "--all"]);
    let mut ids: Vec<RecordId> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it: &Value| it["id"].as_str().unwrap().parse().unwrap())
        .collect();
    ids.reverse();
    ids
}

/// An address that nobody listens on, and that a server can have.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn queued(receipt: &contextrail::record::Receipt) {
    assert_eq!(receipt.acknowledged, Acknowledged::Queued);
    assert_eq!(receipt.log_index, None);
}

async fn wait_until_sent(folder: &Path) {
    let until = Instant::now() + Duration::from_secs(120);
    while std::fs::metadata(folder.join("client.spool"))
        .unwrap()
        .len()
        > 0
    {
        assert!(Instant::now() < until, "the spool is never sent");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// It is killed while records come, stays away while more come, and is back while still more come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_comes_back_has_every_record_once_and_in_order() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let address = process.address.to_string();
    let trail = options(folder.path())
        .open(&format!("http://{address}"))
        .await
        .unwrap();
    let mut number = 0;
    let mut record = async |count: u64| {
        for _ in 0..count {
            number += 1;
            queued(&trail.record(draft(number)).await.unwrap());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    record(150).await;
    drop(process);
    record(300).await;
    let spool = std::fs::read(folder.path().join("client.spool")).unwrap();
    assert!(!spool.is_empty());
    for secret in [SECRET, "user_3", "loan_decision"] {
        let found = spool
            .windows(secret.len())
            .any(|it| it == secret.as_bytes());
        assert!(!found, "{secret} stands in the spool");
    }
    let process = Process::start_at(folder.path(), &address);
    record(300).await;
    wait_until_sent(folder.path()).await;
    record(50).await;
    trail.close().await;
    assert_eq!(process.terminate(), Some(0));
    let expected: Vec<RecordId> = (1..=800).map(id).collect();
    assert_eq!(recorded(folder.path()), expected);
    #[cfg(unix)]
    for name in ["client.spool", "client.spool.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o077, 0, "{name}");
    }
}

/// The process that is killed: it says each number once its record was handed over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test that kills it"]
#[expect(
    clippy::disallowed_methods,
    reason = "how the killing test says what to do"
)]
async fn spools_until_it_is_killed() {
    // Without an address nobody has started it to be killed.
    let Ok(url) = std::env::var(URL) else { return };
    let folder = std::env::var(SPOOL).unwrap();
    let trail = options(Path::new(&folder)).open(&url).await.unwrap();
    let spool = Path::new(&folder).join("client.spool");
    for number in 1.. {
        trail.record(draft(number)).await.unwrap();
        // The first waits in memory until it shows that the server is away.
        while std::fs::metadata(&spool).unwrap().len() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let line = format!("\nspooled {number}\n");
        std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_that_is_killed_had_spooled_is_sent_by_the_next() {
    let folder = TempDir::new().unwrap();
    let address = free_address();
    let url = format!("http://{address}");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env(URL, &url)
        .env(SPOOL, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut last = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        if let Some(number) = line.strip_prefix("spooled ") {
            last = number.parse().unwrap();
        }
        if last == 40 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(last >= 40);
    // What it wrote last may be torn.
    let spool = folder.path().join("client.spool");
    let length = std::fs::metadata(&spool).unwrap().len();
    let file = std::fs::File::options().append(true).open(&spool).unwrap();
    std::io::Write::write_all(&mut &file, &[0, 0, 1, 0, 7]).unwrap();
    drop(file);

    let next = options(folder.path()).open(&url).await.unwrap();
    assert_eq!(std::fs::metadata(&spool).unwrap().len(), length);
    queued(&next.record(draft(1_000_000)).await.unwrap());
    next.close().await;
    // Killed as well, after the server took some of it.
    let process = Process::start_at(folder.path(), &address);
    let again = options(folder.path()).open(&url).await.unwrap();
    wait_until_sent(folder.path()).await;
    again.close().await;
    assert_eq!(process.terminate(), Some(0));
    let ids = recorded(folder.path());
    // It may have spooled more than it came to say.
    let expected: Vec<RecordId> = (1..ids.len() as u64).chain([1_000_000]).map(id).collect();
    assert_eq!(ids, expected);
    assert!(ids.len() > last, "{} of {last}", ids.len());
}

/// What was sent and not yet taken off the spool is sent again, and is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_is_sent_twice_is_recorded_once() {
    let folder = TempDir::new().unwrap();
    let address = free_address();
    let url = format!("http://{address}");
    let trail = options(folder.path()).open(&url).await.unwrap();
    for number in 1..=100 {
        queued(&trail.record(draft(number)).await.unwrap());
    }
    trail.close().await;
    let spool = folder.path().join("client.spool");
    let kept = std::fs::read(&spool).unwrap();
    let process = Process::start_at(folder.path(), &address);
    for _ in 0..2 {
        std::fs::write(&spool, &kept).unwrap();
        let trail = options(folder.path()).open(&url).await.unwrap();
        wait_until_sent(folder.path()).await;
        trail.close().await;
    }
    assert_eq!(process.terminate(), Some(0));
    assert_eq!(
        recorded(folder.path()),
        (1..=100).map(id).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_spool_that_is_full_says_so_and_keeps_what_it_has() {
    let folder = TempDir::new().unwrap();
    let address = free_address();
    let url = format!("http://{address}");
    let bounded = || options(folder.path()).spool_bytes(64 << 10);
    let trail = bounded().open(&url).await.unwrap();
    let mut taken = 0;
    let refused = loop {
        match trail.record(draft(taken + 1)).await {
            Ok(receipt) => queued(&receipt),
            Err(error) => break error,
        }
        taken += 1;
        assert!(taken < 100_000, "the spool is never full");
    };
    let TrailError::Remote(error) = &refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(**error, RemoteError::Spool { .. }), "{refused}");
    assert!(
        refused.to_string().contains("limit of 65536 bytes"),
        "{refused}"
    );
    let length = std::fs::metadata(folder.path().join("client.spool"))
        .unwrap()
        .len();
    assert!(length <= 64 << 10, "{length}");
    // What was taken arrives when the server is there, and there is room again.
    let process = Process::start_at(folder.path(), &address);
    wait_until_sent(folder.path()).await;
    queued(&trail.record(draft(taken + 1)).await.unwrap());
    trail.close().await;
    assert_eq!(process.terminate(), Some(0));
    let expected: Vec<RecordId> = (1..=taken + 1).map(id).collect();
    assert_eq!(recorded(folder.path()), expected);
}

#[tokio::test]
async fn two_clients_do_not_share_a_spool_and_another_key_opens_none() {
    let folder = TempDir::new().unwrap();
    let url = format!("http://{}", free_address());
    let trail = options(folder.path()).open(&url).await.unwrap();
    let second = options(folder.path()).open(&url).await.unwrap_err();
    assert!(second.to_string().contains("another client"), "{second}");
    queued(&trail.record(draft(1)).await.unwrap());
    trail.close().await;
    std::fs::remove_file(folder.path().join("client.spool.key")).unwrap();
    let trail = options(folder.path()).open(&url).await.unwrap();
    trail.close().await;
    let kept = std::fs::metadata(folder.path().join("client.spool.damaged"));
    assert!(kept.unwrap().len() > 0);
}

/// Where evidence is required, a server that is away is an error, and soon.
#[tokio::test]
async fn required_evidence_fails_clearly_without_the_server() {
    let url = format!("http://{}", free_address());
    let trail = TrailOptions::new()
        .server_patience(Duration::from_millis(400))
        .open(&url)
        .await
        .unwrap();
    let began = Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for number in 1..=200 {
        let trail = trail.clone();
        all.spawn(async move { trail.record(draft(number)).await.unwrap_err() });
    }
    for error in all.join_all().await {
        let TrailError::Remote(error) = error else {
            panic!("{error:?}");
        };
        assert!(matches!(*error, RemoteError::Away { .. }), "{error}");
        assert!(error.to_string().contains(&url), "{error}");
    }
    // All of them together were tried as long as one.
    assert!(began.elapsed() < Duration::from_secs(20));
    trail.close().await;
    let closed = trail.record(draft(1)).await.unwrap_err();
    assert!(closed.to_string().contains("closed"), "{closed}");
}

/// A record that the server refuses for good is kept beside the spool and holds up nobody.
#[tokio::test]
async fn what_the_server_refuses_is_kept_beside_the_spool() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let trail: Trail = options(folder.path())
        .open(&format!("http://{}", process.address))
        .await
        .unwrap();
    queued(&trail.record(draft(1)).await.unwrap());
    let unknown = crate::sample::decision(json!({"contexts": [id(77)]}));
    queued(&trail.record(Draft::new(id(2), unknown)).await.unwrap());
    queued(&trail.record(draft(3)).await.unwrap());
    trail.close().await;
    let refused = std::fs::metadata(folder.path().join("client.spool.refused"));
    assert!(refused.unwrap().len() > 0);
    assert_eq!(process.terminate(), Some(0));
    assert_eq!(recorded(folder.path()), [id(1), id(3)]);
}
