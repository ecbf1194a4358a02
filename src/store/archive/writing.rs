//! Putting a segment together out of stored records.

use sha2::{Digest as _, Sha256};

use super::SegmentId;
use super::segment::{MAGIC, MOST_BLOCK, Written, count, write_index};
use super::stub::{Stub, is_stub, write_stub};
use crate::record::{Tenant, TrailId};
use crate::seal::{Slot, SlotBytes};
use crate::store::StoredRecord;
use crate::store::locked::{is_locked, read_locked};
use crate::store::pack::{as_they_are, pack_well, unpack};

/// Puts a segment together, record by record in the order of the log.
#[derive(Debug, Default)]
pub struct SegmentWriter {
    moved: Vec<Taken>,
    /// What is not in a block yet: of the tenant's slots, and of the encrypted ones.
    plain: Gathered,
    locked: Gathered,
    file: Vec<u8>,
    blocks: Vec<Written>,
    records: u64,
    first: Option<u64>,
    last: u64,
    replaced: u64,
}

/// A segment that is put together, and what stands for its values in the database from then on.
#[derive(Debug)]
pub struct NewSegment {
    /// Its name.
    pub id: SegmentId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The slots in it.
    pub slots: Vec<Archived>,
    /// How many records they belong to.
    pub records: u64,
    /// The lowest index of these in the log, and the highest.
    pub range: (u64, u64),
    /// How many bytes the values took in the database.
    pub replaced: u64,
}

/// A slot whose values are in a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Archived {
    /// The index of the record.
    pub log_index: u64,
    /// Which slot.
    pub slot: Slot,
    /// What is stored of it now: unless it is that, nothing is changed.
    pub before: Vec<u8>,
    /// What is stored of it then.
    pub stub: Vec<u8>,
}

#[derive(Debug)]
struct Taken {
    log_index: u64,
    slot: Slot,
    before: Vec<u8>,
    keys: Vec<u8>,
}

#[derive(Debug, Default)]
struct Gathered {
    bytes: Vec<u8>,
    slots: Vec<(u64, Slot, u64)>,
    records: u64,
}

impl SegmentWriter {
    /// Adds the slots of a record that are not in the archive yet. `false` when none was added.
    ///
    /// One that is damaged or too large for a block stays where it is, to be found there.
    ///
    /// # Errors
    ///
    /// When zstd fails.
    pub fn add(&mut self, record: &StoredRecord) -> std::io::Result<bool> {
        let before = self.moved.len();
        for slot in record.slots.iter().filter(|it| !is_stub(&it.bytes)) {
            self.add_slot(record.log_index, slot);
        }
        if self.moved.len() == before {
            return Ok(false);
        }
        self.records += 1;
        self.first.get_or_insert(record.log_index);
        self.last = record.log_index;
        self.plain.records += 1;
        self.locked.records += 1;
        for (gathered, is_plain) in [(&mut self.plain, true), (&mut self.locked, false)] {
            if gathered.records >= BLOCK_RECORDS || gathered.bytes.len() >= BLOCK_BYTES {
                self.blocks
                    .extend(gathered.finish(&mut self.file, is_plain)?);
            }
        }
        Ok(true)
    }

    fn add_slot(&mut self, log_index: u64, SlotBytes { slot, bytes }: &SlotBytes) {
        let (gathered, values, keys) = if is_locked(bytes) {
            let Some(locked) = read_locked(bytes) else {
                return;
            };
            (&mut self.locked, locked.bytes, locked.keys)
        } else {
            let Ok(values) = unpack(bytes) else { return };
            (&mut self.plain, values, Vec::new())
        };
        let length = count(values.len());
        if count(gathered.bytes.len()) + length > MOST_BLOCK {
            return;
        }
        gathered.bytes.extend_from_slice(&values);
        gathered.slots.push((log_index, *slot, length));
        self.replaced += count(bytes.len());
        self.moved.push(Taken {
            log_index,
            slot: *slot,
            before: bytes.clone(),
            keys,
        });
    }

    /// How many records are in it.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// How many bytes their values take in the database.
    #[must_use]
    pub const fn replaced(&self) -> u64 {
        self.replaced
    }

    /// The segment; `None` when nothing was added.
    ///
    /// # Errors
    ///
    /// When zstd fails.
    pub fn finish(
        mut self,
        trail: TrailId,
        tenant: &Tenant,
    ) -> std::io::Result<Option<NewSegment>> {
        let Some(first) = self.first else {
            return Ok(None);
        };
        for (gathered, is_plain) in [(&mut self.plain, true), (&mut self.locked, false)] {
            self.blocks
                .extend(gathered.finish(&mut self.file, is_plain)?);
        }
        let mut bytes = MAGIC.to_vec();
        bytes.append(&mut self.file);
        bytes.extend(write_index(trail, tenant, &self.blocks)?);
        let id = SegmentId(Sha256::digest(&bytes).into());
        let slots = self.moved.into_iter().map(|taken| Archived {
            log_index: taken.log_index,
            slot: taken.slot,
            before: taken.before,
            stub: write_stub(&Stub {
                keys: taken.keys,
                segment: id,
            }),
        });
        Ok(Some(NewSegment {
            id,
            bytes,
            slots: slots.collect(),
            records: self.records,
            range: (first, self.last),
            replaced: self.replaced,
        }))
    }
}

impl Gathered {
    /// Writes what was gathered as a block, if there is anything.
    fn finish(&mut self, file: &mut Vec<u8>, is_plain: bool) -> std::io::Result<Option<Written>> {
        let Self { bytes, slots, .. } = std::mem::take(self);
        if slots.is_empty() {
            return Ok(None);
        }
        // Nothing compresses what is encrypted.
        let block = match is_plain {
            true => pack_well(&bytes)?,
            false => as_they_are(&bytes)?,
        };
        file.extend_from_slice(&block);
        Ok(Some(Written {
            stored: count(block.len()),
            sha256: Sha256::digest(&block).into(),
            slots,
        }))
    }
}

/// Records in a block: enough for what they have in common, few enough to be read for one of them.
const BLOCK_RECORDS: u64 = 64;
const BLOCK_BYTES: usize = 1 << 20;
