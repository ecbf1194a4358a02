//! One stored record, held against its own log entry: what needs nothing but the row.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::archive::{is_stub, read_stub};
use super::locked::{is_locked, keys_of, unlock_one};
use super::prepared::kind_number;
use super::verification::Finding;
use super::verify::RawRecord;
use super::{SegmentId, Unlocked, handles};
use crate::log::Hash;
use crate::privacy::keys::{EntityKey, KeyError, KeyId, OpenedKeys, Vault};
use crate::record::{Archival, Body, RecordId, Tenant};
use crate::seal::{
    Entry, Slot, SlotBytes, SlotFault, audit, entry_hash, is_without_texts, shared_digests,
};

/// What there is to say of one stored record by itself.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// The hash of its entry.
    pub(super) entry_hash: Hash,
    /// The id, when the entry can be read.
    pub(super) id: Option<RecordId>,
    /// What it holds, when it is what the entry commits to.
    pub(super) content: Option<Content>,
    /// Keys of entities that its slots are encrypted under.
    pub(super) entity_keys: Vec<KeyId>,
    /// Whether values of it are in the archive, and whether they could not be read there.
    pub(super) is_archived: bool,
    pub(super) is_unread: bool,
    /// When it happened by its row, and the slots that are there.
    pub(super) at_us: i64,
    pub(super) slots: BTreeSet<Slot>,
    /// Bytes of its values and texts.
    pub(super) bytes: u64,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
}

/// What a record that is whole says of itself.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) tenant: Tenant,
    pub(super) at_us: i64,
    pub(super) fields: u64,
    /// The keys it has to be found by.
    pub(super) keys: Vec<i64>,
    /// Whether there are keys it is found by that cannot be told without those of its owners.
    pub(super) has_untold_keys: bool,
    /// Slots whose values are not there.
    pub(super) gone: BTreeSet<Slot>,
    /// Whether values stay closed.
    pub(super) is_locked: bool,
    /// Slots of other records that this one says were erased, by index.
    pub(super) erased: Vec<(u64, Slot)>,
    /// Whether they went by a retention policy, which leaves the keys of their owners.
    pub(super) is_expiry: bool,
    /// What it says of a segment of the archive.
    pub(super) archival: Option<(SegmentId, Archival)>,
    /// The shared texts it points at.
    pub(super) shared: BTreeSet<[u8; 32]>,
    /// Whether it says that it was imported without all its texts.
    pub(super) is_without_texts: bool,
}

impl Examined {
    /// Hashes every byte of `raw` and opens what it holds, as far as `vault` and `keys` do.
    pub(super) fn of(raw: &RawRecord, vault: &Vault, keys: &OpenedKeys) -> Self {
        let mut examined = Self {
            entry_hash: entry_hash(&raw.entry),
            entity_keys: keys_of(&raw.slots).collect(),
            is_archived: raw.slots.iter().any(|it| is_stub(&it.bytes)),
            at_us: raw.at_us,
            slots: raw.slots.iter().map(|it| it.slot).collect(),
            ..Self::default()
        };
        if let Some(entry) = examined.entry(raw) {
            examined.id = Some(entry.id);
            examined.content = examined.payload(raw, &entry, (vault, keys));
        }
        examined
    }

    fn wrong(&mut self, table: &'static str, row: String, field: &str, what: impl Into<String>) {
        self.findings.push(Finding {
            table,
            row,
            field: field.to_owned(),
            what: what.into(),
        });
    }

    fn entry(&mut self, raw: &RawRecord) -> Option<Entry> {
        let row = || raw.log_index.to_string();
        let entry: Entry = match serde_json::from_slice(&raw.entry) {
            Ok(entry) => entry,
            Err(error) => {
                self.wrong(
                    "record",
                    row(),
                    "entry",
                    format!("it cannot be read: {error}"),
                );
                return None;
            }
        };
        if entry.to_bytes().ok().as_deref() != Some(&raw.entry) {
            self.wrong("record", row(), "entry", "it is not in canonical form");
        }
        if raw.id != entry.id.uuid().as_bytes() {
            self.wrong("record", row(), "id", "it is not that of the entry");
        }
        if raw.kind != kind_number(entry.kind) || entry.schema != entry.kind.schema() {
            self.wrong("record", row(), "kind", "it is not that of the entry");
        }
        Some(entry)
    }

    fn payload(
        &mut self,
        raw: &RawRecord,
        entry: &Entry,
        (vault, keys): (&Vault, &OpenedKeys),
    ) -> Option<Content> {
        let unlocked = self.unlocked(raw, entry, (vault, keys))?;
        let row = || raw.log_index.to_string();
        let (opened, faults) = match audit(&unlocked.slots) {
            Ok(opened) => opened,
            Err(error) => {
                self.wrong("slot", row(), "payload", error.to_string());
                return None;
            }
        };
        for SlotFault { slot, field, what } in faults {
            self.wrong("slot", format!("{}/{slot}", raw.log_index), field, what);
        }
        if entry.root_hash() != Some(opened.root) || entry.n != opened.fields {
            let what = "its fields are not those its log entry commits to";
            self.wrong("slot", row(), "payload", what);
            return None;
        }
        let head = &opened.record.head;
        let at_us = opened.record.at().as_micros();
        if head.id.uuid().as_bytes().as_slice() != raw.id {
            self.wrong("record", row(), "id", "it is not that of the record");
        }
        if at_us != raw.at_us {
            self.wrong("record", row(), "at_us", "it is not the time of the record");
        }
        let found_by = handles(&opened.record, &opened.about);
        let withheld = opened.withheld.iter().map(|it| it.slot);
        let is_there = |slot: &Slot| raw.slots.iter().any(|it| it.slot == *slot);
        let gone = withheld.filter(|slot| !is_there(slot));
        Some(Content {
            has_untold_keys: !unlocked.locked.is_empty() || vault.why_locked().is_some(),
            gone: gone.collect(),
            is_locked: !unlocked.locked.is_empty(),
            erased: erased_by(&opened.record.body),
            is_expiry: matches!(opened.record.body, Body::Retention(_)),
            archival: archival_of(&opened.record.body),
            tenant: head.tenant.clone(),
            at_us,
            fields: opened.fields,
            keys: found_by.iter().filter_map(|it| it.key(vault)).collect(),
            shared: shared_digests(&opened.record),
            is_without_texts: is_without_texts(&opened.record),
        })
    }

    /// A slot as it was before its values moved to the archive; `None` when it cannot be read there.
    fn whole<'r>(&mut self, raw: &'r RawRecord, stored: &'r SlotBytes) -> Option<&'r SlotBytes> {
        if !is_stub(&stored.bytes) {
            return Some(stored);
        }
        let slot = stored.slot;
        let row = || format!("{}/{}", raw.log_index, slot.number());
        if let Some(fetched) = raw.fetched.iter().find(|it| it.slot == slot) {
            return Some(fetched);
        }
        match raw.wrong.iter().find(|it| it.0 == slot) {
            Some((_, what)) => self.wrong("slot", row(), "payload", what),
            None if read_stub(&stored.bytes).is_none() => {
                self.wrong("slot", row(), "payload", "the bytes are damaged");
            }
            None => self.is_unread = true,
        }
        None
    }

    /// Opens the slots as far as they can be; one that is damaged is named, and counts as locked: what
    /// is left can still be held against the root.
    fn unlocked(
        &mut self,
        raw: &RawRecord,
        entry: &Entry,
        (vault, keys): (&Vault, &OpenedKeys),
    ) -> Option<Unlocked> {
        let mut unlocked = Unlocked::default();
        let row = |slot: Slot| format!("{}/{}", raw.log_index, slot.number());
        for stored in &raw.slots {
            let slot = stored.slot;
            let is_tenant = slot == Slot::TENANT;
            let Some(stored) = self.whole(raw, stored) else {
                unlocked.locked.push(slot);
                continue;
            };
            if is_tenant == is_locked(&stored.bytes) {
                let is = if is_tenant { "it is" } else { "it is not" };
                self.wrong("slot", row(slot), "payload", format!("{is} encrypted"));
            }
            match unlock_one(stored, (entry.id, &entry.schema), vault, keys) {
                Ok(Some(opened)) => unlocked.slots.push(opened),
                Ok(None) => {
                    if vault.why_locked().is_none() {
                        let what = "it does not open: the key of an owner is missing or damaged";
                        self.wrong("slot", row(slot), "payload", what);
                    }
                    unlocked.locked.push(slot);
                }
                Err(damaged) => {
                    self.wrong("slot", row(slot), "payload", damaged.what);
                    unlocked.locked.push(slot);
                }
            }
        }
        if raw.slots.iter().all(|it| it.slot != Slot::TENANT) {
            self.wrong("slot", row(Slot::TENANT), "row", "it is missing");
        }
        if unlocked.slots.iter().all(|it| it.slot != Slot::TENANT) {
            return None;
        }
        let bytes: usize = unlocked.slots.iter().map(|slot| slot.bytes.len()).sum();
        self.bytes += u64::try_from(bytes).unwrap_or(0);
        Some(unlocked)
    }
}

/// Opens those of the keys in `rows` that open.
pub(super) fn opened_keys<'k>(
    vault: &Vault,
    rows: impl IntoIterator<Item = &'k EntityKey>,
) -> OpenedKeys {
    if vault.why_locked().is_some() {
        return OpenedKeys::new();
    }
    let opened = rows.into_iter().filter_map(|row| {
        let secret = vault.unwrap_anew(row).ok()?;
        Some((row.id, Arc::new(secret)))
    });
    opened.collect()
}

/// What is wrong with the key in `row`: of which column, and what.
pub(super) fn key_fault(vault: &Vault, row: &EntityKey) -> Option<(&'static str, String)> {
    if vault.why_locked().is_some() {
        let what = format!("it has {} bytes, not {WRAPPED}", row.wrapped.len());
        return (row.wrapped.len() != WRAPPED).then_some(("wrapped", what));
    }
    let error = vault.unwrap_anew(row).err()?;
    let opens_in = |epoch: &u32| {
        let epoch = *epoch;
        vault
            .unwrap_anew(&EntityKey {
                epoch,
                ..row.clone()
            })
            .is_ok()
    };
    let mut epochs = vault.status().into_iter().filter_map(|key| key.epoch);
    Some(match (epochs.find(opens_in), &error) {
        (Some(epoch), _) => ("epoch", format!("the key is encrypted under epoch {epoch}")),
        (None, KeyError::Destroyed { .. }) => ("epoch", error.to_string()),
        (None, _) => ("wrapped", error.to_string()),
    })
}

/// The length of an encrypted key: a nonce, the key and a tag.
const WRAPPED: usize = 60;

/// The slots that a record of an erasure, or of retention, says are gone.
/// What a record says of a segment of the archive.
fn archival_of(body: &Body) -> Option<(SegmentId, Archival)> {
    let Body::Archive(archival) = body else {
        return None;
    };
    Some((SegmentId::of(archival.segment)?, Archival::clone(archival)))
}

/// The slots that a record of an erasure says are gone.
fn erased_by(body: &Body) -> Vec<(u64, Slot)> {
    let slots = body.gone().iter();
    // A number that no slot has is that of one which is always there.
    let slots = slots.map(|[index, slot]| (*index, u16::try_from(*slot).unwrap_or(0)));
    slots
        .map(|(index, slot)| (index, Slot::new(slot)))
        .collect()
}
