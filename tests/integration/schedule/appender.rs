//! The appender under schedules that a seed gives: many clients, a slow and faulty disk, a queue that is
//! full, callers who give up, and a close at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use contextrail::record::{Clock, Kind, ManualClock, RecordId, Tenant};
use contextrail::seal::{Slot, SlotBytes};
use contextrail::store::{Appender, AppenderOptions, Placed, Prepared, Reply, StoreError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cut::{Cut, CutOff};
use super::disk::{Disk, SimStore, dawdle, some_disk};
use super::seed::{Chance, each_seed, on_simulated_time};
use crate::sample::{id, tenant, time};

/// A record of `bytes` in the queue, besides those that every record takes.
fn prepared(id: RecordId, bytes: usize) -> Prepared {
    Prepared {
        id,
        kind: Kind::Context,
        at: time(0),
        fields: 1,
        root: [7; 32],
        refs: Vec::new(),
        slots: vec![SlotBytes {
            slot: Slot::TENANT,
            bytes: vec![b'x'; bytes],
        }],
        new_keys: Vec::new(),
        shared: Vec::new(),
        keys: Vec::new(),
    }
}

/// What the clients know.
#[derive(Default)]
struct Known {
    next: u64,
    /// Records in the order in which they were put into the queue, as far as that is known.
    entered: Vec<RecordId>,
    /// How often each record was handed over.
    handed: BTreeMap<RecordId, u32>,
    /// Records that passed by the bounds of the queue.
    pushed: BTreeSet<RecordId>,
    acknowledged: BTreeMap<RecordId, Placed>,
    /// Records of which every answer said that nothing is stored.
    refused: BTreeMap<RecordId, u32>,
    /// Answers that nobody has waited for yet.
    open: Vec<(RecordId, oneshot::Receiver<Reply>)>,
    is_closing: bool,
}

struct World {
    store: Arc<SimStore>,
    appender: Appender,
    options: AppenderOptions,
    tenant: Tenant,
    known: Mutex<Known>,
}

impl World {
    fn start(store: Arc<SimStore>, options: AppenderOptions) -> Arc<Self> {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(time(1)));
        let tenant = tenant("t");
        Arc::new(Self {
            appender: Appender::start(Arc::clone(&store) as _, tenant.clone(), clock, options),
            store,
            options,
            tenant,
            known: Mutex::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    /// A record that nobody has seen, or now and then one that was handed over before.
    fn some_record(&self, chance: &mut Chance) -> Prepared {
        let mut known = self.known();
        let id = match chance.one_in(6) && known.next > 0 {
            true => id(chance.below(known.next) + 1),
            false => {
                known.next += 1;
                id(known.next)
            }
        };
        *known.handed.entry(id).or_default() += 1;
        // The same record has the same bytes.
        let size = usize::try_from(id.uuid().as_u128() % 7).unwrap();
        prepared(id, size * size * 100)
    }

    /// Holds an answer against what is in the store at that moment.
    async fn answered(&self, id: RecordId, reply: Reply) {
        match reply {
            Ok(placed) => {
                let there = self.store.place_of(&self.tenant, id).await;
                assert_eq!(there, Some(placed.log_index), "{id} was acknowledged");
                self.store.tell(format!("acknowledged {id}"));
                let before = self.known().acknowledged.insert(id, placed);
                if let Some(before) = before {
                    let place = |it: Placed| (it.log_index, it.entry_hash);
                    assert_eq!(place(before), place(placed), "{id} is in two places");
                }
            }
            Err(error) => {
                match &*error {
                    StoreError::Closed => assert!(self.known().is_closing, "{id}: closed early"),
                    // Whether it is stored nobody can say.
                    StoreError::Away { .. } => return,
                    StoreError::Busy { .. }
                    | StoreError::Full { .. }
                    | StoreError::Backend { .. } => {}
                    other => panic!("nothing gives {other}"),
                }
                *self.known().refused.entry(id).or_default() += 1;
            }
        }
    }

    async fn step(&self, chance: &mut Chance) {
        let record = self.some_record(chance);
        let id = record.id;
        match chance.below(10) {
            0..=2 => {
                let reply = self.appender.append(record).await;
                self.answered(id, reply).await;
            }
            3 | 4 => self.append_and_give_up(record, chance).await,
            5 | 6 => self.try_append(record),
            7 => {
                let mut known = self.known();
                known.pushed.insert(id);
                known.entered.push(id);
                let answer = self.appender.push(record);
                known.open.push((id, answer));
            }
            8 => self.wait_for_one(chance).await,
            _ => self.flush().await,
        }
        self.check_bounds();
    }

    async fn append_and_give_up(&self, record: Prepared, chance: &mut Chance) {
        let id = record.id;
        let cut = Cut {
            polls: usize::try_from(chance.below(4)).unwrap(),
            is_late: chance.one_in(2),
        };
        let append = CutOff::new(self.appender.append(record), cut);
        match append.await {
            Some(reply) => self.answered(id, reply).await,
            None if cut.polls == 0 => *self.known().refused.entry(id).or_default() += 1,
            None => {}
        }
    }

    fn try_append(&self, record: Prepared) {
        let (id, bytes) = (record.id, record.queued_bytes());
        let (whole, taken) = self.appender.load().queue_bytes;
        match self.appender.try_append(record) {
            Ok(answer) => {
                let mut known = self.known();
                known.entered.push(id);
                known.open.push((id, answer));
            }
            Err(back) => {
                assert_eq!(back.id, id);
                let needed = u64::try_from(bytes).unwrap().min(whole);
                assert!(whole - taken < needed, "there was room for {id}");
                *self.known().refused.entry(id).or_default() += 1;
            }
        }
    }

    async fn wait_for_one(&self, chance: &mut Chance) {
        let open = {
            let mut known = self.known();
            let count = u64::try_from(known.open.len()).unwrap();
            let at = usize::try_from(chance.below(count)).unwrap();
            (at < known.open.len()).then(|| known.open.swap_remove(at))
        };
        if let Some((id, answer)) = open {
            let reply = answer.await;
            let reply = reply.unwrap_or_else(|_| Err(Arc::new(StoreError::Closed)));
            self.answered(id, reply).await;
        }
    }

    async fn flush(&self) {
        let before: Vec<_> = self.known().open.drain(..).collect();
        self.appender.flush().await;
        self.all_answered(before).await;
    }

    /// Every one of these has its answer by now.
    async fn all_answered(&self, open: Vec<(RecordId, oneshot::Receiver<Reply>)>) {
        for (id, mut answer) in open {
            let reply = match answer.try_recv() {
                Ok(reply) => reply,
                Err(oneshot::error::TryRecvError::Closed) => Err(Arc::new(StoreError::Closed)),
                Err(oneshot::error::TryRecvError::Empty) => panic!("{id} is not answered"),
            };
            self.answered(id, reply).await;
        }
    }

    fn check_bounds(&self) {
        let (whole, taken) = self.appender.load().queue_bytes;
        assert!(taken <= whole);
    }

    async fn close(&self, chance: &mut Chance) {
        self.known().is_closing = true;
        for _ in 0..chance.below(3) {
            let cut = Cut {
                polls: usize::try_from(chance.below(3)).unwrap(),
                is_late: chance.one_in(2),
            };
            let _ = CutOff::new(self.appender.close(), cut).await;
            dawdle(chance).await;
        }
        self.appender.close().await;
        self.store.tell("closed");
        let load = self.appender.load();
        assert_eq!(load.queued, 0, "something is queued behind the close");
        let open: Vec<_> = self.known().open.drain(..).collect();
        self.all_answered(open).await;
    }

    async fn check(&self) {
        self.check_answers();
        self.check_order().await;
    }

    fn check_answers(&self) {
        let known = self.known();
        let seen = self.store.seen().clone();
        let most = usize::try_from(self.options.queue_bytes).unwrap();
        for batch in &seen.batches {
            assert!(batch.len() <= self.options.group_records.max(1));
            let queued = batch.iter().filter(|(id, _)| !known.pushed.contains(id));
            let bytes: usize = queued.map(|(_, bytes)| *bytes.min(&most)).sum();
            assert!(bytes <= most, "{bytes} bytes were in a queue of {most}");
        }
        assert!(seen.stored.values().all(|times| *times == 1));
        for id in known.acknowledged.keys() {
            assert!(seen.stored.contains_key(id), "{id} was acknowledged");
        }
        for (id, times) in &known.refused {
            let is_refused = known.handed[id] == *times;
            let is_there = seen.stored.contains_key(id) && !seen.unsaid.contains(id);
            assert!(!(is_refused && is_there), "{id} was said not to be stored");
        }
    }

    /// What went into the queue first is first in the log.
    async fn check_order(&self) {
        let (entered, handed) = {
            let known = self.known();
            (known.entered.clone(), known.handed.clone())
        };
        let mut last = None;
        for id in entered.into_iter().filter(|id| handed[id] == 1) {
            let place = self.store.place_of(&self.tenant, id).await;
            assert!(place.is_none() || place > last, "{id} came out of its turn");
            last = place.or(last);
        }
        let size = u64::try_from(self.store.seen().stored.len()).unwrap();
        let head = contextrail::store::Store::head(&self.store.kept, &self.tenant);
        assert_eq!(head.await.unwrap().size, size);
    }
}

fn some_options(chance: &mut Chance) -> AppenderOptions {
    AppenderOptions {
        queue_bytes: *chance.pick(&[0, 1, 600, 2_000, 10_000, 1 << 20]).unwrap(),
        group_records: *chance.pick(&[0, 1, 2, 5, 512]).unwrap(),
    }
}

async fn go_through(mut chance: Chance) -> Vec<String> {
    let disk = some_disk(&mut chance);
    let mut options = some_options(&mut chance);
    let store = SimStore::new(chance.fork(), disk);
    for number in 1..=chance.below(4) {
        store.disk().refused.insert(id(number * 3));
    }
    options.group_records = options.group_records.max(1);
    let world = World::start(store, options);
    let mut clients = JoinSet::new();
    for _ in 0..=chance.below(5) {
        let (world, mut chance) = (Arc::clone(&world), chance.fork());
        clients.spawn(async move {
            for _ in 0..chance.below(12) {
                world.step(&mut chance).await;
                dawdle(&mut chance).await;
            }
        });
    }
    let closers = 1 + chance.below(2);
    for _ in 0..closers {
        let (world, mut chance) = (Arc::clone(&world), chance.fork());
        clients.spawn(async move {
            tokio::time::sleep(Duration::from_millis(chance.below(4_000))).await;
            dawdle(&mut chance).await;
            world.close(&mut chance).await;
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    // Clients who came after the close have their answers as well.
    world.close(&mut chance).await;
    world.check().await;
    world.store.seen().story.clone()
}

#[test]
fn nothing_acknowledged_is_lost_and_nobody_waits_for_ever() {
    each_seed(
        3_000,
        |chance| async move { drop(go_through(chance).await) },
    );
}

#[test]
fn the_same_seed_is_the_same_schedule() {
    let mut stories = BTreeSet::new();
    for seed in 0..40 {
        let [one, two] = [(); 2].map(|()| on_simulated_time(go_through(Chance::new(seed))));
        assert_eq!(one, two, "seed {seed}");
        stories.insert(one);
    }
    assert!(stories.len() > 30, "the schedules hardly differ");
}

#[test]
fn a_flush_after_the_close_returns() {
    on_simulated_time(async {
        let store = SimStore::new(Chance::new(1), Disk::default());
        let world = World::start(store, AppenderOptions::default());
        world.appender.close().await;
        world.appender.flush().await;
        let late = world.appender.append(prepared(id(1), 1)).await;
        assert!(matches!(*late.unwrap_err(), StoreError::Closed));
    });
}

#[test]
fn a_close_after_one_that_was_given_up_waits_for_what_is_queued() {
    on_simulated_time(async {
        let slow = Disk {
            slowest_ms: 60_000,
            ..Disk::default()
        };
        let world = World::start(
            SimStore::new(Chance::new(3), slow),
            AppenderOptions::default(),
        );
        let answers: Vec<_> = (1..=20)
            .map(|number| (id(number), world.appender.push(prepared(id(number), 1))))
            .collect();
        world.known().is_closing = true;
        let given_up = tokio::time::timeout(Duration::from_millis(1), world.appender.close());
        assert!(given_up.await.is_err(), "the disk is not slow");
        tokio::join!(world.appender.close(), world.appender.close());
        world.all_answered(answers).await;
        assert_eq!(world.known().acknowledged.len(), 20);
    });
}

#[test]
fn a_store_that_panics_leaves_nobody_waiting() {
    on_simulated_time(async {
        let disk = Disk {
            panics: true,
            slowest_ms: 10,
            ..Disk::default()
        };
        let options = AppenderOptions {
            queue_bytes: 600,
            ..AppenderOptions::default()
        };
        let world = World::start(SimStore::new(Chance::new(5), disk), options);
        let mut clients = JoinSet::new();
        for number in 1..=6 {
            let world = Arc::clone(&world);
            clients.spawn(async move { world.appender.append(prepared(id(number), 1)).await });
        }
        while let Some(reply) = clients.join_next().await {
            assert!(matches!(*reply.unwrap().unwrap_err(), StoreError::Closed));
        }
        world.appender.flush().await;
        world.appender.close().await;
        assert_eq!(world.appender.load().queue_bytes.1, 0);
    });
}

#[test]
fn a_disk_that_fails_for_a_while_works_again() {
    each_seed(60, |mut chance| async move {
        let store = SimStore::new(chance.fork(), some_disk(&mut chance));
        let world = World::start(Arc::clone(&store), some_options(&mut chance));
        store.disk().fails_one_in = 0;
        store.disk().failing = chance.below(20);
        for number in 1..=10 {
            let mut tries = 0;
            while let Err(error) = world.appender.append(prepared(id(number), 1)).await {
                tries += 1;
                assert!(tries <= 20, "{error}");
            }
        }
        world.appender.close().await;
        let seen = store.seen().stored.clone();
        assert!(seen.len() == 10 && seen.values().all(|times| *times == 1));
    });
}
