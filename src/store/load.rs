//! How busy what appends is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is counted while records are appended. Relaxed: a reader may see one count before another.
#[derive(Debug, Default)]
pub(super) struct Counts {
    queued: AtomicU64,
    failed: AtomicU64,
    commits: [AtomicU64; COMMIT_BOUNDS_US.len()],
    commit_count: AtomicU64,
    commit_us: AtomicU64,
    groups: [AtomicU64; GROUP_BOUNDS.len()],
    grouped: AtomicU64,
}

/// How busy what appends to one log is, since it was opened.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Load {
    /// Records that wait to be committed, or are being committed.
    pub queued: u64,
    /// Bytes that may wait, and how many of them are taken.
    pub queue_bytes: (u64, u64),
    /// Records that were not stored.
    pub failed: u64,
    /// Commits that took up to [`COMMIT_BOUNDS_US`], each with those below it.
    pub commits: [u64; COMMIT_BOUNDS_US.len()],
    /// All commits.
    pub commit_count: u64,
    /// How long they took together, in microseconds.
    pub commit_us: u64,
    /// Commits of up to [`GROUP_BOUNDS`] records, each with those below it.
    pub groups: [u64; GROUP_BOUNDS.len()],
    /// Records that were committed or refused together.
    pub grouped: u64,
}

/// Upper bounds of [`Load::commits`], in microseconds.
pub const COMMIT_BOUNDS_US: [u64; 8] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000,
];
/// Upper bounds of [`Load::groups`], in records.
pub const GROUP_BOUNDS: [u64; 6] = [1, 4, 16, 64, 256, 512];

impl Counts {
    pub(super) fn came(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// What came could not be taken.
    pub(super) fn left(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a group of `records` of which `failed` were not stored.
    pub(super) fn went(&self, records: usize, failed: usize, took: Duration) {
        let [records, failed] = [records, failed].map(|it| u64::try_from(it).unwrap_or(u64::MAX));
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.queued.fetch_sub(records, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        up_to(&self.commits, &COMMIT_BOUNDS_US, us);
        self.commit_count.fetch_add(1, Ordering::Relaxed);
        self.commit_us.fetch_add(us, Ordering::Relaxed);
        up_to(&self.groups, &GROUP_BOUNDS, records);
        self.grouped.fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn load(&self, queue_bytes: (u64, u64)) -> Load {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Load {
            queued: read(&self.queued),
            queue_bytes,
            failed: read(&self.failed),
            commits: self.commits.each_ref().map(read),
            commit_count: read(&self.commit_count),
            commit_us: read(&self.commit_us),
            groups: self.groups.each_ref().map(read),
            grouped: read(&self.grouped),
        }
    }
}

fn up_to(counts: &[AtomicU64], bounds: &[u64], value: u64) {
    for (count, bound) in counts.iter().zip(bounds) {
        count.fetch_add(u64::from(value <= *bound), Ordering::Relaxed);
    }
}
