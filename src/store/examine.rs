//! One stored record, held against its own log entry: what needs nothing but the row.

use std::collections::BTreeSet;

use super::pack::unpack;
use super::prepared::kind_number;
use super::verification::Finding;
use super::verify::RawRecord;
use super::{Handle, handles};
use crate::log::Hash;
use crate::record::{RecordId, Tenant};
use crate::seal::{
    Entry, SlotBytes, SlotFault, audit, entry_hash, is_without_texts, shared_digests,
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
    /// The shared texts it points at.
    pub(super) shared: BTreeSet<[u8; 32]>,
    /// Whether it says that it was imported without all its texts.
    pub(super) is_without_texts: bool,
}

impl Examined {
    /// Hashes every byte of `raw` and opens what it holds.
    pub(super) fn of(raw: &RawRecord) -> Self {
        let mut examined = Self {
            entry_hash: entry_hash(&raw.entry),
            ..Self::default()
        };
        if let Some(entry) = examined.entry(raw) {
            examined.id = Some(entry.id);
            examined.content = examined.payload(raw, &entry);
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

    fn payload(&mut self, raw: &RawRecord, entry: &Entry) -> Option<Content> {
        let slots = self.unpacked(raw)?;
        let row = || raw.log_index.to_string();
        let (opened, faults) = match audit(&slots) {
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
        Some(Content {
            tenant: head.tenant.clone(),
            at_us,
            fields: opened.fields,
            keys: found_by.iter().map(Handle::key).collect(),
            shared: shared_digests(&opened.record),
            is_without_texts: is_without_texts(&opened.record),
        })
    }

    fn unpacked(&mut self, raw: &RawRecord) -> Option<Vec<SlotBytes>> {
        if raw.slots.is_empty() {
            self.wrong("slot", raw.log_index.to_string(), "row", "it is missing");
            return None;
        }
        let mut slots = Vec::with_capacity(raw.slots.len());
        for SlotBytes { slot, bytes } in &raw.slots {
            match unpack(bytes) {
                Ok(bytes) => {
                    self.bytes += u64::try_from(bytes.len()).unwrap_or(0);
                    slots.push(SlotBytes { slot: *slot, bytes });
                }
                Err(error) => {
                    let row = format!("{}/{}", raw.log_index, slot.number());
                    self.wrong("slot", row, "payload", error.to_string());
                    return None;
                }
            }
        }
        Some(slots)
    }
}
