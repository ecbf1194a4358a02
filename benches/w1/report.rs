//! Latencies and processor time, and the lines of the table.

#![expect(
    clippy::cast_precision_loss,
    reason = "figures are shown with three digits"
)]

use std::future::Future;
use std::time::{Duration, Instant};

use super::Case;

/// Latencies of single calls.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Times one call that has to succeed.
    pub(crate) async fn time<T, E>(
        &mut self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = call.await?;
        self.0.push(started.elapsed());
        Ok(result)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Duration> {
        self.0.iter()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// A percentile in milliseconds.
    pub(crate) fn at(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).map_or(0.0, |it| it.as_secs_f64() * 1e3)
    }
}

impl From<Vec<Duration>> for Latencies {
    fn from(all: Vec<Duration>) -> Self {
        Self(all)
    }
}

/// The processor time this process has used, user and system.
pub(crate) fn cpu_time() -> std::io::Result<Duration> {
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second; the name before them is in
    // brackets and may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks: u64 = fields[11..13]
        .iter()
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// What one case came to.
pub(crate) struct Run {
    pub(crate) contexts: u64,
    pub(crate) elapsed: Duration,
    pub(crate) cpu: Duration,
    pub(crate) bytes: u64,
    pub(crate) latencies: Latencies,
}

/// Prints the head of the table.
pub(crate) fn header() {
    println!(
        "| workload | tasks | contexts | contexts/s | p50 ms | p99 ms | CPU ms/context | bytes/context |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

/// Prints one line of the table.
pub(crate) fn row(case: &Case, run: &Run) {
    let contexts = run.contexts as f64;
    let with = if case.decision { ", with decision" } else { "" };
    println!(
        "| {:?}{with} | {} | {} | {:.0} | {:.2} | {:.2} | {:.3} | {:.0} |",
        case.form,
        case.tasks,
        run.contexts,
        contexts / run.elapsed.as_secs_f64(),
        run.latencies.at(50),
        run.latencies.at(99),
        run.cpu.as_secs_f64() * 1e3 / contexts,
        run.bytes as f64 / contexts,
    );
}
