//! One stored record, held against its own log entry: what needs nothing but the row.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::locked::{is_locked, keys_of, unlock};
use super::prepared::kind_number;
use super::verification::Finding;
use super::verify::RawRecord;
use super::{Unlocked, handles};
use crate::log::Hash;
use crate::privacy::keys::{EntityKey, KeyId, OpenedKeys, Vault};
use crate::record::{Body, RecordId, Tenant};
use crate::seal::{Entry, Slot, SlotFault, audit, entry_hash, is_without_texts, shared_digests};

/// What there is to say of one stored record by itself.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// The hash of its entry.
    pub(super) entry_hash: Hash,
    /// The id, when the entry can be read.
    pub(super) id: Option<RecordId>,
    /// What it holds, when it is what the entry commits to.
    pub(super) content: Option<Content>,
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
    /// Keys of entities that its slots are encrypted under.
    pub(super) entity_keys: Vec<KeyId>,
    /// Slots whose values are not there.
    pub(super) gone: BTreeSet<Slot>,
    /// Whether values stay closed.
    pub(super) is_locked: bool,
    /// Slots of other records that this one says were erased, by index.
    pub(super) erased: Vec<(u64, Slot)>,
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
        let gone = withheld.filter(|slot| !unlocked.locked.contains(slot));
        Some(Content {
            has_untold_keys: !unlocked.locked.is_empty() || vault.why_locked().is_some(),
            entity_keys: keys_of(&raw.slots).collect(),
            gone: gone.collect(),
            is_locked: !unlocked.locked.is_empty(),
            erased: erased_by(&opened.record.body),
            tenant: head.tenant.clone(),
            at_us,
            fields: opened.fields,
            keys: found_by.iter().filter_map(|it| it.key(vault)).collect(),
            shared: shared_digests(&opened.record),
            is_without_texts: is_without_texts(&opened.record),
        })
    }

    fn unlocked(
        &mut self,
        raw: &RawRecord,
        entry: &Entry,
        (vault, keys): (&Vault, &OpenedKeys),
    ) -> Option<Unlocked> {
        if raw.slots.is_empty() {
            self.wrong("slot", raw.log_index.to_string(), "row", "it is missing");
            return None;
        }
        let row = |slot: Slot| format!("{}/{}", raw.log_index, slot.number());
        for slot in &raw.slots {
            if slot.slot != Slot::TENANT && !is_locked(&slot.bytes) {
                self.wrong("slot", row(slot.slot), "payload", "it is not encrypted");
            }
        }
        let unlocked = match unlock(&raw.slots, (entry.id, &entry.schema), vault, keys) {
            Ok(unlocked) => unlocked,
            Err(damaged) => {
                self.wrong("slot", row(damaged.slot), "payload", damaged.what);
                return None;
            }
        };
        if vault.why_locked().is_none() {
            for slot in &unlocked.locked {
                let what = "the key of an owner is missing, and its values cannot be opened";
                self.wrong("entity_key", row(*slot), "row", what);
            }
        }
        let bytes: usize = unlocked.slots.iter().map(|slot| slot.bytes.len()).sum();
        self.bytes += u64::try_from(bytes).unwrap_or(0);
        Some(unlocked)
    }
}

/// Opens keys of entities, and says what is wrong with those that do not open.
pub(super) fn opened_keys<'k>(
    vault: &Vault,
    rows: impl IntoIterator<Item = &'k EntityKey>,
) -> (OpenedKeys, HashMap<KeyId, String>) {
    let (mut opened, mut faults) = (OpenedKeys::new(), HashMap::new());
    if vault.why_locked().is_some() {
        return (opened, faults);
    }
    for row in rows {
        match vault.unwrap_anew(row) {
            Ok(secret) => drop(opened.insert(row.id, Arc::new(secret))),
            Err(error) => drop(faults.insert(row.id, error.to_string())),
        }
    }
    (opened, faults)
}

/// The slots that a record of an erasure says are gone.
fn erased_by(body: &Body) -> Vec<(u64, Slot)> {
    let Body::Erasure(erasure) = body else {
        return Vec::new();
    };
    let slots = erasure.slots.iter();
    // A number that no slot has is that of one which is always there.
    let slots = slots.map(|[index, slot]| (*index, u16::try_from(*slot).unwrap_or(0)));
    slots
        .map(|(index, slot)| (index, Slot::new(slot)))
        .collect()
}
