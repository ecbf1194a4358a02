//! Killed, stopped and started again: what was acknowledged is there, once.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use contextrail::record::Draft;
use contextrail::store::StoreError;
use contextrail::trail::{Trail, TrailError, TrailOptions};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use super::cluster::Cluster;
use crate::moments::{self, Moments, said};
use crate::sample::{context, id};

const CHILD: &str = "postgres::crash::appends_until_it_is_killed";
const URL: &str = "CONTEXTRAIL_TEST_CRASH_URL";
const STATE: &str = "CONTEXTRAIL_TEST_CRASH_STATE";
const FROM: &str = "CONTEXTRAIL_TEST_CRASH_FROM";
/// For how many seconds a writer is stopped.
const STOP: &str = "CONTEXTRAIL_TEST_STOP";

pub(super) fn draft(number: u64) -> Draft {
    let whom = json!([{"type": "person", "id": (number % 5).to_string()}]);
    Draft::new(
        id(number),
        context(json!({"inputs": {"n": number}, "entities": whom})),
    )
}

/// The process that is killed or stopped: it says each number once its record is durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the tests that kill it"]
#[expect(
    clippy::disallowed_methods,
    reason = "how the killing test says what to do"
)]
async fn appends_until_it_is_killed() {
    // Without an address nobody has started it to be killed.
    let Ok(url) = std::env::var(URL) else { return };
    let from: u64 = std::env::var(FROM).unwrap().parse().unwrap();
    let options = TrailOptions::new().state(std::env::var(STATE).unwrap());
    let trail = options.open(&url).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let trail = trail.clone();
        tasks.spawn(async move {
            for number in (from + task..).step_by(8) {
                // As long as the server is away it is asked again: the id makes that safe.
                while let Err(error) = trail.record(draft(number)).await {
                    assert!(is_away(&error), "{error:?}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                let line = format!("\nacknowledged {number}\n");
                std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
            }
        });
    }
    tasks.join_all().await;
}

fn is_away(error: &TrailError) -> bool {
    matches!(error, TrailError::Store(error) if matches!(**error, StoreError::Away { .. }))
}

pub(super) struct Writer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    acknowledged: BTreeSet<u64>,
}

impl Writer {
    pub(super) fn start(url: &str, state: &Path, from: u64) -> Self {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .env(URL, url)
            .env(STATE, state)
            .env(FROM, from.to_string())
            .stdout(Stdio::piped())
            // Why it ended, if it did.
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            acknowledged: BTreeSet::new(),
        }
    }

    /// Reads what it says until it has said `more` numbers more.
    pub(super) async fn says(&mut self, more: usize) {
        let wanted = self.acknowledged.len() + more;
        let reading = async {
            while self.acknowledged.len() < wanted {
                let line = self
                    .lines
                    .next_line()
                    .await
                    .unwrap()
                    .expect("the child ended by itself");
                self.heard(&line);
            }
        };
        tokio::time::timeout(Duration::from_secs(120), reading)
            .await
            .unwrap();
    }

    /// Lets it write a while, and a moment longer: into whatever it is at then.
    pub(super) async fn writes(&mut self, moments: &mut Moments) {
        let records = 10 + moments.below(60);
        self.says(usize::try_from(records).unwrap()).await;
        tokio::time::sleep(Duration::from_micros(moments.below(20_000))).await;
    }

    /// Hears what it has said so far, when it can say no more for now: its server is down.
    pub(super) async fn hears(&mut self) {
        let pause = Duration::from_millis(200);
        while let Ok(line) = tokio::time::timeout(pause, self.lines.next_line()).await {
            self.heard(&line.unwrap().expect("the child ended by itself"));
        }
    }

    fn heard(&mut self, line: &str) {
        let number = line.strip_prefix("acknowledged ");
        self.acknowledged
            .extend(number.and_then(|it| it.parse::<u64>().ok()));
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Kills it, and gives everything it has acknowledged.
    pub(super) async fn kill(mut self) -> BTreeSet<u64> {
        self.child.start_kill().unwrap();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.heard(&line);
        }
        self.child.wait().await.unwrap();
        self.acknowledged
    }
}

pub(super) fn kills() -> u64 {
    moments::kills(2)
}

/// How long it took, each time, until something was acknowledged again.
#[derive(Default)]
pub(super) struct Outages(Vec<Duration>);

impl Outages {
    /// Waits until both writers have gone on after `since`.
    pub(super) async fn end(&mut self, since: Instant, writers: [&mut Writer; 2]) {
        for writer in writers {
            writer.says(1).await;
        }
        self.0.push(since.elapsed());
    }
}

impl fmt::Display for Outages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort();
        let (middle, longest) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
        write!(f, "both going on after {middle:.1?}, at most {longest:.1?}")
    }
}

/// Says what a test of so many kills has found.
pub(super) fn tell(part: &str, times: u64, what: &str, acknowledged: &BTreeSet<u64>, stored: u64) {
    let acknowledged = u64::try_from(acknowledged.len()).unwrap();
    let counts = [
        ("times", times),
        ("acknowledged", acknowledged),
        ("stored", stored),
    ];
    moments::counted(part, &counts, what);
}

pub(super) async fn made(cluster: &Cluster, state: &Path) -> String {
    let url = cluster.url(&Cluster::new_schema());
    TrailOptions::new()
        .state(state)
        .migrate(&url)
        .await
        .unwrap();
    url
}

pub(super) async fn opened(url: &str, state: &Path) -> Trail {
    TrailOptions::new().state(state).open(url).await.unwrap()
}

/// Looks whether everything is there, and gives how many records there are.
pub(super) async fn all_are_there(url: &str, state: &Path, acknowledged: &BTreeSet<u64>) -> u64 {
    let trail = opened(url, state).await;
    assert_eq!(trail.notary().frozen(), None);
    let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
    assert_eq!(verified.verification.findings, []);
    for number in acknowledged {
        assert!(
            trail.read(id(*number)).await.unwrap().is_some(),
            "{number} is lost"
        );
    }
    let records = verified.verification.records;
    assert!(records >= u64::try_from(acknowledged.len()).unwrap());
    trail.close().await;
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn what_was_acknowledged_survives_a_writer_being_killed() {
    let state = tempfile::tempdir().unwrap();
    let url = made(Cluster::shared(), state.path()).await;
    let mut acknowledged = BTreeSet::new();
    // One that is never killed goes on beside those that are, and takes over the signing.
    let mut beside = Writer::start(&url, state.path(), 1 << 40);
    let mut moments = Moments::new();
    for round in 0..kills() {
        let mut writer = Writer::start(&url, state.path(), 1 + round * 1_000_000);
        writer.writes(&mut moments).await;
        acknowledged.extend(writer.kill().await);
        beside.says(10).await;
    }
    acknowledged.extend(beside.kill().await);
    let stored = all_are_there(&url, state.path(), &acknowledged).await;
    let what = "a writer killed beside another";
    tell("kill-writer", kills(), what, &acknowledged, stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn what_was_acknowledged_survives_the_server_being_killed_and_started_again() {
    let cluster = Cluster::start("");
    let state = tempfile::tempdir().unwrap();
    let url = made(&cluster, state.path()).await;
    let (mut one, mut two) = (
        Writer::start(&url, state.path(), 1),
        Writer::start(&url, state.path(), 1 << 40),
    );
    let (mut moments, mut outages) = (Moments::new(), Outages::default());
    for _ in 0..kills() {
        two.says(20).await;
        one.writes(&mut moments).await;
        let since = Instant::now();
        cluster.kill();
        one.hears().await;
        two.hears().await;
        cluster.run();
        // Both go on by themselves.
        outages.end(since, [&mut one, &mut two]).await;
        one.says(20).await;
        two.says(20).await;
    }
    // A restart in good order is gone through as well.
    cluster.stop();
    cluster.run();
    one.says(20).await;
    two.says(20).await;
    let mut acknowledged = one.kill().await;
    acknowledged.extend(two.kill().await);
    let stored = all_are_there(&url, state.path(), &acknowledged).await;
    let what = format!("the server killed under two writers, {outages}");
    tell("kill-server", kills(), &what, &acknowledged, stored);
}

/// A writer is stopped in the middle of whatever it does, and goes on when others have written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_writer_that_was_stopped_goes_on_without_a_fork() {
    let state = tempfile::tempdir().unwrap();
    let url = made(Cluster::shared(), state.path()).await;
    let (mut stopped, mut other) = (
        Writer::start(&url, state.path(), 1),
        Writer::start(&url, state.path(), 1 << 40),
    );
    stopped.says(20).await;
    other.says(20).await;
    let (stops, stop) = (kills().min(5), Duration::from_secs(said(STOP, 2)));
    let mut moments = Moments::new();
    for _ in 0..stops {
        stopped.writes(&mut moments).await;
        stopped.signal("-STOP");
        let since = Instant::now();
        // The server leaves a log for 10 s at most to somebody who does nothing with it.
        other.says(100).await;
        while since.elapsed() < stop {
            other.says(10).await;
        }
        stopped.signal("-CONT");
        stopped.says(50).await;
    }
    let mut acknowledged = stopped.kill().await;
    acknowledged.extend(other.kill().await);
    let stored = all_are_there(&url, state.path(), &acknowledged).await;
    let what = format!("a writer stopped for {stop:?} beside another");
    tell("stop-writer", stops, &what, &acknowledged, stored);
}
