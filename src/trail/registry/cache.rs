//! The registry as it is kept in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::Registry;
use crate::record::{Kind, Timestamp};
use crate::store::Find;
use crate::trail::{Trail, TrailError};

/// The registry as of the last look, and when that was.
#[derive(Debug, Default)]
pub(in crate::trail) struct RegistryCache {
    known: Mutex<Known>,
    /// Whether something was recorded here since that changes it.
    is_stale: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    registry: Arc<Registry>,
    /// The size of the log that was looked through.
    size: u64,
    looked_at: Option<Timestamp>,
}

impl RegistryCache {
    /// Notes that a record of this kind was appended.
    pub(in crate::trail) fn appended(&self, kind: Kind) {
        if GOVERNING.contains(&kind) {
            self.is_stale.store(true, Ordering::Release);
        }
    }
}

impl Trail {
    /// What is registered, approved, deployed and frozen.
    ///
    /// What this trail appends is there at once; what other processes append to the same log, within
    /// a second.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn registry(&self) -> Result<Arc<Registry>, TrailError> {
        let cache = &self.0.registry;
        let mut known = cache.known.lock().await;
        let now = self.clock_now();
        if cache.is_stale.swap(false, Ordering::AcqRel) {
            // why: a look that fails, or that nobody waits for, is no look.
            known.looked_at = None;
        }
        let is_fresh = known
            .looked_at
            .is_some_and(|at| now.millis_since(at) < LOOK_EVERY_MS && now >= at);
        if is_fresh {
            return Ok(Arc::clone(&known.registry));
        }
        let size = self.0.store.head(self.tenant()).await?.size;
        let mut new = Vec::new();
        for kind in GOVERNING {
            new.extend(self.new_of(kind, (known.size, size)).await?);
        }
        if !new.is_empty() {
            new.sort_unstable();
            let mut registry = Registry::clone(&known.registry);
            for page in new.chunks(PAGE) {
                for stored in self.read_indexes(page).await? {
                    registry.add(&stored);
                }
            }
            known.registry = Arc::new(registry);
        }
        known.size = size;
        known.looked_at = Some(now);
        Ok(Arc::clone(&known.registry))
    }

    /// The indexes of records of one kind in a range of the log.
    async fn new_of(&self, kind: Kind, (from, to): (u64, u64)) -> Result<Vec<u64>, TrailError> {
        let mut find = Find {
            kind: Some(kind),
            before: Some(to),
            ..Find::default()
        };
        let mut new = Vec::new();
        loop {
            let limit = if new.is_empty() { 1 } else { FOUND_AT_ONCE };
            let found = self.0.store.find(self.tenant(), &find, limit).await?;
            let Some(last) = found.last().copied() else {
                return Ok(new);
            };
            find.before = Some(last);
            new.extend(found.into_iter().filter(|it| *it >= from));
            if last < from {
                return Ok(new);
            }
        }
    }
}

/// The kinds that the registry is made of.
pub(in crate::trail) const GOVERNING: [Kind; 6] = [
    Kind::Artifact,
    Kind::Approval,
    Kind::Retirement,
    Kind::Deployment,
    Kind::Freeze,
    Kind::Unfreeze,
];
const LOOK_EVERY_MS: i64 = 1_000;
const FOUND_AT_ONCE: u32 = 512;
const PAGE: usize = 256;
