//! A store whose disk is as slow, and as faulty, as a seed says.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use contextrail::record::{RecordId, Tenant};
use contextrail::store::{MemoryStore, Placed, Prepared, Store, StoreError};

use super::seed::Chance;
use crate::sample::trail_id;

/// What the disk is like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    /// How long a call takes at most, before and after it does what it does.
    pub(crate) slowest_ms: u64,
    /// One in so many commits fails; none for 0.
    pub(crate) fails_one_in: u64,
    /// One in so many reads fails; none for 0.
    pub(crate) unreadable_one_in: u64,
    /// So many commits fail from now on, whatever else.
    pub(crate) failing: u64,
    /// No commit with one of these goes through.
    pub(crate) refused: BTreeSet<RecordId>,
    /// No commit goes on.
    pub(crate) is_stalled: bool,
    /// The next commit ends in a panic.
    pub(crate) panics: bool,
}

/// A store in memory behind a [`Disk`], with what was seen at the door.
#[derive(Debug)]
pub(crate) struct SimStore {
    pub(crate) kept: MemoryStore,
    chance: Mutex<Chance>,
    disk: Mutex<Disk>,
    seen: Mutex<Seen>,
}

/// What was seen at the door of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What happened, in words, and in order.
    pub(crate) story: Vec<String>,
    /// Batches that came: the id of each record, and the bytes it took in the queue.
    pub(crate) batches: Vec<Vec<(RecordId, usize)>>,
    /// How often each record was stored.
    pub(crate) stored: BTreeMap<RecordId, u32>,
    /// Records that were stored by a commit which was then said to have failed.
    pub(crate) unsaid: BTreeSet<RecordId>,
}

/// What becomes of a commit.
enum Fate {
    Stored,
    /// Nothing is stored.
    Refused(StoreError),
    /// All of it is stored, and the answer is lost.
    Unsaid,
}

impl SimStore {
    pub(crate) fn new(chance: Chance, disk: Disk) -> Arc<Self> {
        Arc::new(Self {
            kept: MemoryStore::new(trail_id()),
            chance: Mutex::new(chance),
            disk: Mutex::new(disk),
            seen: Mutex::default(),
        })
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap()
    }

    pub(crate) fn tell(&self, what: impl Into<String>) {
        self.seen().story.push(what.into());
    }

    /// Lets others go first, for a while or for a few turns.
    pub(super) async fn pause(&self) {
        let slowest = self.disk().slowest_ms;
        let (turns, pause) = {
            let mut chance = self.chance();
            let turns = chance.below(4);
            let waits = slowest > 0 && chance.one_in(2);
            (turns, waits.then(|| chance.millis(slowest + 1)))
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }

    /// A read: slow, and now and then without success.
    pub(super) async fn reads(&self) -> Result<(), StoreError> {
        self.pause().await;
        let one_in = self.disk().unreadable_one_in;
        match self.chance().one_in(one_in) {
            true => Err(backend("the disk cannot be read")),
            false => Ok(()),
        }
    }

    /// A write that is no append: slow, and now and then refused.
    pub(super) async fn writes(&self) -> Result<(), StoreError> {
        self.pause().await;
        match self.fate(&[]) {
            Fate::Refused(error) => Err(error),
            _ => Ok(()),
        }
    }

    fn fate(&self, batch: &[Prepared]) -> Fate {
        let mut disk = self.disk();
        if std::mem::take(&mut disk.panics) {
            drop(disk);
            panic!("the store panics, as it was asked to");
        }
        if batch.iter().any(|it| disk.refused.contains(&it.id)) {
            return Fate::Refused(backend("a record of these cannot be stored"));
        }
        let fails = disk.failing > 0;
        disk.failing -= u64::from(fails);
        let one_in = disk.fails_one_in;
        drop(disk);
        let mut chance = self.chance();
        if !fails && !chance.one_in(one_in) {
            return Fate::Stored;
        }
        let place = || "simulated".to_owned();
        match chance.below(4) {
            0 => Fate::Refused(StoreError::Busy { place: place() }),
            1 => Fate::Refused(StoreError::Full { place: place() }),
            2 => Fate::Refused(backend("the disk is broken")),
            _ => Fate::Unsaid,
        }
    }

    pub(super) async fn commit(
        &self,
        tenant: &Tenant,
        batch: &[Prepared],
        at: contextrail::record::Timestamp,
    ) -> Result<Vec<Placed>, StoreError> {
        let names: Vec<_> = batch.iter().map(|it| (it.id, it.queued_bytes())).collect();
        let text = names.iter().map(|(id, _)| id.to_string() + " ");
        self.tell(format!("commit {}", text.collect::<String>()));
        self.seen().batches.push(names);
        while self.disk().is_stalled {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.pause().await;
        let fate = self.fate(batch);
        if let Fate::Refused(error) = fate {
            self.pause().await;
            self.tell(format!("refused: {error}"));
            return Err(error);
        }
        let placed = self.kept.append(tenant, batch, at).await?;
        {
            let mut seen = self.seen();
            let stored = placed.iter().zip(batch).filter(|(it, _)| !it.existed);
            for (_, prepared) in stored {
                *seen.stored.entry(prepared.id).or_default() += 1;
                if matches!(fate, Fate::Unsaid) {
                    seen.unsaid.insert(prepared.id);
                }
            }
        }
        self.pause().await;
        if matches!(fate, Fate::Unsaid) {
            self.tell("the answer is lost");
            let source = io::Error::other("the answer was lost").into();
            let place = "simulated".to_owned();
            return Err(StoreError::Away { place, source });
        }
        self.tell("stored");
        Ok(placed)
    }

    /// Where the record is, if it is stored.
    pub(crate) async fn place_of(&self, tenant: &Tenant, id: RecordId) -> Option<u64> {
        let found = self.kept.locate(tenant, id.into(), 2).await.unwrap();
        assert!(found.len() < 2, "{id} is there twice");
        found.first().map(|it| it.log_index)
    }
}

fn backend(what: &str) -> StoreError {
    StoreError::Backend {
        place: "simulated".to_owned(),
        source: io::Error::other(what.to_owned()).into(),
    }
}

/// A disk as somebody may have one.
pub(crate) fn some_disk(chance: &mut Chance) -> Disk {
    let slowest = [0, 0, 1, 50, 2_000, 600_000];
    let fails = [0, 0, 0, 8, 3, 1];
    Disk {
        slowest_ms: *chance.pick(&slowest).unwrap(),
        fails_one_in: *chance.pick(&fails).unwrap(),
        ..Disk::default()
    }
}

/// Waits for others a little.
pub(crate) async fn dawdle(chance: &mut Chance) {
    for _ in 0..chance.below(3) {
        tokio::task::yield_now().await;
    }
    if chance.one_in(3) {
        tokio::time::sleep(chance.millis(20)).await;
    }
    if chance.one_in(20) {
        tokio::time::sleep(Duration::from_secs(chance.below(5_000))).await;
    }
}
