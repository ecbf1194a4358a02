//! A store in memory: what tests and short-lived programs use. It passes the same suite.

mod archive;
mod part;
mod rekey;
mod removal;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::BUCKET_RECORDS;
use super::examine::{Examined, key_fault, opened_keys};
use super::pack::pack;
use super::prepared::kind_number;
use super::verify::{Audit, Fetching, RawRecord, bucket_of};
use super::{
    Archived, Find, IdPrefix, KeyRange, Located, LogHead, Part, Placed, Prepared, Rekey, Removal,
    Segments, Snapshot, Store, StoreError, StoreStatus, StoredRecord, Verification, VerifyPlan,
};
use crate::log::{Edge, Hash, Tile, TileId};
use crate::privacy::keys::{EntityHandle, EntityKey, KeyId, Vault};
use crate::record::{Kind, RecordId, Tenant, Timestamp, TrailId};

/// A store in memory. What it holds goes with it.
#[derive(Debug)]
pub struct MemoryStore {
    trail: Mutex<TrailId>,
    logs: Mutex<HashMap<Tenant, Log>>,
}

#[derive(Clone, Debug, Default)]
struct Log {
    records: Vec<Row>,
    ids: BTreeMap<RecordId, u64>,
    keys: BTreeSet<(i64, u64)>,
    texts: HashMap<[u8; 32], Arc<str>>,
    entity_keys: BTreeMap<KeyId, EntityKey>,
    edge: Edge,
    full_tiles: BTreeMap<(u8, u64), Tile>,
}

#[derive(Clone, Debug)]
struct Row {
    stored: StoredRecord,
    placed: Placed,
    id: RecordId,
    kind: Kind,
    at: Timestamp,
}

impl MemoryStore {
    /// An empty store for the trail `trail`.
    #[must_use]
    pub fn new(trail: TrailId) -> Self {
        Self {
            trail: Mutex::new(trail),
            logs: Mutex::default(),
        }
    }

    fn id(&self) -> MutexGuard<'_, TrailId> {
        self.trail.lock().expect("no holder of this lock panics")
    }

    fn logs(&self) -> MutexGuard<'_, HashMap<Tenant, Log>> {
        self.logs.lock().expect("no holder of this lock panics")
    }
}

impl Log {
    fn append(&mut self, prepared: &Prepared, at: Timestamp) -> Result<Placed, StoreError> {
        if let Some(index) = self.ids.get(&prepared.id) {
            let index = usize::try_from(*index).expect("it is the index of a vector");
            return Ok(Placed {
                existed: true,
                ..self.records[index].placed
            });
        }
        let log_index = u64::try_from(self.records.len()).expect("memory holds fewer records");
        let (entry, entry_hash) = prepared.entry(at).map_err(|error| StoreError::Backend {
            place: PLACE.to_owned(),
            source: error.into(),
        })?;
        let placed = Placed {
            log_index,
            entry_hash,
            existed: false,
        };
        for tile in self.edge.push(entry_hash) {
            self.full_tiles
                .insert((tile.id().level(), tile.id().index()), tile);
        }
        self.ids.insert(prepared.id, log_index);
        self.keys
            .extend(prepared.keys.iter().map(|key| (*key, log_index)));
        self.texts.extend(
            prepared
                .shared
                .iter()
                .map(|shared| (shared.sha256, Arc::clone(&shared.text))),
        );
        for new in &prepared.new_keys {
            self.entity_keys
                .entry(new.row.id)
                .or_insert_with(|| new.row.clone());
            new.stored();
        }
        self.records.push(Row {
            stored: StoredRecord {
                log_index,
                entry,
                slots: prepared.slots.clone(),
                fetched: Vec::new(),
            },
            placed,
            id: prepared.id,
            kind: prepared.kind,
            at: prepared.at,
        });
        Ok(placed)
    }

    fn row(&mut self, log_index: u64) -> Option<&mut Row> {
        self.records.get_mut(usize::try_from(log_index).ok()?)
    }

    /// The indexes of the records under one of the keys of `range`.
    fn under(&self, range: &KeyRange) -> HashSet<u64> {
        let keys = self.keys.range((range.first, 0)..=(range.last, u64::MAX));
        keys.map(|(_, index)| *index).collect()
    }
}

impl Log {
    async fn verify(&self, tenant: &Tenant, plan: &VerifyPlan) -> Verification {
        let known = plan.known.get(tenant).map_or(&[][..], Vec::as_slice);
        let partial = self
            .edge
            .partial()
            .into_iter()
            .filter(|tile| tile.id().level() > 0);
        let tiles = self.full_tiles.values().cloned().chain(partial);
        let stored = tiles.map(|tile| {
            (
                (tile.id().level(), tile.id().index()),
                tile.bytes().to_vec(),
            )
        });
        let mut audit = Audit::new(tenant, 1, Edge::new(), stored.collect(), known);
        let vault = plan.vault_of(tenant);
        let mut fetching = Fetching::new(tenant, &plan.segments);
        let keys = opened_keys(&vault, self.entity_keys.values());
        for bucket in self
            .records
            .chunks(usize::try_from(BUCKET_RECORDS).unwrap_or(1))
        {
            for row in bucket {
                let mut raw = row.raw();
                fetching.fetch(&mut raw).await;
                audit.record(raw.log_index, Examined::of(&raw, &vault, &keys));
            }
            let indexes = bucket.iter().map(|row| row.placed.log_index);
            let range = indexes.clone().min().unwrap_or(0)..=indexes.max().unwrap_or(0);
            let keys = self
                .keys
                .iter()
                .copied()
                .filter(|(_, index)| range.contains(index));
            let times = bucket.iter().map(|row| row.at.as_micros());
            let zone = times.clone().min().zip(times.max());
            audit.bucket(bucket_of(*range.start()), &keys.collect(), zone);
            (plan.progress)(*range.end() + 1);
        }
        fetching.finish(&mut audit).await;
        for row in self.entity_keys.values() {
            audit.entity_key(row.id, key_fault(&vault, row), true);
        }
        for (sha256, text) in &self.texts {
            if let Ok(body) = pack(text.as_bytes()) {
                audit.text(sha256, &body, true);
            }
        }
        let head = LogHead {
            size: self.edge.size(),
            root: self.edge.root(),
        };
        audit.finish(Some(head), 0)
    }
}

impl Row {
    fn raw(&self) -> RawRecord {
        let StoredRecord {
            log_index,
            entry,
            slots,
            fetched,
        } = self.stored.clone();
        RawRecord {
            log_index,
            id: self.id.uuid().as_bytes().to_vec(),
            kind: kind_number(self.kind),
            at_us: self.at.as_micros(),
            entry,
            slots,
            fetched,
            wrong: Vec::new(),
        }
    }

    fn fits(&self, find: &Find) -> bool {
        find.before
            .is_none_or(|before| self.placed.log_index < before)
            && find.kind.is_none_or(|kind| self.kind == kind)
            && find.since.is_none_or(|since| self.at >= since)
            && find.until.is_none_or(|until| self.at < until)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn append(
        &self,
        tenant: &Tenant,
        batch: &[Prepared],
        at: Timestamp,
    ) -> Result<Vec<Placed>, StoreError> {
        let mut logs = self.logs();
        let log = logs.entry(tenant.clone()).or_default();
        batch
            .iter()
            .map(|prepared| log.append(prepared, at))
            .collect()
    }

    async fn locate(
        &self,
        tenant: &Tenant,
        prefix: IdPrefix,
        limit: u32,
    ) -> Result<Vec<Located>, StoreError> {
        let id = |bytes| RecordId::from_uuid(uuid::Uuid::from_bytes(bytes));
        let logs = self.logs();
        let ids = logs.get(tenant).map(|log| &log.ids);
        Ok(ids
            .into_iter()
            .flat_map(|ids| ids.range(id(prefix.first)..=id(prefix.last)))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|(id, log_index)| Located {
                id: *id,
                log_index: *log_index,
            })
            .collect())
    }

    async fn find(&self, tenant: &Tenant, find: &Find, limit: u32) -> Result<Vec<u64>, StoreError> {
        let logs = self.logs();
        let Some(log) = logs.get(tenant) else {
            return Ok(Vec::new());
        };
        let under: Vec<HashSet<u64>> = find.keys.iter().map(|range| log.under(range)).collect();
        Ok(log
            .records
            .iter()
            .rev()
            .filter(|row| row.fits(find))
            .map(|row| row.placed.log_index)
            .filter(|index| under.iter().all(|indexes| indexes.contains(index)))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect())
    }

    async fn read(
        &self,
        tenant: &Tenant,
        indexes: &[u64],
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let logs = self.logs();
        let Some(log) = logs.get(tenant) else {
            return Ok(Vec::new());
        };
        Ok(indexes
            .iter()
            .filter_map(|index| log.records.get(usize::try_from(*index).ok()?))
            .map(|row| row.stored.clone())
            .collect())
    }

    async fn texts(
        &self,
        tenant: &Tenant,
        digests: &[[u8; 32]],
    ) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        let logs = self.logs();
        let texts = logs.get(tenant).map(|log| &log.texts);
        Ok(digests
            .iter()
            .map(|digest| texts.and_then(|texts| texts.get(digest)).cloned())
            .collect())
    }

    async fn entity_keys(
        &self,
        tenant: &Tenant,
        entities: &[EntityHandle],
    ) -> Result<Vec<EntityKey>, StoreError> {
        let logs = self.logs();
        let keys = logs.get(tenant).map(|log| &log.entity_keys);
        let keys = keys.into_iter().flat_map(BTreeMap::values);
        let wanted = keys.filter(|key| entities.contains(&key.id.entity));
        Ok(wanted.cloned().collect())
    }

    async fn erase(
        &self,
        tenant: &Tenant,
        removal: &Removal,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        let mut logs = self.logs();
        let log = logs.entry(tenant.clone()).or_default();
        log.remove(removal, at)
    }

    async fn found_by(
        &self,
        tenant: &Tenant,
        indexes: &[u64],
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        let logs = self.logs();
        let keys = logs.get(tenant).map(|log| &log.keys);
        let wanted: HashSet<u64> = indexes.iter().copied().collect();
        let found = keys.into_iter().flatten();
        let found = found.filter(|(_, index)| wanted.contains(index));
        Ok(found.copied().collect())
    }

    async fn entity_keys_after(
        &self,
        tenant: &Tenant,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<EntityKey>, StoreError> {
        let logs = self.logs();
        let keys = logs.get(tenant).map(|log| &log.entity_keys);
        let keys = keys.into_iter().flat_map(BTreeMap::values);
        let behind = keys.filter(|key| after.is_none_or(|after| key.id > after));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(behind.take(limit).cloned().collect())
    }

    async fn keys_by_epoch(&self, tenant: &Tenant) -> Result<BTreeMap<u32, u64>, StoreError> {
        let logs = self.logs();
        let keys = logs.get(tenant).map(|log| &log.entity_keys);
        let mut counts = BTreeMap::new();
        for key in keys.into_iter().flat_map(BTreeMap::values) {
            *counts.entry(key.epoch).or_default() += 1;
        }
        Ok(counts)
    }

    async fn rekey(&self, tenant: &Tenant, change: &Rekey) -> Result<bool, StoreError> {
        let mut logs = self.logs();
        Ok(logs.get_mut(tenant).is_some_and(|log| log.rekey(change)))
    }

    async fn snapshot<'s>(&'s self) -> Result<Box<dyn Snapshot + 's>, StoreError> {
        Ok(Box::new(part::MemorySnapshot(self.logs().clone())))
    }

    async fn adopt(&self, trail: TrailId) -> Result<bool, StoreError> {
        let logs = self.logs();
        let mut id = self.id();
        if logs.values().all(|log| log.records.is_empty()) {
            *id = trail;
        }
        Ok(*id == trail)
    }

    async fn put(&self, tenant: &Tenant, part: &Part) -> Result<u64, StoreError> {
        let mut logs = self.logs();
        logs.entry(tenant.clone()).or_default().put(part)
    }

    async fn archive(
        &self,
        tenant: &Tenant,
        slots: &[Archived],
        record: &Prepared,
        at: Timestamp,
    ) -> Result<Option<Placed>, StoreError> {
        let mut logs = self.logs();
        let log = logs.entry(tenant.clone()).or_default();
        log.archive(slots, record, at)
    }

    async fn trail(&self) -> Result<TrailId, StoreError> {
        Ok(*self.id())
    }

    async fn head(&self, tenant: &Tenant) -> Result<LogHead, StoreError> {
        let logs = self.logs();
        Ok(logs.get(tenant).map_or_else(LogHead::empty, |log| LogHead {
            size: log.edge.size(),
            root: log.edge.root(),
        }))
    }

    async fn tiles(
        &self,
        tenant: &Tenant,
        ids: &[TileId],
    ) -> Result<BTreeMap<TileId, Vec<Hash>>, StoreError> {
        let logs = self.logs();
        let Some(log) = logs.get(tenant) else {
            return Ok(BTreeMap::new());
        };
        let partial = log.edge.partial();
        let tile_of = |id: &TileId| {
            let place = (id.level(), id.index());
            let mut all = log.full_tiles.get(&place).into_iter().chain(&partial);
            all.find(|tile| (tile.id().level(), tile.id().index()) == place)
        };
        Ok(ids
            .iter()
            .filter_map(|id| Some((*id, tile_of(id)?.hashes().to_vec())))
            .collect())
    }

    async fn verify(&self, plan: &VerifyPlan) -> Result<Verification, StoreError> {
        // What is in the archive is waited for, which must not keep others waiting.
        let logs = self.logs().clone();
        let mut found = Verification::default();
        for (tenant, log) in &logs {
            found.add(log.verify(tenant, plan).await);
        }
        Ok(found)
    }

    async fn rebuild(&self, tenant: &Tenant, _: &Vault, _: &Segments) -> Result<u64, StoreError> {
        // Its projections are its own memory: there is nothing they could have been changed by.
        Ok(self.head(tenant).await?.size)
    }

    async fn status(&self, tenant: &Tenant) -> Result<StoreStatus, StoreError> {
        let logs = self.logs();
        let records = logs.get(tenant).map_or(&[][..], |log| &log.records);
        let count = |kind| records.iter().filter(|row| row.kind == kind).count();
        Ok(StoreStatus {
            trail: *self.id(),
            schema: 1,
            size: u64::try_from(records.len()).unwrap_or(u64::MAX),
            counts: Kind::ALL
                .into_iter()
                .map(|kind| (kind, u64::try_from(count(kind)).unwrap_or(u64::MAX)))
                .collect(),
            bytes: 0,
            engine: PLACE.to_owned(),
            problems: Vec::new(),
        })
    }

    async fn close(&self) {}
}

const PLACE: &str = "memory";
