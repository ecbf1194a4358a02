//! Giving another store what there is, and taking in what there is in another one.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;

use super::{Log, PLACE, Row};
use crate::privacy::keys::{EntityKey, KeyId};
use crate::record::Tenant;
use crate::seal::entry_hash;
use crate::store::pack::{pack, unpack};
use crate::store::{
    BUCKET_RECORDS, LogHead, PackedText, Part, Placed, Snapshot, StoreError, StoredRow,
};

/// The logs as they were.
pub(super) struct MemorySnapshot(pub(super) HashMap<Tenant, Log>);

#[async_trait]
impl Snapshot for MemorySnapshot {
    async fn logs(&mut self) -> Result<Vec<(Tenant, LogHead)>, StoreError> {
        let logs = self.0.iter().map(|(tenant, log)| {
            let (size, root) = (log.edge.size(), log.edge.root());
            (tenant.clone(), LogHead { size, root })
        });
        let logs: BTreeMap<Tenant, LogHead> = logs.collect();
        Ok(logs.into_iter().collect())
    }

    async fn bucket(&mut self, tenant: &Tenant, bucket: u64) -> Result<Vec<StoredRow>, StoreError> {
        Ok(self
            .0
            .get(tenant)
            .map_or_else(Vec::new, |log| log.bucket(bucket)))
    }

    async fn texts_after(
        &mut self,
        tenant: &Tenant,
        after: Option<[u8; 32]>,
        limit: u32,
    ) -> Result<Vec<PackedText>, StoreError> {
        let texts = self.0.get(tenant).into_iter().flat_map(|log| &log.texts);
        let behind = texts.filter(|(sha256, _)| after.is_none_or(|after| **sha256 > after));
        let behind: BTreeMap<_, _> = behind.collect();
        let packed = behind.into_iter().take(many(limit)).map(|(sha256, text)| {
            Ok(PackedText {
                sha256: *sha256,
                body: pack(text.as_bytes()).map_err(fault)?,
            })
        });
        packed.collect()
    }

    async fn entity_keys_after(
        &mut self,
        tenant: &Tenant,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<EntityKey>, StoreError> {
        let logs = self.0.get(tenant).into_iter();
        let keys = logs.flat_map(|log| log.entity_keys.values());
        let behind = keys.filter(|key| after.is_none_or(|after| key.id > after));
        Ok(behind.take(many(limit)).cloned().collect())
    }
}

impl Log {
    fn bucket(&self, bucket: u64) -> Vec<StoredRow> {
        let first = bucket.saturating_mul(BUCKET_RECORDS);
        let mut keys: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
        for (key, index) in &self.keys {
            if index / BUCKET_RECORDS == bucket {
                keys.entry(*index).or_default().push(*key);
            }
        }
        let rows = self
            .records
            .iter()
            .skip(many(first))
            .take(many(BUCKET_RECORDS));
        let rows = rows.map(|row| StoredRow {
            stored: row.stored.clone(),
            id: row.id,
            kind: row.kind,
            at: row.at,
            keys: keys.remove(&row.placed.log_index).unwrap_or_default(),
        });
        rows.collect()
    }

    /// See [`crate::store::Store::put`].
    pub(super) fn put(&mut self, part: &Part) -> Result<u64, StoreError> {
        let mut changed = 0;
        match part {
            Part::Records(records) => {
                self.check(records)?;
                for row in records {
                    changed += u64::from(self.put_record(row));
                }
            }
            Part::Texts(texts) => {
                let texts = texts.iter().map(|PackedText { sha256, body }| {
                    let text = String::from_utf8(unpack(body)?);
                    Ok((*sha256, text.map_err(std::io::Error::other)?.into()))
                });
                let texts: std::io::Result<HashMap<_, _>> = texts.collect();
                self.texts.extend(texts.map_err(fault)?);
            }
            Part::Keys { there, gone } => {
                let keys = there.iter().map(|key| (key.id, key.clone()));
                self.entity_keys.extend(keys);
                gone.iter().for_each(|id| drop(self.entity_keys.remove(id)));
                changed = u64::try_from(there.len() + gone.len()).unwrap_or(u64::MAX);
            }
        }
        Ok(changed)
    }

    /// Whether `records` can be put: nothing is changed by those that cannot.
    fn check(&self, records: &[StoredRow]) -> Result<(), StoreError> {
        let mut size = self.edge.size();
        for row in records {
            let index = row.stored.log_index;
            let known = self.records.get(many(index));
            if known.is_some_and(|known| known.stored.entry != row.stored.entry) {
                let place = PLACE.to_owned();
                return Err(StoreError::OtherEntry { place, index });
            }
            if index > size {
                return Err(StoreError::CorruptRow {
                    place: PLACE.to_owned(),
                    table: "record",
                    row: index.to_string(),
                    what: "what came does not go on where the log ends".to_owned(),
                });
            }
            size = size.max(index + 1);
        }
        Ok(())
    }

    /// Whether anything was changed.
    fn put_record(&mut self, row: &StoredRow) -> bool {
        let index = row.stored.log_index;
        let keys = row.keys.iter().map(|key| (*key, index));
        if let Some(known) = self.row(index) {
            let mut is_changed = known.stored != row.stored;
            known.stored = row.stored.clone();
            let before = self.keys.iter().filter(|(_, it)| *it == index);
            let before: Vec<(i64, u64)> = before.copied().collect();
            is_changed |= !before.iter().copied().eq(keys.clone());
            before.iter().for_each(|key| {
                self.keys.remove(key);
            });
            self.keys.extend(keys);
            return is_changed;
        }
        let entry_hash = entry_hash(&row.stored.entry);
        for tile in self.edge.push(entry_hash) {
            let place = (tile.id().level(), tile.id().index());
            self.full_tiles.insert(place, tile);
        }
        self.ids.insert(row.id, index);
        self.keys.extend(keys);
        self.records.push(Row {
            stored: row.stored.clone(),
            placed: Placed {
                log_index: index,
                entry_hash,
                existed: false,
            },
            id: row.id,
            kind: row.kind,
            at: row.at,
        });
        true
    }
}

fn fault(error: std::io::Error) -> StoreError {
    StoreError::Backend {
        place: PLACE.to_owned(),
        source: error.into(),
    }
}

fn many(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or(usize::MAX)
}
