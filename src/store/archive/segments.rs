//! Reading segments: what is in them of a record, and whether they are what the log says.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::segment::{Block, END, Index, MAGIC, count, index_place};
use super::stub::{Stub, is_stub, read_stub};
use super::{Archive, ArchiveError, NewSegment, SegmentId};
use crate::privacy::keys::LockedSlot;
use crate::record::{Tenant, TrailId};
use crate::seal::{Slot, SlotBytes};
use crate::store::StoredRecord;
use crate::store::locked::write_locked;
use crate::store::pack::as_they_are;

/// The segments of a trail, wherever they are; the last blocks that were read are remembered.
#[derive(Debug)]
pub struct Segments {
    archive: Option<Arc<dyn Archive>>,
    indexes: Cache<SegmentId, Arc<Index>>,
    blocks: Cache<(SegmentId, usize), Arc<[u8]>, ByLength>,
}

#[derive(Clone, Debug)]
struct ByLength;

impl Weighter<(SegmentId, usize), Arc<[u8]>> for ByLength {
    fn weight(&self, _: &(SegmentId, usize), block: &Arc<[u8]>) -> u64 {
        count(block.len()).max(1)
    }
}

impl Segments {
    /// Those in `archive`; without one nothing can be read that was moved.
    #[must_use]
    pub fn new(archive: Option<Arc<dyn Archive>>) -> Self {
        Self {
            archive,
            indexes: Cache::new(INDEXES),
            blocks: Cache::with_weighter(BLOCKS, BLOCK_CACHE_BYTES, ByLength),
        }
    }

    /// Where they are; `None` when nobody said.
    #[must_use]
    pub fn archive(&self) -> Option<&Arc<dyn Archive>> {
        self.archive.as_ref()
    }

    /// Reads what `records` have in the archive.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]: no archive is named, it is away, or a segment is gone or damaged.
    pub async fn fetch_all(
        &self,
        tenant: &Tenant,
        records: &mut [StoredRecord],
    ) -> Result<(), ArchiveError> {
        for record in records {
            for slot in &record.slots {
                if let Some(values) = self.fetch(tenant, record.log_index, slot).await? {
                    record.fetched.push(values);
                }
            }
        }
        Ok(())
    }

    /// What `slot` held before its values were moved, under its keys of now; `None` when they were
    /// not, or when that cannot be told any longer.
    ///
    /// # Errors
    ///
    /// As [`Segments::fetch_all`].
    pub async fn fetch(
        &self,
        tenant: &Tenant,
        log_index: u64,
        slot: &SlotBytes,
    ) -> Result<Option<SlotBytes>, ArchiveError> {
        let Some(Stub { keys, segment }) = read_stub(&slot.bytes) else {
            return Ok(None);
        };
        let values = self.values(tenant, segment, (log_index, slot.slot)).await?;
        let bytes = match keys.is_empty() {
            true => as_they_are(&values),
            false => Ok(write_locked(&LockedSlot {
                keys,
                bytes: values,
            })),
        };
        let slot = slot.slot;
        match bytes {
            Ok(bytes) => Ok(Some(SlotBytes { slot, bytes })),
            Err(error) => Err(self.damaged(segment, &error.to_string())),
        }
    }

    async fn values(
        &self,
        tenant: &Tenant,
        segment: SegmentId,
        (log_index, slot): (u64, Slot),
    ) -> Result<Vec<u8>, ArchiveError> {
        let index = self.index(tenant, segment).await?;
        let nowhere = || {
            let what = format!(
                "slot {} of the record at {log_index} is not in it",
                slot.number()
            );
            self.damaged(segment, &what)
        };
        let place = index.place_of(log_index, slot).ok_or_else(nowhere)?;
        let values = self.block(tenant, segment, (&index, place.block)).await?;
        let from = usize::try_from(place.offset).ok();
        let length = usize::try_from(place.length).ok();
        let values = from
            .zip(length)
            .and_then(|(from, length)| values.get(from..)?.get(..length));
        values.map(<[u8]>::to_vec).ok_or_else(nowhere)
    }

    async fn block(
        &self,
        tenant: &Tenant,
        segment: SegmentId,
        (index, number): (&Index, usize),
    ) -> Result<Arc<[u8]>, ArchiveError> {
        if let Some(block) = self.blocks.get(&(segment, number)) {
            return Ok(block);
        }
        let damaged = || self.damaged(segment, &format!("its block {number} is damaged"));
        let block = index.blocks.get(number).ok_or_else(damaged)?;
        let Block { start, stored, .. } = *block;
        let archive = self.named(segment)?;
        let name = name_of(tenant, segment);
        let packed = archive.read(&name, start..start + stored).await;
        let packed = packed.map_err(|error| error.wanting(segment))?;
        let values: Arc<[u8]> = block.read(&packed).ok_or_else(damaged)?.into();
        self.blocks.insert((segment, number), Arc::clone(&values));
        Ok(values)
    }

    async fn index(&self, tenant: &Tenant, segment: SegmentId) -> Result<Arc<Index>, ArchiveError> {
        if let Some(index) = self.indexes.get(&segment)
            && index.tenant == *tenant
        {
            return Ok(index);
        }
        let damaged = |what: &str| self.damaged(segment, what);
        let (archive, name) = (self.named(segment)?, name_of(tenant, segment));
        let wanting = |error: ArchiveError| error.wanting(segment);
        let size = self.size(tenant, segment).await?;
        let end = archive.read(&name, size.saturating_sub(END)..size).await;
        let place = index_place(&end.map_err(wanting)?, size).map_err(damaged)?;
        let packed = archive.read(&name, place.clone()).await.map_err(wanting)?;
        let index = Arc::new(Index::read(&packed, &place).map_err(damaged)?);
        if index.tenant != *tenant {
            return Err(damaged("it is that of another tenant"));
        }
        self.indexes.insert(segment, Arc::clone(&index));
        Ok(index)
    }

    async fn size(&self, tenant: &Tenant, segment: SegmentId) -> Result<u64, ArchiveError> {
        let archive = self.named(segment)?;
        let size = archive.size(&name_of(tenant, segment)).await;
        let size = size.map_err(|error| error.wanting(segment))?;
        size.ok_or_else(|| ArchiveError::Missing {
            place: archive.place(),
            segment,
        })
    }

    /// Puts a segment into the archive and reads it back: it is there as it was made.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`] when it is not.
    pub async fn put(&self, tenant: &Tenant, segment: &NewSegment) -> Result<(), ArchiveError> {
        let archive = self.named(segment.id)?;
        let name = name_of(tenant, segment.id);
        let put = archive.put(&name, segment.bytes.clone()).await;
        put.map_err(|error| error.wanting(segment.id))?;
        self.check(tenant, segment.id).await.map(drop)
    }

    /// Reads a segment whole, and gives its size when it is the one of its name.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]: it is away, gone, or has other bytes.
    pub async fn check(&self, tenant: &Tenant, segment: SegmentId) -> Result<u64, ArchiveError> {
        let (archive, name) = (self.named(segment)?, name_of(tenant, segment));
        let size = self.size(tenant, segment).await?;
        let (mut hasher, mut at) = (Sha256::new(), 0);
        while at < size {
            let end = size.min(at + READ_BYTES);
            let read = archive.read(&name, at..end).await;
            hasher.update(read.map_err(|error| error.wanting(segment))?);
            at = end;
        }
        let digest: [u8; 32] = hasher.finalize().into();
        if digest == segment.0 {
            return Ok(size);
        }
        // What the name is taken of says that something is wrong, and the parts say what.
        let head = archive.read(&name, 0..size.min(count(MAGIC.len()))).await;
        let what = match head.map_err(|error| error.wanting(segment))? == *MAGIC {
            true => "its bytes are not those of its name",
            false => "its bytes are not those of its name, and it does not begin as a segment does",
        };
        Err(self.damaged(segment, what))
    }

    /// Whether a segment is there and has an index.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]: why not.
    pub async fn probe(&self, tenant: &Tenant, segment: SegmentId) -> Result<(), ArchiveError> {
        self.index(tenant, segment).await.map(drop)
    }

    /// The slots of a segment, by the index of their record.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]: it is away, gone, or its index is damaged.
    pub async fn slots(
        &self,
        tenant: &Tenant,
        trail: TrailId,
        segment: SegmentId,
    ) -> Result<BTreeMap<u64, Vec<Slot>>, ArchiveError> {
        let index = self.index(tenant, segment).await?;
        if index.trail != trail {
            return Err(self.damaged(segment, "it is that of another trail"));
        }
        let mut slots: BTreeMap<u64, Vec<Slot>> = BTreeMap::new();
        for place in index.places() {
            slots.entry(place.log_index).or_default().push(place.slot);
        }
        Ok(slots)
    }

    /// The names of the segments that are there, and what else is.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`]; with no archive there is nothing.
    pub async fn list(
        &self,
        tenant: &Tenant,
    ) -> Result<Vec<Result<SegmentId, String>>, ArchiveError> {
        let Some(archive) = &self.archive else {
            return Ok(Vec::new());
        };
        let names = archive.list(tenant.as_str()).await?;
        let names = names.into_iter().map(|name| {
            let file = name.rsplit('/').next().unwrap_or_default();
            let id = file.strip_suffix(SUFFIX).and_then(SegmentId::parse);
            id.ok_or(name)
        });
        Ok(names.collect())
    }

    fn named(&self, segment: SegmentId) -> Result<&Arc<dyn Archive>, ArchiveError> {
        self.archive
            .as_ref()
            .ok_or(ArchiveError::Unnamed { segment })
    }

    fn damaged(&self, segment: SegmentId, what: &str) -> ArchiveError {
        ArchiveError::Damaged {
            place: self
                .archive
                .as_ref()
                .map_or_else(String::new, |it| it.place()),
            segment,
            what: what.to_owned(),
        }
    }
}

impl StoredRecord {
    /// The segments that its values are in.
    pub fn segments(&self) -> impl Iterator<Item = SegmentId> {
        let stubs = self.slots.iter().filter_map(|slot| read_stub(&slot.bytes));
        stubs.map(|stub| stub.segment)
    }

    /// Whether any of its values are in the archive.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.slots.iter().any(|slot| is_stub(&slot.bytes))
    }

    /// Whether all of them are.
    #[must_use]
    pub fn is_archived_whole(&self) -> bool {
        self.slots.iter().all(|slot| is_stub(&slot.bytes))
    }
}

/// The name of the file of a segment.
fn name_of(tenant: &Tenant, segment: SegmentId) -> String {
    format!("{tenant}/{segment}{SUFFIX}")
}

const SUFFIX: &str = ".segment";
const INDEXES: usize = 16;
const BLOCKS: usize = 64;
const BLOCK_CACHE_BYTES: u64 = 32 << 20;
const READ_BYTES: u64 = 8 << 20;
