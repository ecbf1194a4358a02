//! A process whose tasks record loans until it is killed, and what it has acknowledged by then.

use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use contextrail::record::{Kind, Receipt};
use contextrail::store::StoreError;
use contextrail::trail::{Trail, TrailError, TrailOptions};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::workload::Workload;

const CHILD: &str = "endurance::writer::appends_until_it_is_killed";
const URL: &str = "CONTEXTRAIL_TEST_CRASH_URL";
const STATE: &str = "CONTEXTRAIL_TEST_CRASH_STATE";
const FROM: &str = "CONTEXTRAIL_TEST_CRASH_FROM";
const TASKS: &str = "CONTEXTRAIL_TEST_CRASH_TASKS";
/// How long something may take that is under way.
const PATIENCE: Duration = Duration::from_secs(180);

/// The process that is killed: it says each receipt once it has it.
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
    let tasks: u64 = std::env::var(TASKS).unwrap().parse().unwrap();
    let workload = Arc::new(Workload::new(false));
    say("opens");
    let options = TrailOptions::new().state(std::env::var(STATE).unwrap());
    let trail = options.open(&url).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (trail, workload) = (trail.clone(), Arc::clone(&workload));
        let numbers = (from + task..).step_by(usize::try_from(tasks).unwrap());
        running.spawn(async move {
            for number in numbers {
                if let Err(error) = loan(&trail, &workload, number).await {
                    // Whether this one was stored nobody knows: it is left alone, and the next one begun.
                    assert!(is_away(&*error), "{error:?}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
    }
    running.join_all().await;
}

async fn loan(
    trail: &Trail,
    workload: &Workload,
    number: u64,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let context = workload.context(trail, number).await?;
    say(&Acknowledged::line(number, context.receipt()));
    let decided = workload.decide(trail, number, &context).await?;
    say(&Acknowledged::line(number, decided.receipt()));
    Ok(())
}

fn say(line: &str) {
    let line = format!("\n{line}\n");
    std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
}

/// Whether the server of the database was away.
fn is_away(error: &(dyn Error + 'static)) -> bool {
    let is_so = match error.downcast_ref::<TrailError>() {
        Some(TrailError::Store(error)) => matches!(**error, StoreError::Away { .. }),
        _ => false,
    };
    is_so || error.source().is_some_and(is_away)
}

/// What was said of one record before the process was killed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Acknowledged {
    pub(super) kind: Kind,
    /// Of the loan.
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) log_index: u64,
    pub(super) entry_hash: String,
}

impl Acknowledged {
    fn line(number: u64, receipt: &Receipt) -> String {
        let of = Self::of(number, receipt);
        format!(
            "acknowledged {} {} {} {} {}",
            of.kind.as_str(),
            of.number,
            of.id,
            of.log_index,
            of.entry_hash
        )
    }

    pub(super) fn of(number: u64, receipt: &Receipt) -> Self {
        Self {
            kind: receipt.kind,
            number,
            id: receipt.id.to_string(),
            log_index: receipt.log_index.unwrap(),
            entry_hash: receipt.entry_hash.as_ref().unwrap().to_string(),
        }
    }

    fn read(line: &str) -> Option<Self> {
        let words = line.strip_prefix("acknowledged ")?.split(' ');
        let [kind, number, id, log_index, entry_hash] = words.collect::<Vec<_>>()[..] else {
            panic!("{line:?}")
        };
        Some(Self {
            kind: Kind::ALL
                .into_iter()
                .find(|it| it.as_str() == kind)
                .unwrap(),
            number: number.parse().unwrap(),
            id: id.to_owned(),
            log_index: log_index.parse().unwrap(),
            entry_hash: entry_hash.to_owned(),
        })
    }
}

/// How far a process has come.
#[derive(Clone, Copy, Default)]
struct Heard {
    opens: bool,
    acknowledged: usize,
}

pub(super) struct Writer {
    child: Child,
    heard: watch::Receiver<Heard>,
    /// Reads all the time, so that the process never waits for somebody to listen.
    reading: JoinHandle<Vec<Acknowledged>>,
}

impl Writer {
    /// Starts a process with so many tasks, whose loans are numbered from `from` on.
    pub(super) fn start(url: &str, state: &Path, from: u64, tasks: u64) -> Self {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .env(URL, url)
            .env(STATE, state)
            .env(FROM, from.to_string())
            .env(TASKS, tasks.to_string())
            .stdout(Stdio::piped())
            // Why it ended, if it did.
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (tell, heard) = watch::channel(Heard::default());
        let output = child.stdout.take().unwrap();
        Self {
            child,
            heard,
            reading: tokio::spawn(listen(output, tell)),
        }
    }

    /// Waits until it opens the trail.
    pub(super) async fn opens(&mut self) {
        self.until(|heard| heard.opens).await;
    }

    /// Waits until it has acknowledged `more` records more.
    pub(super) async fn says(&mut self, more: usize) {
        let wanted = self.heard.borrow().acknowledged + more;
        self.until(|heard| heard.acknowledged >= wanted).await;
    }

    async fn until(&mut self, is_so: impl Fn(&Heard) -> bool) {
        let waiting = self.heard.wait_for(is_so);
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap().expect("the process ended by itself");
    }

    /// Kills it, and gives everything that it has acknowledged.
    pub(super) async fn kill(mut self) -> Vec<Acknowledged> {
        self.child.start_kill().unwrap();
        let status = self.child.wait().await.unwrap();
        assert_eq!(status.code(), None, "the process ended by itself");
        self.reading.await.unwrap()
    }
}

async fn listen(output: ChildStdout, tell: watch::Sender<Heard>) -> Vec<Acknowledged> {
    let mut lines = BufReader::new(output).lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line == "opens" {
            tell.send_modify(|heard| heard.opens = true);
        } else if let Some(one) = Acknowledged::read(&line) {
            all.push(one);
            tell.send_modify(|heard| heard.acknowledged = all.len());
        }
    }
    all
}
