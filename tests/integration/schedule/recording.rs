//! A whole trail under schedules that a seed gives, with evidence required and by best effort.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use contextrail::record::{
    Acknowledged, Clock, ContextId, Draft, Receipt, RecordId, SequentialIds, Tenant, Timestamp,
};
use contextrail::store::{AppenderOptions, Spool, StoreError};
use contextrail::trail::{Evidence, KeyFiles, Trail, TrailError, TrailOptions};
use serde_json::json;
use tokio::task::JoinSet;

use super::cut::{Cut, CutOff};
use super::disk::{Disk, SimStore, dawdle, some_disk};
use super::seed::{Chance, each_seed};
use crate::sample::{context, decision, id, time};

/// The time of day on a simulated clock.
#[derive(Debug)]
pub(super) struct SimClock(tokio::time::Instant);

impl SimClock {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self(tokio::time::Instant::now()))
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.0.elapsed().as_micros()).unwrap();
        Timestamp::from_micros(time(1_000).as_micros() + micros).unwrap()
    }
}

pub(super) fn options() -> TrailOptions {
    TrailOptions::new()
        .clock(SimClock::start())
        .ids(Arc::new(SequentialIds::default()))
}

/// A context that is known by its number.
pub(super) fn numbered(number: u64) -> Draft {
    let whom = json!([{"type": "person", "id": (number % 4).to_string()}]);
    Draft::new(
        id(number),
        context(json!({"inputs": {"n": number}, "entities": whom})),
    )
}

/// A decision on a context.
fn deciding(number: u64, on: RecordId) -> Draft {
    Draft::new(id(number), decision(json!({"contexts": [on]})))
}

#[derive(Default)]
struct Known {
    next: u64,
    /// Contexts that have a receipt.
    contexts: Vec<RecordId>,
    durable: BTreeMap<RecordId, u64>,
    queued: BTreeSet<RecordId>,
    /// Records that were handed over, whatever came of it.
    handed: BTreeSet<RecordId>,
    is_closing: bool,
}

struct World {
    store: Arc<SimStore>,
    trail: Trail,
    folder: tempfile::TempDir,
    known: Mutex<Known>,
}

impl World {
    async fn open(store: Arc<SimStore>, evidence: Evidence, queue_bytes: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let appender = AppenderOptions {
            queue_bytes,
            group_records: 4,
        };
        let options = options().evidence(evidence).appender(appender);
        // Keys are in files where the trail is opened again.
        let options = match evidence {
            Evidence::Required => options,
            Evidence::BestEffort => options.key_files(KeyFiles::beside(&folder.path().join("t"))),
        };
        let spool = (evidence == Evidence::BestEffort).then(|| folder.path().join("t.spool"));
        Self {
            trail: options
                .open_on(Arc::clone(&store) as _, spool)
                .await
                .unwrap(),
            store,
            folder,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    fn some_draft(&self, chance: &mut Chance) -> Draft {
        let mut known = self.known();
        let on = chance.pick(&known.contexts).copied();
        // A context that was handed over before is handed over again, now and then.
        if let Some(on) = on.filter(|_| chance.one_in(8)) {
            return numbered(u64::try_from(on.uuid().as_u128() & 0xffff_ffff).unwrap());
        }
        known.next += 1;
        match on.filter(|_| chance.one_in(3)) {
            Some(on) => deciding(known.next, on),
            None => numbered(known.next),
        }
    }

    async fn acknowledged(&self, receipt: &Receipt) {
        let is_context = receipt.kind == contextrail::record::Kind::Context;
        match receipt.acknowledged {
            Acknowledged::Queued => {
                self.known().queued.insert(receipt.id);
            }
            _ => {
                let there = self.store.place_of(&Tenant::default(), receipt.id).await;
                assert!(there.is_some(), "{} was acknowledged", receipt.id);
                assert_eq!(there, receipt.log_index);
                let index = receipt.log_index.unwrap();
                let before = self.known().durable.insert(receipt.id, index);
                assert!(before.is_none_or(|before| before == index));
            }
        }
        if is_context {
            self.known().contexts.push(receipt.id);
        }
    }

    async fn ended(&self, result: Result<Receipt, TrailError>) {
        match result {
            Ok(receipt) => self.acknowledged(&receipt).await,
            Err(TrailError::Store(error)) if matches!(*error, StoreError::Closed) => {
                assert!(self.known().is_closing, "closed early");
            }
            Err(TrailError::Store(_) | TrailError::Spool { .. }) => {}
            Err(other) => panic!("nothing gives {other}"),
        }
    }

    async fn step(&self, chance: &mut Chance) {
        match chance.below(8) {
            0..=4 => {
                let draft = self.some_draft(chance);
                self.known().handed.insert(draft.id);
                let result = self.trail.record(draft).await;
                self.ended(result).await;
            }
            5 | 6 => {
                let draft = self.some_draft(chance);
                let cut = Cut {
                    polls: usize::try_from(chance.below(4)).unwrap(),
                    is_late: chance.one_in(2),
                };
                if cut.polls > 0 {
                    self.known().handed.insert(draft.id);
                }
                if let Some(result) = CutOff::new(self.trail.record(draft), cut).await {
                    self.ended(result).await;
                }
            }
            _ => {
                let on = chance.pick(&self.known().contexts).copied();
                let Some(on) = on else { return };
                let decided = self.trail.decide("loan_application", 1).outcome("approved");
                match decided.from_context_id(ContextId::from(on)).commit().await {
                    Ok(decided) => self.acknowledged(decided.receipt()).await,
                    Err(error) => self.ended(Err(error)).await,
                }
            }
        }
    }

    async fn close(&self, chance: &mut Chance) {
        self.known().is_closing = true;
        for _ in 0..chance.below(3) {
            let cut = Cut {
                polls: usize::try_from(chance.below(12)).unwrap(),
                is_late: chance.one_in(2),
            };
            let _ = CutOff::new(self.trail.close(), cut).await;
            dawdle(chance).await;
        }
        self.trail.close().await;
        let load = self.trail.load().unwrap();
        assert_eq!((load.queued, load.queue_bytes.1), (0, 0));
    }

    /// As the next process does.
    async fn open_again(&self) -> Trail {
        let files = KeyFiles::beside(&self.folder.path().join("t"));
        let options = options().key_files(files).evidence(Evidence::BestEffort);
        let opened = options.open_on(Arc::clone(&self.store) as _, Some(self.spool()));
        opened.await.unwrap()
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("t.spool")
    }
}

async fn go_through(mut chance: Chance, evidence: Evidence) -> World {
    let disk = some_disk(&mut chance);
    let is_calm = disk.fails_one_in == 0;
    let store = SimStore::new(chance.fork(), Disk::default());
    let queue_bytes = *chance.pick(&[1, 4_000, 1 << 20]).unwrap();
    let world = World::open(Arc::clone(&store), evidence, queue_bytes).await;
    *store.disk() = disk;
    let world = Arc::new(world);
    let mut clients = JoinSet::new();
    for _ in 0..=chance.below(4) {
        let (world, mut chance) = (Arc::clone(&world), chance.fork());
        clients.spawn(async move {
            for _ in 0..chance.below(6) {
                world.step(&mut chance).await;
                dawdle(&mut chance).await;
            }
        });
    }
    if chance.one_in(2) {
        let (world, mut chance) = (Arc::clone(&world), chance.fork());
        clients.spawn(async move {
            tokio::time::sleep(chance.millis(3_000)).await;
            world.close(&mut chance).await;
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let was_closed = world.known().is_closing;
    world.close(&mut chance).await;
    let seen = store.seen().clone();
    assert!(seen.stored.values().all(|times| *times == 1));
    let known = world.known();
    let lost = known
        .durable
        .keys()
        .find(|id| !seen.stored.contains_key(*id));
    assert_eq!(lost, None, "was acknowledged");
    if is_calm && !was_closed && evidence == Evidence::Required {
        // Nothing failed: what was handed over is there, whether anybody waited or not.
        let lost = known
            .handed
            .iter()
            .find(|id| !seen.stored.contains_key(*id));
        assert_eq!(lost, None, "was handed over");
    }
    drop(known);
    Arc::into_inner(world).unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_where_evidence_is_required() {
    each_seed(700, |chance| async move {
        let mut again = chance.clone();
        let world = go_through(chance, Evidence::Required).await;
        if again.one_in(10) {
            let verified = world.trail.verify(0, Arc::new(|_| {})).await.unwrap();
            assert!(verified.ok, "{:?}", verified.verification.findings);
        }
    });
}

#[test]
fn nothing_queued_is_lost_when_the_disk_works_again() {
    each_seed(300, |chance| async move {
        let world = go_through(chance, Evidence::BestEffort).await;
        *world.store.disk() = Disk::default();
        let trail = world.open_again().await;
        assert!(Spool::open(&world.spool(), 1).unwrap().is_empty());
        let seen = world.store.seen().clone();
        assert!(seen.stored.values().all(|times| *times == 1));
        let queued: Vec<_> = world.known().queued.iter().copied().collect();
        let lost = queued.iter().find(|id| !seen.stored.contains_key(*id));
        assert_eq!(lost, None, "was queued");
        for end in [".refused", ".damaged"] {
            let beside = format!("{}{end}", world.spool().display());
            assert!(!std::path::Path::new(&beside).exists(), "{beside}");
        }
        let verified = trail.verify(0, Arc::new(|_| {})).await.unwrap();
        assert!(verified.ok, "{:?}", verified.verification.findings);
        trail.close().await;
    });
}

#[test]
fn a_spool_that_is_full_is_said_and_names_nothing_that_is_not_there() {
    super::seed::on_simulated_time(async {
        let store = SimStore::new(Chance::new(1), Disk::default());
        let folder = tempfile::tempdir().unwrap();
        let options = options()
            .evidence(Evidence::BestEffort)
            .spool_bytes(10)
            .appender(AppenderOptions {
                queue_bytes: 1,
                group_records: 1,
            });
        let opened = options.open_on(Arc::clone(&store) as _, Some(folder.path().join("s")));
        let trail = opened.await.unwrap();
        // The first takes the whole queue; there is no room for the second anywhere.
        store.disk().is_stalled = true;
        trail.record(numbered(1)).await.unwrap();
        let error = trail.record(numbered(2)).await.unwrap_err();
        assert!(matches!(error, TrailError::Spool { .. }), "{error}");
        store.disk().is_stalled = false;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let error = trail.record(deciding(3, id(2))).await.unwrap_err();
        assert!(matches!(error, TrailError::UnknownRecord { .. }), "{error}");
        trail.close().await;
        assert_eq!(store.seen().stored.len(), 1);
    });
}

#[test]
fn a_decision_that_was_spooled_before_its_context_arrives() {
    super::seed::on_simulated_time(async {
        let store = SimStore::new(Chance::new(2), Disk::default());
        let world = World::open(Arc::clone(&store), Evidence::BestEffort, 1).await;
        store.disk().is_stalled = true;
        store.disk().refused = BTreeSet::from([id(1), id(2)]);
        // The context fills the queue, so that the decision goes to the spool; then the store fails.
        world.trail.record(numbered(1)).await.unwrap();
        world.trail.record(deciding(2, id(1))).await.unwrap();
        store.disk().is_stalled = false;
        world.trail.close().await;
        assert!(store.seen().stored.is_empty());
        *store.disk() = Disk::default();
        let trail = world.open_again().await;
        assert_eq!(store.seen().stored.len(), 2);
        assert!(!world.folder.path().join("t.spool.refused").exists());
        trail.close().await;
    });
}
