//! Killed at random, again and again, on one trail that lives through it all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use contextrail::trail::TrailOptions;

use super::walk::{Ledger, Walk};
use super::writer::Writer;
use crate::home::Home;
use crate::moments::{self, Moments};
use crate::postgres::cluster::Cluster;

/// Tasks that write at the same time.
const WRITERS: u64 = 64;
/// Processes that they are in, where several may write.
const PROCESSES: u64 = 4;

/// The trail, who is started on it, and what they have acknowledged.
struct Killing {
    url: String,
    state: PathBuf,
    moments: Moments,
    ledger: Ledger,
    /// What was seen between kills.
    walk: Walk,
    started: u64,
}

impl Killing {
    fn on(url: String, state: &Path) -> Self {
        Self {
            url,
            state: state.to_owned(),
            moments: Moments::new(),
            ledger: Ledger::default(),
            walk: Walk::default(),
            started: 0,
        }
    }

    fn options(&self) -> TrailOptions {
        TrailOptions::new().state(&self.state)
    }

    /// Starts a process, which has loans of its own.
    fn start(&mut self, tasks: u64) -> Writer {
        self.started += 1;
        Writer::start(&self.url, &self.state, self.started * 10_000_000, tasks)
    }

    /// Lets a process come to a moment of the draw, in whatever it is at then.
    async fn moment(&mut self, writer: &mut Writer) {
        match self.moments.below(6) {
            // While it opens the trail, with what the one before has left, or writes its first.
            0 => {
                writer.opens().await;
                self.pause(400).await;
            }
            // Right when something was acknowledged.
            1 => {
                let records = 1 + self.moments.below(300);
                writer.says(usize::try_from(records).unwrap()).await;
            }
            _ => {
                writer.says(1).await;
                self.pause(1_000).await;
            }
        }
    }

    /// Waits up to so many milliseconds.
    async fn pause(&mut self, most_ms: u64) {
        let pause = Duration::from_micros(self.moments.below(most_ms * 1_000));
        tokio::time::sleep(pause).await;
    }

    async fn kill(&mut self, mut writer: Writer) {
        self.moment(&mut writer).await;
        self.ledger.add(writer.kill().await);
    }

    /// Looks at what came since it looked last, as somebody who only reads; but for every other time, when the
    /// next writer is the first who sees what was left.
    async fn look(&mut self) {
        if self.moments.below(2) == 0 {
            return;
        }
        let trail = self.options().open_for_reading(&self.url).await.unwrap();
        self.walk.go(&trail, &self.ledger).await;
        trail.close().await;
    }

    /// Looks at the whole trail as the next writer finds it, and hashes every byte of it.
    async fn is_whole(&self, part: &str, times: u64, what: &str) {
        let trail = self.options().open(&self.url).await.unwrap();
        assert_eq!(trail.notary().frozen(), None);
        let status = trail.status().await.unwrap();
        assert!(status.problems.is_empty(), "{:?}", status.problems);
        // Were all kills early, no head has been signed yet.
        trail.checkpoint().await.unwrap();
        let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
        assert_eq!(verified.verification.findings, []);
        assert_eq!(verified.warnings, Vec::<String>::new());
        assert_eq!(verified.verification.entries, status.size);
        assert!(verified.verification.heads > 0);
        let mut walk = Walk::default();
        walk.go(&trail, &self.ledger).await;
        assert_eq!(walk.records(), status.size);
        trail.close().await;
        let lost = walk.lost(&self.ledger);
        let counts = [
            ("times", times),
            ("acknowledged", self.ledger.len()),
            ("stored", walk.records()),
            ("heads", verified.verification.heads),
            ("lost", lost),
        ];
        moments::counted(part, &counts, what);
        assert_eq!(lost, 0);
        assert!(self.ledger.len() > times);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_of_a_file_that_are_killed_again_and_again_lose_nothing() {
    let home = Home::on_file();
    let mut killing = Killing::on(home.url(), home.folder());
    let kills = moments::kills(4);
    for _ in 0..kills {
        let writer = killing.start(WRITERS);
        killing.kill(writer).await;
        killing.look().await;
    }
    let what = "a process of 64 writers killed on one file";
    killing.is_whole("kill-sqlite", kills, what).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn sixty_four_writers_on_a_server_that_is_killed_as_they_are_lose_nothing() {
    let cluster = Cluster::start("");
    let state = tempfile::tempdir().unwrap();
    let url = cluster.url(&Cluster::new_schema());
    let options = TrailOptions::new().state(state.path());
    options.migrate(&url).await.unwrap();
    let mut killing = Killing::on(url, state.path());
    let each = WRITERS / PROCESSES;
    let mut writers: Vec<Writer> = (0..PROCESSES).map(|_| killing.start(each)).collect();
    let (kills, mut of_server) = (moments::kills(4), 0);
    for _ in 0..kills {
        if killing.moments.below(8) == 0 {
            of_server += 1;
            for writer in &mut writers {
                writer.says(1).await;
            }
            killing.pause(300).await;
            cluster.kill();
            cluster.run();
            // They go on by themselves.
            for writer in &mut writers {
                writer.says(1).await;
            }
        } else {
            let one = usize::try_from(killing.moments.below(PROCESSES)).unwrap();
            let writer = writers.remove(one);
            killing.kill(writer).await;
            writers.push(killing.start(each));
        }
        killing.look().await;
    }
    for writer in writers {
        killing.ledger.add(writer.kill().await);
    }
    let what = format!(
        "one of four processes with 16 writers each killed, or, {of_server} times of these, the server"
    );
    killing.is_whole("kill-postgres", kills, &what).await;
}
