//! Encrypting what an entity has under a new key, while the values stay as they are.

use std::sync::Arc;

use super::{Trail, TrailError};
use crate::privacy::keys::{EntityHandle, KeyId, OpenedKeys, OwnerKey};
use crate::seal::Entry;
use crate::store::{Rekey, Replacements, StoreError, StoredRecord};

/// Encrypting the keys of slots anew, some records at a time.
pub(super) struct Relocking<'t> {
    trail: &'t Trail,
    old: &'t [KeyId],
    new: &'t OwnerKey,
    replaced: Replacements,
    pending: Rekey,
    /// How many records are pending.
    records: u64,
    changed: u64,
}

impl<'t> Relocking<'t> {
    /// Puts `new` in the place of the keys `old`.
    pub(super) fn new(trail: &'t Trail, old: &'t [KeyId], new: &'t OwnerKey) -> Self {
        let replaced = old.iter();
        let replaced = replaced.map(|id| (*id, (new.id, Arc::clone(&new.secret))));
        Self {
            trail,
            old,
            new,
            replaced: replaced.collect(),
            pending: Rekey::default(),
            records: 0,
            changed: 0,
        }
    }

    /// Goes through the log to its end, and removes the old keys with the last slots under them: at
    /// no time is there a key that nothing is encrypted under, or a slot whose key is not there.
    /// Gives the number of records.
    pub(super) async fn run(mut self, progress: impl Fn(u64)) -> Result<u64, TrailError> {
        let store = &self.trail.0.store;
        let tenant = self.trail.tenant();
        let mut next = 0;
        loop {
            let size = store.head(tenant).await?.size;
            while next < size {
                let end = size.min(next + BATCH_RECORDS);
                let indexes: Vec<u64> = (next..end).collect();
                let mut rows = store.read(tenant, &indexes).await?;
                rows.retain(|row| row.key_ids().any(|id| self.replaced.contains_key(&id)));
                let opened = self.opened(&rows).await?;
                for row in &rows {
                    if self.records == BATCH_RECORDS {
                        self.commit(Vec::new(), None).await?;
                        progress(self.changed);
                    }
                    self.add(row, &opened)?;
                }
                next = end;
            }
            if self.commit(self.old.to_vec(), Some(size)).await? {
                progress(self.changed);
                return Ok(self.changed);
            }
        }
    }

    /// The keys of `rows`, every one of which has to open.
    async fn opened(&self, rows: &[StoredRecord]) -> Result<OpenedKeys, TrailError> {
        let vault = self.trail.vault();
        let entities = rows.iter().flat_map(StoredRecord::key_ids);
        let mut entities: Vec<EntityHandle> = entities.map(|id| id.entity).collect();
        entities.sort_unstable();
        entities.dedup();
        let keys = self
            .trail
            .0
            .store
            .entity_keys(self.trail.tenant(), &entities);
        let opened = keys.await?.into_iter().filter_map(|key| {
            // One that a slot needs is missed there.
            let secret = vault.unwrap_anew(&key).ok()?;
            Some((key.id, Arc::new(secret)))
        });
        Ok(opened.collect())
    }

    fn add(&mut self, row: &StoredRecord, opened: &OpenedKeys) -> Result<(), TrailError> {
        let entry: Entry =
            serde_json::from_slice(&row.entry).map_err(|error| StoreError::CorruptRow {
                place: format!("the trail of tenant {}", self.trail.tenant()),
                table: "record",
                row: row.log_index.to_string(),
                what: error.to_string(),
            })?;
        let place = (entry.id, entry.schema.as_str());
        let relocked = row.relocked(place, self.trail.vault(), opened, &self.replaced)?;
        self.pending.relocked.extend(relocked);
        self.records += 1;
        Ok(())
    }

    /// Stores what is pending; `false` when the log has grown beyond `size`, and it stays pending.
    async fn commit(&mut self, removed: Vec<KeyId>, size: Option<u64>) -> Result<bool, TrailError> {
        let has_slots = !self.pending.relocked.is_empty();
        let added = self.new.new.iter().filter(|_| has_slots);
        self.pending.added = added.map(|new| new.row.clone()).collect();
        self.pending.removed = removed;
        self.pending.size = size;
        let rekeyed = self
            .trail
            .0
            .store
            .rekey(self.trail.tenant(), &self.pending)
            .await?;
        if rekeyed {
            if let Some(new) = self.new.new.as_ref().filter(|_| has_slots) {
                new.stored();
            }
            self.pending = Rekey::default();
            self.changed += self.records;
            self.records = 0;
        }
        Ok(rekeyed)
    }
}

const BATCH_RECORDS: u64 = 128;
