//! Retention over contexts that are due, with and without somebody who writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contextrail::record::{Clock as _, RetentionPolicy, SystemClock};
use contextrail::trail::Trail;

use super::report::{Table, float};
use super::workload::Workload;
use super::{BoxError, Place, drive};

/// Records `count` contexts, and carries out a policy by which all of them are due at once, while
/// one task goes on recording.
pub(crate) async fn retention(count: u64) -> Result<(), BoxError> {
    let place = Place::new()?;
    let trail = Trail::open(&place.url()).await?;
    let workload = Arc::new(Workload::new(false));
    drive(&trail, &workload, (0, count), 512, false).await?;
    let policy: RetentionPolicy = serde_json::from_value(serde_json::json!({
        "name": "measured", "version": "1", "default_class": "all",
        "classes": {"all": {"floor_days": 0, "action": "aggregate"}},
    }))?;
    trail.put_retention_policy(policy.clone()).await?;
    trail.settle().await?;

    let alone = Writer::start(&trail, &workload, count);
    tokio::time::sleep(ALONE).await;
    let before = alone.stop().await?;
    // Whatever the writer records is not due for those who asked before.
    let beside = Writer::start(&trail, &workload, 2 * count);
    let started = Instant::now();
    let applied = trail
        .retention_apply(SystemClock.now(), &policy, None)
        .await?;
    let took = started.elapsed();
    let during = beside.stop().await?;
    let records: u64 = applied.classes.iter().map(|it| it.records).sum();
    Table::new(
        "retention",
        &[
            "records",
            "s",
            "records/s",
            "contexts/s beside it",
            "contexts/s without",
        ],
    )
    .row(
        "apply",
        &[
            float(records),
            took.as_secs_f64(),
            rate(records, took),
            during,
            before,
        ],
    );
    trail.close().await;
    Ok(())
}

/// One task that records contexts until it is stopped.
struct Writer {
    started: Instant,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<Result<(), BoxError>>,
}

impl Writer {
    fn start(trail: &Trail, workload: &Arc<Workload>, first: u64) -> Self {
        let (trail, workload) = (trail.clone(), Arc::clone(workload));
        let (stop, written) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&written));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let number = first + count.fetch_add(1, Ordering::Relaxed);
                workload.record(&trail, number, false).await?;
            }
            Ok(())
        });
        Self {
            started: Instant::now(),
            stop,
            written,
            task,
        }
    }

    /// Stops it, and gives how many contexts it recorded a second.
    async fn stop(self) -> Result<f64, BoxError> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await??;
        Ok(rate(
            self.written.load(Ordering::Relaxed),
            self.started.elapsed(),
        ))
    }
}

fn rate(count: u64, took: Duration) -> f64 {
    float(count) / took.as_secs_f64()
}

/// How long the writer is measured by itself.
const ALONE: Duration = Duration::from_secs(3);
