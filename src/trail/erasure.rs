//! Erasing the values of a person or thing, with the proofs of everything left as they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::journal::Pledge;
use super::{Kept, Stored, Trail, TrailError};
use crate::capture::Sink as _;
use crate::log::TlogProof;
use crate::privacy::keys::{EntityKey, KeyId, OpenedKeys};
use crate::record::{
    Actor, Digest, Draft, EntityRef, Erasure, KeptValues, Kind, Receipt, Record, RecordId,
};
use crate::seal::{Slot, SlotBytes, Source, open};
use crate::store::{
    Find, Handle, KeyRange, LookedThrough, Prepared, Relocked, Removal, StoreError, StoredRecord,
    handles,
};

/// What an erasure would take away, and what it would leave.
#[derive(Clone, Debug)]
pub struct ErasurePlan {
    /// Who would be erased.
    pub entity: EntityRef,
    /// The records that hold values of theirs.
    pub records: Vec<PlannedRecord>,
    /// The keys that would be destroyed.
    pub keys: usize,
}

/// A record of which values would go.
#[derive(Clone, Debug)]
pub struct PlannedRecord {
    /// Its id.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its place in the log.
    pub log_index: u64,
    /// The paths of the values.
    pub paths: Vec<String>,
    /// Whoever else the values are about: a text that names several goes when one of them does.
    pub others: Vec<EntityRef>,
    /// The hold or the retention floor that keeps them for now.
    pub kept: Option<Kept>,
}

/// An erasure that was done.
#[derive(Clone, Debug)]
pub struct Erased {
    /// The record of it.
    pub record: Record,
    /// Its receipt.
    pub receipt: Receipt,
    /// The proof that the record is in the log.
    pub proof: TlogProof,
}

/// Values of an entity in one record that stay, and what keeps them.
type KeptHeld = (Held, Kept);

/// Values of an entity in one record.
#[derive(Clone)]
struct Held {
    row: StoredRecord,
    slots: BTreeSet<Slot>,
}

/// What was found of an entity.
struct Looked {
    held: Vec<Held>,
    /// The size of the log that was looked through.
    size: u64,
    /// The keys that go.
    keys: Vec<KeyId>,
}

impl Trail {
    /// What erasing `entity` would take away.
    ///
    /// # Errors
    ///
    /// [`TrailError::NothingHeld`] for one that no record has values of, [`TrailError::Erased`] when
    /// that is since they were erased.
    pub async fn erasure_plan(&self, entity: &EntityRef) -> Result<ErasurePlan, TrailError> {
        let pledge = self.pledge(entity).await?;
        let held = self.held(&pledge).await?.held;
        let (keeping, now) = (self.keeping().await?, self.clock().now());
        let mut records = Vec::with_capacity(held.len());
        for Held { row, slots } in &held {
            let keys = self.keys_for(std::slice::from_ref(row)).await?;
            let (entry, unlocked) = self.unlock(row, &keys)?;
            let damaged =
                |error: crate::seal::OpenError| self.damaged(entry.id, &error.to_string());
            let opened = open(&unlocked.slots).map_err(damaged)?;
            let mut left = unlocked.slots.clone();
            left.retain(|slot| !slots.contains(&slot.slot));
            let withheld = open(&left).map_err(damaged)?.withheld.into_iter();
            let others = opened.about.iter().filter(|other| *other != entity);
            let stored = self.open_row(row.clone(), &keys)?;
            records.push(PlannedRecord {
                kept: keeping.kept_by(&stored, now).await?,
                id: entry.id,
                kind: entry.kind,
                log_index: row.log_index,
                paths: withheld.map(|it| it.path).collect(),
                others: match slots.len() {
                    // A slot of their own alone is about nobody else.
                    1 if opened.about.len() == 1 => Vec::new(),
                    _ => others.cloned().collect(),
                },
            });
        }
        Ok(ErasurePlan {
            entity: entity.clone(),
            records,
            keys: pledge.keys.len(),
        })
    }

    /// Erases every value of `entity`: their keys, the encrypted values, and what they are found by.
    /// The commitments to the values stay, so that every proof made before still holds.
    ///
    /// Values that are about several people go as well. What is recorded about the entity afterwards
    /// is under a new key, and stays. Interrupted at any point, the erasure is finished when the
    /// trail is next opened.
    ///
    /// # Errors
    ///
    /// [`TrailError::Approvers`] unless two people approve who are not the one who asks;
    /// [`TrailError::NothingHeld`], [`TrailError::Erased`]; [`TrailError::Kept`] when holds and floors
    /// keep all of it; [`TrailError::Frozen`].
    pub async fn erase(
        &self,
        entity: &EntityRef,
        reason: &str,
        approved_by: Vec<Actor>,
    ) -> Result<Erased, TrailError> {
        self.check_approvers(&approved_by)?;
        // Other processes go on: what they encrypt under a key that goes is refused by the store.
        let _alone = self.begin_changing_keys().await?;
        self.settle_writes().await?;
        let mut pledge = self.pledge(entity).await?;
        // What is recorded from now on is encrypted under a new key, and what was under way is seen.
        self.vault().stop_using(&pledge.keys);
        let erased = self.erase_pledged(&mut pledge, reason, approved_by).await;
        // What is promised is finished later: until then nothing new may come under these keys.
        if !matches!(erased, Err(TrailError::Incomplete(_))) {
            self.vault().retired(&pledge.keys);
        }
        erased
    }

    async fn erase_pledged(
        &self,
        pledge: &mut Pledge,
        reason: &str,
        approved_by: Vec<Actor>,
    ) -> Result<Erased, TrailError> {
        self.settle_writes().await?;
        let held = self.held(pledge).await?.held;
        let (gone, mut kept) = self.parted(held).await?;
        if gone.is_empty()
            && let Some((_, why)) = kept.pop()
        {
            return Err(TrailError::Kept(Box::new(why)));
        }
        reason.clone_into(&mut pledge.reason);
        pledge.approved_by = approved_by;
        self.journal_write(pledge)?;
        self.fulfil(pledge).await
    }

    fn check_approvers(&self, approved_by: &[Actor]) -> Result<(), TrailError> {
        let names: BTreeSet<String> = approved_by.iter().map(Actor::known_as).collect();
        if names.len() < 2 || names.len() < approved_by.len() {
            return Err(TrailError::Approvers(
                "an erasure needs two different people who approve it".to_owned(),
            ));
        }
        if names.contains(&self.actor().known_as()) {
            return Err(TrailError::Approvers(format!(
                "{} asks for the erasure and cannot approve it",
                self.actor().id
            )));
        }
        Ok(())
    }

    /// What is to be done to erase `entity`, before anybody has said why.
    async fn pledge(&self, entity: &EntityRef) -> Result<Pledge, TrailError> {
        let locked = || self.keys_missing();
        let handle = self.vault().handle(Some(entity)).ok_or_else(locked)?;
        let lookup = Handle::Entity(entity.clone()).key(self.vault());
        let subject = self.vault().digest_of(entity).ok_or_else(locked)?;
        let rows = self.0.store.entity_keys(self.tenant(), &[handle]).await?;
        let keys: Vec<KeyId> = rows.iter().map(|row| row.id).collect();
        if keys.is_empty() {
            return Err(self.nothing_held(entity, subject).await?);
        }
        let now = self.clock().now();
        let pledge = Pledge {
            at: now,
            tenant: self.tenant().clone(),
            erasure: RecordId::from_uuid(self.0.options.ids.new_id(now)),
            subject_digest: subject,
            is_staff: entity.kind.as_str() == "staff",
            lookup: lookup.ok_or_else(locked)?,
            keys,
            actor: self.actor().clone(),
            reason: String::new(),
            approved_by: Vec::new(),
        };
        Ok(pledge)
    }

    async fn nothing_held(
        &self,
        entity: &EntityRef,
        subject: Digest,
    ) -> Result<TrailError, TrailError> {
        let found = self.erasures_of(subject).await?;
        Ok(match found.last() {
            None => TrailError::NothingHeld(entity.clone()),
            Some(erasure) => TrailError::Erased {
                id: erasure.id(),
                at: erasure.record().head.recorded_at,
                by: erasure.record().head.actor.id.clone(),
            },
        })
    }

    /// The records of erasures of whoever has this digest, oldest first.
    async fn erasures_of(&self, subject: Digest) -> Result<Vec<Stored>, TrailError> {
        let handle = Handle::Erased(subject).search(self.vault());
        let find = Find {
            kind: Some(Kind::Erasure),
            keys: handle.into_iter().collect(),
            ..Find::default()
        };
        let mut found = self.0.store.find(self.tenant(), &find, u32::MAX).await?;
        found.sort_unstable();
        self.read_indexes(&found).await
    }

    /// Does what was pledged, and gives the certificate.
    pub(super) async fn fulfil(&self, pledge: &Pledge) -> Result<Erased, TrailError> {
        for _ in 0..TRIES {
            let Looked { held, size, keys } = self.held(pledge).await?;
            let pledge = &Pledge {
                keys,
                ..pledge.clone()
            };
            self.vault().stop_using(&pledge.keys);
            let removal = self.removal(pledge, &held, size).await?;
            let Some((removal, record)) = removal else {
                return self.certificate(pledge.erasure).await;
            };
            if let Some(frozen) = self.notary().frozen() {
                return Err(TrailError::Frozen(Box::new(frozen.clone())));
            }
            let now = self.clock().now();
            let store = &self.0.store;
            let erased = store.erase(self.tenant(), &removal, now).await;
            if self.unless_key_gone(erased)?.is_none() {
                // Something about them was under way. It has its own key or is in the next look.
                continue;
            }
            for Held { row, .. } in &held {
                if let Ok(entry) = serde_json::from_slice::<crate::seal::Entry>(&row.entry) {
                    self.0.linked.remove(&entry.id);
                }
            }
            self.vault().retired(&pledge.keys);
            // What was overwritten must not wait in the write-ahead log.
            store.empty_log().await?;
            self.0.grown_to(record + 1);
            return self.certificate(pledge.erasure).await;
        }
        Err(TrailError::Incomplete(
            "records about the entity kept coming; the erasure goes on when the trail is next opened"
                .to_owned(),
        ))
    }

    async fn certificate(&self, id: RecordId) -> Result<Erased, TrailError> {
        let stored = self.read_kind(id, Kind::Erasure).await?;
        let proof = self.prove(&stored).await?;
        let receipt = Receipt {
            id,
            kind: Kind::Erasure,
            tenant: self.tenant().clone(),
            log_index: Some(stored.log_index()),
            entry_hash: Some(Digest::Sha256(stored.entry_hash())),
            acknowledged: self.notary().level(stored.log_index()).await,
        };
        Ok(Erased {
            record: stored.record().clone(),
            receipt,
            proof,
        })
    }

    /// The records with values under the pledged keys, or under any key of the entity when they were
    /// appended before the pledge: in a restored database older keys can be in use.
    async fn held(&self, pledge: &Pledge) -> Result<Looked, TrailError> {
        let size = self.0.store.head(self.tenant()).await?.size;
        let handles = pledge.handles();
        let mut keys: BTreeSet<KeyId> = pledge.keys.iter().copied().collect();
        let key = KeyRange {
            first: pledge.lookup,
            last: pledge.lookup,
        };
        let find = Find {
            // Staff are not found by their records: every record is looked at.
            keys: (!pledge.is_staff).then_some(key).into_iter().collect(),
            before: Some(size),
            ..Find::default()
        };
        let mut indexes = self.0.store.find(self.tenant(), &find, u32::MAX).await?;
        indexes.sort_unstable();
        let mut looked = Vec::new();
        for chunk in indexes.chunks(CHUNK) {
            let mut rows = self.0.store.read(self.tenant(), chunk).await?;
            rows.retain(|row| row.key_ids().any(|id| handles.contains(&id.entity)));
            // What may go depends on what they say.
            let fetched = self.0.segments.fetch_all(self.tenant(), &mut rows).await;
            fetched.map_err(StoreError::from)?;
            for row in rows {
                let entry = serde_json::from_slice::<crate::seal::Entry>(&row.entry);
                if entry.is_ok_and(|entry| entry.at < pledge.at) {
                    keys.extend(row.key_ids().filter(|id| handles.contains(&id.entity)));
                }
                looked.push(row);
            }
        }
        let held = looked.into_iter().filter_map(|row| {
            let slots = row.slots_under(&keys);
            (!slots.is_empty()).then_some(Held { row, slots })
        });
        Ok(Looked {
            held: held.collect(),
            size,
            keys: keys.into_iter().collect(),
        })
    }

    /// What goes, and the index that the record of it will have at least; `None` when the record is
    /// there and nothing is left.
    async fn removal(
        &self,
        pledge: &Pledge,
        held: &[Held],
        size: u64,
    ) -> Result<Option<(Removal, u64)>, TrailError> {
        let is_recorded = self.read(pledge.erasure).await?.is_some();
        let stored = self.stored_keys(pledge).await?;
        let left = stored.iter().filter(|id| pledge.keys.contains(id));
        if is_recorded && held.is_empty() && left.count() == 0 {
            return Ok(None);
        }
        let rows: Vec<StoredRecord> = held.iter().map(|it| it.row.clone()).collect();
        let keys = self.keys_for(&rows).await?;
        let (gone, kept) = self.parted(held.to_vec()).await?;
        if gone.is_empty()
            && let Some((_, why)) = kept.last()
        {
            return Err(TrailError::Kept(Box::new(why.clone())));
        }
        let (relocked, new_keys) = self.relocked(pledge, &kept, &keys)?;
        let mut lookups = Vec::new();
        let mut slots = Vec::new();
        for Held { row, slots: gone } in &gone {
            lookups.extend(self.lookups_lost(row, gone, &keys)?);
            slots.extend(gone.iter().map(|slot| (row.log_index, *slot)));
        }
        let record = self
            .erasure_record(pledge, (&slots, &kept), is_recorded)
            .await?;
        let removal = Removal {
            slots,
            keys: pledge.keys.clone(),
            lookups,
            relocked,
            new_keys,
            looked_through: LookedThrough {
                keys: BTreeSet::from([pledge.lookup]),
                size,
            },
            record,
        };
        Ok(Some((removal, size)))
    }

    /// What may go, and what holds and retention floors keep.
    async fn parted(&self, held: Vec<Held>) -> Result<(Vec<Held>, Vec<KeptHeld>), TrailError> {
        let rows: Vec<StoredRecord> = held.iter().map(|it| it.row.clone()).collect();
        let keys = self.keys_for(&rows).await?;
        let (keeping, now) = (self.keeping().await?, self.clock().now());
        let (mut gone, mut kept) = (Vec::with_capacity(held.len()), Vec::new());
        for held in held {
            let stored = self.open_row(held.row.clone(), &keys)?;
            match keeping.kept_by(&stored, now).await? {
                Some(why) => kept.push((held, why)),
                None => gone.push(held),
            }
        }
        Ok((gone, kept))
    }

    /// What stays, under a new key: the old one goes with everything else that is under it.
    fn relocked(
        &self,
        pledge: &Pledge,
        kept: &[KeptHeld],
        keys: &OpenedKeys,
    ) -> Result<(Vec<Relocked>, Vec<EntityKey>), TrailError> {
        let (Some(old), false) = (pledge.keys.first(), kept.is_empty()) else {
            return Ok(Default::default());
        };
        let new = self.vault().create(old.entity)?;
        let replaced = pledge.keys.iter();
        let replaced = replaced.map(|id| (*id, (new.id, Arc::clone(&new.secret))));
        let replaced = replaced.collect();
        let mut relocked = Vec::new();
        for (Held { row, .. }, _) in kept {
            let (entry, _) = self.unlock(row, keys)?;
            let place = (entry.id, entry.schema.as_str());
            let slots = row.relocked(place, self.vault(), keys, &replaced)?;
            relocked.extend(slots);
        }
        let rows = new.new.iter().map(|new| new.row.clone());
        Ok((relocked, rows.collect()))
    }

    /// The keys that a record is found by no longer once `gone` are gone.
    fn lookups_lost(
        &self,
        row: &StoredRecord,
        gone: &BTreeSet<Slot>,
        keys: &OpenedKeys,
    ) -> Result<Vec<(i64, u64)>, TrailError> {
        let (entry, unlocked) = self.unlock(row, keys)?;
        let found_by = |slots: &[SlotBytes]| {
            let opened = open(slots).map_err(|error| self.damaged(entry.id, &error.to_string()))?;
            let own = handles(&opened.record, &opened.about);
            let keys: Option<BTreeSet<i64>> = own.iter().map(|it| it.key(self.vault())).collect();
            keys.ok_or_else(|| self.keys_missing())
        };
        let before = found_by(&unlocked.slots)?;
        let mut left = unlocked.slots.clone();
        left.retain(|slot| !gone.contains(&slot.slot));
        let after = found_by(&left)?;
        let lost = before.difference(&after);
        Ok(lost.map(|key| (*key, row.log_index)).collect())
    }

    async fn erasure_record(
        &self,
        pledge: &Pledge,
        (slots, kept): (&[(u64, Slot)], &[KeptHeld]),
        is_recorded: bool,
    ) -> Result<Prepared, TrailError> {
        // After a restore there is more to erase than the record of before says.
        let id = match is_recorded {
            false => pledge.erasure,
            true => RecordId::from_uuid(self.0.options.ids.new_id(self.clock().now())),
        };
        let body = Erasure {
            subject_digest: pledge.subject_digest,
            reason: pledge.reason.clone(),
            approved_by: pledge.approved_by.clone(),
            slots: slots
                .iter()
                .map(|(index, slot)| [*index, u64::from(slot.number())])
                .collect(),
            keys: u64::try_from(pledge.keys.len()).unwrap_or(u64::MAX),
            kept: kept
                .iter()
                .map(|(held, why)| KeptValues {
                    log_index: held.row.log_index,
                    why: why.to_string(),
                })
                .collect(),
        };
        let mut draft = Draft::new(id, body);
        draft.actor = Some(pledge.actor.clone());
        let sealed = self.seal_only(draft, &Source::New)?;
        self.learn_keys_of(&sealed.owners).await?;
        Ok(Prepared::new(&sealed, Vec::new(), self.vault())?)
    }
}

const TRIES: u32 = 8;
const CHUNK: usize = 256;
